"""What lies around a part of the sky, in whole HEALPix pixels, without any library of the sky.

A pixel whose width is at least the radius has everything within the radius in itself and its
neighbours: so nothing that belongs to a part is ever missed, and no margin is needed.
"""

from __future__ import annotations

import math

import numpy as np

from astropile.readers.column import Array
from astropile.sky.regions.region import joined

__all__ = ["WHOLE_SKY", "around", "neighbours", "pixel_range", "widest_order"]

_DEEPEST = 29
#: Number of order-29 pixels.
WHOLE_SKY = 12 << 2 * _DEEPEST
# A ring of pixels so much smaller than the part: 12 per cent of its area, 132 pixels.
_RING_STEP = 5
# Pixels at the border of a polar face are 0.67 of their mean size wide; a half is on the safe side.
_LEAST_WIDTH = 0.5
# Positions and pixel numbers are rounded by 1e-10 arcsec at most.
_SLACK_ARCSEC = 1e-6
#: Steps to the eight neighbours, and to the pixel itself, on a face.
_STEPS = np.array([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)])


def pixel_range(order: int, number: int) -> tuple[int, int]:
    """Return the first order-29 pixel of a pixel, and the one after the last.

    Examples
    --------
    >>> pixel_range(29, 7)
    (7, 8)
    """
    shift = 2 * (_DEEPEST - order)
    return number << shift, (number + 1) << shift


def widest_order(radius_arcsec: float) -> int:
    """Return the deepest order whose pixels are nowhere narrower than a radius; -1 if none is.

    Examples
    --------
    >>> widest_order(1.0), widest_order(40 * 3600.0)
    (16, -1)
    """
    mean = math.degrees(math.sqrt(math.pi / 3.0)) * 3600.0  # size of a pixel of order 0
    steps = _LEAST_WIDTH * mean / (radius_arcsec + _SLACK_ARCSEC)
    return -1 if steps < 1.0 else min(int(math.log2(steps)), _DEEPEST)


def around(order: int, number: int, radius_arcsec: float) -> Array:
    """Return order-29 pixels that hold a pixel and everything within a radius of it.

    Returns
    -------
    ndarray of int64, shape (n, 2)
        Half-open ranges, ascending and apart; they may hold more.

    Examples
    --------
    >>> around(0, 4, 180 * 3600.0).tolist() == [[0, 12 << 58]]
    True
    """
    deepest = widest_order(radius_arcsec)
    if deepest < 0:
        return np.array([[0, WHOLE_SKY]], dtype=np.int64)
    if deepest >= order:
        step = min(deepest - order, _RING_STEP)
        inner = _border(order, number, step)
    else:
        step = deepest - order
        inner = np.array([number >> -2 * step], dtype=np.int64)
    shift = 2 * (_DEEPEST - order - step)
    cells = neighbours(order + step, inner)
    ranges = np.stack([cells << shift, (cells + 1) << shift], axis=1)
    own = np.array([pixel_range(order, number)], dtype=np.int64)
    return joined(np.concatenate([own, ranges]))


def _border(order: int, number: int, step: int) -> Array:
    """Return the pixels, `step` orders deeper, along the edges of a pixel."""
    edge = np.arange(1 << step, dtype=np.int64)
    low, high = np.zeros_like(edge), np.full_like(edge, (1 << step) - 1)
    x, y = np.concatenate([edge, edge, low, high]), np.concatenate([low, high, edge, edge])
    return np.unique(_spread(x) | (_spread(y) << 1)) + (number << 2 * step)


def neighbours(order: int, pixels: Array) -> Array:
    """Return pixels and those that touch them at an edge or a corner, each once.

    Examples
    --------
    >>> neighbours(0, np.array([4])).tolist()  # no pixel lies to the east of it, nor to the west
    [0, 3, 4, 5, 7, 8, 11]
    """
    side = 1 << order
    face, inside = pixels >> 2 * order, pixels & ((1 << 2 * order) - 1)
    x, y = _gathered(inside), _gathered(inside >> 1)
    found = []
    for step in _STEPS.tolist():
        place = np.stack([face, x + step[0], y + step[1]])
        found.append(_numbers(place, order, side))
    return np.unique(np.concatenate(found))


def _numbers(place: Array, order: int, side: int) -> Array:
    """Return the numbers of pixels that may lie beyond the edge of their face."""
    face, x, y = place
    off_x = (x >= side).astype(np.int64) - (x < 0)
    off_y = (y >= side).astype(np.int64) - (y < 0)
    x, y = x & (side - 1), y & (side - 1)
    belt = face // 4
    to, turned = _NEXT[off_x + 1, off_y + 1, face], _TURN[off_x + 1, off_y + 1, belt]
    flip_x, flip_y, swap = turned & 1, turned & 2, turned & 4
    x, y = np.where(flip_x, side - 1 - x, x), np.where(flip_y, side - 1 - y, y)
    x, y = np.where(swap, y, x), np.where(swap, x, y)
    numbers = (to << 2 * order) | _spread(x) | (_spread(y) << 1)
    return np.asarray(numbers[to >= 0])


def _glued() -> tuple[Array, Array]:
    """Return which face lies beyond each edge and corner of each face, and how its axes are turned.

    Faces are numbered as HEALPix does: 0-3 around the north pole, 4-7 on the equator, 8-11 around
    the south pole. In a turn, 1 and 2 stand for x and y counted from the other
    end, 4 for axes exchanged, in this order.
    """
    east = np.arange(4)
    west, next_one, across = (east + 3) % 4, (east + 1) % 4, (east + 2) % 4
    nothing = np.full(4, -1)
    faces = np.empty((3, 3, 3, 4), dtype=np.int64)  # step in x, step in y, belt, place in the belt
    faces[1, 1] = east, east + 4, east + 8
    faces[2, 1] = next_one, east, next_one + 4
    faces[1, 2] = west, west, east + 4
    faces[0, 1] = east + 4, west + 8, west + 8
    faces[1, 0] = next_one + 4, east + 8, next_one + 8
    faces[2, 2] = across, nothing, east
    faces[0, 0] = east + 8, nothing, across + 8
    faces[2, 0] = nothing, next_one + 4, nothing
    faces[0, 2] = nothing, west + 4, nothing
    turn = np.zeros((3, 3, 3), dtype=np.int64)
    turn[2, 1, 0], turn[1, 2, 0], turn[2, 2, 0] = 5, 6, 3
    turn[0, 1, 2], turn[1, 0, 2], turn[0, 0, 2] = 5, 6, 3
    return faces.reshape(3, 3, 12), turn


_NEXT, _TURN = _glued()


def _spread(number: Array) -> Array:
    """Put a zero bit after each of the 32 bits of numbers."""
    for shift, mask in _MASKS:
        number = (number | (number << shift)) & mask
    return number


def _gathered(number: Array) -> Array:
    """Return every other bit of numbers, from the lowest."""
    number = number & _MASKS[-1][1]
    for (shift, _), (_, mask) in zip(reversed(_MASKS), reversed(_WIDER), strict=True):
        number = (number | (number >> shift)) & mask
    return number


_MASKS = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)
_WIDER = ((32, 0x00000000FFFFFFFF), *_MASKS[:-1])
