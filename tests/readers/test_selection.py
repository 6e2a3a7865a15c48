"""Selections of rows against numpy indexing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from astropile.errors import UsageError
from astropile.readers._selection import count_selected, select_rows, split_at


def numbers_of(rows: Any, n: int) -> list[int]:
    """Return the rows that a selection means."""
    return [int(row) for row in np.arange(n)[rows]]


@given(n=st.integers(0, 12), data=st.data())
def test_select_rows_when_rising_then_as_numpy(n: int, data: st.DataObject) -> None:
    """Slices, masks and sorted numbers mean what they mean to numpy."""
    number = st.lists(st.integers(0, max(0, n - 1)), max_size=n).map(lambda x: np.array(sorted(x)))
    rows = data.draw(st.slices(n).filter(lambda s: (s.step or 1) > 0) | number | arrays(bool, n))
    chosen = select_rows(rows, n)
    is_empty = isinstance(rows, np.ndarray) and rows.size == 0
    expected = [] if is_empty else numbers_of(rows, n)
    assert numbers_of(chosen, n) == expected
    assert count_selected(chosen) == len(expected)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.array([2, 1]), "must not fall"),
        (slice(None, None, -1), "must not fall"),
        (np.array([-1, 2]), "row -1 asked for, there are 4"),
        (np.array([4]), "row 4 asked for, there are 4"),
        (np.array([0.5]), "list of numbers, got float64"),
        (np.array([[0, 1]]), "of shape"),
        (np.array([True]), "got bool"),
    ],
)
def test_select_rows_when_it_cannot_be_meant_then_error(rows: Any, message: str) -> None:
    """Nothing is guessed, least of all from the end."""
    with pytest.raises(UsageError, match=message):
        select_rows(rows, 4)


@given(sizes=st.lists(st.integers(0, 4), min_size=1, max_size=6), data=st.data())
def test_split_at_when_blocks_meet_then_every_row_once(
    sizes: list[int], data: st.DataObject
) -> None:
    """Put together again, the parts are the selection."""
    edges = np.cumsum([0, *sizes])
    n = int(edges[-1])
    rows = select_rows(data.draw(arrays(bool, n) | st.slices(n).filter(lambda s: s.step == 1)), n)
    found = np.full(count_selected(rows), -1)
    for block, place, local in split_at(rows, edges):
        inside = np.arange(sizes[block])[local]
        assert len(inside)
        found[place] = edges[block] + inside
    assert found.tolist() == numbers_of(rows, n)
