"""What kind of value an expression gives, as far as its text tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal as Choice
from typing import TypeAlias

from astropile.expression.functions import FUNCTIONS
from astropile.expression.nodes import (
    Binary,
    Call,
    Expr,
    Index,
    Literal,
    LiteralList,
    Name,
    Unary,
)

Kind: TypeAlias = Choice["bool", "number", "text", "unknown"]
_ARITHMETIC = frozenset(("+", "-", "*", "/", "//", "%", "**"))


def _unknown(name: Name) -> Kind:
    return "unknown"


def result_kind(expr: Expr, kind_of: Callable[[Name], Kind] = _unknown) -> Kind:
    """Return the kind of value that an expression gives.

    Parameters
    ----------
    expr : Expr
        A parsed expression.
    kind_of : callable, optional
        Gives the kind of a name, where it is known.

    Returns
    -------
    {'bool', 'number', 'text', 'unknown'}
        Of one element, if it gives an array. Without `kind_of` a name is ``unknown``, and what
        hangs on it.

    Examples
    --------
    >>> from astropile.expression import parse
    >>> result_kind(parse("mag < 20 and is_finite(mag)"))
    'bool'
    >>> result_kind(parse("if(is_null(name), 'none', trim(name))"))
    'text'
    >>> result_kind(parse("coalesce(a, b)"))
    'unknown'
    """
    match expr:
        case Literal(value=value):
            return _constant(value)
        case LiteralList(items=items):
            return _common(items, kind_of)
        case Name():
            return kind_of(expr)
        case Index(item=item):
            return result_kind(item, kind_of)
        case Unary(operator=operator):
            return "number" if operator == "-" else "bool"
        case Binary(operator=operator):
            return "number" if operator in _ARITHMETIC else "bool"
        case Call():
            return _call(expr, kind_of)


def _call(call: Call, kind_of: Callable[[Name], Kind]) -> Kind:
    rule = FUNCTIONS[call.function].result
    match rule:
        case "first":
            return result_kind(call.arguments[0], kind_of)
        case "common":
            return _common(call.arguments, kind_of)
        case "choice":
            return _common(call.arguments[1:], kind_of)
        case _:
            return rule


def _common(exprs: Iterable[Expr], kind_of: Callable[[Name], Kind]) -> Kind:
    """Return the kind of all; null goes with every kind."""
    kinds = {
        result_kind(expr, kind_of)
        for expr in exprs
        if not (isinstance(expr, Literal) and expr.value is None)
    }
    return kinds.pop() if len(kinds) == 1 else "unknown"


def _constant(value: object) -> Kind:
    match value:
        case bool():
            return "bool"
        case str():
            return "text"
        case None:
            return "unknown"
        case _:
            return "number"
