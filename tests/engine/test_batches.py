"""Examples do not depend on the rows that are in their batch, nor on those that are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astropile.engine import RowIndex
from tests.engine.conftest import run_of, survey
from tests.engine.test_located import MAIN, SPECTRUM, write_catalogue, write_table

WAYS = {
    "alone": "",
    "where": "where: key != 2",
    "range": "range: [first, last]",
    "row": "row: number",
    "on": "on: {key: number}",
    "group": "on: {key: number}, group: [key]",
}
COLUMNS = """
  x: {dtype: float64, description: X.}
  n: {dtype: string, description: N.}
"""


def write_files(root: Path) -> None:
    """Write files of other lengths and types; one lacks a cell, one has no rows, one is missing."""
    rng = np.random.default_rng(1)
    kinds = (("a", 5, "f4"), ("b", 3, "f8"), ("c", 0, "f8"), ("d", 4, "i4"))
    for stem, n, kind in kinds:
        cells = {
            "key": rng.permutation(n),
            "x": (9 * rng.normal(size=n)).astype(kind),
            "name": [f"{stem}{k}" for k in range(n)] if stem == "b" else np.arange(n),
            "flux": rng.normal(size=(n, 3)).astype("f4"),
        }
        if stem == "d":
            del cells["x"]
        write_table(root / f"{stem}.fits", **cells)
    stems = ["a", "b", "a", "c", "missing", "d", "b", "d", "a"]
    write_catalogue(
        root,
        len(stems),
        stem=stems,
        number=[0, 2, 7, 0, 1, 3, 1, 2, 4],
        first=[0, 1, 2, 0, 0, 1, 3, 0, 9],
        last=[3, 3, 2, 0, 1, 4, 3, 9, 9],
    )


def rows_of_run(schema: Any, root: Path, **options: Any) -> list[dict[str, Any]]:
    tables = run_of(schema, root).tables(**options)
    return [row for table in tables for row in table.to_pylist()]


@pytest.mark.parametrize("policy", ["drop", "null"])
@pytest.mark.parametrize("way", WAYS)
def test_examples_when_batches_differ_then_the_same(tmp_path: Path, way: str, policy: str) -> None:
    write_files(tmp_path)
    is_list = way in ("alone", "where", "range", "group")
    x, n = (
        ("sum(optional(spec.x))", "count(spec.name)")
        if is_list
        else ("optional(spec.x)", "spec.name")
    )
    options = ", ".join(part for part in (WAYS[way], f"unmatched: {policy}") if part)
    source = f"""
    tables:
      {MAIN}
      spec: {{each: true, files: "{{stem}}.fits", format: fits, {options}}}
    values: {{x: "{x}", n: "{n}", spectrum.flux: flat(spec.flux)}}
    keep: {{spectrum.pixel: "true"}}
"""
    schema = survey(columns=COLUMNS, modalities=SPECTRUM, source=source)
    whole = rows_of_run(schema, tmp_path)
    assert whole
    for batch_rows in (1, 2, 4):
        assert repr(rows_of_run(schema, tmp_path, batch_rows=batch_rows)) == repr(whole)
    catalogue = list(run_of(schema, tmp_path, []).batches())
    ids = [i for batch in catalogue for i in batch.columns["object_id"].data.tolist()]
    assert ids == [row["object_id"] for row in whole]
    file, row = (
        np.concatenate([getattr(batch.index, part) for batch in catalogue])
        for part in ("file", "row")
    )
    some = RowIndex(file[::2], row[::2])
    assert repr(rows_of_run(schema, tmp_path, index=some)) == repr(whole[::2])
