"""Inverses of functions that shape, join and reduce the arrays of a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from types import MappingProxyType

import numpy as np

from astropile.engine.operand import rows_of
from astropile.expression import Call
from astropile.readers import Column
from astropile.readers.column import Array, offsets_of
from astropile.testing.cells import NotInvertibleError
from astropile.testing.layouts import Grid
from astropile.testing.targets import Inverse, Solver, Target, text_of, whole_number

__all__ = ["ARRAY_INVERSES"]


def _flat(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo ``flat``: the table of groups and places, or arrays that are flat already."""
    argument = expr.arguments[0]
    if len(expr.arguments) > 1:
        return _flat_between(solver, expr, value, target)
    grid = target.layout.grid if target.layout is not None else None
    if grid is None:
        if value.ndim != 1:
            msg = "flat() gives lists"
            raise NotInvertibleError(msg)
        return solver.solve(argument, value, target)
    attained = solver.solve(argument, _as_table(value, grid), target)
    return _as_list(attained, value)


def _as_table(value: Column, grid: Grid) -> Column:
    """Give the list of a row the two axes of its grid."""
    if value.offsets is None:
        shape = grid.shapes[0] if len(grid.shapes) else (0, 0)
        return Column(value.data.reshape(len(value.data), *shape))
    return Column(value.data, offsets=value.offsets, shapes=grid.shapes)


def _as_list(table: Column, like: Column) -> Column:
    if table.offsets is None:
        return Column(table.data.reshape(like.data.shape))
    return Column(table.data, offsets=table.offsets)


