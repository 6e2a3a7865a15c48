"""Groups equal the connected components of all pairs."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from astropile import errors, sky
from tests.sky.test_match_exact import anywhere, pixel_corner, pole, scatter, wrap


def components(left, radius, survey=None):
    """Return connected components, numbered by the first row of each."""
    n = left.shape[1]
    pairs = sky.match_coordinates(*left, *left, radius_arcsec=radius, find="all")
    rows, others = pairs.left, pairs.right
    if survey is not None:
        kept = survey[rows] != survey[others]
        rows, others = rows[kept], others[kept]
    graph = coo_matrix((np.ones(len(rows)), (rows, others)), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    _, first, back = np.unique(label, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[back]


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([pole, wrap, pixel_corner, anywhere]),
    st.sampled_from([1e-3, 1.0, 3600.0, 400_000.0]),
    st.sampled_from([0.3, 3.0, 30.0]),
    st.booleans(),
)
def test_groups_when_in_a_clump_then_are_the_connected_components(
    seed, place, radius, width, by_survey
):
    rng = np.random.default_rng(seed)
    left = np.array(scatter(rng, place(rng), int(rng.integers(1, 600)), width * radius / 3600))
    if rng.random() < 0.3:
        left[:, rng.integers(0, left.shape[1])] = np.nan
    survey = rng.integers(0, 3, left.shape[1]) if by_survey else None
    got = sky.group_coordinates(*left, radius_arcsec=radius, survey=survey)
    np.testing.assert_array_equal(got, components(left, radius, survey))


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_groups_when_on_a_lattice_of_ties_then_are_the_connected_components(seed, by_survey):
    rng = np.random.default_rng(seed)
    step = rng.choice([1e-9, 1e-4, 1.0])
    left = rng.integers(-9, 9, (2, rng.integers(1, 250))) * step
    survey = rng.integers(0, 2, left.shape[1]) if by_survey else None
    radius = rng.choice([1.0, np.sqrt(2.0)]) * step * 3600
    got = sky.group_coordinates(*left, radius_arcsec=radius, survey=survey)
    np.testing.assert_array_equal(got, components(left, radius, survey))


def test_groups_when_all_rows_are_at_one_place_then_not_all_are_compared():
    rows = 100_000
    ra = np.zeros(rows)
    sky.group_coordinates(ra[:50], ra[:50])
    start = time.process_time()
    assert not sky.group_coordinates(ra, ra).any()
    assert time.process_time() - start < 10


def test_groups_when_one_leaf_is_wide_and_its_friend_is_in_the_middle_then_one_group():
    """Two clumps that only a third row joins: all rows of the wide leaf are its friends."""
    wide = np.concatenate([np.full(10, -0.9), np.full(10, 0.9)])
    ra = np.concatenate([np.zeros(40), wide])  # the leaf in the middle has the first 40 rows
    dec = np.concatenate([np.zeros(40), np.zeros(20)])
    for order in (slice(None), slice(None, None, -1)):
        group = sky.group_coordinates(ra[order], dec[order], radius_arcsec=3600.0)
        np.testing.assert_array_equal(group, components(np.array([ra[order], dec[order]]), 3600.0))
        assert not group.any()


def test_groups_when_empty_then_none():
    assert len(sky.group_coordinates([], [])) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"radius_arcsec": [1.0, 1.0]}, "one radius"),
        ({"radius_arcsec": 0.0}, "arcsec"),
        ({"survey": [1]}, "survey has shape"),
    ],
)
def test_groups_when_options_are_none_then_refused(options, message):
    with pytest.raises(errors.MatchError, match=message):
        sky.group_coordinates([1.0, 2.0], [1.0, 2.0], **options)
