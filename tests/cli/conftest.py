"""Two invented surveys with files, and the command line to ask about them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from astropile.cli import app

SCHEMA = """\
language: "1.0"
survey: {survey}
version: "1.2.3"
aliases: [{survey}_dr1]
about:
  title: The {survey} survey
  name: {name}
  description: Made for tests.
  license: {{name: CC0, url: "https://example.org/cc0"}}
  acknowledgement: Thanks to nobody.
  cite: ["doi:10.1000/{survey}"]
  unverified: [homepage]
bands:
  g: {{filters: [CTIO/DECam.g]}}
  r: {{filters: [CTIO/DECam.r]}}
defaults: {{estimator: psf}}
object: {{id: object_id, ra: ra, dec: dec}}
columns:
  object_id: {{dtype: string, is: {{quantity: object_id}}, description: Id.}}
  ra: {{dtype: float64, unit: deg, is: {{quantity: ra}}, description: Right ascension.}}
  dec: {{dtype: float64, unit: deg, is: {{quantity: dec}}, description: Declination.}}
  "mag_{{band}}":
    for: {{band: ["*"]}}
    dtype: float32
    unit: mag(AB)
    is: {{quantity: mag, estimator: psf, band: "{{band}}"}}
    min: 5
    max: 40
    unverified: [unit]
    description: Magnitude in {{band}}.
  kind: {{dtype: string, enum: [star, galaxy], description: What it is.}}
modalities:
  image:
    kind: image
    axes: {{band: {{labels: [g, r]}}, y: {{size: 4}}, x: {{size: 4}}}}
    photometry: {{system: AB, zeropoint: 22.5, per: nanomaggy}}
    pixel_scale: {{all: 0.2}}
    fields:
      band: {{dtype: string, description: Band of each plane.}}
      flux: {{dtype: float32, unit: nanomaggy, description: Image.}}
sources:
  files:
    description: One array a leaf.
    tables: {{main: {{files: "{{config}}/*.hdf5", format: hdf5}}}}
    values: {{image.band: "['g', 'r']", image.flux: flux}}
configs:
  wide: {{default: true, n_rows: 6, description: The wide layer.}}
  deep: {{description: The deep layer.}}
"""


@pytest.fixture
def run() -> Callable[..., Result]:
    """Return a function: arguments -> result of the command line."""
    return lambda *arguments: CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def run_json(run: Callable[..., Result]) -> Callable[..., Any]:
    """Return a function: arguments -> what the command line prints as JSON."""

    def parsed(*arguments: object, code: int = 0) -> Any:
        result = run(*arguments, "--json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout if result.stdout else result.stderr)

    return parsed


@pytest.fixture
def process(repo_root: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function: arguments -> the finished program in an interpreter of its own."""

    def start(*arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from astropile.cli import main; main()", *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=repo_root,
            env={**os.environ, **env},
            timeout=60,
            check=False,
        )

    return start


@pytest.fixture
def schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a registered folder with the two surveys."""
    folder = tmp_path / "schemas"
    folder.mkdir()
    for survey, name in (("orchard", "Orchard"), ("vineyard", "Vineyard")):
        text = SCHEMA.format(survey=survey, name=name)
        (folder / f"{survey}.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("ASTROPILE_SCHEMAS", str(folder))
    return folder


@pytest.fixture
def orchard(schemas: Path) -> Path:
    """Return the survey file of the orchard; it is registered."""
    return schemas / "orchard.yaml"


def line_of(file: Path, text: str) -> int:
    """Return the number of the line that holds a text."""
    return next(k for k, line in enumerate(file.read_text().splitlines(), 1) if text in line)


def rows(n: int = 6, **changed: Any) -> dict[str, Any]:
    """Return the cells of n objects; a change of None leaves a cell out."""
    cells = {
        "object_id": np.arange(100, 100 + n),
        "ra": np.linspace(10.0, 20.0, n),
        "dec": np.linspace(-5.0, 5.0, n),
        "mag_g": np.full(n, 20.0, dtype=np.float32),
        "mag_r": np.full(n, 19.0, dtype=np.float32),
        "kind": np.array([b"star"] * n),
        "flux": np.ones((n, 2, 4, 4), dtype=np.float32),
    }
    return {key: value for key, value in {**cells, **changed}.items() if value is not None}


@pytest.fixture
def write(tmp_path: Path, schemas: Path) -> Callable[..., Path]:
    """Return a function: cells -> folder with a file of them."""

    def written(cells: dict[str, Any], folder: str = "data", name: str = "wide/1.hdf5") -> Path:
        path = tmp_path / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(path, "w") as file:
            for key, value in cells.items():
                file[key] = value
        return tmp_path / folder

    return written
