"""Shapes: flatten, repeat, join, reorder. All work on the axes of one row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from astropile.engine.functions.indexing import with_holes
from astropile.engine.functions.registry import Scope, special, text_literal
from astropile.engine.operand import Fault, Operand, either, numeric, rows_of
from astropile.expression import Call
from astropile.readers import Column
from astropile.readers.column import Array, offsets_of


@special("dim")
def dim(scope: Scope, expr: Call) -> Operand:
    """Return the length of an axis of each row."""
    operand = scope.evaluate(expr.arguments[0])
    axis = scope.number(expr.arguments[1])
    column = operand.column
    place = axis if axis >= 0 else column.ndim + axis
    if not 0 <= place < column.ndim:
        raise Fault(f"no axis {axis} in an array of {column.ndim} axes")
    if column.shapes is not None:
        return Operand(Column(column.shapes[:, place], null=column.null))
    if column.offsets is not None and place == 0:
        return Operand(Column(column.counts, null=column.null))
    length = column.data.shape[place + 1 if column.offsets is None else place]
    lengths = np.full(len(column), length, dtype=np.int64)
    return Operand(Column(lengths, null=column.null), constant=operand.constant)


@special("flat")
def flat(scope: Scope, expr: Call) -> Operand:
    """Join all axes, or the axes i to j, into one, last axis fastest."""
    operand = scope.evaluate(expr.arguments[0])
    column = operand.column
    if len(expr.arguments) > 1:
        first, last = (scope.number(argument) for argument in expr.arguments[1:3])
        return replace(operand, column=_flat_between(column, first, last))
    if column.ndim <= 1:
        return operand
    if column.offsets is None:
        shape = (len(column), -1) if column.data.size else (len(column), 0)
        holes = None if column.holes is None else column.holes.reshape(shape)
        return replace(
            operand, column=Column(column.data.reshape(shape), null=column.null, holes=holes)
        )
    jagged = column.jagged()
    return replace(operand, column=replace(jagged, shapes=None))


def _flat_between(column: Column, first: int, last: int) -> Column:
    if column.offsets is not None or not 0 <= first < last < column.ndim:
        raise Fault(f"axes {first} to {last} of an array of {column.ndim} axes cannot be joined")
    shape = column.data.shape
    joined = (*shape[: first + 1], -1, *shape[last + 2 :])
    holes = None if column.holes is None else column.holes.reshape(joined)
    return Column(column.data.reshape(joined), null=column.null, holes=holes)


@special("repeat")
def repeat(scope: Scope, expr: Call) -> Operand:
    """Repeat each element of a list ``n`` times: a a b b."""
    items = rows_of(scope.evaluate(expr.arguments[0]), scope.n).ragged()
    times, null = _counts(scope, expr, 1)
    if items.data.ndim != 1:
        raise Fault("repeat needs a list")
    per_element = np.repeat(times, items.counts)
    holes = None if items.holes is None else np.repeat(items.holes, per_element)
    return Operand(
        Column(
            np.repeat(items.data, per_element),
            offsets=offsets_of(items.counts * times),
            null=either(items.null, null),
            holes=holes,
        )
    )


@special("tile")
def tile(scope: Scope, expr: Call) -> Operand:
    """Repeat a list, or a scalar, as a whole ``n`` times: a b a b."""
    items = _with_axis(rows_of(scope.evaluate(expr.arguments[0]), scope.n)).ragged()
    times, null = _counts(scope, expr, 1)
    tiled = items.take(np.repeat(np.arange(scope.n), times))
    offsets = offsets_of(items.counts * times)
    return Operand(Column(tiled.data, offsets, None, either(items.null, null), tiled.holes))


def _with_axis(column: Column) -> Column:
    """Return an array as it is, and a scalar as a list of one element."""
    return Column(column.data[:, None], null=column.null) if column.ndim == 0 else column


def _counts(scope: Scope, expr: Call, place: int) -> tuple[Array, Array | None]:
    """Return how often each row asks for something, and which rows do not say."""
    column = rows_of(numeric(scope.evaluate(expr.arguments[place])), scope.n)
    null = column.null
    data = column.data
    if null is not None and not column.ndim:
        # A null row may hold anything; the number of another row leaves arrays of one length so.
        data = np.where(null, data[~null][:1].sum(), data)
    if column.ndim or (data < 0).any():
        raise Fault("a count must be one number that is not negative")
    return data.astype(np.int64), null


@special("concat")
def concat(scope: Scope, expr: Call) -> Operand:
    """Join arrays of a row end to end; a scalar counts as one element, a hole where it is null.

    A null array adds nothing, and a row is null where all of its values are.
    """
    values = [rows_of(scope.evaluate(argument), scope.n) for argument in expr.arguments]
    nulls = [value.null for value in values if value.null is not None]
    null = np.logical_and.reduce(nulls) if len(nulls) == len(values) else None
    columns = [_without_nulls(value) if value.ndim else _as_element(value) for value in values]
    if all(column.offsets is None for column in columns):
        data = np.concatenate([column.data for column in columns], axis=1)
        return Operand(Column(data, null=null, holes=_joined_holes(columns, axis=1)))
    ragged = [column.ragged() for column in columns]
    counts = np.stack([column.counts for column in ragged])
    offsets = offsets_of(counts.sum(axis=0))
    # Where the elements of each column go: behind those of the columns before it.
    starts = offsets[:-1] + np.cumsum(counts, axis=0) - counts
    places = np.concatenate(
        [
            np.repeat(start - column.offsets[:-1], count) + np.arange(len(column.data))  # type: ignore[index]
            for start, column, count in zip(starts, ragged, counts, strict=True)
        ]
    )
    joined = np.concatenate([column.data for column in ragged])
    data = np.empty_like(joined)
    data[places] = joined
    holes = _joined_holes(ragged, axis=0)
    if holes is not None:
        holes[places] = holes.copy()
    return Operand(Column(data, offsets, None, null, holes))


def _without_nulls(column: Column) -> Column:
    """Return arrays with no elements where they are null, whatever lies beneath."""
    if column.null is None or not column.null.any():
        return column
    known = column.ragged().take(~column.null)
    counts = np.zeros(len(column), dtype=np.int64)
    counts[~column.null] = known.counts
    return Column(known.data, offsets_of(counts), holes=known.holes)


def _as_element(scalar: Column) -> Column:
    """Return a scalar as a list of one element, which is a hole where it is null."""
    holes = None if scalar.null is None else scalar.null[:, None]
    return Column(scalar.data[:, None], holes=holes)


def _joined_holes(columns: list[Column], *, axis: int) -> Array | None:
    if all(column.holes is None for column in columns):
        return None
    masks = [np.zeros(c.data.shape, bool) if c.holes is None else c.holes for c in columns]
    return np.concatenate(masks, axis=axis)


@special("stack")
def stack(scope: Scope, expr: Call) -> Operand:
    """Put equal arrays of a row on a new first axis; one that is null is a hole in the result."""
    columns = [rows_of(scope.evaluate(argument), scope.n) for argument in expr.arguments]
    known = [column for column in columns if not _is_null(column)]
    if not known:
        return Operand(Column(np.zeros(scope.n), null=np.ones(scope.n, dtype=bool)))
    if any(column.offsets is not None for column in known):
        raise Fault("stack needs arrays of one shape; concat joins arrays of different length")
    shapes = {column.data.shape for column in known}
    if len(shapes) != 1:
        raise Fault(f"stack needs arrays of one shape, got {sorted(shape[1:] for shape in shapes)}")
    # What is null in all rows may have any form.
    nothing = np.broadcast_to(known[0].data.dtype.type(), known[0].data.shape)
    data = np.stack([nothing if _is_null(c) else c.data for c in columns], axis=1)
    if all(column.null is None and column.holes is None for column in columns):
        return Operand(Column(data))
    holes = np.zeros(data.shape, dtype=bool)
    null = np.ones(scope.n, dtype=bool)
    for place, column in enumerate(columns):
        if column.holes is not None and not _is_null(column):
            holes[:, place] = column.holes
        if column.null is None:
            null[:] = False
        else:
            holes[column.null, place] = True
            null &= column.null
    return Operand(Column(data, null=null, holes=holes))


def _is_null(column: Column) -> bool:
    return column.null is not None and bool(column.null.all())


@special("index")
def index(scope: Scope, expr: Call) -> Operand:
    """Return the element k of the first axis; k may differ by row."""
    column = rows_of(scope.evaluate(expr.arguments[0]), scope.n)
    number = rows_of(numeric(scope.evaluate(expr.arguments[1])), scope.n)
    if column.ndim == 0:
        raise Fault("index needs an array")
    column = column.ragged()
    null = either(column.null, number.null)
    place = number.data if null is None else np.where(null, 0, number.data)
    place = place.astype(np.int64)
    place = np.where(place < 0, place + column.counts, place)
    outside = (place < 0) | (place >= column.counts)
    wrong = outside if null is None else outside & ~null
    if wrong.any():
        raise Fault(f"index {int(place[wrong][0])} is outside the array", rows=wrong)
    if outside.all():
        nothing = np.zeros((scope.n, *column.data.shape[1:]), dtype=column.data.dtype)
        return Operand(Column(nothing, null=outside))
    chosen = np.where(outside, 0, column.offsets[:-1] + place)  # type: ignore[index]
    holes = None if column.holes is None else column.holes[chosen]
    return Operand(with_holes(column.data[chosen], null, holes))


@special("grid")
def grid(scope: Scope, expr: Call) -> Operand:
    """Return a linear 1-D WCS: first + (pixel - ref) * step for pixels 1 to n."""
    n, no_count = _counts(scope, expr, 0)
    numbers = [rows_of(numeric(scope.evaluate(arg)), scope.n) for arg in expr.arguments[1:]]
    null = either(no_count, *(number.null for number in numbers))
    first, step, ref = (*(number.data for number in numbers), np.ones(scope.n))[:3]
    if scope.n and (n == n[0]).all():
        pixel = np.arange(1, n[0] + 1, dtype=np.float64)
        return Operand(Column(first[:, None] + (pixel - ref[:, None]) * step[:, None], null=null))
    offsets = offsets_of(n)
    pixel = np.arange(offsets[-1], dtype=np.float64) - np.repeat(offsets[:-1], n) + 1
    values = np.repeat(first, n) + (pixel - np.repeat(ref, n)) * np.repeat(step, n)
    return Operand(Column(values, offsets=offsets, null=null))


@special("pad")
def pad(scope: Scope, expr: Call) -> Operand:
    """Pad the last two axes to ny, nx; the pixel [y // 2, x // 2] is the same again."""
    operand = scope.evaluate(expr.arguments[0])
    sizes = [scope.number(argument) for argument in expr.arguments[1:3]]
    fill = scope.evaluate(expr.arguments[3]).column.data[0] if len(expr.arguments) > 3 else 0
    column = operand.column
    # Of a list of arrays the last two axes have one length, of a list of rows not even these.
    if column.shapes is not None or operand.ndim < (2 if column.offsets is None else 3):
        raise Fault("pad needs arrays with two axes, of one shape")
    lengths = column.data.shape[-2:]
    if lengths[0] > sizes[0] or lengths[1] > sizes[1]:
        raise Fault(f"pad to {tuple(sizes)} would cut an array of {lengths}")
    before = [size // 2 - length // 2 for size, length in zip(sizes, lengths, strict=True)]
    widths = [(0, 0)] * (column.data.ndim - 2)
    widths += [(b, s - n - b) for b, s, n in zip(before, sizes, lengths, strict=True)]
    data = np.pad(column.data, widths, constant_values=fill)
    holes = None if column.holes is None else np.pad(column.holes, widths)
    return replace(operand, column=replace(column, data=data, holes=holes))


@special("reverse")
def reverse(scope: Scope, expr: Call) -> Operand:
    """Turn the first axis of each row around."""
    operand = scope.evaluate(expr.arguments[0])
    column = operand.column
    if column.offsets is None:
        return replace(operand, column=_reversed(column))
    ends = np.repeat(column.offsets[1:] + column.offsets[:-1] - 1, column.counts)
    order = ends - np.arange(len(column.data))
    holes = None if column.holes is None else column.holes[order]
    return replace(operand, column=replace(column, data=column.data[order], holes=holes))


def _reversed(column: Column) -> Column:
    """Return a dense column with its first axis turned around."""
    holes = None if column.holes is None else column.holes[:, ::-1]
    return replace(column, data=column.data[:, ::-1], holes=holes)


@special("row")
def row(scope: Scope, expr: Call) -> Operand:
    """Return the number of the row in its file, from 0."""
    if scope.row_numbers is None:
        raise Fault("row() has no meaning here")
    return Operand(Column(scope.row_numbers))


@special("axes")
def axes(scope: Scope, expr: Call) -> Operand:
    """Name the axes of a value, for the engine to transpose and spread."""
    operand = scope.evaluate(expr.arguments[0])
    named = tuple(text_literal(expr.arguments[1]).split())
    if len(named) != operand.ndim:
        raise Fault(f"axes names {len(named)} axes, the value has {operand.ndim}")
    return replace(operand, axes=named)
