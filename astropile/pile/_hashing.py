"""Hashes of text, compiled: FNV-1a with two primes, each finished by the mixer of MurmurHash3."""

from __future__ import annotations

import numpy as np

from astropile.readers.column import Array
from astropile.sky.compiled import compiled

_BASIS = np.uint64(0xCBF29CE484222325)
_PRIMES = (np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15))
_MIX = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
_HALF = np.uint64(33)


@compiled
def _mixed(value: np.uint64) -> np.uint64:
    value ^= value >> _HALF
    value *= _MIX[0]
    value ^= value >> _HALF
    value *= _MIX[1]
    return value ^ (value >> _HALF)


@compiled
def hash_code_points(points: Array) -> tuple[Array, Array]:
    """Hash rows of code points, shape (n, width); zeros at the end are no text."""
    n, width = points.shape
    high, low = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.uint64)
    for row in range(n):
        first, second = _BASIS, _BASIS
        for place in range(width):
            point = np.uint64(points[row, place])
            if point == 0:
                break
            first = (first ^ point) * _PRIMES[0]
            second = (second ^ point) * _PRIMES[1]
        high[row], low[row] = _mixed(first), _mixed(second)
    return high, low


@compiled
def hash_bytes(values: Array, edges: Array) -> tuple[Array, Array]:
    """Hash texts that follow one another in UTF-8; row i is ``values[edges[i]:edges[i + 1]]``."""
    n = len(edges) - 1
    high, low = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.uint64)
    for row in range(n):
        first, second = _BASIS, _BASIS
        for place in range(edges[row], edges[row + 1]):
            point = np.uint64(values[place])
            first = (first ^ point) * _PRIMES[0]
            second = (second ^ point) * _PRIMES[1]
        high[row], low[row] = _mixed(first), _mixed(second)
    return high, low
