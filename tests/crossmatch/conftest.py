"""Two invented surveys whose files put objects where a test wants them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest

import astropile as ap
from astropile.survey import Survey

TEXT = """
language: "1.0"
survey: {id}
version: "1.0.0"
about:
  title: Survey {id}
  name: {name}
  description: Made for tests.
  license: {{name: {license}}}
  acknowledgement: Nobody.
  cite: ["doi:10.0/{id}"]
bands:
  g: {{filters: [CTIO/DECam.g]}}
  r: {{filters: [CTIO/DECam.r]}}
object: {{id: object_id, ra: ra, dec: dec}}
columns:
  object_id: {{dtype: string, description: Id.}}
  ra: {{dtype: float64, unit: deg, description: Right ascension.}}
  dec: {{dtype: float64, unit: deg, description: Declination.}}
  z: {{dtype: float64, description: Redshift.}}
  n: {{dtype: int32, description: Number.}}
modalities:
  image:
    kind: image
    axes: {{band: {{labels: [g, r]}}, y: {{size: {size}}}, x: {{size: {size}}}}}
    photometry: {{system: AB, zeropoint: 22.5, per: nanomaggy}}
    fields:
      band: {{dtype: string, formula: "['g', 'r']", description: Band of each plane.}}
      flux: {{dtype: float32, unit: nanomaggy, description: Image.}}
  spectrum:
    kind: spectrum
    axes: {{pixel: {{}}}}
    medium: vacuum
    frame: barycentric
    fields:
      flux: {{dtype: float64, unit: 1e-17 erg / (s cm2 Angstrom), description: Flux.}}
sources:
  hdf5:
    description: One array a leaf, spectra padded.
    tables: {{main: {{files: "*.hdf5", format: hdf5}}}}
    names: "{{block}}_{{field}}"
    keep: {{spectrum.pixel: flux > 0}}
configs:
  main: {{description: All of it.}}
"""
SIZES = {"left": 4, "right": 3}
Place = Callable[..., Survey]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Return a function: name of a side, positions in deg -> survey with an object at each."""
    for number, (name, size) in enumerate(SIZES.items()):
        text = TEXT.format(id=name, name=name.title(), license=f"CC{number}", size=size)
        (tmp_path / "schemas").mkdir(exist_ok=True)
        (tmp_path / "schemas" / f"{name}.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("ASTROPILE_SCHEMAS", str(tmp_path / "schemas"))

    def placed(
        name: str, ra: Sequence[float], dec: Sequence[float], *, files: int = 1, **options: object
    ) -> Survey:
        folder = tmp_path / f"{name}-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        for part, numbers in enumerate(np.array_split(np.arange(len(ra)), files)):
            with h5py.File(folder / f"{part}.hdf5", "w") as file:
                file["object_id"] = np.array([f"{name[0]}{k}".encode() for k in numbers], "S8")
                file["ra"], file["dec"] = np.array(ra)[numbers], np.array(dec)[numbers]
                file["z"], file["n"] = numbers + 1 / 3, numbers
                size = SIZES[name]
                stamp = np.arange(2 * size * size, dtype="f4").reshape(2, size, size)
                file["image_flux"] = stamp + 100 * numbers[:, None, None, None]
                pixel = np.arange(4)
                wanted = pixel < (1 + numbers % 4)[:, None]
                file["spectrum_flux"] = np.where(wanted, numbers[:, None] + 0.1, 0.0)
        return ap.load(name, data_dir=folder, **options)  # type: ignore[arg-type]

    return placed
