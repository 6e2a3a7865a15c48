"""Files as the converters of Multimodal Universe write them become the Examples that are meant."""

import numpy as np


def write_hsc(write_hdf5):
    """Write one object whose planes hold 0 to 4, y first."""
    bands = [b"hsc-y", b"hsc-g", b"hsc-r", b"hsc-i", b"hsc-z"]
    planes = np.broadcast_to(np.arange(5.0)[:, None, None], (1, 5, 160, 160))
    values = {"extendedness_value": 1, "cmodel_mag": 20, "cmodel_magerr": 0.1}
    for psf in ("psf_", ""):
        values |= {f"sdssshape_{psf}shape{c}": 0 if c == 12 else 0.09 for c in (11, 22, 12)}
    write_hdf5(
        "pdr3_dud_22.5/healpix=7/001-of-001.hdf5",
        object_id=[41], ra=[150.0], dec=[2.0], healpix=[7],
        image_band=np.array([bands]), image_array=planes.astype("f4"), image_ivar=planes,
        image_mask=planes > 0, image_psf_fwhm=np.float32([[0, 1, 2, 3, 4]]),
        image_scale=np.full((1, 5), 0.168, "f4"),
        **{f"a_{b}": np.float32([0.25]) for b in "grizy"},
        **{f"{b}_{name}": np.float32([x]) for b in "grizy" for name, x in values.items()},
    )  # fmt: skip


def test_hsc_when_planes_are_in_another_order_then_sorted_by_band(write_hdf5, read):
    write_hsc(write_hdf5)
    (row,) = read("hsc", without=("image.ivar",))
    assert row["object_id"] == "41"
    assert row["image"]["band"] == ["g", "r", "i", "z", "y"]
    assert np.array(row["image"]["flux"])[:, 5, 9].tolist() == [1, 2, 3, 4, 0]
    assert np.array(row["image"]["mask"])[:, 0, 0].tolist() == [True] * 4 + [False]
    assert np.isnan(row["image"]["psf_fwhm"][4])
    assert row["i_cmodel_mag_dered"] == 19.75
    assert abs(row["g_sdssshape_size"] - 0.3) < 1e-6


def write_stein(write_hdf5, hemisphere, release, z_spec):
    write_hdf5(
        f"{hemisphere}/healpix=3/001-of-001.hdf5",
        object_id=[5], inds=[6], ra=[10.0], dec=[33.0], release=[release], brickid=[20], objid=[7],
        ebv=np.float32([0.02]), z_spec=np.float32([z_spec]),
        image_band=np.array([[b"des-g", b"des-r", b"des-z"]]),
        image_array=np.ones((1, 3, 152, 152), "f4"),
        image_psf_fwhm=np.ones((1, 3), "f4"), image_scale=np.full((1, 3), 0.262, "f4"),
        **{f"{f}_{b}": np.float32([1]) for f in ("flux", "fiberflux", "psfdepth") for b in "grz"},
    )  # fmt: skip


def test_decals_when_running_numbers_repeat_then_ids_and_filters_do_not(write_hdf5, read):
    write_stein(write_hdf5, "north", 9011, -99)
    write_stein(write_hdf5, "south", 9010, 0.5)
    rows = read("decals")
    assert [row["object_id"] for row in rows] == ["9011-20-7", "9010-20-7"]
    assert [row["region"] for row in rows] == ["north", "south"]
    assert [row["internal_inds"] for row in rows] == [5, 5]
    assert [row["z_spec"] for row in rows] == [None, 0.5]
    assert rows[0]["image"]["band"] == ["g", "r", "z"]
    assert [row["region"] for row in read("decals", config="stein_et_al_north")] == ["north"]


def write_plate(write_hdf5, program, warning):
    wavelength = np.array([[4000, 4001, 4002, -1], [4000, 4001, -1, -1]], ">f4")
    fluxes = np.arange(10, dtype=">f4").reshape(2, 5)
    name = f"{program}/healpix=9/001-of-001.hdf5"
    write_hdf5(
        name,
        object_id=np.array([f"{program:>22}".encode(), b"%22d" % warning]),
        ra=[1.0, 2.0], dec=[3.0, 4.0], Z=np.float32([0.1, 0.2]), Z_ERR=np.float32([-6, 1e-4]),
        ZWARNING=np.int32([warning, 0]), VDISP=np.float32([150, 0]), VDISP_ERR=np.float32([-4, 0]),
        spectrum_lambda=wavelength, spectrum_flux=wavelength, spectrum_ivar=wavelength,
        spectrum_lsf_sigma=wavelength, spectrum_mask=wavelength < 0,
        SPECTROFLUX=fluxes, SPECTROFLUX_IVAR=fluxes, SPECTROSYNFLUX=fluxes,
        SPECTROSYNFLUX_IVAR=fluxes + 100,
    )  # fmt: skip


def test_sdss_when_spectra_are_padded_then_each_has_its_own_length(write_hdf5, read):
    write_plate(write_hdf5, "sdss", 4)
    write_plate(write_hdf5, "boss", 1)
    rows = read("sdss")
    assert [row["object_id"] for row in rows] == ["sdss", "4", "boss", "1"]
    assert [len(row["spectrum"]["lambda"]) for row in rows] == [3, 2, 3, 2]
    assert not any(any(row["spectrum"]["mask"]) for row in rows)
    assert [(row["ZWARNING"], row["ZWARNING_bad"]) for row in rows[:2]] == [(4, True), (0, False)]
    assert [row["Z_ERR"] is None for row in rows[:2]] == [True, False]
    assert [row["VDISP"] for row in rows[:2]] == [150, None]
    assert [row["VDISP_ERR"] for row in rows[:2]] == [None, None]
    assert rows[1]["SPECTROFLUX_R"] == 7
    assert rows[0]["SPECTROSYNFLUX_IVAR_Z"] == 104
    assert [row["object_id"] for row in read("sdss", config="boss")] == ["boss", "1"]


