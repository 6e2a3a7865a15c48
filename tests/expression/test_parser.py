"""Trees against those of Python, whose operators bind the same way."""

from __future__ import annotations

import ast
from typing import TypeGuard

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astropile.expression import (
    MAX_DEPTH,
    MAX_TEXT,
    Binary,
    Call,
    Expr,
    ExpressionError,
    Index,
    Literal,
    LiteralList,
    Name,
    Slice,
    Unary,
    names,
    parse,
    walk,
)

PYTHON_OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.Pow: "**", ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">",
    ast.GtE: ">=", ast.In: "in", ast.And: "and", ast.Or: "or", ast.USub: "-", ast.Not: "not",
}  # fmt: skip


class NotAllowedError(Exception):
    """Python allows what the language does not."""


def shape(expr: Expr) -> object:
    """Return a tree without places."""
    match expr:
        case Literal(value=value):
            return value
        case LiteralList(items=items):
            return [item.value for item in items]
        case Name():
            return f"name {expr.text}"
        case Unary(operator=operator, operand=operand):
            return (operator, shape(operand))
        case Binary(operator=operator, left=left, right=right):
            return (operator, shape(left), shape(right))
        case Call(function=function, arguments=arguments):
            return (function, *map(shape, arguments))
        case Index(item=item, indices=indices):
            return ("index", shape(item), *map(shape_of_index, indices))


def shape_of_index(index: Expr | Slice) -> object:
    if not isinstance(index, Slice):
        return shape(index)
    bounds = (index.first, index.last)
    return ("slice", *(None if bound is None else shape(bound) for bound in bounds))


def python_shape(node: ast.expr) -> object:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.List(elts=elements):
            return [python_shape(element) for element in elements]
        case ast.Name(id=name):
            return f"name {name}"
        case ast.UnaryOp(op=operator, operand=operand):
            inner = python_shape(operand)
            if isinstance(operator, ast.USub) and is_number(inner):
                return -inner
            return (PYTHON_OPERATORS[type(operator)], inner)
        case ast.BinOp(left=left, op=operator, right=right):
            return (PYTHON_OPERATORS[type(operator)], python_shape(left), python_shape(right))
        case ast.BoolOp(op=operator, values=[*values]):
            joined = python_shape(values[0])
            for value in values[1:]:
                joined = (PYTHON_OPERATORS[type(operator)], joined, python_shape(value))
            return joined
        case ast.Compare(ops=[ast.In()], comparators=[right]) if not isinstance(right, ast.List):
            raise NotAllowedError
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return (PYTHON_OPERATORS[type(operator)], python_shape(left), python_shape(right))
        case ast.Compare():
            raise NotAllowedError
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return (name, *map(python_shape, arguments))
        case ast.Subscript(value=value, slice=ast.Tuple(elts=indices)):
            return ("index", python_shape(value), *map(python_index, indices))
        case ast.Subscript(value=value, slice=index):
            return ("index", python_shape(value), python_index(index))
    raise AssertionError(ast.dump(node))


def python_index(node: ast.expr) -> object:
    if not isinstance(node, ast.Slice):
        return python_shape(node)
    bounds = (node.lower, node.upper)
    return ("slice", *(None if bound is None else python_shape(bound) for bound in bounds))


def is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def python_tree(text: str) -> object:
    return python_shape(ast.parse(text, mode="eval").body)


PREFIXES = st.sampled_from(["", "", "", "", "-", "- -", "not "])
ATOMS = st.sampled_from(
    ["a", "lsst_i", "1", "0", "2.5", "1e-3", ".5", "7.", "'t'", '"it\'s"', "a[0]", "(a + b)",
     "a[:, 1, -2:]", "a[b + 1:]", "a[:][-1]", "(not a)", "(a < 1)", "hypot(a, -b ** 2)"]
)  # fmt: skip
SUFFIXES = st.sampled_from(["", "", "", "", "", "[-1]", " in [1, -2]"])
OPERATORS = st.sampled_from(
    ["+", "-", " * ", "/", "//", "%", "**", " ** ", "==", "!=", "<", "<=", " > ", ">="]
    + [" and ", " or "] * 5
)
#: With few brackets, so that binding alone decides; some are no expressions.
TEXTS = st.lists(st.tuples(PREFIXES, ATOMS, SUFFIXES, OPERATORS), min_size=1, max_size=6).map(
    lambda parts: "".join(map("".join, parts))[: -len(parts[-1][-1])]
)


@settings(max_examples=600, deadline=None)
@given(TEXTS)
def test_parse_when_python_has_the_same_grammar_then_trees_are_equal(text: str) -> None:
    try:
        expected = python_tree(text)
    except (SyntaxError, NotAllowedError):
        with pytest.raises(ExpressionError):
            parse(text)
        return
    assert shape(parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("-a ** 2", "-(a ** 2)"),
        ("2 ** -a", "2 ** (-a)"),
        ("a ** b ** 2", "a ** (b ** 2)"),
        ("a - b - 1", "(a - b) - 1"),
        ("a / b * 2", "(a / b) * 2"),
        ("not a == b", "not (a == b)"),
        ("not a and b or a", "((not a) and b) or a"),
        ("a + b < 2 * b and b != 1", "((a + b) < (2 * b)) and (b != 1)"),
        ("-a[0]", "-(a[0])"),
        ("10 ** a[0] ** 2", "10 ** ((a[0]) ** 2)"),
        ("a in ['x'] or b", "(a in ['x']) or b"),
        ("a // b % 3", "(a // b) % 3"),
    ],
)
def test_parse_when_brackets_say_the_same_then_trees_are_equal(text: str, same_as: str) -> None:
    assert shape(parse(text)) == shape(parse(same_as))


