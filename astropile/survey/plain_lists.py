"""Nested lists of a plain table as arrays: the lengths of inner lists are found in the values.

Only the outermost list may differ from row to row; all others are as long as those of the first
row that has any.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from astropile.errors import UsageError
from astropile.readers.column import Array
from astropile.survey.plain_schema import value_type

__all__ = ["as_arrays", "has_open_lists", "sized_type"]


def _is_list(kind: pa.DataType) -> bool:
    return bool(pt.is_list(kind) or pt.is_large_list(kind) or pt.is_fixed_size_list(kind))


def has_open_lists(kind: pa.DataType) -> bool:
    """Return whether a type has lists in lists, of which the type does not tell the lengths.

    Examples
    --------
    >>> has_open_lists(pa.list_(pa.list_(pa.float32())))
    True
    >>> has_open_lists(pa.list_(pa.list_(pa.float32(), 3)))
    False
    """
    inner = kind.value_type if _is_list(kind) else None
    while inner is not None and _is_list(inner):
        if not pt.is_fixed_size_list(inner):
            return True
        inner = inner.value_type
    return False


def sized_type(kind: pa.DataType, parts: Iterable[pa.Array]) -> pa.DataType | None:
    """Return the type of arrays that hold nested lists; None if a pile has none.

    Parameters
    ----------
    kind : DataType
        Of the lists.
    parts : iterable of Array
        Values of the column, piece by piece; read until a row tells all lengths. Where none does,
        inner lists count as having one element.
    """
    levels, value = 1, kind
    while _is_list(value.value_type):
        levels, value = levels + 1, value.value_type
    sizes = [1] * (levels - 1)
    for part in parts:
        found = _sizes(part, levels - 1)
        if found is not None:
            sizes = found
            break
    inner: pa.DataType | None = value.value_type
    for size in reversed(sizes):
        inner = pa.list_(inner, size)
    outer = kind.list_size if pt.is_fixed_size_list(kind) else -1
    return value_type(pa.list_(inner, outer))


def _sizes(part: pa.Array, levels: int) -> list[int] | None:
    """Return the lengths of inner lists in the first row that has all of them."""
    sizes: list[int] = []
    inner = part
    for _ in range(levels):
        inner = inner.flatten()
        lengths = pc.list_value_length(inner).drop_null()
        filled = lengths.filter(pc.greater(lengths, 0))
        if not len(filled):
            return None
        sizes.append(filled[0].as_py())
    return sizes


def as_arrays(values: pa.Array, kind: pa.DataType, rows: Array, where: str) -> pa.Array:
    """Return nested lists as arrays of a type that :func:`sized_type` gave.

    Parameters
    ----------
    values : Array
        Lists of lists.
    kind : DataType
        What they become.
    rows : ndarray of int64
        Numbers of the rows, for messages.
    where : str
        Table and column, for messages.

    Raises
    ------
    UsageError
        An inner list is null or of another length than in the first row.
    """
    counts = pc.list_value_length(values).fill_null(0).to_numpy(zero_copy_only=False)
    if pt.is_fixed_size_list(kind):
        return _in_fixed_rows(values, kind, rows, where)
    offsets = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    if offsets[-1] > np.iinfo(np.int32).max:
        what = "the lists of one piece have more than 2**31 elements"
        raise UsageError(what, where=where, hint="write the file with smaller row groups")
    inner = _dense(values.flatten(), kind.value_type, np.repeat(rows, counts), where)
    mask = values.is_null() if values.null_count else None
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), inner, type=pa.list_(inner.type), mask=mask
    ).cast(kind)


def _in_fixed_rows(values: pa.Array, kind: pa.DataType, rows: Array, where: str) -> pa.Array:
    """Return rows of fixed length as arrays; null rows get room of their own."""
    present = values.is_valid().to_numpy(zero_copy_only=False)
    numbers = np.repeat(rows[present], kind.list_size)
    inner = _dense(values.flatten(), kind.value_type, numbers, where)
    found = pa.FixedSizeListArray.from_arrays(inner, kind.list_size).cast(kind)
    if present.all():
        return found
    return found.take(pa.array(np.cumsum(present) - 1, mask=~present))


def _dense(lists: pa.Array, kind: pa.DataType, rows: Array, where: str) -> pa.Array:
    """Return lists of one length, row by row known, as arrays."""
    if not _is_list(kind):
        return lists.cast(kind)
    lengths = pc.list_value_length(lists).fill_null(-1).to_numpy(zero_copy_only=False)
    wrong = np.flatnonzero(lengths != kind.list_size)
    if len(wrong):
        got = int(lengths[wrong[0]])
        found = "is null" if got < 0 else f"has {got} elements"
        raise UsageError(
            f"row {int(rows[wrong[0]])}: an inner list {found}, expected {kind.list_size} elements",
            where=where,
            hint="only the outermost list of a row may be of any length: pad the inner ones, or "
            "leave the column out",
        )
    inner = _dense(lists.flatten(), kind.value_type, np.repeat(rows, kind.list_size), where)
    return pa.FixedSizeListArray.from_arrays(inner, kind.list_size)
