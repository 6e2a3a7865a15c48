"""A mock that takes the values of another: the same objects in a second container."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from astropile import load
from astropile.errors import UsageError
from astropile.registry import find_schema
from astropile.testing import simulate
from tests.same_examples import assert_same_in
from tests.testing.conftest import TAIL, assert_same, read_back, survey

SECOND = """
  flat:
    description: The same in Parquet, with one leaf more and one less.
    tables: {main: {files: 'flat*.parquet', format: parquet}}
    values: {nothing: other, note: tag, curve.time: t + 50000, curve.band: "lookup(f, token)"}
    keep: {curve.epoch: mag < 90}
    absent: [extra]
"""
COLUMNS = """
  mag: {dtype: float32, unit: mag, missing: [-99], description: With a sentinel.}
  nothing: {dtype: float64, description: Without.}
  count: {dtype: int32, missing: [-1], description: A number.}
  note: {dtype: string, missing: [""], description: A text.}
  extra: {dtype: float32, description: Only in HDF5.}
  twice: {dtype: float32, unit: mag, formula: mag + mag, description: A formula.}
"""
BLOCK = """
  curve:
    kind: lightcurve
    description: Points of time.
    axes: {epoch: {}}
    sort: [time]
    fields:
      time: {dtype: float64, unit: d, time: {zero: 2400000.5, scale: utc}, description: Time.}
      band: {dtype: string, description: Band.}
      mag: {dtype: float32, unit: mag, description: Magnitude.}
  stamp:
    kind: image
    description: A picture.
    axes: {band: {labels: [g, r, z], subset: true}, y: {size: 4}, x: {size: 3}}
    fields:
      band: {dtype: string, description: Band.}
      flux: {dtype: float32, unit: nanomaggy, description: Flux.}
"""
FIRST = """    names: "{block}_{field}"
    keep: {curve.epoch: time > 0, stamp.band: "true"}
"""


def test_like_when_other_source_then_same_leaves_by_object(tmp_path: Path) -> None:
    schema = survey(columns=COLUMNS, modalities=BLOCK, source=FIRST, configs=SECOND + TAIL)
    one = simulate(schema, None, 60, data_dir=tmp_path / "a", seed=3)
    two = simulate(schema, None, 60, data_dir=tmp_path / "b", seed=3, source="flat", like=one)
    found = [read_back(schema, mock) for mock in (one, two)]
    rows = [np.argsort(mock.order) for mock in (one, two)]
    assert set(found[0]) - set(found[1]) == {"extra"}
    for address, column in found[1].items():
        assert_same(column, two.leaves[address], rtol=1e-6)
        assert_same(column.take(rows[1]), found[0][address].take(rows[0]), rtol=1e-6)
    assert found[0]["mag"].null is not None
    assert found[1]["note"].null is not None
    other = simulate(schema, None, 60, data_dir=tmp_path / "c", seed=4, source="flat")
    assert not np.array_equal(np.sort(other.leaves["mag"].data), np.sort(two.leaves["mag"].data))


def test_like_when_of_other_objects_then_refused(tmp_path: Path) -> None:
    one = simulate("hipparcos", None, 5, data_dir=tmp_path / "a")
    with pytest.raises(UsageError, match="like holds 5 objects of hipparcos main"):
        simulate("hipparcos", None, 6, data_dir=tmp_path / "b", like=one)
    with pytest.raises(UsageError, match="5 objects of tycho2"):
        simulate("tycho2", None, 5, data_dir=tmp_path / "b", like=one)


@pytest.mark.parametrize("source", ["hats"])
def test_like_when_given_real_examples_then_the_same_in_another_container(
    source: str, shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = tmp_path / "real" / "cfa3" / "healpix=1113"
    folder.mkdir(parents=True)
    shutil.copy(shared_data("mmu_hdf5_cfa") / "SN2007bc.hdf5", folder)
    real = load("cfa", data_dir=tmp_path / "real", config="cfa3")
    columns = assert_same_in(real, source, tmp_path / "mock")
    assert {"lightcurve.time", "lightcurve.mag", "ra", "dec"} <= set(columns)


def test_like_when_rows_are_chosen_then_only_these(tmp_path: Path) -> None:
    simulate("hipparcos", None, 9, data_dir=tmp_path / "a")
    some = load("hipparcos", data_dir=tmp_path / "a").sample(4, seed=1)
    simulate("hipparcos", None, 4, data_dir=tmp_path / "b", like=some)
    again = load("hipparcos", data_dir=tmp_path / "b")
    assert sorted(again.catalog()["object_id"]) == sorted(some.catalog()["object_id"])


def test_like_when_the_other_source_is_a_table_of_bands_and_epochs_then_every_point_there(
    tmp_path: Path,
) -> None:
    schema = find_schema("snls")
    one = simulate(schema, None, 30, data_dir=tmp_path / "a", seed=5, source="snana")
    two = simulate(schema, None, 30, data_dir=tmp_path / "b", seed=5, source="mmu", like=one)
    found = [read_back(schema, mock) for mock in (one, two)]
    rows = [np.argsort(mock.order) for mock in (one, two)]
    assert len(found[0]["lightcurve.flux"].data) > 300
    for address, column in found[1].items():
        assert_same(column.take(rows[1]), found[0][address].take(rows[0]), rtol=1e-6)


def test_text_when_of_one_object_then_written_as_published(tmp_path: Path) -> None:
    snana = simulate("snls", None, 3, data_dir=tmp_path / "a", source="snana").files[0]
    lines = snana.read_text().splitlines()
    assert lines[-1] == "END:"
    assert f"NOBS: {sum(line.startswith('OBS: ') for line in lines)}" in lines
    snoopy = simulate("csp", None, 3, data_dir=tmp_path / "b", source="snoopy").files[0]
    head, *rows = (line.split() for line in snoopy.read_text().splitlines()[1:])
    assert len(head) == 4
    assert {len(row) for row in rows} == {2, 3}


SPLITS = """
configs:
  main: {description: All of it., splits: {train: train, test: test}}
"""
MIXED = """
  mixed:
    description: Splits together in one file.
    tables: {main: {files: 'mixed.parquet', format: parquet}}
    split_by: part
"""


@pytest.mark.parametrize(("first", "second"), [("files", "mixed"), ("mixed", "files")])
def test_like_when_a_leaf_is_the_split_then_objects_stay_in_theirs(
    tmp_path: Path, first: str, second: str
) -> None:
    columns = "  part: {dtype: string, description: Split of the object.}\n"
    source = """    tables: {main: {files: '{split}/healpix=*/*.hdf5', format: hdf5}}
    values: {part: "'{split}'"}
"""
    schema = survey(columns=columns, source=source, configs=MIXED + SPLITS)
    one = simulate(schema, None, 30, data_dir=tmp_path / "a", source=first)
    two = simulate(schema, None, 30, data_dir=tmp_path / "b", source=second, like=one)
    found = [read_back(schema, mock) for mock in (one, two)]
    ids, parts = zip(*((f["object_id"].data, f["part"].data) for f in found), strict=True)
    assert set(parts[0]) == {"train", "test"}
    assert dict(zip(ids[0], parts[0], strict=True)) == dict(zip(ids[1], parts[1], strict=True))
