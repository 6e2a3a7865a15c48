"""FITS files written with astropy, read back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from astropile.readers import CellInfo, ReadOptions, open_reader

NewPath = Callable[[str], Path]
RowsOf = Callable[[Any], list[Any]]
# Code of the column, type of its values in numpy.
TYPES = {"L": "?", "B": "u1", "I": "i2", "J": "i4", "K": "i8", "E": "f4", "D": "f8", "C": "c8"}
OFFSETS = {"i1": ("B", -128), "u2": ("I", 2**15), "u4": ("J", 2**31), "u8": ("K", 2**63)}


def write(path: Path, *columns: fits.Column, **cards: Any) -> Path:
    """Write a table and return the path."""
    table = fits.BinTableHDU.from_columns(columns, name="CATALOG")
    fits.HDUList([fits.PrimaryHDU(header=fits.Header(cards)), table]).writeto(path)
    return path


@given(data=st.data(), code=st.sampled_from(list(TYPES)))
def test_read_when_numbers_then_same_values_native(
    data: st.DataObject, code: str, new_path: NewPath, load: Any
) -> None:
    """Scalars, vectors and arrays with TDIM, any rows."""
    inner = data.draw(st.lists(st.integers(1, 3), max_size=2).map(tuple))
    values = data.draw(arrays(TYPES[code], (data.draw(st.integers(1, 6)), *inner)))
    count = int(np.prod(inner))
    dim = f"({','.join(map(str, inner[::-1]))})" if len(inner) > 1 else None
    path = write(new_path(".fits"), fits.Column("x", f"{count}{code}", dim=dim, array=values))
    chosen = np.flatnonzero(data.draw(arrays(bool, len(values))))
    found = load(path, "fits", ["x"])["x"].data
    assert found.dtype == values.dtype
    shape = values.shape if count > 1 else (len(values),) if len(inner) < 2 else values.shape
    np.testing.assert_array_equal(found, values.reshape(shape))
    part = load(path, "fits", ["x"], chosen)["x"].data
    np.testing.assert_array_equal(part, values.reshape(shape)[chosen])


@given(data=st.data(), dtype=st.sampled_from(list(OFFSETS)))
def test_read_when_stored_with_an_offset_then_integers_of_the_other_sign(
    data: st.DataObject, dtype: str, new_path: NewPath, load: Any
) -> None:
    """Columns and images; 64 bits stay exact."""
    code, zero = OFFSETS[dtype]
    values = data.draw(arrays(dtype, st.integers(1, 5)))
    stored = (values.astype(object) - zero).astype({"B": "u1"}.get(code, f"i{values.itemsize}"))
    path = write(new_path(".fits"), fits.Column("x", code, array=stored))
    fits.setval(path, "TZERO1", value=zero, ext=1)
    image = new_path(".fits")
    fits.PrimaryHDU(stored).writeto(image)
    fits.setval(image, "BZERO", value=zero)
    for found in (load(path, "fits", ["x"])["x"].data, load(image, "fits", ["hdu0"])["hdu0"].data):
        assert found.dtype == dtype
        assert found.tolist() == values.tolist()


@given(values=st.lists(st.integers(-3, 3), min_size=1, max_size=6))
def test_read_when_tnull_then_null(
    values: list[int], new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """-3 is none: in scalars, arrays, and scaled values, where it is compared before scaling."""
    array = np.array(values, dtype="i2")
    path = write(
        new_path(".fits"),
        fits.Column("plain", "I", null=-3, array=array),
        fits.Column("pair", "2I", null=-3, array=np.stack([array, array], axis=1)),
        fits.Column("scaled", "I", null=-3, array=array),
    )
    for key, value in (("TSCAL3", 0.5), ("TZERO3", 10.0)):
        fits.setval(path, key, value=value, ext=1)
    found = load(path, "fits", ["plain", "pair", "scaled"])
    none = [None if value == -3 else value for value in values]
    assert rows_of(found["plain"]) == none
    assert rows_of(found["pair"]) == [[value, value] for value in none]
    assert rows_of(found["scaled"]) == [None if x is None else 0.5 * x + 10 for x in none]
    assert found["plain"].data.dtype == np.int16
    assert found["scaled"].data.dtype == np.float64


@given(words=st.lists(st.text("aZ 0-", max_size=5), min_size=1, max_size=5))
def test_read_when_text_then_padding_is_lost(
    words: list[str], new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Fixed width, several in a row, and of varying length."""
    free = np.empty(len(words), dtype=object)
    free[:] = [np.array([*word, "."]) for word in words]
    path = write(
        new_path(".fits"),
        fits.Column("name", "7A", array=np.array(words)),
        fits.Column("pair", "10A", dim="(5,2)", array=np.array([[w, w] for w in words])),
        fits.Column("free", "PA()", array=free),
    )
    found = load(path, "fits", ["name", "pair", "free"], at=np.arange(len(words)))
    bare = [word.rstrip() for word in words]
    assert rows_of(found["name"]) == bare
    assert rows_of(found["pair"]) == [[word, word] for word in bare]
    assert rows_of(found["free"]) == [f"{word}." for word in words]


