"""Tables as text with a delimiter (RFC 4180, https://www.rfc-editor.org/rfc/rfc4180).

A cell is text until its use says number, so the id ``000006`` stays what it is. A cell with nothing
between the delimiters has no value; one with empty quotes is an empty text.
"""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa

from astropile.errors import UsageError
from astropile.readers._arrow import to_column
from astropile.readers._base import FileReader, as_row, join
from astropile.readers._cells import Cells
from astropile.readers._compression import DAMAGE
from astropile.readers._csv_stream import Dialect, open_batches, read_top
from astropile.readers._selection import count_selected
from astropile.readers.column import Column, Rows
from astropile.readers.protocol import CellInfo, ReadOptions


class CsvReader(FileReader):
    r"""Reader of one text table.

    Reading rows in their order takes one pass through the file, whatever the number of calls; going
    back starts again at the top. Some tables end each row with a delimiter: where the first row has
    one cell too many and it is empty, so must be that of all rows, and it is no column.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "stars.csv")
    >>> n_bytes = path.write_text("id,mag\n000006,\n000007,12.5\n")
    >>> with CsvReader(path, ReadOptions()) as reader:
    ...     columns = reader.read(["id", "mag"])
    >>> columns["id"].data.tolist(), columns["mag"].null.tolist()
    (['000006', '000007'], [True, False])
    """

    damage: ClassVar[tuple[type[Exception], ...]] = (
        *DAMAGE,
        csv.Error,
        pa.ArrowException,
        ValueError,
    )

    def __init__(self, path: Path, options: ReadOptions) -> None:
        super().__init__(path, options)
        self._next_row = 0
        self._stream: Generator[pa.RecordBatch] | None = None
        self._stream_names: tuple[str, ...] = ()
        self._batch: pa.RecordBatch | None = None
        with self._errors():
            self._dialect = self._find_dialect()
            self._names, self._closed = self._find_names()

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()
        self._stream = self._batch = None

    def count_rows(self) -> int:
        """Return the number of rows, which takes a pass through the file."""
        return 1 if self._options.rows == "file" else self._stored_rows

    def block_rows(self) -> int:
        """Return 1: lines stand one after the other."""
        return 1

    def _find_dialect(self) -> Dialect:
        delimiter = one_character(self._options.delimiter or ",")
        return Dialect(delimiter, self._options.comment, ("", *self._options.nulls))

    def _find_names(self) -> tuple[list[str], bool]:
        """Return the names of the columns, and whether rows end with a delimiter.

        Columns without name, or with one of earlier ones, become ``col1``...
        """
        names = list(self._options.header)
        found, row = read_top(self._path, self._dialect, with_names=not names)
        names = names or found
        closed = len(row) == len(names) + 1 and not row[-1]
        given: dict[str, None] = {}
        for number, name in enumerate(names, 1):
            given[f"col{number}" if not name or name in given else name] = None
        if len(given) < len(names):
            msg = f"columns cannot be told apart: {names}"
            raise UsageError(msg, hint="give the names with the option 'header'")
        return list(given), closed

    @cached_property
    def _cells(self) -> Cells:
        infos = {name: self._info(name) for name in self._names}
        return Cells(infos, ignore_case=self._options.ignore_case)

    @cached_property
    def _stored_rows(self) -> int:
        with self._errors():
            return sum(len(batch) for batch in self._open(self._names[:1]))

    def _info(self, name: str) -> CellInfo:
        """Return what is known of a column."""
        rows = (self._stored_rows,) if self._options.rows == "file" else ()
        return CellInfo("text", rows)

    def _arrow_type(self, name: str) -> pa.DataType:
        """Return the type as which a column is parsed."""
        return pa.string()

    def _to_column(self, values: pa.Array, name: str) -> Column:
        """Return parsed values as a column."""
        return to_column(pa.chunked_array([values]), (), (), name)

    def _open(self, names: Sequence[str]) -> Generator[pa.RecordBatch]:
        """Start at the first row."""
        return open_batches(
            self._path,
            self._dialect,
            self._names,
            {name: self._arrow_type(name) for name in names},
            skip_header=not self._options.header,
            closed=self._closed,
        )

    def _read(self, addresses: Sequence[str], rows: Rows) -> dict[str, Column]:
        n = count_selected(rows)
        if self._options.rows == "file":
            whole = self._pieces(addresses, slice(0, self._stored_rows))
            return {name: as_row(column, name).take(slice(0, n)) for name, column in whole.items()}
        return self._pieces(addresses, rows)

    def _pieces(self, names: Sequence[str], rows: Rows) -> dict[str, Column]:
        """Read rows, going on where the last call for the same columns ended."""
        parts: dict[str, list[Column]] = {name: [] for name in names}
        for batch, wanted in self._batches(tuple(names), rows):
            for name in names:
                values = batch.column(name)
                if isinstance(wanted, slice):
                    values = values.slice(wanted.start, wanted.stop - wanted.start)
                    parts[name].append(self._to_column(values, name))
                else:
                    parts[name].append(self._to_column(values, name).take(wanted))
        for name, columns in parts.items():
            if not columns:
                columns.append(self._to_column(pa.array([], self._arrow_type(name)), name))
        return {name: join(columns, name) for name, columns in parts.items()}

    def _batches(self, names: tuple[str, ...], rows: Rows) -> Iterator[tuple[pa.RecordBatch, Rows]]:
        """Yield the batches with wanted rows, and which of their rows these are."""
        if not count_selected(rows):
            return
        first = rows.start if isinstance(rows, slice) else int(rows[0])
        last = rows.stop - 1 if isinstance(rows, slice) else int(rows[-1])
        if self._stream is None or names != self._stream_names or first < self._next_row:
            self.close()
            self._stream, self._stream_names, self._next_row = self._open(names), names, 0
        while True:
            if self._batch is None:
                self._batch = next(self._stream)
            start, stop = self._next_row, self._next_row + len(self._batch)
            if isinstance(rows, slice):
                local = slice(max(first - start, 0), min(rows.stop, stop) - start)
                if local.start < local.stop:
                    yield self._batch, local
            elif len(inside := rows[np.searchsorted(rows, start) : np.searchsorted(rows, stop)]):
                yield self._batch, inside - start
            if last < stop:
                return
            self._next_row, self._batch = stop, None


def one_character(delimiter: str) -> str:
    """Return a delimiter that can be used; Arrow takes one of a byte, and no line break.

    Examples
    --------
    >>> one_character("|")
    '|'
    """
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in "\r\n\0":
        msg = f"a delimiter is one character, got {delimiter!r}"
        raise UsageError(msg, hint="write ',' or ';', or leave it out")
    return delimiter
