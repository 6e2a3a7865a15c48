"""Mock HDF5 files: rows along the leading axis, one object a file, or one a group.

Chunks are deflated in several threads, as the library would deflate them one after the other; the
bytes do not depend on the number of threads.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np

from astropile.readers import Column
from astropile.readers.column import Array
from astropile.testing.marks import MARK, MARK_TEXT
from astropile.testing.rows import row_value, with_nan

__all__ = ["write_groups", "write_object", "write_rows"]

#: Arrays of at least so many bytes are chunked and deflated.
CHUNKED_BYTES: Final = 2**16
LEVEL: Final = 1
#: Bytes that a thread deflates at a time.
TASK_BYTES: Final = 2**21


def write_rows(path: Path, columns: Mapping[str, Column], shared: Sequence[str]) -> None:
    """Write one dataset a cell, rows along the leading axis.

    Parameters
    ----------
    path : Path
        File to write.
    columns : mapping of str to Column
        Cells by name.
    shared : sequence of str
        Cells that have no row axis.
    """
    with _create(path) as file:
        for cell, column in columns.items():
            if cell in shared:
                _put(file, cell, row_value(column, 0))
            elif column.offsets is None:
                _put(file, cell, with_nan(column))
            else:
                _put_ragged(file, cell, column)


def write_object(path: Path, columns: Mapping[str, Column], row: int) -> None:
    """Write the cells of one object, each with its own shape."""
    with _create(path) as file:
        for cell, column in columns.items():
            _put(file, cell, row_value(column, row))


def write_groups(path: Path, columns: Mapping[str, Column], names: Sequence[str]) -> None:
    """Write one group an object."""
    with _create(path) as file:
        for row, name in enumerate(names):
            group = file.create_group(name)
            for cell, column in columns.items():
                _put(group, cell, row_value(column, row))


def _create(path: Path) -> h5py.File:
    file = h5py.File(path, "w")
    file.attrs[MARK] = MARK_TEXT
    return file


def _put(group: h5py.Group, cell: str, values: Array) -> None:
    """Write an array under the address of a cell: ``group.dataset`` or ``dataset@KEY``."""
    address, _, key = cell.partition("@")
    if key:
        owner = group if address == "root" else _owner(group, address)
        owner.attrs[key] = _plain(values)
        return
    name = address.replace(".", "/")
    plain = _plain(values)
    if plain.nbytes < CHUNKED_BYTES or plain.dtype.kind == "S":
        group.create_dataset(name, data=plain, track_times=False)
    else:
        _put_deflated(group, name, plain)


def _owner(group: h5py.Group, address: str) -> Any:
    name = address.replace(".", "/")
    return group[name] if name in group else group.create_group(name)


def _plain(values: Array) -> Array:
    """Return text as bytes of fixed width; anything else as it is."""
    if values.dtype.kind != "U":
        return np.ascontiguousarray(values)
    encoded = np.strings.encode(values, "utf-8")
    return encoded if encoded.dtype.itemsize else encoded.astype("S1")


def _put_ragged(group: h5py.Group, cell: str, column: Column) -> None:
    """Write lists of different length."""
    text = column.data.dtype.kind == "U"
    base = h5py.string_dtype() if text else column.data.dtype
    data = column.data.astype(object) if text else column.data
    parts = np.split(data, column.offsets[1:-1])  # type: ignore[index]
    lists = np.fromiter(parts, dtype=object, count=len(column))
    dtype = h5py.vlen_dtype(base)
    group.create_dataset(cell.replace(".", "/"), data=lists, dtype=dtype, track_times=False)


def _put_deflated(group: h5py.Group, name: str, values: Array) -> None:
    dataset = group.create_dataset(
        name,
        shape=values.shape,
        dtype=values.dtype,
        chunks=True,
        maxshape=(None, *values.shape[1:]),
        compression="gzip",
        compression_opts=LEVEL,
        track_times=False,
    )
    chunk = dataset.chunks
    starts = list(product(*(range(0, n, c) for n, c in zip(values.shape, chunk, strict=True))))
    a_task = max(1, TASK_BYTES // (prod(chunk) * values.itemsize))
    tasks = [starts[k : k + a_task] for k in range(0, len(starts), a_task)]
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as threads:
        done = threads.map(lambda task: [_deflate(values, chunk, start) for start in task], tasks)
        for task, pieces in zip(tasks, done, strict=True):
            for start, piece in zip(task, pieces, strict=True):
                dataset.id.write_direct_chunk(start, piece)


def _deflate(values: Array, chunk: tuple[int, ...], start: tuple[int, ...]) -> bytes:
    """Return the deflated bytes of one chunk; beyond the edge it is filled with 0."""
    part = values[tuple(slice(a, a + c) for a, c in zip(start, chunk, strict=True))]
    if part.shape != chunk:
        full = np.zeros(chunk, dtype=values.dtype)
        full[tuple(slice(0, n) for n in part.shape)] = part
        part = full
    # Noise has no repeats: runs alone are looked for, which takes half the time.
    maker = zlib.compressobj(LEVEL, zlib.DEFLATED, 15, 9, zlib.Z_RLE)
    return maker.compress(part.tobytes()) + maker.flush()
