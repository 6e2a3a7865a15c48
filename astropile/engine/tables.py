"""Operators on the cells of a table in memory: Filter, Unique, Nest, Join, Take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np

from astropile.engine.functions.text import as_text
from astropile.engine.operand import Fault, Operand
from astropile.readers import Column
from astropile.readers.column import Array, Rows, joined, offsets_of


@dataclass(frozen=True, slots=True)
class Frame:
    """Rows of cells.

    Attributes
    ----------
    columns : mapping of str to Column
        Cells by address.
    file : ndarray of int64, shape (n,)
        Number of the file that each row comes from.
    row : ndarray of int64, shape (n,)
        Number of the row in that file.
    """

    columns: Mapping[str, Column]
    file: Array
    row: Array

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.row)

    def take(self, rows: Rows) -> Frame:
        """Return the rows named by a mask, a slice or numbers."""
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        return Frame(columns, self.file[rows], self.row[rows])

    def only(self, names: Sequence[str]) -> Frame:
        """Return the same rows with some of the cells."""
        return Frame({name: self.columns[name] for name in names}, self.file, self.row)

    @property
    def n_bytes(self) -> int:
        """Memory that the values take."""
        return sum(column.data.nbytes for column in self.columns.values())

    def is_like(self, other: Frame, padded: Set[str] = frozenset()) -> bool:
        """Return whether both have the same cells, and each of these one type and shape.

        Padded cells may differ in length.
        """
        if self.columns.keys() != other.columns.keys():
            return False
        return all(
            _form(column, name in padded) == _form(other.columns[name], name in padded)
            for name, column in self.columns.items()
        )

    @staticmethod
    def concatenate(frames: Sequence[Frame]) -> Frame:
        """Put frames below one another; a cell that one lacks is null there."""
        if len(frames) == 1:
            return frames[0]
        names = dict.fromkeys(name for frame in frames for name in frame.columns)
        columns = {}
        for name in names:
            parts = [frame.columns.get(name) for frame in frames]
            solid = next(part for part in parts if part is not None)
            columns[name] = Column.concatenate(
                [
                    null_column(solid, len(frame)) if part is None else part
                    for part, frame in zip(parts, frames, strict=True)
                ]
            )
        return Frame(
            columns,
            np.concatenate([frame.file for frame in frames]),
            np.concatenate([frame.row for frame in frames]),
        )


def _form(column: Column, is_padded: bool) -> tuple[object, ...]:  # noqa: FBT001
    """Return what rows must share so that they can stand in one column as they are."""
    dtype, is_dense = column.data.dtype, column.offsets is None
    lengths = column.data.shape[2 if is_padded and is_dense else 1 :]
    kind = dtype.kind if dtype.kind == "U" else dtype
    return kind, column.ndim, lengths, is_dense, column.shapes is None


def join_small(
    frames: Iterable[Frame], *, rows: int, n_bytes: int, padded: Set[str] | None
) -> Iterator[Frame]:
    """Put small frames that follow one another into one, so that a batch is worth its while.

    Parameters
    ----------
    rows, n_bytes : int
        Most rows and bytes of a joined frame; what is bigger stays as it is.
    padded : set of str or None
        Join only frames of the same cells, types and shapes, but for the lengths of these cells:
        an array of one length in all rows says something else than a list. None joins any.
    """
    held: list[Frame] = []
    count = size = 0
    for frame in frames:
        more = frame.n_bytes
        is_full = count + len(frame) > rows or size + more > n_bytes
        is_other = padded is not None and held and not held[-1].is_like(frame, padded)
        if held and (is_full or is_other):
            yield Frame.concatenate(held)
            held, count, size = [], 0, 0
        held.append(frame)
        count, size = count + len(frame), size + more
        if count >= rows or size >= n_bytes:
            # Handed on at once: the next one may need the memory.
            yield Frame.concatenate(held)
            held, count, size = [], 0, 0
    if held:
        yield Frame.concatenate(held)


def null_column(like: Column, n: int) -> Column:
    """Return ``n`` null rows of the form of another column."""
    null = np.ones(n, dtype=bool)
    if like.offsets is not None:
        shapes = None if like.shapes is None else np.zeros((n, like.ndim), dtype=np.int64)
        return Column(like.data[:0], np.zeros(n + 1, dtype=np.int64), shapes, null)
    return Column(np.zeros((n, *like.data.shape[1:]), dtype=like.data.dtype), null=null)


def sort_rows(frame: Frame, keys: Sequence[str]) -> Array:
    """Return the stable order of rows by keys; ``-X`` descends; nulls come last."""
    ranks = []
    for key in keys:
        column = frame.columns[key.removeprefix("-")]
        _, rank = np.unique(column.data, return_inverse=True)
        rank = -rank if key.startswith("-") else rank
        if column.null is not None:
            rank = np.where(column.null, len(rank) + 1, rank)
        if column.data.dtype.kind == "f":
            rank = np.where(np.isnan(column.data), len(rank) + 1, rank)
        ranks.append(rank)
    return np.lexsort(tuple(reversed(ranks)))


def group_numbers(frame: Frame, keys: Sequence[str]) -> Array:
    """Return a number for every row, from 0 without gaps: equal where the keys are equal."""
    if not len(frame):
        return np.zeros(0, dtype=np.int64)
    cells = [frame.columns[key].data for key in keys]
    is_new = np.ones(len(frame), dtype=bool)
    is_new[1:] = np.logical_or.reduce([cell[1:] != cell[:-1] for cell in cells])
    # Rows of a group mostly follow one another, so that few of them need to be compared.
    starts = np.flatnonzero(is_new)
    joined = np.zeros(len(starts), dtype=np.int64)
    for cell in cells:
        _, codes = np.unique(cell[starts], return_inverse=True)
        _, joined = np.unique(joined * (codes.max(initial=0) + 1) + codes, return_inverse=True)
    return np.repeat(joined, np.diff(np.append(starts, len(frame))))


def first_of_each(frame: Frame, keys: Sequence[str]) -> Array:
    """Return the rows that hold a key for the first time, in row order."""
    return np.sort(first_rows(group_numbers(frame, keys)))


def first_rows(groups: Array) -> Array:
    """Return the first row of each group number."""
    first = np.zeros(groups.max(initial=-1) + 1, dtype=np.int64)
    # Of several values for one place the last one stays.
    first[groups[::-1]] = np.arange(len(groups))[::-1]
    return first


def group_ranks(frame: Frame, keys: Sequence[str]) -> tuple[Array, Array]:
    """Return the group of every row, numbered in order of first appearance, and these rows."""
    if not len(frame):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    groups = group_numbers(frame, keys)
    first = first_rows(groups)
    order = np.argsort(first)
    rank = np.empty(len(first), dtype=np.int64)
    rank[order] = np.arange(len(first))
    return rank[groups], first[order]


def nest(frame: Frame, keys: Sequence[str], groups: tuple[Array, Array] | None = None) -> Frame:
    """Make one row a key; other cells become lists, lists of lists are joined.

    Parameters
    ----------
    groups : tuple of ndarray, optional
        What `group_ranks` says of the rows, if it is known.
    """
    ranks, start = group_ranks(frame, keys) if groups is None else groups
    offsets = offsets_of(np.bincount(ranks, minlength=len(start)))
    sorts = (np.diff(ranks) < 0).any()
    ordered = frame.take(np.argsort(ranks, kind="stable")) if sorts else frame
    columns = {}
    for name, column in ordered.columns.items():
        if name in keys:
            columns[name] = frame.columns[name].take(start)
        elif column.ndim:
            # Lists of one length are joined as lists of any length are.
            lists = column.ragged()
            joined = lists.offsets[offsets]  # type: ignore[index]
            columns[name] = Column(lists.data, offsets=joined, holes=lists.holes)
        else:
            columns[name] = Column(column.data, offsets=offsets, holes=column.null)
    return Frame(columns, frame.file[start], frame.row[start])


def find_partners(table: Frame, keys: Mapping[str, Column], *, where: str) -> Array:
    """Return the row of a table for each main row; -1 where there is none.

    Parameters
    ----------
    table : Frame
        The attached table.
    keys : mapping of str to Column
        Cell of the table -> value in the main rows.

    Raises
    ------
    Fault
        The key is not unique in the table: a join never multiplies rows.
    """
    left, right = [], []
    for cell, wanted in keys.items():
        a, b = Operand(wanted), Operand(table.columns[cell])
        if a.is_text != b.is_text:
            a, b = as_text(a), as_text(b)
        left.append(a.column)
        right.append(b.column)
    n = len(left[0])
    known = ~_any_null(left), ~_any_null(right)
    codes = np.zeros(n + len(table), dtype=np.int64)
    for a_column, b_column in zip(left, right, strict=True):
        both = joined([a_column.data, b_column.data])
        _, inverse = np.unique(both, return_inverse=True)
        _, codes = np.unique(codes * (inverse.max(initial=0) + 1) + inverse, return_inverse=True)
    rows = np.flatnonzero(known[1])
    main, other = codes[:n], codes[n:][rows]
    unique, first, counts = np.unique(other, return_index=True, return_counts=True)
    if (counts > 1).any():
        row = int(table.row[rows[first[counts > 1][0]]])
        raise Fault(
            f"{where} holds a key more than once (first at row {row})",
            hint="a join needs unique keys: say unique: or group: for the table",
        )
    place = np.clip(np.searchsorted(unique, main), 0, max(len(unique) - 1, 0))
    found = np.full(n, -1, dtype=np.int64)
    if len(unique):
        hit = (unique[place] == main) & known[0]
        found[hit] = rows[first[place[hit]]]
    return found


def _any_null(keys: Sequence[Column]) -> Array:
    """Return which rows lack one of their keys: null is equal to nothing."""
    null = np.zeros(len(keys[0]), dtype=bool)
    for column in keys:
        if column.null is not None:
            null |= column.null
        if column.data.dtype.kind == "f":
            null |= np.isnan(column.data)
    return null


def partner_cells(table: Frame, rows: Array) -> dict[str, Column]:
    """Return the cells of partner rows; row -1 gives null."""
    missing = rows < 0
    if not len(table):
        return {name: null_column(column, len(rows)) for name, column in table.columns.items()}
    if not missing.any():
        is_same = len(rows) == len(table) and np.array_equal(rows, np.arange(len(rows)))
        return dict(table.columns if is_same else table.take(rows).columns)
    return {name: take_or_null(column, rows) for name, column in table.columns.items()}


def take_or_null(column: Column, rows: Array) -> Column:
    """Return the values of rows of a column; row -1 gives null."""
    missing = rows < 0
    if column.offsets is None:
        taken = column.take(np.where(missing, 0, rows))
        # Nothing of the row that stands in must be taken for a value, be it a faulty one.
        taken.data[missing] = np.zeros((), dtype=taken.data.dtype)
        null = missing if taken.null is None else taken.null | missing
        return replace(taken, null=null)
    # A row without partner has no elements, rather than those of another.
    taken = column.take(rows[~missing])
    counts = np.zeros(len(rows), dtype=np.int64)
    counts[~missing] = np.diff(np.asarray(taken.offsets))
    null = missing.copy()
    if taken.null is not None:
        null[~missing] = taken.null
    shapes = None
    if taken.shapes is not None:
        shapes = np.zeros((len(rows), taken.ndim), dtype=np.int64)
        shapes[~missing] = taken.shapes
    return Column(taken.data, offsets_of(counts), shapes, null, taken.holes)
