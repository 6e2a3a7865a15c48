"""From one unit to another, and to the text of a unit in VOTable."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from astropile.vocabulary.unit_words import unit_words
from astropile.vocabulary.units import UnitTextError, parse_unit, physical_part

if TYPE_CHECKING:
    from astropy.units import UnitBase
    from numpy.typing import NDArray

__all__ = ["Converter", "conversion", "convertible", "vounit"]

Converter: TypeAlias = "Callable[[NDArray[Any]], NDArray[np.float64]]"


def conversion(from_unit: UnitBase | str, to_unit: UnitBase | str) -> Converter | float | None:
    """Return what turns numbers in one unit into numbers in another.

    Parameters
    ----------
    from_unit, to_unit : UnitBase or str
        Units, or their texts.

    Returns
    -------
    callable, float or None
        None if nothing changes; a factor; or, where a logarithm is involved, a function from an
        array of any shape to one of float64 (nan where the logarithm does not exist).

    Raises
    ------
    UnitTextError
        If a text is no unit, or the units are not convertible.

    Notes
    -----
    A maggy is the flux density of AB magnitude 0, 3630.78 Jy (Oke & Gunn 1983,
    doi:10.1086/160817; the rounded 3631 Jy would be off by 6e-5), so that nanomaggy, nJy and
    mag(AB) agree with each other. A plain ``mag`` has no zero point and becomes neither.

    Examples
    --------
    >>> conversion("nanomaggy", "nJy")
    3630.780547701
    >>> conversion("nanomaggy-2", "nJy-2") * 3630.780547701**2
    1.0
    >>> conversion("mag(AB)", "nanomaggy")([22.5, 20.0])
    array([ 1., 10.])
    >>> conversion("km / s", "km / s") is None
    True
    """
    start = parse_unit(from_unit) if isinstance(from_unit, str) else from_unit
    end = parse_unit(to_unit) if isinstance(to_unit, str) else to_unit
    if start == end:
        return None
    start, end = _absolute(start), _absolute(end)
    if not _related(start, end):
        what = f"{str(from_unit)!r} cannot become {str(to_unit)!r}"
        raise UnitTextError(what, hint=_reason(start, end))
    if physical_part(start) is start and physical_part(end) is end:
        factor = float(start.to(end))
        return None if factor == 1.0 else factor

    def convert(values: NDArray[Any]) -> NDArray[np.float64]:
        with np.errstate(divide="ignore", invalid="ignore"):
            numbers = start.to(end, np.asarray(values, dtype=np.float64))
        return np.asarray(numbers, dtype=np.float64)

    return convert


@lru_cache(maxsize=4096)
def convertible(from_unit: UnitBase | str, to_unit: UnitBase | str) -> bool:
    """Tell whether numbers in one unit can be turned into numbers in another.

    Parameters
    ----------
    from_unit, to_unit : UnitBase or str
        Units, or their texts.

    Returns
    -------
    bool
        False also where a text is no unit.
    """
    try:
        conversion(from_unit, to_unit)
    except UnitTextError:
        return False
    return True


def _absolute(unit: UnitBase) -> UnitBase:
    """Return a unit in which every maggy, whatever its power, is a flux density."""
    from astropy import units

    physical = physical_part(unit)
    parts = physical.decompose()
    powers = dict(zip(parts.bases, parts.powers, strict=True))
    if units.mgy not in powers:
        return unit
    power = powers[units.mgy]
    absolute = parts * units.ABflux**power / units.mgy**power
    return absolute if physical is unit else type(unit)(absolute)


def _related(start: UnitBase, end: UnitBase) -> bool:
    """Tell whether astropy converts between two units."""
    from astropy.units import UnitConversionError

    try:
        start.to(end, 1.0)
    except UnitConversionError:
        return False
    return True


def _reason(start: UnitBase, end: UnitBase) -> str:
    """Return why two units are not convertible, where it is a common slip."""
    if physical_part(start) is not start or physical_part(end) is not end:
        plain, other = (start, end) if physical_part(start) is start else (end, start)
        if str(plain) in ("mag", "dex"):
            return f"a plain {plain} has no zero point, so it is no {other}"
        return ""
    if _related(start**2, end):
        return "the square is missing"
    if _related(start**-2, end):
        return "an inverse variance is 1 / sigma ** 2"
    if _related(start**-1, end):
        return "it is the inverse"
    return ""


def vounit(text: str) -> str:
    """Return the text of a unit in VOTable, TAP and other formats of the Virtual Observatory.

    Parameters
    ----------
    text : str
        A unit as `parse_unit` takes it.

    Returns
    -------
    str
        VOUnit 1.0 (https://www.ivoa.net/documents/VOUnits/): ``km.s**-1``. Units the standard
        does not know are in quotes; nanomaggies are in uJy, the AB system of a magnitude is lost.

    Raises
    ------
    UnitTextError
        If the text is no unit, or a logarithm without a form in VOUnit.

    Examples
    --------
    >>> [vounit(text) for text in ("nanomaggy", "mag(AB)", "dex(cm/s2)", "electron / s")]
    ['3.63078uJy', 'mag', 'log(cm.s**-2)', "'electron'.s**-1"]
    """
    from astropy import units

    unit = parse_unit(text)
    if isinstance(unit, units.MagUnit):
        return "mag"
    if isinstance(unit, units.DexUnit):
        return f"log({_plain_vounit(unit.physical_unit)})"
    if isinstance(unit, units.LogUnit):
        what = f"unit {text!r} has no form in VOUnit"
        raise UnitTextError(what, hint="use mag or dex")
    return _plain_vounit(unit)


def _plain_vounit(unit: UnitBase) -> str:
    """Write scale, bases and powers."""
    from astropy import units

    scale = float(unit.scale) if isinstance(unit, units.CompositeUnit) else 1.0
    parts = []
    for base, power in zip(unit.bases, unit.powers, strict=True):
        if base.is_equivalent(units.mgy):
            one_ujy = float(base.to(units.mgy)) * float(units.ABflux.to(units.uJy))
            scale *= one_ujy ** float(power)
            parts.append(("uJy", power))
        else:
            parts.append((_base_vounit(base), power))
    number = "" if scale == 1.0 else f"{scale:.6g}"
    return number + ".".join(name if power == 1 else f"{name}**{power}" for name, power in parts)


def _base_vounit(base: UnitBase) -> str:
    """Return the name of a unit in VOUnit, in quotes if it has none."""
    accepted = unit_words().accepted.get(str(base))
    if accepted:
        return accepted.vounit
    try:
        return str(base.to_string("vounit", deprecations="silent"))
    except ValueError:
        return f"'{base}'"
