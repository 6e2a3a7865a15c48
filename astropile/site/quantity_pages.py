"""A page for every quantity of the vocabulary: what it is, and which survey holds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from astropile.schema.facts import meaning_of
from astropile.site.column_table import unit_html
from astropile.site.facts import ColumnFacts, Site, SurveyFacts
from astropile.site.links import column_link, up
from astropile.site.markup import (
    code,
    codes,
    facts,
    link,
    listing,
    muted,
    page,
    prose,
    raw,
    table,
    text,
    toctree,
)
from astropile.vocabulary import Qualifier, Quantity

__all__ = ["quantities_index", "quantity_page"]

_BANDS = ("band", "minus_band")


def quantity_page(name: str, site: Site) -> str:
    """Return the page of one quantity as Markdown."""
    entry = site.vocabulary.quantities[name]
    return page(
        f"`{name}`",
        raw(f'<p class="ap-lead">{prose(entry.definition)}</p>{_facts(name, entry)}'),
        *_qualifiers(entry, site),
        "## Surveys that hold it\n",
        raw(_holders(name, entry, site)),
    )


def _facts(name: str, entry: Quantity) -> str:
    units = [code(unit) if unit else text("dimensionless") for unit in entry.units]
    grammar = [name, *(f"<{key}>" for key in entry.requires)]
    optional = "".join(f"[_<{key}>]" for key in entry.optional)
    return facts(
        [
            ("canonical name", code("_".join(grammar) + optional)),
            ("unit", ", ".join(units) + " or what converts to it"),
            ("UCD", code(entry.ucd)),
            ("compared, not in the name", codes(entry.attributes)),
        ]
    )


def _qualifiers(entry: Quantity, site: Site) -> Iterator[str]:
    ways = {
        **dict.fromkeys(entry.requires, "required"),
        **dict.fromkeys(entry.optional, "optional"),
        **dict.fromkeys(entry.attributes, "required, not in the name"),
    }
    if not ways:
        return
    yield "## Qualifiers\n"
    rows = [
        (code(key), text(way), _values(site.vocabulary.qualifiers[key]))
        for key, way in ways.items()
    ]
    yield raw(table(("Qualifier", "In a meaning", "What it says"), rows))


def _values(qualifier: Qualifier) -> str:
    values = [
        f"<dt>{code(word)}</dt><dd>{prose(value.description)}</dd>"
        for word, value in zip(qualifier.words, qualifier.values.values(), strict=True)
    ]
    folded = f"<details><summary>{len(values)} values</summary><dl>{''.join(values)}</dl></details>"
    return prose(qualifier.description) + (folded if values else "")


def _holders(name: str, entry: Quantity, site: Site) -> str:
    """Return who holds a quantity: a row for each set of columns that differ only in their band."""
    groups: dict[tuple[str, ...], list[tuple[SurveyFacts, ColumnFacts]]] = {}
    for survey, facts_ in site.columns():
        meaning = meaning_of(facts_.leaf)
        if meaning.get("quantity") == name:
            rest = {key: word for key, word in meaning.items() if key not in _BANDS}
            key = (survey.id, *map(str, rest.items()), facts_.column.unit)
            groups.setdefault(key, []).append((survey, facts_))
    if not groups:
        return "<p>None yet.</p>"
    rows = []
    for members in groups.values():
        survey, first = members[0]
        meaning = meaning_of(first.leaf)
        rows.append(
            (
                link(up(survey.page), text(survey.name)),
                code(_pattern(first, entry, site)),
                _said(meaning, entry),
                listing([column_link(f) for _, f in members], of="columns", longest=12),
                unit_html(first),
            )
        )  # fmt: skip
    return table(("Survey", "Canonical name", "Meaning", "Its name for it", "Unit"), rows)


def _pattern(facts_: ColumnFacts, entry: Quantity, site: Site) -> str:
    """Return the canonical name with ``<band>`` for the band."""
    meaning = dict(meaning_of(facts_.leaf))
    meaning |= {key: f"<{key}>" for key in _BANDS if key in meaning and key in entry.in_name}
    return site.vocabulary.canonical(meaning)


def _said(meaning: Mapping[str, str], entry: Quantity) -> str:
    keys = [key for key in (*entry.in_name, *entry.attributes) if key not in _BANDS]
    said = [f"{text(key)}: {code(meaning[key])}" for key in keys if key in meaning]
    return ", ".join(said) or muted("the quantity itself")


def quantities_index(site: Site) -> str:
    """Return the list of quantities, with how many surveys hold each."""
    holding: dict[str, set[str]] = {}
    for survey, facts_ in site.columns():
        if facts_.column.quantity:
            holding.setdefault(facts_.column.quantity, set()).add(survey.id)
    rows = [
        (
            link(f"{name}.html", code(name)),
            prose(entry.definition),
            codes(entry.requires),
            code(entry.ucd),
            str(len(holding.get(name, ()))),
        )
        for name, entry in site.vocabulary.quantities.items()
    ]
    header = ("Quantity", "What it is", "Requires", "UCD", "Surveys")
    return page(
        "Quantities",
        "What a column can mean. A quantity and its qualifiers make the "
        "[canonical name](../names.md) of a column, the same in every survey.\n",
        raw(table(header, rows)),
        toctree([(name, name) for name in site.vocabulary.quantities]),
    )
