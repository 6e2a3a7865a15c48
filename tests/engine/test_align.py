"""Values get the axes of their leaf."""

import numpy as np
import pytest

from astropile.engine.align import align
from astropile.engine.operand import Fault, Operand
from astropile.readers import Column
from tests.engine.conftest import survey

CUBE = """
  cube:
    kind: cube
    axes: {spaxel: {}, pixel: {size: 3}}
    fields:
      flux: {dtype: float32, description: Flux.}
"""
SOURCE = "    keep: {cube.spaxel: 'true'}\n"


def aligned(column):
    schema = survey(modalities=CUBE, source=SOURCE)
    return align(Operand(column), schema.leaves["cube.flux"], schema.blocks["cube"], len(column))


def test_axis_of_length_1_when_the_leaf_lacks_it_then_dropped_from_lists_too():
    data = np.arange(15.0).reshape(5, 1, 3)
    offsets = np.array([0, 2, 5])
    holes = data == 4
    found = aligned(Column(data, offsets=offsets, holes=holes))
    assert found.data.tolist() == data[:, 0].tolist()
    assert found.holes.tolist() == holes[:, 0].tolist()
    assert found.offsets is offsets
    dense = aligned(Column(data[None]))
    assert dense.data.tolist() == [data[:, 0].tolist()]


def test_axis_of_length_2_when_the_leaf_lacks_it_then_refused():
    column = Column(np.zeros((5, 2, 3)), offsets=np.array([0, 2, 5]))
    with pytest.raises(Fault, match=r"shape \(\*, 2, 3\) cannot fill spaxel, pixel"):
        aligned(column)
