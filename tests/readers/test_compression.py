"""Compressed files are opened as what they hold, unless they are bombs."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table

from astropile.errors import CorruptFileError, UnsafeFileError
from astropile.readers import _compression
from astropile.readers._compression import read_plain

NewPath = Callable[[str], Path]
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}
VALUES = [1.5, 2.5, 3.5]


def write(path: Path, format_: str) -> None:
    """Write a table with one column ``a``."""
    if format_ == "hdf5":
        with h5py.File(path, "w") as file:
            file["a"] = VALUES
    elif format_ == "fits":
        fits.BinTableHDU.from_columns([fits.Column("a", "D", array=VALUES)]).writeto(path)
    elif format_ == "parquet":
        pq.write_table(pa.table({"a": VALUES}), path)
    else:
        Table({"a": VALUES}).write(path, format=f"ascii.{format_}")


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("format_", ["csv", "ecsv", "fits", "hdf5", "parquet"])
def test_read_when_compressed_then_same_values(
    format_: str, packing: str, new_path: NewPath, load: Any
) -> None:
    """The first bytes tell, not the name."""
    path = new_path(".data")
    write(path, format_)
    packed = new_path(".data")
    packed.write_bytes(PACK[packing](path.read_bytes()))
    assert load(packed, format_)["a"].data.astype(float).tolist() == VALUES


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("format_", ["csv", "ecsv", "fits", "hdf5", "parquet"])
def test_read_when_compressed_file_is_cut_then_error(
    format_: str, packing: str, new_path: NewPath, load: Any
) -> None:
    """Also where the format itself has no end mark."""
    path = new_path(".data")
    write(path, format_)
    packed = PACK[packing](path.read_bytes())
    cut = new_path(".data")
    cut.write_bytes(packed[: len(packed) * 3 // 4])
    with pytest.raises(CorruptFileError, match=str(cut.name)):
        load(cut, format_)


def test_read_plain_when_it_grows_too_much_then_refused(
    new_path: NewPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ratio alone is no fault: a mask of one value shrinks as much."""
    path = new_path(".gz")
    path.write_bytes(gzip.compress(bytes(20_000_000)))
    assert len(read_plain(path)) == 20_000_000
    monkeypatch.setattr(_compression, "BOMB_BYTES", 10_000_000)
    with pytest.raises(UnsafeFileError, match="decompress to more than"):
        read_plain(path)
    random = np.random.default_rng(0).bytes(12_000_000)
    path.write_bytes(gzip.compress(random))
    assert read_plain(path).tobytes() == random
