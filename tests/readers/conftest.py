"""Paths, and one call from a file to its columns; session-wide, so that hypothesis may use them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

from astropile.readers import Column, ReadOptions, open_reader

Load: TypeAlias = Callable[..., dict[str, Column]]


@pytest.fixture(scope="session")
def new_path(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function: suffix -> a path that does not exist yet."""
    folder, numbers = tmp_path_factory.mktemp("readers"), count()
    return lambda suffix: folder / f"file{next(numbers)}{suffix}"


@pytest.fixture(scope="session")
def load() -> Load:
    """Return a function that reads cells (all if none are named) of a file."""

    def run(
        path: Path,
        format_: str,
        names: Sequence[str] | None = None,
        at: Any = None,
        **options: Any,
    ) -> dict[str, Column]:
        with open_reader(path, format_, ReadOptions(**options)) as reader:
            return reader.read(list(reader.cells()) if names is None else names, at)

    return run


@pytest.fixture(scope="session")
def rows_of() -> Callable[[Column], list[Any]]:
    """Return a function: a column as a list with an array (or scalar, or None) a row."""

    def run(column: Column) -> list[Any]:
        rows: list[Any] = []
        for i in range(len(column)):
            part = slice(i, i + 1)
            if column.offsets is not None:
                part = slice(int(column.offsets[i]), int(column.offsets[i + 1]))
            value, holes = column.data[part], None if column.holes is None else column.holes[part]
            if column.offsets is None:
                value, holes = value[0], None if holes is None else holes[0]
            if column.shapes is not None:
                value = value.reshape(column.shapes[i])
                holes = None if holes is None else holes.reshape(column.shapes[i])
            is_null = column.null is not None and column.null[i]
            rows.append(None if is_null else _listed(value, holes))
        return rows

    return run


def _listed(value: Any, holes: Any) -> Any:
    """Return an array as nested lists, with None for NaN and holes."""
    array = np.asarray(value)
    absent = np.zeros(array.shape, dtype=bool) if holes is None else holes
    if array.dtype.kind == "f":
        absent = absent | np.isnan(array)
    values = array.astype(object)
    values[absent] = None
    return values.tolist()
