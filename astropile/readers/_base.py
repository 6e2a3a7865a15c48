"""What readers of all formats do alike: look-up, selection, budget and errors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from math import prod
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np

from astropile.document import did_you_mean, shown
from astropile.errors import AstropileError, CellError, CorruptFileError, UnsafeFileError
from astropile.readers._cells import Cells
from astropile.readers._selection import count_selected, select_rows
from astropile.readers.column import Column, Rows
from astropile.readers.protocol import CellInfo, ReadOptions

# One call may not ask for more than this; the engine's batches are a thousand times smaller, so
# only a file that lies about its size comes here.
BUDGET_BYTES: Final = 64 * 2**30
_SHOWN_CELLS: Final = 12


class FileReader(ABC):
    """Base of the readers.

    Parameters
    ----------
    path : Path
        The file.
    options : ReadOptions
        How its rows are meant.
    """

    damage: ClassVar[tuple[type[Exception], ...]] = (OSError, ValueError, TypeError)
    """Exceptions of the format's library that mean a damaged file."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self._path = path
        self._options = options

    def __enter__(self) -> Self:
        """Return the open reader."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the file."""
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Give back what the open file holds; a closed reader cannot be used."""

    @property
    @abstractmethod
    def _cells(self) -> Cells:
        """Every cell of the file by its address."""

    def cells(self) -> Cells:
        """Return every cell of the file by its address, without reading values."""
        with self._errors():
            return self._cells

    @abstractmethod
    def count_rows(self) -> int:
        """Return the number of rows."""

    @abstractmethod
    def block_rows(self) -> int:
        """Return how many rows belong together on disk (1 if it does not matter)."""

    @abstractmethod
    def _read(self, addresses: Sequence[str], rows: Rows) -> dict[str, Column]:
        """Read cells by their first addresses; ``rows`` is as `select_rows` makes it."""

    def read(self, names: Sequence[str], rows: Rows | None = None) -> dict[str, Column]:
        """Read only the named cells of the given rows (`Reader.read`)."""
        with self._errors():
            addresses = {name: self._address(name) for name in names}
            wanted = select_rows(rows, self.count_rows())
            self._check_budget(addresses.values(), count_selected(wanted))
            columns = self._read(list(dict.fromkeys(addresses.values())), wanted)
            return {name: columns[address] for name, address in addresses.items()}

    def _address(self, name: str) -> str:
        """Return the first address of a cell, or raise with near names."""
        cells = self._cells
        address = cells.first_address(name)
        if address is None:
            some = ", ".join(islice(cells, _SHOWN_CELLS))
            more = f" and {len(cells) - _SHOWN_CELLS} more" if len(cells) > _SHOWN_CELLS else ""
            msg = f"no cell {shown(name)}"
            raise CellError(
                msg,
                where=str(self._path),
                hint=did_you_mean(name, cells) or f"it has {some or 'no cells'}{more}",
            )
        return address

    def _check_budget(self, addresses: Iterable[str], n: int) -> None:
        """Refuse to read more than a machine can hold."""
        cells = self._cells
        infos = [cells[address] for address in addresses]
        total = sum(row_bytes(info) * (1 if info.shared else n) for info in infos)
        if total > BUDGET_BYTES:
            msg = f"{n} rows declare {total / 2**30:.0f} GiB, more than {BUDGET_BYTES / 2**30:.0f}"
            raise UnsafeFileError(
                msg,
                where=str(self._path),
                hint="read fewer rows at a time, if the file is what it should be",
            )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what a library raises for a damaged file into an error that names it."""
        try:
            yield
        except AstropileError as error:
            if not error.where:
                error.where = str(self._path)
            raise
        except MemoryError as error:
            msg = "declares more than the memory holds"
            raise UnsafeFileError(msg, where=str(self._path)) from error
        except self.damage as error:
            raise damaged(self._path, str(error) or type(error).__name__) from error


def damaged(path: Path, what: str) -> CorruptFileError:
    """Return the error for a file that cannot be read."""
    size = path.stat().st_size if path.exists() else 0
    return CorruptFileError(
        f"cannot be read ({size} bytes): {what}",
        where=str(path),
        hint="the file is cut short, damaged or of another format; fetch it again",
    )


def row_bytes(info: CellInfo) -> int:
    """Return the bytes that a row of a cell has at least."""
    size = 1 if info.dtype == "text" else np.dtype(info.dtype).itemsize
    return size * prod(1 if length is None else length for length in info.shape)


def as_row(column: Column, address: str) -> Column:
    """Return all rows as the array of one row, or raise an error that names the cell."""
    try:
        return column.as_row()
    except ValueError as error:
        msg = f"{address}: {error}"
        raise CellError(msg) from error


def join(columns: Sequence[Column], address: str) -> Column:
    """Join columns along the rows, or raise an error that names the cell."""
    try:
        return Column.concatenate(columns)
    except ValueError as error:
        msg = f"{address}: {error}"
        raise CellError(msg) from error
