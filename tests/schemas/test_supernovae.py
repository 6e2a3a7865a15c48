"""Supernova light curves, one file an object, as Multimodal Universe stores them."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

# survey, config, folder of the HDF5 files, bands as the files list them, bands as declared
FLUXES = [
    ("foundation", "foundation_dr1", "foundation_dr1", "girz", "griz"),
    ("ps1_sne_ia", "ps1_sne_ia", "ps1_sne_ia", "girz", "griz"),
    ("des_y3_sne_ia", "des_y3_sne_ia", "des_y3_sne_ia", "girz", "griz"),
    ("snls", "snls", "data", "girz", "griz"),
    ("swift_sne_ia", "swift_sne_ia", "data", "BNUVWX", "XNWUBV"),
    ("yse", "yse_dr1", "yse_dr1", "XYgirz", "XgrYiz"),
]
every_survey = pytest.mark.parametrize(("name", "config", "folder", "stored", "declared"), FLUXES)
TIMES = [[55305.484375, 55331.375, 55664.578125], [58839.25, -99, -99], [57000.5, 56999.125, -99]]


def padded(bands, start=0.0):
    """Return time, flux and error over band and epoch; the last bands have no measurement."""
    time = np.full((len(bands), 3), -99, "f4")
    time[:3] = TIMES
    flux = np.where(time > 0, start + np.arange(time.size).reshape(time.shape) - 2, 0)
    return time, flux.astype("f4"), np.where(time > 0, 0.5, 0).astype("f4")


def write_object(write_hdf5, path, bands, object_id, start=0.0, **cells):
    time, flux, flux_err = padded(bands, start)
    values = {
        "redshift": np.float32(0.25), "host_log_mass": np.float32(10.5), "healpix": np.int64(1772),
        "ra": np.float32(227.31171), "dec": np.float32(-11.33422), "obj_type": np.bytes_("Ia"),
    }  # fmt: skip
    write_hdf5(
        path, object_id=np.bytes_(object_id), bands=",".join(bands),
        time=time, flux=flux, flux_err=flux_err, **(values | cells),
        # what else the SNANA files say is stored under their own names
        SNID=np.bytes_(object_id), MWEBV=np.float32(0.09), REDSHIFT_HELIO=np.float32(0.24),
        MAG=np.where(time > 0, 27.5, 0).astype("f4"), NOBS=np.int64(6),
    )  # fmt: skip


def write_parquet(path, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"_healpix_29": pa.array([7, 8], pa.int64()), **columns}), path)


def lists(bands, **fields):
    """Return two light curves as a struct of lists, as the HATS catalogue has them."""
    size = next(iter(fields.values())).shape[1]
    columns = {"band": [np.repeat(list(bands), size).tolist()] * 2}
    columns |= {name: [values.ravel().tolist()] * 2 for name, values in fields.items()}
    kinds = {name: pa.string() if name == "band" else pa.float32() for name in columns}
    arrays = [pa.array(values, pa.list_(kinds[name])) for name, values in columns.items()]
    return pa.StructArray.from_arrays(arrays, names=list(columns))


@every_survey
def test_fluxes_when_padded_by_band_then_one_list_in_order(
    name, config, folder, stored, declared, write_hdf5, read
):
    write_object(write_hdf5, f"{folder}/healpix=0042/one.hdf5", stored, "2017erp")
    (row,) = read(name, config=config)
    curve = row["lightcurve"]
    wanted = [
        (declared.index(band), time, band, flux)
        for band, times, fluxes in zip(stored, TIMES, padded(stored)[1].tolist(), strict=False)
        for time, flux in zip(times, fluxes, strict=True)
        if time > 0
    ]
    _, times, bands, fluxes = zip(*sorted(wanted), strict=True)
    assert len(bands) == 6
    assert (curve["band"], curve["time"]) == ([*bands], [*times])
    assert (curve["flux"], curve["flux_err"]) == ([*fluxes], [0.5] * 6)
    assert row["object_id"] == "2017erp"
    assert (row["ra"], row["dec"]) == (float(np.float32(227.31171)), float(np.float32(-11.33422)))
    assert (row["redshift"], row["host_log_mass"], row["obj_type"]) == (0.25, 10.5, "Ia")


@every_survey
def test_hats_when_read_then_the_same_examples(
    name, config, folder, stored, declared, write_hdf5, read, tmp_path
):
    for number in (1, 2):
        cells = {"ra": np.float32(10 * number), "dec": np.float32(-5)}
        path = f"{folder}/healpix=0/{number}.hdf5"
        write_object(write_hdf5, path, stored, f"SN{number}", **cells)
    time, flux, flux_err = padded(stored)
    write_parquet(
        tmp_path / f"{config}/dataset/Norder=4/Dir=0/Npix=7.parquet",
        lightcurve=lists(stored, time=time, flux=flux, flux_err=flux_err),
        redshift=pa.array([0.25, 0.25], pa.float32()),
        host_log_mass=pa.array([10.5, 10.5], pa.float32()),
        ra=[10.0, 20.0], dec=[-5.0, -5.0], obj_type=["Ia", "Ia"], object_id=["SN1", "SN2"],
    )  # fmt: skip
    rows = read(name, config=config)
    assert [row["object_id"] for row in rows] == ["SN1", "SN2"]
    assert read(name, "hats", config=config) == rows


@pytest.mark.parametrize("unknown", [-99, -9, 0, np.nan])
def test_host_mass_when_unknown_then_null(unknown, write_hdf5, read):
    cells = {"host_log_mass": np.float32(unknown)}
    write_object(write_hdf5, "data/healpix=0001/SN2005gj.hdf5", "BNUVWX", "SN2005gj", **cells)
    (row,) = read("swift_sne_ia")
    assert row["host_log_mass"] is None


def test_yse_when_without_redshift_then_null_and_class_kept(write_hdf5, read):
    cells = {"redshift": np.float32(-99), "host_log_mass": np.float32(-99)}
    cells["obj_type"] = np.bytes_("SN-Ia-norm")
    write_object(write_hdf5, "yse_dr1/healpix=0001/2020azn.hdf5", "XYgirz", "2020azn", **cells)
    (row,) = read("yse")
    assert (row["redshift"], row["host_log_mass"]) == (None, None)
    assert row["obj_type"] == "SN-Ia-norm"


def test_band_when_an_object_has_none_of_it_then_no_element(write_hdf5, read):
    write_object(write_hdf5, "data/healpix=0001/03D1au.hdf5", "girz", "03D1au")
    (row,) = read("snls")
    assert "z" not in row["lightcurve"]["band"]
    assert min(row["lightcurve"]["time"]) > 0


def test_flux_when_negative_or_zero_then_data(write_hdf5, read):
    write_object(write_hdf5, "ps1_sne_ia/healpix=0001/PS1_6.hdf5", "girz", "PS1_6")
    (row,) = read("ps1_sne_ia")
    assert row["lightcurve"]["flux"][:3] == [-2, -1, 0]


def test_objects_when_in_many_folders_then_all_read(write_hdf5, read):
    for number, folder in enumerate(["0042", "0113", "2999"]):
        path = f"des_y3_sne_ia/healpix={folder}/DES_{number}.hdf5"
        write_object(write_hdf5, path, "girz", f"DES_{number}", start=100 * number)
    rows = read("des_y3_sne_ia")
    assert [row["object_id"] for row in rows] == ["DES_0", "DES_1", "DES_2"]
    assert [row["lightcurve"]["flux"][0] for row in rows] == [-2, 98, 198]


def test_meaning_when_shared_then_what_differs_is_said(survey):
    redshifts = {name: survey(name).leaves["redshift"].field for name, *_ in FLUXES}
    assert {field.is_["frame"] for field in redshifts.values()} == {"cmb"}
    assert [n for n, field in redshifts.items() if "frame" in field.unverified] == ["yse"]
    systems = {n: survey(n).blocks["lightcurve"].modality.photometry.system for n in redshifts}
    assert [name for name, system in systems.items() if system != "AB"] == ["swift_sne_ia"]
    filters = {n: [f for b in survey(n).file.bands.values() for f in b.filters] for n in redshifts}
    assert filters["snls"] == [f"CFHT/MegaCam.{band}" for band in "griz"]
    assert filters["des_y3_sne_ia"] == [f"CTIO/DECam.{band}" for band in "griz"]
    assert filters["yse"].count("Palomar/ZTF.g") == filters["yse"].count("PAN-STARRS/PS1.g") == 1


def magnitudes(zero):
    """Return time, magnitude and error of two bands, padded with zeros."""
    time = np.float32([[zero + 2.5, zero + 1.25], [zero + 9.75, 0]])
    return time, np.where(time > 0, 15.5, 0).astype("f4"), np.where(time > 0, 0.25, 0).astype("f4")


@pytest.mark.parametrize("config", ["cfa3", "cfa4", "cfa_SECCSN", "cfa_snII"])
def test_cfa_hats_when_read_then_as_from_hdf5(config, read, tmp_path):
    time, mag, mag_err = magnitudes(53470)
    write_parquet(
        tmp_path / f"{config}/dataset/Norder=4/Dir=0/Npix=0.parquet",
        lightcurve=lists(["rprime", "B"], time=time, mag=mag, mag_err=mag_err),
        ra=[0.0, 169.81071472167969], dec=[0.0, 20.80902862548828],
        obj_type=["?", "SN Ia-pec"], object_id=["SNsnf20080522011", "SN2007bc"],
    )  # fmt: skip
    lost, found = read("cfa", "hats", config=config)
    assert (lost["object_id"], lost["ra"], lost["dec"]) == ("SNsnf20080522011", None, None)
    assert (lost["obj_type"], found["obj_type"]) == (None, "SN Ia-pec")
    assert found["lightcurve"]["band"] == ["B", "r'", "r'"]
    assert found["lightcurve"]["time"] == [53479.75, 53471.25, 53472.5]
    assert found["lightcurve"]["mag"] == [15.5] * 3


def test_csp_hats_when_read_then_modified_julian_dates(read, tmp_path):
    time, mag, mag_err = magnitudes(256)
    write_parquet(
        tmp_path / "csp_dr3/dataset/Norder=4/Dir=0/Npix=0.parquet",
        lightcurve=lists(["Ydw", "u"], time=time, mag=mag, mag_err=mag_err),
        redshift=pa.array([0.03125, 0.0625], pa.float32()), ra=[340.5, 10.0], dec=[19.75, -30.0],
        spec_class=["SN Ia", "SN Ia"], object_id=["SN2004ef", "SN2005W"],
    )  # fmt: skip
    first, _ = read("csp", "hats")
    assert (first["object_id"], first["redshift"], first["ra"]) == ("SN2004ef", 0.03125, 340.5)
    assert first["lightcurve"]["band"] == ["u", "Ydw", "Ydw"]
    assert first["lightcurve"]["time"] == [53265.25, 53256.75, 53258.0]
    assert first["lightcurve"]["mag_err"] == [0.25] * 3
