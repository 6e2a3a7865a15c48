"""Matched Examples are written piece by piece, once, and only of the files that were matched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import astropile as ap
from astropile.crossmatch import examples
from astropile.crossmatch.store import RowStore
from astropile.errors import OutputError, SourceError
from astropile.survey import Survey, cache_dir
from astropile.survey.cache import write_tables
from tests.crossmatch.conftest import Place
from tests.crossmatch.test_match import assert_aligned

N = 40


@pytest.fixture
def pair(place: Place) -> tuple[Survey, Survey]:
    """Two surveys with the same objects in opposite order, in several files."""
    ra = np.linspace(10, 50, N)
    return place("left", ra, ra / 9, files=3), place("right", ra[::-1], ra[::-1] / 9, files=4)


def spy_on_tables(monkeypatch: pytest.MonkeyPatch) -> list[pa.Table]:
    """Return a list that grows with every table that is written."""
    seen: list[pa.Table] = []
    original = write_tables

    def spy(tables: Iterator[pa.Table], *arguments: Any) -> int:
        def noted() -> Iterator[pa.Table]:
            for table in tables:
                seen.append(table)
                yield table

        return original(noted(), *arguments)

    monkeypatch.setattr(examples, "write_tables", spy)
    return seen


@pytest.mark.parametrize("budget", [1, 2000, 10_000, 2**26])
def test_examples_when_memory_is_bounded_then_no_table_is_larger(
    pair: tuple[Survey, Survey], monkeypatch: pytest.MonkeyPatch, budget: int
) -> None:
    monkeypatch.setattr(examples, "BATCH_BYTES", budget)
    seen = spy_on_tables(monkeypatch)
    result = ap.cross_match(*pair)
    assert_aligned(result)
    matched = [table for table in seen if table.num_columns == 3]
    assert sum(table.num_rows for table in matched) == N
    rows = max(table.num_rows for table in matched)
    assert rows == 1 or max(t.nbytes for t in matched) <= 2 * budget
    assert rows == 1 if budget == 1 else rows > 1


def test_examples_when_one_object_has_many_partners_then_bounded_too(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "BATCH_BYTES", 10_000)
    seen = spy_on_tables(monkeypatch)
    left = place("left", [10.0, 20.0], [0.0, 0.0])
    right = place("right", [20.0] * 3 + [10.0] * 60, [0.0] * 63, files=5)
    result = ap.cross_match(left, right, find="all")
    assert result.left_row.tolist() == [0] * 60 + [1] * 3
    assert_aligned(result)
    assert max(table.nbytes for table in seen if table.num_columns == 3) <= 20_000


def test_examples_when_asked_again_then_not_written_again(
    pair: tuple[Survey, Survey], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = spy_on_tables(monkeypatch)
    first = ap.cross_match(*pair).dataset()
    count = len(seen)
    assert ap.cross_match(*pair).dataset()._fingerprint == first._fingerprint
    assert len(seen) == count > 0
    ap.cross_match(*pair, labels=("a", "b")).dataset()
    ap.cross_match(pair[0].select(["z"]), pair[1]).dataset()
    assert len(seen) > count
    folders = list((cache_dir() / "matches").iterdir())
    assert len(folders) == 3
    assert all([file.name for file in folder.iterdir()] == ["data.arrow"] for folder in folders)


def test_examples_when_pairs_differ_then_written_anew(pair: tuple[Survey, Survey]) -> None:
    nearest = ap.cross_match(*pair, radius_arcsec=1.0).dataset()
    wide = ap.cross_match(*pair, radius_arcsec=3600 * 4.0, find="all").dataset()
    assert len(wide) > len(nearest)
    assert wide._fingerprint != nearest._fingerprint


def test_examples_when_files_change_after_the_match_then_error_not_wrong_pairs(
    pair: tuple[Survey, Survey],
) -> None:
    result = ap.cross_match(*pair)
    path = next(iter(sorted(Path(str(pair[1].request.data_dir)).glob("*.hdf5"))))
    with h5py.File(path, "r+") as file:
        for name in list(file):
            values = file[name][:4]
            del file[name]
            file[name] = values
    with pytest.raises(SourceError, match=r"the files of right are not as they were"):
        result.dataset()
    assert list((cache_dir() / "matches").iterdir()) == []


def test_examples_when_a_row_is_refused_for_a_value_then_pairs_are_of_the_others(
    place: Place,
) -> None:
    """What refuses a row counts when rows are numbered, although only positions are matched."""
    left, right = (
        place("left", [10.0, 20.0, 30.0], [0.0] * 3),
        place("right", [30.0, 20.0, 10.0], [0.0] * 3),
    )
    path = next(Path(str(right.request.data_dir)).glob("*.hdf5"))
    with h5py.File(path, "r+") as file:
        del file["n"]
        file["n"] = np.array([0.0, 1.5, 2.0])
    survey = ap.load("right", data_dir=right.request.data_dir, on_bad_row="reject")
    catalog, dataset = ap.cross_match_datasets(left, survey)
    assert catalog["right:object_id"].tolist() == ["r2", "r0"]
    assert [row["right"]["n"] for row in ap.fast(dataset)] == [2, 0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk on this system")
def test_examples_when_disk_is_full_then_output_error_and_nothing_is_left(
    pair: tuple[Survey, Survey], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pa, "OSFile", lambda path, mode: pa.lib.OSFile("/dev/full", mode))
    with pytest.raises(OutputError, match="No space left"):
        ap.cross_match(*pair).dataset()
    assert list((cache_dir() / "matches").iterdir()) == []


def test_match_when_only_pairs_are_asked_then_bulk_is_not_read(
    pair: tuple[Survey, Survey],
) -> None:
    for survey in pair:
        for path in Path(str(survey.request.data_dir)).glob("*.hdf5"):
            with h5py.File(path, "r+") as file:
                del file["image_flux"]
    result = ap.cross_match(*pair)
    assert len(result.pairs) == len(result.catalog()) == N


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 5), min_size=1, max_size=5), st.data())
def test_store_when_rows_are_taken_then_in_the_order_asked(
    tmp_path: Path, sizes: list[int], data: st.DataObject
) -> None:
    schema = pa.schema([("k", pa.int64()), ("v", pa.list_(pa.float32()))])
    path, total = tmp_path / "store.arrow", sum(sizes)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        start = 0
        for size in sizes:
            keys = list(range(start, start + size))
            rows = pa.table({"k": keys, "v": [[k] * (k % 3) for k in keys]}, schema=schema)
            writer.write_batch(rows.combine_chunks().to_batches()[0] if size else _none(schema))
            start += size
    rows = data.draw(st.lists(st.integers(0, max(0, total - 1)), max_size=8 if total else 0))
    store = RowStore(path)
    taken = store.take(np.array(rows, dtype=np.int64))
    assert taken.column("k").to_pylist() == rows
    assert taken.column("v").to_pylist() == [[k] * (k % 3) for k in rows]
    store.close()


def _none(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=schema)
