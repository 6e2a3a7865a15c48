"""Columns against lists of arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from astropile.readers import Column

RowsOf = Callable[[Column], list[Any]]
DTYPES = st.sampled_from(["int16", "float32", "bool", "U3"])


@st.composite
def row_arrays(draw: st.DrawFn, rank: int | None = None) -> list[np.ndarray]:
    """Draw arrays of one rank and type: equal shapes, one varying axis, or all varying."""
    rank = draw(st.integers(0, 3)) if rank is None else rank
    n, dtype = draw(st.integers(1, 5)), draw(DTYPES)
    varying = draw(st.integers(0, rank))
    fixed = [draw(st.integers(0, 3)) for _ in range(rank)]
    length = st.integers(0, 3)
    shapes = [
        tuple(draw(length) if axis < varying else fixed[axis] for axis in range(rank))
        for _ in range(n)
    ]
    return [draw(arrays(dtype, shape)) for shape in shapes]


@st.composite
def columns(draw: st.DrawFn, rank: int) -> Column:
    """Draw a column of any form with masks or without."""
    column = Column.pack(draw(row_arrays(rank)))
    if rank and draw(st.booleans()):
        column = draw(st.sampled_from([Column.ragged, Column.jagged]))(column)
    null = draw(st.none() | arrays(bool, len(column)))
    holes = draw(st.none() | arrays(bool, column.data.shape)) if rank else None
    return replace(column, null=null, holes=holes)


@given(values=row_arrays())
def test_pack_when_rows_are_taken_out_then_same_arrays(
    values: list[np.ndarray], rows_of: RowsOf
) -> None:
    """Whatever the form, a row is what was put in."""
    column = Column.pack(values)
    assert len(column) == len(values)
    assert column.ndim == values[0].ndim
    assert rows_of(column) == [rows_of(Column(v[None]))[0] for v in values]
    if column.ndim:
        assert column.counts.tolist() == [len(v) for v in values]


def test_pack_when_shapes_agree_vary_or_differ_then_dense_ragged_jagged() -> None:
    """The simplest form is taken."""
    dense = Column.pack([np.zeros((2, 3)), np.zeros((2, 3))])
    ragged = Column.pack([np.zeros((2, 3)), np.zeros((1, 3))])
    jagged = Column.pack([np.zeros((2, 3)), np.zeros((2, 2))])
    assert dense.data.shape == (2, 2, 3)
    assert dense.offsets is None
    assert ragged.data.shape == (3, 3)
    assert ragged.shapes is None
    assert jagged.shapes is not None
    assert jagged.shapes.tolist() == [[2, 3], [2, 2]]


def test_pack_when_ranks_differ_then_error() -> None:
    """No form holds both."""
    with pytest.raises(ValueError, match="different rank"):
        Column.pack([np.zeros(2), np.zeros((2, 2))])


@given(data=st.data(), rank=st.integers(0, 2))
def test_take_when_any_selection_then_same_rows(
    data: st.DataObject, rank: int, rows_of: RowsOf
) -> None:
    """Slices, masks and row numbers in any order, with repeats."""
    column = data.draw(columns(rank))
    n = len(column)
    selection = data.draw(
        st.slices(n)
        | arrays(bool, n)
        | st.lists(st.integers(0, n - 1), max_size=6).map(lambda x: np.array(x, dtype=np.int64))
    )
    taken = column.take(selection)
    expected = [rows_of(column)[i] for i in np.arange(n)[selection]]
    assert rows_of(taken) == expected
    assert taken.offsets is None or taken.offsets[0] == 0


@given(data=st.data(), rank=st.integers(0, 2))
def test_concatenate_when_forms_and_masks_differ_then_rows_in_order(
    data: st.DataObject, rank: int, rows_of: RowsOf
) -> None:
    """Joining loses neither rows nor nulls nor holes."""
    parts = data.draw(st.lists(columns(rank), min_size=1, max_size=4))
    kinds = {part.data.dtype.kind == "U" for part in parts}
    if len(kinds) > 1:
        parts = [part for part in parts if part.data.dtype.kind != "U"]
    whole = Column.concatenate(parts)
    assert rows_of(whole) == [row for part in parts for row in rows_of(part)]
    assert len(whole) == sum(map(len, parts))


def test_concatenate_when_whole_numbers_are_of_two_types_then_all_digits_stay() -> None:
    big = 2**62 + 1
    signed, unsigned = np.array([big, -1]), np.array([big + 1], dtype="u8")
    found = Column.concatenate([Column(signed), Column(unsigned)])
    assert found.data.tolist() == [big, -1, big + 1]
    top = np.array([2**64 - 1], dtype="u8")
    assert Column.concatenate([Column(signed[:1]), Column(top)]).data.tolist() == [big, 2**64 - 1]


def test_concatenate_when_a_part_is_empty_then_it_has_no_say() -> None:
    """An empty selection has no shape worth keeping."""
    full = Column(np.ones((2, 3)))
    assert Column.concatenate([Column(np.empty((0, 7))), full]) is full
    images = Column(np.ones((4, 5)), offsets=np.array([0, 4]))
    nothing = Column(np.ones((0, 0)), offsets=np.array([0, 0]))
    joined = Column.concatenate([nothing, images])
    assert joined.shapes is None
    assert joined.data.shape == (4, 5)


def test_concatenate_when_nothing_or_ranks_differ_then_error() -> None:
    """Both are mistakes of the caller."""
    with pytest.raises(ValueError, match="no columns"):
        Column.concatenate([])
    with pytest.raises(ValueError, match="rank"):
        Column.concatenate([Column(np.zeros(2)), Column(np.zeros((2, 2)))])


@given(data=st.data(), rank=st.integers(1, 2))
def test_ragged_and_jagged_when_called_then_same_rows(
    data: st.DataObject, rank: int, rows_of: RowsOf
) -> None:
    """The form changes, the rows do not."""
    column = data.draw(columns(rank))
    assert rows_of(column.ragged()) == rows_of(column)
    assert rows_of(column.jagged()) == rows_of(column)
    assert column.jagged().shapes is not None


def test_ragged_when_scalar_then_error() -> None:
    """A scalar has no axis."""
    with pytest.raises(ValueError, match="no axis"):
        Column(np.zeros(3)).ragged()


@given(data=st.data(), rank=st.integers(0, 2))
def test_as_row_when_lengths_agree_then_one_row_of_all(
    data: st.DataObject, rank: int, rows_of: RowsOf
) -> None:
    """Rows become the first axis; what had no value is NaN or a hole."""
    column = data.draw(columns(rank))
    rows = rows_of(column)
    values = rows_of(replace(column, null=None, holes=None))
    lengths = column.shapes if column.shapes is not None else column.counts if rank else rows
    if column.offsets is not None and len(np.unique(np.asarray(lengths), axis=0)) > 1:
        with pytest.raises(ValueError, match="different length"):
            column.as_row()
        return
    nothing = np.full(np.shape(values[0]), None, dtype=object).tolist()
    assert rows_of(column.as_row()) == [[nothing if row is None else row for row in rows]]


@given(data=st.data(), n=st.integers(0, 4))
def test_spread_when_one_row_then_equal_rows_without_copy(
    data: st.DataObject, n: int, rows_of: RowsOf
) -> None:
    """A shared cell costs nothing a row."""
    column = data.draw(columns(data.draw(st.integers(0, 2)))).take(slice(0, 1))
    spread = column.spread(n)
    assert rows_of(spread) == rows_of(column) * n
    assert spread.offsets is None
    assert spread.data.strides[0] == 0 or n <= 1