@pytest.mark.parametrize(
    ("text", "parts", "attribute"),
    [
        ("flux", ("flux",), None),
        ("spec.SCI.flux", ("spec", "SCI", "flux"), None),
        ("PRIMARY@RA", ("PRIMARY",), "RA"),
        ("spec.hdu0@CRVAL1", ("spec", "hdu0"), "CRVAL1"),
        ("`SDSS G-mag`", ("SDSS G-mag",), None),
        ("cat.`a.b@c`.d@`DATE-OBS`", ("cat", "a.b@c", "d"), "DATE-OBS"),
        ("`and`", ("and",), None),
        ("obs.in", ("obs", "in"), None),
        ("`not in`@true", ("not in",), "true"),
        ("lambda", ("lambda",), None),
        ("index", ("index",), None),
        ("if", ("if",), None),
    ],
)
def test_parse_when_name_then_parts_and_attribute(
    text: str, parts: tuple[str, ...], attribute: str | None
) -> None:
    assert parse(text) == Name(parts, attribute, 0, len(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12), ("-12", -12), ("1.5", 1.5), ("1e-3", 1e-3), ("6E+2", 600.0), ("-0.5", -0.5),
        ("true", True), ("false", False), ("null", None), ("''", ""), ("\"r'\"", "r'"),
        ("'say \"x\"'", 'say "x"'), ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)), ("- -1", 1), ("'`'", "`"),
    ],
)  # fmt: skip
def test_parse_when_constant_then_value_and_type(text: str, value: object) -> None:
    literal = parse(text)
    assert isinstance(literal, Literal)
    assert literal.value == value
    assert type(literal.value) is type(value)
    assert (literal.start, literal.end) == (0, len(text))


def test_parse_when_nested_then_every_node_knows_its_text() -> None:
    text = "fill( 1 / (a + b) ** 2, 0 ) > -x.y[0, 1:3]"
    found = {text[node.start : node.end] for node in walk(parse(text))}
    assert found == {
        text, "fill( 1 / (a + b) ** 2, 0 )", "1 / (a + b) ** 2", "1", "(a + b) ** 2", "a + b",
        "a", "b", "2", "0", "-x.y[0, 1:3]", "x.y[0, 1:3]", "x.y", "3",
    }  # fmt: skip


def test_parse_when_lookup_then_its_name_is_a_literal_and_no_cell() -> None:
    expr = parse("lookup(obs.BAND, lowz, '')")
    assert isinstance(expr, Call)
    assert expr.arguments[1] == Literal("lowz", 17, 21)
    assert [name.text for name in names(expr)] == ["obs.BAND"]


def test_names_when_backticks_hide_a_dot_then_addresses_differ() -> None:
    found = names(parse("a.b + `a.b` + a.b"))
    assert [name.parts for name in found] == [("a", "b"), ("a.b",)]


def test_parse_when_spaces_and_newlines_then_they_do_not_count() -> None:
    assert shape(parse(" a\n+\tb ")) == shape(parse("a+b"))


def test_parse_when_called_twice_then_one_tree() -> None:
    assert parse("a + 2 * b") is parse("a + 2 * b")


@pytest.mark.parametrize(
    "text",
    ["{}a{}".format("(" * 1500, ")" * 1500), "-" * 4000 + "a", "not " * 1000 + "a",
     "[" * 2000, "a" + "[0]" * 1000, "2" + " ** 2" * 500, "a" + " + a" * 500,
     "abs(" * 900 + "a" + ")" * 900, "[-" + "-" * 3000 + "1]", "x[" * 1500],
)  # fmt: skip
def test_parse_when_deeply_nested_then_expression_error(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


@pytest.mark.parametrize("form", ["({})", "-{}", "{} + a", "a ** {}", "abs({})", "{}[0]"])
def test_parse_when_as_deep_as_allowed_then_one_more_is_refused(form: str) -> None:
    text = "a"
    for _ in range(MAX_DEPTH - 1):
        text = form.format(text)
    assert sum(1 for _ in walk(parse(text))) >= 1
    with pytest.raises(ExpressionError, match="more than 64 levels"):
        parse(form.format(text))


def test_parse_when_as_long_as_allowed_then_one_more_is_refused() -> None:
    text = f"'{'x' * (MAX_TEXT - 2)}'"
    assert isinstance(parse(text), Literal)
    with pytest.raises(ExpressionError, match="at most 4096 characters, not 4097") as caught:
        parse(text + " ")
    assert (caught.value.start, caught.value.end) == (MAX_TEXT, MAX_TEXT + 1)


def tree_or_error(text: str) -> Expr | ExpressionError:
    try:
        return parse(text)
    except ExpressionError as error:
        return error


WORDS = st.sampled_from(
    ["a", "b.c", "x@KEY", "`q r`", "1", "2.5", "1e400", "'t'", '"', "'", "`", "(", ")", "[", "]",
     ",", ":", "+", "-", "**", "//", "in", "not", "and", "==", "<", "true", "null", "if(",
     "lookup(", "unit(", "flat(", "over(", " ", "\n", "{band}", "0x1", "é", "\x00", "@", "."]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=25).map("".join)))
def test_parse_when_any_text_then_a_tree_or_an_error_with_its_place(text: str) -> None:
    expr = tree_or_error(text)
    if isinstance(expr, ExpressionError):
        assert 0 <= expr.start <= expr.end <= len(text)
        assert expr.message
    else:
        assert all(0 <= node.start < node.end <= len(text) for node in walk(expr))
