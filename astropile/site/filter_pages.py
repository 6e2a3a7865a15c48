"""A page for every filter of the registry: its passband, and the bands measured through it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from astropile.site.facts import Site
from astropile.site.links import column_link, up
from astropile.site.markup import (
    code,
    facts,
    link,
    listing,
    markdown,
    muted,
    outside,
    page,
    prose,
    raw,
    table,
    text,
    toctree,
    unverified,
)
from astropile.site.wavelengths import bar_of, draw
from astropile.vocabulary import Filter

__all__ = ["filter_page", "filters_index"]

_SVO = "https://svo2.cab.inta-csic.es/theory/fps/index.php?id="


def filter_page(name: str, site: Site) -> str:
    """Return the page of one filter as Markdown."""
    found = site.filters[name]
    drawing = draw([bar_of(name.rpartition("/")[2], name, found)], f"Passband of {name}")
    return page(
        markdown(name),
        raw(drawing + _facts(found)),
        "## Bands measured through it\n",
        raw(_uses(name, site)),
    )


def _facts(found: Filter) -> str:
    half = found.half_max_nm
    marks = unverified(found.unverified)
    unknown = muted("not known here")
    return facts(
        [
            ("pivot wavelength", f"{found.pivot_nm:g} nm" if found.pivot_nm else unknown),
            ("half maximum", f"{half[0]:g} to {half[1]:g} nm" if half else unknown),
            ("curve", code(found.curve) if found.curve else muted("none; numbers as cited")),
            ("note", prose(found.note)),
            ("checks", marks),
            ("elsewhere", outside(_SVO + found.id, "SVO Filter Profile Service")),
        ]
    )


def _uses(name: str, site: Site) -> str:
    rows = []
    for survey, token, band in site.filter_uses.get(name, ()):
        columns = [
            facts_
            for facts_ in survey.columns.values()
            if name in facts_.column.filters
            and (facts_.leaf.field.is_.get("band", token) == token or facts_.leaf.block)
        ]
        shown = listing([column_link(f) for f in columns], of="columns")
        others = [other for other in (*band.filters, *band.cases.values()) if other != name]
        how = "alone"
        if band.cases:
            values = [value for value, case in band.cases.items() if case == name]
            how = f"where {band.by} is {', '.join(values)}"
        elif others:
            how = f"mixed with {', '.join(others)}"
        survey_link = link(up(f"{survey.page}#bands"), text(survey.name))
        rows.append((survey_link, code(token), text(how), shown or muted("none")))
    if not rows:
        return "<p>No survey here uses it.</p>"
    return table(("Survey", "Band", "How", "Columns"), rows)


def filters_index(site: Site) -> str:
    """Return the list of filters, facility by facility, drawn together."""
    return page(
        "Filters",
        "Passbands by the ids of the SVO Filter Profile Service. A letter is not a filter: two "
        "surveys may call different filters `r`, and one survey may have exchanged its own.\n",
        *_facilities(site),
        toctree(sorted(site.filter_slugs.items(), key=lambda entry: entry[0].casefold())),
    )


def _facilities(site: Site) -> Iterator[str]:
    names = sorted(site.filters, key=lambda name: name.partition("/")[0].casefold())
    for facility, members in groupby(names, key=lambda name: name.partition("/")[0]):
        listed = list(members)
        bars = [bar_of(name.partition("/")[2], name, site.filters[name]) for name in listed]
        yield f"## {markdown(facility)}\n"
        rows = []
        for name in listed:
            found, half = site.filters[name], site.filters[name].half_max_nm
            used = sorted({survey.name for survey, _, _ in site.filter_uses.get(name, ())})
            rows.append(
                (
                    link(f"{site.filter_slugs[name]}.html", code(name)),
                    f"{found.pivot_nm:g}" if found.pivot_nm else muted("not known"),
                    f"{half[0]:g} to {half[1]:g}" if half else muted("not known"),
                    text(", ".join(used)) or muted("no survey"),
                )
            )
        header = ("Filter", "Pivot (nm)", "Half maximum (nm)", "Used by")
        yield raw(draw(bars, f"Filters of {facility}") + table(header, rows))
