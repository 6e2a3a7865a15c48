"""Counts the values that break ``min``, ``max`` and ``enum`` of their leaves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from astropile.engine import Batch
    from astropile.readers import Column
    from astropile.readers.column import Array
    from astropile.schema import Field, Leaf


@dataclass(slots=True)
class Limits:
    """Broken limits by leaf and limit; only counts and one example of each are kept."""

    leaves: Mapping[str, Leaf]
    found: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def add(self, batch: Batch, addresses: Iterable[str]) -> None:
        """Look at the values of some leaves in a batch."""
        for address in addresses:
            column = batch.columns.get(address)
            if column is None or not len(column):
                continue
            known = known_values(column)
            for name, expected, broken in _broken(column.data, self.leaves[address].field):
                hits = np.flatnonzero((broken & known).reshape(-1))
                if len(hits):
                    self._count(batch, address, (name, expected), hits)

    def _count(self, batch: Batch, address: str, limit: tuple[str, Any], hits: Array) -> None:
        column, first = batch.columns[address], int(hits[0])
        fact = self.found.setdefault(
            (address, limit[0]),
            {
                "leaf": address,
                "limit": limit[0],
                "expected": limit[1],
                "values": 0,
                "example": _plain(column.data.reshape(-1)[first]),
                "object_id": str(batch.columns["object_id"].data[_row_of(column, first)]),
            },
        )
        fact["values"] += len(hits)


def known_values(column: Column) -> Array:
    """Return which elements are data: not NaN, no holes, not of a null row; shape data.shape."""
    data = column.data
    known = ~np.isnan(data) if data.dtype.kind == "f" else np.ones(data.shape, dtype=bool)
    if column.holes is not None:
        known &= ~column.holes
    if column.null is not None:
        null = column.null
        if column.offsets is not None:
            null = np.repeat(null, np.diff(column.offsets))
        known &= ~null.reshape(-1, *(1,) * (data.ndim - 1))
    return known


def _broken(data: Array, model: Field) -> Iterator[tuple[str, Any, Array]]:
    """Yield name, expected value and the mask of what breaks it, for each limit."""
    if data.dtype.kind in "fiu":
        # A limit such as 0.1 is compared as the values are stored.
        kind = data.dtype.type if data.dtype.kind == "f" else float
        if model.min is not None:
            yield "min", model.min, data < kind(model.min)
        if model.max is not None:
            yield "max", model.max, data > kind(model.max)
    if model.enum:
        listed = np.array(model.enum)
        if data.dtype.kind == "f":
            listed = listed.astype(data.dtype)
        yield "enum", list(model.enum), ~np.isin(data, listed)


def _plain(value: Any) -> Any:
    """Return a value that JSON knows; infinity is a text there."""
    found = value.item()
    return str(found) if isinstance(found, float) and not np.isfinite(found) else found


def _row_of(column: Column, element: int) -> int:
    """Return the row that an element of the flattened data belongs to."""
    per_entry = int(np.prod(column.data.shape[1:]))
    entry = element // per_entry
    if column.offsets is None:
        return entry
    return int(np.searchsorted(column.offsets, entry, side="right")) - 1
