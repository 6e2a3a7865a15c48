"""Positions of an opened pile, part of the sky by part of the sky, with their row numbers.

Row groups are the smallest parts that are read; the rows of a pile ascend by pixel, so any range
of pixels is a slice. What was read waits for the next part in a small store.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from astropile.pile.layout import HEALPIX
from astropile.pile.plain import plain_numbers
from astropile.pile.read import group_facts, read_groups
from astropile.pile.types import taken
from astropile.readers.column import Array
from astropile.schema import OBJECT_LEAVES

if TYPE_CHECKING:
    import pyarrow as pa

    from astropile.survey.opened import PileRequest

__all__ = ["SkyPart", "SkyRows", "SkySlice", "give_back", "joined_parts"]

_FOOTER_THREADS = 4
#: Rows of row groups that are read by a thread at a time, about.
_TASK_ROWS = 1 << 18
#: Bytes of a row that waits: pixel and position.
_ROW_BYTES = 24
_COLUMNS = (HEALPIX, *OBJECT_LEAVES[1:])


class SkyPart(NamedTuple):
    """Rows of a part of the sky in storage order.

    Attributes
    ----------
    pixel : ndarray of int64
        Order-29 pixels, ascending.
    ra_deg, dec_deg : ndarray of float64
    row : ndarray of int64
        Row numbers, ascending.
    """

    pixel: Array
    ra_deg: Array
    dec_deg: Array
    row: Array


class SkySlice(NamedTuple):
    """Rows that follow one another in storage.

    Attributes
    ----------
    pixel : ndarray of int64
        Order-29 pixels, ascending.
    ra_deg, dec_deg : ndarray of float64
    first : int
        Number of the first row.
    """

    pixel: Array
    ra_deg: Array
    dec_deg: Array
    first: int

    def cut(self, start: int, stop: int) -> SkySlice:
        """Return some of the rows; nothing is copied."""
        pixel, ra_deg, dec_deg = (column[start:stop] for column in self[:3])
        return SkySlice(pixel, ra_deg, dec_deg, self.first + start)

    def at(self, places: Array) -> SkyPart:
        """Return some of the rows."""
        pixel, ra_deg, dec_deg = (column[places] for column in self[:3])
        return SkyPart(pixel, ra_deg, dec_deg, self.first + places)

    @property
    def part(self) -> SkyPart:
        """All of the rows, with their numbers."""
        return SkyPart(*self[:3], np.arange(self.first, self.first + len(self.pixel)))


@dataclass(frozen=True)
class _Groups:
    """All row groups of a pile in storage order, one entry each."""

    partition: Array
    group: Array
    #: Rows of the partition before it.
    before: Array
    rows: Array
    low: Array
    high: Array


class SkyRows:
    """Reads positions of the rows of a pile that are wanted.

    Parameters
    ----------
    request : PileRequest
        A pile, whole or filtered.

    Raises
    ------
    PileError, CorruptFileError
        A partition is not as it was when the pile was built.
    """

    def __init__(self, request: PileRequest) -> None:
        self.request = request
        self._pile = request.pile
        self._store: OrderedDict[int, SkySlice] = OrderedDict()
        self._free = 0
        self._reading: dict[int, Future[SkySlice]] = {}
        self._lock = Lock()
        self._groups = self._read_footers()
        #: Wanted rows of each row group, as numbers in it; None for all.
        self._kept = self._filtered() if request.subset else None
        counts = self._groups.rows
        if self._kept is not None:
            counts = np.array([len(kept) for kept in self._kept], dtype=np.int64)
        self._starts = np.cumsum(np.append(0, counts), dtype=np.int64)

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self._starts[-1])

    def _read_footers(self) -> _Groups:
        numbers = range(len(self._pile.leaves))
        with ThreadPoolExecutor(_FOOTER_THREADS) as pool:
            facts = list(pool.map(lambda number: group_facts(self._pile, number), numbers))
        found = [
            (number, group, before, fact.rows, fact.low, fact.high)
            for number, groups in enumerate(facts)
            for group, (fact, before) in enumerate(
                zip(groups, np.cumsum([0, *(g.rows for g in groups)]).tolist(), strict=False)
            )
        ]
        table = np.array(found, dtype=np.int64).reshape(-1, 6)
        return _Groups(*table.T.copy())

    def _filtered(self) -> list[Array]:
        """Return the numbers of wanted rows in each row group, in four bytes each."""
        groups = self._groups
        nothing = np.empty(0, dtype=np.int32)
        kept = [nothing] * len(groups.rows)
        if self.request.subset.later:
            from astropile.survey.opened import wanted_rows

            index = wanted_rows(self.request)
            edges = np.cumsum(np.append(0, groups.rows), dtype=np.int64)
            place = self._pile.starts[index.file] + index.row
            group, first = np.unique(
                np.searchsorted(edges, place, side="right") - 1, return_index=True
            )
            for number, mine in zip(group.tolist(), np.split(place, first[1:]), strict=False):
                kept[number] = (mine - edges[number]).astype(np.int32)
            return kept
        for found in self.request.rows(OBJECT_LEAVES[1:2]):
            first, end = np.searchsorted(groups.partition, (found.partition, found.partition + 1))
            edges = groups.before[first:end]
            place = first + int(np.searchsorted(edges, found.row[0], side="right")) - 1
            kept[place] = (found.row - groups.before[place]).astype(np.int32)
        return kept

    @contextmanager
    def storing(self, store_bytes: int) -> Iterator[None]:
        """Keep so much of what is read for parts to come, for a while."""
        self._free = store_bytes
        try:
            yield
        finally:
            with self._lock:
                self._store.clear()
                self._free = 0

    def places(self, rows: Array) -> tuple[Array, Array]:
        """Return partition and number in it of ascending row numbers."""
        groups = self._groups
        counts = np.diff(np.searchsorted(rows, self._starts))
        if self._kept is None:
            before = np.repeat(groups.before - self._starts[:-1], counts)
            return np.repeat(groups.partition, counts), rows + before
        group = np.repeat(np.arange(len(counts)), counts)
        inside = rows - self._starts[group]
        for number in np.unique(group).tolist():
            mine = group == number
            inside[mine] = self._kept[number][inside[mine]]
        return groups.partition[group], groups.before[group] + inside

    def tables(self, rows: Array | range, columns: Sequence[str], threads: int) -> list[pa.Table]:
        """Read stored columns of ascending row numbers, in order, a table for each row group."""
        groups = self._groups
        if isinstance(rows, range):
            edges = np.clip(self._starts - rows.start, 0, len(rows))
        else:
            edges = np.searchsorted(rows, self._starts)

        def read(numbers: list[int]) -> list[pa.Table]:
            partition = int(groups.partition[numbers[0]])
            stored = read_groups(self._pile, partition, groups.group[numbers].tolist(), columns)
            found = []
            for number, table in zip(numbers, stored, strict=True):
                own = rows[edges[number] : edges[number + 1]]
                own = np.arange(own.start, own.stop) if isinstance(own, range) else own
                own = own - self._starts[number]
                own = own if self._kept is None else self._kept[number][own]
                found.append(table if len(own) == table.num_rows else taken(table, own))
            del stored, table
            give_back()
            return found

        wanted = np.flatnonzero(np.diff(edges)).tolist()
        task = (np.cumsum(groups.rows) - 1) // _TASK_ROWS
        tasks = [list(t) for _, t in groupby(wanted, lambda n: (groups.partition[n], task[n]))]
        if threads == 1 or len(tasks) <= 1:
            return [table for numbers in tasks for table in read(numbers)]
        with ThreadPoolExecutor(threads) as pool:
            found = [table for tables in pool.map(read, tasks) for table in tables]
        give_back()
        return found

    def may_hold(self, low: int, high: int) -> bool:
        """Tell whether any row may lie in a range of pixels."""
        first = np.searchsorted(self._groups.high, low, side="right")
        last = np.searchsorted(self._groups.low, high, side="left")
        return bool(last > first and self._starts[last] > self._starts[first])

    def estimate(self, low: int, high: int) -> float:
        """Return about how many rows lie in a range of pixels, as if spread evenly in a group."""
        edges, counts = self._cumulative
        inside = np.interp([float(low), float(high)], edges, counts)
        return float(inside[1] - inside[0])

    @cached_property
    def _cumulative(self) -> tuple[Array, Array]:
        """Rows before the edges of the row groups."""
        groups = self._groups
        edges = np.stack([groups.low, groups.high], axis=1).ravel().astype(np.float64)
        counts = np.stack([self._starts[:-1], self._starts[1:]], axis=1).ravel()
        return np.append(0.0, np.maximum.accumulate(edges)), np.append(0, counts)

    def read(self, ranges: Array) -> SkyPart:
        """Read the rows in ranges of pixels.

        Parameters
        ----------
        ranges : ndarray of int64, shape (n, 2)
            Half-open, ascending and apart.
        """
        groups = self._groups
        first = np.searchsorted(groups.high, ranges[:, 0], side="right")
        last = np.searchsorted(groups.low, ranges[:, 1], side="left")
        wanted = np.zeros(len(groups.rows) + 1, dtype=np.int64)
        kept = last > first
        np.add.at(wanted, first[kept], 1)
        np.add.at(wanted, last[kept], -1)
        numbers = np.flatnonzero(np.cumsum(wanted)[:-1]).tolist()
        parts = [_cut(part, ranges) for part in self._parts(numbers)]
        parts = [part for part in parts if len(part.row)]
        return joined_parts(parts)

    def slices(self, low: int, high: int) -> list[SkySlice]:
        """Read the rows in one range of pixels; nothing is copied."""
        groups = self._groups
        first = np.searchsorted(groups.high, low, side="right")
        last = np.searchsorted(groups.low, high, side="left")
        found = []
        for part in self._parts(list(range(int(first), int(last)))):
            start, stop = np.searchsorted(part.pixel, (low, high)).tolist()
            if start < stop:
                found.append(part.cut(start, stop))
        return found

    def _parts(self, numbers: list[int]) -> list[SkySlice]:
        """Return row groups, from the store, from the disk, or from another thread's reading."""
        with self._lock:
            found = {n: self._store[n] for n in numbers if n in self._store}
            for number in found:
                self._store.move_to_end(number)
            missing = [n for n in numbers if n not in found]
            others = {n: self._reading[n] for n in missing if n in self._reading}
            mine: dict[int, Future[SkySlice]] = {n: Future() for n in missing if n not in others}
            self._reading |= mine
        try:
            for number, part in self._read_groups(list(mine)):
                found[number] = part
                mine[number].set_result(part)
        except BaseException as error:
            for future in mine.values():
                if not future.done():
                    future.set_exception(error)
            raise
        finally:
            self._keep({n: found[n] for n in mine if n in found})
            with self._lock:
                for number in mine:
                    del self._reading[number]
        # Nobody waits here before he has read what others may wait for.
        return [found[n] if n in found else others[n].result() for n in numbers]

    def _read_groups(self, numbers: list[int]) -> Iterator[tuple[int, SkySlice]]:
        """Yield row groups as they are read from the disk."""
        groups = self._groups
        for partition, mine in groupby(numbers, key=lambda n: int(groups.partition[n])):
            own = list(mine)
            tables = read_groups(self._pile, partition, groups.group[own].tolist(), _COLUMNS)
            for number, table in zip(own, tables, strict=True):
                pixel, ra, dec = (plain_numbers(table.column(name)) for name in _COLUMNS)
                if self._kept is not None:
                    kept = self._kept[number]
                    pixel, ra, dec = pixel[kept], ra[kept], dec[kept]
                yield number, SkySlice(pixel, ra, dec, int(self._starts[number]))

    def _keep(self, parts: dict[int, SkySlice]) -> None:
        with self._lock:
            for number, part in parts.items():
                if number not in self._store:
                    self._store[number] = part
                    self._free -= _ROW_BYTES * len(part.pixel)
            while self._free < 0 and self._store:
                _, part = self._store.popitem(last=False)
                self._free += _ROW_BYTES * len(part.pixel)


def give_back() -> None:
    """Return what Arrow has freed to the system: threads that are gone leave it behind."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def joined_parts(parts: list[SkyPart]) -> SkyPart:
    """Return parts one after the other as one."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        number, angle = np.empty(0, dtype=np.int64), np.empty(0)
        return SkyPart(number, angle, angle, number)
    return SkyPart(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _cut(part: SkySlice, ranges: Array) -> SkyPart:
    """Return the rows of a row group that lie in ranges."""
    pixel = part.pixel
    if not len(pixel):
        return part.part
    near = ranges[(ranges[:, 1] > pixel[0]) & (ranges[:, 0] <= pixel[-1])]
    first = np.searchsorted(pixel, near[:, 0])
    last = np.searchsorted(pixel, near[:, 1])
    first, last = first[last > first], last[last > first]
    if len(first) == 1:
        return part.cut(int(first[0]), int(last[0])).part
    counts = last - first
    starts = np.cumsum(counts) - counts
    return part.at(np.arange(counts.sum()) + np.repeat(first - starts, counts))
