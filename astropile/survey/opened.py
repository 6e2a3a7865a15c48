"""An opened pile: a survey whose Examples come from partitions on disk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from astropile.disk import local_path
from astropile.document import parse_document
from astropile.engine.bounds import Bounds, BoundsOf, may_be_true
from astropile.errors import PileError
from astropile.pile.layout import REJECTS, REQUEST, SCHEMA, SPLIT
from astropile.pile.read import Pile, PileRows, RowTest, open_pile, scan, take
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.remote import RemotePath, is_url
from astropile.schema import OBJECT_LEAVES, Block, Leaf, SurveySchema
from astropile.schema.load import compile_schema
from astropile.sky.regions import overlap
from astropile.survey.request import (
    CataloguePass,
    Request,
    Shard,
    collect,
    first_rows,
    shards_of,
    stamps_of,
)
from astropile.survey.subset import Inside, addresses_of
from astropile.survey.survey import Layout, Names, Partial, Survey

if TYPE_CHECKING:
    import pyarrow as pa

    from astropile.engine import Batch, Rejects, RowIndex, Run
    from astropile.pile import RowSource

__all__ = ["PileRequest", "open", "open_survey", "wanted_rows"]


def open_survey(
    path: str | PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    names: Names = "original",
    layout: Layout = "nested",
    partial: Partial = "refuse",
) -> Survey:
    """Open a pile; the same kind of object as :func:`astropile.load` gives.

    Only the manifest and the schema are read. Row numbers follow the storage order: partitions by
    their first pixel, rows of a partition by theirs.

    Parameters
    ----------
    path : path-like or URL
        Folder that :meth:`Survey.build` or ``astropile build`` made, here or elsewhere:
        ``https://``, ``s3://``, ``hf://``. From elsewhere only the parts of partitions are read
        that are asked for, each time they are; nothing is kept.
    columns : sequence of str, optional
        Leaves or blocks of the Examples; default all. Only these are read from the disk.
    names : {"original", "canonical"}
        Which names the keys of Examples are.
    layout : {"nested", "per_band"}
        Blocks with a band axis, or one key a band with default photometry.
    partial : {"refuse", "default"}
        What a name such as ``mag_i`` does in ``columns``.

    Returns
    -------
    Survey
        The pile.

    Raises
    ------
    PileError
        There is no pile, its build was not finished, or it was changed.
    UsageError
        A column is unknown, or an option is not one of the choices.

    Examples
    --------
    >>> import astropile as ap
    >>> ap.open("no/such/pile")
    Traceback (most recent call last):
    ...
    astropile.errors.NoPileError: no/such/pile: there is no pile
      = help: give the folder that Survey.build or `astropile build` made
    """
    pile = open_pile(RemotePath(str(path)) if is_url(path) else local_path(path))
    stored = json.loads(pile.text(REQUEST))
    schema = _stored_schema(pile, stored["leaves"])
    request: Request = PileRequest(
        schema=schema,
        config=pile.manifest.config,
        data_dir=cast("Path", pile.path),
        source=pile.manifest.source,
        names=names,
        layout=layout,
        pile=pile,
    )
    if columns is not None:
        request = replace(request, selection=request.resolve(columns, partial=partial))
    request.check()
    return Survey(schema, request)


def _stored_schema(pile: Pile, addresses: Sequence[str]) -> SurveySchema:
    """Return the schema of a pile with the leaves that it holds.

    Its text passed the checks when the pile was built; the manifest tells that it is the same.
    """
    document = parse_document(pile.text(SCHEMA), f"{pile.path.name}/{SCHEMA}")
    schema = compile_schema(document, checked=True)
    known = schema.leaves_of(pile.manifest.config)
    unknown = [address for address in addresses if address not in known]
    if unknown:
        msg = f"the schema of the pile does not know {', '.join(unknown)}"
        raise PileError(msg, where=str(pile.path), hint="build the pile again")
    if len(addresses) == len(known):
        return schema
    held = set(addresses)
    leaves = {a: leaf for a, leaf in schema.leaves.items() if a in held}
    blocks = {
        name: Block(name, block.modality, tuple(a for a in block.leaves if a in held))
        for name, block in schema.blocks.items()
        if any(a in held for a in block.leaves)
    }
    return replace(schema, leaves=leaves, blocks=blocks)


@dataclass(frozen=True)
class PileRequest(Request):
    """A request whose data come from a pile.

    Attributes
    ----------
    pile : Pile
        Where the rows are.
    partitions : tuple of int, optional
        Numbers of the only partitions to read, where rows are not listed.
    """

    pile: Pile = field(kw_only=True, compare=False)
    partitions: tuple[int, ...] | None = field(default=None, kw_only=True)

    @cached_property
    def root(self) -> Path:
        """The folder of the pile."""
        return cast("Path", self.pile.path)  # elsewhere: something with the same methods

    @cached_property
    def chosen_source(self) -> str:
        """Where the rows come from."""
        return "pile"

    def check(self) -> None:
        """Refuse options that can never work; the source is that of the pile."""
        self._check_choices()

    def run(
        self,
        wanted: Iterable[str],
        *,
        split: str | None = None,
        source: str | None = None,
        on_bad_row: Literal["raise", "reject"] | None = None,
        batch_bytes: int | None = None,
    ) -> Run:
        """Return what reads some leaves; it does what a run of the engine does."""
        self.split_names(split)
        asked = {*OBJECT_LEAVES, *wanted}
        return PileRun(self, tuple(a for a in self.leaves if a in asked), split)  # type: ignore[return-value]

    def input_files(self, run: Run) -> list[Path]:
        """Return the files of all partitions."""
        return run.files

    def row_source(self, batch_bytes: int) -> RowSource:
        """Return the rows as a build of another pile reads them."""
        from astropile.survey.rebuilding import PileSource

        return PileSource(self, batch_bytes)

    @property
    def n_rows(self) -> int:
        """Number of objects; of all of them from the manifest."""
        return len(self.row_index) if self.subset else self.pile.manifest.rows

    @property
    def row_index(self) -> RowIndex:
        """Partition of each row, and its number in it."""
        return self.catalogue_pass(None).index if self.subset else self._all_rows

    @cached_property
    def _all_rows(self) -> RowIndex:
        """Where every row of the pile is; nothing is read."""
        from astropile.engine import RowIndex

        counts = np.diff(self.pile.starts)
        rows = np.arange(self.pile.starts[-1]) - np.repeat(self.pile.starts[:-1], counts)
        return RowIndex(np.repeat(np.arange(len(counts)), counts), rows)

    @cached_property
    def rejects(self) -> Rejects:
        """Rows that were refused when the pile was built."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        from astropile.engine import Rejects

        # Not read_table: its threads may let go of these bytes when Python is about to end, and
        # that aborts the process.
        with pq.ParquetFile(pa.BufferReader(self.pile.content(REJECTS))) as file:
            return Rejects.from_arrow(file.read(use_threads=False))

    def tables(
        self,
        *,
        split: str | None = None,
        batch_rows: int | None = None,
        index: RowIndex | None = None,
        run: Run | None = None,
    ) -> Iterator[pa.Table]:
        """Yield Arrow tables of Examples in the asked layout, in storage order."""
        run = run or self.run(self.wanted, split=split)
        # Filters need no pass of their own: they are applied while the partitions are read.
        if index is None and self.subset.limit is not None:
            yield from first_rows(self._packed(run, batch_rows, None), self.subset.limit)
            return
        if index is None and self.subset.later:
            index = self.catalogue_pass(split).index
        yield from self._packed(run, batch_rows, index)

    def catalogue_pass(self, split: str | None) -> CataloguePass:
        """Read ids and positions of all objects that are wanted, once."""
        if split not in self._passes:
            found = self._counted() if _is_counted(self, split) else self._filtered(split)
            self._passes[split] = replace(found, stamps=stamps_of(self.run(()).files, self.root))
        return self._passes[split]

    def shards(self, split: str | None, *, apart: bool) -> list[Shard]:
        """Return partitions that can hold wanted rows, in storage order."""
        if self.subset.later:
            return shards_of(self.catalogue_pass(split).index)
        ranges = self.subset.ranges
        numbers = list(range(len(self.pile.leaves)))
        if ranges is not None:
            numbers = [k for k in numbers if len(overlap(self.pile.ranges[k : k + 1], ranges))]
        return [Shard(k) for k in numbers] or [
            Shard(0, _rows_at(self.pile, np.empty(0, dtype=np.int64)))
        ]

    def shard_tables(self, shard: Shard, *, split: str | None) -> Iterator[pa.Table]:
        """Yield Arrow tables of the Examples of a partition."""
        if shard.index is not None:
            return self.tables(split=split, index=shard.index)
        return replace(self, partitions=(shard.number,)).tables(split=split)

    def _counted(self) -> CataloguePass:
        """Read ids and positions of the first rows, or of some."""
        index = wanted_rows(self)
        run = self.run(OBJECT_LEAVES)
        return collect(run.batches(index=index), self.rejects, OBJECT_LEAVES)

    def _filtered(self, split: str | None) -> CataloguePass:
        """Read ids and positions of the rows that pass the filters."""
        run = self.run((*OBJECT_LEAVES, *addresses_of(self.subset.marks.values())), split=split)
        batches = self.subset.kept(run.batches(), is_filtered=True)
        found = collect(batches, self.rejects, (*OBJECT_LEAVES, *self.subset.marks))
        return self.subset.finish(found)

    # --- columns and rows -----------------------------------------------------------------

    def stored_name(self, address: str) -> str:
        """Return the column, or ``block.field``, that holds a leaf."""
        leaf = self.leaves[address]
        if leaf.block and not self.schema.blocks[leaf.block].modality.flat:
            return f"{leaf.block}.{leaf.name}"
        return leaf.name

    def rows(
        self,
        addresses: Iterable[str],
        *,
        split: str | None = None,
        batch_rows: int | None = None,
        index: RowIndex | None = None,
    ) -> Iterator[PileRows]:
        """Yield stored columns of the rows that pass the filters, of a split, or of listed rows.

        All reading of a pile passes here.
        """
        columns = [self.stored_name(address) for address in addresses]
        if index is not None:
            yield from take(self.pile, index.file, index.row, columns)
            return
        options: dict[str, Any] = {"ranges": self.subset.ranges, "test": self._row_test()}
        if split is not None and len(self.pile.manifest.splits) > 1:
            import pyarrow.compute as pc

            options |= {"where": pc.field(SPLIT) == split, "where_columns": [SPLIT]}
        yield from scan(
            self.pile, columns, batch_rows=batch_rows, partitions=self.partitions, **options
        )

    def _row_test(self) -> RowTest | None:
        """Return what tells rows that pass the filters, by the columns of the pile."""
        subset = self.subset
        if not subset.filters:
            return None
        wheres = [step for step in subset.filters if not isinstance(step, Inside)]
        looked_at = dict.fromkeys(addresses_of(subset.filters))
        if len(wheres) < len(subset.filters):
            looked_at |= dict.fromkeys(OBJECT_LEAVES[1:])

        def may_pass(bounds_of: BoundsOf) -> bool:
            def of_leaf(address: str) -> Bounds | None:
                return bounds_of(self.stored_name(address))

            return all(may_be_true(where.expr, of_leaf) for where in wheres)

        def passes(table: pa.Table) -> Array:
            columns = {address: _column(table, self, address) for address in looked_at}
            return subset.passes(columns, table.num_rows)

        return RowTest(tuple(map(self.stored_name, looked_at)), may_pass, passes)


