"""What is wrong with the files of any survey is one typed error, or has a defined result.

Every shipped survey with HDF5 files is tried in its default config. What is damaged follows from
its schema: its first number, its first array, the cells that tell padding from data.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from astropile.errors import AstropileError, CellError, LeafError, NoFilesError
from tests.survey.damage import (
    OBJECTS,
    Files,
    change,
    mock,
    one_more_axis,
    surveys_in_hdf5,
    text,
    without_rows,
)

SURVEYS = list(surveys_in_hdf5())
Copy = Callable[[str], Files]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Files]:
    """Return a function: survey -> sound files of it, written once."""
    made: dict[str, Files] = {}

    def find(survey: str) -> Files:
        if survey not in made:
            made[survey] = mock(survey, tmp_path_factory.mktemp(survey))
        return made[survey]

    return find


@pytest.fixture
def copy(whole: Callable[[str], Files], tmp_path: Path) -> Copy:
    """Return a function: survey -> a copy of its files to be damaged."""
    return lambda survey: whole(survey).copy(tmp_path / "data")


def rows_of(files: Files, *columns: str) -> int:
    """Read everything that is asked for; return the number of Examples."""
    return sum(len(table) for table in files.load(*columns).iter_tables())


def refusal(files: Files, *columns: str) -> AstropileError:
    """Return the one error that reading gives."""
    with pytest.raises(AstropileError) as caught:
        rows_of(files, *columns)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("survey", SURVEYS)
@pytest.mark.parametrize("is_array", [False, True], ids=["scalar", "array"])
def test_cell_when_it_is_missing_then_error_names_file_cell_and_leaf(
    copy: Copy, survey: str, is_array: bool
) -> None:
    files = copy(survey)
    if is_array and not has_arrays(files):
        return
    victim, path = files.victim(is_array=is_array), files.paths[0]
    change(files, path, victim.path, lambda _: None)
    error = refusal(files, victim.address)
    assert type(error) is CellError
    assert error.where == files.name(path)
    assert f"'{victim.cell}' is not in the file (source {files.source}, leaf " in error.what


@pytest.mark.parametrize("survey", SURVEYS)
def test_cell_when_it_is_not_declared_then_reported_and_no_error(
    copy: Copy, survey: str, caplog: pytest.LogCaptureFixture
) -> None:
    files = copy(survey)
    path = files.paths[0]
    request = files.load().request
    before = set(request.run(request.leaves).undeclared())
    with h5py.File(path, "r+") as file:
        for place in files.places(file):
            place["a_surprise"] = np.zeros(1 if files.rows != "axis" else length(file))
    with caplog.at_level(logging.INFO, logger="astropile"):
        assert rows_of(files) == OBJECTS
    assert f"no leaf is read from 'a_surprise' of {files.name(path)}" in caplog.text
    found = request.run(request.leaves).undeclared()
    assert set(found) - before == {"a_surprise"}
    assert found["a_surprise"] == files.name(path)


@pytest.mark.parametrize("survey", SURVEYS)
@pytest.mark.parametrize("is_array", [False, True], ids=["scalar", "array"])
@pytest.mark.parametrize("new", [one_more_axis, text], ids=["shape", "text"])
def test_cell_when_of_another_shape_or_type_then_error_names_file_and_leaf(
    copy: Copy, survey: str, is_array: bool, new: Callable[[Any], Any]
) -> None:
    files = copy(survey)
    if is_array and not has_arrays(files):
        return
    victim, path = files.victim(is_array=is_array), files.paths[0]
    change(files, path, victim.path, new)
    error = refusal(files, victim.address)
    assert type(error) in (LeafError, CellError)
    assert files.name(path) in str(error)
    assert f"'{victim.cell}'" in str(error) or any(
        a in str(error) for a in files.readers(victim.cell)
    )


@pytest.mark.parametrize("survey", SURVEYS)
def test_ids_when_a_file_is_there_twice_then_the_second_rows_are_refused(
    copy: Copy, survey: str
) -> None:
    files = copy(survey)
    path = files.paths[0]
    alone = files.load().row_index
    count = int((alone.file == 0).sum())
    files.copy_of(path)
    twice = files.load()
    # Where rows of one key are taken once, or joined to one object, there is nothing to refuse.
    table = files.plan.programs[0].main.model
    refused = {} if table.unique or table.group else {"repeated_id": count}
    assert twice.rejects.counts() == refused
    assert len(twice) == len(alone) == rows_of(files) == OBJECTS


@pytest.mark.parametrize("survey", SURVEYS)
def test_files_when_some_hold_no_object_then_the_others_are_read(copy: Copy, survey: str) -> None:
    files = copy(survey)
    path = files.paths[0]
    path.parent.with_name("healpix=0").mkdir()
    if files.rows != "file":  # such a file is an object
        without_rows(files, files.copy_of(path))
    assert rows_of(files) == OBJECTS
    assert len(files.load().rejects) == 0


@pytest.mark.parametrize("survey", SURVEYS)
def test_files_when_none_holds_an_object_then_an_empty_dataset_or_no_files(
    copy: Copy, survey: str
) -> None:
    files = copy(survey)
    paths = files.paths
    if files.rows != "file":
        for path in paths:
            without_rows(files, path)
        loaded = files.load("object_id")
        assert len(loaded) == rows_of(files) == len(loaded.catalog()) == 0
        assert loaded.dataset().features == loaded.features
    for path in paths:
        path.unlink()
    error = refusal(files)
    assert type(error) is NoFilesError
    assert files.load().request.source in str(error)


@pytest.mark.parametrize("survey", SURVEYS)
def test_object_when_nothing_was_observed_then_its_lists_have_no_elements(
    copy: Copy, survey: str
) -> None:
    files = copy(survey)
    for cells, paddings in files.keeps():
        with h5py.File(files.paths[0]) as file:
            present = [c for c in cells if c.replace(".", "/") in files.places(file)[0]]
        lengths = (lengths_when_padded(files, present, padding) for padding in paddings)
        assert any(0 in found for found in lengths), (cells, paddings)


def has_arrays(files: Files) -> bool:
    """Whether any leaf is an array of numbers."""
    return bool(files._leaves(is_array=True))


def length(file: h5py.File) -> int:
    """Return the number of rows of a file of columns."""
    return next(len(v) for v in file.values() if isinstance(v, h5py.Dataset) and v.shape)


def lengths_when_padded(files: Files, cells: list[str], padding: Any) -> set[int]:
    """Fill the arrays of the first file with padding; return the lengths of the lists there."""
    tried = Files(files.survey, files.source, files.root.with_name(f"tried-{padding!r}"))
    shutil.copytree(files.root, tried.root)
    try:
        for cell in cells:
            change(tried, tried.paths[0], cell.replace(".", "/"), lambda old: filled(old, padding))
        request = tried.load().request
        batch = next(request.run(request.leaves).batches())
    except (OverflowError, ValueError, TypeError):
        return set()  # the cell cannot hold it
    else:
        return {
            int(column.counts[0])
            for address, column in batch.columns.items()
            if request.leaves[address].axes and column.offsets is not None
        }
    finally:
        shutil.rmtree(tried.root)


def filled(old: Any, padding: Any) -> Any:
    """Return an array of the same form that holds nothing but padding."""
    new = np.array(old)
    new[...] = padding
    return new
