"""The index that the column search reads: a script, since pages opened from disk fetch nothing."""

from __future__ import annotations

import json
from typing import Any

from astropile.site.facts import Site

__all__ = ["index_rows", "search_index"]

#: Words of a description that the index keeps; more would only make the file large.
_LONGEST = 160


def index_rows(site: Site) -> list[list[Any]]:
    """Return a row a column: survey number, address, canonical, aliases, unit, text, kind, anchor.

    The unit is ``?`` where it is not known; the anchor is empty where it follows from the address.
    """
    number = {survey.id: place for place, survey in enumerate(site.surveys)}
    rows = []
    for survey, facts in site.columns():
        column = facts.column
        block = survey.schema.blocks.get(facts.leaf.block)
        unit = "?" if not column.unit and "unit" in column.unverified else column.unit
        usual = facts.anchor == f"column-{column.address}"
        rows.append(
            [
                number[survey.id],
                column.address,
                column.canonical,
                " ".join(column.aliases),
                unit,
                _short(column.description),
                block.kind if block else "catalogue",
                "" if usual else facts.anchor,
            ]
        )
    return rows


def _short(words: str) -> str:
    one_line = " ".join(words.split())
    if len(one_line) <= _LONGEST:
        return one_line
    return one_line[:_LONGEST].rpartition(" ")[0] + " ..."


def search_index(site: Site) -> str:
    """Return the index as a script that sets ``window.ASTROPILE_INDEX``."""
    surveys = [[survey.id, survey.name, survey.schema.title] for survey in site.surveys]
    data = {"surveys": surveys, "rows": index_rows(site)}
    written = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"window.ASTROPILE_INDEX={written.replace('<', chr(92) + 'u003c')};\n"
