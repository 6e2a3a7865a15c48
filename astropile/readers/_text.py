"""Bytes of a file to text, once, at the border.

Bytes are UTF-8. ASCII, which is nearly all there is, becomes text by widening each byte to the
four bytes numpy has for a character; a cell with other characters is decoded text by text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from astropile.errors import CellError, UnsafeFileError
from astropile.readers._base import BUDGET_BYTES
from astropile.readers.column import Array, offsets_of

FIRST_NOT_ASCII: Final = 128


def decode_fixed(raw: Array, name: str) -> Array:
    """Decode text of fixed width; trailing NUL and blanks are lost.

    Parameters
    ----------
    raw : ndarray of bytes, any shape
        Of dtype ``S``.
    name : str
        Address of the cell, for the error.

    Returns
    -------
    ndarray of str, same shape

    Raises
    ------
    CellError
        The bytes are not UTF-8; the row (place on the first axis) is named.

    Examples
    --------
    >>> decode_fixed(np.array([b"NGC 1068  ", b""]), "name").tolist()
    ['NGC 1068', '']
    """
    return _decode(raw if _is_full(raw) else np.strings.rstrip(raw, b"\0 "), name)


def _is_full(raw: Array) -> bool:
    """Return whether no text ends with NUL or a blank, as ids of one length: there is no end."""
    if raw.dtype.itemsize == 0 or not raw.size:
        return False
    last = np.ascontiguousarray(raw).view(np.uint8).reshape(raw.size, -1)[:, -1]
    return not ((last == 0) | (last == ord(" "))).any()


def decode_pieces(data: Array, offsets: Array, name: str) -> Array:
    """Decode text of varying length, kept as it is.

    Parameters
    ----------
    data : ndarray of uint8
        All bytes, one text after the other.
    offsets : ndarray of int, shape (n + 1,)
        Where in ``data`` each text starts, and the end of the last.
    name : str
        Address of the cell, for the error.

    Returns
    -------
    ndarray of str, shape (n,)

    Raises
    ------
    CellError
        The bytes are not UTF-8.
    UnsafeFileError
        One text is so long that the array would exhaust the memory.
    """
    lengths = np.diff(offsets)
    n, width = len(lengths), max(1, int(lengths.max(initial=0)))
    _check_size(n, width, name)
    pieces = data[int(offsets[0]) : int(offsets[-1])]
    is_ascii = pieces.max(initial=0) < FIRST_NOT_ASCII
    codes = np.zeros((n, width), dtype=np.uint32 if is_ascii else np.uint8)
    codes[np.arange(width) < lengths[:, None]] = pieces
    if is_ascii:
        return codes.view(f"U{width}")[:, 0]
    return _decode(codes.view(f"S{width}")[:, 0], name)


def decode_list(values: Sequence[bytes | str], name: str) -> Array:
    """Decode text that a library gave as a list of objects; shape (n,)."""
    pieces = [v.encode() if isinstance(v, str) else v for v in values]
    offsets = offsets_of([len(piece) for piece in pieces])
    return decode_pieces(np.frombuffer(b"".join(pieces), dtype=np.uint8), offsets, name)


def _decode(raw: Array, name: str) -> Array:
    """Widen ASCII; decode what is not ASCII text by text."""
    is_full = _is_full(raw)
    width = raw.dtype.itemsize if is_full else int(np.strings.str_len(raw).max(initial=0))
    width = max(1, width)
    _check_size(raw.size, width, name)
    if not raw.size or not raw.dtype.itemsize:
        return raw.astype(f"U{width}")
    flat = np.ascontiguousarray(raw).reshape(-1)
    codes = flat.view(np.uint8).reshape(flat.size, -1)
    is_ascii = codes < FIRST_NOT_ASCII
    if is_ascii.all():
        return _widen(codes, width).reshape(raw.shape)
    other = np.flatnonzero(~is_ascii.all(axis=1))
    per_row = max(1, flat.size // max(1, raw.shape[0] if raw.ndim else 1))
    decoded = [_decode_one(flat[place], int(place) // per_row, name) for place in other]
    text = _widen(np.where(is_ascii, codes, 0).astype(np.uint8), width)
    text[other] = decoded
    return text.reshape(raw.shape)


def _widen(codes: Array, width: int) -> Array:
    """Return ASCII codes, a row a text, as texts; numpy's own cast takes 50 times as long."""
    return np.ascontiguousarray(codes[:, :width].astype(np.uint32)).view(f"U{width}")[:, 0]


def _decode_one(value: bytes, row: int, name: str) -> str:
    """Decode one text, or raise with its row."""
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        msg = f"{name}: bytes that are not UTF-8 in row {row} of those read: {bytes(value)!r}"
        raise CellError(
            msg,
            hint="the text has another encoding; convert the file first",
        ) from error


def _check_size(n: int, width: int, name: str) -> None:
    """Refuse an array of texts that one very long text would blow up."""
    if n * width * np.dtype("U1").itemsize > BUDGET_BYTES:
        msg = f"{name}: {n} texts of up to {width} bytes do not fit into memory as an array"
        raise UnsafeFileError(msg)
