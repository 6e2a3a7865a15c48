"""Cones, and boxes in right ascension and declination."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.errors import MatchError, UsageError
from astropile.sky.index import (
    ARCSEC_PER_RADIAN,
    chord_squared_limit,
    normalised_ra,
    separation_arcsec,
    unit_vectors,
)
from astropile.sky.positions import Floats
from astropile.sky.regions.covering import ROUNDING, covering_ranges
from astropile.sky.regions.region import finite, positions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]

__all__ = ["Box", "Cone", "box", "cone"]


@dataclass(frozen=True, slots=True)
class Cone:
    """All positions within an angle of a centre; make one with :func:`cone`."""

    ra_deg: float
    dec_deg: float
    radius_arcsec: float

    @property
    def key(self) -> str:
        """Text that tells the region from every other."""
        return f"cone({self.ra_deg!r}, {self.dec_deg!r}, {self.radius_arcsec!r})"

    def _chord_squared(self, ra_deg: Floats, dec_deg: Floats) -> Floats:
        centre = unit_vectors([self.ra_deg], [self.dec_deg])[0]
        dx, dy, dz = (unit_vectors(ra_deg, dec_deg) - centre).T
        squared: Floats = dx * dx + dy * dy + dz * dz
        return squared

    def decide(self, ra_deg: Floats, dec_deg: Floats, radius_rad: float) -> tuple[Bools, Bools]:
        """Return which circles are surely outside, and which surely inside."""
        far = separation_arcsec(self._chord_squared(ra_deg, dec_deg)) / ARCSEC_PER_RADIAN
        own = self.radius_arcsec / ARCSEC_PER_RADIAN
        # Next to 180 degrees the chord is flat, so that the angle is known to 1e-7 only.
        slack = np.where(far > 3.1, 1e-7, ROUNDING)
        return far > own + radius_rad + slack, far + radius_rad + slack < own

    def ranges(self) -> NDArray[np.int64]:
        """Return pixels that hold the cone."""
        return covering_ranges(self)

    def contains(self, ra_deg: Any, dec_deg: Any) -> Bools:
        """Return which positions are within the radius, which is inclusive as in a match."""
        ra, dec, known = positions(ra_deg, dec_deg)
        limit = chord_squared_limit(self.radius_arcsec)
        return known & (self._chord_squared(ra, dec) <= limit)


def cone(ra_deg: Any, dec_deg: Any, radius_arcsec: Any) -> Cone:
    """Return the region of all positions within a radius of a centre.

    Parameters
    ----------
    ra_deg, dec_deg : float or Quantity
        Centre, degrees (ICRS).
    radius_arcsec : float or Quantity
        Radius, arcsec; inclusive, as in a match. At most 180 degrees.

    Raises
    ------
    UsageError
        The centre is not on the sky, or the radius is not above 0 and at most 180 degrees.

    Examples
    --------
    >>> import astropile as ap
    >>> ap.cone(150.1, 2.2, radius_arcsec=60).contains([150.1, 150.1], [2.21, 2.22]).tolist()
    [True, False]
    """
    ra, dec = finite(ra_deg, "ra_deg"), _declination(dec_deg, "dec_deg")
    radius = finite(radius_arcsec, "radius_arcsec", "arcsec")
    try:
        chord_squared_limit(radius)
    except MatchError:
        msg = f"radius_arcsec={radius!r}; expected more than 0 and at most 648000 (180 degrees)"
        raise UsageError(msg, hint="a degree is 3600 arcsec") from None
    return Cone(float(normalised_ra([ra])[0]), dec, radius)


@dataclass(frozen=True, slots=True)
class Box:
    """A range of right ascension and one of declination; make one with :func:`box`.

    Attributes
    ----------
    west, east : float
        Right ascension, degrees; if west > east the box goes through 0. Both None for all.
    south, north : float
        Declination, degrees.
    """

    west: float | None
    east: float | None
    south: float
    north: float

    @property
    def key(self) -> str:
        """Text that tells the region from every other."""
        return f"box({self.west!r}, {self.east!r}, {self.south!r}, {self.north!r})"

    def _in_ra(self, ra_deg: Floats) -> Bools:
        if self.west is None or self.east is None:
            return np.ones(len(ra_deg), dtype=bool)
        # Comparisons only: a difference would move the borders by its rounding.
        ra = normalised_ra(ra_deg)
        if self.west <= self.east:
            return np.asarray((ra >= self.west) & (ra <= self.east))
        return np.asarray((ra >= self.west) | (ra <= self.east))

    def decide(self, ra_deg: Floats, dec_deg: Floats, radius_rad: float) -> tuple[Bools, Bools]:
        """Return which circles are surely outside, and which surely inside."""
        radius = np.degrees(radius_rad + ROUNDING)
        outside = (dec_deg + radius < self.south) | (dec_deg - radius > self.north)
        inside = (dec_deg - radius > self.south) & (dec_deg + radius < self.north)
        if self.west is None or self.east is None:
            return outside, inside
        polar = np.abs(dec_deg) + radius >= 90.0
        cosine = np.cos(np.radians(np.where(polar, 0.0, dec_deg)))
        half = np.degrees(np.arcsin(np.minimum(np.sin(np.radians(radius)) / cosine, 1.0)))
        half = np.where(polar, 360.0, half * 1.0001)
        gap = np.minimum(*(_turn(ra_deg - edge) for edge in (self.west, self.east)))
        within = self._in_ra(ra_deg)
        return outside | (~within & (gap > half)), inside & within & (gap > half)

    def ranges(self) -> NDArray[np.int64]:
        """Return pixels that hold the box."""
        return covering_ranges(self)

    def contains(self, ra_deg: Any, dec_deg: Any) -> Bools:
        """Return which positions are in the box, borders included."""
        ra, dec, known = positions(ra_deg, dec_deg)
        in_dec = (dec >= self.south) & (dec <= self.north)
        # A pole has every right ascension.
        return np.asarray(known & in_dec & (self._in_ra(ra) | (np.abs(dec) == 90.0)))


def _turn(angle_deg: Floats) -> Floats:
    """Return how far an angle is from 0 on the circle."""
    turned = np.abs(angle_deg) % 360.0
    return np.minimum(turned, 360.0 - turned)


def box(ra_deg: tuple[Any, Any], dec_deg: tuple[Any, Any]) -> Box:
    """Return the region between two right ascensions and two declinations.

    Parameters
    ----------
    ra_deg : (float, float)
        From, to, eastwards, degrees (ICRS): ``(350, 10)`` and ``(-10, 10)`` go through 0,
        ``(0, 360)`` is all. Borders are included.
    dec_deg : (float, float)
        From, to, degrees.

    Raises
    ------
    UsageError
        A range is no pair of angles, or the declinations are out of order or beyond a pole.

    Examples
    --------
    >>> import astropile as ap
    >>> ap.box((350, 10), (-5, 5)).contains([355.0, 10.0, 11.0], [0.0, 5.0, 0.0]).tolist()
    [True, True, False]
    """
    (west, east), (south, north) = _pair(ra_deg, "ra_deg"), _pair(dec_deg, "dec_deg")
    south, north = _declination(south, "dec_deg"), _declination(north, "dec_deg")
    if south > north:
        msg = f"dec_deg=({south!r}, {north!r}) runs downwards"
        raise UsageError(msg, hint=f"write dec_deg=({north!r}, {south!r})")
    if east - west >= 360.0:
        return Box(None, None, south, north)
    west, east = normalised_ra([west, east]).tolist()
    return Box(west, east, south, north)


def _pair(values: Any, name: str) -> tuple[float, float]:
    hint = f"write {name}=(from, to), in degrees"
    try:
        first, last = values
    except (TypeError, ValueError):
        raise UsageError(f"{name}={values!r} is no pair of angles", hint=hint) from None
    return finite(first, name), finite(last, name)


def _declination(value: Any, name: str) -> float:
    angle = finite(value, name)
    if abs(angle) > 90.0:
        raise UsageError(f"{name}={angle!r}; expected -90 to 90 degrees", hint="ra comes first")
    return angle
