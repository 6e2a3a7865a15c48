"""Positions of an opened pile, part of the sky by part of the sky, with their row numbers.

Row groups are the smallest parts that are read; the rows of a pile ascend by pixel, so any range
of pixels is a slice. What was read waits for the next part in a small store.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from astropile.pile.layout import HEALPIX
from astropile.pile.read import group_facts, read_groups
from astropile.readers.column import Array
from astropile.schema import OBJECT_LEAVES

if TYPE_CHECKING:
    from astropile.survey.opened import PileRequest

__all__ = ["SkyPart", "SkyRows"]

_FOOTER_THREADS = 4
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
        self._store: OrderedDict[int, SkyPart] = OrderedDict()
        self._free = 0
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
        group = np.searchsorted(self._starts, rows, side="right") - 1
        inside = rows - self._starts[group]
        if self._kept is not None:
            for number in np.unique(group).tolist():
                mine = group == number
                inside[mine] = self._kept[number][inside[mine]]
        return groups.partition[group], groups.before[group] + inside

    def may_hold(self, low: int, high: int) -> bool:
        """Tell whether any row may lie in a range of pixels."""
        first = np.searchsorted(self._groups.high, low, side="right")
        return bool(first < np.searchsorted(self._groups.low, high, side="left"))

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
        if len(parts) == 1:
            return parts[0]
        if not parts:
            number, angle = np.empty(0, dtype=np.int64), np.empty(0)
            return SkyPart(number, angle, angle, number)
        return SkyPart(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _parts(self, numbers: list[int]) -> list[SkyPart]:
        """Return row groups, from the store or from the disk."""
        with self._lock:
            found = {n: self._store[n] for n in numbers if n in self._store}
            for number in found:
                self._store.move_to_end(number)
        groups = self._groups
        missing = [n for n in numbers if n not in found]
        for partition, mine in groupby(missing, key=lambda n: int(groups.partition[n])):
            own = list(mine)
            tables = read_groups(self._pile, partition, groups.group[own].tolist(), _COLUMNS)
            for number, table in zip(own, tables, strict=True):
                pixel, ra, dec = (np.asarray(table.column(name).to_numpy()) for name in _COLUMNS)
                if self._kept is not None:
                    kept = self._kept[number]
                    pixel, ra, dec = pixel[kept], ra[kept], dec[kept]
                row = np.arange(self._starts[number], self._starts[number + 1])
                found[number] = SkyPart(pixel, ra, dec, row)
        self._keep({number: found[number] for number in missing})
        return [found[number] for number in numbers]

    def _keep(self, parts: dict[int, SkyPart]) -> None:
        with self._lock:
            for number, part in parts.items():
                if number not in self._store:
                    self._store[number] = part
                    self._free -= _ROW_BYTES * len(part.row) + part.row.nbytes
            while self._free < 0 and self._store:
                _, part = self._store.popitem(last=False)
                self._free += _ROW_BYTES * len(part.row) + part.row.nbytes


def _cut(part: SkyPart, ranges: Array) -> SkyPart:
    """Return the rows of a row group that lie in ranges."""
    pixel = part.pixel
    if not len(pixel):
        return part
    near = ranges[(ranges[:, 1] > pixel[0]) & (ranges[:, 0] <= pixel[-1])]
    first = np.searchsorted(pixel, near[:, 0])
    last = np.searchsorted(pixel, near[:, 1])
    first, last = first[last > first], last[last > first]
    if len(first) == 1:
        if last[0] - first[0] == len(pixel):
            return part
        return SkyPart(*(column[first[0] : last[0]] for column in part))
    counts = last - first
    starts = np.cumsum(counts) - counts
    rows = np.arange(counts.sum()) + np.repeat(first - starts, counts)
    return SkyPart(*(column[rows] for column in part))
