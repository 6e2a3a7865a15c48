"""Arrow arrays, as Parquet and text files give them, to columns.

References
----------
.. [1] Arrow columnar format 1.5, https://arrow.apache.org/docs/format/Columnar.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Final, TypeAlias, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from astropile.errors import CellError
from astropile.readers._arrow_values import flat_values, nulls_of
from astropile.readers.column import Array, Column, offsets_of

Axis: TypeAlias = tuple[int, ...] | None
"""Declared sizes of a level of lists (several for a tensor), or None where they vary."""

VARYING: Final = (pt.is_list, pt.is_large_list, pt.is_list_view, pt.is_large_list_view)


@dataclass(slots=True)
class _Nest:
    """Levels of lists met on the way to the values of a column."""

    axes: list[Axis] = field(default_factory=list)
    counts: list[Array] = field(default_factory=list)
    null: Array | None = None
    absent: Array | None = None


def to_column(
    array: pa.ChunkedArray, fields: Sequence[str], axes: Sequence[Axis], name: str
) -> Column:
    """Return an Arrow column, or a field of it, as a column.

    Parameters
    ----------
    array : pyarrow.ChunkedArray
        A top-level column.
    fields : sequence of str
        Fields of structs on the way to the values; lists between them are no step.
    axes : sequence of (tuple of int) or None
        What is declared of each level of lists.
    name : str
        Address of the cell, for errors.

    Returns
    -------
    Column
        Dense where all levels have declared sizes, else ragged, or jagged where the inner levels
        are constant only within each row.

    Raises
    ------
    CellError
        Inner levels vary within a row, the type has no numbers or text, or text is not UTF-8.
    """
    chunks = array.chunks or [pa.array([], type=array.type)]
    columns = []
    for chunk in chunks:
        values, nest = _descend(chunk, fields, axes, name)
        data, absent = flat_values(values, name)
        if nest.absent is not None:
            absent = nest.absent if absent is None else absent | nest.absent
        if absent is not None and data.dtype.kind in "fiu":
            nothing = data.dtype.type(np.nan if data.dtype.kind == "f" else 0)
            data = np.where(absent, nothing, data)
        columns.append(_assemble(data, absent, nest, name))
    return Column.concatenate(columns)


def _descend(
    array: pa.Array, fields: Sequence[str], axes: Sequence[Axis], name: str
) -> tuple[pa.Array, _Nest]:
    """Follow structs and lists to the values."""
    nest = _Nest()
    steps, declared = iter(fields), iter(axes)
    while True:
        kind = array.type
        if isinstance(kind, pa.BaseExtensionType):
            array = array.storage
        elif pt.is_struct(kind):
            # flatten() and not field(): only it carries the nulls of the struct to its fields.
            array = array.flatten()[kind.get_field_index(next(steps))]
        elif pt.is_fixed_size_list(kind):
            array = _into_fixed(array, next(declared), nest)
        elif any(is_list(kind) for is_list in VARYING):
            lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy().astype(np.int64)
            if not nest.counts:
                nest.null = nulls_of(array)
            nest.axes.append(next(declared))
            nest.counts.append(lengths)
            if nest.absent is not None:
                nest.absent = np.repeat(nest.absent, lengths)
            array = array.flatten()
        elif pt.is_dictionary(kind) and pt.is_nested(kind.value_type):
            array = array.dictionary_decode()
        elif pt.is_nested(kind):
            msg = f"{name}: values of type {kind} have no columns"
            raise CellError(msg)
        else:
            if not nest.counts:
                nest.null = nulls_of(array)
            return array, nest


def _into_fixed(array: pa.FixedSizeListArray, axis: Axis, nest: _Nest) -> pa.Array:
    """Step into lists of one size; those that are null keep their place."""
    size = array.type.list_size
    null = nulls_of(array)
    if not nest.counts:
        nest.null = null
    elif null is not None:
        nest.absent = null if nest.absent is None else nest.absent | null
    if nest.absent is not None:
        nest.absent = np.repeat(nest.absent, size)
    nest.axes.append(axis or (size,))
    nest.counts.append(np.full(len(array), size, dtype=np.int64))
    return array.values.slice(array.offset * size, len(array) * size)


def _assemble(data: Array, absent: Array | None, nest: _Nest, name: str) -> Column:
    """Give flat values their axes."""
    if not nest.counts:
        return Column(data, null=nest.null)
    holes = absent if absent is not None and data.dtype.kind not in "fc" else None
    outer, *inner = nest.counts
    n = len(outer)
    sizes = [_size(axis, counts) for axis, counts in zip(nest.axes[1:], inner, strict=True)]
    if None in sizes:
        shapes = _row_shapes(nest, name)
        return Column(data, offsets_of(shapes.prod(axis=1)), shapes, nest.null, holes)
    tail = [length for size in sizes if size is not None for length in size]
    first = nest.axes[0]
    if first is None:
        shape = (int(outer.sum()), *tail)
        offsets = offsets_of(outer)
    else:
        shape, offsets = (n, *first, *tail), None
        data, holes = _full(data, nest, prod(first), name), _full(holes, nest, prod(first), name)
    return Column(
        data.reshape(shape),
        offsets=offsets,
        null=nest.null,
        holes=None if holes is None else holes.reshape(shape),
    )


@overload
def _full(data: Array, nest: _Nest, length: int, name: str) -> Array: ...
@overload
def _full(data: None, nest: _Nest, length: int, name: str) -> None: ...
def _full(data: Array | None, nest: _Nest, length: int, name: str) -> Array | None:
    """Give rows that are null the place of rows of the declared length."""
    outer = nest.counts[0]
    there = outer == length
    if data is None or there.all():
        return data
    if nest.null is None or (~there & ~nest.null).any():
        msg = f"{name}: declared to have {length} elements, some rows have others"
        raise CellError(msg)
    full = np.zeros((len(outer), data.size // max(1, int(there.sum()))), dtype=data.dtype)
    full[there] = data.reshape(-1, full.shape[1])
    return full


def _size(axis: Axis, counts: Array) -> tuple[int, ...] | None:
    """Return the sizes of an inner level, or None if they vary."""
    if axis is not None and (counts == prod(axis)).all():
        return axis
    first = int(counts[0]) if len(counts) else 0
    return (first,) if (counts == first).all() else None


def _row_shapes(nest: _Nest, name: str) -> Array:
    """Return the shape of every row, shape (n, levels), where inner levels differ by row."""
    outer, *inner = nest.counts
    shapes = np.zeros((len(outer), len(nest.counts)), dtype=np.int64)
    shapes[:, 0] = outer
    row = np.repeat(np.arange(len(outer)), outer)
    for level, counts in enumerate(inner, start=1):
        shapes[row, level] = counts
        if (shapes[row, level] != counts).any():
            bad = int(row[shapes[row, level] != counts][0])
            msg = f"{name}: lists of different length within row {bad} of those read"
            raise CellError(msg, hint="one axis of a row may vary, not two")
        row = np.repeat(row, counts)
    return shapes