def _flat_between(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo the joining of axes i to j: all but the last of them have length 1."""
    first, last = (whole_number(solver, argument) for argument in expr.arguments[1:3])
    if value.offsets is not None or not 0 <= first < last:
        msg = "only axes of arrays of one shape can be told apart"
        raise NotInvertibleError(msg)
    shape = value.data.shape
    split = (*shape[: first + 1], *(1,) * (last - first), *shape[first + 1 :])
    attained = solver.solve(expr.arguments[0], Column(value.data.reshape(split)), target)
    return Column(attained.data.reshape(shape))


def _repeat(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo ``repeat`` and ``tile``: the label of each group."""
    grid = target.layout.grid if target.layout is not None else None
    if grid is None or value.ndim != 1:
        msg = f"{expr.function}() needs a table of groups and epochs"
        raise NotInvertibleError(msg)
    labels = _group_values(value, grid)
    attained = solver.solve(expr.arguments[0], labels, target).ragged()
    if attained.offsets is None or not np.array_equal(attained.counts, grid.groups):
        msg = f"{expr.function}() of {attained.counts[:1]} labels for {grid.groups[:1]} groups"
        raise NotInvertibleError(msg)
    stored = grid.groups * grid.places
    row = np.repeat(np.arange(len(stored)), stored)
    group = _group_of(grid, row, stored)
    data = attained.data[attained.offsets[row] + group]
    return replace(value, data=data.reshape(value.data.shape))


def _group_values(value: Column, grid: Grid) -> Column:
    """Return the first value of every group."""
    ragged = value.ragged()
    row = np.repeat(np.arange(len(grid.groups)), grid.groups)
    group = np.arange(len(row)) - np.repeat(offsets_of(grid.groups)[:-1], grid.groups)
    step = np.ones_like(group) if grid.tiled else grid.places[row]
    data = ragged.data[ragged.offsets[row] + group * step]  # type: ignore[index]
    if len(np.unique(grid.groups)) <= 1:
        return Column(data.reshape(len(grid.groups), -1))
    return Column(data, offsets=offsets_of(grid.groups))


def _group_of(grid: Grid, row: Array, stored: Array) -> Array:
    """Return the number of the group at every stored place."""
    rank = np.arange(len(row)) - np.repeat(offsets_of(stored)[:-1], stored)
    return np.asarray(rank % grid.groups[row] if grid.tiled else rank // grid.places[row])


def _stack(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo ``stack``: one plane of the first axis for every argument."""
    count = len(expr.arguments)
    if value.offsets is not None or value.data.shape[1:2] != (count,):
        msg = f"stack() of {count} arrays cannot fill the axis"
        raise NotInvertibleError(msg)
    planes = [
        solver.solve(argument, Column(value.data[:, k]), target)
        for k, argument in enumerate(expr.arguments)
    ]
    return Column(np.stack([plane.data for plane in planes], axis=1))


def _concat(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo ``concat``: the first axis is shared out evenly."""
    if value.offsets is not None:
        msg = "the pieces of lists of different length are unknown"
        raise NotInvertibleError(msg)
    pieces = np.array_split(value.data, len(expr.arguments), axis=1)
    solved = [
        solver.solve(argument, Column(piece), target)
        for argument, piece in zip(expr.arguments, pieces, strict=True)
    ]
    data = np.concatenate([piece.data for piece in solved], axis=1)
    if data.shape != value.data.shape:
        msg = f"the pieces have {data.shape[1]} elements, the axis has {value.data.shape[1]}"
        raise NotInvertibleError(msg)
    return Column(data)


def _reverse(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    attained = solver.solve(expr.arguments[0], _reversed(value), target)
    return _reversed(attained)


def _reversed(column: Column) -> Column:
    if column.offsets is None:
        return replace(column, data=column.data[:, ::-1])
    ends = np.repeat(column.offsets[1:] + column.offsets[:-1] - 1, column.counts)
    return replace(column, data=column.data[ends - np.arange(len(column.data))])


def _axes(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo ``axes``: transpose; what is spread over the other axes is equal along them."""
    named, own = text_of(expr.arguments[1]).split(), list(target.leaf.axes)
    if value.offsets is not None or set(named) - set(own):
        msg = "axes() of lists of different length"
        raise NotInvertibleError(msg)
    whole: list[int | slice] = [slice(None) if axis in named else 0 for axis in own]
    kept = [axis for axis in own if axis in named]
    cell = value.data[(slice(None), *whole)].transpose(0, *(kept.index(a) + 1 for a in named))
    attained = solver.solve(expr.arguments[0], Column(np.ascontiguousarray(cell)), target)
    back = attained.data.transpose(0, *(named.index(a) + 1 for a in kept))
    shape = [n if axis in named else 1 for axis, n in zip(own, value.data.shape[1:], strict=True)]
    return Column(np.broadcast_to(back.reshape(len(back), *shape), value.data.shape))


def _grid(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo ``grid``: first value and step; values that are not evenly spaced become so."""
    ragged = value.ragged()
    starts = ragged.offsets[:-1]  # type: ignore[index]
    counts = np.maximum(ragged.counts, 1)
    first = ragged.data[np.minimum(starts, max(0, len(ragged.data) - 1))].astype(np.float64)
    last = ragged.data[np.minimum(starts + counts - 1, len(ragged.data) - 1)]
    step = np.where(counts > 1, (last - first) / np.maximum(counts - 1, 1), 1.0)
    wide = replace(target, stored="float64")
    for argument, wanted in zip(
        expr.arguments[1:4], (first, step, np.ones(len(first))), strict=False
    ):
        if solver.is_open(argument):
            solver.solve(argument, Column(wanted), wide)
    found = rows_of(solver.evaluate(expr), solver.store.n)
    if not np.array_equal(found.counts, value.counts):
        msg = "grid() has another length than the axis"
        raise NotInvertibleError(msg)
    return found


def _reduction(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo a reduction: arrays of one element; of grouped rows, equal cells in all of them."""
    if len(expr.arguments) > 1 or value.ndim:
        msg = f"{expr.function}() along one axis has no inverse"
        raise NotInvertibleError(msg)
    if solver.source.main.model.group:
        return solver.solve(expr.arguments[0], value, target)
    attained = solver.solve(expr.arguments[0], Column(value.data[:, None]), target)
    return Column(attained.data.reshape(len(value.data), -1)[:, 0])


def _pad(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo ``pad``: arrays that have the full size already."""
    size = tuple(whole_number(solver, argument) for argument in expr.arguments[1:3])
    if value.data.shape[-2:] != size or not prod(size):
        msg = f"pad to {size} cannot give {value.data.shape[-2:]}"
        raise NotInvertibleError(msg)
    return solver.solve(expr.arguments[0], value, target)


ARRAY_INVERSES: Mapping[str, Inverse] = MappingProxyType(
    {
        "flat": _flat,
        "repeat": _repeat,
        "tile": _repeat,
        "stack": _stack,
        "concat": _concat,
        "reverse": _reverse,
        "axes": _axes,
        "grid": _grid,
        "pad": _pad,
        **dict.fromkeys(("one", "sum", "mean", "median", "min", "max"), _reduction),
    }
)
