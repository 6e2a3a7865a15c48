"""The verb build: two passes over the input, then a pile, or no pile at all.

Pass 1 reads ids and positions, counts rows by pixel and finds repeated ids. Pass 2 reads whole
Examples and sends them to their partitions. All of it happens in a folder beside the pile; one
rename makes it the pile.

Memory. Whatever the number of rows, a build needs at most about

* 50 MB for the counts (less where the survey covers little of the sky),
* 96 MB for hashes of ids in pass 1, which are gone in pass 2,
* ``memory_bytes`` for rows on their way and partitions being written,
* four batches of the input (32 to 64 MB each, at least one row or chunk of a file),

plus the libraries, about 300 MB. One partition that is bigger than half of ``memory_bytes`` needs
its size, and without bulk columns twice that: this happens where a pixel of 3 arcsec alone holds
more than ``partition_bytes``. Rejected rows are listed in memory, some 300 bytes each.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from astropile import disk
from astropile.errors import PileError, UsageError
from astropile.pile.claim import (
    claim_folder,
    note_request,
    owned,
    request_of,
    require_free,
)
from astropile.pile.finish import Finisher
from astropile.pile.hats_files import (
    SKYMAP_ORDER,
    CatalogFacts,
    load_library,
    write_catalog_files,
    write_collection_file,
)
from astropile.pile.journal import Journal, differences
from astropile.pile.layout import (
    CITATION,
    DEEPEST_ORDER,
    MANIFEST,
    REJECTS,
    REQUEST,
    SCHEMA,
    WORK,
    Pixel,
    leaf_path,
)
from astropile.pile.leaf import LeafFormat, write_leaf
from astropile.pile.manifest import FileRecord, LeafRecord, Manifest, write_manifest
from astropile.pile.margin import margin_rows
from astropile.pile.passes import (
    HEALPIX_FIELD,
    Limits,
    SkyPlan,
    first_pass,
    has_plan,
    load_plan,
    second_pass,
)
from astropile.pile.read import Pile
from astropile.pile.route import Finish, IsFree, Pieces, Router, WaitingRows
from astropile.pile.source import RowSource
from astropile.readers.column import Array

__all__ = ["BuildOptions", "build_pile"]

_PILE: Final = "pile"
_READ: Final = "read.json"
_LACKING: Final = "lacking.npy"
_WAITING: Final = "waiting"


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What the bytes of a pile depend on besides its rows.

    Attributes
    ----------
    partition_rows, partition_bytes : int
        Most rows of a partition, and most bytes of it in memory.
    margin_arcsec : float, optional
        Width of margins; default none are written.
    """

    partition_rows: int = 1_000_000
    partition_bytes: int = 128 * 2**20
    margin_arcsec: float | None = None

    def check(self) -> None:
        """Refuse numbers that make no sense.

        Raises
        ------
        UsageError
            It names the option.
        """
        for name in ("partition_rows", "partition_bytes"):
            require_least(name, getattr(self, name), 1)
        margin: Any = self.margin_arcsec
        is_number = isinstance(margin, Real) and not isinstance(margin, bool)
        if margin is not None and not (is_number and 0 < margin <= 36_000):
            msg = f"margin_arcsec={margin!r}; expected more than 0 and at most 36000"
            raise UsageError(msg, hint="leave it out for no margins; a match needs none")