def wanted_rows(request: PileRequest, split: str | None = None) -> RowIndex:
    """Return where the rows are that all steps leave; ids and positions are not kept."""
    from astropile.engine import RowIndex

    if _is_counted(request, split):
        return _rows_at(request.pile, request.subset.pick(request.pile.manifest.rows, {}))
    files, rows = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    marks: dict[str, list[Array]] = {mark: [] for mark in request.subset.marks}
    run = request.run(addresses_of(request.subset.marks.values()), split=split)
    for batch in request.subset.kept(run.batches(), is_filtered=True):
        files.append(batch.index.file)
        rows.append(batch.index.row)
        for mark, found in marks.items():
            found.append(batch.columns[mark].data)
    index = RowIndex(np.concatenate(files), np.concatenate(rows))
    known = {
        mark: Column(np.concatenate([np.empty(0, dtype=bool), *found]))
        for mark, found in marks.items()
    }
    picked = request.subset.pick(len(index), known)
    return RowIndex(index.file[picked], index.row[picked])


def _is_counted(request: PileRequest, split: str | None) -> bool:
    """Return whether counting tells which rows are wanted: their values do not matter."""
    is_whole = split is None or len(request.pile.manifest.splits) < 2
    return (
        is_whole
        and bool(request.subset.later)
        and not (request.subset.filters or request.subset.marks)
    )


