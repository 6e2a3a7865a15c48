"""Pixels that hold a region: from coarse to fine, each is inside, outside or split into four.

A pixel lies within a circle about its centre. A region only has to say of such circles that they
surely are outside of it or surely are inside; when in doubt it says neither, and the pixel stays.
So the result holds the region whatever rounding does.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np

from astropile.sky.index import DEEPEST_ORDER
from astropile.sky.positions import Floats
from astropile.sky.regions.region import joined

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Area", "covering_ranges"]

# Pixels of 0.8 arcsec: smaller ones would not leave out more rows.
FINEST_ORDER = 18
# Where this many pixels are undecided, finer ones would cost more than they save.
MOST_UNDECIDED = 512
# Radians: far more than rounding moves a position, far less than the smallest pixel.
ROUNDING = 1e-11


class Area(Protocol):
    """What a region says of circles."""

    def decide(
        self, ra_deg: Floats, dec_deg: Floats, radius_rad: float
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which circles are surely outside, and which surely inside."""


@lru_cache(maxsize=DEEPEST_ORDER + 1)
def pixel_radius_rad(order: int) -> float:
    """Return a radius that reaches from the centre of any pixel to all of it."""
    import healpy

    return float(healpy.max_pixrad(1 << order)) * 1.001 + ROUNDING


def covering_ranges(area: Area) -> NDArray[np.int64]:
    """Return ranges of nested order-29 pixels that hold an area.

    Parameters
    ----------
    area : Area
        What tells circles outside from circles inside.

    Returns
    -------
    ndarray of int64, shape (n, 2)
        Half-open, ascending, apart.
    """
    import healpy

    pixels = np.arange(12, dtype=np.int64)
    found = []
    for order in range(FINEST_ORDER + 1):
        ra, dec = healpy.pix2ang(1 << order, pixels, nest=True, lonlat=True)
        outside, inside = area.decide(ra, dec, pixel_radius_rad(order))
        whole = inside & ~outside
        found.append(_ranges(pixels[whole], order))
        pixels = pixels[~outside & ~whole]
        if not len(pixels) or len(pixels) > MOST_UNDECIDED or order == FINEST_ORDER:
            found.append(_ranges(pixels, order))
            break
        pixels = (4 * pixels[:, None] + np.arange(4)).ravel()
    return joined(np.concatenate(found))


def _ranges(pixels: NDArray[np.int64], order: int) -> NDArray[np.int64]:
    shift = 2 * (DEEPEST_ORDER - order)
    return np.stack([pixels << shift, (pixels + 1) << shift], axis=1)
