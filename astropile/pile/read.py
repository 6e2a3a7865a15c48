"""A pile as Arrow tables: columns, parts of the sky, rows that pass a filter, rows by number.

Nothing here knows what a column means. Tables have the stored types; only the row groups that can
hold wanted rows are read, and of these only the wanted columns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from astropile.engine.bounds import Bounds, BoundsOf
from astropile.errors import CorruptFileError, PileError
from astropile.pile.layout import HEALPIX
from astropile.pile.manifest import FileRecord, LeafRecord, Manifest, read_manifest
from astropile.pile.types import taken
from astropile.readers.column import Array
from astropile.remote import RemotePath

if TYPE_CHECKING:
    import pyarrow.compute as pc

__all__ = [
    "GroupFacts",
    "Pile",
    "PileRows",
    "RowTest",
    "group_facts",
    "open_pile",
    "read_groups",
    "scan",
    "take",
]

_VERIFY = "run `astropile verify` on the pile; copy it anew or build it again"
_ROW = "__row"


@dataclass(frozen=True)
class Pile:
    """A pile on disk: its place and its manifest.

    Attributes
    ----------
    path : Path or RemotePath
        Its folder.
    manifest : Manifest
        What is in it.
    leaves : tuple of LeafRecord
        Partitions in storage order.
    """

    path: Path | RemotePath
    manifest: Manifest
    leaves: tuple[LeafRecord, ...]

    @cached_property
    def ranges(self) -> Array:
        """First order-29 pixel of each partition and the one after its last, shape (n, 2)."""
        return np.array([leaf.area.range for leaf in self.leaves], dtype=np.int64).reshape(-1, 2)

    @cached_property
    def starts(self) -> Array:
        """Row number at which each partition starts, and the number of all rows."""
        return np.cumsum([0, *(leaf.rows for leaf in self.leaves)], dtype=np.int64)

    def place(self, partition: int) -> Path | RemotePath:
        """Return where the file of a partition is; nothing is looked at."""
        leaf = self.leaves[partition]
        if isinstance(self.path, RemotePath):
            return self.path.sized(leaf.path, leaf.bytes, int(leaf.sha256[:15], 16))
        return self.path / leaf.path

    def file(self, partition: int) -> Path | RemotePath:
        """Return the file of a partition, after a look at its size.

        Raises
        ------
        PileError
            It is not as the manifest says.
        """
        leaf, path = self.leaves[partition], self.place(partition)
        if isinstance(path, RemotePath):
            return path  # whoever reads it finds out
        size = path.stat().st_size if path.is_file() else -1
        if size != leaf.bytes:
            what = "is missing" if size < 0 else f"has {size} bytes, the manifest says {leaf.bytes}"
            raise PileError(f"the partition {what}", where=str(path), hint=_VERIFY)
        return path

    def text(self, name: str) -> str:
        """Return the text of a small file of the pile.

        Raises
        ------
        PileError
            It is not as the manifest says.
        """
        return self.content(name).decode("utf-8")

    def content(self, name: str) -> bytes:
        """Return a small file of the pile, after a look at its sha256.

        Raises
        ------
        PileError
            It is not as the manifest says.
        """
        record: FileRecord | None = next((f for f in self.manifest.files if f.path == name), None)
        try:
            data = (self.path / name).read_bytes()
        except FileNotFoundError:
            data = b""
        if record is None or hashlib.sha256(data).hexdigest() != record.sha256:
            msg = "the file is not as it was when the pile was built"
            raise PileError(msg, where=str(self.path / name), hint=_VERIFY)
        return data


@dataclass(frozen=True, slots=True)
class PileRows:
    """Some rows of one partition.

    Attributes
    ----------
    partition : int
        Number of the partition in storage order.
    row : ndarray of int64
        Numbers of the rows in the partition, ascending.
    table : Table
        Their values, in stored types.
    """

    partition: int
    row: Array
    table: pa.Table


@dataclass(frozen=True, slots=True)
class RowTest:
    """Tells wanted rows from others; who makes one knows what the columns mean.

    Attributes
    ----------
    columns : tuple of str
        The columns that the test looks at: ``column`` or ``block.field``.
    may_pass : callable
        Takes the extremes of columns in some rows; False if surely no row is wanted.
    passes : callable
        Takes a table of these columns; returns which rows are wanted.
    """

    columns: tuple[str, ...]
    may_pass: Callable[[BoundsOf], bool]
    passes: Callable[[pa.Table], Array]


def open_pile(path: Path | RemotePath) -> Pile:
    """Open a pile; only its manifest is read.

    Parameters
    ----------
    path : Path or RemotePath
        Its folder.

    Raises
    ------
    PileError
        There is no pile, its build was not finished, or its manifest is damaged.
    """
    manifest = read_manifest(path)
    return Pile(path, manifest, manifest.partitions)


def scan(
    pile: Pile,
    columns: Sequence[str] | None = None,
    *,
    ranges: Array | None = None,
    where: pc.Expression | None = None,
    where_columns: Sequence[str] = (),
    test: RowTest | None = None,
    partitions: Sequence[int] | None = None,
    batch_rows: int | None = None,
) -> Iterator[PileRows]:
    """Yield rows in storage order, a row group at a time.

    Parameters
    ----------
    pile : Pile
        What to read.
    columns : sequence of str, optional
        ``column``, ``block`` or ``block.field``; default all.
    ranges : ndarray of int64, shape (n, 2), optional
        Only rows whose order-29 pixel is in one of these half-open ranges, ascending and apart.
    where : Expression, optional
        Only rows for which this is true. Row groups whose statistics rule it out are not read;
        other columns are read only where a row passes.
    where_columns : sequence of str
        The columns that `where` names.
    test : RowTest, optional
        Only rows that pass it, after `ranges` and `where`. Row groups in which none can pass are
        not read; other columns are read only where a row passes.
    partitions : sequence of int, optional
        Numbers of the partitions to read, in the order wanted; default all.
    batch_rows : int, optional
        Most rows a table; default those of a row group.

    Raises
    ------
    PileError, CorruptFileError
        A file is not as it was when the pile was built.
    """
    numbers = range(len(pile.leaves)) if partitions is None else partitions
    for number in numbers:
        if ranges is not None and not _overlap(pile.ranges[number], ranges):
            continue
        path = pile.file(number)
        with _opened(path) as file:
            found = _scan_file(path, file, columns, ranges, where, where_columns, test)
            for group_start, rows, table in found:
                step = batch_rows or max(1, table.num_rows)
                for start in range(0, table.num_rows, step):
                    part = rows[start : start + step] + group_start
                    yield PileRows(number, part, table.slice(start, step))


def take(
    pile: Pile, partition: Array, row: Array, columns: Sequence[str] | None = None
) -> Iterator[PileRows]:
    """Yield listed rows, a row group at a time.

    Parameters
    ----------
    pile : Pile
        What to read.
    partition, row : ndarray of int64
        Partition and row in it, in storage order.
    columns : sequence of str, optional
        As for :func:`scan`.
    """
    starts = np.flatnonzero(np.diff(partition, prepend=-1))
    for number, wanted in zip(partition[starts].tolist(), np.split(row, starts)[1:], strict=True):
        with _opened(pile.file(number)) as file:
            edges = _edges(file)
            cuts = np.searchsorted(wanted, edges)
            for k in np.flatnonzero(np.diff(cuts)).tolist():
                own = wanted[cuts[k] : cuts[k + 1]]
                table = _read(file, k, columns)
                local = own - edges[k]
                is_all = len(own) == table.num_rows
                yield PileRows(number, own, table if is_all else taken(table, local))


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """A row group of a partition.

    Attributes
    ----------
    rows : int
        Its rows.
    low, high : int
        Its first order-29 pixel, and the one after its last.
    """

    rows: int
    low: int
    high: int


def group_facts(pile: Pile, partition: int) -> list[GroupFacts]:
    """Return what the footer of a partition says of its row groups.

    Raises
    ------
    PileError, CorruptFileError
        The file is not as it was when the pile was built.
    """
    area = pile.leaves[partition].area.range
    found = []
    with _opened(pile.file(partition)) as file:
        for group in range(file.metadata.num_row_groups):
            low, high = _pixels_of(file, group)
            rows = file.metadata.row_group(group).num_rows
            found.append(GroupFacts(rows, max(low, area[0]), min(high, area[1])))
    return found


def read_groups(
    pile: Pile, partition: int, groups: Sequence[int], columns: Sequence[str]
) -> Iterator[pa.Table]:
    """Yield columns of some row groups of a partition, read in the thread that asks.

    Raises
    ------
    PileError, CorruptFileError
        The file is not as it was when the pile was built.
    """
    with _opened(pile.file(partition)) as file:
        for group in groups:
            yield file.read_row_group(group, columns=list(columns), use_threads=False)


@contextmanager
def _opened(path: Path | RemotePath) -> Iterator[pq.ParquetFile]:
    """Open a partition; what goes wrong while it is read is told as one kind of error."""
    is_remote = isinstance(path, RemotePath)
    source = path.open() if isinstance(path, RemotePath) else path
    try:
        # Elsewhere, neighbouring columns are asked for at once; here that would only copy them.
        with pq.ParquetFile(source, pre_buffer=is_remote, page_checksum_verification=True) as file:
            yield file
    except (pa.ArrowException, OSError, ValueError) as error:
        if getattr(error, "where", None) is not None:
            raise
        msg = f"the partition cannot be read: {str(error).splitlines()[0]}"
        raise CorruptFileError(msg, where=str(path), hint=_VERIFY) from error


def _edges(file: pq.ParquetFile) -> Array:
    meta = file.metadata
    counts = [meta.row_group(k).num_rows for k in range(meta.num_row_groups)]
    return np.cumsum([0, *counts], dtype=np.int64)


def _read(file: pq.ParquetFile, group: int, columns: Sequence[str] | None) -> pa.Table:
    wanted = None if columns is None else list(columns)
    return file.read_row_group(group, columns=wanted)


def _scan_file(
    path: Path | RemotePath,
    file: pq.ParquetFile,
    columns: Sequence[str] | None,
    ranges: Array | None,
    where: pc.Expression | None,
    where_columns: Sequence[str],
    test: RowTest | None,
) -> Iterator[tuple[int, Array, pa.Table]]:
    """Yield first row, wanted rows after it, and their values, of each row group."""
    edges = _edges(file)
    possible = _possible_groups(path, where)
    for group in range(file.metadata.num_row_groups):
        if possible is not None and group not in possible:
            continue
        if ranges is not None and not _overlap(_pixels_of(file, group), ranges):
            continue
        if test is not None and not test.may_pass(_bounds_in(file, group)):
            continue
        rows = _passing(file, group, ranges, where, where_columns, test)
        if rows is None:
            table = _read(file, group, columns)
            yield int(edges[group]), np.arange(table.num_rows), table
        elif len(rows):
            yield int(edges[group]), rows, taken(_read(file, group, columns), rows)


def _passing(
    file: pq.ParquetFile,
    group: int,
    ranges: Array | None,
    where: pc.Expression | None,
    where_columns: Sequence[str],
    test: RowTest | None,
) -> Array | None:
    """Return the rows of a row group that are wanted; None for all."""
    if ranges is None and where is None and test is None:
        return None
    keys = [HEALPIX] if ranges is not None else []
    tested = () if test is None else test.columns
    table = _read(file, group, list(dict.fromkeys((*keys, *where_columns, *tested))))
    n = file.metadata.row_group(group).num_rows
    rows = np.arange(n)
    if ranges is not None:
        inside = _inside(table.column(HEALPIX).to_numpy(), ranges)
        rows = rows[inside]
        table = table.filter(pa.array(inside))
    if where is not None and len(rows):
        table = table.append_column(_ROW, pa.array(rows)).filter(where)
        rows = table.column(_ROW).to_numpy()
    if test is not None and len(rows):
        rows = rows[test.passes(table)]
    return None if len(rows) == n else rows


def _possible_groups(path: Path | RemotePath, where: pc.Expression | None) -> set[int] | None:
    """Return the row groups that statistics do not rule out; None for all."""
    if where is None or isinstance(path, RemotePath):
        return None
    import pyarrow.dataset as pads
    from pyarrow.fs import LocalFileSystem

    # The fragment reads the footer again; it knows how to compare statistics with expressions.
    fragment = pads.ParquetFileFormat().make_fragment(str(path), LocalFileSystem())
    return {group.id for group in fragment.subset(filter=where).row_groups}


def _bounds_in(file: pq.ParquetFile, group: int) -> BoundsOf:
    """Return what gives the extremes of a column in a row group, from its statistics."""
    facts = file.metadata.row_group(group)
    places = {facts.column(k).path_in_schema: k for k in range(facts.num_columns)}

    def bounds_of(name: str) -> Bounds | None:
        place = places.get(name)
        found = None if place is None else facts.column(place).statistics
        if found is None or not found.has_null_count:
            return None
        if found.null_count == facts.num_rows:
            return Bounds(None, None, has_nulls=True)
        has_nulls = found.null_count > 0
        return Bounds(found.min, found.max, has_nulls) if found.has_min_max else None

    return bounds_of


def _pixels_of(file: pq.ParquetFile, group: int) -> tuple[int, int]:
    statistics = file.metadata.row_group(group).column(0).statistics
    if statistics is None or not statistics.has_min_max:
        return 0, 1 << 62
    return statistics.min, statistics.max + 1


def _overlap(own: Sequence[int] | Array, ranges: Array) -> bool:
    """Return whether a half-open range meets one of several, ascending and apart."""
    place = int(np.searchsorted(ranges[:, 1], own[0], side="right"))
    return place < len(ranges) and bool(ranges[place, 0] < own[1])


def _inside(healpix: Array, ranges: Array) -> Array:
    place = np.searchsorted(ranges[:, 1], healpix, side="right")
    found = np.minimum(place, len(ranges) - 1)
    return np.asarray((place < len(ranges)) & (ranges[found, 0] <= healpix))
