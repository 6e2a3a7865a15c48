"""Errors, radii of rows, motions and tables, part by part: the same pairs as in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import Table

import astropile as ap
from astropile.crossmatch import MatchResult, local, outofcore
from astropile.crossmatch.rowvalues import RowValues
from astropile.crossmatch.valuesearch import HeldRows
from astropile.errors import MatchError, UsageError
from astropile.sky.regions.region import in_ranges
from astropile.survey import Survey

FINDS = [("nearest", None), ("all", None), ("mutual", None), ("k", 3)]
PLACES = [(359.9999, 0.0), (45.0, 41.8103149), (200.0, -90.0)]
OPTIONS: list[dict[str, Any]] = [
    {"radius_arcsec": "reach"},
    {"n_sigma": 3, "left_error": "err", "right_error": "err"},
    {"n_sigma": 2, "left_error": ("err", "reach"), "right_error": 0.5, "radius_arcsec": 4.0},
    {"n_sigma": 2, "left_error": 0.3, "right_error": "err", "radius_arcsec": "reach"},
    {"radius_arcsec": 5.0, "epoch": 1990.0},
    {"n_sigma": 3, "left_error": "err", "right_error": "err", "epoch": 2050.0},
]


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut the sky as if little memory were there."""
    monkeypatch.setattr(outofcore, "_MOST_ROWS", 20)
    monkeypatch.setattr(outofcore, "_FEWEST_ROWS", 20)


