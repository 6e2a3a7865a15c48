"""Planes of images as rows, in the layout of the maps of MaNGA."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from astropile.errors import CellError
from astropile.readers import CellInfo, ReadOptions, open_reader

NewPath = Callable[[str], Path]
CELLS = ["hdu", "channel", "unit", "data", "error", "quality"]
RANDOM = np.random.default_rng(7)


def image(name: str, shape: tuple[int, ...], dtype: str = "f4", **cards: str) -> fits.ImageHDU:
    """Return an image of random pixels with cards of its header."""
    values = RANDOM.integers(0, 1000, shape).astype(dtype)
    return fits.ImageHDU(values, fits.Header({"HDUCLASS": "SDSS", **cards}), name=name)


def trio(name: str, shape: tuple[int, ...], **cards: str) -> list[fits.ImageHDU]:
    """Return data, inverse variance and flags, with the cards that tie them."""
    ivar, mask = f"{name}_IVAR", f"{name}_MASK"
    return [
        image(name, shape, HDUCLAS2="DATA", ERRDATA=ivar, QUALDATA=mask, **cards),
        image(ivar, shape, HDUCLAS2="ERROR", HDUCLAS3="INVMSE", SCIDATA=name, QUALDATA=mask),
        image(mask, shape, "i4", HDUCLAS2="QUALITY", SCIDATA=name, ERRDATA=ivar),
    ]


@pytest.fixture(scope="session")
def maps(new_path: NewPath) -> tuple[Path, dict[str, Any]]:
    """Return a file as the analysis pipeline of MaNGA writes it, and its images by name."""
    units = [
        image("SPX_SKYCOO", (2, 5, 6), C1="On-sky X", C2="On-sky Y", BUNIT="arcsec"),
        image("SPX_ELLCOO", (2, 5, 6), C1="R", C2="Theta", U1="arcsec", U2="degrees"),
        *trio("SPX_MFLUX", (5, 6), BUNIT="1E-17 erg/s/cm^2/ang/spaxel"),
        image("BINID", (1, 5, 6), "i4", C1="Binned spectra"),
        *trio("EMLINE_GFLUX", (11, 5, 6), **{f"C{k + 1:02}": f"Line-{k}" for k in range(11)}),
    ]
    path = new_path(".fits.gz")
    fits.HDUList([fits.PrimaryHDU(header=fits.Header({"PLATEIFU": "8485-1901"})), *units]).writeto(
        path
    )
    return path, {unit.name: unit.data.copy() for unit in units}


def test_channels_when_read_then_a_row_a_plane_with_its_partners(
    maps: tuple[Path, dict[str, Any]], load: Any
) -> None:
    """Errors and flags are no rows; what lacks them has null."""
    path, images = maps
    found = load(path, "fits", [*CELLS, "PRIMARY@PLATEIFU"], rows="channel")
    groups = ["SPX_SKYCOO"] * 2 + ["SPX_ELLCOO"] * 2 + ["SPX_MFLUX", "BINID"]
    assert found["hdu"].data.tolist() == groups + ["EMLINE_GFLUX"] * 11
    channels = ["On-sky X", "On-sky Y", "R", "Theta", "", "Binned spectra"]
    assert found["channel"].data.tolist() == channels + [f"Line-{k}" for k in range(11)]
    units = ["arcsec", "arcsec", "arcsec", "degrees", "1E-17 erg/s/cm^2/ang/spaxel", ""]
    assert found["unit"].data.tolist() == units + [""] * 11
    planes = [*images["SPX_SKYCOO"], *images["SPX_ELLCOO"], images["SPX_MFLUX"], *images["BINID"]]
    np.testing.assert_array_equal(found["data"].data, [*planes, *images["EMLINE_GFLUX"]])
    null = np.isin(np.arange(17), [0, 1, 2, 3, 5])
    for cell, suffix in (("error", "IVAR"), ("quality", "MASK")):
        assert found[cell].null.tolist() == null.tolist()
        expected = [images[f"SPX_MFLUX_{suffix}"], *images[f"EMLINE_GFLUX_{suffix}"]]
        np.testing.assert_array_equal(found[cell].data[~null], expected)
    assert found["quality"].data.dtype == np.int32
    assert found["PRIMARY@PLATEIFU"].data.tolist() == ["8485-1901"] * 17


def test_channels_when_rows_are_picked_then_those(
    maps: tuple[Path, dict[str, Any]], load: Any
) -> None:
    """By slice, by number, one twice, and of one image alone."""
    path, images = maps
    whole = load(path, "fits", CELLS, rows="channel")
    for rows in (slice(3, 9), np.array([0, 4, 4, 7, 16]), slice(5, 5)):
        part = load(path, "fits", CELLS, rows, rows="channel")
        for cell in CELLS:
            np.testing.assert_array_equal(
                part[cell].data, whole[cell].data[rows].reshape(part[cell].data.shape)
            )
    alone = load(path, "fits", CELLS, rows="channel", hdu="EMLINE_GFLUX_IVAR")
    assert set(alone["hdu"].data) == {"EMLINE_GFLUX_IVAR"}
    np.testing.assert_array_equal(alone["data"].data, images["EMLINE_GFLUX_IVAR"])


def test_channels_when_described_then_without_reading(maps: tuple[Path, dict[str, Any]]) -> None:
    """Cells, types and shapes."""
    with open_reader(maps[0], "fits", ReadOptions(rows="channel")) as reader:
        cells = reader.cells()
        assert list(cells)[:6] == CELLS
        assert "SPX_MFLUX" not in cells
        assert cells["channel"] == CellInfo("text")
        assert cells["quality"] == CellInfo("int32", (5, 6))
        assert cells["PRIMARY@PLATEIFU"] == CellInfo("text", shared=True)
        assert reader.count_rows() == 17


def test_channels_when_images_differ_in_size_then_each_as_it_is(
    new_path: NewPath, load: Any, rows_of: Any
) -> None:
    """Also compressed ones, blank pixels, more than three axes, and units without a name."""
    blank = image("B", (2, 3), "i2")
    blank.header["BLANK"] = int(blank.data[0, 0])
    units = [
        fits.CompImageHDU(RANDOM.integers(0, 99, (2, 4, 5)).astype("i4"), name="A"),
        blank,
        image("", (2, 2, 3, 2), "f8"),
        image("SPECTRUM", (7,)),
        fits.ImageHDU(name="EMPTY"),
    ]
    expected = [*units[0].data, blank.data, *units[2].data.reshape(4, 3, 2)]
    path = new_path(".fits")
    fits.HDUList([fits.PrimaryHDU(), *units]).writeto(path)
    found = load(path, "fits", CELLS, rows="channel")
    assert found["hdu"].data.tolist() == ["A", "A", "B", *["hdu3"] * 4]
    assert found["channel"].data.tolist() == ["1", "2", "", "1", "2", "3", "4"]
    rows = rows_of(found["data"])
    assert rows[2][0][0] is None
    expected[2] = expected[2].astype("f8")
    rows[2][0][0] = expected[2][0, 0]
    for row, value in zip(rows, expected, strict=True):
        assert row == value.tolist()
    assert found["error"].null.all()
    with open_reader(path, "fits", ReadOptions(rows="channel")) as reader:
        assert reader.cells()["data"] == CellInfo("float64", (None, None))


def test_channels_when_a_partner_is_not_there_then_error(new_path: NewPath, load: Any) -> None:
    """Absent, or of another shape."""
    data, ivar, mask = trio("X", (2, 3, 3))
    path = new_path(".fits")
    fits.HDUList([fits.PrimaryHDU(), data, mask]).writeto(path)
    with pytest.raises(CellError, match=r"HDU 1 \(X\): ERRDATA names 'X_IVAR', which is no image"):
        load(path, "fits", ["data"], rows="channel")
    ivar.data = ivar.data[:1]
    path = new_path(".fits")
    fits.HDUList([fits.PrimaryHDU(), data, ivar, mask]).writeto(path)
    with pytest.raises(CellError, match=r"X_IVAR has \(1, 3, 3\)"):
        load(path, "fits", ["data"], rows="channel")


def test_channels_when_there_is_no_image_then_no_rows(new_path: NewPath, load: Any) -> None:
    """A table is no plane."""
    path = new_path(".fits")
    fits.BinTableHDU.from_columns([fits.Column("x", "J", array=[1])]).writeto(path)
    found = load(path, "fits", CELLS, rows="channel")
    assert [len(column) for column in found.values()] == [0] * 6
