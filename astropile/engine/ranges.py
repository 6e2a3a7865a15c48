"""Operator Slice: rows of a table, from a first one to an end, as lists of a main row."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace

import numpy as np

from astropile.engine.operand import Fault, Operand, numeric, rows_of
from astropile.engine.tables import null_column
from astropile.readers import Column
from astropile.readers.column import Array, offsets_of


def whole_numbers(operand: Operand, n: int, what: str) -> tuple[Array, Array]:
    """Return an operand as whole numbers, and which of them are null.

    Raises
    ------
    Fault
        It is an array, or a number is not whole.
    """
    column = rows_of(numeric(operand), n)
    if column.ndim:
        raise Fault(f"{what} must be one number a row, but it is an array")
    data = column.data
    null = np.zeros(n, dtype=bool) if column.null is None else column.null.copy()
    if data.dtype.kind == "f":
        null |= ~np.isfinite(data)
        data = np.where(null, 0, data)
        broken = data != np.floor(data)
        if broken.any():
            raise Fault(f"{what} must be a whole number, got {data[broken][0]}", rows=broken)
    return np.where(null, 0, data).astype(np.int64), null


def bad_ranges(start: Array, stop: Array, total: int | Array) -> Array:
    """Return which ranges are no rows of a table of some length."""
    return np.asarray((start < 0) | (stop < start) | (stop > total))


def elements_of(start: Array, counts: Array) -> Array:
    """Return the rows of ranges, one after the other.

    Examples
    --------
    >>> elements_of(np.array([7, 2]), np.array([2, 3])).tolist()
    [7, 8, 2, 3, 4]
    """
    offsets = offsets_of(counts)
    return np.asarray(np.repeat(start - offsets[:-1], counts) + np.arange(offsets[-1]))


def as_lists(
    cells: Mapping[str, Column],
    elements: Array,
    counts: Array,
    null: Array,
    shared: Set[str] = frozenset(),
) -> dict[str, Column]:
    """Return cells of listed rows as lists; lists of lists are joined.

    Parameters
    ----------
    cells : mapping of str to Column
        Cells of a table.
    elements : ndarray of int64, shape (total,)
        Rows of the table, those of one main row after those of another.
    counts : ndarray of int64, shape (n,)
        How many rows belong to each main row.
    null : ndarray of bool, shape (n,)
        Main rows that have no list, not even an empty one.
    shared : set of str
        Cells that belong to every row of their file: they stay one value a main row.
    """
    offsets = offsets_of(counts)
    is_missing = null if null.any() else None
    lists = {}
    for name, column in cells.items():
        if name in shared:
            lists[name] = _first_of_lists(column, elements, offsets)
            continue
        taken = column.take(elements)
        if taken.offsets is not None:
            ragged = taken if taken.shapes is None else replace(taken, shapes=None)
            joined = ragged.offsets[offsets]  # type: ignore[index]
            lists[name] = Column(ragged.data, joined, None, is_missing, ragged.holes)
            continue
        holes = taken.holes
        if taken.null is not None:
            inner = (1,) * (taken.data.ndim - 1)
            lost = np.broadcast_to(taken.null.reshape(-1, *inner), taken.data.shape)
            holes = lost if holes is None else holes | lost
        lists[name] = Column(taken.data, offsets, None, is_missing, holes)
    return lists


def _first_of_lists(column: Column, elements: Array, offsets: Array) -> Column:
    empty = np.diff(offsets) == 0
    if not len(elements):
        return null_column(column, len(empty))
    taken = column.take(elements[np.minimum(offsets[:-1], len(elements) - 1)])
    null = empty if taken.null is None else taken.null | empty
    return replace(taken, null=null if null.any() else None)
