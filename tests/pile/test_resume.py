"""All or nothing: builds that stop anywhere go on, and come to the same bytes."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import astropile as ap
from astropile import disk
from astropile.errors import OutputError, PileError, UsageError
from astropile.pile import clean_builds, verify_pile
from astropile.pile.layout import building_folder, building_folders

STEPS = ("write_text", "append_line", "rename", "sync", "sha256_of", "make_folder")
CHILD = """
import sys, astropile as ap
ap.build_table(sys.argv[1], sys.argv[2], name="small", object_id="name", ra="lon", dec="lat",
               partition_rows=100, workers=2)
"""


class _Full:
    """Counts the steps of a build and fails at one of them, as a full disk does."""

    def __init__(self, fail_at: int) -> None:
        self.count = 0
        self.fail_at = fail_at

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any) -> Any:
            self.count += 1
            if self.count == self.fail_at:
                raise OSError(errno.ENOSPC, "No space left on device")
            return function(*arguments)

        return wrapped


def _with_full_disk(monkeypatch: pytest.MonkeyPatch, fail_at: int) -> _Full:
    full = _Full(fail_at)
    for step in STEPS:
        monkeypatch.setattr(disk, step, full.around(getattr(disk, step)))
    return full


@pytest.mark.slow
def test_build_when_any_write_fails_then_nothing_or_all_and_the_next_goes_on(
    kit: Any,
    tmp_path: Path,
) -> None:
    table = kit.make_table(60)
    kit.build(table, tmp_path / "whole", partition_rows=20, workers=1)
    wanted = kit.tree(tmp_path / "whole")
    with pytest.MonkeyPatch.context() as patch:
        total = _with_full_disk(patch, 0)
        kit.build(table, tmp_path / "counted", partition_rows=20, workers=1)
    assert total.count > 60
    # Every step near both ends, every third in between.
    steps = {*range(1, 12), *range(12, total.count - 8, 3), *range(total.count - 8, total.count)}
    for fail_at in sorted(steps):
        place = tmp_path / f"pile-{fail_at}"
        with pytest.MonkeyPatch.context() as patch:
            _with_full_disk(patch, fail_at)
            with pytest.raises(OutputError) as caught:
                kit.build(table, place, partition_rows=20, workers=1)
        assert "No space left" in caught.value.what
        if not place.exists():
            with pytest.raises(PileError):
                ap.open(place)
            kit.build(table, place, partition_rows=20, workers=1)
        assert kit.tree(place) == wanted, fail_at


def test_build_when_the_disk_is_full_while_rows_are_written_then_told(
    kit: Any, small: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pq.ParquetWriter, "write_table", full)
        with pytest.raises(OutputError, match="No space left"):
            kit.build(small, tmp_path / "pile")
    assert not (tmp_path / "pile").exists()
    assert len(kit.build(small, tmp_path / "pile")) == 500


@pytest.mark.slow
def test_build_when_killed_then_goes_on_and_loses_no_finished_partition(
    kit: Any, tmp_path: Path
) -> None:
    file = tmp_path / "t.parquet"
    pq.write_table(kit.make_table(20_000, wide=200), file)
    kit.build(file, tmp_path / "whole", partition_rows=100)
    wanted = kit.tree(tmp_path / "whole")
    place = tmp_path / "pile"
    rng = random.Random(4)
    kills = 0
    finished: set[str] = set()
    for _ in range(30):
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(file), str(place)])
        # Kill it some time after it has begun to work.
        started = time.monotonic()
        while child.poll() is None and not building_folders(place):
            time.sleep(0.005)
            assert time.monotonic() - started < 60
        time.sleep(rng.uniform(0.0, 1.5))
        child.send_signal(signal.SIGKILL)
        killed = child.wait() == -signal.SIGKILL
        if place.exists():
            break
        kills += killed
        now = _finished(place)
        assert finished <= now
        finished = now
    else:
        kit.build(file, place, partition_rows=100)
    assert kills
    assert kit.tree(place) == wanted
    # What is left beside the pile, if it was killed after the rename, is cleaned.
    clean_builds(place)
    assert building_folders(place) == []


def _finished(place: Path) -> set[str]:
    """Return the partitions that a stopped build has finished."""
    return {
        f"{file.relative_to(folder)} {file.stat().st_ino}"
        for folder in building_folders(place)
        for file in (folder / "pile").rglob("Npix=*.parquet")
    }


def _stopped(kit: Any, table: Any, place: Path, **options: Any) -> None:
    """Leave a build unfinished, with all partitions but no manifest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("astropile.pile.build.write_manifest", _stop)
        with pytest.raises(OutputError):
            kit.build(table, place, **options)


def _stop(*_: Any) -> None:
    raise OSError(errno.EIO, "stopped")


