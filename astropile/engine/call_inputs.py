"""What a transform is given: columns of the declared types and axes, and which rows have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from astropile.engine.evaluate import Evaluator
from astropile.engine.finish import Factor, cast
from astropile.engine.operand import (
    AbsentCellError,
    Fault,
    Operand,
    constant,
    describe_shape,
    rows_of,
)
from astropile.expression import Expr
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.schema.transforms import TransformDeclaration

#: Expressions of one input, with the conversion of each to the declared unit.
Given: TypeAlias = tuple[tuple[Expr, Factor], ...]


def evaluated_input(
    declaration: TransformDeclaration, key: str, exprs: Given, scope: Evaluator
) -> list[Column]:
    """Return the columns of an input, cast to its declared type."""
    declared = declaration.inputs[key]
    columns = []
    for expr, factor in exprs:
        try:
            operand = scope.evaluate(expr)
        except AbsentCellError:
            operand = constant(None)  # as for a leaf: there is no file
        except Fault as fault:
            raise _named(fault, f"input {key}") from fault
        column = rows_of(_in_order(operand, declared.axes, key), scope.n)
        if column.ndim not in (0, len(declared.axes)) and not _is_null(column):
            shape = ", ".join(declared.axes) or "no axes"
            raise Fault(f"input {key}: expected {shape}, got shape {describe_shape(column)}")
        if declared.dtype != "any":
            try:
                column = cast(column, declared.dtype, factor)
            except Fault as fault:
                raise _named(fault, f"input {key}") from fault
        columns.append(column)
    return columns


def _named(fault: Fault, what: str) -> Fault:
    return Fault(f"{what}: {fault.message}", rows=fault.rows, hint=fault.hint)


def _is_null(column: Column) -> bool:
    return column.null is not None and bool(column.null.all())


def _in_order(operand: Operand, axes: Sequence[str], key: str) -> Operand:
    """Bring axes that ``axes(x, '...')`` names into the declared order."""
    if operand.axes is None:
        return operand
    if sorted(operand.axes) != sorted(axes) or operand.column.offsets is not None:
        raise Fault(f"input {key}: axes(x, '{' '.join(operand.axes)}') are not {' '.join(axes)}")
    order = (0, *(1 + operand.axes.index(axis) for axis in axes))
    column, holes = operand.column, operand.column.holes
    turned = replace(
        column,
        data=column.data.transpose(order),
        holes=None if holes is None else holes.transpose(order),
    )
    return Operand(turned, None, operand.constant)


def spread_scalars(declaration: TransformDeclaration, given: dict[str, list[Column]]) -> None:
    """Spread a value without axes over those of another input that has the same ones."""
    for key, columns in given.items():
        axes = declaration.inputs[key].axes
        for k, column in enumerate(columns):
            if not axes or column.ndim or _is_null(column):
                continue
            others = (
                other[k if len(other) > k else 0]
                for name, other in given.items()
                if name != key and declaration.inputs[name].axes == axes
            )
            like = next((other for other in others if other.ndim == len(axes)), None)
            if like is None:
                raise Fault(f"input {key}: expected {', '.join(axes)}, got one value a row")
            columns[k] = _spread_over(column, like)


def _spread_over(scalar: Column, like: Column) -> Column:
    if like.offsets is None:
        inner = (1,) * (like.data.ndim - 1)
        data = np.broadcast_to(scalar.data.reshape(-1, *inner), like.data.shape)
        return Column(data, null=scalar.null)
    inner = (1,) * (like.data.ndim - 1)
    data = np.repeat(scalar.data, np.diff(like.offsets)).reshape(-1, *inner)
    data = np.broadcast_to(data, like.data.shape)
    return Column(data, offsets=like.offsets, shapes=like.shapes, null=scalar.null)


def check_axes(declaration: TransformDeclaration, given: Mapping[str, list[Column]]) -> None:
    """Check that axes of one name have one length: of all inputs, or arm by arm."""
    declared = declaration.inputs
    common = {axis for key in given if not declared[key].many for axis in declared[key].axes}
    seen: dict[tuple[str, int], tuple[str, Array]] = {}
    for key, columns in given.items():
        for k, column in enumerate(columns):
            if column.ndim != len(declared[key].axes):
                continue  # null: nothing is called with it
            for number, axis in enumerate(declared[key].axes):
                lengths = _lengths(column, number)
                place = (axis, -1 if axis in common else k)
                other, expected = seen.setdefault(place, (key, lengths))
                known = _known(column) & _known(given[other][k if len(given[other]) > k else 0])
                wrong = known & (lengths != expected)
                if wrong.any():
                    sizes = f"{lengths[wrong][0]} and {expected[wrong][0]}"
                    raise Fault(
                        f"inputs {key} and {other} differ along {axis}: {sizes}", rows=wrong
                    )


def _known(column: Column) -> Array:
    return np.ones(len(column), dtype=bool) if column.null is None else ~column.null


def _lengths(column: Column, number: int) -> Array:
    """Return the length of an axis in every row."""
    if column.shapes is not None:
        return np.asarray(column.shapes[:, number])
    if column.offsets is not None and number == 0:
        return column.counts
    size = column.data.shape[number + (column.offsets is None)]
    return np.full(len(column), size, dtype=np.int64)


def rows_of_calls(
    declaration: TransformDeclaration, given: Mapping[str, list[Column]], n: int
) -> Iterator[tuple[Array, list[str]]]:
    """Yield rows that have the same inputs, and these inputs.

    What a row gives must not hang on the rows beside it: one that lacks an optional input is not
    called with those that have it.
    """
    declared = declaration.inputs
    lacks = {key: ~np.logical_and.reduce([_known(c) for c in given[key]]) for key in given}
    whole = np.ones(n, dtype=bool)
    pattern = np.zeros(n, dtype=np.int64)
    optional = [key for key in given if declared[key].optional]
    for key in given:
        if key not in optional:
            whole &= ~lacks[key]
    for bit, key in enumerate(optional):
        pattern |= lacks[key].astype(np.int64) << bit
    for code in np.unique(pattern[whole]):
        rows = np.flatnonzero(whole & (pattern == code))
        missing = {key for bit, key in enumerate(optional) if code >> bit & 1}
        keys = [key for key in given if key not in missing]
        yield rows, keys
