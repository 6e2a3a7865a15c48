"""Formats, their options, and what is refused before a file is opened."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from astropile import readers
from astropile.errors import CellError, CorruptFileError, NoFilesError, UnsafeFileError, UsageError
from astropile.readers import Format, ReadOptions, _base, format_options, formats, open_reader

NewPath = Callable[[str], Path]


def test_formats_when_listed_then_each_has_a_reader_that_refuses_rubbish(new_path: NewPath) -> None:
    """A file of another kind is an error of ours, whatever the library says."""
    path = new_path(".dat")
    path.write_bytes(b"\x00\xff" * 4000)
    for name in formats():
        with (
            pytest.raises((CorruptFileError, CellError), match=r"\.dat"),
            open_reader(path, name, _legal(name)) as reader,
        ):
            reader.read(list(reader.cells()))


def _legal(format_: str) -> ReadOptions:
    return ReadOptions(rows="axis" if "rows=axis" in format_options(format_) else "file")


def test_open_reader_when_format_is_unknown_then_near_names() -> None:
    """The hint has what was meant."""
    with pytest.raises(UsageError, match="no file format 'hdf'") as caught:
        open_reader(Path("x"), "hdf", ReadOptions())
    assert caught.value.hint == "did you mean 'hdf5'?"


@pytest.mark.parametrize(
    ("format_", "options", "named"),
    [
        ("hdf5", ReadOptions(delimiter=","), "delimiter"),
        ("fits", ReadOptions(rows="group"), "rows=group"),
        ("parquet", ReadOptions(shared=("wave",)), "shared"),
        ("ecsv", ReadOptions(header=("a",)), "header"),
    ],
)
def test_open_reader_when_option_is_not_of_the_format_then_error(
    format_: str, options: ReadOptions, named: str
) -> None:
    """An option that does nothing is a mistake."""
    with pytest.raises(UsageError, match=f"does not know {named}"):
        open_reader(Path("x"), format_, options)


def test_format_options_when_asked_then_rows_are_listed() -> None:
    """What checks a schema can ask."""
    assert "rows=group" in format_options("hdf5")
    assert "rows=group" not in format_options("csv")


@pytest.mark.parametrize("address", ["http://192.0.2.1/x.fits", "file:///etc/passwd", "x.fits"])
def test_open_reader_when_not_a_path_then_refused(address: str) -> None:
    """Libraries take some texts for addresses in a network."""
    with pytest.raises(UsageError, match="takes a Path, got str"):
        open_reader(address, "fits", ReadOptions())  # type: ignore[arg-type]


def test_open_reader_when_absent_or_a_folder_then_error(tmp_path: Path) -> None:
    """Both name the path."""
    with pytest.raises(NoFilesError, match=r"absent\.fits"):
        open_reader(tmp_path / "absent.fits", "fits", ReadOptions())
    with pytest.raises(CorruptFileError, match="not a file"):
        open_reader(tmp_path, "fits", ReadOptions())


def test_import_when_no_file_is_opened_then_no_library_is_loaded() -> None:
    """The libraries of the formats are heavy."""
    code = "import sys, astropile.readers; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"h5py", "astropy", "pyarrow"} & set(found) == set()


def test_formats_when_a_package_adds_one_then_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry point names a Format."""
    added = Format("elsewhere:Reader", frozenset({"rows=axis"}))
    point = EntryPoint("more", "elsewhere:FORMAT", "astropile.readers")
    monkeypatch.setattr(EntryPoint, "load", lambda _: added)
    monkeypatch.setattr(readers, "entry_points", lambda **_: [point])
    readers._registered.cache_clear()
    try:
        assert "more" in formats()
        assert format_options("more") == added.options
    finally:
        readers._registered.cache_clear()


def test_read_when_more_than_the_budget_is_declared_then_refused(
    new_path: NewPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is allocated for it."""
    path = new_path(".csv")
    path.write_text("a\n" + "1\n" * 100)
    monkeypatch.setattr(_base, "BUDGET_BYTES", 99)
    with open_reader(path, "csv", ReadOptions()) as reader:
        assert len(reader.read(["a"], slice(0, 99))["a"]) == 99
        with pytest.raises(UnsafeFileError, match="100 rows declare"):
            reader.read(["a"])


def test_read_when_name_is_unknown_then_near_names_or_the_first_ones(new_path: NewPath) -> None:
    """The message helps to mend the schema."""
    path = new_path(".csv")
    path.write_text("ra,dec,mag_g\n1,2,3\n")
    with open_reader(path, "csv", ReadOptions()) as reader:
        with pytest.raises(CellError, match="no cell 'mag'") as near:
            reader.read(["mag"])
        with pytest.raises(CellError) as far:
            reader.read(["xyz"])
    assert "mag_g" in near.value.hint
    assert far.value.hint == "it has ra, dec, mag_g"


def test_cells_when_case_is_ignored_then_found_unless_ambiguous(new_path: NewPath) -> None:
    """An exact name always wins."""
    path = new_path(".csv")
    path.write_text("RA,dec,Dec\n1,2,3\n")
    with open_reader(path, "csv", ReadOptions(ignore_case=True)) as reader:
        assert reader.read(["ra", "dec"])["ra"].data.tolist() == ["1"]
        assert reader.read(["Dec"])["Dec"].data.tolist() == ["3"]
        with pytest.raises(CellError, match="differ only in case"):
            reader.read(["DEC"])
    with open_reader(path, "csv", ReadOptions()) as reader:
        assert "ra" not in reader.cells()


def test_read_when_rows_fall_then_error_names_the_file(new_path: NewPath) -> None:
    """Rows are read in the order of the file."""
    path = new_path(".csv")
    path.write_text("a\n1\n2\n")
    with (
        open_reader(path, "csv", ReadOptions()) as reader,
        pytest.raises(UsageError, match=r"\.csv: row numbers must not fall"),
    ):
        reader.read(["a"], np.array([1, 0]))
