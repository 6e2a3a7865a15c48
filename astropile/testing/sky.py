"""Where on the sky mock objects are."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from astropile.errors import UsageError
from astropile.readers.column import Array

__all__ = ["Sky"]


@dataclass(frozen=True, slots=True)
class Sky:
    """A cap of the sky, or a list of positions.

    Attributes
    ----------
    ra_deg, dec_deg : float
        Centre of the cap, ICRS deg.
    radius_deg : float
        Its radius, deg. The default covers several HEALPix cells of nside 16.
    positions : ndarray of float64, shape (2, n), optional
        Right ascension and declination of every object, deg; then the cap means nothing. Made by
        :meth:`at`.

    Examples
    --------
    >>> ra, dec = Sky(10.0, -5.0, 1.0).draw(3, np.random.default_rng(1))
    >>> bool((np.abs(dec + 5.0) <= 1.0).all())
    True
    """

    ra_deg: float = 150.1
    dec_deg: float = 2.2
    radius_deg: float = 4.0
    positions: Array | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        finite = np.isfinite([self.ra_deg, self.dec_deg, self.radius_deg]).all()
        if not finite or abs(self.dec_deg) > 90 or not 0 < self.radius_deg <= 180:
            msg = f"no cap of the sky: {self}"
            raise UsageError(msg, hint="dec_deg is in [-90, 90], radius_deg in (0, 180]")

    @classmethod
    def at(cls, ra_deg: Array, dec_deg: Array) -> Sky:
        """Return given positions, one an object, so that surveys can have objects in common.

        Parameters
        ----------
        ra_deg, dec_deg : ndarray of float, shape (n,)
            ICRS deg.

        Raises
        ------
        UsageError
            They differ in length, or one is no position.

        Examples
        --------
        >>> Sky.at(np.array([10.0, 370.0]), np.array([1.0, 2.0])).draw(2)[0]
        array([10., 10.])
        """
        ra, dec = np.asarray(ra_deg, dtype=np.float64), np.asarray(dec_deg, dtype=np.float64)
        if ra.ndim != 1 or ra.shape != dec.shape:
            msg = f"positions of shapes {ra.shape} and {dec.shape}"
            raise UsageError(msg, hint="give two arrays of one length")
        if not (np.isfinite(ra).all() and (np.abs(dec) <= 90).all()):
            msg = "a position is not finite, or beyond a pole"
            raise UsageError(msg, hint="right ascension and declination are in degrees")
        return cls(positions=np.stack([np.mod(ra, 360.0), dec]))

    def draw(self, n: int, rng: np.random.Generator | None = None) -> tuple[Array, Array]:
        """Return ``n`` positions, uniform on the cap, or those that were given.

        Raises
        ------
        UsageError
            The positions given are not ``n``.
        """
        if self.positions is not None:
            if self.positions.shape[1] != n:
                msg = f"{self.positions.shape[1]} positions for {n} objects"
                raise UsageError(msg, hint="give n = the number of positions")
            return self.positions[0], self.positions[1]
        rng = np.random.default_rng(0) if rng is None else rng
        distance = np.arccos(1 - rng.random(n) * (1 - np.cos(np.radians(self.radius_deg))))
        angle = rng.uniform(0, 2 * np.pi, n)
        lat = np.radians(self.dec_deg)
        sin_dec = np.sin(lat) * np.cos(distance) + np.cos(lat) * np.sin(distance) * np.cos(angle)
        east = np.sin(angle) * np.sin(distance)
        north = np.cos(distance) - np.sin(lat) * sin_dec
        lon = np.degrees(np.arctan2(east * np.cos(lat), north))
        dec = np.degrees(np.arcsin(np.clip(sin_dec, -1, 1)))
        return np.mod(self.ra_deg + lon, 360.0), dec
