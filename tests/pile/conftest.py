"""Small tables with bulk columns, and an invented survey with two splits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import astropile as ap

Tree = dict[str, str]


def make_table(n: int, seed: int = 0, *, wide: int = 6) -> pa.Table:
    """Return objects all over the sky with a spectrum of differing length each."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, wide, n)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    flux = pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), pa.array(rng.normal(size=int(offsets[-1])).astype("f4"))
    )
    fields = [
        pa.field("name", pa.string()),
        pa.field("lon", pa.float64(), metadata={"unit": "deg"}),
        pa.field("lat", pa.float64(), metadata={"unit": "deg"}),
        pa.field("mag", pa.float32(), metadata={"unit": "mag", "description": "Brightness."}),
        pa.field("count", pa.int64()),
        pa.field("flux", flux.type, metadata={"unit": "Jy"}),
    ]
    count = pa.array(np.arange(n), mask=np.arange(n) % 7 == 3)
    arrays = [
        pa.array([f"s-{k}" for k in range(n)]),
        pa.array(rng.uniform(0, 360, n)),
        pa.array(np.degrees(np.arcsin(rng.uniform(-1, 1, n)))),
        pa.array(rng.normal(20, 1, n).astype("f4")),
        count,
        flux,
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def build(table: Any, path: Path, **options: Any) -> Any:
    """Build a table made by `make_table`."""
    return ap.build_table(
        table, path, name="small", object_id="name", ra="lon", dec="lat", **options
    )


def tree(path: Path) -> Tree:
    """Return the sha256 of every file below a folder."""
    return {
        file.relative_to(path).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(scope="session")
def kit() -> SimpleNamespace:
    """Functions that tests share: `make_table`, `build`, `tree`."""
    return SimpleNamespace(make_table=make_table, build=build, tree=tree)


@pytest.fixture(scope="session")
def small() -> pa.Table:
    """Five hundred objects."""
    return make_table(500)


@pytest.fixture
def built(small: pa.Table, tmp_path: Path) -> Path:
    """A pile of the small table in many partitions."""
    build(small, tmp_path / "small", partition_rows=40)
    return tmp_path / "small"


@pytest.fixture
def rows_of() -> Callable[[Any], list[dict[str, Any]]]:
    """Return a function: survey -> its rows as Python values, by object id."""

    def rows(survey: Any) -> list[dict[str, Any]]:
        table = pa.concat_tables(list(survey.iter_tables()))
        return sorted(table.to_pylist(), key=lambda row: row["object_id"])

    return rows
