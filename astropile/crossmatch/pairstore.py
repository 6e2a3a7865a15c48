"""Pairs as they are found: in memory, and on disk when they are too many."""

from __future__ import annotations

import tempfile
from threading import Condition
from typing import IO, Any

import numpy as np

from astropile.errors import MatchError, OutputError
from astropile.readers.column import Array
from astropile.sky import Pairs

__all__ = ["PAIR_BYTES", "PairStore"]

#: Two row numbers and a separation.
PAIR_BYTES = 24
_TYPES: tuple[Any, ...] = (np.int64, np.int64, np.float64)


class PairStore:
    """Takes pairs part by part, and gives them back in the order of the parts.

    Parts may come from several threads; each waits for its turn, the lowest number first.

    Parameters
    ----------
    memory_bytes : int
        Pairs that take more go to files of the cache, which vanish with the process.
    """

    def __init__(self, memory_bytes: int) -> None:
        self._most = memory_bytes // PAIR_BYTES
        self._parts: list[Pairs] = []
        self._held = 0
        self._written = 0
        self._files: list[IO[bytes]] = []
        self._turn = 0
        self._finished: set[int] = set()
        self._change = Condition()
        self._is_stopped = False

    def add(self, number: int, pairs: Pairs) -> None:
        """Take pairs of a part, when all parts before it are done.

        Raises
        ------
        OutputError
            There is no room on the disk.
        """
        with self._change:
            self._change.wait_for(lambda: self._turn == number or self._is_stopped)
            if self._is_stopped:
                msg = "the match was stopped"
                raise MatchError(msg)
            if len(pairs):
                self._parts.append(pairs)
                self._held += len(pairs)
            if self._held > self._most:
                self._write()

    def done(self, number: int) -> None:
        """Say that a part has no more pairs."""
        with self._change:
            self._finished.add(number)
            while self._turn in self._finished:
                self._finished.remove(self._turn)
                self._turn += 1
            self._change.notify_all()

    def stop(self) -> None:
        """Let nobody wait any longer: something went wrong."""
        with self._change:
            self._is_stopped = True
            self._change.notify_all()

    def close(self) -> None:
        """Let go of the files."""
        for file in self._files:
            file.close()

    def _write(self) -> None:
        """Put the pairs that are held on the disk."""
        from astropile.survey.cache import cache_dir

        folder = cache_dir() / "pairs"
        try:
            if not self._files:
                folder.mkdir(parents=True, exist_ok=True)
                self._files = [tempfile.TemporaryFile(dir=folder) for _ in _TYPES]  # noqa: SIM115
            for part in self._parts:
                for file, column in zip(self._files, _columns(part), strict=True):
                    file.write(np.ascontiguousarray(column).data)
        except OSError as error:
            what = f"cannot put pairs aside: {error.strerror or error}"
            hint = "set ASTROPILE_CACHE to a disk with space, or give more memory_bytes"
            raise OutputError(what, where=str(folder), hint=hint) from error
        self._written += self._held
        self._parts, self._held = [], 0

    def pairs(self) -> Pairs:
        """Return all pairs; those on disk are mapped, not read."""
        if self._files:
            self._write()
            for file in self._files:
                file.flush()
            columns = [
                np.asarray(np.memmap(file, dtype=kind, mode="r", shape=(self._written,)))
                for file, kind in zip(self._files, _TYPES, strict=True)
            ]
            self.close()
            return Pairs(columns[0], columns[1], columns[2])
        columns = [np.empty(self._held, dtype=kind) for kind in _TYPES]
        start = 0
        for number, part in enumerate(self._parts):
            for whole, column in zip(columns, _columns(part), strict=True):
                whole[start : start + len(column)] = column
            start += len(part)
            self._parts[number] = _NOTHING  # so that no more than one part is there twice
        return Pairs(columns[0], columns[1], columns[2])


def _columns(pairs: Pairs) -> tuple[Array, Array, Array]:
    return pairs.left, pairs.right, pairs.separation_arcsec


_NOTHING = Pairs(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))