def _rows_at(pile: Pile, rows: Array) -> RowIndex:
    """Return where rows of the whole pile are."""
    from astropile.engine import RowIndex

    starts = pile.starts
    partition = np.searchsorted(starts, rows, side="right") - 1
    return RowIndex(partition, rows - starts[partition])


@dataclass
class PileRun:
    """Reads some leaves of a pile; has the parts of an engine's run that callers use.

    Attributes
    ----------
    request : PileRequest
        What to read.
    wanted : tuple of str
        Addresses in declared order.
    split : str or None
        One split; None for all.
    """

    request: PileRequest
    wanted: tuple[str, ...]
    split: str | None

    @property
    def root(self) -> Path:
        """The folder of the pile."""
        return self.request.root

    @property
    def files(self) -> list[Path]:
        """The partitions in storage order."""
        pile = self.request.pile
        return [cast("Path", pile.place(k)) for k in range(len(pile.leaves))]

    @property
    def rejects(self) -> Rejects:
        """Rows that were refused when the pile was built."""
        return self.request.rejects

    def batches(
        self, *, batch_rows: int | None = None, index: RowIndex | None = None
    ) -> Iterator[Batch]:
        """Yield finished leaves as the engine does."""
        from astropile.engine import Batch, RowIndex

        request = self.request
        for found in request.rows(
            self.wanted, split=self.split, batch_rows=batch_rows, index=index
        ):
            columns = {a: _column(found.table, request, a) for a in self.wanted}
            file = np.full(len(found.row), found.partition, dtype=np.int64)
            yield Batch(columns, RowIndex(file, found.row))

    def tables(
        self,
        *,
        batch_rows: int | None = None,
        index: RowIndex | None = None,
        naming: Names = "original",
    ) -> Iterator[pa.Table]:
        """Yield Arrow tables of Examples, with units and meaning in the field metadata."""
        from astropile.engine import arrow_schema, nested_keys

        request = self.request
        schema, leaves, blocks = request.schema, request.leaves, request.schema.blocks
        target = arrow_schema(schema, leaves, self.wanted, naming)
        keys = nested_keys(self.wanted, leaves, blocks, naming)
        for found in request.rows(
            self.wanted, split=self.split, batch_rows=batch_rows, index=index
        ):
            yield _examples(found.table, target, keys, leaves)


