"""Macros: text in, text out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astropile.expression import ExpressionError, expand_macros

LABELS = {"band": ["g", "r"], "view": ["science", "difference"]}
LOOKUPS = {"number": {"g": "1", "r": "2"}}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("a + b", "a + b"),
        ("over(band, x_{band})", "stack(x_g, x_r)"),
        ("over(band, 1)", "stack(1, 1)"),
        ("1 - over ( band , a[{band|index}] )", "1 - stack(a[0], a[1])"),
        ("over(band, {band|upper})", "stack(G, R)"),
        ("over(view, f('{view|lower}, {view}'))",
         "stack(f('science, science'), f('difference, difference'))"),
        ("over(band, x{band|number})", "stack(x1, x2)"),
        ("over(band, clip(x_{band}, 0, [1, 2][0]))",
         "stack(clip(x_g, 0, [1, 2][0]), clip(x_r, 0, [1, 2][0]))"),
        ("over(band, `a, b) {band}`)", "stack(`a, b) g`, `a, b) r`)"),
        ("chain(c, [1, 2], ccd{c}.hdu0)", "concat(ccd1.hdu0, ccd2.hdu0)"),
        ("chain(c, ['x', \"y\", z], {c})", "concat(x, y, z)"),
        ("chain(c, ['a,b', 'c'], '{c|index}{c}')", "concat('0a,b', '1c')"),
        ("over(band, x) + over(view, y)", "stack(x, x) + stack(y, y)"),
        ("over(band, over(view, {view}_{band}))",
         "stack(stack(science_g, difference_g), stack(science_r, difference_r))"),
        ("over(band, chain(c, [1, 2], {band}{c}))", "stack(concat(g1, g2), concat(r1, r2))"),
        ("over(band, over(band, {band}))", "stack(stack(g, r), stack(g, r))"),
        ("over(band, {other} {band})", "stack({other} g, {other} r)"),
        ("'over(band, x)' + \"chain(\"", "'over(band, x)' + \"chain(\""),
        ("hover(band, x) + t.over(band, x)", "hover(band, x) + t.over(band, x)"),
        ("`over`(band, x)", "`over`(band, x)"),
        ("over + chain", "over + chain"),
    ],
)  # fmt: skip
def test_expand_macros_when_valid_then_text(text: str, expanded: str) -> None:
    assert expand_macros(text, LABELS, LOOKUPS) == expanded


@pytest.mark.parametrize(
    ("text", "part", "message", "help_text"),
    [
        ("1 + over(bnad, x)", "bnad", "'bnad' is not an axis with labels", "'band'"),
        ("over(band)", "over(band)", "this macro is written over(axis, e)", ""),
        ("over(band, x, y)", "over(band, x, y)", "over(axis, e)", ""),
        ("over(band, )", "over(band, )", "over(axis, e)", ""),
        ("chain(c, x)", "chain(c, x)", "chain(v, [a, b], e)", ""),
        ("chain(c, 1, x)", " 1", "chain takes a list", "chain(c, [1, 2]"),
        ("chain(c, [], x)", " []", "chain takes a list", ""),
        ("chain(c, [1,,2], x)", " [1,,2]", "chain takes a list", ""),
        ("over('g', x)", "'g'", "is not a name", ""),
        ("over(band, (x)", "(", "a ( is not closed", ""),
        ("over(band, 'x)", "'x)", "a ' is not closed", ""),
        ("a - over(band, {band|numbr})", "over(band, {band|numbr})", "'numbr'", "'number'"),
        ("over(view, {view|number})", "over(view, {view|number})", "not in lookups.number", ""),
    ],
)
def test_expand_macros_when_wrong_then_range_message_and_help(
    text: str, part: str, message: str, help_text: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        expand_macros(text, LABELS, LOOKUPS)
    error = caught.value
    assert text[error.start : error.end] == part
    assert message in error.message
    assert help_text in error.help


@pytest.mark.parametrize(
    "text",
    ["over(band, " * 10 + "x_{band}" * 10 + ")" * 10, "over(band, " * 300 + ")" * 300,
     f"over(band, {'x' * 4090})", f"over(band, {'x' * 2500})", "over(band, " * 80 + "x" + ")" * 80],
)  # fmt: skip
def test_expand_macros_when_the_expansion_is_a_bomb_then_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match=r"4096|macros"):
        expand_macros(text, LABELS)


def expanded_or_error(text: str) -> str | ExpressionError:
    try:
        return expand_macros(text, LABELS)
    except ExpressionError as error:
        return error


PARTS = st.sampled_from(
    ["over(", "chain(", "band", "c", ", ", "[1, 2]", "{band}", "{c|index}", "x", ")", "(", "'",
     "`", "]", " + ", '"']
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, max_size=16).map("".join))
def test_expand_macros_when_any_text_then_text_or_an_error_with_its_place(text: str) -> None:
    expanded = expanded_or_error(text)
    if isinstance(expanded, ExpressionError):
        assert 0 <= expanded.start <= expanded.end <= len(text)
    else:
        assert expanded_or_error(expanded) == expanded
