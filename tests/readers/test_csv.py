"""Text tables written with Python, read back."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from astropile.errors import AstropileError, CellError, CorruptFileError, UsageError
from astropile.readers import CellInfo, ReadOptions, _compression, _csv_stream, open_reader

NewPath = Callable[[str], Path]
RowsOf = Callable[[Any], list[Any]]
WORDS = st.text('ab01"é,| \n', min_size=1, max_size=5)


@given(data=st.data(), delimiter=st.sampled_from([",", "|", "\t", ";"]), quoting=st.booleans())
def test_read_when_written_by_python_then_the_same_text(
    data: st.DataObject,
    delimiter: str,
    quoting: bool,
    new_path: NewPath,
    load: Any,
    rows_of: RowsOf,
) -> None:
    """Quotes, line breaks in quotes, any delimiter, any rows."""
    n = data.draw(st.integers(1, 8))
    table = data.draw(st.lists(st.tuples(WORDS, WORDS), min_size=n, max_size=n))
    path = new_path(".csv")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(
            file, delimiter=delimiter, quoting=csv.QUOTE_ALL if quoting else csv.QUOTE_MINIMAL
        )
        writer.writerows([("a", "b"), *table])
    chosen = np.flatnonzero(data.draw(arrays(bool, n)))
    found = load(path, "csv", delimiter=delimiter)
    assert rows_of(found["a"]) == [a for a, _ in table]
    assert rows_of(found["b"]) == [b for _, b in table]
    part = load(path, "csv", ["b"], chosen, delimiter=delimiter)["b"]
    assert rows_of(part) == [table[i][1] for i in chosen]


def test_read_when_cells_are_empty_then_null_unless_in_quotes(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Other texts that mean nothing are said by the schema; ids keep their zeros."""
    path = new_path(".csv")
    path.write_text('id,mag\n000006,\n7,""\n,nan\n8,\\N\n9,null\n')
    found = load(path, "csv", nulls=("\\N", "null"))
    assert rows_of(found["id"]) == ["000006", "7", None, "8", "9"]
    assert rows_of(found["mag"]) == [None, "", "nan", None, None]


