"""Integral-field spectra: small made-up cubes and maps as SDSS publishes them, real spectra."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

import astropile as ap
from astropile.errors import AstropileError, CellError, CorruptFileError
from tests.same_examples import assert_same_in

pytestmark = pytest.mark.filterwarnings("ignore:.* did not parse as fits")

PIXELS, SIDE, DONOTUSE = 4563, 96, 2**30
SIZES = {"8485-1901": 6, "7443-12701": 8}


def image(
    name: str,
    data: Any,
    channels: Sequence[str] = (),
    units: Sequence[str] = (),
    **cards: str,
) -> fits.ImageHDU:
    hdu = fits.ImageHDU(data, name=name)
    hdu.header.update(cards)
    for letter, texts in (("C", channels), ("U", units)):
        width = 2 if len(texts) > 2 else 1  # both forms are found
        hdu.header.update({f"{letter}{k:0{width}}": text for k, text in enumerate(texts, 1)})
    return hdu


def cube_of(n: int, rng: np.random.Generator) -> list[Any]:
    shape = (PIXELS, n, n)
    mask = np.zeros(shape, "i4")
    mask[:, 0, :] = 1027  # outside of the bundle
    mask[5, 3, 2] = 8
    flux = image("FLUX", rng.normal(size=shape).astype("f4"), BUNIT="1E-17 erg/s/cm^2/Ang/spaxel",
                 ERRDATA="IVAR", QUALDATA="MASK")  # fmt: skip
    return [
        fits.PrimaryHDU(), flux,
        image("IVAR", rng.random(shape).astype("f4")), image("MASK", mask),
        image("LSFPOST", (1 + rng.random(shape)).astype("f4"), BUNIT="Angstrom"),
        image("WAVE", 10 ** (3.5589 + 1e-4 * np.arange(PIXELS)), BUNIT="Angstrom"),
        image("SPECRES", np.full(PIXELS, 2000.0)),
        *(image(b + kind, rng.random((n, n)).astype("f4"), BUNIT="nanomaggies/pixel")
          for b in "GRIZ" for kind in ("IMG", "PSF")),
    ]  # fmt: skip


def maps_of(n: int, rng: np.random.Generator) -> list[Any]:
    def draw(*planes: int) -> np.ndarray:
        return rng.random((*planes, n, n)).astype("f4")

    def flags(*planes: int) -> np.ndarray:
        return rng.integers(0, 64, (*planes, n, n)).astype("i4")

    polar = ["Elliptical radius", "R/Re", "R h/kpc", "Elliptical azimuth"]
    return [
        fits.PrimaryHDU(),
        image("SPX_SKYCOO", draw(2), ["On-sky X", "On-sky Y"], BUNIT="arcsec"),
        image("SPX_ELLCOO", draw(4), polar, ["arcsec", "", "kpc/h", "degrees"]),
        image("STELLAR_VEL", draw(), BUNIT="km/s", ERRDATA="STELLAR_VEL_IVAR",
              QUALDATA="STELLAR_VEL_MASK"),
        image("STELLAR_VEL_IVAR", draw(), BUNIT="(km/s)^{-2}"),
        image("STELLAR_VEL_MASK", flags()),
        image("EMLINE_GFLUX", draw(2), ["OII-3727", "Ha-6564"], BUNIT="1E-17 erg/s/cm^2/spaxel",
              ERRDATA="EMLINE_GFLUX_IVAR", QUALDATA="EMLINE_GFLUX_MASK"),
        image("EMLINE_GFLUX_IVAR", draw(2)),
        image("EMLINE_GFLUX_MASK", flags(2)),
    ]  # fmt: skip


#: Label -> group, HDU, plane, unit.
MAPS = {
    "emline_gflux_ha_6564": ("EMLINE_GFLUX", 1, "1E-17 erg/s/cm^2/spaxel"),
    "emline_gflux_oii_3727": ("EMLINE_GFLUX", 0, "1E-17 erg/s/cm^2/spaxel"),
    "spx_ellcoo_elliptical_azimuth": ("SPX_ELLCOO", 3, "degrees"),
    "spx_ellcoo_elliptical_radius": ("SPX_ELLCOO", 0, "arcsec"),
    "spx_ellcoo_r/re": ("SPX_ELLCOO", 1, ""),
    "spx_ellcoo_r_h/kpc": ("SPX_ELLCOO", 2, "kpc/h"),
    "spx_skycoo_on_sky_x": ("SPX_SKYCOO", 0, "arcsec"),
    "spx_skycoo_on_sky_y": ("SPX_SKYCOO", 1, "arcsec"),
    "stellar_vel": ("STELLAR_VEL", None, "km/s"),
}


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Write drpall and two galaxies of different size; a third one has no cube."""
    rng = np.random.default_rng(11)
    root = tmp_path / "published"
    reduction, analysis = (root / f"dr17/manga/spectro/{kind}/v3_1_1" for kind in ("redux", "an"))
    for name, n in SIZES.items():
        plate, bundle = name.split("-")
        cube = reduction / plate / "stack" / f"manga-{name}-LOGCUBE.fits.gz"
        maps = analysis / f"HYB10-MILESHC-MASTARSSP/{plate}/{bundle}"
        maps /= f"manga-{name}-MAPS-HYB10-MILESHC-MASTARSSP.fits.gz"
        for path, hdus in ((cube, cube_of(n, rng)), (maps, maps_of(n, rng))):
            path.parent.mkdir(parents=True)
            fits.HDUList(hdus).writeto(path)
    table = fits.table_to_hdu(Table({
        "plateifu": np.array([*SIZES, "9999-101"], "S11"), "ifura": [232.5447, 233, 1],
        "ifudec": [48.6902, 49, 1], "nsa_z": [0.0407447, -9999, 0.1],
    }))  # fmt: skip
    table.name = "MANGA"
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(reduction / "drpall-v3_1_1.fits")
    return root


