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
    from astropile.survey import load

    loaded = list({survey.id: survey for survey in map(load, surveys)}.values())
    if not as_json:
        write_text("\n\n".join(survey.cite() for survey in loaded))
        return
    found = []
    for survey in loaded:
        about = survey.schema.file.about
        found.append(
            {
                "survey": survey.id,
                "title": survey.title,
                "cite": list(about.cite),
                "acknowledgement": about.acknowledgement,
                "license": about.license.model_dump(),
                "text": survey.cite(),
            }
        )
    write_json({"citations": found})
