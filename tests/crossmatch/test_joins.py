"""Kinds of join, flat and nested: pairs, catalogue and Examples say the same, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.table import Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import astropile as ap
from astropile.crossmatch import MatchResult, examples
from astropile.errors import MatchError, UsageError
from tests.crossmatch.conftest import Place
from tests.crossmatch.test_match import ALL, ARCSEC, LEFT, NEAREST, RIGHT

HOWS = ("inner", "left", "anti", "outer")


def expected_rows(pairs: list[tuple[int, int]], how: str, n: int, m: int) -> list[tuple[Any, Any]]:
    """Join by the definition."""
    lonely = [(row, None) for row in range(n) if row not in {left for left, _ in pairs}]
    others = [(None, row) for row in range(m) if row not in {right for _, right in pairs}]
    if how == "anti":
        return list(lonely)
    found: list[tuple[Any, Any]] = list(pairs)
    if how != "inner":
        found = sorted(found + lonely, key=lambda row: row[0])
    return found + (others if how == "outer" else [])


def rows_of(result: MatchResult) -> list[tuple[Any, Any]]:
    return [(row["left_row"], row["right_row"]) for row in result.pairs.to_pylist()]


def nested_by(rows: list[tuple[Any, Any]]) -> list[tuple[Any, list[Any]]]:
    """Put the right rows of each left row into a list; those without left stay alone."""
    found: list[tuple[Any, list[Any]]] = []
    for left, right in rows:
        if left is None or not found or found[-1][0] != left:
            found.append((left, []))
        if right is not None:
            found[-1][1].append(right)
    return found


def check_block(block: Any, side: str, row: int | None) -> None:
    """Check that a block of an Example is that of a row, or null."""
    if row is None:
        assert block is None
        return
    assert block["object_id"] == f"{side}{row}"
    assert block["image"]["flux"][0, 0, 0] == 100 * row
    assert block["z"] == row + 1 / 3
    np.testing.assert_array_equal(block["spectrum"]["flux"], [row + 0.1] * (1 + row % 4))


def check_views(result: MatchResult, expected: list[tuple[Any, Any]]) -> None:
    """Check pairs, catalogue and Examples of a flat result."""
    assert rows_of(result) == expected
    catalog, dataset = result.catalog(), result.dataset()
    assert len(catalog) == len(dataset) == len(result) == len(expected)
    pairs = result.pairs.to_pylist()
    for place, row in enumerate(ap.fast(dataset)):
        left, right = expected[place]
        check_block(row["left"], "l", left)
        check_block(row["right"], "r", right)
        assert row["separation_arcsec"] == pairs[place]["separation_arcsec"]
        for prefix, side, number in (("left", "l", left), ("right", "r", right)):
            cell = catalog[f"{prefix}:object_id"][place]
            known = number is not None
            assert pairs[place][f"{prefix}_object_id"] == (f"{side}{number}" if known else None)
            assert cell is np.ma.masked if not known else cell == f"{side}{number}"
            assert (catalog[f"{prefix}:ra"][place] is np.ma.masked) == (not known)
        assert (catalog["healpix"][place] is np.ma.masked) == (left is None)
        alone = left is None or right is None
        assert (pairs[place]["separation_arcsec"] is None) == alone
        assert (pairs[place]["position_angle_deg"] is None) == alone
        assert (catalog["separation_arcsec"][place] is np.ma.masked) == alone


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize(("find", "pairs"), [("nearest", NEAREST), ("all", ALL)])
@pytest.mark.parametrize("files", [(1, 1), (4, 3)])
def test_join_when_objects_are_placed_then_all_views_agree(
    place: Place, how: Any, find: Any, pairs: list[tuple[int, int]], files: tuple[int, int]
) -> None:
    left, right = place("left", *LEFT, files=files[0]), place("right", *RIGHT, files=files[1])
    result = ap.cross_match(left, right, find=find, how=how)
    check_views(result, expected_rows(pairs, how, 5, 6))
    assert result.n_pairs == (0 if how == "anti" else len(pairs))


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("find", ["nearest", "all", "k"])
@pytest.mark.parametrize("budget", [1, 6000, 2**26])
def test_nested_when_objects_are_placed_then_a_row_a_left_object(
    place: Place, how: Any, find: Any, budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "BATCH_BYTES", budget)
    left, right = place("left", *LEFT, files=3), place("right", *RIGHT, files=2)
    options = {"find": find, "how": how, "k": 2 if find == "k" else None}
    result = ap.cross_match(left, right, nested=True, **options)
    pairs = NEAREST if find == "nearest" else ALL
    expected = nested_by(expected_rows(pairs, how, 5, 6))
    assert rows_of(result) == expected
    flat = ap.cross_match(left, right, **options).pairs.to_pylist()
    catalog, dataset = result.catalog(), result.dataset()
    assert len(catalog) == len(dataset) == len(result) == len(expected)
    for place_, row in enumerate(ap.fast(dataset)):
        number, partners = expected[place_]
        check_block(row["left"], "l", number)
        assert len(row["right"]) == len(partners)
        for block, partner in zip(row["right"], partners, strict=True):
            check_block(block, "r", partner)
        assert catalog["right:object_id"][place_].tolist() == [f"r{p}" for p in partners]
        wanted = [p["separation_arcsec"] for p in flat if p["left_row"] == number]
        if number is not None and partners:
            assert result.pairs["separation_arcsec"][place_].as_py() == wanted
            assert row["separation_arcsec"].tolist() == wanted
            assert catalog["separation_arcsec"][place_].tolist() == wanted


def test_nested_catalog_when_written_then_read_again(place: Place, tmp_path: Any) -> None:
    left, right = place("left", *LEFT), place("right", *RIGHT)
    catalog = ap.cross_match(left, right, find="all", how="outer", nested=True).catalog()
    catalog.write(tmp_path / "nested.ecsv", format="ascii.ecsv")
    again = Table.read(tmp_path / "nested.ecsv", format="ascii.ecsv")
    assert list(again["right:object_id"][0]) == ["r3", "r4"]
    assert again["right:ra"][0].tolist() == catalog["right:ra"][0].tolist()


def test_joined_dataset_when_opened_by_plain_datasets_then_null_is_none(
    place: Place, tmp_path: Any
) -> None:
    from datasets import load_from_disk

    left, right = place("left", *LEFT), place("right", *RIGHT)
    dataset = ap.cross_match(left, right, how="outer").dataset()
    dataset.save_to_disk(tmp_path / "outer")
    again = load_from_disk(tmp_path / "outer")
    rows = list(again)
    assert rows[1]["right"] is None
    assert rows[-1]["left"] is None
    assert rows[-1]["right"]["image"]["flux"].shape == (2, 3, 3)
    assert set(ap.meaning(again)) == {"left", "right"}


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("nested", [False, True])
def test_join_when_nothing_is_near_or_a_side_is_empty_then_features_stay(
    place: Place, how: Any, nested: bool
) -> None:
    left, right = place("left", [1.0, 2.0], [0.0, 0.0]), place("right", [5.0], [5.0])
    result = ap.cross_match(left, right, how=how, nested=nested)
    assert len(result.dataset()) == len(result) == {"inner": 0, "outer": 3}.get(how, 2)
    empty = Table({"ra": np.zeros(0), "dec": np.zeros(0)})
    for sides in ((left, empty), (empty, left), (empty, empty)):
        result = ap.cross_match(*sides, how=how, nested=nested)
        assert len(result.dataset()) == len(result) == len(result.catalog()) == len(result.pairs)
        assert result.n_pairs == 0


def test_left_join_when_positions_are_null_then_rows_are_kept(place: Place) -> None:
    left = place("left", [10.0, np.nan, 30.0], [0.0, 10.0, np.nan])
    right = place("right", [np.nan, 10.0], [np.nan, 0.0])
    result = ap.cross_match(left, right, how="outer")
    check = [(0, 1), (1, None), (2, None), (None, 0)]
    assert rows_of(result) == check
    assert np.isnan(result.catalog()["ra"][1])


@pytest.mark.parametrize(
    "options", [{"how": "right"}, {"find": "k"}, {"find": "best", "n_sigma": 3}, {"k": 2}]
)
def test_options_when_they_are_none_then_refused(place: Place, options: Any) -> None:
    left = place("left", *LEFT)
    with pytest.raises((UsageError, MatchError), match=next(iter(options))):
        ap.cross_match(left, left, **options)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 10_000),
    st.sampled_from(["nearest", "all", "mutual", "k"]),
    st.sampled_from(HOWS),
    st.booleans(),
)
def test_join_when_sky_is_random_then_by_the_definition(
    seed: int, find: Any, how: Any, nested: bool
) -> None:
    rng = np.random.default_rng(seed)
    n, m = rng.integers(0, 12, 2)
    spots = rng.integers(0, 4, n + m)
    ra = 100 + spots / 10 + rng.normal(0, 0.5 * ARCSEC, n + m)
    dec = rng.normal(0, 0.5 * ARCSEC, n + m)
    ra[rng.random(n + m) < 0.1] = np.nan
    left = Table({"ra": ra[:n], "dec": dec[:n], "v": rng.random(n)})
    right = Table({"ra": ra[n:], "dec": dec[n:], "w": rng.random((m, 3))})
    options = {"find": find, "k": 2 if find == "k" else None, "labels": ("a", "b")}
    pairs = rows_of(ap.cross_match(left, right, **options))
    expected = expected_rows(pairs, how, n, m)
    result = ap.cross_match(left, right, how=how, nested=nested, **options)
    assert rows_of(result) == (nested_by(expected) if nested else expected)
    dataset = ap.fast(result.dataset())
    for row, (number, partner) in zip(dataset, rows_of(result), strict=True):
        assert row["a"] is None if number is None else row["a"]["v"] == left["v"][number]
        if nested:
            values = [block["w"].tolist() for block in row["b"]]
            assert values == [right["w"][p].tolist() for p in partner]
        elif partner is not None:
            assert row["b"]["w"].tolist() == right["w"][partner].tolist()
