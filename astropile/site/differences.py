"""What is not as in Multimodal Universe, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from astropile.site.facts import Difference, Site
from astropile.site.links import column_link, up
from astropile.site.markup import code, link, page, prose, raw, table

__all__ = ["difference_table", "differences_page"]


def difference_table(entries: Sequence[Difference], site: Site) -> str:
    """Return differences as a table for a page in a folder; fields link to their columns."""
    header = ("Field", "Multimodal Universe", "astropile", "Why")
    rows = [(_field(e, site), prose(e.mmu), prose(e.astropile), prose(e.why)) for e in entries]
    return table(header, rows)


def _field(entry: Difference, site: Site) -> str:
    """Return a field with a link: to its column, the first of its template, or its block."""
    survey = site.by_id.get(entry.survey)
    if survey is None:
        return code(entry.field)
    if entry.field in survey.schema.blocks:
        return link(up(f"{survey.page}#group-{entry.field}"), code(entry.field))
    addresses = survey.schema.addresses.get(entry.field, ())
    known = survey.columns.get(next(iter(addresses), ""))
    return column_link(known, entry.field) if known else code(entry.field)


def differences_page(site: Site) -> str:
    """Return the page with all differences, survey by survey."""
    return page(
        "Differences from Multimodal Universe",
        "Examples have the names that Multimodal Universe gave them. Values differ where a file or "
        "its script is wrong, or says less than the survey did: these are all such places.\n",
        *_sections(site),
    )


def _sections(site: Site) -> Iterator[str]:
    by_survey: dict[str, list[Difference]] = {}
    for entry in site.differences:
        by_survey.setdefault(entry.survey, []).append(entry)
    if not by_survey:
        yield "None is recorded.\n"
    for name, entries in sorted(by_survey.items()):
        survey = site.by_id.get(name)
        yield f"## {survey.name if survey else name}\n"
        yield raw(difference_table(entries, site))
