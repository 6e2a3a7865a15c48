"""Examples that wait on disk for their turn, and rows of Arrow tables as blocks of others."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.pile.types import taken as some_rows
from astropile.readers.column import Array

if TYPE_CHECKING:
    import pyarrow as pa

    from astropile.crossmatch.sides import AnySide

__all__ = ["DiskStore", "RowStore", "lists_of", "struct_of", "taken"]

# Bytes of a piece of a file that is read at a time, and how many of them are kept.
_PIECE_BYTES, _PIECES = 4 * 2**20, 8


class RowStore:
    """Examples in an Arrow file, taken by position.

    Parameters
    ----------
    path : Path
        A stream file of Arrow tables.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        self._file = pa.memory_map(str(path))
        with pa.ipc.open_stream(self._file) as reader:
            self._schema = reader.schema
            self._batches = list(reader)
        self._starts = np.cumsum([0, *(batch.num_rows for batch in self._batches)])
        #: Mean size of a row.
        self.row_bytes = path.stat().st_size // max(1, int(self._starts[-1]))

    def take(self, rows: Array) -> pa.Table:
        """Return the rows at these positions, in this order."""
        import pyarrow as pa

        order = np.argsort(rows, kind="stable")
        batch_of = np.searchsorted(self._starts, rows[order], side="right") - 1
        parts = []
        for number in np.unique(batch_of):
            inside = rows[order[batch_of == number]] - self._starts[number]
            parts.append(taken(pa.Table.from_batches([self._batches[number]]), inside))
        if not parts:
            return self._schema.empty_table()
        back = np.empty(len(order), dtype=np.int64)
        back[order] = np.arange(len(order))
        return taken(pa.concat_tables(parts).combine_chunks(), back)

    def block(self, rows: Array, kind: pa.DataType) -> pa.StructArray:
        """Return the rows at these positions as a struct column, null for row -1."""
        import pyarrow as pa

        present = rows >= 0
        if not present.any():
            return pa.nulls(len(rows), kind)
        found = self.take(rows[present])
        if present.all():
            return struct_of(found, kind)
        place = np.where(present, np.cumsum(present) - 1, -1)
        return struct_of(taken(found, place), kind, ~present)

    def close(self) -> None:
        """Let go of the file."""
        self._batches = []
        self._file.close()


class DiskStore(RowStore):
    """Examples in an Arrow file that is read piece by piece: none of it stays in memory.

    Parameters
    ----------
    path : Path
        A file of Arrow tables that :meth:`of` wrote.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        self._file = pa.OSFile(str(path))
        reader = pa.ipc.open_file(self._file)
        self._schema = reader.schema
        self._batches = _Pieces(reader)
        counts = np.load(path.with_suffix(".npy"))
        self._starts = np.cumsum([0, *counts.tolist()])
        self.row_bytes = path.stat().st_size // max(1, int(self._starts[-1]))

    @classmethod
    def of(cls, side: AnySide, rows: Array, path: Path) -> tuple[DiskStore, Array]:
        """Write Examples of a side to a file; return them and their row numbers.

        Raises
        ------
        OutputError
            The place cannot be written.
        SourceError
            Rows are not there any more.
        """
        import pyarrow as pa

        from astropile.crossmatch.sides import changed
        from astropile.survey.cache import writing

        chosen = np.unique(rows)
        chosen = chosen[chosen >= 0]
        schema = side.features().arrow_schema
        counts = []
        with (
            writing(path),
            pa.OSFile(str(path), "wb") as file,
            pa.ipc.new_file(file, schema) as out,
        ):
            for table in side.examples(chosen) if len(chosen) else ():
                plain = pa.Table.from_arrays(
                    [
                        _retyped(column.combine_chunks(), field.type)
                        for column, field in zip(table.columns, schema, strict=True)
                    ],
                    schema=schema,
                )
                step = max(1, _PIECE_BYTES * len(plain) // max(1, plain.nbytes))
                for batch in plain.combine_chunks().to_batches(max_chunksize=step):
                    out.write_batch(batch)
                    counts.append(batch.num_rows)
        if sum(counts) != len(chosen):
            raise changed(f"{len(chosen) - sum(counts)} of {len(chosen)} matched rows", side)
        np.save(path.with_suffix(".npy"), np.array(counts, dtype=np.int64))
        return cls(path), chosen


class _Pieces(list["pa.RecordBatch"]):
    """The batches of a file; only the last ones that were read are held."""

    def __init__(self, reader: pa.ipc.RecordBatchFileReader) -> None:
        super().__init__()
        self._read = lru_cache(_PIECES)(reader.get_batch)

    def __getitem__(self, number: Any) -> pa.RecordBatch:
        return self._read(int(number))


def taken(table: pa.Table, rows: Array) -> pa.Table:
    """Return rows of a table, null for row -1; rows that follow one another are not copied."""
    import pyarrow as pa

    if len(rows) and (rows >= 0).all():
        return some_rows(table, rows)
    return table.take(pa.array(rows, mask=rows < 0))


def struct_of(table: pa.Table, kind: pa.DataType, null: Array | None = None) -> pa.StructArray:
    """Return the columns of a table as one struct column, null where told."""
    import pyarrow as pa

    arrays = []
    for column, inner in zip(table.columns, kind, strict=True):
        if column.num_chunks == 0:
            arrays.append(pa.nulls(0, inner.type))
        else:
            one = column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
            arrays.append(_retyped(one, inner.type))
    mask = pa.array(null) if null is not None and null.any() else None
    return pa.StructArray.from_arrays(arrays, fields=list(kind), mask=mask)


def lists_of(values: pa.Array, offsets: Array, kind: pa.DataType) -> pa.ListArray:
    """Return values as lists that begin at offsets."""
    import pyarrow as pa

    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values, type=kind)


def _retyped(array: pa.Array, wanted: pa.DataType) -> pa.Array:
    """Drop the field metadata of structs, which Dataset files do not carry."""
    import pyarrow as pa

    if not isinstance(array, pa.StructArray):
        return array
    children = [_retyped(array.field(k), wanted.field(k).type) for k in range(wanted.num_fields)]
    mask = array.is_null() if array.null_count else None
    return pa.StructArray.from_arrays(children, fields=list(wanted), mask=mask)
