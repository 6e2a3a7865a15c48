"""Units of expressions, found before any data is read.

A cell has no unit until ``unit()`` gives one; what is not known absorbs. Constants are pure numbers
in products and powers, and take the unit of the other side everywhere else. An expression in which
no unit is known loads nothing of astropy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from astropile.expression.errors import ExpressionError
from astropile.expression.nodes import (
    Binary,
    Call,
    Expr,
    Index,
    Literal,
    LiteralList,
    Name,
    Unary,
    children,
)
from astropile.expression.unit_algebra import (
    COMPARISONS,
    CONSTANT,
    PLAIN,
    UNKNOWN,
    Found,
    UnitConflictError,
    add,
    as_unit,
    common,
    divide_whole,
    is_zero_pointed,
    known,
    multiply,
    negate,
    power,
    shown,
)
from astropile.expression.unit_rules import call_unit, wanted_units

if TYPE_CHECKING:
    from astropy.units import UnitBase

UnitOf: TypeAlias = "Callable[[Name], UnitBase | None]"


def infer_unit(expr: Expr, unit_of: UnitOf) -> UnitBase | None:
    """Return the unit of an expression.

    Parameters
    ----------
    expr : Expr
        A parsed expression.
    unit_of : callable
        Gives the unit of a name; None if it has none.

    Returns
    -------
    astropy unit or None
        None if the unit is not known: a cell without a tag takes part, or nothing but constants.
        Bools, texts and counts are dimensionless, or None if no unit occurs at all.

    Raises
    ------
    ExpressionError
        Units that do not go together, with the range of the smallest part that is wrong.

    Examples
    --------
    >>> from astropy import units as u
    >>> from astropile.expression import parse
    >>> infer_unit(parse("1 / noise ** 2"), lambda name: u.Jy)
    Unit("1 / Jy2")
    >>> infer_unit(parse("a + 2.5"), lambda name: None) is None
    True
    """
    inference = _Inference(unit_of)
    found = inference.of(expr)
    if found.kind == "known":
        return found.unit
    return as_unit(PLAIN) if found.kind == "plain" and inference.met_unit else None


def operand_units(expr: Binary | Call, unit_of: UnitOf) -> tuple[UnitBase | None, ...]:
    """Return the units into which operands must be converted before numbers are computed.

    Parameters
    ----------
    expr : Binary or Call
        An operation whose units :func:`infer_unit` accepts.
    unit_of : callable
        Gives the unit of a name; None if it has none.

    Returns
    -------
    tuple of (astropy unit or None)
        One for each side or argument; None where the numbers stay as they are.

    Examples
    --------
    >>> from astropy import units as u
    >>> from astropile.expression import parse
    >>> operand_units(parse("a + b"), lambda name: u.Jy if name.text == "a" else u.nJy)
    (None, Unit("Jy"))
    """
    inference = _Inference(unit_of)
    operands = list(children(expr))
    found = [inference.of(operand) for operand in operands]
    if not inference.met_unit:
        return (None,) * len(operands)
    wanted = wanted_units(expr, found)
    return tuple(
        target if part.kind == "known" and target is not None and target != part.unit else None
        for part, target in zip(found, wanted, strict=True)
    )


def check_conversion(
    expr: Expr, found: UnitBase | None, wanted: UnitBase, *, wanted_text: str = ""
) -> None:
    """Check that the value of an expression can become its leaf.

    Parameters
    ----------
    expr : Expr
        The expression, for the place of the error.
    found : astropy unit or None
        Its unit; None, unknown, can become anything.
    wanted : astropy unit
        Unit of the leaf.
    wanted_text : str, optional
        That unit as the survey writes it.

    Raises
    ------
    ExpressionError
        The units differ in dimension; the help names a forgotten square or zero point.

    Examples
    --------
    >>> from astropy import units as u
    >>> from astropile.expression import parse
    >>> check_conversion(parse("1 / noise"), u.Jy**-1, u.Jy**-2)
    Traceback (most recent call last):
    astropile.expression.errors.ExpressionError: '1 / Jy' cannot become '1 / Jy2'
    """
    from astropile.vocabulary import UnitTextError, conversion, convertible

    if found is None:
        return
    try:
        conversion(found, wanted)
    except UnitTextError as error:
        message = f"{shown(found)} cannot become '{wanted_text}'"
        if not wanted_text:
            message = f"{shown(found)} cannot become {shown(wanted)}"
        help_text = error.help
        is_quotient = isinstance(expr, Binary) and expr.operator == "/"
        if is_quotient and not is_zero_pointed(found) and convertible(found**2, wanted):
            help_text = "an inverse variance is 1 / sigma ** 2"
        raise ExpressionError(message, expr.start, expr.end, help_text) from None


@dataclass(slots=True)
class _Inference:
    """Finds units from the leaves of the tree up."""

    unit_of: UnitOf
    met_unit: bool = False

    def of(self, expr: Expr) -> Found:
        """Return what is known of the unit of an expression."""
        match expr:
            case Literal(value=value):
                found = _constant(value)
            case LiteralList(items=items):
                found = PLAIN if isinstance(items[0].value, str) else CONSTANT
            case Name():
                unit = self.unit_of(expr)
                found = UNKNOWN if unit is None else known(unit)
            case _:
                parts = [self.of(child) for child in children(expr)]
                try:
                    found = _combined(expr, parts)
                except UnitConflictError as error:
                    span = error.span or (expr.start, expr.end)
                    raise ExpressionError(error.message, *span, error.help) from None
        self.met_unit |= found.kind == "known"
        return found


def _constant(value: float | str | None) -> Found:
    if isinstance(value, (bool, str)):
        return PLAIN
    return CONSTANT if value is None else Found("constant", value=float(value))


def _combined(expr: Unary | Binary | Index | Call, parts: Sequence[Found]) -> Found:
    match expr:
        case Unary(operator="-"):
            return negate(parts[0])
        case Binary(operator="+" | "-" as operator):
            return add(operator, *parts)
        case Binary(operator="*" | "/" as operator):
            return multiply(operator, *parts)
        case Binary(operator="**"):
            return power(*parts)
        case Binary(operator="%" | "//" as operator):
            return divide_whole(operator, *parts)
        case Binary(operator=operator) if operator in COMPARISONS:
            common(parts, "compared")
            return PLAIN
        case Index():
            return parts[0]
        case Call():
            return call_unit(expr, parts)
        case _:
            return PLAIN
