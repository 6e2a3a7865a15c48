"""Light curves of SNANA in text: the layout, real files, and files that are cut."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile.errors import AstropileError, CorruptFileError, UnsafeFileError
from astropile.readers import CellInfo, ReadOptions, _one_object, open_reader

NewPath = Callable[[str], Path]
RowsOf = Callable[[Any], list[Any]]
SharedData = Callable[[str], Path]
FOLDERS = {"sn_cfa": 29, "sn_csp": 28, "sn_des3yr": 20, "sn_foundation": 20, "sn_ps1": 20,
           "sn_snls": 20, "sn_swift": 20}  # fmt: skip
LIGHT_CURVE = """\
SURVEY:  DES    # of five years
SNID: 01248677
IAUC:
RA:   104.900420 deg
MWEBV: 0.070 (SFD98)
MWEBV_ERR:   0.00040
REDSHIFT_HELIO: 0.010941 +- 0.000117
VPEC: -78.2588 +- 250.0 km/s   # host
HOSTGAL_MAG:         22.94 22.15 21.87
PRIVATE(COSMO): 1
TYPE: 0
# KEY: of a comment
TYPE: 1    #  OVERRIDE

NOBS: 2
NVAR: 3
VARLIST:  MJD  FLT FLUXCAL
OBS: 51933.28 a -9
OBS:   51957.12   b   16443.7   # late
END:
"""
WORD = st.text("abcXYZ019.+-_()é", min_size=1, max_size=6).filter(lambda word: word != "+-")


@pytest.fixture
def light_curve(new_path: NewPath) -> Path:
    path = new_path(".DAT")
    path.write_text(LIGHT_CURVE)
    return path


def test_read_when_written_as_snana_then_values_errors_and_lists(
    light_curve: Path, load: Any, rows_of: RowsOf
) -> None:
    """Units, comments and errors are no part of a value; an id keeps its zero."""
    found = load(light_curve, "snana", rows="file", nulls=("-9",))
    assert {name: rows_of(column)[0] for name, column in found.items()} == {
        "SURVEY": "DES", "SNID": "01248677", "IAUC": None, "RA": "104.900420", "MWEBV": "0.070",
        "MWEBV_ERR": "0.00040", "REDSHIFT_HELIO": "0.010941", "REDSHIFT_HELIO_ERR": "0.000117",
        "VPEC": "-78.2588", "VPEC_ERR": "250.0", "HOSTGAL_MAG": "22.94 22.15 21.87",
        "PRIVATE(COSMO)": "1", "TYPE": "1", "NOBS": "2", "NVAR": "3",
        "OBS.MJD": ["51933.28", "51957.12"], "OBS.FLT": ["a", "b"],
        "OBS.FLUXCAL": [None, "16443.7"],
    }  # fmt: skip
    with open_reader(light_curve, "snana", ReadOptions(rows="file", ignore_case=True)) as reader:
        assert reader.count_rows() == reader.block_rows() == 1
        assert reader.cells()["snid"] == CellInfo("text")
        assert reader.cells()["obs.mjd"] == CellInfo("text", (2,))
        assert len(reader.read(["SNID"], slice(0, 0))["SNID"]) == 0


def test_read_when_there_are_other_words_for_the_same_then_read(
    new_path: NewPath, load: Any
) -> None:
    """VARNAMES, END_PHOTOMETRY with spectra behind it, gzip, no NOBS, no observation."""
    text = LIGHT_CURVE.replace("VARLIST", "VARNAMES").replace("NOBS: 2\n", "")
    text = text.replace("END:", "END_PHOTOMETRY:\nSPEC: 1 2 3 4 5")
    path = new_path(".dat.gz")
    path.write_bytes(gzip.compress(text.replace("\n", "\r\n").encode()))
    assert load(path, "snana", rows="file")["OBS.FLT"].data.tolist() == [["a", "b"]]
    path = new_path(".dat")
    path.write_text("NOBS: 0\nVARLIST: MJD FLT\nEND:")
    assert load(path, "snana", rows="file")["OBS.MJD"].data.shape == (1, 0)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("OBS: 51933.28 a -9\n", "", "NOBS declares 2 observations, the file has 1"),
        ("NOBS: 2", "NOBS: two", "NOBS is 'two'"),
        ("NOBS: 2\n", "", None),
        ("END:\n", "", None),
        ("a -9\n", "a\n", r"line 18 has 2 words, expected 3 \(MJD, FLT, FLUXCAL\)"),
        ("a -9\n", "a -9 7\n", "line 18 has 4 words, expected 3"),
        ("VARLIST:", "#", "line 18 stands before VARLIST"),
        ("MJD  FLT", "MJD  MJD", "line 17 does not name columns, each once"),
        ("IAUC:", "IAUC", "line 3 is no 'KEY: value': 'IAUC'"),
        ("16443.7   # late\nEND:\n", "16443.", "ends in the middle of line 19"),
    ],
)
def test_read_when_cut_or_ragged_then_both_numbers_or_the_line(
    light_curve: Path, load: Any, old: str, new: str, message: str | None
) -> None:
    """One of NOBS and END is enough, both may not be missing."""
    light_curve.write_text(LIGHT_CURVE.replace(old, new))
    if message is None:
        assert load(light_curve, "snana", ["OBS.MJD"], rows="file")["OBS.MJD"].data.size == 2
        text = LIGHT_CURVE.replace("NOBS: 2\n", "").replace("END:\n", "")
        light_curve.write_text(text)
        message = "neither NOBS: nor END:"
    with pytest.raises(CorruptFileError, match=rf"{light_curve.name}: .*{message}"):
        load(light_curve, "snana", rows="file")


@pytest.mark.parametrize(
    "text", ["ASASSN-15bc 0.0367\nASASSN-15bm 0.0208\n", "", "a: b\n", "# x\n"]
)
def test_read_when_no_light_curve_then_error_says_so(
    text: str, new_path: NewPath, load: Any
) -> None:
    """Lists that lie beside light curves, such as zlist.txt."""
    path = new_path(".txt")
    path.write_text(text)
    with pytest.raises(CorruptFileError) as caught:
        load(path, "snana", rows="file")
    assert "it is no light curve of SNANA" in caught.value.hint


def test_read_when_cut_anywhere_then_whole_or_refused(light_curve: Path, load: Any) -> None:
    """A number that lost its last digits must not be read."""
    whole = load(light_curve, "snana", ["OBS.FLUXCAL"], rows="file")["OBS.FLUXCAL"].data.tolist()
    content, read = light_curve.read_bytes(), 0
    for length in range(len(content)):
        light_curve.write_bytes(content[:length])
        try:
            found = load(light_curve, "snana", ["OBS.FLUXCAL"], rows="file")
        except AstropileError:
            continue
        assert found["OBS.FLUXCAL"].data.tolist() == whole
        read += 1
    assert read == len("\nEND:") - 3  # no END: at all, or END: without its line break


def test_read_when_bytes_are_changed_then_no_bare_exception(
    light_curve: Path, refused: Any
) -> None:
    cut, changed = refused(light_curve, "snana", rows="file")
    assert cut > 400
    assert 20 < changed < 400


def test_read_when_huge_then_refused(
    light_curve: Path, load: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_one_object, "MAX_BYTES", 99)
    with pytest.raises(UnsafeFileError, match="too many for one object"):
        load(light_curve, "snana", rows="file")


@given(
    header=st.dictionaries(st.from_regex(r"[A-Z_]{1,8}", fullmatch=True), WORD, max_size=5),
    names=st.lists(WORD, min_size=1, max_size=4, unique=True),
    data=st.data(),
)
def test_read_when_written_then_the_same_text(
    header: dict[str, str], names: list[str], data: st.DataObject, new_path: NewPath, load: Any
) -> None:
    """Any words in any number of columns."""
    header = {key: v for key, v in header.items() if key not in ("OBS", "END", "NOBS", "NVAR")}
    row = st.lists(WORD, min_size=len(names), max_size=len(names))
    rows = data.draw(st.lists(row, max_size=6))
    lines = [f"{key}: {value}" for key, value in header.items()]
    lines += [f"NOBS: {len(rows)}", f"VARLIST: {'  '.join(names)}"]
    path = new_path(".dat")
    path.write_text("\n".join([*lines, *(f"OBS: {' '.join(words)}" for words in rows), ""]))
    found = load(path, "snana", rows="file")
    assert {key: found[key].data[0] for key in header} == header
    for place, name in enumerate(names):
        assert found[f"OBS.{name}"].data.tolist() == [[words[place] for words in rows]]


@pytest.mark.parametrize("folder", FOLDERS)
def test_read_when_real_then_as_many_points_as_lines(
    folder: str, shared_data: SharedData, load: Any
) -> None:
    """All light curves there are; the points are counted apart."""
    paths = [p for p in shared_data(folder).iterdir() if p.suffix.lower() in (".dat", ".txt")]
    assert len(paths) == FOLDERS[folder]
    for path in paths:
        text = path.read_text()
        n = len(re.findall(r"^OBS:", text, re.MULTILINE))
        found = load(path, "snana", rows="file")
        lists = {name: column for name, column in found.items() if name.startswith("OBS.")}
        assert len(lists) >= 7
        assert all(column.data.shape == (1, n) for column in lists.values())
        assert found["SNID"].data[0] == re.search(r"^SNID:\s*(\S+)", text, re.MULTILINE)[1]
        assert 0 <= float(found["RA"].data[0]) < 360
        dec = found["DECL"] if "DECL" in found else found["DEC"]
        assert -90 <= float(dec.data[0]) <= 90
        assert float(found["REDSHIFT_HELIO_ERR"].data[0]) > 0
        assert (lists["OBS.MJD"].data.astype(float) > 5e4).all()
