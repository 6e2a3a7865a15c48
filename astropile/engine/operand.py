"""What an expression computes with: a column, and how operands are brought to one shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np

from astropile.readers import Column
from astropile.readers.column import Array


class Fault(Exception):  # noqa: N818 - becomes a LeafError where file and leaf are known
    """A value that cannot be computed.

    Attributes
    ----------
    message : str
        What is wrong, with the value got.
    rows : ndarray of bool, optional
        Rows of the batch at fault; None if it is not a matter of single rows.
    hint : str
        The next step.
    """

    def __init__(self, message: str, *, rows: Array | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.rows = rows
        self.hint = hint


class AbsentCellError(LookupError):
    """A cell that this file lacks; only ``optional`` and ``coalesce`` accept it."""


@dataclass(frozen=True, slots=True)
class Operand:
    """A column inside an expression.

    Attributes
    ----------
    column : Column
        Its values; one row if ``constant``.
    axes : tuple of str, optional
        Named axes given by ``axes(x, '...')``.
    constant : bool
        One row that stands for every row.
    """

    column: Column
    axes: tuple[str, ...] | None = None
    constant: bool = False

    @property
    def is_text(self) -> bool:
        """Whether the values are text."""
        return self.column.data.dtype.kind == "U"

    @property
    def ndim(self) -> int:
        """Number of axes of one row."""
        return self.column.ndim


@dataclass(frozen=True, slots=True)
class Spread:
    """Operands brought to one shape: arrays that NumPy broadcasts, and the frame of the result."""

    arrays: tuple[Array, ...]
    unknown: tuple[Array | None, ...]
    frame: Column
    constant: bool

    def result(
        self, data: Array, *, null: Array | None = None, holes: Array | None = None
    ) -> Operand:
        """Make an operand of the common shape; the rows' nulls are joined to ``null``."""
        joined = either(self.frame.null, null)
        shape = self.frame.data.shape
        full = data if data.shape == shape else np.broadcast_to(data, shape)
        if holes is not None and holes.shape != shape:
            holes = np.broadcast_to(holes, shape)
        column = replace(self.frame, data=full, null=joined, holes=holes)
        return Operand(column, constant=self.constant)


def constant(value: Any) -> Operand:
    """Return an operand that has the same value in every row; None is null."""
    if value is None:
        return Operand(Column(np.array([np.nan]), null=np.array([True])), constant=True)
    return Operand(Column(np.asarray([value])), constant=True)


def rows_of(operand: Operand, n: int) -> Column:
    """Return the column with ``n`` rows, repeating a constant without copying its data."""
    column = operand.column
    if not operand.constant or (len(column) == n and column.offsets is not None):
        return column
    if column.offsets is not None:
        return column.take(np.zeros(n, dtype=np.int64))
    data = np.broadcast_to(column.data, (n, *column.data.shape[1:]))
    null = None if column.null is None else np.broadcast_to(column.null, (n,))
    holes = None if column.holes is None else np.broadcast_to(column.holes, data.shape)
    return Column(data, null=null, holes=holes)


def spread(operands: Sequence[Operand]) -> Spread:
    """Bring operands to one shape: scalars of a row spread over its arrays, nothing else does.

    Raises
    ------
    Fault
        Two arrays of a row differ in shape.
    """
    is_constant = all(operand.constant for operand in operands)
    n = max((len(o.column) for o in operands if not o.constant), default=1)
    leader = max(operands, key=lambda o: (o.ndim, o.column.offsets is not None, not o.constant))
    lead = leader.column if is_constant else rows_of(leader, n)
    ragged = next((o.column for o in operands if o.column.offsets is not None), None)
    if ragged is not None and lead.offsets is None:
        lead = lead.ragged()
    arrays, unknown, nulls = [], [], []
    for operand in operands:
        array, holes = _to_shape(operand, lead)
        arrays.append(array)
        null = operand.column.null
        nulls.append(null)
        unknown.append(either(holes, _spread_mask(null, operand, lead)))
    null = either(*nulls)
    if null is not None and len(null) != len(lead):
        null = np.broadcast_to(null, (len(lead),))
    return Spread(tuple(arrays), tuple(unknown), replace(lead, null=null, holes=None), is_constant)


