"""Finds cells that give the values wanted: every expression is undone from the outside in.

Solving returns the value that the cells give. It is the one wanted, except where the expression
cannot give all values (a dictionary, a prefix, a flag made of two cells): then it is the nearest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from astropile.engine.evaluate import Evaluator
from astropile.engine.operand import AbsentCellError, Fault, Operand, apply, rows_of, spread
from astropile.expression import Binary, Call, Expr, Index, Name, Unary
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.schema import BoundSource
from astropile.testing.cells import CellStore, NotInvertibleError, key_of, slot_of, slots
from astropile.testing.inverse_arrays import ARRAY_INVERSES
from astropile.testing.inverse_numbers import NUMBER_INVERSES
from astropile.testing.inverse_text import TEXT_INVERSES
from astropile.testing.predicates import compared, solve_predicate
from astropile.testing.targets import Inverse, Target

__all__ = ["Inverter"]


#: Inverses of functions by name.
_INVERSES: Mapping[str, Inverse] = MappingProxyType(
    {**ARRAY_INVERSES, **NUMBER_INVERSES, **TEXT_INVERSES}
)
_UNDO: Mapping[str, tuple[Callable[..., Array], Callable[..., Array]]] = MappingProxyType(
    {
        "+": (lambda v, k: v - k, lambda v, k: v - k),
        "-": (lambda v, k: v + k, lambda v, k: k - v),
        "*": (lambda v, k: v / k, lambda v, k: v / k),
        "/": (lambda v, k: v * k, lambda v, k: k / v),
        "**": (lambda v, k: np.power(v, 1.0 / k), lambda v, k: np.log(v) / np.log(k)),
    }
)
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})
_REDO: Mapping[str, Callable[..., Array]] = MappingProxyType(
    {
        "+": np.add,
        "-": np.subtract,
        "*": np.multiply,
        "/": np.true_divide,
        "**": lambda base, exponent: np.power(base.astype(np.float64), exponent),
    }
)


@dataclass(slots=True)
class Inverter:
    """Cells of one source for some rows.

    Attributes
    ----------
    source : BoundSource
    lookups : mapping
        Dictionaries of the survey.
    store : CellStore
        Cells found so far.
    rng : Generator
        Chooses where several cells would do.
    """

    source: BoundSource
    lookups: Mapping[str, Mapping[str, object]]
    store: CellStore
    rng: np.random.Generator

    def is_open(self, expr: Expr) -> bool:
        """Whether an expression uses a cell that is not set yet."""
        return any(not self.store.has(slot) for slot in slots(expr, self.source))

    def evaluate(self, expr: Expr) -> Operand:
        """Return the value of an expression whose cells are set."""

        def lookup(name: Name) -> Column:
            column = self.store.column(key_of(name, self.source))
            if column is None:
                raise AbsentCellError(name.text)
            return column

        scope = Evaluator(lookup, self.store.n, self.lookups)
        try:
            return scope.evaluate(expr)
        except Fault as fault:
            raise NotInvertibleError(fault.message) from fault
        except AbsentCellError as error:
            msg = f"{error} follows from nothing"
            raise NotInvertibleError(msg) from error

    def solve(self, expr: Expr, value: Column, target: Target) -> Column:
        """Set cells so that an expression gives a value.

        Parameters
        ----------
        expr : Expr
            An open expression, units resolved.
        value : Column
            What it should give for every row.
        target : Target
            How the cell is stored.

        Returns
        -------
        Column
            What it gives.

        Raises
        ------
        NotInvertibleError
            No rule undoes the expression.
        """
        slot = slot_of(expr, self.source)
        if slot is not None and not self.store.has(slot):
            column = _as_stored(value, target.stored)
            self.store.put(slot, column)
            return column
        if not self.is_open(expr):
            return rows_of(self.evaluate(expr), self.store.n)
        match expr:
            case Unary(operator="-", operand=operand):
                return _changed(
                    np.negative, self.solve(operand, _changed(np.negative, value), target)
                )
            case Unary(operand=operand):
                inner = self.solve(operand, replace(value, data=~value.data), target)
                return replace(inner, data=~inner.data)
            case Binary(operator="and" | "or"):
                return self._logic(expr, value, target)
            case Binary(operator=operator) if operator in _UNDO:
                return self._arithmetic(expr, value, target)
            case Binary(operator=operator) if operator in _COMPARISONS:
                return self._comparison(expr, value, target)
            case Call(function=function) if function in _INVERSES:
                return _INVERSES[function](self, expr, value, target)
            case Call(function=name):
                msg = f"{name}() has no inverse"
            case Binary(operator=name):
                msg = f"{name} has no inverse"
            case Index():
                msg = "parts of a computed array have no inverse"
            case _:
                msg = "it has no inverse"
        raise NotInvertibleError(msg)

    def _arithmetic(self, expr: Binary, value: Column, target: Target) -> Column:
        undo = _UNDO[expr.operator]
        left_open = self.is_open(expr.left)
        if left_open and self.is_open(expr.right):
            neutral = 0 if expr.operator in "+-" else 1
            constant = np.full(value.data.shape, neutral, dtype=value.data.dtype)
            self.solve(expr.right, replace(value, data=constant), target)
            left_open = self.is_open(expr.left)
            if not left_open:
                return rows_of(self.evaluate(expr), self.store.n)
        known = self.evaluate(expr.right if left_open else expr.left)
        wanted = _apply(undo[0 if left_open else 1], Operand(value), known)
        found = Operand(self.solve(expr.left if left_open else expr.right, wanted, target))
        sides = (found, known) if left_open else (known, found)
        return _apply(_REDO[expr.operator], *sides)

    def _logic(self, expr: Binary, value: Column, target: Target) -> Column:
        """Undo ``and``, ``or``: a side that is known may decide more than was wanted."""
        join = np.logical_and if expr.operator == "and" else np.logical_or
        sides = []
        for side in (expr.left, expr.right):
            if self.is_open(side):
                sides.append(Operand(self.solve(side, value, target)))
            else:
                sides.append(self.evaluate(side))
        return _apply(join, *sides)

    def _comparison(self, expr: Binary, value: Column, target: Target) -> Column:
        if expr.operator == "in":
            return self._membership(expr, value, target)
        left_open = self.is_open(expr.left)
        other = expr.right if left_open else expr.left
        operator = expr.operator
        if not left_open:
            operator = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(operator, operator)
        common = spread([Operand(value), self.evaluate(other)])
        truth, bound = common.arrays
        yes, no = compared(operator, bound)
        if yes is None or no is None:
            msg = f"{operator} cannot be made true and false"
            raise NotInvertibleError(msg)
        data = np.broadcast_to(np.where(truth, yes, no), value.data.shape)
        cells = replace(target, stored=str(data.dtype) if data.dtype.kind != "U" else "string")
        side = expr.left if left_open else expr.right
        self.solve(side, replace(value, data=data), cells)
        return value

    def _membership(self, expr: Binary, value: Column, target: Target) -> Column:
        yes = solve_predicate(expr, truth=True)
        no = solve_predicate(expr, truth=False)
        if not yes or not no:
            msg = "'in' needs a cell and a list of constants"
            raise NotInvertibleError(msg)
        data = np.where(value.data, *yes.values(), *no.values())
        stored = "string" if data.dtype.kind == "U" else str(data.dtype)
        self.solve(expr.left, replace(value, data=data), replace(target, stored=stored))
        return value


def _as_stored(value: Column, stored: str) -> Column:
    """Cast to the type of the leaf's cells, where that loses nothing but precision."""
    data = value.data
    if data.dtype.kind == "U" or stored == "string" or data.dtype.kind == "b":
        return value
    wanted = np.dtype(stored)
    if wanted.kind == "b" or data.dtype == wanted:
        return value
    if wanted.kind != "f" and data.dtype.kind == "f" and not np.array_equal(data, np.rint(data)):
        return value
    with np.errstate(over="ignore"):
        cast = data.astype(wanted)
    if wanted.kind == "f" and (np.isinf(cast) & np.isfinite(data)).any():
        return value
    return replace(value, data=cast)


def _changed(function: Callable[[Array], Array], column: Column) -> Column:
    return replace(column, data=function(column.data))


def _apply(function: Callable[..., Array], *operands: Operand) -> Column:
    try:
        return apply(function, *operands).column
    except Fault as fault:
        raise NotInvertibleError(fault.message) from fault
