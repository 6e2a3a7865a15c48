"""What was asked of a survey, and the runs of the engine that answer it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from astropile.document import did_you_mean
from astropile.errors import ConfigError, DataDirError, NoFilesError, UsageError
from astropile.schema import OBJECT_LEAVES, Leaf, NameResolver, SurveySchema

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Features

    from astropile.engine import Batch, Plan, Rejects, RowIndex, Run
    from astropile.engine.per_band import PerBand
    from astropile.readers import Column


#: Path below the data directory, size and time of change [ns] of a file.
Stamp: TypeAlias = tuple[str, int, int]


def stamps_of(files: Iterable[Path], root: Path) -> tuple[Stamp, ...]:
    """Return what tells whether files are still as they were."""
    found = ((file, file.stat()) for file in files)
    return tuple((os.path.relpath(f, root), s.st_size, s.st_mtime_ns) for f, s in found)


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
class Request:
    """A survey, a config and a selection; frozen, so that answers can be kept.

    Attributes
    ----------
    selection : tuple of str or None
        Addresses of the leaves wanted; None for all.
    """

    schema: SurveySchema
    config: str
    data_dir: Path | None = None
    source: str | None = None
    selection: tuple[str, ...] | None = None
    names: Literal["original", "canonical"] = "original"
    layout: Literal["nested", "per_band"] = "nested"
    on_bad_row: Literal["raise", "reject"] = "raise"
    follow_links: bool = False
    _passes: dict[str | None, CataloguePass] = field(
        default_factory=dict, compare=False, init=False
    )

    def check(self) -> None:
        """Refuse options that can never work.

        Raises
        ------
        UsageError, ConfigError
            An unknown source, or a value outside the choices.
        """
        for key, choices in (
            ("names", ("original", "canonical")),
            ("layout", ("nested", "per_band")),
            ("on_bad_row", ("raise", "reject")),
        ):
            if getattr(self, key) not in choices:
                raise UsageError(
                    f"{key}={getattr(self, key)!r} is not one of {', '.join(map(repr, choices))}",
                    where=self.schema.id,
                    hint=f"choose {' or '.join(map(repr, choices))}",
                )
        sources = self.schema.sources(self.config)
        if self.source is not None and self.source not in sources:
            raise ConfigError(
                f"no source '{self.source}' for config {self.config}; it has {', '.join(sources)}",
                where=self.schema.id,
                hint=did_you_mean(self.source, list(sources)),
            )

    @cached_property
    def leaves(self) -> dict[str, Leaf]:
        """Every leaf of the config."""
        return self.schema.leaves_of(self.config)

    @cached_property
    def resolver(self) -> NameResolver:
        """Finds leaves by any of their names."""
        return NameResolver(self.schema, self.config)

    def resolve(
        self, columns: Sequence[str], *, partial: Literal["refuse", "default"] = "refuse"
    ) -> tuple[str, ...]:
        """Return the addresses that a selection means."""
        return self.resolver.select(columns, partial=partial)

    def selecting(self, columns: Sequence[str]) -> Request:
        """Return the same request with another selection."""
        return replace(self, selection=self.resolve(columns))

    @cached_property
    def per_band(self) -> PerBand:
        """Keys of the per-band layout."""
        from astropile.engine.per_band import per_band

        chosen = self.leaves if self.selection is None else self.selection
        return per_band(self.schema, {address: self.leaves[address] for address in chosen})

    @property
    def wanted(self) -> tuple[str, ...]:
        """Addresses of the leaves of an Example."""
        if self.layout == "per_band":
            return self.per_band.addresses
        return tuple(self.leaves) if self.selection is None else self.selection

    def features(self) -> Features:
        """Return the features of an Example."""
        if self.layout == "per_band":
            return self.per_band.features()
        from astropile.engine import build_features

        return build_features(self.schema, self.leaves, self.wanted, self.names)

    def split_names(self, split: str | None) -> tuple[str, ...]:
        """Return the splits to read; None is all of them.

        Raises
        ------
        ConfigError
            The config has no such split.
        """
        splits = self.schema.splits(self.config)
        if split is None:
            return splits
        if split not in splits:
            raise ConfigError(
                f"no split '{split}' in config {self.config}; it has {', '.join(splits)}",
                where=self.schema.id,
                hint=did_you_mean(split, list(splits)),
            )
        return (split,)

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
        table = next(iter(self.schema.file.sources[source].tables.values()))
        return table.files.replace("{config}", self.config)

    @cached_property
    def chosen_source(self) -> str:
        """The source that is read: the one asked for, else the first whose files are there.

        Raises
        ------
        NoFilesError
            No file matches any source.
        """
        names = [self.source] if self.source is not None else list(self.schema.sources(self.config))
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
    ) -> Run:
        """Return a run over the files for some leaves."""
        from astropile.engine import Run

        return Run(
            self.plan(wanted, split=split, source=source),
            self.root,
            follow_links=self.follow_links,
            on_bad_row=on_bad_row or self.on_bad_row,
        )

    def tables(
        self,
        *,
        split: str | None = None,
        batch_rows: int | None = None,
        index: RowIndex | None = None,
        run: Run | None = None,
    ) -> Iterator[pa.Table]:
        """Yield Arrow tables of Examples in the asked layout."""
        if index is not None and not len(index):
            return
        # Listed rows were accepted by an earlier pass: one refused now would shift the others.
        strict: Literal["raise"] | None = None if index is None else "raise"
        run = run or self.run(self.wanted, split=split, on_bad_row=strict)
        if self.layout == "nested":
            yield from run.tables(batch_rows=batch_rows, index=index, naming=self.names)
        else:
            for batch in run.batches(batch_rows=batch_rows, index=index):
                yield self.per_band.pack(batch.columns, len(batch))
        run.rejects.announce(self.schema.id)
        if index is None and self.layout == "nested" and self.selection is None:
            run.announce_undeclared()

    def catalogue_pass(self, split: str | None) -> CataloguePass:
        """Read ids and positions of all objects, once.

        Where a value that does not fit refuses its row, every value of an Example is looked at
        here too: row numbers must be those of the Examples.
        """
        if split not in self._passes:
            looked_at = OBJECT_LEAVES if self.on_bad_row == "raise" else self.wanted
            run = self.run(looked_at, split=split)
            stamps = stamps_of(run.files, self.root)
            found = collect(run.batches(), run.rejects, OBJECT_LEAVES)
            self._passes[split] = replace(found, stamps=stamps)
            run.rejects.announce(self.schema.id)
        return self._passes[split]


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
