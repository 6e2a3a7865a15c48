"""The surveys that ship with the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from astropile.schema import read_schema, schema_lints

SURVEYS = sorted((Path(__file__).resolve().parents[2] / "schemas").glob("*.yaml"))


@pytest.mark.parametrize("path", SURVEYS, ids=lambda path: path.stem)
def test_survey_when_shipped_then_no_error_and_no_lint(path: Path) -> None:
    """Also named after its file, so that people find it."""
    schema = read_schema(path)
    assert schema.id == path.stem
    assert [str(problem) for problem in schema_lints(schema)] == []
