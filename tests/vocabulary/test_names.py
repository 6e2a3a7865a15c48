"""Canonical names: the worked ones, the rejected ones, and every way back."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astropile.errors import UsageError
from astropile.vocabulary import load_vocabulary

VOCABULARY = load_vocabulary()

HSC = ("g", "r", "i", "z", "y")
SDSS = ("u", "g", "r", "i", "z")
LEGACY = ("g", "r", "z", "W1")
GAIA = ("G", "BP", "RP")
TWOMASS = ("J", "H", "Ks")

# The worked names of all surveys: bands, meaning, canonical name.
WORKED = [
    (HSC, {"quantity": "mag", "estimator": "cmodel", "band": "i"}, "mag_cmodel_i"),
    (
        HSC,
        {"quantity": "mag", "estimator": "cmodel", "band": "i", "stat": "err"},
        "mag_cmodel_i_err",
    ),
    (HSC, {"quantity": "mag", "estimator": "psf", "band": "i"}, "mag_psf_i"),
    (HSC, {"quantity": "mag", "estimator": "kron", "band": "i"}, "mag_kron_i"),
    (HSC, {"quantity": "mag", "estimator": "aper2", "band": "i"}, "mag_aper2_i"),
    (HSC, {"quantity": "extinction", "band": "i"}, "extinction_i"),
    (
        HSC,
        {"quantity": "moment", "target": "psf", "component": "xy", "band": "y"},
        "moment_psf_xy_y",
    ),
    (LEGACY, {"quantity": "flux", "estimator": "model", "band": "g"}, "flux_model_g"),
    (LEGACY, {"quantity": "flux", "estimator": "fiber", "band": "r"}, "flux_fiber_r"),
    (
        LEGACY,
        {"quantity": "flux", "estimator": "psf", "band": "z", "stat": "depth"},
        "flux_psf_z_depth",
    ),
    (LEGACY, {"quantity": "redshift", "method": "spec"}, "redshift_spec"),
    (
        LEGACY,
        {"quantity": "flux", "estimator": "model", "band": "W1", "stat": "ivar"},
        "flux_model_W1_ivar",
    ),
    (LEGACY, {"quantity": "ebv"}, "ebv"),
    (SDSS, {"quantity": "mag", "estimator": "cmodel", "band": "r"}, "mag_cmodel_r"),
    (SDSS, {"quantity": "mag", "estimator": "petro", "band": "r"}, "mag_petro_r"),
    (SDSS, {"quantity": "mag", "estimator": "model", "band": "r"}, "mag_model_r"),
    (
        SDSS,
        {"quantity": "mag", "estimator": "model", "band": "r", "correction": "dered"},
        "mag_model_r_dered",
    ),
    (SDSS, {"quantity": "mag", "estimator": "fiber", "band": "r"}, "mag_fiber_r"),
    (SDSS, {"quantity": "flux", "estimator": "spectro", "band": "r"}, "flux_spectro_r"),
    (SDSS, {"quantity": "redshift", "method": "spec"}, "redshift_spec"),
    (LEGACY, {"quantity": "redshift", "method": "spec"}, "redshift_spec"),
    (LEGACY, {"quantity": "redshift", "method": "spec", "stat": "err"}, "redshift_spec_err"),
    (LEGACY, {"quantity": "flux", "estimator": "fibertot", "band": "z"}, "flux_fibertot_z"),
    (GAIA, {"quantity": "mag", "estimator": "mean", "band": "G"}, "mag_mean_G"),
    (GAIA, {"quantity": "flux", "estimator": "mean", "band": "BP"}, "flux_mean_BP"),
    (TWOMASS, {"quantity": "mag", "estimator": "profile", "band": "J"}, "mag_profile_J"),
    (
        TWOMASS,
        {"quantity": "mag", "estimator": "profile", "band": "Ks", "stat": "err"},
        "mag_profile_Ks_err",
    ),
]
# What the surveys need beyond them.
MORE = [
    (
        GAIA,
        {"quantity": "color", "estimator": "mean", "band": "BP", "minus_band": "RP"},
        "color_mean_BP_RP",
    ),
    (GAIA, {"quantity": "parallax", "with": "pmra", "stat": "corr"}, "parallax_pmra_corr"),
    (GAIA, {"quantity": "teff", "method": "phot", "stat": "lower"}, "teff_phot_lower"),
    (
        GAIA,
        {"quantity": "stellar_reddening", "band": "BP", "minus_band": "RP", "stat": "upper"},
        "stellar_reddening_BP_RP_upper",
    ),
    (
        HSC,
        {
            "quantity": "flux",
            "estimator": "cmodel",
            "band": "y",
            "measure": "forced",
            "correction": "dered",
            "stat": "err",
        },
        "flux_cmodel_y_forced_dered_err",
    ),
    (("r'", "Ydw"), {"quantity": "mag", "estimator": "psf", "band": "r'"}, "mag_psf_r'"),
    (("i_2",), {"quantity": "mag", "estimator": "aper0p7", "band": "i_2"}, "mag_aper0p7_i_2"),
]


def test_worked_names_are_27():
    assert len(WORKED) == 27


@pytest.mark.parametrize(("bands", "meaning", "name"), WORKED + MORE)
def test_canonical_of_worked_meaning_is_its_name_and_reads_back(bands, meaning, name):
    assert VOCABULARY.canonical(meaning) == name
    assert VOCABULARY.read_name(name, bands=bands) == meaning
    assert VOCABULARY.diagnose(name, bands=bands) == []


def test_canonical_when_attributes_are_given_then_they_are_no_part_of_the_name():
    meaning = {"quantity": "redshift", "frame": "cmb", "stat": "err", "method": "phot"}
    assert VOCABULARY.canonical(meaning) == "redshift_phot_err"


@pytest.mark.parametrize(
    ("meaning", "reason"),
    [
        (
            {"quantity": "mag", "band": "i"},
            "'mag_i' has no canonical name: 'mag' requires estimator",
        ),
        ({"quantity": "ebv", "band": "i"}, "'ebv' takes no band"),
        ({"quantity": "magg"}, "'magg' is not a quantity"),
        ({}, "'' is not a quantity"),
    ],
)
def test_canonical_when_meaning_is_incomplete_then_usage_error(meaning, reason):
    with pytest.raises(UsageError, match=reason):
        VOCABULARY.canonical(meaning)


@pytest.mark.parametrize(
    ("name", "code", "message", "help"),
    [
        ("mag_i", "qualifier_missing", "'mag_i' is ambiguous: quantity 'mag' requires estimator",
         "as in mag_cmodel_i, mag_model_i, mag_psf_i"),
        ("mag_auto_i", "value_unknown", "'auto' is not a value of estimator",
         "write kron; one of cmodel, model, psf, aper<diameter>, kron, petro"),
        ("magg_cmodel_i", "quantity_unknown", "'magg_cmodel_i' does not start with a quantity",
         "did you mean 'mag'?"),
        ("mag_cmodel_w", "band_unknown", "'w' is not a band of this survey",
         "bands: g, r, i, z, y"),
        ("flux_g", "qualifier_missing", "'flux_g' is ambiguous: quantity 'flux' requires estimator",
         "add estimator: one of cmodel"),
        ("redshift", "qualifier_missing",
         "'redshift' is ambiguous: quantity 'redshift' requires method",
         "as in redshift_spec, redshift_phot, redshift_sim"),
        ("z_spec", "quantity_unknown", "'z_spec' does not start", "write redshift for z"),
        ("mag_aper_i", "value_unknown", "'aper' is not a value of estimator", "diameter in arcsec"),
        ("mag_aper2p0_i", "value_form", "'aper2p0' is not the shortest form", "write aper2"),
        ("mag_psf_I", "band_unknown", "'I' is not a band", "did you mean 'i'?"),
        ("mag_cmodel_i_foo", "name_words", "'mag_cmodel_i_foo' has words", "it takes estimator"),
        ("mag__i", "name_words", "'mag__i' has words that", "it takes estimator"),
        ("", "quantity_unknown", "'' does not start", "a name starts with one of object_id"),
    ],
)  # fmt: skip
def test_diagnose_when_name_is_rejected_then_one_fault_says_why(name, code, message, help):
    faults = VOCABULARY.diagnose(name, bands=HSC)
    assert [fault.code for fault in faults] == [code]
    assert faults[0].message.startswith(message)
    assert help in faults[0].help


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("mag_i", {"quantity": "mag", "band": "i"}),
        ("mag", {"quantity": "mag"}),
        ("mag_i_cmodel", {"quantity": "mag", "estimator": "cmodel", "band": "i"}),
        ("mag_err_i", {"quantity": "mag", "band": "i", "stat": "err"}),
        ("color_g_r", {"quantity": "color", "band": "g", "minus_band": "r"}),
        ("mag_w_kron", {"quantity": "mag", "estimator": "kron", "band": "w"}),
        ("i_mag_psf", None),
        ("MAG_psf_i", None),
        ("object_id_3", None),
        ("mag" + "_i" * 100, None),
    ],
)
def test_read_name_when_words_are_missing_or_moved(name, meaning):
    assert VOCABULARY.read_name(name, bands=HSC) == meaning


def test_read_name_when_bands_overlap_and_words_repeat_then_it_ends():
    bands = ["_".join("g" * length) for length in range(1, 12)]
    start = time.process_time()
    assert VOCABULARY.read_name("color_" + "_".join("g" * 11), bands=bands) is not None
    assert VOCABULARY.diagnose("color_" + "_".join("gxgxgxgxgxg"), bands=bands)
    assert time.process_time() - start < 5  # a guard against trying every way to split it


def test_read_name_when_a_band_is_called_like_a_word_then_the_canonical_order_decides():
    bands = ("psf", "err", "i")
    read = VOCABULARY.read_name("mag_psf_psf_err", bands=bands)
    assert read == {"quantity": "mag", "estimator": "psf", "band": "psf", "stat": "err"}
    assert VOCABULARY.read_name("extinction_err", bands=bands) == {
        "quantity": "extinction",
        "band": "err",
    }


BAND = st.text(
    st.characters(exclude_characters="_", exclude_categories=("C", "Z")), min_size=1, max_size=5
).filter(lambda band: not VOCABULARY.check_bands([band]))
BANDS = st.lists(BAND, min_size=2, max_size=6, unique=True)
ESTIMATOR = st.sampled_from(["cmodel", "psf", "kron", "aper2", "aper0p7", "aper10", "mean"])


@st.composite
def meanings(draw):
    """A survey's bands and a meaning that has no faults."""
    bands = draw(BANDS)
    quantity = draw(st.sampled_from(list(VOCABULARY.quantities)))
    entry = VOCABULARY.quantities[quantity]
    meaning = {"quantity": quantity}
    for key in entry.in_name:
        if key in entry.optional and (key == "with" or draw(st.booleans())):
            continue
        qualifier = VOCABULARY.qualifiers[key]
        if key == "estimator":
            meaning[key] = draw(ESTIMATOR)
        elif qualifier.source == "bands":
            meaning[key] = draw(st.sampled_from([b for b in bands if b != meaning.get("band")]))
        else:
            words = [word for word, value in qualifier.values.items() if not value.requires]
            allowed = [w for w in words if quantity in (qualifier.values[w].only or [quantity])]
            word = draw(st.sampled_from(allowed))
            meaning[key] = f"{word}12" if qualifier.values[word].parameter else word
    return bands, meaning


