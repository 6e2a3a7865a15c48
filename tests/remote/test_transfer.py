"""Files arrive whole or not at all, whatever happens on the way."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest

from astropile.errors import (
    CorruptFileError,
    NoFilesError,
    OutputError,
    SourceError,
    UnsafeFileError,
)
from astropile.remote import Fetched, RemoteFolder, Waiting, Wanted, fetch, list_folder, open_folder
from astropile.remote import transfer as module
from tests.remote.conftest import WebServer

AT_ONCE = Waiting(retries=2, first_s=0.0)
DATA = np.random.default_rng(1).bytes(3_000_000)
Get = Callable[..., list[Fetched]]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "data"


def wanted_of(folder: RemoteFolder, **changes: Any) -> list[Wanted]:
    return [Wanted(replace(f, **changes), f.path) for f in list_folder(folder).files]


@pytest.fixture
def get(web_server: WebServer, target: Path) -> Get:
    """Return a function that fetches ``big.bin`` (3 MB) and ``small.txt``."""
    web_server.listing = True
    (web_server.folder / "big.bin").write_bytes(DATA)
    (web_server.folder / "small.txt").write_text("small")

    def run(changes: dict[str, Any] | None = None, **options: Any) -> list[Fetched]:
        folder = open_folder(web_server.url, waiting=AT_ONCE)
        return fetch(folder, wanted_of(folder, **(changes or {})), target, **options)

    return run


def left_over(target: Path) -> list[str]:
    return sorted(path.name for path in target.rglob("*.part*"))


def test_files_when_fetched_then_whole_and_counted(get: Get, target: Path) -> None:
    counts: list[int] = []
    found = get(advance=counts.append)
    assert (target / "big.bin").read_bytes() == DATA
    assert [(f.path, f.size, f.was_there, f.checked) for f in found] == [
        ("big.bin", len(DATA), False, "size"),
        ("small.txt", 5, False, "size"),
    ]
    assert sum(counts) == len(DATA) + 5
    assert left_over(target) == []


def test_files_when_there_then_not_fetched_again(
    get: Get, web_server: WebServer, target: Path
) -> None:
    get()
    web_server.requests.clear()
    found = get()
    assert all(file.was_there for file in found)
    assert web_server.gets("big.bin") == []


def test_transfer_when_it_breaks_off_then_goes_on_where_it_was(
    get: Get, web_server: WebServer, target: Path
) -> None:
    """Bytes that have arrived are not asked for again."""
    web_server.breaks = {"big.bin": [1_000_000, 700_000]}
    counts: list[int] = []
    get(advance=counts.append)
    assert (target / "big.bin").read_bytes() == DATA
    assert [bool(r.range) for r in web_server.gets("big.bin")] == [False, True, True]
    assert web_server.sent["big.bin"] < len(DATA) + 200_000
    assert sum(counts) == len(DATA) + 5


def test_transfer_when_the_program_was_stopped_then_next_run_goes_on(
    get: Get, web_server: WebServer, target: Path
) -> None:
    web_server.breaks = {"big.bin": [2_000_000, 0, 0, 0]}
    with pytest.raises(SourceError, match="cannot be read") as caught:
        get()
    assert "what has arrived is kept" in caught.value.hint
    assert left_over(target) == ["big.bin.part", "big.bin.part.json"]
    assert not (target / "big.bin").exists()
    web_server.breaks.clear()
    web_server.requests.clear()
    get()
    (request,) = web_server.gets("big.bin")
    assert request.range.startswith("bytes=")
    assert (target / "big.bin").read_bytes() == DATA
    assert left_over(target) == []


def test_transfer_when_the_file_changed_meanwhile_then_begun_anew(
    get: Get, web_server: WebServer, target: Path
) -> None:
    """Halves of two versions never become one file."""
    web_server.breaks = {"big.bin": [2_000_000, 0, 0, 0]}
    with pytest.raises(SourceError):
        get()
    new = DATA[::-1]
    (web_server.folder / "big.bin").write_bytes(new)
    web_server.breaks.clear()
    web_server.requests.clear()
    get()
    assert (target / "big.bin").read_bytes() == new
    assert web_server.gets("big.bin")[0].range == ""


def test_transfer_when_the_file_changes_between_attempts_then_begun_anew(
    get: Get, web_server: WebServer, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ETag goes with the request for the rest."""
    new = DATA[::-1]
    web_server.breaks = {"big.bin": [2_000_000]}
    tried = module._Job._tried

    def then_change(job: Any) -> Any:
        found = tried(job)
        if job.path == "big.bin":
            (web_server.folder / "big.bin").write_bytes(new)
        return found

    monkeypatch.setattr(module._Job, "_tried", then_change)
    get()
    assert (target / "big.bin").read_bytes() == new


