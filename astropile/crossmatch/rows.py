"""Which rows a result has: pairs, and what `how` adds to them or takes away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astropile.errors import UsageError
from astropile.readers.column import Array
from astropile.sky import Pairs
from astropile.sky.positions import Floats

__all__ = ["HOWS", "NO_ROW", "ResultRows", "distinct", "join", "require_how"]

#: What a match can give.
HOWS = ("inner", "left", "anti", "outer")
#: Stands for the row of a side that has none.
NO_ROW = -1
# Numbers that are further apart on average are sorted: a table of all between them is no gain.
_SPARSE = 16
_INT32 = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class ResultRows:
    """Rows of a result, sorted by (left row, separation, right row), rows without left last.

    Attributes
    ----------
    left, right : ndarray of int64
        Row numbers; -1 where there is no counterpart.
    separation_arcsec : ndarray of float64
        NaN where there is no counterpart.
    position_angle_deg : ndarray of float64 or None
        The same, if the search had both positions at hand.
    """

    left: Array
    right: Array
    separation_arcsec: Floats
    position_angle_deg: Floats | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.left)

    @property
    def is_pair(self) -> Array:
        """Whether each row has both sides."""
        return np.asarray((self.left >= 0) & (self.right >= 0))

    @property
    def nests(self) -> Array:
        """Where the rows of each left row begin, and the end; a row without left is on its own."""
        starts = np.ones(len(self), dtype=bool)
        starts[1:] = (self.left[1:] != self.left[:-1]) | (self.left[1:] < 0)
        return np.append(np.flatnonzero(starts), len(self))


def distinct(rows: Array) -> tuple[Array, Array | None]:
    """Return the different numbers of some rows, ascending, and the place of each row among them.

    The places are None if the rows are these already.

    Examples
    --------
    >>> distinct(np.array([5, 3, 5]))
    (array([3, 5]), array([1, 0, 1]))
    >>> distinct(np.array([3, 5]))
    (array([3, 5]), None)
    """
    if (rows[1:] > rows[:-1]).all():
        return rows, None
    low, high = int(rows.min()), int(rows.max()) + 1
    if high - low > _SPARSE * len(rows):
        found, back = np.unique(rows, return_inverse=True)
        return found, back
    is_there = np.zeros(high - low, dtype=bool)
    is_there[rows - low] = True
    place = np.cumsum(is_there, dtype=np.int64 if high - low > _INT32 else np.int32)
    return np.flatnonzero(is_there) + low, (place[rows - low] - 1).astype(np.int64)


def require_how(how: str) -> None:
    """Refuse a kind of join that there is not.

    Raises
    ------
    UsageError
        There is no such kind.
    """
    if how not in HOWS:
        what = f"how={how!r} is no kind of result; expected one of {', '.join(HOWS)}"
        raise UsageError(what, hint="'inner' gives the pairs, 'left' every left row")


def join(pairs: Pairs, how: str, left_rows: int, right_rows: int) -> ResultRows:
    """Return the rows that a kind of join makes of pairs."""
    if how == "inner":
        return ResultRows(*pairs.columns)
    alone = np.ones(left_rows, dtype=bool)
    alone[pairs.left] = False
    lonely = np.flatnonzero(alone)
    if how == "anti":
        return _without_right(lonely)
    rest = [lonely, np.full(len(lonely), NO_ROW)]
    rest += [np.full(len(lonely), np.nan)] * (len(pairs.columns) - len(rest))
    columns = [np.concatenate(both) for both in zip(pairs.columns, rest, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    columns = [column[order] for column in columns]
    if how == "outer":
        alone = np.ones(right_rows, dtype=bool)
        alone[pairs.right] = False
        others = np.flatnonzero(alone)
        rest = [np.full(len(others), NO_ROW), others]
        rest += [np.full(len(others), np.nan)] * (len(columns) - len(rest))
        columns = [np.concatenate(both) for both in zip(columns, rest, strict=True)]
    return ResultRows(columns[0], columns[1], *columns[2:])


def _without_right(rows: Array) -> ResultRows:
    return ResultRows(rows, np.full(len(rows), NO_ROW), np.full(len(rows), np.nan))
