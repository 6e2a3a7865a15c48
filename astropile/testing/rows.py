"""Columns taken apart for writers: rows of files of one object, long tables of grouped rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from astropile.readers import Column
from astropile.readers.column import Array, offsets_of
from astropile.testing.cells import NotInvertibleError

__all__ = ["explode", "row_value", "with_nan"]


def row_value(column: Column, row: int) -> Array:
    """Return the array of one row, of its own shape."""
    if column.offsets is None:
        return np.asarray(column.data[row])
    values = column.data[column.offsets[row] : column.offsets[row + 1]]
    return values if column.shapes is None else values.reshape(column.shapes[row])


def with_nan(column: Column) -> Array:
    """Return the data of a column, NaN where floats are null.

    Raises
    ------
    NotInvertibleError
        A null that the file's type cannot hold.
    """
    if column.null is None or not column.null.any():
        return column.data
    if column.data.dtype.kind != "f" or column.offsets is not None:
        msg = "a null has no form in this format"
        raise NotInvertibleError(msg)
    return np.where(column.null.reshape(-1, *(1,) * (column.data.ndim - 1)), np.nan, column.data)


def explode(columns: Mapping[str, Column], keys: Sequence[str]) -> tuple[dict[str, Column], int]:
    """Return one row for every element of lists: what ``group`` puts together again.

    Parameters
    ----------
    columns : mapping of str to Column
        Cells of grouped rows; scalars that are no keys are repeated.
    keys : sequence of str
        Cells that stay as they are.

    Returns
    -------
    (columns, n)
        Columns of ``n`` rows.
    """
    lists = {k: c for k, c in columns.items() if c.ndim and not _is_single(c) and k not in keys}
    n = len(next(iter(columns.values())))
    counts = np.ones(n, dtype=np.int64)
    for name, column in lists.items():
        ragged = column.ragged()
        if name != next(iter(lists)) and not np.array_equal(ragged.counts, counts):
            msg = f"{name} has another number of rows than the other cells"
            raise NotInvertibleError(msg)
        counts = ragged.counts
    row = np.repeat(np.arange(n), counts)
    found = {}
    for name, column in columns.items():
        if name in lists:
            found[name] = Column(column.ragged().data)
        else:
            data = column.data.reshape(n) if column.ndim else column.data
            found[name] = Column(data[row])
    return found, int(offsets_of(counts)[-1])


def _is_single(column: Column) -> bool:
    return column.offsets is None and column.data.shape[1:] == (1,)