@given(
    data=st.data(), code=st.sampled_from(["PB", "PI", "QJ", "PE", "QD", "PL"]), seed=st.integers(0)
)
def test_read_when_variable_length_then_ragged(
    data: st.DataObject, code: str, seed: int, new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Also when rows are picked, so that their elements stand apart in the heap."""
    dtype = TYPES[code[1]]
    lengths = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=6))
    random = np.random.default_rng(seed)
    values = np.empty(len(lengths), dtype=object)
    values[:] = [random.integers(0, 2, n).astype(dtype) for n in lengths]
    path = write(new_path(".fits"), fits.Column("x", f"{code}()", array=values))
    chosen = np.flatnonzero(data.draw(arrays(bool, len(values))))
    found = load(path, "fits", ["x"])["x"]
    assert found.data.dtype == np.dtype(dtype)
    assert rows_of(found) == [value.tolist() for value in values]
    assert rows_of(load(path, "fits", ["x"], chosen)["x"]) == [values[i].tolist() for i in chosen]


def test_read_when_bits_then_bool(new_path: NewPath, load: Any) -> None:
    """The first bit is the highest of the first byte."""
    bits = np.array([[1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1]] * 2, dtype=bool)
    path = write(new_path(".fits"), fits.Column("x", "11X", array=bits))
    assert load(path, "fits", ["x"])["x"].data.tolist() == bits.tolist()


def test_read_when_logical_has_no_value_then_null(new_path: NewPath, load: Any) -> None:
    """A byte 0 is neither T nor F (section 7.3.3.2 of the standard)."""
    path = write(new_path(".fits"), fits.Column("x", "L", array=[True, False, True]))
    content = path.read_bytes().replace(b"TFT", b"TF\0")
    path.write_bytes(content)
    found = load(path, "fits", ["x"])["x"]
    assert found.null is not None
    assert found.null.tolist() == [False, False, True]
    assert found.data.tolist()[:2] == [True, False]


def test_read_when_text_table_then_numbers_and_nulls(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Fixed columns of text; blanks are no number."""
    columns = [
        fits.Column("id", "A6", array=["000006", "a"]),
        fits.Column("n", "I5", null="-9", array=[7, -9]),
        fits.Column("x", "D12.4", array=[1.5, -2e3]),
    ]
    path = new_path(".fits")
    fits.TableHDU.from_columns(columns).writeto(path)
    found = load(path, "fits", ["id", "n", "x"])
    assert rows_of(found["id"]) == ["000006", "a"]
    assert rows_of(found["n"]) == [7, None]
    assert rows_of(found["x"]) == [1.5, -2000.0]
    assert load(path, "fits", ["n"], np.array([1]))["n"].null.tolist() == [True]


@given(data=st.data(), dtype=st.sampled_from(["u1", "i2", "i4", "i8", "f4", "f8"]))
def test_read_when_image_then_planes_are_rows(
    data: st.DataObject, dtype: str, new_path: NewPath, load: Any
) -> None:
    """Leading axis in numpy's order."""
    shape = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3)))
    values = data.draw(arrays(dtype, shape))
    path = new_path(".fits")
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(values, name="SCI")]).writeto(path)
    chosen = np.flatnonzero(data.draw(arrays(bool, shape[0])))
    for rows in (None, chosen):
        found = load(path, "fits", ["SCI"], rows)["SCI"].data
        np.testing.assert_array_equal(found, values if rows is None else values[rows])
        assert found.dtype == values.dtype
    np.testing.assert_array_equal(load(path, "fits", ["hdu1"], rows="file")["hdu1"].data[0], values)


