"""Rows whose arrays have the same shapes: within them an array is dense, so axes can be moved.

Files of one object each, such as cubes and images cut to the size of a galaxy, differ in shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from astropile.engine.blocks import LeafFault
from astropile.engine.operand import Fault
from astropile.engine.tables import Frame
from astropile.readers import Column
from astropile.readers.column import Array

Step = Callable[[Frame], dict[str, Column]]


def for_alike_rows(frame: Frame, step: Step) -> dict[str, Column]:
    """Compute columns from a frame, those rows at a time whose arrays have the same shapes.

    Raises
    ------
    LeafFault
        As the step raises it, with the rows of the whole frame.
    """
    jagged = {n: c for n, c in frame.columns.items() if c.shapes is not None}
    if not jagged or not len(frame):
        return step(frame)
    shapes = [np.where(_known(c)[:, None], _shapes(c), -1) for c in jagged.values()]
    _, group = np.unique(np.concatenate(shapes, axis=1), axis=0, return_inverse=True)
    group = group.reshape(-1)
    examples = {name: _shapes(column)[_known(column)][:1] for name, column in jagged.items()}
    order = np.argsort(group, kind="stable")
    parts, faults = [], []
    for rows in np.split(order, np.cumsum(np.bincount(group))[:-1]):
        part = frame.take(rows)
        columns = {**part.columns, **{n: _dense(part.columns[n], examples[n]) for n in jagged}}
        try:
            parts.append(step(replace(part, columns=columns)))
        except LeafFault as found:
            faults.append((rows, found))
    if faults:
        rows, first = faults[0]
        # What fails for every shape is no matter of single rows.
        raise LeafFault(first.leaf, _of_all(first.fault, rows, len(frame), bool(parts))) from first
    return _in_order(parts, np.argsort(order))


def _known(column: Column) -> Array:
    return np.ones(len(column), dtype=bool) if column.null is None else ~column.null


def _shapes(column: Column) -> Array:
    return np.asarray(column.shapes)


def _dense(column: Column, example: Array) -> Column:
    """Return rows of one shape as a dense column; where all are null, of the shape of others."""
    known = _known(column)
    chosen = _shapes(column)[known] if known.any() else example
    shape = tuple(chosen[:1].reshape(-1).tolist())
    if not shape:
        return column
    if known.all():
        holes = None if column.holes is None else column.holes.reshape(len(column), *shape)
        return Column(column.data.reshape(len(column), *shape), null=column.null, holes=holes)
    return Column(np.zeros((len(column), *shape), column.data.dtype), null=column.null)


def _of_all(fault: Fault, rows: Array, n: int, others_are_good: bool) -> Fault:  # noqa: FBT001
    """Return a fault of some rows as one of the whole frame."""
    is_known = fault.rows is not None and len(fault.rows) == len(rows)
    if not is_known and not others_are_good:
        return fault
    mask = np.zeros(n, dtype=bool)
    mask[rows[fault.rows] if is_known else rows] = True
    return Fault(fault.message, rows=mask, hint=fault.hint)


def _in_order(parts: list[dict[str, Column]], places: Array) -> dict[str, Column]:
    """Put the rows of parts below one another and into the order of the frame."""
    found: Mapping[str, Column] = {
        address: Column.concatenate([part[address] for part in parts]) for address in parts[0]
    }
    return {address: column.take(places) for address, column in found.items()}
