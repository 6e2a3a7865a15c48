"""Texts of units: accepted, refused with the right suggestion, and refused quickly."""

import time
from contextlib import suppress

import pytest
from astropy import units as u
from hypothesis import example, given, settings
from hypothesis import strategies as st

from astropile.errors import AstropileError
from astropile.vocabulary import UnitTextError, parse_unit


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("", u.dimensionless_unscaled),
        ("  ", u.dimensionless_unscaled),
        ("1e-17 erg / (s cm2 Angstrom)", 1e-17 * u.erg / u.s / u.cm**2 / u.AA),
        ("10 nJy", 10 * u.nJy),
        ("0.01 nJy-2", 0.01 / u.nJy**2),
        ("1e34 s2 cm4 Angstrom2 / erg2", 1e34 * (u.s * u.cm**2 * u.AA / u.erg) ** 2),
        ("nanomaggy", 1e-9 * u.maggy),
        ("nanomaggy-2", 1e18 / u.maggy**2),
        ("arcsec / pix", u.arcsec / u.pix),
        ("count-2", u.count**-2),
        ("electron / s", u.electron / u.s),
        ("ct / (s keV)", u.count / u.s / u.keV),
        ("mag / arcsec2", u.mag / u.arcsec**2),
        ("%", u.percent),
        ("12345678 km", 12345678 * u.km),
    ],
)
def test_parse_unit_when_text_is_plain_then_what_astropy_says(text, unit):
    assert parse_unit(text) == u.Unit(unit)


@pytest.mark.parametrize(
    "text", ["mag(AB)", "mag (AB)", "dex(cm/s2)", "dex(cm / s2)", "dex", "mag"]
)
def test_parse_unit_when_logarithmic_then_it_is_kept(text):
    assert parse_unit(text) == u.Unit(text)


@pytest.mark.parametrize(
    ("text", "help"),
    [
        ("nanomagy", "did you mean 'nanomaggy' or 'maggy'?"),
        ("nanomaggies", "did you mean 'nanomaggy'?"),
        ("nMgy", "did you mean 'nanomaggy'?"),
        ("Vega nMgy", "did you mean 'nanomaggy'?"),
        ("nanomaggies-2", "did you mean 'nanomaggy-2'?"),
        ("degrees", "did you mean 'deg'?"),
        ("arcsecs", "did you mean 'arcsec'?"),
        ("Angs", "did you mean 'Angstrom'?"),
        ("ABmag", "did you mean 'mag(AB)'?"),
        ("AB mag", "did you mean 'mag(AB)'?"),
        ("AB", "did you mean 'mag(AB)'?"),
        ("sq. pixel", "did you mean 'pix2'?"),
        ("asec2", "did you mean 'arcsec2'?"),
        ("none", "did you mean '' (dimensionless)?"),
        ("-", "did you mean '' (dimensionless)?"),
        ("log10(cm/s^2)", "did you mean 'dex(cm/s^2)'?"),
        ("counts/s", "did you mean 'count/s'?"),
        ("erg / (s cm2 A)", "did you mean 'erg / (s cm2 Angstrom)'?"),
        ("erg/s/cm2/Angstrom", "write erg / (s cm2 Angstrom)"),
        ("1e-17 erg/s/cm2/AA", "write 1e-17 erg / (s cm2 AA)"),
        ("km/s/(Mpc)", "write it as a / (b c)"),
        ("2 mag(AB)", "stands alone"),
        ("mag(AB)2", "stands alone"),
        ("1e999 m", "number in front"),
        ("-1 m", "number in front"),
        ("0 m", "astropy"),
        ("relative", "astropy"),
    ],
)
def test_parse_unit_when_text_is_wrong_then_help_says_what_to_write(text, help):
    with pytest.raises(UnitTextError) as caught:
        parse_unit(text)
    assert help in caught.value.help
    assert repr(text) in caught.value.message


def test_unit_text_error_is_a_value_error_of_the_tree():
    assert issubclass(UnitTextError, ValueError)
    assert issubclass(UnitTextError, AstropileError)


BOMBS = [
    "10**100000000 m",
    "10^100000000 m",
    "m**100000000",
    "m100000000",
    "m(1000000/3)",
    "1e100000000 m",
    "9**9**9**9",
    "99999999999999999**999 m",
    "((m**999)**999)**999",
    "(" * 5000 + "m" + ")" * 5000,
    "m " * 20000,
    "1" * 100_000,
    "\u0661" * 50 + " m",
]


@pytest.mark.parametrize("text", BOMBS)
def test_parse_unit_when_text_is_a_bomb_then_refused_and_not_computed(text):
    parse_unit("m")  # astropy is loaded
    start = time.process_time()
    with pytest.raises(UnitTextError) as caught:
        parse_unit(text)
    assert time.process_time() - start < 5  # a guard against computing it
    assert len(str(caught.value)) < 300


PIECES = st.sampled_from(
    ["m", "mag", "(", ")", "**", "^", "/", " ", "*", ".", "-", "+", "9", "10", "999", "1e", "sqrt",
     "AB", "dex(", "mag(", "kg", "Gpc", "e", "'", "%", "°", "\x00", "log(", "nmgy", ",", "\n", "µ"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=20).map("".join))
@example("(((((((((10**999)**999)**999)**999)**999)**999)")
@example("10**308 Gpc99")
@example("10**-400 m")
@settings(max_examples=60, deadline=None)
def test_parse_unit_of_any_text_gives_a_finite_unit_or_one_typed_error(text):
    start = time.process_time()
    with suppress(UnitTextError):
        unit = parse_unit(text)
        assert 0 < abs(getattr(unit, "physical_unit", unit).decompose().scale) < float("inf")
    assert time.process_time() - start < 5


def test_parse_unit_when_asked_twice_then_from_the_cache():
    assert parse_unit("km / s") is parse_unit(" km  /  s ")
