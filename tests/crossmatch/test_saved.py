"""A matched dataset is an ordinary one: plain `datasets` opens it, without this package."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import Dataset, load_from_disk

import astropile as ap
from tests.crossmatch.conftest import Place

#: Opens a saved dataset and prints what its arrays are; knows nothing of this package.
READER = """
import json, sys
import numpy as np
from datasets import load_from_disk

def form(value):
    if isinstance(value, dict):
        return {name: form(item) for name, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        total = float(value.sum()) if value.dtype.kind in "fiub" else value.tolist()
        return [type(value).__name__, str(value.dtype), list(value.shape), total]
    return value

dataset = load_from_disk(sys.argv[1])
assert dataset.format["type"] == "numpy", dataset.format
rows = [form(row) for row in dataset]
assert not [name for name in sys.modules if name.split(".")[0] == "astropile"]
json.dump({"rows": rows, "columns": dataset.column_names}, sys.stdout)
"""


def read_elsewhere(path: Path) -> dict[str, Any]:
    """Read a saved dataset in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", READER, str(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=path.parent,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def matched(place: Place) -> Dataset:
    """Three pairs, the last one with a long spectrum."""
    left = place("left", [10.0, 20.0, 30.0, 40.0], [0.0] * 4)
    right = place("right", [40.0, 30.0, 20.0], [0.0] * 3)
    return ap.cross_match_datasets(left, right)[1]


@pytest.mark.parametrize("shards", [1, 3])
def test_saved_when_opened_without_astropile_then_arrays_of_right_shape_and_type(
    matched: Dataset, tmp_path: Path, shards: int
) -> None:
    matched.save_to_disk(tmp_path / "saved", num_shards=shards)
    found = read_elsewhere(tmp_path / "saved")
    assert found["columns"] == ["left", "right", "separation_arcsec"]
    assert len(found["rows"]) == 3
    for row, (l_row, r_row) in zip(found["rows"], [(1, 2), (2, 1), (3, 0)], strict=True):
        left, right = row["left"], row["right"]
        assert left["object_id"] == f"l{l_row}"
        assert left["image"]["flux"][:3] == ["ndarray", "float32", [2, 4, 4]]
        assert right["image"]["flux"][:3] == ["ndarray", "float32", [2, 3, 3]]
        assert right["image"]["flux"][3] == 153 + 1800 * r_row
        assert left["image"]["band"][2:] == [[2], ["g", "r"]]
        assert left["spectrum"]["flux"][1:3] == ["float64", [1 + l_row % 4]]
        assert left["ra"][1] == right["z"][1] == "float64"
        assert left["z"][3] == l_row + 1 / 3
        assert row["separation_arcsec"][1:3] == ["float64", []]


def test_saved_when_opened_here_then_same_rows_meaning_and_credit(
    matched: Dataset, tmp_path: Path
) -> None:
    matched.save_to_disk(tmp_path / "saved")
    opened = load_from_disk(tmp_path / "saved")
    assert opened.features == matched.features
    facts = ap.meaning(opened)
    assert facts["left"]["columns"]["image.flux"]["unit"] == "nanomaggy"
    assert facts["right"]["survey"] == "right"
    assert "10.0/left" in opened.info.citation
    assert "10.0/right" in opened.info.citation
    assert opened.info.license == "CC0; CC1"
    for row, expected in zip(ap.fast(opened), ap.fast(matched), strict=True):
        np.testing.assert_array_equal(
            row["right"]["image"]["flux"], expected["right"]["image"]["flux"]
        )
        assert row["left"]["z"] == expected["left"]["z"]


def test_saved_when_two_shipped_surveys_match_then_images_side_by_side(
    tmp_path: Path, mock_pair: Callable[[], tuple[ap.Survey, ap.Survey]]
) -> None:
    """The sentence the library was made for."""
    hsc, decals = mock_pair()
    catalog, matched = ap.cross_match_datasets(hsc, decals, match_radius=1.0)
    assert len(catalog) == len(matched) == 8
    matched.save_to_disk(tmp_path / "hsc_meets_decals")
    rows = read_elsewhere(tmp_path / "hsc_meets_decals")["rows"]
    for row in rows:
        assert row["hsc"]["image"]["flux"][1:3] == ["float32", [5, 160, 160]]
        assert row["hsc"]["image"]["mask"][1:3] == ["bool", [5, 160, 160]]
        assert row["decals"]["image"]["flux"][1:3] == ["float32", [3, 152, 152]]
        assert row["decals"]["ra"][1] == "float64"


@pytest.fixture
def mock_pair(tmp_path: Path) -> Callable[[], tuple[ap.Survey, ap.Survey]]:
    """Mock files of two imaging surveys with eight objects in common."""
    from astropile.testing import simulate

    def made() -> tuple[ap.Survey, ap.Survey]:
        surveys = []
        for name in ("hsc", "decals"):
            simulate(name, None, 8, data_dir=tmp_path / name, seed=2)
            surveys.append(ap.load(name, data_dir=tmp_path / name))
        return surveys[0], surveys[1]

    return made
