"""Arms joined on one grid, against plain loops and the real files of DESI."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from astropile.readers import Column
from astropile.schema import parse_schema
from astropile.schema.transforms import load_transforms
from astropile.transforms import TransformFault
from astropile.transforms.lsf import fit_gaussian_widths
from astropile.transforms.spectrum import coadd_arms
from tests.engine.conftest import TAIL, run_of

Arms = Sequence[dict[str, Any]]
PARAMS = {"tolerance": 1e-3, "clear_weighted": False}
KEYS = ("lambda", "flux", "ivar", "mask", "resolution")


def inputs_of(arms: Arms, n: int) -> dict[str, list[Column]]:
    """Make columns of arms: dicts of arrays [n, ...], the wavelengths [pixel]."""
    found = {
        key: [
            Column(arm[key].astype(np.int64 if key == "mask" else np.float64))
            for arm in arms
            if key in arm
        ]
        for key in KEYS[1:]
    }
    found["lambda"] = [
        Column(np.broadcast_to(arm["lambda"], (n, len(arm["lambda"])))) for arm in arms
    ]
    return {key: columns for key, columns in found.items() if columns}


def plain_coadd(arms: Arms, row: int) -> dict[str, Any]:
    """Pixel by pixel, as one would explain it."""
    wavelengths = sorted({round(float(w), 2) for arm in arms for w in arm["lambda"]})
    out: dict[str, list[float]] = {"lambda": [], "flux": [], "ivar": [], "mask": []}
    for wavelength in wavelengths:
        fluxes, weights, bits = [], [], 0
        for arm in arms:
            for j, own in enumerate(arm["lambda"]):
                if abs(own - wavelength) < 1e-3:
                    weight = arm["ivar"][row, j]
                    weights.append(weight if np.isfinite(weight) and weight > 0 else 0.0)
                    fluxes.append(arm["flux"][row, j])
                    bits |= int(arm["mask"][row, j])
        total = sum(weights)
        mean = sum(w * f for w, f in zip(weights, fluxes, strict=True)) / total if total else (
            sum(fluxes) / len(fluxes)
        )  # fmt: skip
        out["lambda"].append(wavelength)
        out["flux"].append(mean)
        out["ivar"].append(total)
        out["mask"].append(bits)
    return {key: np.array(values) for key, values in out.items()}


@st.composite
def made_arms(draw: st.DrawFn) -> tuple[Arms, int]:
    """Arms on one grid of 0.8 that overlap, touch or have a gap between them."""
    n = draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    grid = 3600 + 0.8 * np.arange(60)
    arms, start = [], 0
    for _ in range(draw(st.integers(1, 3))):
        length = draw(st.integers(2, 14))
        ivar = rng.choice([0.0, 1.0, 2.5, -1.0, np.nan], size=(n, length))
        arms.append(
            {
                "lambda": grid[start : start + length],
                "flux": rng.normal(size=(n, length)),
                "ivar": ivar,
                "mask": rng.integers(0, 4, size=(n, length)),
            }
        )
        start += max(1, length + draw(st.integers(-5, 3)))
    order = draw(st.permutations(range(len(arms))))
    return [arms[k] for k in order], n


@given(made_arms())
def test_coadd_when_arms_overlap_then_as_pixel_by_pixel(case: tuple[Arms, int]) -> None:
    arms, n = case
    found = coadd_arms(inputs_of(arms, n), PARAMS)
    for row in range(n):
        expected = plain_coadd(arms, row)
        assert_allclose(found["lambda"].data[row], expected["lambda"], atol=1e-6)
        assert_allclose(found["flux"].data[row], expected["flux"], atol=1e-12)
        assert_allclose(found["ivar"].data[row], expected["ivar"])
        assert_array_equal(found["mask"].data[row], expected["mask"])
        assert np.isnan(found["sigma"].data[row]).all()


@given(made_arms(), st.randoms())
def test_coadd_when_rows_or_arms_change_places_then_the_same_values(
    case: tuple[Arms, int], random: Any
) -> None:
    """A row hangs on itself alone, and no arm is the first among them."""
    arms, n = case
    whole = coadd_arms(inputs_of(arms, n), PARAMS)
    random.shuffle(arms)
    for row in range(n):
        own = [
            {key: value if key == "lambda" else value[row : row + 1] for key, value in arm.items()}
            for arm in arms
        ]
        single = coadd_arms(inputs_of(own, 1), PARAMS)
        for key, column in single.items():
            assert_allclose(column.data[0], whole[key].data[row], atol=1e-12)


def test_coadd_when_masks_are_cleared_then_only_where_something_has_weight() -> None:
    arm = {
        "lambda": np.arange(3.0),
        "flux": np.ones((1, 3)),
        "ivar": np.array([[1.0, 0.0, 1.0]]),
        "mask": np.array([[4, 4, 0]]),
    }
    cleared = coadd_arms(inputs_of([arm], 1), {**PARAMS, "clear_weighted": True})
    assert cleared["mask"].data.tolist() == [[0, 4, 0]]


FAULTS = {
    "descending": ([np.array([2.0, 1.0])], "do not ascend"),
    "empty": ([np.array([])], "an arm is empty"),
    "shifted": ([np.arange(5.0), np.arange(3.0, 8.0) + 0.3], "grid of arm 1 does not agree"),
    "other step": ([np.arange(5.0), 3 + 2 * np.arange(5.0)], "does not agree"),
}


@pytest.mark.parametrize(("waves", "words"), FAULTS.values(), ids=FAULTS)
def test_coadd_when_grids_do_not_fit_then_fault_with_the_rows(waves: list[Any], words: str) -> None:
    arms = [
        {"lambda": w, "flux": np.ones((2, len(w))), "ivar": np.ones((2, len(w)))} for w in waves
    ]
    with pytest.raises(TransformFault, match=words) as caught:
        coadd_arms(inputs_of(arms, 2), PARAMS)
    assert caught.value.rows is not None
    assert caught.value.rows.tolist() == [True, True]


def test_coadd_when_a_row_has_another_grid_then_its_own_result_in_its_place() -> None:
    """Rows 0 and 2 share a grid; row 1 is shifted, and of the same length."""
    wave = np.stack([np.arange(4.0), np.arange(4.0) + 0.5, np.arange(4.0)])
    flux = np.arange(12.0).reshape(3, 4)
    given = {"lambda": [Column(wave)], "flux": [Column(flux)], "ivar": [Column(np.ones((3, 4)))]}
    found = coadd_arms(given, PARAMS)
    assert_array_equal(found["lambda"].data, wave)
    assert_array_equal(found["flux"].data, flux)


def gaussians(widths: Any, k: int = 11) -> Any:
    x = np.arange(k)[:, None] - k // 2
    profiles = np.exp(-0.5 * (x / widths) ** 2)
    return profiles / profiles.sum(axis=0)


def test_coadd_when_arms_have_resolutions_then_widths_of_their_weighted_mean() -> None:
    """Alone an arm keeps its widths; in the overlap the mean matrix is fitted."""
    blue, red = np.arange(40.0), np.arange(25.0, 60.0)
    rng = np.random.default_rng(3)
    arms = [
        {
            "lambda": wave,
            "flux": np.ones((1, len(wave))),
            "ivar": rng.uniform(0.5, 2, size=(1, len(wave))),
            "resolution": gaussians(np.full(len(wave), width), k)[None],
        }
        for wave, width, k in ((blue, 1.2, 11), (red, 0.8, 7))
    ]
    found = coadd_arms(inputs_of(arms, 1), PARAMS)
    sigma = found["sigma_pixel"].data[0]
    assert_allclose(sigma[:19], 1.2, rtol=1e-6)
    assert_allclose(sigma[46:], 0.8, rtol=1e-2)  # 7 diagonals, normalised
    assert ((sigma[26:39] > 0.8) & (sigma[26:39] < 1.2)).all()
    matrix = np.zeros((11, 60))
    weight = np.zeros((2, 60))
    weight[0, :40], weight[1, 25:] = arms[0]["ivar"][0], arms[1]["ivar"][0]
    for j in range(60):
        for k in range(11):
            i = j + k - 5  # the pixel that sees the line at j
            parts = []
            if j < 40:
                parts.append((weight[0, i] if 0 <= i < 40 else 0, arms[0]["resolution"][0, k, j]))
            if j >= 25:
                inner = k - 2
                value = arms[1]["resolution"][0, inner, j - 25] if 0 <= inner < 7 else None
                if value is not None:
                    parts.append((weight[1, i] if 25 <= i < 60 else 0, value))
            total = sum(w for w, _ in parts)
            covers = (j < 40) + (j >= 25)
            matrix[k, j] = (
                sum(w * v for w, v in parts) / total if total else sum(v for _, v in parts) / covers
            )
    assert_allclose(sigma, fit_gaussian_widths(matrix[None])[0], rtol=1e-9)
    assert_allclose(found["sigma"].data[0], sigma)  # steps of 1 Angstrom


def test_coadd_when_diagonals_are_even_then_fault() -> None:
    arm = {
        "lambda": np.arange(9.0),
        "flux": np.ones((1, 9)),
        "ivar": np.ones((1, 9)),
        "resolution": np.ones((1, 6, 9)),
    }
    with pytest.raises(TransformFault, match="odd number of diagonals, got 6"):
        coadd_arms(inputs_of([arm], 1), PARAMS)


def native(data: Any) -> Any:
    return np.asarray(data).astype(np.asarray(data).dtype.newbyteorder("="))


def desi_arms(path: Path) -> list[dict[str, Any]]:
    with fits.open(path) as file:
        return [
            {
                "lambda": native(file[f"{arm}_WAVELENGTH"].data),
                **{key: native(file[f"{arm}_{key.upper()}"].data) for key in KEYS[1:]},
            }
            for arm in "BRZ"
        ]


FILES = ("coadd-4-80613-thru20210324.fits", "coadd-sv3-dark-26065.fits")


@pytest.mark.parametrize("name", FILES)
def test_coadd_when_arms_are_those_of_desi_then_its_joint_grid_and_plain_means(
    name: str, shared_data: Callable[[str], Path]
) -> None:
    """7781 pixels of 0.8 Angstrom from 3600 to 9824, and the overlaps at 5760-5800, 7520-7620."""
    arms = desi_arms(shared_data("desi") / name)
    n = len(arms[0]["flux"])
    found = coadd_arms(inputs_of(arms, n), PARAMS)
    assert found["lambda"].data.shape == (n, 7781)
    assert_allclose(found["lambda"].data[0], 3600 + 0.8 * np.arange(7781), atol=1e-6)
    grid = found["lambda"].data[0]
    for row in range(n):
        weighted, total, plain, count, bits = np.zeros((5, 7781))
        for arm in arms:
            at = np.rint((arm["lambda"] - 3600) / 0.8).astype(int)
            ivar = arm["ivar"][row].astype(float)
            weighted[at] += ivar * arm["flux"][row]
            total[at] += ivar
            plain[at] += arm["flux"][row]
            count[at] += 1
            bits[at] = np.bitwise_or(bits[at].astype(int), arm["mask"][row].astype(int))
        assert (count == 2).sum() == 51 + 126
        with np.errstate(invalid="ignore"):
            flux = np.where(total > 0, weighted / total, plain / count)
        assert_allclose(found["flux"].data[row], flux, rtol=1e-9, atol=1e-12)
        assert_allclose(found["ivar"].data[row], total, rtol=1e-12)
        assert_array_equal(found["mask"].data[row], bits)
    sigma = found["sigma"].data
    empty = (found["ivar"].data == 0).all(axis=1)
    assert np.isnan(sigma[empty]).all()
    good = sigma[~empty][:, 5:-5]
    assert np.isfinite(good).mean() > 0.99
    assert 0.6 < np.nanmedian(good) < 0.9
    assert (np.diff(grid) > 0.79).all()


SURVEY = """
language: "1.0"
survey: invented
version: "1.0.0"
about:
  title: Spectra of three arms
  name: Invented
  description: Made for tests.
  license: {name: CC0}
  acknowledgement: Nobody.
  cite: ["doi:10.0/0"]
