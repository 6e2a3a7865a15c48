"""Names of mock files match the patterns that the engine looks for."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from astropile.engine import find_files
from astropile.testing.paths import fill_pattern, has_pixel, safe_names

PIECES = ["*", "healpix=*", "<field>", "tile-<field>", "dr1", "Dir=*", "a?c", "**", "Norder=*"]
LAST = ["*.hdf5", "healpix-*.fits", "spec-*-*.fits", "cat.csv", "Npix=*.parquet", "*meta.csv*"]


@given(st.lists(st.sampled_from(PIECES), max_size=3), st.sampled_from(LAST), st.integers(0, 3071))
def test_path_when_filled_then_the_pattern_finds_it(
    folders: list[str], last: str, pixel: int
) -> None:
    pattern = "/".join([*folders, last])
    captures = {"field": "w1"}
    label = "001-of-001"
    path = fill_pattern(pattern, captures, label, pixel if has_pixel(pattern) else None)
    with TemporaryDirectory() as folder:
        target = Path(folder, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
        # A capture may stand once in a pattern.
        if pattern.count("<field>") > 1:
            return
        (found,) = find_files(Path(folder).resolve(), pattern)
    assert found.relative == path
    assert found.captures.get("field", "w1") == "w1"


def test_path_when_parts_and_objects_then_all_differ() -> None:
    paths = {
        fill_pattern(pattern, {}, label, 72)
        for pattern in ("healpix=*/*.hdf5", "tycho-healpix-*.fits", "dataset/**/*.parquet")
        for label in ("001-of-002", "002-of-002")
    }
    assert len(paths) == 6


def test_path_when_pattern_names_folders_of_hats_then_partition_of_the_pixel() -> None:
    pattern = "dr1/dataset/Norder=*/**/*.parquet"
    assert has_pixel(pattern)
    path = fill_pattern(pattern, {}, "001-of-001", 12072)
    assert path == "dr1/dataset/Norder=4/Dir=10000/Npix=12072.parquet"


@given(st.lists(st.text(max_size=6), min_size=1, max_size=6))
def test_safe_names_when_texts_are_wild_then_different_and_plain(texts: list[str]) -> None:
    names = safe_names(np.array(texts))
    assert len(set(names)) == len(names)
    for name in names:
        assert name
        assert not name.startswith(".")
        assert name.isascii()
        assert not set(name) & set("/\\*?<> \0")
