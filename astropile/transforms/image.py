"""Pictures and images: weights, classes of pixels, orientation.

References
----------
.. [1] https://dawn-cph.github.io/dja/blog/2023/07/18/image-data-products/: weights of mosaics.
.. [2] https://www.legacysurvey.org/dr9/catalogs/: radii and ellipticities of the Legacy Surveys.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from astropile.readers.column import Array, Column, offsets_of
from astropile.transforms.protocol import Inputs, Outputs, Params, TransformFault

__all__ = ["ellipse_classes", "flip", "inverse_variance"]


def inverse_variance(inputs: Inputs, params: Params) -> Outputs:
    """Add the Poisson noise of the source to the weights of a drizzled mosaic.

    The variance is that of the weight map, 1 / weight, and that of the photons, the flux over the
    number of electrons that one unit of the mosaic stands for: gain times exposure time.

    Parameters
    ----------
    inputs : mapping
        ``flux`` and ``weight`` (its inverse square) [y, x]; ``exposure`` [v, u], s, of the same
        pixels or of coarser ones; ``gain``, electrons in a second for one unit of the mosaic.
    params : mapping
        ``factor``: pixels of the mosaic along one side of a pixel of the exposure map. The coarse
        pixel of the middle is laid over the middle of the window; borders of the exposure map
        may so be off by half a coarse pixel.

    Returns
    -------
    mapping
        ``ivar`` [y, x], in the unit of the weight; 0 where the weight, the exposure or the flux
        tell nothing.

    Raises
    ------
    TransformFault
        The exposure map does not cover the window, or shapes differ by row.

    Examples
    --------
    >>> pixel = np.full((1, 1, 1), 4.0)
    >>> given = {"flux": [Column(pixel)], "weight": [Column(pixel)], "exposure": [Column(pixel)]}
    >>> given["gain"] = [Column(np.array([2.0]))]
    >>> inverse_variance(given, {"factor": 4})["ivar"].data.tolist()
    [[[1.3333333333333333]]]
    """
    flux, weight, exposure = (_dense(inputs, name) for name in ("flux", "weight", "exposure"))
    if exposure.shape != flux.shape:
        factor = int(params["factor"])
        rows = _coarse_places(flux.shape[1], exposure.shape[1], factor)
        columns = _coarse_places(flux.shape[2], exposure.shape[2], factor)
        exposure = exposure[:, rows[:, None], columns]
    electrons = inputs["gain"][0].data[:, None, None] * exposure
    known = (weight > 0) & np.isfinite(weight) & (electrons > 0) & np.isfinite(flux)
    safe = np.where(known, weight, 1.0)
    photons = np.where(known, np.maximum(flux, 0.0) / np.where(known, electrons, 1.0), 0.0)
    return {"ivar": Column(np.where(known, 1.0 / (1.0 / safe + photons), 0.0))}


def _dense(inputs: Inputs, name: str) -> Array:
    (column,) = inputs[name]
    if column.offsets is not None:
        raise TransformFault(f"{name}: the images differ in shape from row to row")
    return column.data


def _coarse_places(n: int, coarse: int, factor: int) -> Array:
    """Return the coarse pixel over each pixel of a window; their middles lie on each other."""
    places = coarse // 2 + (np.arange(n) - n // 2 + factor // 2) // factor
    beyond = max(-int(places.min()), int(places.max()) - coarse + 1)
    if beyond > 1:
        raise TransformFault(
            f"exposure: {coarse} pixels of {factor} do not cover the {n} pixels of the flux",
            hint=f"take a window of {n // factor + 1} pixels, or another factor",
        )
    return np.asarray(np.clip(places, 0, coarse - 1))


def ellipse_classes(inputs: Inputs, params: Params) -> Outputs:
    """Draw catalogued objects as ellipses filled with the numbers of their classes.

    Parameters
    ----------
    inputs : mapping
        ``x`` and ``y``, pix, from 0 at the middle of the first pixel; ``code``, 1 to 255; and
        ``radius``, arcsec, the semi-major axis; ``e1`` and ``e2``, optional: e cos 2 phi and
        e sin 2 phi with e = (a - b) / (a + b) and phi from north through east. Each [object]; what
        is not finite is not drawn.
    params : mapping
        ``ny``, ``nx``; ``pixel_scale``, arcsec; ``min_radius``, pix: least semi-axis.

    Returns
    -------
    mapping
        ``classes`` [y, x], uint8: class of the last object that covers the middle of a pixel, 0
        for none. North is up and east left.

    Raises
    ------
    TransformFault
        A code does not fit.

    Examples
    --------
    >>> one = {"x": 1.0, "y": 0.0, "radius": 0.2, "code": 3}
    >>> given = {key: [Column(np.array([[value]]))] for key, value in one.items()}
    >>> drawn = ellipse_classes(given, {"ny": 2, "nx": 4, "pixel_scale": 0.2, "min_radius": 0.5})
    >>> drawn["classes"].data.tolist()
    [[[3, 3, 3, 0], [0, 3, 0, 0]]]
    """
    ny, nx, scale = int(params["ny"]), int(params["nx"]), float(params["pixel_scale"])
    offsets = inputs["x"][0].ragged().offsets
    assert offsets is not None  # noqa: S101 - ragged columns have offsets
    n = len(offsets) - 1
    x, y, code, radius = (inputs[key][0].ragged().data for key in ("x", "y", "code", "radius"))
    e1, e2 = (
        inputs[key][0].ragged().data if key in inputs else np.zeros(len(x)) for key in ("e1", "e2")
    )
    row: Array = np.repeat(np.arange(n), np.diff(offsets))
    _check_codes(code, row, n)
    drawn = np.isfinite(x) & np.isfinite(y) & np.isfinite(radius + e1 + e2) & (code > 0)
    x, y, code, radius, e1, e2, row = (a[drawn] for a in (x, y, code, radius, e1, e2, row))
    e = np.minimum(np.hypot(e1, e2), 1.0)
    angle = 0.5 * np.arctan2(e2, e1)
    least = max(float(params["min_radius"]), 1e-6)
    a = np.maximum(radius / scale, least)
    b = np.maximum(radius / scale * (1 - e) / (1 + e), least)
    x0, x1 = _bounds(x, a, nx)
    y0, y1 = _bounds(y, a, ny)
    width = x1 - x0
    area = width * (y1 - y0)
    box = np.repeat(np.arange(len(area)), area)
    within = np.arange(len(box)) - np.repeat(offsets_of(area)[:-1], area)
    px, py = x0[box] + within % width[box], y0[box] + within // width[box]
    dx, dy = px - x[box], py - y[box]
    sin, cos = np.sin(angle)[box], np.cos(angle)[box]
    inside = ((dy * cos - dx * sin) / a[box]) ** 2 + ((dx * cos + dy * sin) / b[box]) ** 2 <= 1
    classes = np.zeros((n, ny, nx), dtype=np.uint8)
    # Of several values for one pixel the last one stays.
    classes[row[box][inside], py[inside], px[inside]] = code[box][inside]
    return {"classes": Column(classes)}


def _bounds(middle: Array, radius: Array, n: int) -> tuple[Array, Array]:
    """Return the first pixel and the end of a box within an image."""
    first = np.clip(np.ceil(middle - radius), 0, n)
    end = np.clip(np.floor(middle + radius) + 1, first, n)
    return first.astype(np.int64), end.astype(np.int64)


def _check_codes(code: Array, row: Array, n: int) -> None:
    wrong = (code < 0) | (code > 255)
    if wrong.any():
        rows = np.zeros(n, dtype=bool)
        rows[row[wrong]] = True
        raise TransformFault(f"code: expected 0 to 255, got {code[wrong][0]}", rows=rows)


def flip(inputs: Inputs, params: Params) -> Outputs:
    """Turn pictures upside-down.

    Parameters
    ----------
    inputs : mapping
        ``picture`` [y, x, channel], of any type, the top row first.
    params : mapping
        None.

    Returns
    -------
    mapping
        ``picture`` [y, x, channel]: the bottom row first, as FITS images have it.

    Examples
    --------
    >>> picture = Column(np.arange(4, dtype=np.uint8).reshape(1, 2, 2, 1))
    >>> flip({"picture": [picture]}, {})["picture"].data.ravel().tolist()
    [2, 3, 0, 1]
    """
    del params
    (column,) = inputs["picture"]
    if column.offsets is None:
        holes = None if column.holes is None else column.holes[:, ::-1]
        return {"picture": replace(column, data=column.data[:, ::-1], holes=holes)}
    counts = np.diff(column.offsets)
    # Elements of one line of the picture: one of a ragged column, all its pixels of a jagged one.
    line = np.ones(len(column), dtype=np.int64)
    if column.shapes is not None:
        line = np.maximum(column.shapes[:, 1:].prod(axis=1), 1)
    start, size, line = (np.repeat(a, counts) for a in (column.offsets[:-1], counts, line))
    place = np.arange(len(column.data)) - start
    taken = start + size - line - place // line * line + place % line
    holes = None if column.holes is None else column.holes[taken]
    return {"picture": replace(column, data=column.data[taken], holes=holes)}
