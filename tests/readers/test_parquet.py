"""Parquet files written with pyarrow, read back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from astropile.errors import AstropileError, CellError, CorruptFileError
from astropile.readers import CellInfo, ReadOptions, open_reader

NewPath = Callable[[str], Path]
RowsOf = Callable[[Any], list[Any]]
KINDS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "bool": (pa.bool_(), st.booleans()),
    "int8": (pa.int8(), st.integers(-128, 127)),
    "uint64": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "int64": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "float16": (pa.float16(), st.sampled_from([0.5, -2.0, float("inf")])),
    "float32": (pa.float32(), st.floats(width=32, allow_nan=False)),
    "float64": (pa.float64(), st.floats(allow_nan=False)),
    "text": (pa.string(), st.text("ab é", max_size=4)),
}
LARGE = {pa.string(): pa.large_string()}


def write(path: Path, rows_a_group: int = 3, **columns: pa.Array) -> Path:
    """Write a table with small row groups and return the path."""
    pq.write_table(pa.table(columns), path, row_group_size=rows_a_group)
    return path


@given(data=st.data(), name=st.sampled_from(list(KINDS)), large=st.booleans())
def test_read_when_values_and_nulls_then_the_same(
    data: st.DataObject, name: str, large: bool, new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Any type, nulls, several row groups, any rows."""
    kind, values = KINDS[name]
    listed = data.draw(st.lists(st.none() | values, min_size=1, max_size=8))
    path = write(new_path(".parquet"), x=pa.array(listed, LARGE.get(kind, kind) if large else kind))
    chosen = np.flatnonzero(data.draw(arrays(bool, len(listed))))
    found = load(path, "parquet", ["x"])["x"]
    assert rows_of(found) == listed
    assert rows_of(load(path, "parquet", ["x"], chosen)["x"]) == [listed[i] for i in chosen]
    with open_reader(path, "parquet", ReadOptions()) as reader:
        assert reader.cells()["x"] == CellInfo(name)
    assert found.data.dtype.kind == "U" if name == "text" else found.data.dtype == name


