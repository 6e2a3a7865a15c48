"""The program as a whole: help, version, how it ends, what it imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from astropile import __version__
from astropile.cli.program import VERBS

HEAVY = ("astropy", "datasets", "h5py", "hats", "healpy", "matplotlib", "numba", "numpy",
         "pandas", "pyarrow", "scipy", "yaml")  # fmt: skip
Run = Callable[..., Result]
Process = Callable[..., subprocess.CompletedProcess[str]]


def test_help_when_asked_then_names_every_verb(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert all(f" {verb} " in result.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_when_asked_then_has_json(run: Run, verb: str) -> None:
    result = run(verb, "-h")
    assert result.exit_code == 0
    assert "--json" in result.stdout
    assert "Parameters" not in result.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["match", "--help"], ["check", "--help"]])
def test_help_when_fresh_then_imports_nothing_heavy(arguments: list[str], repo_root: Path) -> None:
    code = (
        f"import sys\nsys.argv = ['astropile', *{arguments!r}]\n"
        "from astropile.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        f"print(*sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, cwd=repo_root, check=True)
    assert "Usage: astropile" in result.stdout
    assert result.stderr.split() == []


def test_version_when_asked_then_on_standard_output(run: Run) -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"astropile {__version__}\n")


def test_no_verb_when_called_then_help_and_usage_code(run: Run) -> None:
    result = run()
    assert result.exit_code == 2
    assert "Usage: " in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["lst"], "did you mean 'list'", "see astropile --help"),
        (["list", "--bogus"], "--bogus", "see astropile list --help"),
        (["show"], "survey", "see astropile show --help"),
        (["columns", "hsc", "--partial", "guess"], "guess", "see astropile columns --help"),
        (["--bogus"], "--bogus", "see astropile --help"),
    ],
)
def test_usage_when_wrong_then_code_2_and_next_step(
    run: Run, arguments: list[str], message: str, hint: str
) -> None:
    for extra in ([], ["--json"]):
        result = run(*arguments, *extra)
        assert result.exit_code == 2
        assert result.stdout == ""
        assert message.lower() in result.stderr.lower()
        assert hint in result.stderr
        assert bool(extra) == result.stderr.startswith("{")


def test_program_when_a_name_is_unknown_then_the_process_ends_with_code_2(process: Process) -> None:
    result = process("show", "no_such_survey")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: no survey 'no_such_survey'")
    assert "Traceback" not in result.stderr


def test_program_when_output_is_closed_then_silent_and_code_4(repo_root: Path) -> None:
    code = "from astropile.cli import main; main()"
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        result = subprocess.run(
            [sys.executable, "-c", code, "schema"],
            stdout=closed, stderr=subprocess.PIPE, text=True, cwd=repo_root, check=False,
        )  # fmt: skip
    assert (result.returncode, result.stderr) == (4, "")


def test_program_when_standard_output_is_latin_then_prints_anyhow(
    process: Process, orchard: Path
) -> None:
    text = orchard.read_text().replace("Made for tests.", "σ of λ.")
    orchard.write_text(text, encoding="utf-8")
    result = process("show", "orchard", PYTHONIOENCODING="latin-1")
    assert result.returncode == 0, result.stderr
    assert r"\u03c3 of \u03bb." in result.stdout


def completions(process: Process, line: str) -> list[str]:
    """Return what bash is offered for the last word of a line."""
    words = line.split(" ")
    variables = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    result = process(_ASTROPILE_COMPLETE="complete_bash", **variables)
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("astropile val", ["validate"]),
        ("astropile show orc", ["orchard"]),
        ("astropile cite orchard viney", ["vineyard"]),
        ("astropile show orchard --config d", ["deep"]),
        ("astropile match hsc vineyard -r 2 --right-config ", ["wide", "deep"]),
        ("astropile show nothing_such --config ", []),
    ],
)
def test_completion_when_asked_then_names(
    process: Process, schemas: Path, line: str, expected: list[str]
) -> None:
    assert completions(process, line) == expected


def test_completion_when_a_survey_file_is_broken_then_nothing(
    process: Process, orchard: Path
) -> None:
    orchard.write_text("survey: [")
    assert completions(process, "astropile show orc") == []


def test_errors_when_json_is_asked_then_one_object_with_all_parts(run_json: Any) -> None:
    error = run_json("show", "hcs", code=2)["error"]
    assert json.dumps(error)
    assert set(error) == {"type", "message", "where", "hint", "exit_code"}
    assert (error["type"], error["exit_code"]) == ("SurveyNotFoundError", 2)
