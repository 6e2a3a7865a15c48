"""Rows of tables with bulk columns, in another order, without copying images and spectra.

A bulk column is cut into its rows: an array of one row is a view of the array it was read into.
What is written depends on the cuts, a little: where a page of Parquet ends. So bulk columns are
always written row by row, however they came.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np
import pyarrow as pa

from astropile.pile.types import taken
from astropile.readers.column import Array

__all__ = ["bulk_columns", "in_order"]

#: Mean bytes of a row from which a column is bulk: copying it costs more than keeping it apart.
BULK_BYTES: Final = 32_768


def bulk_columns(sample: pa.Table) -> tuple[str, ...]:
    """Return the columns whose rows are big, as far as a few rows tell."""
    least = BULK_BYTES * max(1, sample.num_rows)
    return tuple(n for n in sample.column_names if sample.column(n).nbytes >= least)


def in_order(table: pa.Table, rows: Array, bulk: Collection[str]) -> pa.Table:
    """Return rows of a table by number; its bulk columns have a chunk for each row.

    Parameters
    ----------
    table : Table
        Any rows.
    rows : ndarray of int64
        Their numbers in the order wanted.
    bulk : collection of str
        Columns that are not copied.
    """
    if not bulk:
        return taken(table, rows)
    small = taken(table.select([n for n in table.column_names if n not in bulk]), rows)
    columns = [
        _cut(table.column(f.name), rows) if f.name in bulk else small.column(f.name)
        for f in table.schema
    ]
    return pa.Table.from_arrays(columns, schema=table.schema)


def _cut(column: pa.ChunkedArray, rows: Array) -> pa.ChunkedArray:
    chunks = column.chunks
    starts = np.cumsum([0, *(len(chunk) for chunk in chunks)])
    chunk = np.searchsorted(starts, rows, side="right") - 1
    places = zip(chunk.tolist(), (rows - starts[chunk]).tolist(), strict=True)
    return pa.chunked_array([chunks[k].slice(row, 1) for k, row in places], type=column.type)
