"""Piles matched part by part: the same pairs, in the same order, as in memory, to the bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import astropile as ap
from astropile.crossmatch import outofcore
from astropile.crossmatch.around import around, neighbours, widest_order
from astropile.crossmatch.outofcore import Budget, match_parts, search_parts, sky_parts
from astropile.crossmatch.pairstore import PAIR_BYTES, PairStore
from astropile.crossmatch.question import Question
from astropile.crossmatch.skyrows import SkyRows
from astropile.crossmatch.valuesearch import ValueSearch
from astropile.errors import MatchError, UsageError
from astropile.sky import Pairs, healpix_index, match_coordinates
from astropile.sky.regions.region import in_ranges
from astropile.survey import Survey

FINDS = [("nearest", None), ("all", None), ("mutual", None), ("k", 3)]


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("piles")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut the sky as if little memory were there."""
    monkeypatch.setattr(outofcore, "_MOST_ROWS", 8)
    monkeypatch.setattr(outofcore, "_FEWEST_ROWS", 8)


def pile(path: Path, ra: Any, dec: Any, **options: Any) -> Survey:
    table = Table({"id": np.arange(len(ra)), "ra": ra, "dec": dec, "n": np.arange(len(ra))})
    name = path.name.partition("-")[0]
    where = {"object_id": "id", "ra": "ra", "dec": "dec"}
    return ap.build_table(table, path, name=name, **where, **options)


