"""Cells under construction: whole ones, and parts such as ``FLUX[2]`` that several leaves fill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from astropile.engine.plan import PATH, cell_of_name
from astropile.expression import Call, Expr, Index, Literal, Name, Slice, Unary, children
from astropile.readers import Column
from astropile.readers.column import Array, Rows
from astropile.schema import BoundSource

__all__ = ["CellStore", "Key", "NotInvertibleError", "Slot", "key_of", "slot_of", "slots"]

#: Table and cell; captures of the path have the table ``path``.
Key: TypeAlias = tuple[str, str]
#: One index of a cell: a number, or first and last of a slice.
Part: TypeAlias = int | tuple[int | None, int | None]
Slot: TypeAlias = tuple[Key, tuple[Part, ...]]


class NotInvertibleError(Exception):
    """No cells give the value; becomes a UsageError where the leaf is known."""


def key_of(name: Name, source: BoundSource) -> Key:
    """Return the cell that a name means."""
    if name.parts[0] == PATH:
        return PATH, ".".join(name.parts[1:])
    return cell_of_name(name, source)


def slot_of(expr: Expr, source: BoundSource) -> Slot | None:
    """Return the cell, or the part of one, that an expression is; None if it is more than that."""
    if isinstance(expr, Name):
        return key_of(expr, source), ()
    if not isinstance(expr, Index) or not isinstance(expr.item, Name):
        return None
    parts = tuple(_part(index) for index in expr.indices)
    known = tuple(part for part in parts if part is not None)
    if len(known) < len(parts):
        return None
    whole = all(part == (None, None) for part in known)
    return key_of(expr.item, source), () if whole else known


def _part(index: Expr | Slice) -> Part | None:
    if isinstance(index, Slice):
        ends = [None if end is None else _whole(end) for end in (index.first, index.last)]
        given = [end is not None for end in (index.first, index.last)]
        broken = any(g and e is None for g, e in zip(given, ends, strict=True))
        return None if broken else (ends[0], ends[1])
    return _whole(index)


def _whole(expr: Expr) -> int | None:
    """Return a literal whole number."""
    if isinstance(expr, Unary) and expr.operator == "-":
        inner = _whole(expr.operand)
        return None if inner is None else -inner
    is_number = isinstance(expr, Literal) and isinstance(expr.value, int)
    return int(expr.value) if is_number else None  # type: ignore[union-attr,arg-type]


def slots(expr: Expr, source: BoundSource) -> Iterator[Slot]:
    """Yield the cells and parts of cells whose values an expression uses; ``dim`` uses none."""
    slot = slot_of(expr, source)
    if slot is not None:
        yield slot
        return
    if isinstance(expr, Call) and expr.function in ("dim", "row"):
        return
    inner = children(expr)
    if isinstance(expr, Call) and expr.function == "lookup":
        inner = iter((expr.arguments[0], *expr.arguments[2:]))
    for child in inner:
        yield from slots(child, source)


@dataclass(slots=True)
class CellStore:
    """Cells by table and name, whole or in parts.

    Attributes
    ----------
    n : int
        Rows.
    """

    n: int
    parts: dict[Key, dict[tuple[Part, ...], Column]] = field(default_factory=dict)

    def put(self, slot: Slot, column: Column) -> None:
        """Set a cell, or a part of one."""
        key, place = slot
        self.parts.setdefault(key, {})[place] = column

    def has(self, slot: Slot) -> bool:
        """Whether a cell, or this part of it, is set."""
        key, place = slot
        known = self.parts.get(key, {})
        return place in known or () in known

    def column(self, key: Key) -> Column | None:
        """Return a cell, made of its parts; None if nothing of it is set."""
        known = self.parts.get(key)
        if not known:
            return None
        return known[()] if () in known else _assemble(known, key)

    def columns(self) -> dict[Key, Column]:
        """Return all cells."""
        found = {key: self.column(key) for key in list(self.parts)}
        return {key: column for key, column in found.items() if column is not None}

    def take(self, rows: Rows) -> CellStore:
        """Return the same cells for some rows."""
        parts: dict[Key, dict[tuple[Part, ...], Column]] = {
            key: {(): column.take(rows)} for key, column in self.columns().items()
        }
        return CellStore(len(np.arange(self.n)[rows]), parts)


def _assemble(known: Mapping[tuple[Part, ...], Column], key: Key) -> Column:
    """Make one array of the parts of a cell; places that none fills are 0."""
    if any(column.offsets is not None for column in known.values()):
        msg = f"parts of {'.'.join(key)} differ in length by row"
        raise NotInvertibleError(msg)
    shapes = [_shape(place, column) for place, column in known.items()]
    if len({len(shape) for shape in shapes}) > 1:
        msg = f"parts of {'.'.join(key)} differ in their axes"
        raise NotInvertibleError(msg)
    shape = tuple(max(lengths) for lengths in zip(*shapes, strict=True))
    arrays: list[Array] = [column.data for column in known.values()]
    data = np.zeros((len(arrays[0]), *shape), dtype=np.result_type(*arrays))
    for place, column in known.items():
        where = [part if isinstance(part, int) else slice(*part) for part in place]
        data[(slice(None), *where)] = column.data
    return Column(data)


def _shape(place: tuple[Part, ...], column: Column) -> tuple[int, ...]:
    """Return the least shape of one row of a cell that has a part at some place."""
    inner = list(column.data.shape[1:])
    shape = []
    for part in place:
        if isinstance(part, int):
            shape.append(part + 1 if part >= 0 else -part)
            continue
        length = inner.pop(0)
        first, last = part
        if last is not None and last < 0:
            length -= last
        shape.append(length + max(0, first or 0))
    return (*shape, *inner)
