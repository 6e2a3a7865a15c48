"""What stands in the mock files, seen without the engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits

from astropile.sky import healpix_index
from astropile.testing import Mock, simulate
from astropile.testing.marks import MARK, MARK_TEXT
from tests.testing.conftest import null_of


def data_files(mock: Mock) -> list[Path]:
    return [path for path in mock.files if path.name != "MOCK.txt"]


def test_layout_when_hsc_then_one_file_a_healpix_pixel(mocks: Mapping[str, Mock]) -> None:
    mock = mocks["hsc"]
    assert len(data_files(mock)) > 3
    for path in data_files(mock):
        parts = path.relative_to(mock.data_dir).parts
        assert parts[0] == "pdr3_dud_22.5"
        assert parts[2] == "001-of-001.hdf5"
        with h5py.File(path) as file:
            pixels = healpix_index(file["ra"][:], file["dec"][:], order=4)
            assert {f"healpix={pixel}" for pixel in pixels.tolist()} == {parts[1]}
            assert file["image_array"].compression == "gzip"
            assert file["image_array"].shape[1:] == (5, 160, 160)


def test_bands_when_hsc_then_tokens_of_the_files_and_last_file_in_other_order(
    mocks: Mapping[str, Mock],
) -> None:
    found = []
    for path in data_files(mocks["hsc"]):
        with h5py.File(path) as file:
            found.append([text.decode() for text in file["image_band"][0]])
    assert all(set(bands) == {"hsc-g", "hsc-r", "hsc-i", "hsc-z", "hsc-y"} for bands in found)
    assert found[0] == found[-1][::-1]
    assert found[0][0] == "hsc-g"


def test_padding_when_sdss_then_wavelengths_below_zero(mocks: Mapping[str, Mock]) -> None:
    counts = []
    for path in data_files(mocks["sdss"]):
        with h5py.File(path) as file:
            wavelength = file["spectrum_lambda"][:]
        assert (wavelength == -1).any(axis=1).all()
        counts += (wavelength > 0).sum(axis=1).tolist()
    assert len(set(counts)) > 10
    assert sorted(counts) == sorted(mocks["sdss"].leaves["spectrum.lambda"].counts.tolist())


def test_padding_when_csp_then_tables_of_bands_and_epochs_without_magnitude(
    mocks: Mapping[str, Mock],
) -> None:
    shapes, padded, empty = set(), 0, 0
    for path in data_files(mocks["csp"]):
        with h5py.File(path) as file:
            mag, time = file["mag"][()], file["time"][()]
            assert mag.shape == time.shape == (len(file["bands"]), time.shape[1])
            assert time.dtype == np.float32
            shapes.add(mag.shape)
            padded += (mag <= 0).any()
            empty += (mag <= 0).all()
    assert len(shapes) > 10
    assert padded > 20
    assert empty == 1


def test_order_when_csp_then_files_are_not_sorted(mocks: Mapping[str, Mock]) -> None:
    sorted_rows = 0
    for path in data_files(mocks["csp"]):
        with h5py.File(path) as file:
            mag, time = file["mag"][()], file["time"][()]
        sorted_rows += all((np.diff(t[m > 0]) >= 0).all() for t, m in zip(time, mag, strict=True))
    assert sorted_rows < 20
    assert len({path.parent.name for path in data_files(mocks["csp"])}) > 3


def test_sentinels_when_desi_then_in_the_files_and_null_in_the_truth(
    mocks: Mapping[str, Mock],
) -> None:
    stored = []
    for path in data_files(mocks["desi"]):
        with h5py.File(path) as file:
            stored += file["FLUX_G"][:].tolist()
    truth = mocks["desi"].leaves["FLUX_G"]
    assert stored.count(-99) == null_of(truth).sum() >= 1
    assert not null_of(mocks["desi"].leaves["object_id"]).any()


def test_marks_when_written_then_every_file_says_that_it_is_a_mock(tmp_path: Path) -> None:
    for name, source in (("hsc", "mmu"), ("hipparcos", "parquet"), ("tycho2", "desitarget")):
        mock = simulate(name, None, 6, data_dir=tmp_path / name, source=source)
        for path in data_files(mock):
            if path.suffix == ".hdf5":
                with h5py.File(path) as file:
                    assert file.attrs[MARK] == MARK_TEXT
            elif path.suffix == ".parquet":
                assert pq.read_schema(path).metadata[MARK.encode()] == MARK_TEXT.encode()
            else:
                assert fits.getheader(path, 0)[MARK] == MARK_TEXT
        note = (tmp_path / name / "MOCK.txt").read_text(encoding="utf-8")
        assert f"survey {name}" in note
        assert "seed 0" in note


def test_pictures_when_hsc_then_something_in_the_middle(mocks: Mapping[str, Mock]) -> None:
    flux = mocks["hsc"].leaves["image.flux"].data
    middle, corner = flux[:, 2, 70:90, 70:90], flux[:, 2, :20, :20]
    assert (
        middle.mean(axis=(1, 2)) > corner.mean(axis=(1, 2)) + 2 * corner.std() / 20
    ).mean() > 0.8
    mask = mocks["hsc"].leaves["image.mask"].data
    assert 0.9 < mask.mean() < 1.0
    ivar = mocks["hsc"].leaves["image.ivar"].data
    assert (ivar[mask] > 0).all()
    assert (ivar[~mask] == 0).all()


@pytest.mark.parametrize("name", ["hsc", "sdss", "desi", "csp"])
def test_limits_when_declared_then_kept(name: str, mocks: Mapping[str, Mock]) -> None:
    from astropile.registry import find_schema

    leaves = find_schema(name).leaves_of(mocks[name].config)
    limited = [a for a in mocks[name].leaves if leaves[a].field.min is not None]
    for address in limited:
        column = mocks[name].leaves[address]
        known = column.data[~null_of(column)] if column.ndim == 0 else column.data
        assert not (known < leaves[address].field.min).any(), address


def test_rows_when_tess_then_several_an_object_padded_to_the_longest_of_the_file(
    tmp_path: Path,
) -> None:
    mock = simulate("tess", None, 60, data_dir=tmp_path / "h", seed=4)
    counts: dict[bytes, int] = {}
    parted = 0
    for path in data_files(mock):
        with h5py.File(path) as file:
            ids, time, flux = file["object_id"][:], file["time"][:], file["flux"][:]
        assert time.shape == flux.shape
        real = (time > 0).sum(axis=1)
        assert time.shape[1] == real.max()
        assert (np.diff((time > 0).astype(int), axis=1) <= 0).all()
        names, rows = np.unique(ids, return_counts=True)
        counts |= dict(zip(names.tolist(), rows.tolist(), strict=True))
        parted += (ids[1:] != ids[:-1]).sum() - (len(names) - 1)
    assert len(counts) == 60
    assert set(counts.values()) == {1, 2, 3}
    assert parted > 20
    mock = simulate("tess", None, 60, data_dir=tmp_path / "p", seed=4, source="hats")
    tables = [pq.read_table(path) for path in data_files(mock)]
    assert 60 < sum(len(table) for table in tables) <= 180
    lengths = [
        table["lightcurve"].combine_chunks().field("time").value_lengths() for table in tables
    ]
    assert len({length for one in lengths for length in one.to_pylist()}) > 3
