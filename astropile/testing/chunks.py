"""The bulk pass: arrays of the blocks of some objects, and the cells that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from astropile.engine.align import align
from astropile.engine.evaluate import Evaluator
from astropile.engine.logic import true_rows
from astropile.engine.operand import Fault
from astropile.expression import Call, Name, names, walk
from astropile.readers import Column
from astropile.readers.column import Array, offsets_of
from astropile.schema import Block, Leaf, Value
from astropile.testing.axes import AxisPlan, plan_axis
from astropile.testing.bindings import Bindings
from astropile.testing.blocks import BlockDraw
from astropile.testing.cells import CellStore, NotInvertibleError, key_of, slots
from astropile.testing.errors import not_invertible
from astropile.testing.finishing import Binding, choose_sentinels, finish_truth, with_sentinels
from astropile.testing.inverter import Inverter
from astropile.testing.objects import Objects, generator
from astropile.testing.targets import Target

__all__ = ["Chunk", "draw_chunk"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Arrays of some objects.

    Attributes
    ----------
    store : CellStore
        All their cells, with those of the catalogue.
    bindings : Bindings
    axes : mapping of (block, axis) to AxisPlan
    attained : mapping of str to Column
        What the cells give for every leaf, as it stands in the file.
    """

    store: CellStore
    bindings: Bindings
    axes: Mapping[tuple[str, str], AxisPlan]
    attained: Mapping[str, Column]

    def truth(self, block: str) -> dict[str, Column]:
        """Return the leaves of a block as every Example has them."""
        leaves = {b.leaf.address: b for b in self.bindings.arrays if b.leaf.block == block}
        found = {a: self._finished(leaves[a]) for a in leaves if a in self.attained}
        keys = self.bindings.schema.blocks[block].modality.sort
        if keys:
            _sort(found, leaves, [f"{block}.{key}" for key in keys], self.bindings.schema.bands)
        return found

    def _finished(self, binding: Binding) -> Column:
        leaf = binding.leaf
        axis = self.axes[leaf.block, leaf.axes[0]]
        layout, column = axis.layout, self.attained[leaf.address]
        if column.ndim == 0:
            # One value for the whole array.
            shape = (len(axis.elements.row), *self._inner(leaf))
            rows = column.data[axis.elements.row].reshape(-1, *(1,) * (len(shape) - 1))
            values = np.broadcast_to(rows, shape)
        elif axis.ordered:
            values = layout.to_elements(column)
        else:
            data = column.data if column.offsets is not None else _joined(column.data)
            values = data if layout.element is None else data[layout.element >= 0]
        return finish_truth(binding, self._in_rows(leaf, axis, values))

    def _inner(self, leaf: Leaf) -> tuple[int, ...]:
        block = self.bindings.schema.blocks[leaf.block]
        return tuple(block.length(axis) or 0 for axis in leaf.axes[1:])

    def _in_rows(self, leaf: Leaf, axis: AxisPlan, values: Array) -> Column:
        length = self.bindings.schema.blocks[leaf.block].length(leaf.axes[0])
        if length is not None:
            return Column(values.reshape(-1, length, *values.shape[1:]))
        return Column(values, offsets=offsets_of(axis.elements.counts))


def _joined(data: Array) -> Array:
    return data.reshape(-1, *data.shape[2:])


def _sort(
    columns: dict[str, Column],
    leaves: Mapping[str, Binding],
    keys: list[str],
    bands: tuple[str, ...],
) -> None:
    """Sort elements of every object by keys, in place; equal ones stay as they stand."""
    keys = [key for key in keys if key in columns]
    if not keys:
        return
    axis = leaves[keys[0]].leaf.axes[0]
    guide = columns[keys[0]]
    if guide.offsets is None:
        return
    ranks = [_rank(columns[key].data, leaves[key].leaf, bands) for key in keys]
    row = np.repeat(np.arange(len(guide)), guide.counts)
    order = np.lexsort((*ranks[::-1], row))
    for address, column in columns.items():
        if leaves[address].leaf.axes[0] == axis:
            columns[address] = replace(column, data=column.data[order])


def _rank(values: Array, leaf: Leaf, bands: tuple[str, ...]) -> Array:
    if leaf.role != "band" or not bands:
        return values
    found = np.full(len(values), len(bands))
    for number, band in enumerate(bands):
        found[values == band] = number
    return found


