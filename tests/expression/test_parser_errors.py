"""Every fault of an expression is found at its exact place, with what to write instead."""

from __future__ import annotations

import pickle

import pytest

from astropile.expression import ExpressionError, parse


def error_of(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "part", "message", "help_text"),
    [
        ("", "", "the expression is empty", ""),
        ("a + ", "", "a value is missing at the end", ""),
        ("a b", "b", "an operator is missing before b", ""),
        ("a = 1", "=", "'=' does not belong here", "=="),
        ("a & b", "&", "'&' does not belong here", "and"),
        ("a || b", "|", "'|' does not belong here", "or"),
        ("!a", "!", "'!' does not belong here", "not"),
        ("a ^ 2", "^", "'^' does not belong here", "**"),
        ("flux_{band}", "{", "'{' does not belong here", "hole"),
        ("(a + b", "", "')' is missing at the end", ""),
        ("a + b)", ")", "an operator is missing before )", ""),
        ("hypot(a, b", "", "')' is missing at the end", ""),
        ("hypot(a,)", ")", "a value is missing before )", ""),
        ("x[1", "", "']' is missing at the end", ""),
        ("x[]", "x[]", "an index is missing", "x[0]"),
        ("x[1:2:3]", ":", "']' is missing before :", ""),
        ("'abc", "'abc", "a ' is not closed", ""),
        ('f("abc', '"abc', 'a " is not closed', ""),
        ("a + `b", "`b", "a ` is not closed", ""),
        ("a < b < c", "<", "comparisons are not chained", "a < b and b < c"),
        ("a == b != c", "!=", "comparisons are not chained", ""),
        ("a in b", "b", "'in' takes a list", "['g', 'r']"),
        ("a in 'b'", "'b'", "'in' takes a list", ""),
        ("a in []", "[]", "a list holds constants", ""),
        ("a in ['g', 1]", "['g', 1]", "all texts or none", ""),
        ("a in [b]", "b", "a constant is missing before b", ""),
        ("[- 't']", "'t'", "a number is missing before 't'", ""),
        ("a == not b", "not", "a value is missing before not", "brackets"),
        ("2MASS + 1", "2MASS", "2MASS is neither a number nor a name", "`2MASS`"),
        ("007", "007", "007 is a number that begins with 0", "'007'"),
        ("x * 1e999", "1e999", "too large for a float64", ""),
        ("18446744073709551616", "18446744073709551616", "too large for an integer", ""),
        ("-9223372036854775809", "-9223372036854775809", "too large for an integer", ""),
        ("a..b", ".", "'.' does not belong here", "a name is parts"),
        ("a.b@", "@", "'@' does not belong here", "cell@KEY"),
        ("a\N{MINUS SIGN}b", "\N{MINUS SIGN}", "does not belong here", ""),
    ],
)
def test_parse_when_form_is_wrong_then_range_message_and_help(
    text: str, part: str, message: str, help_text: str
) -> None:
    error = error_of(text)
    assert text[error.start : error.end] == part
    assert message in error.message
    assert help_text in error.help


@pytest.mark.parametrize(
    ("text", "part", "message", "help_text"),
    [
        ("1 + sqr(x)", "sqr", "'sqr' is not a function", "'sqrt'"),
        ("a.b(x)", "a.b", "'a.b' is not a function", ""),
        ("first(x)", "first", "'first' is not a function", "x[0]"),
        ("LOG(x)", "LOG", "'LOG' is not a function", "ln(x) or log10(x)"),
        ("over(band, x)", "over", "'over' is not a function", "over(axis, expression)"),
        ("clip(x, 1)", "clip(x, 1)", "clip takes 3 arguments, not 2: clip(x, a, b)", ""),
        ("1 - row(2)", "row(2)", "row takes 0 arguments, not 1: row()", ""),
        ("sqrt()", "sqrt()", "sqrt takes 1 argument, not 0", ""),
        ("coalesce(a)", "coalesce(a)", "takes 2 or more arguments, not 1", ""),
        ("grid(1, 2)", "grid(1, 2)", "grid takes 3 or 4 arguments, not 2", ""),
        ("flat(x, 1)", "flat(x, 1)", "flat takes 1 or 3 arguments, not 2", ""),
        ("flat(x, 0, 1, 2)", "flat(x, 0, 1, 2)", "flat takes 1 or 3 arguments, not 4", ""),
        ("lookup(x, 'token')", "'token'", "must be the name of a lookup", "lookup(x, name"),
        ("lookup(x, a.b)", "a.b", "argument 2 of lookup", ""),
        ("unit(x, erg)", "erg", "argument 2 of unit must be a constant text", "unit(x, 'erg')"),
        ("axes(x, 1)", "1", "argument 2 of axes", ""),
        ("optional(trim(x))", "trim(x)", "argument 1 of optional must be a cell", ""),
        ("dim(x, k)", "k", "must be the number of an axis, -4 to 3", ""),
        ("sum(x, 4)", "4", "must be the number of an axis", ""),
        ("any(x, true)", "true", "must be the number of an axis", ""),
        ("any_bit(x, 0, 64)", "64", "must be the number of a bit, 0 to 63", ""),
        ("any_bit(x, -1)", "-1", "argument 2 of any_bit", ""),
        ("join(sep, a)", "sep", "argument 1 of join must be a constant text", ""),
        ("part(x, 0, 2.5)", "2.5", "must be a constant whole number", ""),
    ],
)
def test_parse_when_call_is_wrong_then_range_message_and_help(
    text: str, part: str, message: str, help_text: str
) -> None:
    error = error_of(text)
    assert text[error.start : error.end] == part
    assert message in error.message
    assert help_text in error.help


def test_expression_error_when_pickled_then_it_keeps_its_place() -> None:
    error = error_of("a + sqr(x)")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.message, copy.start, copy.end, copy.help) == (
        error.message, error.start, error.end, error.help,
    )  # fmt: skip
    assert str(copy) == error.message
