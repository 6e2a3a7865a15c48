"""Operator Files: paths below the data directory that match a pattern, with their captures."""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from astropile.disk import local_path
from astropile.errors import DataDirError, UnsafeFileError

_CAPTURE = re.compile(r"<([a-z_][a-z0-9_]*)>")
#: What stands for any text in a pattern.
_MARKS = re.compile(r"[*?<]")
#: So many listings of folders are remembered by a finder.
_MOST_LISTED = 1024


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of a survey.

    Attributes
    ----------
    path : Path
        Where it is.
    relative : str
        Its path below the data directory, with ``/``.
    captures : mapping of str to str
        Texts of ``<name>`` in the pattern, and ``file`` and ``dir``.
    """

    path: Path
    relative: str
    captures: Mapping[str, str]


def data_root(data_dir: str | os.PathLike[str]) -> Path:
    """Return the data directory as an absolute path; ``~`` is the home.

    Raises
    ------
    DataDirError
        It does not exist, or is a file.
    """
    root = local_path(data_dir, "data_dir")
    if not root.is_dir():
        what = "is not a directory" if root.exists() else "does not exist"
        raise DataDirError(
            f"the data directory {what}", where=str(root), hint="give data_dir= the survey's folder"
        )
    return root.resolve()


def find_files(root: Path, pattern: str, *, follow_links: bool = False) -> list[DataFile]:
    """Return the files that match a pattern, sorted bytewise by path.

    Parameters
    ----------
    root : Path
        Data directory, resolved.
    pattern : str
        Path with ``*``, ``**`` and ``<capture>``; holes are filled already.
    follow_links : bool
        Accept files whose real place is outside the data directory.

    Raises
    ------
    UnsafeFileError
        A match leads out of the data directory.
    """
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    if not parts:
        return []
    found = []
    direct: dict[str, bool] = {}
    for relative, captures in sorted(set(_walk(root, "", tuple(parts), ())), key=_bytewise):
        path = root / relative
        folder, _, _ = relative.rpartition("/")
        if folder not in direct:
            direct[folder] = follow_links or not _may_lead_out(root, folder)
        if not direct[folder] or path.is_symlink():
            _require_inside(root, path, follow_links=follow_links)
        named = {**dict(captures), "file": relative, "dir": folder or "."}
        found.append(DataFile(path, relative, named))
    return found


def first_file(root: Path, pattern: str) -> DataFile | None:
    """Return some file that matches a pattern; others are not looked for."""
    parts = tuple(part for part in pattern.split("/") if part not in ("", "."))
    relative = next((path for path, _ in _walk(root, "", parts, ())), None) if parts else None
    if relative is None or not (root / relative).resolve().is_relative_to(root):
        return None
    return DataFile(root / relative, relative, {"file": relative})


@dataclass(slots=True)
class FileFinder:
    """Finds the file of each of many paths below the data directory; no folder is listed twice."""

    root: Path
    follow_links: bool = False
    _direct: dict[str, bool] = field(default_factory=dict)
    _listed: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def find(self, path: str, *, is_pattern: bool) -> list[DataFile]:
        """Return the files that a path or pattern means, sorted bytewise by path.

        Parameters
        ----------
        path : str
            Path below the data directory; holes are filled already.
        is_pattern : bool
            Whether ``*`` and ``?`` stand for any text; they are plain letters otherwise.

        Raises
        ------
        UnsafeFileError
            The path leads out of the data directory.
        """
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if not parts or "\0" in path:
            return []
        if is_pattern and any(_MARKS.search(part) for part in parts):
            found = self._matches(parts)
        else:
            found = ["/".join(parts)]
        files = (self._file(relative) for relative in sorted(found, key=os.fsencode))
        return [file for file in files if file is not None]

    def _matches(self, parts: list[str]) -> list[str]:
        """Return the paths that match a pattern."""
        *head, last = parts
        folder = "/".join(head)
        if folder not in self._listed:
            if len(self._listed) >= _MOST_LISTED:
                self._listed.clear()
            paths = {path for path, _ in _walk(self.root, "", (*head, "*"), ())}
            self._listed[folder] = sorted((path.rpartition("/")[2], path) for path in paths)
        names = self._listed[folder]
        prefix = _MARKS.split(last, maxsplit=1)[0]
        expression = _regex(last)
        found = []
        for name, path in names[bisect_left(names, (prefix, "")) :]:
            if not name.startswith(prefix):
                break
            if expression.fullmatch(name):
                found.append(path)
        return found

    def _file(self, relative: str) -> DataFile | None:
        """Return a file, if there is one; a path that leads out is refused either way."""
        folder, path = relative.rpartition("/")[0], self.root / relative
        if folder not in self._direct:
            self._direct[folder] = self.follow_links or not _may_lead_out(self.root, folder)
        try:
            is_file, is_link = path.is_file(), path.is_symlink()
        except OSError:  # such as a name that is too long
            return None
        if not self._direct[folder] or relative == ".." or is_link:
            _require_inside(self.root, path, follow_links=self.follow_links)
        return (
            DataFile(path, relative, {"file": relative, "dir": folder or "."}) if is_file else None
        )


def _bytewise(item: tuple[str, tuple[tuple[str, str], ...]]) -> bytes:
    return os.fsencode(item[0])


def _may_lead_out(root: Path, folder: str) -> bool:
    """Return whether a path below the root holds a link or a step back; only these lead out."""
    steps = folder.split("/")
    paths = ("/".join(steps[: k + 1]) for k in range(len(steps)))
    return ".." in steps or any((root / path).is_symlink() for path in paths)


def _require_inside(root: Path, path: Path, *, follow_links: bool) -> None:
    if follow_links or path.resolve().is_relative_to(root):
        return
    raise UnsafeFileError(
        "the file leads out of the data directory",
        where=str(path),
        hint="give follow_links=True if this is meant",
    )


def _walk(
    root: Path, base: str, parts: tuple[str, ...], captures: tuple[tuple[str, str], ...]
) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    head, rest = parts[0], parts[1:]
    folder = root / base
    if head == "**":
        yield from _walk(root, base, rest or ("*",), captures)
        for entry in _entries(folder):
            if entry.is_dir():
                yield from _walk(root, f"{base}{entry.name}/", parts, captures)
        return
    if not any(mark in head for mark in "*?<"):
        path = folder / head
        if rest and path.is_dir():
            yield from _walk(root, f"{base}{head}/", rest, captures)
        elif not rest and path.is_file():
            yield f"{base}{head}", captures
        return
    expression = _regex(head)
    for entry in _entries(folder):
        match = expression.fullmatch(entry.name)
        if match is None:
            continue
        named = (*captures, *match.groupdict().items())
        if rest and entry.is_dir():
            yield from _walk(root, f"{base}{entry.name}/", rest, named)
        elif not rest and entry.is_file():
            yield f"{base}{entry.name}", named


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []


@lru_cache(maxsize=1024)
def _regex(part: str) -> re.Pattern[str]:
    pieces = re.split(r"(\*|\?|<[a-z_][a-z0-9_]*>)", part)
    text = "".join(
        {"*": "[^/]*", "?": "[^/]"}.get(piece)
        or (f"(?P<{match[1]}>[^/]+)" if (match := _CAPTURE.fullmatch(piece)) else re.escape(piece))
        for piece in pieces
    )
    return re.compile(text)