def either(*masks: Array | None) -> Array | None:
    """Return what is set in one of several masks; None if there is no mask."""
    known = [mask for mask in masks if mask is not None]
    return reduce(np.logical_or, known) if known else None


def _to_shape(operand: Operand, lead: Column) -> tuple[Array, Array | None]:
    column = operand.column
    inner = (1,) * (lead.data.ndim - 1)
    if column.ndim == 0:
        if operand.constant or lead.offsets is None:
            data = column.data.reshape(-1, *inner)
        else:
            counts = np.diff(lead.offsets)
            data = np.repeat(column.data, counts).reshape(-1, *inner)
        return data, None
    if lead.offsets is not None and column.offsets is None:
        column = rows_of(operand, len(lead)).ragged()
    same = column.data.shape[1:] == lead.data.shape[1:] and _same(column.shapes, lead.shapes)
    if lead.offsets is not None:
        same = same and np.array_equal(column.offsets, lead.offsets)  # type: ignore[arg-type]
    if not same:
        raise Fault(f"shapes differ: {describe_shape(column)} and {describe_shape(lead)}")
    return column.data, column.holes


def _same(first: Array | None, second: Array | None) -> bool:
    if first is None or second is None:
        return first is second
    return np.array_equal(first, second)


def _spread_mask(null: Array | None, operand: Operand, lead: Column) -> Array | None:
    """Return a row mask at the shape of the elements."""
    if null is None:
        return None
    inner = (1,) * (lead.data.ndim - 1)
    if operand.constant or lead.offsets is None:
        return np.asarray(null.reshape(-1, *inner))
    return np.repeat(null, np.diff(lead.offsets)).reshape(-1, *inner)


def rows_with(column: Column, flags: Array) -> Array:
    """Return which rows hold an element that is flagged."""
    flat = flags.reshape(len(flags), -1).any(axis=1)
    if column.offsets is None:
        return np.asarray(flat)
    rows = np.zeros(len(column), dtype=bool)
    rows[np.repeat(np.arange(len(column)), np.diff(column.offsets))[flat]] = True
    return rows


def describe_shape(column: Column) -> str:
    """Return the shape of one row for an error message."""
    if column.shapes is not None:
        return f"({', '.join('*' for _ in range(column.ndim))})"
    if column.offsets is not None:
        return f"(*{''.join(f', {k}' for k in column.data.shape[1:])})"
    return str(column.data.shape[1:])


def numeric(operand: Operand) -> Operand:
    """Return numbers: text is parsed, and text that is empty is null.

    Raises
    ------
    Fault
        A text is no number.
    """
    if not operand.is_text:
        return operand
    column = operand.column
    data = np.strings.strip(column.data)
    empty = data == ""
    filled = np.where(empty, "0", data)
    try:
        numbers = _parse_numbers(filled)
    except ValueError:
        words, inverse = np.unique(filled, return_inverse=True)
        wrong = np.array([not _is_number(word) for word in words.tolist()])
        bad = wrong[inverse].reshape(filled.shape)
        raise Fault(f"'{filled[bad][0]}' is not a number", rows=rows_with(column, bad)) from None
    if column.ndim == 0:
        return replace(
            operand, column=replace(column, data=numbers, null=either(column.null, empty))
        )
    if empty.any():
        numbers = np.where(empty, np.nan, numbers)
    return replace(operand, column=replace(column, data=numbers))


def _parse_numbers(text: Array) -> Array:
    try:
        return text.astype(np.int64)
    except (ValueError, OverflowError):
        return text.astype(np.float64)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def apply(function: Callable[..., Array], *operands: Operand) -> Operand:
    """Apply a NumPy function element by element to numbers."""
    common = spread([numeric(operand) for operand in operands])
    with np.errstate(all="ignore"):
        data = function(*common.arrays)
    holes = None
    if common.frame.ndim and data.dtype.kind != "f":
        for mask in common.unknown:
            holes = either(holes, mask)
    return common.result(data, holes=holes)
