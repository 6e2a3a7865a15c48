"""Compiled search for the k nearest: as in `search`, with a heap for every left row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from astropile.sky.compiled import compiled
from astropile.sky.positions import Floats
from astropile.sky.search import (
    LEAF_ROWS,
    NO_ROW,
    Tree,
    fill_limits,
    new_stack,
    next_leaf,
    point_gap_squared,
    sort_found,
    squared_distance,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["nearest_k_rows", "scatter_rows"]


@compiled
def is_after(chord: float, row: int, other_chord: float, other_row: int) -> bool:
    """Tell whether a right row is a worse neighbour than another."""
    return chord > other_chord or (chord == other_chord and row > other_row)


@compiled
def put_on_heap(
    chords: Floats, heap_rows: NDArray[np.int64], size: int, k: int, chord: float, row: int
) -> int:
    """Add a neighbour to a heap whose first is the worst; a full heap gives that one up."""
    if size < k:
        place = size
        while place > 0:
            above = (place - 1) // 2
            if not is_after(chord, row, chords[above], heap_rows[above]):
                break
            chords[place], heap_rows[place] = chords[above], heap_rows[above]
            place = above
        chords[place], heap_rows[place] = chord, row
        return size + 1
    place = 0
    while True:
        below = 2 * place + 1
        if below >= k:
            break
        if below + 1 < k and is_after(
            chords[below + 1], heap_rows[below + 1], chords[below], heap_rows[below]
        ):
            below += 1
        if not is_after(chords[below], heap_rows[below], chord, row):
            break
        chords[place], heap_rows[place] = chords[below], heap_rows[below]
        place = below
    chords[place], heap_rows[place] = chord, row
    return k


@compiled
def take_nearest(
    x: float,
    y: float,
    z: float,
    right: Tree,
    start: int,
    end: int,
    own_limit: float,
    chords: Floats,
    heap_rows: NDArray[np.int64],
    size: int,
    k: int,
) -> int:
    """Offer the rows of a right leaf to the heap of a left row; return its size."""
    vectors, order = right.vectors, right.order
    for at in range(start, end):
        chord = squared_distance(x, y, z, vectors[0, at], vectors[1, at], vectors[2, at])
        if chord <= own_limit and (
            size < k or not is_after(chord, order[at], chords[0], heap_rows[0])
        ):
            size = put_on_heap(chords, heap_rows, size, k, chord, order[at])
    return size


@compiled
def visit_leaf(
    left_vectors: Floats,
    first: int,
    rows: int,
    right: Tree,
    node: int,
    own: Floats,
    chords: Floats,
    heap_rows: NDArray[np.int64],
    found: NDArray[np.int64],
    k: int,
) -> tuple[float, int]:
    """Offer a right leaf to the rows of a left one.

    Returns
    -------
    bound, highest : float, int
        What a neighbour must be below, or at with a lower row number, for any of them to take it.
    """
    bound, highest = -1.0, -1
    start, end = right.leaf_starts[node], right.leaf_starts[node + 1]
    for i in range(rows):
        x, y, z = left_vectors[0, first + i], left_vectors[1, first + i], left_vectors[2, first + i]
        worst = own[i] if found[i] < k else chords[i, 0]
        if point_gap_squared(x, y, z, right.boxes, node) <= worst:
            found[i] = take_nearest(
                x, y, z, right, start, end, own[i], chords[i], heap_rows[i], found[i], k
            )
        is_full = found[i] == k
        bound = max(bound, chords[i, 0] if is_full else own[i])
        highest = max(highest, heap_rows[i, 0] if is_full else NO_ROW)
    return bound, highest


@compiled
def nearest_k_rows(
    left: Tree,
    right: Tree,
    limit: float,
    limits: Floats,
    k: int,
    low: int,
    high: int,
    counts: NDArray[np.int64],
    right_row: NDArray[np.int64],
    chord_squared: Floats,
) -> int:
    """Find the k nearest right rows of each row in left leaves `low` to `high`.

    They are written one left row after the other, in tree order, sorted by chord and row number;
    ``counts`` says how many each has. Of right rows at one distance the lowest numbers win.

    Returns
    -------
    int
        Number of entries written.
    """
    left_vectors, left_boxes, left_starts = left.vectors, left.boxes, left.leaf_starts
    left_order = left.order
    stack = new_stack(right)
    own = np.empty(LEAF_ROWS)
    found = np.empty(LEAF_ROWS, np.int64)
    chords = np.empty((LEAF_ROWS, k))
    heap_rows = np.empty((LEAF_ROWS, k), np.int64)
    written = 0
    for leaf in range(low, high):
        first = left_starts[leaf]
        rows = left_starts[leaf + 1] - first
        bound, highest = fill_limits(limit, limits, left_order, first, rows, own), NO_ROW
        for i in range(rows):
            found[i] = 0
        while True:
            node = next_leaf(left_boxes, leaf, right, bound, highest, stack)
            if node < 0:
                break
            bound, highest = visit_leaf(
                left_vectors, first, rows, right, node, own, chords, heap_rows, found, k
            )
        for i in range(rows):
            sort_found(chords[i], heap_rows[i], 0, found[i])
            counts[left_order[first + i]] = found[i]
            for place in range(found[i]):
                right_row[written] = heap_rows[i, place]
                chord_squared[written] = chords[i, place]
                written += 1
    return written


@compiled
def scatter_rows(
    left: Tree,
    low: int,
    high: int,
    counts: NDArray[np.int64],
    starts: NDArray[np.int64],
    found_row: NDArray[np.int64],
    found_chord: Floats,
    right_row: NDArray[np.int64],
    chord_squared: Floats,
) -> None:
    """Copy what was found for left leaves, in tree order, to where each left row starts."""
    at = 0
    for place in range(left.leaf_starts[low], left.leaf_starts[high]):
        row = left.order[place]
        for offset in range(counts[row]):
            right_row[starts[row] + offset] = found_row[at]
            chord_squared[starts[row] + offset] = found_chord[at]
            at += 1
