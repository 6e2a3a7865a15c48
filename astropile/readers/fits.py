"""FITS files (https://fits.gsfc.nasa.gov/fits_standard.html), also compressed ones.

Cells are the columns of the chosen unit (``RA``), columns of other units (``FIBERMAP.RA``,
``hdu2.RA``), whole images (``FLUX``, ``hdu0``) and header cards (``PRIMARY@DATE``,
``hdu0@DATE``). A name that several units have means the first of them; a column of the chosen unit
goes before an image.
Header cards belong to every row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from astropy.io import fits

from astropile.document import did_you_mean
from astropile.errors import CellError, UnsafeFileError
from astropile.readers._base import FileReader, as_row, damaged
from astropile.readers._cells import Cells, Facts
from astropile.readers._compression import (
    BOMB_BYTES,
    DAMAGE,
    MAX_RATIO,
    is_compressed,
    read_plain,
)
from astropile.readers._fits_columns import TableColumn, read_column, table_columns
from astropile.readers._fits_hdus import Hdu, read_hdus
from astropile.readers._fits_numbers import image_dtype, read_image
from astropile.readers._selection import count_selected
from astropile.readers.column import Array, Column, Rows
from astropile.readers.protocol import CellInfo, ReadOptions


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a cell is: a column or the image of a unit, or a card of its header."""

    hdu: Hdu
    column: TableColumn | None = None
    key: str = ""


