"""``astropile list`` and ``astropile cite``."""

from __future__ import annotations

from astropile.cli.options import AsJson, SurveyNames
from astropile.cli.output import write_json, write_shown, write_text


def list_surveys(as_json: AsJson = False) -> None:
    """List every survey that is known, with its configs and bands."""
    from astropile.survey import surveys

    table = surveys()
    if as_json:
        write_json({"surveys": table.to_dicts()})
    else:
        write_shown(table)


def cite(surveys: SurveyNames, as_json: AsJson = False) -> None:
    """Print BibTeX entries and acknowledgements of surveys."""
    from astropile.registry import find_schema
    from astropile.survey.citation import citation, citations, entries

    schemas = list({schema.id: schema for schema in map(find_schema, surveys)}.values())
    if not as_json:
        write_text(citations(schemas))
        return
    found = []
    for schema in schemas:
        about = schema.file.about
        found.append(
            {
                "survey": schema.id,
                "title": schema.title,
                "cite": list(about.cite),
                "keys": list(entries(schema)),
                "acknowledgement": about.acknowledgement,
                "license": about.license.model_dump(),
                "text": citation(schema),
            }
        )
    write_json({"citations": found})
