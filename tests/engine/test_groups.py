"""Main tables whose rows are nested: batches of whole groups, bounded, whatever the files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astropile.engine import Batch, RowIndex, scan
from astropile.engine import groups as groups_module
from astropile.engine.groups import Groups
from astropile.engine.tables import Frame
from astropile.errors import CellError, LeafError
from astropile.readers.column import Array
from astropile.schema import SurveySchema
from tests.engine.conftest import run_of, survey
from tests.engine.test_run import rows_of

Write = Callable[..., Path]
CURVE = """
  lightcurve:
    kind: lightcurve
    axes: {epoch: {}}
    fields:
      time:
        {dtype: float64, unit: d, description: T., time: {zero: 0, scale: tdb, place: barycentre}}
      flux: {dtype: float32, description: Flux.}
    bands: [g]
"""
SOURCE = """
    tables: {main: {files: 'PATTERN', format: FORMAT, group: [star]OPTIONS}}
    values: {object_id: star, ra: 'ra[0]', dec: 'dec[0]'}
    names: "{field}"
    keep: {lightcurve.epoch: time > 0}
"""


def schema_of(options: str = "", pattern: str = "*.hdf5", format_: str = "hdf5") -> SurveySchema:
    """Return a survey of stars whose light curves stand in several rows."""
    source = SOURCE.replace("OPTIONS", options).replace("PATTERN", pattern)
    return survey(modalities=CURVE, source=source.replace("FORMAT", format_))


def rows_with(stars: list[int], first: int = 0, length: int = 3) -> dict[str, Array]:
    """Return the cells of rows, whose fluxes tell where they come from."""
    n = len(stars)
    number = np.arange(first, first + n)
    time = np.tile(np.arange(length) + 1.0, (n, 1))
    time[number % 3 == 1, -1] = np.nan
    return {
        "star": np.array(stars, dtype="i8"),
        "ra": 0.1 * np.array(stars, dtype="f8"),
        "dec": np.zeros(n),
        "good": (number % 4).astype("i4"),
        "time": time,
        "flux": (10.0 * number[:, None] + np.arange(length)).astype("f4"),
    }


def listed(batches: list[Batch]) -> list[tuple[object, ...]]:
    """Return all there is of every row, whatever the batches."""
    return [
        row
        for b in batches
        for row in zip(
            b.columns["object_id"].data.tolist(),
            b.columns["ra"].data.tolist(),
            rows_of(b.columns["lightcurve.time"]),
            rows_of(b.columns["lightcurve.flux"]),
            b.index.file.tolist(),
            b.index.row.tolist(),
            strict=True,
        )
    ]


@given(
    ranks=st.lists(st.integers(0, 5), max_size=20),
    n_bytes=st.integers(1, 20),
    n_groups=st.none() | st.integers(1, 3),
    block=st.integers(1, 4),
    every=st.integers(1, 2),
)
def test_batches_when_cut_then_whole_groups_in_order_within_the_bytes(
    ranks: list[int],
    n_bytes: int,
    n_groups: int | None,
    block: int,
    every: int,
) -> None:
    n = len(ranks)
    row = np.arange(n)
    by_file = np.array([1, 2, 3])
    frame = Frame({"k": scan.Column(np.array(ranks, dtype=np.int64))}, row // 7, row % 7)
    groups = Groups.of(frame, ["k"], by_file, np.full(3, block))
    sizes = by_file[frame.file].tolist()
    keys = list(dict.fromkeys(ranks))
    members = [[r for r in range(n) if ranks[r] == key] for key in keys]
    asked = np.arange(0, len(keys), every)
    found = list(groups.batches(n_bytes=n_bytes, n_groups=n_groups, asked=asked))
    assert [k for part, _ in found for k in asked[part].tolist()] == asked.tolist()
    place = [members[k][0] for k in asked.tolist()]
    blocks = [(p // 7, p % 7 // block) for p in place]
    for part, rows in found:
        assert rows.tolist() == sorted(r for k in asked[part] for r in members[k])
        assert n_groups is None or part.stop - part.start <= n_groups
        is_one_block = len(set(blocks[part])) == 1
        assert sum(sizes[r] for r in rows) <= n_bytes or is_one_block
    if n_groups is None:
        assert all(
            blocks[a.start : a.stop][-1] != blocks[b.start] for (a, _), (b, _) in pairwise(found)
        )
    assert groups.find(frame.file, frame.row).tolist() == [keys.index(key) for key in ranks]
    assert groups.find(np.array([0, 9]), np.array([7, 0])).tolist() == [-1, -1]


@settings(max_examples=40)
@given(
    files=st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=8), min_size=1, max_size=5),
    n_bytes=st.integers(1, 2000),
    batch_rows=st.none() | st.integers(1, 4),
    filtered=st.booleans(),
    asked=st.sets(st.integers(0, 5)),
)
def test_groups_when_they_span_files_then_as_if_read_whole(
    files: list[list[int]],
    n_bytes: int,
    batch_rows: int | None,
    filtered: bool,
    asked: set[int],
) -> None:
    """In order of first occurrence; the rows of a group in the order of files and rows."""
    schema = schema_of(", where: good != 2" if filtered else "")
    with tempfile.TemporaryDirectory() as name:
        first = 0
        for number, stars in enumerate(files):
            with h5py.File(Path(name, f"{number}.hdf5"), "w") as file:
                for key, value in rows_with(stars, first, 3 + number % 2).items():
                    file[key] = value
            first += len(stars)
        (*whole,) = run_of(schema, Path(name)).batches()
        assert len(whole) <= 1
        run = run_of(schema, Path(name), batch_bytes=n_bytes)
        found = list(run.batches(batch_rows=batch_rows))
        assert listed(found) == listed(whole)
        assert all(len(batch) <= (batch_rows or 99) for batch in found)
        numbers = [n for n in sorted(asked) if whole and n < len(whole[0])]
        if numbers:
            index = RowIndex(whole[0].index.file[numbers], whole[0].index.row[numbers])
            for _ in range(2):
                some = listed(list(run.batches(index=index, batch_rows=batch_rows)))
                assert some == [listed(whole)[n] for n in numbers]
    expected = dict.fromkeys(
        star
        for row, star in enumerate(s for stars in files for s in stars)
        if not filtered or row % 4 != 2
    )
    assert [row[0] for row in listed(found)] == [str(star) for star in expected]


def spy(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the bytes of everything that is nested."""
    sizes: list[int] = []
    nest = groups_module.nest

    def watched(frame: Frame, *rest: Any) -> Frame:
        sizes.append(frame.n_bytes)
        return nest(frame, *rest)

    monkeypatch.setattr(groups_module, "nest", watched)
    return sizes


