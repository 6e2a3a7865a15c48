"""What every file format offers: the only thing the engine knows of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, Self

from astropile.readers.column import Array, Column, Rows

__all__ = ["CellInfo", "Format", "ReadOptions", "Reader", "WindowReader"]


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
        CSV, text: what stands between cells; if empty a comma, in text any blanks.
    comment : str
        CSV, text: lines that start with it are left out.
    header : tuple of str
        CSV, text: names of the columns of a file without a header line.
    nulls : tuple of str
        Formats of text, VOTable: texts that mean no value, beside nothing at all.
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


class WindowReader(Reader, Protocol):
    """A reader opened with ``rows: cutout``: windows of the images of one file, by position.

    Such a file has no rows of its own: `count_rows` is 0 and `read` is refused.
    """

    def read_windows(
        self,
        names: Sequence[str],
        ra_deg: Array,
        dec_deg: Array,
        size: tuple[int, int],
        *,
        also: Sequence[str] = (),
    ) -> tuple[dict[str, Column], Array]:
        """Cut a window around each position out of every image that is named.

        Each image has its own WCS. The pixel that holds the position gets the index
        ``(ny // 2, nx // 2)`` of the window. Pixels outside of the image are NaN in float images
        and 0 in integer ones. A position that is null, or that the sky of an image does not
        have, has a window without any pixel of it.

        Parameters
        ----------
        names : sequence of str
            Images (``SCI``, ``hdu0``), header cards (``SCI@EXPTIME``), and ``inside``: true where
            a pixel of the window lies in every image that is named.
        ra_deg, dec_deg : ndarray of float64, shape (n,)
            Positions in ICRS degrees.
        size : tuple of int
            Pixels ``(ny, nx)`` of a window.
        also : sequence of str, optional
            Images that count as named for ``inside``, of which no pixel is read.

        Returns
        -------
        columns : dict of str to Column
            Windows of shape [n, ny, nx] (of an image of several planes [n, plane, ny, nx]), cards
            of shape [n], ``inside`` of type bool and shape [n, ny, nx].
        inside : ndarray of bool, shape (n,)
            True where the window lies wholly inside of every image that is named.

        Raises
        ------
        CellError
            A name is no cell of the file, or an image has no celestial WCS.
        CorruptFileError
            The file is damaged, or a WCS cannot be built or has no inverse.
        UnsafeFileError
            The windows would exhaust the memory.
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
