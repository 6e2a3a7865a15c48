"""Holes of templates and paths."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astropile.expression import ExpressionError, Hole, fill, holes

VALUES = {"band": "g", "comp": "11", "n": "7", "x": "2.5"}
LOOKUPS = {"tensor": {"11": "xx", "22": "yy"}, "empty": {"g": ""}}
LISTS = {"band": ["u", "g"], "comp": ["11", "22"]}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("no holes", "no holes"),
        ("{band}_cmodel_mag", "g_cmodel_mag"),
        ("MAG_{band|upper}{band|lower}", "MAG_Gg"),
        ("flux[{band|index}], {comp|index}", "flux[1], 0"),
        ("shape_{comp|tensor}_{band|empty}_", "shape_xx__"),
        ("{other} {other|upper} {}", "{other} {other|upper} {}"),
        ("{band + 1} {patch // 100} {a.b}", "{band + 1} {patch // 100} {a.b}"),
        ("{ band } { band | upper }", "g G"),
        ("{n:03d}/{n:d}/{band:3s}|{x:.2f}", "007/7/g  |2.50"),
        ("{band|index:02d}", "01"),
        ("{band: odd} {band:>5}", "{band: odd} {band:>5}"),
        ("{{band}} {band", "{g} {band"),
        ("'{band}' `a {band}`", "'g' `a g`"),
    ],
)
def test_fill_when_variables_are_known_then_they_alone_are_filled(text: str, filled: str) -> None:
    assert fill(text, VALUES, lookups=LOOKUPS, lists=LISTS) == filled


def test_fill_when_a_value_holds_a_hole_then_it_stays_for_the_next_filling() -> None:
    once = fill("{part}/{split}", {"part": "{split}_*"})
    assert once == "{split}_*/{split}"
    assert fill(once, {"split": "train"}) == "train_*/train"


@pytest.mark.parametrize(
    ("text", "part", "message", "help_text"),
    [
        ("a {comp|tensr}", "{comp|tensr}", "'tensr' is neither upper", "'tensor'"),
        ("{band|tensor}", "{band|tensor}", "'g' is not in lookups.tensor", ""),
        ("{n|index}", "{n|index}", "'7' has no place", ""),
        ("-{band:03d}", "{band:03d}", "'g' does not fit the format '03d'", ""),
        ("{x:d}", "{x:d}", "'2.5' does not fit", ""),
    ],
)
def test_fill_when_a_pipe_or_format_fails_then_range_message_and_help(
    text: str, part: str, message: str, help_text: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        fill(text, VALUES, lookups=LOOKUPS, lists=LISTS)
    assert text[caught.value.start : caught.value.end] == part
    assert message in caught.value.message
    assert help_text in caught.value.help


@pytest.mark.parametrize(
    ("hole", "expression", "pipe", "layout"),
    [
        ("{band}", "band", None, None),
        ("{band|upper}", "band", "upper", None),
        ("{c|index:03d}", "c", "index", "03d"),
        ("{obsid:05d}", "obsid", None, "05d"),
        ("{ mag : .2f }", "mag", None, ".2f"),
        ("{x[1:3]}", "x[1:3]", None, None),
        ("{x[0]:3d}", "x[0]", None, "3d"),
        ("{part(name, 0, 2)}", "part(name, 0, 2)", None, None),
        ("{join(':', a, b)}", "join(':', a, b)", None, None),
        ("{join('}', a, \"{|\")}", "join('}', a, \"{|\")", None, None),
        ("{`a:b|c`:s}", "`a:b|c`", None, "s"),
        ("{PRIMARY@OBSID}", "PRIMARY@OBSID", None, None),
    ],
)
def test_holes_when_one_hole_then_its_parts(
    hole: str, expression: str, pipe: str | None, layout: str | None
) -> None:
    text = f"dir/{hole}.fits"
    start = text.index(expression)
    assert holes(text) == [Hole(expression, pipe, layout, 4, 4 + len(hole), start)]


def test_holes_when_quotes_stand_outside_then_they_mean_nothing() -> None:
    assert [hole.expression for hole in holes("it's {a}/`{b}")] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "part", "message"),
    [
        ("a{b", "{b", "a { is not closed"),
        ("a}b{c}", "}", "a } closes no hole"),
        ("{a}/b}", "}", "a } closes no hole"),
        ("{a{b}}", "{", "a hole cannot stand inside a hole"),
        ("x{ }", "{ }", "a hole is empty"),
        ("{:05d}", "{:05d}", "a hole is empty"),
        ("{a:>10}", ">10", "'>10' is not a format"),
        ("{a:999999999d}", "999999999d", "is not a format"),
        ("{a:}", "", "'' is not a format"),
        ("{a + 1|upper}", "{a + 1|upper}", "cannot have a pipe"),
        ("{a|upper|lower}", "{a|upper|lower}", "cannot have a pipe"),
        ("{a|}", "{a|}", "cannot have a pipe"),
        ("{trim('a)}", "'a)}", "a ' is not closed"),
    ],
)
def test_holes_when_wrong_then_range_and_message(text: str, part: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message.replace("{", r"\{")) as caught:
        holes(text)
    assert text[caught.value.start : caught.value.end] == part


def holes_or_error(text: str) -> list[Hole] | ExpressionError:
    try:
        return holes(text)
    except ExpressionError as error:
        return error


PARTS = st.sampled_from(["{", "}", "a", "b[1:2]", ":", "05d", "|", "upper", "'", "(", ")", "/"])


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, max_size=12).map("".join))
def test_holes_when_any_text_then_ranges_are_the_holes(text: str) -> None:
    found = holes_or_error(text)
    if isinstance(found, ExpressionError):
        assert 0 <= found.start <= found.end <= len(text)
        return
    outside = "".join(
        text[end:start]
        for end, start in zip(
            [0, *(hole.end for hole in found)],
            [*(hole.start for hole in found), len(text)],
            strict=True,
        )
    )
    assert "{" not in outside
    assert "}" not in outside
    assert all(text[hole.start] == "{" and text[hole.end - 1] == "}" for hole in found)
