"""Mock files read back through the engine, and small surveys with one expression each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astropile.engine import Run, compile_plan
from astropile.readers import Column
from astropile.registry import schema_files
from astropile.schema import SurveySchema, parse_schema, read_schema
from astropile.testing import Mock, simulate
from astropile.testing.bindings import one_way

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
  kind: {1: star, 2: galaxy, 3: galaxy}
  depth: {g: 24.5, r: 24.0, z: 23.0}
object: {id: object_id, ra: ra, dec: dec}
columns:
  object_id: {dtype: string, description: Id.}
  ra: {dtype: float64, unit: deg, description: Right ascension.}
  dec: {dtype: float64, unit: deg, description: Declination.}
"""
TAIL = """
configs:
  main: {description: All of it.}
"""


def survey(
    *, columns: str = "", modalities: str = "", source: str = "", configs: str = TAIL
) -> SurveySchema:
    """Make a schema out of the parts that a test is about."""
    text = HEAD + columns + (f"modalities:\n{modalities}" if modalities else "")
    default = "    tables: {main: {files: 'healpix=*/*.hdf5', format: hdf5}}\n"
    text += "\nsources:\n  files:\n    description: Files of the test.\n"
    text += source if "tables:" in source else default + source
    return parse_schema(text + configs, "invented.yaml")


def run_of(schema: SurveySchema, mock: Mock) -> Run:
    """Return a run of the engine over all leaves of mock files."""
    plan = compile_plan(
        schema,
        config=mock.config,
        source=mock.source,
        splits=schema.splits(mock.config),
        wanted=list(schema.leaves_of(mock.config)),
    )
    return Run(plan, mock.data_dir)


def read_back(schema: SurveySchema, mock: Mock) -> dict[str, Column]:
    """Read all leaves of mock files through the engine."""
    run = run_of(schema, mock)
    batches = list(run.batches())
    assert len(run.rejects) == 0
    return {a: Column.concatenate([b.columns[a] for b in batches]) for a in batches[0].columns}


def assert_same(got: Column, wanted: Column, *, rtol: float = 0.0) -> None:
    """Compare form, lengths, nulls and values."""
    assert len(got) == len(wanted)
    assert (got.offsets is None) == (wanted.offsets is None)
    known = ~null_of(got)
    np.testing.assert_array_equal(null_of(got), null_of(wanted))
    if got.offsets is None:
        a, b = got.data[known], wanted.data[known]
    else:
        np.testing.assert_array_equal(got.offsets, wanted.offsets)
        a, b = got.data, wanted.data
    assert a.shape == b.shape
    assert a.dtype.kind == b.dtype.kind
    assert a.dtype.kind == "U" or a.dtype == b.dtype
    if a.dtype.kind == "f":
        np.testing.assert_allclose(a, b, rtol=rtol, atol=0, equal_nan=True)
    else:
        np.testing.assert_array_equal(a, b)


def null_of(column: Column) -> np.ndarray:
    """Return which rows are null."""
    return np.zeros(len(column), dtype=bool) if column.null is None else column.null


def round_trip(
    schema: SurveySchema, data_dir: Path, n: int = 30, *, rtol: float = 0.0, seed: int = 2
) -> tuple[Mock, dict[str, Column]]:
    """Simulate, read back and compare all leaves; return both."""
    mock = simulate(schema, None, n, data_dir=data_dir, seed=seed)
    found = read_back(schema, mock)
    assert set(found) == set(mock.leaves)
    for address, column in found.items():
        assert_same(column, mock.leaves[address], rtol=rtol)
    return mock, found


def shipped() -> list[tuple[str, str, str]]:
    """Return survey, config and source of all shipped schemas whose files can be written."""
    schemas = {path.stem: read_schema(path) for path in schema_files()}
    return [
        (name, config, source)
        for name, schema in schemas.items()
        for config in schema.file.configs
        for source in schema.sources(config)
        if not one_way(schema.file.sources[source])
    ]


@pytest.fixture(scope="session")
def mocks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Mock]:
    """Mock files of the default source of some surveys, made once."""
    names = ("hsc", "sdss", "csp", "desi")
    folder = tmp_path_factory.mktemp("mocks")
    return {name: simulate(name, None, 40, data_dir=folder / name, seed=4) for name in names}
