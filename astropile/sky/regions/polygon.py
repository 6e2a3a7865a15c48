"""Polygons whose sides are great circles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.errors import UsageError
from astropile.sky.index import normalised_ra, unit_vectors
from astropile.sky.positions import Floats, read_positions
from astropile.sky.regions.covering import ROUNDING, covering_ranges
from astropile.sky.regions.region import positions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]

__all__ = ["Polygon", "polygon"]

# Radians: positions that rounding alone keeps off a side count as on it (2e-10 arcsec).
ON_SIDE = 1e-15
# Cosine of 89.4 degrees: corners further from the middle have no projection worth the name.
LEAST_COSINE = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Polygon:
    """A polygon on the sky; make one with :func:`polygon`.

    Attributes
    ----------
    vertices : ndarray of float64, shape (n, 3)
        Unit vectors of the corners.
    middle : ndarray of float64, shape (3,)
        All corners are within 89.4 degrees of it. Seen from the centre of the sphere, the plane
        that touches it there shows great circles as straight lines.
    """

    key: str
    vertices: Floats = field(repr=False)
    middle: Floats = field(repr=False)

    def __eq__(self, other: object) -> bool:
        """Return whether both were asked for in the same way."""
        return isinstance(other, Polygon) and self.key == other.key

    def __hash__(self) -> int:
        """Return a number that equal polygons share."""
        return hash(self.key)

    def _sides(self) -> zip[tuple[Floats, Floats]]:
        return zip(self.vertices, np.roll(self.vertices, -1, axis=0), strict=True)

    def _inside(self, vectors: Floats) -> Bools:
        """Return which vectors a ray crosses an odd number of sides from."""
        east = np.cross(self.middle, np.eye(3)[np.argmin(np.abs(self.middle))])
        east /= np.linalg.norm(east)
        north = np.cross(self.middle, east)
        depth = vectors @ self.middle
        visible = depth > 0.0
        safe = np.where(visible, depth, 1.0)
        x, y = vectors @ east / safe, vectors @ north / safe
        inside = np.zeros(len(vectors), dtype=bool)
        for first, last in self._sides():
            y0, y1 = (corner @ north / (corner @ self.middle) for corner in (first, last))
            x0, x1 = (corner @ east / (corner @ self.middle) for corner in (first, last))
            if y0 == y1:
                continue
            crosses = (y0 > y) != (y1 > y)
            inside ^= crosses & (x < x0 + (y - y0) * ((x1 - x0) / (y1 - y0)))
        return inside & visible

    def _distance(self, vectors: Floats) -> Floats:
        """Return the angle to the nearest side, in radians."""
        nearest = np.full(len(vectors), np.pi)
        for first, last in self._sides():
            normal = np.cross(first, last)
            normal /= np.linalg.norm(normal)
            beside = (vectors @ np.cross(normal, first) > 0) & (
                vectors @ np.cross(last, normal) > 0
            )
            chords = (np.linalg.norm(vectors - corner, axis=1) for corner in (first, last))
            ends = 2.0 * np.arcsin(np.minimum(np.minimum(*chords) / 2.0, 1.0))
            line = np.arcsin(np.minimum(np.abs(vectors @ normal), 1.0))
            nearest = np.minimum(nearest, np.where(beside, line, ends))
        return nearest

    def decide(self, ra_deg: Floats, dec_deg: Floats, radius_rad: float) -> tuple[Bools, Bools]:
        """Return which circles are surely outside, and which surely inside."""
        vectors = unit_vectors(ra_deg, dec_deg)
        clear = self._distance(vectors) > radius_rad + ROUNDING
        within = self._inside(vectors)
        return clear & ~within, clear & within

    def ranges(self) -> NDArray[np.int64]:
        """Return pixels that hold the polygon."""
        return covering_ranges(self)

    def contains(self, ra_deg: Any, dec_deg: Any) -> Bools:
        """Return which positions are in the polygon; those on a side are."""
        ra, dec, known = positions(ra_deg, dec_deg)
        vectors = unit_vectors(ra, dec)
        return known & (self._inside(vectors) | (self._distance(vectors) <= ON_SIDE))


def polygon(ra_deg: Any, dec_deg: Any) -> Polygon:
    """Return the region inside a polygon whose sides are great circles.

    Parameters
    ----------
    ra_deg, dec_deg : array_like, shape (n,)
        Corners in order, either way round, degrees (ICRS). The last is joined to the first.

    Returns
    -------
    Polygon
        It may be hollow (not convex). Where sides cross, what an odd number of them encloses is
        inside. Positions on a side are inside.

    Raises
    ------
    UsageError
        There are fewer than three corners, they enclose nothing, or they do not fit into half of
        the sky.

    Examples
    --------
    >>> import astropile as ap
    >>> triangle = ap.polygon([10, 12, 11], [0, 0, 2])
    >>> triangle.contains([11.0, 11.0], [1.0, 2.5]).tolist()
    [True, False]
    """
    ra, dec = read_positions(ra_deg, dec_deg)
    if not (np.isfinite(ra).all() and (np.abs(dec) <= 90.0).all()):
        msg = "a corner of the polygon is not on the sky"
        raise UsageError(msg, hint="expected finite ra_deg and -90 <= dec_deg <= 90")
    ra = normalised_ra(ra)
    vertices = unit_vectors(ra, dec)
    fresh = np.linalg.norm(vertices - np.roll(vertices, 1, axis=0), axis=1) > 1e-12
    vertices, ra, dec = vertices[fresh], ra[fresh], dec[fresh]
    if len(vertices) < 3:
        msg = f"a polygon has at least three different corners, got {len(vertices)}"
        raise UsageError(msg, hint="use ap.cone or ap.box for other regions")
    if np.linalg.svd(vertices, compute_uv=False)[2] < 1e-12:
        msg = "the corners of the polygon are on one great circle: it encloses nothing"
        raise UsageError(msg, hint="check the order ra_deg, dec_deg")
    corners = ", ".join(f"({r!r}, {d!r})" for r, d in zip(ra.tolist(), dec.tolist(), strict=True))
    return Polygon(f"polygon({corners})", vertices, _middle(vertices))


def _middle(vertices: Floats) -> Floats:
    """Return a direction that all corners are near: the mean, moved towards those that are far.

    Raises
    ------
    UsageError
        There is none.
    """
    middle = vertices.sum(axis=0)
    for _ in range(1000):
        length = np.linalg.norm(middle)
        middle = middle / length if length > 1e-9 else vertices[0]
        cosines = vertices @ middle
        if cosines.min() > LEAST_COSINE:
            return np.asarray(middle)
        middle = middle + 0.1 * vertices[np.argmin(cosines)]
    msg = "the polygon does not fit into half of the sky"
    raise UsageError(msg, hint="cut it into smaller ones, or give a MOC: ap.moc(...)")
