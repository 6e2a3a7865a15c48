"""The index that the search reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from astropile.site.facts import Site
from astropile.site.search_index import index_rows, search_index

PREFIX = "window.ASTROPILE_INDEX="


def test_index_when_read_then_every_column_is_in_it_and_its_row_exists(
    site: Site, pages: Mapping[str, str], html: Callable[[str], Any]
) -> None:
    script = pages["_static/columns-index.js"]
    index = json.loads(script.removeprefix(PREFIX).removesuffix(";\n"))
    ids = {survey.id: set(html(pages[f"surveys/{survey.id}.md"]).ids) for survey in site.surveys}
    found = set()
    for number, address, *_, anchor in index["rows"]:
        survey = index["surveys"][number][0]
        assert (anchor or f"column-{address}") in ids[survey]
        found.add((survey, address))
    assert found == {(survey.id, facts.column.address) for survey, facts in site.columns()}


def test_index_when_units_are_missing_then_says_whether_they_are_known(weeds: Site) -> None:
    units = {row[1]: row[4] for row in index_rows(weeds)}
    assert units["odd name (x)"] == "?"
    assert units["kind"] == ""
    assert units["m_g"] == "mag(AB)"


def test_index_when_texts_hold_markup_then_ends_no_script(weeds: Site) -> None:
    assert "<" not in search_index(weeds)


def test_index_when_counted_then_is_small(site: Site, pages: Mapping[str, str]) -> None:
    assert len(pages["_static/columns-index.js"]) < 200 * sum(1 for _ in site.columns())
