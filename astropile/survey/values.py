"""Values out of Arrow without a copy: readers compiled from a type, for any number of rows.

An array of any shape is a view of the Arrow buffer, found from the offsets of the lists around it.
Work grows with the rows that are asked for, never with the chunk they lie in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from pyarrow import types

from astropile.readers.column import Array

#: Gives the value of each row of an Arrow array: a view for arrays, a dict for blocks, or None.
Reader: TypeAlias = Callable[[pa.Array], list[Any]]
#: Gives elements without nulls as a NumPy array.
Leaf: TypeAlias = Callable[[pa.Array], Array]
#: Gives where the elements of each row begin, and the end, in the values one level down.
Below: TypeAlias = Callable[[pa.Array], tuple[list[int], pa.Array]]


def reader_of(kind: pa.DataType) -> Reader:
    """Return a function that gives the value of each row of an array of a type.

    Parameters
    ----------
    kind : DataType
        Any Arrow type; lists and the array types of ``datasets`` give NumPy arrays.

    Examples
    --------
    >>> kind = pa.struct({"flux": pa.list_(pa.float32()), "band": pa.string()})
    >>> reader_of(kind)(pa.array([{"flux": [1, 2], "band": "g"}, None], kind))
    [{'flux': array([1., 2.], dtype=float32), 'band': 'g'}, None]
    """
    if types.is_struct(kind):
        return _struct_reader(kind)
    if isinstance(kind, pa.ExtensionType) and _is_list(kind.storage_type):
        return _extension_reader(kind)
    if _is_list(kind):
        return _list_reader(kind)
    # The method itself, without a function of ours around it: it is called for every scalar.
    return pa.Array.to_pylist  # type: ignore[no-any-return]


def stacked(values: Sequence[Any]) -> Array:
    """Put arrays of one shape and kind into one array, anything else into an array of objects."""
    if values and all(isinstance(value, np.ndarray) for value in values):
        first = values[0]
        if all(v.shape == first.shape and v.dtype.kind == first.dtype.kind for v in values):
            return np.stack(values)
    # Assigning a list would make a grid of arrays that have the same shape.
    return np.fromiter(values, dtype=object, count=len(values))


def _struct_reader(kind: pa.StructType) -> Reader:
    # Asking a struct type for its names takes longer than to read a row, so it is done once.
    names = tuple(field.name for field in kind)
    children = tuple(enumerate(reader_of(field.type) for field in kind))
    has_arrays = any(isinstance(field.type, pa.ExtensionType) for field in kind)
    plain = storage_of(kind)

    def read(array: pa.StructArray) -> list[Any]:
        child = (storage_array(array, plain) if has_arrays else array).field
        columns = [read_child(child(place)) for place, read_child in children]
        rows = [dict(zip(names, row)) for row in zip(*columns)]  # noqa: B905 - as long as made
        if not names:
            rows = [{} for _ in range(len(array))]
        return _with_none(array, rows) if array.null_count else rows

    return read


def storage_of(kind: pa.DataType) -> pa.DataType:
    """Return a type without the extension types among its fields."""
    if isinstance(kind, pa.ExtensionType):
        return kind.storage_type
    if types.is_struct(kind):
        return pa.struct([field.with_type(storage_of(field.type)) for field in kind])
    return kind


def storage_array(array: pa.Array, plain: pa.DataType) -> pa.Array:
    """Return an array with its storage as type, without a copy.

    pyarrow makes the Python face of an extension type anew for every array that it hands out, which
    takes longer than to read the row.
    """
    return pa.array(_Retyped(array, plain))


class _Retyped:
    """An array that says of itself, in the Arrow C protocol, that it has another type."""

    def __init__(self, array: pa.Array, kind: pa.DataType) -> None:
        self.array = array
        self.kind = kind

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[Any, Any]:
        return self.kind.__arrow_c_schema__(), self.array.__arrow_c_array__()[1]


def _extension_reader(kind: pa.ExtensionType) -> Reader:
    """Return a reader of arrays whose type says how long every axis but the first is."""
    inner = tuple(kind.shape[1:])
    size = prod(inner)
    leaf = kind.storage_type
    while _is_list(leaf):
        leaf = leaf.value_type
    below, read_leaf = _below_of(kind.storage_type), _leaf_reader(leaf)

    def read(array: pa.Array) -> list[Any]:
        bounds, values = below(array.storage if array.type.id == kind.id else array)
        start = bounds[0]
        for _ in inner:
            start = values.offsets[start].as_py() if len(values) else 0
            values = values.values
        elements = values.slice(start, (bounds[-1] - bounds[0]) * size)
        if not elements.null_count:
            rows = _cut(read_leaf(elements), bounds, inner)
            return _with_none(array, rows) if array.null_count else rows
        if len(array) > 1:
            return _one_by_one(array, read)
        return [_with_holes(elements, read_leaf).reshape(-1, *inner)]

    return read


def _list_reader(kind: pa.DataType) -> Reader:
    inner: tuple[int, ...] = ()
    leaf = kind.value_type
    while types.is_fixed_size_list(leaf):
        inner += (leaf.list_size,)
        leaf = leaf.value_type
    if not _has_arrays(leaf):
        return _loose_reader(kind)
    below, read_leaf, read_part = _below_of(kind), _leaf_reader(leaf), reader_of(kind.value_type)
    shape = (-1, kind.list_size, *inner) if types.is_fixed_size_list(kind) else None
    is_simple = shape is not None and prod(shape) != 0 and not inner

    def read(array: pa.Array) -> list[Any]:
        if is_simple and not array.null_count:
            elements = array.flatten()
            if not elements.null_count:
                return list(read_leaf(elements).reshape(shape))
        bounds, values = below(array)
        elements = values.slice(bounds[0], bounds[-1] - bounds[0])
        is_whole = not elements.null_count
        for length in inner:
            elements = elements.values.slice(elements.offset * length, len(elements) * length)
            is_whole = is_whole and not elements.null_count
        if is_whole:
            rows = _cut(read_leaf(elements), bounds, inner)
            return _with_none(array, rows) if array.null_count else rows
        if len(array) > 1:
            return _one_by_one(array, read)
        if array.null_count:
            return [None]
        if inner:
            return [stacked(read_part(values.slice(bounds[0], bounds[-1] - bounds[0])))]
        return [_with_holes(elements, read_leaf)]

    return read


def _loose_reader(kind: pa.DataType) -> Reader:
    """Return a reader of lists of what is no number: structs, lists of differing length."""
    below, read_part = _below_of(kind), reader_of(kind.value_type)

    def read(array: pa.Array) -> list[Any]:
        bounds, values = below(array)
        parts = read_part(values.slice(bounds[0], bounds[-1] - bounds[0]))
        edges = [edge - bounds[0] for edge in bounds]
        return _with_none(array, [stacked(parts[start:end]) for start, end in pairwise(edges)])

    return read


def _is_list(kind: pa.DataType) -> bool:
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(types.is_string(kind) or types.is_large_string(kind))


def _has_arrays(leaf: pa.DataType) -> bool:
    is_number = types.is_integer(leaf) or types.is_floating(leaf) or types.is_temporal(leaf)
    return bool(is_number or types.is_boolean(leaf) or _is_text(leaf))


def _leaf_reader(leaf: pa.DataType) -> Leaf:
    if types.is_boolean(leaf):
        return _bits
    return _text if _is_text(leaf) else _numbers


def _numbers(elements: pa.Array) -> Array:
    return elements.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _text(elements: pa.Array) -> Array:
    return np.array(elements.to_pylist(), dtype=np.str_)


def _bits(elements: pa.BooleanArray) -> Array:
    """Unpack bits; an order of magnitude faster than Arrow's own conversion."""
    if not len(elements):
        return np.empty(0, dtype=np.bool_)
    start, skipped = divmod(elements.offset, 8)
    packed = np.frombuffer(elements.buffers()[1], dtype=np.uint8)[start:]
    bits = np.unpackbits(packed, count=skipped + len(elements), bitorder="little")
    return bits[skipped:].view(np.bool_)


