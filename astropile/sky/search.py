"""Compiled search of one tree with the leaves of another.

A box is passed over if its distance from a position exceeds the limit. That distance is computed
with the same three differences, squares and sums, in the same order, as the distance of a pair;
rounding never turns a smaller number into a greater one, so no pair within the limit is below a
box that was passed over. The result is that of comparing everything with everything, to the bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astropile.sky.compiled import compiled
from astropile.sky.packing import LEAF_ROWS
from astropile.sky.positions import Floats
from astropile.sky.tree import FAN_OUT, Tree

__all__ = ["nearest_rows", "rows_within"]

NO_ROW = (1 << 62) - 1


@compiled
def box_gap_squared(boxes: Floats, i: int, others: Floats, j: int) -> float:
    """Return the squared distance between two boxes, 0 if they touch."""
    x = max(max(others[j, 0] - boxes[i, 3], boxes[i, 0] - others[j, 3]), 0.0)
    y = max(max(others[j, 1] - boxes[i, 4], boxes[i, 1] - others[j, 4]), 0.0)
    z = max(max(others[j, 2] - boxes[i, 5], boxes[i, 2] - others[j, 5]), 0.0)
    return x * x + y * y + z * z


@compiled
def point_gap_squared(x: float, y: float, z: float, boxes: Floats, j: int) -> float:
    """Return the squared distance of a point from a box, 0 inside."""
    dx = max(max(boxes[j, 0] - x, x - boxes[j, 3]), 0.0)
    dy = max(max(boxes[j, 1] - y, y - boxes[j, 4]), 0.0)
    dz = max(max(boxes[j, 2] - z, z - boxes[j, 5]), 0.0)
    return dx * dx + dy * dy + dz * dz


@compiled
def chords_squared(x: float, y: float, z: float, vectors: Floats, start: int, out: Floats) -> None:
    """Write the squared distances of a point from ``len(out)`` rows (plain, so it vectorises)."""
    xs = vectors[0, start : start + len(out)]
    ys = vectors[1, start : start + len(out)]
    zs = vectors[2, start : start + len(out)]
    for k in range(len(out)):
        dx = x - xs[k]
        dy = y - ys[k]
        dz = z - zs[k]
        out[k] = dx * dx + dy * dy + dz * dz


@compiled
def push_children(
    left: Tree,
    leaf: int,
    right: Tree,
    level: int,
    node: int,
    bound: float,
    size: int,
    nodes: NDArray[np.int64],
    levels: NDArray[np.int64],
    gaps: Floats,
) -> int:
    """Put the children of a node within `bound` of a leaf on the stack, the nearest on top."""
    first = right.level_starts[level - 1] + (node - right.level_starts[level]) * FAN_OUT
    bottom = size
    for child in range(first, min(first + FAN_OUT, right.level_starts[level])):
        gap = box_gap_squared(left.boxes, leaf, right.boxes, child)
        if gap <= bound:
            place = size
            while place > bottom and gaps[place - 1] < gap:
                nodes[place], gaps[place] = nodes[place - 1], gaps[place - 1]
                place -= 1
            nodes[place], gaps[place] = child, gap
            levels[size] = level - 1
            size += 1
    return size


@compiled
def improve(
    left: Tree,
    leaf: int,
    right: Tree,
    node: int,
    best: Floats,
    best_row: NDArray[np.int64],
    chords: Floats,
) -> bool:
    """Bring the rows of a left leaf up to date with those of a right leaf; True if any changed."""
    first = left.leaf_starts[leaf]
    start, end = right.leaf_starts[node], right.leaf_starts[node + 1]
    changed = False
    for i in range(left.leaf_starts[leaf + 1] - first):
        x, y, z = left.vectors[0, first + i], left.vectors[1, first + i], left.vectors[2, first + i]
        nearest = best[i]
        if point_gap_squared(x, y, z, right.boxes, node) > nearest:
            continue
        # A fixed length is what makes this fast; rows of the next leaf are not looked at below.
        chords_squared(x, y, z, right.vectors, start, chords)
        within = 0
        for k in range(LEAF_ROWS):
            within += chords[k] <= nearest
        if within == 0:
            continue
        for k in range(end - start):
            if chords[k] <= best[i]:
                row = right.order[start + k]
                if chords[k] < best[i] or row < best_row[i]:
                    best[i], best_row[i] = chords[k], row
                    changed = True
    return changed


@compiled
def nearest_rows(
    left: Tree,
    right: Tree,
    limit: float,
    low: int,
    high: int,
    right_row: NDArray[np.int64],
    chord_squared: Floats,
) -> None:
    """Find the nearest right row of each row in left leaves `low` to `high`.

    Writes to the caller's row numbers; rows with nothing within the limit are left as they are.
    Of right rows at the same distance the lowest row number wins.
    """
    top = len(right.level_starts) - 2
    nodes = np.empty(FAN_OUT * (top + 2), np.int64)
    levels = np.empty(FAN_OUT * (top + 2), np.int64)
    gaps = np.empty(FAN_OUT * (top + 2))
    best = np.empty(LEAF_ROWS)
    best_row = np.empty(LEAF_ROWS, np.int64)
    chords = np.empty(LEAF_ROWS)
    for leaf in range(low, high):
        first = left.leaf_starts[leaf]
        rows = left.leaf_starts[leaf + 1] - first
        best[:] = limit
        best_row[:] = NO_ROW
        bound, highest = limit, NO_ROW
        nodes[0], levels[0], gaps[0] = right.level_starts[top], top, 0.0
        size = 1
        while size > 0:
            size -= 1
            node, level, gap = nodes[size], levels[size], gaps[size]
            if gap > bound or (gap == bound and right.lowest_row[node] > highest):
                continue
            if level > 0:
                size = push_children(
                    left, leaf, right, level, node, bound, size, nodes, levels, gaps
                )
            elif improve(left, leaf, right, node, best, best_row, chords):
                bound, highest = best[0], best_row[0]
                for i in range(1, rows):
                    bound = max(bound, best[i])
                    highest = max(highest, best_row[i])
        for i in range(rows):
            if best_row[i] != NO_ROW:
                row = left.order[first + i]
                right_row[row] = best_row[i]
                chord_squared[row] = best[i]


@compiled
def sort_found(chords: Floats, rows: NDArray[np.int64]) -> None:
    """Sort by chord, then row number (Shell's sort: in place, and quick on the usual one or two)."""
    gap = 1
    while gap < len(rows) // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, len(rows)):
            chord, row = chords[i], rows[i]
            j = i
            while j >= gap and (
                chords[j - gap] > chord or (chords[j - gap] == chord and rows[j - gap] > row)
            ):
                chords[j], rows[j] = chords[j - gap], rows[j - gap]
                j -= gap
            chords[j], rows[j] = chord, row
        gap //= 3


@compiled
def rows_within(
    left: Tree,
    right: Tree,
    limit: float,
    low: int,
    high: int,
    counts: NDArray[np.int64],
    starts: NDArray[np.int64],
    right_row: NDArray[np.int64],
    chord_squared: Floats,
) -> None:
    """Count, or write, every right row within the limit of each row in left leaves.

    With empty `starts` it counts per left row; otherwise it writes rows and chords of left row
    ``r`` from ``starts[r]`` on, sorted by chord and row number.
    """
    top = len(right.level_starts) - 2
    nodes = np.empty(FAN_OUT * (top + 2), np.int64)
    levels = np.empty(FAN_OUT * (top + 2), np.int64)
    gaps = np.empty(FAN_OUT * (top + 2))
    chords = np.empty(LEAF_ROWS)
    found = np.empty(LEAF_ROWS, np.int64)
    for leaf in range(low, high):
        first = left.leaf_starts[leaf]
        rows = left.leaf_starts[leaf + 1] - first
        found[:] = 0
        nodes[0], levels[0], gaps[0] = right.level_starts[top], top, 0.0
        size = 1
        while size > 0:
            size -= 1
            node, level = nodes[size], levels[size]
            if level > 0:
                size = push_children(
                    left, leaf, right, level, node, limit, size, nodes, levels, gaps
                )
                continue
            start, end = right.leaf_starts[node], right.leaf_starts[node + 1]
            for i in range(rows):
                at = first + i
                x, y, z = left.vectors[0, at], left.vectors[1, at], left.vectors[2, at]
                if point_gap_squared(x, y, z, right.boxes, node) > limit:
                    continue
                chords_squared(x, y, z, right.vectors, start, chords)
                for k in range(end - start):
                    if chords[k] <= limit:
                        if len(starts):
                            slot = starts[left.order[at]] + found[i]
                            right_row[slot] = right.order[start + k]
                            chord_squared[slot] = chords[k]
                        found[i] += 1
        for i in range(rows):
            row = left.order[first + i]
            if len(starts):
                begin, end = starts[row], starts[row] + found[i]
                sort_found(chord_squared[begin:end], right_row[begin:end])
            else:
                counts[row] = found[i]
