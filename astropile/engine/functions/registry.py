"""How a function of the language finds its implementation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from astropile.engine.operand import Fault, Operand
from astropile.expression import Call, Expr, Literal, Name
from astropile.readers.column import Array


class Scope(Protocol):
    """What an implementation may ask of the evaluator."""

    n: int
    lookups: Mapping[str, Mapping[str, object]]
    row_numbers: Array | None

    def evaluate(self, expr: Expr) -> Operand:
        """Return the value of a sub-expression."""
        ...

    def number(self, expr: Expr) -> int:
        """Return a sub-expression that is one whole number."""
        ...


Implementation: TypeAlias = Callable[[Scope, Call], Operand]
IMPLEMENTATIONS: dict[str, Implementation] = {}


def special(name: str) -> Callable[[Implementation], Implementation]:
    """Register a function that takes its arguments unevaluated."""

    def register(implementation: Implementation) -> Implementation:
        IMPLEMENTATIONS[name] = implementation
        return implementation

    return register


def function(name: str) -> Callable[[Callable[..., Operand]], Callable[..., Operand]]:
    """Register a function of evaluated operands."""

    def register(implementation: Callable[..., Operand]) -> Callable[..., Operand]:
        def call(scope: Scope, expr: Call) -> Operand:
            return implementation(*(scope.evaluate(argument) for argument in expr.arguments))

        IMPLEMENTATIONS[name] = call
        return implementation

    return register


def text_literal(expr: Expr) -> str:
    """Return an argument that is written as text, or as a bare name."""
    if isinstance(expr, Literal) and isinstance(expr.value, str):
        return expr.value
    if isinstance(expr, Name):
        return expr.text
    raise Fault("this argument must be written as text")
