"""Which rows of an attached table belong to each main row, and why some have none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np

from astropile.engine.evaluate import Evaluator
from astropile.engine.logic import row_truth
from astropile.engine.operand import AbsentCellError, Fault, rows_of
from astropile.engine.ranges import as_lists, bad_ranges, elements_of, whole_numbers
from astropile.engine.tables import (
    Frame,
    find_partners,
    first_of_each,
    partner_cells,
    sort_rows,
)
from astropile.errors import CellError
from astropile.expression import Name
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.schema import BoundTable

Lookups = Mapping[str, Mapping[str, object]]


@dataclass(slots=True)
class Losses:
    """Main rows that have no partner, each with the reason.

    Attributes
    ----------
    which : ndarray of int64, shape (n,)
        Number of the reason; -1 for a row that has what it needs.
    reasons : list of (code, message)
        The code is one of those of rejects; it decides what may become of the row.
    """

    which: Array
    reasons: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def none(cls, n: int) -> Losses:
        """Return no losses of n rows."""
        return cls(np.full(n, -1, dtype=np.int64))

    def add(self, rows: Array, code: str, message: str | Array) -> None:
        """Say that rows, given by number, have no partner; the message may be one for each."""
        if len(rows):
            texts, inverse = np.unique(message, return_inverse=True)
            self.which[rows] = len(self.reasons) + inverse
            self.reasons += [(code, text) for text in texts.tolist()]

    def of(self, *codes: str) -> Array:
        """Return which rows were lost for one of some reasons."""
        numbers = [k for k, (code, _) in enumerate(self.reasons) if code in codes]
        return np.isin(self.which, numbers)

    @property
    def any(self) -> Array:
        """Which rows were lost."""
        return self.which >= 0

    def messages(self, rows: Array) -> Array:
        """Return the message of each of some rows that were lost."""
        return np.array([message for _, message in self.reasons])[self.which[rows]]

    def first(self) -> tuple[int, str, int]:
        """Return the first row lost, its message, and how many share it."""
        row = int(np.argmax(self.any))
        number = int(self.which[row])
        return row, self.reasons[number][1], int((self.which == number).sum())


@dataclass(frozen=True, slots=True)
class Keys:
    """What main rows say of their partners; one of the four is there, or none.

    Attributes
    ----------
    on : mapping of str to Column
        Cell of the table -> value.
    row : tuple of ndarray, optional
        Row numbers, and which are null.
    range : tuple of ndarray, optional
        First rows, ends, and which are null: nothing belongs to such a row.
    lengths : ndarray of int64, optional
        Rows of the main file of each row, of a table that lies beside it row by row.
    """

    on: Mapping[str, Column] = field(default_factory=dict)
    row: tuple[Array, Array] | None = None
    range: tuple[Array, Array, Array] | None = None
    lengths: Array | None = None

    @classmethod
    def of(cls, table: BoundTable, scope: Evaluator, lengths: Array | None = None) -> Keys:
        """Evaluate how a table is attached to rows."""
        n = scope.n
        if table.row is not None:
            return cls(row=whole_numbers(scope.evaluate(table.row.expr), n, "row"), lengths=lengths)
        if table.range is not None:
            first, last = (scope.evaluate(end.expr) for end in table.range)
            start, no_start = whole_numbers(first, n, "the start of the range")
            stop, no_stop = whole_numbers(last, n, "the end of the range")
            return cls(range=(start, stop, no_start | no_stop))
        found = {c: rows_of(scope.evaluate(value.expr), n) for c, value in table.on.items()}
        return cls(on=found)

    def take(self, rows: Array) -> Keys:
        """Return what some of the rows say."""
        return Keys(
            {cell: column.take(rows) for cell, column in self.on.items()},
            None if self.row is None else (self.row[0][rows], self.row[1][rows]),
            None if self.range is None else tuple(part[rows] for part in self.range),  # type: ignore[arg-type]
            None if self.lengths is None else self.lengths[rows],
        )


@dataclass(frozen=True, slots=True)
class Places:
    """Places in a table of the rows that belong to main rows.

    Attributes
    ----------
    rows : ndarray of int64
        One a main row, -1 where it has none; with `counts` any number a main row.
    counts : ndarray of int64, shape (n,), optional
        How many belong to each main row, if its cells are lists.
    """

    rows: Array
    counts: Array | None = None

    def moved(self, places: Callable[[Array], Array]) -> Places:
        """Return the same rows with other numbers."""
        if self.counts is not None:
            return Places(places(self.rows), self.counts)
        moved = self.rows.copy()
        moved[self.rows >= 0] = places(self.rows[self.rows >= 0])
        return Places(moved)

    def cells(self, table: Frame, lost: Array, shared: frozenset[str]) -> dict[str, Column]:
        """Return the cells that main rows get; those that lost their partner get null."""
        if self.counts is not None:
            return as_lists(table.columns, self.rows, self.counts, lost, shared)
        return partner_cells(table, self.rows)


def find_places(
    keys: Keys, table: Frame | None, total: int, losses: Losses, rows: Array, *, name: str
) -> Places:
    """Return the places in a table that main rows ask for, and note those without one.

    Parameters
    ----------
    table : Frame, optional
        Key cells of the table; needed for `Keys.on`.
    total : int
        Rows of the table.
    losses : Losses
        Gets the rows without partner.
    rows : ndarray of int64
        Numbers of these main rows in `losses`.
    name : str
        What the table is called in messages: with its file, if there is one for each row.

    Raises
    ------
    Fault
        A key is not unique in the table, or it lies beside a file with another number of rows.
    """
    if keys.lengths is not None and (keys.lengths != total).any():
        other = int(keys.lengths[keys.lengths != total][0])
        raise Fault(
            f"{name} has {total} rows, but the file that it lies beside row by row has {other}",
            hint="see which of the two files is whole; only files of one length go with row()",
        )
    if keys.range is not None:
        start, stop, null = keys.range
        bad = bad_ranges(start, stop, total) & ~null
        what = f" (from 0, the end not counted) are no rows of {name}, which has {total}"
        text = _told("rows ", start[bad], " to ", stop[bad], what)
        losses.add(rows[bad], "unmatched", text)
        counts = np.where(bad | null, 0, stop - start)
        return Places(elements_of(np.where(bad | null, 0, start), counts), counts)
    if keys.row is not None:
        number, null = keys.row
        missing = null | (number < 0) | (number >= total)
        wrong = missing & ~null
        text = _told("no row ", number[wrong], f" in {name}, which has {total} rows")
        losses.add(rows[wrong], "unmatched", text)
        losses.add(rows[null], "unmatched", f"no row of {name}: its number is null")
        return Places(np.where(missing, -1, number))
    assert table is not None  # noqa: S101 - whoever joins by key has read the keys
    found = find_partners(table, keys.on, where=name)
    losses.add(rows[found < 0], "unmatched", f"no row of {name}")
    return Places(found)


def _told(*parts: str | Array) -> Array:
    """Return a message a row: texts with numbers between them."""
    texts = (part if isinstance(part, str) else part.astype(np.str_) for part in parts)
    return np.asarray(reduce(np.strings.add, texts))


def arrange(frame: Frame, table: BoundTable, lookups: Lookups, where: str) -> Frame:
    """Filter the rows of a table, order them, and leave the first of each key."""
    if table.where is not None:

        def lookup(name: Name) -> Column:
            if name.text not in frame.columns:
                raise AbsentCellError(name.text)
            return frame.columns[name.text]

        scope = Evaluator(lookup, len(frame), lookups, frame.row)
        try:
            frame = frame.take(row_truth(scope.evaluate(table.where.expr)))
        except AbsentCellError as error:
            raise CellError(f"'{error}' is not in the file", where=where) from None
        except Fault as fault:
            raise CellError(fault.message, where=where, hint=fault.hint) from fault
    if table.model.sort:
        frame = frame.take(sort_rows(frame, table.model.sort))
    if table.model.unique:
        frame = frame.take(first_of_each(frame, table.model.unique))
    return frame


def key_cells(cells: Sequence[str], table: BoundTable, where: Sequence[str]) -> list[str]:
    """Return the cells of a table that say which of its rows belong to a main row."""
    model = table.model
    named = {*where, *table.on, *model.unique, *model.group}
    named |= {text.removeprefix("-") for text in model.sort}
    return [cell for cell in cells if cell in named]
