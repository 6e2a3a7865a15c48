"""Lists of all surveys: which has which modality, and what each is."""

from __future__ import annotations

from typing import Final, get_args

from astropile.schema.models import Kind
from astropile.site.facts import Site, SurveyFacts
from astropile.site.markup import badge, code, link, page, prose, raw, table, text, toctree

__all__ = ["matrix", "surveys_index"]

_KINDS: Final = get_args(Kind)


def matrix(site: Site) -> str:
    """Return the table of surveys and modalities, for a page at the top of the site."""
    used = [kind for kind in _KINDS if any(kind in survey.kinds for survey in site.surveys)]
    rows = [
        (
            link(survey.page, text(survey.name)),
            *(_cell(survey, kind) for kind in used),
            text(" ".join(survey.schema.bands)) if len(survey.schema.bands) < 11 else
            f"{len(survey.schema.bands)} bands",
            link(f"{survey.page}#columns", str(len(survey.columns))),
        )
        for survey in site.surveys
    ]  # fmt: skip
    names = ["light curve" if kind == "lightcurve" else kind for kind in used]
    columns = sum(len(survey.columns) for survey in site.surveys)
    count = (
        f"<p>{len(site.surveys)} surveys, {columns:,} columns, "
        f"{len(site.vocabulary.quantities)} quantities, {len(site.filters)} filters.</p>"
    )
    return raw(count + table(("Survey", *names, "Bands", "Columns"), rows, css="ap-matrix"))


def _cell(survey: SurveyFacts, kind: str) -> str:
    blocks = [name for name, block in survey.schema.blocks.items() if block.kind == kind]
    links = [link(f"{survey.page}#group-{name}", code(name)) for name in blocks[:2]]
    more = f" and {len(blocks) - 2} more" if len(blocks) > len(links) else ""
    return " ".join(links) + more


def surveys_index(site: Site) -> str:
    """Return the page that lists the surveys."""
    rows = []
    for survey in site.surveys:
        about = survey.schema.file.about
        place = ", ".join(filter(None, (about.facility, about.instrument)))
        mark = f" {badge('simulated')}" if about.simulated else ""
        rows.append(
            (
                link(f"{survey.id}.html", text(survey.name)),
                f"<strong>{text(about.title)}</strong>{mark}<br>{prose(about.description)}",
                text(place),
                ", ".join(survey.kinds) or "catalogue",
                str(len(survey.schema.file.configs)),
                str(len(survey.columns)),
            )
        )
    header = ("Survey", "What it is", "Observed with", "Modalities", "Configs", "Columns")
    return page(
        "Surveys",
        "Each is described by one YAML file; its page is made from that file alone. What differs "
        "from Multimodal Universe: [all differences](../differences/index.md).\n",
        raw(table(header, rows)),
        toctree([(survey.name, survey.id) for survey in site.surveys]),
    )
