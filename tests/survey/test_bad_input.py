"""What is wrong with files gives one typed error that names file and field, and the next step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import astropile as ap
from astropile.errors import AstropileError, CellError, CorruptFileError, LeafError
from tests.survey.conftest import cells, write_hdf5

FILE = "small/train/b.hdf5"
Damage = Callable[[Path], None]


def changed(**cells_to_change: Any) -> Damage:
    """Return what writes the file again with other cells; None leaves one out."""

    def damage(path: Path) -> None:
        path.unlink()
        rows = {**cells(3, 5), **cells_to_change}
        write_hdf5(path, {name: values for name, values in rows.items() if values is not None})

    return damage


def cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def overwrite(path: Path) -> None:
    path.write_bytes(b"this is text, not data\n" * 50)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def group_instead(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["ebv"]
        file.create_group("ebv")


CASES: dict[str, tuple[Damage, type[AstropileError], tuple[str, ...]]] = {
    "missing column": (changed(ebv=None), CellError, (FILE, "'ebv' is not in the file")),
    "missing bulk": (changed(image_flux=None), CellError, (FILE, "'image_flux' is not in the")),
    "group for data": (group_instead, CellError, (FILE, "ebv")),
    "wrong shape": (
        changed(image_flux=np.zeros((3, 2, 4, 5), "f4")),
        LeafError,
        (FILE, "image.flux", "axis x has 4 places, got 5"),
    ),
    "wrong rank": (changed(ebv=np.zeros((3, 7), "f4")), LeafError, (FILE, "ebv", "shape")),
    "wrong length": (changed(ebv=np.zeros(2, "f4")), CellError, (FILE, "ebv")),
    "wrong type": (changed(ebv=np.array([b"a", b"b", b"c"])), LeafError, (FILE, "ebv", "'a'")),
    "wrong integer": (
        changed(visits=np.array([1.0, 2.5, 3.0])),
        LeafError,
        (FILE, "row 1", "visits"),
    ),
    "unknown label": (
        changed(image_band=np.tile(np.array([b"x-g", b"x-z"]), (3, 1))),
        LeafError,
        (FILE, "row 0", "image.band", "x-z"),
    ),
    "band twice": (
        changed(image_band=np.tile(np.array([b"x-g", b"x-g"]), (3, 1))),
        LeafError,
        (FILE, "image.band"),
    ),
    "lists differ": (
        changed(spectrum_flux=np.ones((3, 4), "f4")),
        LeafError,
        (FILE, "spectrum"),
    ),
    "truncated": (cut, CorruptFileError, (FILE,)),
    "other format": (overwrite, CorruptFileError, (FILE,)),
    "empty": (empty, CorruptFileError, (FILE,)),
}


@pytest.mark.parametrize("name", CASES)
def test_dataset_when_file_is_bad_then_one_error_names_file_and_field(
    trees: Path, name: str
) -> None:
    damage, error, says = CASES[name]
    damage(trees / FILE)
    survey = ap.load("grove", data_dir=trees)
    calls = (survey.dataset, lambda: list(survey), lambda: list(survey.stream()))
    for call in calls:
        with pytest.raises(error) as found:
            call()
        assert type(found.value) is error
        for text in says:
            assert text in str(found.value), str(found.value)
        assert found.value.hint


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"dec": np.array([0.0, -90.001, 0.0])}, "position"),
        ({"ra": np.array([0.0, np.inf, 0.0])}, "position"),
        ({"object_id": np.array([b"x", b"tree-0", b"y"])}, "repeated_id"),
        ({"object_id": np.array([b"x", b"x", b"y"])}, "repeated_id"),
        ({"object_id": np.array([b"x", b"", b"y"])}, "null_id"),
    ],
)
def test_rows_when_object_is_bad_then_refused_counted_and_listed(
    trees: Path, caplog: pytest.LogCaptureFixture, change: dict[str, Any], code: str
) -> None:
    changed(**change)(trees / FILE)
    survey = ap.load("grove", data_dir=trees)
    assert len(survey) == 13
    assert survey.rejects.counts() == {code: 1}
    (row,) = survey.rejects.to_arrow().to_pylist()
    assert (row["file"], row["row"], row["code"]) == (FILE, 1, code)
    assert row["message"]
    assert [len(survey.dataset()), len(list(survey)), len(list(survey.stream()))] == [13] * 3
    assert caplog.text.count(f"grove: 1 rows were refused ({code} 1)") == 4


def test_rows_when_rows_in_and_out_are_counted_then_none_is_lost(trees: Path) -> None:
    rows = {**cells(8, 50), "dec": np.array([0, 91, 0, 0, 0, -91, 0, np.nan])}
    rows["object_id"][3] = b"tree-50"
    write_hdf5(trees / "small/train/d.hdf5", rows)
    survey = ap.load("grove", data_dir=trees)
    assert len(survey) + len(survey.rejects) == 14 + 8


@pytest.mark.parametrize("ra", [-10.0, 370.0, 360.0])
def test_rows_when_right_ascension_wraps_then_where_it_is_on_the_sky(
    trees: Path, ra: float
) -> None:
    changed(ra=np.array([ra, 1.0, 2.0]))(trees / FILE)
    survey = ap.load("grove", data_dir=trees)
    assert survey.catalog()["ra"][5] == ra % 360
    assert survey.dataset()[5]["ra"] == ra % 360
    assert len(survey.rejects) == 0
