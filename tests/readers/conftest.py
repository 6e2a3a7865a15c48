"""Paths, and one call from a file to its columns; session-wide, so that hypothesis may use them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

from astropile.errors import AstropileError
from astropile.readers import Column, ReadOptions, open_reader

Load: TypeAlias = Callable[..., dict[str, Column]]
Damage: TypeAlias = Callable[..., tuple[int, int]]


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
def refused(load: Load) -> Damage:
    """Return a function that damages a file and reads it: how often is it refused, cut and changed.

    Nothing but errors of ours that name the file may come.
    """

    def run(path: Path, format_: str, step: int = 1, seed: int = 0, **options: Any) -> Any:
        content, random = path.read_bytes(), np.random.default_rng(seed)
        messages: tuple[list[str], list[str]] = ([], [])
        for place in range(0, len(content), step):
            bit = 1 << int(random.integers(8))
            changed = bytearray(content)
            changed[place] ^= bit
            for kind, damaged in enumerate((content[:place], bytes(changed))):
                path.write_bytes(damaged)
                try:
                    load(path, format_, **options)
                except AstropileError as error:
                    messages[kind].append(str(error))
        path.write_bytes(content)
        assert [text for told in messages for text in told if path.name not in text] == []
        return len(messages[0]), len(messages[1])

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
