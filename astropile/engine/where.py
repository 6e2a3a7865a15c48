"""A filter of rows: an expression over leaves, by any of their names, checked before data is read.

The language is that of formulas. Numbers are in the unit of the column they are compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from astropile.document import did_you_mean
from astropile.engine.evaluate import Evaluator
from astropile.engine.logic import row_truth
from astropile.engine.operand import Fault, rows_of
from astropile.engine.units import lower_units
from astropile.errors import LeafError, UsageError
from astropile.expression import (
    Binary,
    Call,
    Expr,
    ExpressionError,
    Index,
    Kind,
    Literal,
    LiteralList,
    Name,
    Slice,
    Unary,
    children,
    infer_unit,
    names,
    parse,
    result_kind,
    walk,
)
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.vocabulary import parse_unit

if TYPE_CHECKING:
    from astropy.units import UnitBase

    from astropile.schema import Leaf, SurveySchema

__all__ = ["Where", "compile_where"]

_ARITHMETIC = frozenset(("+", "-", "*", "/", "//", "%", "**"))
_REDUCTIONS = frozenset(
    ("sum", "mean", "median", "min", "max", "any", "all", "count", "one", "dim")
)  # fmt: skip
_ARRAYS = frozenset(("numbers", "split", "grid", "pad", "repeat", "tile", "concat", "stack"))


@dataclass(frozen=True)
class Where:
    """A filter, ready to be used on batches of finished leaves.

    Attributes
    ----------
    text : str
        As it was written.
    survey : str
        Id of the survey, for messages.
    expr : Expr
        Its tree; names are addresses of leaves, units are resolved.
    leaves : mapping of str to Leaf
        What it reads.
    lookups : mapping
        Dictionaries of the survey.
    """

    text: str
    survey: str
    expr: Expr
    leaves: Mapping[str, Leaf]
    lookups: Mapping[str, Mapping[str, object]]

    @property
    def key(self) -> str:
        """Text that tells the filter from every other."""
        return self.text

    def passes(self, columns: Mapping[str, Column], n: int) -> Array:
        """Return which of n rows the filter is true for: neither false nor null.

        Parameters
        ----------
        columns : mapping of str to Column
            Finished leaves by address; one that is not there is null.

        Raises
        ------
        LeafError
            A value does not allow an operation.
        """

        def lookup(name: Name) -> Column:
            return columns[name.text] if name.text in columns else _null(self.leaves[name.text], n)

        try:
            found = Evaluator(lookup, n, self.lookups).evaluate(self.expr)
            return row_truth(replace(found, column=rows_of(found, n), constant=False))
        except Fault as fault:
            where = f"{self.survey}, filter {self.text!r}"
            raise LeafError(fault.message, where=where, hint=fault.hint) from fault


def _null(leaf: Leaf, n: int) -> Column:
    """Return the column of a leaf that the files do not hold."""
    kind = {"string": "U1", "bool": "bool"}.get(leaf.field.dtype, "float64")
    return Column(np.zeros(n, dtype=kind), null=np.ones(n, dtype=bool))


def compile_where(text: str, schema: SurveySchema, resolve: Callable[[str], Leaf]) -> Where:
    """Compile a filter: names, kinds and units are checked.

    Parameters
    ----------
    text : str
        An expression over leaves that is true or false.
    schema : SurveySchema
        The survey.
    resolve : callable
        Gives the leaf of a name, or raises what is wrong with it.

    Raises
    ------
    UsageError
        The text is no expression, or can never be true or false.
    ColumnError
        A name is unknown or ambiguous.
    """
    given: object = text
    if not isinstance(given, str):
        msg = f"a filter is text, got {type(given).__name__}"
        hint = 'write filter("mag_cmodel_i < 22.5"), or filter(region=...) for a part of the sky'
        raise UsageError(msg, where=schema.id, hint=hint)
    compiler = _Compiler(text, schema, {})
    try:
        expr = parse(text)
        for name in names(expr):
            compiler.leaves[name.text] = resolve(name.text)
        compiler.check(expr)
        infer_unit(expr, compiler.unit_of)
        lowered, _ = lower_units(expr, compiler.unit_of)
    except ExpressionError as error:
        compiler.refuse(error)
    leaves = {leaf.address: leaf for leaf in compiler.leaves.values()}
    return Where(text, schema.id, compiler.addressed(lowered), leaves, schema.file.lookups)


@dataclass(frozen=True, slots=True)
class _Compiler:
    text: str
    schema: SurveySchema
    leaves: dict[str, Leaf]

    def refuse(self, error: ExpressionError) -> NoReturn:
        """Raise what is wrong, with the place in the text."""
        caret = " " * error.start + "^" * max(1, error.end - error.start)
        msg = f"the filter cannot be used: {error.message}\n | {self.text}\n | {caret}"
        raise UsageError(msg, where=self.schema.id, hint=error.help) from error

    def unit_of(self, name: Name) -> UnitBase | None:
        """Return the unit of a leaf; None where there is none to go by."""
        field = self.leaves[name.text].field
        is_unknown = not field.unit and "unit" in field.unverified
        if is_unknown or field.dtype in ("string", "bool"):
            return None
        return parse_unit(field.unit)

    def kind_of(self, name: Name) -> Kind:
        """Return the kind of a leaf."""
        match self.leaves[name.text].field.dtype:
            case "bool":
                return "bool"
            case "string":
                return "text"
            case _:
                return "number"

    def kind(self, expr: Expr) -> Kind:
        """Return the kind of an expression."""
        return result_kind(expr, self.kind_of)

    def addressed(self, expr: Expr) -> Expr:
        """Return the tree with the names of leaves replaced by their addresses."""
        match expr:
            case Name():
                address = self.leaves[expr.text].address
                return replace(expr, parts=tuple(address.split(".")), attribute=None)
            case Unary():
                return replace(expr, operand=self.addressed(expr.operand))
            case Binary():
                left, right = self.addressed(expr.left), self.addressed(expr.right)
                return replace(expr, left=left, right=right)
            case Call():
                return replace(expr, arguments=tuple(map(self.addressed, expr.arguments)))
            case Index():
                return replace(expr, item=self.addressed(expr.item))
            case _:
                return expr

    def check(self, expr: Expr) -> None:
        """Check the kinds of all parts, and that the whole is one truth a row.

        Raises
        ------
        ExpressionError
            With the place of what does not go together.
        """
        for node in walk(expr):
            self._check_node(node)
        if self.kind(expr) not in ("bool", "unknown"):
            msg = f"a filter must be true or false, but this gives a {self.kind(expr)}"
            raise ExpressionError(msg, expr.start, expr.end, "compare it: x < 22.5, x == 'a'")
        if self.rank(expr) > 0:
            msg = "this gives an array for each object"
            raise ExpressionError(msg, expr.start, expr.end, "say any(...) or all(...)")

    def _check_node(self, node: Expr) -> None:
        match node:
            case Call(function="row"):
                msg = "row() has no meaning in a filter"
                raise ExpressionError(msg, node.start, node.end, "use head() or sample()")
            case Call(function="lookup", arguments=(_, Literal(value=name), *_)):
                if name not in self.schema.file.lookups:
                    hint = did_you_mean(str(name), self.schema.file.lookups)
                    raise ExpressionError(f"'{name}' is no lookup", node.start, node.end, hint)
            case Unary(operator="not", operand=operand):
                self._want(operand, "bool", "not needs true or false")
            case Binary(operator="and" | "or" as operator):
                for side in (node.left, node.right):
                    self._want(side, "bool", f"{operator} needs true or false")
            case Unary() | Binary() if node.operator in _ARITHMETIC:
                for side in children(node):
                    self._want(side, "number", f"'{node.operator}' needs numbers")
            case Binary():
                self._check_comparison(node)

    def _want(self, expr: Expr, kind: Kind, why: str) -> None:
        found = self.kind(expr)
        if found not in (kind, "unknown"):
            hint = "number(x) reads a text" if found == "text" else "compare: x != 0, x == 'a'"
            msg = f"{why}, but this is a {_SAID[found]}"
            raise ExpressionError(msg, expr.start, expr.end, hint)

    def _check_comparison(self, node: Binary) -> None:
        left, right = self.kind(node.left), self.kind(node.right)
        if left != right and "unknown" not in (left, right):
            hint = "number(x) reads a text, text(x) writes a number; texts stand in quotes"
            msg = f"a {_SAID[left]} is compared with a {_SAID[right]}"
            raise ExpressionError(msg, node.start, node.end, hint)

    def rank(self, expr: Expr) -> int:
        """Return the number of axes of one row's value, as far as it is sure."""
        match expr:
            case Name():
                return len(self.leaves[expr.text].axes)
            case Literal() | LiteralList():
                return 0
            case Index(item=item, indices=indices):
                taken = sum(not isinstance(index, Slice) for index in indices)
                return max(0, self.rank(item) - taken)
            case Call(function="index", arguments=(item, _)):
                return max(0, self.rank(item) - 1)
            case Call(function=function, arguments=arguments) if function in _REDUCTIONS:
                is_along = function != "dim" and len(arguments) > 1
                return max(0, self.rank(arguments[0]) - 1) if is_along else 0
            case Call(function=function) if function in _ARRAYS:
                return 1
            case _:
                return max((self.rank(child) for child in children(expr)), default=0)


_SAID: dict[Kind, str] = {
    "bool": "truth value", "number": "number", "text": "text", "unknown": "value",
}  # fmt: skip
