"""Whether a filter can be true for some row of a chunk, from the extremes of its columns alone.

The answer "no" is certain; "yes" only means that the rows must be looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from astropile.expression import Binary, Call, Expr, Literal, LiteralList, Name, Unary

__all__ = ["Bounds", "may_be_true"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is known of the values of a leaf in some rows.

    Attributes
    ----------
    low, high : number, text or bool, optional
        No value is outside; None if there is no value but null.
    has_nulls : bool
        Whether a value may be null.
    """

    low: Any
    high: Any
    has_nulls: bool


BoundsOf: TypeAlias = Callable[[str], Bounds | None]
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}


def may_be_true(expr: Expr, bounds_of: BoundsOf) -> bool:
    """Return False if an expression is surely false or null in all rows.

    Parameters
    ----------
    expr : Expr
        A filter over addresses of leaves.
    bounds_of : callable
        Gives the extremes of a leaf by address; None if they are not known.

    Examples
    --------
    >>> from astropile.expression import parse
    >>> known = {"mag": Bounds(20.0, 23.0, False)}
    >>> may_be_true(parse("mag < 19.5 or mag > 23 and z < 1"), known.get)
    True
    >>> may_be_true(parse("mag < 19.5 and z < 1"), known.get)
    False
    """
    match expr:
        case Literal(value=value):
            return value is True
        case Name():
            return _compare("==", bounds_of(expr.text), value=True)
        case Unary(operator="not", operand=Name() as name):
            return _compare("==", bounds_of(name.text), value=False)
        case Binary(operator="and"):
            return may_be_true(expr.left, bounds_of) and may_be_true(expr.right, bounds_of)
        case Binary(operator="or"):
            return may_be_true(expr.left, bounds_of) or may_be_true(expr.right, bounds_of)
        case Binary(operator="in", left=Name() as name, right=LiteralList(items=items)):
            bounds = bounds_of(name.text)
            return any(_compare("==", bounds, item.value) for item in items)
        case Binary(operator=operator, left=Name() as name, right=Literal(value=value)):
            return _compare(operator, bounds_of(name.text), value)
        case Binary(operator=operator, left=Literal(value=value), right=Name() as name):
            return operator not in _MIRRORED or _compare(
                _MIRRORED[operator], bounds_of(name.text), value
            )
        case Call(function="is_null", arguments=(Name() as name,)):
            bounds = bounds_of(name.text)
            return bounds is None or bounds.has_nulls
        case Call(function="is_finite", arguments=(Name() as name,)):
            bounds = bounds_of(name.text)
            return bounds is None or bounds.low is not None
        case _:
            return True


def _compare(operator: str, bounds: Bounds | None, value: Any) -> bool:
    if bounds is None:
        return True
    if bounds.low is None or value is None:
        return False  # null with anything is null
    low, high = bounds.low, bounds.high
    if float in (type(low), type(high), type(value)) and not isinstance(value, str):
        # As the engine does, which compares whole numbers with others as floats. Rounding may
        # make two numbers equal: below, equal never rules anything out.
        low, high, value = float(low), float(high), float(value)
        if low != low or high != high:
            return True
    try:
        match operator:
            case "<" | "<=":
                return bool(low <= value)
            case ">" | ">=":
                return bool(high >= value)
            case "==":
                return bool(low <= value <= high)
            case _:
                return True
    except TypeError:
        return True
