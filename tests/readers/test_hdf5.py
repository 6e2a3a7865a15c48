"""HDF5 files written with h5py, read back by rows, files and groups."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from astropile.errors import CellError
from astropile.readers import CellInfo, ReadOptions, _chunks, hdf5, open_reader
from astropile.readers._hdf5_dataset import Dataset

NewPath = Callable[[str], Path]
RowsOf = Callable[[Any], list[Any]]
NUMBERS = ["bool", "i1", "u1", "<i2", ">i2", ">i4", "<i8", ">u8", "f2", ">f4", "<f4", ">f8"]
STORAGE = st.sampled_from(
    [{}, {"compression": "gzip", "chunks": True}, {"compression": "lzf", "shuffle": True}]
)


def write(path: Path, **cells: Any) -> Path:
    """Write datasets and return the path."""
    with h5py.File(path, "w") as file:
        for name, value in cells.items():
            file[name] = value
    return path


@given(data=st.data(), dtype=st.sampled_from(NUMBERS), storage=STORAGE)
def test_read_when_numbers_then_same_values_native(
    data: st.DataObject, dtype: str, storage: dict[str, Any], new_path: NewPath, load: Any
) -> None:
    """Any type, order of bytes, shape, storage and rows."""
    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 3)))
    values = data.draw(arrays(dtype, shape))
    chosen = np.flatnonzero(data.draw(arrays(bool, shape[0])))
    path = new_path(".hdf5")
    with h5py.File(path, "w") as file:
        file.create_dataset("a", data=values, **storage)
    for rows in (None, slice(1, 5), chosen):
        found = load(path, "hdf5", ["a"], rows)["a"].data
        expected = values if rows is None else values[rows]
        assert found.dtype == values.dtype.newbyteorder("=")
        assert found.dtype.metadata is None
        assert found.tobytes() == expected.astype(found.dtype).tobytes()


@given(words=st.lists(st.text("aé -", max_size=4), min_size=1, max_size=6))
def test_read_when_text_then_decoded_once(
    words: list[str], new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Fixed width loses blanks at the end, variable length does not."""
    path = new_path(".hdf5")
    with h5py.File(path, "w") as file:
        file["fixed"] = np.array([word.encode() for word in words])
        file.create_dataset("varying", data=words, dtype=h5py.string_dtype())
    found = load(path, "hdf5")
    assert rows_of(found["fixed"]) == [word.rstrip(" ") for word in words]
    assert rows_of(found["varying"]) == words


