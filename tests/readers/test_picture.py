"""Pictures as files."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astropile.errors import CorruptFileError, UnsafeFileError
from astropile.readers import CellInfo, ReadOptions, _pictures, open_reader, picture

Image = pytest.importorskip("PIL.Image", reason="pictures are written with pillow")
NewPath = Callable[[str], Path]


GREY, COLOUR, OPACITY = (5, 4), (5, 4, 3), (5, 4, 4)


@pytest.mark.parametrize(
    ("suffix", "shape"),
    [
        *((suffix, shape) for suffix in (".png", ".tiff") for shape in (GREY, COLOUR, OPACITY)),
        (".webp", COLOUR),
        (".webp", OPACITY),
        (".bmp", GREY),
        (".bmp", COLOUR),
    ],
)
def test_read_when_lossless_then_the_pixels(
    suffix: str, shape: tuple[int, ...], new_path: NewPath, load: Any
) -> None:
    """Grey, colour, colour with opacity; y before x."""
    pixels = np.random.default_rng(1).integers(1, 256, shape, dtype=np.uint8)
    path = new_path(suffix)
    Image.fromarray(pixels).save(path, **({"lossless": True} if suffix == ".webp" else {}))
    with open_reader(path, "picture", ReadOptions(rows="file")) as reader:
        assert dict(reader.cells()) == {"data": CellInfo("uint8", shape)}
        assert reader.count_rows() == 1
        assert reader.read([]) == {}
        assert reader.read(["data"], slice(0, 0))["data"].data.shape == (0, *shape)
    np.testing.assert_array_equal(load(path, "picture", rows="file")["data"].data[0], pixels)


@pytest.mark.parametrize(("dtype", "suffix"), [("uint16", ".png"), ("int32", ".tiff"),
                                              ("float32", ".tiff")])  # fmt: skip
def test_read_when_deeper_than_8_bits_then_not_cut_off(
    dtype: str, suffix: str, new_path: NewPath, load: Any
) -> None:
    pixels = np.arange(0, 60000, 5000).reshape(3, 4).astype(dtype)
    path = new_path(suffix)
    Image.fromarray(pixels).save(path)
    found = load(path, "picture", rows="file")["data"].data[0]
    assert found.dtype == pixels.dtype
    np.testing.assert_array_equal(found, pixels)
    with open_reader(path, "picture", ReadOptions(rows="file")) as reader:
        assert reader.cells()["data"] == CellInfo(dtype, (3, 4))


def test_read_when_jpeg_and_compressed_then_near(new_path: NewPath, load: Any) -> None:
    pixels = np.full((8, 8, 3), (200, 100, 50), dtype=np.uint8)
    path = new_path(".jpg")
    Image.fromarray(pixels).save(path, quality=95)
    path.write_bytes(gzip.compress(path.read_bytes()))
    found = load(path, "picture", rows="file")["data"].data[0]
    assert np.abs(found.astype(int) - pixels).max() < 8


def test_open_when_huge_then_refused(new_path: NewPath, monkeypatch: pytest.MonkeyPatch) -> None:
    path = new_path(".png")
    Image.fromarray(np.zeros((6, 6), np.uint8)).save(path)
    with monkeypatch.context() as context:
        context.setattr(_pictures, "MAX_PIXELS", 35)
        with pytest.raises(UnsafeFileError, match="6 x 6"):
            open_reader(path, "picture", ReadOptions(rows="file"))
    with monkeypatch.context() as context:
        context.setattr(picture, "_MAX_BYTES", 9)
        with pytest.raises(UnsafeFileError, match="too many for a picture"):
            open_reader(path, "picture", ReadOptions(rows="file"))


def test_read_when_damaged_then_no_bare_exception(new_path: NewPath, refused: Any) -> None:
    path = new_path(".png")
    pixels = np.random.default_rng(2).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    cut, changed = refused(path, "picture", rows="file")
    assert cut > 200
    assert changed > 10


def test_open_when_svg_or_text_then_corrupt(new_path: NewPath) -> None:
    path = new_path(".png")
    path.write_text("<svg/>")
    with pytest.raises(CorruptFileError, match="a picture cannot be read"):
        open_reader(path, "picture", ReadOptions(rows="file"))
