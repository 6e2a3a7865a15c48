"""Light curves of single stars, padded row by row, in the layouts of Multimodal Universe."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

NAN = np.nan


@pytest.fixture
def write_hats(tmp_path):
    """Return a function that writes one partition of a HATS catalogue."""

    def write(config, columns):
        path = tmp_path / config / "dataset" / "Norder=1" / "Dir=0" / "Npix=12.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(pa.table(columns), path)

    return write


def float_lists(*rows):
    return pa.array(rows, type=pa.list_(pa.float32()))


def light_curve(**fields):
    arrays = [float_lists(*rows) for rows in fields.values()]
    return pa.StructArray.from_arrays(arrays, names=list(fields))


def write_spoc(write_hdf5, path, tic, start, pad=0.0):
    """Write two rows; the second is one exposure shorter, and one exposure has no time."""
    time = np.array([[start, NAN, start + 1.00069444], [start, start + 0.5, pad]], ">f8")
    flux = np.array([[10, NAN, 12], [20, 21, pad]], ">f4")
    write_hdf5(
        path, object_id=np.array(tic, "i8"), time=time, flux=flux, flux_err=flux / 10,
        quality=np.array([[0, 16384, 0], [0, 2**7, 0]], "i4"), RA=[281.33709712345, 1.5],
        DEC=[65.92184412345, -2.5],
    )  # fmt: skip


def test_tess_when_padded_then_times_stay_double_and_padding_goes(write_hdf5, read):
    write_spoc(write_hdf5, "spoc/s0064/healpix=210/001-of-001.hdf5", [229761376, 7], 2882.33251951)
    first, second = read("tess")
    assert (first["object_id"], second["object_id"]) == ("229761376", "7")
    assert first["ra"] == first["RA"] == 281.33709712345
    assert first["dec"] == first["DEC"] == 65.92184412345
    assert first["lightcurve"]["time"] == [2882.33251951, 2882.33251951 + 1.00069444]
    assert first["lightcurve"]["flux"] == [10, 12]
    assert second["lightcurve"] == {
        "time": [2882.33251951, 2882.33251951 + 0.5],
        "flux": [20, 21],
        "flux_err": [2, np.float32(2.1)],
        "quality": [0, 128],
        "quality_bad": [False, True],
    }
    assert list(first) == ["object_id", "ra", "dec", "RA", "DEC", "lightcurve"]


def test_tess_when_seen_in_two_sectors_then_one_example_in_order_of_time(write_hdf5, read):
    write_spoc(write_hdf5, "spoc/s0001/healpix=9/001-of-001.hdf5", [7, 8], 2000)
    write_spoc(write_hdf5, "spoc/s0002/healpix=9/001-of-001.hdf5", [9, 7], 1900, pad=NAN)
    rows = read("tess")
    assert [row["object_id"] for row in rows] == ["7", "8", "9"]
    assert rows[0]["lightcurve"]["time"] == [1900, 1900.5, 2000, 2001.00069444]
    assert rows[0]["lightcurve"]["flux"] == [20, 21, 10, 12]
    assert rows[0]["ra"] == 281.33709712345


def test_tess_when_positions_are_in_small_letters_then_read_as_well(write_hdf5, read):
    write_hdf5(
        "spoc-tiny/SPOC/healpix=9/001-of-001.hdf5",
        object_id=[7], ra=[10.0], dec=[-3.0], sector=[23], healpix=[9], TIC_ID=[7],
        time=[[2000.5, NAN]], flux=np.float32([[1, NAN]]), flux_err=np.float32([[0.1, NAN]]),
        quality=np.int32([[0, 0]]),
    )  # fmt: skip
    (row,) = read("tess", config="spoc-tiny")
    assert (row["RA"], row["DEC"], row["lightcurve"]["time"]) == (10, -3, [2000.5])


QLP = ("sap_flux", "sap_x", "sap_y", "sap_bkg", "sap_bkg_err", "kspsap_flux", "kspsap_flux_err")
QLP = (*QLP, "kspsap_flux_sml", "kspsap_flux_lag")


@pytest.mark.parametrize(("config", "folder"), [("qlp", "qlp/s0011"), ("qlp-tiny", "qlp_tiny/x")])
def test_tess_when_quick_look_then_detrended_flux_and_star(write_hdf5, read, config, folder):
    cells = {name: np.full((1, 3), k, "f4") for k, name in enumerate(QLP)}
    write_hdf5(
        f"{folder}/healpix=9/001-of-001.hdf5",
        object_id=[277554109], RA=[210.0], DEC=[-40.0], tess_mag=[9.5], radius=[1.25],
        teff=[5800.0], logg=[NAN], mh=[-0.5], time=[[1600.0, 1600.02, 0]],
        quality=np.int32([[4096, 0, 0]]), orbitid=np.int32([[29, 30, 0]]), **cells,
    )  # fmt: skip
    (row,) = read("tess", config=config)
    assert [row[name] for name in ("tess_mag", "radius", "teff", "logg", "mh")] == [
        9.5, 1.25, 5800, None, -0.5
    ]  # fmt: skip
    curve = row["lightcurve"]
    assert set(curve) == {"time", "flux", "flux_err", "quality", "quality_bad", "orbitid", *QLP} - {
        "kspsap_flux", "kspsap_flux_err"
    }  # fmt: skip
    assert (curve["flux"], curve["flux_err"]) == ([5, 5], [6, 6])
    assert (curve["sap_flux"], curve["kspsap_flux_lag"]) == ([0, 0], [8, 8])
    assert (curve["quality"], curve["orbitid"]) == ([4096, 0], [29, 30])


def test_tess_when_one_error_for_a_light_curve_then_it_stands_at_every_point(write_hdf5, read):
    def write(path, gaia):
        flags = np.int32([[0, 8, 0], [1, 0, 0]])
        write_hdf5(
            path, object_id=[11, 12], GAIADR3_ID=np.array(gaia, "i8"), RA=[1.0, 2], DEC=[3.0, 4],
            time=[[1800.0, 1800.5, 1801], [1800, 1801, 0]],
            psf_flux=np.float32([[5, 6, 7], [8, 9, 0]]), psf_flux_err=[0.25, 0.5],
            aper_flux=np.float32([[1, 2, 3], [4, 5, 0]]), aper_flux_err=[0.125, 0.75],
            tess_flags=flags, tglc_flags=flags[:, ::-1],
        )  # fmt: skip

    write("tglc/s0023/healpix=9/001-of-001.hdf5", [5996151172781298304, 5])
    first, second = read("tess", config="tglc")
    assert first["GAIADR3_ID"] == "5996151172781298304"
    assert (first["psf_flux_err"], second["aper_flux_err"]) == (0.25, 0.75)
    assert first["lightcurve"]["flux_err"] == [0.25] * 3
    assert second["lightcurve"] == {
        "time": [1800, 1801],
        "flux": [8, 9],
        "flux_err": [0.5, 0.5],
        "aper_flux": [4, 5],
        "tess_flags": [1, 0],
        "tglc_flags": [0, 0],
    }


def test_tess_when_in_hats_form_then_same_without_what_it_lacks(write_hats, read):
    time = [2882.25, NAN, 2883.5, 0]
    write_hats(
        "spoc",
        {
            "lightcurve": light_curve(time=[time], flux=[[1, 2, 3, 0]], flux_err=[[1, 1, 2, 0]]),
            "RA": pa.array([281.337097], pa.float64()),
            "DEC": pa.array([65.921844], pa.float64()),
            "object_id": ["229761376"],
            "_healpix_29": [1],
        },
    )
    (row,) = read("tess", "hats")
    assert (row["object_id"], row["ra"]) == ("229761376", 281.337097)
    assert row["lightcurve"]["time"] == [2882.25, 2883.5]
    assert row["lightcurve"]["flux"] == [1, 3]
    assert row["lightcurve"]["quality"] is None


def test_kepler_when_padded_with_nan_then_each_star_has_its_own_length(write_hdf5, read):
    time = np.array([[539.43, 538.4, NAN, NAN], [131.5125735, 131.53, 131.55, 132]], "f8")
    flux = np.where(np.isnan(time), NAN, [[1, 2, 3, 4], [5, 6, 7, 8]]).astype("f4")
    zero = np.where(np.isnan(flux[:1]), NAN, 0)
    write_hdf5(
        "data/healpix=910/001-of-001.hdf5",
        KID=[2556081, 757076], object_id=np.array([2556081, 757076], "i8"),
        data_file_path=np.array([b"a,b", b"c"]), ra=[-1.0, 291.03873], dec=[-1.0, 36.59813],
        cadence=np.array([b"long cadence", b"long cadence"]), healpix=[910, 910], time=time,
        sap_flux=np.vstack([zero, flux[1:]]), sap_flux_err=np.vstack([zero, flux[1:] / 8]),
        pdcsap_flux=flux, pdcsap_flux_err=flux / 4,
    )  # fmt: skip
    first, second = read("kepler")
    assert (first["object_id"], first["ra"], first["dec"]) == ("2556081", None, None)
    assert (second["ra"], second["dec"]) == (291.03873, 36.59813)
    assert first["lightcurve"]["time"] == [538.4, 539.43]
    assert first["lightcurve"]["pdcsap_flux"] == [2, 1]
    assert np.isnan(first["lightcurve"]["sap_flux"]).all()  # a file without aperture sums
    assert np.isnan(first["lightcurve"]["sap_flux_err"]).all()
    assert second["lightcurve"]["time"] == [131.5125735, 131.53, 131.55, 132]
    assert second["lightcurve"]["sap_flux_err"] == [0.625, 0.75, 0.875, 1]


def test_kepler_when_in_hats_form_then_same(write_hats, read):
    names = ("pdcsap_flux", "pdcsap_flux_err", "sap_flux", "sap_flux_err")
    fluxes = {name: [[k + 1, 9, NAN]] for k, name in enumerate(names)}
    write_hats(
        "all",
        {
            "lightcurve": light_curve(time=[[131.5, 131.25, NAN]], **fluxes),
            "ra": pa.array([291.0], pa.float32()),
            "dec": pa.array([36.5], pa.float32()),
            "object_id": ["757076"],
        },
    )
    (row,) = read("kepler", "hats")
    assert row["lightcurve"]["time"] == [131.25, 131.5]
    assert [row["lightcurve"][name] for name in names] == [[9, k + 1] for k in range(4)]