def require_least(name: str, value: object, least: int) -> None:
    """Refuse an option that is no whole number, or too small.

    Raises
    ------
    UsageError
        It names the option.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        needed = str(least)
        if name == "memory_bytes":
            needed = f"{disk.size_text(least)}, as an integer of bytes"
        msg = f"{name}={value!r}; expected at least {needed}"
        raise UsageError(msg, hint="leave it out for the default")


def build_pile(
    source: RowSource, path: Path, options: BuildOptions, *, workers: int, memory_bytes: int
) -> Manifest:
    """Build a pile, or go on with a build that was stopped.

    Parameters
    ----------
    source : RowSource
        Input.
    path : Path
        Folder of the pile; it must not exist.
    options : BuildOptions
        What the bytes depend on.
    workers : int
        Threads that write partitions; the bytes do not depend on it.
    memory_bytes : int
        Memory for rows on their way; the bytes do not depend on it.

    Raises
    ------
    UsageError
        There is something at `path`, or an option makes no sense.
    PileError
        An unfinished build had other input, or the input changes while it is read.
    OutputError
        The place cannot be written.
    """
    options.check()
    require_least("workers", workers, 1)
    require_least("memory_bytes", memory_bytes, 2**26)
    path = path.expanduser().absolute()
    require_free(path)
    request = request_of(source, asdict(options))
    folder = claim_folder(path, request)
    with owned(folder):
        require_free(path)  # another build may just have finished
        note_request(folder, request)
        build = _Build(source, folder, options, workers, memory_bytes)
        try:
            manifest = build.run(request)
        except BaseException:
            if not has_plan(folder / WORK):
                shutil.rmtree(folder, ignore_errors=True)  # there is nothing to go on with
            raise
        with disk.writing(path):
            disk.rename(folder / _PILE, path)
        shutil.rmtree(folder, ignore_errors=True)
    return manifest


def _boot() -> str:
    """Return what changes when the machine starts anew: until then, what was written is there."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


