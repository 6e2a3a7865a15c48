"""Values that make a predicate true or false: for padding, for ``where``, for comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from astropile.expression import Binary, Call, Expr, Literal, LiteralList, Name, Unary
from astropile.readers.column import Array

__all__ = ["compared", "constant_value", "limits_of", "solve_predicate"]

Scalar = bool | int | float | str
Solution = dict[str, Scalar]
#: Operator -> what it becomes when its sides change places.
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
#: Operator -> distance from a number at which it is true, and at which it is false.
_STEPS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"==": (0, 1), "!=": (1, 0), "<": (-1, 1), "<=": (0, 1), ">": (1, -1), ">=": (0, -1)}
)


def solve_predicate(expr: Expr, *, truth: bool) -> Solution | None:
    """Return values of names that give a predicate a truth; None if there are none.

    Examples
    --------
    >>> from astropile.expression import parse
    >>> solve_predicate(parse("time != 0 and is_finite(mag)"), truth=False)
    {'time': 0}
    >>> solve_predicate(parse("lambda > 0"), truth=False)
    {'lambda': -1}
    """
    match expr:
        case Literal(value=bool() as value):
            return {} if value is truth else None
        case Name():
            return {expr.text: truth}
        case Unary(operator="not", operand=operand):
            return solve_predicate(operand, truth=not truth)
        case Binary(operator="and" | "or" as operator, left=left, right=right):
            if (operator == "and") is truth:
                return _both(left, right, truth=truth)
            first = solve_predicate(left, truth=truth)
            return solve_predicate(right, truth=truth) if first is None else first
        case Binary(operator=operator, left=left, right=right):
            return _solve_comparison(operator, left, right, truth=truth)
        case Call(function="any" | "all", arguments=arguments):
            return solve_predicate(arguments[0], truth=truth)
        case Call(function="is_finite", arguments=(Name() as name,)):
            return {name.text: 1.0 if truth else np.nan}
        case Call(function="is_null", arguments=(Name() as name,)):
            return {name.text: np.nan if truth else 1.0}
        case Call(function="any_bit", arguments=(Name() as name, *bits)):
            mask = _bit_mask(bits)
            return {name.text: mask if truth else 0}
        case _:
            return None


def _bit_mask(bits: Sequence[Expr]) -> int:
    """Return an integer with the given bits set, or the first one."""
    mask = 0
    for bit in bits:
        value = constant_value(bit)
        mask |= 1 << int(value) if value is not None else 0
    return mask or 1


def _both(left: Expr, right: Expr, *, truth: bool) -> Solution | None:
    first, second = solve_predicate(left, truth=truth), solve_predicate(right, truth=truth)
    if first is None or second is None:
        return None
    joined = first | second
    for name in first.keys() & second.keys():
        one, two = first[name], second[name]
        if isinstance(one, str) or isinstance(two, str):
            if one != two:
                return None
        elif one != two:
            joined[name] = (one + two) / 2  # between two limits
    return joined


def _solve_comparison(operator: str, left: Expr, right: Expr, *, truth: bool) -> Solution | None:
    if operator == "in":
        return _solve_membership(left, right, truth=truth)
    name, value = _name_of(left), constant_value(right)
    if name is None:
        name, value = _name_of(right), constant_value(left)
        operator = _MIRRORED.get(operator, operator)
    if name is None or value is None or operator not in _STEPS:
        return None
    yes, no = compared(operator, np.asarray([value]))
    if yes is None or no is None:
        return None
    return {name: (yes if truth else no)[0].item()}


def _solve_membership(left: Expr, right: Expr, *, truth: bool) -> Solution | None:
    name = _name_of(left)
    if name is None or not isinstance(right, LiteralList) or not right.items:
        return None
    items = [item.value for item in right.items if item.value is not None]
    if truth:
        return {name: items[0]}
    if isinstance(items[0], str):
        return {name: "".join(map(str, items)) + "-"}
    return {name: max(float(item) for item in items) + 1}


def _name_of(expr: Expr) -> str | None:
    """Return the name that an expression is, but for functions that change no constant."""
    if isinstance(expr, Call) and expr.function in ("trim", "optional", "number", "unit"):
        return _name_of(expr.arguments[0])
    return expr.text if isinstance(expr, Name) else None


def constant_value(expr: Expr) -> Scalar | None:
    """Return the value of a literal, with its sign."""
    if isinstance(expr, Unary) and expr.operator == "-":
        inner = constant_value(expr.operand)
        return -inner if isinstance(inner, (int, float)) else None
    return expr.value if isinstance(expr, Literal) else None


def compared(operator: str, bound: Array) -> tuple[Array | None, Array | None]:
    """Return values for which ``value operator bound`` is true, and for which it is false.

    Text knows only ``==`` and ``!=``; None where there is no value.
    """
    if operator not in _STEPS:
        return None, None
    yes, no = _STEPS[operator]
    if bound.dtype.kind != "U":
        return bound + yes, bound + no
    if operator not in ("==", "!="):
        return None, None
    other = np.strings.add(bound, "-")
    return (bound, other) if operator == "==" else (other, bound)


def limits_of(expr: Expr) -> dict[str, list[tuple[str, Scalar]]]:
    """Return the comparisons that all must hold, by name: what ``where`` asks of single cells."""
    found: dict[str, list[tuple[str, Scalar]]] = {}
    if isinstance(expr, Binary) and expr.operator == "and":
        for side in (expr.left, expr.right):
            for name, limits in limits_of(side).items():
                found.setdefault(name, []).extend(limits)
    elif isinstance(expr, Binary) and expr.operator in _STEPS:
        operator: str = expr.operator
        cell, value = _name_of(expr.left), constant_value(expr.right)
        if cell is None:
            cell, value = _name_of(expr.right), constant_value(expr.left)
            operator = _MIRRORED[operator]
        if cell is not None and value is not None:
            found[cell] = [(operator, value)]
    return found
