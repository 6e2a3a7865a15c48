"""Elements to places of a file and back, against loops over rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile.readers import Column
from astropile.testing.cells import NotInvertibleError
from astropile.testing.layouts import dense_axis, grid_axis, ragged_axis
from astropile.testing.rows import MOST_ROWS, cut, row_value


@st.composite
def ragged(draw: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return counts, an order inside rows, and padding."""
    counts = np.array(draw(st.lists(st.integers(0, 4), min_size=1, max_size=5)))
    padding = np.array(
        draw(st.lists(st.integers(0, 3), min_size=len(counts), max_size=len(counts)))
    )
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    row = np.repeat(np.arange(len(counts)), counts)
    return counts, np.lexsort((rng.random(len(row)), row)), padding


@given(ragged())
def test_ragged_axis_when_padded_then_rows_hold_their_elements_and_padding(
    parts: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    counts, order, padding = parts
    layout = ragged_axis(counts, order, padding, dense=False)
    values = np.arange(counts.sum()) + 10.0
    stored = layout.to_stored(values, -1)
    start = 0
    for row, count in enumerate(counts):
        own = row_value(stored, row)
        assert sorted(own[own > 0]) == values[start : start + count].tolist()
        assert (own[count:] == -1).all()
        assert len(own) == count + padding[row]
        start += count
    np.testing.assert_array_equal(layout.to_elements(stored), values)
    assert layout.padding.sum() == padding.sum()


@given(ragged())
def test_ragged_axis_when_dense_then_rows_are_equally_long(
    parts: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    counts, _, _ = parts
    layout = ragged_axis(counts, None, counts.max() + 1 - counts, dense=True)
    values = np.array([f"v{k}" for k in range(counts.sum())] or [], dtype="U3")
    stored = layout.to_stored(values, "padding")
    assert stored.data.shape == (len(counts), counts.max() + 1)
    assert (stored.data[:, -1] == "padding").all()
    np.testing.assert_array_equal(layout.to_elements(stored), values)


@given(
    st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=5),
    st.booleans(),
    st.integers(0, 99),
)
def test_grid_axis_when_labels_have_rows_then_each_element_is_under_its_label(
    rows: list[tuple[int, int, int]], tiled: bool, seed: int
) -> None:
    counts = np.array(rows)
    rng = np.random.default_rng(seed)
    order = np.argsort(rng.random(counts.shape) + (counts == 0), axis=1)
    groups = np.maximum((counts > 0).sum(axis=1), 1)
    layout = grid_axis(counts, order, groups, np.ones(len(counts), int), tiled=tiled)
    label = np.repeat(np.tile(np.arange(3), len(counts)), counts.reshape(-1))
    stored = layout.to_stored(label, -1)
    assert layout.grid is not None
    for row, (first, second) in enumerate(layout.grid.shapes):
        table = row_value(stored, row).reshape(first, second)
        table = table.T if tiled else table
        assert table.shape[0] == groups[row]
        for group, cells in enumerate(table):
            assert set(cells.tolist()) <= {-1, order[row, group]}
        assert (table == -1).sum() == table.size - counts[row].sum()
    np.testing.assert_array_equal(layout.to_elements(stored), label)


def test_dense_axis_when_reversed_then_planes_stand_the_other_way_round() -> None:
    values = np.arange(12).reshape(6, 2)
    layout = dense_axis(2, 3, reverse=True)
    stored = layout.to_stored(values, 0)
    np.testing.assert_array_equal(stored.data, values.reshape(2, 3, 2)[:, ::-1])
    np.testing.assert_array_equal(layout.to_elements(stored), values)
    plain = dense_axis(2, 3).to_stored(values, 0)
    assert np.shares_memory(plain.data, values)


@given(ragged(), st.booleans(), st.integers(0, 99))
def test_cut_when_lists_are_padded_then_rows_of_an_object_hold_its_list_in_order(
    parts: tuple[np.ndarray, np.ndarray, np.ndarray], dense: bool, seed: int
) -> None:
    counts, order, padding = parts
    n = len(counts)
    layout = ragged_axis(counts, order, padding + 1, dense=False)
    assert layout.ends_padded
    lists = layout.to_stored(np.arange(counts.sum()) + 10.0, -1)
    pairs = Column(np.stack([lists.data, lists.data], axis=1), offsets=lists.offsets)
    scalar = Column(np.arange(n)[:, None] / 2)
    columns = {"id": Column(np.arange(n)), "list": lists, "pairs": pairs, "scalar": scalar}
    found = cut(columns, ["id"], layout, np.random.default_rng(seed), dense=dense)
    ids = found["id"].data
    assert np.unique(ids, return_index=True)[1].argsort().tolist() == list(range(n))
    np.testing.assert_array_equal(found["scalar"].data, ids / 2)
    assert (found["list"].offsets is None) == dense
    if dense:
        longest = int((found["list"].data > 0).sum(axis=1).max())
        assert found["list"].data.shape[1] == max(1, longest)
    for number in range(n):
        rows = [row_value(found["list"], k) for k in np.flatnonzero(ids == number).tolist()]
        assert 1 <= len(rows) <= MOST_ROWS
        real = [row[row > 0] for row in rows]
        own = row_value(lists, number)
        np.testing.assert_array_equal(np.concatenate(real), own[own > 0])
        assert all((row[len(part) :] == -1).all() for row, part in zip(rows, real, strict=True))
    np.testing.assert_array_equal(found["pairs"].data[..., 1], found["list"].data)


def test_cut_when_a_list_has_another_length_then_refused() -> None:
    layout = ragged_axis(np.array([2]), None, np.array([1]), dense=True)
    with pytest.raises(NotInvertibleError, match="x has another number"):
        cut({"x": Column(np.zeros((1, 4)))}, [], layout, np.random.default_rng(0), dense=True)
