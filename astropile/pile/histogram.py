"""Pass 1: how many rows each part of the sky holds, and the partitions that follow from it.

Counts are kept at order 10 (12.6 million numbers, 50 MB at most, whatever the number of rows);
where a pixel of that order alone is too big, its rows are counted at order 16.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from astropile.pile.layout import DEEPEST_ORDER, Pixel
from astropile.readers.column import Array

__all__ = ["COUNT_ORDER", "FINE_ORDER", "Partition", "SkyCounts", "plan_partitions"]

COUNT_ORDER = 10
FINE_ORDER = 16
_BASE_PIXELS = 12


@dataclass(frozen=True, slots=True)
class Partition:
    """A pixel and the rows in it."""

    pixel: Pixel
    rows: int


@dataclass(slots=True)
class SkyCounts:
    """Rows by pixel of order 10."""

    counts: Array = field(
        default_factory=lambda: np.zeros(_BASE_PIXELS << 2 * COUNT_ORDER, dtype=np.uint32)
    )

    def add(self, healpix: Array) -> None:
        """Count rows by their order-29 pixel."""
        pixel = healpix >> 2 * (DEEPEST_ORDER - COUNT_ORDER)
        np.add.at(self.counts, pixel, np.uint32(1))

    def remove(self, healpix: Array) -> None:
        """Take rows away that were counted before."""
        pixel = healpix >> 2 * (DEEPEST_ORDER - COUNT_ORDER)
        np.subtract.at(self.counts, pixel, np.uint32(1))

    def map(self, order: int) -> Array:
        """Return the counts at an order up to 10, shape ``(12 * 4**order,)``."""
        rows = self.counts.reshape(_BASE_PIXELS << 2 * order, -1)
        return np.asarray(rows.sum(axis=1, dtype=np.int64))

    def crowded(self, limit: int) -> Array:
        """Return the pixels of order 10 that alone hold more than a number of rows."""
        return np.flatnonzero(self.counts > limit)


def fine_counts(crowded: Array, chunks: Iterable[Array]) -> Array:
    """Count the rows of crowded pixels at order 16, shape ``(len(crowded), 4096)``."""
    inside = 4 ** (FINE_ORDER - COUNT_ORDER)
    counts = np.zeros(len(crowded) * inside, dtype=np.int64)
    for healpix in chunks:
        fine = healpix >> 2 * (DEEPEST_ORDER - FINE_ORDER)
        coarse = fine >> 2 * (FINE_ORDER - COUNT_ORDER)
        place = np.minimum(np.searchsorted(crowded, coarse), len(crowded) - 1)
        own = (crowded[place] == coarse) & (healpix >= 0)
        slots = place[own] * inside + (fine[own] & (inside - 1))
        counts += np.bincount(slots, minlength=len(counts))
    return counts.reshape(len(crowded), inside)


def plan_partitions(
    counts: SkyCounts, limit: int, chunks: Iterable[Array] | None = None
) -> list[Partition]:
    """Return the biggest pixels that hold at most a number of rows, in storage order.

    Parameters
    ----------
    counts : SkyCounts
        Rows by pixel.
    limit : int
        Most rows of a partition; a pixel of the last order may hold more.
    chunks : iterable of ndarray, optional
        Order-29 pixels of all rows, for pixels that are too big at order 10.
    """
    found = _split(counts.counts, 0, np.arange(_BASE_PIXELS), COUNT_ORDER, limit)
    crowded = counts.crowded(limit)
    if len(crowded) and chunks is not None:
        fine = fine_counts(crowded, chunks)
        found = [p for p in found if p.pixel.order < COUNT_ORDER or p.rows <= limit]
        for pixel, inside in zip(crowded.tolist(), fine, strict=True):
            roots = (pixel << 2) + np.arange(4)
            found += _split(inside, COUNT_ORDER + 1, roots, FINE_ORDER, limit)
    return sorted(found, key=lambda p: p.pixel.range)


def _split(counts: Array, order: int, roots: Array, last: int, limit: int) -> list[Partition]:
    """Split pixels of an order until each holds few enough rows.

    ``counts`` holds the pixels of order ``last`` below the roots, which follow one another.
    """
    found = []
    start = int(roots[0]) << 2 * (last - order)
    while len(roots):
        below = 1 << 2 * (last - order)
        first = (roots * below - start).tolist()
        rows = np.array([counts[a : a + below].sum(dtype=np.int64) for a in first])
        is_small = (rows <= limit) | (order == last)
        done = is_small & (rows > 0)
        pairs = zip(roots[done].tolist(), rows[done].tolist(), strict=True)
        found += [Partition(Pixel(order, pixel), n) for pixel, n in pairs]
        roots = (roots[~is_small][:, None] * 4 + np.arange(4)).ravel()
        order += 1
    return found
