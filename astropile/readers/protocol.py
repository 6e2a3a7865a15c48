"""What every file format offers: the only thing the engine knows of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, Self

from astropile.readers.column import Column, Rows

__all__ = ["CellInfo", "Format", "ReadOptions", "Reader"]


@dataclass(frozen=True, slots=True)
class CellInfo:
    """What a file says of one cell without reading it.

    Attributes
    ----------
    dtype : str
        numpy name (``float32``, ``bool``) or ``text``.
    shape : tuple of int or None
        Shape of one row; ``None`` for a length that differs by row.
    unit : str
        Unit the file claims; shown to people, never believed.
    shared : bool
        True if the cell has no row axis and belongs to every row.
    """

    dtype: str
    shape: tuple[int | None, ...] = ()
    unit: str = ""
    shared: bool = False


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How the rows of a file are meant; from the table of a schema.

    Attributes
    ----------
    rows : str
        ``axis``: the leading axis of every array; ``file``: the file is one row;
        ``group``: every top group is a row; ``cutout`` and ``channel``: windows and planes.
    hdu : str
        FITS: HDU whose rows are meant and whose columns need no prefix.
    shared : tuple of str
        Cells that lack the row axis.
    ignore_case : bool
        Names of cells are the same whatever their case.
    delimiter : str
        CSV: what stands between cells; a comma if empty.
    comment : str
        CSV: lines that start with it are left out.
    header : tuple of str
        CSV: names of the columns of a file without a header line.
    nulls : tuple of str
        CSV: texts that mean no value, beside nothing at all.
    """

    rows: Literal["axis", "file", "group", "cutout", "channel"] = "axis"
    hdu: str = ""
    shared: tuple[str, ...] = ()
    ignore_case: bool = False
    delimiter: str = ""
    comment: str = ""
    header: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()


class Reader(Protocol):
    """An open file; use it in a ``with`` statement."""

    def __init__(self, path: Path, options: ReadOptions) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def cells(self) -> Mapping[str, CellInfo]:
        """Return every cell of the file by its address, without reading values.

        Iteration gives each cell once; look-up also finds it by its other addresses (``hdu1.ra``
        beside ``ra``) and, with ``ignore_case``, in any case. A cell that reaches outside the
        file is not listed; looking for it, even with ``in``, raises `UnsafeFileError`.
        """
        ...

    def count_rows(self) -> int:
        """Return the number of rows."""
        ...

    def block_rows(self) -> int:
        """Return how many rows belong together on disk (1 if it does not matter)."""
        ...

    def read(self, names: Sequence[str], rows: Rows | None = None) -> dict[str, Column]:
        """Read only the named cells of the given rows.

        Parameters
        ----------
        names : sequence of str
            Addresses; the result has them as keys.
        rows : slice, or array of int that never falls, optional
            Rows to read; all if left out.

        Returns
        -------
        dict of str to Column
            Columns of as many rows as were asked for. A cell without row axis (``shared``) is
            repeated, as a view without a copy. Arrays may be read-only.

        Raises
        ------
        CellError
            A name is no cell of the file (near names are listed), or its rows are not the rows
            of the table.
        CorruptFileError
            The file ends early or is damaged.
        UnsafeFileError
            The cell reaches outside the file, or would exhaust the memory.
        """
        ...


@dataclass(frozen=True, slots=True)
class Format:
    """Where the reader of a format is, and what a table may say about its files.

    An entry point of the group ``astropile.readers`` names one of these.

    Attributes
    ----------
    reader : str
        ``module:class`` of a `Reader`; imported when the first file is opened.
    options : frozenset of str
        Legal reader options: names of fields of `ReadOptions`, and ``rows=axis``... for every
        legal value of ``rows``.
    """

    reader: str
    options: frozenset[str]
