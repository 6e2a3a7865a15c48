"""Lines of a text table, parsed block by block, so that memory does not grow with the file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import pyarrow as pa
from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, open_csv

from astropile.errors import CorruptFileError
from astropile.readers._compression import open_plain

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# A row must fit into a block: those with arrays as text are some 100 kB long.
BLOCK_BYTES: Final = 2**24
_FILTER_BYTES: Final = 2**20
# What stands behind the last delimiter of rows that end with one; no file has such a name.
_END: Final = "\0"
# What Arrow says of a line with another number of cells, with its first 96 characters.
_RAGGED: Final = re.compile(r"Expected (\d+) columns, got (\d+): (.*?)(?: \.\.\.)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text table is written.

    Attributes
    ----------
    delimiter : str
        One character between cells.
    comment : str
        Lines that start with it are left out; empty for none.
    nulls : tuple of str
        Texts that mean no value.
    quoted_nulls : bool
        Whether they do so in quotes, too.
    plain : bool
        Quotes are characters like others, blanks around a cell are no part of it, and where the
        delimiter is a blank any run of blanks and tabs is one.
    """

    delimiter: str = ","
    comment: str = ""
    nulls: tuple[str, ...] = ("",)
    quoted_nulls: bool = False
    plain: bool = False

    def split(self, line: str) -> list[str]:
        """Return the cells of a line, without blanks around them."""
        cells = [line] if self.plain else next(csv.reader([line], delimiter=self.delimiter))
        if self.plain:
            cells = line.strip(" ").split(self.delimiter)
        return [name.strip() for name in cells]

    def tidy(self, lines: bytes) -> bytes:
        """Return whole lines without blanks that mean nothing; only a plain table has such."""
        if not self.plain:
            return lines
        if self.delimiter == " ":
            lines = re.sub(rb"[ \t]+", b" ", lines)
            lines = lines.replace(b" \r", b"\r").replace(b" \n", b"\n").replace(b"\n ", b"\n")
            return lines.strip(b" ")
        mark, blanks = (
            re.escape(self.delimiter.encode()),
            rb" " if self.delimiter == "\t" else rb" \t",
        )
        # Both take a run of blanks from its start only, so that long ones cost no more.
        lines = re.sub(rb"(?<![%b])[%b]++(?=[%b\r\n])" % (blanks, blanks, mark), b"", lines)
        return re.sub(rb"(?<=[%b\n])[%b]+" % (mark, blanks), b"", lines).strip(blanks)


def read_top(path: Path, dialect: Dialect, *, with_names: bool) -> tuple[list[str], list[str]]:
    """Return the names in the first line that is no comment, if it has them, and the first row.

    The row is empty unless it ends with a delimiter: only then is it wanted, and it may be long.
    """
    with _open_lines(path, dialect) as file:
        names = _header(file, dialect) if with_names else []
        row = next((text for text in _texts(file) if text.strip()), "")
        try:
            return names, dialect.split(row) if row.endswith(dialect.delimiter) else []
        except csv.Error:  # a cell longer than that module takes
            return names, []


def open_batches(
    path: Path,
    dialect: Dialect,
    columns: Sequence[str],
    types: Mapping[str, pa.DataType],
    *,
    skip_header: bool,
    closed: bool = False,
) -> Generator[pa.RecordBatch]:
    """Yield the rows of a text table from its first to its last, some columns only.

    Parameters
    ----------
    path : Path
        The file, which may be compressed.
    dialect : Dialect
        How it is written.
    columns : sequence of str
        Different names of all columns in their order.
    types : mapping of str to pyarrow.DataType
        The wanted columns.
    skip_header : bool
        Whether the first line holds names.
    closed : bool
        Whether a delimiter stands at the end of each row, too.

    Raises
    ------
    CorruptFileError
        A line has too few or too many cells; its number is given.
    """
    end = [_END] if closed else []
    with _open_lines(path, dialect) as file:
        if skip_header:
            _header(file, dialect)
        try:
            batches = open_csv(
                pa.PythonFile(file, mode="r"),
                ReadOptions(column_names=[*columns, *end], block_size=BLOCK_BYTES),
                ParseOptions(
                    delimiter=dialect.delimiter,
                    quote_char=False if dialect.plain else '"',
                    newlines_in_values=not dialect.plain,
                ),
                ConvertOptions(
                    column_types={**types, **dict.fromkeys(end, pa.string())},
                    include_columns=[*types, *end],
                    null_values=list(dialect.nulls),
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=dialect.quoted_nulls,
                    true_values=["True", "true", "1"],
                    false_values=["False", "false", "0"],
                    # Texts are decoded, and so checked, when they become a column.
                    check_utf8=False,
                ),
            )
            for batch in batches:
                yield _without_end(batch, len(columns)) if closed else batch
        except pa.ArrowInvalid as error:
            if str(error) == "Empty CSV file":
                return
            ragged = _RAGGED.search(str(error))
            if ragged is None:
                raise
            raise _ragged_line(path, dialect, ragged) from error


