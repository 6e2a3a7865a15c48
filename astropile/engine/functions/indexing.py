"""Indexing of the axes of one row."""

from __future__ import annotations

import numpy as np

from astropile.engine.operand import Fault
from astropile.readers import Column
from astropile.readers.column import Array


def take_elements(column: Column, parts: list[int | slice]) -> Column:
    """Index the axes of every row."""
    if column.shapes is not None:
        raise Fault("an array whose shape differs by row cannot be indexed; use flat(x) first")
    if column.offsets is None:
        where = (slice(None), *parts)
        holes = None if column.holes is None else column.holes[where]
        return Column(column.data[where], null=column.null, holes=holes)
    first, *rest = parts
    inner = (slice(None), *rest)
    data = column.data[inner] if rest else column.data
    counts = np.diff(column.offsets)
    if isinstance(first, slice):
        starts, stops = _bounds(first, counts)
        kept = np.maximum(stops - starts, 0)
        offsets = np.concatenate(([0], np.cumsum(kept)))
        elements = np.repeat(column.offsets[:-1] + starts - offsets[:-1], kept)
        elements = elements + np.arange(offsets[-1])
        return Column(data[elements], offsets=offsets, null=column.null)
    place = column.offsets[:-1] + (first if first >= 0 else counts + first)
    inside = (counts > first) if first >= 0 else (counts >= -first)
    null = ~inside if column.null is None else (column.null | ~inside)
    if len(data) == 0:
        return Column(np.zeros((len(counts), *data.shape[1:]), data.dtype), null=null)
    taken = data[np.where(inside, place, 0)]
    return Column(taken, null=null if null.any() else None)


def _bounds(part: slice, counts: Array) -> tuple[Array, Array]:
    """Return start and stop of a slice for rows of different length, as Python slices do."""

    def clip(value: int | None, default: Array) -> Array:
        if value is None:
            return default
        return np.clip(value if value >= 0 else counts + value, 0, counts)

    return clip(part.start, np.zeros_like(counts)), clip(part.stop, counts)
