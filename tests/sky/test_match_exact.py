"""A match equals comparing every row with every row: pairs, order and separations."""

from __future__ import annotations

import healpy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile import sky

FINDS = ("nearest", "mutual", "all")


def pole(rng):
    return rng.uniform(0, 360), rng.choice([-1, 1]) * rng.choice([90.0, 89.9, 89.99999, 90 - 1e-9])


def wrap(rng):
    return rng.choice([0.0, 360.0, 359.9999999, 1e-9]), rng.uniform(-90, 90)


def pixel_corner(rng):
    nside = 2 ** int(rng.integers(0, 25))
    pixel = int(rng.integers(0, 12 * nside**2))
    corners = healpy.boundaries(nside, pixel, step=1, nest=True)
    ra, dec = healpy.vec2ang(corners[:, int(rng.integers(0, 4))], lonlat=True)
    return float(ra[0]), float(dec[0])


def anywhere(rng):
    return rng.uniform(0, 360), np.degrees(np.arcsin(rng.uniform(-1, 1)))


def scatter(rng, center, count, spread_deg):
    """Draw positions around a point of the sky, by rotation, so that poles are no exception."""
    ra, dec = np.radians(center)
    radial = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    north = np.cross(radial, east)
    offset = rng.normal(0, np.radians(spread_deg), (count, 2))
    offset *= rng.choice([0.0, 0.3, 1.0, 3.0], (count, 1))
    vectors = radial + offset[:, :1] * east + offset[:, 1:] * north
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return (
        np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0])) % 360.0,
        np.degrees(np.arcsin(np.clip(vectors[:, 2], -1, 1))),
    )


@st.composite
def scenes(draw):
    """Two lists of positions in a clump about as wide as the radius, and the radius."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    place = draw(st.sampled_from([pole, wrap, pixel_corner, anywhere]))
    radius = draw(st.sampled_from([1e-3, 0.1, 1.0, 30.0, 3600.0, 36_000.0, 400_000.0]))
    width = draw(st.sampled_from([0.3, 1.0, 10.0])) * radius / 3600.0
    counts = draw(st.tuples(*[st.sampled_from([0, 1, 2, 31, 32, 33, 150, 700])] * 2))
    center = place(rng)
    left, right = (np.array(scatter(rng, center, count, width)) for count in counts)
    if draw(st.booleans()) and min(counts):  # coincident positions, within and across the lists
        shared = rng.integers(0, counts[0], size=max(counts[1] // 2, 1))
        right[:, : len(shared)] = left[:, shared]
    return left, right, radius


@given(scenes(), st.sampled_from(FINDS))
def test_match_when_in_a_clump_then_equals_brute_force(brute_force, assert_same, scene, find):
    left, right, radius = scene
    got = sky.match_coordinates(*left, *right, radius_arcsec=radius, find=find)
    assert_same(got, brute_force(left, right, radius, find))


@given(st.integers(0, 2**32 - 1), st.sampled_from(FINDS), st.floats(10.0, 648_000.0))
def test_match_when_over_the_whole_sky_then_equals_brute_force(
    brute_force, assert_same, seed, find, radius
):
    rng = np.random.default_rng(seed)
    left, right = (
        np.array([rng.uniform(-360, 720, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))])
        for n in rng.integers(1, 500, 2)
    )
    got = sky.match_coordinates(*left, *right, radius_arcsec=radius, find=find)
    assert_same(got, brute_force(left, right, radius, find))


@given(st.integers(0, 2**32 - 1), st.sampled_from(FINDS), st.sampled_from([1e-9, 1e-4, 1.0]))
def test_match_when_on_a_lattice_of_ties_then_equals_brute_force(
    brute_force, assert_same, seed, find, step_deg
):
    rng = np.random.default_rng(seed)
    left, right = (rng.integers(-3, 4, (2, n)) * step_deg for n in rng.integers(1, 300, 2))
    radius = rng.choice([1.0, np.sqrt(2.0), 2.0]) * step_deg * 3600.0
    got = sky.match_coordinates(*left, *right, radius_arcsec=radius, find=find)
    assert_same(got, brute_force(left, right, radius, find))


@given(st.integers(0, 2**32 - 1), st.sampled_from(FINDS))
def test_match_when_ties_lie_in_different_leaves_then_equals_brute_force(
    brute_force, assert_same, seed, find
):
    rng = np.random.default_rng(seed)
    left = np.array([np.zeros(4), rng.choice([-0.5, 0.5], 4)])
    east = 0.25 + 0.01 * np.arange(40)
    arms = [np.array([side * east, np.full(40, dec)]) for side in (1, -1) for dec in (0.5, -0.5)]
    # Some near ones are missing, some left rows have a companion, which gets the lowest row.
    arms = [arms[arm][:, rng.random(40) < 0.8] for arm in rng.permutation(4)]
    right = np.hstack([left[:, : rng.integers(0, 3)], *arms])
    if rng.random() < 0.3:
        right = rng.permutation(right, axis=1)
    got = sky.match_coordinates(*left, *right, radius_arcsec=1200.0, find=find)
    assert_same(got, brute_force(left, right, 1200.0, find))


def test_all_when_the_radius_is_180_degrees_then_is_every_pair():
    rng = np.random.default_rng(9)
    ra, dec = rng.uniform(0, 360, 2000), rng.uniform(-90, 90, 2000)
    antipodes = ra + 180.0, -dec
    pairs = sky.match_coordinates(ra, dec, *antipodes, radius_arcsec=648_000.0, find="all")
    assert len(pairs) == 2000**2


@pytest.mark.parametrize("find", FINDS)
@pytest.mark.parametrize("sign", [-1, 1])
def test_match_when_near_a_pole_across_ra_0_then_misses_no_pair(
    brute_force, assert_same, find, sign
):
    rng = np.random.default_rng(7)
    dec = sign * rng.uniform(89.89, 89.91, 1500)
    ra = rng.normal(0.0, 0.5, 1500) % 360.0  # 3 arcsec on either side of the meridian
    left, right = np.array([ra[:700], dec[:700]]), np.array([ra[700:], dec[700:]])
    got = sky.match_coordinates(*left, *right, radius_arcsec=5.0, find=find)
    crossing = np.abs(left[0][got.left] - right[0][got.right]) > 180.0
    assert crossing.sum() > 5
    assert_same(got, brute_force(left, right, 5.0, find))


@pytest.mark.parametrize("find", FINDS)
def test_match_when_in_more_threads_then_gives_the_same_bits(assert_same, find):
    rng = np.random.default_rng(3)
    left, right = rng.uniform(0, 2, (2, 40_000)), rng.uniform(0, 2, (2, 30_000))
    one, *others = (
        sky.match_coordinates(*left, *right, radius_arcsec=40.0, find=find, threads=threads)
        for threads in (1, 2, 4, None)
    )
    assert len(one) > 10_000
    for other in others:
        assert_same(other, one)


def test_match_when_rows_are_shuffled_then_names_the_same_objects():
    rng = np.random.default_rng(5)
    left, right = rng.uniform(0, 1, (2, 5000)), rng.uniform(0, 1, (2, 5000))
    shuffled = rng.permutation(5000)
    pairs = sky.match_coordinates(*left, *right, radius_arcsec=20.0, find="all")
    again = sky.match_coordinates(*left[:, shuffled], *right, radius_arcsec=20.0, find="all")
    names = np.sort(pairs.left * 5000 + pairs.right)
    np.testing.assert_array_equal(np.sort(shuffled[again.left] * 5000 + again.right), names)
