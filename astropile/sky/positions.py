"""Positions as users hold them -> contiguous float64 degrees, with null as NaN."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from astropile.errors import MatchError, MatchOptionError

__all__ = [
    "Floats",
    "read_angles",
    "read_option",
    "read_positions",
    "refuse_faults",
    "valid_positions",
]

Floats: TypeAlias = NDArray[np.float64]

# Degrees; the reduction by quarter turns is exact up to here and far beyond.
LARGEST_RA = 1e9


def read_angles(values: Any, name: str, *, unit: str = "deg") -> Floats:
    """Return angles as a float64 array in ``unit``, masked elements as NaN.

    Parameters
    ----------
    values : sequence, ndarray, masked array, astropy Quantity or Column
        Anything with a ``unit`` is converted; plain numbers are taken to be in `unit`.
    name : str
        The argument's name, for the message.
    unit : str
        The unit returned.

    Raises
    ------
    MatchError
        If the values are no numbers or their unit is no angle.
    """
    given = getattr(values, "unit", None)
    mask: Any = getattr(values, "mask", None)
    masked = isinstance(mask, (np.ndarray, np.bool_)) and np.any(mask)  # in pandas it is a method
    hint = f"give numbers in {unit}, or a Quantity of an angle"
    try:
        plain = np.asarray(getattr(values, "unmasked", values))  # astropy keeps its masks apart
        text = plain.dtype.kind == "O" and not {str, bytes}.isdisjoint(map(type, plain.flat))
        # Text, complex numbers, truth and dates would be cast without a word.
        if plain.dtype.kind in "fiuO" and not text:
            angles = plain.astype(np.float64, copy=False)
            if given is not None:
                angles = np.asarray(given.to(unit, angles), dtype=np.float64)
            return np.where(mask, np.nan, angles) if masked else angles
    except (TypeError, ValueError, AttributeError) as error:
        what = f"{name} is no array of angles: {error}"
        raise MatchError(what, hint=hint) from error
    what = f"{name} is no array of angles: it holds {plain.dtype}"
    raise MatchError(what, hint=hint)


def read_option(value: Any, name: str, *, unit: str) -> Floats:
    """Return an option of a match that is an angle, or one of each row; see `read_angles`.

    Raises
    ------
    MatchOptionError
        It is none.
    """
    try:
        return read_angles(value, name, unit=unit)
    except MatchError as error:
        raise MatchOptionError(error.what, hint=error.hint) from error


def read_positions(ra: Any, dec: Any, *, side: str = "") -> tuple[Floats, Floats]:
    """Return right ascension and declination as read-only contiguous degrees of one length.

    Raises
    ------
    MatchError
        If they are no angles, not one-dimensional, or of different length.
    """
    ra_name, dec_name = (f"{side}_ra_deg", f"{side}_dec_deg") if side else ("ra_deg", "dec_deg")
    ra_deg, dec_deg = read_angles(ra, ra_name), read_angles(dec, dec_name)
    if ra_deg.ndim != 1 or ra_deg.shape != dec_deg.shape:
        what = (
            f"{ra_name} has shape {ra_deg.shape} and {dec_name} {dec_deg.shape}; "
            "expected two one-dimensional arrays of the same length"
        )
        raise MatchOptionError(what, hint="give one number of each for every object")
    with np.errstate(invalid="ignore"):
        if np.fmax.reduce(np.abs(ra_deg), initial=0.0) > LARGEST_RA:
            ra_deg = np.where(np.isfinite(ra_deg), np.mod(ra_deg, 360.0), ra_deg)
    return _frozen(ra_deg), _frozen(dec_deg)


def valid_positions(ra_deg: Any, dec_deg: Any) -> NDArray[np.bool_]:
    """Return True where a position is one on the sky.

    Parameters
    ----------
    ra_deg, dec_deg : array_like, shape (n,)
        Degrees, or astropy Quantity of any angle.

    Returns
    -------
    ndarray of bool, shape (n,)
        Both finite and ``-90 <= dec_deg <= 90``; any finite right ascension is an angle.

    Examples
    --------
    >>> valid_positions([10.0, 370.0, 10.0], [-90.0, 0.0, 90.5]).tolist()
    [True, True, False]
    """
    ra, dec = read_positions(ra_deg, dec_deg)
    return np.isfinite(ra) & (np.abs(dec) <= 90.0)


def refuse_faults(ra_deg: Floats, dec_deg: Floats, *, side: str = "") -> None:
    """Raise if a position is neither on the sky nor null (NaN).

    Raises
    ------
    MatchError
        With the number of such rows and the first of them.
    """
    null = np.isnan(ra_deg) | np.isnan(dec_deg)
    faults = np.flatnonzero(~null & ~(np.isfinite(ra_deg) & (np.abs(dec_deg) <= 90.0)))
    if len(faults):
        first = faults[0]
        example = f"row {first}: ra {ra_deg[first]}, dec {dec_deg[first]} deg"
        what = (
            f"{len(faults)} of {len(ra_deg)} positions are not on the sky, the first in {example}; "
            "expected -90 <= dec <= 90 and a finite ra"
        )
        hint = "select rows with astropile.sky.valid_positions, or make the values null (NaN)"
        raise MatchError(what, where=side, hint=hint)


def _frozen(values: Floats) -> Floats:
    """Return a read-only contiguous view, so that compiled functions meet one type only."""
    view = np.require(values, np.float64, ["C", "A"]).view(np.ndarray)
    view.flags.writeable = False
    return view
