"""The JSON Schema for editors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from astropile.document import parse_document, read_document
from astropile.schema.json_schema import (
    json_schema_path,
    json_schema_text,
    survey_json_schema,
    write_json_schema,
)

ROOT = Path(__file__).resolve().parents[2]
SURVEYS = sorted((ROOT / "schemas").glob("*.yaml"))


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    """A validator of survey files."""
    schema = survey_json_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def errors(validator: Draft202012Validator, data: Any) -> list[tuple[str, str]]:
    """Return places and messages."""
    found = validator.iter_errors(data)
    return [(".".join(map(str, error.absolute_path)), error.message) for error in found]


@pytest.mark.generated
def test_file_when_generated_again_then_the_same() -> None:
    """Run `python -m astropile.schema` after a change of models or vocabulary."""
    assert json_schema_path().read_text(encoding="utf-8") == json_schema_text()


def test_file_when_written_then_sorted_json_with_a_newline(tmp_path: Path) -> None:
    """A diff of it can be read."""
    path = write_json_schema(tmp_path / "schema.json")
    text = path.read_text(encoding="utf-8")
    data = json.loads(text)
    assert text == json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert data["$id"].endswith(":1")


def test_survey_when_valid_then_no_error(validator: Draft202012Validator, meadow: str) -> None:
    """Templates, pipes and all."""
    assert errors(validator, parse_document(meadow, "meadow.yaml").data) == []


@pytest.mark.parametrize("path", SURVEYS, ids=lambda path: path.stem)
def test_survey_when_shipped_then_no_error(validator: Draft202012Validator, path: Path) -> None:
    """The editor shows nothing red in a file that the project ships."""
    assert errors(validator, read_document(path).data) == []


def test_surveys_when_any_file_is_in_the_folder_then_they_are_tested(repo_root: Path) -> None:
    """The test above must not pass for want of files that are there under another name."""
    folder = repo_root / "schemas"
    assert len(SURVEYS) == sum(1 for path in folder.rglob("*") if path.suffix in (".yaml", ".yml"))


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (
            'estimator: cmodel, band: "{band}"}\n    min',
            'band: "{band}"}\n    min',
            "columns.{band}_mag.is",
        ),
        ("method: spec, frame: heliocentric", "method: spec", "columns.Z.is"),
        ("{quantity: ra}", "{quantity: ra, band: g}", "columns.ra.is"),
        ("{quantity: ra}", "{quantity: raa}", "columns.ra.is.quantity"),
        ("method: spec,", "method: spek,", "columns.Z.is.method"),
        ("Z: {dtype: float32", "Z: {dtype: float", "columns.Z.dtype"),
        ("    medium: vacuum\n", "    medum: vacuum\n", "modalities.spectrum"),
        ("    description: One array a leaf.\n", "", "sources.columnar"),
        ("configs:\n", "config:\n", ""),
    ],
)
def test_survey_when_wrong_then_red_at_its_place(
    validator: Draft202012Validator, change: Callable[..., str], old: str, new: str, place: str
) -> None:
    """What the shape and the vocabulary tell is known while typing."""
    found = errors(validator, parse_document(change({old: new}), "meadow.yaml").data)
    assert found
    assert {where for where, _ in found} == {place}


def test_survey_when_it_includes_then_it_may_leave_out_what_a_fragment_gives(
    validator: Draft202012Validator, meadow: str
) -> None:
    """The object, columns and sources may come from there."""
    data = parse_document(meadow, "meadow.yaml").data
    short = {key: data[key] for key in ("language", "survey", "version", "about", "configs")}
    assert errors(validator, short)
    assert errors(validator, {**short, "include": {"nova": {}}}) == []


def test_words_when_hovered_then_each_has_a_sentence() -> None:
    """The vocabulary's own."""
    definitions = survey_json_schema()["$defs"]
    meaning = definitions["Meaning"]["properties"]
    listed = meaning["estimator"]["anyOf"][0]
    assert len(listed["enum"]) == len(listed["markdownEnumDescriptions"]) > 5
    assert all(listed["markdownEnumDescriptions"])
    assert all(d.get("description") for d in definitions["Field"]["properties"].values())