def _with_holes(elements: pa.Array, read_leaf: Leaf) -> Array:
    """Return elements some of which are null: NaN in floats, None among objects in all else."""
    if types.is_floating(elements.type):
        return read_leaf(elements)
    return np.fromiter(elements.to_pylist(), dtype=object, count=len(elements))


def _below_of(kind: pa.DataType) -> Below:
    if not types.is_fixed_size_list(kind):
        return lambda lists: (lists.offsets.to_pylist(), lists.values)
    size = kind.list_size

    def below(lists: pa.FixedSizeListArray) -> tuple[list[int], pa.Array]:
        first = lists.offset
        return [place * size for place in range(first, first + len(lists) + 1)], lists.values

    return below


def _cut(data: Array, bounds: list[int], inner: tuple[int, ...]) -> list[Any]:
    """Return the elements of each row, in the shape of a row."""
    first = bounds[0]
    if not inner:
        return [data[start - first : end - first] for start, end in pairwise(bounds)]
    if not data.size:
        return [data.reshape(end - start, *inner) for start, end in pairwise(bounds)]
    shaped = data.reshape(bounds[-1] - first, *inner)
    return [shaped[start - first : end - first] for start, end in pairwise(bounds)]


def _one_by_one(array: pa.Array, read: Reader) -> list[Any]:
    """Read rows apart, so that a null in one does not change the type of the others."""
    return [read(array.slice(row, 1))[0] for row in range(len(array))]


def _with_none(array: pa.Array, values: list[Any]) -> list[Any]:
    """Put None where a row is null."""
    if array.null_count:
        for row in np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False)).tolist():
            values[row] = None
    return values