object: {id: TARGETID, ra: TARGET_RA, dec: TARGET_DEC}
columns:
  TARGETID: {dtype: int64, is: {quantity: object_id}, description: Id.}
  TARGET_RA: {dtype: float64, unit: deg, is: {quantity: ra}, description: Right ascension.}
  TARGET_DEC: {dtype: float64, unit: deg, is: {quantity: dec}, description: Declination.}
modalities:
  spectrum:
    kind: spectrum
    medium: vacuum
    frame: barycentric
    axes: {pixel: {size: 7781}}
    fields:
      lambda: {dtype: float64, unit: nm, description: Wavelength.}
      flux: {dtype: float32, unit: 1e-17 erg / (s cm2 Angstrom), description: Flux.}
      ivar: {dtype: float32, unit: 1e34 s2 cm4 Angstrom2 / erg2, description: Its inverse variance.}
      mask: {dtype: bool, true_means: bad, description: Any bit.}
      lsf_sigma: {dtype: float32, unit: pix, description: Width.}
sources:
  coadd:
    description: Coadds of three cameras.
    tables:
      main:
        files: "coadd-*.fits"
        format: fits
        hdu: FIBERMAP
        shared: [B_WAVELENGTH, R_WAVELENGTH, Z_WAVELENGTH]
      arms:
        transform: spectrum.coadd_arms
        inputs:
          lambda: [B_WAVELENGTH, R_WAVELENGTH, Z_WAVELENGTH]
          flux: ["unit(B_FLUX, '1e-17 erg / (s cm2 Angstrom)')", R_FLUX, Z_FLUX]
          ivar: [B_IVAR, R_IVAR, Z_IVAR]
          mask: [B_MASK, R_MASK, Z_MASK]
          resolution: [B_RESOLUTION, R_RESOLUTION, Z_RESOLUTION]
        params: {tolerance: 1e-3}
    values:
      spectrum.lambda: arms.lambda
      spectrum.flux: arms.flux
      spectrum.ivar: arms.ivar
      spectrum.mask: any_bit(arms.mask) or arms.ivar <= 1e-6
      spectrum.lsf_sigma: arms.sigma_pixel
