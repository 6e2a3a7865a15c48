"""Bring files here: resumable, checked, whole or not at all.

A file arrives as ``NAME.part`` beside its place. ``NAME.part.json`` says what it is a part of, so
that a part of another version is never continued. When the size and the sha256, where the mirror
says them, agree, it is written to the disk and renamed.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from astropile import disk
from astropile.errors import AstropileError, CorruptFileError, OutputError, SourceError
from astropile.remote.folder import RemoteFile, RemoteFolder, may_pass, told
from astropile.remote.names import local_path

__all__ = ["Fetched", "Wanted", "fetch"]

_PIECE = 8 * 2**20
Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file and its path below the download folder."""

    file: RemoteFile
    path: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of a file.

    Attributes
    ----------
    path : str
        Below the download folder.
    size : int
        Bytes.
    was_there : bool
        It was there before.
    checked : str
        ``sha256``, ``size``, or empty: the mirror says neither.
    """

    path: str
    size: int
    was_there: bool
    checked: str


class _StoppedError(Exception):
    """Another file failed, or the user had enough."""


def fetch(
    folder: RemoteFolder,
    wanted: Iterable[Wanted],
    target: Path,
    *,
    overwrite: bool = False,
    workers: int = 4,
    advance: Advance = lambda _: None,
) -> list[Fetched]:
    """Bring files here.

    Parameters
    ----------
    folder : RemoteFolder
        Where they are.
    wanted : iterable of Wanted
        The files; the last one is fetched after all others.
    target : Path
        Folder that they go below; made if need be.
    overwrite : bool
        Replace files that are there and differ; otherwise they are an error.
    workers : int
        How many at once.
    advance : callable
        Takes numbers of bytes as they arrive; from several threads.

    Returns
    -------
    list of Fetched
        In the order of `wanted`.

    Raises
    ------
    SourceError
        The mirror does not give a file; what has arrived is kept.
    CorruptFileError
        What arrived is not what the mirror says.
    OutputError
        A file cannot be written, or another one is in its place.
    UnsafeFileError
        A name would lead out of the folder.
    """
    listed = list(wanted)
    places = [local_path(target, item.path) for item in listed]
    _require_one_place_each(listed)
    stop = threading.Event()
    jobs = [
        _Job(folder, item.file, place, item.path, overwrite, stop, advance)
        for item, place in zip(listed, places, strict=True)
    ]
    found = _run_all(jobs[:-1], workers, stop)
    return found + _run_all(jobs[-1:], 1, stop)


def _run_all(jobs: list[_Job], workers: int, stop: threading.Event) -> list[Fetched]:
    """Run jobs in threads, so that this one hears the keyboard; all end when one fails."""
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(job.run) for job in jobs]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            if not all(future.done() for future in futures):
                stop.set()
            pool.shutdown(cancel_futures=True)
    for future in futures:
        fault = None if future.cancelled() else future.exception()
        if fault is not None and not isinstance(fault, _StoppedError):
            raise fault  # of several the first in the order of the files
    return [future.result() for future in futures]


def _require_one_place_each(wanted: list[Wanted]) -> None:
    """Refuse names that are one file where case does not count, as on many laptops."""
    seen: dict[str, str] = {}
    for item in wanted:
        other = seen.get(item.path.casefold())
        seen[item.path.casefold()] = item.path
        if other is not None:
            msg = f"the mirror has '{other}' and '{item.path}', which are one file on some systems"
            raise SourceError(msg, where=item.file.address, hint="use another mirror")


@dataclass(frozen=True, slots=True)
class _Job:
    """One file on its way."""

    folder: RemoteFolder
    file: RemoteFile
    place: Path
    path: str
    overwrite: bool
    stop: threading.Event
    advance: Advance

    @property
    def part(self) -> Path:
        return self.place.with_name(f"{self.place.name}.part")

    @property
    def note(self) -> Path:
        return self.place.with_name(f"{self.place.name}.part.json")

    def run(self) -> Fetched:
        """Fetch the file unless it is there."""
        with disk.writing(self.place):  # faults of the mirror are told already
            return self._found() or self._fetched()

    def _found(self) -> Fetched | None:
        """Return the file if it is there as the mirror has it."""
        if not self.place.is_file():
            return None
        size = self.place.stat().st_size
        fault = self._fault(self.place)
        if not fault:
            self.advance(size)
            return Fetched(self.path, size, was_there=True, checked=self._checked)
        if self.overwrite:
            return None
        msg = f"another file is in its place: {fault}"
        hint = "remove it, download to another folder, or say that it may be overwritten"
        raise OutputError(msg, where=str(self.place), hint=hint)

    def _fetched(self) -> Fetched:
        self.place.parent.mkdir(parents=True, exist_ok=True)
        self._forget_another()
        size = self.part.stat().st_size if self.part.exists() else 0
        self.advance(size)
        for attempt in range(2):
            self._transfer()
            fault = self._fault(self.part)
            if not fault:
                break
            # Not to be mended by going on: a part was wrong.
            self.advance(-self.part.stat().st_size)
            self.part.unlink()
            if attempt:
                self.note.unlink(missing_ok=True)
                msg = f"arrived wrong twice: {fault}"
                hint = "the mirror is damaged or out of date; use another one"
                raise CorruptFileError(msg, where=self.file.address, hint=hint)
        size = self.part.stat().st_size
        self.part.replace(self.place)
        disk.sync(self.place.parent)
        self.note.unlink(missing_ok=True)
        return Fetched(self.path, size, was_there=False, checked=self._checked)

    @property
    def _facts(self) -> dict[str, Any]:
        file = self.file
        return {"size": file.size, "sha256": file.sha256, "etag": file.etag, "from": file.address}

    def _forget_another(self) -> None:
        """Throw away what arrived of another version of the file."""
        try:
            known = json.loads(self.note.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            known = None
        # A size alone does not tell two versions apart.
        if known != self._facts or not (self.file.sha256 or self.file.etag):
            self.part.unlink(missing_ok=True)
        self.note.write_text(json.dumps(self._facts), encoding="utf-8")

    def _transfer(self) -> None:
        """Append what is missing, as often as it takes."""
        waiting = self.folder.waiting
        attempt, farthest = 0, -1
        while True:
            fault = self._tried()
            size = self.part.stat().st_size if self.part.exists() else 0
            if fault is None and (self.file.size is None or size >= self.file.size):
                return
            # A server that gives a little more every time will have given all of it in the end.
            attempt = 1 if size > farthest else attempt + 1
            farthest = max(size, farthest)
            if attempt > waiting.retries or (fault is not None and not may_pass(fault)):
                if fault is None:
                    return  # shorter than the mirror says, every time
                raise told(fault, self.file.address) from fault
            if self.stop.wait(waiting.seconds(attempt)):
                raise _StoppedError

    def _tried(self) -> Exception | None:
        """Append once; return what went wrong at the other end."""
        try:
            with self.part.open("ab+") as out:
                try:
                    self._append(out)
                finally:
                    out.flush()
                    os.fsync(out.fileno())
        except (AstropileError, _StoppedError):
            raise
        except Exception as error:
            fault = _own_fault(error, self.part)
            if fault is not None:
                raise fault from error
            return error
        return None

    def _append(self, out: IO[bytes]) -> None:
        """Append bytes until the end of the file, or of the connection."""
        fs = self.folder.fs
        if self.folder.is_web:
            from astropile.remote.web import stream

            stream(fs, self.file.address, out, self.file.etag, self._arrived, self.stop)
            if self.stop.is_set():
                raise _StoppedError
            return
        offset = out.seek(0, 2)
        with fs.open(self.file.address, "rb") as source:
            source.seek(offset)
            while piece := source.read(_PIECE):
                out.write(piece)
                self._arrived(len(piece))

    def _arrived(self, count: int) -> None:
        if self.stop.is_set():
            raise _StoppedError
        self.advance(count)

    @property
    def _checked(self) -> str:
        return "sha256" if self.file.sha256 else "size" if self.file.size is not None else ""

    def _fault(self, path: Path) -> str:
        """Return how a file differs from what the mirror says, empty if it does not."""
        size = path.stat().st_size if path.exists() else 0
        if self.file.size is not None and size != self.file.size:
            return f"it has {size} bytes, the mirror says {self.file.size}"
        if self.file.sha256:
            digest = disk.sha256_of(path)
            if digest != self.file.sha256:
                return f"its sha256 is {digest[:12]}..., the mirror says {self.file.sha256[:12]}..."
        return ""


def _own_fault(error: Exception, path: Path) -> OutputError | None:
    """Return the error of this machine's disk, if it is one."""
    import errno

    full = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
    if isinstance(error, OSError) and error.errno in full:
        msg = f"cannot write: {error.strerror}"
        hint = "free some space and run the same download again; what has arrived is kept"
        return OutputError(msg, where=str(path), hint=hint)
    return None
