"""Plain tables: blanks, delimiters without quotes, comments, real files."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile.errors import CorruptFileError, UsageError
from astropile.readers import ReadOptions, _csv_stream, open_reader

NewPath = Callable[[str], Path]
RowsOf = Callable[[Any], list[Any]]
SharedData = Callable[[str], Path]
WORD = st.text("ab01.-'\"é,|#", min_size=1, max_size=5).filter(lambda word: word[0] != "#")
BLANKS = st.text(" \t", min_size=1, max_size=3)
TARGETS = ("objectID", "raLIN", "decLIN", "raSDSS", "decSDSS", "r", "ug", "gr", "ri", "iz", "JK",
           "mL", "std", "rms", "Lchi2", "LP1", "phi1", "S", "prior")  # fmt: skip
ATTRIBUTES = ("ra", "dec", "ug", "gi", "iK", "JK", "logP", "Ampl", "skew", "kurt", "magMed", "nObs",
              "LCtype", "id")  # fmt: skip


@given(table=st.lists(st.lists(WORD, min_size=3, max_size=3), min_size=1, max_size=6),
       data=st.data(), end=st.sampled_from(["\n", "\r\n"]))  # fmt: skip
def test_read_when_any_blanks_stand_between_words_then_the_words(
    table: list[list[str]], data: st.DataObject, end: str, new_path: NewPath, load: Any
) -> None:
    """Before, between and behind; quotes are characters; comments and empty lines are none."""
    lines = []
    for words in [["x", "y", "z"], *table]:
        if data.draw(st.booleans()):
            lines.append(data.draw(st.sampled_from(["", "  \t", "# no", "  #"])))
        left, *middle, right = (data.draw(BLANKS) for _ in range(4))
        text = f"{words[0]}{middle[0]}{words[1]}{middle[1]}{words[2]}"
        lines.append(data.draw(st.sampled_from([text, left + text, text + right])))
    path = new_path(".dat")
    path.write_text(end.join(lines) + data.draw(st.sampled_from(["", end])), newline="")
    found = load(path, "text", comment="#")
    assert [column.data.tolist() for column in found.values()] == [
        list(column) for column in zip(*table, strict=True)
    ]
    chosen = np.arange(0, len(table), 2)
    assert load(path, "text", ["y"], chosen, comment="#")["y"].data.tolist() == [
        words[1] for words in table[::2]
    ]


@pytest.mark.parametrize("delimiter", ["|", "\t", ";", "]", "^"])
def test_read_when_there_is_a_delimiter_then_cells_are_trimmed_and_may_be_empty(
    delimiter: str, new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """As tables of psql or of CDS in columns with marks."""
    path = new_path(".txt")
    lines = ["  id | name of it|  mag", "000006 | NGC 1068|1.5  ", ' 7 |  "a  | ', "8 ||\\N"]
    path.write_text("\n".join(lines).replace("|", delimiter))
    found = load(path, "text", delimiter=delimiter, nulls=("\\N",))
    assert list(found) == ["id", "name of it", "mag"]
    assert [rows_of(column) for column in found.values()] == [
        ["000006", "7", "8"], ["NGC 1068", '"a', None], ["1.5", None, None]
    ]  # fmt: skip


def test_read_when_names_are_given_then_the_first_line_is_a_row(
    new_path: NewPath, load: Any
) -> None:
    """Compressed, and with the names of the file in a comment."""
    path = new_path(".dat.gz")
    path.write_bytes(gzip.compress(b"## made\n##  ra   dec\n 1.5  -2\n 3     4\n"))
    found = load(path, "text", header=("ra", "dec"), comment="#")
    assert {name: column.data.tolist() for name, column in found.items()} == {
        "ra": ["1.5", "3"], "dec": ["-2", "4"]
    }  # fmt: skip
    assert load(path, "text", header=("a", "b"), comment="#", rows="file")["b"].data.shape == (1, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b\n1  2\n 3\n", "line 3 has 1 cells, expected 2: '3'"),
        ("# c\n a b\n\n1\t2\n#\n  3 4   5\n6 7\n", "line 6 has 3 cells, expected 2: '3 4 5'"),
    ],
)
def test_read_when_a_line_is_ragged_then_error_with_its_number(
    text: str, message: str, new_path: NewPath, load: Any
) -> None:
    path = new_path(".txt")
    path.write_text(text)
    with pytest.raises(CorruptFileError, match=rf"{path.name}: {message}"):
        load(path, "text", comment="#")


@pytest.mark.parametrize("delimiter", ["::", "é", "\n"])
def test_open_when_delimiter_is_no_byte_then_error(delimiter: str, new_path: NewPath) -> None:
    path = new_path(".txt")
    path.write_text("a b\n")
    with pytest.raises(UsageError, match="a delimiter is one character"):
        open_reader(path, "text", ReadOptions(delimiter=delimiter))


def test_read_when_a_line_has_no_end_then_refused(
    new_path: NewPath, load: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As gigabytes of nothing from some kilobytes of gzip."""
    monkeypatch.setattr(_csv_stream, "BLOCK_BYTES", 2**12)
    monkeypatch.setattr(_csv_stream, "_FILTER_BYTES", 2**8)
    path = new_path(".gz")
    for start in (b"", b"a b\n1 2\n"):
        path.write_bytes(gzip.compress(start + b"x" * 2**15))
        with pytest.raises(CorruptFileError, match="a line is longer than 4096 bytes"):
            load(path, "text")


