"""X-ray spectra of variable length, as Multimodal Universe writes them."""

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

NAN = np.nan
FLOATS = ("flux_aper_b", "flux_bb_aper_b", "flux_significance_b")
RATIOS = ("hard_hm", "hard_hs", "hard_ms")
#: Name in the files -> name in an Example.
FIELDS = {
    "spectrum_ene": "ene_center_bin",
    "spectrum_ene_hi": "ene_high_bin",
    "spectrum_ene_lo": "ene_low_bin",
    "spectrum_flux": "flux",
    "spectrum_flux_err": "flux_error",
}


def spectrum(n, first):
    """Return the five arrays of a spectrum of n bins."""
    low = first + 0.25 * np.arange(n)
    return [low + 0.125, low + 0.25, low, np.arange(n) - 1.0, np.full(n, 0.5)]


@pytest.fixture
def write_csc(tmp_path):
    """Return a function that writes one file with a spectrum a row, as lists or as plain arrays."""

    def write(path, numbers, spectra, *, dense=False):
        n = len(numbers)
        target = tmp_path / path
        target.parent.mkdir(parents=True)
        with h5py.File(target, "w") as file:
            file["object_id"] = np.array(numbers, "i8")
            file["name"] = np.array([b"2CXO J085446.9+140843"] * n)
            file["obsid"], file["obi"] = np.arange(n) + 1575, np.zeros(n, "i8")
            file["region_id"], file["healpix"] = np.full(n, 85), np.full(n, 9)
            file["ra"], file["dec"] = np.full(n, 133.69558), np.full(n, 14.1453)
            file["theta"], file["gti_mjd_obs"] = np.ones(n), np.full(n, 52187.97)
            file["src_cnts_aper_b"] = np.full(n, 120.0)
            for k, name in enumerate((*FLOATS, *RATIOS)):
                file[name] = np.full(n, [7e-14, 7.5e-14, 7.9, 0.25, NAN, -0.125][k])
            file["var_index_b"], file["var_prob_b"] = np.full(n, 6.0), np.full(n, 0.75)
            for name, rows in zip(FIELDS, zip(*spectra, strict=True), strict=True):
                if dense:
                    file[name] = np.array(rows)
                    continue
                file.create_dataset(name, (n,), dtype=h5py.vlen_dtype(np.float64))
                for row, values in enumerate(rows):
                    file[name][row] = values

    return write


def test_chandra_when_rows_differ_in_length_then_each_keeps_its_own(write_csc, read):
    spectra = [spectrum(3, 0.5), spectrum(2, 0.75), spectrum(0, 1)]
    write_csc("spectra/healpix=9/001-of-001.hdf5", [47877, 3, 0], spectra)
    rows = read("chandra")
    assert [row["object_id"] for row in rows] == ["47877", "3", "0"]
    assert [row["obsid"] for row in rows] == [1575, 1576, 1577]
    assert {row["name"] for row in rows} == {"2CXO J085446.9+140843"}
    for row, arrays in zip(rows, spectra, strict=True):
        for field, values in zip(FIELDS.values(), arrays, strict=True):
            assert row["spectrum"][field] == values.tolist()


def test_chandra_when_read_then_catalogue_comes_along(write_csc, read):
    write_csc("spectra/healpix=9/001-of-001.hdf5", [1, 2], [spectrum(3, 1), spectrum(1, 1)])
    row, _ = read("chandra")
    assert (row["ra"], row["dec"]) == (133.69558, 14.1453)
    assert [row[name] for name in RATIOS] == [0.25, None, -0.125]
    assert np.allclose([row[name] for name in FLOATS], [7e-14, 7.5e-14, 7.9], rtol=1e-6)
    assert (row["var_index_b"], row["var_prob_b"], row["region_id"]) == (6, 0.75, 85)
    assert isinstance(row["var_index_b"], int)


def test_chandra_when_all_rows_are_equally_long_then_plain_arrays_are_read(write_csc, read):
    write_csc("spectra/healpix=8/001-of-001.hdf5", [5], [spectrum(4, 0.5)], dense=True)
    write_csc("spectra/healpix=9/001-of-001.hdf5", [6, 7], [spectrum(2, 0.5), spectrum(1, 2)])
    rows = read("chandra")
    assert [row["object_id"] for row in rows] == ["5", "6", "7"]
    assert [len(row["spectrum"]["flux"]) for row in rows] == [4, 2, 1]
    assert rows[0]["spectrum"]["ene_low_bin"] == [0.5, 0.75, 1, 1.25]


def test_chandra_when_in_hats_form_then_same_but_for_the_observation(tmp_path, read):
    path = tmp_path / "spectra/dataset/Norder=4/Dir=0/Npix=1081.parquet"
    path.parent.mkdir(parents=True)
    arrays = [pa.array([values], pa.list_(pa.float32())) for values in spectrum(3, 0.5)]
    scalars = {name: pa.array([0.5], pa.float32()) for name in (*FLOATS, *RATIOS, "var_prob_b")}
    table = {
        "_healpix_29": [304334048313525994],
        "spectrum": pa.StructArray.from_arrays(arrays, names=list(FIELDS.values())),
        **scalars,
        "var_index_b": pa.array([0.0], pa.float32()),
        "name": ["2CXO J085446.9+140843"],
        "object_id": ["47877"],
        "ra": [133.69558],
        "dec": [14.1453],
    }
    pq.write_table(pa.table(table), path)
    (row,) = read("chandra", "hats")
    assert (row["object_id"], row["name"]) == ("47877", "2CXO J085446.9+140843")
    assert row["spectrum"]["ene_center_bin"] == [0.625, 0.875, 1.125]
    assert row["spectrum"]["flux"] == [-1, 0, 1]
    assert (row["var_index_b"], row["obsid"], row["obi"], row["region_id"]) == (0, None, None, None)
