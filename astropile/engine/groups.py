"""Operator Nest of the main table: which rows belong together, and which groups make a batch."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from astropile.engine.tables import Frame, first_rows, group_ranks, nest
from astropile.readers import Column
from astropile.readers.column import Array, offsets_of


@dataclass(frozen=True)
class Groups:
    """The rows of a main table in row order, and the group of each.

    Attributes
    ----------
    keys : mapping of str to Column
        Cells that are equal within a group, of each row.
    file, row : ndarray of int64, shape (n,)
        Where each row is.
    rank : ndarray of int64, shape (n,)
        Number of its group, from 0 in the order in which the groups first appear.
    first : ndarray of int64, shape (groups,)
        Place of the first row of each group.
    size : ndarray of int64, shape (files,)
        Bytes that the cells of a row take in each file.
    block : ndarray of int64, shape (files,)
        How many rows of each file belong together on disk.

    Examples
    --------
    >>> frame = Frame({"k": Column(np.array([7, 8, 7, 9]))}, np.zeros(4, "i8"), np.arange(4))
    >>> groups = Groups.of(frame, ["k"], size=np.array([10]), block=np.array([1]))
    >>> [rows.tolist() for _, rows in groups.batches(n_bytes=30)]
    [[0, 1, 2], [3]]
    """

    keys: Mapping[str, Column]
    file: Array
    row: Array
    rank: Array
    first: Array
    size: Array
    block: Array

    @classmethod
    def of(cls, frame: Frame, keys: Sequence[str], size: Array, block: Array) -> Groups:
        """Return the groups of rows whose key cells are known."""
        rank, first = group_ranks(frame, keys)
        return cls(frame.columns, frame.file, frame.row, rank, first, size, block)

    def __len__(self) -> int:
        """Return the number of groups."""
        return len(self.first)

    @cached_property
    def _members(self) -> Column:
        """Places of the rows of each group."""
        order = np.argsort(self.rank, kind="stable")
        return Column(order, offsets=offsets_of(np.bincount(self.rank)))

    @cached_property
    def _places(self) -> tuple[Array, Array]:
        """Row addresses as one number each, and their order."""
        address = self.file * self._stride + self.row
        return address, np.argsort(address, kind="stable")

    @cached_property
    def _stride(self) -> int:
        return 1 + int(self.row.max(initial=0))

    def find(self, file: Array, row: Array) -> Array:
        """Return the group of each of some rows; -1 where there is no such row."""
        if not len(self.row):
            return np.full(len(row), -1, dtype=np.int64)
        address, order = self._places
        wanted = file * self._stride + row
        place = np.searchsorted(address, wanted, sorter=order)
        place = order[np.minimum(place, len(order) - 1)]
        is_found = (address[place] == wanted) & (row < self._stride)
        return np.where(is_found, self.rank[place], -1)

    def nest(self, frame: Frame, places: Array | None) -> Frame:
        """Make one row a group: keys stay scalars, the cells of a frame become lists.

        Parameters
        ----------
        frame : Frame
            Other cells of some rows, in row order.
        places : ndarray of int64, optional
            Places of its rows in `file` and `row`, if they are known.
        """
        ranks = self.find(frame.file, frame.row) if places is None else self.rank[places]
        first = start = self.first
        if len(ranks) < len(self.rank):
            numbers, ranks = np.unique(ranks, return_inverse=True)
            first, start = first[numbers], first_rows(ranks)
        nested = nest(frame, (), (ranks, start))
        keys = {name: column.take(first) for name, column in self.keys.items()}
        return Frame({**keys, **nested.columns}, nested.file, nested.row)

    def batches(
        self, *, n_bytes: int, n_groups: int | None = None, asked: Array | None = None
    ) -> Iterator[tuple[slice, Array]]:
        """Yield which groups make a batch, and the places of their rows, rising.

        Parameters
        ----------
        n_bytes : int
            Most bytes of a batch. It is more where one group, or the groups that start in one
            block, take more: a block that is cut would be decompressed twice.
        n_groups : int, optional
            Most groups of a batch, wherever blocks end.
        asked : ndarray of int64, optional
            Numbers of the groups that are wanted, in this order; all if left out.

        Yields
        ------
        part : slice
            Of `asked`.
        rows : ndarray of int64
            Places in `file` and `row`.
        """
        if asked is None:
            rows = np.bincount(self.file, minlength=len(self.size))
            if rows @ self.size <= n_bytes and len(self) <= (n_groups or sys.maxsize):
                if len(self):
                    yield slice(0, len(self)), np.arange(len(self.rank))
                return
            asked = np.arange(len(self))
        sizes = np.bincount(self.rank, self.size[self.file], minlength=len(self))
        ends = np.cumsum(sizes[asked])
        cuts = self._cuts(asked)
        start = 0
        while start < len(asked):
            done = ends[start - 1] if start else 0
            fitting = max(start + 1, int(np.searchsorted(ends, done + n_bytes, side="right")))
            last = int(np.searchsorted(cuts, fitting, side="right")) - 1
            stop = int(cuts[last] if cuts[last] > start else cuts[last + 1])
            stop = min(stop, start + (n_groups or sys.maxsize))
            yield slice(start, stop), np.sort(self._members.take(asked[start:stop]).data)
            start = stop

    def _cuts(self, asked: Array) -> Array:
        """Return where some groups may be cut: each of the next ones starts in another block."""
        first = self.first[asked]
        file = self.file[first]
        block = self.row[first] // self.block[file]
        is_other = (np.diff(file) != 0) | (np.diff(block) != 0)
        return np.concatenate(([0], np.flatnonzero(is_other) + 1, [len(asked)]))
