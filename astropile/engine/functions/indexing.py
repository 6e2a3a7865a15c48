"""Indexing of the axes of one row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from astropile.engine.operand import either
from astropile.readers import Column
from astropile.readers.column import Array


def take_elements(column: Column, parts: list[int | slice]) -> Column:
    """Index the axes of every row."""
    if column.shapes is not None:
        return _by_shape(column, parts)
    if column.offsets is None:
        where = (slice(None), *parts)
        holes = None if column.holes is None else column.holes[where]
        return with_holes(column.data[where], column.null, holes)
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
        holes = None if column.holes is None else column.holes[inner][elements]
        return Column(data[elements], offsets=offsets, null=column.null, holes=holes)
    place = column.offsets[:-1] + (first if first >= 0 else counts + first)
    inside = (counts > first) if first >= 0 else (counts >= -first)
    null = ~inside if column.null is None else (column.null | ~inside)
    if len(data) == 0:
        return Column(np.zeros((len(counts), *data.shape[1:]), data.dtype), null=null)
    chosen = np.where(inside, place, 0)
    holes = None if column.holes is None else column.holes[inner][chosen]
    return with_holes(data[chosen], null if null.any() else None, holes)


def with_holes(data: Array, null: Array | None, holes: Array | None) -> Column:
    """Return a dense column; an element that is a hole is null once it is the value of a row."""
    if data.ndim == 1 and holes is not None:
        return Column(data, null=either(null, holes))
    return Column(data, null=null, holes=holes)


def _by_shape(column: Column, parts: list[int | slice]) -> Column:
    """Index arrays whose shape differs by row: those of one shape together."""
    shapes, numbers = np.unique(np.asarray(column.shapes), axis=0, return_inverse=True)
    order, results = [], []
    lost = np.zeros(len(column), dtype=bool) if column.null is None else column.null
    for number, shape in enumerate(shapes):
        rows = np.flatnonzero((numbers.reshape(-1) == number) & ~lost)
        if len(rows):
            own = column.take(rows)
            whole = (len(rows), *shape)
            holes = None if own.holes is None else own.holes.reshape(whole)
            results.append(take_elements(Column(own.data.reshape(whole), holes=holes), parts))
            order.append(rows)
    if not results:
        return Column(np.zeros(len(column), dtype=column.data.dtype), null=lost)
    known = Column.concatenate(results)
    place = np.zeros(len(column), dtype=np.int64)
    place[np.concatenate(order)] = np.arange(len(known))
    taken = known.take(place)
    null = lost if taken.null is None else taken.null | lost
    return replace(taken, null=null if null.any() else None)


def _bounds(part: slice, counts: Array) -> tuple[Array, Array]:
    """Return start and stop of a slice for rows of different length, as Python slices do."""

    def clip(value: int | None, default: Array) -> Array:
        if value is None:
            return default
        return np.clip(value if value >= 0 else counts + value, 0, counts)

    return clip(part.start, np.zeros_like(counts)), clip(part.stop, counts)