def test_server_when_it_has_no_ranges_then_begun_anew(
    get: Get, web_server: WebServer, target: Path
) -> None:
    web_server.ranges = False
    web_server.breaks = {"big.bin": [1_000_000]}
    counts: list[int] = []
    get(advance=counts.append)
    assert (target / "big.bin").read_bytes() == DATA
    assert sum(counts) == len(DATA) + 5
    web_server.breaks = {"small.txt": [1] * 9}
    (target / "small.txt").unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        get()


def test_server_when_it_tells_nothing_then_fetched_but_unchecked(
    get: Get, web_server: WebServer, target: Path
) -> None:
    web_server.heads = False
    found = get()
    assert (target / "big.bin").read_bytes() == DATA
    assert [file.checked for file in found] == ["", ""]


@pytest.mark.parametrize("size", [len(DATA) - 1, len(DATA) + 1, 0])
def test_size_when_not_what_was_told_then_refused(
    get: Get, web_server: WebServer, target: Path, size: int
) -> None:
    web_server.claims = {"big.bin": size}
    with pytest.raises(CorruptFileError, match=f"the mirror says {size}"):
        get()
    assert not (target / "big.bin").exists()
    assert left_over(target) == []


def test_digest_when_it_does_not_agree_then_refused(get: Get, target: Path) -> None:
    with pytest.raises(CorruptFileError, match="arrived wrong twice: its sha256"):
        get({"sha256": "0" * 64})
    assert not (target / "big.bin").exists()


def test_digest_when_a_part_was_damaged_on_this_disk_then_fetched_anew(
    get: Get, web_server: WebServer, target: Path
) -> None:
    (web_server.folder / "small.txt").unlink()
    good = {"sha256": hashlib.sha256(DATA).hexdigest()}
    web_server.breaks = {"big.bin": [2_000_000, 0, 0, 0]}
    with pytest.raises(SourceError):
        get(good)
    part = target / "big.bin.part"
    part.write_bytes(b"\0" * part.stat().st_size)
    (found,) = get(good)
    assert found.checked == "sha256"
    assert (target / "big.bin").read_bytes() == DATA


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [(404, NoFilesError, "no such file"), (403, SourceError, "refuses access")],
)
def test_server_when_it_refuses_then_not_asked_again(
    get: Get, web_server: WebServer, status: int, error: type[Exception], message: str
) -> None:
    folder = open_folder(web_server.url, waiting=AT_ONCE)
    items = wanted_of(folder)
    web_server.statuses = {"big.bin": [-status]}
    web_server.requests.clear()
    with pytest.raises(error, match=message):
        fetch(folder, items, web_server.folder.parent / "data")
    assert len(web_server.gets("big.bin")) == 1


def test_server_when_busy_then_asked_again_but_not_for_ever(
    get: Get, web_server: WebServer, target: Path
) -> None:
    folder = open_folder(web_server.url, waiting=AT_ONCE)
    items = wanted_of(folder)
    web_server.statuses = {"big.bin": [503, 500]}
    fetch(folder, items, target)
    assert (target / "big.bin").read_bytes() == DATA
    (target / "big.bin").unlink()
    web_server.statuses = {"big.bin": [-503]}
    web_server.requests.clear()
    with pytest.raises(SourceError, match="HTTP status 503"):
        fetch(folder, items, target)
    assert len(web_server.gets("big.bin")) == 1 + AT_ONCE.retries


