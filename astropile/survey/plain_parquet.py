"""A Parquet file piece by piece: row groups read ahead, in order, by threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from astropile.sky.threads import in_turn, thread_count

__all__ = ["parquet_pieces"]

#: Most rows of a piece.
_MOST_ROWS: Final = 1 << 19
#: Row groups read at a time: what takes the pieces is as fast as two threads.
_THREADS: Final = 2


def parquet_pieces(
    path: Path, meta: pq.FileMetaData, columns: Sequence[str] | None, piece_bytes: int
) -> Iterator[pa.Table]:
    """Yield the rows of a file in pieces of about a number of bytes, whole row groups if they fit.

    Parameters
    ----------
    path : Path
        The file.
    meta : FileMetaData
        Its footer.
    columns : sequence of str, optional
        Columns at the top of the schema; default all.
    piece_bytes : int
        Memory of a piece; up to four are there at a time.
    """
    rows, size = _sizes(meta, columns)
    total = max(1, sum(rows))
    step = max(1, min(_MOST_ROWS, piece_bytes * total // max(1, sum(size))))
    wanted = None if columns is None else list(columns)
    threads = min(_THREADS, thread_count(None))
    for is_whole, parts in groupby(_parts(rows, step), lambda part: rows[part[0]] <= 2 * step):
        if is_whole:
            tasks: list[Callable[[], pa.Table]] = [
                partial(_whole, path, meta, part, wanted) for part in parts
            ]
            yield from in_turn(tasks, threads)
            continue
        with pq.ParquetFile(path, metadata=meta, pre_buffer=False) as file:
            groups = [group for part in parts for group in part]
            for batch in file.iter_batches(step, row_groups=groups, columns=wanted):
                yield pa.Table.from_batches([batch])


def _sizes(meta: pq.FileMetaData, columns: Sequence[str] | None) -> tuple[list[int], list[int]]:
    """Return rows and bytes of the row groups; bytes of the wanted columns alone."""
    own = [
        k
        for k in range(meta.num_columns)
        if columns is None or meta.schema.column(k).path.partition(".")[0] in columns
    ]
    groups = [meta.row_group(k) for k in range(meta.num_row_groups)]
    size = [sum(group.column(k).total_uncompressed_size for k in own) for group in groups]
    return [group.num_rows for group in groups], size


def _parts(rows: Sequence[int], step: int) -> list[list[int]]:
    """Return row groups that follow one another and have few enough rows together."""
    parts: list[list[int]] = []
    held = step
    for group, count in enumerate(rows):
        held += count
        if held > step:
            parts.append([])
            held = count
        parts[-1].append(group)
    return parts


def _whole(
    path: Path, meta: pq.FileMetaData, groups: list[int], columns: list[str] | None
) -> pa.Table:
    # A file of its own for each piece: threads share nothing.
    with pq.ParquetFile(path, metadata=meta, pre_buffer=False) as file:
        if len(groups) == 1:
            return file.read_row_group(groups[0], columns=columns)
        return file.read_row_groups(groups, columns=columns)
