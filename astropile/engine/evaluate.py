"""Operator Eval: one expression over columns, one column out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from astropile.engine import logic
from astropile.engine.functions import IMPLEMENTATIONS, take_elements
from astropile.engine.operand import Fault, Operand, apply, constant
from astropile.expression import (
    Binary,
    Call,
    Expr,
    Index,
    Literal,
    LiteralList,
    Name,
    Slice,
    Unary,
)
from astropile.readers import Column
from astropile.readers.column import Array


def _power(base: Array, exponent: Array) -> Array:
    # NumPy refuses integers to negative integer powers; the language has one kind of number.
    return np.power(base.astype(np.float64), exponent)


def _not_by_zero(function: Callable[..., Array]) -> Callable[..., Array]:
    """Make an integer operation give NaN, so null, where NumPy would give 0 for a zero divisor."""

    def call(dividend: Array, divisor: Array) -> Array:
        result = function(dividend, divisor)
        zero = divisor == 0
        return np.where(zero, np.nan, result) if zero.any() else result

    return call


_ARITHMETIC: dict[str, Callable[..., Array]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.true_divide,
    "//": _not_by_zero(np.floor_divide),
    "%": _not_by_zero(np.remainder),
    "**": _power,
}


@dataclass(slots=True)
class Evaluator:
    """Evaluates expressions over one batch of rows.

    Attributes
    ----------
    lookup : callable
        Gives the column of a name; raises ``AbsentCellError`` if this file lacks it.
    n : int
        Rows of the batch.
    lookups : mapping
        Dictionaries of the survey.
    row_numbers : ndarray of int64, optional
        Number of each row in its file, for ``row()``.
    """

    lookup: Callable[[Name], Column]
    n: int
    lookups: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    row_numbers: Array | None = None

    def evaluate(self, expr: Expr) -> Operand:
        """Return the value of an expression.

        Raises
        ------
        Fault
            The values do not allow the operation.
        """
        match expr:
            case Literal(value=value):
                return constant(value)
            case LiteralList(items=items):
                return constant([item.value for item in items])
            case Name():
                return Operand(self.lookup(expr))
            case Unary(operator="not", operand=operand):
                return logic.negate(self.evaluate(operand))
            case Unary(operand=operand):
                return apply(np.negative, self.evaluate(operand))
            case Binary():
                return self._binary(expr)
            case Index():
                return self._index(expr)
            case Call():
                return IMPLEMENTATIONS[expr.function](self, expr)

    def _binary(self, expr: Binary) -> Operand:
        left, right = self.evaluate(expr.left), self.evaluate(expr.right)
        if expr.operator in _ARITHMETIC:
            function = _ARITHMETIC[expr.operator]
            return apply(function, left, right)
        if expr.operator == "and":
            return logic.both(left, right)
        if expr.operator == "or":
            return logic.either(left, right)
        if expr.operator == "in":
            return logic.is_in(left, right)
        return logic.compare(expr.operator, left, right)

    def number(self, expr: Expr) -> int:
        """Return an expression that must be one whole number for all rows."""
        operand = self.evaluate(expr)
        values = np.unique(operand.column.data)
        if operand.ndim or len(values) != 1 or values.dtype.kind not in "iu":
            raise Fault("an index must be one whole number")
        return int(values[0])

    def _index(self, expr: Index) -> Operand:
        operand = self.evaluate(expr.item)
        parts: list[int | slice] = []
        for index in expr.indices:
            if isinstance(index, Slice):
                first = None if index.first is None else self.number(index.first)
                last = None if index.last is None else self.number(index.last)
                parts.append(slice(first, last))
            else:
                parts.append(self.number(index))
        if len(parts) > operand.ndim:
            raise Fault(f"{len(parts)} indices for an array of {operand.ndim} axes")
        try:
            return Operand(take_elements(operand.column, parts), constant=operand.constant)
        except IndexError as error:
            raise Fault(f"index out of range: {error}") from None
