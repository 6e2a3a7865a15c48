"""Windows of images that nobody here made, against astropy: the origin of pixels, above all."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from astropy.convolution import Gaussian2DKernel, convolve_fft
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS

from astropile.errors import CellError
from astropile.readers import ReadOptions, WindowReader, open_reader

SharedData = Callable[[str], Path]
# Folder, pattern, images (HDU), seconds of arc of a pixel.
IMAGES = [
    ("legacysurvey", "*.fits.fz", 1, 0.262),
    ("decals_images", "*.fits", 1, 0.262),
    ("unwise_images", "*.fits", 0, 2.75),
    ("unwise_images", "*.fits.gz", 0, 2.75),
    ("sdss_photo", "frame-*.fits.bz2", 0, 0.396),
    ("twomass", "*.fits", 0, 5.0),
    ("hsc", "*.fits", 0, 0.168),
    ("hst", "*.fits", 0, 0.03),
]
SIZES = [(9, 9), (8, 12)]

pytestmark = pytest.mark.filterwarnings("ignore::astropy.utils.exceptions.AstropyWarning")


def cut(path: Path, names: list[str], ra: Any, dec: Any, size: tuple[int, int]) -> Any:
    """Cut windows with the reader."""
    with open_reader(path, "fits", ReadOptions(rows="cutout")) as reader:
        return cast("WindowReader", reader).read_windows(names, ra, dec, size)


def opened(path: Path, number: int) -> tuple[Any, WCS]:
    """Return an image and its WCS as astropy has them."""
    with fits.open(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.array(file[number].data), WCS(file[number].header).celestial


def sky_of(wcs: WCS, x: Any, y: Any) -> tuple[Any, Any]:
    """Return ICRS positions of pixels."""
    sky = SkyCoord(wcs.pixel_to_world(x, y)).icrs
    return sky.ra.deg, sky.dec.deg


@pytest.fixture(params=IMAGES, ids=lambda case: f"{case[0]}-{case[1]}")
def real(request: pytest.FixtureRequest, shared_data: SharedData) -> Any:
    """Return the files of a folder, the number of their image, and the pixel scale."""
    folder, pattern, number, scale = request.param
    paths = sorted(shared_data(folder).glob(pattern))
    assert paths
    return paths, number, scale


def test_windows_when_cut_from_real_images_then_as_cutout2d(real: Any) -> None:
    """Places all over the image, also beyond its borders, in every file of the folder."""
    paths, number, scale = real
    random = np.random.default_rng(1)
    for path in paths:
        image, wcs = opened(path, number)
        height, width = image.shape[-2:]
        pixel = np.sqrt(np.abs(np.linalg.det(wcs.pixel_scale_matrix))) * 3600
        assert pixel == pytest.approx(scale, rel=0.02)
        x, y = random.uniform(-3, width + 2, 40), random.uniform(-3, height + 2, 40)
        # Not on the edge of a pixel, where the last digit decides.
        x, y = (np.floor(v) + np.clip(v % 1, 0.05, 0.95) - 0.5 for v in (x, y))
        ra, dec = sky_of(wcs, x, y)
        for size in SIZES:
            found, inside = cut(path, [f"hdu{number}", "inside"], ra, dec, size)
            data = found[f"hdu{number}"].data
            fill = np.nan if data.dtype.kind == "f" else 0
            for i in range(40):
                place: Any = SkyCoord(ra[i], dec[i], unit="deg")
                assert wcs.world_to_pixel(place) == pytest.approx((x[i], y[i]), abs=1e-3)
                if size[0] % 2 == 0:
                    # Cutout2D rounds windows of even size by where in its pixel the place is.
                    place = (np.floor(x[i] + 0.5), np.floor(y[i] + 0.5))
                for plane, window in zip(
                    image.reshape(-1, height, width), data[i].reshape(-1, *size), strict=True
                ):
                    expected = Cutout2D(
                        plane, place, size, wcs=wcs, mode="partial", fill_value=fill
                    )
                    np.testing.assert_array_equal(window, expected.data)
            assert inside.tolist() == found["inside"].data.all(axis=(1, 2)).tolist()


def test_windows_when_stars_of_a_catalogue_are_cut_then_they_are_in_the_middle(
    shared_data: SharedData,
) -> None:
    """Positions and pixels come from different files of SDSS: nothing is off by one."""
    folder = shared_data("sdss_photo")
    stars = fits.getdata(folder / "photoObj-001000-1-0100.fits")
    path = folder / "frame-r-001000-1-0100.fits.bz2"
    found, inside = cut(path, ["hdu0"], stars["RA"], stars["DEC"], (5, 5))
    assert inside.sum() == 3
    windows = found["hdu0"].data[inside]
    # Centroids of the light over the darkest pixel; the middle is pixel 2.
    light = windows - windows.min(axis=(1, 2), keepdims=True)
    y, x = np.indices((5, 5))
    total = light.sum(axis=(1, 2))
    for axis in (y, x):
        assert np.abs((light * axis).sum(axis=(1, 2)) / total - 2).max() < 0.8


def test_windows_when_hsc_and_hst_show_one_sky_then_the_same_galaxies(
    shared_data: SharedData,
) -> None:
    """The middle of the HST image, found in the HSC cube by its position alone."""
    hsc, hst = shared_data("hsc") / "Cut_HSC.fits", shared_data("hst") / "Cut_HST.fits"
    _, wcs = opened(hst, 0)
    ra, dec = sky_of(wcs, np.array([124.5]), np.array([124.5]))
    sharp, whole = cut(hst, ["hdu0"], ra, dec, (195, 195))
    wide, inside = cut(hsc, ["hdu0"], ra, dec, (35, 35))
    assert whole.all()
    assert inside.all()
    # 195 pixels of 0.03 arcsec are 34.8 of 0.168, and the air blurs by about 0.7.
    rows = np.linspace(0, 195, 36).round().astype(int)
    blurred = convolve_fft(sharp["hdu0"].data[0], Gaussian2DKernel(0.3 / 0.03))
    blurred = np.add.reduceat(np.add.reduceat(blurred, rows[:-1], 0), rows[:-1], 1)
    seen = wide["hdu0"].data[0, 2, 6:-6, 6:-6].ravel()
    steps = range(-4, 5)
    alike = [
        (np.corrcoef(np.roll(blurred, (i, j), (0, 1))[6:-6, 6:-6].ravel(), seen)[0, 1], i, j)
        for i in steps
        for j in steps
    ]
    best, *shift = max(alike)
    assert best > 0.95
    assert np.abs(shift).max() <= 1


def test_windows_when_spectra_are_images_then_no_celestial_wcs(shared_data: SharedData) -> None:
    """A slit of JWST is no part of the sky; the error says which unit and what is missing."""
    path = next(shared_data("jwst").glob("jw*.fits"))
    with pytest.raises(CellError, match=r"HDU 1 \(SCI\): no celestial WCS: CTYPE1") as caught:
        cut(path, ["SCI"], np.zeros(1), np.zeros(1), (3, 3))
    assert path.name in str(caught.value)


def test_windows_when_the_catalogue_covers_the_sky_then_only_those_in_the_image(
    shared_data: SharedData,
) -> None:
    """Positions of the whole sky against a TAN image: as by distance."""
    path = shared_data("twomass") / "gc_2mass_j.fits"
    random = np.random.default_rng(5)
    ra = random.uniform(0, 360, 200_000)
    dec = np.degrees(np.arcsin(random.uniform(-1, 1, 200_000)))
    ra[:100], dec[:100] = 266.4 + random.uniform(-0.05, 0.05, 100), -28.93
    _, inside = cut(path, ["inside"], ra, dec, (1, 1))
    near = SkyCoord(ra, dec, unit="deg").separation(SkyCoord(266.4, -28.93333, unit="deg")).deg
    assert inside[:100].all()
    assert near[inside].max() < np.hypot(361, 360) * 5 / 3600
