"""Examples of the right side of a match, in the columns of its pile, by row number.

They come in blocks: row groups of an opened pile, which are read when the first of their rows is
wanted, or parts of a file on disk, where the rows of any other survey wait.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from astropile.crossmatch.both_sides import SideColumns, picked
from astropile.crossmatch.pileside import PileSide
from astropile.crossmatch.sides import changed
from astropile.pile.bulk import bulk_columns, in_order
from astropile.pile.read import group_facts
from astropile.readers.column import Array
from astropile.survey.request import stamps_of

if TYPE_CHECKING:
    from astropile.survey.opened import PileRequest

__all__ = ["Blocks", "blocks_of"]

#: Blocks that are kept: partners of neighbours are neighbours.
KEPT: Final = 4
#: Bytes of a block on disk.
_BLOCK_BYTES: Final = 8 * 2**20
#: Objects at the border of a row group may have partners in several others.
_MOST_READS: Final = 1.5


class Blocks:
    """Chosen rows of a side in the columns of the pile, some blocks at a time.

    Parameters
    ----------
    form : SideColumns
        What the rows become.
    starts : ndarray of int64
        Number of the chosen row with which each block begins, and how many there are.
    read : callable
        Number of a block -> its rows.
    """

    def __init__(self, form: SideColumns, starts: Array, read: Callable[[int], pa.Table]) -> None:
        self._form, self._starts = form, starts
        self._read = lru_cache(KEPT)(read)
        self._bulk: tuple[str, ...] | None = None

    def rows(self, places: Array) -> pa.Table:
        """Return chosen rows by their numbers in this order; null for -1."""
        wanted = np.unique(places[places >= 0])
        if not len(wanted):
            return self._form.absent(len(places))
        block = np.searchsorted(self._starts, wanted, side="right") - 1
        numbers = np.unique(block).tolist()
        parts = []
        for number in numbers:
            found = self._read(number)
            if self._bulk is None:
                self._bulk = bulk_columns(found)
            part = in_order(found, wanted[block == number] - self._starts[number], self._bulk)
            # A part of a block holds all of it; of many blocks that would be too much.
            parts.append(part.combine_chunks() if len(numbers) > KEPT else part)
        present = places >= 0
        rows = np.where(present, np.searchsorted(wanted, places), -1)
        return picked(pa.concat_tables(parts), rows, self._bulk or ())


def blocks_of(form: SideColumns, order: Array, folder: Callable[[], Path]) -> tuple[Blocks, Array]:
    """Return the rows of a side that are wanted, and their row numbers.

    Parameters
    ----------
    form : SideColumns
        The side.
    order : ndarray of int64
        Row numbers in the order in which they will be asked for; -1 for none.
    folder : callable
        Returns a folder for rows that have to wait.

    Raises
    ------
    OutputError
        Rows cannot be written.
    SourceError
        Rows are not there any more.
    """
    chosen = np.unique(order[order >= 0])
    if isinstance(form.side, PileSide) and len(chosen):
        found = _pile_blocks(form, form.side, chosen, order[order >= 0])
        if found is not None:
            return found, chosen
    return _disk_blocks(form, chosen, folder() / f"{form.side.label}.arrow"), chosen


def _pile_blocks(form: SideColumns, side: PileSide, chosen: Array, order: Array) -> Blocks | None:
    """Return the row groups of a pile; None if they would be read again and again."""
    from astropile.engine import RowIndex

    request: PileRequest = side.sky.request
    run = request.run(request.wanted, on_bad_row="raise")
    if side.stamps != stamps_of(run.files, run.root):
        raise changed("the files", side)
    file, row = side.sky.places(chosen)
    starts = _group_starts(request, file, row)
    if _reads(np.searchsorted(starts, np.searchsorted(chosen, order), "right")) > (
        KEPT + _MOST_READS * len(starts)
    ):
        return None

    def read(number: int) -> pa.Table:
        own = slice(starts[number], starts[number + 1])
        tables = request.tables(index=RowIndex(file[own], row[own]), run=run)
        found = pa.concat_tables([form.of(table) for table in tables])
        if len(found) != len(file[own]):
            raise changed(f"{len(file[own]) - len(found)} matched rows", side)
        return found

    return Blocks(form, starts, read)


def _group_starts(request: PileRequest, file: Array, row: Array) -> Array:
    """Return where among ascending rows each row group begins, and their number at the end."""
    numbers, begin = np.unique(file, return_index=True)
    starts = [np.empty(0, dtype=np.int64)]
    for number, first, last in zip(
        numbers.tolist(), begin.tolist(), [*begin[1:].tolist(), len(file)], strict=True
    ):
        edges = np.cumsum([facts.rows for facts in group_facts(request.pile, number)])
        group = np.searchsorted(edges, row[first:last], side="right")
        starts.append(first + np.flatnonzero(np.diff(group, prepend=-1)))
    return np.append(np.concatenate(starts), len(file))


def _reads(order: Array) -> float:
    """Return how often blocks are read if they are wanted in this order."""
    turns = order[np.flatnonzero(np.diff(order, prepend=-1))]
    if len(turns) > 1_000_000:
        return float("inf")

    @lru_cache(KEPT)
    def read(number: int) -> None:
        return None

    for number in turns.tolist():
        read(number)
    return read.cache_info().misses


def _disk_blocks(form: SideColumns, chosen: Array, path: Path) -> Blocks:
    """Write the chosen rows of a side to a file."""
    from astropile.survey.cache import writing

    counts: list[int] = []
    with (
        writing(path),
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_file(sink, form.schema) as out,
    ):
        for examples in form.side.examples(chosen) if len(chosen) else ():
            table = form.of(examples).combine_chunks()
            step = max(1, _BLOCK_BYTES * len(table) // max(1, table.nbytes))
            for batch in table.to_batches(max_chunksize=step):
                out.write_batch(batch)
                counts.append(batch.num_rows)
    if sum(counts) != len(chosen):
        raise changed(f"{len(chosen) - sum(counts)} of {len(chosen)} matched rows", form.side)

    def read(number: int) -> pa.Table:
        with pa.OSFile(str(path)) as source:
            return pa.Table.from_batches([pa.ipc.open_file(source).get_batch(number)])

    return Blocks(form, np.cumsum([0, *counts]), read)
