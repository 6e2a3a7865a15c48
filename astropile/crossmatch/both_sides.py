"""Both sides of a match side by side, in the columns of its pile; images are not copied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from astropile.crossmatch.examples import require_all
from astropile.crossmatch.matched_schema import Column, unpacked
from astropile.crossmatch.result import MatchResult
from astropile.crossmatch.sides import AnySide
from astropile.crossmatch.store import struct_of
from astropile.pile.bulk import bulk_columns, in_order
from astropile.readers.column import Array

__all__ = ["SideColumns", "both_sides", "picked"]

_CHUNK_ROWS: Final = 250_000
#: Bytes of the left side that are put beside the right one at a time.
_PIECE_BYTES: Final = 16 * 2**20


@dataclass(frozen=True)
class SideColumns:
    """What becomes of the Examples of a side in the pile of a match.

    Attributes
    ----------
    side : side
        The survey or table.
    columns : sequence of Column
        Its values.
    schema : Schema
        Its columns in the pile.
    """

    side: AnySide
    columns: Sequence[Column]
    schema: pa.Schema

    def of(self, examples: pa.Table) -> pa.Table:
        """Return Examples as columns of the pile; values are not copied."""
        kind = pa.struct(list(self.side.features().arrow_schema))
        found = unpacked(struct_of(examples, kind), self.columns, self.schema)
        return pa.Table.from_arrays([found[n] for n in self.schema.names], schema=self.schema)

    def absent(self, n: int) -> pa.Table:
        """Return rows of a side that is not there."""
        return pa.Table.from_arrays([pa.nulls(n, f.type) for f in self.schema], schema=self.schema)


def picked(table: pa.Table, rows: Array, bulk: Sequence[str]) -> pa.Table:
    """Return rows of a table by number, null for row -1; rows of bulk columns are not copied."""
    absent = rows < 0
    if not absent.any():
        return in_order(table, rows, bulk)
    small = table.drop_columns(list(bulk)).take(pa.array(rows, mask=absent))
    cut = in_order(table.select(bulk), rows[~absent], bulk)
    columns = []
    for field in table.schema:
        if field.name not in bulk:
            columns.append(small.column(field.name))
            continue
        there, nothing = iter(cut.column(field.name).chunks), pa.nulls(1, field.type)
        chunks = [nothing if gap else next(there) for gap in absent.tolist()]
        columns.append(pa.chunked_array(chunks, type=field.type))
    return pa.Table.from_arrays(columns, schema=table.schema)


def both_sides(
    result: MatchResult, left: SideColumns, right: SideColumns, folder: Callable[[], Path]
) -> Iterator[tuple[slice, pa.Table]]:
    """Yield rows of a match, some at a time: which, and the columns of both sides.

    Parameters
    ----------
    result : MatchResult
        The match, not nested.
    left, right : SideColumns
        What its sides become.
    folder : callable
        Returns a folder for rows that have to wait.

    Raises
    ------
    OutputError
        Rows cannot be written.
    SourceError
        Rows are not there any more.
    """
    from astropile.crossmatch.blocks import blocks_of

    blocks, chosen = blocks_of(right, result.right_row, folder)
    for rows, table in _left_rows(result.left_row, left):
        partners = result.right_row[rows]
        place = np.where(partners < 0, -1, np.searchsorted(chosen, partners))
        other = blocks.rows(place)
        schema = pa.schema([*table.schema, *other.schema])
        yield rows, pa.Table.from_arrays([*table.columns, *other.columns], schema=schema)


def _left_rows(left: Array, form: SideColumns) -> Iterator[tuple[slice, pa.Table]]:
    """Yield the left side of the rows of a match, some at a time: which rows, and their values.

    The left Examples are read once, as they lie in their files; the last rows may have none.
    """
    with_left = int(np.searchsorted(left < 0, True))
    own, start = np.unique(left[:with_left], return_index=True)
    edges = np.append(start, with_left)
    done, step = 0, _CHUNK_ROWS
    for examples in form.side.examples(own) if len(own) else ():
        table = form.of(examples)
        upto = done + len(table)
        require_all(form.side, min(upto, len(own)), upto)
        bulk = bulk_columns(table)
        step = max(1, _PIECE_BYTES * len(table) // max(1, table.nbytes))
        begin, end = int(edges[done]), int(edges[upto])
        for low in range(begin, end, step):
            rows = slice(low, min(low + step, end))
            yield rows, picked(table, np.searchsorted(own[done:upto], left[rows]), bulk)
        done = upto
    require_all(form.side, done, len(own))
    for low in range(with_left, len(left), step):
        rows = slice(low, min(low + step, len(left)))
        yield rows, form.absent(rows.stop - rows.start)
