"""Text."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from astropile.engine.functions.registry import (
    IMPLEMENTATIONS,
    Scope,
    function,
    special,
    text_literal,
)
from astropile.engine.operand import Fault, Operand, rows_of, spread
from astropile.expression import Call
from astropile.readers import Column
from astropile.readers.column import Array


def as_text(operand: Operand) -> Operand:
    """Return text; integers become decimal, booleans ``true`` and ``false``.

    Raises
    ------
    Fault
        A number that is not whole: its text would depend on the formatting.
    """
    if operand.is_text:
        return operand
    column = operand.column
    data = column.data
    if data.dtype.kind == "b":
        return replace(operand, column=replace(column, data=np.where(data, "true", "false")))
    if data.dtype.kind == "f":
        known = np.where(np.isfinite(data), data, 0)
        broken = known != np.floor(known)
        if broken.any():
            rows = broken if column.ndim == 0 and not operand.constant else None
            raise Fault(f"{known[broken][0]} is not whole: it has no text of its own", rows=rows)
        null = ~np.isfinite(data) if column.ndim == 0 else None
        if null is not None and column.null is not None:
            null = null | column.null
        column = replace(column, null=null)
        data = known.astype(np.int64)
    return replace(operand, column=replace(column, data=data.astype(np.str_)))


def _on_text(name: str, change: object) -> None:
    def call(scope: Scope, expr: Call) -> Operand:
        operand = as_text(scope.evaluate(expr.arguments[0]))
        data = change(operand.column.data)  # type: ignore[operator]
        return replace(operand, column=replace(operand.column, data=data))

    IMPLEMENTATIONS[name] = call


_on_text("trim", np.strings.strip)
_on_text("lower", np.strings.lower)
_on_text("upper", np.strings.upper)
IMPLEMENTATIONS["text"] = lambda scope, expr: as_text(scope.evaluate(expr.arguments[0]))


@special("join")
def join(scope: Scope, expr: Call) -> Operand:
    """Join values as text."""
    separator = text_literal(expr.arguments[0])
    operands = [as_text(scope.evaluate(argument)) for argument in expr.arguments[1:]]
    common = spread(operands)
    data = common.arrays[0]
    for array in common.arrays[1:]:
        data = np.strings.add(np.strings.add(data, separator) if separator else data, array)
    return common.result(np.asarray(data))


@special("split")
def split(scope: Scope, expr: Call) -> Operand:
    """Split a text at a separator: a list."""
    column = rows_of(as_text(scope.evaluate(expr.arguments[0])), scope.n)
    separator = text_literal(expr.arguments[1])
    return Operand(_split(column, separator))


def _split(column: Column, separator: str) -> Column:
    if column.ndim:
        raise Fault("split needs one text a row")
    counts = np.strings.count(column.data, separator) + 1
    parts = separator.join(column.data.tolist()).split(separator)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    data = np.array(parts if len(column) else [], dtype=np.str_)
    return Column(data, offsets=offsets, null=column.null)


@function("numbers")
def numbers(value: Operand) -> Operand:
    """Parse a text such as ``(1, 2)`` as a list of numbers."""
    column = value.column
    if not value.is_text or column.ndim:
        raise Fault("numbers needs one text a row")
    inner = np.strings.strip(column.data, "()[]{} ")
    empty = inner == ""
    lists = _split(replace(column, data=inner), ",")
    kept = lists.data[~np.repeat(empty, lists.counts)]
    try:
        data: Array = np.strings.strip(kept).astype(np.float64)
    except ValueError as error:
        raise Fault(f"not a list of numbers: {error}") from None
    offsets = np.concatenate(([0], np.cumsum(np.where(empty, 0, lists.counts))))
    return Operand(Column(data, offsets=offsets, null=column.null), constant=value.constant)


#: What may stand between the parts of a sexagesimal number, or behind the last one.
_MARKS: Final = ":hdms\u00b0'\"\u2032\u2033"


@function("sexagesimal")
def sexagesimal(value: Operand) -> Operand:
    """Parse a text such as ``-00:12:03.4``: sixtieths and sixtieths of sixtieths of the first part.

    The sign holds for all parts, as it must where the first one is 0.
    """
    column = value.column
    if not value.is_text:
        raise Fault(
            "sexagesimal needs text", hint="a number is in one unit already: say unit(x, ...)"
        )
    text: Array = np.strings.lower(column.data)
    for mark in _MARKS:
        text = np.strings.replace(text, mark, " ")
    text = np.strings.strip(text)
    is_negative = np.strings.startswith(text, "-")
    rest = np.strings.lstrip(text, "+-")
    signs = np.strings.str_len(text) - np.strings.str_len(rest)
    known = text != ""
    total = np.zeros(text.shape)
    bad = known & ((signs > 1) | (rest == ""))
    for scale in (1.0, 60.0, 3600.0):
        first, _, rest = np.strings.partition(np.strings.lstrip(rest), " ")
        number, wrong = _plain_numbers(first)
        total += number / scale
        # Only the last part may have a fraction, and a part of another is below 60.
        is_last = np.strings.strip(rest) == ""
        bad |= wrong | (known & ~is_last & (number % 1 != 0)) | ((scale > 1) & (number >= 60))
    bad |= known & (np.strings.strip(rest) != "")
    if bad.any():
        where = bad.reshape(len(bad), -1).any(axis=1) if column.offsets is None else None
        message = f"{str(column.data[bad][0])!r} is no sexagesimal number"
        raise Fault(
            message, rows=where, hint="it looks like 12:34:56.7, -00 12 03.4 or 12h34m56.7s"
        )
    null = column.null
    if column.ndim == 0:
        null = ~known if null is None else null | ~known
    data = np.where(known, np.where(is_negative, -total, total), np.nan)
    return replace(value, column=replace(column, data=data, null=null))


def _plain_numbers(text: Array) -> tuple[Array, Array]:
    """Return the numbers of texts of digits and one point, 0 for none, and which are no such."""
    whole, _, part = np.strings.partition(text, ".")
    digits = np.strings.add(whole, part)
    wrong = (text != "") & ~np.strings.isdecimal(digits)
    plain = np.where(wrong | (text == ""), "0", text)
    return plain.astype(np.float64), wrong


@special("part")
def part(scope: Scope, expr: Call) -> Operand:
    """Return the characters from start to stop of a text."""
    operand = as_text(scope.evaluate(expr.arguments[0]))
    start, stop = (scope.number(argument) for argument in expr.arguments[1:3])
    data = np.strings.slice(operand.column.data, start, stop)
    return replace(operand, column=replace(operand.column, data=data))


@special("replace")
def replaced(scope: Scope, expr: Call) -> Operand:
    """Return text with one piece of text in place of another."""
    operand = as_text(scope.evaluate(expr.arguments[0]))
    old, new = (text_literal(argument) for argument in expr.arguments[1:3])
    if not old:
        raise Fault("replace needs a text to look for, not an empty one")
    data = np.strings.replace(operand.column.data, old, new)
    return replace(operand, column=replace(operand.column, data=data))
