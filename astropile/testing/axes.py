"""The axes of one block for some objects: their elements, and how a file holds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from astropile.expression import Call, LiteralList, walk
from astropile.readers.column import Array
from astropile.schema import Block
from astropile.testing.bindings import Bindings
from astropile.testing.cells import slots
from astropile.testing.elements import Elements, attainable, draw_elements, grid_function
from astropile.testing.errors import not_invertible
from astropile.testing.finishing import Binding
from astropile.testing.layouts import Layout, dense_axis, grid_axis, ragged_axis
from astropile.testing.objects import Objects, generator
from astropile.testing.predicates import Solution, solve_predicate

__all__ = ["AxisPlan", "plan_axis"]

#: Padding beyond the longest row.
SPARE = 2


@dataclass(frozen=True, slots=True)
class AxisPlan:
    """One axis of a block.

    Attributes
    ----------
    elements : Elements
    layout : Layout
    label_leaf : str or None
        Leaf that names the elements.
    padding : mapping of str to scalar, optional
        Values of fields and cells that mark padding; None if nothing is padded.
    data : mapping of str to scalar
        Values of the same that mark data.
    ordered : bool
        Truth is in the order of the declared labels, whatever the order in the file.
    """

    elements: Elements
    layout: Layout
    label_leaf: str | None
    padding: Solution | None
    data: Solution
    ordered: bool


def plan_axis(
    bindings: Bindings,
    block: Block,
    axis: str,
    objects: Objects,
    *,
    seed: int,
    words: tuple[str, ...],
    last: bool,
) -> AxisPlan:
    """Draw the elements of an axis and decide how a file holds them.

    Parameters
    ----------
    bindings : Bindings
        How every leaf is stored.
    block : Block
        The modality.
    axis : str
        The first axis of some leaf.
    objects : Objects
        The objects to draw.
    seed, words
        Of the generators.
    last : bool
        The objects of the last file, which has its planes in another order.
    """
    rng = generator(seed, *words, block.name, axis, "axis")
    own = [b for b in bindings.arrays if b.leaf.block == block.name and b.leaf.axes[0] == axis]
    label = bindings.label_leaf(block.name, axis)
    keep = bindings.source.keep.get((block.name, axis))
    padding = None if keep is None else solve_predicate(keep.expr, truth=False)
    data = None if keep is None else solve_predicate(keep.expr, truth=True)
    grid = next((b for b in own if grid_function(b.expr)), None)
    equal = _is_equal(bindings, own, padding)
    words_of_labels = _labels(bindings, own, label)
    elements = None
    if bindings.given is not None:
        leaves = [binding.leaf for binding in own]
        elements = bindings.given.elements(
            block, axis, leaves, objects.number, label_leaf=label, labels=words_of_labels
        )
    if elements is None:
        elements = draw_elements(
            block,
            axis,
            objects,
            rng,
            labels=words_of_labels,
            equal=equal,
            padded=padding is not None,
            uniform=grid is not None and padding is None,
        )
    sized = not block.is_ragged(axis)
    if sized:
        length = block.length(axis) or 0
        turned = last and label is not None and _can_turn(bindings, own)
        layout = dense_axis(len(objects), length, reverse=turned)
    elif grid is not None:
        if elements.label_counts is None and len(elements.row):
            why = "the elements given are not in groups of their labels"
            raise not_invertible(bindings.schema, bindings.source, grid.leaf.address, why)
        layout = _grid(bindings, grid, elements, rng, padded=padding is not None)
    else:
        fixed = bindings.stacks_rows and (equal or padding is not None)
        # The order in a file means nothing where the schema says one, but for equal keys.
        free = block.modality.sort or (elements.label is not None and elements.label_counts is None)
        mixed = bool(free) and bindings.given is None
        layout = _ragged(elements, rng, mixed=mixed, padded=padding is not None, dense=fixed)
    ordered = sized or bool(block.axes[axis].labels)
    return AxisPlan(elements, layout, label, padding, data or {}, ordered)


def _labels(bindings: Bindings, own: Sequence[Binding], label: str | None) -> tuple[str, ...]:
    """Return the labels of elements of a ragged axis."""
    for binding in own:
        if binding.leaf.address == label:
            schema = bindings.schema
            bands = schema.blocks[binding.leaf.block].modality.bands or schema.bands
            return attainable(binding.leaf, binding.expr, schema.file.lookups, bands)
    return ()


def _is_equal(bindings: Bindings, own: Sequence[Binding], padding: Solution | None) -> bool:
    """Whether all rows must have as many elements: no padding, and arrays that cannot be ragged."""
    if not bindings.stacks_rows or padding is not None:
        return False
    block = own[0].leaf.block
    stated = (block, own[0].leaf.axes[0]) in bindings.source.keep
    return stated or any(len(b.leaf.axes) > 1 or grid_function(b.expr) for b in own)


def _can_turn(bindings: Bindings, own: Sequence[Binding]) -> bool:
    """Whether planes can stand in another order: each comes from a cell along the axis."""
    for binding in own:
        nodes = list(walk(binding.expr))
        fixed = any(
            isinstance(n, Call) and n.function in ("stack", "concat", "axes") for n in nodes
        )
        keys = [key for key, _ in slots(binding.expr, bindings.source)]
        fixed = fixed or not keys or any(isinstance(node, LiteralList) for node in nodes)
        if fixed or any(bindings.is_shared(key) for key in keys):
            return False
    return True


def _ragged(
    elements: Elements, rng: np.random.Generator, *, mixed: bool, padded: bool, dense: bool
) -> Layout:
    counts = elements.counts
    order = None
    if mixed:
        order = np.lexsort((rng.random(len(elements.row)), elements.row))
    if not padded:
        padding = np.zeros_like(counts)
    elif dense:
        padding = counts.max(initial=0) + SPARE - counts
    else:
        padding = rng.integers(1, 1 + SPARE, len(counts))
    return ragged_axis(counts, order, padding, dense=dense)


def _grid(
    bindings: Bindings,
    grid: Binding,
    elements: Elements,
    rng: np.random.Generator,
    *,
    padded: bool,
) -> Layout:
    """Arrange elements as a table of bands and epochs."""
    counts: Array = (
        elements.label_counts
        if elements.label_counts is not None
        else np.zeros((len(elements.counts), 1), dtype=np.int64)
    )
    n, labels = counts.shape
    fixed = any(isinstance(node, LiteralList) for node in walk(grid.expr))
    order = np.tile(np.arange(labels), (n, 1))
    groups = np.full(n, labels, dtype=np.int64)
    if not fixed:
        # Present labels first, in random order; absent ones fill a table that must be as wide.
        key = rng.random((n, labels)) + (counts == 0)
        order = np.argsort(key, axis=1)
        groups = np.maximum((counts > 0).sum(axis=1), 1)
    longest = counts.max(axis=1, initial=0)
    spare = np.zeros(n, dtype=np.int64)
    if bindings.stacks_rows:
        groups = np.full(n, groups.max(initial=1), dtype=np.int64)
        spare = longest.max(initial=0) + (SPARE if padded else 0) - longest
    elif padded:
        spare = rng.integers(0, SPARE, n) + (longest == 0)
    tiled = grid_function(grid.expr) == "tile"
    return grid_axis(counts, order, groups, spare, tiled=tiled)
