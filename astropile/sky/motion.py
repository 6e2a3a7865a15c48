"""Positions at another time: uniform motion in space, seen from the Sun."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.sky.index import normalised_ra
from astropile.sky.positions import Floats, read_positions, refuse_faults
from astropile.sky.threads import run_ranges, thread_count

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["move_positions", "position_angle_deg"]

RADIANS = math.pi / 180.0
# What is made on the way, for so many rows, stays in the processor's cache.
PIECE = 16_384
MAS = RADIANS / 3.6e6
#: One astronomical unit a Julian year, in km/s: radial velocity over distance as an angle a year.
AU_PER_YEAR_KM_S = 149_597_870.7 / (365.25 * 86_400.0)


def move_positions(
    ra_deg: Any,
    dec_deg: Any,
    *,
    pmra_mas_yr: Any,
    pmdec_mas_yr: Any,
    years: Any,
    parallax_mas: Any = None,
    radial_velocity_km_s: Any = None,
) -> tuple[Floats, Floats]:
    """Move positions along the great circles of their proper motions.

    The direction at a time t later is ``r + t (pmra p + pmdec q) + t z r``, brought to unit length:
    r is the direction, p and q are the unit vectors to the east and the north there, and z is
    parallax times radial velocity (the perspective acceleration). Exact at the poles and for any
    angle; light-time effects are left out (below 0.01 arcsec in a century, for the fastest stars).

    Parameters
    ----------
    ra_deg, dec_deg : array_like, shape (n,)
        Degrees.
    pmra_mas_yr, pmdec_mas_yr : array_like, shape (n,)
        Proper motion in mas/yr; in right ascension along the great circle, times cos(dec).
        A null (NaN) in either leaves the position as it is.
    years : float or array_like, shape (n,)
        Julian years to move by, forward or back. Null (NaN): the position stays.
    parallax_mas, radial_velocity_km_s : array_like, shape (n,), optional
        Together they give the perspective acceleration; null or a parallax below 0: none.

    Returns
    -------
    ra_deg, dec_deg : ndarray of float64, shape (n,)
        Rows that do not move are returned bit by bit as they were.

    Raises
    ------
    MatchError
        If a position is not on the sky.

    References
    ----------
    The Hipparcos and Tycho Catalogues, ESA SP-1200 (1997), volume 1, section 1.5.5.

    Examples
    --------
    >>> ra, dec = move_positions([10.0], [0.0], pmra_mas_yr=[3.6e6], pmdec_mas_yr=[0.0], years=1.0)
    >>> ra.round(4).tolist(), dec.tolist()  # 1 radian of tangent for each of angle
    ([10.9999], [0.0])
    """
    ra, dec = read_positions(ra_deg, dec_deg)
    refuse_faults(ra, dec)
    east, north = (np.asarray(pm, dtype=np.float64) * MAS for pm in (pmra_mas_yr, pmdec_mas_yr))
    time = np.broadcast_to(np.asarray(years, dtype=np.float64), ra.shape)
    moves = np.isfinite(ra) & np.isfinite(dec) & np.isfinite(east) & np.isfinite(north)
    moves &= np.isfinite(time) & (time != 0.0) & ((east != 0.0) | (north != 0.0))
    new_ra, new_dec = np.array(ra), np.array(dec)
    rows = np.flatnonzero(moves)
    if len(rows):
        radial = _radial(parallax_mas, radial_velocity_km_s, rows)
        new_ra[rows], new_dec[rows] = _moved(
            ra[rows], dec[rows], east[rows] * time[rows], north[rows] * time[rows],
            1.0 + radial * time[rows],
        )  # fmt: skip
    return new_ra, new_dec


def _radial(parallax_mas: Any, velocity_km_s: Any, rows: NDArray[np.int64]) -> Floats:
    """Return the growth of the distance in distances a year, 0 where it is not known."""
    if parallax_mas is None or velocity_km_s is None:
        return np.zeros(len(rows))
    parallax = np.asarray(parallax_mas, dtype=np.float64)[rows] * MAS
    growth = np.asarray(velocity_km_s, dtype=np.float64)[rows] * parallax / AU_PER_YEAR_KM_S
    return np.where(np.isfinite(growth) & (parallax > 0.0), growth, 0.0)


def _moved(
    ra_deg: Floats, dec_deg: Floats, east: Floats, north: Floats, outward: Floats
) -> tuple[Floats, Floats]:
    """Return the directions of vectors given by their parts to the east, the north and outward."""
    dec = dec_deg * RADIANS
    # In the frame of the meridian of the old place, so that nothing is lost of right ascension.
    x = outward * np.cos(dec) - north * np.sin(dec)
    z = outward * np.sin(dec) + north * np.cos(dec)
    new_ra = ra_deg + np.arctan2(east, x) / RADIANS
    new_dec = np.arctan2(z, np.hypot(x, east)) / RADIANS
    return normalised_ra(new_ra), new_dec


def position_angle_deg(ra_deg: Any, dec_deg: Any, other_ra_deg: Any, other_dec_deg: Any) -> Floats:
    """Return the direction from one position to another, from north to east.

    Parameters
    ----------
    ra_deg, dec_deg : array_like, shape (n,)
        Degrees.
    other_ra_deg, other_dec_deg : array_like, shape (n,)
        Where one looks to.

    Returns
    -------
    ndarray of float64, shape (n,)
        0 (north) to 360 degrees, 90 is east; 0 for equal positions, NaN for null ones.

    Examples
    --------
    >>> position_angle_deg([0.0, 0.0], [0.0, 0.0], [1.0, 359.0], [0.0, 0.0]).tolist()
    [90.0, 270.0]
    """
    ra, dec = read_positions(ra_deg, dec_deg)
    other_ra, other_dec = read_positions(other_ra_deg, other_dec_deg)
    angle = np.empty(len(ra))

    from astropile.sky.bearing import fill_bearings

    def fill(low: int, high: int) -> None:
        rows = slice(low, high)
        fill_bearings(ra[rows], dec[rows], other_ra[rows], other_dec[rows], angle[rows])

    run_ranges(fill, len(ra), thread_count(None), smallest=PIECE)
    return angle
