"""Kinds of results that the text alone tells."""

from __future__ import annotations

import pytest

from astropile.expression import FUNCTIONS, parse, result_kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("true", "bool"),
        ("1.5", "number"),
        ("'x'", "text"),
        ("null", "unknown"),
        ("['g', 'r']", "text"),
        ("[null, 1]", "number"),
        ("cell", "unknown"),
        ("cell[0]", "unknown"),
        ("a < 1", "bool"),
        ("a == 'x'", "bool"),
        ("a in [1, 2]", "bool"),
        ("a and b", "bool"),
        ("not a", "bool"),
        ("any_bit(a, 1)", "bool"),
        ("is_null(a) or is_finite(b)", "bool"),
        ("any(a != 0, 1)", "bool"),
        ("(a < 1)[0]", "bool"),
        ("-a", "number"),
        ("a ** 2 + 1", "number"),
        ("count(a)", "number"),
        ("number('1')", "number"),
        ("10 ** grid(9, 1, 2)", "number"),
        ("join('-', a, 1)", "text"),
        ("split(trim(a), ',')[0]", "text"),
        ("part(a, 0, 2)", "text"),
        ("lookup(a, token)", "unknown"),
        ("optional(a)", "unknown"),
        ("if(c, 'a', 'b')", "text"),
        ("if(c, null, a > 1)", "bool"),
        ("if(c, 'a', 1)", "unknown"),
        ("coalesce(a, 'x')", "unknown"),
        ("coalesce(trim(a), 'x')", "text"),
        ("fill(a > 1, false)", "bool"),
        ("null_if(trim(a), '')", "text"),
        ("stack(a > 1, b > 1)", "bool"),
        ("concat(a)", "unknown"),
        ("repeat(['g'], 3)", "text"),
        ("axes(not any_bit(a), 'y x')", "bool"),
        ("unit(a, 'erg')", "number"),
        ("true or 1", "bool"),
    ],
)
def test_result_kind_when_the_text_tells_then_kind(text: str, kind: str) -> None:
    assert result_kind(parse(text)) == kind


def test_functions_when_their_result_follows_arguments_then_there_are_arguments() -> None:
    least = {"first": 1, "common": 1, "choice": 3}
    for function in FUNCTIONS.values():
        assert function.minimum >= least.get(function.result, 0), function.name
