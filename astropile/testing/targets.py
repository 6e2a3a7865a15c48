"""What an inverse of a function is given, and what it may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from astropile.engine.operand import Operand
from astropile.expression import Call, Expr, Literal, LiteralList
from astropile.readers import Column
from astropile.schema import Block, BoundSource, Leaf
from astropile.testing.cells import CellStore, NotInvertibleError
from astropile.testing.layouts import Layout

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Inverse", "Solver", "Target", "text_of", "whole_number"]


@dataclass(frozen=True, slots=True)
class Target:
    """What is known of the leaf whose cells are looked for.

    Attributes
    ----------
    leaf : Leaf
    stored : str
        Type that its cells have where nothing else is said.
    block : Block, optional
    layout : Layout, optional
        Places along its first axis.
    nullable : bool
        Some values may be null.
    """

    leaf: Leaf
    stored: str
    block: Block | None = None
    layout: Layout | None = None
    nullable: bool = False


class Solver(Protocol):
    """What inverses use of an Inverter."""

    source: BoundSource
    lookups: Mapping[str, Mapping[str, object]]
    store: CellStore
    rng: np.random.Generator

    def is_open(self, expr: Expr) -> bool:
        """Whether an expression uses a cell that is not set yet."""
        ...

    def evaluate(self, expr: Expr) -> Operand:
        """Return the value of an expression whose cells are set."""
        ...

    def solve(self, expr: Expr, value: Column, target: Target) -> Column:
        """Set cells so that an expression gives a value; return what it gives."""
        ...


#: Solver, call, value wanted, target -> value that the call gives.
Inverse: TypeAlias = Callable[[Solver, Call, Column, Target], Column]


def text_of(expr: Expr) -> str:
    """Return an argument that is written as text, or as a bare name."""
    if isinstance(expr, Literal) and isinstance(expr.value, str):
        return expr.value
    text = getattr(expr, "text", None)
    if isinstance(text, str):
        return text
    msg = "an argument that should be written as text is computed"
    raise NotInvertibleError(msg)


def whole_number(solver: Solver, expr: Expr) -> int:
    """Return an argument that is one whole number for all rows."""
    if isinstance(expr, LiteralList) or solver.is_open(expr):
        msg = "an argument that should be a number differs by row"
        raise NotInvertibleError(msg)
    return int(solver.evaluate(expr).column.data.reshape(-1)[0])
