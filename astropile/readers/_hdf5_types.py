"""Types of HDF5 values, and which of them are cells."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import h5py
import numpy as np


def element_type(dtype: np.dtype[Any]) -> str | None:
    """Return the type of an element as cells name it, or None if it is no value.

    Examples
    --------
    >>> import numpy as np
    >>> element_type(np.dtype(">f4")), element_type(np.dtype("S3"))
    ('float32', 'text')
    """
    if dtype.kind in "biufc":
        return _number_name(dtype.str)
    if dtype.kind == "S" or h5py.check_string_dtype(dtype) is not None:
        return "text"
    base = varying_base(dtype)
    if base is not None:
        return None if varying_base(base) is not None else element_type(base)
    return None


@cache
def _number_name(text: str) -> str:
    return np.dtype(text).newbyteorder("=").name


def varying_base(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """Return the type of an element of variable-length arrays, or None for anything else."""
    if dtype.kind != "O" or h5py.check_string_dtype(dtype) is not None:
        return None
    base: np.dtype[Any] | None = h5py.check_vlen_dtype(dtype)
    return base


def value_type(attribute: h5py.h5a.AttrID) -> np.dtype[Any] | None:
    """Return the type of an attribute, or None if numpy has none like it."""
    try:
        dtype: np.dtype[Any] = attribute.dtype
    except TypeError:
        return None
    return dtype if dtype.names or element_type(dtype) else None


def fields_of(
    dtype: np.dtype[Any],
) -> Iterator[tuple[tuple[str, ...], np.dtype[Any], tuple[int, ...]]]:
    """Yield the fields of a dataset's type that are values: names, type of an element, axes."""
    if dtype.subdtype is None:
        yield from _leaves((), dtype, ())


def _leaves(
    names: tuple[str, ...], dtype: np.dtype[Any], shape: tuple[int, ...]
) -> Iterator[tuple[tuple[str, ...], np.dtype[Any], tuple[int, ...]]]:
    """Yield the innermost fields of a type."""
    if dtype.subdtype is not None:
        base, inner = dtype.subdtype
        yield from _leaves(names, base, (*shape, *inner))
    elif dtype.names is not None:
        for name in dtype.names:
            yield from _leaves((*names, name), dtype[name], shape)
    elif element_type(dtype) is not None:
        yield names, dtype, shape
