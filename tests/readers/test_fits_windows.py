"""Windows of FITS images by position: a star lands in the pixel (ny // 2, nx // 2)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import Cutout2D, NoOverlapError
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st

from astropile.errors import CellError, CorruptFileError, UnsafeFileError, UsageError
from astropile.readers import Column, ReadOptions, WindowReader, open_reader

NewPath = Callable[[str], Path]
SHAPE = (61, 83)
# (right ascension, declination) of the middle of an image.
PLACES = [
    (0.0, 0.0),
    (359.9999, 12.0),
    (0.0001, -45.0),
    (180.0, 89.9999),
    (77.0, -90.0),
    (266, -29),
]


def celestial(
    ra: float, dec: float, *, angle_deg: float = 0.0, scale: float = 0.4, kind: str = "TAN"
) -> fits.Header:
    """Return the header of an image of SHAPE around a place, pixels of ``scale`` arcsec."""
    cos, sin = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    step = scale / 3600
    cards: dict[str, Any] = {"CTYPE1": f"RA---{kind}", "CTYPE2": f"DEC--{kind}"}
    cards |= {"CRVAL1": ra, "CRVAL2": dec, "CRPIX1": 41.3, "CRPIX2": 28.6, "RADESYS": "ICRS"}
    cards |= {"CD1_1": -step * cos, "CD1_2": step * sin, "CD2_1": step * sin, "CD2_2": step * cos}
    return fits.Header(cards)


def distorted(header: fits.Header, how: str) -> fits.Header:
    """Add a distortion of some pixels at the borders."""
    if how == "TPV":
        header["CTYPE1"], header["CTYPE2"] = "RA---TPV", "DEC--TPV"
        for axis in (1, 2):
            header[f"PV{axis}_0"], header[f"PV{axis}_1"], header[f"PV{axis}_2"] = 1e-5, 1.001, 2e-3
            header[f"PV{axis}_4"], header[f"PV{axis}_7"] = 3.0, 20.0
    elif how == "SIP":
        header["CTYPE1"], header["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
        header["A_ORDER"], header["B_ORDER"] = 2, 2
        header["A_2_0"], header["A_1_1"], header["B_0_2"] = 1.5e-3, -6e-4, 1.2e-3
    elif how == "ZPN":
        header["CTYPE1"], header["CTYPE2"] = "RA---ZPN", "DEC--ZPN"
        header["PV2_1"], header["PV2_3"] = 1.0, 42.0
    return header


def write(path: Path, *units: fits.ImageHDU | fits.CompImageHDU) -> Path:
    """Write images behind an empty primary unit."""
    fits.HDUList([fits.PrimaryHDU(), *units]).writeto(path, overwrite=True)
    return path


def windows(
    path: Path, names: list[str], ra: Any, dec: Any, size: tuple[int, int]
) -> tuple[dict[str, Column], Any]:
    """Cut windows out of a file."""
    with open_reader(path, "fits", ReadOptions(rows="cutout")) as reader:
        ra, dec = np.atleast_1d(ra).astype(float), np.atleast_1d(dec).astype(float)
        return cast("WindowReader", reader).read_windows(names, ra, dec, size)


def on_sky(header: fits.Header, x: Any, y: Any) -> tuple[Any, Any]:
    """Return the position of places in pixels counted from 0."""
    ra, dec = WCS(header).all_pix2world(np.atleast_1d(x), np.atleast_1d(y), 0)
    return ra, dec


@given(
    place=st.sampled_from(PLACES),
    angle=st.floats(0, 360),
    how=st.sampled_from(["TAN", "TPV", "SIP", "ZPN"]),
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    x=st.integers(0, SHAPE[1] - 1),
    y=st.integers(0, SHAPE[0] - 1),
    inner=st.tuples(st.floats(-0.49, 0.49), st.floats(-0.49, 0.49)),
)
def test_windows_when_a_star_is_drawn_then_it_is_the_central_pixel(
    place: tuple[float, float],
    angle: float,
    how: str,
    size: tuple[int, int],
    x: int,
    y: int,
    inner: tuple[float, float],
    new_path: NewPath,
) -> None:
    """Wherever in its pixel it stands, at RA 0, at poles, under every turn and distortion."""
    header = distorted(celestial(*place, angle_deg=angle), how)
    image = np.zeros(SHAPE, "f4")
    image[y, x] = 1
    ra, dec = on_sky(header, x + inner[0], y + inner[1])
    path = write(new_path(".fits"), fits.ImageHDU(image, header, name="SCI"))
    found, inside = windows(path, ["SCI", "inside"], ra, dec, size)
    ny, nx = size
    window = found["SCI"].data[0]
    assert window.shape == size
    assert window[ny // 2, nx // 2] == 1
    assert np.nansum(window) == 1
    np.testing.assert_array_equal(found["inside"].data[0], ~np.isnan(window))
    low, left = y - ny // 2, x - nx // 2
    whole = low >= 0 and left >= 0 and low + ny <= SHAPE[0] and left + nx <= SHAPE[1]
    assert inside.tolist() == [whole]


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i4", "f4", "f8"])
@pytest.mark.parametrize("kind", ["plain", "RICE_1", "GZIP_2", "square tiles", "gzip"])
def test_windows_when_many_then_each_as_cutout2d(kind: str, dtype: str, new_path: NewPath) -> None:
    """Odd and even sizes, over the borders, and off the image; plain and compressed."""
    random = np.random.default_rng(3)
    values = random.integers(1, 200, SHAPE).astype(dtype)
    header = celestial(10.0, 20.0, angle_deg=33)
    unit: Any = fits.ImageHDU(values, header)
    if kind not in ("plain", "gzip"):
        method = "RICE_1" if kind == "square tiles" else kind
        tile = (16, 16) if kind == "square tiles" else None
        if np.dtype(dtype).kind == "f":
            method = "GZIP_2"
        unit = fits.CompImageHDU(
            values, header, compression_type=method, tile_shape=tile, quantize_level=0
        )
    path = write(new_path(".fits.gz" if kind == "gzip" else ".fits"), unit)
    x, y = random.uniform(-8, SHAPE[1] + 8, 60), random.uniform(-8, SHAPE[0] + 8, 60)
    ra, dec = on_sky(header, x, y)
    for size in ((8, 8), (7, 10)):
        found, inside = windows(path, ["hdu1", "inside"], ra, dec, size)
        column = found["hdu1"]
        assert column.data.dtype == np.dtype(dtype)
        for i in range(60):
            middle = (np.floor(x[i] + 0.5), np.floor(y[i] + 0.5))
            expected = np.full(size, np.nan if np.dtype(dtype).kind == "f" else 0, dtype)
            seen = np.zeros(size, bool)
            try:
                cut = Cutout2D(values, middle, size, mode="partial", fill_value=expected[0, 0])
                (y0, y1), (x0, x1) = cut.bbox_cutout
                seen[y0 : y1 + 1, x0 : x1 + 1] = True
                expected = cut.data
            except NoOverlapError:
                pass
            # Cutout2D has the pixel of the position at the same place: n // 2.
            np.testing.assert_array_equal(column.data[i], expected)
            np.testing.assert_array_equal(found["inside"].data[i], seen)
            assert inside[i] == seen.all()


@pytest.mark.parametrize("how", ["TAN", "TPV", "SIP", "ZPN"])
def test_windows_when_positions_are_elsewhere_then_none_is_inside(
    how: str, new_path: NewPath
) -> None:
    """The other side of the sky is degenerate in TAN, and polynomials answer anything."""
    header = distorted(celestial(40.0, 30.0), how)
    path = write(new_path(".fits"), fits.ImageHDU(np.ones(SHAPE, "f4"), header, name="SCI"))
    random = np.random.default_rng(0)
    ra = np.r_[220.0, 40.0, random.uniform(0, 360, 500), np.nan, 40.0, 40.0, np.inf]
    dec = np.r_[-30.0, -60.0, np.degrees(np.arcsin(random.uniform(-1, 1, 500))), 30, np.nan, 95, 0]
    found, inside = windows(path, ["SCI", "inside"], ra, dec, (5, 5))
    assert not inside.any()
    assert not found["inside"].data.any()
    assert np.isnan(found["SCI"].data).all()
    assert windows(path, ["SCI"], 40.0, 30.0, (5, 5))[1].all()


def test_windows_when_the_antipode_of_a_whole_image_then_no_window(new_path: NewPath) -> None:
    """A TAN image of 60 degrees, and every position of the opposite side."""
    header = celestial(0.0, 0.0, scale=3600.0)
    path = write(new_path(".fits"), fits.ImageHDU(np.ones(SHAPE, "f4"), header, name="SCI"))
    ra, dec = np.meshgrid(np.arange(95, 266, 5.0), np.arange(-85, 86, 5.0))
    _, inside = windows(path, ["SCI"], ra.ravel(), dec.ravel(), (1, 1))
    assert not inside.any()


@pytest.mark.parametrize("frame", ["FK5", "FK4", "galactic", "swapped axes"])
def test_windows_when_the_wcs_has_another_frame_then_as_astropy(
    frame: str, new_path: NewPath
) -> None:
    """Positions are ICRS; astropy turns them into the frame of the header."""
    from astropy.coordinates import SkyCoord

    header = celestial(83.0, -5.0)
    if frame == "FK4":
        header["RADESYS"], header["EQUINOX"] = "FK4", 1950.0
    elif frame == "FK5":
        header["RADESYS"], header["EQUINOX"] = "FK5", 1975.0
    elif frame == "galactic":
        header["CTYPE1"], header["CTYPE2"] = "GLON-TAN", "GLAT-TAN"
    else:
        header["CTYPE1"], header["CTYPE2"] = "DEC--TAN", "RA---TAN"
        header["CRVAL1"], header["CRVAL2"] = -5.0, 83.0
    path = write(new_path(".fits"), fits.ImageHDU(np.arange(61 * 83.0).reshape(SHAPE), header))
    wcs = WCS(header)
    sky = SkyCoord(wcs.pixel_to_world(np.array([40.2, 7.0, 70]), np.array([30.3, 9.9, 50]))).icrs
    found, inside = windows(path, ["hdu1"], sky.ra.deg, sky.dec.deg, (1, 1))
    assert inside.all()
    assert found["hdu1"].data[:, 0, 0].tolist() == [30 * 83 + 40, 10 * 83 + 7, 50 * 83 + 70]


def test_windows_when_an_image_has_planes_then_all_of_each(new_path: NewPath) -> None:
    """[plane, y, x] with a WCS of two axes, or with a third of wavelength."""
    cube = np.arange(3 * 61 * 83, dtype="f8").reshape(3, *SHAPE)
    header = celestial(5.0, 5.0)
    spectral = header.copy()
    spectral["CTYPE3"], spectral["CRVAL3"], spectral["CRPIX3"] = "WAVE", 5e-7, 1.0
    spectral["CD3_3"], spectral["CUNIT3"] = 1e-9, "m"
    packed = fits.CompImageHDU(cube.astype("i4"), header, name="PACKED", tile_shape=(1, 16, 16))
    units = [fits.ImageHDU(cube, header, name="A"), fits.ImageHDU(cube, spectral, name="B"), packed]
    path = write(new_path(".fits"), *units)
    ra, dec = on_sky(header, [20.0, 82.0], [30.0, 0.0])
    found, inside = windows(path, ["A", "B", "PACKED"], ra, dec, (4, 6))
    assert inside.tolist() == [True, False]
    for column in found.values():
        assert column.data.shape == (2, 3, 4, 6)
        np.testing.assert_array_equal(column.data[0], cube[:, 28:32, 17:23])
        np.testing.assert_array_equal(column.data[1][:, 2:, :4], cube[:, :2, 79:83])
    assert np.isnan(found["A"].data[1, :, :2]).all()
    assert (found["PACKED"].data[1, :, :2] == 0).all()


def test_windows_when_pixels_are_scaled_or_blank_then_as_images_are_read(
    new_path: NewPath, rows_of: Any
) -> None:
    """Blank integers are holes, scaled ones NaN; 0 outside of the image is no hole."""
    values = np.array([[1, -9, 3], [4, 5, 6]], "i2")
    path = new_path(".fits")
    units: list[Any] = [fits.ImageHDU(values, celestial(1, 1), name=n) for n in ("INT", "SCALED")]
    units.append(fits.CompImageHDU(values, celestial(1, 1), name="PACKED"))
    for unit in units:
        unit.header["CRPIX1"] = unit.header["CRPIX2"] = 1.0
        unit.header["BLANK"] = -9
    write(path, *units)
    fits.setval(path, "BSCALE", value=0.5, ext=2)
    found, inside = windows(path, ["INT", "SCALED", "PACKED"], [1.0], [1.0], (3, 3))
    assert not inside.any()
    expected = [[[0, 0, 0], [0, 1, None], [0, 4, 5]]]
    assert rows_of(found["INT"]) == expected
    assert rows_of(found["PACKED"]) == expected
    none = [None, None, None]
    assert rows_of(found["SCALED"]) == [[none, [None, 0.5, None], [None, 2.0, 2.5]]]


def test_windows_when_images_differ_then_inside_is_of_all(new_path: NewPath) -> None:
    """Each image has a WCS of its own; cards come once a row."""
    small = celestial(10.0, 0.0)
    small["CRPIX1"] -= 30
    units = [
        fits.ImageHDU(np.ones(SHAPE, "f4"), celestial(10.0, 0.0), name="A"),
        fits.ImageHDU(np.ones((61, 40), "f4"), small, name="B"),
    ]
    units[0].header["EXPTIME"] = 30.0
    path = write(new_path(".fits"), *units)
    ra, dec = on_sky(celestial(10.0, 0.0), [40.0, 30.0, 5.0], [30.0, 30.0, 30.0])
    found, inside = windows(path, ["A", "B", "A@EXPTIME", "inside"], ra, dec, (5, 5))
    assert inside.tolist() == [True, False, False]
    assert np.isnan(found["B"].data[1]).sum() == 10
    assert (found["inside"].data == ~np.isnan(found["B"].data)).all()
    assert found["A@EXPTIME"].data.tolist() == [30.0] * 3
    alone, inside = windows(path, ["inside"], ra, dec, (5, 5))
    assert inside.tolist() == [True, True, True]
    assert alone["inside"].data.all()


def test_windows_when_an_image_has_no_wcs_then_that_of_its_like(new_path: NewPath) -> None:
    """Errors and weights of many pipelines have none; another shape does not count."""
    values = np.arange(61 * 83.0).reshape(SHAPE)
    units = [
        fits.ImageHDU(np.ones((9, 9)), celestial(99.0, 9.0), name="PSF"),
        fits.ImageHDU(values, celestial(10.0, 0.0), name="SCI"),
        fits.ImageHDU(-values, name="ERR"),
        fits.ImageHDU(np.ones((3, 3)), name="OTHER"),
    ]
    path = write(new_path(".fits"), *units)
    found, inside = windows(path, ["SCI", "ERR"], 10.0, 0.0, (3, 3))
    assert inside.all()
    np.testing.assert_array_equal(found["SCI"].data, -found["ERR"].data)
    with pytest.raises(CellError, match=r"HDU 4 \(OTHER\): no celestial WCS: CTYPE1, CTYPE2"):
        windows(path, ["OTHER"], 10.0, 0.0, (3, 3))


@pytest.mark.parametrize(
    ("cards", "error", "message"),
    [
        ({"CTYPE1": "LINEAR", "CTYPE2": "LINEAR"}, CellError, "no celestial WCS: the first two"),
        ({"CTYPE1": "WAVE", "CUNIT1": "m"}, CorruptFileError, "no WCS can be built"),
        ({"CD1_1": 0.0, "CD2_1": 0.0}, CorruptFileError, "the WCS has no inverse.*singular"),
        (
            {**dict.fromkeys(("CD1_1", "CD1_2", "CD2_1", "CD2_2")), "CDELT1": 0.0, "CDELT2": 1e-4},
            CorruptFileError,
            "the WCS has no inverse.*singular",
        ),
        ({"CRVAL1": None}, CellError, "no celestial WCS: CRVAL1 missing"),
        ({"CRPIX2": None}, CellError, "no celestial WCS: CRPIX2 missing"),
        (dict.fromkeys(("CD1_1", "CD1_2", "CD2_1", "CD2_2")), CellError, "CDELT1 or CD1_1"),
        ({"CTYPE1": "RA---XYZ", "CTYPE2": "DEC--XYZ"}, CorruptFileError, "no WCS can be built"),
        ({"CTYPE1": "TLON-TAN", "CTYPE2": "TLAT-TAN"}, CellError, "the frame|no frame"),
        ({"CTYPE1": "RA---TAN", "CTYPE2": "RA---TAN"}, CorruptFileError, "no WCS can be built"),
        ({"CRVAL1": "ten"}, CellError, "no celestial WCS: CRVAL1 missing"),
    ],
)
def test_windows_when_the_wcs_is_no_good_then_error_names_file_and_hdu(
    cards: dict[str, Any], error: type[Exception], message: str, new_path: NewPath
) -> None:
    """And says what is missing."""
    header = celestial(10.0, 20.0)
    for key, value in cards.items():
        if value is None:
            del header[key]
        else:
            header[key] = value
    path = write(new_path(".fits"), fits.ImageHDU(np.ones(SHAPE, "f4"), header, name="SCI"))
    with pytest.raises(error, match=message) as caught:
        windows(path, ["SCI"], 10.0, 20.0, (3, 3))
    assert path.name in str(caught.value)
    assert "HDU 1 (SCI)" in str(caught.value)


def test_windows_when_the_call_is_wrong_then_told(new_path: NewPath) -> None:
    """Rows of a cut-out table, windows of other tables, names, sizes."""
    header = celestial(10.0, 20.0)
    path = write(new_path(".fits"), fits.ImageHDU(np.ones(SHAPE, "f4"), header, name="SCI"))
    with open_reader(path, "fits", ReadOptions(rows="cutout")) as reader:
        assert reader.count_rows() == 0
        assert next(iter(reader.cells())) == "inside"
        assert reader.cells()["hdu1"].shape == (None, None)
        with pytest.raises(UsageError, match="no rows of its own"):
            reader.read(["SCI"])
        cut = cast("WindowReader", reader).read_windows
        with pytest.raises(CellError, match="no cell 'SCII'"):
            cut(["SCII"], np.array([10.0]), np.array([20.0]), (3, 3))
        with pytest.raises(UnsafeFileError, match="windows of"):
            cut(["SCI"], np.zeros(100), np.zeros(100), (10**5, 10**5))
        found, inside = cut(["SCI", "inside"], np.empty(0), np.empty(0), (3, 4))
        assert found["SCI"].data.shape == (0, 3, 4)
        assert found["inside"].data.shape == (0, 3, 4)
        assert inside.shape == (0,)
    with (
        open_reader(path, "fits", ReadOptions()) as reader,
        pytest.raises(UsageError, match="rows: axis"),
    ):
        cast("WindowReader", reader).read_windows(["SCI"], np.zeros(1), np.zeros(1), (3, 3))


def test_windows_when_a_mosaic_is_packed_then_only_its_tiles_are_unpacked(
    new_path: NewPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two windows far apart in 4000 x 4000 pixels, tiles of 100 x 100."""
    from astropile.readers._fits_tiles import Tiles

    header = celestial(10.0, 20.0)
    values = np.arange(16_000_000, dtype="i4").reshape(4000, 4000) % 1013
    unit = fits.CompImageHDU(values, header, name="SCI", tile_shape=(100, 100))
    path = write(new_path(".fits.fz"), unit)
    read: list[int] = []
    section = Tiles.section

    def counted(self: Tiles, hdu: Any, part: tuple[slice, ...]) -> Any:
        found = section(self, hdu, part)
        read.append(found.size)
        return found

    monkeypatch.setattr(Tiles, "section", counted)
    x, y = np.array([1000.0, 3000.0, 1010.0, 3900.0]), np.array([1000.0, 1020.0, 990.0, 3990.0])
    ra, dec = on_sky(header, x, y)
    found, inside = windows(path, ["SCI"], ra, dec, (64, 64))
    assert inside.tolist() == [True, True, True, False]
    np.testing.assert_array_equal(found["SCI"].data[1], values[988:1052, 2968:3032])
    np.testing.assert_array_equal(found["SCI"].data[2], values[958:1022, 978:1042])
    assert len(read) == 3
    assert sum(read) < 64 * 64 * 8