def test_waiting_when_repeated_then_twice_as_long() -> None:
    assert [Waiting().seconds(n) for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_file_when_another_is_in_its_place_then_kept(get: Get, target: Path) -> None:
    """Nothing of the user's is ever written over unasked."""
    target.mkdir()
    (target / "small.txt").write_text("mine")
    with pytest.raises(OutputError, match="another file is in its place: it has 4 bytes"):
        get()
    assert (target / "small.txt").read_text() == "mine"
    get(overwrite=True)
    assert (target / "small.txt").read_text() == "small"


def test_disk_when_full_then_said_and_part_kept(
    get: Get, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(OutputError, match="No space left") as caught:
        get()
    assert "same download again" in caught.value.hint
    assert "big.bin.part" in left_over(target)


def test_folder_when_it_cannot_be_written_then_said(get: Get, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    target.write_text("a file")
    with pytest.raises(OutputError, match="cannot write"):
        get()


def test_last_file_when_another_fails_then_never_fetched(
    get: Get, web_server: WebServer, target: Path
) -> None:
    """The manifest of a pile is the last: without it there is no pile."""
    folder = open_folder(web_server.url, waiting=AT_ONCE)
    items = wanted_of(folder)
    web_server.statuses = {"big.bin": [-404]}
    with pytest.raises(NoFilesError):
        fetch(folder, items, target)
    assert web_server.gets("small.txt") == []


def test_transfers_when_one_fails_then_the_others_stop_and_are_kept(
    get: Get, web_server: WebServer, target: Path
) -> None:
    """Nobody waits for a long file to learn that another is missing; so it is with Ctrl-C."""
    (web_server.folder / "a.bin").write_bytes(b"x")
    folder = open_folder(web_server.url, waiting=AT_ONCE)
    items = wanted_of(folder)
    web_server.statuses = {"a.bin": [-404]}
    web_server.slow = {"big.bin": 0.05}
    with pytest.raises(NoFilesError, match="no such file"):
        fetch(folder, items, target)
    assert web_server.sent["big.bin"] < len(DATA)
    assert not (target / "big.bin").exists()
    web_server.statuses.clear()
    web_server.slow.clear()
    fetch(folder, items, target)
    assert (target / "big.bin").read_bytes() == DATA


@pytest.mark.parametrize("names", [("A/x", "a/x"), ("x", "x")])
def test_names_when_one_file_on_some_systems_then_refused(
    get: Get, web_server: WebServer, target: Path, names: tuple[str, str]
) -> None:
    folder = open_folder(web_server.url, waiting=AT_ONCE)
    file = wanted_of(folder)[0].file
    with pytest.raises(SourceError, match="one file on some systems"):
        fetch(folder, [Wanted(file, name) for name in names], target)
    with pytest.raises(UnsafeFileError):
        fetch(folder, [Wanted(file, "../x")], target)
    assert not target.exists()


@pytest.mark.parametrize("protocol", ["memory", "file"])
def test_other_file_systems_when_interrupted_then_go_on(
    protocol: str, tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What s3 and hf go through, on file systems that are here."""
    root = "/transfers" if protocol == "memory" else str(tmp_path / "there")
    fs = fsspec.filesystem(protocol)
    fs.makedirs(f"{root}/sub", exist_ok=True)
    fs.pipe(f"{root}/sub/x.bin", DATA)
    folder = open_folder(f"{protocol}://{root}", waiting=AT_ONCE)
    monkeypatch.setattr(module, "_PIECE", 1_000_000)
    reads: list[int] = []
    arrived = module._Job._arrived

    def breaks(job: Any, count: int) -> None:
        arrived(job, count)
        reads.append(count)
        if len(reads) == 2:
            raise ConnectionResetError("gone")

    monkeypatch.setattr(module._Job, "_arrived", breaks)
    (found,) = fetch(folder, wanted_of(folder), target)
    assert found.size == len(DATA) == sum(reads)
    assert (target / "sub" / "x.bin").read_bytes() == DATA
