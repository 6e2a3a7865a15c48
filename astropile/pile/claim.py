"""The folder in which a build works: found or made, locked, and what it is for written down."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from astropile import disk
from astropile.errors import PileError, UsageError
from astropile.pile.journal import differences, locked
from astropile.pile.layout import WORK, building_folder, building_folders
from astropile.pile.passes import has_plan
from astropile.pile.source import RowSource

__all__ = ["claim_folder", "note_request", "owned", "request_of", "require_free"]

_REQUEST: Final = "request.json"


def require_free(path: Path) -> None:
    """Refuse the place of a pile if there is something.

    Raises
    ------
    UsageError
        It is not a new folder, nor an empty one.
    """
    if path.is_symlink() or (path.exists() and not (path.is_dir() and not any(path.iterdir()))):
        raise UsageError(
            "there is something at the place of the pile; nothing is ever overwritten",
            where=str(path),
            hint="give another path, or remove this one first",
        )


def request_of(source: RowSource, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything that the bytes of the pile depend on."""
    about = source.about
    request = {
        "name": about.name,
        "survey": about.survey,
        "config": about.config,
        "source": about.source,
        "schema": about.schema_sha256,
        "request": about.request,
        "options": dict(options),
        "versions": {n: version(n) for n in ("astropile", "hats", "pyarrow")},
        "inputs": source.stamps(),
    }
    copy: dict[str, Any] = json.loads(json.dumps(request, sort_keys=True))
    return copy


def claim_folder(path: Path, request: Mapping[str, Any]) -> Path:
    """Return the folder to work in: that of an unfinished build, if it wanted the same.

    Raises
    ------
    PileError
        It wanted something else; the message says what.
    """
    text = json.dumps(request, sort_keys=True)
    folder = building_folder(path, hashlib.sha256(text.encode()).hexdigest())
    for other in building_folders(path):
        if other == folder:
            continue
        if (other / WORK).is_dir():
            with disk.writing(other):
                locked(other / WORK / "lock").close()  # refuses if that build is running
        try:
            old = json.loads((other / WORK / _REQUEST).read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError):
            old = {}
        if not (old and has_plan(other / WORK)):
            shutil.rmtree(other, ignore_errors=True)  # stopped before anything was worth keeping
            continue
        listed = "; ".join(differences(old, request)) or "nothing that it noted"
        raise PileError(
            f"an unfinished build of this pile had other input: {listed}",
            where=str(other),
            hint=f"put it back to go on, or `astropile clean {path}` to begin anew",
        )
    with disk.writing(folder):
        disk.make_folder(folder / WORK)
    return folder


def note_request(folder: Path, request: Mapping[str, Any]) -> None:
    """Write down what a build wants; the caller has the lock, so nobody else does."""
    place = folder / WORK / _REQUEST
    with disk.writing(folder):
        if not place.exists():
            disk.write_text(place, json.dumps(request, sort_keys=True))


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Hold the lock of a build."""
    with disk.writing(folder):
        lock = locked(folder / WORK / "lock")
    try:
        yield
    finally:
        lock.close()
