"""HDF5 files that reach outside, lie about their size, go in circles or are damaged."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from astropile.errors import AstropileError, CellError, CorruptFileError, UnsafeFileError
from astropile.readers import ReadOptions, _hdf5_tree, open_reader

NewPath = Callable[[str], Path]
SECRET = b"the secret of another file"


@pytest.fixture
def reaching_file(new_path: NewPath) -> Path:
    """Return a file with every way HDF5 has to reach another one."""
    secret, other, path = new_path(".txt"), new_path(".hdf5"), new_path(".hdf5")
    secret.write_bytes(SECRET)
    with h5py.File(other, "w") as file:
        file["group/x"] = np.arange(4)
    with h5py.File(path, "w") as file:
        file["ra"] = np.arange(4.0)
        file.create_dataset("stored", (4,), "S6", external=[(str(secret), 0, 24)])
        file["link"] = h5py.ExternalLink(str(other), "group/x")
        file["linked"] = h5py.ExternalLink(str(other), "group")
        file["soft"] = h5py.SoftLink("/linked/x")
        layout = h5py.VirtualLayout((4,), "i8")
        layout[:] = h5py.VirtualSource(str(other), "group/x", shape=(4,))
        file.create_virtual_dataset("inner/virtual", layout)
    return path


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("stored", "stored in another file"),
        ("link", "link to another file"),
        ("linked.x", "linked: a link to another file"),
        ("linked@key", "linked: a link to another file"),
        ("soft", "link to another file"),
        ("inner.virtual", "virtual dataset"),
    ],
)
def test_read_when_cell_is_in_another_file_then_refused(
    reaching_file: Path, load: Any, name: str, reason: str
) -> None:
    """h5py would hand it out without a word."""
    with pytest.raises(UnsafeFileError, match=reason) as caught:
        load(reaching_file, "hdf5", [name])
    assert caught.value.where == str(reaching_file)
    with (
        open_reader(reaching_file, "hdf5", ReadOptions()) as reader,
        pytest.raises(UnsafeFileError, match=reason),
    ):
        _ = name in reader.cells()


def test_read_when_other_cells_reach_outside_then_inner_ones_are_read(
    reaching_file: Path, load: Any
) -> None:
    """They are not even listed."""
    found = load(reaching_file, "hdf5")
    assert list(found) == ["ra"]
    with pytest.raises(CellError, match="no cell 'linke'"):
        load(reaching_file, "hdf5", ["linke"])


def test_read_when_part_of_a_row_is_elsewhere_then_only_that_is_refused(new_path: NewPath) -> None:
    """The rest of the row is read."""
    path = new_path(".hdf5")
    with h5py.File(path, "w") as file:
        file["a/z"], file["b/z"] = 1.0, 2.0
        file["b/out"] = h5py.ExternalLink("other.hdf5", "x")
        file["again"] = h5py.SoftLink("/a")
    with open_reader(path, "hdf5", ReadOptions(rows="group")) as reader:
        assert reader.read(["z"])["z"].data.tolist() == [1.0, 2.0]
        with pytest.raises(UnsafeFileError, match="out: a link to another file"):
            reader.read(["out"])


def test_read_when_a_whole_row_is_elsewhere_then_refused(reaching_file: Path, load: Any) -> None:
    """It must not be lost in silence."""
    with pytest.raises(UnsafeFileError, match="link to another file"):
        load(reaching_file, "hdf5", rows="group")


def test_cells_when_links_stay_inside_then_followed_once(new_path: NewPath, load: Any) -> None:
    """Also links to nowhere, to themselves and to a group above."""
    path = new_path(".hdf5")
    with h5py.File(path, "w") as file:
        file["a/x"] = np.arange(3)
        file["soft"] = h5py.SoftLink("/a/x")
        file["a/relative"] = h5py.SoftLink("x")
        file["nowhere"] = h5py.SoftLink("/b")
        file["self"] = h5py.SoftLink("self")
        file["through"] = h5py.SoftLink("/a/x/y")
        file["a/above"] = file["/"]
    found = load(path, "hdf5")
    assert list(found) == ["a.relative", "a.x", "soft"]
    assert found["soft"].data.tolist() == [0, 1, 2]


def test_cells_when_groups_hold_each_other_many_times_then_refused(
    new_path: NewPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty groups with two links each have 2**40 paths."""
    path = new_path(".hdf5")
    with h5py.File(path, "w") as file:
        last = file.create_group("g0")
        for number in range(1, 40):
            group = file.create_group(f"g{number}")
            group["left"] = group["right"] = last
            last = group
    monkeypatch.setattr(_hdf5_tree, "MAX_MEMBERS", 1000)
    with (
        open_reader(path, "hdf5", ReadOptions()) as reader,
        pytest.raises(UnsafeFileError, match="more than 1000 paths"),
    ):
        reader.cells()


