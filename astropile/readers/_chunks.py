"""Rows of an HDF5 dataset, with its chunks inflated in several threads.

The HDF5 library decompresses one chunk after the other and lets no other Python thread run
meanwhile. Chunks whose filters are only deflate and shuffle [1]_ are therefore fetched raw and
inflated by zlib, which gives up the interpreter lock; everything else is read by h5py.

References
----------
.. [1] HDF5 File Format Specification 3.0, section IV.A.2.l, "Data Storage - Filter Pipeline".
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise, product
from math import prod
from typing import Any, Final, TypeAlias

import numpy as np
from h5py import h5z

from astropile.errors import CorruptFileError
from astropile.readers._hdf5_dataset import Dataset
from astropile.readers._selection import count_selected, split_at
from astropile.readers.column import Array, Rows

# Below these sizes starting threads costs more than it gives.
MIN_CHUNK_BYTES: Final = 2**12
MIN_READ_BYTES: Final = 2**20
# Rows of a contiguous dataset that stand within this many bytes are read in one go.
SPAN_BYTES: Final = 2**20
# Fields of bigger compound datasets are separated while they are read.
SPLIT_BYTES: Final = 2**24
MAX_THREADS: Final = 4

_Task: TypeAlias = tuple[tuple[int, ...], Rows, slice]


def read_rows(
    dataset: Dataset, rows: Rows, fields: Sequence[str] = ()
) -> Array | Mapping[str, Array]:
    """Read rows (places on the first axis) of a dataset.

    Parameters
    ----------
    dataset : Dataset
        With at least one axis.
    rows : slice or ndarray of int64
        As made by `select_rows`.
    fields : sequence of str, optional
        Fields of a compound dataset that are wanted; all if left out.

    Returns
    -------
    ndarray
        In the byte order of the file, objects where h5py gives them; the same bits as
        ``dataset[rows]``. Of a big compound dataset a mapping of its fields, each an array by
        itself: views would keep the memory of all fields as long as that of any.

    Raises
    ------
    CorruptFileError
        A chunk does not hold what it should.
    """
    shape, dtype = dataset.shape, dataset.dtype
    wanted = np.dtype([(name, dtype[name]) for name in fields]) if fields else dtype
    row_bytes = prod(shape[1:]) * dtype.itemsize
    if count_selected(rows) * row_bytes >= MIN_READ_BYTES and has_plain_chunks(dataset):
        return _read_chunks(dataset, rows, wanted)
    if isinstance(rows, slice):
        if wanted.names and count_selected(rows) * wanted.itemsize > SPLIT_BYTES:
            return _read_fields(dataset, rows, wanted)
        return dataset.read(rows, wanted)
    block = dataset.chunks[0] if dataset.chunks else max(1, SPAN_BYTES // max(1, row_bytes))
    edges = _edges(shape[0], block)
    parts = []
    for number, _, local in split_at(rows, edges):
        numbers = np.arange(block)[local] + edges[number]
        first = int(numbers[0])
        parts.append(dataset.read(slice(first, int(numbers[-1]) + 1), wanted)[numbers - first])
    return np.concatenate(parts)


def _read_fields(dataset: Dataset, rows: slice, wanted: np.dtype[Any]) -> dict[str, Array]:
    """Read fields of a compound dataset into an array each, some rows at a time."""
    shape = (count_selected(rows), *dataset.shape[1:])
    out = {name: np.empty(shape, wanted[name]) for name in wanted.names or ()}
    row_bytes = max(1, prod(shape[1:]) * wanted.itemsize)
    block = dataset.chunks[0] if dataset.chunks else 1
    step = max(block, SPAN_BYTES // row_bytes // block * block)
    # Where chunks start, so that none is read twice.
    edges = [rows.start, *range(rows.start - rows.start % step + step, rows.stop, step), rows.stop]
    for start, stop in pairwise(edges):
        part = dataset.read(slice(start, stop), wanted)
        for name, array in out.items():
            array[start - rows.start : stop - rows.start] = part[name]
    return out


def has_plain_chunks(dataset: Dataset) -> bool:
    """Return whether the chunks of a dataset can be inflated here.

    They can if they hold numbers as numpy has them, deflated and at most shuffled.
    """
    if not dataset.chunks or dataset.dtype.hasobject:
        return False
    if prod(dataset.chunks) * dataset.dtype.itemsize < MIN_CHUNK_BYTES:
        return False
    if set(dataset.filters) - {h5z.FILTER_SHUFFLE} != {h5z.FILTER_DEFLATE}:
        return False
    return dataset.is_stored_as(dataset.dtype)


def _read_chunks(dataset: Dataset, rows: Rows, wanted: np.dtype[Any]) -> Array:
    """Read rows of a dataset whose chunks are plain."""
    out = np.empty((count_selected(rows), *dataset.shape[1:]), dtype=wanted)
    tasks = list(_tasks(dataset, rows))
    workers = max(1, min(MAX_THREADS, os.cpu_count() or 1, len(tasks)))

    def fill(share: Sequence[_Task]) -> None:
        for start, local, place in share:
            chunk = _read_chunk(dataset, start)
            ends = zip(start[1:], dataset.chunks[1:], dataset.shape[1:], strict=True)
            tail = tuple(slice(first, min(first + size, n)) for first, size, n in ends)
            inside = tuple(slice(0, part.stop - part.start) for part in tail)
            for name in wanted.names or (...,):
                out[name][(place, *tail)] = chunk[name][(local, *inside)]

    with ThreadPoolExecutor(workers) as pool:
        # Several shares a worker, neighbours in one share, so that no worker waits for long.
        cuts = np.linspace(0, len(tasks), 4 * workers + 1).astype(int)
        list(pool.map(fill, [tasks[a:b] for a, b in pairwise(cuts)]))
    return out


def _tasks(dataset: Dataset, rows: Rows) -> Iterator[_Task]:
    """Yield the chunks that hold wanted rows: where they start, which rows, where these go."""
    shape, chunks = dataset.shape, dataset.chunks
    block = chunks[0]
    tails = [range(0, n, size) for n, size in zip(shape, chunks, strict=True)][1:]
    for number, place, local in split_at(rows, _edges(shape[0], block)):
        for tail in product(*tails):
            yield (number * block, *tail), local, place


def _read_chunk(dataset: Dataset, start: tuple[int, ...]) -> Array:
    """Read one chunk and undo its filters."""
    chunks, dtype = dataset.chunks, dataset.dtype
    n_bytes = prod(chunks) * dtype.itemsize
    try:
        skipped, data = dataset.id.read_direct_chunk(start)
    except RuntimeError:
        # Asking first would take as long as reading, and chunks never written are rare.
        if dataset.id.get_chunk_info_by_coord(start).byte_offset is not None:
            raise
        return np.full(chunks, dataset.fill, dtype=dtype)
    for number, code in reversed(list(enumerate(dataset.filters))):
        if skipped & (1 << number):
            continue
        if code == h5z.FILTER_DEFLATE:
            # With place for one byte more zlib goes on to the checksum behind the data.
            data = zlib.decompressobj().decompress(data, n_bytes + 1)
        else:
            data = _unshuffle(data, dtype.itemsize)
    if len(data) != n_bytes:
        msg = f"the chunk of {dataset.name} at {start} holds {len(data)} bytes, not {n_bytes}"
        raise CorruptFileError(msg, where=dataset.filename)
    return np.frombuffer(data, dtype=dtype).reshape(chunks)


def _unshuffle(data: bytes, size: int) -> bytes | memoryview:
    """Undo the shuffle filter: all first bytes of the numbers, then all second ones..."""
    planes = np.frombuffer(data, dtype=np.uint8)
    count = len(planes) // size
    numbers = np.empty((count, size), dtype=np.uint8)
    # One plane after the other is five times as fast as a transposed copy.
    for place in range(size):
        numbers[:, place] = planes[place * count : (place + 1) * count]
    return numbers.data.cast("B")


def _edges(n: int, block: int) -> Array:
    """Return where each block of rows starts, and the end of the last."""
    return np.append(np.arange(0, n, block), n)
