"""Compiled directions: as the plain formula has them, and the same bits whoever asks."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from astropile.sky import position_angle_deg
from astropile.sky.bearing import bearing_deg, fill_pair_bearings

ANGLES = st.floats(-1e3, 1e3)


@given(ANGLES, ANGLES)
def test_bearing_when_any_step_then_that_of_the_arctangent(east: float, north: float) -> None:
    got = bearing_deg(east, north)
    assert 0.0 <= got < 360.0
    difference = (got - math.degrees(math.atan2(east, north)) + 180.0) % 360.0 - 180.0
    assert abs(difference) < 2e-13


def test_bearing_when_along_an_axis_then_exact() -> None:
    steps = [(0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0), (0.0, 0.0), (-0.0, 0.0)]
    assert [bearing_deg(*step) for step in steps] == [0.0, 45.0, 90.0, 180.0, 270.0, 0.0, 0.0]


def test_bearings_of_pairs_when_more_than_a_piece_then_those_of_their_positions() -> None:
    rng = np.random.default_rng(5)
    ra, dec = rng.uniform(0, 360, 300), np.degrees(np.arcsin(rng.uniform(-1, 1, 300)))
    left, right = rng.integers(0, 300, (2, 2500))
    angle = np.empty(2500)
    fill_pair_bearings(ra, dec, ra, dec, left, right, angle)
    np.testing.assert_array_equal(
        angle, position_angle_deg(ra[left], dec[left], ra[right], dec[right])
    )
