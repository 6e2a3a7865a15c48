"""Files that are written by code are what that code writes now (`make generate`)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from astropile.document import read_document
from astropile.schema.checked import checked_text
from astropile.schema.json_schema import json_schema_text
from astropile.schema.load import compile_schema


@pytest.mark.generated
def test_json_schema_when_generated_again_then_equals_the_file(repo_root: Path) -> None:
    """An editor completes what the models accept."""
    written = (repo_root / "registry" / "survey.schema.json").read_text(encoding="utf-8")
    assert written == json_schema_text(), "run `make generate`"


@pytest.mark.generated
def test_json_schema_when_read_by_others_then_is_one(repo_root: Path) -> None:
    """Editors and validators take it."""
    written = (repo_root / "registry" / "survey.schema.json").read_text(encoding="utf-8")
    Draft202012Validator.check_schema(json.loads(written))


@pytest.mark.generated
def test_checked_list_when_generated_again_then_equals_the_file(repo_root: Path) -> None:
    """A load trusts this list, so every file in it passes all checks now."""
    written = (repo_root / "registry" / "checked.json").read_text(encoding="utf-8")
    assert written == checked_text(), "run `make generate`"
    for name in json.loads(written):
        compile_schema(read_document(repo_root / "schemas" / name))
