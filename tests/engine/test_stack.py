"""Tables put below one another, as the main table and beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astropile.engine import RowIndex
from astropile.errors import CellError
from tests.engine.conftest import read_all, run_of, survey
from tests.engine.test_located import lists_of, write_catalogue, write_table

COLUMNS = """
  mag: {dtype: float32, unit: mag, description: Brightness.}
  note: {dtype: string, description: Remark.}
"""


def stacked(**keys: str) -> Any:
    """Return a survey whose objects are in a FITS table and in a CSV table."""
    where = keys.get("where", "")
    source = f"""
    tables:
      main: {{stack: [north, south]{keys.get("main", "")}}}
      north: {{files: "north.fits", format: fits{where}}}
      south: {{files: "south*.csv", format: csv}}
    values: {{mag: {keys.get("mag", "mag")}, note: {keys.get("note", "note")}}}
"""
    return survey(columns=COLUMNS, source=source)


def write_halves(root: Path) -> None:
    """Write a northern table without remarks, and a southern one without magnitudes."""
    write_table(
        root / "north.fits",
        object_id=["n1", "n2", "n3"], ra=[1.0, 2.0, 3.0], dec=[1.0] * 3, mag=[20.0, 21.0, 22.0],
    )  # fmt: skip
    (root / "south1.csv").write_text("object_id,ra,dec,note\ns1,4,-1,good\n")
    (root / "south2.csv").write_text("object_id,ra,dec,note\ns2,5,-1,bad\n")


def test_main_when_stacked_then_parts_follow_in_declared_order(tmp_path: Path) -> None:
    write_halves(tmp_path)
    for batch_rows in (None, 1):
        batches = list(run_of(stacked(), tmp_path).batches(batch_rows=batch_rows))
        ids = [i for b in batches for i in b.columns["object_id"].data.tolist()]
        assert ids == ["n1", "n2", "n3", "s1", "s2"]
        mags = [m for b in batches for m in _values(b.columns["mag"])]
        assert mags == [20.0, 21.0, 22.0, None, None]
        notes = [t for b in batches for t in _values(b.columns["note"])]
        assert notes == [None, None, None, "good", "bad"]


def _values(column: Any) -> list[Any]:
    null = np.zeros(len(column), dtype=bool) if column.null is None else column.null
    return [None if lost else value for value, lost in zip(column.data.tolist(), null, strict=True)]


def test_main_when_parts_are_filtered_then_each_by_its_own_cells(tmp_path: Path) -> None:
    write_halves(tmp_path)
    schema = stacked(where=", where: mag < 21.5", main=", where: dec < 0 or ra > 1.5")
    run = run_of(schema, tmp_path)
    ids = [i for b in run.batches() for i in b.columns["object_id"].data.tolist()]
    assert ids == ["n2", "s1", "s2"]
    index = RowIndex(np.array([0, 2]), np.array([1, 0]))
    ids = [i for b in run.batches(index=index) for i in b.columns["object_id"].data.tolist()]
    assert ids == ["n2", "s2"]


def test_main_when_first_of_each_key_then_over_all_parts(tmp_path: Path) -> None:
    write_halves(tmp_path)
    (tmp_path / "south2.csv").write_text("object_id,ra,dec,note\nn1,9,9,late\ns2,5,-1,bad\n")
    schema = stacked(main=", unique: [object_id]")
    ids = [
        i for b in run_of(schema, tmp_path).batches() for i in b.columns["object_id"].data.tolist()
    ]
    assert ids == ["n1", "n2", "n3", "s1", "s2"]


def test_main_when_no_part_has_a_cell_then_typo_is_told(tmp_path: Path) -> None:
    write_halves(tmp_path)
    with pytest.raises(CellError, match="'magg' is in no file"):
        list(run_of(stacked(mag="magg"), tmp_path).batches())


SPECTRUM = """
  spectrum:
    kind: spectrum
    axes: {pixel: {}}
    medium: vacuum
    frame: heliocentric
    fields:
      flux: {dtype: float64, description: Flux.}
