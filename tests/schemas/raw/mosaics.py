"""Images of the sky in the layout that surveys publish, small and made up; and their windows."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

BRICK_PIXELS, PATCH_PIXELS, MOSAIC_PIXELS = 260, 240, 240
NIRCAM = ("f090w", "f115w", "f150w", "f200w", "f277w", "f356w", "f444w")


def tan(ra: float, dec: float, pixels: int, arcsec: float, *, turn_deg: float = 0.0) -> WCS:
    """Return a gnomonic projection whose middle pixels share the place given."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [(pixels + 1) / 2] * 2
    sin, cos = np.sin(np.radians(turn_deg)), np.cos(np.radians(turn_deg))
    wcs.wcs.cd = np.array([[-cos, sin], [sin, cos]]) * arcsec / 3600
    wcs.wcs.set()
    return wcs


def header_of(wcs: WCS, **cards: Any) -> fits.Header:
    """Return the cards of a projection, with a CD matrix as most surveys write it."""
    header = wcs.to_header()
    for old in [card for card in header if card.startswith(("PC", "CDELT"))]:
        del header[old]
    for i in (1, 2):
        for j in (1, 2):
            header[f"CD{i}_{j}"] = wcs.wcs.cd[i - 1, j - 1]
    header.update(cards)
    return header