class FitsReader(FileReader):
    """Reader of one FITS file.

    ``rows: axis`` takes the rows of the chosen table (or the planes of the chosen image) for the
    rows, ``rows: file`` the whole file for one row.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "stars.fits")
    >>> columns = [fits.Column("ra", "D", array=[1.0, 2.0]), fits.Column("n", "J", array=[1, -9])]
    >>> columns[1].null = -9
    >>> fits.BinTableHDU.from_columns(columns).writeto(path)
    >>> with FitsReader(path, ReadOptions()) as reader:
    ...     reader.read(["n"])["n"].null.tolist()
    [False, True]
    """

    damage: ClassVar[tuple[type[Exception], ...]] = (
        *DAMAGE,
        fits.VerifyError,
        KeyError,
        IndexError,
        TypeError,
        ValueError,
    )

    def __init__(self, path: Path, options: ReadOptions) -> None:
        super().__init__(path, options)
        with self._errors():
            self._bytes = read_plain(path)
            self._hdus = read_hdus(self._bytes)
            self._main = self._find_main()
        self._opened: fits.HDUList | None = None

    def close(self) -> None:
        """Close the file."""
        self._bytes = np.empty(0, dtype=np.uint8)
        if self._opened is not None:
            self._opened.close()

    def count_rows(self) -> int:
        """Return the number of rows."""
        if self._options.rows == "file":
            return 1
        with self._errors():
            return self._main.shape[0] if self._main.shape else 0

    def block_rows(self) -> int:
        """Return 1: rows of a FITS file stand one after the other."""
        return 1

    def _find_main(self) -> Hdu:
        """Return the unit whose rows are meant."""
        wanted = self._options.hdu
        if not wanted:
            tables = [hdu for hdu in self._hdus if "table" in hdu.kind]
            images = [hdu for hdu in self._hdus if "image" in hdu.kind and hdu.shape]
            return (tables or images or self._hdus)[0]
        for hdu in self._hdus:
            if wanted in (hdu.name, str(hdu.number)):
                return hdu
        names = [hdu.name for hdu in self._hdus if hdu.name]
        hint = did_you_mean(wanted, names)
        msg = f"no HDU {wanted!r}"
        raise CellError(msg, hint=hint or f"it has 0 to {len(self._hdus) - 1}: {', '.join(names)}")

    @property
    def _cells(self) -> Cells:
        return self._found[0]

    @cached_property
    def _found(self) -> tuple[Cells, dict[str, _Place]]:
        """Cells, and the places of their first addresses."""
        facts: dict[str, Facts] = {}
        places: dict[str, _Place] = {}
        aliases: dict[str, str] = {}
        with self._errors():
            for addresses, place in self._places():
                free = [name for name in addresses if name not in facts and name not in aliases]
                if not free:
                    continue
                facts[free[0]] = partial(self._info, place)
                places[free[0]] = place
                aliases |= dict.fromkeys(free[1:], free[0])
        return Cells(facts, aliases, ignore_case=self._options.ignore_case), places

    def _places(self) -> Iterator[tuple[list[str], _Place]]:
        """Yield all cells with their addresses, the preferred one first."""
        for hdu in (self._main, *self._hdus):
            names = list(dict.fromkeys([hdu.name, f"hdu{hdu.number}"][not hdu.name :]))
            if hdu.number == 0 and hdu.name != "PRIMARY":
                names.append("PRIMARY")
            if "table" in hdu.kind:
                bare = [""] if hdu is self._main else []
                for column in table_columns(hdu).values():
                    prefixes = [*bare, *(f"{name}." for name in names)]
                    yield [prefix + column.name for prefix in prefixes], _Place(hdu, column)
            elif "image" in hdu.kind and hdu.shape:
                yield names, _Place(hdu)
            for key in hdu.keywords():
                yield [f"{name}@{key}" for name in names], _Place(hdu, key=key)

    def _info(self, place: _Place) -> CellInfo:
        """Return what the headers say of a cell; called when the cell is looked up."""
        with self._errors():
            return self._describe(place)

    def _describe(self, place: _Place) -> CellInfo:
        hdu = place.hdu
        by_row = self._options.rows == "axis"
        if place.key:
            kind = _card(hdu, place.key).data.dtype
            dtype = "text" if kind.kind == "U" else kind.name
            return CellInfo(dtype, shared=by_row)
        shared = by_row and self._is_shared(place)
        whole: tuple[int | None, ...] = hdu.shape
        if place.column is not None:
            varying = (None,) if place.column.pointer and place.column.code != "A" else ()
            whole = (*hdu.shape, *place.column.shape, *varying)
            dtype, unit = place.column.dtype, place.column.unit
        else:
            dtype, unit = image_dtype(hdu).name, str(hdu.header.get("BUNIT", "")).strip()
        return CellInfo(dtype, whole[1:] if by_row and not shared else whole, unit, shared)

    @cached_property
    def _shared(self) -> list[_Place]:
        cells, places = self._found
        firsts = [cells.first_address(name) for name in self._options.shared]
        return [places[first] for first in firsts if first is not None]

    def _is_shared(self, place: _Place) -> bool:
        return bool(place.key) or place in self._shared

    def _read(self, addresses: Sequence[str], rows: Rows) -> dict[str, Column]:
        return {address: self._column(address, rows) for address in addresses}

    def _column(self, address: str, rows: Rows) -> Column:
        """Read one cell."""
        place = self._found[1][address]
        n = count_selected(rows)
        if place.key:
            return _card(place.hdu, place.key).spread(n)
        length = place.hdu.shape[0]
        if self._options.rows == "file" or self._is_shared(place):
            whole = self._values(place, slice(0, length))
            return as_row(whole, address).spread(n)
        if length != self.count_rows():
            msg = f"{address}: {length} rows, HDU {self._main.number} has {self.count_rows()}"
            hint = "if it belongs to every row, list it under 'shared' of the table"
            raise CellError(msg, hint=hint)
        return self._values(place, rows)

    def _values(self, place: _Place, rows: Rows) -> Column:
        """Read rows of a column or image."""
        if place.column is not None:
            return read_column(self._bytes, place.hdu, place.column, rows)
        hdu = place.hdu
        if hdu.kind == "compressed image":
            return Column(self._decompress(hdu, rows))
        return read_image(self._bytes, hdu, rows)

    def _decompress(self, hdu: Hdu, rows: Rows) -> Array:
        """Read rows of an image compressed tile by tile."""
        wanted = rows if isinstance(rows, slice) else slice(int(rows[0]), int(rows[-1]) + 1)
        declared = prod(hdu.shape[1:]) * image_dtype(hdu).itemsize * count_selected(wanted)
        if declared > max(BOMB_BYTES, MAX_RATIO * hdu.size):
            msg = f"HDU {hdu.number}: {hdu.size} bytes decompress to {declared}"
            raise UnsafeFileError(msg)
        if self._opened is None:
            source: Any = self._path
            if is_compressed(self._path):
                source = BytesIO(self._bytes.tobytes())
            self._opened = fits.open(source, memmap=False)
        try:
            values = np.asarray(self._opened[hdu.number].section[wanted])
        except MemoryError:
            raise
        except Exception as error:
            # The library below astropy has an exception of its own, which astropy keeps private.
            raise damaged(self._path, f"HDU {hdu.number}: {error}") from error
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
        return values if isinstance(rows, slice) else values[rows - rows[0]]


def _card(hdu: Hdu, key: str) -> Column:
    """Return the value of a card as a column of one row."""
    value = hdu.value(key)
    if value is None:
        return Column(np.array([""]), null=np.array([True]))
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        value = float(value)
    return Column(np.array([value.rstrip() if isinstance(value, str) else value]))
