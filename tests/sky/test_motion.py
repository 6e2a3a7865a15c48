"""Motion of positions and position angles, against astropy."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from astropile import sky

BARNARD = {"ra": 269.452, "dec": 4.6934, "pmra": -801.551, "pmdec": 10362.394}


# astropy puts stars without a parallax at 10 Mpc, and says so.
pytestmark = pytest.mark.filterwarnings("ignore:ERFA function")


def positions(rng, count):
    ra = rng.uniform(0, 360, count)
    dec = np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
    # Within arcseconds of a pole ERFA takes a motion for one around it, and stops the star.
    dec[: count // 4] = rng.choice([-1, 1], count // 4) * (90 - rng.uniform(0.5, 1, count // 4))
    ra[count // 4 : count // 2] = rng.choice([0.0, 359.9999999], count // 2 - count // 4)
    return ra, dec


def by_astropy(ra, dec, pmra, pmdec, years, **more):
    pm = {"pm_ra_cosdec": pmra * u.mas / u.yr, "pm_dec": pmdec * u.mas / u.yr}
    start = Time(2016.0, format="jyear", scale="tdb")
    coord = SkyCoord(ra * u.deg, dec * u.deg, **pm, **more, obstime=start)
    moved = coord.apply_space_motion(dt=years * u.yr)
    return SkyCoord(moved.ra, moved.dec)


@given(st.integers(0, 2**32 - 1), st.floats(-100, 100))
def test_motion_when_random_then_is_that_of_astropy(seed, years):
    rng = np.random.default_rng(seed)
    ra, dec = positions(rng, 40)
    pm = np.clip(rng.normal(0, 10 ** rng.uniform(0, 4), (2, 40)), -10_400, 10_400)  # Barnard's
    moved = sky.move_positions(ra, dec, pmra_mas_yr=pm[0], pmdec_mas_yr=pm[1], years=years)
    expected = by_astropy(ra, dec, *pm, years)
    assert expected.separation(SkyCoord(*moved, unit="deg")).arcsec.max() < 1e-4
    assert ((moved[0] >= 0) & (moved[0] < 360)).all()


def test_motion_when_parallax_and_velocity_are_known_then_perspective_counts():
    rng = np.random.default_rng(4)
    ra, dec = positions(rng, 200)
    pm = rng.normal(0, 3000, (2, 200))
    parallax, velocity = rng.uniform(20, 700, 200), rng.normal(0, 100, 200)
    moved = sky.move_positions(
        ra,
        dec,
        pmra_mas_yr=pm[0],
        pmdec_mas_yr=pm[1],
        years=100.0,
        parallax_mas=parallax,
        radial_velocity_km_s=velocity,
    )
    expected = by_astropy(
        ra,
        dec,
        *pm,
        100.0,
        distance=(1000 / parallax) * u.pc,
        radial_velocity=velocity * u.km / u.s,
    )
    # what is left out is the time that light takes
    assert expected.separation(SkyCoord(*moved, unit="deg")).arcsec.max() < 1e-2
    plain = sky.move_positions(ra, dec, pmra_mas_yr=pm[0], pmdec_mas_yr=pm[1], years=100.0)
    assert expected.separation(SkyCoord(*plain, unit="deg")).arcsec.max() > 0.1


def test_motion_when_barnards_star_for_30_years_then_where_it_is():
    one = {k: np.array([v]) for k, v in BARNARD.items()}
    moved = sky.move_positions(
        one["ra"], one["dec"], pmra_mas_yr=one["pmra"], pmdec_mas_yr=one["pmdec"], years=-30.0
    )
    start, end = SkyCoord(one["ra"], one["dec"], unit="deg"), SkyCoord(*moved, unit="deg")
    assert start.separation(end).arcsec == pytest.approx(30 * 10.39335, abs=1e-3)


def test_motion_when_something_is_null_or_zero_then_the_row_stays_as_it_is():
    ra = np.array([10.1, 20.2, 30.3, 40.4, np.nan, 370.5])
    dec = np.array([1.1, 2.2, 3.3, 4.4, 5.5, -89.9])
    pmra = np.array([np.nan, 1.0, 0.0, 1.0, 1.0, 0.0])
    pmdec = np.array([1.0, np.nan, 0.0, 1.0, 1.0, 0.0])
    years = np.array([10.0, 10.0, 10.0, np.nan, 10.0, 10.0])
    moved = sky.move_positions(ra, dec, pmra_mas_yr=pmra, pmdec_mas_yr=pmdec, years=years)
    np.testing.assert_array_equal(moved[0], ra)
    np.testing.assert_array_equal(moved[1], dec)
    there = sky.move_positions(
        [10.0] * 3, [0.0] * 3, pmra_mas_yr=[5.0] * 3, pmdec_mas_yr=[5.0] * 3, years=10.0,
        parallax_mas=[-3.0, np.nan, 0.0], radial_velocity_km_s=[100.0, 100.0, 100.0],
    )  # fmt: skip
    flat = sky.move_positions([10.0], [0.0], pmra_mas_yr=[5.0], pmdec_mas_yr=[5.0], years=10.0)
    np.testing.assert_array_equal(there[0], np.repeat(flat[0], 3))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("distance", "ra"), [(0.0, 200.0), (1.0, 200.0), (5.0, 20.0)])
def test_motion_when_across_a_pole_then_comes_down_on_the_other_side(sign, distance, ra):
    """A star at `distance` arcsec from a pole moves 2 arcsec towards it."""
    moved = sky.move_positions(
        [20.0],
        [sign * (90.0 - distance / 3600)],
        pmra_mas_yr=[0.0],
        pmdec_mas_yr=[sign * 200.0],
        years=10.0,
    )
    assert moved[0][0] == pytest.approx(ra, abs=1e-3)
    assert moved[1][0] == pytest.approx(sign * (90.0 - abs(distance - 2.0) / 3600), abs=1e-12)


def test_motion_when_there_and_back_then_home():
    rng = np.random.default_rng(6)
    ra, dec = positions(rng, 100)
    pm = rng.normal(0, 100, (2, 100))
    there = sky.move_positions(ra, dec, pmra_mas_yr=pm[0], pmdec_mas_yr=pm[1], years=1e-9)
    pairs = sky.match_coordinates(ra, dec, *there, radius_arcsec=1e-6)
    assert len(pairs) == 100


@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-7, 1e-4, 0.1, 40.0]))
def test_position_angle_when_random_then_is_that_of_astropy(seed, spread):
    rng = np.random.default_rng(seed)
    ra, dec = positions(rng, 60)
    other_ra = ra + rng.normal(0, spread, 60)
    other_dec = np.clip(dec + rng.normal(0, spread, 60), -90, 90)
    got = sky.position_angle_deg(ra, dec, other_ra, other_dec)
    assert ((got >= 0) & (got < 360)).all()
    a, b = SkyCoord(ra, dec, unit="deg"), SkyCoord(other_ra, other_dec, unit="deg")
    difference = (got - a.position_angle(b).deg + 180) % 360 - 180
    # astropy's angle is as good as the separation lets it be
    assert (np.abs(difference) <= 1e-9 + 1e-13 / np.maximum(a.separation(b).rad, 1e-300)).all()


def test_position_angle_when_equal_or_null_then_zero_or_null():
    got = sky.position_angle_deg([5.0, np.nan, 5.0], [5.0, 1.0, 0.0], [5.0, 1.0, 5.0], [5.0, 1, -1])
    np.testing.assert_array_equal(got, [0.0, np.nan, 180.0])