def test_cells_when_a_name_is_not_utf8_then_no_cell_but_never_a_lost_row(
    new_path: NewPath, load: Any
) -> None:
    """No address can name it."""
    path = new_path(".hdf5")
    with h5py.File(path, "w") as file:
        file["good/z"] = np.arange(2)
        file.create_group(b"bad\xff")["z"] = np.arange(2)
    assert list(load(path, "hdf5")) == ["good.z"]
    with pytest.raises(CorruptFileError, match="a name that is not UTF-8"):
        load(path, "hdf5", rows="group")


def test_read_when_gigabytes_are_declared_but_not_stored_then_refused(
    new_path: NewPath, load: Any
) -> None:
    """A file of 1.4 kB; nothing is allocated, and some rows can be had."""
    path = new_path(".hdf5")
    with h5py.File(path, "w") as file:
        file.create_dataset("flux", (400_000, 1000), "f8", chunks=(100, 1000), compression="gzip")
    assert path.stat().st_size < 4000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open_reader(path, "hdf5", ReadOptions()) as reader:
        assert reader.cells()["flux"].shape == (1000,)
        with pytest.raises(UnsafeFileError, match="flux: 3200000000 bytes declared, 0 stored"):
            reader.read(["flux"])
        assert not reader.read(["flux"], slice(7, 9))["flux"].data.any()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_read_when_more_than_any_memory_is_declared_then_refused(
    new_path: NewPath, load: Any
) -> None:
    """Two axes of 2**31."""
    path = new_path(".hdf5")
    with h5py.File(path, "w") as file:
        file.create_dataset("flux", (2**31, 2**31), "f8", chunks=(10, 10))
    with pytest.raises(UnsafeFileError, match="GiB"):
        load(path, "hdf5", ["flux"])


def test_read_when_another_dataset_is_damaged_then_only_that_one_fails(
    new_path: NewPath, load: Any
) -> None:
    """Only what is asked for is read."""
    path = new_path(".hdf5")
    with h5py.File(path, "w") as file:
        for name in ("good", "bad"):
            file.create_dataset(name, data=np.arange(999), chunks=(999,), compression="gzip")
        info = file["bad"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[info.byte_offset : info.byte_offset + info.size] = bytes(info.size)
    path.write_bytes(content)
    assert load(path, "hdf5", ["good"])["good"].data.tolist() == list(range(999))
    with pytest.raises(CorruptFileError, match=path.name):
        load(path, "hdf5", ["bad"])


def damaged_file(path: Path) -> bytes:
    """Write a file with a bit of everything and return its bytes."""
    with h5py.File(path, "w") as file:
        file.create_dataset("flux", data=np.ones((20, 8)), chunks=(5, 8), compression="gzip")
        file["id"] = np.array([f"s{i}".encode() for i in range(20)])
        file.create_dataset("name", data=["x"] * 20, dtype=h5py.string_dtype())
        file["table"] = np.zeros(20, [("a", "f4"), ("b", "i2")])
        file.attrs["key"] = "value"
    return path.read_bytes()


def test_read_when_file_is_cut_then_corrupt(new_path: NewPath, load: Any) -> None:
    """Wherever it ends."""
    path = new_path(".hdf5")
    content = damaged_file(path)
    for length in np.random.default_rng(0).integers(0, len(content) - 1, 40):
        path.write_bytes(content[:length])
        with pytest.raises(CorruptFileError, match=rf"{path.name}.* \({length} bytes\)"):
            load(path, "hdf5")


def test_read_when_a_bit_is_flipped_then_no_bare_exception(new_path: NewPath, load: Any) -> None:
    """HDF5 has few checksums; but what is found is told as ours."""
    path = new_path(".hdf5")
    content = damaged_file(path)
    random = np.random.default_rng(1)
    refused = []
    for place in random.integers(0, len(content), 150):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(random.integers(8))
        path.write_bytes(flipped)
        try:
            load(path, "hdf5")
        except AstropileError as error:
            refused.append(str(error))
    assert 0 < len(refused) < 150
    assert all(path.name in message for message in refused)
