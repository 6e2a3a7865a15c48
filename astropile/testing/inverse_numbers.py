"""Inverses of functions of numbers, bits and physics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from astropile.engine.functions.numbers import AB_ZERO_JY, air_to_vacuum, vacuum_to_air
from astropile.engine.operand import Operand, spread
from astropile.expression import Call
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.testing.targets import Inverse, Solver, Target, whole_number

__all__ = ["NUMBER_INVERSES"]

Change = Callable[[Array], Array]
#: Bits that ``any_bit(x)`` is made true with.
FIRST_BITS = 8


def _monotone(undo: Change, redo: Change, limit: Change | None = None) -> Inverse:
    """Make the inverse of a function of one number; ``limit`` brings values into its range."""

    def inverse(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
        data = value.data if limit is None else limit(value.data)
        with np.errstate(divide="ignore", invalid="ignore"):
            wanted = replace(value, data=undo(data))
            inner = solver.solve(expr.arguments[0], wanted, target)
            return replace(inner, data=redo(inner.data))

    return inverse


def _clip(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    limits = [solver.evaluate(limit) for limit in expr.arguments[1:]]
    common = spread([Operand(value), *limits])
    data = np.broadcast_to(np.clip(*common.arrays), value.data.shape)
    return solver.solve(expr.arguments[0], replace(value, data=data), target)


def _any_bit(solver: Solver, expr: Call, value: Column, target: Target) -> Column:
    """Undo ``any_bit``: 0, or one of the bits."""
    bits = [whole_number(solver, bit) for bit in expr.arguments[1:]]
    given = 1 << np.array(bits or range(FIRST_BITS), dtype=np.int64)
    chosen = given[solver.rng.integers(len(given), size=value.data.shape)]
    numbers = np.where(value.data, chosen, 0)
    stored = "int64" if int(given.max()) >= 2**31 else "int32"
    cells = replace(value, data=numbers.astype(stored))
    solver.solve(expr.arguments[0], cells, replace(target, stored=stored))
    return value


def _positive(data: Array) -> Array:
    return np.abs(data)


def _unit_interval(data: Array) -> Array:
    return np.clip(data, -1.0, 1.0)


def _same(data: Array) -> Array:
    return data


NUMBER_INVERSES: Mapping[str, Inverse] = MappingProxyType(
    {
        "abs": _monotone(_same, np.abs, _positive),
        "sqrt": _monotone(np.square, np.sqrt, _positive),
        "exp": _monotone(np.log, np.exp, _positive),
        "ln": _monotone(np.exp, np.log),
        "log10": _monotone(lambda x: np.power(10.0, x), np.log10),
        "sin": _monotone(np.arcsin, np.sin, _unit_interval),
        "cos": _monotone(np.arccos, np.cos, _unit_interval),
        "floor": _monotone(_same, np.floor, np.floor),
        "round": _monotone(_same, np.round, np.round),
        "ab_mag": _monotone(
            lambda mag: AB_ZERO_JY * 10 ** (-0.4 * mag),
            lambda flux_jy: -2.5 * np.log10(flux_jy / AB_ZERO_JY),
        ),
        "ab_flux": _monotone(
            lambda flux_jy: -2.5 * np.log10(flux_jy / AB_ZERO_JY),
            lambda mag: AB_ZERO_JY * 10 ** (-0.4 * mag),
            _positive,
        ),
        "air_to_vacuum": _monotone(vacuum_to_air, air_to_vacuum),
        "vacuum_to_air": _monotone(air_to_vacuum, vacuum_to_air),
        "clip": _clip,
        "any_bit": _any_bit,
    }
)
