"""Operator Align: values get the axes of their leaf, and labelled planes their declared order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from astropile.engine.operand import Fault, Operand, describe_shape, rows_of, rows_with
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.schema import Block, Leaf


def align(operand: Operand, leaf: Leaf, block: Block | None, n: int) -> Column:
    """Give a value the axes of its leaf, except that a value without axes stays as it is.

    Raises
    ------
    Fault
        The value's axes are not the leaf's.
    """
    wanted = leaf.axes
    if operand.axes is not None:
        operand = _by_names(operand, leaf, block)
    column = rows_of(operand, n)
    if column.ndim == 0:
        return column
    column = _without_unit_axes(column, len(wanted))
    if column.ndim != len(wanted):
        expected = ", ".join(wanted) or "no axes"
        raise Fault(
            f"an array of shape {describe_shape(column)} cannot fill {expected}",
            hint="flat(x), x[...] or axes(x, '...') bring it into shape",
        )
    if block is None:
        return column
    return _to_lengths(column, leaf, block)


def _without_unit_axes(column: Column, rank: int) -> Column:
    """Drop axes of length 1 that the leaf lacks (``[n, 1]`` columns, lists of ``[1, m]``)."""
    while column.ndim > rank and column.shapes is None and 1 in column.data.shape[1:]:
        axis = 1 + column.data.shape[1:].index(1)
        data = column.data.squeeze(axis)
        holes = None if column.holes is None else column.holes.squeeze(axis)
        null = column.null
        if data.ndim == 1 and holes is not None and column.offsets is None:
            null, holes = (holes if null is None else null | holes), None
        column = Column(data, offsets=column.offsets, null=null, holes=holes)
    return column


def _by_names(operand: Operand, leaf: Leaf, block: Block | None) -> Operand:
    """Transpose to the leaf's order, and spread over the axes that were not named."""
    named = operand.axes or ()
    extra = [axis for axis in named if axis not in leaf.axes]
    if extra or block is None:
        raise Fault(f"{leaf.address} has no axis {', '.join(extra)}; it has {', '.join(leaf.axes)}")
    column = operand.column
    if column.offsets is not None:
        raise Fault("axes(x, '...') cannot reorder an array whose length differs by row")
    lengths = {axis: block.length(axis) for axis in leaf.axes if axis not in named}
    loose = [axis for axis, length in lengths.items() if length is None]
    if loose:
        raise Fault(
            f"a value cannot be spread over axis {loose[0]}, whose length differs by object"
        )
    order = sorted(range(len(named)), key=lambda k: leaf.axes.index(named[k]))

    def turn(array: Array) -> Array:
        """Transpose, and repeat along the axes that were not named without copying."""
        turned = array.transpose(0, *(k + 1 for k in order))
        for place, axis in enumerate(leaf.axes, 1):
            if axis in lengths:
                turned = np.expand_dims(turned, place)
        shape = [
            lengths.get(axis) or n for axis, n in zip(leaf.axes, turned.shape[1:], strict=True)
        ]
        return np.broadcast_to(turned, (len(array), *shape))

    holes = None if column.holes is None else turn(column.holes)
    return Operand(replace(column, data=turn(column.data), holes=holes), None, operand.constant)


def _to_lengths(column: Column, leaf: Leaf, block: Block) -> Column:
    """Check fixed lengths; a ragged column whose axis is fixed becomes dense."""
    first, *inner = leaf.axes
    if column.shapes is not None:
        column = _same_shapes(column)
        if not column.ndim:
            return column  # nothing but nulls
    length = block.length(first)
    if length is not None and column.offsets is not None:
        counts = column.counts
        wrong = (counts != length) & (counts != 0 if column.null is None else ~column.null)
        if wrong.any():
            raise Fault(
                f"axis {first} has {length} places, got {int(counts[wrong][0])}", rows=wrong
            )
        column = _dense(column, length)
    if column.offsets is None and length is not None and column.data.shape[1] != length:
        raise Fault(f"axis {first} has {length} places, got {column.data.shape[1]}")
    place = 2 if column.offsets is None else 1
    for axis in inner:
        length = block.length(axis)
        if length is not None and column.data.shape[place] != length:
            raise Fault(f"axis {axis} has {length} places, got {column.data.shape[place]}")
        place += 1
    return column


def _same_shapes(column: Column) -> Column:
    shapes = np.asarray(column.shapes)
    known = np.ones(len(column), dtype=bool) if column.null is None else ~column.null
    if not known.any():
        return Column(np.zeros(len(column), dtype=column.data.dtype), null=column.null)
    first = shapes[known][0]
    wrong = known & (shapes != first).any(axis=1)
    if wrong.any():
        got = tuple(shapes[wrong][0].tolist())
        raise Fault(
            f"an array of shape {got}, but others have {tuple(first.tolist())}: "
            "arrays of an object may differ in their first axis only",
            rows=wrong,
            hint="flat(x) makes lists of them, x[...] takes a part of one shape",
        )
    shape = (len(column), *first)
    if known.all():
        return Column(column.data.reshape(shape), null=column.null)
    data = np.zeros(shape, dtype=column.data.dtype)
    data[known] = column.data.reshape(-1, *first)
    return Column(data, null=column.null)