@dataclass(slots=True)
class _Build:
    """A build in its folder."""

    source: RowSource
    folder: Path
    options: BuildOptions
    workers: int
    memory_bytes: int
    journal: Journal = field(init=False)
    catalog: str = field(init=False)

    def __post_init__(self) -> None:
        self.journal = Journal(self.pile, self.work / "journal")
        self.catalog = "" if self.options.margin_arcsec is None else self.source.about.name

    @property
    def work(self) -> Path:
        return self.folder / WORK

    @property
    def pile(self) -> Path:
        return self.folder / _PILE

    def run(self, request: Mapping[str, Any]) -> Manifest:
        with disk.writing(self.folder):
            disk.make_folder(self.pile)
            disk.make_folder(self.work / "aside")
            self.journal.load()
        plan = load_plan(self.work)
        if plan is None:
            with disk.writing(self.work):
                limits = Limits(self.options.partition_rows, self.options.partition_bytes)
                first_pass(self.source, self.work, limits, SKYMAP_ORDER)
            plan = load_plan(self.work)
        if plan is None or not plan.partitions:
            shutil.rmtree(self.folder, ignore_errors=True)  # nothing here is worth going on with
            rows = 0 if plan is None else plan.rows + plan.rejected
            raise PileError(
                f"there is no object with a position to build a pile of, among {rows} rows",
                where=self.source.about.survey,
                hint="look at the ids and positions of the input",
            )
        schema = pa.schema([HEALPIX_FIELD, *self.source.schema])
        form = LeafFormat(schema, plan.row_bytes, plan.bulk)
        self._partitions(plan, form)
        leaves = self._leaves(plan)
        manifest = self.manifest(plan, leaves, request)
        margin = self._margins(form, leaves, manifest)
        if json.loads(json.dumps(self.source.stamps())) != request["inputs"]:
            listed = "; ".join(differences(request, request_of(self.source, asdict(self.options))))
            msg = f"the input changed while the pile was built: {listed}"
            raise PileError(msg, hint="build it again when the files stay as they are")
        return self._close(plan, margin, manifest)

    # --- partitions -----------------------------------------------------------------------

    def _partitions(self, plan: SkyPlan, form: LeafFormat) -> None:
        """Write the partitions that are not there yet."""
        finisher = Finisher(self.workers, self.memory_bytes * 6 // 10)

        def finish(number: int, pieces: Pieces) -> None:
            partition = plan.partitions[number]
            size = form.job_bytes(partition.rows)
            finisher.submit(size, self._write, partition.pixel, pieces, form, self.catalog)

        def is_free(rows: int) -> bool:
            return finisher.is_free(form.job_bytes(rows))

        try:
            if not self._from_waiting(plan, finish):
                self._from_source(plan, is_free, finish)
            load_library()
            finisher.drain()
        finally:
            finisher.close()

    def _write(self, pixel: Pixel, pieces: Pieces, form: LeafFormat, catalog: str) -> None:
        name = leaf_path(pixel, catalog)
        aside = self.work / "aside" / name.replace("/", "-")
        record = write_leaf(pieces(), pixel, form, aside, self.pile / name, name)
        self.journal.add(record)

    def _missing(self, plan: SkyPlan) -> list[int]:
        """Return the partitions that are not written yet."""
        names = [leaf_path(p.pixel, self.catalog) for p in plan.partitions]
        return [n for n, name in enumerate(names) if name not in self.journal.records]

    def _from_waiting(self, plan: SkyPlan, finish: Finish) -> bool:
        """Write partitions from rows that an earlier build read; return whether all were there."""
        if not (self.work / _READ).is_file():
            return False
        expected = self._expected(plan)
        missing = [n for n in self._missing(plan) if expected[n]]
        waiting = WaitingRows(self.work / _WAITING)
        if missing and not (waiting.found(_boot()) and all(waiting.has(n) for n in missing)):
            return False
        for number in missing:
            finish(number, waiting.pieces(number))
        return True

    def _from_source(self, plan: SkyPlan, is_free: IsFree, finish: Finish) -> None:
        """Read the input and write partitions as they become complete."""
        shutil.rmtree(self.work / _WAITING, ignore_errors=True)
        (self.work / _READ).unlink(missing_ok=True)
        earlier = set(range(len(plan.partitions))) - set(self._missing(plan))
        waiting = WaitingRows(self.work / _WAITING)
        router = Router(
            partitions=plan.partitions,
            waiting=waiting,
            buffer_bytes=self.memory_bytes * 4 // 10,
            finish=finish,
            is_free=is_free,
            earlier=frozenset(earlier),
            bulk=plan.bulk,
        )
        gone = second_pass(self.source, plan, router, self.pile / REJECTS)
        if router.incomplete():
            msg = f"{len(router.incomplete())} partitions did not get all their rows"
            raise PileError(msg, hint="do not change the files while a pile is built of them")
        late = router.close()
        with disk.writing(self.work):
            if late:
                waiting.keep(_boot())
            np.save(self.work / _LACKING, gone)
            disk.sync(self.work / _LACKING)
            disk.write_text(self.work / _READ, "{}")
        for number in late:
            finish(number, waiting.pieces(number))

    def _expected(self, plan: SkyPlan) -> Array:
        """Return the rows of each partition without those that pass 2 refused."""
        rows = np.array([p.rows for p in plan.partitions], dtype=np.int64)
        starts = np.array([p.pixel.range[0] for p in plan.partitions], dtype=np.int64)
        gone = np.load(self.work / _LACKING)
        numbers, counts = np.unique(np.searchsorted(starts, gone, "right") - 1, return_counts=True)
        rows[numbers] -= counts
        return rows

    def _leaves(self, plan: SkyPlan) -> tuple[LeafRecord, ...]:
        """Return the partitions in storage order, after a look at their rows."""
        expected = self._expected(plan)
        found = []
        for partition, rows in zip(plan.partitions, expected.tolist(), strict=True):
            record = self.journal.records.get(leaf_path(partition.pixel, self.catalog))
            if (record.rows if record else 0) != rows:
                msg = f"partition {partition.pixel} has {record and record.rows} rows, not {rows}"
                hint = "this is a fault of astropile: please report it"
                raise PileError(msg, where=str(self.pile), hint=hint)
            found += [record] if record else []
        return tuple(found)

    # --- margins --------------------------------------------------------------------------

    def _margins(
        self, form: LeafFormat, leaves: tuple[LeafRecord, ...], manifest: Manifest
    ) -> tuple[LeafRecord, ...]:
        """Write the margins of all partitions; one without rows has no file."""
        width = self.options.margin_arcsec
        if width is None:
            return ()
        catalog = margin_name(self.catalog)
        pile = Pile(self.pile, manifest, leaves)
        finisher = Finisher(self.workers, self.memory_bytes)

        def write(leaf: LeafRecord) -> None:
            pieces = list(margin_rows(pile, leaf, width))
            if pieces:
                self._write(leaf.area, lambda: pieces, form, catalog)

        try:
            for leaf in leaves:
                if leaf_path(leaf.area, catalog) not in self.journal.records:
                    finisher.submit(form.job_bytes(leaf.rows), write, leaf)
            finisher.drain()
        finally:
            finisher.close()
        names = [leaf_path(leaf.area, catalog) for leaf in leaves]
        return tuple(r for name in names if (r := self.journal.records.get(name)) is not None)

    # --- the end --------------------------------------------------------------------------

    def _close(
        self,
        plan: SkyPlan,
        margin: tuple[LeafRecord, ...],
        manifest: Manifest,
    ) -> Manifest:
        """Write what is left: texts, HATS files, the manifest last."""
        about = self.source.about
        texts = {
            SCHEMA: about.schema_text,
            CITATION: about.citation,
            REQUEST: json.dumps(about.request, sort_keys=True, indent=1) + "\n",
        }
        with disk.writing(self.pile):
            for left in self.pile.rglob(".*.aside"):
                left.unlink()  # what a build that was stopped had begun to write
            for name, text in texts.items():
                disk.make_folder((self.pile / name).parent)
                disk.write_text(self.pile / name, text)
            self._hats(plan, margin, manifest)
            leaves = {leaf.path for leaf in (*manifest.partitions, *margin)}
            records = []
            for file in sorted(p for p in self.pile.rglob("*") if p.is_file()):
                name = file.relative_to(self.pile).as_posix()
                if name not in leaves and name != MANIFEST:
                    disk.sync(file)
                    size = file.stat().st_size
                    record = FileRecord(path=name, bytes=size, sha256=disk.sha256_of(file))
                    records.append(record)
            whole = manifest.model_copy(update={"margin": margin, "files": tuple(records)})
            write_manifest(self.pile, whole)
            for place in sorted(p for p in self.pile.rglob("*") if p.is_dir()):
                disk.sync(place)
        return whole

    def _hats(self, plan: SkyPlan, margin: tuple[LeafRecord, ...], manifest: Manifest) -> None:
        """Write what makes the folder a HATS catalogue, or a collection of two."""
        about = self.source.about
        skymap = plan.skymap.copy()
        gone = np.load(self.work / _LACKING) >> 2 * (DEEPEST_ORDER - SKYMAP_ORDER)
        np.subtract.at(skymap, gone, 1)
        facts = CatalogFacts(
            name=about.name,
            created=manifest.created,
            leaves=manifest.partitions,
            extra={
                "obs_title": about.title,
                "obs_copyright": about.license,
                "hats_progenitor_url": about.homepage,
                "hats_builder": f"astropile v{manifest.versions['astropile']}, "
                f"hats v{manifest.versions['hats']}",
            },
        )
        write_catalog_files(self.pile / self.catalog, facts, skymap)
        if self.options.margin_arcsec is not None:
            name = margin_name(self.catalog) if margin else ""
            if margin:
                around = replace(
                    facts,
                    name=name,
                    leaves=margin,
                    margin_of=about.name,
                    margin_arcsec=self.options.margin_arcsec,
                )
                write_catalog_files(self.pile / name, around, None)
            write_collection_file(self.pile, self.catalog, name)

    def manifest(
        self, plan: SkyPlan, leaves: tuple[LeafRecord, ...], request: Mapping[str, Any]
    ) -> Manifest:
        """Return the manifest of the partitions, as yet without anything else."""
        about = self.source.about
        newest = max((stamp[2] for stamp in request["inputs"]), default=0)
        rejected = pq.read_table(self.pile / REJECTS, columns=["code"]).column(0)
        counts = {c["values"]: c["counts"] for c in rejected.value_counts().to_pylist()}
        return Manifest(
            name=about.name,
            survey=about.survey,
            config=about.config,
            source=about.source,
            created=datetime.fromtimestamp(newest // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            catalog=self.catalog,
            schema_sha256=about.schema_sha256,
            versions=request["versions"],
            options=request["options"],
            rows=sum(leaf.rows for leaf in leaves),
            rejected=counts,
            row_bytes=plan.row_bytes,
            splits=about.splits,
            partitions=leaves,
            margin=(),
            files=(),
        )


def margin_name(catalog: str) -> str:
    """Return the name of the margin of a catalogue."""
    return f"{catalog}_margin"
