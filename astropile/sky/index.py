"""HEALPix numbers, unit vectors and separations of positions in degrees."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.errors import MatchError, MatchOptionError
from astropile.sky.positions import Floats, read_positions, refuse_faults
from astropile.sky.threads import run_ranges, thread_count

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "chord_squared_limit",
    "healpix_index",
    "normalised_ra",
    "separation_arcsec",
    "unit_vectors",
]

ARCSEC_PER_RADIAN = 3600.0 * 180.0 / math.pi
HALF_CIRCLE_ARCSEC = 180.0 * 3600.0
DEEPEST_ORDER = 29
# healpy makes temporaries of its whole input; pieces of this size stay in the processor's cache.
PIECE = 65_536


def normalised_ra(ra_deg: Any) -> Floats:
    """Return right ascension in [0, 360) degrees.

    Examples
    --------
    >>> normalised_ra(np.array([-10.0, 360.0, 725.0])).tolist()
    [350.0, 0.0, 5.0]
    """
    ra = np.asarray(ra_deg, dtype=np.float64)
    if ra.size and not (ra.min() >= 0.0 and ra.max() < 360.0):
        ra = np.mod(ra, 360.0)
        ra[ra == 360.0] = 0.0  # the remainder of -1e-20 rounds up to 360
    return ra


def healpix_index(
    ra_deg: Any, dec_deg: Any, *, order: int = DEEPEST_ORDER, threads: int | None = None
) -> NDArray[np.int64]:
    """Return the nested HEALPix pixel of each position.

    Parameters
    ----------
    ra_deg, dec_deg : array_like, shape (n,)
        Degrees (ICRS), or astropy Quantity of any angle.
    order : int
        0 to 29; there are ``12 * 4**order`` pixels.
    threads : int, optional
        Default: one a core.

    Returns
    -------
    ndarray of int64, shape (n,)

    Raises
    ------
    MatchError
        If a position is null or not on the sky, or the order is out of range.

    References
    ----------
    Gorski et al. 2005, ApJ 622, 759, doi:10.1086/427976; the geometry is healpy's.

    Examples
    --------
    >>> healpix_index([0.0, 180.0], [90.0, 0.0], order=1).tolist()
    [3, 25]
    """
    if type(order) is not int or not 0 <= order <= DEEPEST_ORDER:
        what = f"HEALPix order {order!r}; expected an integer from 0 to {DEEPEST_ORDER}"
        raise MatchOptionError(what, hint="leave it out for 29, the order of piles")
    ra, dec = read_positions(ra_deg, dec_deg)
    refuse_faults(ra, dec)
    if np.isnan(ra).any() or np.isnan(dec).any():
        what = "a null position (NaN) has no HEALPix pixel"
        raise MatchError(what, hint="select rows with astropile.sky.valid_positions first")
    import healpy  # here, because it takes half a second

    pixels = np.empty(len(ra), dtype=np.int64)

    def fill(low: int, high: int) -> None:
        for start in range(low, high, PIECE):
            piece = slice(start, min(start + PIECE, high))
            lon, lat = normalised_ra(ra[piece]), dec[piece]
            pixels[piece] = healpy.ang2pix(1 << order, lon, lat, nest=True, lonlat=True)

    run_ranges(fill, len(ra), thread_count(threads), smallest=PIECE)
    return pixels


def unit_vectors(ra_deg: Any, dec_deg: Any) -> Floats:
    """Return the Cartesian unit vector of each position.

    Angles are reduced by quarter turns before anything is rounded, so a component is wrong by
    about 1e-16 (2e-11 arcsec) wherever it lies, and -10 and 350 degrees are the same.

    Parameters
    ----------
    ra_deg, dec_deg : array_like, shape (n,)
        Degrees, or astropy Quantity of any angle.

    Returns
    -------
    ndarray of float64, shape (n, 3)
        NaN for a null position.

    Raises
    ------
    MatchError
        If a position is not on the sky.

    Examples
    --------
    >>> unit_vectors([0.0, 90.0, 0.0], [0.0, 0.0, 90.0]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    ra, dec = read_positions(ra_deg, dec_deg)
    refuse_faults(ra, dec)
    from astropile.sky.packing import fill_unit_vectors

    vectors = np.empty((3, len(ra)))
    fill_unit_vectors(ra.copy(), dec.copy(), vectors[0], vectors[1], vectors[2])
    return np.ascontiguousarray(vectors.T)


def separation_between(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> Floats:
    """Return the separation of positions, row by row, in arcsec; NaN where there is none."""
    chord = unit_vectors(*one) - unit_vectors(*other)
    return separation_arcsec((chord * chord).sum(axis=1))


def chord_squared_limit(radius_arcsec: float) -> float:
    """Return the greatest squared chord of a pair within a radius.

    This is the rule of every match: a pair is within the radius if, in float64,
    ``dx*dx + dy*dy + dz*dz <= chord_squared_limit(radius)``. The radius is inclusive and there is
    no tolerance; positions and limit are rounded by about 2e-11 arcsec.

    Raises
    ------
    MatchError
        If the radius is not above 0 and at most 180 degrees.

    Examples
    --------
    >>> round(chord_squared_limit(60 * 3600.0), 15)  # the chord of 60 degrees is the radius
    1.0
    """
    if not 0.0 < radius_arcsec <= HALF_CIRCLE_ARCSEC:
        what = (
            f"a match within {radius_arcsec} arcsec cannot be done; "
            f"expected more than 0 and at most {HALF_CIRCLE_ARCSEC:.0f} (180 degrees)"
        )
        raise MatchOptionError(what, hint="radius_arcsec=1.0 is usual for optical catalogues")
    if radius_arcsec == HALF_CIRCLE_ARCSEC:
        return 5.0  # antipodes may come out a rounding above 4, and all pairs are within 180 deg
    chord = 2.0 * math.sin(radius_arcsec / ARCSEC_PER_RADIAN / 2.0)
    return chord * chord


def separation_arcsec(chord_squared: Any) -> Floats:
    """Return the angle between unit vectors from the square of their distance.

    The chord keeps full accuracy at the smallest separations, where the cosine has none left
    (it cannot tell angles below 0.003 arcsec from 0). Next to 180 degrees it is the chord that
    is flat: there the error grows to 0.01 arcsec.

    Parameters
    ----------
    chord_squared : array_like
        ``dx*dx + dy*dy + dz*dz``, 0 to 4.

    Returns
    -------
    ndarray of float64
        Arcseconds.

    Examples
    --------
    >>> separation_arcsec([0.0, 2.0]).round(6).tolist()
    [0.0, 324000.0]
    """
    chord = np.sqrt(np.asarray(chord_squared, dtype=np.float64))
    half = np.minimum(chord * 0.5, 1.0)
    return np.asarray(np.arcsin(half) * (2.0 * ARCSEC_PER_RADIAN))
