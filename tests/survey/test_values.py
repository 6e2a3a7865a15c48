"""Readers of Arrow values against Arrow's own conversion to Python, on random tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from datasets import Array2D, Array3D, Features
from hypothesis import given, settings
from hypothesis import strategies as st

from astropile.survey.formatting import columns_of, examples_of
from astropile.survey.values import extractor

NUMBERS = [pa.int8(), pa.int32(), pa.int64(), pa.uint16(), pa.float32(), pa.float64()]
SCALARS = st.sampled_from([*NUMBERS, pa.bool_(), pa.string(), pa.large_string()])
INNER = st.one_of(SCALARS, st.builds(pa.list_, SCALARS, st.integers(1, 3)))


def structs(children: st.SearchStrategy[pa.DataType]) -> st.SearchStrategy[pa.DataType]:
    return st.lists(children, max_size=3).map(
        lambda kinds: pa.struct([(f"f{k}", kind) for k, kind in enumerate(kinds)])
    )


LISTS = st.one_of(
    st.builds(pa.list_, INNER),
    st.builds(pa.large_list, INNER),
    st.builds(pa.list_, INNER, st.just(2)),
)
KINDS = st.recursive(
    st.one_of(SCALARS, LISTS),
    lambda kinds: st.one_of(structs(kinds), st.builds(pa.list_, kinds)),
    max_leaves=4,
)


def value_of(kind: pa.DataType) -> st.SearchStrategy[Any]:
    """Return values of a type, null at any level; floats are exact and never NaN."""
    found: st.SearchStrategy[Any]
    if pa.types.is_struct(kind):
        found = st.fixed_dictionaries({field.name: value_of(field.type) for field in kind})
    elif pa.types.is_fixed_size_list(kind):
        size = kind.list_size
        found = st.lists(value_of(kind.value_type), min_size=size, max_size=size)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        found = st.lists(value_of(kind.value_type), max_size=3)
    elif pa.types.is_floating(kind):
        found = st.integers(-8, 8).map(lambda k: k / 4)
    elif pa.types.is_boolean(kind):
        found = st.booleans()
    elif pa.types.is_integer(kind):
        low = 0 if pa.types.is_unsigned_integer(kind) else -100
        found = st.integers(low, 2**62 if kind == pa.int64() else 100)
    else:
        found = st.text("abç", max_size=3)
    return st.one_of(st.none(), found, found, found)


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Draw a table in several chunks, each a slice of a longer array."""
    n = draw(st.integers(0, 5))
    columns = {}
    for place, kind in enumerate(draw(st.lists(KINDS, min_size=1, max_size=3))):
        chunks = []
        for _ in range(2):
            before = draw(st.integers(0, 3))
            size = before + n + 1
            rows = draw(st.lists(value_of(kind), min_size=size, max_size=size))
            chunks.append(pa.array(rows, kind).slice(before, n))
        columns[f"c{place}"] = pa.chunked_array(chunks, kind)
    return pa.table(columns)


def plain(value: Any) -> Any:
    """Return arrays as lists and NaN as None."""
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and np.isnan(value) else value


@settings(max_examples=60)
@given(tables())
def test_examples_when_table_is_random_then_as_arrow_says(table: pa.Table) -> None:
    assert [plain(row) for row in examples_of(table)] == plain(table.to_pylist())


@settings(max_examples=60)
@given(tables(), st.data())
def test_examples_when_rows_are_read_apart_then_values_and_types_are_the_same(
    table: pa.Table, data: st.DataObject
) -> None:
    """How many rows are read at a time never shows."""
    together = list(examples_of(table))
    for row in range(table.num_rows):
        (alone,) = examples_of(table.slice(row, 1))
        assert plain(alone) == plain(together[row])
        for name, value in alone.items():
            other = together[row][name]
            assert type(value) is type(other)
            if isinstance(value, np.ndarray):
                assert value.shape == other.shape
                assert value.dtype.kind == other.dtype.kind


@settings(max_examples=60)
@given(tables())
def test_columns_when_table_is_random_then_as_rows(table: pa.Table) -> None:
    columns = columns_of(table)
    for name in table.column_names:
        assert plain(columns[name]) == plain(table.column(name).to_pylist())


SHAPED = Features(
    {
        "cube": Array3D((2, 3, 1), "float32"),
        "ragged": Array2D((None, 2), "int16"),
        "mask": Array2D((3, 3), "bool"),
        "block": {"cube": Array3D((2, 3, 1), "float32"), "mask": Array2D((None, 3), "bool")},
    }
)


def shaped_rows(n: int) -> list[dict[str, Any]]:
    """Return rows of arrays with axes, some null."""
    rng = np.random.default_rng(n)

    def row(k: int) -> dict[str, Any]:
        cube = rng.normal(size=(2, 3, 1)).astype("f4")
        flags = rng.random((k % 4, 3)) < 0.5
        return {
            "cube": cube if k % 3 else None,
            "ragged": rng.integers(-9, 9, (k % 4, 2), dtype="i2") if k % 5 else None,
            "mask": rng.random((3, 3)) < 0.5,
            "block": {"cube": cube, "mask": flags} if k % 4 else None,
        }

    return [row(k) for k in range(n)]


