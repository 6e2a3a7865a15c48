"""Units are resolved when a plan is compiled: conversions become factors in the expression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from astropile.expression import (
    Binary,
    Call,
    Expr,
    Index,
    Literal,
    Name,
    Unary,
    infer_unit,
    operand_units,
    walk,
)
from astropile.vocabulary import conversion, convertible

if TYPE_CHECKING:
    from astropy.units import UnitBase

UnitOf = Callable[[Name], "UnitBase | None"]
#: Calls that make a unit out of numbers without one.
_MAKES_UNITS = {"unit", "ab_mag", "ab_flux", "air_to_vacuum", "vacuum_to_air"}


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


def _no_unit(name: Name) -> None:
    return None


def _lower(expr: Expr, unit_of: UnitOf) -> Expr:
    match expr:
        case Call(function="unit", arguments=arguments):
            return _lower(arguments[0], unit_of)
        case Binary(left=left, right=right):
            left, right = _operands(expr, (left, right), unit_of)
            return replace(expr, left=left, right=right)
        case Call(arguments=arguments):
            return replace(expr, arguments=_operands(expr, arguments, unit_of))
        case Unary(operand=operand):
            return replace(expr, operand=_lower(operand, unit_of))
        case Index(item=item):
            return replace(expr, item=_lower(item, unit_of))
        case _:
            return expr


def _operands(expr: Binary | Call, operands: tuple[Expr, ...], unit_of: UnitOf) -> tuple[Expr, ...]:
    """Lower the operands, and convert those whose unit is not the one the operation needs."""
    targets = operand_units(expr, unit_of)
    return tuple(
        _lower(operand, unit_of)
        if target is None
        else _converted(_lower(operand, unit_of), infer_unit(operand, unit_of), target)
        for operand, target in zip(operands, targets, strict=True)
    )


def _converted(expr: Expr, found: UnitBase | None, wanted: UnitBase) -> Expr:
    """Multiply by the factor that takes one unit to another."""
    if found is None or not convertible(found, wanted):
        # The static check let it pass: logarithmic units (mag(AB) - mag) combine as they are.
        return expr
    factor = conversion(found, wanted)
    if not isinstance(factor, float):
        return expr
    return Binary("*", expr, Literal(factor, expr.start, expr.end), expr.start, expr.end)
