"""The head of an array in NumPy's format, and its values as columns.

The head is parsed here and not by `numpy.load`: that opens a pickle or a zip if the file is one,
and for members of an archive has no way to read some rows.

References
----------
.. [1] NEP 1, "A simple file format for NumPy arrays", versions 1.0 to 3.0,
   https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import IO, Any, Final

import numpy as np

from astropile.errors import CellError, CorruptFileError, UnsafeFileError
from astropile.readers._text import decode_fixed
from astropile.readers.column import Array, Column

MAGIC: Final = b"\x93NUMPY"
# numpy's own limit: a head of more may make Python's parser fall over.
_HEAD_BYTES: Final = 10_000
_WIDTHS: Final = {1: 2, 2: 4, 3: 4}


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of an array says.

    Attributes
    ----------
    dtype : dtype
        Of an element, in the byte order of the file; holds no objects.
    shape : tuple of int
        Of the array.
    is_fortran : bool
        Whether the first axis varies fastest.
    start : int
        Where the values begin, in bytes from the magic.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    is_fortran: bool
    start: int

    @property
    def n_bytes(self) -> int:
        """Bytes of all values."""
        return prod(self.shape) * self.dtype.itemsize


def read_head(file: IO[bytes], size: int, name: str) -> Head:
    """Read the head of an array.

    Parameters
    ----------
    file : file
        At the magic.
    size : int
        Bytes from the magic to the end.
    name : str
        Of the array, for errors.

    Raises
    ------
    CorruptFileError
        It is no array, or has not as many values as its head says.
    UnsafeFileError
        Its elements are Python objects: a pickle, which may run any code.
    """
    start = file.read(len(MAGIC) + 2)
    if start[: len(MAGIC)] != MAGIC or len(start) < len(MAGIC) + 2:
        msg = f"{name}: no array of NumPy: it starts with {start[:8]!r}"
        raise CorruptFileError(msg)
    version = start[-2]
    if version not in _WIDTHS:
        msg = f"{name}: version {version} of NumPy's format is unknown"
        raise CorruptFileError(msg)
    length = int.from_bytes(file.read(_WIDTHS[version]), "little")
    if length > _HEAD_BYTES:
        msg = f"{name}: a head of {length} bytes, more than {_HEAD_BYTES}"
        raise CorruptFileError(msg)
    text = file.read(length).decode("latin1" if version < max(_WIDTHS) else "utf-8")
    dtype, shape, is_fortran = _parse(text, name)
    head = Head(dtype, shape, is_fortran, len(start) + _WIDTHS[version] + length)
    if dtype.hasobject:
        msg = f"{name}: an array of Python objects: reading it could run any code"
        raise UnsafeFileError(msg, hint="save it as arrays of numbers or text")
    if head.start + head.n_bytes != size:
        msg = f"{name}: {dtype} {shape} takes {head.n_bytes} bytes, there are {size - head.start}"
        raise CorruptFileError(msg, hint="the file is cut short or damaged; fetch it again")
    return head


def _parse(text: str, name: str) -> tuple[np.dtype[Any], tuple[int, ...], bool]:
    """Return dtype, shape and order from the text of a head, which is a literal of Python."""
    try:
        said = ast.literal_eval(text.strip())
        dtype = np.lib.format.descr_to_dtype(said["descr"])
        shape, is_fortran = said["shape"], said["fortran_order"]
    except (ValueError, TypeError, KeyError, SyntaxError, MemoryError, RecursionError) as error:
        msg = f"{name}: the head of the array cannot be read: {error}"
        raise CorruptFileError(msg) from error
    is_shape = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
    if not is_shape or not isinstance(is_fortran, bool):
        msg = f"{name}: the head of the array is wrong: {text.strip()[:80]}"
        raise CorruptFileError(msg)
    return dtype, shape, is_fortran


def leaves(
    dtype: np.dtype[Any], shape: tuple[int, ...] = (), fields: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], np.dtype[Any], tuple[int, ...]]]:
    """Yield fields, type and axes of the values in an element that are numbers or text.

    Examples
    --------
    >>> list(leaves(np.dtype([("x", "f8"), ("y", [("z", "i2", (3,))])])))
    [(('x',), dtype('float64'), ()), (('y', 'z'), dtype('int16'), (3,))]
    """
    base, shape = dtype.base, (*shape, *dtype.shape)
    if base.names is not None:
        for name in base.names:
            yield from leaves(base[name], shape, (*fields, name))
    elif base.kind in "biufcSUmM":
        yield fields, base, shape


def dtype_name(dtype: np.dtype[Any]) -> str:
    """Return the type of a column of such values."""
    return "text" if dtype.kind in "SU" else _native(dtype).name


def to_column(values: Array, name: str) -> Column:
    """Return values with rows on the first axis as a column.

    Raises
    ------
    CellError
        Text cannot be read.
    """
    if values.dtype.kind == "S":
        return Column(decode_fixed(values, name))
    if values.dtype.kind == "U":
        try:
            return Column(np.strings.rstrip(values.astype(values.dtype.newbyteorder("=")), "\0 "))
        except (ValueError, UnicodeError) as error:
            msg = f"{name}: characters that are none in Unicode"
            raise CellError(msg) from error
    if values.dtype.kind in "mM":
        absent = np.isnat(values)
        numbers = values.astype(values.dtype.newbyteorder("=")).view(np.int64)
        if not absent.any():
            return Column(numbers)
        return Column(numbers, **{"null" if values.ndim == 1 else "holes": absent})
    return Column(values.astype(_native(values.dtype), copy=False))


def _native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type that values are given in: native, and of a size that every machine has."""
    if dtype.kind in "mM":
        return np.dtype(np.int64)
    if dtype.kind == "f":
        return np.dtype(f"f{min(8, max(4, dtype.itemsize))}")
    if dtype.kind == "c":
        return np.dtype(f"c{min(16, dtype.itemsize)}")
    return dtype.newbyteorder("=")
