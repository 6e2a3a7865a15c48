"""What a build has done so far, so that the next one can go on.

The journal has a line for each finished partition. It is written after the partition has its name
and is on the disk, so a build that is killed loses what its workers were writing, no more.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, TextIO

from astropile import disk
from astropile.errors import PileError
from astropile.pile.manifest import LeafRecord

__all__ = ["Journal", "differences", "locked"]

_SHOWN = 5


@dataclass(slots=True)
class Journal:
    """Finished partitions by path.

    Attributes
    ----------
    folder : Path
        Folder of the build.
    path : Path
        File of the journal.
    """

    folder: Path
    path: Path
    records: dict[str, LeafRecord] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def load(self) -> None:
        """Read what an earlier build did; a line that was cut off while it was written is none.

        A partition counts as finished if its file is there in full.
        """
        if not self.path.exists():
            return
        lines = self.path.read_text(encoding="utf-8", errors="replace").split("\n")
        good = []
        for line in lines[:-1]:
            try:
                record = LeafRecord.model_validate_json(line)
            except ValueError:
                continue
            file = self.folder / record.path
            if file.is_file() and file.stat().st_size == record.bytes:
                self.records[record.path] = record
                good.append(line)
        disk.write_text(self.path, "".join(line + "\n" for line in good))

    def add(self, record: LeafRecord) -> None:
        """Note a finished partition."""
        with self._lock, disk.writing(self.path):
            disk.append_line(self.path, record.model_dump_json())
            self.records[record.path] = record


def locked(path: Path) -> TextIO:
    """Take the lock of a build; it is free again when the process ends, however it ends.

    Raises
    ------
    PileError
        Another process builds the same pile, or has just done so.
    """
    try:
        handle = path.open("a", encoding="utf-8")
    except FileNotFoundError:
        hint = "look whether the pile is there; if not, give the same call again"
        what = "another process has just ended its build of this pile"
        raise PileError(what, where=str(path.parent), hint=hint) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise PileError(
            "another process builds this pile",
            where=str(path.parent),
            hint="wait until it is done, or give another path",
        ) from None
    return handle


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return what an unfinished build and this one do not have in common, in words."""
    was, now = _flat(old), _flat(new)
    found = [
        f"{key} was {_shown(was.get(key))}, now {_shown(now.get(key))}"
        for key in sorted({*was, *now})
        if was.get(key) != now.get(key)
    ]
    before, after = _files(old.get("inputs", ())), _files(new.get("inputs", ()))
    changed = [n for n in before if n in after and before[n] != after[n]]
    for what, names in (
        ("changed", changed),
        ("gone", [n for n in before if n not in after]),
        ("new", [n for n in after if n not in before]),
    ):
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            found.append(f"files {what}: {', '.join(sorted(names)[:_SHOWN])}{more}")
    return found


def _flat(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was asked for, the parts of the request under names of their own."""
    found: dict[str, Any] = {}
    for key in request.keys() - {"inputs"}:
        value = request[key]
        parts = value if isinstance(value, Mapping) else {"": value}
        found |= {f"{key}.{part}" if part else key: inner for part, inner in parts.items()}
    return found


def _files(stamps: Sequence[Sequence[Any]]) -> dict[str, tuple[Any, ...]]:
    return {stamp[0]: tuple(stamp[1:]) for stamp in stamps}


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