@given(values=st.lists(st.lists(st.integers(-9, 9), max_size=4), min_size=1, max_size=6))
def test_read_when_variable_length_then_ragged(
    values: list[list[int]], new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Numbers and texts of varying count a row."""
    path = new_path(".hdf5")
    with h5py.File(path, "w") as file:
        n = len(values)
        number = file.create_dataset("number", (n,), h5py.vlen_dtype(">i4"))
        text = file.create_dataset("text", (n,), h5py.vlen_dtype(h5py.string_dtype()))
        for i, value in enumerate(values):
            number[i] = np.array(value, dtype=">i4")
            text[i] = np.array([str(x) for x in value], dtype=object)
    found = load(path, "hdf5")
    assert found["number"].data.dtype == np.int32
    assert rows_of(found["number"]) == values
    assert rows_of(found["text"]) == [[str(x) for x in value] for value in values]
    assert rows_of(load(path, "hdf5", at=np.array([0]))["number"]) == values[:1]


def test_cells_when_listed_then_types_and_shapes_of_a_row(new_path: NewPath) -> None:
    """Nothing is read for it; what is no value is no cell."""
    path = write(new_path(".hdf5"), flux=np.zeros((3, 2, 4), "f4"), name=[b"a", b"b", b"c"], z=1.5)
    with h5py.File(path, "r+") as file:
        file["ref"] = file["flux"].ref
        file["nothing"] = h5py.Empty("f4")
        file["opaque"] = np.zeros(3, "V4")
        file["deep/er"] = np.zeros((3, 1), "?")
    with open_reader(path, "hdf5", ReadOptions()) as reader:
        assert dict(reader.cells()) == {
            "deep.er": CellInfo("bool", (1,)),
            "flux": CellInfo("float32", (2, 4)),
            "name": CellInfo("text"),
            "z": CellInfo("float64", shared=True),
        }
        assert reader.count_rows() == 3


def test_read_when_compound_then_fields_are_cells(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Also fields in fields, arrays and text."""
    inner = np.dtype([("x", "<i2"), ("tag", "S3")])
    dtype = np.dtype([("flux", ">f4", (2,)), ("at", inner), ("good", "?")])
    table = np.zeros(4, dtype=dtype)
    table["flux"] = np.arange(8).reshape(4, 2)
    table["at"]["x"], table["at"]["tag"] = [1, 2, 3, 4], [b"a", b"b ", b"", b"d"]
    path = write(new_path(".hdf5"), **{"group/table": table})
    found = load(path, "hdf5", at=np.array([0, 2, 3]))
    assert set(found) == {"group.table.flux", "group.table.at.x", "group.table.at.tag",
                          "group.table.good"}  # fmt: skip
    assert rows_of(found["group.table.flux"]) == [[0, 1], [4, 5], [6, 7]]
    assert rows_of(found["group.table.at.tag"]) == ["a", "", "d"]
    assert rows_of(found["group.table.at.x"]) == [1, 3, 4]


def test_read_when_enum_then_bool_or_the_numbers(new_path: NewPath, load: Any) -> None:
    """The names of an enum are not its values."""
    path = new_path(".hdf5")
    with h5py.File(path, "w") as file:
        file["flag"] = np.array([True, False])
        kind = h5py.enum_dtype({"STAR": 3, "GALAXY": 6}, basetype="u1")
        file.create_dataset("kind", data=[6, 3], dtype=kind)
    found = load(path, "hdf5")
    assert found["flag"].data.tolist() == [True, False]
    assert found["kind"].data.tolist() == [6, 3]


def test_read_when_attribute_then_shared_by_every_row(new_path: NewPath, load: Any) -> None:
    """Of the file, of a group, of a dataset."""
    path = write(new_path(".hdf5"), **{"group/a": np.arange(3)})
    with h5py.File(path, "r+") as file:
        file.attrs["survey"] = "deep"
        file["group"].attrs["zp"] = np.float32(22.5)
        file["group/a"].attrs["bands"] = np.array([b"g", b"r"])
    found = load(path, "hdf5", at=slice(1, 3))
    assert found["root@survey"].data.tolist() == ["deep", "deep"]
    assert found["group@zp"].data.tolist() == [22.5, 22.5]
    assert found["group.a@bands"].data.tolist() == [["g", "r"], ["g", "r"]]
    whole = load(path, "hdf5", ["root@survey", "group.a@bands"], rows="file")
    assert whole["root@survey"].data.tolist() == ["deep"]
    assert whole["group.a@bands"].data.tolist() == [["g", "r"]]


def test_read_when_length_is_odd_then_error_only_for_that_cell(
    new_path: NewPath, load: Any
) -> None:
    """A common grid must be declared; then every row has it."""
    path = write(new_path(".hdf5"), ra=np.zeros(4), dec=np.zeros(4), wave=np.arange(7.0))
    assert len(load(path, "hdf5", ["ra", "dec"])["ra"]) == 4
    with pytest.raises(CellError, match="wave: 7 rows, the other arrays have 4") as caught:
        load(path, "hdf5", ["wave"])
    assert "shared" in caught.value.hint
    wave = load(path, "hdf5", ["wave"], slice(0, 2), shared=("wave",))["wave"].data
    assert wave.tolist() == [list(range(7))] * 2
    assert wave.strides[0] == 0


def test_read_when_file_is_a_row_then_arrays_are_whole(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Scalars, arrays, texts, and arrays of varying length alone."""
    path = write(new_path(".hdf5"), z=0.5, id=b"SN1", mag=np.ones((2, 3)), band=[b"g", b"r"])
    with h5py.File(path, "r+") as file:
        file.create_dataset("one", (1,), h5py.vlen_dtype("i4"))[0] = [1, 2]
        file.create_dataset("alone", (), h5py.vlen_dtype("i4"))[()] = np.array([3], "i4")
    with open_reader(path, "hdf5", ReadOptions(rows="file")) as reader:
        assert reader.count_rows() == reader.block_rows() == 1
        assert reader.cells()["mag"].shape == (2, 3)
        found = {
            name: rows_of(column) for name, column in reader.read(list(reader.cells())).items()
        }
        assert len(reader.read(["z"], slice(0, 0))["z"]) == 0
    assert found["z"] == [0.5]
    assert found["id"] == ["SN1"]
    assert found["mag"] == [[[1.0] * 3] * 2]
    assert found["band"] == [["g", "r"]]
    assert found["one"] == [[[1, 2]]]
    assert found["alone"] == [[3]]


def test_read_when_groups_are_rows_then_joined(new_path: NewPath, rows_of: RowsOf) -> None:
    """Lengths may differ by group; a lone dataset at the top is no row."""
    path = new_path(".hdf5")
    with h5py.File(path, "w") as file:
        file["version"] = 1
        for name, n in (("a", 2), ("b", 3), ("c", 0)):
            file[f"{name}/z"], file[f"{name}/id"] = float(n), name.encode() * (n + 1)
            file[f"{name}/pix"] = np.zeros(n, [("flux", "f4", (2,)), ("mask", "i8")])
            file[name].attrs["ifu"] = f"{n}"
    with open_reader(path, "hdf5", ReadOptions(rows="group")) as reader:
        assert reader.count_rows() == 3
        assert reader.cells()["pix.flux"] == CellInfo("float32", (None, 2))
        found = reader.read(["id", "pix.flux", "root@ifu"])
        assert rows_of(found["id"]) == ["aaa", "bbbb", "c"]
        assert found["pix.flux"].counts.tolist() == [2, 3, 0]
        assert rows_of(found["root@ifu"]) == ["2", "3", "0"]
        part = reader.read(["z", "pix.mask"], np.array([0, 2]))
        assert rows_of(part["z"]) == [2.0, 0.0]
        assert part["pix.mask"].counts.tolist() == [2, 0]
        assert len(reader.read(["z"], slice(1, 1))["z"]) == 0


def test_read_when_a_group_lacks_a_cell_then_error_names_the_group(
    new_path: NewPath, load: Any
) -> None:
    """A row is not dropped in silence."""
    path = write(new_path(".hdf5"), **{"a/z": 1.0, "b/y": 2.0, "b/z": 3.0})
    with pytest.raises(CellError, match="no cell y in group /a"):
        load(path, "hdf5", ["y"], rows="group")
    assert load(path, "hdf5", ["z"], rows="group")["z"].data.tolist() == [1.0, 3.0]


def test_block_rows_when_chunked_then_rows_of_the_biggest(new_path: NewPath) -> None:
    """Cutting its chunks would decompress them twice."""
    path = new_path(".hdf5")
    with h5py.File(path, "w") as file:
        file.create_dataset("flux", data=np.zeros((40, 9)), chunks=(8, 9))
        file.create_dataset("ra", data=np.zeros(40), chunks=(20,))
        file["huge"] = np.zeros((40, 99))
        file.create_dataset("grid", data=np.zeros((700, 9)), chunks=(5, 9))
    with open_reader(path, "hdf5", ReadOptions(shared=("grid",))) as reader:
        assert reader.block_rows() == 8


def test_cells_when_two_have_one_address_then_error(new_path: NewPath, load: Any) -> None:
    """A dot in a name is no step."""
    path = write(new_path(".hdf5"), **{"a.b": np.zeros(2), "a/b": np.zeros(2)})
    with pytest.raises(CellError, match=r"two cells of the file have the address a\.b"):
        load(path, "hdf5")


def test_read_when_text_is_not_utf8_then_error_names_file_cell_and_row(
    new_path: NewPath, load: Any
) -> None:
    """The id of another star is worse than none."""
    path = write(new_path(".hdf5"), id=[b"a", b"\xe9\xff"])
    with pytest.raises(CellError, match=r"\.hdf5: id: .* in row 1"):
        load(path, "hdf5", ["id"])


@pytest.mark.parametrize(
    "values",
    [
        np.array([0, 1, 1], h5py.enum_dtype({"NO": 0, "YES": 1}, basetype=">i2")),
        np.array(["é", "", "ab"], dtype=h5py.string_dtype()),
        np.array(["é".encode(), b"", b"ab"], dtype=h5py.string_dtype("utf-8", 4)),
        np.array([(1, 2.0, b"x")] * 3, [("a", ">i4"), ("b", "<f8"), ("c", "S2")]),
        np.zeros((3, 0, 2), ">f4"),
        np.array([True, False, True]),
        np.array([1 + 2j, 0, 3], ">c8"),
    ],
    ids=["enum", "varying text", "fixed UTF-8", "compound", "no elements", "bool", "complex"],
)
def test_dataset_when_read_then_the_same_bits_as_h5py(new_path: NewPath, values: Any) -> None:
    """Whole, some rows, no rows; and one value without axes."""
    with h5py.File(new_path(".hdf5"), "w") as file:
        file.create_dataset("x", data=values)
        file.create_dataset("one", data=values[0])
        for name, rows in (("x", (slice(0, 3), slice(1, 3), slice(2, 2), None)), ("one", (None,))):
            dataset = Dataset(file[name].id)
            for part in rows:
                found = dataset.read(part)
                expected = np.asarray(file[name][part or ()], dtype=file[name].dtype)
                assert found.dtype == expected.dtype
                assert found.shape == expected.shape
                assert found.tolist() == expected.tolist()


def test_read_when_group_is_the_row_then_same_with_and_without_what_is_kept_open(
    new_path: NewPath, monkeypatch: pytest.MonkeyPatch, load: Any
) -> None:
    """Of many groups not all can stay open between listing and reading."""
    path = new_path(".hdf5")
    with h5py.File(path, "w") as file:
        for number in range(5):
            group = file.create_group(f"o{number}")
            group["deep/flux"] = np.full(3, number, "f4")
            group.attrs["z"] = 0.5 * number
    expected = [[float(number)] * 3 for number in range(5)]
    for kept in (10_000, 4, 0):
        monkeypatch.setattr(hdf5, "KEPT_NODES", kept)
        found = load(path, "hdf5", ["deep.flux", "root@z"], rows="group")
        assert found["deep.flux"].data.tolist() == expected
        assert found["root@z"].data.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]


def test_read_when_the_file_keeps_the_order_of_groups_then_rows_in_that_order(
    new_path: NewPath, load: Any
) -> None:
    """Else they come by name."""
    for tracked, expected in ((True, [0, 1, 2]), (False, [1, 2, 0])):
        path = new_path(".hdf5")
        with h5py.File(path, "w", track_order=tracked) as file:
            for number, name in enumerate("cab"):
                file[f"{name}/x"] = number
        assert load(path, "hdf5", ["x"], rows="group")["x"].data.tolist() == expected


def test_read_when_a_compound_dataset_is_big_then_fields_are_as_h5py_gives_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are separated while they are read, some rows at a time."""
    monkeypatch.setattr(_chunks, "SPLIT_BYTES", 100)
    monkeypatch.setattr(_chunks, "SPAN_BYTES", 64)
    kind = np.dtype([("a", ">f4", (3,)), ("b", "i2"), ("t", "S3")])
    values = np.zeros(23, kind)
    values["a"], values["b"] = np.arange(69).reshape(23, 3), np.arange(23)
    values["t"] = [f"t{k}" for k in range(23)]
    for chunks in (None, (4,)):
        path = tmp_path / f"{chunks}.hdf5"
        with h5py.File(path, "w") as file:
            file.create_dataset("x", data=values, chunks=chunks)
        for rows in (slice(0, 23), slice(3, 22), slice(5, 21)):
            with open_reader(path, "hdf5", ReadOptions()) as reader:
                found = reader.read(["x.a", "x.b", "x.t"], rows)
            for name in ("a", "b"):
                assert np.array_equal(found[f"x.{name}"].data, values[name][rows])
            assert found["x.t"].data.tolist() == [f"t{k}" for k in range(23)][rows]