@given(data=st.data(), name=st.sampled_from(list(KINDS)))
def test_read_when_lists_then_ragged(
    data: st.DataObject, name: str, new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Null lists are null rows, nulls in lists are holes (NaN in floats)."""
    kind, values = KINDS[name]
    listed = data.draw(
        st.lists(st.none() | st.lists(st.none() | values, max_size=3), min_size=1, max_size=6)
    )
    path = write(new_path(".parquet"), x=pa.array(listed, pa.list_(kind)))
    found = load(path, "parquet", ["x"])["x"]
    assert found.offsets is not None
    assert rows_of(found) == listed
    part = load(path, "parquet", ["x"], slice(1, 4))["x"]
    assert rows_of(part) == listed[1:4]


@given(data=st.data(), inner=st.integers(0, 3))
def test_read_when_lists_of_lists_then_ragged_or_jagged(
    data: st.DataObject, inner: int, new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """The inner level may differ by row, not within one."""
    constant = data.draw(st.booleans())
    listed = []
    for _ in range(data.draw(st.integers(1, 5))):
        n, m = data.draw(st.integers(0, 3)), inner if constant else data.draw(st.integers(0, 3))
        listed.append(data.draw(st.lists(st.lists(st.integers(0, 9), min_size=m, max_size=m),
                                         min_size=n, max_size=n)))  # fmt: skip
    path = write(new_path(".parquet"), x=pa.array(listed, pa.list_(pa.list_(pa.int16()))))
    found = load(path, "parquet", ["x"])["x"]
    assert found.ndim == 2
    assert not constant or found.shapes is None
    assert [np.array(row, ndmin=2).tolist() if row else [] for row in rows_of(found)] == [
        np.array(row, ndmin=2).tolist() if row else [] for row in listed
    ]


def test_read_when_inner_lists_vary_within_a_row_then_error(new_path: NewPath, load: Any) -> None:
    """Two ragged axes have no column."""
    values = pa.array([[[1], [2]], [[1], [2, 3]]], pa.list_(pa.list_(pa.int8())))
    path = write(new_path(".parquet"), x=values)
    with pytest.raises(CellError, match="x: lists of different length within row 1"):
        load(path, "parquet", ["x"])


def test_read_when_size_is_fixed_then_dense_with_nulls(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Also lists in lists, where the outer or the inner is null."""
    pair = pa.list_(pa.float32(), 2)
    path = write(
        new_path(".parquet"),
        rows_a_group=2,
        pair=pa.array([[1, 2], None, [3, None]], pair),
        image=pa.array([[[1, 2], [3, 4]], None, [None, [7, 8]]], pa.list_(pair, 2)),
    )
    found = load(path, "parquet")
    assert found["pair"].data.shape == (3, 2)
    assert rows_of(found["pair"]) == [[1, 2], None, [3, None]]
    assert found["image"].data.shape == (3, 2, 2)
    assert rows_of(found["image"]) == [[[1, 2], [3, 4]], None, [[None, None], [7, 8]]]
    assert rows_of(load(path, "parquet", ["image"], slice(1, 3))["image"])[0] is None


def test_read_when_struct_of_lists_or_list_of_structs_then_the_same_cells(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """`spectrum.flux` is the same address, whichever way a catalogue nests it."""
    rows: list[Any] = [[(1.0, "g"), (2.0, "r")], [], None, [(None, "z")]]
    one = pa.struct({"flux": pa.float32(), "band": pa.string()})
    many = pa.struct({"flux": pa.list_(pa.float32()), "band": pa.list_(pa.string())})
    listed = [None if row is None else [{"flux": f, "band": b} for f, b in row] for row in rows]
    turned = [None if row is None else {"flux": [f for f, _ in row], "band": [b for _, b in row]}
              for row in rows]  # fmt: skip
    a = write(new_path(".parquet"), s=pa.array(listed, pa.list_(one)))
    b = write(new_path(".parquet"), s=pa.array(turned, many))
    for path in (a, b):
        found = load(path, "parquet", ["s.flux", "s.band"])
        assert rows_of(found["s.flux"]) == [[1, 2], [], None, [None]]
        assert rows_of(found["s.band"]) == [["g", "r"], [], None, ["z"]]


def test_read_when_struct_is_null_then_its_fields_are(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Structs in structs, too."""
    inner = pa.struct({"k": pa.int32()})
    values = pa.array([{"in": {"k": 1}}, None, {"in": None}], pa.struct({"in": inner}))
    path = write(new_path(".parquet"), s=values)
    assert rows_of(load(path, "parquet", ["s.in.k"])["s.in.k"]) == [1, None, None]


def test_read_when_stored_otherwise_then_as_its_storage(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Dictionaries, times, decimals, bytes, tensors; maps are no cells."""
    tensor = pa.FixedShapeTensorArray.from_numpy_ndarray(np.arange(12.0).reshape(2, 2, 3))
    path = write(
        new_path(".parquet"),
        word=pa.array(["g", None]).dictionary_encode(),
        bare=pa.DictionaryArray.from_arrays(pa.array([None, None], "int8"), pa.array([], "str")),
        day=pa.array([1, None], pa.date32()),
        time=pa.array([10**12, 5], pa.timestamp("us")),
        price=pa.array([None, 1], pa.decimal128(5, 2)),
        code=pa.array([b"ab ", b"c"], pa.binary()),
        fixed=pa.array([b"ab ", b"cd\0"], pa.binary(3)),
        tensor=tensor,
        nothing=pa.nulls(2),
        map=pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int8())),
    )
    found = {name: rows_of(column) for name, column in load(path, "parquet").items()}
    assert found == {
        "word": ["g", None],
        "bare": [None, None],
        "day": [1, None],
        "time": [10**12, 5],
        "price": [None, 1.0],
        "code": ["ab ", "c"],
        "fixed": ["ab", "cd"],
        "tensor": np.arange(12.0).reshape(2, 2, 3).tolist(),
        "nothing": [None, None],
    }


def test_read_when_array_of_datasets_then_dense_or_ragged(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """The library `datasets` writes shapes into the metadata of a field."""

    def field(name: str, rank: int, shape: list[int | None]) -> pa.Field:
        kind = pa.float32()
        for _ in range(rank):
            kind = pa.list_(kind)
        extension = f"datasets.features.features.Array{rank}DExtensionType"
        return pa.field(name, kind, metadata={
            "ARROW:extension:name": extension,
            "ARROW:extension:metadata": json.dumps([shape, "float32"]),
        })  # fmt: skip

    image, cube = [[[1.0, 2.0]], None, [[3.0, 4.0]]], [[[1.0]], [[2.0], [3.0]], []]
    schema = pa.schema([field("image", 2, [1, 2]), field("cube", 2, [None, 1])])
    table = pa.table({"image": image, "cube": cube}, schema=schema)
    path = new_path(".parquet")
    pq.write_table(table, path)
    found = load(path, "parquet")
    assert found["image"].data.shape == (3, 1, 2)
    assert rows_of(found["image"]) == image
    assert found["cube"].data.shape == (3, 1)
    assert rows_of(found["cube"]) == cube


def test_read_when_declared_shape_is_wrong_then_error(new_path: NewPath, load: Any) -> None:
    """A shape in the metadata is a claim."""
    metadata = {
        "ARROW:extension:name": "datasets.features.features.Array1DExtensionType",
        "ARROW:extension:metadata": '[[3], "float32"]',
    }
    schema = pa.schema([pa.field("x", pa.list_(pa.float32()), metadata=metadata)])
    path = new_path(".parquet")
    pq.write_table(pa.table({"x": [[1.0, 2.0, 3.0], [1.0]]}, schema=schema), path)
    with pytest.raises(CellError, match="x: declared to have 3 elements"):
        load(path, "parquet", ["x"])


def test_cells_when_hats_catalogue_then_without_its_own_columns(new_path: NewPath) -> None:
    """Units are of the field, or of what it stands in."""
    fields = [
        pa.field("_healpix_29", pa.int64()),
        pa.field("ra", pa.float64(), metadata={"unit": "deg"}),
        pa.field("lc", pa.struct([pa.field("t", pa.list_(pa.float64()), metadata={"unit": "d"})])),
        *(pa.field(name, pa.int8()) for name in ("Norder", "Dir", "Npix")),
    ]
    path = new_path(".parquet")
    pq.write_table(pa.schema(fields).empty_table(), path)
    with open_reader(path, "parquet", ReadOptions()) as reader:
        assert dict(reader.cells()) == {
            "ra": CellInfo("float64", (), "deg"),
            "lc.t": CellInfo("float64", (None,), "d"),
        }
        assert reader.count_rows() == 0
        found = reader.read(["ra", "lc.t"])
    assert [len(column) for column in found.values()] == [0, 0]


def test_read_when_file_is_a_row_then_columns_are_arrays(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """A light curve a file."""
    path = write(new_path(".parquet"), t=pa.array([1.0, 2.0, None]), n=pa.array([1, None, 3]))
    found = load(path, "parquet", rows="file")
    assert rows_of(found["t"]) == [[1.0, 2.0, None]]
    assert rows_of(found["n"]) == [[1, None, 3]]


def test_read_when_other_row_groups_or_columns_are_damaged_then_not_touched(
    new_path: NewPath, load: Any
) -> None:
    """Only wanted pages are read, and page checksums are looked at."""
    path = new_path(".parquet")
    table = pa.table({"a": np.arange(3000), "b": np.arange(3000)})
    pq.write_table(table, path, row_group_size=1000, write_page_checksum=True, use_dictionary=False)
    place = pq.read_metadata(path).row_group(1).column(1).data_page_offset + 2000
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with open_reader(path, "parquet", ReadOptions()) as reader:
        assert reader.block_rows() == 1000
        assert reader.read(["b"], slice(0, 1000))["b"].data[-1] == 999
        assert reader.read(["b"], np.array([5, 2500]))["b"].data.tolist() == [5, 2500]
        assert reader.read(["a"], slice(1000, 2000))["a"].data[0] == 1000
        with pytest.raises(CorruptFileError, match=path.name):
            reader.read(["b"], slice(1500, 1501))


def test_open_when_file_is_cut_or_flipped_then_no_bare_exception(
    new_path: NewPath, load: Any
) -> None:
    """Wherever it ends; and what a flipped bit of the footer makes of it."""
    path = write(new_path(".parquet"), x=pa.array(range(50)), s=pa.array([["a", "b"]] * 50))
    content, random = path.read_bytes(), np.random.default_rng(3)
    for length in random.integers(0, len(content) - 1, 40):
        path.write_bytes(content[:length])
        with pytest.raises(CorruptFileError, match=path.name):
            load(path, "parquet")
    refused = 0
    for place in random.integers(len(content) // 2, len(content), 150):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(random.integers(8))
        path.write_bytes(flipped)
        try:
            load(path, "parquet")
        except AstropileError:
            refused += 1
    assert 0 < refused < 150


def test_read_when_a_file_is_read_piece_by_piece_then_nothing_is_kept(new_path: NewPath) -> None:
    path, total = new_path("long.parquet"), 0
    values = pa.FixedSizeListArray.from_arrays(pa.array(np.arange(2e5, dtype="f4")), 1000)
    with pq.ParquetWriter(path, pa.schema([("flux", values.type)])) as writer:
        for _ in range(40):
            writer.write_table(pa.table({"flux": values}))
    before = pa.total_allocated_bytes()
    with open_reader(path, "parquet", ReadOptions(rows="axis")) as reader:
        for start in range(0, 8000, 200):
            total += len(reader.read(["flux"], slice(start, start + 200))["flux"])
            # Read ahead, pages and threads take a few pieces; the file is forty of them.
            assert pa.total_allocated_bytes() - before < 20 * 200 * 1000 * 4
    assert total == 8000
