"""Inverses of functions of text, of dictionaries, and of what tolerates a missing value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from astropile.engine.functions.text import as_text, sexagesimal
from astropile.engine.operand import Operand, rows_of
from astropile.expression import Call
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.testing.cells import NotInvertibleError
from astropile.testing.finishing import SENTINEL_FRACTION
from astropile.testing.predicates import constant_value, solve_predicate
from astropile.testing.targets import Inverse, Solver, Target, text_of, whole_number

__all__ = ["TEXT_INVERSES"]


def _first(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo what leaves its first argument as it is."""
    return solver.solve(expr.arguments[0], value, target)


def _trim(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Put blanks around text, as the files that need ``trim`` have them."""
    inner = solver.solve(expr.arguments[0], _with(value, np.strings.add(" ", value.data)), target)
    return _with(inner, np.strings.strip(inner.data))


def _lower(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    solver.solve(expr.arguments[0], _with(value, np.strings.upper(value.data)), target)
    return _with(value, np.strings.lower(value.data))


def _upper(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    solver.solve(expr.arguments[0], _with(value, np.strings.lower(value.data)), target)
    return _with(value, np.strings.upper(value.data))


def _text(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo ``text``: cells hold whole numbers."""
    try:
        numbers = value.data.astype(np.int64)
    except ValueError:
        numbers = np.asarray(solver.rng.integers(0, 10**6, value.data.shape))
    inner = solver.solve(expr.arguments[0], _with(value, numbers), replace(target, stored="int64"))
    return as_text(Operand(inner)).column


def _number(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo ``number``: cells hold text."""
    text = _with(value, value.data.astype(np.str_))
    solver.solve(expr.arguments[0], text, replace(target, stored="string"))
    return value


def _numbers(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo ``numbers``: the text of a list."""
    text = _joined(_with(value, value.data.astype(np.str_)), ", ")
    wrapped = np.strings.add(np.strings.add("(", text.data), ")")
    solver.solve(expr.arguments[0], Column(wrapped), replace(target, stored="string"))
    return value


def _sexagesimal(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo ``sexagesimal``: whole numbers and a fraction of a second to nine digits."""
    known = np.where(np.isfinite(value.data), value.data, 0.0)
    nanos = np.rint(np.abs(known) * 3.6e12).astype(np.int64)
    seconds, fraction = nanos // 10**9, nanos % 10**9
    parts = [
        np.strings.zfill(part.astype(np.str_), width)
        for part, width in ((seconds // 3600, 2), (seconds // 60 % 60, 2), (seconds % 60, 2))
    ]
    text = np.where(known < 0, "-", "")
    for part, mark in zip(parts, ("", ":", ":"), strict=True):
        text = np.strings.add(text, np.strings.add(mark, part))
    text = np.strings.add(text, np.strings.add(".", np.strings.zfill(fraction.astype(np.str_), 9)))
    inner = _with(value, text)
    solver.solve(expr.arguments[0], inner, replace(target, stored="string"))
    return sexagesimal(Operand(inner)).column


def _split(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    text = _joined(value, text_of(expr.arguments[1]))
    solver.solve(expr.arguments[0], text, target)
    return value


def _joined(value: Column, separator: str) -> Column:
    """Join the elements of each row to one text: column by column, not row by row."""
    ragged = value.ragged()
    if ragged.data.ndim != 1 or ragged.offsets is None or value.shapes is not None:
        msg = "only lists can be joined to a text"
        raise NotInvertibleError(msg)
    counts = ragged.counts
    text: Array = np.full(len(counts), "", dtype=np.str_)
    for k in range(int(counts.max(initial=0))):
        rows = np.flatnonzero(counts > k)
        piece = ragged.data[ragged.offsets[:-1][rows] + k]
        longer = np.strings.add(text[rows], np.strings.add(separator if k else "", piece))
        text = text.astype(np.result_type(text, longer))
        text[rows] = longer
    return Column(text)


def _join(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo ``join``: the first cell takes the text, further ones take numbers."""
    separator = text_of(expr.arguments[0])
    result: Array | None = None
    taken = False
    for argument in expr.arguments[1:]:
        if not solver.is_open(argument):
            piece = as_text(Operand(rows_of(solver.evaluate(argument), solver.store.n))).column.data
        elif taken:
            number = np.asarray(solver.rng.integers(0, 1000, value.data.shape))
            other = replace(target, stored="int64")
            piece = as_text(
                Operand(solver.solve(argument, _with(value, number), other))
            ).column.data
        else:
            taken = True
            own = np.strings.replace(value.data, separator, "_") if separator else value.data
            piece = solver.solve(argument, _with(value, own), target).data
        result = (
            piece if result is None else np.strings.add(np.strings.add(result, separator), piece)
        )
    return value if result is None else _with(value, result)


def _part(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    start, stop = (whole_number(solver, argument) for argument in expr.arguments[1:3])
    if start < 0 or 0 <= stop < start:
        msg = "part() whose start is counted from the end"
        raise NotInvertibleError(msg)
    longer = _with(value, np.strings.add("-" * start, value.data))
    longer = _with(longer, np.strings.add(longer.data, "-" * max(0, -stop)))
    solver.solve(expr.arguments[0], longer, target)
    return _with(value, np.strings.slice(longer.data, start, stop))


def _lookup(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo a dictionary: a key of every value; a value it cannot give becomes one it can."""
    table = solver.lookups[text_of(expr.arguments[1])]
    keys, values = list(table), list(table.values())
    if not keys:
        msg = "the dictionary is empty"
        raise NotInvertibleError(msg)
    given = np.asarray(values)
    if given.dtype.kind != value.data.dtype.kind and given.dtype.kind in "iuf":
        wanted = np.asarray(solver.rng.integers(len(keys), size=value.data.shape))
    else:
        known, inverse = np.unique(value.data, return_inverse=True)
        places = [np.flatnonzero(given == item) for item in known]
        pick = solver.rng.random(value.data.shape)
        count = np.array([len(p) for p in places])[inverse].reshape(value.data.shape)
        width = max(1, int(count.max(initial=0)))
        table_of_places = np.array([np.resize(p, width) if len(p) else [0] * width for p in places])
        table_of_places = table_of_places.reshape(len(known), width)
        choice = (pick * np.maximum(count, 1)).astype(np.int64)
        wanted = table_of_places[inverse.reshape(value.data.shape), choice]
        anything = solver.rng.integers(len(keys), size=value.data.shape)
        wanted = np.where(count > 0, wanted, anything)
    cells = _key_cells(keys)
    stored = "string" if cells.dtype.kind == "U" else "int64"
    solver.solve(expr.arguments[0], _with(value, cells[wanted]), replace(target, stored=stored))
    return _with(value, given[wanted])


def _key_cells(keys: list[str]) -> Array:
    """Return the keys as cells hold them: numbers if all are, else text."""
    text = np.array(keys)
    try:
        numbers = text.astype(np.int64)
    except ValueError:
        return text
    return numbers if (numbers.astype(np.str_) == text).all() else text


def _choice(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo ``if``: both sides get the value; an open condition chooses the first open side."""
    condition, *sides = expr.arguments
    opened = [solver.is_open(side) for side in sides]
    for side in sides:
        if solver.is_open(side):
            solver.solve(side, value, target)
    if solver.is_open(condition):
        wanted = replace(value, data=np.full(value.data.shape, opened[0]))
        solver.solve(condition, wanted, replace(target, stored="float64"))
    return rows_of(solver.evaluate(expr), solver.store.n)


def _null_test(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo ``is_null`` and ``is_finite`` with NaN and 1."""
    yes = solve_predicate(expr, truth=True)
    no = solve_predicate(expr, truth=False)
    if not yes or not no:
        msg = f"{expr.function}() of more than a cell"
        raise NotInvertibleError(msg)
    data = np.where(value.data, *yes.values(), *no.values())
    cells = replace(target, stored="float64")
    solver.solve(expr.arguments[0], _with(value, data), cells)
    return value


def _null_if(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo ``null_if`` of a scalar: some cells hold the sentinel, the leaf is null there."""
    sentinel = constant_value(expr.arguments[1])
    if sentinel is None or value.ndim or not target.nullable:
        return solver.solve(expr.arguments[0], value, target)
    count = max(1, round(SENTINEL_FRACTION * len(value.data)))
    null = np.zeros(len(value.data), dtype=bool)
    null[solver.rng.permutation(len(null))[:count]] = True
    data = np.where(null, np.asarray([sentinel]), value.data)
    data = data if data.dtype.kind == "U" else data.astype(value.data.dtype)
    inner = solver.solve(expr.arguments[0], _with(value, data), target)
    return replace(inner, null=null)


def _with(column: Column, data: Array) -> Column:
    return replace(column, data=data)


TEXT_INVERSES: Mapping[str, Inverse] = MappingProxyType(
    {
        "trim": _trim,
        "lower": _lower,
        "upper": _upper,
        "text": _text,
        "number": _number,
        "numbers": _numbers,
        "sexagesimal": _sexagesimal,
        "split": _split,
        "join": _join,
        "part": _part,
        "lookup": _lookup,
        "if": _choice,
        "is_null": _null_test,
        "is_finite": _null_test,
        "null_if": _null_if,
        "fill": _first,
        "optional": _first,
        "coalesce": _first,
        "unit": _first,
    }
)
