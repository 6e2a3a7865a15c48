"""Small surveys and files for the tests of the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from astropile.engine import Batch, Run, compile_plan
from astropile.schema import SurveySchema, parse_schema

HEAD = """
language: "1.0"
survey: invented
version: "1.0.0"
about:
  title: An invented survey
  name: Invented
  description: Made for tests.
  license: {name: CC0}
  acknowledgement: Nobody.
  cite: ["doi:10.0/0"]
bands:
  g: {filters: [CTIO/DECam.g]}
  r: {filters: [CTIO/DECam.r]}
  z: {filters: [CTIO/DECam.z]}
lookups:
  token: {des-g: g, des-r: r, des-z: z}
  kind: {1: star, 2: galaxy}
object: {id: object_id, ra: ra, dec: dec}
columns:
  object_id: {dtype: string, is: {quantity: object_id}, description: Id.}
  ra: {dtype: float64, unit: deg, is: {quantity: ra}, description: Right ascension.}
  dec: {dtype: float64, unit: deg, is: {quantity: dec}, description: Declination.}
"""
TAIL = """
configs:
  main: {description: All of it.}
"""


def survey(*, columns: str = "", modalities: str = "", source: str = "") -> SurveySchema:
    """Make a schema out of the parts that a test is about."""
    text = HEAD + columns
    if modalities:
        text += "modalities:\n" + modalities
    default = "    tables: {main: {files: '*.hdf5', format: hdf5}}\n"
    text += "sources:\n  files:\n    description: Files of the test.\n"
    text += source if "tables:" in source else default + source
    return parse_schema(text + TAIL, "invented.yaml")


def positions(n: int) -> dict[str, Any]:
    """Return ids and positions of n objects."""
    return {
        "object_id": np.arange(100, 100 + n),
        "ra": np.linspace(10.0, 20.0, n),
        "dec": np.linspace(-5.0, 5.0, n),
    }


@pytest.fixture
def write_hdf5(tmp_path: Path) -> Callable[..., Path]:
    """Write arrays as one HDF5 file below the data directory."""

    def write(arrays: Mapping[str, Any], name: str = "data.hdf5") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(path, "w") as file:
            for key, value in arrays.items():
                file[key] = value
        return tmp_path

    return write


def run_of(
    schema: SurveySchema, root: Path, wanted: list[str] | None = None, **options: Any
) -> Run:
    """Return a run over all leaves."""
    plan = compile_plan(
        schema,
        config=schema.config_name(None),
        source=next(iter(schema.file.sources)),
        splits=schema.splits(None),
        wanted=list(schema.leaves) if wanted is None else wanted,
    )
    return Run(plan, root.resolve(), **options)


def read_all(schema: SurveySchema, root: Path, **options: Any) -> Batch:
    """Read everything as one batch."""
    (batch,) = run_of(schema, root, **options).batches()
    return batch
