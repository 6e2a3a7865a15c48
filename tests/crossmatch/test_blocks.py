"""Right sides of matches that are built: read by row group where that is one pass, else stored."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import astropile as ap
from astropile.crossmatch import blocks
from astropile.crossmatch.both_sides import picked
from astropile.survey import Survey
from tests.crossmatch.conftest import Place

N = 120


@pytest.fixture
def sides(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Survey, Survey]:
    """Files in random order, and a pile of many small row groups; some rows have no partner."""
    monkeypatch.setattr("astropile.pile.bulk.BULK_BYTES", 64)
    monkeypatch.setattr("astropile.pile.leaf.GROUP_BYTES", 3000)
    rng = np.random.default_rng(8)
    ra, dec = rng.uniform(0, 360, N), np.degrees(np.arcsin(rng.uniform(-1, 1, N)))
    moved = np.where(np.arange(N) % 5 == 0, -dec, dec)
    return place("left", ra, dec, files=2), place("right", ra, moved).build(
        tmp_path / "right-pile", partition_rows=60
    )


def leaves(folder: Path) -> dict[str, str]:
    """Return the sha256 of all partitions."""
    files = sorted(folder.rglob("Npix=*.parquet"))
    return {
        f.relative_to(folder).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files
    }


@pytest.mark.parametrize("how", ["inner", "left", "outer"])
@pytest.mark.parametrize("order", ["sky", "files"])
@pytest.mark.parametrize("kept", [1, 4])
def test_build_when_right_rows_come_from_row_groups_or_the_disk_then_the_same_bytes(
    sides: tuple[Survey, Survey],
    how: Any,
    order: str,
    kept: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left, right = sides
    if order == "sky":
        left = left.build(tmp_path / "left-pile", partition_rows=50)
    result = ap.cross_match(left, right, how=how)
    monkeypatch.setattr(blocks, "KEPT", kept)
    found = []
    for name, most in (("groups", 1e9), ("disk", -1e9), ("chosen", blocks._MOST_READS)):
        monkeypatch.setattr(blocks, "_MOST_READS", most)
        result.build(tmp_path / name, partition_rows=40, workers=2)
        found.append(leaves(tmp_path / name))
    assert len(found[0]) > 1
    assert found[0] == found[1] == found[2]


def test_blocks_when_sides_are_in_sky_order_then_nothing_waits_on_disk(
    sides: tuple[Survey, Survey], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("rows wait on disk")

    left = sides[0].build(tmp_path / "left-pile", partition_rows=50)
    monkeypatch.setattr(blocks, "_disk_blocks", never)
    assert len(ap.cross_match(left, sides[1]).build(tmp_path / "pile")) == N - N // 5


def test_reads_when_blocks_take_turns_then_counted_as_often_as_they_are_read() -> None:
    assert blocks._reads(np.repeat([1, 2, 3], 5)) == 3
    assert blocks._reads(np.tile([1, 2, 3], 5)) == 3
    assert blocks._reads(np.tile(np.arange(9), 5)) == 45
    assert blocks._reads(np.tile([1, 2], 600_000)) == float("inf")


def test_rows_when_some_are_absent_then_null_in_all_columns() -> None:
    struct = pa.array([{"n": 1}, None, {"n": 3}])
    table = pa.table({"a": ["x", "y", "z"], "s": struct, "big": pa.array([[1.0], [2.0], [3.0]])})
    found = picked(table, np.array([2, -1, 0, -1, 1]), ["big"])
    assert found.column("big").to_pylist() == [[3.0], None, [1.0], None, [2.0]]
    assert found.column("s").to_pylist() == [{"n": 3}, None, {"n": 1}, None, None]
    assert found.column("a").to_pylist() == ["z", None, "x", None, "y"]
