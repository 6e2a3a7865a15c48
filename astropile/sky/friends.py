"""Compiled search for groups: a tree against itself, rows within the limit joined at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astropile.sky.compiled import compiled
from astropile.sky.positions import Floats
from astropile.sky.search import NO_ROW, Tree, new_stack, next_leaf, squared_distance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["join_friends", "number_groups"]


@compiled
def root_of(parent: NDArray[np.int64], row: int) -> int:
    """Return the lowest row of the group of a row, and shorten the way to it."""
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


@compiled
def unite(parent: NDArray[np.int64], row: int, other: int) -> None:
    """Make one group of two; its lowest row stands for it."""
    row, other = root_of(parent, row), root_of(parent, other)
    if row < other:
        parent[other] = row
    else:
        parent[row] = other


@compiled
def box_reach_squared(boxes: Floats, i: int, j: int) -> float:
    """Return the greatest squared distance of a point in one box from a point in another.

    Computed in the order of a pair's distance, so no pair of the boxes comes out greater.
    """
    x = max(boxes[j, 3] - boxes[i, 0], boxes[i, 3] - boxes[j, 0])
    y = max(boxes[j, 4] - boxes[i, 1], boxes[i, 4] - boxes[j, 1])
    z = max(boxes[j, 5] - boxes[i, 2], boxes[i, 5] - boxes[j, 2])
    reach: float = x * x + y * y + z * z
    return reach


@compiled
def join_leaves(
    tree: Tree,
    leaf: int,
    other: int,
    limit: float,
    survey: NDArray[np.int64],
    parent: NDArray[np.int64],
) -> None:
    """Join the rows of two leaves, or of one, that are within the limit."""
    vectors, order, starts = tree.vectors, tree.order, tree.leaf_starts
    is_any = len(survey) == 0
    if is_any and box_reach_squared(tree.boxes, leaf, other) <= limit:
        # All of them are friends: clumps at one place must not cost a comparison a pair.
        first = order[starts[other]]
        for at in range(starts[leaf], starts[leaf + 1]):
            unite(parent, first, order[at])
        for at in range(starts[other], starts[other + 1]):
            unite(parent, first, order[at])
    else:
        for i in range(starts[leaf], starts[leaf + 1]):
            x, y, z = vectors[0, i], vectors[1, i], vectors[2, i]
            for j in range(max(starts[other], i + 1), starts[other + 1]):
                chord = squared_distance(x, y, z, vectors[0, j], vectors[1, j], vectors[2, j])
                if chord <= limit:
                    row, friend = order[i], order[j]
                    if is_any or survey[row] != survey[friend]:
                        unite(parent, row, friend)


@compiled
def join_friends(
    tree: Tree, limit: float, survey: NDArray[np.int64], parent: NDArray[np.int64]
) -> None:
    """Join all rows within the limit of each other, and so their groups.

    ``survey`` says of each row whose it is; rows of one survey are then no friends. If it is empty,
    they are. ``parent`` starts as ``arange(rows)``.
    """
    stack = new_stack(tree)
    for leaf in range(len(tree.leaf_starts) - 1):
        while True:
            node = next_leaf(tree.boxes, leaf, tree, limit, NO_ROW, stack)
            if node < 0:
                break
            if node >= leaf:  # those before have met this one
                join_leaves(tree, leaf, node, limit, survey, parent)


@compiled
def number_groups(parent: NDArray[np.int64], group: NDArray[np.int64]) -> int:
    """Write the number of each row's group, by their lowest rows, and return how many there are."""
    count = 0
    for row in range(len(parent)):
        root = root_of(parent, row)
        if root == row:
            group[row] = count
            count += 1
        else:
            group[row] = group[root]
    return count