def objects(seed: int, rows: int, place: tuple[float, float]) -> Table:
    """Return objects around a place in no order, some at the same one, with odd values."""
    rng = np.random.default_rng(seed)
    spread = 0.003
    ra = place[0] + rng.normal(0, spread, rows) / max(np.cos(np.radians(place[1])), 1e-3)
    dec = np.clip(place[1] + rng.normal(0, spread, rows), -90.0, 90.0)
    twins = rng.integers(0, rows, rows // 4)
    ra[: len(twins)], dec[: len(twins)] = ra[twins], dec[twins]
    table = Table({"id": np.arange(rows), "ra": np.mod(ra, 360.0), "dec": dec})
    table["err"] = rng.exponential(1.0, rows)
    table["reach"] = rng.exponential(3.0, rows)
    table["pmra"] = rng.normal(0, 80, rows)
    table["pmdec"] = rng.normal(0, 80, rows)
    table["pmra"][0] = 9000.0
    for name in ("err", "reach", "pmra"):
        table[name][rng.random(rows) < 0.05] = np.nan
    return table


def pile(path: Path, table: Table, **options: Any) -> Survey:
    roles = {"object_id": "id", "ra": "ra", "dec": "dec"}
    return ap.build_table(table, path, name=path.name, **roles, **options)


def as_table(stored: Survey) -> Any:
    names = ["err", "reach", "pmra", "pmdec"]
    found = stored.catalog(names)["object_id", "ra", "dec", *names]
    return ap.sky_table(found, epoch=2016.0)


@pytest.fixture
def epoch_2016(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have piles of plain tables declare epoch and motions, which such tables cannot."""
    from astropile.crossmatch.pileside import PileSide

    monkeypatch.setattr(PileSide, "epoch", 2016.0)
    monkeypatch.setattr(
        PileSide, "column_of", lambda self, name: name if name in self.request.leaves else None
    )


def assert_same(one: MatchResult, other: MatchResult) -> None:
    for name in ("left_row", "right_row", "separation_arcsec"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    names = ["left_object_id", "right_object_id", "position_angle_deg"]
    assert one.pairs.select(names).equals(other.pairs.select(names))


@pytest.mark.usefixtures("small_parts", "epoch_2016")
@pytest.mark.parametrize("place", PLACES)
def test_pairs_when_values_of_rows_count_then_those_of_memory(
    tmp_path: Path, place: tuple[float, float]
) -> None:
    piles = [
        pile(tmp_path / name, objects(seed, 60, place), partition_rows=25)
        for seed, name in enumerate(("left", "right"))
    ]
    tables = [as_table(one) for one in piles]
    for number, options in enumerate(OPTIONS):
        for find, k in FINDS:
            asked = {**options, "find": find, "k": k}
            whole = ap.cross_match(*tables, **asked)
            assert len(whole) > 0
            assert_same(ap.cross_match(*piles, **asked), whole)
            one, other = (piles[0], tables[1]) if number % 2 else (tables[0], piles[1])
            assert_same(ap.cross_match(one, other, **asked), whole)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize(
    "choose",
    [
        lambda s: s.filter("err > 0.3"),
        lambda s: s.head(40),
        lambda s: s.filter("err > 0.3").sample(30, seed=1),
        lambda s: s.head(60).filter("err > 0.3").head(20),
        lambda s: s.head(0),
        lambda s: s.filter(region=ap.cone(10.0, 5.0, radius_arcsec=10.0)),
    ],
    ids=["filter", "head", "sample", "steps", "none", "cone"],
)
def test_pairs_when_rows_are_chosen_then_those_of_memory(tmp_path: Path, choose: Any) -> None:
    piles = [
        pile(tmp_path / name, objects(seed, 90, (10.0, 5.0)), partition_rows=20)
        for seed, name in enumerate(("left", "right"))
    ]
    chosen = [choose(one) for one in piles]
    tables = [as_table(one) for one in chosen]
    for options in OPTIONS[:2]:
        for find, k in FINDS:
            asked = {**options, "find": find, "k": k}
            assert_same(ap.cross_match(*chosen, **asked), ap.cross_match(*tables, **asked))


def test_match_when_piles_then_columns_are_not_held(tmp_path: Path) -> None:
    one = pile(tmp_path / "left", objects(1, 50, (10.0, 5.0)))
    result = ap.cross_match(one, one, n_sigma=3, left_error="err", right_error="err")
    assert isinstance(result.question.left_error, RowValues)
    assert result.radius_arcsec == pytest.approx(
        3 * np.sqrt(2) * np.nanmax(np.asarray(one.catalog(["err"])["err"]))
    )


@pytest.mark.parametrize("bad", [-1.0, np.inf])
def test_errors_when_unfit_then_the_row_is_told(tmp_path: Path, bad: float) -> None:
    table = objects(1, 50, (10.0, 5.0))
    table["err"][:] = 1.0
    table["err"][7] = bad
    one = pile(tmp_path / "left", table, partition_rows=9)
    row = int(np.flatnonzero(np.asarray(one.catalog(["err"])["err"]) == bad)[0])
    for given in (one, as_table(one)):
        with pytest.raises(MatchError, match=f"the first in row {row}: ") as caught:
            ap.cross_match(given, one, n_sigma=3, left_error="err", right_error="reach")
        assert caught.value.exit_code == 1
    with pytest.raises(MatchError, match="radius_arcsec: 1 values"):
        ap.cross_match(one, one, radius_arcsec="err")


def test_columns_when_no_numbers_then_usage_error(tmp_path: Path) -> None:
    table = objects(1, 9, (10.0, 5.0))
    table["name"], table["both"] = "x", np.zeros((9, 2))
    one = pile(tmp_path / "left", table)
    for name in ("name", "both", "nope"):
        with pytest.raises(UsageError, match=name):
            ap.cross_match(one, one, radius_arcsec=name)


@pytest.mark.usefixtures("epoch_2016")
def test_places_when_moved_then_counted_and_as_in_memory(tmp_path: Path) -> None:
    one = pile(tmp_path / "left", objects(1, 50, (10.0, 5.0)), partition_rows=9)
    result = ap.cross_match(one, one, radius_arcsec=1.0, epoch=2030.0)
    whole = ap.cross_match(as_table(one), as_table(one), radius_arcsec=1.0, epoch=2030.0)
    assert [place.moved for place in result.places] == [place.moved for place in whole.places]
    np.testing.assert_array_equal(result.places[0].ra_deg, whole.places[0].ra_deg)
    rows = np.array([7, 3, 3])
    np.testing.assert_array_equal(result.places[0].at(rows), whole.places[0].at(rows))
    assert len(ap.cross_match(one.head(0), one, epoch=2030.0)) == 0


def test_chance_when_piles_then_part_by_part_and_as_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    piles = [
        pile(tmp_path / name, objects(seed, 200, (10.0, 5.0)), partition_rows=30)
        for seed, name in enumerate(("left", "right"))
    ]
    whole = ap.cross_match(*map(as_table, piles), radius_arcsec=2.0).chance(shifts=4)
    monkeypatch.setattr(local, "build_index", None)  # nothing is searched as a whole
    found = ap.cross_match(*piles, radius_arcsec=2.0).chance(shifts=4)
    assert found.counts.tolist() == whole.counts.tolist()
    assert found.counts.sum() > 0


def test_budget_when_given_then_tables_count(tmp_path: Path) -> None:
    one = pile(tmp_path / "left", objects(1, 50, (10.0, 5.0)))
    big = Table({"ra": np.zeros(100), "dec": np.zeros(100), "bulk": np.zeros((100, 100_000))})
    for pair in ((one, big), (big, one), (big, big)):
        with pytest.raises(MatchError, match="64 MiB are allowed"):
            ap.cross_match(*pair, memory_bytes=2**26)
    assert len(ap.cross_match(one, big, memory_bytes=2**27)) == 0


def test_held_rows_when_read_then_those_in_the_ranges() -> None:
    rng = np.random.default_rng(2)
    ra, dec = rng.uniform(0, 360, 300), rng.uniform(-90, 90, 300)
    ra[5] = np.nan
    held = HeldRows(ra, dec)
    assert len(held) == 300
    ranges = np.array([[0, 1 << 57], [3 << 58, 5 << 58]])
    part = held.read(ranges)
    everything = held.read(np.array([[0, 12 << 58]]))
    assert everything.row.tolist() == [k for k in range(300) if k != 5]
    assert part.row.tolist() == everything.row[in_ranges(everything.pixel, ranges)].tolist()
    np.testing.assert_array_equal(part.ra_deg, ra[part.row])
    counted = sum(held.estimate(low, high) for low, high in ranges.tolist())
    assert counted == len(part.row)
