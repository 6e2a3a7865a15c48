"""FITS files that are cut, damaged, lie about their size or hold bombs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from astropile.errors import AstropileError, CellError, CorruptFileError, UnsafeFileError
from astropile.readers import ReadOptions, open_reader

NewPath = Callable[[str], Path]


@pytest.fixture
def table(new_path: NewPath) -> Path:
    """Return a file with an image, a table with a heap, and a text table."""
    arrays = np.empty(50, dtype=object)
    arrays[:] = [np.arange(i % 7, dtype="i4") for i in range(50)]
    columns = [
        fits.Column("ra", "D", array=np.arange(50.0)),
        fits.Column("name", "8A", array=np.array([f"star{i}" for i in range(50)])),
        fits.Column("epochs", "PJ()", array=arrays),
    ]
    text = fits.TableHDU.from_columns([fits.Column("n", "I5", array=np.arange(9))])
    image = fits.PrimaryHDU(np.ones((50, 4), "f4"))
    path = new_path(".fits")
    fits.HDUList([image, fits.BinTableHDU.from_columns(columns), text]).writeto(path)
    return path


def padded(*cards: str) -> bytes:
    """Return a header of the given cards."""
    text = "".join(card.ljust(80) for card in (*cards, "END"))
    return text.ljust(-(-len(text) // 2880) * 2880).encode()


def test_open_when_file_is_cut_then_corrupt_with_the_sizes(table: Path) -> None:
    """Wherever data or a header ends early; only the fill of the last block may be missing."""
    content = table.read_bytes()
    with fits.open(table) as file:
        units = [unit.fileinfo() for unit in file]
        sizes = [unit.size for unit in file]
    ends = [unit["datLoc"] + size for unit, size in zip(units, sizes, strict=True)]
    whole = [range(end, unit["datLoc"] + unit["datSpan"] + 1)
             for end, unit in zip(ends, units, strict=True)]  # fmt: skip
    for length in np.random.default_rng(0).integers(0, ends[-1], 60):
        if any(length in fill for fill in whole):
            continue
        table.write_bytes(content[:length])
        with pytest.raises(CorruptFileError, match=table.name):
            open_reader(table, "fits", ReadOptions())
    table.write_bytes(content[: ends[-1]])
    with open_reader(table, "fits", ReadOptions(hdu="2")) as reader:
        assert reader.read(["n"])["n"].data.tolist() == list(range(9))


def test_open_when_data_end_early_then_both_sizes_are_told(table: Path) -> None:
    """So that a download cut short is seen at once."""
    table.write_bytes(table.read_bytes()[:3000])
    with pytest.raises(CorruptFileError, match="HDU 0 ends at byte 3680, the file has 3000"):
        open_reader(table, "fits", ReadOptions())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no FITS file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(5000), "no FITS file: it starts with"),
        (b"SIMPLE  =                    T".ljust(2880), "does not end within the 2880 bytes"),
        (
            padded(
                "SIMPLE  =                    T",
                "BITPIX  =                  -64",
                "NAXIS   =                    2",
                "NAXIS1  =           2147483648",
                "NAXIS2  =           2147483648",
            ),
            "HDU 0 ends at byte 36893488147419106112",
        ),
        (
            padded(
                "SIMPLE  =                    T",
                "BITPIX  =                    8",
                "NAXIS   =                    1",
                "NAXIS1  =                   -5",
            ),
            "HDU 0 ends at byte 2879",
        ),
        (
            padded("SIMPLE  =                    T", "BITPIX  =                  'a'"),
            "cannot be read",
        ),
    ],
)
def test_open_when_header_is_nonsense_then_corrupt(
    content: bytes, message: str, new_path: NewPath
) -> None:
    """Nothing is allocated for what is not there."""
    path = new_path(".fits")
    path.write_bytes(content)
    with pytest.raises(CorruptFileError, match=message):
        open_reader(path, "fits", ReadOptions())


def test_read_when_pointers_leave_the_heap_then_corrupt(table: Path, load: Any) -> None:
    """The bytes behind it are of another unit."""
    with fits.open(table) as file:
        info, row = file[1].fileinfo(), file[1].header["NAXIS1"]
    content = bytearray(table.read_bytes())
    place = info["datLoc"] + 6 * row + 16
    for damage in (b"\x7f\xff\xff\xff\0\0\0\0", b"\0\0\0\1\x7f\xff\xff\xff", b"\xff" * 8):
        content[place : place + 8] = damage
        table.write_bytes(content)
        with pytest.raises(CorruptFileError, match="epochs: arrays lie outside of the heap"):
            load(table, "fits", ["epochs"])
        assert load(table, "fits", ["ra"])["ra"].data.tolist() == list(range(50))


def test_read_when_columns_are_wider_than_the_row_then_corrupt(table: Path, load: Any) -> None:
    """A format that was changed."""
    fits.setval(table, "TFORM1", value="900D", ext=1)
    with pytest.raises(CorruptFileError, match="in rows of 24"):
        load(table, "fits", ["ra"])


@pytest.mark.filterwarnings("ignore::astropy.utils.exceptions.AstropyWarning")
def test_read_when_a_bit_of_a_header_is_flipped_then_no_bare_exception(
    table: Path, load: Any
) -> None:
    """What astropy or numpy raise is told as ours."""
    content = table.read_bytes()
    random = np.random.default_rng(2)
    with fits.open(table) as file:
        start = file[1].fileinfo()["hdrLoc"]
    refused = []
    for place in random.integers(start, start + 20 * 80, 250):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(random.integers(8))
        table.write_bytes(flipped)
        try:
            load(table, "fits", rows="file") if place % 2 else load(table, "fits", ["ra", "name"])
            with open_reader(table, "fits", ReadOptions()) as reader:
                assert dict(reader.cells())
        except AstropileError as error:
            refused.append(str(error))
    assert 0 < len(refused) < 250
    assert all(table.name in message for message in refused)


def test_read_when_text_is_not_utf8_then_error_names_file_and_row(table: Path, load: Any) -> None:
    """Latin-1 must be converted first."""
    table.write_bytes(table.read_bytes().replace(b"star13", b"st\xe4r13"))
    with pytest.raises(CellError, match=rf"{table.name}: name: .* row 13"):
        load(table, "fits", ["name"])


def test_read_when_tiles_hide_gigabytes_then_refused(new_path: NewPath, load: Any) -> None:
    """Some rows can be had."""
    path = new_path(".fits")
    image = fits.CompImageHDU(np.zeros((8, 8), "i4"), compression_type="RICE_1")
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(path)
    with fits.open(path, disable_image_compression=True) as file:
        header = file[1].header
        header["ZNAXIS1"] = header["ZTILE1"] = 2**17
        header["ZNAXIS2"] = 2**15
        file.writeto(bomb := new_path(".fits"))
    with pytest.raises(UnsafeFileError, match="bytes decompress to 17179869184"):
        load(bomb, "fits", ["hdu1"])


def test_open_when_table_is_compressed_then_its_columns_are_no_cells(
    new_path: NewPath, load: Any
) -> None:
    """The bytes of its tiles are not the values."""
    path = new_path(".fits")
    unit = fits.BinTableHDU.from_columns([fits.Column("x", "D", array=[1.0])])
    unit.header["ZTABLE"] = True
    unit.writeto(path)
    with pytest.raises(CellError, match="no cell 'x'"):
        load(path, "fits", ["x"])
