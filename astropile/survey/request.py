"""What was asked of a survey, and the runs of the engine that answer it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from astropile.errors import DataDirError, NoFilesError, SourceError
from astropile.schema import OBJECT_LEAVES
from astropile.survey.schema_request import SchemaRequest

if TYPE_CHECKING:
    import pyarrow as pa

    from astropile.engine import Batch, Plan, Rejects, RowIndex, Run
    from astropile.pile import RowSource
    from astropile.readers import Column


#: A batch of so few rows is worth its while only if no more are wanted.
FEW_ROWS = 1024
#: Path below the data directory, size and time of change [ns] of a file.
Stamp: TypeAlias = tuple[str, int, int]


def stamps_of(files: Iterable[Path], root: Path) -> tuple[Stamp, ...]:
    """Return what tells whether files are still as they were.

    Raises
    ------
    NoFilesError
        One is there no more.
    """
    found = ((file, _status(file)) for file in files)
    return tuple((os.path.relpath(f, root), s.st_size, s.st_mtime_ns) for f, s in found)


def _status(file: Path) -> os.stat_result:
    try:
        return file.stat()
    except FileNotFoundError as error:
        msg = "the file was there and is there no more"
        hint = "put it back, or load the survey and match it anew"
        raise NoFilesError(msg, where=str(file), hint=hint) from error


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of the rows that can be read on its own.

    Attributes
    ----------
    number : int
        Its place among all.
    index : RowIndex, optional
        Its rows; None for all of the part.
    """

    number: int
    index: RowIndex | None = None


@dataclass(frozen=True)
class CataloguePass:
    """Result of reading ids and positions of all objects.

    Attributes
    ----------
    columns : mapping of str to Column
        ``object_id``, ``ra``, ``dec``.
    index : RowIndex
        Where each row is in the files.
    rejects : Rejects
        Rows that were refused.
    stamps : tuple
        What the files were like when they were read; see :func:`stamps_of`.
    """

    columns: dict[str, Column]
    index: RowIndex
    rejects: Rejects
    stamps: tuple[Stamp, ...] = ()


