"""Values as h5py gives them, to columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from typing import Any

import h5py
import numpy as np

from astropile.errors import CellError
from astropile.readers._base import as_row
from astropile.readers._hdf5_types import varying_base
from astropile.readers._text import decode_fixed, decode_list
from astropile.readers.column import Array, Column, offsets_of


def to_column(raw: Array, dtype: np.dtype[Any], name: str) -> Column:
    """Return values with rows on the first axis as a column.

    Parameters
    ----------
    raw : ndarray, shape (n, ...)
        As h5py gives it: any byte order, bytes, objects.
    dtype : dtype
        Type of an element with the marks of h5py, which a copy of the array may have lost.
    name : str
        Address of the cell, for errors.

    Returns
    -------
    Column
        Dense, or ragged for variable-length arrays.

    Raises
    ------
    CellError
        Text is not UTF-8; or variable-length arrays stand in an array.
    """
    if dtype.kind in "biufc":
        return Column(_native(raw))
    if h5py.check_string_dtype(dtype) is not None or dtype.kind == "S":
        return Column(_text(raw, name))
    base = varying_base(dtype)
    if base is None:
        return Column(_native(raw))
    if raw.ndim != 1:
        msg = f"{name}: arrays of varying length inside an array have no columns"
        raise CellError(msg)
    arrays = [np.asarray(array) for array in raw]
    offsets = offsets_of([len(array) for array in arrays])
    data = np.concatenate(arrays) if arrays else np.empty(0, dtype=base)
    if not base.isnative and data.dtype.isnative and _mislabels_big_endian():
        data = data.view(base)
    return Column(to_column(data, base, name).data, offsets=offsets)


@cache
def _mislabels_big_endian() -> bool:
    """Return whether h5py calls big-endian variable-length arrays native without swapping them.

    h5py 3.16 does; a later one that converts them gives the same label, so it has to be tried.
    """
    with h5py.File(BytesIO(), "w") as file:
        sample = file.create_dataset("sample", (1,), h5py.vlen_dtype(">i4"))
        sample[0] = np.array([1], dtype=">i4")
        return bool(np.asarray(sample[0])[0] != 1)


def _text(raw: Array, name: str) -> Array:
    if raw.dtype.kind == "S":
        return decode_fixed(raw, name)
    return decode_list(raw.reshape(-1).tolist(), name).reshape(raw.shape)


def _native(raw: Array) -> Array:
    """Return numbers in native byte order, without the marks of h5py (names of an enum)."""
    plain = np.dtype(raw.dtype.str)
    return raw.view(plain).astype(plain.newbyteorder("="), copy=False)


def field_column(
    raw: Array | Mapping[str, Array], dtype: np.dtype[Any], fields: Sequence[str], address: str
) -> Column:
    """Return a field of what was read as a column; ``dtype`` is that of the whole dataset."""
    for name in fields:
        raw, dtype = raw[name], dtype[name].base
    return to_column(np.asanyarray(raw), dtype, address)


def attribute_column(attribute: h5py.h5a.AttrID, address: str) -> Column:
    """Return the value of an attribute as a column of one row."""
    raw: Array = np.zeros(attribute.shape, attribute.dtype)
    attribute.read(raw)
    if not raw.shape:
        return field_column(raw.reshape(1), raw.dtype, (), address)
    return as_row(field_column(raw, raw.dtype, (), address), address)
