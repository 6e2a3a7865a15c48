"""Units are resolved once, when a plan is compiled: conversions become plain factors in the expression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from astropile.expression import Binary, Call, Expr, Index, Literal, Name, Unary, infer_unit, walk
from astropile.vocabulary import conversion, convertible, parse_unit

if TYPE_CHECKING:
    from astropy.units import UnitBase

UnitOf = Callable[[Name], "UnitBase | None"]
_ADDITIVE = {"+", "-", "==", "!=", "<", "<=", ">", ">="}
_UNIT_INPUTS = {"ab_mag": "Jy", "air_to_vacuum": "Angstrom", "vacuum_to_air": "Angstrom"}
_MAKES_UNITS = {"unit", *_UNIT_INPUTS, "ab_flux"}


def lower_units(expr: Expr, unit_of: UnitOf | None = None) -> tuple[Expr, UnitBase | None]:
    """Rewrite an expression so that it needs no units when it runs.

    Parameters
    ----------
    expr : Expr
        Expression with ``unit()`` and, in formulas, leaves of known unit.
    unit_of : callable, optional
        Unit of a name; None for expressions over cells, which have none.

    Returns
    -------
    expr : Expr
        The same with conversion factors written in.
    unit : astropy unit or None
        Unit of the result; None if unknown.
    """
    if unit_of is None:
        if not any(isinstance(node, Call) and node.function in _MAKES_UNITS for node in walk(expr)):
            return expr, None
        unit_of = _no_unit
    return _lower(expr, unit_of), infer_unit(expr, unit_of)


def _no_unit(name: Name) -> None:  # noqa: ARG001 - a cell has no unit until unit() gives one
    return None


def _lower(expr: Expr, unit_of: UnitOf) -> Expr:
    match expr:
        case Binary(operator=operator, left=left, right=right):
            low_left, low_right = _lower(left, unit_of), _lower(right, unit_of)
            if operator in _ADDITIVE and not _is_number(left) and not _is_number(right):
                low_right = _converted(
                    low_right, infer_unit(right, unit_of), infer_unit(left, unit_of)
                )
            return replace(expr, left=low_left, right=low_right)
        case Unary(operand=operand):
            return replace(expr, operand=_lower(operand, unit_of))
        case Index(item=item):
            return replace(expr, item=_lower(item, unit_of))
        case Call(function="unit", arguments=arguments):
            return _lower(arguments[0], unit_of)
        case Call(function=function, arguments=arguments):
            lowered = tuple(_lower(argument, unit_of) for argument in arguments)
            if function in _UNIT_INPUTS:
                target = parse_unit(_UNIT_INPUTS[function])
                first = _converted(lowered[0], infer_unit(arguments[0], unit_of), target)
                lowered = (first, *lowered[1:])
            return replace(expr, arguments=lowered)
        case _:
            return expr


def _is_number(expr: Expr) -> bool:
    return isinstance(expr, Literal) or (
        isinstance(expr, Unary) and isinstance(expr.operand, Literal)
    )


def _converted(expr: Expr, found: Any, wanted: Any) -> Expr:
    """Multiply by the factor that takes one unit to another, if both are known and differ."""
    if found is None or wanted is None or found == wanted:
        return expr
    if not convertible(found, wanted):
        # The static check let it pass: logarithmic units (mag(AB) - mag) combine as they are.
        return expr
    factor = conversion(found, wanted)
    if not isinstance(factor, float):
        return expr
    return Binary("*", expr, Literal(factor, expr.start, expr.end), expr.start, expr.end)
