"""VOTables of all three forms, against astropy and against other files of the same archive."""

from __future__ import annotations

import base64
import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import votable
from astropy.table import MaskedColumn, Table
from hypothesis import given
from hypothesis import strategies as st

from astropile.errors import CellError, CorruptFileError
from astropile.readers import CellInfo, ReadOptions, open_reader

NewPath = Callable[[str], Path]
RowsOf = Callable[[Any], list[Any]]
SharedData = Callable[[str], Path]
FIELDS = """\
<FIELD name="source_id" ID="col_id" datatype="long"/>
<FIELD name="name" datatype="char" arraysize="*"/>
<FIELD name="teff" datatype="float" unit="K"/>
<FIELD name="n" datatype="short"><VALUES null="-9"/></FIELD>
<FIELD name="good" datatype="boolean"/>
<FIELD name="cov" datatype="double" arraysize="2x3"/>
<FIELD name="flags" datatype="unsignedByte" arraysize="2"/>
<FIELD name="flux" datatype="float" arraysize="*"/>
<FIELD name="pairs" datatype="int" arraysize="2x*"/>
"""
ROWS = """\
<TR><TD>4295806720</TD><TD>NGC 1</TD><TD>1.5</TD><TD>3</TD><TD>T</TD><TD>0 1 2 3 4 5</TD>\
<TD>1 2</TD><TD>1 2.5</TD><TD>1 2 3 4</TD></TR>
<TR><TD>17</TD><TD>-</TD><TD/><TD>-9</TD><TD>F</TD><TD/><TD>3 4</TD><TD/><TD>5 6</TD></TR>
"""


def document(fields: str, data: str, more: str = "") -> str:
    return (
        '<?xml version="1.0"?><VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
        f"<RESOURCE>{more}<TABLE>{fields}<DATA>{data}</DATA></TABLE></RESOURCE></VOTABLE>\n"
    )


def write(path: Path, fields: str, data: str, more: str = "") -> Path:
    path.write_text(document(fields, data, more))
    return path


