"""Columns of pictures, as the `datasets` library stores its feature Image."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from astropile.errors import CellError, UnsafeFileError
from astropile.readers import CellInfo, ReadOptions, _pictures, open_reader

Image = pytest.importorskip("PIL.Image", reason="pictures are packed with pillow")
NewPath = Callable[[str], Path]


def packed(pixels: np.ndarray, form: str = "PNG") -> dict[str, bytes | None]:
    """Return a picture as `datasets` keeps it."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format=form)
    return {"bytes": file.getvalue(), "path": None}


def colours(n: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, *shape), dtype=np.uint8)


def write(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path, row_group_size=2)
    return path


def test_read_when_pictures_then_pixels_and_other_columns_keep_their_place(
    new_path: NewPath, load: Any
) -> None:
    pixels = colours(5, 4, 3, 3)
    grey = pixels[..., 0]
    path = write(
        new_path(".parquet"),
        before=[1, 2, 3, 4, 5],
        rgb=[packed(p) for p in pixels],
        mask=[packed(g) for g in grey],
        after=[{"x": [float(k)], "y": k} for k in range(5)],
    )
    with open_reader(path, "parquet", ReadOptions()) as reader:
        cells = reader.cells()
        assert cells["rgb"] == cells["mask"] == CellInfo("uint8", (None, None, None))
        assert list(cells) == ["before", "rgb", "mask", "after.x", "after.y"]
    found = load(path, "parquet", ["rgb", "mask", "after.y", "before"], np.array([0, 3, 4]))
    np.testing.assert_array_equal(found["rgb"].data, pixels[[0, 3, 4]])
    np.testing.assert_array_equal(found["mask"].data, grey[[0, 3, 4]])
    assert found["after.y"].data.tolist() == [0, 3, 4]
    assert found["before"].data.tolist() == [1, 4, 5]


def test_read_when_some_are_null_or_of_other_size_then_null_and_ragged(
    new_path: NewPath, load: Any
) -> None:
    small, large = colours(1, 2, 2)[0], colours(1, 3, 2)[0]
    kind = pa.struct({"path": pa.string(), "bytes": pa.large_binary()})
    values = pa.array([packed(small), None, packed(large)], kind)
    found = load(write(new_path(".parquet"), p=values, n=[7, 8, 9]), "parquet", ["p", "n"])
    assert found["p"].null.tolist() == [False, True, False]
    assert found["p"].counts.tolist() == [2, 2, 3]
    np.testing.assert_array_equal(found["p"].take(slice(2, 3)).data.reshape(3, 2), large)
    assert found["n"].data.tolist() == [7, 8, 9]


def test_read_when_palette_or_jpeg_then_colours(new_path: NewPath, load: Any) -> None:
    pixels = np.full((8, 8, 3), (200, 100, 50), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).convert("P").save(file, format="PNG")
    rows = [packed(pixels, "JPEG"), {"bytes": file.getvalue(), "path": "x.png"}]
    found = load(write(new_path(".parquet"), p=rows), "parquet", ["p"])["p"].data
    assert found.shape == (2, 8, 8, 3)
    assert np.abs(found.astype(int) - pixels).max() < 60


def test_read_when_damaged_mixed_or_huge_then_typed_error(
    new_path: NewPath, load: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = packed(colours(1, 6, 6)[0])
    cut = {"bytes": good["bytes"][:50], "path": None}
    for rows in ([good, cut], [good, {"bytes": b"none", "path": None}]):
        with pytest.raises(CellError, match="cannot be read"):
            load(write(new_path(".parquet"), p=rows), "parquet", ["p"])
    mixed = write(new_path(".parquet"), p=[good, packed(colours(1, 6, 6, 3)[0])])
    with pytest.raises(CellError, match="grey"):
        load(mixed, "parquet", ["p"])
    monkeypatch.setattr(_pictures, "MAX_PIXELS", 35)
    with pytest.raises(UnsafeFileError, match="6 x 6"):
        load(write(new_path(".parquet"), p=[good]), "parquet", ["p"])


def test_read_when_there_is_no_row_then_empty(new_path: NewPath, load: Any) -> None:
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    path = write(new_path(".parquet"), p=pa.array([], kind))
    assert len(load(path, "parquet", ["p"])["p"]) == 0