def test_build_when_partitions_are_there_then_the_input_is_not_read_again(
    kit: Any, small: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stopped(kit, small, tmp_path / "pile", partition_rows=40)
    monkeypatch.setattr("astropile.survey.plain.TableRows.examples", _never)
    monkeypatch.setattr("astropile.survey.plain.TableRows.positions", _never)
    assert len(kit.build(small, tmp_path / "pile", partition_rows=40)) == 500


def test_build_when_rows_wait_on_disk_then_the_input_is_not_read_again(
    kit: Any, small: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import astropile.pile.route as route

    add = route.Router.add

    def add_little(self: Any, table: pa.Table) -> None:
        self.buffer_bytes = 1000
        add(self, table)

    with monkeypatch.context() as patch:
        patch.setattr(route.Router, "add", add_little)
        patch.setattr("astropile.pile.finish.Finisher.is_free", lambda *_: False)
        patch.setattr("astropile.pile.build._Build._write", _stop)
        patch.setattr("astropile.survey.plain_input.BATCH_BYTES", 4000)
        with pytest.raises(OSError, match="stopped"):
            kit.build(small, tmp_path / "pile", partition_rows=40)
    monkeypatch.setattr("astropile.survey.plain.TableRows.examples", _never)
    assert len(kit.build(small, tmp_path / "pile", partition_rows=40)) == 500


def _never(*_: Any) -> None:
    raise AssertionError("the input is read again")


def test_build_when_the_input_changed_then_refused_and_said_what(kit: Any, tmp_path: Path) -> None:
    file, place = tmp_path / "t.parquet", tmp_path / "pile"
    pq.write_table(kit.make_table(50), file)
    _stopped(kit, file, place)
    pq.write_table(kit.make_table(51), file)
    with pytest.raises(PileError, match=r"files changed: t\.parquet"):
        kit.build(file, place)
    assert building_folders(place)
    assert clean_builds(place)[0][1] > 0
    assert len(kit.build(file, place)) == 51


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (lambda table: table.slice(1), {}, "request.content was"),
        (lambda t: t.rename_columns(["name", "lon", "lat", "m", "c", "f"]), {}, "schema was"),
        (lambda table: table, {"partition_rows": 7}, "options.partition_rows was 1000000, now 7"),
    ],
)
def test_build_when_anything_else_changed_then_refused_and_said_what(
    kit: Any, change: Any, options: dict[str, Any], said: str, tmp_path: Path
) -> None:
    _stopped(kit, kit.make_table(50), tmp_path / "pile")
    with pytest.raises(PileError, match=said) as caught:
        kit.build(change(kit.make_table(50)), tmp_path / "pile", **options)
    assert "astropile clean" in caught.value.hint


def test_build_when_the_input_changes_meanwhile_then_no_pile(kit: Any, tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    pq.write_table(kit.make_table(50), file)
    with pytest.MonkeyPatch.context() as patch:
        import astropile.pile.build as build_module

        second = build_module.second_pass

        def then_touch(*arguments: Any) -> Any:
            found = second(*arguments)
            os.utime(file, (1, 1))
            return found

        patch.setattr(build_module, "second_pass", then_touch)
        with pytest.raises(PileError, match="changed while the pile was built"):
            kit.build(file, tmp_path / "pile")
    assert not (tmp_path / "pile").exists()


def test_build_when_another_process_builds_the_same_then_refused(
    kit: Any, small: pa.Table, tmp_path: Path
) -> None:
    from astropile.pile.journal import locked

    _stopped(kit, small, tmp_path / "pile")
    (folder,) = building_folders(tmp_path / "pile")
    with locked(folder / "work" / "lock"), pytest.raises(PileError, match="another process"):
        kit.build(small, tmp_path / "pile")
    with locked(folder / "work" / "lock"), pytest.raises(PileError, match="another process"):
        clean_builds(tmp_path / "pile")
    assert verify_pile(_built(kit, small, tmp_path / "pile")).faults == ()


def _built(kit: Any, table: pa.Table, place: Path) -> Path:
    kit.build(table, place)
    return place


def test_open_when_the_build_was_not_finished_then_said_how_to_go_on(
    kit: Any, small: pa.Table, tmp_path: Path
) -> None:
    _stopped(kit, small, tmp_path / "pile")
    with pytest.raises(PileError, match="not finished") as caught:
        ap.open(tmp_path / "pile")
    assert "same build again" in caught.value.hint


def test_build_when_an_earlier_one_stopped_in_its_first_pass_then_forgotten(
    kit: Any, small: pa.Table, tmp_path: Path
) -> None:
    folder = building_folder(tmp_path / "pile", "0" * 12)
    (folder / "work").mkdir(parents=True)
    (folder / "work" / "request.json").write_text('{"name": "another"}')
    assert len(kit.build(small.slice(1), tmp_path / "pile")) == 499
    assert not folder.exists()


def test_build_when_several_begin_at_once_then_one_is_made_and_the_others_told(
    kit: Any, small: pa.Table, tmp_path: Path
) -> None:
    def one(_: int) -> str:
        try:
            return f"{len(kit.build(small, tmp_path / 'pile'))} rows"
        except (PileError, UsageError) as error:
            return error.what

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(one, range(8)))
    assert told.count("500 rows") == 1
    others = {what for what in told if what != "500 rows"}
    assert all(what.startswith(("another process", "there is something")) for what in others)
