"""The cache of converted surveys: made once, made anew when anything changes, or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import astropile as ap
from astropile.engine import Run
from astropile.errors import OutputError
from astropile.survey import cache_dir, clean_cache
from astropile.survey.request import Request
from tests.survey.conftest import GROVE, cells, write_hdf5


@pytest.fixture
def conversions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with every conversion of files."""
    made: list[str] = []
    original = Request.tables

    def spy(self: Request, **options: Any) -> Iterator[pa.Table]:
        made.append(self.config)
        yield from original(self, **options)

    monkeypatch.setattr(Request, "tables", spy)
    return made


def folders() -> list[Path]:
    """Return all folders of the cache, also those that are being built."""
    return sorted((cache_dir() / "grove").glob("*"))


def test_dataset_when_asked_again_then_not_converted_again(
    trees: Path, conversions: list[str]
) -> None:
    first = ap.load("grove", data_dir=trees).dataset()
    second = ap.load("copse", data_dir=f"{trees}/", config="mini").dataset()
    assert len(conversions) == 1
    assert first._fingerprint == second._fingerprint
    assert first[3]["object_id"] == second[3]["object_id"]
    assert first.info.description == second.info.description


@pytest.mark.parametrize(
    "options",
    [
        {"columns": ["ebv"]},
        {"columns": ["image.flux"]},
        {"names": "canonical"},
        {"layout": "per_band"},
        {"on_bad_row": "reject"},
    ],
)
def test_dataset_when_something_else_is_asked_then_converted_anew(
    trees: Path, conversions: list[str], options: dict[str, Any]
) -> None:
    plain = ap.load("grove", data_dir=trees).dataset()
    other = ap.load("grove", data_dir=trees, **options).dataset()
    assert len(conversions) == 2
    assert other._fingerprint != plain._fingerprint
    assert len(folders()) == 2


def test_dataset_when_split_differs_then_converted_anew(
    trees: Path, conversions: list[str]
) -> None:
    survey = ap.load("grove", data_dir=trees)
    assert [len(survey.dataset(split)) for split in (None, "train", "test")] == [14, 12, 2]
    assert len(conversions) == 3


@pytest.mark.parametrize("change", ["content", "time", "more", "less", "name"])
def test_dataset_when_files_change_then_converted_anew(
    trees: Path, conversions: list[str], change: str
) -> None:
    before = len(ap.load("grove", data_dir=trees).dataset())
    path = trees / "small" / "train" / "c.hdf5"
    if change == "content":
        path.unlink()
        write_hdf5(path, cells(6, 40))
    elif change == "time":
        os.utime(path, ns=(1, time.time_ns()))
    elif change == "more":
        write_hdf5(path.with_name("d.hdf5"), cells(2, 40))
    elif change == "less":
        path.unlink()
    else:
        path.rename(path.with_name("0.hdf5"))
    after = ap.load("grove", data_dir=trees).dataset()
    assert len(conversions) == 2
    expected = {"content": 2, "time": 0, "more": 2, "less": -4, "name": 0}[change]
    assert len(after) - before == expected


def test_dataset_when_folder_is_moved_then_not_converted_again(
    trees: Path, conversions: list[str]
) -> None:
    """Paths count from the data directory."""
    ap.load("grove", data_dir=trees).dataset()
    moved = trees.rename(trees.with_name("moved"))
    assert len(ap.load("grove", data_dir=moved).dataset()) == 14
    assert len(conversions) == 1


