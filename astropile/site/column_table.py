"""The columns of a survey as tables: every name, and everything its YAML says about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from astropile.schema import OBJECT_LEAVES
from astropile.schema.models import Field, Time
from astropile.site.facts import ColumnFacts, Site, SurveyFacts
from astropile.site.links import filter_link, up
from astropile.site.markup import (
    badge,
    code,
    codes,
    facts,
    link,
    listing,
    long_code,
    muted,
    prose,
    raw,
    table,
    text,
    unverified,
)

__all__ = ["column_tables", "unit_html"]

_HEADER: Final = ("Name", "Canonical name", "Unit", "Type", "Meaning")
_POLARITY: Final = {
    "good": "true where the value is good",
    "bad": "true where the value is bad",
    "neither": "a plain statement, neither good nor bad",
}
_JD_OF_MJD: Final = 2400000.5


def column_tables(survey: SurveyFacts, site: Site) -> Iterator[str]:
    """Yield the headings and tables of a survey's columns, as Markdown."""
    groups: dict[str, list[ColumnFacts]] = {}
    for facts_ in survey.columns.values():
        groups.setdefault(facts_.column.group, []).append(facts_)
    for group, columns in groups.items():
        block = survey.schema.blocks.get(group)
        kind = f" ({block.kind})" if block else ""
        yield f"### {_heading(group)}{kind}\n"
        rows = [_row(column, site) for column in columns]
        about = f"<p>{prose(block.modality.description)}</p>\n" if block else ""
        marker = f'<span id="group-{text(group)}"></span>'
        yield raw(marker + about + table(_HEADER, rows, css="ap-columns"))


def _heading(group: str) -> str:
    plain = {"object": "Object", "columns": "Single values"}.get(group)
    return plain or f"`{group.replace('`', '')}`"


def _row(facts_: ColumnFacts, site: Site) -> tuple[str, ...]:
    column = facts_.column
    own = link(f"#{facts_.anchor}", long_code(column.address))
    aliases = f'<br><span class="ap-muted">also {", ".join(map(long_code, column.aliases))}</span>'
    name = (
        f'<th scope="row" id="{text(facts_.anchor)}" data-label="Name">'
        f"{own}{aliases if column.aliases else ''}</th>"
    )
    # Id and position are called the same in every survey, in all senses.
    called = column.address if column.address in OBJECT_LEAVES else column.canonical
    canonical = muted("none")
    if called:
        canonical = link(up(f"quantities/{column.quantity}.html"), long_code(called))
    return name, canonical, unit_html(facts_), code(column.type), _meaning(facts_, site)


def unit_html(facts_: ColumnFacts) -> str:
    """Return the unit of a column; without one it is a pure number, unless nobody knows."""
    column = facts_.column
    if column.unit:
        return code(column.unit)
    return badge("not known", "warn") if "unit" in column.unverified else muted("dimensionless")


def _meaning(facts_: ColumnFacts, site: Site) -> str:
    column, field = facts_.column, facts_.leaf.field
    marks = unverified(column.unverified)
    old = badge(f"deprecated: {column.deprecated}", "warn") if column.deprecated else ""
    pairs = [
        ("UCD", long_code(column.ucd) if column.ucd else ""),
        ("null", text(column.nulls)),
        ("limits", text(_limits(field))),
        ("values", codes(field.enum)),
        ("codes", _named(field.codes, "codes")),
        ("bits", _named(field.bits, "bits")),
        ("bool", text(_POLARITY.get(field.true_means or "", ""))),
        ("time", text(_time(field.time))),
        ("made with", code(column.formula) if column.formula else ""),
        ("filters", listing([filter_link(name, site) for name in column.filters], of="filters")),
        ("only in", listing([code(c) for c in facts_.only], of="configs")),
        ("differs", _changes(facts_.changes)),
        ("note", prose(field.note)),
    ]  # fmt: skip
    return " ".join(filter(None, (prose(column.description), old, marks))) + facts(pairs)


def _limits(field: Field) -> str:
    low, high = field.min, field.max
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    return (
        f"at least {low:g}" if low is not None else f"at most {high:g}" if high is not None else ""
    )


def _named(names: Mapping[str, str], what: str) -> str:
    items = [f"{code(value)} {text(name)}" for value, name in names.items()]
    return listing(items, of=what, longest=6)


def _time(time: Time | None) -> str:
    if time is None:
        return ""
    zero = "modified Julian date" if time.zero == _JD_OF_MJD else f"days since JD {time.zero!r}"
    place = "" if time.place == "unknown" else f", timed at the {time.place}"
    scale = "scale not known" if time.scale == "unknown" else time.scale.upper()
    return f"{zero}, {scale}{place}"


def _changes(changes: Mapping[str, str]) -> str:
    items = [f"in {code(config)}: {text(what)}" for config, what in changes.items()]
    return listing(items, of="configs", longest=2)
