"""An invented survey with files written by hand, and mock files of shipped surveys."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from astropile.schema import read_schema
from astropile.survey import Survey, load
from astropile.testing import simulate

GROVE = Path(__file__).parent / "grove.yaml"
Write = Callable[..., Path]


def cells(n: int, start: int = 0) -> dict[str, Any]:
    """Return the cells of n objects of the grove, numbered from a start."""
    number = np.arange(start, start + n)
    rng = np.random.default_rng(start + 7)
    pixels = 2 + number % 4
    wave = np.where(np.arange(5) < pixels[:, None], 4000.0 + np.arange(5) + number[:, None], 0.0)
    return {
        "object_id": np.array([f"tree-{k}".encode() for k in number], dtype="S12"),
        "ra": (10.0 + number / 100.0) % 360,
        "dec": -5.0 + number / 100.0,
        "visits": np.where(number % 3 == 2, -1, 2**53 + number),
        "is_star": number % 2 == 0,
        "label": np.array([b"" if k % 4 == 1 else f"n{k}".encode() for k in number], dtype="S8"),
        "g_mag": np.where(number % 5 == 3, -99, 20 + number / 8).astype("f4"),
        "r_mag": (19 + number / 8).astype("f4"),
        "ebv": (number / 64).astype("f4"),
        "image_band": np.tile(np.array([b"x-g", b"x-r"]), (n, 1)),
        "image_flux": rng.normal(size=(n, 2, 4, 4)).astype("f4"),
        "image_ivar": rng.uniform(1, 4, (n, 2, 4, 4)).astype("f4"),
        "image_mask": rng.random((n, 2, 4, 4)) < 0.2,
        "image_psf_fwhm": np.stack([0.5 + number / 16, (number % 2) * 0.75], axis=1).astype("f4"),
        "spectrum_lambda": wave,
        "spectrum_flux": np.where(wave > 0, wave / 3, 0).astype("f4"),
    }


def write_hdf5(path: Path, arrays: Mapping[str, Any]) -> Path:
    """Write arrays as one file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name] = values
    return path


@pytest.fixture
def grove(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the grove a known survey."""
    monkeypatch.setenv("ASTROPILE_SCHEMAS", str(GROVE))
    return GROVE


@pytest.fixture
def trees(grove: Path, tmp_path: Path) -> Path:
    """Files of the grove: three of train with 5, 3 and 4 rows, one of test with 2."""
    root = tmp_path / "trees"
    start = 0
    for name, n in (("train/a", 5), ("train/b", 3), ("train/c", 4), ("test/a", 2)):
        write_hdf5(root / "small" / f"{name}.hdf5", cells(n, start))
        start += n
    return root


@pytest.fixture(scope="session")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function: shipped survey -> folder with twelve mock objects of it."""
    made: dict[str, Path] = {}

    def folder(survey: str) -> Path:
        if survey not in made:
            root = tmp_path_factory.mktemp(survey)
            simulate(survey, None, 12, data_dir=root, seed=5)
            made[survey] = root
        return made[survey]

    return folder


@pytest.fixture(scope="session")
def mounds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders with mock objects of the dune and of the reef."""
    found = {}
    for name, n in (("dune", 9), ("reef", 12)):
        found[name] = tmp_path_factory.mktemp(name)
        simulate(read_schema(GROVE.parent / f"{name}.yaml"), None, n, data_dir=found[name], seed=n)
    return found


@pytest.fixture
def dune(dune_and_reef: None, mounds: dict[str, Path]) -> Survey:
    """The first survey."""
    return load("dune", data_dir=mounds["dune"])


@pytest.fixture
def reef(dune_and_reef: None, mounds: dict[str, Path]) -> Survey:
    """The second survey, with two splits."""
    return load("reef", data_dir=mounds["reef"])


@pytest.fixture
def dune_and_reef(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make both surveys known."""
    paths = [str(GROVE.parent / f"{name}.yaml") for name in ("dune", "reef")]
    monkeypatch.setenv("ASTROPILE_SCHEMAS", os.pathsep.join(paths))
