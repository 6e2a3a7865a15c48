"""Compiled search of one tree with the leaves of another.

A box is passed over if its distance from a position exceeds the limit. That distance is computed
with the same three differences, squares and sums, in the same order, as the distance of a pair;
rounding never turns a smaller number into a greater one, so no pair within the limit is below a
box that was passed over. The result is that of comparing everything with everything, to the bit.

What is called for every leaf has one exit. With two, Numba counts the references to each array at
every call, and threads that count those of one array wait for each other: up to five times slower.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from astropile.sky.compiled import compiled
from astropile.sky.positions import Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FAN_OUT", "LEAF_ROWS", "NO_ROW", "Tree", "fill_limits", "nearest_rows", "rows_within"]

# Both measured: 8 and 16 rows a leaf are slower, 4 and 16 children a node cost a few per cent.
LEAF_ROWS = 32
FAN_OUT = 8

NO_ROW = (1 << 62) - 1


class Tree(NamedTuple):
    """What the compiled search reads (a named tuple, because Numba can take one).

    Layout and sizes live in the file of the functions that rely on them: Numba's file cache
    notices a change of the function's own file only.

    Attributes
    ----------
    vectors : ndarray of float64, shape (3, rows + padding)
        Unit vectors in tree order; the padding lies far away, so that a scan may run past the end.
    order : ndarray of int64, shape (rows,)
        The caller's row numbers in tree order.
    leaf_starts : ndarray of int64, shape (leaves + 1,)
    boxes : ndarray of float64, shape (nodes, 6)
        Lower corner, upper corner; leaves first, then each level above, the root last.
    lowest_row : ndarray of int64, shape (nodes,)
        The lowest of the caller's row numbers below a node; it settles ties without a visit.
    level_starts : ndarray of int64, shape (levels + 1,)
    """

    vectors: Floats
    order: NDArray[np.int64]
    leaf_starts: NDArray[np.int64]
    boxes: Floats
    lowest_row: NDArray[np.int64]
    level_starts: NDArray[np.int64]


@compiled
def box_gap_squared(boxes: Floats, i: int, others: Floats, j: int) -> float:
    """Return the squared distance between two boxes, 0 if they touch."""
    x = max(max(others[j, 0] - boxes[i, 3], boxes[i, 0] - others[j, 3]), 0.0)
    y = max(max(others[j, 1] - boxes[i, 4], boxes[i, 1] - others[j, 4]), 0.0)
    z = max(max(others[j, 2] - boxes[i, 5], boxes[i, 2] - others[j, 5]), 0.0)
    gap: float = x * x + y * y + z * z
    return gap


@compiled
def point_gap_squared(x: float, y: float, z: float, boxes: Floats, j: int) -> float:
    """Return the squared distance of a point from a box, 0 inside."""
    dx = max(max(boxes[j, 0] - x, x - boxes[j, 3]), 0.0)
    dy = max(max(boxes[j, 1] - y, y - boxes[j, 4]), 0.0)
    dz = max(max(boxes[j, 2] - z, z - boxes[j, 5]), 0.0)
    gap: float = dx * dx + dy * dy + dz * dz
    return gap


@compiled
def fill_limits(
    limit: float, limits: Floats, order: NDArray[np.int64], first: int, rows: int, own: Floats
) -> float:
    """Write the limit of each row of a left leaf and return the greatest.

    ``limits`` is empty if all rows have the same, ``limit``; a negative one lets nothing through.
    """
    greatest = -1.0
    for i in range(rows):
        own[i] = limits[order[first + i]] if len(limits) else limit
        greatest = max(greatest, own[i])
    return greatest


@compiled
def squared_distance(x: float, y: float, z: float, x2: float, y2: float, z2: float) -> float:
    """Return the squared distance of two points, in the one order that decides every match."""
    dx = x - x2
    dy = y - y2
    dz = z - z2
    distance: float = dx * dx + dy * dy + dz * dz
    return distance


class Stack(NamedTuple):
    """Nodes that a walk down a tree has yet to see, the next one last.

    Attributes
    ----------
    nodes, levels : ndarray of int64
    gaps : ndarray of float64
        Squared distance of each node's box from the leaf that is walked for.
    size : ndarray of int64, shape (1,)
        How many there are; -1 outside of a walk.
    """

    nodes: NDArray[np.int64]
    levels: NDArray[np.int64]
    gaps: Floats
    size: NDArray[np.int64]


@compiled
def new_stack(tree: Tree) -> Stack:
    """Return a stack that is deep enough for any walk down a tree."""
    most = FAN_OUT * len(tree.level_starts)
    size = np.empty(1, np.int64)
    size[0] = -1
    return Stack(np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most), size)


@compiled
def next_leaf(
    left_boxes: Floats, leaf: int, tree: Tree, bound: float, highest: int, stack: Stack
) -> int:
    """Go on to the next leaf that may hold a row for a left leaf; -1 when there is none.

    Such a row is nearer than `bound`, or as near and its number at most `highest`. Of the children
    of a node the nearest come first. Of those at one distance the first does: it has the lowest
    rows if all positions are the same, and then the others need no visit. After the end the next
    call starts again at the root.
    """
    boxes, lowest_row, level_starts = tree.boxes, tree.lowest_row, tree.level_starts
    nodes, levels, gaps = stack.nodes, stack.levels, stack.gaps
    size = stack.size[0]
    if size < 0:
        top = len(level_starts) - 2
        nodes[0], levels[0], gaps[0] = level_starts[top], top, 0.0
        size = 1
    found = -1
    while size > 0 and found < 0:
        size -= 1
        node, level, gap = nodes[size], levels[size], gaps[size]
        if gap > bound or (gap == bound and lowest_row[node] > highest):
            continue
        if level == 0:
            found = node
            continue
        first = level_starts[level - 1] + (node - level_starts[level]) * FAN_OUT
        bottom = size
        for child in range(first, min(first + FAN_OUT, level_starts[level])):
            gap = box_gap_squared(left_boxes, leaf, boxes, child)
            if gap <= bound:
                place = size
                while place > bottom and gaps[place - 1] <= gap:
                    nodes[place], gaps[place] = nodes[place - 1], gaps[place - 1]
                    place -= 1
                nodes[place], gaps[place] = child, gap
                levels[size] = level - 1
                size += 1
    stack.size[0] = size if found >= 0 else -1
    return found


@compiled
def improve(
    left_vectors: Floats,
    first: int,
    rows: int,
    right: Tree,
    node: int,
    best: Floats,
    best_row: NDArray[np.int64],
    chords: Floats,
) -> bool:
    """Bring rows of a left leaf up to date with those of a right leaf; True if any changed."""
    vectors, order, boxes = right.vectors, right.order, right.boxes
    start, end = right.leaf_starts[node], right.leaf_starts[node + 1]
    changed = False
    xs = vectors[0, start : start + LEAF_ROWS]
    ys = vectors[1, start : start + LEAF_ROWS]
    zs = vectors[2, start : start + LEAF_ROWS]
    for i in range(rows):
        x, y, z = left_vectors[0, first + i], left_vectors[1, first + i], left_vectors[2, first + i]
        nearest = best[i]
        if point_gap_squared(x, y, z, boxes, node) > nearest:
            continue
        # A fixed length is what makes this fast; rows of the next leaf are not looked at below.
        within = 0
        for k in range(LEAF_ROWS):
            chord = squared_distance(x, y, z, xs[k], ys[k], zs[k])
            chords[k] = chord
            within += chord <= nearest
        if within == 0:
            continue
        for k in range(end - start):
            if chords[k] <= best[i]:
                row = order[start + k]
                if chords[k] < best[i] or row < best_row[i]:
                    best[i], best_row[i] = chords[k], row
                    changed = True
    return changed


@compiled
def nearest_rows(
    left: Tree,
    right: Tree,
    limit: float,
    limits: Floats,
    low: int,
    high: int,
    right_row: NDArray[np.int64],
    chord_squared: Floats,
) -> None:
    """Find the nearest right row of each row in left leaves `low` to `high`.

    Writes to the caller's row numbers; rows with nothing within the limit are left as they are.
    Of right rows at the same distance the lowest row number wins.
    """
    left_vectors, left_boxes, left_starts = left.vectors, left.boxes, left.leaf_starts
    left_order = left.order
    stack = new_stack(right)
    best = np.empty(LEAF_ROWS)
    best_row = np.empty(LEAF_ROWS, np.int64)
    chords = np.empty(LEAF_ROWS)
    for leaf in range(low, high):
        first = left_starts[leaf]
        rows = left_starts[leaf + 1] - first
        bound, highest = fill_limits(limit, limits, left_order, first, rows, best), NO_ROW
        for i in range(rows):
            best_row[i] = NO_ROW
        while True:
            node = next_leaf(left_boxes, leaf, right, bound, highest, stack)
            if node < 0:
                break
            if improve(left_vectors, first, rows, right, node, best, best_row, chords):
                bound, highest = best[0], best_row[0]
                for i in range(1, rows):
                    bound = max(bound, best[i])
                    highest = max(highest, best_row[i])
        for i in range(rows):
            if best_row[i] != NO_ROW:
                row = left_order[first + i]
                right_row[row] = best_row[i]
                chord_squared[row] = best[i]


@compiled
def sort_found(chords: Floats, rows: NDArray[np.int64], begin: int, end: int) -> None:
    """Sort a range by chord, then row number.

    Shell's sort: in place, next to nothing for the usual one or two, and never quadratic.
    """
    gap = 1
    while gap < (end - begin) // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(begin + gap, end):
            chord, row = chords[i], rows[i]
            j = i
            while j >= begin + gap and (
                chords[j - gap] > chord or (chords[j - gap] == chord and rows[j - gap] > row)
            ):
                chords[j], rows[j] = chords[j - gap], rows[j - gap]
                j -= gap
            chords[j], rows[j] = chord, row
        gap //= 3


@compiled
def take_within(
    x: float,
    y: float,
    z: float,
    right: Tree,
    node: int,
    limit: float,
    begin: int,
    found: int,
    right_row: NDArray[np.int64],
    chord_squared: Floats,
) -> int:
    """Count the rows of a right leaf within the limit, and write them unless `begin` is -1."""
    vectors, order = right.vectors, right.order
    start, end = right.leaf_starts[node], right.leaf_starts[node + 1]
    xs, ys, zs = vectors[0, start:end], vectors[1, start:end], vectors[2, start:end]
    within = 0
    for k in range(end - start):
        within += squared_distance(x, y, z, xs[k], ys[k], zs[k]) <= limit
    if begin >= 0 and within > 0:
        place = begin + found
        for k in range(end - start):
            chord = squared_distance(x, y, z, xs[k], ys[k], zs[k])
            if chord <= limit:
                right_row[place] = order[start + k]
                chord_squared[place] = chord
                place += 1
    return found + within


@compiled
def rows_within(
    left: Tree,
    right: Tree,
    limit: float,
    limits: Floats,
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
    left_vectors, left_boxes, left_starts = left.vectors, left.boxes, left.leaf_starts
    boxes, left_order = right.boxes, left.order
    stack = new_stack(right)
    found = np.empty(LEAF_ROWS, np.int64)
    own = np.empty(LEAF_ROWS)
    for leaf in range(low, high):
        first = left_starts[leaf]
        rows = left_starts[leaf + 1] - first
        bound = fill_limits(limit, limits, left_order, first, rows, own)
        for i in range(rows):
            found[i] = 0
        while True:
            node = next_leaf(left_boxes, leaf, right, bound, NO_ROW, stack)
            if node < 0:
                break
            for i in range(rows):
                at = first + i
                x, y, z = left_vectors[0, at], left_vectors[1, at], left_vectors[2, at]
                if point_gap_squared(x, y, z, boxes, node) <= own[i]:
                    begin = starts[left_order[at]] if len(starts) else -1
                    found[i] = take_within(
                        x, y, z, right, node, own[i], begin, found[i], right_row, chord_squared
                    )
        for i in range(rows):
            row = left_order[first + i]
            if len(starts):
                begin = starts[row]
                sort_found(chord_squared, right_row, begin, begin + found[i])
            else:
                counts[row] = found[i]
