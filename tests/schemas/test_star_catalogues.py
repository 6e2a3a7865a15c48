"""One survey with eight catalogues, in files as Multimodal Universe writes them."""

from itertools import product

import numpy as np
import pytest


def names_of(*parts):
    """Return the names that the parts make, the last one fastest."""
    return ["".join(words) for words in product(*(part.split(" ") for part in parts))]


COMMON = [
    *names_of("obsid uid gp_id designation obsdate lmjd mjd planid spid fiberid ra_obs dec_obs"),
    *names_of("snr", "u g r i z"), *names_of("class subclass z z_err ps_id"),
    *names_of("mag_ps_", "g r i z y"), "gaia_source_id", "gaia_g_mean_mag",
    *names_of("fibertype offsets offsets_v ra dec"),
]  # fmt: skip
TEXTS = names_of("uid designation obsdate planid class subclass gaia_source_id fibertype")
TEXTS += ["wd_subclass", "class_liter"]
INTEGERS = names_of("obsid gp_id lmjd mjd spid fiberid ps_id offsets fibermask balmer_teff r")

GAUSSIANS = (
    "lya_br_1 lya_na_1 civ_br_1 civ_na_1 ciii_br_1 ciii_na_1 ciii_na_2 mgii_br_1 mgii_na_1"
    " mgii_na_2 hb_br_1 hb_na_1 oiii4959_1 oiii5007_1 ha_br_1 ha_br_2 ha_br_3 ha_na_1 nii6549_1"
    " nii6585_1 sii6718_1 sii6732_1"
)
EXTRA = {
    "catalogue": ["fibermask", "with_norm_flux"],
    "stellar": [*names_of("teff logg feh rv alpha_m", " _err"), "vsini_lasp"],
    "astellar": [
        *names_of("kp", "12 18 6"), *names_of("hdelta hgamma hbeta halpha", "12 24 48 _d02"),
        *names_of("hdelta64 hgamma54 hbeta60 halpha70 paschen13 paschen142 paschen242"),
    ],
    "mstellar": [
        *names_of("teff logg m_h ewha tio5 cah2 cah3 tio1 tio2 tio3 tio4 cah1 caoh zeta", " _err"),
        "type", "na",
    ],
    "qso": [
        "sn_ratio_conti", *names_of("fe_", "uv op", "_norm _fwhm _shift"), "pl_norm", "pl_slope",
        "balmer_norm", "balmer_teff", "balmer_tau_e", *names_of("poly_", "a b c"),
        *names_of("l", "1350 3000 5100"),
        *names_of("line_name fitting_status min_chi2 red_chi2 ndof", "_", "1 2 3 4 5 6"),
        *names_of(GAUSSIANS, "_peak_flux _peak_wavelength _sigma"),
        "ciii_br_2_peak_flux", "ciii_br_2_peak_wavelength",
        *names_of("lya civ ciii mgii hb ha", "_fwhm _sigma _ew _peak_wavelength _area"),
    ],
    "galaxy": [
        *names_of("hbeta halpha oiii_4960 oiii_5008 nii_6550 nii_6585", "_flux _ew"),
        *names_of("sii_", "6718 6733", "_flux _ew"),
        *names_of("age_lw age_mw metal_lw metal_mw vsig vsig_err"),
    ],
    "wd": ["wd_subclass", *names_of("teff logg", " _err")],
    "cv": ["class_liter", "period_liter", "r", "abs_gmag", "abs_gmag_err"],
}  # fmt: skip


def is_integer(name):
    """Return whether the catalogue has whole numbers, as where all it measured is missing."""
    lost = ("ciii_na_", "min_chi2_5", "min_chi2_6", "red_chi2_5", "red_chi2_6")
    return name in INTEGERS or name.startswith(("fitting_status", "ndof", *lost))


def write_lamost(write_hdf5, config, **cells):
    """Write two spectra of 3908 and of 3 pixels; the second one has no measurements."""
    names = [*COMMON, *EXTRA[config]]
    values = {}
    for name in names:
        if name in TEXTS or name.startswith("line_name"):
            values[name] = np.array([b"abc", b""], "S5")
        elif is_integer(name):
            values[name] = np.array([1, -9999], ">i4")
        else:
            values[name] = np.array([0.5, -9999], ">f8")
    wavelength = np.tile(np.linspace(3700, 9000, 3908, dtype=">f4"), (2, 1))
    wavelength[1, 3:] = 0
    values |= {"obsid": np.array([101001, 101002], ">i8"), "lmjd": [55859, 55860]}
    values |= {"mjd": [55858, 55859], "spid": [1, 1], "fiberid": [1, 2], "with_norm_flux": [1, 0]}
    values |= {"ra": np.array([332.2022740000, 10.5], ">f8"), "dec": np.array([-2.0567, 4], ">f8")}
    values = {name: values[name] for name in names}
    write_hdf5(
        f"dr10_v20_lrs_{config}/healpix=3/001-of-001.hdf5",
        **(values | {"object_id": values["obsid"], "restframe": [True, True], "healpix": [3, 3]}),
        spectrum_wavelength=wavelength, spectrum_flux=wavelength / 2, **cells,
    )  # fmt: skip
    return names


@pytest.mark.parametrize("config", EXTRA)
def test_lamost_when_any_config_then_its_columns_and_no_padding(config, write_hdf5, read):
    names = write_lamost(write_hdf5, config)
    first, second = read("lamost", config=f"dr10_v20_lrs_{config}")
    assert set(first) == {"object_id", "spectrum_flux", "spectrum_wavelength", *names}
    assert len(names) == len(set(names))
    assert [first["object_id"], second["object_id"]] == ["101001", "101002"]
    assert (first["ra"], first["dec"], first["mjd"]) == (332.202274, -2.0567, 55858)
    assert [len(row["spectrum_flux"]) for row in (first, second)] == [3908, 3]
    assert second["spectrum_flux"][0] == second["spectrum_wavelength"][0] / 2 == 1850
    for name in EXTRA[config]:
        if name in ("fibermask", "with_norm_flux"):
            assert isinstance(first[name], int)
        elif name in TEXTS or name.startswith("line_name"):
            assert (first[name], second[name]) == ("abc", None)
        else:
            assert first[name] == (1 if is_integer(name) else 0.5)
            assert second[name] is None


def test_lamost_when_all_is_missing_then_a_float_all_the_same(survey):
    leaves = survey("lamost").leaves
    for name in ("ciii_na_1_peak_flux", "ciii_na_2_sigma", "min_chi2_5", "red_chi2_6"):
        assert leaves[name].field.dtype == "float32"
    assert leaves["ha_br_2_sigma"].canonical == "line_sigma_halpha_broad2"
    assert leaves["hdelta64"].canonical == "line_index_hdelta_w64"
    assert leaves["tio5_err"].canonical == "line_index_tio5_err"
