"""Operator Pack: finished columns become Arrow arrays, without a copy where the type allows it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from astropile.readers import Column
from astropile.readers.column import Array


def pack_column(column: Column, wanted: pa.DataType) -> pa.Array:
    """Turn a finished column into an Arrow array of the given type.

    Parameters
    ----------
    column : Column
        Finished values of one leaf.
    wanted : DataType
        A scalar type, a (fixed-size) list, or an array extension type of ``datasets``.
    """
    if isinstance(wanted, pa.ExtensionType):
        return pa.ExtensionArray.from_storage(wanted, _pack_lists(column, wanted.storage_type))
    if pa.types.is_list(wanted) or pa.types.is_fixed_size_list(wanted):
        return _pack_lists(column, wanted)
    return _pack_values(column.data, wanted, column.null)


def _pack_values(data: Array, wanted: pa.DataType, mask: Array | None) -> pa.Array:
    flat = np.ascontiguousarray(data).reshape(-1)
    if mask is not None:
        mask = np.ascontiguousarray(mask).reshape(-1)
        mask = mask if mask.any() else None
    return pa.array(flat, type=wanted, mask=mask, from_pandas=False)


def _pack_lists(column: Column, wanted: pa.DataType) -> pa.Array:
    """Build nested lists from the innermost values outwards."""
    lengths = column.data.shape[1:] if column.offsets is None else (None, *column.data.shape[1:])
    types = [wanted]
    for _ in lengths[1:]:
        types.append(types[-1].value_type)
    array = _pack_values(column.data, types[-1].value_type, column.holes)
    outer = len(column.data)
    inner_counts = [outer]
    for length in column.data.shape[1:]:
        inner_counts.append(inner_counts[-1] * length)
    place = len(inner_counts) - 2
    for level in range(len(lengths) - 1, -1, -1):
        is_outermost = level == 0
        null = column.null if is_outermost else None
        if is_outermost and column.offsets is not None:
            return _list_array(types[0], column.offsets, array, null)
        length = lengths[level]
        count = inner_counts[place]
        place -= 1
        if pa.types.is_fixed_size_list(types[level]):
            mask = None if null is None else pa.array(null)
            array = pa.FixedSizeListArray.from_arrays(array, type=types[level], mask=mask)
        else:
            offsets = np.arange(count + 1, dtype=np.int64) * length
            array = _list_array(types[level], offsets, array, null)
    return array


def _list_array(
    wanted: pa.DataType, offsets: Array, values: pa.Array, null: Array | None
) -> pa.Array:
    mask = None if null is None or not null.any() else pa.array(np.ascontiguousarray(null))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values, type=wanted, mask=mask)


def pack_table(
    columns: Mapping[str, Column],
    keys: Mapping[str, str | dict[str, str]],
    schema: pa.Schema,
    n: int,
) -> pa.Table:
    """Assemble Examples.

    Parameters
    ----------
    columns : mapping of str to Column
        Finished columns by address; a leaf that is absent is null.
    keys : mapping
        Key of the Example -> address, or block -> {field: address}.
    schema : Schema
        Arrow schema of the Examples.
    n : int
        Number of rows.
    """
    arrays = []
    for key, value in keys.items():
        field = schema.field(key)
        if isinstance(value, str):
            arrays.append(pack_or_null(columns.get(value), field.type, n))
            continue
        children = [
            pack_or_null(columns.get(address), field.type.field(name).type, n)
            for name, address in value.items()
        ]
        fields = [field.type.field(name) for name in value]
        mask = all_null(children)
        arrays.append(pa.StructArray.from_arrays(children, fields=fields, mask=mask))
    return pa.Table.from_arrays(arrays, schema=schema)


def all_null(children: list[pa.Array]) -> pa.Array | None:
    """Return which rows have no value in any field, so that a block is null there."""
    if not all(child.null_count for child in children):
        return None
    nulls = [child.is_null().to_numpy(zero_copy_only=False) for child in children]
    mask = np.logical_and.reduce(nulls)
    return pa.array(mask) if mask.any() else None


def pack_or_null(column: Column | None, wanted: pa.DataType, n: int) -> pa.Array:
    """Pack a column; one that is absent becomes nulls."""
    if column is not None:
        return pack_column(column, wanted)
    if isinstance(wanted, pa.ExtensionType):
        return pa.ExtensionArray.from_storage(wanted, pa.nulls(n, wanted.storage_type))
    return pa.nulls(n, wanted)
