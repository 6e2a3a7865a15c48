"""Compiled match of two lists that are sorted by nested HEALPix pixel, without a tree.

Both lists are walked once, side by side. Everything within the radius of a position has pixel
coordinates, along the two axes of a face, that are no further off than the *reach*; so it lies
between the pixels of the lower and the upper corner of a box, and in a sorted list that is a run
around the place of the position. Where the run is long, because the box lies across the border of
a large pixel, the box is cut there into at most four, each of which is a short run.

Coordinates stay spread over the even (x) and odd (y) bits of a pixel number: what is added to the
bits of one passes those of the other if these are all set, or all clear for what is subtracted.

Rows whose box is not wholly on their face, or not in the range of pixels at hand, are told by
`edge_rows`. All pairs of any other row are found here; theirs have to be looked for once more.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from astropile.sky.compiled import compiled
from astropile.sky.index import ARCSEC_PER_RADIAN
from astropile.sky.packing import sine_cosine, spread_bits
from astropile.sky.positions import Floats
from astropile.sky.search import NO_ROW, sort_found, squared_distance

Point: TypeAlias = tuple[float, float, float]

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "GREATEST_RADIUS_ARCSEC",
    "TOO_DENSE",
    "TOO_MANY",
    "Run",
    "Window",
    "edge_rows",
    "fill_run",
    "insert_pairs",
    "sweep",
    "window_of",
]

#: Beyond it the box would no longer be small beside a face.
GREATEST_RADIUS_ARCSEC = 3600.0
# Steps along an axis of a face for a step of one radian on the sky are nowhere more than so many
# times the side of the face: sqrt(0.41 / cos(dec)**2 + 0.56 cos(dec)**2) is 1.021 at z = 2/3, the
# corners of the faces on the equator, and sqrt(3/2 + 6/pi**2) = 1.452 at the poles.
_EQUATOR_STEEPNESS, _POLE_STEEPNESS = 1.03, 1.46
# Pixels by which a number may be wrong: both it and the corners of the box are rounded down.
_SLACK = 2
# A run of more rows on one side of a position is cut; measured, 16 to 48 are alike.
_LONGEST_RUN = 24
_EVEN_BITS = 0x5555555555555555
_ODD_BITS = 0x2AAAAAAAAAAAAAAA  # but for the sign
_DEEPEST = 29

TOO_MANY, TOO_DENSE = -1, -2


class Run(NamedTuple):
    """Rows in ascending order of their pixels, in arrays that may be longer.

    Attributes
    ----------
    pixel : ndarray of int64
    vectors : ndarray of float64, shape (3, n)
        Unit vectors.
    """

    pixel: NDArray[np.int64]
    vectors: Floats


class Window(NamedTuple):
    """A range of pixels, and how far a radius reaches in it.

    Attributes
    ----------
    low, high : int
        Half-open range of pixels.
    order : int
        Order of the pixels.
    equator, pole : int
        Reach along x, as spread bits, on the faces around the equator and the poles.
    """

    low: int
    high: int
    order: int
    equator: int
    pole: int


def window_of(
    low: int, high: int, radius_arcsec: float, *, times: int = 1, order: int = _DEEPEST
) -> Window:
    """Return a range of pixels with the reach of a radius, or of some that are joined end to end.

    Examples
    --------
    >>> window_of(0, 12, 3600.0, order=0).pole  # three pixels as spread bits
    5
    """
    side = radius_arcsec / ARCSEC_PER_RADIAN * (1 << order)
    equator, pole = (
        int(spread_bits(times * (math.ceil(side * steepness) + _SLACK)))
        for steepness in (_EQUATOR_STEEPNESS, _POLE_STEEPNESS)
    )
    return Window(low, high, order, equator, pole)


@compiled
def fill_run(pixel: NDArray[np.int64], ra_deg: Floats, dec_deg: Floats, at: int, run: Run) -> int:
    """Write rows to a run from `at` on, and return how many of them have no position."""
    rows = len(pixel)
    x = run.vectors[0, at : at + rows]
    y = run.vectors[1, at : at + rows]
    z = run.vectors[2, at : at + rows]
    pixels = run.pixel[at : at + rows]
    # One thing a loop, and no branch: so the compiler vectorises each.
    for i in range(rows):
        sin_ra, cos_ra = sine_cosine(ra_deg[i])
        sin_dec, cos_dec = sine_cosine(dec_deg[i])
        x[i] = cos_ra * cos_dec
        y[i] = sin_ra * cos_dec
        z[i] = sin_dec
    unsound = 0
    for i in range(rows):
        pixels[i] = pixel[i]
        unsound += (abs(dec_deg[i]) > 90.0) | (abs(ra_deg[i]) == math.inf) | (z[i] != z[i])
        unsound += x[i] != x[i]
    return unsound


@compiled
def lowered(along: int, reach: int, bits: int) -> int:
    """Return a coordinate less a reach, at least 0."""
    return (along - reach) & bits if along >= reach else 0


@compiled
def raised(along: int, reach: int, bits: int) -> int:
    """Return a coordinate and a reach, at most the last of the face."""
    return ((along | ~bits) + reach) & bits if along <= bits - reach else bits


@compiled
def edge_rows(pixel: NDArray[np.int64], count: int, window: Window, rows: NDArray[np.int64]) -> int:
    """Write the rows whose box leaves their face or the window, and return their number."""
    inside = (1 << (2 * window.order)) - 1
    even = _EVEN_BITS & inside
    odd = even << 1
    is_edge = np.empty(count, np.bool_)
    # As `box_around`, but coordinates may go over the end of the face: those rows are counted out.
    for i in range(count):
        number = pixel[i]
        reach = window.equator if (number >> (2 * window.order)) >> 2 == 1 else window.pole
        across = reach << 1
        x, y, face = number & even, number & odd, number & ~inside
        lowest = face | ((x - reach) & even) | ((y - across) & odd)
        greatest = face | (((x | ~even) + reach) & even) | (((y | ~odd) + across) & odd)
        is_edge[i] = (
            (x < reach)
            | (x > even - reach)
            | (y < across)
            | (y > odd - across)
            | (lowest < window.low)
            | (greatest >= window.high)
        )
    found = 0
    for i in range(count):
        if is_edge[i]:
            rows[found] = i
            found += 1
    return found


@compiled
def highest_bit(number: int) -> int:
    """Return the highest bit that is set."""
    number |= number >> 1
    number |= number >> 2
    number |= number >> 4
    number |= number >> 8
    number |= number >> 16
    number |= number >> 32
    return number ^ (number >> 1)


@compiled
def first_at(pixel: NDArray[np.int64], low: int, high: int, number: int) -> int:
    """Return the first of rows `low` to `high` whose pixel is not before a number."""
    while low < high:
        middle = (low + high) >> 1
        if pixel[middle] < number:
            low = middle + 1
        else:
            high = middle
    return low


class Near(NamedTuple):
    """What was found so far for a left row.

    Attributes
    ----------
    chord, row : float, int
        Squared chord and number of the nearest right row, the lowest of equals.
    within : int
        Number of right rows within the limit, or more: one may be counted twice.
    """

    chord: float
    row: int
    within: int


@compiled
def with_row(near: Near, vectors: Floats, k: int, point: Point, limit: float) -> Near:
    """Return what is found with one right row more."""
    x, y, z = point
    chord, row, within = near
    distance = squared_distance(x, y, z, vectors[0, k], vectors[1, k], vectors[2, k])
    within += distance <= limit
    if distance < chord or (distance == chord and k < row):
        chord, row = distance, k
    return Near(chord, row, within)


@compiled
def half_of(lower: int, upper: int, bits: int, which: int) -> tuple[int, int]:
    """Return a half of a range of one coordinate, cut at the border of the largest pixel in it."""
    cut = upper & ~(highest_bit(lower ^ upper) - 1)
    first, last = lower, (cut - 1) & bits
    if which:
        first, last = cut, upper
    if lower == upper:
        first, last = lower + which, upper  # the second half is empty
    return first, last


class Box(NamedTuple):
    """A box of pixels on a face, as spread bits.

    Attributes
    ----------
    face : int
        First pixel of the face.
    x_low, x_high, y_low, y_high : int
        First and last coordinates.
    """

    face: int
    x_low: int
    x_high: int
    y_low: int
    y_high: int


@compiled
def box_around(number: int, window: Window) -> Box:
    """Return what is within reach of a pixel on its face."""
    inside = (1 << (2 * window.order)) - 1
    even = _EVEN_BITS & inside
    odd = even << 1
    reach = window.equator if (number >> (2 * window.order)) >> 2 == 1 else window.pole
    x, y = number & even, number & odd
    return Box(
        number & ~inside,
        lowered(x, reach, even),
        raised(x, reach, even),
        lowered(y, reach << 1, odd),
        raised(y, reach << 1, odd),
    )


@compiled
def quarter_of(box: Box, quarter: int, pixel: NDArray[np.int64], count: int) -> tuple[int, int]:
    """Return the run of rows in a quarter of a box, and some around it."""
    x_first, x_last = half_of(box.x_low, box.x_high, _EVEN_BITS, quarter & 1)
    y_first, y_last = half_of(box.y_low, box.y_high, _ODD_BITS, quarter >> 1)
    start, stop = 0, 0
    if x_first <= x_last and y_first <= y_last:
        last = box.face | x_last | y_last
        start = first_at(pixel, 0, count, box.face | x_first | y_first)
        stop = start
        while stop < count and pixel[stop] <= last:
            stop += 1
    return start, stop


@compiled
def write_all(
    right: Run,
    count: int,
    box: Box,
    point: Point,
    limit: float,
    at: int,
    right_row: NDArray[np.int64],
    chord_squared: Floats,
) -> int:
    """Write all right rows within the limit of a point, sorted, and return where they end.

    A row may be written four times, once for each quarter, before it is known to be the same.
    """
    x, y, z = point
    vectors = right.vectors
    end = at
    for quarter in range(4):
        start, stop = quarter_of(box, quarter, right.pixel, count)
        for k in range(start, stop):
            distance = squared_distance(x, y, z, vectors[0, k], vectors[1, k], vectors[2, k])
            if distance <= limit:
                right_row[end] = k
                chord_squared[end] = distance
                end += 1
    sort_found(chord_squared, right_row, at, end)
    kept = at
    for k in range(at, end):
        if k == at or right_row[k] != right_row[kept - 1]:
            right_row[kept], chord_squared[kept] = right_row[k], chord_squared[k]
            kept += 1
    return kept


@compiled
def sweep(
    left: Run,
    left_count: int,
    right: Run,
    right_count: int,
    window: Window,
    limit: float,
    limits: Floats,
    skipped: NDArray[np.int64],
    only_nearest: bool,  # noqa: FBT001 - Numba knows no keywords
    most_steps: int,
    left_row: NDArray[np.int64],
    right_row: NDArray[np.int64],
    chord_squared: Floats,
) -> int:
    """Find pairs on one face, and write them sorted by left row, chord and right row.

    Only the nearest right row of each left one (of equals the lowest), or all within the limit;
    `limits` has one for each left row or none. Left rows in `skipped`, ascending, are passed over.

    Returns
    -------
    int
        Number of pairs; `TOO_MANY` for the arrays, or `TOO_DENSE`: more than `most_steps` right
        rows were looked at.
    """
    pixels, others, vectors, other_vectors = left.pixel, right.pixel, left.vectors, right.vectors
    place, at, steps, skip = 0, 0, 0, 0
    for i in range(left_count):
        number = pixels[i]
        while place < right_count and others[place] < number:
            place += 1
        if skip < len(skipped) and skipped[skip] == i:
            skip += 1
            continue
        box = box_around(number, window)
        point = vectors[0, i], vectors[1, i], vectors[2, i]
        own = limits[i] if len(limits) else limit
        near = Near(own, NO_ROW, 0)

        first = box.face | box.x_low | box.y_low
        start, furthest = place - 1, max(place - _LONGEST_RUN, 0) - 1
        while start > furthest and others[start] >= first:
            near = with_row(near, other_vectors, start, point, own)
            start -= 1
        is_long = start == furthest and start >= 0
        last = box.face | box.x_high | box.y_high
        stop, furthest = place, min(place + _LONGEST_RUN, right_count)
        while stop < furthest and others[stop] <= last:
            near = with_row(near, other_vectors, stop, point, own)
            stop += 1
        is_long |= stop == furthest and stop < right_count
        steps += stop - start
        if is_long:
            near = Near(near.chord, near.row, 0)
            for quarter in range(4):
                start, stop = quarter_of(box, quarter, others, right_count)
                for k in range(start, stop):
                    near = with_row(near, other_vectors, k, point, own)
                steps += stop - start
        if near.within > 0:
            is_one = only_nearest or near.within == 1
            if at + (1 if is_one else 4 * near.within) > len(right_row):
                return TOO_MANY
            right_row[at], chord_squared[at] = near.row, near.chord
            end = at + 1
            if not is_one:
                end = write_all(right, right_count, box, point, own, at, right_row, chord_squared)
                steps += near.within
            for k in range(at, end):
                left_row[k] = i
            at = end
        if steps > most_steps:
            return TOO_DENSE
    return at


@compiled
def insert_pairs(
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    separation: Floats,
    angle: Floats,
    held: int,
    more_left: NDArray[np.int64],
    more_right: NDArray[np.int64],
    more_separation: Floats,
    more_angle: Floats,
) -> None:
    """Put sorted pairs into others, which have room behind them; no left row is in both.

    Without position angles, there is one for no pair.
    """
    with_angle = len(angle) > 0
    at, end = held - 1, held + len(more_left) - 1
    for k in range(len(more_left) - 1, -1, -1):
        row = more_left[k]
        while at >= 0 and left[at] > row:
            left[end], right[end], separation[end] = left[at], right[at], separation[at]
            if with_angle:
                angle[end] = angle[at]
            at -= 1
            end -= 1
        left[end], right[end], separation[end] = row, more_right[k], more_separation[k]
        if with_angle:
            angle[end] = more_angle[k]
        end -= 1
