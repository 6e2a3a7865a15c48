"""Which rows of a file are wanted: a slice of step 1, or row numbers that never fall."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from astropile.errors import UsageError
from astropile.readers.column import Array, Rows


def select_rows(rows: Rows | None, n: int) -> Rows:
    """Bring a selection of rows to its simplest form.

    Parameters
    ----------
    rows : slice or array of int or bool, optional
        Rows that are wanted; all if left out. Numbers must not fall; a mask has ``n`` elements.
    n : int
        Number of rows there are.

    Returns
    -------
    slice or ndarray of int64
        A slice of step 1 within 0 and ``n`` where the rows are consecutive, else row numbers.

    Raises
    ------
    UsageError
        The rows are no numbers, fall, or lie outside.

    Examples
    --------
    >>> select_rows(np.array([3, 4, 5]), 10)
    slice(3, 6, None)
    >>> select_rows(slice(None, None, 4), 10).tolist()
    [0, 4, 8]
    """
    if rows is None:
        return slice(0, n)
    if isinstance(rows, slice):
        start, stop, step = rows.indices(n)
        if step == 1:
            return slice(start, max(start, stop))
        rows = np.arange(start, stop, step)
    numbers = np.asarray(rows)
    if numbers.dtype == bool and numbers.shape == (n,):
        numbers = np.flatnonzero(numbers)
    if numbers.size == 0:
        return slice(0, 0)
    if numbers.dtype.kind not in "iu" or numbers.ndim != 1:
        msg = f"rows are a slice or a list of numbers, got {numbers.dtype} of shape {numbers.shape}"
        raise UsageError(msg, hint="give slice(start, stop), or one integer for each row")
    numbers = numbers.astype(np.int64, copy=False)
    steps = np.diff(numbers)
    if (steps < 0).any():
        msg_0 = "row numbers must not fall"
        raise UsageError(msg_0, hint="sort them, and take() the result")
    first, last = int(numbers[0]), int(numbers[-1])
    if first < 0 or last >= n:
        msg_0 = f"row {first if first < 0 else last} asked for, there are {n}"
        raise UsageError(msg_0, hint="rows are counted from 0; count_rows() says how many")
    return slice(first, last + 1) if (steps == 1).all() else numbers


def count_selected(rows: Rows) -> int:
    """Return how many rows a selection made by `select_rows` has."""
    return int(rows.stop - rows.start) if isinstance(rows, slice) else len(rows)


def split_at(rows: Rows, edges: Array) -> Iterator[tuple[int, slice, Rows]]:
    """Cut a selection where blocks of rows meet.

    Parameters
    ----------
    rows : slice or ndarray of int64
        As made by `select_rows`.
    edges : ndarray of int64, shape (blocks + 1,)
        Row at which each block starts, rising from 0, and the end of the last.

    Yields
    ------
    block : int
        Number of a block that holds wanted rows.
    place : slice
        Where these rows stand in the selection.
    local : slice or ndarray of int64
        The rows, counted from the start of the block.
    """
    if isinstance(rows, slice):
        cuts = np.clip(edges, rows.start, rows.stop) - rows.start
    else:
        cuts = np.searchsorted(rows, edges)
    for block in np.flatnonzero(np.diff(cuts)):
        place = slice(int(cuts[block]), int(cuts[block + 1]))
        start = int(edges[block])
        if isinstance(rows, slice):
            first = rows.start + place.start - start
            yield int(block), place, slice(first, first + place.stop - place.start)
        else:
            yield int(block), place, rows[place] - start
