"""Faults of meanings, bands and units of quantities."""

import pytest

from astropile.vocabulary import load_vocabulary

VOCABULARY = load_vocabulary()
BANDS = ("g", "r", "i")


def codes(meaning):
    return [(fault.code, fault.key) for fault in VOCABULARY.check(meaning, bands=BANDS)]


def test_check_when_meaning_is_complete_then_nothing():
    meaning = {"quantity": "redshift", "method": "spec", "frame": "heliocentric", "stat": "err"}
    assert codes(meaning) == []


def test_check_when_much_is_wrong_then_everything_is_found():
    meaning = {"quantity": "mag", "band": "w", "stat": "errr", "bnd": "i"}
    assert codes(meaning) == [
        ("band_unknown", "band"),
        ("value_unknown", "stat"),
        ("qualifier_unknown", "bnd"),
        ("qualifier_missing", "estimator"),
    ]


@pytest.mark.parametrize(
    ("meaning", "fault"),
    [
        ({}, ("quantity_missing", "quantity")),
        ({"quantity": "Mag"}, ("quantity_unknown", "quantity")),
        ({"quantity": "redshift", "method": "spec"}, ("attribute_missing", "frame")),
        ({"quantity": "radial_velocity"}, ("attribute_missing", "frame")),
        (
            {"quantity": "redshift", "method": "spec", "frame": "galactic"},
            ("value_unknown", "frame"),
        ),
        ({"quantity": "ebv", "stat": "depth"}, ("value_unknown", "stat")),
        ({"quantity": "ebv", "band": "i"}, ("qualifier_unknown", "band")),
        ({"quantity": "parallax", "stat": "corr"}, ("qualifier_missing", "with")),
        ({"quantity": "parallax", "with": "pmra"}, ("qualifier_unknown", "with")),
        ({"quantity": "pmra", "with": "ra", "stat": "corr"}, ("value_form", "with")),
        ({"quantity": "pmra", "with": "mag", "stat": "corr"}, ("value_unknown", "with")),
        ({"quantity": "pmra", "with": "pmra", "stat": "corr"}, ("value_unknown", "with")),
        (
            {"quantity": "color", "estimator": "psf", "band": "g", "minus_band": "g"},
            ("value_unknown", "minus_band"),
        ),
        ({"quantity": "mag", "estimator": "aper0", "band": "g"}, ("value_form", "estimator")),
        ({"quantity": "mag", "estimator": "aper02", "band": "g"}, ("value_form", "estimator")),
    ],
)
def test_check_when_one_thing_is_wrong_then_one_fault(meaning, fault):
    assert codes(meaning) == [fault]


@pytest.mark.parametrize(
    ("meaning", "help"),
    [
        ({"quantity": "z"}, "write redshift"),
        ({"quantity": "redshfit"}, "did you mean 'redshift'?"),
        ({"quantity": "mag", "estimator": "AUTO", "band": "g"}, "write kron"),
        ({"quantity": "mag", "estimatr": "psf", "band": "g"}, "did you mean 'estimator'"),
        ({"quantity": "pmra", "with": "ra", "stat": "corr"}, "write quantity: ra, with: pmra"),
        ({"quantity": "mag", "estimator": "aper02p50", "band": "g"}, "write aper2p5"),
        ({"quantity": "redshift", "method": "spec"}, "heliocentric, barycentric, cmb, unknown"),
    ],
)
def test_check_when_a_word_is_wrong_then_help_names_the_right_one(meaning, help):
    assert help in VOCABULARY.check(meaning, bands=BANDS)[0].help


@pytest.mark.parametrize("band", ["psf", "aper2", "err", "", "a:b", "a b"])
def test_check_bands_when_a_token_would_be_misread_then_a_fault(band):
    assert [fault.code for fault in VOCABULARY.check_bands(["g", band])] == ["band_token"]


@pytest.mark.parametrize("band", ["y", "k", "v", "lya", "spec"])
def test_check_bands_when_a_word_never_stands_beside_bands_then_free(band):
    assert VOCABULARY.check_bands([band]) == []


def test_check_bands_of_real_surveys_finds_nothing():
    tokens = ["u", "g", "r'", "Ydw", "V0", "Jrc2", "Ks", "W1", "BP", "NUV", "F444W", "y"]
    assert VOCABULARY.check_bands(tokens) == []


@pytest.mark.parametrize(
    ("meaning", "unit"),
    [
        ({"quantity": "mag"}, "mag(AB)"),
        ({"quantity": "mag"}, "mag"),
        ({"quantity": "mag", "stat": "err"}, "mag"),
        ({"quantity": "flux"}, "nanomaggy"),
        ({"quantity": "flux"}, "electron / s"),
        ({"quantity": "flux", "stat": "depth"}, "nanomaggy-2"),
        ({"quantity": "flux", "stat": "flag"}, ""),
        ({"quantity": "logg"}, "dex(cm/s2)"),
        ({"quantity": "logg", "stat": "err"}, "dex"),
        ({"quantity": "parallax", "stat": "corr"}, ""),
        ({"quantity": "teff", "stat": "lower"}, "K"),
        ({"quantity": "moment"}, "arcsec2"),
        ({"quantity": "object_id"}, ""),
    ],
)
def test_check_unit_when_it_fits_then_nothing(meaning, unit):
    assert VOCABULARY.check_unit(meaning, unit) == []


@pytest.mark.parametrize(
    ("meaning", "unit", "code"),
    [
        ({"quantity": "mag", "stat": "err"}, "mag(AB)", "unit_kind"),
        ({"quantity": "flux", "stat": "ivar"}, "nanomaggy", "unit_kind"),
        ({"quantity": "flux"}, "mag", "unit_kind"),
        ({"quantity": "ra"}, "", "unit_kind"),
        ({"quantity": "redshift"}, "km / s", "unit_kind"),
        ({"quantity": "ra"}, "degrees", "unit_unknown"),
    ],
)
def test_check_unit_when_it_does_not_fit_then_a_fault(meaning, unit, code):
    faults = VOCABULARY.check_unit(meaning, unit)
    assert [fault.code for fault in faults] == [code]
    assert faults[0].help