def test_read_when_rows_are_text_then_types_axes_and_nulls(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """What varies fastest is written first; where nothing is given there is none."""
    empty = f"<TABLE>{FIELDS}<DATA><TABLEDATA/></DATA></TABLE>"
    path = write(new_path(".xml"), FIELDS, f"<TABLEDATA>{ROWS}</TABLEDATA>", empty)
    with open_reader(path, "votable", ReadOptions()) as reader:
        assert dict(reader.cells()) == {
            "source_id": CellInfo("int64"),
            "name": CellInfo("text"),
            "teff": CellInfo("float32", (), "K"),
            "n": CellInfo("int16"),
            "good": CellInfo("bool"),
            "cov": CellInfo("float64", (3, 2)),
            "flags": CellInfo("uint8", (2,)),
            "flux": CellInfo("float32", (None,)),
            "pairs": CellInfo("int32", (None, 2)),
        }
        assert (reader.count_rows(), reader.block_rows()) == (2, 1)
        assert reader.read(["col_id"])["col_id"].data.tolist() == [4295806720, 17]
    found = load(path, "votable", nulls=("-",))
    assert {name: rows_of(column) for name, column in found.items()} == {
        "source_id": [4295806720, 17], "name": ["NGC 1", None], "teff": [1.5, None],
        "n": [3, None], "good": [True, False], "cov": [[[0, 1], [2, 3], [4, 5]], None],
        "flags": [[1, 2], [3, 4]], "flux": [[1, 2.5], []], "pairs": [[[1, 2], [3, 4]], [[5, 6]]],
    }  # fmt: skip
    part = load(path, "votable", ["pairs", "name"], np.array([1]))
    assert [rows_of(column) for column in part.values()] == [[[[5, 6]]], ["-"]]


def test_read_when_file_is_a_row_then_columns_are_arrays(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    path = write(new_path(".xml"), FIELDS, f"<TABLEDATA>{ROWS}</TABLEDATA>")
    names = ["source_id", "teff", "flags"]
    found = load(path, "votable", names, rows="file")
    assert [rows_of(column) for column in found.values()] == [
        [[4295806720, 17]], [[1.5, None]], [[[1, 2], [3, 4]]]
    ]  # fmt: skip
    with open_reader(path, "votable", ReadOptions(rows="file", ignore_case=True)) as reader:
        assert reader.cells()["COV"].shape == (2, 3, 2)
        with pytest.raises(CellError, match="flux: rows of different length"):
            reader.read(["flux"])


@given(data=st.data(), form=st.sampled_from(["tabledata", "binary", "binary2"]),
       packed=st.booleans())  # fmt: skip
def test_read_when_written_by_astropy_then_the_same(
    data: st.DataObject, form: str, packed: bool, new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Numbers and text, with and without values, in the three forms."""
    n = data.draw(st.integers(1, 5))
    lists = {
        "i": st.none() | st.integers(-(2**63), 2**63 - 1),
        "h": st.none() | st.integers(-5, 5),
        "f": st.none() | st.floats(allow_nan=False),
        "t": st.text("ab é<&", min_size=1, max_size=4).map(lambda t: f"x{t}x"),
    }
    values = {name: data.draw(st.lists(s, min_size=n, max_size=n)) for name, s in lists.items()}
    # Without BINARY2 a null of integers is a value of the column, which astropy chooses.
    if form != "binary2":
        values["i"] = [7 if v in (None, -(2**63), 2**63 - 1) else v for v in values["i"]]
        values["h"] = [7 if v is None else v for v in values["h"]]
    table = Table()
    for (name, column), dtype in zip(values.items(), ("i8", "i2", "f8", "U6"), strict=True):
        mask = [v is None for v in column]
        full = [("" if dtype == "U6" else 0) if v is None else v for v in column]
        table[name] = MaskedColumn(np.array(full, dtype), mask=mask) if any(mask) else full
        table[name] = table[name].astype(dtype)
    path = new_path(".vot")
    file = votable.from_table(table)
    file.set_all_tables_format(form)
    file.to_xml(str(path))
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    found = load(path, "votable")
    assert {name: rows_of(column) for name, column in found.items()} == values


def test_read_when_binary_has_arrays_then_ragged(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Rows of BINARY: lengths before arrays, big-endian."""
    fields = (
        '<FIELD name="n" datatype="int"/><FIELD name="f" datatype="float" arraysize="*"/>'
        '<FIELD name="t" datatype="char" arraysize="3"/>'
    )
    raw = struct.pack(">ii2f3s", 5, 2, 1.5, 2.5, b"ab") + struct.pack(">ii3s", 6, 0, b"xyz")
    stream = f'<STREAM encoding="base64">{base64.b64encode(raw).decode()}</STREAM>'
    path = write(new_path(".vot"), fields, f"<BINARY>{stream}</BINARY>")
    found = load(path, "votable")
    assert [rows_of(c) for c in found.values()] == [[5, 6], [[1.5, 2.5], []], ["ab", "xyz"]]
    cut = f'<STREAM encoding="base64">{base64.b64encode(raw[:-4]).decode()}</STREAM>'
    write(path, fields, f"<BINARY>{cut}</BINARY>")
    path.write_text(path.read_text().replace("<TABLE>", '<TABLE nrows="2">'))
    with pytest.raises(CorruptFileError, match=r"declare \[2\] rows, the file has \[1\]"):
        load(path, "votable")


@pytest.mark.parametrize("row", ["<TR><TD>1</TD></TR>", "<TR><TD>1</TD><TD>2</TD><TD>3</TD></TR>",
                                 "<TR><TD>x</TD><TD>2</TD></TR>"])  # fmt: skip
def test_read_when_a_row_is_ragged_or_no_number_then_corrupt(row: str, new_path: NewPath) -> None:
    fields = '<FIELD name="a" datatype="int"/><FIELD name="b" datatype="int"/>'
    path = write(new_path(".xml"), fields, f"<TABLEDATA>{row}</TABLEDATA>")
    with pytest.raises(CorruptFileError, match=path.name):
        open_reader(path, "votable", ReadOptions())


def test_cells_when_a_name_comes_twice_then_the_second_has_its_id(new_path: NewPath) -> None:
    fields = '<FIELD name="a" datatype="int"/><FIELD name="a" ID="a2" datatype="int"/>'
    path = write(new_path(".xml"), fields, "<TABLEDATA><TR><TD>1</TD><TD>2</TD></TR></TABLEDATA>")
    with open_reader(path, "votable", ReadOptions()) as reader:
        found = reader.read(["a", "a2"])
    assert [column.data.tolist() for column in found.values()] == [[1], [2]]


def test_read_when_real_then_as_the_other_formats_of_the_archive(
    shared_data: SharedData, load: Any
) -> None:
    """Gaia XP: XML, ECSV and FITS of one answer."""
    path = shared_data("gaia_xp") / "XP_CONTINUOUS_RAW.xml"
    found = load(path, "votable")
    others = [load(path.with_suffix(".ecsv"), "ecsv"),
              load(path.with_suffix(".fits"), "fits", list(found), hdu="1")]  # fmt: skip
    assert len(found) == 26
    for name, column in found.items():
        for other in (found[name] for found in others):
            np.testing.assert_array_equal(column.data, other.data.reshape(column.data.shape))
            assert column.data.dtype == other.data.dtype
