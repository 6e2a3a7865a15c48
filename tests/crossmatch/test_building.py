"""Matches built to piles: the Examples of the match, null where a side is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import Table

import astropile as ap
from astropile.errors import UsageError
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


def test_build_when_it_cannot_be_then_refused(tmp_path: Path) -> None:
    here = Table({"ra": [10.0], "dec": [0.0]})
    nested = ap.cross_match(here, here, nested=True)
    with pytest.raises(UsageError, match="lists"):
        nested.build(tmp_path / "pile")
    with pytest.raises(UsageError, match="survey"):
        ap.cross_match(here, here, labels=("Oh dear", "b")).build(tmp_path / "pile")
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