def draw_chunk(
    bindings: Bindings,
    objects: Objects,
    store: CellStore,
    seed: int,
    words: tuple[str, ...],
    *,
    last: bool,
) -> Chunk:
    """Draw the arrays of objects and find their cells.

    Parameters
    ----------
    bindings : Bindings
        How every leaf is stored.
    objects : Objects
        The objects to draw.
    store : CellStore
        Cells of their scalars.
    seed : int
        Seed of the mock survey.
    words : tuple of str
        What the generators depend on beside the seed and the leaf.
    last : bool
        Whether these are the objects of the last file.

    Raises
    ------
    UsageError
        A leaf cannot be undone.
    """
    rows = CellStore(store.n, {key: dict(parts) for key, parts in store.parts.items()})
    lookups = bindings.schema.file.lookups
    inverter = Inverter(bindings.source, lookups, rows, generator(seed, *words))
    return _Drawer(bindings, objects, inverter, seed, words, last, {}, {}).draw()


@dataclass(slots=True)
class _Drawer:
    bindings: Bindings
    objects: Objects
    inverter: Inverter
    seed: int
    words: tuple[str, ...]
    last: bool
    axes: dict[tuple[str, str], AxisPlan]
    wanted: dict[str, Column]

    def draw(self) -> Chunk:
        for name, own in self.bindings.array_blocks().items():
            self._draw_block(self.bindings.schema.blocks[name], own)
        attained: dict[str, Column] = {}
        derived: list[Binding] = []
        for binding in self.bindings.arrays:
            if self.inverter.is_open(binding.expr):
                attained[binding.leaf.address] = self._solved(binding)
            else:
                derived.append(binding)
        for binding in derived:
            attained[binding.leaf.address] = self._derived(binding)
        return Chunk(self.inverter.store, self.bindings, self.axes, attained)

    def rng(self, *words: str) -> np.random.Generator:
        return generator(self.seed, *self.words, *words)

    def _draw_block(self, block: Block, own: list[Binding]) -> None:
        """Draw the bound values of a block's leaves as they stand in the file."""
        for axis in dict.fromkeys(b.leaf.axes[0] for b in own):
            self.axes[block.name, axis] = plan_axis(
                self.bindings,
                block,
                axis,
                self.objects,
                seed=self.seed,
                words=self.words,
                last=self.last,
            )
        plans = {axis: plan for (name, axis), plan in self.axes.items() if name == block.name}
        drawing = BlockDraw(
            self.bindings.schema,
            block,
            self.objects,
            {axis: plan.elements for axis, plan in plans.items()},
            {axis: plan.label_leaf for axis, plan in plans.items() if plan.label_leaf},
            self.seed,
            self.words,
        )
        values = {b.leaf.address: self._bound(b, drawing) for b in own}
        for axis, plan in plans.items():
            keep = self.bindings.source.keep.get((block.name, axis))
            if keep is not None:
                self._make_data(block, axis, plan, keep, values)
        for binding in own:
            plan = plans[binding.leaf.axes[0]]
            self.wanted[binding.leaf.address] = self._stored(
                binding, plan, values.pop(binding.leaf.address)
            )

    def _bound(self, binding: Binding, drawing: BlockDraw) -> Array:
        """Return bound values of all elements."""
        if not self.inverter.is_open(binding.expr):
            return np.empty(0)  # they follow from cells of other leaves
        given = self.bindings.given
        if given is not None and given.has(binding.leaf.address):
            return np.asarray(binding.bound(given.array(binding.leaf, self.objects.number)))
        values = binding.bound(drawing.draw(binding.leaf))
        keys = [key for key, _ in slots(binding.expr, self.bindings.source)]
        if any(self.bindings.is_shared(key) for key in keys) and len(self.objects):
            first = values.reshape(len(self.objects), -1, *values.shape[1:])[:1]
            whole = np.broadcast_to(first, (len(self.objects), *first.shape[1:]))
            return np.ascontiguousarray(whole).reshape(values.shape)
        if binding.leaf.address in self.bindings.steady:
            return values
        rng = self.rng(binding.leaf.address, "sentinels")
        return with_sentinels(values, choose_sentinels(binding, values, rng))

    def _make_data(
        self, block: Block, axis: str, plan: AxisPlan, keep: Value, values: dict[str, Array]
    ) -> None:
        """Change drawn elements that would pass for padding; set cells that only ``keep`` uses."""
        columns = {
            b.leaf.name: Column(values[b.leaf.address], offsets=offsets_of(plan.elements.counts))
            for b in self.bindings.arrays
            if b.leaf.block == block.name and b.leaf.axes[0] == axis and len(values[b.leaf.address])
        }
        for name in names(keep.expr):
            if name.text not in columns:
                self._keep_cell(name, plan, keep)
        if not columns or not all(name.text in columns for name in names(keep.expr)):
            return
        scope = Evaluator(lambda name: columns[name.text], len(self.objects))
        try:
            good = true_rows(scope.evaluate(keep.expr))
        except Fault as fault:
            raise self._error(f"keep {block.name}.{axis}: {keep.text}", fault.message) from fault
        for field, value in plan.data.items():
            address = f"{block.name}.{field}"
            if len(good) == len(values[address]) and not good.all():
                fixed = values[address].copy()
                fixed[~good] = value
                values[address] = fixed

    def _keep_cell(self, name: Name, plan: AxisPlan, keep: Value) -> None:
        """Set a cell that is no leaf, so that it tells data from padding."""
        slot = (key_of(name, self.bindings.source), ())
        if self.inverter.store.has(slot):
            return
        if name.text not in plan.data:
            raise self._error(f"keep: {keep.text}", f"no value of {name.text} makes it true")
        data = np.full(len(plan.elements.row), plan.data[name.text])
        pad = (plan.padding or {}).get(name.text, plan.data[name.text])
        self.inverter.store.put(slot, plan.layout.to_stored(data, pad))

    def _stored(self, binding: Binding, plan: AxisPlan, values: Array) -> Column:
        """Put the elements of a leaf at their places, padding between them."""
        layout, leaf = plan.layout, binding.leaf
        if not self.inverter.is_open(binding.expr):
            return Column(values)
        if layout.grid is not None and leaf.address == plan.label_leaf:
            labels = np.array(plan.elements.labels)[layout.grid.label]
            full = replace(layout, element=np.arange(len(labels)))
            return full.to_stored(labels, "")
        return layout.to_stored(values, self._pad(binding, plan, values))

    def _pad(self, binding: Binding, plan: AxisPlan, values: Array) -> object:
        """Return the bound value of padding: it marks it, or is what a cell of 0 gives."""
        marks = plan.padding or {}
        if binding.leaf.name in marks:
            return marks[binding.leaf.name]
        if values.dtype.kind == "b":
            return False
        if values.dtype.kind == "U":
            lookup = any(isinstance(n, Call) and n.function == "lookup" for n in walk(binding.expr))
            return plan.elements.labels[0] if lookup and plan.elements.labels else ""
        if binding.is_plain or not plan.layout.padding.any():
            return 0
        zero = Evaluator(lambda _: Column(np.zeros((1, 1))), 1)
        try:
            pad = float(zero.evaluate(binding.expr).column.data.reshape(-1)[0])
        except (Fault, LookupError, IndexError, ValueError):
            pad = 0.0
        return pad if np.isfinite(pad) else 0.0

    def _solved(self, binding: Binding) -> Column:
        leaf = binding.leaf
        plan = self.axes[leaf.block, leaf.axes[0]]
        block = self.bindings.schema.blocks[leaf.block]
        self.inverter.rng = self.rng(leaf.address, "cells")
        target = Target(leaf, binding.stored, block, plan.layout)
        try:
            return self.inverter.solve(binding.expr, self.wanted.pop(leaf.address), target)
        except NotInvertibleError as error:
            raise self._error(f"{leaf.address}: {binding.text}", error) from error

    def _derived(self, binding: Binding) -> Column:
        leaf = binding.leaf
        block = self.bindings.schema.blocks[leaf.block]
        try:
            operand = self.inverter.evaluate(binding.expr)
            return align(operand, leaf, block, len(self.objects))
        except (NotInvertibleError, Fault) as error:
            raise self._error(f"{leaf.address}: {binding.text}", error) from error

    def _error(self, what: str, why: object) -> Exception:
        return not_invertible(self.bindings.schema, self.bindings.source, what, str(why))
