"""Pairs as they are found: in memory, and on disk when they are too many."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
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
_WITH_ANGLES: tuple[Any, ...] = (*_TYPES, np.float64)
_NO_ANGLES = np.empty(0)
# Parts that may have pairs here ahead of their turn.
_MOST_AHEAD = 2
# Rows of files that are merged with others at a time.
_MERGED_AT_ONCE = 1 << 18


class PairStore:
    """Takes pairs part by part, and gives them back in the order of the parts.

    Parts may come from several threads. A part whose turn it is goes to its place at once; one
    that is ahead of its turn waits there if it is one of the next, and else its thread waits.

    Parameters
    ----------
    memory_bytes : int
        Pairs that take more go to files of the cache, which vanish with the process.
    likely : int
        Pairs to have room for from the start; what is not used costs nothing.
    with_angles : bool
        Whether their position angles are known.
    """

    def __init__(self, memory_bytes: int, likely: int = 0, *, with_angles: bool = False) -> None:
        self._types = _WITH_ANGLES if with_angles else _TYPES
        self._most = memory_bytes // sum(np.dtype(kind).itemsize for kind in self._types)
        room = min(likely, self._most)
        self._columns: list[Array] = [np.empty(room, dtype=kind) for kind in self._types]
        self._held = 0
        self._written = 0
        self._files: list[IO[bytes]] = []
        self._turn = 0
        self._finished: set[int] = set()
        self._ahead: dict[int, list[Pairs]] = {}
        self._change = Condition()
        #: What went wrong in any of the threads, first.
        self.cause: BaseException | None = None

    def add(self, number: int, pairs: Pairs) -> None:
        """Take pairs of a part, when all parts before it are done; they are copied.

        Raises
        ------
        OutputError
            There is no room on the disk.
        """
        with self._change:
            if self._turn < number <= self._turn + _MOST_AHEAD and number not in self._ahead:
                self._ahead[number] = [_copied(pairs)]
                return
            self._change.wait_for(lambda: self._turn == number or self.cause)
            if self.cause:
                msg = "the match was stopped"
                raise MatchError(msg, hint="see what stopped it; then match again")
            self._put_waiting(number)
            self._put(pairs)

    def done(self, number: int) -> None:
        """Say that a part has no more pairs."""
        with self._change:
            self._finished.add(number)
            while self._turn in self._finished:
                self._put_waiting(self._turn)
                self._finished.remove(self._turn)
                self._turn += 1
            self._change.notify_all()

    def stop(self, cause: BaseException) -> None:
        """Let nobody wait any longer: something went wrong; of several things the first counts."""
        with self._change:
            self.cause = self.cause or cause
            self._change.notify_all()

    def close(self) -> None:
        """Let go of the files."""
        for file in self._files:
            file.close()

    def _put_waiting(self, number: int) -> None:
        for pairs in self._ahead.pop(number, ()):
            self._put(pairs)

    def _put(self, pairs: Pairs) -> None:
        """Append pairs to those held, which go to the disk if they are too many."""
        if self._held + len(pairs) > self._most:
            self._write()
        end = self._held + len(pairs)
        self._make_room(end)
        for whole, column in zip(self._columns, pairs.columns, strict=True):
            whole[self._held : end] = column
        self._held = end

    def _make_room(self, rows: int) -> None:
        if rows > len(self._columns[0]):
            room = max(rows, min(rows + rows // 4, self._most))
            for column in self._columns:
                column.resize(room, refcheck=False)  # large ones are moved without being copied

    def _write(self) -> None:
        """Put the pairs that are held on the disk."""
        if not self._files:
            self._files = self._new_files()
        self._append(self._files, [column[: self._held] for column in self._columns])
        self._written += self._held
        self._held = 0

    @staticmethod
    def _append(files: list[IO[bytes]], columns: Sequence[Array]) -> None:
        try:
            for file, column in zip(files, columns, strict=True):
                file.write(np.ascontiguousarray(column).data)
        except OSError as error:
            raise _no_room(error) from error

    def pairs(self, more: Pairs | None = None) -> Pairs:
        """Return all pairs; those on disk are mapped, not read.

        Parameters
        ----------
        more : Pairs, optional
            Pairs of other left rows, to be put where they belong.
        """
        more = self._nothing if more is None or not len(more) else more
        if not self._files and self._held + len(more) <= max(self._most, len(self._columns[0])):
            return self._joined(more)
        self._write()
        columns = self._mapped(self._files, self._written)
        if len(more):
            files, start = self._new_files(), 0
            for low in range(0, self._written, _MERGED_AT_ONCE):
                part = Pairs(*(column[low : low + _MERGED_AT_ONCE] for column in columns))
                # A left row may go on in the next piece: what is to come after it waits for that.
                end = int(np.searchsorted(more.left, part.left[-1]))
                self._append(files, _inserted(part, more, start, end).columns)
                start = end
            self._append(files, [column[start:] for column in more.columns])
            self.close()
            self._files = files
            columns = self._mapped(files, self._written + len(more))
        self.close()
        return Pairs(*columns)

    def _joined(self, more: Pairs) -> Pairs:
        """Return the pairs that are held, and some more, in memory."""
        rows = self._held + len(more)
        self._make_room(rows)
        columns, self._columns = self._columns, [np.empty(0, dtype=kind) for kind in self._types]
        if len(more):
            from astropile.sky.sweep import insert_pairs

            own, others = _four(columns), _four(more.columns)
            insert_pairs(*own, self._held, *others)
        for column in columns:
            column.resize(rows, refcheck=False)  # the room that is left is given back
        return Pairs(*columns)

    @property
    def _nothing(self) -> Pairs:
        return Pairs(*(np.empty(0, dtype=kind) for kind in self._types))

    def _new_files(self) -> list[IO[bytes]]:
        """Return files for the columns; they vanish when they are closed."""
        from astropile.survey.cache import cache_dir

        folder = cache_dir() / "pairs"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return [tempfile.TemporaryFile(dir=folder) for _ in self._types]
        except OSError as error:
            raise _no_room(error) from error

    def _mapped(self, files: list[IO[bytes]], rows: int) -> list[Array]:
        for file in files:
            file.flush()
        if not rows:
            return [np.empty(0, dtype=kind) for kind in self._types]
        return [
            np.asarray(np.memmap(file, dtype=kind, mode="r", shape=(rows,)))
            for file, kind in zip(files, self._types, strict=True)
        ]


def _no_room(error: OSError) -> OutputError:
    from astropile.survey.cache import cache_dir

    what = f"cannot put pairs aside: {error.strerror or error}"
    hint = "set ASTROPILE_CACHE to a disk with space, or give more memory_bytes"
    return OutputError(what, where=str(cache_dir() / "pairs"), hint=hint)


def _inserted(pairs: Pairs, more: Pairs, start: int, end: int) -> Pairs:
    """Return pairs with some of others where they belong; no left row is in both."""
    place = np.searchsorted(pairs.left, more.left[start:end])
    columns = zip(pairs.columns, more.columns, strict=True)
    return Pairs(*(np.insert(own, place, other[start:end]) for own, other in columns))


def _four(columns: Sequence[Array]) -> tuple[Array, Array, Array, Array]:
    """Return columns of pairs, with no position angles if there are none."""
    left, right, separation, *angle = columns
    return left, right, separation, angle[0] if angle else _NO_ANGLES


def _copied(pairs: Pairs) -> Pairs:
    return Pairs(*(column.copy() for column in pairs.columns))
