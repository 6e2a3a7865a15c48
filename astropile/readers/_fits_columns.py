"""Columns of FITS tables: from the bytes of the file to columns.

References
----------
.. [1] FITS Standard 4.0, https://fits.gsfc.nasa.gov/fits_standard.html, section 7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from astropile.errors import CellError, CorruptFileError
from astropile.readers._fits_hdus import Hdu
from astropile.readers._fits_numbers import scale_values, scaled_dtype, with_absent
from astropile.readers._selection import count_selected
from astropile.readers._text import decode_fixed, decode_pieces
from astropile.readers.column import Array, Column, Rows, offsets_of

_DTYPES: Final[Mapping[str, str]] = MappingProxyType(
    dict(
        zip(
            "LXBIJKEDCM",
            ["u1", "u1", "u1", ">i2", ">i4", ">i8", ">f4", ">f8", ">c8", ">c16"],
            strict=True,
        )
    )
)
_FORMAT: Final = re.compile(r"\s*(\d*)([LXBIJKAEDCMPQ])([A-Z]?)(\d*)")
_TEXT_FORMAT: Final = re.compile(r"\s*([AIFED])(\d+)")
TRUE: Final = ord("T")


@dataclass(frozen=True, slots=True)
class TableColumn:
    """What the header of a table says of a column.

    Attributes
    ----------
    code : str
        Letter of the type of an element (``A`` text, ``L`` logical, ``X`` bit...).
    pointer : str
        ``P`` or ``Q`` where elements stand in the heap, else empty.
    start : int
        First byte in a row.
    width : int
        Bytes of an element (characters of a text; bits for ``X``).
    shape : tuple of int
        Axes of one row.
    null : object
        Value that means none, before scaling.
    scale, zero : float
        Value = stored value x scale + zero.
    """

    name: str
    code: str
    pointer: str
    start: int
    width: int
    shape: tuple[int, ...]
    null: Any
    scale: float
    zero: float
    unit: str

    @property
    def dtype(self) -> str:
        """Type of an element as cells name it."""
        if self.code == "A":
            return "text"
        if self.code in "LX":
            return "bool"
        stored = np.dtype(_DTYPES[self.code])
        return scaled_dtype(stored, self.scale, self.zero, "f8").name


def table_columns(hdu: Hdu) -> dict[str, TableColumn]:
    """Return the columns of a table by name; of equal names the first, without empty ones."""
    header = hdu.header
    columns: dict[str, TableColumn] = {}
    shape: tuple[int, ...]
    start = 0
    for k in range(1, header["TFIELDS"] + 1):
        form = str(header[f"TFORM{k}"])
        if hdu.kind == "text table":
            start = int(header[f"TBCOL{k}"]) - 1
            code, size = _text_form(form)
            pointer, width, shape = "", size, ()
        else:
            code, pointer, size, width, shape = _form(form, str(header.get(f"TDIM{k}", "")))
        name = str(header.get(f"TTYPE{k}", "")).strip() or f"col{k}"
        if size:
            column = TableColumn(
                name,
                code,
                pointer,
                start,
                width,
                shape,
                header.get(f"TNULL{k}"),
                header.get(f"TSCAL{k}", 1),
                header.get(f"TZERO{k}", 0),
                str(header.get(f"TUNIT{k}", "")).strip(),
            )
            columns.setdefault(name, column)
        start += size
    if hdu.kind == "table" and start > header["NAXIS1"]:
        msg = f"columns of {start} bytes in rows of {header['NAXIS1']} (HDU {hdu.number})"
        raise CorruptFileError(msg)
    return columns


def read_column(data: Array, hdu: Hdu, column: TableColumn, rows: Rows) -> Column:
    """Read rows of a column.

    Parameters
    ----------
    data : ndarray of uint8
        The bytes of the whole file.
    hdu, column
        What is wanted.
    rows : slice or ndarray of int64
        As made by `select_rows`.

    Returns
    -------
    Column
        Ragged if the elements stand in the heap.
    """
    row_bytes, n = int(hdu.header["NAXIS1"]), int(hdu.header["NAXIS2"])

    def cut(dtype: str, shape: tuple[int, ...]) -> Array:
        start = hdu.start + column.start
        inner = np.empty(shape, dtype=dtype).strides
        if not n:
            return np.empty((0, *shape), dtype)  # the view would begin behind the end of the file
        whole: Array = np.ndarray((n, *shape), dtype, data, start, (row_bytes, *inner))
        return whole[rows]

    if column.pointer:
        heap = hdu.start + int(hdu.header.get("THEAP", row_bytes * n))
        pointers = cut(">i4" if column.pointer == "P" else ">i8", (2,)).astype(np.int64)
        return _read_heap(data[heap : hdu.start + hdu.size], pointers, column)
    if hdu.kind == "text table":
        return _read_text(cut(f"S{column.width}", ()), column)
    if column.code == "A":
        return Column(decode_fixed(cut(f"S{column.width}", column.shape), column.name))
    if column.code == "X":
        *outer, bits = column.shape or (1,)
        packed = cut("u1", (*outer, -(-bits // 8)))
        flags = np.unpackbits(packed, axis=-1, count=bits).astype(bool)
        return Column(flags.reshape(count_selected(rows), *column.shape))
    values, absent = _convert(cut(_DTYPES[column.code], column.shape), column)
    return with_absent(values, absent)


def _form(form: str, dim: str) -> tuple[str, str, int, int, tuple[int, ...]]:
    """Return code, pointer, bytes in a row, bytes of an element and axes of a column."""
    match = _FORMAT.match(form)
    if match is None:
        msg = f"no column format: {form!r}"
        raise CorruptFileError(msg)
    repeat = int(match[1] or 1)
    code, target = match[2], match[3]
    axes = tuple(int(n) for n in re.findall(r"\d+", dim))[::-1]
    if code in "PQ":
        return target or "B", code, repeat and (8 if code == "P" else 16), 1, ()
    if code == "A":
        width = int(match[4] or 0) or (axes[-1] if axes else repeat)
        shape = axes[:-1] or ((repeat // width,) if width and repeat != width else ())
        return code, "", repeat, width, shape if prod(shape) * width == repeat else ()
    width = np.dtype(_DTYPES[code]).itemsize
    size = -(-repeat // 8) if code == "X" else repeat * width
    flat = () if repeat == 1 and code != "X" else (repeat,)
    return code, "", size, width, axes if axes and prod(axes) == repeat and code != "X" else flat


def _text_form(form: str) -> tuple[str, int]:
    """Return code and width of a column of a text table."""
    match = _TEXT_FORMAT.match(form)
    if match is None:
        msg = f"no column format of a text table: {form!r}"
        raise CorruptFileError(msg)
    return {"A": "A", "I": "K"}.get(match[1], "D"), int(match[2])


def _convert(raw: Array, column: TableColumn) -> tuple[Array, Array | None]:
    """Return numbers or logical values, and where there are none."""
    if column.code == "L":
        return raw == TRUE, raw == 0
    absent = raw == column.null if column.null is not None and raw.dtype.kind in "iu" else None
    return scale_values(raw, column.scale, column.zero, "f8"), absent


def _read_heap(heap: Array, pointers: Array, column: TableColumn) -> Column:
    """Gather arrays of varying length; ``pointers`` of shape (n, 2): elements, first byte."""
    if column.code == "X":
        msg = f"{column.name}: bit arrays of varying length are not read"
        raise CellError(msg, hint="convert the column to logical values")
    size = 1 if column.code == "A" else np.dtype(_DTYPES[column.code]).itemsize
    counts, starts = pointers[:, 0] * size, np.where(pointers[:, 0] > 0, pointers[:, 1], 0)
    if (counts < 0).any() or (starts < 0).any() or (starts + counts > len(heap)).any():
        msg = f"{column.name}: arrays lie outside of the heap of {len(heap)} bytes"
        raise CorruptFileError(msg)
    offsets = offsets_of(counts)
    filled = starts[counts > 0]
    if (filled == offsets[:-1][counts > 0] + (filled[0] if len(filled) else 0)).all():
        data = heap[filled[0] :][: offsets[-1]] if len(filled) else heap[:0]
    else:
        data = heap[np.repeat(starts - offsets[:-1], counts) + np.arange(offsets[-1])]
    if column.code == "A":
        return Column(decode_pieces(data, offsets, column.name))
    raw = np.frombuffer(data.tobytes(), dtype=_DTYPES[column.code])
    values, absent = _convert(raw, column)
    found = with_absent(values[:, None], None if absent is None else absent[:, None])
    holes = None if found.holes is None else found.holes[:, 0]
    return Column(found.data[:, 0], offsets=offsets // size, holes=holes)


def _read_text(raw: Array, column: TableColumn) -> Column:
    """Return a column of a text table; blank numbers are none."""
    text = np.strings.strip(decode_fixed(raw, column.name))
    null = text == (str(column.null).strip() if column.null is not None else "")
    if column.code == "A":
        return Column(text, null=null if column.null is not None and null.any() else None)
    null |= text == ""
    number = np.where(null, "0", np.strings.replace(np.strings.upper(text), "D", "E"))
    stored = np.dtype(np.int64 if column.code == "K" else np.float64)
    return with_absent(scale_values(number.astype(stored), column.scale, column.zero, "f8"), null)