def opened(root: Path, name: str, kind: str) -> dict[str, np.ndarray]:
    with fits.open(next(root.glob(f"**/manga-{name}-{kind}*"))) as hdus:
        return {hdu.name: np.array(hdu.data) for hdu in hdus[1:]}


def padded(plane: np.ndarray, value: float = 0) -> np.ndarray:
    width = (SIDE - len(plane)) // 2
    return np.pad(plane, width, constant_values=value)


def test_manga_when_cube_and_maps_then_spaxels_have_their_place_in_the_grid(published, examples):
    found = examples("manga", "dr17", root=published)
    assert found.column("object_id") == list(SIZES)
    assert found.column("z") == [pytest.approx(0.0407447), None]
    assert found.rejects.codes == ["unmatched"]
    assert "manga-9999-101-LOGCUBE" in found.rejects.messages[0]
    for row, (name, n) in zip(found.rows, SIZES.items(), strict=True):
        cube, maps = (opened(published, name, kind) for kind in ("LOGCUBE", "MAPS"))
        spaxels = row["spaxels"]
        y, x = (np.array(spaxels[c]) for c in "yx")
        assert len(x) == n * n
        assert spaxels["spaxel_idx"] == (SIDE * y + x).tolist() == sorted(SIDE * y + x)
        low = (SIDE - n) // 2
        assert (x.min(), x.max(), y.min(), y.max()) == (low, low + n - 1) * 2
        for field, hdu in (
            ("flux", "FLUX"),
            ("ivar", "IVAR"),
            ("lsf", "LSFPOST"),
            ("mask", "MASK"),
        ):
            np.testing.assert_array_equal(spaxels[field], cube[hdu][:, y - low, x - low].T)
        np.testing.assert_allclose(spaxels["lambda"], cube["WAVE"], rtol=1e-7)
        np.testing.assert_array_equal(spaxels["mask_bad"], np.array(spaxels["mask"]) != 0)
        for k, field in enumerate(("skycoo_x", "skycoo_y")):
            assert spaxels[field] == maps["SPX_SKYCOO"][k, y - low, x - low].tolist()
        for k, field in enumerate(("r", "rre", "rkpc", "theta")):
            assert spaxels[f"ellcoo_{field}"] == maps["SPX_ELLCOO"][k, y - low, x - low].tolist()
        images = row["images"]
        assert images["filter"] == ["g", "r", "i", "z"]
        for k, band in enumerate("GRIZ"):
            np.testing.assert_array_equal(images["flux"][k], padded(cube[f"{band}IMG"]))
            np.testing.assert_array_equal(images["psf"][k], padded(cube[f"{band}PSF"]))


