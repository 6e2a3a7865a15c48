"""How every kind of error ends: message, exit code, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from astropile import errors
from astropile.cli.failures import error_facts, exit_code
from astropile.errors import Problem, SchemaError

if TYPE_CHECKING:
    from typer.testing import Result

CODES = {
    "AstropileError": 1, "UsageError": 2, "ConfigError": 2, "MissingExtraError": 2,
    "UnknownColumnError": 2, "AmbiguousColumnError": 2, "SurveyNotFoundError": 2,
    "SourceError": 1, "DataDirError": 4, "NoFilesError": 4, "CorruptFileError": 1,
    "UnsafeFileError": 3, "CellError": 1, "LeafError": 1, "MatchError": 1, "OutputError": 4,
    "MatchOptionError": 2, "PileError": 1, "NoPileError": 4, "MirrorError": 4,
}  # fmt: skip
OTHERS = [
    (FileNotFoundError(2, "No such file", "a.txt"), 4, "a.txt: No such file"),
    (OSError(28, "No space left on device"), 4, "No space left on device"),
    (OSError(28, "Error writing bytes to file"), 4, "No space left on device"),
    (MemoryError(), 1, "out of memory"),
    (KeyError("x"), 1, "internal error: KeyError: 'x'"),
    (KeyboardInterrupt(), 130, "interrupted"),
]


def failing(error: BaseException) -> Callable[[], object]:
    """Return a function that raises."""

    def call() -> object:
        raise error

    return call


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_exit_code_when_astropile_raises_then_of_its_class(
    name: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    error = getattr(errors, name)("wrong [red]x[/red]", where="a/b.fits", hint="do this")
    assert exit_code(failing(error), as_json=False, debug=True) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "error: a/b.fits: wrong [red]x[/red]\n  = help: do this\n"


@pytest.mark.parametrize(("error", "code", "message"), OTHERS)
def test_exit_code_when_others_raise_then_short_message(
    error: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(failing(error), as_json=False, debug=False) == code
    printed = capsys.readouterr().err
    assert message in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize(("error", "code", "message"), OTHERS)
def test_exit_code_when_json_is_asked_then_parses(
    error: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(failing(error), as_json=True, debug=False) == code
    facts = json.loads(capsys.readouterr().err)["error"]
    assert facts["exit_code"] == code
    assert message.rpartition("a.txt: ")[2] in facts["message"]


@pytest.mark.parametrize("error", [KeyError("x"), OSError(5, "Input/output error")])
def test_exit_code_when_debugging_then_unexpected_errors_come_through(error: Exception) -> None:
    with pytest.raises(type(error)):
        exit_code(failing(error), as_json=False, debug=True)


def test_debug_when_set_in_the_environment_then_tracebacks(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("astropile.survey.surveys", failing(ZeroDivisionError("boom")))
    assert "internal error: ZeroDivisionError: boom" in run("list").stderr
    assert isinstance(run("--debug", "list").exception, ZeroDivisionError)
    monkeypatch.setenv("ASTROPILE_DEBUG", "1")
    assert isinstance(run("list").exception, ZeroDivisionError)
    monkeypatch.setenv("ASTROPILE_DEBUG", "0")
    assert run("list").exit_code == 1


def test_verb_when_interrupted_then_code_130(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("astropile.survey.surveys", failing(KeyboardInterrupt()))
    result = run("list")
    assert (result.exit_code, result.stderr) == (130, "error: interrupted\n")


def test_error_facts_when_several_problems_then_each_with_its_place() -> None:
    problems = [Problem("a.yaml", line, 3, "unit", "no such unit", "write mag") for line in (9, 2)]
    facts: Any = error_facts(SchemaError(problems))
    assert [problem["line"] for problem in facts["problems"]] == [2, 9]
    assert facts["problems"][0]["help"] == "write mag"


def test_schema_error_when_printed_then_in_the_form_of_compilers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = SchemaError([Problem("a.yaml", 2, 3, "unit", "no such unit")])
    assert exit_code(failing(error), as_json=False, debug=False) == 1
    assert capsys.readouterr().err.startswith("a.yaml:2:3: error[unit]: no such unit\n")


def test_messages_when_they_hold_escapes_then_cannot_steer_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = errors.UsageError("\x1b[2J\x9b31m\r gone", where="\x07.fits", hint="\x1b]0;x\x07")
    exit_code(failing(error), as_json=False, debug=False)
    printed = capsys.readouterr().err
    assert all(c.isprintable() or c == "\n" for c in printed)
    assert r"\x1b[2J" in printed


def test_exit_code_when_the_disk_is_full_then_the_next_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(failing(OSError(28, "x", "a.txt")), as_json=False, debug=False) == 4
    printed = capsys.readouterr().err
    assert printed.startswith("error: a.txt: No space left on device\n  = help: free some space")
