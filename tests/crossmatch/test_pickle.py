"""Results, surveys and piles go to other processes and back."""

from __future__ import annotations

import pickle
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mocpy import MOC

import astropile as ap
from tests.crossmatch.conftest import Place


def again(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


@pytest.fixture
def sides(place: Place, tmp_path: Path) -> dict[str, Any]:
    left = place("left", [10.0, 20.0, 30.0, 40.0], [0.0] * 4)
    right = place("right", [40.0, 30.0, 20.0], [0.0] * 3)
    pile = right.build(tmp_path / "pile")
    return {"left": left, "right": right, "pile": pile, "table": right.catalog()}


@pytest.mark.parametrize("right", ["right", "pile", "table"])
@pytest.mark.parametrize("options", [{}, {"how": "outer"}, {"find": "all", "nested": True}])
def test_result_when_pickled_then_the_same(
    sides: dict[str, Any], right: str, options: dict[str, Any]
) -> None:
    result = ap.cross_match(sides["left"], sides[right], **options)
    fresh = again(result)
    pairs = result.pairs
    for copy in (fresh, again(result)):
        assert copy.pairs.equals(pairs)
        assert len(copy) == len(result)
        assert repr(copy) == repr(result)
    assert fresh.dataset()[0].keys() == result.dataset()[0].keys()


def test_result_when_pickled_then_what_was_read_stays_behind(sides: dict[str, Any]) -> None:
    pile = sides["pile"]
    footprint = MOC.from_str("0/0-11")
    result = ap.cross_match(pile, pile.filter("z < 2").head(1), footprint=footprint)
    assert result.places[0].ra_deg.tolist() == [40.0, 30.0, 20.0]
    copy = again(result)
    assert "_all" not in vars(copy.places[0])
    assert "sky" not in vars(copy.left)
    assert copy.chance(shifts=2).counts.tolist() == [0, 0]
    assert copy.in_footprint.tolist() == [True]


def test_radii_when_pickled_then_read_there(sides: dict[str, Any]) -> None:
    result = ap.cross_match(sides["pile"], sides["pile"], radius_arcsec="z")
    copy = again(result)
    assert copy.radius_arcsec == result.radius_arcsec > 0


@pytest.mark.parametrize("name", ["left", "pile"])
def test_survey_when_used_and_pickled_then_the_same_rows(sides: dict[str, Any], name: str) -> None:
    for survey in (sides[name], sides[name].filter("z > 0.5"), sides[name].head(2)):
        ids = survey.catalog()["object_id"].tolist()
        assert again(survey).catalog()["object_id"].tolist() == ids


def test_union_when_pickled_then_the_same(sides: dict[str, Any]) -> None:
    union = ap.union_catalog([sides["left"], sides["pile"], sides["table"]])
    assert again(union).groups.equals(union.groups)


def _count(result: Any) -> int:
    return int(np.isfinite(result.separation_arcsec).sum()) + result.pairs.num_rows


def test_result_when_another_process_takes_it_then_it_works(sides: dict[str, Any]) -> None:
    result = ap.cross_match(sides["pile"], sides["pile"])
    with get_context("spawn").Pool(1) as pool:
        assert pool.map(_count, [result]) == [6]