def positions(seed: int, rows: int, *, clump: tuple[float, float], spread: float) -> Any:
    """Return positions around a place, some at the very same one, and some anywhere."""
    rng = np.random.default_rng(seed)
    ra = clump[0] + rng.normal(0, spread, rows) / max(np.cos(np.radians(clump[1])), 1e-3)
    dec = clump[1] + rng.normal(0, spread, rows)
    anywhere = rng.random(rows) < 0.2
    ra[anywhere] = rng.uniform(0, 360, anywhere.sum())
    dec[anywhere] = np.degrees(np.arcsin(rng.uniform(-1, 1, anywhere.sum())))
    twins = rng.integers(0, rows, rows // 4)
    ra[: len(twins)], dec[: len(twins)] = ra[twins], dec[twins]
    return np.mod(ra, 360.0), np.clip(dec, -90.0, 90.0)


def in_memory(left: Survey, right: Survey, question: Question) -> Pairs:
    tables = left.catalog(), right.catalog()
    sides = [np.asarray(table[name]) for table in tables for name in ("ra", "dec")]
    return match_coordinates(
        *sides, radius_arcsec=question.radius, find=question.find, k=question.k
    )


def assert_same(one: Pairs, other: Pairs) -> None:
    for name in ("left", "right", "separation_arcsec"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.usefixtures("small_parts")
@settings(
    max_examples=12,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    clump=st.sampled_from(
        [
            (0.0, 0.0),
            (359.9999, 10.0),
            (45.0, 41.8103149),
            (10.0, 90.0),
            (200.0, -90.0),
            (90.0, 0.0),
        ]
    ),
    radius=st.sampled_from([1e-9, 0.5, 20.0, 3600.0, 7.2e4, 3e5, 648000.0]),
    spread=st.sampled_from([1e-5, 0.01, 1.0, 20.0]),
    seed=st.integers(0, 1000),
    rows=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    partition_rows=st.sampled_from([3, 10, 1000]),
    threads=st.sampled_from([1, 2, 3]),
    counted=st.booleans(),
)
def test_pairs_when_matched_by_parts_then_those_of_memory(
    folder: Path,
    clump: tuple[float, float],
    radius: float,
    spread: float,
    seed: int,
    rows: tuple[int, int],
    partition_rows: int,
    threads: int,
    counted: bool,
) -> None:
    number = len(list(folder.iterdir()))
    left, right = (
        pile(
            folder / f"{name}-{number}",
            *positions(seed + k, rows[k], clump=clump, spread=spread),
            partition_rows=partition_rows,
        )
        for k, name in enumerate(("left", "right"))
    )
    budget = Budget(1 if counted else 2**30, threads, is_hard=False)
    for find, k in FINDS:
        question = Question(find, k, radius)
        found = match_parts(SkyRows(left.request), SkyRows(right.request), question, budget)
        assert_same(found, in_memory(left, right, question))


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize(("find", "k"), FINDS)
def test_match_when_piles_are_filtered_then_rows_are_those_of_the_filter(
    folder: Path, find: Any, k: int | None
) -> None:
    places = [positions(s, 80, clump=(0.0, 45.0), spread=0.002) for s in (1, 2)]
    left, right = (
        pile(folder / name, *place, partition_rows=9)
        for name, place in zip(("left", "right"), places, strict=True)
    )
    part = left.filter("n > 20", region=ap.box((350, 10), (44, 46))), right.filter("n < 70")
    radius = np.linspace(0.0, 20.0, len(part[0]))
    result = ap.cross_match(*part, radius_arcsec=radius, find=find, k=k, how="outer")
    tables = [survey.catalog() for survey in part]
    expected = ap.cross_match(*tables, radius_arcsec=radius, find=find, k=k, how="outer")
    assert result.n_pairs > 10
    assert result.pairs.equals(expected.pairs)
    for side in ("left", "right"):
        name = f"{side}:object_id"
        theirs = expected.catalog()[f"table_{side}:object_id"]
        assert result.catalog()[name].tolist() == theirs.tolist()
    assert len(result.dataset()) == len(result)
    assert result.chance(shifts=1).pairs == result.n_pairs


def test_match_when_a_pile_is_counted_off_then_by_parts(folder: Path) -> None:
    ra, dec = positions(5, 50, clump=(0.0, 0.0), spread=0.01)
    both = pile(folder / "left", ra, dec, partition_rows=9)
    assert ap.cross_match(both.head(20), both, memory_bytes=2**26).n_pairs == 20


def test_match_when_no_pile_then_a_budget_is_for_all_rows() -> None:
    table = Table({"ra": np.zeros(200_000), "dec": np.zeros(200_000)})
    with pytest.raises(MatchError, match=r"400000 rows take about 82\.4 MiB in memory; 64 MiB are"):
        ap.cross_match(table, table, memory_bytes=2**26)


def test_parts_when_memory_is_short_then_refused_or_cut(folder: Path) -> None:
    ra, dec = np.zeros(30), np.zeros(30)
    one = pile(folder / "left", ra, dec)
    rows = SkyRows(one.request)
    with pytest.raises(MatchError, match="compared at once"):
        match_parts(rows, rows, Question("all", None, 1.0), Budget(1000, 1, is_hard=True))
    with pytest.raises(UsageError, match="at least"):
        ap.cross_match(one, one, memory_bytes=1000)
    with pytest.raises(UsageError, match="no integer of bytes"):
        ap.cross_match(one, one, memory_bytes=2.0**30)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="Dask"):
        ap.cross_match(one, one, memory_bytes=2**30, engine="dask")


@pytest.mark.parametrize(("find", "k"), FINDS)
def test_parts_when_a_clump_is_more_than_estimated_then_cut_until_it_fits(
    folder: Path, find: str, k: int | None
) -> None:
    """One row group, mostly rows of one place: spread evenly, they would be few anywhere."""
    rng = np.random.default_rng(3)
    sides = []
    for name in ("left", "right"):
        clump = np.stack([150.0 + rng.normal(0, 0.05, 9000), 2.0 + rng.normal(0, 0.05, 9000)])
        other = np.stack([rng.uniform(0, 360, 1000), rng.uniform(-60, 60, 1000)])
        sides.append(pile(folder / name, *np.hstack([clump, other])))
    question = Question(find, k, 2.0)
    rows = [SkyRows(side.request) for side in sides]
    budget = Budget(12000 * 200 * 8 // 3, 1, is_hard=True)
    found = match_parts(rows[0], rows[1], question, budget)
    assert len(found) > 100
    assert_same(found, in_memory(*sides, question))
    assert_same(search_parts(ValueSearch(rows[0], rows[1], question, budget)), found)
    with pytest.raises(MatchError, match="compared at once"):
        match_parts(rows[0], rows[1], replace(question, radius=3600.0), budget)


def test_parts_when_cut_then_every_left_row_is_in_one(folder: Path) -> None:
    ra, dec = positions(7, 500, clump=(30.0, 5.0), spread=0.1)
    rows = SkyRows(pile(folder / "left", ra, dec, partition_rows=40).request)
    parts = [pixel for part in sky_parts(rows, rows, 20) for pixel in part]
    edges = np.array([around(*pixel, 0.0)[0] for pixel in parts])
    assert len(parts) > 10
    assert len(edges) == len(parts)


def test_pairs_when_they_outgrow_memory_then_mapped_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASTROPILE_CACHE", str(tmp_path))
    store = PairStore(2 * PAIR_BYTES)
    for number in range(5):
        part = np.full(number, number)
        store.add(number, Pairs(part, part, part / 2))
        store.done(number)
    found = store.pairs()
    assert found.left.tolist() == [1, 2, 2, 3, 3, 3, 4, 4, 4, 4]
    assert found.separation_arcsec.tolist() == (found.right / 2).tolist()
    assert not list((tmp_path / "pairs").iterdir())  # nothing is left behind


@pytest.mark.parametrize("order", [0, 1, 2, 4])
def test_neighbours_when_asked_for_any_pixel_then_those_of_healpy(order: int) -> None:
    import healpy

    for pixel in range(12 << 2 * order):
        theirs = healpy.get_all_neighbours(1 << order, pixel, nest=True)
        assert neighbours(order, np.array([pixel])).tolist() == sorted(
            {pixel, *theirs[theirs >= 0].tolist()}
        )


@pytest.mark.parametrize("radius", [1.0, 1e4, 5e4, 1.05e5])
def test_around_when_positions_are_within_the_radius_then_none_is_missing(radius: float) -> None:
    rng = np.random.default_rng(int(radius))
    for order in (0, 1, 3, 8):
        ra, dec = rng.uniform(0, 360, 3000), np.degrees(np.arcsin(rng.uniform(-1, 1, 3000)))
        dec[:300] = rng.choice([-1, 1], 300) * (90 - rng.exponential(radius / 3600, 300) % 90)
        near = SkyCoord(ra, dec, unit="deg").directional_offset_by(
            rng.uniform(0, 360, 3000) * u.deg,
            radius * (1 - 1e-9) * u.deg / 3600,
        )
        pixels = healpix_index(ra, dec) >> 2 * (29 - order)
        reached = healpix_index(near.ra.deg, near.dec.deg)
        for pixel in np.unique(pixels)[:400].tolist():
            assert in_ranges(reached[pixels == pixel], around(order, pixel, radius)).all()
    assert widest_order(radius) >= 0
