"""Cross-matches: pairs, the matched catalogue and the matched Examples say the same."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import astropile as ap
from astropile.crossmatch import MatchResult
from astropile.errors import DataDirError, MatchError, UsageError
from tests.crossmatch.conftest import Place

ARCSEC = 1 / 3600
LEFT = ([10.0, 20.0, 30.0, 40.0, 40.0], [0.0, 10.0, -20.0, 5.0, 5.0 + 0.3 * ARCSEC])
RIGHT = (
    [40.0, 30.0, 20.0, 10.0, 10.0, 99.0],
    [5.0, -20.0 + 0.5 * ARCSEC, 10.0 + 3 * ARCSEC, 0.0, -0.2 * ARCSEC, 0.0],
)
NEAREST = [(0, 3), (2, 1), (3, 0), (4, 0)]
ALL = [(0, 3), (0, 4), (2, 1), (3, 0), (4, 0)]
MUTUAL = [(0, 3), (2, 1), (3, 0)]


def numbers(result: MatchResult) -> list[tuple[int, int]]:
    return list(zip(result.left_row.tolist(), result.right_row.tolist(), strict=True))


def assert_aligned(result: MatchResult) -> None:
    """Check that pairs, catalogue and Examples are about the same objects, row by row."""
    catalog, dataset = result.catalog(), result.dataset()
    left, right = result.left.label, result.right.label
    assert len(catalog) == len(dataset) == len(result)
    pairs = result.pairs.to_pylist()
    for place, row in enumerate(ap.fast(dataset)):
        l_row, r_row = pairs[place]["left_row"], pairs[place]["right_row"]
        assert row[left]["object_id"] == f"l{l_row}" == catalog[f"{left}:object_id"][place]
        assert row[right]["object_id"] == f"r{r_row}" == catalog[f"{right}:object_id"][place]
        assert row[left]["image"]["flux"][0, 0, 0] == 100 * l_row
        assert row[right]["image"]["flux"][0, 0, 0] == 100 * r_row
        np.testing.assert_array_equal(
            row[right]["spectrum"]["flux"], [r_row + 0.1] * (1 + r_row % 4)
        )
        assert (row[left]["z"], row[right]["z"]) == (l_row + 1 / 3, r_row + 1 / 3)
        assert row[left]["ra"] == catalog["ra"][place] == catalog[f"{left}:ra"][place]
        assert row["separation_arcsec"] == catalog["separation_arcsec"][place]


@pytest.mark.parametrize(
    ("find", "expected"), [("nearest", NEAREST), ("all", ALL), ("mutual", MUTUAL)]
)
@pytest.mark.parametrize("files", [(1, 1), (3, 2), (5, 6)])
def test_match_when_objects_are_placed_then_pairs_in_order_and_all_views_agree(
    place: Place, find: Any, expected: list[tuple[int, int]], files: tuple[int, int]
) -> None:
    left, right = place("left", *LEFT, files=files[0]), place("right", *RIGHT, files=files[1])
    result = ap.cross_match(left, right, radius_arcsec=1.0, find=find)
    assert numbers(result) == expected
    assert_aligned(result)


def test_catalog_when_matched_then_columns_units_and_pixels(place: Place) -> None:
    left, right = place("left", *LEFT), place("right", *RIGHT)
    catalog, dataset = ap.cross_match_datasets(left, right, match_radius=1.0)
    assert catalog.colnames == [
        *("object_id", "ra", "dec", "healpix"),
        *("left:object_id", "left:ra", "left:dec"),
        *("right:object_id", "right:ra", "right:dec"),
        "separation_arcsec",
    ]
    assert catalog["right:dec"].unit == u.deg
    assert catalog["separation_arcsec"].unit == u.arcsec
    rows = [0, 2, 3, 4]
    np.testing.assert_array_equal(catalog["healpix"], left.catalog()["healpix"][rows])
    sky = SkyCoord(catalog["ra"], catalog["dec"])
    expected = sky.separation(SkyCoord(catalog["right:ra"], catalog["right:dec"])).arcsec
    np.testing.assert_allclose(catalog["separation_arcsec"], expected, atol=1e-6)
    assert list(dataset.features) == ["left", "right", "separation_arcsec"]
    assert catalog.meta["radius_arcsec"] == 1.0


def test_match_when_nothing_is_near_then_empty_with_the_right_features(place: Place) -> None:
    left, right = place("left", [1.0, 2.0], [0.0, 0.0]), place("right", [5.0], [5.0])
    catalog, dataset = ap.cross_match_datasets(left, right)
    assert len(catalog) == len(dataset) == 0
    assert "right:object_id" in catalog.colnames
    assert dataset.features["left"]["image"]["flux"].shape == (2, 4, 4)
    assert dict(dataset.features["right"]) == dict(right.features)
    assert list(ap.fast(dataset)) == []


def test_match_when_survey_is_matched_with_itself_then_sides_are_labelled(place: Place) -> None:
    left = place("left", *LEFT)
    result = ap.cross_match(left, left, find="all")
    assert numbers(result) == [(0, 0), (1, 1), (2, 2), (3, 3), (3, 4), (4, 4), (4, 3)]
    assert list(result.dataset().features)[:2] == ["left_left", "left_right"]
    row = ap.fast(result.dataset())[4]
    assert (row["left_left"]["object_id"], row["left_right"]["object_id"]) == ("l3", "l4")
    assert "left_right:ra" in result.catalog().colnames


def test_match_when_labels_are_given_then_keys_and_columns(place: Place) -> None:
    left, right = place("left", *LEFT), place("right", *RIGHT)
    result = ap.cross_match(left, right, labels=("deep", "wide"))
    assert list(result.dataset().features) == ["deep", "wide", "separation_arcsec"]
    assert "wide:dec" in result.catalog().colnames
    assert set(ap.meaning(result.dataset())) == {"deep", "wide"}


@pytest.mark.parametrize(
    "labels",
    [("a", "a"), ("a",), ("a", "b", "c"), ("", "b"), ("separation_arcsec", "b"), ("a:b", "c")],
)
def test_match_when_labels_are_bad_then_usage_error(place: Place, labels: Any) -> None:
    left = place("left", *LEFT)
    with pytest.raises(UsageError, match="labels must be two different names"):
        ap.cross_match(left, left, labels=labels)


@pytest.mark.parametrize("radius", [0.0, -1.0, np.nan, np.inf, 1e9])
def test_match_when_radius_is_no_angle_then_match_error(place: Place, radius: float) -> None:
    left = place("left", *LEFT)
    with pytest.raises(MatchError, match="radius"):
        ap.cross_match_datasets(left, left, match_radius=radius)


def test_match_when_find_is_unknown_then_error_lists_the_choices(place: Place) -> None:
    left = place("left", *LEFT)
    with pytest.raises((MatchError, UsageError), match="nearest"):
        ap.cross_match(left, left, find="closest")  # type: ignore[arg-type]


def test_match_when_a_survey_has_no_data_then_its_error(place: Place) -> None:
    left = place("left", *LEFT)
    with pytest.raises(DataDirError, match="right: no data directory"):
        ap.cross_match(left, ap.load("right"))


def test_match_when_positions_are_null_then_left_out_and_counted(place: Place) -> None:
    left = place("left", [10.0, np.nan, 30.0], [0.0, 10.0, np.nan])
    right = place("right", [np.nan, 10.0, 30.0, 20.0], [np.nan, 0.0, -20.0, 10.0])
    result = ap.cross_match(left, right, find="all")
    assert numbers(result) == [(0, 1)]
    assert (result.left.unplaced, result.right.unplaced) == (2, 1)
    assert_aligned(result)


def test_match_when_rows_are_refused_then_rows_of_the_others_stay_aligned(place: Place) -> None:
    left = place("left", [10.0, 20.0, 30.0], [0.0, 95.0, -20.0])
    right = place("right", [1.0, 30.0, 10.0], [-91.0, -20.0, 0.0], files=2)
    catalog, dataset = ap.cross_match_datasets(left, right)
    assert catalog["left:object_id"].tolist() == ["l0", "l2"]
    assert catalog["right:object_id"].tolist() == ["r2", "r1"]
    assert [row["right"]["z"] for row in ap.fast(dataset)] == [2 + 1 / 3, 1 + 1 / 3]


def test_match_when_layout_and_columns_are_chosen_then_blocks_follow(place: Place) -> None:
    left = place("left", *LEFT, layout="per_band")
    right = place("right", *RIGHT, columns=["z"])
    row = ap.fast(ap.cross_match_datasets(left, right)[1])[1]
    assert set(row["left"]) == {"left_id", "left_image_g", "left_image_r", "left_spectrum"}
    assert set(row["right"]) == {"object_id", "ra", "dec", "z"}
    assert row["left"]["left_image_g"]["image"].shape == (4, 4)


def test_match_when_repr_is_asked_then_counts(place: Place) -> None:
    left, right = place("left", *LEFT), place("right", *RIGHT)
    assert repr(ap.cross_match(left, right)) == (
        "<match of left (5 rows) and right (6 rows): 4 pairs within 1.0 arcsec>"
    )


@settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # each example writes files
@given(st.integers(0, 10_000), st.sampled_from(["nearest", "all", "mutual"]), st.integers(1, 4))
def test_match_when_sky_is_random_then_views_agree_and_pairs_are_brute_force(
    place: Place, seed: int, find: Any, files: int
) -> None:
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 12, 2)
    spots = rng.integers(0, 4, n + m)
    ra = 100 + spots / 10 + rng.normal(0, 0.5 * ARCSEC, n + m)
    dec = rng.normal(0, 0.5 * ARCSEC, n + m)
    left = place("left", ra[:n], dec[:n], files=min(files, int(n)))
    right = place("right", ra[n:], dec[n:], files=min(files, int(m)))
    result = ap.cross_match(left, right, radius_arcsec=1.0, find=find)
    a, b = SkyCoord(ra[:n], dec[:n], unit="deg"), SkyCoord(ra[n:], dec[n:], unit="deg")
    near = a[:, None].separation(b[None, :]).arcsec
    inside = {(int(i), int(j)) for i, j in zip(*np.nonzero(near <= 1.0), strict=True)}
    if find == "all":
        assert set(numbers(result)) == inside
    else:
        assert set(numbers(result)) <= {(i, j) for i, j in inside if near[i].argmin() == j}
        assert len({i for i, _ in inside}) == len(result) or find == "mutual"
    order = list(zip(result.left_row, result.separation_arcsec, result.right_row, strict=True))
    assert order == sorted(order)
    assert_aligned(result)


@pytest.mark.parametrize(
    "options",
    [
        {"labels": 5},
        {"labels": "ab"},
        {"n_sigma": "x"},
        {"n_sigma": [1, 2]},
        {"nested": "yes"},
        {"find": 5},
        {"find": "k"},
        {"k": 2},
        {"how": 5},
        {"radius_arcsec": True},
        {"radius_arcsec": {}},
        {"radius_arcsec": [1.0, 2.0]},
        {"radius_arcsec": 1e9},
        {"n_sigma": 3},
        {"n_sigma": 3, "left_error": ("a", 5), "right_error": 1.0},
        {"n_sigma": 3, "left_error": [1.0, 1.0], "right_error": 1.0},
        {"memory_bytes": "1GB"},
        {"engine": 5},
        {"footprint": (1, 2)},
    ],
    ids=str,
)
def test_match_when_options_are_none_then_usage_error_with_a_next_step(
    options: dict[str, Any],
) -> None:
    """Of the command line they are exit code 2."""
    table = Table({"ra": [10.0], "dec": [0.0]})
    with pytest.raises(UsageError) as caught:
        ap.cross_match(table, table, **options)
    assert caught.value.exit_code == 2
    assert caught.value.hint
