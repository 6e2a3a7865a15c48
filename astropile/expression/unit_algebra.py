"""Arithmetic of units, one operation at a time; only what has a known unit loads astropy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

COMPARISONS: Final = frozenset(("==", "!=", "<", "<=", ">", ">=", "in"))
_LARGEST_EXPONENT: Final = 64.0


class UnitConflictError(Exception):
    """Units that do not go together; the expression adds the place."""

    def __init__(
        self, message: str, help_text: str = "", *, span: tuple[int, int] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.help = help_text
        self.span = span


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of the unit of a part of an expression.

    Attributes
    ----------
    kind : {'unknown', 'constant', 'plain', 'known'}
        ``constant``: made of literals, takes the unit that its place wants. ``plain``: surely
        without a unit (a bool, a text, a count).
    unit : astropy unit or None
        The unit, if known.
    value : float or None
        The number, if it is a constant and one number.
    """

    kind: Literal["unknown", "constant", "plain", "known"]
    unit: Any = None
    value: float | None = None


UNKNOWN: Final = Found("unknown")
PLAIN: Final = Found("plain")
CONSTANT: Final = Found("constant")

_FOLD: Final[dict[str, Callable[[float, float], float]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": math.pow,
}


def fold(operator: str, left: Found, right: Found) -> Found:
    """Compute with two constants, as far as they are numbers."""
    if left.value is None or right.value is None:
        return CONSTANT
    try:
        return Found("constant", value=_FOLD[operator](left.value, right.value))
    except (ArithmeticError, ValueError):
        return CONSTANT


def known(unit: Any) -> Found:
    """Return what is found of something with a unit; ``mag(1)`` is ``mag``."""
    if is_zero_pointed(unit) and _is_one(unit.physical_unit):
        return Found("known", unit.function_unit)
    return Found("known", unit)


def as_unit(found: Found) -> Any:
    """Return the unit of something known or plain."""
    if found.kind == "known":
        return found.unit
    from astropy.units import dimensionless_unscaled

    return dimensionless_unscaled


def shown(unit: Any) -> str:
    """Return a unit as messages show it."""
    return f"'{text}'" if (text := unit.to_string()) else "no unit"


def is_zero_pointed(unit: Any) -> bool:
    """Whether a unit is the logarithm of another one: ``mag(AB)``, ``dex(cm / s2)``."""
    from astropy.units import FunctionUnitBase

    return isinstance(unit, FunctionUnitBase)


def is_logarithmic(unit: Any) -> bool:
    """Whether a unit counts magnitudes, dex or decibels, with or without a zero point."""
    from astropy.units import dex

    return bool((unit.function_unit if is_zero_pointed(unit) else unit).is_equivalent(dex))


def is_dimensionless(unit: Any) -> bool:
    """Whether a unit is a pure number, maybe scaled, like a percent."""
    from astropy.units import dimensionless_unscaled

    return not is_zero_pointed(unit) and bool(unit.is_equivalent(dimensionless_unscaled))


def is_convertible(found: Any, wanted: Any) -> bool:
    """Whether operands can be brought to one unit by a factor; flux and magnitude cannot."""
    from astropile.vocabulary import convertible

    if is_zero_pointed(found) != is_zero_pointed(wanted):
        return False
    return convertible(found, wanted)


def _is_one(unit: Any) -> bool:
    return bool(unit == as_unit(PLAIN))


def common(parts: Sequence[Found], verb: str) -> Found:
    """Return what parts have in common that must be of one unit.

    Raises
    ------
    UnitConflictError
        Two known units cannot be converted; those with a zero point must be equal.
    """
    certain = [part for part in parts if part.kind in ("plain", "known")]
    if any(part.kind == "known" for part in certain):
        first = as_unit(certain[0])
        for other in map(as_unit, certain[1:]):
            if other != first and (is_zero_pointed(first) or not is_convertible(other, first)):
                message = f"{shown(first)} and {shown(other)} cannot be {verb}"
                raise UnitConflictError(message)
    if any(part.kind == "unknown" for part in parts):
        return UNKNOWN
    if any(part.kind == "plain" for part in certain):
        return PLAIN  # beside a plain number even a percent becomes one
    return certain[0] if certain else CONSTANT


def add(operator: str, left: Found, right: Found) -> Found:
    """Return the unit of a sum or difference: that of the left side."""
    verb = "added" if operator == "+" else "subtracted"
    sides = (left, right)
    if all(side.kind == "constant" for side in sides):
        return fold(operator, left, right)
    zero_pointed = [side for side in sides if side.kind == "known" and is_zero_pointed(side.unit)]
    if not zero_pointed or any(side.kind in ("unknown", "constant") for side in sides):
        return common(sides, verb)
    first, second = as_unit(left), as_unit(right)
    message = f"{shown(first)} and {shown(second)} cannot be {verb}"
    try:
        # As in astropy, physical units are divided: mag(AB) - mag(AB) is mag, a colour.
        total = 1 * first + 1 * second if operator == "+" else 1 * first - 1 * second
    except _unit_errors():
        raise UnitConflictError(message) from None
    if _function(first) != _function(second):
        raise UnitConflictError(message)
    if _is_nonsense(total.unit, first, second):
        raise UnitConflictError(message, "magnitudes do not add up; take fluxes with ab_flux(x)")
    return known(total.unit)


def _is_nonsense(unit: Any, *operands: Any) -> bool:
    """Whether magnitudes got a zero point that none of them had; dex of products are fine."""
    from astropy.units import mag

    physical = [operand.physical_unit for operand in operands if is_zero_pointed(operand)]
    is_new = unit.physical_unit not in physical and not _is_one(unit.physical_unit)
    return is_new and bool(unit.function_unit == mag)


def _function(unit: Any) -> Any:
    return unit.function_unit if is_zero_pointed(unit) else unit


def _unit_errors() -> tuple[type[Exception], ...]:
    from astropy.units import UnitsError

    return UnitsError, ArithmeticError


def multiply(operator: str, left: Found, right: Found) -> Found:
    """Return the unit of a product or quotient; constants are pure numbers."""
    kinds = {left.kind, right.kind}
    if kinds == {"constant"}:
        return fold(operator, left, right)
    if "known" not in kinds or "unknown" in kinds:
        return UNKNOWN if "unknown" in kinds else PLAIN
    first, second = as_unit(left), as_unit(right)
    for unit in (first, second):
        refuse_zero_point(unit, "multiplied" if operator == "*" else "divided")
    if operator == "*" and (right.kind != "known" or left.kind != "known"):
        return left if left.kind == "known" else right
    try:
        return known(first * second if operator == "*" else first / second)
    except _unit_errors():
        message = f"{shown(first)} and {shown(second)} make a unit out of range"
        raise UnitConflictError(message) from None


def refuse_zero_point(unit: Any, verb: str) -> None:
    """Refuse arithmetic that has no meaning for magnitudes with a zero point."""
    if is_zero_pointed(unit):
        help_text = "take the flux with ab_flux(x), or a difference of magnitudes"
        message = f"{shown(unit)} cannot be {verb}"
        raise UnitConflictError(message, help_text)


def power(base: Found, exponent: Found) -> Found:
    """Return the unit of a power."""
    if exponent.kind in ("known", "plain"):
        unit = as_unit(exponent) if exponent.kind == "known" else None
        if unit is not None and not is_dimensionless(unit) and not is_logarithmic(unit):
            message = f"an exponent is a pure number, not in {shown(unit)}"
            raise UnitConflictError(message)
    if base.kind == "known" and exponent.value is not None:
        return _power(base.unit, exponent.value)
    if base.kind == "known" and not is_dimensionless(base.unit):
        message = f"a power of {shown(base.unit)} needs a number as exponent"
        raise UnitConflictError(message, "write the exponent as a number")
    if base.kind == exponent.kind == "constant":
        return fold("**", base, exponent)
    if "unknown" in (base.kind, exponent.kind):
        return UNKNOWN
    return PLAIN


def _power(unit: Any, exponent: float) -> Found:
    refuse_zero_point(unit, "raised to a power")
    try:
        if not abs(exponent) <= _LARGEST_EXPONENT:  # nor nan
            raise OverflowError
        return known(unit**exponent)
    except _unit_errors():
        message = f"{shown(unit)} to the power {exponent:g} is out of range"
        raise UnitConflictError(message) from None


def divide_whole(operator: str, left: Found, right: Found) -> Found:
    """Return the unit of ``//``, which has none, or of the rest ``%``, which has that of both."""
    if left.kind == right.kind == "constant":
        return fold(operator, left, right)
    found = common((left, right), "divided")
    return PLAIN if operator == "//" and found.kind != "unknown" else found


def negate(part: Found) -> Found:
    """Return the unit of ``-x``."""
    if part.kind == "known":
        refuse_zero_point(part.unit, "negated")
    return part if part.value is None else Found("constant", value=-part.value)


def square_root(part: Found) -> Found:
    """Return the unit of a square root."""
    return Found(part.kind) if part.kind != "known" else _power(part.unit, 0.5)
