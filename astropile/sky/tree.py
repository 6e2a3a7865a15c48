"""A catalogue's positions as a packed tree of bounding boxes, ready to be searched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.sky.positions import Floats, read_positions, refuse_faults
from astropile.sky.threads import run_ranges, thread_count

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from astropile.sky.search import Tree

__all__ = ["SkyIndex", "build_index"]

# Pixels of 0.01 arcsec; deeper ones would not order rows any better.
DEEPEST_KEY_ORDER = 24
# Order of the pixels that catalogues store.
_PIXEL_ORDER = 29
# Where the padding lies: further from the sphere than any two positions from each other.
FAR_AWAY = 9.0


@dataclass(frozen=True, eq=False, slots=True)
class SkyIndex:
    """A catalogue's positions, sorted along the sky.

    Attributes
    ----------
    rows : int
        Rows of the catalogue, with those that have no position.
    tree : Tree
        The rows that have one.

    Examples
    --------
    >>> index = build_index([10.0, float("nan"), 11.0], [20.0, 0.0, 21.0])
    >>> index
    SkyIndex(3 rows, 1 without position)
    """

    rows: int
    tree: Tree

    def __len__(self) -> int:
        """Return the number of rows, with those that have no position."""
        return self.rows

    def __repr__(self) -> str:
        """Return the numbers of rows; the arrays would fill the screen."""
        return f"SkyIndex({self.rows} rows, {self.nulls} without position)"

    @property
    def nulls(self) -> int:
        """Number of rows without a position: no match will name them."""
        return self.rows - len(self.tree.order)


def build_index(
    ra_deg: Any,
    dec_deg: Any,
    *,
    threads: int | None = None,
    side: str = "",
    pixels: NDArray[np.int64] | None = None,
) -> SkyIndex:
    """Sort positions along the sky, once for any number of matches.

    Rows are ordered by nested HEALPix pixel and packed into a tree of bounding boxes around their
    unit vectors. Rows that are already in that order, or any other, give the same matches.

    Parameters
    ----------
    ra_deg, dec_deg : array_like, shape (n,)
        Degrees, or astropy Quantity or Column of any angle. NaN and masked: no position.
    threads : int, optional
        Default: one a core. The result does not depend on it.
    side : str
        Name of the catalogue in messages.
    pixels : ndarray of int64, shape (n,), optional
        Nested order-29 pixel of each row, all of which have a position; it saves computing them,
        and sorting where they ascend.

    Raises
    ------
    MatchError
        If the arrays are no angles, differ in length, or hold a position that is not on the sky.

    Examples
    --------
    >>> build_index([0.0, 359.9], [-90.0, 12.0]).nulls
    0
    """
    ra, dec = read_positions(ra_deg, dec_deg, side=side)
    workers = thread_count(threads)
    from astropile.sky.packing import cut_leaves, fill_leaves, fill_sort_keys
    from astropile.sky.search import LEAF_ROWS, Tree

    rows = len(ra)
    row_bits = max(rows - 1, 1).bit_length()
    key_order = min(DEEPEST_KEY_ORDER, (60 - row_bits) // 2)
    if pixels is not None:
        keys = _keys_of(pixels, key_order, row_bits)
    else:
        keys = np.empty(rows, dtype=np.uint64)
        counts = run_ranges(
            lambda low, high: fill_sort_keys(ra, dec, key_order, row_bits, low, high, keys),
            rows,
            workers,
        )
        if sum(faulty for _, faulty in counts):
            refuse_faults(ra, dec, side=side)
        keys.sort()
        keys = keys[: rows - sum(null for null, _ in counts)]

    leaf_starts = np.empty(len(keys) // (LEAF_ROWS // 2) + 2, dtype=np.int64)
    leaves = cut_leaves(keys, row_bits, LEAF_ROWS, leaf_starts)
    leaf_starts = leaf_starts[: leaves + 1].copy()
    level_starts = _level_starts(leaves)
    order = np.empty(len(keys), dtype=np.int64)
    vectors = np.empty((3, len(keys) + LEAF_ROWS))
    vectors[:, len(keys) :] = FAR_AWAY
    boxes = np.empty((level_starts[-1], 6))
    lowest_row = np.empty(level_starts[-1], dtype=np.int64)
    own = (ra, dec, keys, row_bits, LEAF_ROWS, leaf_starts)
    run_ranges(
        lambda low, high: fill_leaves(*own, low, high, order, vectors, boxes, lowest_row),
        leaves,
        workers,
    )
    _fill_upper_levels(level_starts, boxes, lowest_row)
    return SkyIndex(rows, Tree(vectors, order, leaf_starts, boxes, lowest_row, level_starts))


def _keys_of(pixels: NDArray[np.int64], key_order: int, row_bits: int) -> NDArray[np.uint64]:
    """Return pixel and row number of each row as one integer, in ascending order."""
    keys = np.empty(len(pixels), dtype=np.uint64)
    np.right_shift(pixels, 2 * (_PIXEL_ORDER - key_order), out=keys, casting="unsafe")
    np.left_shift(keys, np.uint64(row_bits), out=keys)
    np.bitwise_or(keys, np.arange(len(keys), dtype=np.uint64), out=keys)
    if not (keys[1:] >= keys[:-1]).all():
        keys.sort()
    return keys


def _level_starts(leaves: int) -> NDArray[np.int64]:
    """Return where each level of nodes starts, from the leaves to the root."""
    from astropile.sky.search import FAN_OUT

    sizes = [leaves]
    while sizes[-1] > 1:
        sizes.append(-(-sizes[-1] // FAN_OUT))
    return np.cumsum([0, *sizes], dtype=np.int64)


def _fill_upper_levels(
    level_starts: NDArray[np.int64], boxes: Floats, lowest_row: NDArray[np.int64]
) -> None:
    """Write boxes and lowest rows of the nodes above the leaves, level by level."""
    from astropile.sky.search import FAN_OUT

    for below, here, above in zip(level_starts, level_starts[1:], level_starts[2:], strict=False):
        firsts = np.arange(0, here - below, FAN_OUT)
        boxes[here:above, :3] = np.minimum.reduceat(boxes[below:here, :3], firsts)
        boxes[here:above, 3:] = np.maximum.reduceat(boxes[below:here, 3:], firsts)
        lowest_row[here:above] = np.minimum.reduceat(lowest_row[below:here], firsts)
