"""Conversions agree with astropy, and slips are explained."""

import numpy as np
import pytest
from astropy import units as u
from hypothesis import given, settings
from hypothesis import strategies as st

from astropile.vocabulary import UnitTextError, conversion, convertible, parse_unit, vounit

AB_JY = 10 ** (-48.6 / 2.5) * 1e23  # Oke & Gunn 1983

GROUPS = [
    ["deg", "arcsec", "rad", "mas", "hourangle"],
    ["nJy", "10 nJy", "uJy", "erg / (s cm2 Hz)", "mJy"],
    ["1e-17 erg / (s cm2 Angstrom)", "W / m3", "erg / (s cm2 nm)"],
    ["1e34 s2 cm4 Angstrom2 / erg2", "s2 cm4 nm2 / erg2"],
    ["km / s", "pc / Myr", "m / s"],
    ["mas / yr", "arcsec / d"],
    ["Angstrom", "nm", "um"],
    ["%", ""],
]
PAIRS = [(a, b) for group in GROUPS for a in group for b in group if a != b]


@given(st.sampled_from(PAIRS), st.floats(-1e30, 1e30))
@settings(max_examples=60, deadline=None)
def test_conversion_when_linear_then_the_factor_of_astropy(pair, value):
    factor = conversion(*pair)
    expected = (value * u.Unit(pair[0])).to_value(pair[1])
    assert isinstance(factor, float)
    assert value * factor == pytest.approx(expected, rel=1e-12, abs=0)


@pytest.mark.parametrize("text", ["km / s", "", "mag(AB)", "nanomaggy", "dex(cm/s2)", "mag"])
def test_conversion_when_nothing_changes_then_none(text):
    assert conversion(text, text) is None
    assert conversion(parse_unit(text), text) is None


def test_conversion_when_units_are_equal_but_written_differently_then_none():
    assert conversion("km / s", "1000 m / s") is None
    assert conversion("erg / (s cm2 nm)", "1e-7 J / (s cm2 nm)") is None


@pytest.mark.parametrize("power", [1, -1, 2, -2])
def test_conversion_of_powers_of_nanomaggies_follows_the_ab_zero_point(power):
    factor = conversion(f"nanomaggy{power}", f"nJy{power}")
    assert factor == pytest.approx(AB_JY**power, rel=1e-12)
    assert conversion(f"nJy{power}", f"nanomaggy{power}") == pytest.approx(1 / factor, rel=1e-12)


def test_conversion_of_maggies_to_each_other_needs_no_zero_point():
    assert conversion("maggy", "nanomaggy") == pytest.approx(1e9, rel=1e-12)
    assert conversion("nanomaggy / arcsec2", "nJy / arcsec2") == pytest.approx(AB_JY, rel=1e-12)


MAGNITUDES = np.array([[14.0, 22.5, 31.4], [0.0, -2.0, 99.0]])


def test_conversion_when_logarithmic_then_a_function_that_agrees_with_astropy():
    to_njy = conversion("mag(AB)", "nJy")
    assert callable(to_njy)
    np.testing.assert_allclose(to_njy(MAGNITUDES), u.ABmag.to(u.nJy, MAGNITUDES), rtol=1e-12)
    expected = 10 ** (-0.4 * (MAGNITUDES - 22.5))
    np.testing.assert_allclose(conversion("mag(AB)", "nanomaggy")(MAGNITUDES), expected, rtol=1e-12)


@given(st.lists(st.floats(1e-6, 1e12), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_conversion_to_magnitudes_and_back_is_identity(fluxes):
    for unit in ("nanomaggy", "nJy", "10 nJy"):
        magnitudes = conversion(unit, "mag(AB)")(np.array(fluxes))
        np.testing.assert_allclose(conversion("mag(AB)", unit)(magnitudes), fluxes, rtol=1e-12)


def test_conversion_of_negative_flux_to_magnitudes_is_nan_without_warning():
    magnitudes = conversion("nanomaggy", "mag(AB)")(np.array([-1.0, 0.0, 1.0], dtype=np.float32))
    assert magnitudes.dtype == np.float64
    assert np.isnan(magnitudes[0])
    assert magnitudes[1] == np.inf
    assert magnitudes[2] == pytest.approx(22.5, abs=1e-12)


def test_conversion_of_logarithmic_gravity():
    np.testing.assert_allclose(conversion("dex(cm/s2)", "dex(m/s2)")(np.array([4.4])), [2.4])
    np.testing.assert_allclose(conversion("dex(cm/s2)", "cm/s2")(np.array([2.0])), [100.0])


@pytest.mark.parametrize(
    ("start", "end", "help"),
    [
        ("cm2 Angstrom s / erg", "1e34 s2 cm4 Angstrom2 / erg2", "the square is missing"),
        ("1e-17 erg / (s cm2 Angstrom)", "1e34 s2 cm4 Angstrom2 / erg2", "1 / sigma ** 2"),
        ("nanomaggy", "nJy-2", "1 / sigma ** 2"),
        ("s", "Hz", "the inverse"),
        ("mag", "mag(AB)", "no zero point"),
        ("mag(AB)", "mag", "no zero point"),
        ("dex", "dex(cm/s2)", "no zero point"),
        ("deg", "km", ""),
        ("electron / s", "nJy", ""),
        ("mag(AB)", "deg", ""),
        ("count", "electron", ""),
        ("deg", "", ""),
    ],
)
def test_conversion_when_impossible_then_error_with_the_slip(start, end, help):
    with pytest.raises(UnitTextError, match="cannot become") as caught:
        conversion(start, end)
    assert help in caught.value.help
    assert not convertible(start, end)


def test_conversion_when_text_is_no_unit_then_unit_text_error():
    with pytest.raises(UnitTextError, match="'degrees' is not known"):
        conversion("degrees", "rad")
    assert not convertible("degrees", "rad")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("nanomaggy", "3.63078uJy"),
        ("nanomaggy-2", "0.0758578uJy**-2"),
        ("mag(AB)", "mag"),
        ("mag", "mag"),
        ("dex", "'dex'"),
        ("dex(cm/s2)", "log(cm.s**-2)"),
        ("electron / s", "'electron'.s**-1"),
        ("DN", "'DN'"),
        ("1e-17 erg / (s cm2 Angstrom)", "1e-17erg.Angstrom**-1.s**-1.cm**-2"),
        ("10 nJy", "10nJy"),
        ("arcsec / pix", "arcsec.pixel**-1"),
        ("km / s", "km.s**-1"),
        ("Msun / yr", "solMass.yr**-1"),
    ],
)
def test_vounit_of_units_of_surveys(text, expected):
    assert vounit(text) == expected


@pytest.mark.parametrize("text", ["km / s", "10 nJy", "mas / yr", "electron / s", "count-2", "dex"])
def test_vounit_is_read_back_by_astropy(text):
    assert str(u.Unit(vounit(text), format="vounit")) == str(u.Unit(text))


def test_vounit_when_logarithm_has_no_form_then_error():
    with pytest.raises(UnitTextError, match="no form in VOUnit"):
        vounit("dB(mW)")
