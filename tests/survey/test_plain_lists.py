"""Nested lists of plain tables: inner lengths are found in the values, and held to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import astropile as ap
from astropile.errors import UsageError
from astropile.survey.plain_lists import as_arrays, has_open_lists, sized_type

N = 7
OPEN = pa.list_(pa.list_(pa.float32()))


def rows_of(values: list[Any], kind: pa.DataType = OPEN) -> pa.Table:
    """Return a table with a column of lists."""
    n = len(values)
    place = {"i": [f"o{k}" for k in range(n)], "ra": np.arange(n) * 9.0, "dec": np.zeros(n)}
    return pa.table({**place, "image": pa.array(values, kind)})


def build(table: Any, place: Path) -> Any:
    return ap.build_table(table, place, name="t", object_id="i", ra="ra", dec="dec")


def found_in(pile: Any) -> list[Any]:
    """Return the lists of a pile, row by row."""
    table = pa.concat_tables(list(pile.iter_tables())).sort_by("i")
    chunks = table.column("image").chunks
    return [row for chunk in chunks for row in chunk.storage.to_pylist()]


@pytest.mark.parametrize("source", ["arrow", "pandas", "parquet", "large lists"])
def test_build_table_when_lists_are_nested_then_arrays(source: str, tmp_path: Path) -> None:
    values = np.arange(N * 24, dtype="f4").reshape(N, 2, 3, 4).tolist()
    kind = pa.list_(OPEN)
    if source == "large lists":
        kind = pa.large_list(pa.large_list(pa.large_list(pa.float32())))
    table: Any = rows_of(values, kind)
    if source == "pandas":
        table = pd.DataFrame({n: table.column(n).to_pylist() for n in table.column_names})
    if source == "parquet":
        pq.write_table(table, tmp_path / "t.parquet", row_group_size=2)
        table = tmp_path / "t.parquet"
    pile = build(table, tmp_path / "pile")
    assert found_in(pile) == values
    assert np.asarray(pile.dataset()[3]["image"]).shape == (2, 3, 4)


def test_build_table_when_rows_are_null_empty_or_ragged_outside_then_kept(tmp_path: Path) -> None:
    values = [None, [], [[1.0, 2.0]], [[3.0, None], [5.0, 6.0], [7.0, 8.0]]]
    assert found_in(build(rows_of(values), tmp_path / "pile")) == values


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ([[1.0, 2.0], [3.0]], "row 1: an inner list has 1 elements, expected 2 elements"),
        ([[1.0, 2.0], None], "row 1: an inner list is null, expected 2 elements"),
        ([[]], "row 1: an inner list has 0 elements, expected 2 elements"),
    ],
)
@pytest.mark.parametrize("is_file", [False, True])
def test_build_table_when_inner_lists_differ_then_row_and_lengths_are_told(
    row: Any, said: str, *, is_file: bool, tmp_path: Path
) -> None:
    table: Any = rows_of([[[1.0, 2.0]], row, [[5.0, 6.0]]])
    if is_file:
        pq.write_table(table, tmp_path / "t.parquet")
        table = tmp_path / "t.parquet"
    with pytest.raises(UsageError, match=said) as caught:
        build(table, tmp_path / "pile")
    assert "image" in str(caught.value.where)
    assert not (tmp_path / "pile").exists()


def test_build_table_when_rejected_rows_come_before_then_the_row_is_that_of_the_table(
    tmp_path: Path,
) -> None:
    table = rows_of([[[1.0]], [[2.0]], [[3.0, 4.0]]])
    table = table.set_column(2, "dec", pa.array([99.0, 0.0, 0.0]))
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(UsageError, match="row 2: an inner list has 2"):
        build(tmp_path / "t.parquet", tmp_path / "pile")


@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    counts=st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=1, max_size=6),
    cut=st.integers(0, 3),
)
def test_arrays_when_made_of_lists_then_the_same_values(
    shape: tuple[int, int], counts: list[int | None], cut: int
) -> None:
    rng = np.random.default_rng(0)
    rows = [None if n is None else rng.normal(size=(n, *shape)).tolist() for n in counts]
    whole = pa.array(rows, pa.list_(pa.list_(pa.list_(pa.float64()))))
    kind = sized_type(whole.type, [whole])
    assert kind is not None
    assert not has_open_lists(kind)
    part = whole.slice(min(cut, len(whole)))
    found = as_arrays(part, kind, np.arange(len(part)), "t, x")
    assert found.type == kind
    assert found.to_pylist() == part.to_pylist()


def test_arrays_when_the_outer_list_is_of_fixed_length_then_so_is_the_array() -> None:
    kind = pa.list_(pa.list_(pa.float16()), 2)
    half = np.float16
    rows = [[[half(1)], [half(2)]], None, [[half(3)], [half(4)]]]
    values = pa.array(rows, kind)
    wanted = sized_type(kind, [values])
    assert wanted == pa.list_(pa.list_(pa.float32(), 1), 2)
    found = as_arrays(values, wanted, np.arange(3), "t, x")
    assert found.to_pylist() == [[[1.0], [2.0]], None, [[3.0], [4.0]]]


def test_type_when_a_pile_has_none_then_none() -> None:
    days = pa.list_(pa.list_(pa.date32()))
    deep = pa.float32()
    for _ in range(6):
        deep = pa.list_(deep)
    assert sized_type(days, [pa.array([], days)]) is None
    assert sized_type(deep, [pa.array([], deep)]) is None
