"""The page of a survey, made from its YAML alone."""

from __future__ import annotations

from collections.abc import Iterator

from astropile.schema import OBJECT_LEAVES
from astropile.site.column_table import column_tables
from astropile.site.differences import difference_table
from astropile.site.facts import Site, SurveyFacts
from astropile.site.markup import badge, codes, facts, markdown, outside, page, prose, raw, text
from astropile.site.survey_parts import bands, configs, example, sources, summary
from astropile.survey.citation import citation

__all__ = ["survey_page"]


def survey_page(survey: SurveyFacts, site: Site) -> str:
    """Return the page of one survey as Markdown."""
    schema = survey.schema
    keywords = [survey.id, *schema.file.aliases]
    for facts_ in survey.columns.values():
        column = facts_.column
        keywords += filter(None, (column.address, column.canonical, *column.aliases))
    return page(
        f"{markdown(survey.name)}: {markdown(schema.title)}",
        summary(survey),
        "## Load it\n",
        *_code(survey),
        "## Configs and splits\n",
        configs(survey),
        "## Files\n",
        *sources(survey),
        *(("## Bands\n", bands(survey, site)) if schema.bands else ()),
        "## An Example\n",
        "What one object is, `*` where a length differs by object.\n",
        example(survey),
        "## Columns\n",
        _names(survey),
        *column_tables(survey, site),
        *_differences(survey, site),
        "## Licence and citation\n",
        *_credit(survey),
        keywords=keywords,
    )


def _code(survey: SurveyFacts) -> Iterator[str]:
    """Yield code to copy: with data, and with mock files where there are none."""
    name, config = survey.id, survey.schema.config_name(None)
    split = survey.schema.splits(None)[0]
    scalars = [
        facts_.column.canonical or facts_.column.address
        for facts_ in survey.columns.values()
        if not facts_.leaf.block
        and facts_.leaf.address not in OBJECT_LEAVES
        and facts_.column.quantity
        and not facts_.only
    ]
    wanted = ", ".join(f'"{column}"' for column in scalars[:2])
    lines = [
        "import astropile as ap",
        "",
        f'{name} = ap.load("{name}", data_dir="data/{name}", config="{config}")',
        f"{name}.columns.describe()                 # needs no data",
        f"stars = {name}.catalog([{wanted}])".replace("stars", "catalog"),
        f'examples = {name}.dataset(split="{split}")     # a datasets.Dataset',
        "examples[0]",
    ]
    yield "```python\n" + "\n".join(lines) + "\n```\n"
    yield "No files at hand? Mock files in the same layout let the lines above run:\n"
    call = f'ap.testing.simulate("{name}", "{config}", 100, data_dir="data/{name}", seed=1)'
    yield f"```python\n{call}\n```\n"


def _names(survey: SurveyFacts) -> str:
    defaults = survey.schema.file.defaults
    said = ", ".join(f"{key}: {value}" for key, value in defaults.items())
    chosen = f" On request, a partial name takes {codes([said])}." if defaults else ""
    return raw(
        "<p>Every name below is accepted wherever a column is asked for: the original, the "
        '<a href="../names.html">canonical name</a> made from its meaning, and the aliases. '
        '<a href="../ambiguous-names.html">Partial names</a> are refused.' + chosen + "</p>"
    )


def _differences(survey: SurveyFacts, site: Site) -> Iterator[str]:
    mine = [entry for entry in site.differences if entry.survey == survey.id]
    if mine:
        yield "## Differences from Multimodal Universe\n"
        yield raw(difference_table(mine, site))


def _credit(survey: SurveyFacts) -> Iterator[str]:
    about = survey.schema.file.about
    terms = about.license
    licence = outside(terms.url, text(terms.name)) if terms.url else text(terms.name)
    if "license" in about.unverified:
        licence += " " + badge("unverified", "warn")
    pairs = [("licence", licence), ("acknowledgement", prose(about.acknowledgement))]
    yield raw(facts(pairs))
    fence = "`````"
    yield f'What `ap.load("{survey.id}").cite()` prints:\n'
    yield f"{fence}bibtex\n{citation(survey.schema).replace(fence, '')}\n{fence}\n"
