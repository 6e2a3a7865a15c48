"""HEALPix numbers, unit vectors, chords and separations."""

from __future__ import annotations

import healpy
import numpy as np
import pytest
from astropy import units as u
from hypothesis import given
from hypothesis import strategies as st

from astropile import errors, sky

LONG_PI = np.longdouble("3.14159265358979323846264338327950288")
DECLINATIONS = st.floats(-90.0, 90.0)
CIRCLE = st.floats(0.0, 360.0)


def random_sky(seed, count):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 360, count), np.degrees(np.arcsin(rng.uniform(-1, 1, count)))


def long_vectors(ra_deg, dec_deg):
    """Unit vectors with 64 bits of mantissa."""
    ra, dec = (np.asarray(a, dtype=np.longdouble) * LONG_PI / 180 for a in (ra_deg, dec_deg))
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)


@pytest.mark.parametrize("order", [0, 1, 12, 29])
@pytest.mark.parametrize("threads", [1, 3])
def test_healpix_index_when_computed_in_pieces_then_is_healpy_s(order, threads):
    ra, dec = random_sky(order, 200_000)
    pixels = sky.healpix_index(ra, dec, order=order, threads=threads)
    assert pixels.dtype == np.int64
    expected = healpy.ang2pix(2**order, ra, dec, nest=True, lonlat=True)
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize(
    ("ra", "same"), [(-10.0, 350.0), (360.0, 0.0), (725.0, 5.0), (-1e-20, 0.0)]
)
def test_healpix_index_when_ra_is_a_turn_away_then_is_the_same(ra, same):
    assert sky.normalised_ra([ra]) == [same]
    pixels = sky.healpix_index([ra, same] * u.deg, [12.0, 12.0])
    assert pixels[0] == pixels[1]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([1.0], [91.0]), {}, "1 of 1 positions are not on the sky"),
        (([1.0, np.nan], [1.0, 1.0]), {}, "null position"),
        (([1.0], [1.0]), {"order": 30}, "order 30; expected an integer from 0 to 29"),
        (([1.0], [1.0]), {"order": 3.0}, "order 3.0"),
        (([1.0, 2.0], [1.0]), {}, r"ra_deg has shape \(2,\) and dec_deg \(1,\)"),
    ],
)
def test_healpix_index_when_the_pixel_does_not_exist_then_is_refused(arguments, options, message):
    with pytest.raises(errors.MatchError, match=message):
        sky.healpix_index(*arguments, **options)


def test_valid_positions_when_off_the_sky_then_false():
    ra = [0.0, -400.0, np.nan, np.inf, 0.0, 0.0, 0.0]
    dec = [90.0, -90.0, 0.0, 0.0, np.nan, 90.00001, -np.inf]
    assert sky.valid_positions(ra, dec).tolist() == [True, True] + [False] * 5


def test_unit_vectors_when_checked_with_more_digits_then_are_right_to_the_last():
    ra, dec = random_sky(1, 20_000)
    ra[:10_000], dec[:5] = ra[:10_000] * 3 - 500, [90, -90, 89.99999999, -89.9, 0]
    error = sky.unit_vectors(ra, dec) - long_vectors(ra, dec)
    assert np.abs(error).max() < 2.5e-16


@pytest.mark.parametrize("turns", [-2, 1, 1000])
def test_unit_vectors_when_ra_is_turns_away_then_are_the_same_bits(turns):
    ra, dec = np.arange(0.0, 360.0, 0.125), np.linspace(-90, 90, 2880)
    np.testing.assert_array_equal(
        sky.unit_vectors(ra + 360.0 * turns, dec), sky.unit_vectors(ra, dec)
    )


def test_unit_vectors_when_ra_is_beyond_all_measure_then_still_have_length_one():
    vectors = sky.unit_vectors([1e12, -3.6e14, 1e300], [10.0, 20.0, 30.0])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-15)


def test_unit_vectors_when_a_position_is_null_then_nan():
    vectors = sky.unit_vectors([1.0, np.nan], [1.0, 1.0])
    assert np.isnan(vectors).tolist() == [[False] * 3, [True, True, False]]


def test_unit_vectors_when_quarter_turns_then_are_exact():
    vectors = sky.unit_vectors([0, 90, 180, 270, 360, 5], [0, 0, 0, 0, 0, -90])
    expected = [[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [1, 0, 0], [0, 0, -1]]
    assert vectors.tolist() == expected


@given(st.floats(1e-12, 2.0))
def test_separation_when_checked_with_more_digits_then_is_right_to_1e15(half_angle_rad):
    half = np.longdouble(half_angle_rad) / 2
    chord_squared = float(4 * np.sin(half / 2) ** 2)
    expected = float(half * 180 * 3600 / LONG_PI)
    assert sky.separation_arcsec(chord_squared) == pytest.approx(expected, rel=1e-15)


@given(CIRCLE, DECLINATIONS, CIRCLE, DECLINATIONS)
def test_separation_when_of_any_two_positions_then_is_that_of_long_arithmetic(
    ra, dec, other_ra, other_dec
):
    points = sky.unit_vectors([ra, other_ra], [dec, other_dec])
    separation = sky.separation_arcsec(((points[0] - points[1]) ** 2).sum())
    a, b = long_vectors([ra, other_ra], [dec, other_dec])
    exact = 2 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b)) * 648_000 / LONG_PI
    assert separation == pytest.approx(float(exact), abs=0.01, rel=0)
    if exact < 100 * 3600:
        assert separation == pytest.approx(float(exact), abs=1e-9, rel=1e-15)


def test_separation_when_the_chord_is_rounded_above_2_then_is_180_degrees():
    assert sky.separation_arcsec(np.nextafter(4.0, 5.0)) == 648_000.0


@pytest.mark.parametrize("radius", [1e-6, 1e-3, 1.0, 3600.0, 324_000.0])
def test_chord_limit_when_turned_back_then_is_the_radius(radius):
    limit = sky.chord_squared_limit(radius)
    assert sky.separation_arcsec(limit) == pytest.approx(radius, rel=4e-16)


@pytest.mark.parametrize("radius", [0.0, -1.0, np.nan, np.inf, 648_000.01])
def test_chord_limit_when_the_radius_is_none_then_is_refused(radius):
    with pytest.raises(errors.MatchError, match=f"{radius} arcsec cannot be done"):
        sky.chord_squared_limit(radius)
