"""Choice and nulls, dictionaries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from astropile.engine import logic
from astropile.engine.functions.registry import Scope, function, special, text_literal
from astropile.engine.operand import (
    AbsentCellError,
    Fault,
    Operand,
    apply,
    constant,
    numeric,
    rows_with,
    spread,
)
from astropile.expression import Call, Expr
from astropile.readers import Column
from astropile.readers.column import Array


@function("if")
def choose(condition: Operand, first: Operand, second: Operand) -> Operand:
    """Return ``first`` where the condition is true, else ``second``; unknown gives null."""
    first, second = _same_kind([first, second])
    common = spread([condition, first, second])
    test, a, b = common.arrays
    unknown, null_a, null_b = (_filled(mask) for mask in common.unknown)
    missing = np.where(test & ~unknown, null_a, null_b) | unknown
    return _with_missing(common.frame, np.where(test & ~unknown, a, b), missing, common.constant)


def _filled(mask: Array | None) -> Array:
    return np.zeros(1, dtype=bool) if mask is None else mask


def _same_kind(operands: list[Operand]) -> list[Operand]:
    """Parse text that meets numbers, unless all are text; a null constant takes any kind."""
    solid = [o for o in operands if not _is_null(o)]
    if all(o.is_text for o in solid):
        empty = Column(np.array([""]), null=np.array([True]))
        return [o if o.is_text or not solid else replace(o, column=empty) for o in operands]
    return [numeric(o) for o in operands]


def _is_null(operand: Operand) -> bool:
    return operand.constant and operand.column.null is not None


def _with_missing(frame: Column, data: Array, missing: Array, is_constant: bool) -> Operand:  # noqa: FBT001
    data = np.broadcast_to(data, frame.data.shape)
    full = np.broadcast_to(missing, frame.data.shape)
    column = Column(data, frame.offsets, frame.shapes)
    if full.any():
        if frame.ndim == 0:
            column = replace(column, null=full)
        elif data.dtype.kind == "f":
            column = replace(column, data=np.where(full, np.nan, data))
        else:
            column = replace(column, holes=full)
    return Operand(column, constant=is_constant)


def _missing(operand: Operand) -> Array:
    """Return where a value is null, at the shape of its data."""
    common = spread([operand])
    data, unknown = common.arrays[0], common.unknown[0]
    missing = np.isnan(data) if data.dtype.kind == "f" else np.zeros(data.shape, dtype=bool)
    return missing if unknown is None else missing | unknown


@special("optional")
def optional(scope: Scope, expr: Call) -> Operand:
    """Return a cell, or null where the file lacks it."""
    return _or_null(scope, expr.arguments[0])


def _or_null(scope: Scope, expr: Expr) -> Operand:
    try:
        return scope.evaluate(expr)
    except AbsentCellError:
        return constant(None)


@special("coalesce")
def coalesce(scope: Scope, expr: Call) -> Operand:
    """Return the first value that is not null."""
    operands = [_or_null(scope, argument) for argument in expr.arguments]
    # A constant null adds nothing, and would spoil the kind of the others.
    solid = [o for o in operands if not _is_null(o)]
    if not solid:
        return operands[0]
    result, *others = _same_kind(solid)
    for other in others:
        missing = _missing(result)
        if not missing.any():
            break
        common = spread([result, other])
        test = np.broadcast_to(missing, common.frame.data.shape)
        both = missing & _filled(common.unknown[1])
        result = _with_missing(
            common.frame, np.where(test, common.arrays[1], common.arrays[0]), both, common.constant
        )
    return result


@function("null_if")
def null_if(value: Operand, *sentinels: Operand) -> Operand:
    """Return null where the value is one of the sentinels."""
    items = np.concatenate([np.atleast_1d(s.column.data.reshape(-1)) for s in sentinels])
    if value.is_text != (items.dtype.kind == "U"):
        value = numeric(value)
    common = spread([value])
    data = common.arrays[0]
    if data.dtype.kind == "f":
        items = items.astype(data.dtype)
    missing = np.isin(data, items) | _missing(value)
    return _with_missing(common.frame, data, missing, common.constant)


@function("fill")
def fill(value: Operand, replacement: Operand) -> Operand:
    """Replace null, NaN and infinity."""
    value, replacement = _same_kind([value, replacement])
    common = spread([value, replacement])
    data, other = common.arrays
    bad = _missing(value)
    if data.dtype.kind == "f":
        bad = bad | np.isinf(data)
    missing = bad & _filled(common.unknown[1])
    return _with_missing(common.frame, np.where(bad, other, data), missing, common.constant)


@special("is_null")
def is_null(scope: Scope, expr: Call) -> Operand:
    """Return whether a value is null."""
    operand = _or_null(scope, expr.arguments[0])
    common = spread([operand])
    column = replace(common.frame, data=_missing(operand), null=None)
    return Operand(column, constant=common.constant)


@function("is_finite")
def is_finite(value: Operand) -> Operand:
    """Return whether a value is a finite number; null is not."""
    value = numeric(value)
    common = spread([value])
    data = np.isfinite(common.arrays[0]) & ~_missing(value)
    return Operand(replace(common.frame, data=data, null=None), constant=common.constant)


@special("lookup")
def lookup(scope: Scope, expr: Call) -> Operand:
    """Translate values by a dictionary of the survey."""
    value = scope.evaluate(expr.arguments[0])
    name = text_literal(expr.arguments[1])
    table = scope.lookups[name]
    other = scope.evaluate(expr.arguments[2]) if len(expr.arguments) > 2 else None
    column = value.column
    keys, inverse = np.unique(column.data, return_inverse=True)
    found = [_find(table, key) for key in keys.tolist()]
    unknown = np.array([item is None for item in found])
    known = [item for item in found if item is not None] or list(table.values())[:1] or [""]
    fallback = other.column.data.reshape(-1)[0] if other is not None else known[0]
    values = np.asarray([fallback if item is None else item for item in found])
    result = values[inverse].reshape(column.data.shape)
    if other is None and unknown.any():
        bad = unknown[inverse].reshape(column.data.shape)
        _refuse_unknown(Operand(replace(column, data=bad)), keys[unknown].tolist(), name)
    return Operand(replace(column, data=result), constant=value.constant)


def _find(table: object, key: object) -> object | None:
    """Find a key as text; a number by its value, so that 90 and 90.0 are the key 90."""
    mapping = table if isinstance(table, dict) else dict(table)  # type: ignore[call-overload]
    if isinstance(key, bool):
        return mapping.get(str(key).lower())
    if isinstance(key, float) and key.is_integer():
        key = int(key)
    found = mapping.get(str(key))
    if found is None and isinstance(key, str):
        found = mapping.get(key.strip())
    return found


def _refuse_unknown(bad: Operand, keys: list[object], name: str) -> None:
    """Raise for unknown keys, except in rows that are null."""
    flags = logic.true_rows(bad)
    if not flags.any():
        return
    rows = rows_with(bad.column, flags)
    listed = ", ".join(repr(key) for key in keys[:4])
    raise Fault(
        f"{listed} is not in lookups.{name} ({int(flags.sum())} elements)",
        rows=rows,
        hint="add it to the lookup, or give a third argument",
    )


@function("number")
def number(value: Operand) -> Operand:
    """Parse text as numbers."""
    return apply(lambda array: array, value)
