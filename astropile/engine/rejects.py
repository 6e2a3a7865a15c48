"""Rows that are refused: never dropped silently, always with the reason."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from astropile.readers.column import Array

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)
#: Why a row can be refused.
REASONS = {
    "null_id": "the object id is null",
    "repeated_id": "the object id occurred before; the first row stays",
    "position": "the position is out of range",
    "unmatched": "a table has no row for it",
    "leaf": "a value cannot become its leaf",
    "file": "the file cannot be read",
    "edge": "the window reaches over the edge of the image",
    "transform": "a transform refuses its inputs",
    "no_position": "a pile holds only objects with a position",
}


_COLUMNS = ("file", "row", "object_id", "code", "message")


@dataclass(slots=True)
class Rejects:
    """The rows refused so far, by file and row."""

    files: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    object_ids: list[str | None] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """Return how many rows were refused."""
        return len(self.rows)

    def add(
        self,
        code: str,
        *,
        files: Array,
        rows: Array,
        object_ids: Array | None = None,
        message: str = "",
        messages: Array | None = None,
    ) -> None:
        """Record refused rows; `messages` gives each row its own."""
        count = len(rows)
        self.files += files.tolist()
        self.rows += rows.tolist()
        self.object_ids += [None] * count if object_ids is None else object_ids.tolist()
        self.codes += [code] * count
        same = [message or REASONS[code]] * count
        self.messages += same if messages is None else messages.tolist()

    def counts(self) -> dict[str, int]:
        """Return the number of refused rows by reason."""
        return dict(Counter(self.codes))

    def announce(self, where: str) -> None:
        """Say aloud how many rows of a survey were refused, and why, if there are any."""
        if len(self):
            reasons = ", ".join(f"{code} {count}" for code, count in self.counts().items())
            logger.warning(
                "%s: %d rows were refused (%s); survey.rejects lists them",
                where,
                len(self),
                reasons,
            )

    @classmethod
    def from_arrow(cls, table: pa.Table) -> Rejects:
        """Return the rows of a table that :meth:`to_arrow` made."""
        return cls(*(table.column(name).to_pylist() for name in _COLUMNS))

    def to_arrow(self) -> pa.Table:
        """Return a table: file, row, object_id, code, message."""
        import pyarrow as pa

        kinds = (pa.string(), pa.int64(), pa.string(), pa.string(), pa.string())
        schema = pa.schema(list(zip(_COLUMNS, kinds, strict=True)))
        arrays = [self.files, self.rows, self.object_ids, self.codes, self.messages]
        return pa.Table.from_arrays(
            [pa.array(a, f.type) for a, f in zip(arrays, schema, strict=True)], schema=schema
        )


@dataclass(slots=True)
class SeenIds:
    """The ids that earlier batches held."""

    ids: set[str] = field(default_factory=set)

    def repeated(self, object_ids: Array) -> Array:
        """Return which rows repeat an id of this or an earlier batch, and remember the ids."""
        listed = object_ids.tolist()
        fresh = set(listed)
        if len(fresh) == len(listed) and self.ids.isdisjoint(fresh):
            self.ids |= fresh
            return np.zeros(len(listed), dtype=bool)
        _, first = np.unique(object_ids, return_index=True)
        repeated = np.ones(len(listed), dtype=bool)
        repeated[first] = False
        known = self.ids & fresh
        if known:
            repeated |= np.isin(object_ids, np.array(list(known)))
        self.ids |= fresh
        return repeated


class AnyIds(SeenIds):
    """Takes every id for a new one: for runs whose repeated ids are found elsewhere."""

    def repeated(self, object_ids: Array) -> Array:
        """Return False for every row."""
        return np.zeros(len(object_ids), dtype=bool)


def is_empty(texts: Array) -> Array:
    """Return which texts are empty; comparing them with one takes ten times as long."""
    if texts.dtype.kind != "U" or not len(texts):
        return np.asarray(texts == "")
    points = np.ascontiguousarray(texts).view(np.uint32).reshape(len(texts), -1)
    return np.asarray(points[:, 0] == 0)
