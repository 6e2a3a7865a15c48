"""Builds a survey to a pile: hands the rows of the engine, and what they mean, to the pile room."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from astropile.disk import local_path
from astropile.errors import UsageError
from astropile.readers.column import Array
from astropile.schema import OBJECT_LEAVES, SurveySchema
from astropile.survey.citation import citation
from astropile.survey.request import Request, Stamp, stamps_of

if TYPE_CHECKING:
    import pyarrow as pa

    from astropile.engine import Batch, Rejects, Run
    from astropile.pile import About, Examples, Positions
    from astropile.survey.survey import Survey

# With one slash, too: a Path has lost the other.
_URL = re.compile(r"[a-z][a-z0-9+.-]+:/")
__all__ = ["SurveyRows", "build", "pile_place", "portable_schema"]


def build(
    survey: Survey,
    path: str | PathLike[str],
    *,
    workers: int | None = None,
    partition_rows: int = 1_000_000,
    partition_bytes: int = 128 * 2**20,
    memory_bytes: int = 384 * 2**20,
    margin_arcsec: float | None = None,
) -> Survey:
    """Build a survey to disk as a HATS catalogue, and open it; see `Survey.build`."""
    from astropile.pile import BuildOptions, build_pile
    from astropile.pile.build import require_least
    from astropile.sky.threads import thread_count
    from astropile.survey.opened import open_survey

    place = pile_place(path)
    require_least("memory_bytes", memory_bytes, 2**26)
    options = BuildOptions(partition_rows, partition_bytes, margin_arcsec)
    source = survey.request.row_source(max(8 * 2**20, min(memory_bytes // 16, 64 * 2**20)))
    build_pile(
        source,
        place,
        options,
        workers=thread_count(None) if workers is None else workers,
        memory_bytes=memory_bytes,
    )
    opened = open_survey(place)
    opened.rejects.announce(survey.id)
    return opened


def pile_place(path: str | PathLike[str]) -> Path:
    """Return the folder that a pile is to be, which is on this machine.

    Raises
    ------
    UsageError
        It is elsewhere.
    """
    if _URL.match(str(path)):
        raise UsageError(
            "a pile is built on a disk of this machine",
            where=str(path),
            hint="give a folder, and copy the finished pile; astropile.open reads it from there",
        )
    return local_path(path)


def portable_schema(schema: SurveySchema) -> str:
    """Return a survey as one YAML text that needs no other file.

    Parameters
    ----------
    schema : SurveySchema
        Its own text if it includes nothing, else all of it as JSON, which is YAML.
    """
    if not schema.file.include:
        return schema.document.text
    data = schema.file.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, exclude={"include"}
    )
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


@dataclass
class SurveyRows:
    """The rows of a survey as a build reads them.

    Attributes
    ----------
    request : Request
        What to read; names and layout are those of the pile.
    batch_bytes : int
        Memory of a batch.
    """

    request: Request
    batch_bytes: int
    _run: Run | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Take original names and the nested layout, whatever the survey was loaded with."""
        self.request = replace(self.request, names="original", layout="nested")

    @cached_property
    def about(self) -> About:
        """What the pile will say of itself."""
        from astropile.pile import About

        request, schema = self.request, self.request.schema
        about = schema.file.about
        return About(
            name=schema.id,
            title=schema.title,
            homepage=about.homepage,
            license=about.license.name,
            survey=schema.id,
            config=request.config,
            source=request.chosen_source,
            schema_text=portable_schema(schema),
            schema_sha256=schema.digest,
            citation=citation(schema) + "\n",
            request={
                "config": request.config,
                "source": request.chosen_source,
                "leaves": list(request.wanted),
                "on_bad_row": request.on_bad_row,
                **({"rows": request.subset.key} if request.subset else {}),
            },
            splits=request.split_names(None),
        )

    @cached_property
    def _examples_schema(self) -> pa.Schema:
        from astropile.engine import arrow_schema
        from astropile.pile.types import stored_schema

        request = self.request
        return stored_schema(arrow_schema(request.schema, request.leaves, request.wanted))

    @cached_property
    def schema(self) -> pa.Schema:
        """Schema of the tables: stored types, meaning in the field metadata."""
        import pyarrow as pa

        from astropile.pile.layout import SPLIT

        if len(self.about.splits) < 2:
            return self._examples_schema
        facts = {"description": "Split that the object belongs to."}
        return pa.schema([pa.field(SPLIT, pa.string(), metadata=facts), *self._examples_schema])

    def stamps(self) -> tuple[Stamp, ...]:
        """Return path, size and time of change of every file that is read."""
        run = self.request.run(self.request.wanted)
        return stamps_of(self.request.input_files(run), run.root)

    def _start(self, wanted: tuple[str, ...]) -> Run:
        self._run = self.request.run(wanted, batch_bytes=self.batch_bytes)
        return self._run

    @property
    def _current(self) -> Run:
        return self._run or self._start(OBJECT_LEAVES)

    def _batches(self, run: Run) -> Iterator[Batch]:
        """Return the wanted rows of a run."""
        from astropile.engine import AnyIds

        if not self.request.subset:
            return run.batches(seen=AnyIds())
        # A pass over ids and positions told which rows are wanted, and which repeat an id.
        return run.batches(index=self.request.row_index)

    def positions(self) -> Iterator[Positions]:
        """Yield ids and positions in row order.

        Where a value that does not fit refuses its row, every value is looked at.
        """
        from astropile.pile import Positions
        from astropile.survey.catalog import position_deg

        is_strict = self.request.on_bad_row == "raise"
        run = self._start(OBJECT_LEAVES if is_strict else self.request.wanted)
        for batch in self._batches(run):
            ra, dec = position_deg(batch.columns)
            ids = batch.columns["object_id"].data
            yield Positions(ids, ra, dec, batch.index.file, batch.index.row)

    def examples(self) -> Iterator[Examples]:
        """Yield the same rows with all columns."""
        run = self._start(self.request.wanted)
        for batch in self._batches(run):
            yield self._packed(run, batch)

    def _packed(self, run: Run, batch: Batch) -> Examples:
        import pyarrow as pa

        from astropile.engine import nested_keys, pack_table
        from astropile.pile import Examples

        request = self.request
        keys = nested_keys(request.wanted, request.leaves, request.schema.blocks)
        table = pack_table(batch.columns, keys, self._examples_schema, len(batch))
        if self.schema is not self._examples_schema:
            split = pa.array(run.splits(batch.index.file), pa.string())
            table = table.add_column(0, self.schema.field(0), split)
        return Examples(table, batch.index.file, batch.index.row)

    def sample(self, file: Array, row: Array) -> pa.Table:
        """Return a few rows, to learn how big they are."""
        import pyarrow as pa

        from astropile.engine import RowIndex

        run = self.request.run(self.request.wanted, batch_bytes=self.batch_bytes)
        tables = [self._packed(run, b).table for b in run.batches(index=RowIndex(file, row))]
        return pa.concat_tables(tables) if tables else self.schema.empty_table()

    @property
    def rejects(self) -> Rejects:
        """Rows refused by the last pass."""
        return self.request.rejects if self.request.subset else self._current.rejects

    def file_name(self, number: int) -> str:
        """Return the name of a file for the list of rejects."""
        return str(self._current.file_names(np.array([number]))[0])