def test_groups_when_the_survey_grows_then_memory_does_not(
    write_hdf5: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every star is in every file, as with sectors that are files."""
    sizes = spy(monkeypatch)
    most = {}
    for n_files in (4, 16):
        for number in range(n_files):
            stars = rows_with(list(range(50 * n_files)), number, 100)
            root = write_hdf5(stars, f"{n_files}/{number:02d}.hdf5")
        sizes.clear()
        budget = 400_000
        batches = list(run_of(schema_of(), root / str(n_files), batch_bytes=budget).batches())
        assert sum(map(len, batches)) == 50 * n_files
        assert sum(sizes) > 2 * budget * n_files / 4
        most[n_files] = max(sizes)
        assert most[n_files] <= budget
    assert most[16] <= 1.1 * most[4]


def test_groups_when_small_then_every_file_is_opened_once(
    write_hdf5: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    open_reader = scan.open_reader
    monkeypatch.setattr(
        scan, "open_reader", lambda path, *rest: (opened.append(path), open_reader(path, *rest))[1]
    )
    for number in range(3):
        root = write_hdf5(rows_with([1, 2, 3], 3 * number), f"{number}.hdf5")
    (batch,) = run_of(schema_of(), root).batches()
    assert [len(opened), len(batch)] == [3, 3]


def test_groups_when_few_are_asked_for_then_only_their_files_are_read(
    write_hdf5: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = spy(monkeypatch)
    for number, stars in enumerate([[1, 2], [3, 4], [2, 5]]):
        root = write_hdf5(rows_with(stars, 2 * number), f"{number}.hdf5")
    run = run_of(schema_of(), root)
    (batch,) = run.batches(index=RowIndex(np.array([0, 2]), np.array([1, 1])))
    assert batch.columns["object_id"].data.tolist() == ["2", "5"]
    assert rows_of(batch.columns["lightcurve.flux"])[0] == [10, 11, 40, 41]
    assert len(sizes) == 1
    assert batch.index.file.tolist() == [0, 2]


@pytest.mark.parametrize("budget", [64 * 2**20, 100])
def test_groups_when_a_value_is_wrong_then_its_file_is_named(
    write_hdf5: Write, budget: int
) -> None:
    good, bad = rows_with([1, 2]), rows_with([3, 4])
    bad["ra"] = bad["ra"].astype("S8")
    bad["ra"][1] = b"north"
    good["ra"] = good["ra"].astype("S8")
    write_hdf5(good, "a.hdf5")
    root = write_hdf5(bad, "b.hdf5")
    with pytest.raises(LeafError, match=r"^b\.hdf5.*: ra: 'north' is not a number"):
        list(run_of(schema_of(), root, batch_bytes=budget).batches())


@pytest.mark.parametrize("budget", [64 * 2**20, 100])
def test_groups_when_a_cell_is_missing_or_of_other_rank_then_its_file_is_named(
    write_hdf5: Write, budget: int
) -> None:
    """Also where no batch holds rows of both files."""
    write_hdf5(rows_with([1, 2]), "a.hdf5")
    flat = rows_with([3, 4])
    flat["flux"] = flat["flux"][:, 0]
    root = write_hdf5(flat, "b.hdf5")
    with pytest.raises(CellError, match=r"^b\.hdf5: 'flux' has 0 axes .* but 1 in a\.hdf5"):
        list(run_of(schema_of(), root, batch_bytes=budget).batches())
    for cell in ("flux", "star"):
        write_hdf5({k: v for k, v in flat.items() if k != cell}, "b.hdf5")
        with pytest.raises(CellError, match=rf"^b\.hdf5: '{cell}' is not in the file"):
            list(run_of(schema_of(), root, batch_bytes=budget).batches())


@pytest.mark.parametrize("budget", [64 * 2**20, 100])
def test_groups_when_files_are_one_row_then_a_bad_one_is_refused_once(
    write_hdf5: Write, budget: int
) -> None:
    for number, star in enumerate([5, 6, 5, 7, 6]):
        cells = {key: value[0] for key, value in rows_with([star], number).items()}
        root = write_hdf5(cells, f"{number}.hdf5")
    (root / "2.hdf5").write_bytes((root / "2.hdf5").read_bytes()[:700])
    run = run_of(schema_of(", rows: file, where: star < 7"), root, batch_bytes=budget)
    found = listed(list(run.batches()))
    assert [(row[0], row[3]) for row in found] == [("5", [0, 1, 2]), ("6", [10, 11, 40, 41])]
    assert run.rejects.files == ["2.hdf5"]


def test_groups_when_lists_differ_in_length_then_a_sample_tells_how_many_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row groups of a file are not cut; lists are short, which no file says."""
    sizes = spy(monkeypatch)
    for number in range(3):
        cells = rows_with(list(range(40 * number, 40 * number + 40)), 40 * number)
        lists = {key: pa.array(list(value)) for key, value in cells.items()}
        pq.write_table(pa.table(lists), tmp_path / f"{number}.parquet", row_group_size=20)
    schema = schema_of(pattern="*.parquet", format_="parquet")
    whole = listed(list(run_of(schema, tmp_path).batches()))
    assert len(sizes) == 1
    found = list(run_of(schema, tmp_path, batch_bytes=2000).batches())
    assert listed(found) == whole
    assert [len(batch) for batch in found] == [20] * 6
