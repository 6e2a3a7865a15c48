"""Arrow arrays without structure to numpy.

References
----------
.. [1] Arrow columnar format 1.5, https://arrow.apache.org/docs/format/Columnar.html.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from astropile.errors import CellError
from astropile.readers._text import decode_fixed, decode_pieces
from astropile.readers.column import Array


def flat_values(array: pa.Array, name: str) -> tuple[Array, Array | None]:
    """Return values without structure, and where there are none."""
    kind = array.type
    absent = nulls_of(array)
    if pt.is_null(kind):
        data: Array = np.full(len(array), np.nan)
    elif pt.is_dictionary(kind):
        words, _ = flat_values(array.dictionary, name)
        if not len(words):
            return np.zeros(len(array), dtype=words.dtype), absent
        codes, _ = flat_values(array.indices, name)
        data = words[codes if absent is None else np.where(absent, 0, codes)]
    elif pt.is_string_view(kind) or pt.is_binary_view(kind):
        return flat_values(array.cast(pa.large_binary()), name)
    elif pt.is_fixed_size_binary(kind):
        data = decode_fixed(_buffer(array, f"S{kind.byte_width}"), name)
    elif pt.is_decimal(kind):
        return flat_values(array.cast(pa.float64()), name)
    elif pt.is_boolean(kind):
        bits = np.frombuffer(array.buffers()[1] or b"", dtype=np.uint8)
        data = np.unpackbits(bits, count=array.offset + len(array), bitorder="little")
        data = data[array.offset :].astype(bool)
    elif pt.is_string(kind) or pt.is_binary(kind):
        data = _texts(array, np.dtype(np.int32), name)
    elif pt.is_large_string(kind) or pt.is_large_binary(kind):
        data = _texts(array, np.dtype(np.int64), name)
    elif pt.is_primitive(kind):
        data = _buffer(array, number_name(kind))
    else:
        msg = f"{name}: values of type {kind} are neither numbers nor text"
        raise CellError(msg)
    return data, absent


def number_name(kind: pa.DataType) -> str:
    """Return numpy's name of a type of numbers; dates and times are the integers stored."""
    if pt.is_temporal(kind):
        return f"int{kind.bit_width}"
    return str(kind.to_pandas_dtype().__name__).rstrip("_")


def _buffer(array: pa.Array, dtype: str) -> Array:
    """Return values of fixed width as they stand in memory."""
    whole = np.frombuffer(array.buffers()[1] or b"", dtype=dtype)
    return whole[array.offset : array.offset + len(array)]


def _texts(array: pa.Array, offset_dtype: np.dtype[np.signedinteger], name: str) -> Array:
    """Return texts of varying length."""
    if not len(array):
        return np.empty(0, dtype="U1")
    _, places, data = array.buffers()
    offsets = np.frombuffer(places, offset_dtype)[array.offset : array.offset + len(array) + 1]
    return decode_pieces(np.frombuffer(data or b"", dtype=np.uint8), offsets, name)


def nulls_of(array: pa.Array) -> Array | None:
    """Return where an array is null, or None if it is nowhere."""
    return array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