def sky_of(wcs: WCS, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return positions of pixels, counted from 0."""
    ra, dec = wcs.all_pix2world(x, y, 0)
    return np.asarray(ra), np.asarray(dec)


def write_packed(path: Path, image: np.ndarray, wcs: WCS, **cards: Any) -> None:
    """Write a tile-compressed image, lossless, as fpack does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = "GZIP_2" if image.dtype.kind == "f" else "RICE_1"
    packed = fits.CompImageHDU(
        image, header_of(wcs, **cards), compression_type=kind, quantize_level=0.0
    )
    fits.HDUList([fits.PrimaryHDU(), packed]).writeto(path)


def write_plain(path: Path, *images: np.ndarray | None, wcs: WCS, **cards: Any) -> None:
    """Write images, each with the same projection; None is an HDU without data."""
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *rest = images
    hdus = [
        fits.PrimaryHDU(first, header_of(wcs, **cards) if first is not None else None),
        *(fits.ImageHDU(image, header_of(wcs, **cards)) for image in rest),
    ]
    fits.HDUList(hdus).writeto(path)


def write_table(path: Path, table: Table) -> None:
    """Write a FITS table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.write(path)


def noise(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Return an image that differs from pixel to pixel."""
    return np.random.default_rng(seed).normal(size=shape).astype("f4")


def window(image: np.ndarray, x: float, y: float, size: Sequence[int]) -> np.ndarray:
    """Return the plain slice of an image around a place: the oracle of these tests."""
    ny, nx = size
    row, column = int(np.floor(y + 0.5)) - ny // 2, int(np.floor(x + 0.5)) - nx // 2
    assert row >= 0
    assert column >= 0
    return image[..., row : row + ny, column : column + nx]


def opened(path: Path, hdu: int) -> tuple[np.ndarray, WCS]:
    """Return an image of a real file and its projection, both as astropy has them."""
    with fits.open(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.array(file[hdu].data), WCS(file[hdu].header).celestial


def brightest(image: np.ndarray, border: int, n: int, apart: int) -> list[tuple[int, int]]:
    """Return (x, y) of the brightest pixels that no other one so near outshines."""
    left = np.full(image.shape, -np.inf)
    inner = (slice(border, -border),) * 2
    left[inner] = np.nan_to_num(image[inner], nan=-np.inf)
    found: list[tuple[int, int]] = []
    while len(found) < n:
        y, x = np.unravel_index(int(np.argmax(left)), left.shape)
        around = (slice(max(y - apart, 0), y + apart + 1), slice(max(x - apart, 0), x + apart + 1))
        assert np.isfinite(left[y, x])
        if image[y, x] == np.nanmax(image[around]):
            found.append((int(x), int(y)))
        left[around] = -np.inf
    return found


def write_brick(
    root: Path, name: str, x: Sequence[float], y: Sequence[float], **columns: Any
) -> dict[str, np.ndarray]:
    """Write coadds, sweep and Tractor catalogue of a brick of the Legacy Surveys; return images."""
    wcs = tan(42.2, 2.25, BRICK_PIXELS, 0.262)
    place = root / "dr10" / "south" / "coadd" / name[:3] / name
    images = {}
    for k, band in enumerate("griz"):
        images[f"image-{band}"] = noise((BRICK_PIXELS, BRICK_PIXELS), k)
        images[f"invvar-{band}"] = np.abs(noise((BRICK_PIXELS, BRICK_PIXELS), 10 + k))
    bits = np.zeros((BRICK_PIXELS, BRICK_PIXELS), "i4")
    bits[::7] = 2**8
    bits[::5] |= 2**11
    images["maskbits"] = bits
    for kind, image in images.items():
        unit = {"image": "nanomaggy", "invvar": "1/nanomaggy^2"}.get(kind.partition("-")[0], "")
        cards = {"BUNIT": unit} if unit else {}
        write_packed(place / f"legacysurvey-{name}-{kind}.fits.fz", image, wcs, **cards)
    n = len(x)
    ra, dec = sky_of(wcs, np.array(x), np.array(y))
    table = {
        "BRICKNAME": np.array([name] * n, "S8"), "OBJID": np.arange(100, 100 + n, dtype="i4"),
        "TYPE": np.array(["SER"] * n, "S4"), "RA": ra, "DEC": dec, "EBV": np.full(n, 0.06, "f4"),
        "MASKBITS": np.zeros(n, "i2"), "SHAPE_R": np.full(n, 0.5, "f4"),
        "SHAPE_E1": np.full(n, 0.25, "f4"), "SHAPE_E2": np.full(n, -0.5, "f4"),
        "MW_TRANSMISSION_Z": np.full(n, 0.9, "f4"),
    }  # fmt: skip
    for k, band in enumerate(("G", "R", "I", "Z", "W1", "W2", "W3", "W4")):
        table[f"FLUX_{band}"] = np.linspace(5, 50, n, dtype="f4") + k
        table[f"FLUX_IVAR_{band}"] = np.full(n, k, "f4")
        if k < 4:
            table[f"NOBS_{band}"] = np.full(n, 3, "i2")
            table[f"PSFSIZE_{band}"] = np.full(n, 1 + k / 8, "f4")
    table |= columns
    sweep = root / "dr10/south/sweep/10.1/sweep-040p000-045p005.fits"
    sweep.parent.mkdir(parents=True, exist_ok=True)
    hdu = fits.table_to_hdu(Table(table))
    for number, column in enumerate(table, 1):
        if column.startswith("FLUX_"):
            hdu.header[f"TUNIT{number}"] = "1/nanomaggy^2" if "IVAR" in column else "nanomaggy"
    hdu.writeto(sweep)
    tractor = Table({key.lower(): values for key, values in table.items()})
    tractor["brick_primary"] = np.ones(n, bool)
    write_table(root / "dr10/south/tractor" / name[:3] / f"tractor-{name}.fits", tractor)
    return images


def write_patches(root: Path, x: Sequence[float], y: Sequence[float], band: str = "") -> Any:
    """Write a query result of HSC and the coadds of a patch; return images, masks, variances."""
    wcs = tan(150.1, 2.2, PATCH_PIXELS, 0.168)
    ra, dec = sky_of(wcs, np.array(x), np.array(y))
    n = len(x)
    columns: dict[str, Any] = {
        "object_id": 43158034708340000 + np.arange(n), "ra": ra, "dec": dec,
        "tract": np.full(n, 9813, "i4"), "patch": np.full(n, 402, "i4"),
    }  # fmt: skip
    for k, b in enumerate("grizy"):
        columns[f"a_{b}"] = np.full(n, 0.1 / (k + 1), "f4")
        columns[f"{b}_extendedness_value"] = np.ones(n, "f4")
        columns[f"{b}_cmodel_mag"] = np.linspace(20, 22, n, dtype="f4") - k / 8
        columns[f"{b}_cmodel_magerr"] = np.full(n, 0.01, "f4")
        for what in ("psf_", ""):
            for comp, value in ((11, 0.1), (22, 0.09), (12, 0.01)):
                name = f"{b}_sdssshape_{what}shape{comp}"
                columns[name] = np.full(n, value * (1 if what else 3), "f4")
    columns["y_sdssshape_psf_shape11"][-1] = np.nan
    write_table(root / "pdr3_dud_22.5.fits", Table(columns))
    found = {}
    for k, b in enumerate("grizy"):
        image = noise((PATCH_PIXELS, PATCH_PIXELS), k)
        mask = np.random.default_rng(20 + k).integers(0, 2**9, image.shape, dtype="i4")
        variance = np.abs(noise(image.shape, 30 + k))
        variance[:, 100] = np.nan
        variance[:, 101] = 0
        found[b] = (image, mask, variance)
        if b != band:
            name = f"HSC-{b.upper()}"
            path = root / name / "9813" / "4,2" / f"calexp-{name}-9813-4,2.fits"
            write_plain(path, None, image, mask, variance, wcs=wcs)
    return found


def write_mosaic(
    root: Path, name: str, sky: tuple[np.ndarray, np.ndarray], bands: Sequence[str], **cards: Any
) -> dict[str, np.ndarray]:
    """Write the catalogue and the images of a mosaic of the DAWN JWST Archive; return images.

    Pixels of short wavelengths are half as wide; those of exposure maps four times as wide.
    """
    ra, dec = sky
    n = len(ra)
    columns: dict[str, Any] = {
        "id": np.arange(1, n + 1), "ra": ra, "dec": dec, "mag_auto": np.full(n, 25.5),
        "flux_auto": np.full(n, 0.5), "fluxerr_auto": np.full(n, 0.01),
        "flux_radius": np.full(n, 7.5), "cxx_image": np.full(n, 0.25),
        "cyy_image": np.full(n, 0.5), "cxy_image": np.full(n, -0.125),
        **{f"{band}_flux_aper_0": np.ones(n) for band in bands},
    }  # fmt: skip
    columns["mag_auto"][-1] = 27.25  # fainter than most fields go
    columns["f444w_flux_aper_0"][-2] = columns["f356w_flux_aper_0"][-2] = -1
    columns["f277w_flux_aper_0"][-2] = columns["f200w_flux_aper_0"][-2] = np.nan
    write_table(root / f"{name}-fix_phot_apcorr.fits", Table(columns))
    found = {}
    for k, band in enumerate(bands):
        side, scale = (MOSAIC_PIXELS, 0.04) if band > "f27" else (2 * MOSAIC_PIXELS, 0.02)
        wcs = tan(214.9, 52.9, side, scale, turn_deg=30)
        science, weight = noise((side, side), k), np.abs(noise((side, side), 40 + k))
        science[:8], weight[:8] = np.nan, 0
        exposure = np.random.default_rng(60 + k).integers(800, 9000, (side // 4,) * 2, dtype="i4")
        scales = {"PHOTFNU": 1e-31, "PHOTMJSR": 2.5, "PHOTSCAL": 1.1, **cards}
        for kind, image, grid in (
            ("sci", science, wcs),
            ("wht", weight, wcs),
            ("exp", exposure, tan(214.9, 52.9, side // 4, 4 * scale, turn_deg=30)),
        ):
            own = {"BUNIT": "10.0*nanoJansky"} if kind == "sci" else {}
            path = root / f"{name}-{band}-clear_drc_{kind}.fits.gz"
            write_plain(path, image, wcs=grid, **scales, **own)
            found[f"{band}-{kind}"] = image
    return found


def write_chunks(
    root: Path, inds: Sequence[Sequence[int]], *, release: int = 9011, side: int = 152
) -> dict[int, Any]:
    """Write files of Stein et al.; return the images by the number in the file."""
    images = {}
    for number, own in enumerate(inds):
        n = len(own)
        first = 1_000_000 * number
        planes = noise((n, 3, side, side), 7 + number)
        columns = {
            "inds": np.array(own), "release": np.full(n, release),
            "ra": 10.0 + np.array(own) / 8, "dec": -5.0 - np.array(own) / 8,
            "brickid": np.array(own) + 500, "objid": np.array(own) + 7,
            "z_spec": np.where(np.arange(n) % 2, -99, 0.25).astype("f4"),
            "flux": np.arange(3 * n, dtype="f4").reshape(n, 3),
            "fiberflux": np.arange(3 * n, dtype="f4").reshape(n, 3) / 2,
            "psfdepth": np.arange(3 * n, dtype="f4").reshape(n, 3) * 4,
            "psfsize": np.tile(np.array([1.5, 1.25, 0], "f4"), (n, 1)),
            "ebv": np.full(n, 0.05, "f4"), "images": planes,
        }  # fmt: skip
        root.mkdir(parents=True, exist_ok=True)
        with h5py.File(root / f"images_npix152_{first:09d}_{first + 1_000_000:09d}.h5", "w") as f:
            for key, values in columns.items():
                f[key] = values
        for k, plane in zip(own, planes, strict=True):
            images.setdefault(k, plane)
    return images
