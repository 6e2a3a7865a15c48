"""Reductions of the axes of one row; nulls are left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

import numpy as np

from astropile.engine.functions.registry import IMPLEMENTATIONS, Scope, special
from astropile.engine.operand import Fault, Operand, either, numeric, rows_with
from astropile.expression import Call
from astropile.readers import Column
from astropile.readers.column import Array

_UFUNCS = {
    "sum": np.add,
    "min": np.fmin,
    "max": np.fmax,
    "any": np.logical_or,
    "all": np.logical_and,
}
_EMPTY = {"sum": 0, "min": np.nan, "max": np.nan, "any": False, "all": True}


def _reduce(name: str, column: Column, axis: int | None) -> Column:
    if name in {"any", "all"} and column.data.dtype.kind != "b":
        raise Fault(f"{name} needs true or false")
    if column.ndim == 0:
        return column
    ufunc, data = _UFUNCS[name], _neutral(name, column)
    if axis not in (None, 0):
        place = axis + 1 if column.offsets is None else axis
        if data.shape[place]:
            reduced = ufunc.reduce(data, axis=place)
        else:
            reduced = np.full(data.shape[:place] + data.shape[place + 1 :], _EMPTY[name])
        return Column(reduced, offsets=column.offsets, null=column.null)
    # Arrays of one length as those of many: a sum must not depend on the others of its batch.
    lists = replace(column, data=data, holes=None).ragged()
    data, offsets = lists.data, np.asarray(lists.offsets)
    if axis is None and data.ndim > 1:
        offsets = offsets * prod(data.shape[1:])
        data = data.reshape(-1)
    return _reduce_ragged(ufunc, data, offsets, _EMPTY[name], column.null)


def _neutral(name: str, column: Column) -> Array:
    """Return the elements, with nulls replaced by what changes nothing."""
    data = column.data
    if name == "sum":
        data = data.astype(np.int64 if data.dtype.kind in "iub" else np.float64)
        if data.dtype.kind == "f":
            data = np.nan_to_num(data, copy=False, nan=0.0, posinf=np.inf, neginf=-np.inf)
    if column.holes is None:
        return data
    return np.asarray(np.where(column.holes, _EMPTY[name], data))


def _reduce_ragged(
    ufunc: np.ufunc, data: Array, offsets: Array, empty: float, null: Array | None
) -> Column:
    """Reduce the elements of each row; reduceat needs rows that hold something."""
    counts = np.diff(offsets)
    solid = counts > 0
    dtype = np.result_type(data, np.float64) if empty != empty and not solid.all() else data.dtype
    result = np.full((len(counts), *data.shape[1:]), empty, dtype=dtype)
    if solid.any():
        result[solid] = ufunc.reduceat(data, offsets[:-1][solid], axis=0)
    missing = ~solid if empty != empty else None
    if missing is not None and null is not None:
        missing = missing | null
    return Column(result, null=null if missing is None else missing)


def _register(name: str) -> None:
    def call(scope: Scope, expr: Call) -> Operand:
        operand, axis = _operand_and_axis(scope, expr)
        return Operand(_reduce(name, operand.column, axis), constant=operand.constant)

    IMPLEMENTATIONS[name] = call


def _operand_and_axis(
    scope: Scope, expr: Call, convert: Callable[[Operand], Operand] = numeric
) -> tuple[Operand, int | None]:
    operand = convert(scope.evaluate(expr.arguments[0]))
    column = operand.column
    if column.shapes is not None:
        column = Column(column.data, offsets=column.offsets, null=column.null)
    axis = scope.number(expr.arguments[1]) if len(expr.arguments) > 1 else None
    if axis is not None and axis < 0:
        axis += operand.ndim
    if axis is not None and not 0 <= axis < operand.ndim:
        raise Fault(f"no axis {axis} in an array of {operand.ndim} axes")
    if axis is not None and operand.column.shapes is not None:
        raise Fault("arrays of many shapes can be reduced over all axes alone")
    return Operand(column, constant=operand.constant), axis


for _name in _UFUNCS:
    _register(_name)


@special("count")
def count(scope: Scope, expr: Call) -> Operand:
    """Return how many elements are true (of a bool array) or not null."""
    operand, axis = _operand_and_axis(scope, expr, _is_there)
    return Operand(_reduce("sum", _counted(operand.column), axis), constant=operand.constant)


def _is_there(operand: Operand) -> Operand:
    """Return of text whether it is any, other values as they are."""
    if not operand.is_text:
        return operand
    return replace(operand, column=replace(operand.column, data=operand.column.data != ""))


def _counted(column: Column) -> Column:
    data = column.data
    present = data if data.dtype.kind == "b" else np.ones(data.shape, dtype=bool)
    if data.dtype.kind == "f":
        present = ~np.isnan(data)
    if column.holes is not None:
        present = present & ~column.holes
    return Column(present.astype(np.int64), column.offsets, column.shapes, column.null)


@special("mean")
def mean(scope: Scope, expr: Call) -> Operand:
    """Return the mean of the elements that are not null."""
    operand, axis = _operand_and_axis(scope, expr)
    total = _reduce("sum", operand.column, axis)
    number = _reduce("sum", _counted(operand.column), axis)
    with np.errstate(all="ignore"):
        data = total.data / number.data
    return Operand(Column(data, total.offsets, null=total.null), constant=operand.constant)


@special("median")
def median(scope: Scope, expr: Call) -> Operand:
    """Return the median of the elements that are not null."""
    operand, axis = _operand_and_axis(scope, expr)
    column = operand.column
    if column.offsets is None:
        axes = tuple(range(1, column.data.ndim)) if axis is None else (axis + 1,)
        return Operand(Column(np.nanmedian(column.data, axis=axes), null=column.null))
    if column.data.ndim > 1:
        raise Fault("median of a list of arrays is not defined; reduce the inner axes first")
    return Operand(_ragged_median(column))


def _ragged_median(column: Column) -> Column:
    data = column.data.astype(np.float64)
    rows = np.repeat(np.arange(len(column)), column.counts)
    keep = ~np.isnan(data)
    rows, data = rows[keep], data[keep]
    order = np.lexsort((data, rows))
    data = data[order]
    counts = np.bincount(rows, minlength=len(column))
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    result = np.full(len(column), np.nan)
    solid = counts > 0
    low = (starts + (counts - 1) // 2)[solid]
    high = (starts + counts // 2)[solid]
    result[solid] = (data[low] + data[high]) / 2
    return Column(result, null=column.null)


@special("one")
def one(scope: Scope, expr: Call) -> Operand:
    """Return the value that all elements of a row share."""
    column = scope.evaluate(expr.arguments[0]).column.ragged()
    if column.data.ndim > 1:
        raise Fault("one needs a list")
    counts = column.counts
    solid = counts > 0
    first = np.zeros(len(column), dtype=column.data.dtype)
    first[solid] = column.data[column.offsets[:-1][solid]]  # type: ignore[index]
    differs = rows_with(column, column.data != np.repeat(first, counts))
    if differs.any():
        raise Fault("the elements of a row are not all equal", rows=differs)
    return Operand(Column(first, null=either(column.null, None if solid.all() else ~solid)))