"""


@pytest.mark.parametrize("way", ["on: {key: key}", "row: place", "range: [place, place + 1]"])
def test_attached_when_stacked_then_joined_to_the_union(tmp_path: Path, way: str) -> None:
    write_catalogue(tmp_path, 3, key=[4, 1, 3], place=[3, 0, 2])
    write_table(tmp_path / "a.fits", key=[1, 2], flux=[1.0, 2.0])
    write_table(tmp_path / "b.fits", key=[3, 4], flux=[3.0, 4.0], extra=[7.0, 8.0])
    source = f"""
    tables:
      main: {{files: cat.csv, format: csv}}
      both: {{stack: [a, b], {way}}}
      a: {{files: a.fits, format: fits}}
      b: {{files: b.fits, format: fits}}
    values: {{spectrum.flux: "VALUE"}}
"""
    plain = "tile(both.flux, 1)" if "range" not in way else "both.flux"
    schema = survey(modalities=SPECTRUM, source=source.replace("VALUE", plain))
    column = read_all(schema, tmp_path).columns["spectrum.flux"]
    assert lists_of(column) == [[4], [1], [3]]
    # A cell that one part lacks is null there.
    if "range" not in way:
        text = source.replace("VALUE", "tile(fill(both.extra, 0), 1)")
        column = read_all(survey(modalities=SPECTRUM, source=text), tmp_path).columns[
            "spectrum.flux"
        ]
        assert lists_of(column) == [[8], [0], [7]]
        text = source.replace("VALUE", "tile(both.extro, 1)")
        with pytest.raises(CellError, match="'extro' is in none of a, b"):
            read_all(survey(modalities=SPECTRUM, source=text), tmp_path)


def test_attached_when_parts_share_a_key_then_error(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 1, key=[1])
    write_table(tmp_path / "a.fits", key=[1], flux=[1.0])
    write_table(tmp_path / "b.fits", key=[1], flux=[3.0])
    source = """
    tables:
      main: {files: cat.csv, format: csv}
      both: {stack: [a, b], on: {key: key}}
      a: {files: a.fits, format: fits}
      b: {files: b.fits, format: fits}
    values: {spectrum.flux: "tile(both.flux, 1)"}
"""
    with pytest.raises(CellError, match="table both holds a key more than once"):
        read_all(survey(modalities=SPECTRUM, source=source), tmp_path)


def test_main_when_parts_are_files_of_one_object_then_joined(
    tmp_path: Path, write_hdf5: Callable[..., Path]
) -> None:
    for number in range(3):
        one = {"object_id": f"a{number}", "ra": 1.0 + number, "dec": 1.0, "flux": np.ones(number)}
        write_hdf5(one, name=f"a/{number}.hdf5")
    one = {"object_id": "b0", "ra": 9.0, "dec": 1.0, "extra": 2.0, "flux": [5.0]}
    write_hdf5(one, name="b/0.hdf5")
    source = """
    tables:
      main: {stack: [a, b]}
      a: {files: "a/*.hdf5", format: hdf5, rows: file, where: ra > 1.5}
      b: {files: "b/*.hdf5", format: hdf5, rows: file}
    values: {spectrum.flux: flux}
"""
    batches = list(run_of(survey(modalities=SPECTRUM, source=source), tmp_path).batches())
    assert [i for b in batches for i in b.columns["object_id"].data] == ["a1", "a2", "b0"]
    flux = [f for b in batches for f in lists_of(b.columns["spectrum.flux"])]
    assert flux == [[1], [1, 1], [5]]


def test_main_when_grouped_then_groups_span_parts(tmp_path: Path) -> None:
    for name, ids, flux in (("a", ["x", "y", "x"], [1, 2, 3]), ("b", ["y", "z"], [4, 5])):
        rows = "\n".join(f"{i},1,1,{f}" for i, f in zip(ids, flux, strict=True))
        (tmp_path / f"{name}.csv").write_text(f"object_id,ra,dec,flux\n{rows}\n")
    source = """
    tables:
      main: {stack: [a, b], group: [object_id]}
      a: {files: a.csv, format: csv}
      b: {files: b.csv, format: csv}
    values: {ra: "ra[0]", dec: "dec[0]", spectrum.flux: flux}
"""
    batch = read_all(survey(modalities=SPECTRUM, source=source), tmp_path)
    assert batch.columns["object_id"].data.tolist() == ["x", "y", "z"]
    assert lists_of(batch.columns["spectrum.flux"]) == [[1, 3], [2, 4], [5]]


def test_main_when_one_name_of_a_sum_is_in_no_part_then_typo_is_told(tmp_path: Path) -> None:
    write_halves(tmp_path)
    with pytest.raises(CellError, match=r"'magg' is in no file .* leaf mag"):
        list(run_of(stacked(mag='"mag + magg"'), tmp_path).batches())