def test_desi_when_flagged_then_number_stays_and_bool_means_bad(write_hdf5, read):
    spectra = {f"spectrum_{f}": np.ones((2, 7781), "f4") for f in ("flux", "ivar", "lsf_sigma")}
    fluxes = ("FLUX", "FLUX_IVAR", "FIBERFLUX", "FIBERTOTFLUX")
    write_hdf5(
        "edr_sv3/healpix=0/001-of-001.hdf5",
        object_id=[39627, 39628], ra=[1.0, 2.0], dec=[3.0, 4.0], Z=[0.5, 1.5], ZERR=[1e-5, 1e-4],
        ZWARN=np.int64([0, 2**2 + 2**16]), EBV=np.float32([0.1, 0]), PHOTSYS=np.array([b"N", b""]),
        spectrum_lambda=np.tile(np.linspace(3600, 9824, 7781, dtype="f4"), (2, 1)),
        spectrum_mask=np.zeros((2, 7781), bool), **spectra,
        **{f"{f}_{b}": np.float32([2, -99]) for f in fluxes for b in "GRZ"},
    )  # fmt: skip
    good, bad = read("desi", config="edr_sv3")
    assert (good["object_id"], good["ZWARN"], good["ZWARN_bad"]) == ("39627", 0, False)
    assert (bad["ZWARN"], bad["ZWARN_bad"]) == (65540, True)
    assert (good["PHOTSYS"], bad["PHOTSYS"]) == ("N", None)
    assert (good["FLUX_G"], bad["FLUX_G"], bad["FLUX_IVAR_Z"]) == (2, None, None)
    assert len(good["spectrum"]["lambda"]) == 7781


def test_gaia_when_flat_then_grouped_and_null_where_not_measured(survey, write_hdf5, read):
    fields = [leaf for leaf in survey("gaia").leaves.values() if leaf.block and not leaf.axes]
    cells = {leaf.name: np.full(2, np.nan, "f4") for leaf in fields}
    cells |= {"ra": [286.71691289637, 2.0], "dec": [0.27, 3.0], "parallax": [1.0849238592578, 2]}
    cells |= {"astrometric_params_solved": np.int8([31, 95]), "ruwe": np.float32([1, 2])}
    coefficients = np.arange(220.0).reshape(2, 110)
    write_hdf5(
        "gaia/healpix=1/001-of-001.hdf5",
        source_id=[4267180339403392768, 7], coeff=coefficients, coeff_error=coefficients, **cells,
    )  # fmt: skip
    first, second = read("gaia")
    assert first["object_id"] == "4267180339403392768"
    assert first["ra"] == first["astrometry"]["ra"] == 286.71691289637
    assert first["astrometry"]["parallax"] == 1.0849238592578
    assert second["spectral_coefficients"]["coeff"][-1] == 219
    assert second["corrections"]["astrometric_params_solved"] == 95
    assert second["gspphot"] is None  # nothing of the group was measured
    assert second["corrections"]["rv_template_teff"] is None


def write_supernova(write_hdf5, path, bands, time, **cells):
    padded = np.float32(time)
    write_hdf5(
        path,
        bands=np.array(bands, "S6"), time=padded, mag=np.where(padded > 0, 15, 0).astype("f4"),
        mag_err=np.where(padded > 0, 0.1, 0).astype("f4"), **cells,
    )  # fmt: skip


def test_csp_when_days_count_from_2453000_then_become_modified_julian_dates(write_hdf5, read):
    cells = {"object_id": b"SN2004ef", "spec_class": b"SN Ia", "redshift": np.float32(0.031)}
    time = [[256.65, 257.66], [0, 0], [255.69, 0]]
    write_supernova(
        write_hdf5, "csp/healpix=0042/example_SN2004ef.hdf5", ["u", "Ydw", "B"], time,
        ra=np.float32(340.54175), dec=np.float32(19.99456), **cells,
    )  # fmt: skip
    (row,) = read("csp")
    assert row["object_id"] == "SN2004ef"
    assert row["lightcurve"]["band"] == ["u", "u", "B"]
    assert np.allclose(row["lightcurve"]["time"], [53256.15, 53257.16, 53255.19], atol=1e-4)
    assert row["lightcurve"]["mag"] == [15, 15, 15]


def test_cfa_when_bands_are_spelt_otherwise_then_tokens_and_no_place_is_null(write_hdf5, read):
    cells = {"object_id": b"SN2005bf", "obj_type": b"?", "redshift": 0}
    time = [[53470.5, 0], [53472.25, 53471.5], [53480, 53470]]
    write_supernova(
        write_hdf5, "cfa_seccsn/healpix=0000/example_SN2005bf.hdf5", ["K", "rprime", "V"], time,
        ra=np.float32(0), dec=np.float32(0), **cells,
    )  # fmt: skip
    (row,) = read("cfa", config="cfa_SECCSN")
    assert (row["ra"], row["dec"], row["obj_type"]) == (None, None, None)
    assert row["lightcurve"]["band"] == ["V", "V", "r'", "r'", "Ks"]
    assert row["lightcurve"]["time"] == [53470, 53480, 53471.5, 53472.25, 53470.5]
