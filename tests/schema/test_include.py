"""Shared fragments: holes, what a survey may replace, clashes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astropile.errors import SchemaError
from astropile.schema import SurveySchema, parse_schema
from astropile.schema.checked import checked_text

FRAGMENT = """\
holes: {folder: data, prefix: null}
lookups:
  token: {a: g}
object: {id: object_id, ra: ra, dec: dec}
columns:
  object_id: {dtype: string, description: Name.}
  ra: {dtype: float64, unit: deg, is: {quantity: ra}, description: Right ascension.}
  dec: {dtype: float64, unit: deg, is: {quantity: dec}, description: Declination.}
  kind: {dtype: string, description: "Kind of {prefix}."}
modalities:
  lightcurve:
    kind: lightcurve
    axes: {epoch: {}}
    fields:
      mag: {dtype: float32, unit: mag, description: Magnitude.}
sources:
  text:
    description: Text files.
    tables: {main: {files: "{folder}/*.DAT", format: snana, rows: file}}
    values: {object_id: "join('', '{prefix}', name)", kind: type}
"""
SURVEY = """\
language: "1.0"
survey: clover
version: "1.0.0"
include: {nova: {prefix: CL}}
about:
  title: Clover
  name: Clover
  description: Nothing.
  license: {name: CC0}
  acknowledgement: Nobody.
  cite: ["doi:10.1000/clover"]
configs:
  all: {description: All.}
"""


@pytest.fixture
def parse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., SurveySchema]:
    """Return a function that parses a survey beside the fragment."""
    (tmp_path / "shared").mkdir()
    monkeypatch.setattr("astropile.schema.include.data_path", lambda name: tmp_path)

    def parsed(more: str = "", *, fragment: str = FRAGMENT, old: str = "", new: str = "") -> Any:
        (tmp_path / "shared" / "nova.yaml").write_text(fragment, encoding="utf-8")
        assert old in SURVEY
        return parse_schema((SURVEY.replace(old, new) if old else SURVEY) + more, "clover.yaml")

    return parsed


def test_fragment_when_included_then_part_of_the_survey(parse: Any) -> None:
    """Given holes and default holes are filled as text."""
    schema = parse()
    assert list(schema.leaves) == ["object_id", "ra", "dec", "kind", "lightcurve.mag"]
    source = schema.file.sources["text"]
    assert source.tables["main"].files == "data/*.DAT"
    assert source.values["object_id"] == "join('', 'CL', name)"
    assert schema.leaves["kind"].field.description == "Kind of CL."


def test_survey_when_it_gives_a_field_value_or_files_then_they_replace(parse: Any) -> None:
    """As a whole, and in the place of the fragment's."""
    schema = parse(
        "columns:\n  kind: {dtype: int8, description: Own.}\n"
        "  more: {dtype: int8, description: More.}\n"
        "modalities: {lightcurve: {fields: {mag: {dtype: float64, description: Own.}}}}\n"
        'sources: {text: {values: {kind: "1"}, tables: {main: {files: "*.txt"}}}}\n'
    )
    assert list(schema.file.columns) == ["object_id", "ra", "dec", "kind", "more"]
    assert schema.file.columns["kind"].dtype == "int8"
    assert schema.leaves["lightcurve.mag"].field.unit == ""
    assert schema.file.sources["text"].values["kind"] == "1"
    assert schema.file.sources["text"].tables["main"].files == "*.txt"


@pytest.mark.parametrize(
    ("more", "place", "what"),
    [
        ("lookups: {token: {b: r}}\n", "14:11", "lookups.token"),
        ("object: {ra: lon}\n", "14:10", "object.ra"),
        ("modalities: {lightcurve: {kind: table}}\n", "14:27", "modalities.lightcurve.kind"),
        ("sources: {text: {description: Own.}}\n", "14:18", "sources.text.description"),
    ],
)
def test_key_when_on_both_sides_then_an_error_at_the_survey(
    parse: Any, more: str, place: str, what: str
) -> None:
    """Nothing is merged deeply."""
    with pytest.raises(SchemaError) as caught:
        parse(more)
    text = str(caught.value)
    assert text.startswith(f"clover.yaml:{place}: error[include]: '{what}' is in fragment nova")
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("{prefix: CL}", "{}", "hole", "needs a text for its hole 'prefix'"),
        ("{prefix: CL}", "{prefix: CL, floder: x}", "hole", "did you mean 'folder'"),
        ("{prefix: CL}", "{prefix: 3}", "type", "expected text, got 3"),
        ("nova:", "nvoa:", "include", "did you mean 'nova'"),
        ("nova:", "../nova:", "include", "is not a shared fragment"),
        ("nova:", "/etc/passwd:", "include", "is not a shared fragment"),
        ("{nova: {prefix: CL}}", "[nova]", "type", "expected a mapping of fragments"),
        ("{prefix: CL}", "nothing", "type", "expected a mapping"),
    ],
)
def test_include_when_wrong_then_an_error_at_the_survey(
    parse: Any, old: str, new: str, code: str, words: str
) -> None:
    """A fragment is named, never found by a path."""
    with pytest.raises(SchemaError) as caught:
        parse(old=old, new=new)
    problem, *_ = caught.value.problems
    assert (problem.file, problem.line, problem.code) == ("clover.yaml", 4, code)
    assert words in problem.message + problem.help


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("dtype: string, description: Name.", "dtype: text, description: Name.", 6, "choice"),
        ("unit: mag,", "unit: magg,", 15, "unit"),
        ("kind: type", "kind: type +", 20, "expression"),
        ("holes:", "configs: {}\nholes:", 1, "unknown_key"),
        ("folder: data,", "folder: 3,", 1, "type"),
        ("lookups:", "lookups: [", 4, "yaml"),
        ("Kind of {prefix}.", "Kind of {prefix|nope}.", 9, "hole"),
        ("  kind: {", '  "{prefix|nope}": {', 9, "hole"),
        ("holes: {folder: data, prefix: null}", "holes: none", 1, "type"),
    ],
)
def test_fragment_when_wrong_then_the_error_points_into_it(
    parse: Any, old: str, new: str, line: int, code: str
) -> None:
    """The file of the fragment, not that of the survey."""
    with pytest.raises(SchemaError) as caught:
        parse(fragment=FRAGMENT.replace(old, new))
    problem, *_ = caught.value.problems
    assert Path(problem.file).name == "nova.yaml"
    assert (problem.line, problem.code) == (line, code)


def test_document_when_merged_twice_then_unchanged(parse: Any) -> None:
    """A survey's changes do not leak into the next one that includes the fragment."""
    parse("columns: {kind: {dtype: int8, description: Own.}}\n")
    assert parse().file.columns["kind"].dtype == "string"


def test_digest_when_a_fragment_changes_then_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file passed the checks together with what it includes."""
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "clover.yaml").write_text(SURVEY, encoding="utf-8")
    (tmp_path / "shared").mkdir()
    fragment = tmp_path / "shared" / "nova.yaml"
    monkeypatch.setattr("astropile.schema.include.data_path", lambda name: tmp_path)
    monkeypatch.setattr("astropile.schema.checked.data_path", lambda name: tmp_path / name)
    digests = []
    for text in (FRAGMENT, FRAGMENT.replace("unit: mag", "unit: mmag"), FRAGMENT):
        fragment.write_text(text, encoding="utf-8")
        digests.append(checked_text())
    assert digests[0] == digests[2] != digests[1]
