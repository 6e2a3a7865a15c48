"""Numbers without nulls between NumPy and Arrow, copied by nobody.

`pyarrow.array` and `to_numpy` of a column look for pandas first: importing it takes half a second
and 60 MB, which a match has no other use for.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from astropile.readers.column import Array

__all__ = ["plain_array", "plain_numbers"]


def plain_array(values: Array) -> pa.Array:
    """Return numbers as an Arrow array that shares their memory.

    Examples
    --------
    >>> plain_array(np.array([1.5, 2.5])).to_pylist()
    [1.5, 2.5]
    """
    values = np.ascontiguousarray(values)
    buffers = [None, pa.py_buffer(values)]
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), buffers)


def plain_numbers(column: pa.ChunkedArray) -> Array:
    """Return a column of numbers as an array, which shares its memory if it is in one piece.

    Examples
    --------
    >>> plain_numbers(pa.chunked_array([[1, 2], [3]])).tolist()
    [1, 2, 3]
    """
    if column.null_count or not column.num_chunks:
        return np.asarray(column.to_numpy())
    parts = []
    for chunk in column.chunks:
        dtype = np.dtype(chunk.type.to_pandas_dtype())
        start = chunk.offset * dtype.itemsize
        parts.append(np.frombuffer(chunk.buffers()[1], dtype, len(chunk), start))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