@given(meanings())
@settings(max_examples=60, deadline=None)
def test_read_name_of_canonical_is_the_meaning_and_check_finds_nothing(case):
    bands, meaning = case
    assert VOCABULARY.read_name(VOCABULARY.canonical(meaning), bands=bands) == meaning
    attributes = dict.fromkeys(VOCABULARY.quantities[meaning["quantity"]].attributes, "unknown")
    assert VOCABULARY.check(meaning | attributes, bands=bands) == []


@given(meanings(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_canonical_of_shuffled_name_is_stable(case, random):
    bands, meaning = case
    words = [word for key, word in meaning.items() if key != "quantity"]
    random.shuffle(words)
    both = [meaning[key] for key in ("band", "minus_band") if key in meaning]
    if len(both) == 2:  # the first of two bands is the minuend
        places = sorted(words.index(band) for band in both)
        words[places[0]], words[places[1]] = both
    read = VOCABULARY.read_name("_".join([meaning["quantity"], *words]), bands=bands)
    assert VOCABULARY.canonical(read) == VOCABULARY.canonical(meaning)


@given(st.text("abegimprs_2_", max_size=60), BANDS)
@settings(max_examples=60, deadline=None)
def test_diagnose_of_any_text_either_reads_it_or_says_why(text, bands):
    faults = VOCABULARY.diagnose(text, bands=bands)
    read = VOCABULARY.read_name(text, bands=bands)
    if faults:
        assert all(fault.code and fault.message and fault.key and fault.help for fault in faults)
    else:
        assert VOCABULARY.canonical(read).split("_")[0] == text.split("_")[0]
