"""What is allowed in a survey file, but is seldom meant."""

from __future__ import annotations

from astropile.document import document_lints
from astropile.errors import Problem
from astropile.schema.checks import case_lints
from astropile.schema.survey_schema import SurveySchema


def schema_lints(schema: SurveySchema) -> list[Problem]:
    """Return the lints of a valid survey, in the order of its file.

    Parameters
    ----------
    schema : SurveySchema
        A survey without errors.

    Returns
    -------
    list of Problem
        Texts that a missing quote has cut, and names that differ in case alone.
    """
    found = [*document_lints(schema.document), *case_lints(schema)]
    return sorted(found, key=lambda problem: (problem.line, problem.column))
