"""Cross-matches of positions: plain arrays in, row numbers out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from astropile.errors import MatchError, MatchOptionError
from astropile.sky.index import separation_arcsec
from astropile.sky.positions import Floats
from astropile.sky.radius import Limit, read_limit
from astropile.sky.threads import run_ranges, thread_count
from astropile.sky.tree import SkyIndex, build_index

__all__ = [
    "Found",
    "Pairs",
    "find_pairs",
    "match_coordinates",
    "match_indexes",
    "require_find",
    "sorted_pairs",
]

Rows: TypeAlias = NDArray[np.int64]

# Neighbours that a thread has room for before it puts them away: 64 MB.
MOST_AT_ONCE = 4_000_000


@dataclass(frozen=True, eq=False, slots=True)
class Pairs:
    """Rows that belong together, sorted by (left, separation, right).

    Attributes
    ----------
    left, right : ndarray of int64, shape (pairs,)
        Row numbers in the caller's arrays.
    separation_arcsec : ndarray of float64, shape (pairs,)
    position_angle_deg : ndarray of float64, shape (pairs,), or None
        Direction from left to right, if the search had both positions at hand.

    Examples
    --------
    >>> pairs = match_coordinates([10.0], [0.0], [10.0, 10.0], [0.0, 0.0001])
    >>> len(pairs), pairs.right.tolist()
    (1, [0])
    """

    left: Rows
    right: Rows
    separation_arcsec: Floats
    position_angle_deg: Floats | None = None

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.left)

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """Everything that is known of the pairs."""
        known = self.left, self.right, self.separation_arcsec
        angle = self.position_angle_deg
        return known if angle is None else (*known, angle)

    def at(self, kept: NDArray[Any]) -> Pairs:
        """Return some of the pairs."""
        return Pairs(*(column[kept] for column in self.columns))

    def __repr__(self) -> str:
        """Return the number of pairs; the arrays would fill the screen."""
        return f"Pairs({len(self)} pairs)"


def match_coordinates(
    left_ra_deg: Any,
    left_dec_deg: Any,
    right_ra_deg: Any,
    right_dec_deg: Any,
    *,
    radius_arcsec: Any = 1.0,
    find: str = "nearest",
    k: int | None = None,
    threads: int | None = None,
) -> Pairs:
    """Match two lists of positions on the sky.

    The result equals that of comparing every row with every row, also at the poles, across
    RA 0/360, and for clumps and radii of any size.

    Parameters
    ----------
    left_ra_deg, left_dec_deg : array_like, shape (n,)
        Degrees, or astropy Quantity or Column of any angle. NaN and masked: no position, no pair.
    right_ra_deg, right_dec_deg : array_like, shape (m,)
        The same for the other list.
    radius_arcsec : float or array_like, shape (n,), or astropy Quantity
        Greatest separation, inclusive: see `astropile.sky.chord_squared_limit`. An array has one
        radius for each left row; NaN, masked: no pair, 0: only rows at the very same place.
    find : {"nearest", "mutual", "all", "k"}
        ``nearest``: the nearest right row of each left row (a right row may serve several).
        ``mutual``: those pairs in which each is the nearest of the other.
        ``all``: every pair within the radius.
        ``k``: the `k` nearest right rows of each left row.
        Of rows at exactly the same distance the lowest row number is the nearest.
    k : int, optional
        Most right rows of a left row; with ``find="k"`` only.
    threads : int, optional
        Default: one a core. The result does not depend on it.

    Returns
    -------
    Pairs

    Raises
    ------
    MatchError
        If a position is not on the sky, the arrays do not fit, or an option is none.

    Examples
    --------
    >>> pairs = match_coordinates([10.0, 50.0], [0.0, 5.0], [50.0, 359.0], [5.0001, 0.0])
    >>> pairs.left.tolist(), pairs.right.tolist(), pairs.separation_arcsec.round(3).tolist()
    ([1], [0], [0.36])
    """
    search = _search_named(find, k)
    limit = read_limit(radius_arcsec)
    workers = thread_count(threads)
    sides = (("left", left_ra_deg, left_dec_deg), ("right", right_ra_deg, right_dec_deg))

    def build(side: tuple[str, Any, Any]) -> SkyIndex:
        return build_index(side[1], side[2], threads=max(workers // 2, 1), side=side[0])

    if workers == 1:
        left, right = map(build, sides)
    else:  # the sort of a side runs in one thread, so the sides run beside each other
        with ThreadPoolExecutor(2) as pool:
            left, right = pool.map(build, sides)
    limit.require_rows(left.rows)
    return sorted_pairs(*search(left, right, limit, workers), workers)


def match_indexes(
    left: SkyIndex,
    right: SkyIndex,
    *,
    radius_arcsec: Any = 1.0,
    find: str = "nearest",
    k: int | None = None,
    threads: int | None = None,
) -> Pairs:
    """Match two catalogues that are indexed already; see `match_coordinates`.

    Examples
    --------
    >>> from astropile.sky import build_index
    >>> stars = build_index([10.0, 10.1], [0.0, 0.0])
    >>> pairs = match_indexes(stars, stars, radius_arcsec=3600.0, find="all")
    >>> list(zip(pairs.left.tolist(), pairs.right.tolist()))
    [(0, 0), (0, 1), (1, 1), (1, 0)]
    """
    workers = thread_count(threads)
    found = find_pairs(left, right, radius_arcsec=radius_arcsec, find=find, k=k, threads=workers)
    return sorted_pairs(*found, workers)


Found: TypeAlias = tuple[Rows, Rows, Floats]


def find_pairs(
    left: SkyIndex,
    right: SkyIndex,
    *,
    radius_arcsec: Any = 1.0,
    find: str = "nearest",
    k: int | None = None,
    threads: int | None = None,
) -> Found:
    """Return left rows, right rows and squared chords, sorted by left row, chord and right row.

    As `match_indexes`, which turns chords into separations: chords are what decides.
    """
    search = _search_named(find, k)
    limit = read_limit(radius_arcsec)
    limit.require_rows(left.rows)
    return search(left, right, limit, thread_count(threads))


Search: TypeAlias = Callable[[SkyIndex, SkyIndex, Limit, int], Found]


def require_find(find: str, k: int | None) -> None:
    """Refuse a kind of match that there is not.

    Raises
    ------
    MatchError
        `find` is unknown, or `k` does not go with it.
    """
    _search_named(find, k)


def _search_named(find: str, k: int | None) -> Search:
    """Return the search that `find` names."""
    searches: dict[str, Search] = {"all": _all_pairs, "mutual": _mutual, "nearest": _nearest}
    if find not in (*searches, "k"):
        what = f"find={find!r} is no kind of match; expected one of {', '.join((*searches, 'k'))}"
        raise MatchOptionError(what, hint='leave it out for "nearest"')
    if find != "k" and k is not None:
        what = f"k={k!r} has no meaning with find={find!r}"
        raise MatchOptionError(what, hint='write find="k", or leave k out')
    if find != "k":
        return searches[find]
    if not isinstance(k, (int, np.integer)) or isinstance(k, bool) or k < 1:
        what = f"k={k!r} is no number of neighbours; expected an integer of at least 1"
        raise MatchOptionError(what, hint='write find="k", k=5')
    return partial(_nearest_k, k=int(k))


def _nearest_of(left: SkyIndex, right: SkyIndex, limit: Limit, threads: int) -> tuple[Rows, Floats]:
    """Return the nearest right row (-1 for none) and squared chord of every left row."""
    right_row = np.full(left.rows, -1, dtype=np.int64)
    chord_squared = np.empty(left.rows)
    if len(left.tree.order) and len(right.tree.order):
        from astropile.sky.search import nearest_rows

        run_ranges(
            lambda low, high: nearest_rows(
                left.tree, right.tree, *limit.both, low, high, right_row, chord_squared
            ),
            len(left.tree.leaf_starts) - 1,
            threads,
        )
    return right_row, chord_squared


def _nearest(left: SkyIndex, right: SkyIndex, limit: Limit, threads: int) -> Found:
    right_row, chord_squared = _nearest_of(left, right, limit, threads)
    rows = np.flatnonzero(right_row >= 0)
    return rows, right_row[rows], chord_squared[rows]


def _mutual(left: SkyIndex, right: SkyIndex, limit: Limit, threads: int) -> Found:
    if limit.by_row:  # whether a left row is near enough for a right one is up to its own radius
        return _mutual_of(*_all_pairs(left, right, limit, threads))
    rows, right_row, chord_squared = _nearest(left, right, limit, threads)
    back, _ = _nearest_of(right, left, limit, threads)
    kept = back[right_row] == rows
    return rows[kept], right_row[kept], chord_squared[kept]


def _all_pairs(left: SkyIndex, right: SkyIndex, limit: Limit, threads: int) -> Found:
    counts = np.zeros(left.rows, dtype=np.int64)
    nothing = np.empty(0, dtype=np.int64)
    if not (len(left.tree.order) and len(right.tree.order)):
        return nothing, nothing, np.empty(0)
    from astropile.sky.search import rows_within

    leaves = len(left.tree.leaf_starts) - 1

    def search(starts: Rows, right_row: Rows, chord_squared: Floats) -> None:
        run_ranges(
            lambda low, high: rows_within(
                left.tree,
                right.tree,
                *limit.both,
                low,
                high,
                counts,
                starts,
                right_row,
                chord_squared,
            ),
            leaves,
            threads,
        )

    search(nothing, nothing, np.empty(0))
    total = int(counts.sum())
    try:
        right_row, chord_squared = np.empty(total, dtype=np.int64), np.empty(total)
        rows = np.repeat(np.arange(left.rows), counts)
    except MemoryError as error:
        what = f"{total} pairs lie within the radius, more than memory holds"
        hint = 'take a smaller radius, or find="nearest"'
        raise MatchError(what, hint=hint) from error
    search(np.cumsum(counts) - counts, right_row, chord_squared)
    return rows, right_row, chord_squared


def _mutual_of(rows: Rows, right_row: Rows, chord_squared: Floats) -> Found:
    """Keep the pairs in which each is the nearest of the other; pairs come sorted by left row."""
    kept = np.ones(len(rows), dtype=bool)
    kept[1:] = rows[1:] != rows[:-1]
    order = np.lexsort((rows, chord_squared, right_row))
    is_first = np.ones(len(rows), dtype=bool)
    is_first[1:] = right_row[order[1:]] != right_row[order[:-1]]
    kept[order[~is_first]] = False
    return rows[kept], right_row[kept], chord_squared[kept]


def _nearest_k(left: SkyIndex, right: SkyIndex, limit: Limit, threads: int, *, k: int) -> Found:
    nothing = np.empty(0, dtype=np.int64)
    if not (len(left.tree.order) and len(right.tree.order)):
        return nothing, nothing, np.empty(0)
    from astropile.sky.neighbours import nearest_k_rows, scatter_rows
    from astropile.sky.search import LEAF_ROWS

    most = min(k, len(right.tree.order))
    counts = np.zeros(left.rows, dtype=np.int64)
    step = max(1, MOST_AT_ONCE // (LEAF_ROWS * most))
    ranges: list[tuple[int, int, Rows, Floats]] = []

    def search(low: int, high: int) -> None:
        size = min(step, high - low) * LEAF_ROWS * most
        right_row, chord_squared = np.empty(size, dtype=np.int64), np.empty(size)
        for start in range(low, high, step):
            end = min(start + step, high)
            found = nearest_k_rows(
                left.tree,
                right.tree,
                *limit.both,
                most,
                start,
                end,
                counts,
                right_row,
                chord_squared,
            )
            ranges.append((start, end, right_row[:found].copy(), chord_squared[:found].copy()))

    run_ranges(search, len(left.tree.leaf_starts) - 1, threads)
    starts = np.cumsum(counts) - counts
    total = int(counts.sum())
    right_row, chord_squared = np.empty(total, dtype=np.int64), np.empty(total)
    for low, high, rows, chords in ranges:
        scatter_rows(left.tree, low, high, counts, starts, rows, chords, right_row, chord_squared)
    return np.repeat(np.arange(left.rows), counts), right_row, chord_squared


def sorted_pairs(left: Rows, right: Rows, chord_squared: Floats, threads: int = 1) -> Pairs:
    """Turn chords into separations, and keep the order (left, separation, right)."""
    separation = np.empty(len(left))

    def fill(low: int, high: int) -> None:
        separation[low:high] = separation_arcsec(chord_squared[low:high])

    run_ranges(fill, len(left), threads, smallest=16_384)
    # Chords that differ in the last bit can round to one separation; then the row number decides.
    swapped = (separation[1:] == separation[:-1]) & (right[1:] < right[:-1])
    if np.any(swapped & (left[1:] == left[:-1])):
        order = np.lexsort((right, separation, left))
        left, right, separation = left[order], right[order], separation[order]
    return Pairs(left, right, separation)
