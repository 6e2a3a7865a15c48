"""The expected number of chance alignments against what is known of random skies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.table import Table

import astropile as ap
from astropile.crossmatch.chance import Shift
from astropile.errors import UsageError
from astropile.sky import position_angle_deg, separation_arcsec, unit_vectors

ARCSEC = 1 / 3600


def field(rng: np.random.Generator, count: int, width_deg: float = 1.0) -> Table:
    return Table({"ra": rng.uniform(0, width_deg, count), "dec": rng.uniform(0, width_deg, count)})


def test_chance_when_sky_is_random_then_density_times_area() -> None:
    rng = np.random.default_rng(1)
    left, right = field(rng, 20_000), field(rng, 20_000)
    result = ap.cross_match(left, right, radius_arcsec=3.0, find="all")
    chance = result.chance(shifts=8)
    expected = 20_000**2 * np.pi * (3 * ARCSEC) ** 2
    assert chance.expected == pytest.approx(expected, rel=0.06)
    assert chance.pairs == len(result)
    assert chance.fraction == pytest.approx(1.0, abs=0.1)
    assert chance.offset_arcsec == 30.0
    assert chance.error < 0.1 * chance.expected
    assert len(chance.counts) == len(chance.direction_deg) == 8


def test_chance_when_pairs_are_true_then_few() -> None:
    rng = np.random.default_rng(2)
    left = field(rng, 5000)
    right = left.copy()
    right["dec"] += rng.normal(0, 0.2 * ARCSEC, 5000)
    chance = ap.cross_match(left, right).chance()
    assert chance.pairs > 4900
    assert chance.expected < 20
    assert repr(chance).endswith(
        f"of {chance.pairs} pairs expected by chance (8 shifts of 10 arcsec)>"
    )


@pytest.mark.parametrize("how", ["inner", "left", "anti", "outer"])
def test_chance_when_asked_of_any_kind_of_result_then_the_same(how: Any) -> None:
    rng = np.random.default_rng(3)
    left, right = field(rng, 3000), field(rng, 3000)
    inner = ap.cross_match(left, right, radius_arcsec=9.0).chance(shifts=3)
    other = ap.cross_match(left, right, radius_arcsec=9.0, how=how, nested=True).chance(shifts=3)
    assert inner.counts.tolist() == other.counts.tolist()


def test_chance_when_sigma_or_k_then_asked_the_same_way() -> None:
    rng = np.random.default_rng(4)
    left, right = field(rng, 3000), field(rng, 3000)
    plain = ap.cross_match(left, right, radius_arcsec=9.0, find="k", k=2).chance(shifts=2)
    sigma = ap.cross_match(
        left, right, find="k", k=2, n_sigma=3, left_error=3.0, right_error=0.0
    ).chance(shifts=2)
    assert plain.counts.tolist() == sigma.counts.tolist()
    assert sigma.offset_arcsec == pytest.approx(90.0)


@pytest.mark.parametrize("direction", [0.0, 45.0, 90.0, 200.0, 359.0])
@pytest.mark.parametrize("offset", [10.0, 3600.0, 100_000.0])
def test_shift_when_anywhere_then_as_long_and_that_way(direction: float, offset: float) -> None:
    ra, dec = np.array([0.0, 10.0, 359.99, 77.0]), np.array([0.0, 60.0, -89.0, 30.0])
    new_ra, new_dec = Shift(direction, offset).moved_at(np.arange(4), ra, dec)
    chord = ((unit_vectors(ra, dec) - unit_vectors(new_ra, new_dec)) ** 2).sum(axis=1)
    np.testing.assert_allclose(separation_arcsec(chord), offset, rtol=1e-9)
    angle = position_angle_deg(ra, dec, new_ra, new_dec) - direction
    np.testing.assert_allclose((angle + 180) % 360 - 180, 0.0, atol=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {"shifts": 0},
        {"shifts": 1.5},
        {"offset_arcsec": 1.9},
        {"offset_arcsec": np.nan},
        {"offset_arcsec": "x"},
    ],
)
def test_chance_when_shifts_are_none_then_refused(options: Any) -> None:
    table = Table({"ra": [1.0], "dec": [1.0]})
    with pytest.raises(UsageError, match=r"shift|offset"):
        ap.cross_match(table, table).chance(**options)
