"""Chunks inflated here against h5py, bit for bit."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from astropile.errors import CorruptFileError
from astropile.readers import _chunks
from astropile.readers._chunks import has_plain_chunks, read_rows
from astropile.readers._hdf5_dataset import Dataset

NewPath = Callable[[str], Path]
COMPOUND = np.dtype([("a", ">f4"), ("b", "i2", (3,)), ("c", "?")])
FILTERS: list[dict[str, Any]] = [
    {"compression": "gzip"},
    {"compression": "gzip", "shuffle": True},
]


@pytest.fixture(scope="module", autouse=True)
def no_threshold() -> Iterator[None]:
    """Let small reads take the way of big ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_chunks, "MIN_CHUNK_BYTES", 0)
        patch.setattr(_chunks, "MIN_READ_BYTES", 0)
        yield


def same(found: np.ndarray, expected: np.ndarray) -> bool:
    """Return whether values and type are the same, bit for bit."""
    return found.dtype == expected.dtype and found.tobytes() == expected.tobytes()


@given(
    data=st.data(),
    dtype=st.sampled_from(["?", "u1", "<i2", ">i4", "<i8", "f2", ">f4", "<f8", "c8", "S5"]),
    filters=st.sampled_from(FILTERS),
)
def test_read_rows_when_chunks_are_plain_then_as_h5py(
    data: st.DataObject, dtype: str, filters: dict[str, Any], new_path: NewPath
) -> None:
    """Any shape, chunks that end beyond the array, any rows."""
    shape = data.draw(st.lists(st.integers(1, 7), min_size=1, max_size=3).map(tuple))
    chunks = tuple(data.draw(st.integers(1, n)) for n in shape)
    rows = np.flatnonzero(data.draw(arrays(bool, shape[0])))
    start, stop = sorted(data.draw(st.tuples(st.integers(0, shape[0]), st.integers(0, shape[0]))))
    with h5py.File(new_path(".hdf5"), "w") as file:
        values = data.draw(arrays(dtype, shape))
        dataset = file.create_dataset("x", data=values, chunks=chunks, **filters)
        assert has_plain_chunks(Dataset(dataset.id))
        assert same(read_rows(Dataset(dataset.id), slice(start, stop)), dataset[start:stop])
        if len(rows):
            assert same(read_rows(Dataset(dataset.id), rows), dataset[rows])


@given(data=st.data(), filters=st.sampled_from(FILTERS))
def test_read_rows_when_compound_then_only_the_fields(
    data: st.DataObject, filters: dict[str, Any], new_path: NewPath
) -> None:
    """Fields of arrays and of other byte order."""
    n = data.draw(st.integers(1, 9))
    with h5py.File(new_path(".hdf5"), "w") as file:
        values = data.draw(arrays(COMPOUND, n))
        dataset = file.create_dataset("x", data=values, chunks=(min(n, 4),), **filters)
        found = read_rows(Dataset(dataset.id), slice(0, n), ["c", "b"])
        assert found.dtype.names == ("c", "b")
        for name in ("b", "c"):
            assert same(found[name].copy(), dataset[name])


@pytest.mark.parametrize("shuffle", [True, False])
def test_read_rows_when_chunks_were_never_written_then_fill_value(
    new_path: NewPath, shuffle: bool
) -> None:
    """HDF5 stores a chunk when it is first written."""
    with h5py.File(new_path(".hdf5"), "w") as file:
        dataset = file.create_dataset(
            "x", (10, 3), "f4", chunks=(2, 3), fillvalue=7, compression="gzip", shuffle=shuffle
        )
        dataset[4:6] = 1
        assert same(read_rows(Dataset(dataset.id), slice(0, 10)), dataset[:])


def test_read_rows_when_a_filter_was_skipped_for_a_chunk_then_as_h5py(new_path: NewPath) -> None:
    """The mask of a chunk says which filters it lacks."""
    with h5py.File(new_path(".hdf5"), "w") as file:
        dataset = file.create_dataset(
            "x", (4, 2), "<i4", chunks=(2, 2), compression="gzip", shuffle=True
        )
        dataset[:] = 0
        raw = np.arange(4, dtype="<i4")
        dataset.id.write_direct_chunk((2, 0), raw.tobytes(), filter_mask=3)
        assert same(read_rows(Dataset(dataset.id), slice(0, 4)), dataset[:])
        assert read_rows(Dataset(dataset.id), slice(2, 4)).tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize(
    "storage",
    [
        {"compression": "lzf"},
        {"compression": "gzip", "fletcher32": True},
        {"scaleoffset": 2},
        {"shuffle": True},
        {},
        {"chunks": None},
    ],
)
def test_has_plain_chunks_when_other_filters_then_h5py_reads(
    new_path: NewPath, storage: dict[str, Any]
) -> None:
    """What is not known is left to the library."""
    with h5py.File(new_path(".hdf5"), "w") as file:
        values = np.arange(40, dtype="i4").reshape(20, 2)
        dataset = file.create_dataset("x", data=values, **{"chunks": (6, 2), **storage})
        assert not has_plain_chunks(Dataset(dataset.id))
        for rows in (slice(3, 9), np.array([0, 5, 6, 19])):
            assert same(read_rows(Dataset(dataset.id), rows), dataset[rows])
    with h5py.File(new_path(".hdf5"), "w") as file:
        texts = file.create_dataset("x", data=["a", "bc"], chunks=(1,), dtype=h5py.string_dtype())
        assert not has_plain_chunks(Dataset(texts.id))


@pytest.mark.parametrize("length", [8, 17, 10**7])
def test_read_rows_when_a_chunk_inflates_to_another_size_then_error(
    new_path: NewPath, length: int
) -> None:
    """Neither too little, nor more than there is place for: no bomb goes off."""
    with h5py.File(new_path(".hdf5"), "w") as file:
        dataset = file.create_dataset("x", (2, 8), "i1", chunks=(2, 8), compression="gzip")
        dataset.id.write_direct_chunk((0, 0), zlib.compress(bytes(length)))
        held = min(length, 17)
        with pytest.raises(CorruptFileError, match=rf"/x at \(0, 0\) holds {held} bytes, not 16"):
            read_rows(Dataset(dataset.id), slice(0, 2))


def test_read_rows_when_one_bit_is_flipped_then_error(new_path: NewPath) -> None:
    """Deflate has a checksum; it is looked at."""
    packed = bytearray(zlib.compress(np.arange(200, dtype="i1").tobytes(), 0))
    packed[100] ^= 4
    with h5py.File(new_path(".hdf5"), "w") as file:
        dataset = file.create_dataset("x", (200,), "i1", chunks=(200,), compression="gzip")
        dataset.id.write_direct_chunk((0,), bytes(packed))
        with pytest.raises(zlib.error, match="incorrect data check"):
            read_rows(Dataset(dataset.id), slice(0, 200))