"""


def test_survey_of_coadds_when_read_then_spectra_on_one_grid(
    shared_data: Callable[[str], Path],
) -> None:
    """The whole way: two files, one row of each object, arms read by YAML alone."""
    schema = parse_schema(SURVEY + TAIL, "invented.yaml")
    root = shared_data("desi")
    batches = list(run_of(schema, root).batches())
    assert sum(len(batch) for batch in batches) == 6
    arms = [desi_arms(root / name) for name in FILES]
    expected = [
        coadd_arms(inputs_of(found, len(found[0]["flux"])), PARAMS)["flux"].data for found in arms
    ]
    flux = np.concatenate([batch.columns["spectrum.flux"].data for batch in batches])
    assert_allclose(flux, np.concatenate(expected), rtol=1e-6)
    wave = batches[0].columns["spectrum.lambda"].data
    assert_allclose(wave[0, [0, -1]], [360.0, 982.4])
    mask = np.concatenate([batch.columns["spectrum.mask"].data for batch in batches])
    assert mask.all(axis=1).tolist() == [False, True, True, False, True, False]


def test_survey_of_coadds_when_catalogue_is_read_then_no_arm_is(
    shared_data: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody wants what the transform gives."""
    schema = parse_schema(SURVEY + TAIL, "invented.yaml")
    run = run_of(schema, shared_data("desi"), ["object_id"])
    cells = run.plan.programs[0].cells
    assert cells["arms"] == ()
    assert not [cell for cell in cells["main"] if "FLUX" in cell]
    light = run_of(schema, shared_data("desi"), ["spectrum.flux"]).plan.programs[0].cells["main"]
    assert not [cell for cell in light if "RESOLUTION" in cell or "MASK" in cell]


def test_declaration_when_all_outputs_are_asked_then_the_function_gives_them() -> None:
    arm = {"lambda": np.arange(3.0), "flux": np.ones((1, 3)), "ivar": np.ones((1, 3))}
    outputs = load_transforms()["spectrum.coadd_arms"].outputs
    assert set(coadd_arms(inputs_of([arm], 1), PARAMS)) == set(outputs)
