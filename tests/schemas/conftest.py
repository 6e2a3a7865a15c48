"""Surveys that are shipped, and files in the layouts they come in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest

from astropile.engine import Run, compile_plan
from astropile.schema import SurveySchema, read_schema

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


@pytest.fixture
def survey() -> Callable[[str], SurveySchema]:
    """Return a function: id -> checked schema."""
    return lambda name: read_schema(SCHEMAS / f"{name}.yaml")


@pytest.fixture
def write_hdf5(tmp_path: Path) -> Callable[..., None]:
    """Return a function that writes one HDF5 file, a data set a keyword."""

    def write(path: str, **cells: Any) -> None:
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(target, "w") as file:
            for name, values in cells.items():
                file[name] = values

    return write


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Return a function that reads all Examples of a survey below a directory."""

    def read_all(
        name: str,
        source: str = "mmu",
        *,
        config: str | None = None,
        root: Path | None = None,
        without: tuple[str, ...] = (),
    ) -> list[dict[str, Any]]:
        schema = read_schema(SCHEMAS / f"{name}.yaml")
        chosen = schema.config_name(config)
        plan = compile_plan(
            schema,
            config=chosen,
            source=source,
            splits=schema.splits(chosen),
            wanted=[leaf for leaf in schema.leaves_of(chosen) if leaf not in without],
        )
        run = Run(plan, (root or tmp_path).resolve())
        rows = [row for table in run.tables() for row in table.to_pylist()]
        assert len(run.rejects) == 0
        return rows

    return read_all
