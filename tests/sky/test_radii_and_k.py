"""Radii by row and the k nearest equal comparing every row with every row, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile import sky
from tests.sky.test_match_exact import FINDS, scenes

KS = (1, 2, 3, 7, 40, 5000)


def radii_around(rng, radius, count):
    """Draw a radius a row: near the one given, some null, some 0, some of them equal."""
    factors = rng.choice([0.0, 0.1, 1.0, 1.0, 2.5, np.nan], count) * rng.choice([1.0, 0.9], count)
    return np.minimum(factors * radius, 648_000.0)


@given(scenes(), st.sampled_from(KS))
def test_k_when_in_a_clump_then_equals_brute_force(brute_force, assert_same, scene, k):
    left, right, radius = scene
    got = sky.match_coordinates(*left, *right, radius_arcsec=radius, find="k", k=k)
    assert_same(got, brute_force(left, right, radius, "k", k))


@given(scenes(), st.sampled_from([*FINDS, "k"]), st.sampled_from(KS), st.integers(0, 2**32 - 1))
def test_match_when_each_row_has_a_radius_then_equals_brute_force(
    brute_force, assert_same, scene, find, k, seed
):
    left, right, radius = scene
    radii = radii_around(np.random.default_rng(seed), radius, left.shape[1])
    k = k if find == "k" else None
    got = sky.match_coordinates(*left, *right, radius_arcsec=radii, find=find, k=k)
    assert_same(got, brute_force(left, right, radii, find, k))


@given(st.integers(0, 2**32 - 1), st.sampled_from([*FINDS, "k"]), st.booleans())
def test_match_when_on_a_lattice_of_ties_then_equals_brute_force(
    brute_force, assert_same, seed, find, by_row
):
    rng = np.random.default_rng(seed)
    step_deg = rng.choice([1e-9, 1e-4, 1.0])
    left, right = (rng.integers(-3, 4, (2, n)) * step_deg for n in rng.integers(1, 300, 2))
    radius = rng.choice([1.0, np.sqrt(2.0), 2.0]) * step_deg * 3600.0
    if by_row:
        radius = radii_around(rng, radius, left.shape[1])
    k = int(rng.integers(1, 12)) if find == "k" else None
    got = sky.match_coordinates(*left, *right, radius_arcsec=radius, find=find, k=k)
    assert_same(got, brute_force(left, right, radius, find, k))


@given(st.integers(0, 2**32 - 1), st.floats(10.0, 648_000.0), st.sampled_from(KS))
def test_k_when_over_the_whole_sky_then_equals_brute_force(
    brute_force, assert_same, seed, radius, k
):
    rng = np.random.default_rng(seed)
    left, right = (
        np.array([rng.uniform(-360, 720, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))])
        for n in rng.integers(1, 500, 2)
    )
    got = sky.match_coordinates(*left, *right, radius_arcsec=radius, find="k", k=k)
    assert_same(got, brute_force(left, right, radius, "k", k))


def test_k_of_one_when_compared_then_is_the_nearest(assert_same):
    rng = np.random.default_rng(1)
    left, right = rng.uniform(0, 2, (2, 20_000)), rng.uniform(0, 2, (2, 30_000))
    for radius in (30.0, rng.uniform(0, 60, 20_000)):
        one, nearest = (
            sky.match_coordinates(*left, *right, radius_arcsec=radius, **how)
            for how in ({"find": "k", "k": 1}, {"find": "nearest"})
        )
        assert len(one) > 5000
        assert_same(one, nearest)


def test_k_when_as_many_as_there_are_then_is_all(assert_same):
    rng = np.random.default_rng(2)
    left, right = rng.uniform(0, 0.01, (2, 500)), rng.uniform(0, 0.01, (2, 400))
    k, everything = (
        sky.match_coordinates(*left, *right, radius_arcsec=20.0, **how)
        for how in ({"find": "k", "k": 400}, {"find": "all"})
    )
    assert_same(k, everything)


@pytest.mark.parametrize("find", [*FINDS, "k"])
def test_match_when_in_more_threads_and_pieces_then_gives_the_same_bits(
    assert_same, monkeypatch, find
):
    rng = np.random.default_rng(3)
    left, right = rng.uniform(0, 2, (2, 40_000)), rng.uniform(0, 2, (2, 30_000))
    options = {"find": find, "k": 3 if find == "k" else None}
    options["radius_arcsec"] = rng.uniform(0, 80, 40_000)
    one, *others = (
        sky.match_coordinates(*left, *right, threads=threads, **options) for threads in (1, 2, 4)
    )
    monkeypatch.setattr("astropile.sky.match.MOST_AT_ONCE", 1)
    others.append(sky.match_coordinates(*left, *right, **options))
    assert len(one) > 10_000
    for other in others:
        assert_same(other, one)


def test_k_when_all_rows_are_at_one_place_then_the_lowest_rows():
    ra = np.zeros(50_000)
    pairs = sky.match_coordinates(ra[:2000], ra[:2000], ra, ra, find="k", k=3)
    assert pairs.right.reshape(-1, 3).tolist() == [[0, 1, 2]] * 2000
