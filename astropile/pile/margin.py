"""Margins: what lies just outside a partition, so that each can be worked on by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from astropile.pile.layout import Pixel
from astropile.pile.manifest import LeafRecord
from astropile.pile.read import Pile, scan
from astropile.readers.column import Array

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["border_ranges", "margin_rows"]


def border_ranges(pixel: Pixel, margin_arcsec: float) -> Array:
    """Return the order-29 ranges around a partition that hold all its neighbours within a margin.

    The neighbourhood is made of whole pixels that are wider than the margin, so that it may reach
    further, never less far.

    Returns
    -------
    ndarray of int64, shape (n, 2)
        First pixel and the one after the last, ascending and apart.
    """
    import healpy
    from hats.pixel_math import get_margin
    from hats.pixel_math.healpix_shim import margin2order

    order = int(np.ravel(margin2order(np.array([margin_arcsec / 60.0])))[0])
    own = pixel.range
    # Twelve orders below the partition the ring has 16,384 pixels; a finer one is no gain.
    order = min(max(order, 0), pixel.order + 12, 28)
    if order > pixel.order:
        around = np.asarray(get_margin(pixel.order, pixel.number, order - pixel.order))
    else:
        # The partition is narrower than the margin: all of the wider pixel around it counts.
        parent = pixel.number >> 2 * (pixel.order - order)
        around = np.append(healpy.get_all_neighbours(1 << order, parent, nest=True), parent)
    shift = 2 * (29 - order)
    numbers = np.unique(around[around >= 0].astype(np.int64))
    breaks = np.flatnonzero(np.diff(numbers) > 1) + 1
    first = numbers[np.append(0, breaks)] << shift
    last = (numbers[np.append(breaks - 1, len(numbers) - 1)] + 1) << shift
    ranges = [(a, b) for a, b in zip(first.tolist(), last.tolist(), strict=True)]
    parts = []
    for low, high in ranges:
        parts += [(low, min(high, own[0])), (max(low, own[1]), high)]
    return np.array([p for p in parts if p[0] < p[1]], dtype=np.int64).reshape(-1, 2)


def margin_rows(pile: Pile, leaf: LeafRecord, margin_arcsec: float) -> Iterator[pa.Table]:
    """Yield the rows of other partitions that lie in the margin of one, in storage order."""
    ranges = border_ranges(leaf.area, margin_arcsec)
    for batch in scan(pile, ranges=ranges):
        yield batch.table