def stored_examples(request: PileRequest, table: pa.Table, target: pa.Schema) -> pa.Table:
    """Return columns as they are stored as Examples of a request, in types of files."""
    from astropile.engine import nested_keys

    keys = nested_keys(request.wanted, request.leaves, request.schema.blocks)
    return _examples(table, target, keys, request.leaves)


def _examples(
    table: pa.Table,
    target: pa.Schema,
    keys: Mapping[str, str | dict[str, str]],
    leaves: Mapping[str, Leaf],
) -> pa.Table:
    """Return stored columns as Examples: keys, order and types of the target."""
    import pyarrow as pa

    from astropile.engine.pack import all_null
    from astropile.pile.types import restored

    arrays = []
    for key, value in keys.items():
        wanted = target.field(key).type
        if isinstance(value, str):
            arrays.append(restored(_whole(table.column(leaves[value].name)), wanted))
            continue
        block = _whole(table.column(key))
        held = {f.name: n for n, f in enumerate(block.type)}
        # flatten() and not field(): only it carries the nulls of the struct to its fields.
        flat = block.flatten()
        children = [
            restored(flat[held[leaves[address].name]], wanted.field(name).type)
            for name, address in value.items()
        ]
        fields = [wanted.field(name) for name in value]
        mask = all_null(children)
        arrays.append(pa.StructArray.from_arrays(children, fields=fields, mask=mask))
    return pa.Table.from_arrays(arrays, schema=target)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array; no copy is made of a single chunk."""
    import pyarrow as pa

    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _column(table: pa.Table, request: PileRequest, address: str) -> Column:
    """Return a stored column as the engine's finished leaf."""
    from astropile.engine import shape_of
    from astropile.readers._arrow import to_column

    leaf = request.leaves[address]
    block = request.schema.blocks.get(leaf.block)
    shape = shape_of(leaf, block)
    # Not from stored_name(): the name of a column of a plain table may have a dot in it.
    is_nested = block is not None and not block.modality.flat
    name, inner = (leaf.block, leaf.name) if is_nested else (leaf.name, "")
    axes = [None if length is None else (length,) for length in shape]
    column = to_column(table.column(name), (inner,) if inner else (), axes, address)
    wanted = np.dtype("U" if leaf.field.dtype == "string" else leaf.field.dtype)
    if wanted.kind != "U" and column.data.dtype != wanted:
        column = replace(column, data=column.data.astype(wanted))
    return column


#: The name under which the package offers it.
open = open_survey
