"""Rows of one batch whose arrays differ in shape: images and cubes as big as their objects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from astropile.engine.alike import for_alike_rows
from astropile.engine.blocks import LeafFault
from astropile.engine.operand import Fault
from astropile.engine.tables import Frame
from astropile.errors import LeafError
from astropile.readers import Column
from tests.engine.conftest import run_of, survey
from tests.engine.test_located import write_catalogue

SCHEMA = """
  cube:
    kind: cube
    axes: {spaxel: {}, pixel: {size: 3}}
    fields:
      flux: {dtype: float32, description: Flux.}
  image:
    kind: image
    axes: {y: {size: 4}, x: {size: 4}}
    fields:
      sum: {dtype: float32, axes: [y, x], description: White light.}
"""
SOURCE = """
    tables:
      main: {files: cat.csv, format: csv}
      file: {each: true, files: "{object_id}.fits", format: fits, rows: file, unmatched: null}
    values:
      cube.flux: axes(flat(file.FLUX, 1, 2), 'pixel spaxel')
      image.sum: "pad(file.WHITE, 4, 4, -1)"
"""


def write_cube(path: Path, side: int, first: float) -> np.ndarray:
    cube = first + np.arange(3 * side * side, dtype="f4").reshape(3, side, side)
    white = fits.ImageHDU(cube.sum(0), name="WHITE")
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(cube, name="FLUX"), white]).writeto(path)
    return cube


def test_cubes_when_sizes_differ_in_a_batch_then_each_as_alone(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 6)
    sides = {0: 2, 1: 4, 3: 2, 4: 1, 5: 3}  # the third object has no file
    cubes = {k: write_cube(tmp_path / f"o{k}.fits", n, 100.0 * k) for k, n in sides.items()}
    run = run_of(survey(modalities=SCHEMA, source=SOURCE), tmp_path)
    (batch,) = run.batches()
    flux, image = batch.columns["cube.flux"], batch.columns["image.sum"]
    assert flux.counts.tolist() == [4, 16, 0, 4, 1, 9]
    assert image.null is not None
    assert image.null.tolist() == [False, False, True, False, False, False]
    assert flux.offsets is not None
    for k, side in sides.items():
        found = flux.data[flux.offsets[k] : flux.offsets[k + 1]]
        np.testing.assert_array_equal(found, cubes[k].reshape(3, -1).T)
        before = 2 - side // 2
        wide = [(before, 4 - side - before)] * 2
        np.testing.assert_array_equal(
            image.data[k], np.pad(cubes[k].sum(0), wide, constant_values=-1)
        )


def test_cubes_when_one_is_too_big_then_its_row_is_refused(tmp_path: Path) -> None:
    write_catalogue(tmp_path, 2)
    write_cube(tmp_path / "o0.fits", 2, 0)
    write_cube(tmp_path / "o1.fits", 5, 0)
    schema = survey(modalities=SCHEMA, source=SOURCE)
    wanted = r"row 1: image.sum: pad to \(4, 4\) would cut .*\(5, 5\)"
    with pytest.raises(LeafError, match=wanted):
        list(run_of(schema, tmp_path).batches())
    run = run_of(schema, tmp_path, on_bad_row="reject")
    (batch,) = run.batches()
    assert batch.columns["object_id"].data.tolist() == ["o0"]
    assert run.rejects.codes == ["leaf"]
    (tmp_path / "o0.fits").unlink()
    write_cube(tmp_path / "o0.fits", 6, 0)
    run = run_of(schema, tmp_path, on_bad_row="reject")
    with pytest.raises(LeafError, match=r"cat.csv: image.sum: pad"):
        list(run.batches())  # no row can be read: the YAML is wrong


def test_step_when_rows_of_a_part_are_at_fault_then_told_of_the_whole() -> None:
    jagged = Column.pack([np.ones((2, 2)), np.ones((3, 3)), np.ones((2, 2))])
    frame = Frame({"x": jagged}, np.zeros(3, dtype=np.int64), np.arange(3))

    def step(part: Frame) -> dict[str, Column]:
        bad = part.row == 2
        if bad.any():
            raise LeafFault("leaf", Fault("no", rows=bad))
        return {"leaf": Column(part.columns["x"].data.sum((1, 2)))}

    with pytest.raises(LeafFault) as found:
        for_alike_rows(frame, step)
    assert found.value.fault.rows is not None
    assert found.value.fault.rows.tolist() == [False, False, True]
    sums = for_alike_rows(frame.take(np.array([1, 0])), step)["leaf"]
    assert sums.data.tolist() == [9, 4]
