"""``astropile validate``: all problems of all files."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import Result

from astropile.cli.validate import annotation, validate
from astropile.errors import Problem
from astropile.vocabulary import data_path
from tests.cli.conftest import line_of

Run = Callable[..., Result]


@pytest.fixture
def broken(schemas: Path) -> list[Path]:
    """Return two files with four faults in all, and a sound one between them."""
    text = (schemas / "orchard.yaml").read_text()
    one, two = schemas / "one.yaml", schemas / "two.yaml"
    one.write_text(text.replace("unit: mag(AB)", "unit: magg"))
    two.write_text(text.replace("dtype: float32", "dtype: float33").replace("min: 5", "mim: 5"))
    return [one, schemas / "vineyard.yaml", two]


def test_validate_when_files_are_sound_then_silent_output(run: Run, schemas: Path) -> None:
    result = run("validate", *sorted(schemas.glob("*.yaml")))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "2 files: no problem\n"


def test_validate_when_files_are_broken_then_all_problems_as_compilers_print(
    run: Run, broken: list[Path]
) -> None:
    result = run("validate", *broken)
    places = re.findall(r"^(\S+?\.yaml):(\d+):(\d+): error\[(\w+)\]: ", result.stdout, re.MULTILINE)
    assert result.exit_code == 1
    assert [(Path(file).name, code) for file, _, _, code in places] == [
        ("one.yaml", "unit"), ("two.yaml", "choice"), ("two.yaml", "unknown_key"),
        ("two.yaml", "choice"),
    ]  # fmt: skip
    assert "= help: did you mean 'min'" in result.stdout
    assert result.stderr == "3 files: 4 problems in 2 of them\n"


def test_validate_when_json_then_every_problem_with_its_place(
    run_json: Any, broken: list[Path]
) -> None:
    found = run_json("validate", *broken, code=1)
    assert found["valid"] is False
    assert [file["valid"] for file in found["files"]] == [False, True, False]
    assert found["files"][1]["survey"] == "vineyard"
    assert found["files"][0]["problems"][0]["code"] == "unit"
    assert found["files"][0]["problems"][0]["line"] == line_of(broken[0], "magg")
    assert "unverified" not in found["files"][1]


def test_validate_when_github_then_annotations(run: Run, broken: list[Path]) -> None:
    result = run("validate", broken[0], "--format", "github")
    assert result.exit_code == 1
    line = line_of(broken[0], "magg")
    assert result.stdout.startswith(f"::error file={broken[0]},line={line},col=11,title=unit::")
    assert len(result.stdout.splitlines()) == 1


def test_validate_when_report_is_asked_then_unverified_attributes(
    run: Run, run_json: Any, orchard: Path
) -> None:
    result = run("validate", orchard, "--report")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"{orchard}:{line_of(orchard, 'about:')}: unverified: about: homepage",
        f"{orchard}:{line_of(orchard, 'mag_{')}: unverified: columns.mag_{{band}}: unit",
    ]
    facts = run_json("validate", orchard, "--report")["files"][0]["unverified"]
    assert facts[1] == {
        "place": "columns.mag_{band}",
        "line": line_of(orchard, "mag_{"),
        "attributes": ["unit"],
    }


@pytest.mark.parametrize(
    "content", [None, b"", b"\xff\xfe\x00", b"a: &x 1\nb: *x\n", b"x" * 300_000]
)
def test_validate_when_a_file_is_absent_or_no_survey_then_code_1(
    run: Run, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "odd.yaml"
    if content is not None:
        file.write_bytes(content)
    result = run("validate", file)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{file}:")
    assert "internal error" not in result.stderr


def test_validate_when_a_folder_is_given_then_said(run: Run, tmp_path: Path) -> None:
    result = run("validate", tmp_path)
    assert result.exit_code == 1
    assert "not a file" in result.stdout


TEXTS = st.text(st.sampled_from("a:,%\r\n Aσ]"), max_size=20)


@given(file=TEXTS, message=TEXTS, help_text=TEXTS)
def test_annotation_when_any_text_then_one_line_that_can_be_read_back(
    file: str, message: str, help_text: str
) -> None:
    line = annotation(Problem(file, 3, 7, "unit", message, help_text))
    head, _, text = line.removeprefix("::error ").partition("::")
    attributes = dict(part.split("=", 1) for part in head.split(","))
    codes = {"%3A": ":", "%2C": ",", "%0D": "\r", "%0A": "\n", "%25": "%"}

    def decoded(value: str) -> str:
        return re.sub("%..", lambda found: codes[found[0]], value)

    assert "\n" not in line
    assert "\r" not in line
    assert decoded(attributes["file"]) == file
    assert decoded(text) == (f"{message}\n{help_text}" if help_text else message)


def test_validate_when_names_differ_in_case_alone_then_warned_but_valid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (data_path("schemas") / "hipparcos.yaml").read_text(encoding="utf-8")
    twin = "columns:\n  VMAG: {dtype: float32, description: The same word.}\n"
    file = tmp_path / "twin.yaml"
    file.write_text(text.replace("columns:\n", twin, 1), encoding="utf-8")
    validate([file])
    assert "warning[case]: 'vmag' differs from 'VMAG' in case alone" in capsys.readouterr().err