def shaped_table(rows: list[dict[str, Any]]) -> pa.Table:
    """Return the rows as Arrow, by way of nested lists."""
    schema = SHAPED.arrow_schema

    def array(kind: pa.DataType, values: list[Any]) -> pa.Array:
        if isinstance(kind, pa.ExtensionType):
            lists = [None if v is None else v.tolist() for v in values]
            return pa.ExtensionArray.from_storage(kind, pa.array(lists, kind.storage_type))
        mask = pa.array([v is None for v in values])
        children = [array(f.type, [None if v is None else v[f.name] for v in values]) for f in kind]
        return pa.StructArray.from_arrays(children, fields=list(kind), mask=mask)

    arrays = [array(field.type, [row[field.name] for row in rows]) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def assert_same(value: Any, expected: Any) -> None:
    """Compare arrays in value, shape and type, and dicts of them."""
    if isinstance(expected, dict):
        assert value.keys() == expected.keys()
        for name, item in expected.items():
            assert_same(value[name], item)
    elif not isinstance(expected, np.ndarray):
        assert type(value) is type(expected)
        assert value == expected
    else:
        assert value.dtype == expected.dtype
        np.testing.assert_array_equal(value, expected, strict=True)


@pytest.mark.parametrize(("start", "length"), [(0, 12), (0, 1), (5, 1), (3, 7), (4, 0)])
def test_examples_when_arrays_have_axes_then_shape_type_and_nulls_are_kept(
    start: int, length: int
) -> None:
    rows = shaped_rows(12)
    found = list(examples_of(shaped_table(rows).slice(start, length)))
    assert len(found) == length
    for value, expected in zip(found, rows[start : start + length], strict=True):
        assert_same(value, expected)


def test_examples_when_numbers_then_views_without_a_copy() -> None:
    table = shaped_table(shaped_rows(6))
    first, last = list(examples_of(table))[1], next(iter(examples_of(table.slice(4))))
    assert not first["cube"].flags.owndata
    assert not first["cube"].flags.writeable
    storage = table.column("cube").chunk(0).storage
    leaf = np.frombuffer(storage.buffers()[-1], dtype="f4")
    assert np.shares_memory(first["cube"], leaf)
    assert np.shares_memory(last["cube"], leaf)


def test_columns_when_shapes_agree_then_one_array_else_objects() -> None:
    columns = columns_of(shaped_table([row for row in shaped_rows(12) if row["cube"] is not None]))
    assert columns["cube"].shape == (8, 2, 3, 1)
    assert columns["cube"].dtype == np.float32
    assert columns["mask"].shape == (8, 3, 3)
    assert columns["ragged"].dtype == object
    assert isinstance(columns["block"][0], dict)


def test_columns_when_values_are_null_then_nan_or_none_and_digits_are_kept() -> None:
    big = 2**62 + 1
    table = pa.table(
        {
            "n": pa.array([big, None]),
            "x": pa.array([1.5, None], pa.float32()),
            "t": pa.array(["a", None]),
            "s": ["é", "b"],
            "b": [True, False],
        }
    )
    columns = columns_of(table)
    assert columns["n"].tolist() == [big, None]
    assert columns["x"].dtype == np.float32
    assert np.isnan(columns["x"][1])
    assert columns["t"].tolist() == ["a", None]
    assert columns["s"].dtype.kind == "U"
    assert columns["b"].dtype == bool


def test_extractor_when_bits_start_inside_a_byte_then_flags_are_right() -> None:
    flags = np.random.default_rng(3).random(1000) < 0.5
    array = pa.array([flags[k : k + 7].tolist() for k in range(0, 994, 7)])
    value = extractor(array)
    for row in (0, 1, 5, 100):
        np.testing.assert_array_equal(value(row), flags[row * 7 :][:7])
        np.testing.assert_array_equal(extractor(array.slice(row, 1))(0), flags[row * 7 :][:7])


@pytest.mark.parametrize("kind", [pa.list_(pa.int64()), pa.list_(pa.int64(), 2)])
def test_extractor_when_an_inner_list_has_a_null_then_objects(kind: pa.DataType) -> None:
    """Arrays of one shape need not have one type."""
    value = extractor(pa.array([[[1, None], [3, 4]]], pa.list_(kind)))(0)
    assert value.dtype == object
    assert [list(part) for part in value] == [[1, None], [3, 4]]


def test_extractor_when_values_are_no_numbers_then_python_objects() -> None:
    kind = pa.list_(pa.struct([("a", pa.int64()), ("b", pa.list_(pa.float32()))]))
    array = pa.array([[{"a": 1, "b": [1.0]}, None], [], None], kind)
    first, empty, null = map(extractor(array), range(3))
    assert first[0]["a"] == 1
    assert first[0]["b"].dtype == np.float32
    assert first[1] is None
    assert len(empty) == 0
    assert null is None
    decimal = pa.array([None, 1], pa.decimal128(5, 2))
    assert extractor(decimal)(0) is None
