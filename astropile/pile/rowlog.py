"""What pass 1 found of every row, on disk: its pixel and its place in the input.

Pass 2 reads the same rows again; the log tells whether it really does.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from astropile.errors import PileError
from astropile.readers.column import Array

__all__ = ["RowLog", "RowLogWriter"]

_RECORD: Final = np.dtype([("healpix", "<i8"), ("place", "<i8")])
_FILE_BITS: Final = 40
_CHUNK: Final = 1 << 20


def place_of(file: Array, row: Array) -> Array:
    """Return one number for a file and a row in it."""
    return np.asarray(file, dtype=np.int64) << _FILE_BITS | np.asarray(row, dtype=np.int64)


class RowLogWriter:
    """Writes the log as pass 1 goes.

    Parameters
    ----------
    path : Path
        File of the log; an old one is written over.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self.rows = 0

    def add(self, healpix: Array, file: Array, row: Array) -> None:
        """Add rows; ``healpix`` is -1 where there is no position."""
        records = np.empty(len(healpix), dtype=_RECORD)
        records["healpix"], records["place"] = healpix, place_of(file, row)
        self._file.write(records.tobytes())
        self.rows += len(records)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


class RowLog:
    """Reads the log in chunks, and finds the rows of pass 2 in it.

    Parameters
    ----------
    path : Path
        File of the log.
    """

    def __init__(self, path: Path) -> None:
        is_empty = path.stat().st_size == 0
        self._records = np.empty(0, _RECORD) if is_empty else np.memmap(path, _RECORD, mode="r")
        self._next = 0

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._records)

    def healpix(self, without: Array) -> Iterator[Array]:
        """Yield the pixels of all rows in chunks; -1 for some rows by number, ascending."""
        for start in range(0, len(self), _CHUNK):
            pixels = np.array(self._records["healpix"][start : start + _CHUNK])
            low, high = np.searchsorted(without, [start, start + _CHUNK])
            pixels[without[low:high] - start] = -1
            yield pixels

    def pixels_at(self, ordinals: Array) -> Array:
        """Return the pixels of rows by number."""
        return np.asarray(self._records["healpix"][ordinals])

    def places_at(self, ordinals: Array) -> tuple[Array, Array]:
        """Return files and rows of rows by number."""
        place = np.asarray(self._records["place"][ordinals])
        return place >> _FILE_BITS, place & ((1 << _FILE_BITS) - 1)

    def follow(self, file: Array, row: Array) -> tuple[Array, Array]:
        """Return the numbers of the next rows of pass 2, and of rows passed over.

        Parameters
        ----------
        file, row : ndarray of int64
            Where the rows come from; pass 2 may lack rows of pass 1, but not change their order.

        Raises
        ------
        PileError
            A row was not there in pass 1.
        """
        places = place_of(file, row)
        start, n = self._next, len(places)
        if np.array_equal(self._records["place"][start : start + n], places):
            self._next = start + n
            return np.arange(start, start + n), np.empty(0, dtype=np.int64)
        stop = start
        while True:
            stop = min(len(self), stop + n + _CHUNK)
            window = np.asarray(self._records["place"][start:stop])
            found = np.flatnonzero(np.isin(window, places))
            if len(found) >= n or stop == len(self):
                break
        if len(found) != n or not np.array_equal(window[found], places):
            msg = "the second pass over the files gives other rows than the first"
            raise PileError(msg, hint="do not change the files while a pile is built of them")
        self._next = start + int(found[-1]) + 1
        skipped = np.setdiff1d(np.arange(self._next - start), found, assume_unique=True)
        return start + found, start + skipped

    def rest(self) -> Array:
        """Return the numbers of the rows that pass 2 did not give at its end."""
        return np.arange(self._next, len(self))
