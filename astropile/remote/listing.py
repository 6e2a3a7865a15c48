"""What there is in a folder elsewhere, from the best index it has.

In this order: the manifest of a pile (sizes and sha256), the listing of the file system (sizes,
sha256 where it knows them), the partitions of a HATS catalogue, the page of a web server.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from astropile.errors import CorruptFileError, NoFilesError, SourceError
from astropile.remote.folder import RemoteFile, RemoteFolder, file_of
from astropile.remote.names import checked_name, decoded_name

__all__ = ["HATS_FILES", "Listing", "list_folder"]

MANIFEST = "manifest.json"
_LARGEST_INDEX = 256 * 2**20
_MOST_FILES = 2_000_000
_DEEPEST_PAGE = 12
_ASKING = 16
_COLLECTION, _PRIMARY = "collection.properties", "hats_primary_table_url"
_PROPERTIES = ("hats.properties", "properties")
_PARTITIONS = "partition_info.csv"
#: Files of a HATS catalogue beside its partitions; some catalogues lack some.
HATS_FILES = (
    "README.md", "dataset/_common_metadata", "dataset/_metadata", "dataset/data_thumbnail.parquet",
    "hats.properties", "partition_info.csv", "point_map.fits", "properties", "skymap.fits",
)  # fmt: skip
_SUMS = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class Listing:
    """Files of a folder.

    Attributes
    ----------
    kind : {"pile", "hats", "folder"}
        What it is.
    files : tuple of RemoteFile
        By path.
    primary : str
        Of a HATS collection: the folder of its main catalogue.
    """

    kind: Literal["pile", "hats", "folder"]
    files: tuple[RemoteFile, ...]
    primary: str = ""

    @property
    def known_bytes(self) -> int:
        """Bytes of the files whose size the mirror says."""
        return sum(file.size or 0 for file in self.files)


def list_folder(folder: RemoteFolder) -> Listing:
    """List a folder.

    Raises
    ------
    NoFilesError
        It is not there, is empty, or does not say what it holds.
    CorruptFileError
        Its index cannot be understood.
    UnsafeFileError
        It names a file that would lead out of a folder.
    """
    if not folder.is_web:
        listing = _walked(folder)
    else:
        found = _pile(folder) or _collection(folder) or _catalog(folder)
        listing = found or Listing("folder", tuple(_pages(folder)))
    if not listing.files:
        msg = "there are no files, or the server does not list them"
        hint = "a mirror by https must be a pile, a HATS catalogue, or list its folders"
        raise NoFilesError(msg, where=folder.url, hint=hint)
    files = _with_sums(folder, listing.files) if listing.kind == "folder" else listing.files
    return replace(listing, files=tuple(sorted(files, key=lambda file: file.path)))


def _walked(folder: RemoteFolder) -> Listing:
    """List a file system that can list itself."""
    facts: dict[str, Any] = folder.trying(
        lambda: folder.fs.find(folder.root, detail=True), folder.url
    )
    files = [
        file_of(checked_name(_inside(folder.root, name)), {**info, "name": name})
        for name, info in facts.items()
    ]
    known = {file.path: file for file in files}
    if MANIFEST in known:
        pile = _pile(folder)
        if pile is not None:
            return pile
    if _COLLECTION in known:
        text = folder.read(_COLLECTION, most_bytes=_LARGEST_INDEX) or b""
        return Listing("hats", tuple(files), _properties(text).get(_PRIMARY, "").rstrip("/"))
    is_hats = any(name in known for name in _PROPERTIES)
    return Listing("hats" if is_hats else "folder", tuple(files))


def _inside(root: str, name: str) -> str:
    """Return the path of a file below a folder; names may come without the revision."""
    for start in (root, re.sub("@[^/]*", "", root)):
        if name.startswith(f"{start}/"):
            return name[len(start) + 1 :]
    return name  # an absolute path, which is refused as such


def _pile(folder: RemoteFolder) -> Listing | None:
    """List a pile from its manifest."""
    text = folder.read(MANIFEST, most_bytes=_LARGEST_INDEX)
    if text is None:
        return None
    where = f"{folder.url}/{MANIFEST}"
    try:
        data = json.loads(text)
        records = [r for key in ("partitions", "margin", "files") for r in data[key]]
        files = [
            RemoteFile(
                checked_name(str(record["path"])),
                folder.address(str(record["path"])),
                int(record["bytes"]),
                str(record["sha256"]),
            )
            for record in records
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        msg = f"is no manifest of a pile ({type(error).__name__} {error})"
        raise CorruptFileError(msg, where=where, hint="use another mirror") from error
    # The manifest comes last, so that half a pile is never taken for one.
    last = RemoteFile(MANIFEST, folder.address(MANIFEST), len(text))
    return Listing("pile", (*files, last))


def _collection(folder: RemoteFolder) -> Listing | None:
    """List the catalogues of a HATS collection."""
    text = folder.read(_COLLECTION, most_bytes=_LARGEST_INDEX)
    if text is None:
        return None
    facts = _properties(text)
    names = [facts.get(_PRIMARY, "")]
    names += facts.get("all_margins", facts.get("default_margin", "")).split()
    files = [
        RemoteFile("collection.properties", folder.address("collection.properties"), len(text))
    ]
    for name in dict.fromkeys(filter(None, names)):
        inner = _catalog(folder.below(checked_name(name.rstrip("/"))))
        if inner is None:
            msg = f"the collection names a catalogue '{name}', which is not there"
            raise NoFilesError(msg, where=folder.url, hint="use another mirror")
        files += [replace(file, path=f"{name.rstrip('/')}/{file.path}") for file in inner.files]
    return Listing("hats", tuple(files), names[0].rstrip("/"))


def _catalog(folder: RemoteFolder) -> Listing | None:
    """List a HATS catalogue from its partitions."""
    if all(folder.info(name) is None for name in _PROPERTIES):
        return None
    text = folder.read(_PARTITIONS, most_bytes=_LARGEST_INDEX)
    if text is None:
        msg = f"the HATS catalogue has no {_PARTITIONS}, so its files are not known"
        raise NoFilesError(msg, where=folder.url, hint="use another mirror")
    try:
        rows = list(csv.DictReader(text.decode("utf-8").splitlines()))
        leaves = [_leaf_path(int(row["Norder"]), int(row["Npix"])) for row in rows]
        if not leaves:
            raise ValueError("it is empty")  # noqa: TRY301  # told as the others are
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        msg = f"is no list of partitions ({type(error).__name__} {error})"
        raise CorruptFileError(msg, where=f"{folder.url}/{_PARTITIONS}") from error
    found = _asked(folder, [*leaves, *HATS_FILES])
    lost = [path for path in leaves if path not in found]
    if lost:
        msg = f"{len(lost)} of {len(leaves)} partitions are not there, the first is {lost[0]}"
        raise NoFilesError(msg, where=folder.url, hint="use another mirror")
    return Listing("hats", tuple(found.values()))


def _leaf_path(order: int, pixel: int) -> str:
    """Return the path that HATS gives a partition."""
    if not (0 <= order <= 29 and 0 <= pixel < 12 << 2 * order):
        msg = f"no pixel {pixel} of order {order}"
        raise ValueError(msg)
    return f"dataset/Norder={order}/Dir={pixel // 10_000 * 10_000}/Npix={pixel}.parquet"


def _asked(folder: RemoteFolder, paths: Iterable[str]) -> dict[str, RemoteFile]:
    """Return those of some files that are there; asks for many at once."""
    with ThreadPoolExecutor(_ASKING) as pool:
        found = [file for file in pool.map(folder.info, paths) if file is not None]
    return {file.path: file for file in found}


def _pages(folder: RemoteFolder) -> Iterator[RemoteFile]:
    """Follow the pages of a web server that list its folders."""
    names: dict[str, str] = {}
    waiting = [(folder.root + "/", 0)]
    seen = set()
    while waiting:
        page, depth = waiting.pop()
        if page in seen or depth > _DEEPEST_PAGE:
            continue
        seen.add(page)
        entries: list[str] = folder.trying(lambda page=page: folder.fs.ls(page, detail=False), page)  # type: ignore[misc]
        for entry in entries:
            inside = entry[len(folder.root) + 1 :]
            # Links that sort the page, lead up, or to another site.
            if not entry.startswith(page) or entry == page or urlsplit(entry).query:
                continue
            if entry.endswith("/"):
                waiting.append((entry, depth + 1))
            elif "#" not in entry:
                names[decoded_name(inside)] = entry
        if len(names) > _MOST_FILES:
            msg = f"lists more than {_MOST_FILES} files"
            raise SourceError(msg, where=folder.url, hint="give the URL of a smaller folder")
    yield from _asked(folder, names).values()


def _with_sums(folder: RemoteFolder, files: Iterable[RemoteFile]) -> list[RemoteFile]:
    """Add the digests of a ``SHA256SUMS`` file, if there is one."""
    listed = list(files)
    if not any(file.path == _SUMS for file in listed):
        return listed
    text = folder.read(_SUMS, most_bytes=_LARGEST_INDEX) or b""
    sums = {}
    for line in text.decode("utf-8", "replace").splitlines():
        digest, _, name = line.strip().partition(" ")
        if len(digest) == 64:
            sums[name.lstrip(" *").removeprefix("./")] = digest.lower()
    return [replace(file, sha256=sums.get(file.path, file.sha256)) for file in listed]


def _properties(text: bytes) -> dict[str, str]:
    """Read ``key=value`` lines."""
    lines = (line.partition("=") for line in text.decode("utf-8", "replace").splitlines())
    return {key.strip(): value.strip() for key, mark, value in lines if mark}
