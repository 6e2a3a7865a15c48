"""An opened pile is the survey it was built from, in another order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import astropile as ap
from astropile.errors import DataDirError, NoPileError, PileError, UsageError
from astropile.pile import open_pile
from astropile.testing import simulate

Rows = Callable[[Any], list[dict[str, Any]]]
GROVE = Path(__file__).parents[1] / "survey" / "grove.yaml"


@pytest.fixture
def grove(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An invented survey with two splits, images and spectra; sixty objects."""
    monkeypatch.setenv("ASTROPILE_SCHEMAS", str(GROVE))
    simulate("grove", None, 60, data_dir=tmp_path / "data", seed=3)
    return ap.load("grove", data_dir=tmp_path / "data")


@pytest.fixture
def pile(grove: Any, tmp_path: Path) -> Any:
    """The same survey built to a pile of several partitions."""
    return grove.build(tmp_path / "pile", partition_rows=10)


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_same(left[k], right[k]) for k in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return left == right or (left != left and right != right)


def test_open_when_compared_with_the_survey_then_the_same_examples(
    grove: Any, pile: Any, rows_of: Rows
) -> None:
    assert len(pile) == len(grove) == 60
    assert pile.features == grove.features
    assert pile.splits == grove.splits
    assert pile.cite() == grove.cite()
    assert _same(rows_of(pile), rows_of(grove))
    tables = [next(iter(s.iter_tables())) for s in (pile, grove)]
    assert tables[0].schema.equals(tables[1].schema, check_metadata=True)


@pytest.mark.parametrize("split", ["train", "test", None])
def test_open_when_read_then_rows_of_every_view_agree(pile: Any, split: str | None) -> None:
    table = pa.concat_tables(list(pile.iter_tables(split=split)))
    ids = table["object_id"].to_pylist()
    assert pile.catalog(split=split)["object_id"].tolist() == ids
    assert pile.dataset(split)["object_id"][:].tolist() == ids
    assert [row["object_id"] for row in pile.stream(split)] == ids
    pixels = pile.catalog(split=split)["healpix"].tolist()
    assert pixels == sorted(pixels)


def test_open_when_splits_are_asked_for_then_those_of_the_survey(grove: Any, pile: Any) -> None:
    for split in grove.splits:
        wanted = set(grove.catalog(split=split)["object_id"].tolist())
        assert set(pile.catalog(split=split)["object_id"].tolist()) == wanted
        assert wanted
    with pytest.raises(UsageError, match="no split 'nights'"):
        pile.catalog(split="nights")


def test_open_when_rows_are_listed_then_read_in_that_order(pile: Any) -> None:
    index = pile.row_index
    chosen = np.array([0, 3, 4, 17, 31, 59])
    listed = type(index)(index.file[chosen], index.row[chosen])
    table = pa.concat_tables(list(pile.iter_tables(index=listed)))
    wanted = pile.catalog()["object_id"][chosen].tolist()
    assert table["object_id"].to_pylist() == wanted


def test_open_when_columns_are_chosen_then_only_these_are_read(
    pile: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    read = pq.ParquetFile.read_row_group

    def noted(self: Any, group: int, columns: Any = None, **options: Any) -> Any:
        asked.append(columns)
        return read(self, group, columns=columns, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", noted)
    narrow = ap.open(pile.request.root, columns=["spectrum.flux", "g_mag"])
    table = next(iter(narrow.iter_tables()))
    assert table.schema.names == ["object_id", "ra", "dec", "g_mag", "spectrum"]
    assert [field.name for field in table.schema.field("spectrum").type] == ["flux"]
    assert {name for names in asked for name in names} == {
        "object_id", "ra", "dec", "g_mag", "spectrum.flux",
    }  # fmt: skip


@pytest.mark.parametrize("options", [{"names": "canonical"}, {"layout": "per_band"}])
def test_open_when_another_view_is_asked_for_then_that_of_the_survey(
    grove: Any, pile: Any, options: dict[str, Any]
) -> None:
    seen = ap.open(pile.request.root, **options)
    loaded = ap.load("grove", data_dir=grove.request.data_dir, **options)
    assert seen.features == loaded.features
    key = "grove_id" if "layout" in options else "object_id"
    found, wanted = (
        sorted(pa.concat_tables(list(s.iter_tables())).to_pylist(), key=lambda row: row[key])
        for s in (seen, loaded)
    )
    assert _same(found, wanted)


def test_open_when_matched_then_the_pairs_of_the_survey(grove: Any, pile: Any) -> None:
    with_pile = ap.cross_match(pile, grove, radius_arcsec=1.0, find="all").pairs
    alone = ap.cross_match(grove, grove, radius_arcsec=1.0, find="all").pairs
    assert sorted(with_pile["left_object_id"].to_pylist()) == sorted(
        alone["left_object_id"].to_pylist()
    )
    matched = ap.cross_match(pile, pile, radius_arcsec=1.0).dataset()
    assert len(matched) == 60


def test_open_when_only_some_leaves_were_stored_then_the_others_are_unknown(
    grove: Any, tmp_path: Path
) -> None:
    narrow = grove.select(["g_mag", "image.flux"]).build(tmp_path / "narrow")
    assert list(narrow.features) == ["object_id", "ra", "dec", "g_mag", "image"]
    with pytest.raises(UsageError, match="r_mag"):
        narrow.select(["r_mag"])


def test_open_when_opened_then_no_partition_is(pile: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a partition is opened")

    monkeypatch.setattr(pq, "ParquetFile", refuse)
    again = ap.open(pile.request.root)
    assert (len(again), len(again.row_index)) == (60, 60)


def test_open_when_the_format_is_newer_then_said(pile: Any) -> None:
    file = pile.request.root / "manifest.json"
    file.write_text(file.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(PileError, match="format 2"):
        open_pile(pile.request.root)


def test_load_when_the_data_directory_is_a_pile_then_said_to_open_it(built: Path) -> None:
    with pytest.raises(DataDirError, match="this folder is a pile") as caught:
        ap.load("hipparcos", data_dir=built).catalog()
    assert "astropile.open" in caught.value.hint


def test_open_when_there_is_nothing_then_the_exit_code_is_that_of_reading(tmp_path: Path) -> None:
    with pytest.raises(NoPileError, match="there is no pile") as caught:
        ap.open(tmp_path / "no")
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("batch_rows", [0, -1])
def test_iter_tables_when_batches_have_no_rows_then_refused(built: Path, batch_rows: int) -> None:
    with pytest.raises(UsageError, match="expected at least 1"):
        ap.open(built).iter_tables(batch_rows=batch_rows)


def test_rejects_when_read_then_by_no_thread_that_outlives_python(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`read_table` leaves bytes of Python to threads, which aborted one process in three."""

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("read_table is used on bytes")

    monkeypatch.setattr(pq, "read_table", never)
    assert len(ap.open(built).rejects) == 0
