"""The radius of a match: one for all rows, or one for each left row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from astropile.errors import MatchError, MatchOptionError
from astropile.sky.index import ARCSEC_PER_RADIAN, HALF_CIRCLE_ARCSEC, chord_squared_limit
from astropile.sky.positions import Floats, read_option

__all__ = ["Limit", "chord_squared_limits", "read_limit"]

NO_PAIR = -1.0


@dataclass(frozen=True, slots=True)
class Limit:
    """Greatest squared chord of a pair.

    Attributes
    ----------
    greatest : float
        That of all rows, or the greatest of the rows.
    rows : ndarray of float64, shape (left rows,) or (0,)
        That of each left row, -1 where nothing is near enough; empty if all have the same.
    by_row : bool
        Whether each left row has its own.
    """

    greatest: float
    rows: Floats
    by_row: bool

    @property
    def both(self) -> tuple[float, Floats]:
        """What the compiled searches take."""
        return self.greatest, self.rows

    def require_rows(self, count: int) -> None:
        """Refuse radii of another number of rows.

        Raises
        ------
        MatchError
            There is not one for each left row.
        """
        if self.by_row and len(self.rows) != count:
            what = f"radius_arcsec has {len(self.rows)} values for {count} left rows"
            raise MatchOptionError(what, hint="give one number, or one for each left row")


def read_limit(radius_arcsec: Any) -> Limit:
    """Read a radius as users give it.

    Parameters
    ----------
    radius_arcsec : float or array_like, shape (n,), or astropy Quantity
        Arcseconds, or any angle with a unit.

    Raises
    ------
    MatchError
        It is no angle, or none that a match can have.
    """
    value = read_option(radius_arcsec, "radius_arcsec", unit="arcsec")
    if value.ndim == 0:
        return Limit(chord_squared_limit(float(value)), np.empty(0), by_row=False)
    if value.ndim > 1:
        what = f"radius_arcsec has shape {value.shape}; expected one number, or one a left row"
        raise MatchOptionError(what, hint="write radius_arcsec=1.0")
    limits = chord_squared_limits(value)
    return Limit(float(limits.max(initial=NO_PAIR)), limits, by_row=True)


def chord_squared_limits(radius_arcsec: Floats) -> Floats:
    """Return the greatest squared chord within each radius; see `chord_squared_limit`.

    Parameters
    ----------
    radius_arcsec : ndarray of float64, shape (n,)
        NaN: nothing is near enough, which is -1. 0: only what is at the same place.

    Raises
    ------
    MatchError
        If a radius is negative, or more than 180 degrees.

    Examples
    --------
    >>> chord_squared_limits(np.array([0.0, 216000.0, float("nan")])).round(12).tolist()
    [0.0, 1.0, -1.0]
    """
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero((radius_arcsec < 0.0) | (radius_arcsec > HALF_CIRCLE_ARCSEC))
    if len(bad):
        first = bad[0]
        what = (
            f"{len(bad)} of {len(radius_arcsec)} radii are none, the first in row {first}: "
            f"{radius_arcsec[first]} arcsec; expected 0 to {HALF_CIRCLE_ARCSEC:.0f} (180 degrees)"
        )
        raise MatchError(what, hint="make them null (NaN) for rows that are to have no pair")
    chord = 2.0 * np.sin(radius_arcsec / ARCSEC_PER_RADIAN / 2.0)
    limits = np.asarray(chord * chord)
    limits[radius_arcsec == HALF_CIRCLE_ARCSEC] = chord_squared_limit(HALF_CIRCLE_ARCSEC)
    limits[np.isnan(limits)] = NO_PAIR
    return limits
