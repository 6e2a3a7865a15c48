"""Values out of Arrow without a copy: an extractor of an array gives the value of any row.

An array of any shape is a view of the Arrow buffer, found from the offsets of the lists around it.
Making an extractor converts nothing, and a call works on one row only, however long the array is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from pyarrow import types

from astropile.readers.column import Array

#: Gives the value of a row: a view for arrays, a dict for blocks, a Python value, or None.
Extractor: TypeAlias = Callable[[int], Any]


def extractor(array: pa.Array) -> Extractor:
    """Return a function that gives the value of a row of an Arrow array.

    Parameters
    ----------
    array : Array
        Of any Arrow type; lists and the array types of ``datasets`` give NumPy arrays.

    Examples
    --------
    >>> kind = pa.struct({"flux": pa.list_(pa.float32()), "band": pa.string()})
    >>> value = extractor(pa.array([{"flux": [1, 2], "band": "g"}, None], kind))
    >>> value(0)
    {'flux': array([1., 2.], dtype=float32), 'band': 'g'}
    """
    kind = array.type
    if types.is_struct(kind):
        value = _block(array)
    elif isinstance(kind, pa.ExtensionType) and _is_list(kind.storage_type):
        value = _shaped(array.storage, tuple(kind.shape))
    elif _is_list(kind):
        value = _listed(array)
    elif _is_number(kind) and not array.null_count:
        return array.to_numpy().item  # type: ignore[no-any-return]
    else:
        return lambda row: array[row].as_py()
    if not array.null_count:
        return value
    is_valid = array.is_valid()
    return lambda row: value(row) if is_valid[row].as_py() else None


def stacked(values: Sequence[Any]) -> Array:
    """Put arrays of one shape and kind into one array, anything else into an array of objects."""
    if values and all(isinstance(value, np.ndarray) for value in values):
        first = values[0]
        if all(v.shape == first.shape and v.dtype.kind == first.dtype.kind for v in values):
            return np.stack(values)
    # Assigning a list would make a grid of arrays that have the same shape.
    return np.fromiter(values, dtype=object, count=len(values))


def _block(array: pa.StructArray) -> Extractor:
    children = [(f.name, extractor(array.field(place))) for place, f in enumerate(array.type)]
    return lambda row: {name: value(row) for name, value in children}


def _shaped(lists: pa.Array, shape: tuple[int | None, ...]) -> Extractor:
    """Return an extractor of arrays whose type says how long every axis but the first is."""
    inner = shape[1:]
    edge, first, count = _edges(lists)
    start, values = first, lists.values
    for _ in inner:
        start = values.offsets[start].as_py() if len(values) else 0
        values = values.values
    size = prod(inner)  # type: ignore[arg-type]
    elements = values.slice(start, count * size)
    if shape[0] is not None and count == len(lists) * shape[0] and _is_plain(elements) and size:
        return elements.to_numpy().reshape(-1, *shape).__getitem__  # type: ignore[no-any-return]
    between = _between(elements)

    def value(row: int) -> Array:
        begin, end = edge(row) - first, edge(row + 1) - first
        return between(begin * size, end * size).reshape(end - begin, *inner)

    return value


def _listed(array: pa.Array) -> Extractor:
    edge, first, count = _edges(array)
    elements = array.values.slice(first, count)
    inner: tuple[int, ...] = ()
    while types.is_fixed_size_list(elements.type) and not elements.null_count:
        length = elements.type.list_size
        inner += (length,)
        elements = elements.values.slice(elements.offset * length, len(elements) * length)
    if not _has_arrays(elements.type):
        return _loose(array)
    between, size = _between(elements), prod(inner)
    if not inner:
        return lambda row: between(edge(row) - first, edge(row + 1) - first)

    def value(row: int) -> Array:
        begin, end = edge(row) - first, edge(row + 1) - first
        return between(begin * size, end * size).reshape(end - begin, *inner)

    return value


def _loose(array: pa.Array) -> Extractor:
    """Return an extractor of lists of structs, of lists of differing length, or with null lists."""
    if types.is_fixed_size_list(array.type.value_type) and len(array) > 1:
        # A null list in one row must not change the form of the others.
        return lambda row: _listed(array.slice(row, 1))(0)
    edge, first, count = _edges(array)
    part = extractor(array.values.slice(first, count))
    return lambda row: stacked([part(k - first) for k in range(edge(row), edge(row + 1))])


def _edges(lists: pa.Array) -> tuple[Callable[[int], int], int, int]:
    """Return where rows begin in the values one level down, the first place, and their number."""
    if types.is_fixed_size_list(lists.type):
        size, before = lists.type.list_size, lists.offset
        return (lambda row: (before + row) * size), before * size, len(lists) * size
    offsets = lists.offsets.to_numpy()
    first, last = (offsets.item(0), offsets.item(-1)) if len(offsets) else (0, 0)
    return offsets.item, first, last - first


def _between(elements: pa.Array) -> Callable[[int, int], Array]:
    """Return a function that gives the elements between two places."""
    if _is_plain(elements):
        data = elements.to_numpy()
        return lambda start, end: data[start:end]
    return lambda start, end: _converted(elements.slice(start, end - start))


def _converted(elements: pa.Array) -> Array:
    kind = elements.type
    if elements.null_count and not types.is_floating(kind):
        return np.fromiter(elements.to_pylist(), dtype=object, count=len(elements))
    if types.is_boolean(kind):
        return _bits(elements)
    if _is_text(kind):
        return np.array(elements.to_pylist(), dtype=np.str_)
    return np.asarray(elements.to_numpy(zero_copy_only=False))


def _bits(elements: pa.BooleanArray) -> Array:
    """Unpack bits; an order of magnitude faster than Arrow's own conversion."""
    if not len(elements):
        return np.empty(0, dtype=np.bool_)
    start, skipped = divmod(elements.offset, 8)
    packed = np.frombuffer(elements.buffers()[1], dtype=np.uint8)[start:]
    bits = np.unpackbits(packed, count=skipped + len(elements), bitorder="little")
    return bits[skipped:].view(np.bool_)


def _is_list(kind: pa.DataType) -> bool:
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(types.is_integer(kind) or types.is_floating(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(types.is_string(kind) or types.is_large_string(kind))


def _is_plain(elements: pa.Array) -> bool:
    return _is_number(elements.type) and not elements.null_count


def _has_arrays(kind: pa.DataType) -> bool:
    is_simple = types.is_boolean(kind) or types.is_temporal(kind)
    return bool(is_simple or _is_number(kind) or _is_text(kind))
