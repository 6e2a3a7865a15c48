"""The two passes over the input of a build: positions first, then Examples."""

from __future__ import annotations

import json
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from astropile import disk
from astropile.engine import Rejects
from astropile.errors import PileError
from astropile.pile.bulk import bulk_columns
from astropile.pile.histogram import Partition, SkyCounts, plan_partitions
from astropile.pile.ids import IdLog
from astropile.pile.layout import HEALPIX, Pixel
from astropile.pile.route import Router
from astropile.pile.rowlog import RowLog, RowLogWriter
from astropile.pile.source import Examples, Positions, RowSource
from astropile.readers.column import Array
from astropile.sky import healpix_index

__all__ = [
    "HEALPIX_FIELD",
    "Limits",
    "SkyPlan",
    "first_pass",
    "has_plan",
    "load_plan",
    "second_pass",
]

HEALPIX_FIELD: Final = pa.field(
    HEALPIX, pa.int64(), metadata={"description": "Nested HEALPix pixel of order 29 of ra, dec."}
)
#: Rows that are read to learn how big rows are, and how many of them follow one another: where
#: rows are read by groups, every place costs a group.
SAMPLE_ROWS: Final = 64
SAMPLE_RUN: Final = 16
_PLAN, _LOG, _REPEATS, _MAP = "plan.json", "rows.bin", "repeats.npy", "skymap.npy"


@dataclass(frozen=True, slots=True)
class Limits:
    """Most rows and bytes (in memory) of a partition."""

    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class SkyPlan:
    """What pass 1 found.

    Attributes
    ----------
    partitions : tuple of Partition
        In storage order.
    row_bytes : int
        Mean size of a row in memory.
    bulk : tuple of str
        Columns whose rows are big.
    rows, rejected : int
        Rows that pass 1 gave, and those that it refused.
    repeats : ndarray of int64
        Numbers of rows whose id occurred before.
    skymap : ndarray of int64
        Rows by pixel.
    log : Path
        File with pixel and place of every row.
    """

    partitions: tuple[Partition, ...]
    row_bytes: int
    bulk: tuple[str, ...]
    rows: int
    rejected: int
    repeats: Array
    skymap: Array
    log: Path