@dataclass(frozen=True)
class Request(SchemaRequest):
    """A survey, a config and a selection with their files; frozen, so that answers can be kept."""

    _passes: dict[str | None, CataloguePass] = field(
        default_factory=dict, compare=False, init=False
    )

    @cached_property
    def root(self) -> Path:
        """The data directory, resolved.

        Raises
        ------
        DataDirError
            None was given, or it does not exist.
        """
        from astropile.engine import data_root

        if self.data_dir is None:
            raise DataDirError(
                "no data directory was given",
                where=self.schema.id,
                hint=f"load it with data_dir=FOLDER, where FOLDER holds {self._layouts()}",
            )
        return data_root(self.data_dir)

    def _layouts(self) -> str:
        sources = self.schema.sources(self.config)
        return " or ".join(f"{self._pattern(name)} ({name})" for name in sources)

    def _pattern(self, source: str) -> str:
        tables = self.schema.file.sources[source].tables
        first = next(iter(tables.values()))
        patterns = [tables[part].files for part in first.stack] or [first.files]
        return " or ".join(patterns).replace("{config}", self.config)

    @cached_property
    def chosen_source(self) -> str:
        """The source that is read: the one asked for, else the first whose files are there.

        Raises
        ------
        NoFilesError
            No file matches any source.
        """
        names = [self.source] if self.source is not None else list(self.schema.sources(self.config))
        from astropile.pile.layout import is_pile

        if is_pile(self.root):
            raise DataDirError(
                "this folder is a pile, not the survey's own files",
                where=str(self.root),
                hint="open it with astropile.open",
            )
        for name in names:
            if self.run(OBJECT_LEAVES, source=name).files:
                return name
        patterns = "; ".join(f"{self._pattern(name)} (source {name})" for name in names)
        raise NoFilesError(
            f"no file of {self.schema.id}, config {self.config}: nothing matches {patterns}",
            where=str(self.root),
            hint="check data_dir and config; the patterns are relative to data_dir",
        )

    def plan(
        self, wanted: Iterable[str], *, split: str | None = None, source: str | None = None
    ) -> Plan:
        """Compile a plan for some leaves."""
        from astropile.engine import compile_plan

        return compile_plan(
            self.schema,
            config=self.config,
            source=source or self.chosen_source,
            splits=self.split_names(split),
            wanted=wanted,
        )

    def run(
        self,
        wanted: Iterable[str],
        *,
        split: str | None = None,
        source: str | None = None,
        on_bad_row: Literal["raise", "reject"] | None = None,
        batch_bytes: int | None = None,
    ) -> Run:
        """Return a run over the files for some leaves."""
        from astropile.engine import BATCH_BYTES, Run

        return Run(
            self.plan(wanted, split=split, source=source),
            self.root,
            follow_links=self.follow_links,
            on_bad_row=on_bad_row or self.on_bad_row,
            batch_bytes=batch_bytes or BATCH_BYTES,
        )

    def input_files(self, run: Run) -> list[Path]:
        """Return every file that a run reads: those of the main table, and those beside it."""
        return [*run.files, *run.attached_files]

    def row_source(self, batch_bytes: int) -> RowSource:
        """Return the rows as a build of a pile reads them."""
        from astropile.survey.building import SurveyRows

        return SurveyRows(self, batch_bytes)

    @property
    def n_rows(self) -> int:
        """Number of objects of all splits."""
        return len(self.catalogue_pass(None).index)

    @property
    def row_index(self) -> RowIndex:
        """Where each row of all splits is."""
        return self.catalogue_pass(None).index

    @property
    def rejects(self) -> Rejects:
        """Rows that were refused."""
        return self.catalogue_pass(None).rejects

    def tables(
        self,
        *,
        split: str | None = None,
        batch_rows: int | None = None,
        index: RowIndex | None = None,
        run: Run | None = None,
    ) -> Iterator[pa.Table]:
        """Yield Arrow tables of Examples in the asked layout."""
        if index is None and self.subset:
            most = self.subset.limit
            if not self.subset.filters and most is not None:
                run = run or self.run(self.wanted, split=split)
                if 0 < most <= FEW_ROWS:  # more would be read than are wanted
                    batch_rows = min(most, batch_rows or most)
                yield from first_rows(self._packed(run, batch_rows, None), most)
                return
            # Bulk columns are read for the rows that are left only.
            index = self.catalogue_pass(split).index
            yield from self._all_of(self.tables(split=split, index=index, run=run), len(index))
            return
        if index is not None and not len(index):
            return
        # Listed rows were accepted by an earlier pass: one refused now would shift the others.
        strict: Literal["raise"] | None = None if index is None else "raise"
        run = run or self.run(self.wanted, split=split, on_bad_row=strict)
        yield from self._packed(run, batch_rows, index)
        run.rejects.announce(self.schema.id)
        if index is None and self.layout == "nested" and self.selection is None:
            run.announce_undeclared()

    def shards(self, split: str | None, *, apart: bool) -> list[Shard]:
        """Return parts of the rows, in row order.

        Parameters
        ----------
        apart : bool
            As many as there are files; without it all rows are one part where telling the rows of
            the files apart would mean to read ids and positions first.
        """
        if not apart and not self.subset:
            return [Shard(0)]
        return shards_of(self.catalogue_pass(split).index)

    def shard_tables(self, shard: Shard, *, split: str | None) -> Iterator[pa.Table]:
        """Yield Arrow tables of the Examples of a part."""
        return self.tables(split=split, index=shard.index)

    def _all_of(self, tables: Iterable[pa.Table], n: int) -> Iterator[pa.Table]:
        """Yield tables that must hold `n` rows: those that the catalogue lists."""
        left = n
        for table in tables:
            left -= table.num_rows
            yield table
        if left:
            raise SourceError(
                f"{left} of {n} rows can no longer be read: files changed since they were chosen",
                where=self.schema.id,
                hint="load the survey again",
            )

    def _packed(
        self, run: Run, batch_rows: int | None, index: RowIndex | None
    ) -> Iterator[pa.Table]:
        """Yield what a run reads in the asked layout."""
        if self.layout == "nested":
            yield from run.tables(batch_rows=batch_rows, index=index, naming=self.names)
            return
        for batch in run.batches(batch_rows=batch_rows, index=index):
            yield self.per_band.pack(batch.columns, len(batch))

    def catalogue_pass(self, split: str | None) -> CataloguePass:
        """Read ids and positions of all objects that are wanted, once.

        Where a value that does not fit refuses its row, every value of an Example is looked at
        here too: row numbers must be those of the Examples.
        """
        if split not in self._passes:
            looked_at = OBJECT_LEAVES if self.on_bad_row == "raise" else self.wanted
            run = self.run((*looked_at, *self.subset.addresses), split=split)
            stamps = stamps_of(run.files, self.root)
            batches = self.subset.kept(run.batches())
            found = collect(batches, run.rejects, (*OBJECT_LEAVES, *self.subset.marks))
            self._passes[split] = replace(self.subset.finish(found), stamps=stamps)
            run.rejects.announce(self.schema.id)
        return self._passes[split]


def shards_of(index: RowIndex) -> list[Shard]:
    """Return listed rows, those of each file apart; one empty part if there are none."""
    import numpy as np

    numbers, starts = np.unique(index.file, return_index=True)
    edges = [*starts.tolist(), len(index)]
    if not len(numbers):
        return [Shard(0, index)]
    return [
        Shard(number, type(index)(index.file[start:stop], index.row[start:stop]))
        for number, start, stop in zip(numbers.tolist(), edges, edges[1:], strict=False)
    ]


def first_rows(tables: Iterable[pa.Table], n: int) -> Iterator[pa.Table]:
    """Yield the first rows of tables; what comes after them is not read."""
    if n == 0:
        return
    for table in tables:
        yield table.slice(0, n)
        n -= table.num_rows
        if n <= 0:
            return


def collect(found: Iterable[Batch], rejects: Rejects, addresses: tuple[str, ...]) -> CataloguePass:
    """Join the scalar columns of batches into one; the rest of a batch is let go at once."""
    import numpy as np

    from astropile.engine import RowIndex
    from astropile.readers import Column

    batches = [batch.only(addresses) for batch in found]
    if not batches:
        empty = np.empty(0, dtype=np.int64)
        text, number = Column(np.empty(0, dtype="U1")), Column(np.empty(0))
        columns = {a: text if a == OBJECT_LEAVES[0] else number for a in addresses}
        return CataloguePass(columns, RowIndex(empty, empty), rejects)
    columns = {
        address: Column.concatenate([batch.columns[address] for batch in batches])
        for address in addresses
        if address in batches[0].columns
    }
    index = RowIndex(
        np.concatenate([batch.index.file for batch in batches]),
        np.concatenate([batch.index.row for batch in batches]),
    )
    return CataloguePass(columns, index, rejects)
