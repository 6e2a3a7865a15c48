"""The parts of an expression. Every node knows its place in the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a text, true, false or null."""

    value: int | float | str | bool | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LiteralList:
    """Constants in brackets: ``['g', 'r']``."""

    items: tuple[Literal, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Name:
    """A cell, a leaf or a capture: ``a.b.c@KEY``."""

    parts: tuple[str, ...]
    attribute: str | None
    start: int
    end: int

    @property
    def text(self) -> str:
        """The address as one string."""
        path = ".".join(self.parts)
        return path if self.attribute is None else f"{path}@{self.attribute}"


@dataclass(frozen=True, slots=True)
class Call:
    """A function of section 6 of the language."""

    function: str
    arguments: tuple[Expr, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Unary:
    """``-x`` or ``not x``."""

    operator: str
    operand: Expr
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, a comparison, ``in``, ``and`` or ``or``."""

    operator: str
    left: Expr
    right: Expr
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Slice:
    """``a:b`` inside brackets."""

    first: Expr | None
    last: Expr | None


@dataclass(frozen=True, slots=True)
class Index:
    """``x[i, a:b]``; indices count the axes of one row."""

    item: Expr
    indices: tuple[Expr | Slice, ...]
    start: int
    end: int


Expr: TypeAlias = Literal | LiteralList | Name | Call | Unary | Binary | Index


def children(expr: Expr) -> Iterator[Expr]:
    """Yield the nodes just below a node, in the order of the text."""
    match expr:
        case Call(arguments=arguments):
            yield from arguments
        case Unary(operand=operand):
            yield operand
        case Binary(left=left, right=right):
            yield left
            yield right
        case Index(item=item, indices=indices):
            yield item
            for index in indices:
                parts = (index.first, index.last) if isinstance(index, Slice) else (index,)
                yield from (part for part in parts if part is not None)


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield a node and all nodes below it, outer first."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def names(expr: Expr) -> list[Name]:
    """Return the names in an expression, in order of appearance, each address once."""
    found: dict[tuple[tuple[str, ...], str | None], Name] = {}
    for node in walk(expr):
        if isinstance(node, Name):
            found.setdefault((node.parts, node.attribute), node)
    return list(found.values())
