"""Hashes of text, compiled: FNV-1a with two primes, each finished by the mixer of MurmurHash3."""

from __future__ import annotations

import numpy as np

from astropile.pile._hashing_small import BASIS, HALF, MIX, PRIMES
from astropile.readers.column import Array
from astropile.sky.compiled import compiled


@compiled
def _mixed(value: np.uint64) -> np.uint64:
    value ^= value >> HALF
    value *= MIX[0]
    value ^= value >> HALF
    value *= MIX[1]
    return value ^ (value >> HALF)


@compiled
def hash_code_points(points: Array) -> tuple[Array, Array]:
    """Hash rows of code points, shape (n, width); zeros at the end are no text."""
    n, width = points.shape
    high, low = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.uint64)
    for row in range(n):
        first, second = BASIS, BASIS
        for place in range(width):
            point = np.uint64(points[row, place])
            if point == 0:
                break
            first = (first ^ point) * PRIMES[0]
            second = (second ^ point) * PRIMES[1]
        high[row], low[row] = _mixed(first), _mixed(second)
    return high, low


@compiled
def hash_bytes(values: Array, edges: Array) -> tuple[Array, Array]:
    """Hash texts that follow one another in UTF-8; row i is ``values[edges[i]:edges[i + 1]]``."""
    n = len(edges) - 1
    high, low = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.uint64)
    for row in range(n):
        first, second = BASIS, BASIS
        for place in range(edges[row], edges[row + 1]):
            point = np.uint64(values[place])
            first = (first ^ point) * PRIMES[0]
            second = (second ^ point) * PRIMES[1]
        high[row], low[row] = _mixed(first), _mixed(second)
    return high, low
