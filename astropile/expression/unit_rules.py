"""Units of functions: what each rule of the table of functions means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from astropile.expression.functions import FUNCTIONS
from astropile.expression.nodes import Binary, Call, Literal
from astropile.expression.unit_algebra import (
    COMPARISONS,
    CONSTANT,
    PLAIN,
    UNKNOWN,
    Found,
    UnitConflictError,
    as_unit,
    common,
    is_convertible,
    is_dimensionless,
    is_logarithmic,
    is_zero_pointed,
    known,
    shown,
    square_root,
)

if TYPE_CHECKING:
    from astropy.units import UnitBase

#: Which arguments must be of one unit.
_ALIKE: Final = {
    "common": slice(None),
    "choice": slice(1, 3),
    "pad": slice(0, 4, 3),
    "grid": slice(1, 3),
}


def call_unit(expr: Call, parts: Sequence[Found]) -> Found:
    """Return the unit of a call, given what is known of its arguments.

    Raises
    ------
    UnitConflictError
        The function cannot take these units.
    """
    rule = FUNCTIONS[expr.function].unit_rule
    if rule in _ALIKE:
        return common(parts[_ALIKE[rule]], f"mixed in {expr.function}")
    if rule == "none":
        return PLAIN
    if rule == "unknown":
        return UNKNOWN
    return _OF_FIRST[rule](expr, parts[0])


def wanted_units(expr: Binary | Call, parts: Sequence[Found]) -> list[UnitBase | None]:
    """Return the unit that each operand must have before numbers are computed; None for any."""
    nothing: list[UnitBase | None] = [None] * len(parts)
    if isinstance(expr, Binary):
        if expr.operator == "**":
            base, exponent = parts
            is_fixed = exponent.value is not None  # then the unit of the base is raised with it
            return [None if is_fixed else _number_unit(base), _number_unit(exponent)]
        if expr.operator in COMPARISONS or expr.operator in ("+", "-", "//", "%"):
            return [_shared_unit(parts)] * 2
        return nothing
    rule = FUNCTIONS[expr.function].unit_rule
    if rule in _ALIKE:
        alike = _ALIKE[rule]
        nothing[alike] = [_shared_unit(parts[alike])] * len(parts[alike])
    elif rule == "log":
        nothing[0] = _number_unit(parts[0])
    elif rule in _INPUT and parts[0].kind == "known":
        nothing[0] = _INPUT[rule](parts[0])
    return nothing


def _shared_unit(parts: Sequence[Found]) -> UnitBase | None:
    """Return the unit that parts have in common, if numbers can be converted to it."""
    if any(part.kind == "known" and is_zero_pointed(part.unit) for part in parts):
        return None
    found = common(parts, "mixed")
    return as_unit(found) if found.kind in ("plain", "known") else None


def _number_unit(part: Found) -> UnitBase | None:
    return as_unit(PLAIN) if part.kind == "known" and is_dimensionless(part.unit) else None


def _same(expr: Call, part: Found) -> Found:
    return CONSTANT if part.kind == "constant" else part


def _logarithm(expr: Call, part: Found) -> Found:
    if part.kind != "known":
        return _same(expr, part)
    if is_dimensionless(part.unit) or is_logarithmic(part.unit):
        return PLAIN
    message = f"{expr.function} takes a pure number, not {shown(part.unit)}"
    is_flux = is_convertible(part.unit, _jansky())
    help_text = "ab_mag(x) gives the magnitude" if is_flux else "divide by a value of this unit"
    raise UnitConflictError(message, help_text)


def _of_angle(expr: Call, part: Found) -> Found:
    if part.kind != "known":
        return _same(expr, part)
    if is_dimensionless(part.unit) or part.unit.is_equivalent("rad"):
        return PLAIN
    message = f"{expr.function} takes an angle, not {shown(part.unit)}"
    raise UnitConflictError(message)


def _tagged(expr: Call, part: Found) -> Found:
    from astropile.vocabulary import UnitTextError, parse_unit

    _, text = expr.arguments
    assert isinstance(text, Literal)  # noqa: S101 - the parser sees to it
    try:
        unit = parse_unit(str(text.value))
    except UnitTextError as error:
        span = (text.start, text.end)
        raise UnitConflictError(error.message, error.help, span=span) from None
    if part.kind == "known" and part.unit != unit and not is_dimensionless(part.unit):
        message = f"the value is in {shown(part.unit)} already"
        raise UnitConflictError(message, "the leaf's unit is reached without unit()")
    return known(unit)


def _ab_mag(expr: Call, part: Found) -> Found:
    _need_unit(expr, part, _jansky(), "a flux density a frequency", "unit(x, 'nJy')")
    from astropy.units import ABmag

    return known(ABmag)


def _ab_flux(expr: Call, part: Found) -> Found:
    from astropy.units import ABmag, mag

    if part.kind == "known" and part.unit not in (ABmag, mag) and not is_dimensionless(part.unit):
        message = f"ab_flux takes an AB magnitude, not {shown(part.unit)}"
        raise UnitConflictError(message)
    return known(_jansky())


def _wavelength(expr: Call, part: Found) -> Found:
    _need_unit(expr, part, _angstrom(), "a wavelength", "unit(x, 'Angstrom')")
    return known(_angstrom())


def _need_unit(expr: Call, part: Found, unit: Any, what: str, tag: str) -> None:
    """Refuse a value without unit where the result would depend on a guess."""
    if part.kind != "known":
        message = f"{expr.function} needs a value with a unit"
        raise UnitConflictError(message, f"say it: {expr.function}({tag})")
    if not is_convertible(part.unit, unit):
        message = f"{expr.function} takes {what}, not {shown(part.unit)}"
        raise UnitConflictError(message)


def _jansky() -> Any:
    from astropy.units import Jy

    return Jy


def _angstrom() -> Any:
    from astropy.units import Angstrom

    return Angstrom


def _radian(part: Found) -> Any:
    from astropy.units import rad

    return rad if not is_dimensionless(part.unit) else as_unit(PLAIN)


_OF_FIRST: Final[dict[str, Callable[[Call, Found], Found]]] = {
    "first": _same,
    "sqrt": lambda _, part: square_root(part),
    "log": _logarithm,
    "angle": _of_angle,
    "tag": _tagged,
    "ab_mag": _ab_mag,
    "ab_flux": _ab_flux,
    "wavelength": _wavelength,
}
_INPUT: Final[dict[str, Callable[[Found], Any]]] = {
    "angle": _radian,
    "ab_mag": lambda _: _jansky(),
    "wavelength": lambda _: _angstrom(),
}