@pytest.mark.parametrize("delimiter", ["", "|"])
def test_tidy_when_there_are_very_many_blanks_then_time_does_not_grow_as_their_square(
    delimiter: str, new_path: NewPath, load: Any
) -> None:
    """A megabyte of them within a cell, and at the end."""
    path, blanks = new_path(".txt"), " " * 2**20
    path.write_text(f"a{blanks}b\n1{blanks}2{blanks}\n")
    found = load(path, "text", delimiter=delimiter)
    assert [c.data.tolist() for c in found.values()] == (
        [[f"1{blanks}2"]] if delimiter else [["1"], ["2"]]
    )


@pytest.mark.parametrize("filter_bytes", [1, 7, 2**20])
def test_read_when_blocks_are_small_then_the_same(
    filter_bytes: int, new_path: NewPath, load: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_csv_stream, "_FILTER_BYTES", filter_bytes)
    path = new_path(".txt")
    path.write_text("  # made\n x  y\n 1\t 2 \n#\n  3   4")
    found = load(path, "text", comment="#")
    assert [column.data.tolist() for column in found.values()] == [["1", "3"], ["2", "4"]]


def test_read_when_damaged_then_no_bare_exception(new_path: NewPath, refused: Any) -> None:
    path = new_path(".txt")
    path.write_text("# made\n a  b\n" + "".join(f" {i}   x{i}\n" for i in range(12)))
    cut, changed = refused(path, "text", comment="#")
    assert cut > 10
    assert changed > 10


def test_read_when_real_then_as_numpy(shared_data: SharedData, load: Any) -> None:
    """LINEAR: names in comments, gzip, 7010 and 6146 rows."""
    folder = shared_data("linear")
    path = folder / "allLINEARfinal_targets.dat.gz"
    found = load(path, "text", comment="#", header=TARGETS)
    expected = np.loadtxt(path, comments="#")
    assert expected.shape == (7010, len(TARGETS))
    for column, values in zip(found.values(), expected.T, strict=True):
        np.testing.assert_array_equal(column.data.astype(float), values)
    path = folder / "LINEARattributesFinalApr2013.dat.gz"
    found = load(path, "text", ["id", "ra"], comment="#", header=ATTRIBUTES)
    assert len(found["ra"]) == 6146
    assert found["id"].data[:2].tolist() == ["29848", "32086"]
