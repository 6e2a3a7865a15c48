"""Catalogue rows near an object.

References
----------
.. [1] M. Calabretta and E. Greisen 2002, A&A 395, 1077: the gnomonic projection (TAN).
"""

from __future__ import annotations

import numpy as np

from astropile.readers.column import Array, Column, offsets_of
from astropile.transforms.protocol import Inputs, Outputs, Params

__all__ = ["neighbours"]

ARCSEC_PER_RAD = np.rad2deg(1.0) * 3600.0


def neighbours(inputs: Inputs, params: Params) -> Outputs:
    """Return the catalogue rows that lie within the cut-out of each object.

    The object stands in the middle of pixel ``[ny // 2, nx // 2]``, north is up and east left, and
    the projection is gnomonic. The object itself is among them if it is among the candidates.

    Parameters
    ----------
    inputs : mapping
        ``ra``, ``dec``, deg, of the object; ``near_ra``, ``near_dec`` [candidate], deg: catalogue
        rows, such as all of its brick. ``rank`` [candidate], optional: order of the neighbours,
        ascending, no number last; if left out, by distance. ``values`` [candidate], several,
        optional: cells to hand on.
    params : mapping
        ``ny``, ``nx``; ``pixel_scale``, arcsec; ``limit``: most neighbours an object, 0 for all.

    Returns
    -------
    mapping
        ``x``, ``y``, pix, from 0 at the middle of the first pixel; ``separation``, arcsec;
        ``place``: number among the candidates of the row; each [neighbour], ragged. ``values``
        [neighbour, value].

    Examples
    --------
    >>> given = {"ra": [Column(np.array([10.0]))], "dec": [Column(np.array([0.0]))]}
    >>> given["near_ra"] = [Column(np.array([[10.001, 10.0, 10.1]]))]
    >>> given["near_dec"] = [Column(np.array([[0.0, 0.0, 0.0]]))]
    >>> found = neighbours(given, {"ny": 8, "nx": 8, "pixel_scale": 1.0, "limit": 0})
    >>> found["place"].data.tolist(), found["x"].data.round(2).tolist()
    ([1, 0], [4.0, 0.4])
    """
    ny, nx, scale = int(params["ny"]), int(params["nx"]), float(params["pixel_scale"])
    near_ra, near_dec = inputs["near_ra"][0].ragged(), inputs["near_dec"][0].ragged()
    offsets = near_ra.offsets
    assert offsets is not None  # noqa: S101 - ragged columns have offsets
    counts = np.diff(offsets)
    row = np.repeat(np.arange(len(counts)), counts)
    east, north, separation = _plane(
        np.repeat(inputs["ra"][0].data, counts),
        np.repeat(inputs["dec"][0].data, counts),
        near_ra.data,
        near_dec.data,
    )
    x, y = nx // 2 - east / scale, ny // 2 + north / scale
    inside = (x >= -0.5) & (x < nx - 0.5) & (y >= -0.5) & (y < ny - 0.5)
    rank = inputs["rank"][0].ragged().data if "rank" in inputs else separation
    taken = np.flatnonzero(inside)
    taken = taken[np.lexsort((rank[taken], row[taken]))]
    if limit := int(params["limit"]):
        first = offsets_of(np.bincount(row[taken], minlength=len(counts)))
        taken = taken[np.arange(len(taken)) - first[row[taken]] < limit]
    kept = offsets_of(np.bincount(row[taken], minlength=len(counts)))
    handed = [column.ragged().data for column in inputs.get("values", ())]
    values = np.stack(handed, axis=1) if handed else np.empty((len(row), 0))
    found = {
        "x": x,
        "y": y,
        "separation": separation,
        "place": np.arange(len(row)) - offsets[row],
        "values": values,
    }
    return {name: Column(data[taken], offsets=kept) for name, data in found.items()}


def _plane(ra: Array, dec: Array, near_ra: Array, near_dec: Array) -> tuple[Array, Array, Array]:
    """Return places to the east and north, and distances, in arcsec; infinite beyond 90 deg."""
    delta = np.deg2rad(near_ra - ra)
    (sin_0, sin_1), (cos_0, cos_1) = (
        [f(np.deg2rad(angle)) for angle in (dec, near_dec)] for f in (np.sin, np.cos)
    )
    east = cos_1 * np.sin(delta)
    north = cos_0 * sin_1 - sin_0 * cos_1 * np.cos(delta)
    depth = sin_0 * sin_1 + cos_0 * cos_1 * np.cos(delta)
    separation = np.arctan2(np.hypot(east, north), depth) * ARCSEC_PER_RAD
    visible = depth > 0
    east, north = (
        np.where(visible, angle / np.where(visible, depth, 1.0), np.inf) * ARCSEC_PER_RAD
        for angle in (east, north)
    )
    return east, north, separation
