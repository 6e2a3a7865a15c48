"""Stamps cut out of what imaging surveys publish: against astropy's WCS and a plain slice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import astropile as ap
from astropile.errors import CellError, LeafError
from tests.same_examples import assert_same_in
from tests.schemas.raw.mosaics import (
    MOSAIC_PIXELS,
    NIRCAM,
    sky_of,
    tan,
    window,
    write_brick,
    write_chunks,
    write_mosaic,
    write_patches,
)

Read = Callable[..., Any]


BRICK = "0421p022"
X, Y = [100.3, 128.9, 140, 110, 120, 130, 150, 20], [90.2, 101.4, 120, 130, 95, 99, 141, 130]
TYPES = ["REX", "SER", "PSF", "EXP", "DEV", "DUP", "SER", "SER"]
#: Of eight rows five are wanted, and one of these is too near the edge of the brick.
KEPT, NEAR_EDGE = (0, 1, 5, 6), 7


def planes(row: dict[str, Any], field: str = "flux") -> np.ndarray:
    """Return an array of the image of an Example."""
    return np.array(row["image"][field])


def write_sample(root: Path) -> dict[str, np.ndarray]:
    """Write a brick with objects of which some are no part of the sample."""
    return write_brick(
        root, BRICK, X, Y, TYPE=np.array(TYPES, "S4"),
        FLUX_Z=np.array([50, 5, 40, -1, 40, 20, 40, 45], "f4"),
        MASKBITS=np.array([2**8, 0, 0, 0, 2**11, 0, 0, 0], "i2"),
    )  # fmt: skip


def test_legacysurvey_when_cut_from_bricks_then_slices(examples: Read, tmp_path: Path) -> None:
    images = write_sample(tmp_path)
    found = examples("legacysurvey", "portal")
    assert found.column("object_id") == [f"{BRICK}-{100 + k}" for k in KEPT]
    assert found.rejects.counts() == {"edge": 1}
    for row, k in zip(found.rows, KEPT, strict=True):
        for place, band in enumerate("griz"):
            for field, kind in (("flux", "image"), ("ivar", "invvar")):
                expected = window(images[f"{kind}-{band}"], X[k], Y[k], (160, 160))
                np.testing.assert_array_equal(planes(row, field)[place], expected)
        bits = window(images["maskbits"], X[k], Y[k], (160, 160))
        np.testing.assert_array_equal(planes(row, "mask"), [(bits & 2**11) == 0] * 4)
        assert row["image"]["band"] == ["g", "r", "i", "z"]
        assert row["image"]["psf_fwhm"] == [1, 1.125, 1.25, 1.375]
        assert row["image"]["scale"] == pytest.approx([0.262] * 4)
        assert row["rgb"] is row["blobmodel"] is None
    assert found.column("TYPE") == [TYPES[k] for k in KEPT]
    assert found.column("FLUX_W1") == [np.linspace(5, 50, 8, dtype="f4")[k] + 4 for k in KEPT]


def test_legacysurvey_when_objects_are_near_then_table_and_picture_of_them(
    examples: Read, tmp_path: Path
) -> None:
    """Also one that is no Example itself, since its stamp would be cut; the faintest first."""
    write_sample(tmp_path)
    codes = {"REX": 2, "SER": 5, "DUP": 6}
    for row, k in zip(examples("legacysurvey", "portal").rows, KEPT, strict=True):
        own = [np.floor(v[k] + 0.5) - 80 for v in (X, Y)]
        places = {n: (X[n] - own[0], Y[n] - own[1]) for n in (1, 5, 6, NEAR_EDGE, 0)}
        near = [n for n, place in places.items() if all(-0.5 <= v < 159.5 for v in place)]
        assert row["catalog"]["TYPE"] == [codes[TYPES[n]] for n in near]
        for axis, name in enumerate("XY"):
            np.testing.assert_allclose(
                row["catalog"][name], [places[n][axis] for n in near], atol=0.51
            )
        fluxes = np.array([50, 5, 0, 0, 0, 20, 40, 45])
        assert row["catalog"]["FLUX_Z"] == fluxes[near].tolist()
        assert set(row["catalog"]["SHAPE_E2"]) == {-0.5}
        drawn = np.array(row["object_mask"])
        assert set(np.unique(drawn)) == {0, *row["catalog"]["TYPE"]}
        for n in near[1:]:
            x, y = (round(v) for v in places[n])
            assert drawn[y, x] == codes[TYPES[n]]
        assert 0 < (drawn > 0).sum() < 40 * len(near)


def test_legacysurvey_when_objects_are_many_then_twenty_in_the_table_and_all_in_the_picture(
    examples: Read, tmp_path: Path
) -> None:
    """The brightest is drawn on top, though it is not among the faintest twenty."""
    x, y = [130.0, *(90 + 4.0 * k for k in range(24))], [130.0, *(100.0 + k for k in range(24))]
    kinds = np.array(["DEV", *["REX"] * 24], "S4")
    write_brick(
        tmp_path, BRICK, x, y, TYPE=kinds, FLUX_Z=np.array([99, *range(24, 48)], "f4"),
        SHAPE_R=np.array([5.24, *[0.3] * 24], "f4"), SHAPE_E1=np.zeros(25, "f4"),
        SHAPE_E2=np.zeros(25, "f4"),
    )  # fmt: skip
    row = examples("legacysurvey", "portal").rows[0]
    assert row["catalog"]["FLUX_Z"] == [float(flux) for flux in range(24, 44)]
    drawn = np.array(row["object_mask"])
    rows, columns = np.indices(drawn.shape)
    disc = np.hypot(rows - 80, columns - 80) < 19.5  # a radius of 5.24 arcsec is 20 pixels
    assert (drawn[disc] == 4).all()
    assert set(drawn[~disc]) == {0, 2, 4}


@pytest.mark.parametrize("source", ["mmu", "hats"])
def test_legacysurvey_when_in_hdf5_or_hats_then_the_same(source: str, tmp_path: Path) -> None:
    write_sample(tmp_path / "raw")
    raw = ap.load("legacysurvey", data_dir=tmp_path / "raw", source="portal")
    common = assert_same_in(raw, source, tmp_path / source)
    assert {"image.flux", "image.mask", "catalog.X", "pictures.object_mask"} <= set(common)


def test_decals_when_in_chunks_then_numbered_by_place(examples: Read, tmp_path: Path) -> None:
    """The second file repeats an object of the first one; both hemispheres count from 0."""
    images = write_chunks(tmp_path / "north", [[0, 1, 2], [2, 5]])
    write_chunks(tmp_path / "south", [[1]], release=9010)
    found = examples("decals", "chunks")
    assert found.column("internal_inds") == [0, 1, 2, 1_000_001, 0]
    assert found.column("region") == ["north"] * 4 + ["south"]
    assert found.column("object_id")[3] == "9011-505-12"
    for row, k in zip(found.rows, (0, 1, 2, 5), strict=False):
        np.testing.assert_array_equal(planes(row), images[k])
    first = found.rows[1]
    assert [first[f"flux_{band}"] for band in "grz"] == [3, 4, 5]
    assert [first[f"fiberflux_{band}"] for band in "grz"] == [1.5, 2, 2.5]
    assert [first[f"psfdepth_{band}"] for band in "grz"] == [12, 16, 20]
    assert found.column("z_spec") == [0.25, None, 0.25, None, 0.25]
    psf = np.array(found.rows[0]["image"]["psf_fwhm"], dtype=float)
    np.testing.assert_array_equal(psf, [1.5, 1.25, np.nan])


@pytest.mark.parametrize("source", ["mmu", "hats"])
def test_decals_when_in_hdf5_or_hats_then_the_same(source: str, tmp_path: Path) -> None:
    write_chunks(tmp_path / "raw" / "north", [[0, 1, 2], [7]])
    config = "stein_et_al_north"
    raw = ap.load("decals", config=config, data_dir=tmp_path / "raw", source="chunks")
    common = assert_same_in(raw, source, tmp_path / source)
    assert {"image.flux", "flux_z", "internal_inds"} <= set(common)


def test_decals_when_stamps_are_ragged_then_error_with_file(examples: Read, tmp_path: Path) -> None:
    write_chunks(tmp_path / "north", [[0, 1]])
    write_chunks(tmp_path / "north2", [[2, 3]], side=150)
    name = "images_npix152_001000000_002000000.h5"
    (tmp_path / "north2" / "images_npix152_000000000_001000000.h5").rename(
        tmp_path / "north" / name
    )
    with pytest.raises(LeafError, match=r"image\.flux") as caught:
        examples("decals", "chunks", config="stein_et_al_north")
    assert name in str(caught.value)
    assert "150" in str(caught.value)


def test_hsc_when_cut_from_patches_then_slices(examples: Read, tmp_path: Path) -> None:
    x, y = [100.4, 150.6, 120], [119.7, 90, 80]
    images = write_patches(tmp_path, x, [*y[:2], 100])
    y[2] = 100
    found = examples("hsc", "archive")
    assert found.column("object_id") == [str(43158034708340000 + k) for k in range(3)]
    for k, row in enumerate(found.rows):
        for place, (image, mask, variance) in enumerate(images.values()):
            for field, expected in (
                ("flux", image),
                ("ivar", np.where(variance > 0, 1 / np.where(variance > 0, variance, 1), 0)),
                ("mask", (mask & 0b100000011) == 0),
            ):
                expected = window(expected, x[k], y[k], (160, 160))
                np.testing.assert_allclose(planes(row, field)[place], expected, rtol=1e-6)
    assert found.rows[0]["image"]["psf_fwhm"] == pytest.approx([2.355 * 0.0089**0.25] * 5)
    # Without moments in y the width is unknown there, and there alone.
    assert np.isfinite(np.array(found.rows[2]["image"]["psf_fwhm"], float)).tolist() == [
        *[True] * 4,
        False,
    ]


@pytest.mark.parametrize("source", ["mmu", "hats"])
def test_hsc_when_in_hdf5_or_hats_then_the_same(source: str, tmp_path: Path) -> None:
    write_patches(tmp_path / "raw", [100.4, 150.6], [119.7, 90])
    raw = ap.load("hsc", data_dir=tmp_path / "raw", source="archive")
    common = assert_same_in(raw, source, tmp_path / source)
    assert {"image.flux", "image.ivar", "image.mask", "image.psf_fwhm"} <= set(common)


def test_hsc_when_a_band_has_no_file_then_error_names_it(examples: Read, tmp_path: Path) -> None:
    write_patches(tmp_path, [100.0], [100.0], band="i")
    missing = r"no file HSC-I/9813/4,2/calexp-HSC-I-9813-4,2.fits \(table calexp_i\)"
    with pytest.raises(CellError, match=missing):
        examples("hsc", "archive")


def mosaic_sky(x: list[float], y: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return positions by pixels of the long wavelengths."""
    return sky_of(tan(214.9, 52.9, MOSAIC_PIXELS, 0.04, turn_deg=30), np.array(x), np.array(y))


