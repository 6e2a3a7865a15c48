"""Slices of tables as lists: numbers, bounds, lists, and SNANA-like HEAD and PHOT tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile.engine.operand import Fault, Operand
from astropile.engine.ranges import as_lists, bad_ranges, elements_of, whole_numbers
from astropile.errors import CellError
from astropile.readers import Column
from tests.engine.conftest import read_all, run_of, survey
from tests.engine.test_located import lists_of, write_table

LIGHT = """
  lightcurve:
    kind: lightcurve
    axes: {epoch: {}}
    fields:
      flux: {dtype: float64, description: Flux.}
"""


def head_and_phot(extra: str = "", *, each: bool = True) -> Any:
    """Return a survey whose rows of HEAD say which rows of PHOT are theirs."""
    files = (
        'each: true, files: "{path.dir}/{path.stem}_PHOT.FITS"' if each else "files: a_PHOT.FITS"
    )
    source = f"""
    tables:
      main: {{files: "<stem>_HEAD.FITS", format: fits}}
      obs: {{{files}, format: fits, range: [PTROBS_MIN - 1, PTROBS_MAX]{extra}}}
    values: {{object_id: SNID, lightcurve.flux: obs.flux}}
"""
    return survey(modalities=LIGHT, source=source)


def write_head(root: Path, stem: str, first: list[int], last: list[int]) -> None:
    n = len(first)
    ids = [f"{stem}{k}" for k in range(n)]
    write_table(
        root / f"{stem}_HEAD.FITS",
        SNID=ids, ra=np.ones(n), dec=np.ones(n), PTROBS_MIN=first, PTROBS_MAX=last,
    )  # fmt: skip


@pytest.mark.parametrize("each", [True, False])
def test_range_when_head_points_into_phot_then_lists_of_its_rows(
    tmp_path: Path, each: bool
) -> None:
    write_head(tmp_path, "a", [1, 5, 4], [2, 6, 3])
    write_table(tmp_path / "a_PHOT.FITS", flux=[1.0, 2.0, -777.0, -777.0, 5.0, 6.0])
    batch = read_all(head_and_phot(each=each), tmp_path)
    assert lists_of(batch.columns["lightcurve.flux"]) == [[1, 2], [5, 6], []]


@pytest.mark.parametrize("each", [True, False])
@pytest.mark.parametrize(("first", "last"), [(0, 2), (3, 9), (4, 1)])
def test_range_when_it_is_no_part_of_the_table_then_policy_decides(
    tmp_path: Path, first: int, last: int, each: bool
) -> None:
    write_head(tmp_path, "a", [1, first], [2, last])
    write_table(tmp_path / "a_PHOT.FITS", flux=[1.0, 2.0, 3.0])
    with pytest.raises(CellError, match=rf"rows {first - 1} to {last} .* which has 3"):
        read_all(head_and_phot(each=each), tmp_path)
    run = run_of(head_and_phot(", unmatched: drop", each=each), tmp_path)
    (batch,) = run.batches()
    assert batch.columns["object_id"].data.tolist() == ["a0"]
    assert run.rejects.codes == ["unmatched"]
    column = read_all(head_and_phot(", unmatched: null", each=each), tmp_path).columns[
        "lightcurve.flux"
    ]
    assert column.null is not None
    assert column.null.tolist() == [False, True]


def test_range_when_several_are_no_part_then_each_row_is_told_its_own(tmp_path: Path) -> None:
    write_head(tmp_path, "a", [1, 5, 9], [2, 7, 9])
    write_table(tmp_path / "a_PHOT.FITS", flux=[1.0, 2.0, 3.0])
    run = run_of(head_and_phot(", unmatched: drop"), tmp_path)
    assert [len(batch) for batch in run.batches()] == [1]
    told = [message.partition(" (")[0] for message in run.rejects.messages]
    assert told == ["rows 4 to 7", "rows 8 to 9"]


def test_range_when_files_are_several_then_each_row_has_those_of_its_own(tmp_path: Path) -> None:
    write_head(tmp_path, "a", [1], [1])
    write_head(tmp_path, "b", [2, 1], [2, 2])
    write_table(tmp_path / "a_PHOT.FITS", flux=[1.0])
    write_table(tmp_path / "b_PHOT.FITS", flux=[2.0, 3.0])
    column = read_all(head_and_phot(), tmp_path).columns["lightcurve.flux"]
    assert lists_of(column) == [[1], [3], [2, 3]]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=6))
def test_elements_when_ranges_overlap_then_as_python_counts(pairs: list[tuple[int, int]]) -> None:
    start = np.array([s for s, _ in pairs], dtype=np.int64)
    counts = np.array([c for _, c in pairs], dtype=np.int64)
    expected = [k for s, c in pairs for k in range(s, s + c)]
    assert elements_of(start, counts).tolist() == expected
    assert not bad_ranges(start, start + counts, 13).any()


def test_lists_when_cells_are_arrays_then_ragged_ones_are_joined_and_shared_stay() -> None:
    cells = {
        "scalar": Column(np.arange(3), null=np.array([False, True, False])),
        "vector": Column(np.arange(6).reshape(3, 2)),
        "list": Column(np.arange(4), offsets=np.array([0, 1, 1, 4])),
        "card": Column(np.array(["x", "y", "z"])),
    }
    elements, counts = np.array([1, 2, 0]), np.array([2, 0, 1])
    null = np.array([False, True, False])
    found = as_lists(cells, elements, counts, null, {"card"})
    assert found["scalar"].data.tolist() == [1, 2, 0]
    assert found["scalar"].holes is not None
    assert found["scalar"].holes.tolist() == [
        True,
        False,
        False,
    ]
    assert found["vector"].data.shape == (3, 2)
    assert found["list"].offsets is not None
    assert found["list"].offsets.tolist() == [0, 3, 3, 4]
    assert found["card"].data[[0, 2]].tolist() == ["y", "x"]
    assert found["card"].null is not None
    assert found["card"].null.tolist() == [False, True, False]
    assert all(found[name].null is not None for name in ("scalar", "vector", "list"))


def test_numbers_when_not_whole_or_null_then_told_apart() -> None:
    values, null = whole_numbers(Operand(Column(np.array(["3", ""]))), 2, "row")
    assert (values.tolist(), null.tolist()) == ([3, 0], [False, True])
    values, null = whole_numbers(Operand(Column(np.array([2.0, np.nan]))), 2, "row")
    assert (values.tolist(), null.tolist()) == ([2, 0], [False, True])
    with pytest.raises(Fault, match=r"row must be a whole number, got 1\.5"):
        whole_numbers(Operand(Column(np.array([1.5]))), 1, "row")
    with pytest.raises(Fault, match="an array"):
        whole_numbers(Operand(Column(np.ones((1, 2)))), 1, "row")
