"""Repeated ids in bounded memory: a hash of 128 bits a row, sorted part by part.

Two different ids among 10^9 have one hash with a probability of 1e-21.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from astropile import disk
from astropile.pile._hashing_small import hash_padded
from astropile.readers.column import Array

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["IdLog", "hash_ids"]

_RECORD: Final = np.dtype([("high", "<u8"), ("low", "<u8"), ("ordinal", "<i8")])
_PARTS: Final = 256
#: Bytes of records that are kept in memory before they go to disk.
KEPT_BYTES: Final = 96 * 2**20
#: Characters of one call up to which Numba is not worth its import.
_FEW_CELLS: Final = 1 << 17


def hash_ids(ids: pa.Array | Array) -> tuple[Array, Array]:
    """Return two independent 64-bit hashes of every id.

    Parameters
    ----------
    ids : Array of strings or ndarray of str
        An Arrow and a NumPy array of the same ASCII text have the same hashes.
    """
    if isinstance(ids, np.ndarray):
        width = ids.dtype.itemsize // 4
        points = np.ascontiguousarray(ids).view(np.uint32).reshape(len(ids), width)
        if _is_small(points.size):
            return hash_padded(points, np.argmin(np.pad(points, ((0, 0), (0, 1))) != 0, axis=1))
        from astropile.pile._hashing import hash_code_points

        return hash_code_points(points)
    import pyarrow as pa

    if not len(ids):
        return np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.uint64)
    text = ids.cast(pa.large_string())
    _, offsets, data = text.buffers()
    edges = np.frombuffer(offsets, dtype=np.int64)[text.offset : text.offset + len(text) + 1]
    values = np.frombuffer(data or b"", dtype=np.uint8)
    lengths = np.diff(edges)
    width = int(lengths.max())
    if _is_small(len(lengths) * width):
        place = edges[:-1, None] + np.arange(width)
        return hash_padded(values[np.minimum(place, len(values) - 1)], lengths)
    from astropile.pile._hashing import hash_bytes

    return hash_bytes(values, edges)


def _is_small(cells: int) -> bool:
    """Return whether so many characters are better left to NumPy."""
    return cells <= _FEW_CELLS and "numba" not in sys.modules


class IdLog:
    """The hashes of all ids in row order; in files once they outgrow the memory.

    Parameters
    ----------
    folder : Path
        Where the files may be written.
    kept_bytes : int
        Memory for hashes.
    """

    def __init__(self, folder: Path, kept_bytes: int = KEPT_BYTES) -> None:
        self._folder = folder
        self._most = max(1, kept_bytes // 16)
        self._held: list[tuple[int, Array, Array]] = []
        self._count = 0
        self._total = 0
        self._is_on_disk = False

    def add(self, ids: Any) -> None:
        """Remember the ids of the next rows."""
        high, low = hash_ids(ids)
        self._held.append((self._total, high, low))
        self._count += len(high)
        self._total += len(high)
        if self._count > self._most:
            self._spill()

    def _spill(self) -> None:
        if not self._is_on_disk:
            disk.make_folder(self._folder)
            for old in self._folder.iterdir():
                old.unlink()
            self._is_on_disk = True
        held, self._held, self._count = self._held, [], 0
        for start, high, low in held:
            part = (high >> np.uint64(56)).astype(np.uint8)  # sorted in one go, by digits
            order = np.argsort(part, kind="stable")
            edges = np.append(0, np.cumsum(np.bincount(part, minlength=_PARTS)))
            for number in np.flatnonzero(np.diff(edges)).tolist():
                own = order[edges[number] : edges[number + 1]]
                with (self._folder / f"{number:03d}").open("ab") as file:
                    file.write(_records(start + own, high[own], low[own]).tobytes())

    def _parts(self) -> Iterator[tuple[Array, Array, Array]]:
        """Yield ordinal and both hashes of rows; equal ids are in one part."""
        if not self._is_on_disk:
            if self._held:
                high, low = (np.concatenate([held[k] for held in self._held]) for k in (1, 2))
                self._held = []
                yield np.arange(self._total), high, low
            return
        self._spill()
        for path in sorted(self._folder.iterdir()):
            records = np.fromfile(path, dtype=_RECORD)
            yield records["ordinal"], records["high"], records["low"]
            path.unlink()

    def repeats(self) -> Array:
        """Return the ordinals of rows whose id a row before them has, ascending."""
        found = [_repeats(*part) for part in self._parts()]
        return np.sort(np.concatenate([np.empty(0, dtype=np.int64), *found]))


def _records(ordinal: Array, high: Array, low: Array) -> Array:
    records = np.empty(len(ordinal), dtype=_RECORD)
    records["high"], records["low"], records["ordinal"] = high, low, ordinal
    return records


def _repeats(ordinal: Array, high: Array, low: Array) -> Array:
    """Return the ordinals of rows that are not the first of their hash."""
    ordered = np.sort(high)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(twice):
        return np.empty(0, dtype=np.int64)
    doubtful = np.isin(high, twice)
    ordinal, high, low = ordinal[doubtful], high[doubtful], low[doubtful]
    order = np.lexsort((ordinal, low, high))
    ordinal, high, low = ordinal[order], high[order], low[order]
    same = (high[1:] == high[:-1]) & (low[1:] == low[:-1])
    return np.asarray(ordinal[1:][same])