def is_ivar(
    ivar: np.ndarray, science: np.ndarray, weight: np.ndarray, exposure: np.ndarray,
    place: tuple[float, float], gain: float,
) -> bool:  # fmt: skip
    """Return whether photon noise was added, by exposures good to half a coarse pixel."""
    known = weight > 0
    for dx in range(-2, 3):
        for dy in range(-2, 3):
            seconds = window(exposure, place[0] + dx, place[1] + dy, ivar.shape)
            photons = np.maximum(science, 0)[known] / (gain * seconds[known])
            if np.allclose(ivar[known], 1 / (1 / weight[known] + photons), rtol=1e-6):
                return not ivar[~known].any()
    return False


def test_jwst_when_cut_from_mosaics_then_slices(examples: Read, tmp_path: Path) -> None:
    """A field with seven bands, and one with six, where fainter objects count."""
    x, y = [100.2, 130.4, 120, 110], [60.3, 140.1, 100, 120]
    sky = mosaic_sky(x, y)
    images = write_mosaic(tmp_path, "ceers-full-grizli-v7.4", sky, NIRCAM)
    deep_images = write_mosaic(tmp_path, "ngdeep-grizli-v7.2", sky, NIRCAM[1:], OPHOTFNU=2e-31)
    found = examples("jwst", "dja", config="ceers")
    assert found.column("object_id") == [f"ceers-full-grizli-v7.4-{k}" for k in (1, 2)]
    for k, row in enumerate(found.rows):
        assert row["image"]["band"] == list(NIRCAM)
        np.testing.assert_allclose(row["image"]["scale"], [0.02] * 4 + [0.04] * 3, rtol=1e-6)
        assert row["image"]["psf_fwhm"] == pytest.approx(
            [0.033, 0.04, 0.05, 0.066, 0.092, 0.116, 0.145]
        )
        for place, band in enumerate(NIRCAM):
            # Pixels of half the width: the middle of one of 0.04 lies between two of 0.02.
            px, py = (x[k], y[k]) if band > "f27" else (2 * x[k] + 0.5, 2 * y[k] + 0.5)
            science, weight = (
                window(images[f"{band}-{kind}"], px, py, (96, 96)) for kind in ("sci", "wht")
            )
            np.testing.assert_allclose(planes(row)[place], np.nan_to_num(science), rtol=1e-6)
            ivar, mask = planes(row, "ivar")[place], planes(row, "mask")[place]
            np.testing.assert_array_equal(mask, weight > 0)
            exposure = images[f"{band}-exp"].repeat(4, 0).repeat(4, 1)
            assert is_ivar(ivar, science, weight, exposure, (px, py), gain=1 / (2.5 * 1.1))
    deep = examples("jwst", "dja", config="ngdeep")
    assert deep.column("object_id") == [f"ngdeep-grizli-v7.2-{k}" for k in (1, 2, 4)]
    for row in deep.rows:
        assert row["image"]["band"] == list(NIRCAM[1:])
        assert planes(row).shape == (6, 96, 96)
    number = NIRCAM.index("f444w") - 1
    science, weight = (
        window(deep_images[f"f444w-{kind}"], x[1], y[1], (96, 96)) for kind in ("sci", "wht")
    )
    exposure = deep_images["f444w-exp"].repeat(4, 0).repeat(4, 1)
    ivar = planes(deep.rows[1], "ivar")[number]
    assert is_ivar(ivar, science, weight, exposure, (x[1], y[1]), gain=0.5 / (2.5 * 1.1))


@pytest.mark.parametrize("source", ["mmu", "hats"])
def test_jwst_when_in_hdf5_or_hats_then_the_same(source: str, tmp_path: Path) -> None:
    sky = mosaic_sky([100.2, 130.4, 120, 110], [60.3, 140.1, 100, 120])
    write_mosaic(tmp_path / "raw", "ngdeep-grizli-v7.2", sky, NIRCAM[1:])
    raw = ap.load("jwst", config="ngdeep", data_dir=tmp_path / "raw", source="dja")
    common = assert_same_in(raw, source, tmp_path / source)
    assert {"image.flux", "image.ivar", "image.mask", "image.scale"} <= set(common)
