"""Matches built to disk: the matched Examples as a pile, partitioned by the left position.

A pile is a survey, and blocks of a survey hold values, not blocks. So the values of a side are the
block of its label, and each block of it is one of its own: ``left``, ``left_image``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from astropile.crossmatch.both_sides import SideColumns, both_sides
from astropile.crossmatch.examples import match_key, matched_features, side_by_side
from astropile.crossmatch.matched_schema import (
    Column,
    columns_of,
    listed_columns_of,
    matched_schema,
    unpacked,
)
from astropile.crossmatch.result import FOOTPRINT, SEPARATION, MatchResult
from astropile.crossmatch.rows import ResultRows
from astropile.crossmatch.sides import AnySide, Side
from astropile.crossmatch.store import DiskStore
from astropile.crossmatch.tabular import footprint_array
from astropile.errors import MatchError
from astropile.pile import About, BuildOptions, Examples, Positions, build_pile
from astropile.pile.types import stored_schema
from astropile.readers.column import Array
from astropile.survey.building import pile_place
from astropile.survey.request import Stamp, stamps_of

if TYPE_CHECKING:
    import pyarrow as pa

    from astropile.engine import Rejects
    from astropile.survey import Survey

__all__ = ["build_match"]

_CHUNK_ROWS = 250_000
Values: TypeAlias = dict[str, Any]


def build_match(
    result: MatchResult,
    path: str | PathLike[str],
    *,
    name: str | None,
    workers: int | None,
    memory_bytes: int,
    **options: Any,
) -> Survey:
    """Build a match to a pile; see `MatchResult.build`."""
    from astropile.sky.threads import thread_count
    from astropile.survey.opened import open_survey

    own = name or f"{result.left.label}_x_{result.right.label}"
    if not len(result):
        msg = f"the match of {result.left.label} and {result.right.label} has no rows for a pile"
        raise MatchError(msg, hint="a greater radius finds more; how='left' keeps all left rows")
    build_pile(
        MatchRows(result, own),
        pile_place(path),
        BuildOptions(**options),
        workers=thread_count(None) if workers is None else workers,
        memory_bytes=memory_bytes,
    )
    opened = open_survey(path)
    opened.rejects.announce(own)
    return opened


@dataclass
class MatchRows:
    """The rows of a match as a build reads them.

    Attributes
    ----------
    result : MatchResult
        The match.
    name : str
        Name of the survey that the pile is.
    """

    result: MatchResult
    name: str
    rejects: Rejects = field(init=False)

    def __post_init__(self) -> None:
        """Start without refused rows."""
        from astropile.engine import Rejects

        self.rejects = Rejects()

    @cached_property
    def _columns(self) -> list[Column]:
        """What the pile holds of each side."""
        right = listed_columns_of if self.result.nested else columns_of
        return [*columns_of(self.result.left), *right(self.result.right)]

    @cached_property
    def _meaning(self) -> tuple[str, pa.Schema, list[str]]:
        """The text of the schema, the types of files, and the leaves."""
        from astropile.document import parse_document
        from astropile.engine import arrow_schema
        from astropile.schema.load import compile_schema

        has_footprint = self.result.in_footprint is not None
        text = matched_schema(
            self.name,
            self._title,
            self._columns,
            has_footprint=has_footprint,
            is_nested=self.result.nested,
        )
        schema = compile_schema(parse_document(text, self.name), checked=True)
        leaves = schema.leaves_of("main")
        return text, stored_schema(arrow_schema(schema, leaves, tuple(leaves))), list(leaves)

    @property
    def _title(self) -> str:
        result = self.result
        return f"Match of {result.left.label} and {result.right.label}"

    @property
    def schema(self) -> pa.Schema:
        """Schema of the tables: stored types, meaning in the field metadata."""
        return self._meaning[1]

    @cached_property
    def about(self) -> About:
        """What the pile will say of itself."""
        result = self.result
        text, _, leaves = self._meaning
        credit = [side.credit for side in (result.left, result.right)]
        return About(
            name=self.name,
            title=self._title,
            homepage="",
            license="; ".join(dict.fromkeys(part for _, part in credit if part)) or "unknown",
            survey=self.name,
            config="main",
            source="match",
            schema_text=text,
            schema_sha256=hashlib.sha256(text.encode()).hexdigest(),
            citation="\n\n".join(dict.fromkeys(part for part, _ in credit if part)) + "\n",
            request={
                "config": "main",
                "source": "match",
                "leaves": leaves,
                "match": match_key(result),
                "how": result.how,
                "find": result.find,
                "radius_arcsec": result.radius_arcsec,
                **({"nested": True} if result.nested else {}),
                **({} if result.epoch is None else {"epoch": result.epoch}),
            },
            splits=("train",),
        )

    def stamps(self) -> tuple[Stamp, ...]:
        """Return path, size and time of change of the files of both sides."""
        found: list[Stamp] = []
        for side in (self.result.left, self.result.right):
            if isinstance(side, Side):
                run = side.request.run(side.request.wanted)
                stamps = stamps_of(side.request.input_files(run), run.root)
                found += [(f"{side.label}/{path}", size, time) for path, size, time in stamps]
        return tuple(found)

    def file_name(self, number: int) -> str:
        """Return what the rows come from."""
        return self._title

    # --- rows -----------------------------------------------------------------------------

    @cached_property
    def _has_twins(self) -> bool:
        """Whether a left object is in several rows: then its id alone names none of them."""
        left, _ = first_rows(self.result)
        return bool(((left[1:] == left[:-1]) & (left[1:] >= 0)).any())

    def _objects(self, left: Array, right: Array) -> tuple[pa.Array, Array, Array]:
        """Return id and position of rows: of the left object, else of the right one."""
        import pyarrow.compute as pc

        sides = self.result.left, self.result.right
        ids = sides[0].ids(left)
        ra, dec = sides[0].position_at(left)
        alone = left < 0
        if self._has_twins or alone.any():
            partner = pc.fill_null(sides[1].ids(right), "")
            both = pc.binary_join_element_wise(pc.fill_null(ids, ""), partner, ":")
            ids = both if self._has_twins else pc.if_else(_mask(~alone), ids, both)
        if alone.any():
            others = sides[1].position_at(np.where(alone, right, -1))
            ra, dec = (np.where(alone, b, a) for a, b in zip((ra, dec), others, strict=True))
        return ids, ra, dec

    def positions(self) -> Iterator[Positions]:
        """Yield ids and positions in row order."""
        left, right = first_rows(self.result)
        for start in range(0, len(left), _CHUNK_ROWS):
            rows = np.arange(start, min(start + _CHUNK_ROWS, len(left)))
            ids, ra, dec = self._objects(left[rows], right[rows])
            yield Positions(ids, ra, dec, np.zeros(len(rows), dtype=np.int64), rows)

    def examples(self) -> Iterator[Examples]:
        """Yield the same rows with all columns; each side is read once."""
        start = 0
        for table in self._tables(self.result):
            rows = np.arange(start, start + len(table))
            start += len(table)
            yield Examples(table, np.zeros(len(rows), dtype=np.int64), rows)

    def sample(self, file: Array, row: Array) -> pa.Table:
        """Return a few rows, to learn how big they are."""
        import pyarrow as pa

        rows = self.result.rows
        few = np.sort(row)
        if self.result.nested:
            first, count = rows.nests[few], np.diff(rows.nests)[few]
            starts = np.cumsum(count) - count
            few = np.arange(count.sum()) + np.repeat(first - starts, count)
        part = ResultRows(rows.left[few], rows.right[few], rows.separation_arcsec[few])
        found = list(self._tables(replace(self.result, rows=part)))
        return pa.concat_tables(found) if found else self.schema.empty_table()

    def _tables(self, result: MatchResult) -> Iterator[pa.Table]:
        """Yield rows of a match in the columns of the pile."""
        with ExitStack() as stack:

            def folder() -> Path:
                made = TemporaryDirectory(prefix="astropile-match-", dir=_waiting_room())
                return Path(stack.enter_context(made))

            parts = self._nested(result, folder()) if result.nested else self._flat(result, folder)
            left, right = first_rows(result)
            inside, start = footprint_array(result), 0
            for found in parts:
                rows = slice(start, start + len(found[SEPARATION]))
                start = rows.stop
                found |= {} if inside is None else {FOOTPRINT: inside[rows]}
                yield self._packed(left[rows], right[rows], found)

    def _flat(self, result: MatchResult, folder: Callable[[], Path]) -> Iterator[Values]:
        """Yield separations and both sides of a row for each pair."""
        import pyarrow as pa

        def form(side: AnySide) -> SideColumns:
            mine = [column for column in self._columns if column.label == side.label]
            names = dict.fromkeys(column.block for column in mine)
            return SideColumns(side, mine, pa.schema([self.schema.field(n) for n in names]))

        left, right = form(result.left), form(result.right)
        for rows, table in both_sides(result, left, right, folder):
            apart = pa.array(result.separation_arcsec[rows], from_pandas=True)
            yield {SEPARATION: apart, **dict(zip(table.column_names, table.columns, strict=True))}

    def _nested(self, result: MatchResult, folder: Path) -> Iterator[Values]:
        """Yield separations and both sides of a row for each left object."""
        kinds = matched_features(result).arrow_schema
        right, chosen = DiskStore.of(result.right, result.right_row, folder / "right")
        try:
            for table in side_by_side(result, right, chosen, kinds):
                apart = table.column(SEPARATION).combine_chunks()
                found = {SEPARATION: apart.cast(self.schema.field(SEPARATION).type)}
                for side in (result.left, result.right):
                    mine = [column for column in self._columns if column.label == side.label]
                    found |= unpacked(table.column(side.label).combine_chunks(), mine, self.schema)
                yield found
        finally:
            right.close()

    def _packed(self, left: Array, right: Array, values: Values) -> pa.Table:
        import pyarrow as pa

        ids, ra, dec = self._objects(left, right)
        found = {
            "object_id": ids,
            "ra": pa.array(ra, from_pandas=True),
            "dec": pa.array(dec, from_pandas=True),
            **values,
        }
        return pa.Table.from_arrays([found[f.name] for f in self.schema], schema=self.schema)


def first_rows(result: MatchResult) -> tuple[Array, Array]:
    """Return the left and the first right row of each row of the pile."""
    rows = result.rows
    if not result.nested:
        return rows.left, rows.right
    first = rows.nests[:-1]
    return rows.left[first], rows.right[first]


def _mask(values: Array) -> pa.Array:
    import pyarrow as pa

    return pa.array(values)


def _waiting_room() -> Path:
    """Return a folder for rows that wait."""
    from astropile.survey.cache import cache_dir, writing

    folder = cache_dir() / "matches"
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder
