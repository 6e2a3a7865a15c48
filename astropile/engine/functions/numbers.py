"""Numbers, bits and physics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from astropile.engine.functions.registry import IMPLEMENTATIONS, Scope, function, special
from astropile.engine.operand import Fault, Operand, apply, numeric
from astropile.expression import Call
from astropile.readers.column import Array

#: Flux density of AB magnitude 0 in Jy: 10 ** (-48.6 / 2.5) erg / (s cm2 Hz), unrounded, as astropy
#: and the vocabulary's nanomaggy have it (Oke & Gunn 1983, doi:10.1086/160817).
AB_ZERO_JY = 10 ** (-48.6 / 2.5) * 1e23


def _elementwise(name: str, numpy_function: Callable[..., Array]) -> None:
    def call(scope: Scope, expr: Call) -> Operand:
        return apply(numpy_function, *(scope.evaluate(argument) for argument in expr.arguments))

    IMPLEMENTATIONS[name] = call


_FUNCTIONS: dict[str, Callable[..., Array]] = {
    "abs": np.abs,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "ln": lambda x: np.log(_positive(x)),
    "log10": lambda x: np.log10(_positive(x)),
    "sin": np.sin,
    "cos": np.cos,
    "hypot": np.hypot,
    "floor": np.floor,
    "round": np.round,
    "clip": np.clip,
    "ab_mag": lambda flux_jy: -2.5 * np.log10(_positive(flux_jy) / AB_ZERO_JY),
    "ab_flux": lambda mag: AB_ZERO_JY * 10 ** (-0.4 * mag),
    "air_to_vacuum": lambda angstrom: air_to_vacuum(angstrom),
    "vacuum_to_air": lambda angstrom: vacuum_to_air(angstrom),
}
for _name, _function in _FUNCTIONS.items():
    _elementwise(_name, _function)


def _positive(x: Array) -> Array:
    """Return NaN, so null, where a logarithm does not exist."""
    return np.where(x > 0, x, np.nan)


def refractive_index(vacuum_angstrom: Array) -> Array:
    """Return the index of air, 15 C and 1 atm (Ciddor 1996, doi:10.1364/AO.35.001566)."""
    inverse_um2 = (1e4 / vacuum_angstrom) ** 2
    return np.asarray(
        1 + 0.05792105 / (238.0185 - inverse_um2) + 0.00167917 / (57.362 - inverse_um2)
    )


def vacuum_to_air(vacuum_angstrom: Array) -> Array:
    """Return wavelengths in air for wavelengths in vacuum, both Angstrom."""
    return np.asarray(vacuum_angstrom / refractive_index(vacuum_angstrom))


def air_to_vacuum(air_angstrom: Array) -> Array:
    """Return wavelengths in vacuum, Angstrom: the inverse of :func:`vacuum_to_air`.

    The index changes so slowly that three steps of the fixed point reach 1e-12 relative.
    """
    vacuum = np.asarray(air_angstrom, dtype=np.float64)
    for _ in range(3):
        vacuum = air_angstrom * refractive_index(vacuum)
    return np.asarray(vacuum)


@function("any_bit")
def any_bit(value: Operand, *bits: Operand) -> Operand:
    """Return whether any bit (or any of the listed bits) is set."""
    if value.column.data.dtype.kind == "b" and not bits:
        return value
    mask = 0
    for bit in bits:
        mask |= 1 << int(bit.column.data.reshape(-1)[0])

    def test(array: Array) -> Array:
        # Copies of masks are worth avoiding: they are as big as the pictures.
        is_wide = array.dtype.kind in "iu" and mask <= np.iinfo(array.dtype).max
        whole = array if is_wide else _as_integers(array)
        return np.asarray(whole != 0 if not bits else (whole & whole.dtype.type(mask)) != 0)

    return apply(test, numeric(value))


def _as_integers(array: Array) -> Array:
    if array.dtype.kind in "iu":
        return array.astype(np.int64) if array.dtype.itemsize < 8 else array
    if array.dtype.kind == "b":
        return array.astype(np.int64)
    whole = np.where(np.isfinite(array), array, 0)
    if np.any(whole != np.floor(whole)):
        raise Fault("bits can be read from whole numbers only")
    return np.asarray(whole.astype(np.int64))


@special("unit")
def unit(scope: Scope, expr: Call) -> Operand:
    """Return the value unchanged: units are resolved when the plan is compiled."""
    return scope.evaluate(expr.arguments[0])


def literal(value: Any) -> Array:
    """Return one constant as an array of one."""
    return np.asarray([value])
