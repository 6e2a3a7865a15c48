"""Columns taken apart for writers: rows of files of one object, several rows of grouped ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from astropile.readers import Column
from astropile.readers.column import Array, offsets_of
from astropile.testing.cells import NotInvertibleError
from astropile.testing.layouts import Layout

__all__ = ["cut", "explode", "row_value", "with_nan"]

#: Most rows of one object where rows are grouped.
MOST_ROWS = 3
#: Integers below it are exact as float64.
EXACT = 2**53


def row_value(column: Column, row: int) -> Array:
    """Return the array of one row, of its own shape."""
    if column.offsets is None:
        return np.asarray(column.data[row])
    values = column.data[column.offsets[row] : column.offsets[row + 1]]
    return values if column.shapes is None else values.reshape(column.shapes[row])


def with_nan(column: Column) -> Array:
    """Return the data of a column, NaN where it is null; integers become float64 for it.

    Raises
    ------
    NotInvertibleError
        A null that the file's type cannot hold.

    Examples
    --------
    >>> with_nan(Column(np.array([7, 0]), null=np.array([False, True]))).tolist()
    [7.0, nan]
    """
    if column.null is None or not column.null.any():
        return column.data
    data, null = column.data, column.null
    if data.dtype.kind in "iu" and np.all(np.abs(data[~null].astype(np.float64)) < EXACT):
        data = data.astype(np.float64)
    if data.dtype.kind != "f" or column.offsets is not None:
        msg = "a null has no form in this format"
        raise NotInvertibleError(msg)
    return np.where(null.reshape(-1, *(1,) * (data.ndim - 1)), np.nan, data)


def explode(columns: Mapping[str, Column], keys: Sequence[str]) -> dict[str, Column]:
    """Return one row for every element of lists: what ``group`` puts together again.

    Parameters
    ----------
    columns : mapping of str to Column
        Cells of grouped rows; scalars that are no keys are repeated.
    keys : sequence of str
        Cells that stay as they are.
    """
    lists = _lists(columns, keys)
    n = len(next(iter(columns.values())))
    counts = next(iter(lists.values())).counts if lists else np.ones(n, dtype=np.int64)
    _require_counts(lists, counts)
    row = np.repeat(np.arange(n), counts)
    return {
        name: Column(lists[name].data) if name in lists else _repeated(column, row)
        for name, column in columns.items()
    }


def cut(
    columns: Mapping[str, Column],
    keys: Sequence[str],
    layout: Layout,
    rng: np.random.Generator,
    *,
    dense: bool,
) -> dict[str, Column]:
    """Return a few rows of padded lists for every object: what ``group`` puts together again.

    The first rows of objects are in order, and so are the rows of one object; else they are mixed.

    Parameters
    ----------
    columns : mapping of str to Column
        Cells of grouped rows; scalars that are no keys are repeated.
    keys : sequence of str
        Cells that stay as they are.
    layout : Layout
        Places of the lists; every row ends with padding.
    rng : Generator
        Source of randomness.
    dense : bool
        Pad to the longest row; else with as much as the lists have.
    """
    lists = _lists(columns, keys)
    _require_counts(lists, layout.stored)
    row, start, stop = _parts(layout.counts, rng)
    real = stop - start
    spare = layout.stored - layout.counts
    lengths = np.full_like(real, real.max(initial=1)) if dense else real + spare[row]
    ends = offsets_of(layout.stored)
    part = np.repeat(np.arange(len(row)), lengths)
    rank = np.arange(len(part)) - np.repeat(offsets_of(lengths)[:-1], lengths)
    # The last place of a list is padding, whatever the cell.
    place = np.where(rank < real[part], (ends[row] + start)[part] + rank, (ends[row + 1] - 1)[part])
    found = {}
    for name, column in columns.items():
        if name not in lists:
            found[name] = _repeated(column, row)
            continue
        data = lists[name].data[place]
        if dense:
            found[name] = Column(data.reshape(len(row), -1, *data.shape[1:]))
        else:
            found[name] = Column(data, offsets=offsets_of(lengths))
    return found


def _parts(counts: Array, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Return the object of each row, and its first element and the one after its last."""
    n = len(counts)
    parts = np.minimum(rng.integers(1, MOST_ROWS + 1, n), np.maximum(counts, 1))
    row = np.repeat(np.arange(n), parts)
    first = offsets_of(parts)[:-1]
    number = np.arange(len(row)) - np.repeat(first, parts)
    start, stop = (counts[row] * k // parts[row] for k in (number, number + 1))
    # A row comes any way below the one before it of the same object.
    below = np.cumsum(np.where(number > 0, n * rng.random(len(row)), 0))
    order = np.argsort(row + below - below[first][row], kind="stable")
    return row[order], start[order], stop[order]


def _lists(columns: Mapping[str, Column], keys: Sequence[str]) -> dict[str, Column]:
    """Return the cells that are lists of elements."""
    return {
        name: column.ragged()
        for name, column in columns.items()
        if column.ndim and not _is_single(column) and name not in keys
    }


def _require_counts(lists: Mapping[str, Column], counts: Array) -> None:
    for name, column in lists.items():
        if not np.array_equal(column.counts, counts):
            msg = f"{name} has another number of elements than the other cells"
            raise NotInvertibleError(msg)


def _repeated(column: Column, row: Array) -> Column:
    """Return a scalar, which may be a list of one, for each row of its object."""
    return Column(column.data.reshape(len(column))[row] if column.ndim else column.data[row])


def _is_single(column: Column) -> bool:
    return column.offsets is None and column.data.shape[1:] == (1,)