def _dense(column: Column, length: int) -> Column:
    """Make rows of fixed length; rows that are null or empty become null."""
    present = column.counts == length
    shape = (len(column), length, *column.data.shape[1:])
    if present.all():
        return Column(column.data.reshape(shape), null=column.null)
    data = np.zeros(shape, dtype=column.data.dtype)
    data[present] = column.data.reshape(-1, *shape[1:])
    null = ~present if column.null is None else column.null | ~present
    return Column(data, null=null)


def fill_axes(column: Column, leaf: Leaf, block: Block, ragged: Column | None) -> Column:
    """Spread a value without axes over all axes of its leaf.

    Parameters
    ----------
    ragged : Column or None
        Another leaf of the block, whose lengths the ragged axis takes.
    """
    if not leaf.axes or column.ndim:
        return column
    first, *inner = leaf.axes
    sizes = [block.length(axis) or 0 for axis in inner]
    if block.is_ragged(first):
        if ragged is None and column.null is not None and column.null.all():
            # Nothing is known of these objects, not even how long they would be.
            none = np.zeros((0, *sizes), dtype=column.data.dtype)
            return Column(none, np.zeros(len(column) + 1, dtype=np.int64), null=column.null)
        if ragged is None:
            raise Fault(f"no value of {block.name} says how long axis {first} is")
        total = len(ragged.data)
        data = np.repeat(column.data, ragged.counts).reshape(total, *(1,) * len(inner))
        return Column(
            np.broadcast_to(data, (total, *sizes)), offsets=ragged.offsets, null=column.null
        )
    shape = (len(column), block.length(first) or 0, *sizes)
    data = column.data.reshape(-1, *(1,) * len(leaf.axes))
    return Column(np.broadcast_to(data, shape), null=column.null)


def label_order(labels: tuple[str, ...], found: Column, *, subset: bool) -> Array | None:
    """Return the permutation that puts the planes of every row into declared order.

    Parameters
    ----------
    labels : tuple of str
        Declared names of the axis.
    found : Column
        Names the source gives, one list a row.
    subset : bool
        Whether labels may be missing.

    Returns
    -------
    ndarray of int64 or None
        ``[n, k]`` for dense columns, positions of all elements for ragged ones; None if all rows
        are in order already.

    Raises
    ------
    Fault
        A label that is not declared, or one missing or given twice.
    """
    expected = np.array(labels)
    is_full = found.offsets is None and found.data.shape[1:] == expected.shape
    if is_full and (found.data == expected).all():
        return None
    sorter = np.argsort(expected)
    place = sorter[
        np.clip(np.searchsorted(expected, found.data, sorter=sorter), 0, len(labels) - 1)
    ]
    unknown = expected[place] != found.data
    if unknown.any():
        raise Fault(
            f"'{found.data[unknown][0]}' is not one of the labels {', '.join(labels)}",
            rows=rows_with(found, unknown),
            hint="a lookup in values turns the names in the files into labels",
        )
    if found.offsets is not None:
        rows = np.repeat(np.arange(len(found)), found.counts)
        order = np.lexsort((place, rows))
        twice = (np.diff(place[order]) == 0) & (np.diff(rows[order]) == 0)
        if twice.any():
            raise Fault("a label occurs twice in one object")
        if not subset and (found.counts != len(labels)).any():
            raise Fault("labels are missing", rows=found.counts != len(labels))
        return None if (order == np.arange(len(order))).all() else order
    order = np.argsort(place, axis=1, kind="stable")
    if (np.sort(place, axis=1) != np.arange(len(labels))).any():
        raise Fault("every label must occur once in each object")
    return order


def reorder(column: Column, order: Array) -> Column:
    """Apply a permutation of :func:`label_order` to the first axis of a column."""
    if column.offsets is not None:
        return Column(column.data[order], offsets=column.offsets, null=column.null)
    index = order.reshape(*order.shape, *(1,) * (column.data.ndim - 2))
    return Column(np.take_along_axis(column.data, index, axis=1), null=column.null)


def longest(columns: Mapping[str, Column], leaves: Mapping[str, Leaf], axis: str) -> Column | None:
    """Return a ragged column of a block along an axis, which tells its lengths."""
    for address, column in columns.items():
        if leaves[address].axes[:1] == (axis,) and column.ndim and column.offsets is not None:
            return column
    return None
