"""Transforms within surveys of real files: tables attached, functions called, leaves made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.testing import assert_allclose

from astropile.schema import parse_schema
from tests.engine.conftest import HEAD, TAIL, run_of

Shared = Callable[[str], Path]

NEIGHBOURS = """
modalities:
  catalog:
    kind: table
    axes: {neighbour: {}}
    fields:
      flux_z: {dtype: float32, unit: nanomaggy, description: Flux.}
      code: {dtype: int8, description: Class.}
      x: {dtype: float32, unit: pix, description: Place along x.}
      distance: {dtype: float32, unit: arcmin, description: Distance.}
  drawn:
    kind: image
    axes: {y: {size: 41}, x: {size: 41}}
    fields:
      classes: {dtype: uint8, axes: [y, x], description: Classes.}
sources:
  tractor:
    description: Objects of bricks.
    tables:
      main: {files: "tractor-*.fits", format: fits, hdu: "1"}
      brick:
        files: "tractor-*.fits"
        format: fits
        hdu: "1"
        group: [BRICKNAME]
        on: {BRICKNAME: BRICKNAME}
      near:
        transform: catalog.neighbours
        inputs:
          ra: [RA]
          dec: [DEC]
          near_ra: [brick.RA]
          near_dec: [brick.DEC]
          rank: [-brick.FLUX_Z]
          values:
            - brick.FLUX_Z
            - lookup(trim(brick.TYPE), kind)
            - brick.SHAPEEXP_R + brick.SHAPEDEV_R
        params: {ny: 41, nx: 41, pixel_scale: 0.262, limit: 3}
      ellipses:
        transform: image.ellipse_classes
        inputs:
          x: [near.x]
          y: [near.y]
          code: ["near.values[:, 1]"]
          radius: ["near.values[:, 2]"]
        params: {ny: 41, nx: 41, pixel_scale: 0.262}
    values:
      object_id: join('-', BRICKNAME, OBJID)
      ra: RA
      dec: DEC
      catalog.flux_z: near.values[:, 0]
      catalog.code: near.values[:, 1]
      catalog.x: near.x
      catalog.distance: near.separation
      drawn.classes: ellipses.classes
"""
KIND = "  kind: {PSF: 1, REX: 2, EXP: 3, DEV: 4, SER: 5, DUP: 6}\n"


def test_neighbours_when_catalogue_is_of_bricks_then_those_in_the_stamp(
    shared_data: Shared,
) -> None:
    """Attached by brick, chosen by place, ranked by flux, and drawn by another transform."""
    folder = shared_data("legacysurvey")
    head = HEAD.replace("  kind: {1: star, 2: galaxy}\n", KIND)
    schema = parse_schema(head + NEIGHBOURS + TAIL, "invented.yaml")
    (batch,) = run_of(schema, folder).batches()
    rows = [fits.getdata(path, 1) for path in sorted(folder.glob("tractor-*.fits"))]
    counts = batch.columns["catalog.flux_z"].counts
    assert len(batch) == sum(len(one) for one in rows)
    assert (counts >= 1).all()
    assert (counts <= 3).all()
    assert counts.max() > 1
    number = 0
    for one in rows:
        for k in range(len(one)):
            dx = (one["RA"] - one["RA"][k]) * np.cos(np.deg2rad(one["DEC"][k])) * 3600 / 0.262
            dy = (one["DEC"] - one["DEC"][k]) * 3600 / 0.262
            inside = (abs(dx) < 20.5) & (abs(dy) < 20.5)
            expected = np.sort(one["FLUX_Z"][inside])[::-1][:3]
            own = {name: batch.columns[f"catalog.{name}"].take(np.array([number])).data
                   for name in ("flux_z", "x")}  # fmt: skip
            assert_allclose(own["flux_z"], expected, rtol=1e-6)
            assert_allclose(np.sort(own["x"]), np.sort(20 - dx[np.isin(one["FLUX_Z"], expected)]),
                            atol=1e-3)  # fmt: skip
            number += 1
    classes = batch.columns["drawn.classes"].data
    assert classes.shape == (len(batch), 41, 41)
    assert (classes[:, 20, 20] > 0).all()  # the object itself is drawn, or one over it
    assert batch.columns["catalog.distance"].data.max() < 41 * 0.262 / 60


XRAY = """
modalities:
  spectrum:
    kind: spectrum
    axes: {pixel: {}}
    fields:
      energy: {dtype: float32, unit: eV, description: Energy.}
      rate: {dtype: float32, unit: count / (s keV), role: flux, description: Rate.}
      error: {dtype: float32, unit: count / (ks keV), role: flux_err, description: Its error.}
sources:
  csc:
    description: Spectra of detections.
    tables:
      main: {files: "acisf*_pha3.fits.gz", format: fits, rows: file}
      xray:
        transform: xray.grouped_spectrum
        inputs:
          counts: [hdu1.COUNTS]
          energy_low: ["grid(1024, 0, 0.0146)"]
          energy_high: ["grid(1024, 0.0146, 0.0146)"]
          exposure: [hdu1@EXPOSURE]
          background: [hdu4.COUNTS]
          background_scale: [hdu1@BACKSCAL / hdu4@BACKSCAL]
        params: {min_counts: 20}
    values:
      object_id: text(hdu1@OBS_ID)
      ra: hdu1@RA
      dec: hdu1@DEC
      spectrum.energy: xray.energy
      spectrum.rate: xray.rate
      spectrum.error: xray.rate_error
"""


def test_spectrum_when_counts_are_in_a_file_then_bins_of_rates(shared_data: Shared) -> None:
    """Source and background in one file; units of the outputs become those of the leaves."""
    schema = parse_schema(HEAD + XRAY + TAIL, "invented.yaml")
    (batch,) = run_of(schema, shared_data("chandra")).batches()
    energy = batch.columns["spectrum.energy"].data
    rate, error = (batch.columns[f"spectrum.{name}"].data for name in ("rate", "error"))
    assert 10 < len(energy) < 855 / 20 + 1
    assert ((energy > 500) & (energy < 8000)).all()
    assert (np.diff(energy) > 0).all()
    significance = rate / (error / 1000)
    assert (significance[:-1] > 3).all()  # 20 counts and more, the background is faint
    assert (significance[:-1] < 6).all()