def test_windows_when_a_header_has_sip_and_pv_then_distorted_once(new_path: NewPath) -> None:
    """The terms of SCAMP beside SIP say the same distortion; astropy drops them, too."""
    header = distorted(celestial(10.0, 20.0), "SIP")
    sky = on_sky(header, 70.0, 50.0)
    header["PV1_1"], header["PV1_2"], header["PV2_1"], header["PV1_5"] = 1.0, 0.02, 1.0, 3.0
    image = np.zeros(SHAPE, "f4")
    image[50, 70] = 1
    path = write(new_path(".fits"), fits.ImageHDU(image, header, name="SCI"))
    found, _ = windows(path, ["SCI"], *sky, (1, 1))
    assert found["SCI"].data.tolist() == [[[1.0]]]


def test_windows_when_distortion_is_a_table_then_used(new_path: NewPath) -> None:
    """As in images of HST (WCSDVARR): the table is another unit of the file."""
    cards = [str(card) for card in celestial(10.0, 20.0).cards]
    for axis in (1, 2):
        cards.append(f"{f'CPDIS{axis}':8}= 'LOOKUP  '".ljust(80))
        record = (f"EXTVER: {axis}", "NAXES: 2", "AXIS.1: 1", "AXIS.2: 2")
        cards += [f"{f'DP{axis}':8}= '{text}'".ljust(80) for text in record]
    header = fits.Header.fromstring("".join(cards))
    units = [fits.ImageHDU(np.zeros(SHAPE, "f4"), header, name="SCI")]
    units[0].data[30, 41] = 1
    for version, shift in ((1, 4.0), (2, -3.0)):
        table = fits.ImageHDU(np.full((2, 2), shift, "f4"), name="WCSDVARR", ver=version)
        for axis, length in ((1, SHAPE[1]), (2, SHAPE[0])):
            table.header[f"CRPIX{axis}"], table.header[f"CRVAL{axis}"] = 1.0, 1.0
            table.header[f"CDELT{axis}"] = length - 1.0
        units.append(table)
    path = write(new_path(".fits"), *units)
    ra, dec = on_sky(celestial(10.0, 20.0), 41 + 4, 30 - 3)
    found, _ = windows(path, ["SCI"], ra, dec, (1, 1))
    assert found["SCI"].data.tolist() == [[[1.0]]]
