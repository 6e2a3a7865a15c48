"""Real files of the surveys, compared with the files themselves."""

import shutil

import h5py
import numpy as np
import pyarrow.parquet as pq
from astropy.io import fits


def test_cfa_when_read_from_a_file_of_others_then_equals_the_archive(shared_data, tmp_path, read):
    source = shared_data("mmu_hdf5_cfa") / "SN2007bc.hdf5"
    folder = tmp_path / "cfa3" / "healpix=1772"
    folder.mkdir(parents=True)
    shutil.copy(source, folder)
    (row,) = read("cfa")
    with h5py.File(source) as file:
        times = file["time"][()]
    curve = row["lightcurve"]
    assert len(curve["time"]) == np.count_nonzero(times) == 60
    assert np.unique(curve["band"], return_counts=True)[1].tolist() == [19, 17, 9, 15]
    text = (shared_data("sn_cfa") / "CFA3_KEPLERCAM_2007bc.DAT").read_text()
    dates = [float(line.split()[1]) for line in text.splitlines() if line.startswith("OBS:")]
    assert np.allclose(np.sort(curve["time"]), np.sort(dates), atol=0.002)


def test_csp_when_dates_are_julian_then_it_was_night_in_chile(shared_data):
    texts = [path.read_text() for path in shared_data("sn_csp").glob("CSPDR3_*")]
    lines = [line for text in texts for line in text.splitlines() if line.startswith("OBS:")]
    days = np.array([float(line.split()[1]) for line in lines])
    # These files repeat the numbers of the release as if 53000 were the missing part of an MJD.
    hours_of_julian_date = (days % 1 + 0.5) % 1 * 24
    assert ((hours_of_julian_date < 10.5) | (hours_of_julian_date > 22)).mean() > 0.999
    assert len(days) > 5000


def test_hipparcos_when_read_then_positions_are_those_of_2000(shared_data, read):
    rows = read("hipparcos", "parquet", root=shared_data("hipparcos"))
    assert len(rows) == 118216
    stars = {row["hip"]: row for row in rows}
    # Barnard's star moves 0.09 arcmin a year: at 1991.25 its declination was 4.668.
    assert (stars[87937]["ra"], stars[87937]["dec"]) == (269.4521, 4.6934)
    assert sum(row["bv"] is None for row in rows) == 1279


def test_tycho2_when_read_from_fits_then_mean_position_and_nulls(shared_data, read):
    folder = shared_data("tycho2")
    rows = read("tycho2", "desitarget", root=folder)
    tables = [fits.getdata(path, 1) for path in sorted(folder.glob("tycho-healpix-*.fits"))]
    table = np.concatenate([np.asarray(t) for t in tables])
    assert len(rows) == len(table) == 50
    assert rows[0]["object_id"] == "5226-465-1"
    is_mean = table["EPOCH_RA"] > 0
    expected = np.where(is_mean, table["MEAN_RA"], table["RA"])
    assert np.array_equal([row["ra"] for row in rows], expected)
    assert [row["PM_RA"] is None for row in rows] == (~is_mean).tolist()
    assert [row["JMAG"] is None for row in rows] == (table["JMAG"] == 99).tolist()
    assert {row["MAG_HP"] for row in rows} == {None}


def test_tycho2_when_read_from_parquet_then_ids_come_from_positions(shared_data, tmp_path, read):
    source = pq.read_table(shared_data("tycho2") / "tycho2_vt_lt_9.parquet").slice(0, 2000)
    pq.write_table(source, tmp_path / "tycho2_excerpt.parquet")
    rows = read("tycho2", "parquet")
    assert rows[0]["object_id"] == "22500149_-3603058"
    assert len({row["object_id"] for row in rows}) == 2000
    assert [row["ra"] for row in rows] == source["ra"].to_pylist()
    assert [row["MAG_VT"] for row in rows] == source["mag_vt"].to_pylist()
    assert rows[0]["TYC1"] is None


def test_gaia_when_read_from_the_archive_then_all_but_spectra(shared_data, tmp_path, read):
    source = shared_data("gaia") / "gdr3_sm.fits"
    shutil.copy(source, tmp_path / "gaia_source_sm.fits")
    rows = read("gaia", "archive")
    table = fits.getdata(source, 1)
    assert [row["object_id"] for row in rows] == [str(n) for n in table["source_id"]]
    assert [row["astrometry"]["pmra"] for row in rows] == table["pmra"].tolist()
    solved = {row["corrections"]["astrometric_params_solved"] for row in rows}
    assert solved == {31, 95}
    assert {row["spectral_coefficients"] for row in rows} == {None}
    known = np.isfinite(table["teff_gspphot"])
    found = [
        row["gspphot"] is not None and row["gspphot"]["teff_gspphot"] is not None for row in rows
    ]
    assert found == known.tolist()