@dataclass(slots=True)
class _Sample:
    """Places of some runs of rows spread evenly over the input, however long it is."""

    stride: int = 1
    seen: int = 0
    ordinal: Array = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    file: Array = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    row: Array = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def add(self, found: Positions) -> None:
        n = len(found.file)
        ordinal = np.arange(self.seen, self.seen + n)
        chosen = np.flatnonzero(ordinal // SAMPLE_RUN % self.stride == 0)
        self.ordinal = np.append(self.ordinal, ordinal[chosen])
        self.file = np.append(self.file, found.file[chosen])
        self.row = np.append(self.row, found.row[chosen])
        self.seen += n
        while len(self.ordinal) > SAMPLE_ROWS:
            self.stride *= 2
            kept = self.ordinal // SAMPLE_RUN % self.stride == 0
            self.ordinal, self.file, self.row = self.ordinal[kept], self.file[kept], self.row[kept]


def first_pass(source: RowSource, folder: Path, limits: Limits, skymap_order: int) -> None:
    """Read positions and ids, and write the plan of the pile.

    Parameters
    ----------
    source : RowSource
        Input.
    folder : Path
        Work folder of the build.
    limits : Limits
        Of a partition.
    skymap_order : int
        Order of the sky map.
    """
    counts, ids, sample = SkyCounts(), IdLog(folder / "ids"), _Sample()
    writer = RowLogWriter(folder / _LOG)
    with closing(writer), ThreadPoolExecutor(1) as beside:
        hashed: Future[None] | None = None
        for found in source.positions():
            if hashed is not None:
                hashed.result()
            hashed = beside.submit(ids.add, found.ids)
            healpix = _pixels(found)
            writer.add(healpix, found.file, found.row)
            counts.add(healpix[healpix >= 0])
            sample.add(found)
        if hashed is not None:
            hashed.result()
    log, repeats = RowLog(folder / _LOG), ids.repeats()
    twice = log.pixels_at(repeats)
    counts.remove(twice[twice >= 0])
    size = source.sample(sample.file, sample.row) if writer.rows else None
    row_bytes = 8 + (-(-size.nbytes // size.num_rows) if size is not None and len(size) else 0)
    limit = max(1, min(limits.rows, limits.bytes // row_bytes))
    partitions = plan_partitions(counts, limit, log.healpix(without=repeats))
    np.save(folder / _REPEATS, repeats)
    np.save(folder / _MAP, counts.map(skymap_order))
    for name in (_LOG, _REPEATS, _MAP):
        disk.sync(folder / name)
    plan = {
        "partitions": [[p.pixel.order, p.pixel.number, p.rows] for p in partitions],
        "row_bytes": row_bytes,
        "bulk": bulk_columns(size) if size is not None else (),
        "rows": writer.rows,
        "rejected": len(source.rejects),
    }
    disk.write_text(folder / _PLAN, json.dumps(plan))


def _pixels(found: Positions) -> Array:
    """Return the order-29 pixel of every row, -1 where there is no position."""
    known = np.isfinite(found.ra_deg) & np.isfinite(found.dec_deg)
    if known.all():
        return healpix_index(found.ra_deg, found.dec_deg)
    healpix = np.full(len(known), -1, dtype=np.int64)
    healpix[known] = healpix_index(found.ra_deg[known], found.dec_deg[known])
    return healpix


def has_plan(folder: Path) -> bool:
    """Return whether pass 1 was finished."""
    return (folder / _PLAN).is_file()


def load_plan(folder: Path) -> SkyPlan | None:
    """Return the plan of this or an earlier build; None if pass 1 was not finished."""
    if not has_plan(folder):
        return None
    plan = json.loads((folder / _PLAN).read_text(encoding="utf-8"))
    return SkyPlan(
        partitions=tuple(Partition(Pixel(o, p), rows) for o, p, rows in plan["partitions"]),
        row_bytes=plan["row_bytes"],
        bulk=tuple(plan["bulk"]),
        rows=plan["rows"],
        rejected=plan["rejected"],
        repeats=np.load(folder / _REPEATS),
        skymap=np.load(folder / _MAP),
        log=folder / _LOG,
    )


def second_pass(source: RowSource, plan: SkyPlan, router: Router, rejects: Path) -> Array:
    """Read Examples and send them to their partitions.

    Parameters
    ----------
    source : RowSource
        Input.
    plan : SkyPlan
        What pass 1 found.
    router : Router
        Takes the rows.
    rejects : Path
        File for the rows that are not in the pile.

    Returns
    -------
    ndarray of int64
        Pixels of rows that pass 1 counted and that were refused now.

    Raises
    ------
    PileError
        The rows are not those of pass 1.
    """
    log, own = RowLog(plan.log), Rejects()
    lacking, gone = 0, [np.empty(0, dtype=np.int64)]
    for found in source.examples():
        ordinals, passed = log.follow(found.file, found.row)
        lacking += len(passed)
        gone.append(_counted(log, passed, plan.repeats))
        router.lack(gone[-1])
        router.add(_placed(source, found, log.pixels_at(ordinals), ordinals, plan.repeats, own))
    rest = log.rest()
    lacking += len(rest)
    gone.append(_counted(log, rest, plan.repeats))
    router.lack(gone[-1])
    if lacking != len(source.rejects) - plan.rejected:
        msg = f"the second pass over the files gives {lacking} rows fewer than the first"
        raise PileError(msg, hint="do not change the files while a pile is built of them")
    _write_rejects([source.rejects.to_arrow(), own.to_arrow()], rejects)
    return np.concatenate(gone)


def _counted(log: RowLog, ordinals: Array, repeats: Array) -> Array:
    """Return the pixels of the rows that the plan counts."""
    if not len(ordinals):
        return ordinals
    pixels = log.pixels_at(ordinals)
    return pixels[(pixels >= 0) & ~_among(ordinals, repeats)]


def _among(ordinals: Array, repeats: Array) -> Array:
    if not len(repeats):
        return np.zeros(len(ordinals), dtype=bool)
    place = np.minimum(np.searchsorted(repeats, ordinals), len(repeats) - 1)
    return np.asarray(repeats[place] == ordinals)


def _placed(
    source: RowSource,
    found: Examples,
    healpix: Array,
    ordinals: Array,
    repeats: Array,
    rejects: Rejects,
) -> pa.Table:
    """Return the rows that the pile holds, their pixel in front; refuse the others."""
    table = found.table.add_column(0, HEALPIX_FIELD, pa.array(healpix))
    repeated = _among(ordinals, repeats)
    unplaced = (healpix < 0) & ~repeated
    if not (repeated.any() or unplaced.any()):
        return table
    for code, mask in (("repeated_id", repeated), ("no_position", unplaced)):
        if mask.any():
            numbers, inverse = np.unique(found.file[mask], return_inverse=True)
            names = np.array([source.file_name(int(n)) for n in numbers])
            ids = table.column("object_id").filter(pa.array(mask)).to_numpy()
            rejects.add(code, files=names[inverse], rows=found.row[mask], object_ids=ids)
    return table.filter(pa.array(~(repeated | unplaced)))


def _write_rejects(tables: list[pa.Table], path: Path) -> None:
    disk.make_folder(path.parent)
    with disk.writing(path):
        aside = path.with_name(f".{path.name}.aside")
        pq.write_table(
            pa.concat_tables(tables).combine_chunks(),
            aside,
            compression="zstd",
            write_page_checksum=True,
        )
        disk.sync(aside)
        disk.rename(aside, path)
