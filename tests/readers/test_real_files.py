"""Files that nobody here made, against the libraries of their formats."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table

from astropile.readers import Column, ReadOptions, open_reader

SharedData = Callable[[str], Path]
FITS_FOLDERS = [
    "apogee", "chandra", "decals_images", "desi", "desi_x_legacysurvey", "gaia", "gaia_desitarget",
    "gaia_legacypipe", "gaia_xp", "galah", "galaxy_catalogues", "hsc", "hst", "jwst", "lamost",
    "legacysurvey", "manga", "moc_footprints", "sdss_photo", "sdss_spectra", "sn_des5yr_head",
    "sn_snana_fits_lowz", "tess", "twomass", "tycho2", "unwise_images", "urat1_desitarget",
]  # fmt: skip
MAX_ROWS = 2000

pytestmark = pytest.mark.filterwarnings("ignore::astropy.utils.exceptions.AstropyWarning")


def assert_same(column: Column, expected: Any) -> None:
    """Compare a column with what astropy gives."""
    if column.offsets is not None:
        parts = np.split(column.data, column.offsets[1:-1])
        for part, value in zip(parts, expected, strict=True):
            np.testing.assert_array_equal(part, value)
        return
    values = np.asarray(expected)
    if column.data.dtype.kind == "U":
        assert column.data.tolist() == np.strings.rstrip(values.astype("U")).tolist()
        return
    np.testing.assert_array_equal(column.data, values)
    # A signed byte stored with an offset is float64 to astropy, and int8 here.
    assert column.data.dtype == values.dtype.newbyteorder("=") or column.data.dtype == np.int8


@pytest.mark.parametrize("folder", FITS_FOLDERS)
def test_fits_when_read_then_as_astropy(folder: str, shared_data: SharedData, load: Any) -> None:
    """Every image and column of one file of every kind, whole and by rows."""
    paths = sorted(p for p in shared_data(folder).iterdir() if ".fits" in p.name.lower())
    for path in {path.suffixes[-1] + path.name[:6]: path for path in paths}.values():
        with fits.open(path) as file:
            for number, unit in enumerate(file):
                columns = getattr(unit, "columns", [])
                names = [c.name for c in columns if c.format[0] != "0"]
                # Trees of the kd-tree files are binary data called text.
                if any(n.startswith("kdtree") for n in names):
                    continue
                if unit.data is None or not unit.data.shape[0]:
                    continue
                rows = np.arange(0, min(len(unit.data), MAX_ROWS), 3)
                wanted = names or [f"hdu{number}"]
                found = load(path, "fits", wanted, rows, hdu=str(number))
                for name in wanted:
                    values = unit.data[name] if names else unit.data
                    assert_same(found[name], values[rows])


def test_fits_when_cards_are_read_then_as_astropy(shared_data: SharedData, load: Any) -> None:
    """A header full of odd cards."""
    path = next(shared_data("lamost").glob("*.fits"))
    header = fits.getheader(path)
    keys = [k for k in dict.fromkeys(header) if k not in ("", "COMMENT", "HISTORY")]
    found = load(path, "fits", [f"PRIMARY@{key}" for key in keys], rows="file")
    assert [found[f"PRIMARY@{key}"].data[0] for key in keys] == [header[key] for key in keys]


def test_fits_when_a_big_table_is_mapped_then_only_rows_are_read(
    shared_data: SharedData, load: Any
) -> None:
    """DES head: 19706 rows; trailing blanks of ids are gone."""
    path = shared_data("sn_des5yr_head") / "DES-SN5YR_DES_HEAD.FITS.gz"
    found = load(path, "fits", ["SNID", "RA"], slice(100, 103), hdu="1")
    with fits.open(path) as file:
        expected = [text.rstrip() for text in file[1].data["SNID"][100:103]]
    assert found["SNID"].data.tolist() == expected


def test_hdf5_when_supernova_is_read_then_as_h5py(shared_data: SharedData, load: Any) -> None:
    """A real file of one object; text was bytes."""
    path = shared_data("mmu_hdf5_cfa") / "SN2007bc.hdf5"
    found = load(path, "hdf5", rows="file")
    assert found["object_id"].data.tolist() == ["SN2007bc"]
    assert found["bands"].data.tolist() == [["B", "I", "R", "U", "V", "i'", "r'"]]
    with h5py.File(path) as file:
        assert set(found) == set(file)
        for name in ("mag", "mag_err", "time", "ra", "dec", "redshift", "healpix"):
            np.testing.assert_array_equal(found[name].data[0], file[name][()])


@pytest.mark.parametrize(
    ("folder", "name"),
    [("hipparcos", "hipparcos_d3celestial.parquet"), ("tycho2", "tycho2_vt_lt_9.parquet")],
)
def test_parquet_when_catalogue_is_read_then_as_pyarrow(
    folder: str, name: str, shared_data: SharedData, load: Any
) -> None:
    """Values and nulls."""
    path = shared_data(folder) / name
    table = pq.read_table(path)
    found = load(path, "parquet")
    assert list(found) == table.column_names
    for key, column in found.items():
        nulls = np.zeros(len(column), bool) if column.null is None else column.null
        expected = table.column(key)
        assert nulls.tolist() == expected.is_null().to_pylist()
        np.testing.assert_array_equal(column.data[~nulls], expected.drop_null().to_numpy())


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("galex", "DB10_calrun_NUV.csv"),
        ("plasticc", "plasticc_lightcurves.csv.gz"),
        ("twomass", "cds_xmatch_2mass_answer.csv"),
        ("lamost", "my_data3.csv"),
        ("gaia_xp", "XP_CONTINUOUS_RAW.csv"),
        ("ztf_btsbot", "usage_candidates.csv"),
    ],
)
def test_csv_when_read_then_as_python(
    folder: str, name: str, shared_data: SharedData, load: Any
) -> None:
    """Text stays as it is written, also over several lines in quotes."""
    path = shared_data(folder) / name
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="", encoding="utf-8") as file:
        names, *rows = list(csv.reader(file))
    found = load(path, "csv")
    assert list(found) == [key or f"col{number}" for number, key in enumerate(names, 1)]
    for column, values in zip(found.values(), zip(*rows, strict=True), strict=True):
        assert column.data.tolist() == list(values)


def test_ecsv_when_spectra_are_read_then_as_astropy(shared_data: SharedData, load: Any) -> None:
    """Gaia XP: arrays of varying length as text."""
    path = shared_data("gaia_xp") / "XP_CONTINUOUS_RAW.ecsv"
    table = Table.read(path)
    with open_reader(path, "ecsv", ReadOptions()) as reader:
        assert reader.cells()["bp_coefficients"].shape == (None,)
        found = reader.read(table.colnames)
    for name in table.colnames:
        assert_same(found[name], table[name])
