"""The hashes of `_hashing` by NumPy, for few ids: importing Numba takes longer than that."""

from __future__ import annotations

import numpy as np

from astropile.readers.column import Array

BASIS = np.uint64(0xCBF29CE484222325)
PRIMES = (np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15))
MIX = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
HALF = np.uint64(33)


def hash_padded(points: Array, lengths: Array) -> tuple[Array, Array]:
    """Hash the first so many of each row of points, shape (n, width)."""
    high, low = np.full(len(points), BASIS), np.full(len(points), BASIS)
    for place in range(points.shape[1]):
        own = np.flatnonzero(lengths > place)
        point = points[own, place].astype(np.uint64)
        high[own] = (high[own] ^ point) * PRIMES[0]
        low[own] = (low[own] ^ point) * PRIMES[1]
    return _mixed(high), _mixed(low)


def _mixed(value: Array) -> Array:
    value = (value ^ (value >> HALF)) * MIX[0]
    value = (value ^ (value >> HALF)) * MIX[1]
    return np.asarray(value ^ (value >> HALF))