def test_dataset_when_schema_changes_then_converted_anew_but_not_for_its_layout(
    trees: Path, conversions: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, path, found = GROVE.read_text(), tmp_path / "mine.yaml", []
    for change in (("", ""), ("# An", "# Another"), ("missing: [-99]", "missing: [-99, 20]")):
        path.write_text(text.replace(*change), encoding="utf-8")
        monkeypatch.setenv("ASTROPILE_SCHEMAS", str(path))
        dataset = ap.load("grove", data_dir=trees).dataset()
        found.append(dataset[0]["g_mag"])
    assert len(conversions) == 2
    np.testing.assert_array_equal(found, [20.0, 20.0, np.nan])


def test_dataset_when_an_attached_table_changes_then_converted_anew(
    trees: Path, grove: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = 'tables: {main: {files: "{config}/{split}/*.hdf5", format: hdf5}}'
    both = (
        "tables:\n      main: {files: '{config}/{split}/*.hdf5', format: hdf5}\n"
        "      dust: {files: dust.parquet, format: parquet, on: {name: object_id}}"
    )
    values = "    values: {ebv: dust.ebv, image.band"
    text = grove.read_text().replace(main, both).replace("    values: {image.band", values)
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("ASTROPILE_SCHEMAS", str(tmp_path / "mine.yaml"))
    for value in (0.5, 0.25):
        names = [f"tree-{k}" for k in range(14)]
        pq.write_table(pa.table({"name": names, "ebv": [value] * 14}), trees / "dust.parquet")
        assert set(ap.load("grove", data_dir=trees).dataset()["ebv"][:]) == {value}
    assert len(folders()) == 2


def test_build_when_interrupted_then_nothing_is_left_and_the_next_one_is_whole(
    trees: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Run.tables

    def interrupted(self: Run, **options: Any) -> Iterator[pa.Table]:
        yield next(original(self, **options))
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "tables", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ap.load("grove", data_dir=trees).dataset()
    assert folders() == []
    monkeypatch.setattr(Run, "tables", original)
    assert len(ap.load("grove", data_dir=trees).dataset()) == 14


def test_build_when_killed_then_its_remains_are_never_opened(trees: Path) -> None:
    """A process that dies at once cannot tidy up."""
    code = (
        "import os, astropile as ap\nfrom astropile.engine import Run\noriginal = Run.tables\n"
        "def killed(self, **options):\n    yield next(original(self, **options))\n    os._exit(9)\n"
        f"Run.tables = killed\nap.load('grove', data_dir={str(trees)!r}).dataset()"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 9
    (remains,) = folders()
    assert remains.name.startswith(".")
    assert len(ap.load("grove", data_dir=trees).dataset()) == 14
    assert clean_cache() > 0
    assert not cache_dir().exists()


def test_build_when_two_processes_start_at_once_then_both_get_the_rows(trees: Path) -> None:
    code = (
        "import time, astropile as ap\nfrom astropile.engine import Run\noriginal = Run.tables\n"
        "def slow(self, **options):\n    for table in original(self, **options):\n"
        "        time.sleep(0.1)\n        yield table\n"
        f"Run.tables = slow\nd = ap.load('grove', data_dir={str(trees)!r}).dataset()\n"
        "print(len(d), d[7]['object_id'], d._fingerprint)"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    first, second = (process.communicate()[0] for process in started)
    assert first == second
    assert first.startswith("14 tree-7 ")
    assert len(folders()) == 1


def full(path: str, mode: str) -> pa.OSFile:
    """Open a file of a disk without space."""
    assert mode == "wb"
    return pa.lib.OSFile("/dev/full", mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk on this system")
def test_build_when_disk_is_full_then_one_error_with_the_place_and_the_next_step(
    trees: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pa, "OSFile", full)
    with pytest.raises(OutputError, match=r"No space left(.|\n)*ASTROPILE_CACHE") as found:
        ap.load("grove", data_dir=trees).dataset()
    assert str(cache_dir()) in found.value.where
    assert found.value.exit_code == 4
    assert folders() == []


def test_build_when_the_place_cannot_be_written_then_output_error(
    trees: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("ASTROPILE_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(OutputError, match="cannot write: Not a directory"):
        ap.load("grove", data_dir=trees).dataset()


def test_build_when_reading_fails_then_the_fault_is_not_called_one_of_writing(
    trees: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(self: Run, **options: Any) -> Iterator[pa.Table]:
        yield from ()
        raise OSError(errno.EIO, "input/output error", "tree.hdf5")

    monkeypatch.setattr(Run, "tables", unreadable)
    with pytest.raises(OSError, match=r"tree\.hdf5") as found:
        ap.load("grove", data_dir=trees).dataset()
    assert not isinstance(found.value, OutputError)
    assert folders() == []


def test_rejects_when_dataset_is_made_then_saved_beside_it_and_said_at_every_opening(
    trees: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = {**cells(3, 50), "dec": [0.0, 99.0, 0.0]}
    write_hdf5(trees / "small" / "train" / "d.hdf5", rows)
    for _ in range(2):
        caplog.clear()
        assert len(ap.load("grove", data_dir=trees).dataset()) == 16
        assert "grove: 1 rows were refused (position 1)" in caplog.text
    (folder,) = folders()
    (refused,) = pq.read_table(folder / "rejects.parquet").to_pylist()
    assert (refused["file"], refused["row"], refused["object_id"]) == (
        "small/train/d.hdf5",
        1,
        "tree-51",
    )
    assert refused["code"] == "position"


def test_cache_when_variable_is_set_then_there_else_below_that_of_datasets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASTROPILE_CACHE", str(tmp_path / "here"))
    assert cache_dir() == tmp_path / "here"
    assert clean_cache() == 0
    monkeypatch.delenv("ASTROPILE_CACHE")
    import datasets

    assert cache_dir() == Path(datasets.config.HF_DATASETS_CACHE) / "astropile"


def test_cache_when_others_may_read_new_folders_then_they_may_read_this(trees: Path) -> None:
    """A cache can be shared: folders follow the umask, not the habit of temporary ones."""
    old = os.umask(0o022)
    try:
        ap.load("grove", data_dir=trees).dataset()
    finally:
        os.umask(old)
    (folder,) = folders()
    assert folder.stat().st_mode & 0o777 == 0o755


def test_dataset_when_cache_is_removed_then_open_ones_go_on(trees: Path) -> None:
    dataset = ap.load("grove", data_dir=trees).dataset()
    shutil.rmtree(cache_dir())
    assert dataset[13]["object_id"] == "tree-13"
    assert json.loads(dataset.info.description)["astropile"]
