"""Which cells a FITS file has, under which names, and what its rows are."""

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


@pytest.fixture
def coadd(new_path: NewPath) -> Path:
    """Return a file with two tables, images of the same rows, and a common grid."""
    header = fits.Header({"OBSID": 7, "TELESCOP": "T  ", "DEEP": True, "EXPTIME": 1.5})
    header["HUGE"] = 10**30
    header["NOTHING"] = fits.card.UNDEFINED
    header["HISTORY"] = "made"
    header["HIERARCH ESO DET ID"] = "x"
    fibers = fits.BinTableHDU.from_columns(
        [
            fits.Column("Ra", "D", unit="deg", array=[1.0, 2.0]),
            fits.Column("FLUX", "E", array=[3, 4]),
        ],
        name="FIBERMAP",
    )
    more = fits.BinTableHDU.from_columns([fits.Column("z", "E", array=[5, 6, 7])], name="MORE")
    flux = fits.ImageHDU(np.arange(8.0).reshape(2, 4), name="FLUX")
    flux.header["BUNIT"] = "Jy"
    wave = fits.ImageHDU(np.arange(4.0), name="WAVE")
    unnamed = fits.ImageHDU(np.ones((2, 1), "u1"))
    path = new_path(".fits")
    fits.HDUList([fits.PrimaryHDU(header=header), fibers, more, flux, wave, unnamed]).writeto(path)
    return path


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Ra", [1.0, 2.0]),
        ("FIBERMAP.Ra", [1.0, 2.0]),
        ("hdu1.Ra", [1.0, 2.0]),
        ("FLUX", [3.0, 4.0]),
        ("hdu3", [[0, 1, 2, 3], [4, 5, 6, 7]]),
        ("hdu5", [[1], [1]]),
        ("PRIMARY@OBSID", [7, 7]),
        ("hdu0@OBSID", [7, 7]),
        ("hdu0@TELESCOP", ["T", "T"]),
        ("hdu0@DEEP", [True, True]),
        ("hdu0@EXPTIME", [1.5, 1.5]),
        ("hdu0@ESO DET ID", ["x", "x"]),
        ("FIBERMAP@TTYPE1", ["Ra", "Ra"]),
        ("hdu5@NAXIS", [2, 2]),
        ("hdu0@HUGE", [1e30, 1e30]),
    ],
)
def test_read_when_named_in_any_way_then_the_cell(
    coadd: Path, load: Any, name: str, values: list[Any]
) -> None:
    """By name, number or without prefix; a column goes before an image of the same name."""
    found = load(coadd, "fits", [name])[name].data
    assert found.tolist() == values
    with open_reader(coadd, "fits", ReadOptions()) as reader:
        info = reader.cells()[name]
    assert info.dtype == ("text" if found.dtype.kind == "U" else found.dtype.name)
    assert info.shape == found.shape[1:]
    assert info.shared == ("@" in name)


def test_cells_when_listed_then_each_once_with_the_unit(coadd: Path) -> None:
    """Cards are in it, words without a value are not."""
    with open_reader(coadd, "fits", ReadOptions()) as reader:
        cells = reader.cells()
        listed = [name for name in cells if "@" not in name]
        assert listed == ["Ra", "FLUX", "MORE.z", "hdu3", "WAVE", "hdu5"]
        assert cells["Ra"] == CellInfo("float64", (), "deg")
        assert cells["hdu3"] == CellInfo("float64", (4,), "Jy")
        assert "PRIMARY@HISTORY" not in cells
        assert len(cells) == len(list(cells))


def test_read_when_card_has_no_value_then_null(coadd: Path, load: Any) -> None:
    """An undefined card is no text 'None'."""
    assert load(coadd, "fits", ["hdu0@NOTHING"])["hdu0@NOTHING"].null.tolist() == [True, True]


@pytest.mark.parametrize(("hdu", "rows"), [("MORE", 3), ("2", 3), ("FLUX", 2), ("1", 2), ("", 2)])
def test_count_rows_when_hdu_is_chosen_then_its_rows(coadd: Path, hdu: str, rows: int) -> None:
    """By name or number; without, the first table."""
    with open_reader(coadd, "fits", ReadOptions(hdu=hdu)) as reader:
        assert reader.count_rows() == rows
        assert reader.block_rows() == 1


