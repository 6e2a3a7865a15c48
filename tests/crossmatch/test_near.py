"""Radii from columns, positional errors, the k nearest, and directions."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st

import astropile as ap
from astropile import sky
from astropile.errors import ColumnError, MatchError, UsageError
from tests.crossmatch.conftest import Place
from tests.crossmatch.test_match import ARCSEC, numbers


def clumps(seed: int, fewest: int = 0) -> tuple[Table, Table]:
    """Objects of two surveys around one place, with an error and a radius each."""
    rng = np.random.default_rng(seed)
    ra, dec = rng.choice([0.0, 359.9999, 77.0]), rng.choice([-60.0, 0.0, 89.9995])
    tables = []
    for count in rng.integers(fewest, 40, 2):
        offset = rng.normal(0, 3.0 * ARCSEC, (2, count))
        table = Table({"ra": np.mod(ra + offset[0] / np.cos(np.radians(dec)), 360)})
        table["dec"] = np.clip(dec + offset[1], -90, 90)
        table["error"] = rng.choice([0.0, 0.1, 1.0, 5.0, np.nan], count) * u.arcsec
        table["error_mas"] = table["error"].to(u.mas)
        tables.append(table)
    return tables[0], tables[1]


def by_definition(
    left: Table, right: Table, reach: Any, find: str, k: int | None
) -> list[tuple[int, int]]:
    """Choose pairs by comparing everything; `reach` is the greatest separation of each pair."""
    everything = sky.match_coordinates(
        left["ra"], left["dec"], right["ra"], right["dec"], radius_arcsec=648000.0, find="all"
    )
    separation = np.full((len(left), len(right)), np.nan)
    separation[everything.left, everything.right] = everything.separation_arcsec
    rows = np.lexsort((everything.right, everything.separation_arcsec, everything.left))
    pairs = [
        (int(i), int(j))
        for i, j in zip(everything.left[rows], everything.right[rows], strict=True)
        if separation[i, j] <= reach[i, j]
    ]
    if find == "all":
        return pairs
    most, count = (k or 1), {}
    found = []
    for i, j in pairs:
        count[i] = count.get(i, 0) + 1
        if count[i] <= most:
            found.append((i, j))
    if find == "mutual":
        nearest = {}
        for i, j in pairs:
            if j not in nearest or (separation[i, j], i) < (separation[nearest[j], j], nearest[j]):
                nearest[j] = i
        found = [(i, j) for i, j in found if nearest[j] == i]
    return found


FINDS = st.sampled_from(["nearest", "mutual", "all", "k"])


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), FINDS, st.sampled_from([0.5, 1.0, 3.0]), st.booleans())
def test_sigma_when_random_then_by_the_definition(
    seed: int, find: Any, n_sigma: float, capped: bool
) -> None:
    left, right = clumps(seed)
    k = 3 if find == "k" else None
    result = ap.cross_match(
        left, right, find=find, k=k, n_sigma=n_sigma, left_error="error", right_error="error_mas",
        radius_arcsec=2.0 if capped else None,
    )  # fmt: skip
    errors = np.hypot(*np.meshgrid(left["error"], right["error"], indexing="ij"))
    reach = n_sigma * errors
    if capped:
        reach = np.where(np.isnan(reach), np.nan, np.minimum(reach, 2.0))
    assert numbers(result) == by_definition(left, right, reach, find, k)
    order = list(zip(result.left_row, result.separation_arcsec, result.right_row, strict=True))
    assert order == sorted(order)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), FINDS)
def test_radius_when_a_column_or_an_array_then_each_row_has_its_own(seed: int, find: Any) -> None:
    left, right = clumps(seed, fewest=1)
    k = 2 if find == "k" else None
    reach = np.repeat(np.array(left["error"])[:, None], len(right), axis=1)
    expected = by_definition(left, right, reach, find, k)
    for radius in ("error", "error_mas", np.array(left["error"]), left["error"].quantity):
        result = ap.cross_match(left, right, radius_arcsec=radius, find=find, k=k)
        assert numbers(result) == expected
    assert result.radius_arcsec == pytest.approx(np.nanmax(np.array(left["error"]), initial=0.0))


def test_radius_when_a_column_of_a_survey_then_read(place: Place) -> None:
    """The column `n` numbers the rows: a row reaches as far as its number says, in arcsec."""
    dec = 10.0 + np.array([0.5, 1.5, 1.5]) * ARCSEC
    left = place("left", [0.0, 0.0, 0.0], dec, files=2)
    result = ap.cross_match(left, place("right", [0.0], [10.0]), radius_arcsec="n")
    assert numbers(result) == [(2, 0)]
    with pytest.raises(ColumnError, match="nn"):
        ap.cross_match(left, left, radius_arcsec="nn")


@pytest.mark.parametrize(
    "radius", [[1.0], [-1.0, 1.0], [[1.0, 1.0]], [np.inf, 1.0], "ra_err", 0.0, -1]
)
def test_radius_when_it_is_none_then_refused(radius: Any) -> None:
    table = Table({"ra": [1.0, 2.0], "dec": [0.0, 0.0]})
    with pytest.raises((MatchError, ColumnError)):
        ap.cross_match(table, table, radius_arcsec=radius)


def test_errors_when_not_named_then_canonical_columns_are_taken() -> None:
    table = Table(
        {"ra": [0.0], "dec": [0.0], "ra_err": [300.0] * u.mas, "dec_err": [400.0] * u.mas}
    )
    other = Table({"ra": [0.0], "dec": [1.0 * ARCSEC]})
    found = [
        len(ap.cross_match(table, other, n_sigma=n_sigma, right_error=0.0))
        for n_sigma in (2.8, 2.9)  # the error is sqrt((0.3**2 + 0.4**2) / 2) = 0.354 arcsec
    ]
    assert found == [0, 1]
    with pytest.raises(MatchError, match="right_error="):
        ap.cross_match(table, other, n_sigma=3)
    named = ap.cross_match(
        table, other, n_sigma=2.9, left_error=("ra_err", "dec_err"), right_error=[0.0]
    )
    assert "2.9 sigma" in repr(named)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"left_error": 1.0}, "n_sigma"),
        ({"n_sigma": 0, "left_error": 1.0}, "n_sigma"),
        ({"n_sigma": np.nan, "left_error": 1.0}, "n_sigma"),
        ({"n_sigma": 3, "left_error": -1.0, "right_error": 1.0}, "left_error"),
        ({"n_sigma": 3, "left_error": 1.0, "right_error": [1.0, 2.0, 3.0]}, "right_error"),
        ({"n_sigma": 3, "left_error": 1.0, "right_error": "no"}, "no"),
    ],
)
def test_errors_when_they_are_none_then_refused(options: Any, message: str) -> None:
    table = Table({"ra": [1.0, 2.0], "dec": [0.0, 0.0]})
    with pytest.raises((MatchError, UsageError), match=message):
        ap.cross_match(table, table, **options)


def test_k_when_asked_then_ties_go_to_the_lowest_rows() -> None:
    left = Table({"ra": [10.0], "dec": [0.0]})
    offsets = np.array([0.2, 0.1, -0.1, 0.1, -0.2]) * ARCSEC
    right = Table({"ra": np.full(5, 10.0), "dec": offsets})
    result = ap.cross_match(left, right, find="k", k=4)
    assert numbers(result) == [(0, 1), (0, 2), (0, 3), (0, 0)]


def test_position_angle_when_asked_then_that_of_astropy() -> None:
    left, right = clumps(8, fewest=30)
    result = ap.cross_match(left, right, find="all", radius_arcsec=20.0)
    assert len(result) > 500
    a, b = (SkyCoord(t["ra"], t["dec"], unit="deg") for t in (left, right))
    expected = a[result.left_row].position_angle(b[result.right_row]).deg
    angle = result.pairs["position_angle_deg"].to_numpy()
    difference = (angle - expected + 180.0) % 360.0 - 180.0
    assert np.abs(difference).max() < 1e-5