def test_read_when_image_has_blanks_then_holes_or_nan(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Integers keep their type, scaled ones are floats."""
    path = new_path(".fits")
    plain = fits.ImageHDU(np.array([[1, -9], [3, 4]], "i2"), name="PLAIN")
    plain.header["BLANK"] = -9
    scaled = plain.copy()
    scaled.name = "SCALED"
    fits.HDUList([fits.PrimaryHDU(), plain, scaled]).writeto(path)
    fits.setval(path, "BSCALE", value=0.5, ext=2)
    found = load(path, "fits", ["PLAIN", "SCALED"])
    assert rows_of(found["PLAIN"]) == [[1, None], [3, 4]]
    assert rows_of(found["SCALED"]) == [[0.5, None], [1.5, 2.0]]
    assert found["PLAIN"].data.dtype == np.int16


@pytest.mark.parametrize("method", ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1"])
def test_read_when_tiles_are_compressed_then_as_the_image(
    method: str, new_path: NewPath, load: Any
) -> None:
    """Cards are those of the image, too."""
    values = np.arange(60 * 40, dtype="i4").reshape(60, 40) % 97
    path = new_path(".fits")
    image = fits.CompImageHDU(values, name="SCI", compression_type=method)
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(path)
    with open_reader(path, "fits", ReadOptions()) as reader:
        assert reader.cells()["SCI"] == CellInfo("int32", (40,))
        for rows in (slice(0, 60), slice(7, 9), np.array([0, 8, 59])):
            np.testing.assert_array_equal(reader.read(["SCI"], rows)["SCI"].data, values[rows])
    cards = load(path, "fits", ["SCI@NAXIS1", "SCI@BITPIX"], rows="file")
    assert cards["SCI@NAXIS1"].data.tolist() == [40]
    assert cards["SCI@BITPIX"].data.tolist() == [32]


def test_read_when_a_table_has_no_rows_then_empty_columns(tmp_path: Path) -> None:
    table = Table({"id": np.arange(0), "flux": np.zeros((0, 3), "f4")})
    table.write(tmp_path / "none.fits")
    with open_reader(tmp_path / "none.fits", "fits", ReadOptions(rows="axis", hdu="1")) as reader:
        assert reader.count_rows() == 0
        found = reader.read(["id", "flux"])
    assert found["id"].data.shape == (0,)
    assert found["flux"].data.shape == (0, 3)


def test_read_when_arrays_have_dimensions_then_as_written(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """TDIM of numbers and of texts, logical values in a row, complex numbers of varying length."""
    free = np.empty(2, dtype=object)
    free[:] = [np.array([1 + 2j]), np.array([3j, 4])]
    words = [["a", "bb", "cccc"], ["d", "", "f"]]
    path = write(
        new_path(".fits"),
        fits.Column("free", "PM()", array=free),
        fits.Column("flags", "3L", array=np.array([[1, 0, 1], [0, 0, 1]], bool)),
        fits.Column("words", "12A", dim="(4,3)", array=np.array(words)),
        fits.Column("grid", "6J", dim="(3,2)", array=np.arange(12).reshape(2, 2, 3)),
    )
    found = load(path, "fits", ["free", "flags", "words", "grid"])
    assert rows_of(found["free"]) == [[1 + 2j], [3j, 4]]
    assert found["flags"].data.tolist() == [[True, False, True], [False, False, True]]
    assert found["words"].data.tolist() == words
    assert found["grid"].data.tolist() == np.arange(12).reshape(2, 2, 3).tolist()


def test_read_when_packed_integers_are_scaled_or_blank_then_as_plain_ones(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """A blank pixel of a compressed image is a hole, and the others stay integers."""
    values = np.array([[1, -9, 3], [4, 5, 6]], "i2")
    units: list[Any] = [fits.CompImageHDU(values, name=name) for name in ("INT", "UNSIGNED")]
    units[0].header["BLANK"] = -9
    units[1].data = values.astype("u2")
    path = new_path(".fits")
    fits.HDUList([fits.PrimaryHDU(), *units]).writeto(path)
    found = load(path, "fits", ["INT", "UNSIGNED"])
    assert rows_of(found["INT"]) == [[1, None, 3], [4, 5, 6]]
    assert found["INT"].data.dtype == np.int16
    assert found["UNSIGNED"].data.dtype == np.uint16
    np.testing.assert_array_equal(found["UNSIGNED"].data, values.astype("u2"))