def test_open_when_hdu_is_unknown_then_near_names(coadd: Path) -> None:
    """The message lists what there is."""
    with pytest.raises(CellError, match="no HDU 'FIBREMAP'") as caught:
        open_reader(coadd, "fits", ReadOptions(hdu="FIBREMAP"))
    assert "FIBERMAP" in caught.value.hint


def test_read_when_unit_has_other_rows_then_error_unless_shared(coadd: Path, load: Any) -> None:
    """A common wavelength grid must be declared."""
    with pytest.raises(CellError, match="WAVE: 4 rows, HDU 1 has 2"):
        load(coadd, "fits", ["WAVE"])
    wave = load(coadd, "fits", ["WAVE"], slice(1, 2), shared=("WAVE",))["WAVE"].data
    assert wave.tolist() == [[0, 1, 2, 3]]
    by_number = load(coadd, "fits", ["WAVE"], shared=("hdu4",))["WAVE"].data
    assert by_number.shape == (2, 4)
    with open_reader(coadd, "fits", ReadOptions(shared=("WAVE",))) as reader:
        assert reader.cells()["WAVE"] == CellInfo("float64", (4,), shared=True)


def test_read_when_file_is_a_row_then_arrays_are_whole(coadd: Path, load: Any) -> None:
    """Units need not have the same rows."""
    found = load(coadd, "fits", ["Ra", "MORE.z", "WAVE", "hdu3", "hdu0@OBSID"], rows="file")
    shapes = {name: column.data.shape for name, column in found.items()}
    assert shapes == {"Ra": (1, 2), "MORE.z": (1, 3), "WAVE": (1, 4), "hdu3": (1, 2, 4),
                      "hdu0@OBSID": (1,)}  # fmt: skip


def test_read_when_case_is_ignored_then_any_spelling(coadd: Path, load: Any) -> None:
    """FITS itself does not tell cases apart."""
    found = load(coadd, "fits", ["RA", "fibermap.ra", "primary@obsid"], ignore_case=True)
    assert found["RA"].data.tolist() == found["fibermap.ra"].data.tolist() == [1.0, 2.0]
    assert found["primary@obsid"].data.tolist() == [7, 7]


def test_read_when_no_data_at_all_then_cards_are_the_row(new_path: NewPath, load: Any) -> None:
    """A header alone is a row of a file."""
    path = new_path(".fits")
    fits.PrimaryHDU(header=fits.Header({"RA": 10.5, "EXTNAME": "INFO"})).writeto(path)
    for name in ("PRIMARY@RA", "INFO@RA", "hdu0@RA"):
        assert load(path, "fits", [name], rows="file")[name].data.tolist() == [10.5]
    assert len(load(path, "fits", ["hdu0@RA"])["hdu0@RA"]) == 0


def test_read_when_units_share_a_name_then_the_first_or_by_version(
    new_path: NewPath, load: Any
) -> None:
    """Also a card that only the second has is not one of the first."""
    units = [fits.ImageHDU(np.full((1, 2), k), name="SCI", ver=k) for k in (1, 2, 3)]
    units[1].header["ONLY"] = "second"
    path = new_path(".fits")
    fits.HDUList([fits.PrimaryHDU(), *units]).writeto(path)
    names = ["SCI", "SCI,2", "hdu3", "SCI,2@ONLY", "hdu2@ONLY", "SCI@EXTVER"]
    found = load(path, "fits", names, rows="file")
    assert [found[name].data.ravel()[0] for name in names] == [1, 2, 3, "second", "second", 1]
    with pytest.raises(CellError, match="no cell 'SCI@ONLY'"):
        load(path, "fits", ["SCI@ONLY"], rows="file")


def test_read_when_keywords_are_long_then_whole(new_path: NewPath, load: Any) -> None:
    """HIERARCH with blanks, and texts that go on over several cards."""
    header = fits.Header()
    header["HIERARCH ESO DET CHIP1 ID"], header["LONGTEXT"] = "ESO-44", "x" * 200
    path = new_path(".fits")
    fits.PrimaryHDU(header=header).writeto(path)
    found = load(path, "fits", ["PRIMARY@ESO DET CHIP1 ID", "PRIMARY@LONGTEXT"], rows="file")
    assert [column.data[0] for column in found.values()] == ["ESO-44", "x" * 200]
