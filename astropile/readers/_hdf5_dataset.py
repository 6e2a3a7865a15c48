"""A dataset of an open HDF5 file, through the low-level interface of h5py.

h5py's own ``Dataset`` asks the library the same questions at every access, which takes longer than
the reading itself where files are small and many. Here each is asked once.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from math import prod
from typing import Any, Final

import h5py
import numpy as np
from h5py import h5d, h5i, h5p, h5s, h5t

from astropile.errors import UnsafeFileError
from astropile.readers.column import Array

UNSAFE_HINT: Final = "copy what is meant into the file itself"


class Dataset:
    """A dataset whose values are in the file itself.

    Parameters
    ----------
    dataset : h5py.h5d.DatasetID
        The open dataset.

    Attributes
    ----------
    has_values : bool
        False without dataspace, or if numpy has no type like that of the values.
    shape : tuple of int
        Empty also without dataspace.
    dtype : dtype
        As h5py gives it, with its marks.

    Raises
    ------
    UnsafeFileError
        Its values are in another file.
    """

    def __init__(self, dataset: h5d.DatasetID) -> None:
        self.id = dataset
        # Only values that stand in this very file, in one piece, have a place in it.
        if dataset.get_offset() is None:
            self._refuse_elsewhere()
        space = dataset.get_space()
        self.has_values = space.get_simple_extent_type() != h5s.NULL
        self.shape: tuple[int, ...] = space.shape if self.has_values else ()
        self.dtype: np.dtype[Any] = np.dtype("V1")
        try:
            self.dtype = dataset.dtype
        except TypeError:
            self.has_values = False

    def _refuse_elsewhere(self) -> None:
        layout = self._plan.get_layout()
        if layout == h5d.VIRTUAL:
            msg = "a virtual dataset, made of other files"
            raise UnsafeFileError(msg, hint=UNSAFE_HINT)
        if layout == h5d.CONTIGUOUS and self._plan.get_external_count():
            msg = "a dataset stored in another file"
            raise UnsafeFileError(msg, hint=UNSAFE_HINT)

    @cached_property
    def _plan(self) -> h5p.PropDCID:
        """How the dataset was made."""
        return self.id.get_create_plist()

    @cached_property
    def chunks(self) -> tuple[int, ...]:
        """Shape of a chunk; empty if the values are not chunked."""
        is_chunked = self._plan.get_layout() == h5d.CHUNKED
        return tuple(self._plan.get_chunk()) if is_chunked else ()

    @cached_property
    def filters(self) -> tuple[int, ...]:
        """Codes of the filters in the order in which they were applied."""
        return tuple(self._plan.get_filter(k)[0] for k in range(self._plan.get_nfilters()))

    @property
    def name(self) -> str:
        """Path of the dataset in the file."""
        return (h5i.get_name(self.id) or b"?").decode(errors="replace")

    @property
    def filename(self) -> str:
        """Path of the file."""
        return str(h5py.Dataset(self.id).file.filename)

    @property
    def fill(self) -> Any:
        """Value of elements that were never written."""
        return h5py.Dataset(self.id).fillvalue

    def stored_bytes(self) -> int:
        """Return how many bytes the values take in the file."""
        return int(self.id.get_storage_size())

    def is_stored_as(self, dtype: np.dtype[Any]) -> bool:
        """Return whether the bytes in the file are those of a numpy type."""
        return bool(h5t.py_create(dtype, logical=True) == self.id.get_type())

    def read(self, rows: slice | None = None, wanted: np.dtype[Any] | None = None) -> Array:
        """Read values, the same bits as ``dataset[rows]`` of h5py.

        Parameters
        ----------
        rows : slice, optional
            Within the first axis, of step 1; all if left out.
        wanted : dtype, optional
            Some of the fields of a compound type; all if left out.
        """
        shape, dtype = self.shape, self.dtype if wanted is None else wanted
        file_space = memory_space = h5s.ALL
        if rows is not None and (rows.start, rows.stop) != (0, shape[0]):
            shape = (rows.stop - rows.start, *shape[1:])
            if shape[0]:
                file_space, memory_space = self.id.get_space(), h5s.create_simple(shape)
                file_space.select_hyperslab((rows.start, *(0 for _ in shape[1:])), shape)
        # Memory that holds objects must be clean when the library comes to it.
        out: Array = (np.zeros if dtype.hasobject else np.empty)(shape, dtype)
        if prod(shape):
            self.id.read(memory_space, file_space, out, _memory_type(dtype))
        return out


def _memory_type(dtype: np.dtype[Any]) -> h5t.TypeID:
    """Return the type that HDF5 has for a numpy type; to make one takes longer than to read."""
    marks: Mapping[str, Any] = dtype.metadata or {}
    if dtype.kind == "S" and marks.keys() <= {"h5py_encoding"}:
        return _text_type(dtype.itemsize, marks.get("h5py_encoding", "ascii"))
    return _number_type(dtype.str) if dtype.kind in "biuf" and not marks else h5t.py_create(dtype)


@lru_cache(maxsize=128)
def _number_type(text: str) -> h5t.TypeID:
    return h5t.py_create(np.dtype(text))


@lru_cache(maxsize=128)
def _text_type(length: int, encoding: str) -> h5t.TypeID:
    return h5t.py_create(h5py.string_dtype(encoding, length))
