"""Emitted names are those that code written for Multimodal Universe asks for; none is lost."""

import pytest

OBJECT = {"object_id", "ra", "dec"}
GRIZY, GRZ = "grizy", "grz"


def block(name, *fields):
    return {f"{name}.{field}" for field in fields}


def limits(*names):
    return {f"{name}_gspphot{end}" for name in names for end in ("", "_lower", "_upper")}


LIGHTCURVE = block("lightcurve", "band", "time", "mag", "mag_err")
SPECTRUM = block("spectrum", "flux", "ivar", "lsf_sigma", "lambda", "mask")

#: Names that Multimodal Universe emits, `healpix` apart.
EMITTED = {
    "hsc": {
        "object_id",
        *block("image", "band", "flux", "ivar", "mask", "psf_fwhm", "scale"),
        *(f"a_{b}" for b in GRIZY),
        *(f"{b}_{what}" for b in GRIZY for what in ("extendedness_value", "cmodel_mag")),
        *(f"{b}_cmodel_magerr" for b in GRIZY),
        *(
            f"{b}_sdssshape_{psf}shape{comp}"
            for b in GRIZY
            for psf in ("psf_", "")
            for comp in (11, 22, 12)
        ),
    },
    "decals": {
        "object_id",
        *block("image", "band", "flux", "psf_fwhm", "scale"),
        "ebv",
        *(f"{what}_{b}" for what in ("flux", "fiberflux", "psfdepth") for b in GRZ),
        "z_spec",
    },
    "sdss": {
        "object_id",
        *SPECTRUM,
        *("VDISP", "VDISP_ERR", "Z", "Z_ERR", "ZWARNING"),
        *(
            f"{flux}{ivar}_{b}"
            for flux in ("SPECTROFLUX", "SPECTROSYNFLUX")
            for ivar in ("", "_IVAR")
            for b in "UGRIZ"
        ),
    },
    "desi": {
        "object_id",
        *SPECTRUM,
        *("Z", "ZERR", "EBV", "ZWARN"),
        *(
            f"{what}_{b}"
            for what in ("FLUX", "FLUX_IVAR", "FIBERFLUX", "FIBERTOTFLUX")
            for b in "GRZ"
        ),
    },
    "gaia": {
        *OBJECT,
        *block("spectral_coefficients", "coeff", "coeff_error"),
        *block(
            "photometry",
            *(
                f"phot_{b}_mean_{what}"
                for b in ("g", "bp", "rp")
                for what in ("mag", "flux", "flux_error")
            ),
            *("phot_bp_rp_excess_factor", "bp_rp", "bp_g", "g_rp"),
        ),
        *block(
            "astrometry",
            *(
                f"{x}{e}"
                for x in ("ra", "dec", "parallax", "pmra", "pmdec")
                for e in ("", "_error")
            ),
            *("ra_dec_corr", "ra_parallax_corr", "ra_pmra_corr", "ra_pmdec_corr"),
            *("dec_parallax_corr", "dec_pmra_corr", "dec_pmdec_corr"),
            *("parallax_pmra_corr", "parallax_pmdec_corr", "pmra_pmdec_corr"),
        ),
        *block("radial_velocity", "radial_velocity", "radial_velocity_error"),
        *block("radial_velocity", *(f"rv_template_{x}" for x in ("fe_h", "logg", "teff"))),
        *block("gspphot", *limits("ag", "azero", "distance", "ebpminrp", "logg", "mh", "teff")),
        "flags.ruwe",
        *block("corrections", "ecl_lat", "ecl_lon", "nu_eff_used_in_astrometry", "pseudocolour"),
        *block("corrections", "astrometric_params_solved", "rv_template_teff", "grvs_mag"),
    },
    "cfa": {"object_id", "obj_type", *LIGHTCURVE},
    "csp": {*OBJECT, "redshift", "spec_class", *LIGHTCURVE},
    "tycho2": set(),
    "hipparcos": set(),
}
#: What is emitted beside them.
EXTRA = {
    "hsc": {*OBJECT, *(f"{b}_{x}" for b in GRIZY for x in ("cmodel_mag_dered", "sdssshape_size"))},
    "decals": {*OBJECT, "region", "release", "brickid", "objid", "internal_inds"},
    "sdss": {*OBJECT, "ZWARNING_bad"},
    "desi": {*OBJECT, "ZWARN_bad", "PHOTSYS"},
    "gaia": OBJECT,
    "cfa": OBJECT,
    "csp": OBJECT,
    "tycho2": {
        *OBJECT,
        *("designation", "TYC1", "TYC2", "TYC3", "MEAN_RA", "MEAN_DEC", "RAdeg", "DEdeg"),
        *(f"{what}_{x}" for what in ("SIGMA", "PM", "SIGMA_PM", "EPOCH") for x in ("RA", "DEC")),
        *("MAG_BT", "MAG_VT", "MAG_HP", "ISGALAXY", "JMAG", "HMAG", "KMAG", "ZGUESS"),
    },
    "hipparcos": {*OBJECT, "hip", "vmag", "bv"},
}


@pytest.mark.parametrize("name", EMITTED)
def test_leaves_when_listed_then_are_the_known_names_and_the_extras(survey, name):
    assert set(survey(name).leaves) == EMITTED[name] | EXTRA[name]


@pytest.mark.parametrize("name", EMITTED)
def test_object_when_emitted_then_comes_first(survey, name):
    assert list(survey(name).leaves)[:3] == ["object_id", "ra", "dec"]


@pytest.mark.parametrize(
    ("name", "configs"),
    {
        "hsc": ["pdr3_dud_22.5"],
        "decals": ["stein_et_al", "stein_et_al_north"],
        "sdss": ["all", "sdss", "segue1", "segue2", "boss", "eboss"],
        "desi": ["dr1_main", "edr_sv3"],
        "gaia": ["gaia_dr3"],
        "cfa": ["cfa3", "cfa4", "cfa_SECCSN", "cfa_snII"],
        "csp": ["csp_dr3"],
    }.items(),
)
def test_configs_when_listed_then_are_the_known_ones_and_the_first_is_the_default(
    survey, name, configs
):
    schema = survey(name)
    assert list(schema.file.configs) == configs
    assert schema.config_name(None) == configs[0]


def test_aliases_when_asked_then_lead_to_the_survey(survey):
    assert survey("decals").file.aliases == ("ssl_legacysurvey", "stein_et_al")
