"""Real images, cut by YAML alone: stars in the middle, windows at the edge, faulty files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table, vstack
from astropy.wcs import WCS

from astropile.errors import CorruptFileError, LeafError
from tests.schemas.raw.mosaics import brightest, opened, window, write_packed

Read = Callable[..., Any]
SharedData = Callable[[str], Path]
pytestmark = pytest.mark.filterwarnings("ignore::astropy.utils.exceptions.AstropyWarning")


def write_places(
    root: Path, wcs: WCS, x: Sequence[float], y: Sequence[float], **columns: str
) -> None:
    """Write a catalogue of ICRS positions of pixels; further columns have one value."""
    sky = SkyCoord(wcs.pixel_to_world(np.array(x), np.array(y))).icrs
    rows = [",".join(["name", "ra", "dec", *columns])]
    for k, (ra, dec) in enumerate(zip(sky.ra.deg, sky.dec.deg, strict=True)):
        rows.append(",".join([f"p{k}", repr(float(ra)), repr(float(dec)), *columns.values()]))
    (root / "places.csv").write_text("\n".join(rows) + "\n")


def links(root: Path, folder: Path, pattern: str) -> list[Path]:
    """Copy files of a folder."""
    paths = sorted(folder.glob(pattern))
    assert paths
    for path in paths:
        (root / path.name).write_bytes(path.read_bytes())
    return paths


def values(row: dict[str, Any], block: str, field: str = "flux") -> np.ndarray:
    """Return an array of an Example; what is null is NaN."""
    return np.array(row[block][field], dtype=float)


# --- Legacy Surveys -------------------------------------------------------------------------------


def test_sweeps_and_tractor_when_stacked_then_rows_of_both(
    examples: Read, shared_data: SharedData, tmp_path: Path
) -> None:
    """Two releases that name shapes differently; some objects are in several files."""
    paths = links(tmp_path, shared_data("legacysurvey"), "sweep-*.fits")
    paths += links(tmp_path, shared_data("desi_x_legacysurvey"), "tractor-*.fits")
    paths += links(tmp_path, shared_data("legacysurvey"), "tractor-*.fits")
    found = examples("legacy_catalogue")
    expected: dict[str, Any] = {}
    for path in paths:
        for row in fits.getdata(path, 1):
            number = f"{row['RELEASE']}-{row['BRICKID']}-{row['OBJID']}"
            expected.setdefault(number, row)
    assert found.column("object_id") == list(expected)
    for row, truth in zip(found.rows, expected.values(), strict=True):
        for name in ("FLUX_G", "FLUX_W4", "FLUX_IVAR_Z", "EBV", "RA", "DEC"):
            assert row[name] == truth[name], name
        assert row["TYPE"] == truth["TYPE"].strip()
        if "SHAPE_R" in truth.array.names:
            radius = truth["SHAPE_R"]
        else:
            radius = max(truth["SHAPEDEV_R"], truth["SHAPEEXP_R"])
        assert truth["TYPE"].strip() == "COMP" or row["SHAPE_R"] == radius
    assert {row["TYPE"] for row in found.rows} >= {"PSF", "REX"}


def test_brick_when_only_one_band_is_there_then_one_plane(
    examples: Read, shared_data: SharedData, tmp_path: Path
) -> None:
    """Stars of a real brick lie in the middle; the last place is too near its edge."""
    name = "legacysurvey-0959p805-{}-z.fits.fz"
    links(tmp_path, shared_data("legacysurvey"), "*.fits.fz")
    image, wcs = opened(tmp_path / name.format("image"), 1)
    weight, _ = opened(tmp_path / name.format("invvar"), 1)
    stars = brightest(image, 20, 5, 40)
    x, y = [*(star[0] + 0.3 for star in stars), 10], [*(star[1] - 0.4 for star in stars), 2000]
    write_places(tmp_path, wcs, x, y, brick="0959p805")
    found = examples("legacy_brick")
    assert found.column("object_id") == [f"p{k}" for k in range(5)]
    assert found.rejects.counts() == {"edge": 1}
    for k, row in enumerate(found.rows):
        assert row["image"]["band"] == ["z"]
        flux = values(row, "image")
        assert flux.shape == (1, 21, 31)
        np.testing.assert_array_equal(flux[0], window(image, x[k], y[k], (21, 31)))
        np.testing.assert_array_equal(
            values(row, "image", "ivar")[0], window(weight, x[k], y[k], (21, 31))
        )
        assert np.unravel_index(np.argmax(flux[0]), (21, 31)) == (10, 15)


def test_brick_when_its_unit_contradicts_then_error_with_both(
    examples: Read, shared_data: SharedData, tmp_path: Path
) -> None:
    image, wcs = opened(shared_data("legacysurvey") / "legacysurvey-0959p805-image-z.fits.fz", 1)
    write_places(tmp_path, wcs, [150.0], [150.0], brick="b")
    for kind, unit in (("image", "uJy"), ("invvar", "1/nanomaggy^2")):
        write_packed(
            tmp_path / f"legacysurvey-b-{kind}-z.fits.fz", image[:300, :300], wcs, BUNIT=unit
        )
    with pytest.raises(LeafError, match=r"'hdu1' is in 'uJy' by the file") as caught:
        examples("legacy_brick")
    for part in (
        "'nanomaggy' by the YAML",
        "legacysurvey-b-image-z.fits.fz",
        "0.275",
        "image.flux",
    ):
        assert part in str(caught.value)


# --- DECam ----------------------------------------------------------------------------------------


@pytest.fixture
def exposures(shared_data: SharedData, tmp_path: Path) -> dict[tuple[str, str], Path]:
    """Nine real files beside the stars of Gaia around them, by kind and band."""
    links(tmp_path, shared_data("gaia_legacypipe"), "chunk-*.fits")
    paths = links(tmp_path, shared_data("decals_images"), "*.fits")
    return {(path.name[18:21], path.name[22]): path for path in paths}


def near_stars(exposures: dict[tuple[str, str], Path], margin: float) -> dict[str, Any]:
    """Return by id the pixels, in each band, of the stars that lie so far inside of all images."""
    folder = next(iter(exposures.values())).parents[1] / "gaia_legacypipe"
    stars = vstack([Table.read(path, hdu=1) for path in sorted(folder.glob("*.fits"))])
    stars = stars[np.hypot(stars["ra"] - 110.312, stars["dec"] - 23.92) < 0.015]
    near, places = np.ones(len(stars), dtype=bool), {}
    for band in "grz":
        image, wcs = opened(exposures["ooi", band], 1)
        places[band] = np.array(wcs.all_world2pix(stars["ra"], stars["dec"], 0, quiet=True))
        low, high = margin - 0.5, np.array(image.shape)[:, None] - 0.5 - margin
        near &= ((places[band] > low) & (places[band] < high)).all(axis=0)
    ids = [str(number) for number in stars["source_id"]]
    return {ids[k]: {b: places[b][:, k] for b in "grz"} for k in np.flatnonzero(near)}


def test_decam_when_edges_are_dropped_then_whole_windows(
    examples: Read, exposures: dict[tuple[str, str], Path]
) -> None:
    """TPV, one CCD an extension, three nights whose pixels do not match."""
    expected = near_stars(exposures, 20)
    found = examples("decam_field", "drop", config="whole")
    assert found.column("object_id") == list(expected) != []
    assert set(found.rejects.counts()) == {"edge"}
    for row, place in zip(found.rows, expected.values(), strict=True):
        for k, band in enumerate("grz"):
            for field, kind in (("flux", "ooi"), ("ivar", "oow"), ("quality", "ood")):
                image, _ = opened(exposures[kind, band], 1)
                np.testing.assert_array_equal(
                    values(row, "image", field)[k], window(image, *place[band], (41, 41))
                )
            quality = values(row, "image", "quality")[k]
            np.testing.assert_array_equal(values(row, "image", "mask")[k], quality == 0)
            assert quality[20, 20] == 3  # a star of magnitude 10 is saturated
            seconds = fits.getheader(exposures["ooi", band])["EXPTIME"]
            assert row["image"]["exposure_time"][k] == pytest.approx(seconds)


def test_decam_when_edges_are_filled_then_nothing_there(
    examples: Read, exposures: dict[tuple[str, str], Path]
) -> None:
    """Stars of which a part of the window, or all of it, is outside."""
    whole = near_stars(exposures, 20)
    found = examples("decam_field", "fill", config="cut")
    assert len(found.rejects) == 0
    assert len(found.rows) > len(whole)
    places = near_stars(exposures, -1e6)
    assert set(found.column("object_id")) == set(places)
    for row in found.rows:
        for k, band in enumerate("grz"):
            image, _ = opened(exposures["ooi", band], 1)
            framed = np.pad(image, 500, constant_values=np.nan)
            x, y = places[row["object_id"]][band] + 500
            expected = window(framed, x, y, (41, 41))
            np.testing.assert_array_equal(values(row, "image")[k], expected)
            outside = np.isnan(expected)
            assert not values(row, "image", "mask")[k][outside].any()
            assert not values(row, "image", "quality")[k][outside].any()


# --- HSC and HST ----------------------------------------------------------------------------------


def test_ground_and_space_when_cut_at_one_place_then_one_object_in_the_middle(
    examples: Read, shared_data: SharedData, tmp_path: Path
) -> None:
    """Places from the HST image alone; the same objects are in the middle of the HSC cube.

    Of these four one lies on the flank of a brighter one as seen from the ground.
    """
    links(tmp_path, shared_data("hsc"), "Cut_HSC.fits")
    links(tmp_path, shared_data("hst"), "Cut_HST.fits")
    sharp, space = opened(tmp_path / "Cut_HST.fits", 0)
    wide, ground = opened(tmp_path / "Cut_HSC.fits", 0)
    objects = brightest(sharp, 40, 4, 20)
    x, y = ([float(place[axis]) for place in objects] for axis in (0, 1))
    write_places(tmp_path, space, x, y)
    found = examples("hsc_hst")
    assert found.column("object_id") == ["p0", "p1", "p2", "p3"]
    in_middle = 0
    for k, row in enumerate(found.rows):
        near, far = values(row, "hst"), values(row, "hsc")
        np.testing.assert_array_equal(near, window(sharp, x[k], y[k], (31, 31)))
        place = SkyCoord(space.pixel_to_world(x[k], y[k]))
        assert far.shape == (5, 9, 9)
        np.testing.assert_array_equal(far, window(wide, *ground.world_to_pixel(place), (9, 9)))
        assert np.unravel_index(np.argmax(near), (31, 31)) == (15, 15)
        peak = np.unravel_index(np.argmax(far.sum(axis=0)), (9, 9))
        in_middle += np.abs(np.array(peak) - 4).max() <= 1
    assert in_middle == 3


def test_scene_when_without_coordinates_then_kept_without_place(
    examples: Read, shared_data: SharedData, tmp_path: Path
) -> None:
    """Detections are pixels of the images; the brightest of each lies where they say."""
    (path,) = links(tmp_path, shared_data("hsc"), "*.npz")
    (row,) = examples("hsc_scene").rows
    arrays = np.load(path)
    assert (row["object_id"], row["ra"], row["dec"]) == ("hsc_cosmos_35", None, None)
    np.testing.assert_array_equal(values(row, "image"), arrays["images"])
    np.testing.assert_allclose(values(row, "image", "ivar"), 1 / arrays["variance"], rtol=1e-6)
    np.testing.assert_array_equal(values(row, "image", "mask_bits"), arrays["mask"])
    np.testing.assert_allclose(values(row, "psf"), arrays["psfs"], rtol=1e-6, atol=1e-30)
    assert row["peaks"]["x"] == arrays["catalog"]["x"].tolist()
    assert row["peaks"]["y"] == arrays["catalog"]["y"].tolist()
    light = values(row, "image").sum(axis=0)
    peaks = np.stack([row["peaks"]["y"], row["peaks"]["x"]], axis=1).astype(int)
    for y, x in peaks[:4]:  # those that noise does not move
        assert light[y, x] == light[y - 2 : y + 3, x - 2 : x + 3].max()


# --- 2MASS, unWISE, SDSS --------------------------------------------------------------------------


def test_twomass_when_stars_are_cut_then_in_the_middle_of_all_bands(
    examples: Read, shared_data: SharedData, tmp_path: Path
) -> None:
    """Scaled whole numbers, CDELT without a matrix, FK5 by EQUINOX."""
    links(tmp_path, shared_data("twomass"), "gc_2mass_*.fits")
    image, wcs = opened(tmp_path / "gc_2mass_h.fits", 0)
    stars = brightest(image, 20, 12, 30)
    write_places(tmp_path, wcs, *zip(*stars, strict=True))
    found = examples("twomass_images")
    assert len(found.rows) == 12
    peaks = np.zeros(3)
    for row, place in zip(found.rows, stars, strict=True):
        for k, letter in enumerate("jhk"):
            plane, _ = opened(tmp_path / f"gc_2mass_{letter}.fits", 0)
            flux = values(row, "image")[k]
            np.testing.assert_array_equal(flux, window(plane, *place, (15, 15)))
            peaks[k] += np.unravel_index(np.argmax(flux), flux.shape) == (7, 7)
        assert row["image"]["zero_point"] == pytest.approx([20.9044, 20.4871, 19.9757], abs=1)
    assert peaks[1] == 12
    assert peaks.min() >= 6  # the same stars in the other bands


def test_unwise_when_windows_reach_over_the_tile_then_filled(
    examples: Read, shared_data: SharedData, tmp_path: Path
) -> None:
    """Files with and without compression; whole numbers are 0 outside, and the mask says so."""
    links(tmp_path, shared_data("unwise_images"), "unwise-*")
    image, wcs = opened(tmp_path / "unwise-1866p257-w1-img-m.fits", 0)
    x, y = [12.2, 1.4, 23], [11.7, 20.1, 2]
    write_places(tmp_path, wcs, x, y, tile="1866p257")
    found = examples("unwise_stamps")
    assert len(found.rows) == 3
    for k, row in enumerate(found.rows):
        for place, band in enumerate(("w1", "w2", "w3", "w4")):
            for field, kind, outside in (
                ("flux", "img-m.fits", np.nan), ("ivar", "invvar-m.fits.gz", 0),
                ("coverage", "n-m.fits.gz", 0), ("all_coverage", "n-u.fits.gz", 0),
            ):  # fmt: skip
                plane, _ = opened(tmp_path / f"unwise-1866p257-{band}-{kind}", 0)
                expected = window(
                    np.pad(plane, 10, constant_values=outside), x[k] + 10, y[k] + 10, (9, 9)
                )
                np.testing.assert_array_equal(values(row, "image", field)[place], expected)
        inside = window(np.pad(np.ones(image.shape), 10), x[k] + 10, y[k] + 10, (9, 9)) == 1
        np.testing.assert_array_equal(values(row, "image", "mask"), [inside] * 4)
        assert not values(row, "image", "mask_bits").any()
    assert values(found.rows[0], "image", "mask").all()


def test_sdss_when_objects_of_photoobj_are_cut_then_in_the_middle(
    examples: Read, shared_data: SharedData, tmp_path: Path
) -> None:
    """Positions and pixels of two files; photo counts pixels from their corner."""
    links(tmp_path, shared_data("sdss_photo"), "frame-*")
    (path,) = links(tmp_path, shared_data("sdss_photo"), "photoObj-*")
    found = examples("sdss_frame")
    image, wcs = opened(tmp_path / "frame-r-001000-1-0100.fits.bz2", 0)
    stars = fits.getdata(path, 1)
    x, y = wcs.all_world2pix(stars["RA"], stars["DEC"], 0)
    inside = np.flatnonzero((x >= 4.5) & (x < 94.5) & (y >= 4.5) & (y < 94.5))
    assert found.column("object_id") == [stars["OBJID"][k].strip() for k in inside] != []
    assert found.rejects.counts() == {"edge": len(stars) - len(inside)}
    for row, k in zip(found.rows, inside, strict=True):
        np.testing.assert_array_equal(values(row, "image")[0], window(image, x[k], y[k], (11, 11)))
        assert (row["psfflux_r"], row["rowc_r"]) == (stars["PSFFLUX"][k, 2], stars["ROWC"][k, 2])
    bright = max(found.rows, key=lambda row: row["psfflux_r"])
    # The projection of a frame is good to half a pixel: so far do its pixels differ from photo's.
    flux = np.array(bright["image"]["flux"][0])
    assert np.abs(np.array(np.unravel_index(np.argmax(flux), (11, 11))) - 5).max() <= 1
    # A frame is in nanomaggies: most of the light of a star is in the window.
    assert 0.6 < flux.sum() / bright["psfflux_r"] < 1.05


@pytest.mark.parametrize(
    ("cards", "told"),
    [
        ({"CD1_1": 0.0, "CD1_2": 0.0}, "the WCS has no inverse"),
        ({"CTYPE1": "RA---XYZ", "CTYPE2": "DEC--XYZ"}, "no WCS can be built"),
    ],
    ids=["singular", "unknown"],
)
def test_sdss_when_its_wcs_is_broken_then_error_with_file_and_hdu(
    cards: dict[str, Any], told: str, examples: Read, shared_data: SharedData, tmp_path: Path
) -> None:
    links(tmp_path, shared_data("sdss_photo"), "photoObj-*")
    name = "frame-r-001000-1-0100.fits"
    with fits.open(shared_data("sdss_photo") / f"{name}.bz2") as hdus:
        hdus[0].header.update(cards)
        hdus.writeto(tmp_path / f"{name}.bz2")
    with pytest.raises(CorruptFileError, match=told) as caught:
        examples("sdss_frame")
    assert f"{name}.bz2" in str(caught.value)
    assert "HDU 0" in str(caught.value)