def test_manga_when_maps_then_each_channel_with_its_errors_and_flags(published, examples):
    found = examples("manga", "dr17", root=published)
    for row, name in zip(found.rows, SIZES, strict=True):
        real, maps = opened(published, name, "MAPS"), row["maps"]
        assert maps["label"] == list(MAPS)
        assert maps["group"] == [hdu.lower() for hdu, _, _ in MAPS.values()]
        assert maps["array_units"] == [unit for _, _, unit in MAPS.values()]
        for k, (hdu, plane, _) in enumerate(MAPS.values()):
            own = ... if plane is None else plane
            np.testing.assert_array_equal(maps["flux"][k], padded(real[hdu][own]))
            known = f"{hdu}_IVAR" in real
            error = padded(real[f"{hdu}_IVAR"][own]) if known else np.zeros((SIDE, SIDE))
            np.testing.assert_array_equal(maps["ivar"][k], error)
            flags = padded(real[f"{hdu}_MASK"][own], DONOTUSE) if known else DONOTUSE
            np.testing.assert_array_equal(maps["mask"][k], np.broadcast_to(flags, (SIDE, SIDE)))


@pytest.mark.parametrize("other", ["mmu", "hats"])
def test_manga_when_in_the_archives_then_the_same_example(published, tmp_path, other):
    survey = ap.load("manga", data_dir=published, source="dr17")
    leaves = assert_same_in(survey, other, tmp_path / other)
    assert {"spaxels.flux", "spaxels.ellcoo_rre", "images.psf", "maps.label"} <= set(leaves)


def test_manga_when_quality_is_of_another_shape_then_error_with_both(published, examples):
    path = next(published.glob("**/manga-8485-1901-MAPS*"))
    with fits.open(path) as hdus:
        whole = fits.HDUList([hdu.copy() for hdu in hdus])
    whole["EMLINE_GFLUX_MASK"].data = whole["EMLINE_GFLUX_MASK"].data[:, :5]
    whole.writeto(path, overwrite=True)
    with pytest.raises(CellError, match=r"EMLINE_GFLUX.*\(2, 6, 6\).*\(2, 5, 6\)"):
        examples("manga", "dr17", root=published)


def test_manga_when_cube_is_cut_short_then_file_is_named_or_row_refused(published, examples):
    path = next(published.glob("**/manga-7443-12701-LOGCUBE*"))
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(CorruptFileError, match="manga-7443-12701-LOGCUBE"):
        examples("manga", "dr17", root=published)
    survey = ap.load("manga", data_dir=published, source="dr17", on_bad_row="reject")
    assert [row["object_id"] for row in survey] == ["8485-1901"]
    assert sorted(survey.rejects.codes) == ["file", "unmatched"]


def test_manga_when_cube_has_another_grid_of_wavelengths_then_error(published, examples):
    path = next(published.glob("**/manga-8485-1901-LOGCUBE*"))
    with fits.open(path) as hdus:
        whole = fits.HDUList([hdu.copy() for hdu in hdus])
    for name in ("FLUX", "IVAR", "MASK", "LSFPOST", "WAVE"):
        whole[name].data = whole[name].data[:4000]
    whole.writeto(path, overwrite=True)
    with pytest.raises(AstropileError, match=r"spaxels\.\w+.*(4563.*4000|4000.*4563)"):
        examples("manga", "dr17", root=published)


def test_manga_when_spectra_have_no_place_then_objects_stay_with_null(shared_data, examples):
    folder = shared_data("manga")
    found = examples("manga_sample", root=folder)
    with fits.open(folder / "MaNGA_test_spectra.fits.gz") as hdus:
        real = {hdu.name: hdu.data for hdu in hdus[1:]}
    assert len(found.rows) == 8
    assert len(found.rejects) == 0
    assert found.column("ra") == found.column("dec") == [None] * 8
    assert found.column("z") == real["Z"].tolist()
    for k, row in enumerate(found.rows):
        spectrum = row["spectrum"]
        assert spectrum["lambda"] == real["WAVE"].tolist()
        for field, hdu in (("flux", "FLUX"), ("ivar", "IVAR"), ("mask_bits", "MASK"),
                           ("resolution", "SRES")):  # fmt: skip
            assert spectrum[field] == real[hdu][k].tolist()
    bad = [sum(row["spectrum"]["mask_bits_bad"]) for row in found.rows]
    assert bad == np.count_nonzero(real["MASK"], axis=1).tolist()
    assert max(bad) == 4563
