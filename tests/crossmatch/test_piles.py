"""Piles are surveys like any other: every combination with surveys and tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from astropy.table import Table

import astropile as ap
from astropile.crossmatch import pileside
from astropile.crossmatch.sides import side_of
from astropile.errors import SourceError, UsageError
from astropile.survey import Survey
from tests.crossmatch.conftest import Place

N = 30


@pytest.fixture
def sides(place: Place, tmp_path: Path) -> dict[str, tuple[Survey, Survey]]:
    """Both surveys as files and as piles, whose rows are in another order."""
    rng = np.random.default_rng(3)
    ra, dec = rng.uniform(0, 360, N), np.degrees(np.arcsin(rng.uniform(-1, 1, N)))
    left, right = place("left", ra, dec, files=3), place("right", ra[::-1], dec[::-1], files=2)
    piles = [
        ap.open(survey.build(tmp_path / f"pile-{survey.id}", partition_rows=7).request.root)
        for survey in (left, right)
    ]
    return {"files": (left, right), "pile": (piles[0], piles[1])}


@pytest.mark.parametrize("one", ["files", "pile"])
@pytest.mark.parametrize("other", ["files", "pile"])
@pytest.mark.parametrize("nested", [False, True])
def test_match_when_piles_then_the_same_objects_and_examples(
    sides: dict[str, tuple[Survey, Survey]], one: str, other: str, nested: bool
) -> None:
    left, right = sides[one][0], sides[other][1]
    result = ap.cross_match(left, right, how="left", nested=nested)
    assert result.n_pairs == N
    dataset = ap.fast(result.dataset())
    for pair, row in zip(result.pairs.to_pylist(), dataset, strict=True):
        partner = pair["right_object_id"][0] if nested else pair["right_object_id"]
        block = row["right"][0] if nested else row["right"]
        number = int(pair["left_object_id"][1:])
        assert partner == f"r{N - 1 - number}" == block["object_id"]
        assert row["left"]["image"]["flux"][0, 0, 0] == 100 * number
        assert block["image"]["flux"][0, 0, 0] == 100 * (N - 1 - number)


@pytest.mark.parametrize("kind", ["files", "pile"])
def test_examples_when_a_file_is_gone_since_the_match_then_refused(
    sides: dict[str, tuple[Survey, Survey]], tmp_path: Path, kind: str
) -> None:
    result = ap.cross_match(*sides[kind])
    run = sides[kind][1].request.run(())
    run.files[0].unlink()
    with pytest.raises(SourceError, match=r"there no more|not as they were"):
        result.dataset()
    with pytest.raises(SourceError, match=r"there no more|not as they were"):
        result.build(tmp_path / "matched")
    assert not (tmp_path / "matched").exists()


def test_match_when_a_pile_meets_a_table_then_columns_of_the_pile_are_read(
    sides: dict[str, tuple[Survey, Survey]],
) -> None:
    pile = sides["pile"][0]
    catalog = pile.catalog()
    table = Table({"ra": catalog["ra"], "dec": catalog["dec"] + 3.5 / 3600})
    result = ap.cross_match(pile, table, radius_arcsec="n")  # the number of the object
    numbers = [int(object_id[1:]) for object_id in catalog["object_id"]]
    assert sorted(result.left_row) == [row for row in range(N) if numbers[row] > 3]
    union = ap.union_catalog([pile, sides["files"][1], table], radius_arcsec=1.0)
    assert len(union) == 2 * N
    assert union.groups["n_surveys"].to_pylist() == [2] * N + [1] * N


def test_match_when_on_dask_then_the_same_result(sides: dict[str, tuple[Survey, Survey]]) -> None:
    local, dask = (
        ap.cross_match(*sides["pile"], find="all", how="outer", engine=engine)  # type: ignore[arg-type]
        for engine in ("local", "dask")
    )
    assert local.pairs.equals(dask.pairs)
    with pytest.raises(UsageError, match="engine"):
        ap.cross_match(*sides["pile"], engine="spark")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="dask"):
        ap.cross_match(*sides["files"], engine="dask")


@pytest.mark.parametrize(
    "rows",
    [[], [4], [5, 3, 4, 4], [0, 29], [29, 0], [3, -1, 2], [-1], [0, 2, 4, 6, 8], [*range(30)]],
)
@pytest.mark.parametrize("threads_from", [0, 100])
def test_rows_when_asked_for_in_any_order_then_theirs(
    sides: dict[str, tuple[Survey, Survey]],
    rows: list[int],
    threads_from: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pileside, "_THREAD_ROWS", threads_from)
    pile = sides["pile"][0]
    side, every = side_of(pile, "a"), pile.catalog()
    number = np.array(rows, dtype=np.int64)
    assert side.ids(number).to_pylist() == [every["object_id"][r] if r >= 0 else None for r in rows]
    ra, _ = side.position_at(number)
    np.testing.assert_array_equal(ra, [every["ra"][r] if r >= 0 else np.nan for r in rows])


def test_ids_when_their_text_is_too_long_for_one_array_then_still_theirs(
    sides: dict[str, tuple[Survey, Survey]], monkeypatch: pytest.MonkeyPatch
) -> None:
    left, right = sides["pile"]
    few = ap.cross_match(left, right, find="all").pairs
    monkeypatch.setattr(pileside, "_TEXT_BYTES", 0)
    many = ap.cross_match(left, right, find="all").pairs
    assert many.to_pylist() == few.to_pylist()
    side = side_of(left, "a")
    assert pa.types.is_large_string(side.ids(np.array([2, 1, -1, 2])).type)
