"""Leaf to bound value and back: units, sentinels, types. What the engine's Finish undoes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from astropile.engine.units import lower_units
from astropile.expression import Call, Expr, Index, LiteralList, Name, walk
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.schema import Leaf, Value
from astropile.vocabulary import conversion, parse_unit

__all__ = ["Binding", "bind_leaf", "choose_sentinels", "finish_truth"]

Factor = float | Callable[[Array], Array] | None
SENTINEL_FRACTION = 0.02
#: Functions through which a sentinel passes unchanged.
_TRANSPARENT = frozenset(
    {
        *("optional", "coalesce", "trim", "unit", "text", "number", "numbers"),
        *("axes", "flat", "concat", "stack", "reverse"),
    }
)


@dataclass(frozen=True, slots=True)
class Binding:
    """How a leaf is stored in one source.

    Attributes
    ----------
    leaf : Leaf
    expr : Expr
        Its expression over cells, units resolved.
    text : str
        The expression as written.
    to_leaf, to_cell : float, callable or None
        Conversion of units, there and back.
    stored : str
        Type it is stored with.
    """

    leaf: Leaf
    expr: Expr
    text: str
    to_leaf: Factor
    to_cell: Factor
    stored: str

    @property
    def is_plain(self) -> bool:
        """Whether cells hold the leaf's values as they are."""
        return self.to_leaf is None and all(
            isinstance(node, Name | Index | LiteralList)
            or (isinstance(node, Call) and node.function in _TRANSPARENT)
            for node in _value_nodes(self.expr)
        )

    @property
    def complexity(self) -> tuple[int, int]:
        """Order of solving: few cells first, then short expressions."""
        nodes = list(walk(self.expr))
        return len({n.text for n in nodes if isinstance(n, Name)}), len(nodes)

    def bound(self, values: Array) -> Array:
        """Return leaf values as the expression must give them."""
        if self.leaf.field.dtype in ("string", "bool"):
            return values
        if self.to_cell is None:
            return values.astype(self.stored, copy=False)
        # Units such as 1e34 s2 cm4 Angstrom2 / erg2 leave the range of float32 on the way.
        wide = values.astype(np.float64)
        return np.asarray(self.to_cell(wide) if callable(self.to_cell) else wide * self.to_cell)


def _value_nodes(expr: Expr) -> list[Expr]:
    """Return the nodes of an expression, without indices and texts given to functions."""
    match expr:
        case Index(item=item):
            return [expr, *_value_nodes(item)]
        case Call(function="concat" | "stack" | "coalesce", arguments=arguments):
            return [expr, *(node for a in arguments for node in _value_nodes(a))]
        case Call(arguments=arguments):
            return [expr, *_value_nodes(arguments[0])] if arguments else [expr]
        case _:
            return list(walk(expr))


def bind_leaf(leaf: Leaf, value: Value, lossy: str | None, declared: str) -> Binding:
    """Resolve the units of a bound leaf.

    Parameters
    ----------
    leaf : Leaf
        The leaf.
    value : Value
        Its expression over cells.
    lossy : str or None
        Type it is stored with, if less precise.
    declared : str
        Type of the column as declared; an id is text in the Example, but may be stored a number.
    """
    expr, unit = lower_units(value.expr)
    to_leaf: Factor = None
    to_cell: Factor = None
    if unit is not None and declared not in ("string", "bool"):
        own = parse_unit(leaf.field.unit)
        to_leaf, forth = conversion(unit, own), conversion(own, unit)
        # The same factor there and back, so that only one rounding is made.
        to_cell = 1 / to_leaf if isinstance(to_leaf, float) else forth
    return Binding(leaf, expr, value.text, to_leaf, to_cell, lossy or declared)


def choose_sentinels(
    binding: Binding, values: Array, rng: np.random.Generator
) -> tuple[Array, Array] | None:
    """Choose about 2 % of the values to be sentinels, at least one.

    Returns
    -------
    (places, sentinels) or None
        Places in the flat array; None if the leaf has no sentinels that its cells can hold.
    """
    field = binding.leaf.field
    is_text = field.dtype == "string"
    known = [s for s in field.missing if isinstance(s, str) == is_text]
    if not known or not values.size or not binding.is_plain or values.dtype.kind == "b":
        return None
    if values.dtype.kind in "iu" and binding.leaf.axes:
        return None  # arrays of integers keep their sentinels: they are values like others
    if values.dtype.kind in "iu":
        limits = np.iinfo(values.dtype)
        known = [s for s in known if float(s) == int(s) and limits.min <= s <= limits.max]  # type: ignore[operator]
        if not known:
            return None
    count = max(1, round(SENTINEL_FRACTION * values.size))
    places = rng.choice(values.size, count, replace=False)
    return places, np.resize(np.array(known), count)


def with_sentinels(values: Array, chosen: tuple[Array, Array] | None) -> Array:
    """Return values with sentinels put in; text widens where it must."""
    if chosen is None:
        return values
    places, sentinels = chosen
    if values.dtype.kind == "U":
        values = values.astype(np.result_type(values, sentinels))
    flat = np.array(values).reshape(-1)
    flat[places] = sentinels.astype(flat.dtype)
    return flat.reshape(values.shape)


def finish_truth(binding: Binding, column: Column) -> Column:
    """Return the leaf that bound values mean: unit, type, sentinels as nulls.

    Parameters
    ----------
    binding : Binding
        How the leaf is stored.
    column : Column
        Values as the expression gives them.
    """
    field = binding.leaf.field
    data = column.data
    if field.dtype == "string":
        text = data if data.dtype.kind == "U" else data.astype(np.str_)
        words = [s for s in field.missing if isinstance(s, str)]
        null = np.isin(text, words) if words and column.ndim == 0 else None
        return replace(column, data=text, null=_joined(column.null, null))
    if field.dtype == "bool":
        return replace(column, data=data.astype(bool))
    if data.dtype.kind == "U":
        data = data.astype(np.float64)
    if binding.to_leaf is not None:
        data = binding.to_leaf(data) if callable(binding.to_leaf) else data * binding.to_leaf
    sentinels = [s for s in field.missing if not isinstance(s, str)]
    hit = np.zeros(data.shape, dtype=bool)
    if sentinels:
        numbers = np.array(sentinels, dtype=np.float64)
        hit = np.isin(data, numbers.astype(data.dtype) if data.dtype.kind == "f" else numbers)
    target = np.dtype(field.dtype)
    if column.ndim == 0:
        null = hit | np.isnan(data) if data.dtype.kind == "f" else hit
        data = np.where(null, 0, data) if target.kind != "f" else data
        return replace(column, data=data.astype(target), null=_joined(column.null, null))
    if target.kind == "f" and hit.any():
        data = np.where(hit, np.nan, data)
    return replace(column, data=data.astype(target, copy=False))


def _joined(first: Array | None, second: Array | None) -> Array | None:
    """Join two masks; None where nothing is null."""
    if second is None or not second.any():
        return first
    return second if first is None else first | second
