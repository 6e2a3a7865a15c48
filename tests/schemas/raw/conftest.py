"""Surveys read from what observatories publish: real files, and files in the published layout."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from astropile.engine import Run, compile_plan
from astropile.engine.rejects import Rejects
from astropile.schema import SurveySchema, read_schema

SHIPPED = Path(__file__).resolve().parents[3] / "schemas"
OF_TESTS = Path(__file__).resolve().parent / "surveys"


@dataclass(frozen=True)
class Examples:
    """All Examples of a survey, and the rows that were refused."""

    rows: list[dict[str, Any]]
    rejects: Rejects
    schema: SurveySchema

    def column(self, address: str) -> list[Any]:
        """Return one leaf of every row."""
        block, _, name = address.rpartition(".")
        return [(row if not block else row[block] or {name: None})[name] for row in self.rows]


def survey_file(name: str) -> Path:
    """Return the YAML of a shipped survey, or of one that is for tests alone."""
    shipped = SHIPPED / f"{name}.yaml"
    return shipped if shipped.exists() else OF_TESTS / f"{name}.yaml"


@pytest.fixture
def examples(tmp_path: Path) -> Callable[..., Examples]:
    """Return a function: survey and source -> all Examples below a directory."""

    def read(
        name: str, source: str | None = None, *, config: str | None = None, root: Path | None = None
    ) -> Examples:
        schema = read_schema(survey_file(name))
        chosen = schema.config_name(config)
        plan = compile_plan(
            schema,
            config=chosen,
            source=source or next(iter(schema.sources(chosen))),
            splits=schema.splits(chosen),
            wanted=list(schema.leaves_of(chosen)),
        )
        run = Run(plan, (root or tmp_path).resolve())
        rows = [row for table in run.tables() for row in table.to_pylist()]
        return Examples(rows, run.rejects, schema)

    return read


@pytest.fixture
def put(shared_data: Callable[[str], Path], tmp_path: Path) -> Callable[[str, str, str], Path]:
    """Return a function that copies a real file to the place and name of the publisher."""

    def copy(folder: str, name: str, target: str) -> Path:
        place = tmp_path / target
        place.parent.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(shared_data(folder) / name, place))

    return copy