@pytest.mark.parametrize("filter_bytes", [1, 7, 2**20])
def test_read_when_comments_stand_anywhere_then_left_out(
    new_path: NewPath, load: Any, filter_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the header, between rows, at the end; not within a line."""
    monkeypatch.setattr(_csv_stream, "_FILTER_BYTES", filter_bytes)
    path = new_path(".csv")
    path.write_text("# made\n#\na,b\n1,x#y\n# no\n## no\n2,#z\n#end")
    found = load(path, "csv", comment="#")
    assert found["a"].data.tolist() == ["1", "2"]
    assert found["b"].data.tolist() == ["x#y", "#z"]


def test_read_when_there_is_no_header_then_names_of_the_schema(
    new_path: NewPath, load: Any
) -> None:
    """As in psc_*.gz: names are given, the first line is a row."""
    path = new_path(".gz")
    path.write_bytes(gzip.compress(b"10.5|\\N|x\n11.5|-1|y\n"))
    found = load(path, "csv", header=("ra", "dec", "z"), delimiter="|", nulls=("\\N",))
    assert found["ra"].data.tolist() == ["10.5", "11.5"]
    assert found["dec"].null.tolist() == [True, False]


@pytest.mark.parametrize("kind", ["csv", "text"])
@pytest.mark.parametrize(
    ("names", "header"), [("", ("a", "b")), ("# by hand\na|b\n", ()), ("a|b|\n", ())]
)
def test_read_when_rows_end_with_a_delimiter_then_it_ends_no_column(
    new_path: NewPath, load: Any, kind: str, names: str, header: tuple[str, ...]
) -> None:
    """Others take the first column for an index then, and each name for the column before."""
    path = new_path(".tbl")
    path.write_text(f"{names}x1|2|\n\nx3||\n|4|\n")
    found = load(path, kind, ["b", "a"], header=header, delimiter="|", comment="#")
    assert found["a"].data[:2].tolist() == ["x1", "x3"]
    assert found["b"].data[[0, 2]].tolist() == ["2", "4"]
    assert [found[n].null.tolist() for n in "ab"] == [[False, False, True], [False, True, False]]
    with open_reader(path, kind, ReadOptions(header=("a", "b", "c"), delimiter="|")) as reader:
        assert set(reader.cells()) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1|2|\n3|4\n", "line 2 has 2 cells, expected 3: '3|4'"),
        ("1|2\n3|4|\n", "line 2 has 3 cells, expected 2: '3|4|'"),
        ("1|2|\n3|4|\n5|6|7\n", "a row has 3 cells, others end with a delimiter behind 2"),
        ("1|2||\n", "line 1 has 4 cells, expected 2"),
        ('1|2|""\n5|6|7\n', "line 1 has 3 cells, expected 2"),
    ],
)
def test_read_when_only_some_rows_end_with_a_delimiter_then_error(
    new_path: NewPath, load: Any, rows: str, message: str
) -> None:
    path = new_path(".tbl")
    path.write_text(rows)
    with pytest.raises(CorruptFileError, match=rf"{path.name}: {re.escape(message)}"):
        load(path, "csv", ["a"], header=("a", "b"), delimiter="|")


def test_read_when_first_row_is_long_or_there_is_none_then_as_before(
    new_path: NewPath, load: Any
) -> None:
    """Python's module takes no cell longer than 131,072 characters."""
    path = new_path(".csv")
    path.write_text("a,b\n" + "7" * 200_000 + ",\n")
    found = load(path, "csv")
    assert (len(found["a"].data[0]), found["b"].null.tolist()) == (200_000, [True])
    path.write_text("")
    assert len(load(path, "csv", header=("a", "b"))["a"]) == 0


def test_cells_when_names_are_empty_or_twice_then_numbered(new_path: NewPath) -> None:
    """As pandas writes its index; blanks and a byte order mark are no part of a name."""
    path = new_path(".csv")
    path.write_bytes(b"\xef\xbb\xbf,ra, dec ,ra\r\n0,1,2,3\r\n")
    with open_reader(path, "csv", ReadOptions()) as reader:
        assert dict(reader.cells()) == dict.fromkeys(
            ["col1", "ra", "dec", "col4"], CellInfo("text")
        )
        assert reader.read(["col4", "dec"])["col4"].data.tolist() == ["3"]


def test_open_when_columns_cannot_be_told_apart_or_delimiter_is_long_then_error(
    new_path: NewPath,
) -> None:
    """Both are told before anything is read."""
    path = new_path(".csv")
    path.write_text("col2,,a\n1,2,3\n")
    with pytest.raises(UsageError, match="cannot be told apart"):
        open_reader(path, "csv", ReadOptions())
    with pytest.raises(UsageError, match="a delimiter is one character"):
        open_reader(path, "csv", ReadOptions(delimiter="::"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3\n", r"line 3 has 1 cells, expected 2: '3'"),
        ("#c\na,b\n\n1,2\n#\n3,4,5\n6,7\n", r"line 6 has 3 cells, expected 2: '3,4,5'"),
        ('a,b\n"x\ny",2\n3,4\n5', r"line 5 has 1 cells, expected 2: '5'"),
    ],
)
def test_read_when_a_line_is_ragged_then_error_with_its_number(
    text: str, message: str, new_path: NewPath, load: Any
) -> None:
    """The number is that of an editor: comments, empty lines and line breaks count."""
    path = new_path(".csv")
    path.write_text(text)
    with pytest.raises(CorruptFileError, match=rf"{path.name}: {message}"):
        load(path, "csv", ["b"], comment="#")


def test_read_when_any_byte_is_changed_then_no_bare_exception(new_path: NewPath, load: Any) -> None:
    """Also bytes that are not UTF-8, in the header and in ragged lines."""
    content = b"a,b\n" + b"".join(b'%d,"x%d"\n' % (i, i) for i in range(9))
    random, path, refused = np.random.default_rng(4), new_path(".csv"), []
    for place in range(len(content)):
        for value in random.integers(0, 256, 3):
            path.write_bytes(content[:place] + bytes([value]) + content[place + 1 :])
            try:
                load(path, "csv")
            except AstropileError as error:
                refused.append(str(error))
    assert 20 < len(refused) < 200
    assert all(path.name in message for message in refused)


@pytest.mark.parametrize("text", ["", "\n\n", "# only\n"])
def test_open_when_there_is_no_header_then_error(text: str, new_path: NewPath) -> None:
    """An empty file is not an empty table."""
    path = new_path(".csv")
    path.write_text(text)
    with pytest.raises(CorruptFileError, match="no line with the names"):
        open_reader(path, "csv", ReadOptions(comment="#"))


@pytest.mark.parametrize("text", ["a,b\n", "a,b", "a,b\n\n"])
def test_read_when_there_are_no_rows_then_empty(text: str, new_path: NewPath, load: Any) -> None:
    """An empty table has its columns."""
    path = new_path(".csv")
    path.write_text(text)
    found = load(path, "csv")
    assert {name: len(column) for name, column in found.items()} == {"a": 0, "b": 0}
    assert load(path, "csv", rows="file")["a"].data.shape == (1, 0)


def test_read_when_not_utf8_then_only_that_cell_fails(new_path: NewPath, load: Any) -> None:
    """Other columns are read."""
    path = new_path(".csv")
    path.write_bytes(b"a,b\n1,x\n2,\xe9\n")
    assert load(path, "csv", ["a"])["a"].data.tolist() == ["1", "2"]
    with pytest.raises(CellError, match=rf"{path.name}: b: bytes that are not UTF-8 in row 1"):
        load(path, "csv", ["b"])


def test_read_when_blocks_are_small_then_rows_go_on_where_they_ended(
    new_path: NewPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading in order opens the file once to count and once to read; going back once more."""
    monkeypatch.setattr(_csv_stream, "BLOCK_BYTES", 64)
    opened = []

    def open_plain(path: Path) -> Any:
        opened.append(path)
        return _compression.open_plain(path)

    monkeypatch.setattr(_csv_stream, "open_plain", open_plain)
    path = new_path(".csv")
    path.write_text("a,b\n" + "".join(f"{i},x{i}\n" for i in range(300)))
    with open_reader(path, "csv", ReadOptions()) as reader:
        assert reader.count_rows() == 300
        for start in range(0, 300, 37):
            rows = slice(start, min(300, start + 37))
            assert reader.read(["a"], rows)["a"].data.tolist() == [str(i) for i in range(300)[rows]]
        assert len(opened) == 3  # the header, the rows to count, the rows to read
        picked = np.array([3, 3, 150, 299])
        assert reader.read(["b", "a"], picked)["b"].data.tolist() == ["x3", "x3", "x150", "x299"]
        assert len(opened) == 4


def test_read_when_file_is_a_row_then_columns_are_arrays(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """A light curve a file; a cell without text is a hole."""
    path = new_path(".csv")
    path.write_text("t,f\n1,2\n3,\n")
    with open_reader(path, "csv", ReadOptions(rows="file")) as reader:
        assert reader.cells()["t"] == CellInfo("text", (2,))
        assert reader.count_rows() == 1
    assert rows_of(load(path, "csv", rows="file")["f"]) == [["2", None]]
