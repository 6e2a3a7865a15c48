"""Mock FITS files: tables of rows, or one object a file, with images and header cards."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from astropile.readers import Column
from astropile.readers.column import Array
from astropile.testing.cells import NotInvertibleError
from astropile.testing.marks import MARK, MARK_TEXT
from astropile.testing.rows import row_value, with_nan
from astropile.testing.write_tables import write_bytes

__all__ = ["write_fits_object", "write_fits_rows"]

_CODES = {"f4": "E", "f8": "D", "i2": "I", "i4": "J", "i8": "K", "u1": "B", "b1": "L"}
#: Types that FITS stores with an offset: stored type and offset.
_OFFSETS = {"i1": ("B", -128), "u2": ("I", 2**15), "u4": ("J", 2**31), "u8": ("K", 2**63)}


def write_fits_rows(
    path: Path, columns: Mapping[str, Column], hdu: str, shared: Mapping[str, bool]
) -> None:
    """Write tables whose rows are objects.

    Parameters
    ----------
    path : Path
        File to write.
    columns : mapping of str to Column
        ``column`` of the main table, ``HDU.column`` of others, ``HDU@KEY`` for cards.
    hdu : str
        Name or number of the main table.
    shared : mapping of str to bool
        Whether a cell belongs to every row.
    """
    parts = _Parts(hdu)
    for cell, column in columns.items():
        if shared.get(cell, False):
            parts.add(cell, np.asarray(row_value(column, 0)), is_row=False)
        else:
            parts.add_column(cell, column)
    write_bytes(path, parts.encoded())


def write_fits_object(path: Path, columns: Mapping[str, Column], row: int, hdu: str) -> None:
    """Write the file of one object: arrays are columns or images, scalars cards or one row."""
    parts = _Parts(hdu)
    for cell, column in columns.items():
        parts.add(cell, row_value(column, row), is_row=True)
    write_bytes(path, parts.encoded())


class _Parts:
    """Units of a file under construction."""

    def __init__(self, main: str) -> None:
        self.main = _unit_name(main or "1")
        self.tables: dict[str, list[fits.Column]] = {}
        self.images: dict[str, Array] = {}
        self.cards: dict[str, dict[str, Any]] = {}

    def add(self, cell: str, values: Array, *, is_row: bool) -> None:
        """Add a cell of a file that is one row, or one that belongs to every row."""
        unit, _, key = cell.partition("@")
        if key:
            if values.ndim:
                msg = f"{cell}: a header card holds one value"
                raise NotInvertibleError(msg)
            # A card is text: a short float32 stays as short as it is.
            value = float(str(values)) if values.dtype.kind == "f" else values.item()
            self.cards.setdefault(_unit_name(unit), {})[key] = value
            return
        unit, _, name = cell.rpartition(".")
        if not unit and (_NUMBERED.fullmatch(cell) or (values.ndim > 1 and is_row)):
            self.images[cell] = values
            return
        whole = values if values.ndim else values[None]
        owner = _unit_name(unit) if unit else self.main
        self.tables.setdefault(owner, []).append(_column(name, Column(whole)))

    def add_column(self, cell: str, column: Column) -> None:
        """Add a cell with one value a row."""
        if "@" in cell:
            msg = f"{cell}: a header card cannot differ by row"
            raise NotInvertibleError(msg)
        if _NUMBERED.fullmatch(cell):
            self.images[cell] = with_nan(column)
            return
        unit, _, name = cell.rpartition(".")
        owner = _unit_name(unit) if unit else self.main
        self.tables.setdefault(owner, []).append(_column(name, column))

    def encoded(self) -> bytes:
        """Return the bytes of the file."""
        names = list(dict.fromkeys([*self.tables, *self.images, *self.cards]))
        numbers = [int(name[3:]) for name in names if _NUMBERED.fullmatch(name)]
        order = [f"hdu{k}" for k in range(max([0, *numbers]) + 1)]
        order += [name for name in names if name not in order]
        units = [self._unit(name, first=k == 0) for k, name in enumerate(order)]
        units[0].header[f"HIERARCH {MARK}"] = MARK_TEXT
        file = io.BytesIO()
        fits.HDUList(units).writeto(file)
        return file.getvalue()

    def _unit(self, name: str, *, first: bool) -> Any:
        if name in self.tables:
            unit = fits.BinTableHDU.from_columns(self.tables[name])
        else:
            unit = (fits.PrimaryHDU if first else fits.ImageHDU)(self.images.get(name))
        for key, value in self.cards.get(name, {}).items():
            unit.header[key] = value
        if not _NUMBERED.fullmatch(name):
            unit.header["EXTNAME"] = name
        return unit


_NUMBERED = re.compile(r"hdu\d+")


def _unit_name(text: str) -> str:
    """Return one name for a unit that goes by several."""
    if text == "PRIMARY":
        return "hdu0"
    return f"hdu{text}" if text.isdigit() else text


def _column(name: str, column: Column) -> fits.Column:
    if column.offsets is not None:
        parts = np.split(column.data, column.offsets[1:-1])
        lists = np.fromiter(parts, dtype=object, count=len(column))
        code = _CODES.get(column.data.dtype.str[1:])
        if code is None or column.data.ndim > 1:
            msg = f"{name}: FITS has no lists of {column.data.dtype} arrays"
            raise NotInvertibleError(msg)
        return fits.Column(name, f"P{code}()", array=lists)
    data = with_nan(column)
    inner = data.shape[1:]
    size = int(np.prod(inner)) if inner else 1
    dim = f"({','.join(map(str, inner[::-1]))})" if len(inner) > 1 else None
    if data.dtype.kind == "U":
        raw = np.strings.encode(data, "utf-8")
        raw = raw if raw.dtype.itemsize else raw.astype("S1")
        width = raw.dtype.itemsize
        if inner:
            dim = f"({','.join(map(str, (width, *inner[::-1])))})"
        return fits.Column(name, f"{width * size}A", array=raw, dim=dim)
    kind = data.dtype.str[1:]
    if kind in _OFFSETS:
        code, zero = _OFFSETS[kind]
        return fits.Column(name, f"{size}{code}", array=data, bzero=zero, dim=dim)
    return fits.Column(name, f"{size}{_CODES[kind]}", array=data, dim=dim)
