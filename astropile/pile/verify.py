"""The verb verify: whether every byte of a pile is as it was when it was built."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from astropile import disk
from astropile.errors import UsageError
from astropile.pile.layout import MANIFEST
from astropile.pile.manifest import FileRecord, LeafRecord, read_manifest

__all__ = ["Fault", "Verified", "verify_pile"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that is not as the manifest says."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at all files found.

    Attributes
    ----------
    files, bytes, rows : int
        What the manifest lists.
    faults : tuple of Fault
        Empty if the pile is as it was built.
    """

    files: int
    bytes: int
    rows: int
    faults: tuple[Fault, ...]


def verify_pile(path: Path, *, workers: int = 2) -> Verified:
    """Compare every file of a pile with its manifest.

    Size and sha256 tell whether a file was changed; for a partition the checksums of its pages tell
    where. Files that the manifest does not know are faults, too.

    Parameters
    ----------
    path : Path
        Folder of the pile.
    workers : int
        Files looked at at a time.

    Raises
    ------
    PileError
        There is no pile, or its manifest itself is damaged.
    """
    if type(workers) is not int or workers < 1:
        msg = f"workers={workers!r}; expected a whole number of at least 1"
        raise UsageError(msg, hint="leave it out for 2")
    path = disk.local_path(path).absolute()
    manifest = read_manifest(path)
    records = manifest.records()
    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(lambda record: _look(path, record), records))
    faults = [fault for fault in found if fault is not None]
    faults += _strangers(path, {MANIFEST, *(record.path for record in records)})
    if sum(leaf.rows for leaf in manifest.partitions) != manifest.rows:
        faults.append(Fault(MANIFEST, "its number of rows is not the sum of its partitions"))
    return Verified(
        files=len(records) + 1,
        bytes=sum(record.bytes for record in records),
        rows=manifest.rows,
        faults=tuple(sorted(faults, key=lambda fault: fault.path)),
    )


def _look(path: Path, record: FileRecord) -> Fault | None:
    file = path / record.path
    try:
        size = file.stat().st_size
        if size != record.bytes:
            return Fault(record.path, f"has {size} bytes, {record.bytes} were written")
        if disk.sha256_of(file) == record.sha256:
            return None
    except FileNotFoundError:
        return Fault(record.path, "is missing")
    except OSError as error:
        return Fault(record.path, f"cannot be read: {error.strerror or error}")
    where = _damaged_pages(file) if isinstance(record, LeafRecord) else ""
    return Fault(record.path, f"was changed: its sha256 does not agree{where}")


def _damaged_pages(file: Path) -> str:
    """Return which row groups and columns of a partition have pages with a wrong checksum."""
    try:
        with pq.ParquetFile(file, pre_buffer=False, page_checksum_verification=True) as leaf:
            names = leaf.schema_arrow.names
            places = [
                f"row group {group}, column {name}"
                for group in range(leaf.metadata.num_row_groups)
                for name in names
                if not _reads(leaf, group, name)
            ]
    except (pa.ArrowException, OSError, ValueError):
        return "; its footer cannot be read"
    return f"; damaged: {'; '.join(places[:3])}" if places else "; no page is damaged"


def _reads(leaf: pq.ParquetFile, group: int, name: str) -> bool:
    try:
        leaf.read_row_group(group, columns=[name])
    except (pa.ArrowException, OSError, ValueError):
        return False
    return True


def _strangers(path: Path, known: set[str]) -> Iterator[Fault]:
    for file in sorted(path.rglob("*")):
        if file.is_symlink() or file.is_file():
            name = file.relative_to(path).as_posix()
            if name not in known:
                yield Fault(name, "is not in the manifest")
