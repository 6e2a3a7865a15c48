"""What can be checked of a survey without data.

Every module has one subject and never stops at the first fault.
"""

from __future__ import annotations

from astropile.schema.checks.bands import check_bands
from astropile.schema.checks.blocks import check_blocks
from astropile.schema.checks.configs import check_configs
from astropile.schema.checks.fields import check_fields
from astropile.schema.checks.formulas import check_formulas
from astropile.schema.checks.meaning import check_meaning
from astropile.schema.checks.names import case_lints, check_names
from astropile.schema.checks.objects import check_object
from astropile.schema.checks.sources import check_sources
from astropile.schema.checks.templates import check_leftovers, check_variables
from astropile.schema.report import Report
from astropile.schema.survey_schema import SurveySchema

__all__ = ["case_lints", "check_schema", "check_variables"]


def check_schema(schema: SurveySchema, report: Report) -> None:
    """Check everything that needs no data; every fault goes to the report."""
    check_names(schema, report)
    check_leftovers(schema, report)
    check_fields(schema, report)
    check_meaning(schema, report)
    check_bands(schema, report)
    check_object(schema, report)
    check_blocks(schema, report)
    check_formulas(schema, report)
    check_configs(schema, report)
    check_sources(schema, report)
