"""Names that follow from meaning, units, frames and polarities, one by one."""

import pytest

WORKED = {
    "hsc": {
        "i_cmodel_mag": ("mag_cmodel_i", "mag(AB)"),
        "i_cmodel_magerr": ("mag_cmodel_i_err", "mag"),
        "i_cmodel_mag_dered": ("mag_cmodel_i_dered", "mag(AB)"),
        "a_i": ("extinction_i", "mag"),
        "y_sdssshape_psf_shape12": ("moment_psf_xy_y", "arcsec2"),
        "g_sdssshape_shape11": ("moment_source_xx_g", "arcsec2"),
        "r_sdssshape_size": ("size_r", "arcsec"),
    },
    "decals": {
        "flux_g": ("flux_model_g", "nanomaggy"),
        "fiberflux_r": ("flux_fiber_r", "nanomaggy"),
        "psfdepth_z": ("flux_psf_z_depth", "nanomaggy-2"),
        "z_spec": ("redshift_spec", ""),
    },
    "sdss": {
        "SPECTROFLUX_R": ("flux_spectro_r", "nanomaggy"),
        "SPECTROSYNFLUX_IVAR_Z": ("flux_spectrosyn_z_ivar", "nanomaggy-2"),
        "Z": ("redshift_spec", ""),
        "VDISP_ERR": ("velocity_dispersion_err", "km / s"),
        "spectrum.ivar": ("", "1e34 s2 cm4 Angstrom2 / erg2"),
    },
    "desi": {
        "Z": ("redshift_spec", ""),
        "ZERR": ("redshift_spec_err", ""),
        "FIBERTOTFLUX_Z": ("flux_fibertot_z", "nanomaggy"),
        "FLUX_IVAR_G": ("flux_model_g_ivar", "nanomaggy-2"),
        "EBV": ("ebv", "mag"),
    },
    "gaia": {
        "photometry.phot_g_mean_mag": ("mag_mean_G", "mag"),
        "photometry.phot_bp_mean_flux": ("flux_mean_BP", "electron / s"),
        "astrometry.pmra_error": ("pmra_err", "mas / yr"),
        "astrometry.parallax_pmdec_corr": ("parallax_pmdec_corr", ""),
        "gspphot.teff_gspphot_upper": ("teff_phot_upper", "K"),
        "gspphot.logg_gspphot": ("logg_phot", "dex(cm/s2)"),
        "radial_velocity.radial_velocity": ("radial_velocity", "km / s"),
    },
    "csp": {"redshift": ("redshift_spec", ""), "spec_class": ("object_class", "")},
    "cfa": {"obj_type": ("object_class", "")},
    "tycho2": {
        "MAG_BT": ("mag_mean_BT", "mag"),
        "KMAG": ("mag_profile_Ks", "mag"),
        "SIGMA_PM_DEC": ("pmdec_err", "mas / yr"),
        "MEAN_RA": ("", "deg"),
    },
    "hipparcos": {"vmag": ("mag_compiled_V", "mag")},
}


@pytest.mark.parametrize("name", WORKED)
def test_columns_when_they_mean_something_then_have_its_name_and_unit(survey, name):
    leaves = survey(name).leaves
    found = {a: (leaves[a].canonical, leaves[a].field.unit) for a in WORKED[name]}
    assert found == WORKED[name]


def test_masks_when_true_then_good_in_images_and_bad_in_spectra(survey):
    assert survey("hsc").leaves["image.mask"].field.true_means == "good"
    for name in ("sdss", "desi"):
        assert survey(name).leaves["spectrum.mask"].field.true_means == "bad"


@pytest.mark.parametrize(("name", "flag"), [("sdss", "ZWARNING"), ("desi", "ZWARN")])
def test_warnings_when_kept_then_integer_with_named_bits(survey, name, flag):
    field = survey(name).leaves[flag].field
    assert field.dtype.startswith("int")
    assert field.bits["2"] == "SMALL_DELTA_CHI2"
    assert field.bits["9"] == "NODATA"


@pytest.mark.parametrize(
    ("name", "medium", "frame", "redshift"),
    [("sdss", "vacuum", "heliocentric", "Z"), ("desi", "vacuum", "barycentric", "Z")],
)
def test_spectra_when_compared_then_medium_and_frame_are_known(
    survey, name, medium, frame, redshift
):
    schema = survey(name)
    modality = schema.blocks["spectrum"].modality
    assert (modality.medium, modality.frame) == (medium, frame)
    assert schema.leaves[redshift].field.is_["frame"] == frame


@pytest.mark.parametrize(("name", "epoch"), [("gaia", 2016), ("tycho2", 2000), ("hipparcos", 2000)])
def test_stars_when_matched_then_epoch_of_positions_is_known(survey, name, epoch):
    assert survey(name).file.object.epoch == epoch
    assert survey(name).file.object.frame == "icrs"


@pytest.mark.parametrize("name", ["cfa", "csp"])
def test_times_when_read_then_are_modified_julian_dates(survey, name):
    leaf = survey(name).leaves["lightcurve.time"]
    assert leaf.field.time.zero == 2400000.5
    assert survey(name).file.sources["mmu"].lossy["lightcurve.time"] == "float32"


def test_zero_points_when_declared_then_fit_the_units(survey):
    hsc, decals = (survey(name).blocks["image"].modality for name in ("hsc", "decals"))
    assert (hsc.photometry.zeropoint, hsc.photometry.per) == (27.0, "count")
    assert (decals.photometry.zeropoint, decals.photometry.per) == (22.5, "nanomaggy")
    assert (hsc.pixel_scale["all"], decals.pixel_scale["all"]) == (0.168, 0.262)


def test_filters_when_hemispheres_differ_then_follow_the_row(survey):
    assert survey("decals").file.bands["z"].cases == {
        "north": "KPNO/MzLS.z",
        "south": "CTIO/DECam.z",
    }
    assert survey("desi").file.bands["g"].by == "PHOTSYS"
