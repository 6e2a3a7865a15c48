"""Comparisons and Kleene logic: unknown stays unknown unless the other operand decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from astropile.engine.operand import Fault, Operand, Spread, numeric, rows_with, spread
from astropile.readers import Column
from astropile.readers.column import Array

COMPARISONS: dict[str, Callable[[Array, Array], Array]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def compare(operator: str, left: Operand, right: Operand) -> Operand:
    """Compare two operands; text that meets a number is parsed."""
    if left.is_text != right.is_text:
        left, right = numeric(left), numeric(right)
    common = spread([left, right])
    data = COMPARISONS[operator](*common.arrays)
    unknown = [*common.unknown]
    for array in common.arrays:
        if array.dtype.kind == "f":
            nan = np.isnan(array)
            unknown.append(nan if nan.any() else None)
    return _boolean(common, np.asarray(data), _any_of(unknown))


def is_in(left: Operand, right: Operand) -> Operand:
    """Whether each value is one of a list of constants."""
    items = right.column.data.reshape(-1)
    if left.is_text != (items.dtype.kind == "U"):
        left = numeric(left)
    common = spread([left])
    unknown = list(common.unknown)
    data = common.arrays[0]
    if data.dtype.kind == "f":
        nan = np.isnan(data)
        unknown.append(nan if nan.any() else None)
    return _boolean(common, np.isin(data, items), _any_of(unknown))


def both(left: Operand, right: Operand) -> Operand:
    """Kleene ``and``: false wins over unknown."""
    common = spread([_truth(left), _truth(right)])
    (a, b), (ua, ub) = common.arrays, _masks(common)
    false = (~a & ~ua) | (~b & ~ub)
    return _boolean(common, a & b & ~ua & ~ub, (ua | ub) & ~false)


def either(left: Operand, right: Operand) -> Operand:
    """Kleene ``or``: true wins over unknown."""
    common = spread([_truth(left), _truth(right)])
    (a, b), (ua, ub) = common.arrays, _masks(common)
    true = (a & ~ua) | (b & ~ub)
    return _boolean(common, true, (ua | ub) & ~true)


def negate(operand: Operand) -> Operand:
    """Kleene ``not``."""
    common = spread([_truth(operand)])
    return _boolean(common, ~common.arrays[0], common.unknown[0])


def row_truth(operand: Operand) -> Array:
    """Return in which rows a predicate of one truth a row is true.

    Raises
    ------
    Fault
        It gives an array for each row.
    """
    if operand.ndim:
        raise Fault("the condition gives an array a row", hint="say any(...) or all(...)")
    return true_rows(operand)


def true_rows(operand: Operand) -> Array:
    """Return where a predicate is true; unknown counts as not true."""
    column = _truth(operand).column
    data = column.data
    if column.holes is not None:
        data = data & ~column.holes
    if column.null is not None:
        if column.ndim == 0:
            data = data & ~column.null
        elif column.offsets is None:
            data = data & ~column.null.reshape(-1, *(1,) * column.ndim)
        else:
            data = data & ~np.repeat(column.null, np.diff(column.offsets))
    return np.asarray(data)


def _truth(operand: Operand) -> Operand:
    kind = operand.column.data.dtype.kind
    if kind == "b":
        return operand
    if operand.column.null is not None and operand.column.null.all():
        data = np.zeros(operand.column.data.shape, dtype=bool)
        return Operand(type(operand.column)(data, null=operand.column.null), None, operand.constant)
    raise Fault("and, or, not need true or false, not numbers or text; compare with == or !=")


def _masks(common: Spread) -> list[Array]:
    return [np.zeros(1, dtype=bool) if mask is None else mask for mask in common.unknown]


def _any_of(masks: list[Array | None]) -> Array | None:
    found = [mask for mask in masks if mask is not None]
    if not found:
        return None
    total = found[0]
    for mask in found[1:]:
        total = total | mask
    return total


def _boolean(common: Spread, data: Array, unknown: Array | None) -> Operand:
    """Make a result whose unknown part is its null rows (scalars) or holes (arrays)."""
    frame = common.frame
    if unknown is not None and not unknown.any():
        unknown = None
    shape = frame.data.shape
    data = np.broadcast_to(data, shape) if data.shape != shape else data
    column = Column(data, frame.offsets, frame.shapes)
    if unknown is not None:
        full = np.broadcast_to(unknown, shape)
        if frame.ndim == 0:
            column = replace(column, null=full)
        else:
            column = replace(column, holes=full, null=_unknown_rows(frame, full))
    elif frame.offsets is not None and frame.null is not None:
        # A null row without elements has none that could say so.
        column = replace(column, null=frame.null & (frame.counts == 0))
    return Operand(column, constant=common.constant)


def _unknown_rows(frame: Column, unknown: Array) -> Array | None:
    """Return the null rows of the operands in which nothing is known of the result either."""
    if frame.null is None:
        return None
    null = frame.null & ~rows_with(frame, ~unknown)
    return null if null.any() else None