def _without_end(batch: pa.RecordBatch, n_columns: int) -> pa.RecordBatch:
    """Return rows without what stands behind their last delimiter, which must be nothing."""
    if batch.column(_END).null_count < len(batch):
        msg = f"a row has {n_columns + 1} cells, others end with a delimiter behind {n_columns}"
        raise CorruptFileError(msg, hint="give all columns a name in the header")
    return batch.drop_columns([_END])


def _ragged_line(path: Path, dialect: Dialect, told: re.Match[str]) -> CorruptFileError:
    """Return the error for a line with another number of cells, found again in the file."""
    expected, got, start = int(told[1]), int(told[2]), told[3]
    place = "a line"
    with open_plain(path) as file:
        for number, line in enumerate(file, 1):
            text = dialect.tidy(line).decode(errors="replace").rstrip("\r\n")
            if text.startswith(start) and text.count(dialect.delimiter) + 1 != expected:
                place = f"line {number}"
                break
    return CorruptFileError(
        f"{place} has {got} cells, expected {expected}: {start!r}",
        where=str(path),
        hint="the file is cut short, or its delimiter, comment or header is not what is said",
    )


def _open_lines(path: Path, dialect: Dialect) -> IO[bytes]:
    """Open a file, without lines that are comments and blanks that mean nothing."""
    file = open_plain(path)
    if not dialect.comment and not dialect.plain:
        return file
    return io.BufferedReader(_Lines(file, dialect))


def _header(file: IO[bytes], dialect: Dialect) -> list[str]:
    """Read the line with the names of the columns."""
    while line := _whole_line(file):
        text = line.decode("utf-8-sig").strip("\r\n")
        if text.strip():
            return dialect.split(text)
    msg = "no line with the names of the columns"
    raise CorruptFileError(msg)


def _texts(file: IO[bytes]) -> Iterator[str]:
    """Yield lines; bytes that are not UTF-8 are no fault of the line."""
    while line := _whole_line(file):
        yield line.decode("utf-8-sig", errors="replace").strip("\r\n")


def _whole_line(file: IO[bytes]) -> bytes:
    """Read to the end of the line; a file of one endless line is refused."""
    line = file.readline(BLOCK_BYTES)
    if len(line) == BLOCK_BYTES and not line.endswith(b"\n"):
        msg = f"a line is longer than {BLOCK_BYTES} bytes"
        raise CorruptFileError(msg, hint="it is no table in text")
    return line


class _Lines(io.RawIOBase):
    """A file without the lines that start with a mark, and without needless blanks."""

    def __init__(self, file: IO[bytes], dialect: Dialect) -> None:
        self._file = file
        self._mark = dialect.comment.encode()
        self._tidy = dialect.tidy
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        mark = self._mark
        while not self._rest:
            block = self._file.read(_FILTER_BYTES)
            if not block:
                return 0
            block = self._tidy(block + _whole_line(self._file))
            if mark and (block.startswith(mark) or b"\n" + mark in block):
                lines = block.splitlines(keepends=True)
                block = b"".join(line for line in lines if not line.startswith(mark))
            self._rest = memoryview(block)
        target = memoryview(buffer).cast("B")
        n = min(len(target), len(self._rest))
        target[:n] = self._rest[:n]
        self._rest = self._rest[n:]
        return n

    def close(self) -> None:
        self._file.close()
        super().close()
