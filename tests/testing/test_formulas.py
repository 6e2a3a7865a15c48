"""Formulas over leaves that the simulated source lacks."""

from pathlib import Path

from astropile.testing import simulate
from tests.engine.conftest import survey
from tests.testing.conftest import assert_same, read_back

CURVE = """
  curve:
    kind: lightcurve
    axes: {epoch: {}}
    fields:
      flux: {dtype: float32, description: Flux.}
      quality: {dtype: int32, description: Flags.}
      bad: {dtype: bool, description: Any flag., true_means: bad, formula: any_bit(curve.quality)}
"""
SOURCE = "    keep: {curve.epoch: is_finite(flux)}\n    absent: [curve.quality]\n"


def test_formula_when_its_leaf_is_absent_then_null_for_every_row(tmp_path: Path) -> None:
    schema = survey(modalities=CURVE, source=SOURCE)
    mock = simulate(schema, None, 12, data_dir=tmp_path)
    drawn = mock.leaves["curve.bad"]
    assert drawn.null is not None
    assert drawn.null.all()
    assert_same(read_back(schema, mock)["curve.bad"], drawn)
