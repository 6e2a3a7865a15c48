"""Pass 2: batches of Examples to partitions, within bounded memory.

Pass 1 counted the rows of each partition, so a partition is handed on as soon as its last row has
come: input that is partitioned on the sky already is never written twice. What does not fit into
the memory waits on disk, in one file for each time that the memory was full.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path

import numpy as np
import pyarrow as pa

from astropile import disk
from astropile.pile.bulk import in_order
from astropile.pile.histogram import Partition
from astropile.readers.column import Array

__all__ = ["Router", "WaitingRows"]

Pieces = Callable[[], list[pa.Table]]
Finish = Callable[[int, Pieces], None]
IsFree = Callable[[int], bool]
_INDEX = "routed.json"


class WaitingRows:
    """Rows that wait on disk for the rest of their partitions.

    Parameters
    ----------
    folder : Path
        Where the files are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs: list[list[int]] = []
        self._places: dict[int, list[tuple[int, int]]] = {}

    def has(self, number: int) -> bool:
        """Return whether rows of a partition are here."""
        return number in self._places

    def _path(self, run: int) -> Path:
        return self._folder / f"run-{run:05d}.arrow"

    def add(self, held: dict[int, list[pa.Table]]) -> None:
        """Write the rows of partitions as one file."""
        disk.make_folder(self._folder)
        run, numbers = len(self._runs), sorted(held)
        path = self._path(run)
        schema = held[numbers[0]][0].schema
        with disk.writing(path), pa.OSFile(str(path), "wb") as sink:
            writer = pa.ipc.new_file(sink, schema)
            batches: list[int] = []
            for number in numbers:
                for piece in held[number]:
                    for batch in piece.to_batches():
                        writer.write_batch(batch)
                        batches.append(number)
            writer.close()
        self._note(batches)

    def _note(self, batches: list[int]) -> None:
        run = len(self._runs)
        self._runs.append(batches)
        for place, number in enumerate(batches):
            self._places.setdefault(number, []).append((run, place))

    def pieces(self, number: int, held: list[pa.Table] | None = None) -> Pieces:
        """Return what returns the rows of a partition in input order.

        Rows on disk stay there until then. Rows in memory, which are the last, are handed over:
        they can be had once.
        """
        places = list(self._places.get(number, ()))
        last = held or []

        def read() -> list[pa.Table]:
            runs = groupby(places, key=itemgetter(0))
            found = [self._read(run, [place for _, place in own]) for run, own in runs]
            found += last
            last.clear()
            return found

        return read

    def _read(self, run: int, places: list[int]) -> pa.Table:
        # A file of its own for each partition: threads share nothing.
        with pa.OSFile(str(self._path(run))) as source:
            reader = pa.ipc.open_file(source)
            return pa.Table.from_batches([reader.get_batch(place) for place in places])

    def keep(self, state: str) -> None:
        """Note that all rows are here, so that a build that stops now need not read again."""
        text = json.dumps({"state": state, "runs": self._runs})
        with disk.writing(self._folder):
            disk.write_text(self._folder / _INDEX, text)

    def found(self, state: str) -> bool:
        """Return whether the rows of an earlier build are all here, and take them over."""
        try:
            index = json.loads((self._folder / _INDEX).read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return False
        if index["state"] != state:
            return False
        for batches in index["runs"]:
            self._note(batches)
        return all(self._path(run).is_file() for run in range(len(self._runs)))


@dataclass(slots=True)
class Router:
    """Sends rows to their partitions.

    Attributes
    ----------
    partitions : sequence of Partition
        In storage order, with the rows that each will get.
    waiting : WaitingRows
        For what does not fit into the memory.
    buffer_bytes : int
        Most bytes of rows that are held.
    finish : callable
        Gets number of a partition whose rows are all there, and what returns these rows.
    is_free : callable
        Whether a partition with so many rows could be finished without waiting.
    earlier : frozenset of int
        Partitions that an earlier build finished; their rows are dropped.
    bulk : tuple of str
        Columns whose rows are big.
    """

    partitions: Sequence[Partition]
    waiting: WaitingRows
    buffer_bytes: int
    finish: Finish
    is_free: IsFree
    earlier: frozenset[int]
    bulk: tuple[str, ...] = ()
    _done: set[int] = field(default_factory=set)
    _late: list[int] = field(default_factory=list)
    _held: dict[int, list[pa.Table]] = field(default_factory=dict)
    _bytes: int = 0
    _starts: Array = field(init=False)
    _missing: Array = field(init=False)

    def __post_init__(self) -> None:
        """Note where partitions start and how many rows each lacks."""
        self._starts = np.array([p.pixel.range[0] for p in self.partitions], dtype=np.int64)
        self._missing = np.array([p.rows for p in self.partitions], dtype=np.int64)

    def _numbers(self, healpix: Array) -> Array:
        number = np.searchsorted(self._starts, healpix, side="right") - 1
        return number.astype(np.uint16) if len(self._starts) <= 1 << 16 else number

    def add(self, table: pa.Table) -> None:
        """Take the next rows; the first column is their pixel."""
        number = self._numbers(table.column(0).to_numpy())
        if self.earlier:
            wanted = ~np.isin(number, list(self.earlier))
            if not wanted.all():
                table, number = table.filter(pa.array(wanted)), number[wanted]
        if not len(number):
            return
        if (number[1:] < number[:-1]).any():
            order = np.argsort(number, kind="stable")  # in linear time, by digits
            table, number = in_order(table, order, self.bulk), number[order]
        cuts = [0, *(np.flatnonzero(number[1:] != number[:-1]) + 1).tolist(), len(number)]
        for start, stop in pairwise(cuts):
            self._hold(int(number[start]), table.slice(start, stop - start))
        self._bytes += table.nbytes
        self._hand_on(np.unique(number).tolist())
        if self._bytes > self.buffer_bytes:
            self.spill()

    def _hold(self, number: int, piece: pa.Table) -> None:
        self._held.setdefault(number, []).append(piece)
        self._missing[number] -= piece.num_rows

    def lack(self, healpix: Array) -> None:
        """Note rows that pass 1 counted and that will not come."""
        if len(healpix):
            numbers, counts = np.unique(self._numbers(healpix), return_counts=True)
            self._missing[numbers] -= counts
            self._hand_on([n for n in numbers.tolist() if n not in self.earlier])

    def _hand_on(self, numbers: list[int]) -> None:
        """Finish partitions that are complete, or put those that wait on disk off.

        Where all partitions are complete at the end only, reading goes on to the end first: from
        then on nothing needs to be read again.
        """
        for number in numbers:
            if self._missing[number] or number in self._done:
                continue
            self._done.add(number)
            rows = self.partitions[number].rows
            if self.waiting.has(number) and not self.is_free(rows):
                self._late.append(number)
                continue
            held = self._held.pop(number, [])
            self._bytes -= sum(piece.nbytes for piece in held)
            if held or self.waiting.has(number):
                self.finish(number, self.waiting.pieces(number, held))

    def spill(self) -> None:
        """Move all rows that are held to disk."""
        if self._held:
            self.waiting.add(self._held)
        self._held, self._bytes = {}, 0
        pa.default_memory_pool().release_unused()

    def close(self) -> list[int]:
        """Move the rest to disk and return the partitions that wait there."""
        if self._late:
            self.spill()
        return self._late

    def incomplete(self) -> list[Partition]:
        """Return the partitions that still lack rows."""
        lacking = np.flatnonzero(self._missing).tolist()
        return [self.partitions[n] for n in lacking if n not in self.earlier]
