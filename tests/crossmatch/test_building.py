"""Matches built to piles: the Examples of the match, null where a side is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy.table import Table

import astropile as ap
from astropile.errors import MatchError, UsageError
from astropile.survey import Survey
from tests.crossmatch.conftest import Place

N = 24


@pytest.fixture
def sides(place: Place, tmp_path: Path) -> tuple[Survey, Survey]:
    """Two piles; every third object of one is not in the other."""
    rng = np.random.default_rng(4)
    ra, dec = rng.uniform(0, 360, N), np.degrees(np.arcsin(rng.uniform(-1, 1, N)))
    moved = np.where(np.arange(N) % 3 == 0, -dec, dec)
    left, right = place("left", ra, dec, files=2), place("right", ra, moved, files=2)
    return tuple(
        survey.build(tmp_path / f"pile-{survey.id}", partition_rows=7) for survey in (left, right)
    )  # type: ignore[return-value]


def by_id(rows: Any) -> dict[Any, Any]:
    return {
        (row["left"] and row["left"]["object_id"], row["right"] and row["right"]["object_id"]): row
        for row in rows
    }


@pytest.mark.parametrize("how", ["inner", "left", "anti", "outer"])
def test_build_when_opened_then_the_examples_of_the_match(
    sides: tuple[Survey, Survey], tmp_path: Path, how: Any
) -> None:
    result = ap.cross_match(*sides, how=how)
    pile = result.build(tmp_path / "matched", partition_rows=5, workers=2)
    opened = ap.open(tmp_path / "matched")
    assert len(opened) == len(pile) == len(result) > 0
    expected = by_id(ap.fast(result.dataset()))
    found = by_id(ap.fast(opened.dataset()))
    assert found.keys() == expected.keys()
    for key, row in found.items():
        wanted = expected[key]
        for side in ("left", "right"):
            if wanted[side] is None:
                assert row[side] is row[f"{side}_image"] is row[f"{side}_spectrum"] is None
                continue
            assert row[side]["z"] == wanted[side]["z"]
            for block, leaf in (("image", "flux"), ("image", "band"), ("spectrum", "flux")):
                np.testing.assert_array_equal(
                    row[f"{side}_{block}"][leaf], wanted[side][block][leaf]
                )
        assert row["separation_arcsec"] == wanted["separation_arcsec"]
    assert opened.columns["left_image.flux"].unit == "nanomaggy"
    assert str(opened.catalog(["right.ra"])["right.ra"].unit) == "deg"


def test_build_when_an_object_has_several_partners_then_ids_name_both(
    tmp_path: Path,
) -> None:
    here = Table({"ra": [10.0, 50.0], "dec": [0.0, 0.0], "v": [[1.0, 2.0], [3.0, 4.0]]})
    there = Table({"ra": [10.0, 10.0001, 99.0], "dec": [0.0, 0.0, 0.0], "w": ["a", "b", "c"]})
    result = ap.cross_match(here, there, find="all", how="outer", labels=("here", "there"))
    pile = result.build(tmp_path / "pile", name="both")
    assert pile.id == "both"
    rows = sorted(ap.fast(pile.dataset()), key=lambda row: row["ra"])
    assert [row["object_id"] for row in rows] == ["0:0", "0:1", "1:", ":2"]
    assert rows[2]["there"] is None
    assert rows[3]["here"] is rows[3]["here_v"] is None
    assert rows[3]["there"]["w"] == "c"
    np.testing.assert_array_equal(rows[0]["here_v"]["v"], [1.0, 2.0])


@pytest.mark.parametrize("how", ["inner", "left", "anti", "outer"])
def test_build_when_nested_then_a_list_for_each_left_object(tmp_path: Path, how: Any) -> None:
    rng = np.random.default_rng(3)
    here = Table({"ra": rng.uniform(10, 10.002, 40), "dec": np.zeros(40), "v": np.ones((40, 2))})
    there = Table({"ra": rng.uniform(10, 10.002, 30), "dec": np.zeros(30), "n": np.arange(30)})
    there["w"] = [f"w{k}" for k in range(30)]
    result = ap.cross_match(
        here, there, find="all", how=how, nested=True, radius_arcsec=0.1, labels=("here", "there")
    )
    pile = result.build(tmp_path / "pile", partition_rows=7, workers=2)
    wanted = {}
    for row, block in zip(result.pairs.to_pylist(), ap.fast(result.dataset()), strict=True):
        key = row["left_object_id"] or f":{row['right_object_id'][0]}"
        wanted[key] = (block["there"], row["separation_arcsec"])
    rows = list(ap.fast(pile.dataset()))
    assert sorted(row["object_id"] for row in rows) == sorted(wanted)
    for row in rows:
        blocks, apart = wanted[row["object_id"]]
        for name in ("n", "w", "ra"):
            assert row["there"][name].tolist() == [block[name] for block in blocks]
        if row["here"] is not None:
            assert row["separation_arcsec"].tolist() == apart
    several = sum(len(blocks) > 1 for blocks, _ in wanted.values())
    assert len(pile.filter("count(there.n) > 1")) == several
    assert str(pile.columns["separation_arcsec"].unit) == "arcsec"


def test_build_when_nested_and_values_are_null_then_null_in_the_lists(tmp_path: Path) -> None:
    here = pa.table({"ra": [10.0], "dec": [0.0]})
    there = pa.table({"ra": [10.0, 10.0], "dec": [0.0, 0.0], "w": ["a", None], "n": [None, 4]})
    result = ap.cross_match(here, there, find="all", nested=True, labels=("here", "there"))
    row = next(iter(ap.fast(result.build(tmp_path / "pile").dataset())))
    assert row["there"]["w"].tolist() == ["a", None]
    assert row["there"]["n"].tolist() == [None, 4]


def test_build_when_it_cannot_be_then_refused(tmp_path: Path) -> None:
    here = Table({"ra": [10.0], "dec": [0.0]})
    bulk = Table({"ra": [10.0], "dec": [0.0], "w": [[1.0, 2.0]]})
    with pytest.raises(UsageError, match=r"there has arrays \(w\), and lists of arrays"):
        ap.cross_match(here, bulk, nested=True, labels=("here", "there")).build(tmp_path / "pile")
    with pytest.raises(UsageError, match="survey"):
        ap.cross_match(here, here, labels=("Oh dear", "b")).build(tmp_path / "pile")
    with pytest.raises(MatchError, match="has no rows"):
        ap.cross_match(here, here, how="anti", labels=("a", "b")).build(tmp_path / "pile")
    assert not (tmp_path / "pile").exists()


def test_build_when_lsdb_opens_it_then_all_rows(
    sides: tuple[Survey, Survey], tmp_path: Path
) -> None:
    lsdb = pytest.importorskip("lsdb")
    result = ap.cross_match(*sides, how="left")
    result.build(tmp_path / "matched", partition_rows=5)
    frame = lsdb.open_catalog(tmp_path / "matched").compute()
    assert len(frame) == N
    assert int(frame["right"].isna().sum()) == N - result.n_pairs
