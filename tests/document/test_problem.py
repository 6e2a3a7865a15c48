"""Problems drawn into the text: the caret stands where the fault is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile.document import Document, parse_document
from astropile.errors import Problem

WORKED_EXAMPLE = """\
vipers.yaml:3:22: error[unit]: spectrum.ivar: 'cm2' cannot become '1e34 s2'
 3 |       spectrum.ivar: 1 / unit(spectrum_noise, 'erg / (s cm2 Angstrom)')
   |                          ^^^^
    = help: an inverse variance is 1 / sigma ** 2"""


def marked(problem: Problem) -> str:
    """Return the characters of the excerpt that have a caret below."""
    line, carets = problem.excerpt.split("\n")
    return "".join(char for char, mark in zip(line, carets, strict=False) if mark == "^")


def parse(text: str) -> Document:
    return parse_document(text, "x.yaml")


def test_problem_when_printed_then_as_the_worked_example() -> None:
    text = (
        "sources:\n  a:\n      spectrum.ivar: 1 / unit(spectrum_noise, 'erg / (s cm2 Angstrom)')\n"
    )
    problem = parse_document(text, "vipers.yaml").problem(
        "unit",
        "spectrum.ivar: 'cm2' cannot become '1e34 s2'",
        ["sources", "a", "spectrum.ivar"],
        part=(4, 8),
        help="an inverse variance is 1 / sigma ** 2",
    )
    assert str(problem) == WORKED_EXAMPLE.replace("3:22", "3:26")


@pytest.mark.parametrize(
    ("text", "part", "expected"),
    [
        ("a: flux / err\n", (7, 10), "err"),
        ("a: 'flux / err'\n", (7, 10), "err"),
        ('a: "flux / err"\n', (0, 4), "flux"),
        ("a: 'if(x == ''g'', 1, nope)'\n", (16, 20), "nope"),
        ('a: "\\u0041b + err"\n', (5, 8), "err"),
        ("a: {b: 1, c: [x, flux / err]}\n", (7, 10), "err"),
        ("a: flux / err\n", (7, 99), "flux / err"),
        ("a: flux /\n  err\n", (7, 10), "flux /"),
        ("a: 'flux /\n  err'\n", (7, 10), "'flux /"),
        ("a: |\n  flux / err\n", (7, 10), "|"),
        ("a: [1, 2]\n", (0, 1), "[1, 2]"),
        ("a: 12345\n", (1, 3), "23"),
        ("a:\n  b: 1\n", (0, 1), "a"),
    ],
)
def test_part_when_exact_then_marked_else_the_whole_scalar(
    text: str, part: tuple[int, int], expected: str
) -> None:
    document = parse(text)
    loc: list[str | int] = ["a", "c", 1] if "c: [" in text else ["a"]
    assert marked(document.problem("x", "m", loc, part=part)) == expected


def test_part_when_of_a_key_then_marked_in_the_key() -> None:
    document = parse("'mag_{bnd}': {dtype: float32}\n")
    problem = document.problem("x", "m", ["mag_{bnd}"], key=True, part=(5, 8))
    assert (marked(problem), problem.column) == ("bnd", 7)


def test_part_when_the_place_does_not_exist_then_the_nearest_above_is_marked_whole() -> None:
    problem = parse("a: flux\n").problem("x", "m", ["a", "b"], part=(1, 2))
    assert marked(problem) == "flux"


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])), st.data())
def test_part_when_quoted_with_escapes_then_the_marked_text_is_the_part(
    value: str, data: st.DataObject
) -> None:
    """Each character of the value is found, however it is written."""
    first = data.draw(st.integers(0, len(value)))
    last = data.draw(st.integers(first, len(value)))
    single = "'" + value.replace("'", "''") + "'"
    for written in (json.dumps(value), single):
        problem = parse(f"a: {written}\n").problem("x", "m", ["a"], part=(first, last))
        end = parse(f"a: {written}\n").problem("x", "m", ["a"], part=(last, last)).column
        piece = f"a: {written}"[problem.column - 1 : end - 1]
        quote = written[0]
        assert parse(f"b: {quote}{piece}{quote}\n").data["b"] == value[first:last]


@given(st.integers(0, 400), st.integers(1, 300), st.integers(0, 400), st.sampled_from("x星"))
def test_excerpt_when_the_line_is_long_then_cut_around_the_caret(
    before: int, length: int, after: int, letter: str
) -> None:
    """The carets stand below the v's, and below nothing else, also beside wide letters."""
    text = f"k{letter * before}: [{'v' * length}, {letter * after}z]"
    document = parse(text)
    problem = document.problem("x", "m", [next(iter(document.data)), 0])
    line, carets = problem.excerpt.split("\n")
    columns = "".join(char * (1 + (char in "星")) for char in line)
    above = [char for char, mark in zip(columns, carets, strict=False) if mark == "^"]
    assert max(len(columns), len(carets)) <= 100
    assert set(above) == {"v"}
    assert len(above) == min(length, columns.count("v"))
    assert columns.count("v") == length or len(columns) > 95


def test_part_when_at_the_end_of_the_text_then_one_caret_behind_it() -> None:
    """An expression that ends too early is marked where more was expected."""
    problem = parse("a: 'flux /'\n").problem("x", "m", ["a"], part=(6, 6))
    assert problem.excerpt == " 1 | a: 'flux /'\n   |           ^"
    problem = parse("a: flux /\n").problem("x", "m", ["a"], part=(6, 6))
    assert problem.excerpt == " 1 | a: flux /\n   |          ^"


def test_excerpt_when_cut_on_both_sides_then_an_ellipsis_on_each() -> None:
    text = f"a: [{'x' * 200}, here, {'y' * 200}]\n"
    problem = parse(text).problem("x", "m", ["a", 1])
    line = problem.excerpt.split("\n")[0]
    assert marked(problem) == "here"
    assert line.startswith(" 1 | …xxx")
    assert line.endswith("yyy…")
    assert len(line) == 100


def test_excerpt_when_the_line_has_tabs_then_the_caret_is_in_step() -> None:
    problem = parse('a: {b: "1\t\t2", c: 2}\n').problem("x", "m", ["a", "c"])
    assert problem.excerpt == ' 1 | a: {b: "1  2", c: 2}\n   |                   ^'
    assert problem.column == 19


def test_problem_when_lines_end_in_carriage_returns_then_line_and_column_are_right() -> None:
    problem = parse("a: 1\r\nb: {c: two}\r\n").problem("x", "m", ["b", "c"])
    assert (problem.line, problem.column) == (2, 8)
    assert problem.excerpt == " 2 | b: {c: two}\n   |        ^^^"
