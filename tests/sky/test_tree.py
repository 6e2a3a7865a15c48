"""The tree that a search relies on: every row in a leaf, every leaf in its box."""

from __future__ import annotations

import pickle

import healpy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile import sky
from astropile.sky.search import FAN_OUT, LEAF_ROWS, box_gap_squared, point_gap_squared

SEEDS = st.integers(0, 2**32 - 1)
BOX = st.lists(st.floats(-1.0, 1.0), min_size=3, max_size=3)


def positions(seed, count):
    """Half over the whole sky, half in a clump; a tenth null; some twice."""
    rng = np.random.default_rng(seed)
    ra, dec = rng.uniform(0, 360, count), np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
    half = count // 2
    ra[:half], dec[:half] = rng.normal(200, 1e-3, half), rng.normal(-45, 1e-3, half)
    ra[rng.random(count) < 0.1] = np.nan
    twice = rng.integers(0, max(count, 1), (2, count // 10))
    ra[twice[0]], dec[twice[0]] = ra[twice[1]], dec[twice[1]]
    return ra, dec


@given(SEEDS, st.sampled_from([0, 1, 2, 32, 33, 500, 3000]))
def test_tree_when_built_then_leaves_hold_every_position_once(seed, count):
    ra, dec = positions(seed, count)
    index = sky.build_index(ra, dec)
    tree = index.tree
    np.testing.assert_array_equal(np.sort(tree.order), np.flatnonzero(np.isfinite(ra)))
    assert (len(index), index.nulls) == (count, np.isnan(ra).sum())
    sizes = np.diff(tree.leaf_starts)
    assert tree.leaf_starts[0] == 0
    assert sizes.sum() == len(tree.order)
    assert np.all(sizes >= 1)
    assert np.all(sizes <= LEAF_ROWS)
    assert np.all(sizes[:-1] >= LEAF_ROWS // 2)
    vectors = tree.vectors[:, : len(tree.order)]
    expected = sky.unit_vectors(ra[tree.order], dec[tree.order])
    np.testing.assert_array_equal(vectors.T, expected)
    assert tree.vectors.shape == (3, len(tree.order) + LEAF_ROWS)
    assert np.all(tree.vectors[:, len(tree.order) :] > 4.0)


@given(SEEDS, st.sampled_from([1, 33, 500, 3000]))
def test_tree_when_built_then_every_box_is_the_tightest_around_its_rows(seed, count):
    ra, dec = positions(seed, count)
    ra[0] = 5.0
    tree = sky.build_index(ra, dec).tree
    starts = tree.leaf_starts
    for low, high in zip(tree.level_starts, tree.level_starts[1:], strict=False):
        firsts = starts[:-1]
        assert len(firsts) == high - low
        corners = [np.minimum.reduceat(tree.vectors[:, : starts[-1]], firsts, axis=1).T]
        corners += [np.maximum.reduceat(tree.vectors[:, : starts[-1]], firsts, axis=1).T]
        np.testing.assert_array_equal(tree.boxes[low:high], np.hstack(corners))
        lowest = np.minimum.reduceat(tree.order, firsts)
        np.testing.assert_array_equal(tree.lowest_row[low:high], lowest)
        starts = np.append(starts[:-1:FAN_OUT], starts[-1])
    assert high - low == 1


def test_tree_when_built_then_rows_follow_the_nested_pixels():
    rng = np.random.default_rng(0)
    ra, dec = rng.uniform(0, 360, 20_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 20_000)))
    order = sky.build_index(ra, dec).tree.order
    pixels = healpy.ang2pix(2**8, ra[order], dec[order], nest=True, lonlat=True)
    steps = np.diff(pixels)
    assert np.count_nonzero(steps < 0) == 0
    assert len(np.unique(pixels)) > 19_000


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_tree_when_built_in_threads_then_is_the_same(threads):
    ra, dec = positions(11, 60_000)
    one, other = sky.build_index(ra, dec, threads=1), sky.build_index(ra, dec, threads=threads)
    for array, same in zip(one.tree, other.tree, strict=True):
        np.testing.assert_array_equal(array, same)


@given(BOX, BOX, BOX, BOX, st.lists(st.floats(0.0, 1.0), min_size=6, max_size=6))
def test_gap_of_boxes_when_rounded_then_never_exceeds_a_distance_inside(a, b, c, d, where):
    corners = np.array([np.minimum(a, b), np.maximum(a, b), np.minimum(c, d), np.maximum(c, d)])
    boxes, others = corners[:2].reshape(1, 6), corners[2:].reshape(1, 6)
    point = np.clip(corners[0] + where[:3] * (corners[1] - corners[0]), corners[0], corners[1])
    other = np.clip(corners[2] + where[3:] * (corners[3] - corners[2]), corners[2], corners[3])
    dx, dy, dz = point - other
    distance = dx * dx + dy * dy + dz * dz
    assert box_gap_squared(boxes, 0, others, 0) <= distance
    assert point_gap_squared(*point, others, 0) <= distance


@pytest.mark.parametrize("find", ["nearest", "mutual", "all"])
def test_match_indexes_when_indexes_are_kept_then_equals_match_coordinates(assert_same, find):
    left, right = positions(1, 4000), positions(1, 3000)
    indexes = [pickle.loads(pickle.dumps(sky.build_index(*side))) for side in (left, right)]
    expected = sky.match_coordinates(*left, *right, radius_arcsec=2.0, find=find)
    assert len(expected) > 500
    got = sky.match_indexes(*indexes, radius_arcsec=2.0, find=find, threads=3)
    assert_same(got, expected)
