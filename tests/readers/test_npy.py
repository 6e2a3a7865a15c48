"""Arrays of NumPy, alone and in archives."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from astropile.errors import CellError, CorruptFileError, UnsafeFileError
from astropile.readers import CellInfo, ReadOptions, npy, open_reader

NewPath = Callable[[str], Path]
SharedData = Callable[[str], Path]
DTYPES = ["?", "i1", ">i2", "u4", "<i8", ">f4", "f8", "c8", ">c16", "f2", "U3", ">U3", "S4"]
STRUCT = np.dtype([("x", ">f8"), ("in", [("n", "u1", (2,)), ("t", "S3")]), ("raw", "V4")])


def text_or_numbers(values: np.ndarray) -> Any:
    """Return values as a reader gives them."""
    if values.dtype.kind in "SU":
        return np.strings.rstrip(values.astype("U"), "\0 ").tolist()
    return values.tolist()


@given(data=st.data(), dtype=st.sampled_from(DTYPES), fortran=st.booleans(),
       archive=st.sampled_from(["", "stored", "deflated"]))  # fmt: skip
def test_read_when_written_by_numpy_then_the_same(
    data: st.DataObject, dtype: str, fortran: bool, archive: str, new_path: NewPath, load: Any
) -> None:
    """Any type, shape, order and rows."""
    letters = st.text("ab é"[: 3 if dtype[0] == "S" else 4], max_size=3)
    texts = letters.map(str.encode) if dtype[0] == "S" else letters
    elements = texts if "U" in dtype or "S" in dtype else None
    shape = data.draw(array_shapes(min_dims=1, max_dims=3, max_side=4))
    values = data.draw(arrays(np.dtype(dtype), shape, elements=elements))
    if dtype != "?" and values.dtype.kind in "fc":
        values = np.nan_to_num(values)
    values = np.asfortranarray(values) if fortran else values
    path, name = new_path(".npz" if archive else ".npy"), "x" if archive else "data"
    if archive == "stored":
        np.savez(path, x=values)
    elif archive:
        np.savez_compressed(path, x=values)
    else:
        np.save(path, values)
    chosen = np.flatnonzero(data.draw(arrays(bool, len(values))))
    with open_reader(path, "npy", ReadOptions()) as reader:
        assert reader.count_rows() == len(values)
        assert reader.cells()[name].shape == shape[1:]
        for rows in (slice(None), chosen, slice(1, 3), chosen):
            found = reader.read([name], rows)[name]
            assert found.data.tolist() == text_or_numbers(values[rows])
            assert found.data.dtype.isnative
        kind = reader.cells()[name].dtype
        assert kind == ("text" if found.data.dtype.kind == "U" else found.data.dtype.name)
    whole = load(path, "npy", [name], rows="file")[name]
    assert whole.data.tolist() == [text_or_numbers(values)]


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_read_when_structured_then_fields_are_cells(
    suffix: str, new_path: NewPath, load: Any
) -> None:
    """Raw bytes are none; a scalar belongs to every row."""
    values = np.zeros(3, STRUCT)
    values["x"], values["in"]["t"], values["in"]["n"] = [1, 2, 3], b"ab ", [[1, 2]] * 3
    path = new_path(suffix)
    if suffix == ".npy":
        np.save(path, values)
    else:
        np.savez(path, data=values, scale=np.float32(0.5), other=np.zeros((2, 2)))
    with open_reader(path, "npy", ReadOptions()) as reader:
        cells = dict(reader.cells())
    assert cells["data.in.n"] == CellInfo("uint8", (2,))
    assert cells["data.in.t"] == CellInfo("text")
    assert "data.raw" not in cells
    found = load(path, "npy", ["data.x", "data.in.n", "data.in.t"], slice(1, None))
    assert [c.data.tolist() for c in found.values()] == [[2, 3], [[1, 2]] * 2, ["ab", "ab"]]
    if suffix == ".npz":
        assert cells["scale"] == CellInfo("float32", (), shared=True)
        assert load(path, "npy", ["scale"])["scale"].data.tolist() == [0.5] * 3
        with pytest.raises(CellError, match="other: 2 rows, the other arrays have 3"):
            load(path, "npy", ["other"])


def test_read_when_times_then_integers_and_nulls(new_path: NewPath, load: Any) -> None:
    path = new_path(".npy")
    np.save(path, np.array(["2020-01-01", "NaT"], dtype=">M8[D]"))
    found = load(path, "npy")["data"]
    assert found.data[0] == 18262
    assert found.null.tolist() == [False, True]


def test_open_when_objects_then_refused_before_they_are_read(new_path: NewPath, load: Any) -> None:
    """A pickle runs what its writer wants."""

    class Bomb:
        def __reduce__(self) -> Any:
            return (print, ("exploded",))

    values = np.array([Bomb()], dtype=object)
    for path, save in ((new_path(".npy"), np.save), (new_path(".npz"), np.savez)):
        save(path, values)
        with pytest.raises(UnsafeFileError, match="could run any code"):
            load(path, "npy")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"(20, 3)", b"(20, 4)", "takes 640 bytes, there are 480"),
        (b"(20, 3)", b"(-1, 3)", "head of the array is wrong"),
        (b"(20, 3)", b"[20, 3]", "head of the array is wrong"),
        (b"'<f8'", b"'?f8'", "head of the array cannot be read"),
        (b"'descr'", b"'desc_'", "head of the array cannot be read"),
        (b"False", b"exit(", "head of the array cannot be read"),
        (b"NUMPY\x01", b"NUMPY\x09", "version 9"),
        (b"\x93NUMPY", b"\x94NUMPY", "no array of NumPy"),
        (b"\x76\x00{", b"\xff\xff{", "a head of 65535 bytes"),
    ],
)
def test_open_when_the_head_is_wrong_then_corrupt(
    old: bytes, new: bytes, message: str, new_path: NewPath
) -> None:
    path = new_path(".npy")
    np.save(path, np.zeros((20, 3)))
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    with pytest.raises(CorruptFileError, match=rf"{path.name}: .*{message}"):
        open_reader(path, "npy", ReadOptions())


def test_open_when_archive_is_a_bomb_or_has_an_array_twice_then_refused(
    new_path: NewPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = new_path(".npz")
    np.savez_compressed(path, x=np.zeros(10**6))
    monkeypatch.setattr(npy, "BOMB_BYTES", 10**6)
    with pytest.raises(UnsafeFileError, match="bytes decompress to 8000128"):
        open_reader(path, "npy", ReadOptions())
    file = io.BytesIO()
    np.save(file, np.zeros(2))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", file.getvalue())
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("x.npy", file.getvalue())
    with pytest.raises(CorruptFileError, match="two arrays are called 'x'"):
        open_reader(path, "npy", ReadOptions())


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_read_when_damaged_then_no_bare_exception(
    suffix: str, new_path: NewPath, refused: Any
) -> None:
    path, values = new_path(suffix), np.arange(12.0).reshape(4, 3)
    if suffix == ".npy":
        np.save(path, values)
    else:
        np.savez_compressed(path, x=values, y=np.array(["a", "b", "c", "d"]))
    size = path.stat().st_size
    cut, changed = refused(path, "npy", step=3)
    assert cut == -(-size // 3)
    assert 10 < changed < size // 3


def test_read_when_real_then_as_numpy(shared_data: SharedData, load: Any) -> None:
    """The triplets of BTSbot, and HSC images with their masks and catalogue."""
    path = shared_data("ztf_btsbot") / "usage_triplets.npy"
    found = load(path, "npy", ["data"], np.array([0, 7, 38]))["data"].data
    np.testing.assert_array_equal(found, np.load(path)[[0, 7, 38]])
    path = shared_data("hsc") / "hsc_cosmos_35.npz"
    found = load(path, "npy", rows="file")
    with np.load(path) as archive:
        np.testing.assert_array_equal(found["images"].data[0], archive["images"])
        np.testing.assert_array_equal(found["catalog.x"].data[0], archive["catalog"]["x"])
    assert found["filters"].data.tolist() == [["g", "r", "i", "z", "y"]]
    assert load(path, "npy", ["psfs"], slice(2, 4))["psfs"].data.shape == (2, 43, 43)
