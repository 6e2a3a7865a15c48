"""What a reader is told when a text is no YAML."""

from __future__ import annotations

import pytest
import yaml

from astropile.document import parse_document, reading
from astropile.errors import Problem, SchemaError


def syntax_problem(text: str) -> Problem:
    """Return the last problem of a text: reading ends there."""
    with pytest.raises(SchemaError) as caught:
        parse_document(text, "x.yaml")
    problem = caught.value.problems[-1]
    assert problem.code == "yaml"
    return problem


@pytest.mark.parametrize("loader", [reading.LOADER, yaml.SafeLoader], ids=["default", "pure"])
@pytest.mark.parametrize(
    ("text", "line", "column", "help_word"),
    [
        ("a:\n\tb: 1\n", 2, 1, "tabs"),
        ("a: *.fits\n", 1, 5, "starts with '*'"),
        ("a: @x\n", 1, 4, "starts with '@'"),
        ("a: b: c\n", 1, 5, "': '"),
        ("a: {x: 1\nb: 2\n", 2, 2, "bracket or comma"),
        ("a: {b: c: d}\n", 1, 9, "bracket or comma"),
        ("a: {b: flux #2}\nc: 1\n", 2, 1, "' #' starts a comment"),
        ("a: {object}-{id}\n", 1, 12, "brace"),
        ("a:\n  - b\n c: 1\n", 3, 2, "indentation"),
        ("  a: 1\n b: 2\n", 2, 2, "indentation"),
        ("a: 'x\n", 1, 6, "never closed"),
        ('a: "x\\d"\n', 1, None, "single quotes"),
        ("a: |x\n", 1, 5, "starts with '|'"),
        ("a: -\n- b\n", 1, 4, "list"),
        ("a: ]\n", 1, 4, "starts with one of"),
    ],
)
def test_syntax_when_wrong_then_place_and_help(
    text: str,
    line: int,
    column: int | None,
    help_word: str,
    loader: type,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both parsers lead to the same place and the same advice."""
    monkeypatch.setattr(reading, "LOADER", loader)
    problem = syntax_problem(text)
    assert problem.line == line
    assert column is None or problem.column == column
    assert help_word in problem.help


def test_syntax_when_a_bracket_is_not_closed_then_its_line_is_named() -> None:
    problem = syntax_problem("a: 1\nb: [x,\n  y\nc: 2\n")
    assert "line 2" in problem.message
    assert problem.excerpt == " 4 | c: 2\n   |  ^"


@pytest.mark.parametrize("loader", [reading.LOADER, yaml.SafeLoader], ids=["default", "pure"])
@pytest.mark.parametrize("text", ['a: "\\UFFFFFFFF"\n', f"%YAML {'1' * 5000}.1\n---\na: 1\n"])
def test_number_when_no_parser_can_hold_it_then_schema_error(
    text: str, loader: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parser of pure Python lets the errors of chr() and int() out."""
    monkeypatch.setattr(reading, "LOADER", loader)
    assert syntax_problem(text).message
