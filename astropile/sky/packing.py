"""Compiled steps that turn positions into a tree: sort keys, leaves, unit vectors, boxes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from astropile.sky.compiled import compiled
from astropile.sky.positions import Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["cut_leaves", "fill_leaves", "fill_sort_keys", "fill_unit_vectors"]

# Leaves whose positions are gathered together, so that cache misses overlap.
TILE_LEAVES = 64
NO_ROW = (1 << 64) - 1
RADIANS = math.pi / 180.0


@compiled
def sine_cosine(angle_deg: float) -> tuple[float, float]:
    """Return sine and cosine of an angle in degrees.

    The nearest quarter turn is subtracted first, which is exact. The polynomials on the rest,
    -45 to 45 degrees, are those of fdlibm (https://www.netlib.org/fdlibm, k_sin.c and k_cos.c).
    No call and no branch: the compiler vectorises it, and every machine gives the same bits.
    """
    quarter = math.floor(angle_deg / 90.0 + 0.5)
    x = (angle_deg - 90.0 * quarter) * RADIANS
    z = x * x
    sine = 2.75573137070700676789e-06 + z * (
        -2.50507602534068634195e-08 + z * 1.58969099521155010221e-10
    )
    sine = 8.33333333332248946124e-03 + z * (-1.98412698298579493134e-04 + z * sine)
    sine = x + x * z * (-1.66666666666666324348e-01 + z * sine)
    cosine = -2.75573143513906633035e-07 + z * (
        2.08757232129817482790e-09 + z * -1.13596475577881948265e-11
    )
    cosine = -1.38888888888741095749e-03 + z * (2.48015872894767294178e-05 + z * cosine)
    cosine = z * z * (4.16666666666666019037e-02 + z * cosine)
    half = 0.5 * z
    near_one = 1.0 - half
    cosine = near_one + (((1.0 - near_one) - half) + cosine)
    turn = quarter - 4.0 * math.floor(quarter * 0.25)
    swapped = turn == 1.0 or turn == 3.0
    sine_sign = -1.0 if turn >= 2.0 else 1.0
    cosine_sign = -1.0 if turn == 1.0 or turn == 2.0 else 1.0
    return (
        sine_sign * (cosine if swapped else sine),
        cosine_sign * (sine if swapped else cosine),
    )


@compiled
def fill_unit_vectors(ra_deg: Floats, dec_deg: Floats, x: Floats, y: Floats, z: Floats) -> None:
    """Write the unit vector of each position."""
    for i in range(len(ra_deg)):
        sin_ra, cos_ra = sine_cosine(ra_deg[i])
        sin_dec, cos_dec = sine_cosine(dec_deg[i])
        x[i] = cos_ra * cos_dec
        y[i] = sin_ra * cos_dec
        z[i] = sin_dec


@compiled
def spread_bits(number: int) -> int:
    """Put a zero bit after each of the 32 bits of a number."""
    number = (number | (number << 16)) & 0x0000FFFF0000FFFF
    number = (number | (number << 8)) & 0x00FF00FF00FF00FF
    number = (number | (number << 4)) & 0x0F0F0F0F0F0F0F0F
    number = (number | (number << 2)) & 0x3333333333333333
    return (number | (number << 1)) & 0x5555555555555555


@compiled
def nested_pixel(ra_deg: float, dec_deg: float, order: int) -> int:
    """Return the nested HEALPix pixel (Gorski et al. 2005, doi:10.1086/427976).

    It orders rows, nothing else: a row that rounding puts into the pixel next door costs no pair.
    For the pixel that catalogues store see `astropile.sky.healpix_index`.
    """
    nside = 1 << order
    z, _ = sine_cosine(dec_deg)
    quarters = ra_deg / 90.0
    quarters -= 4.0 * math.floor(quarters * 0.25)
    if abs(z) <= 2.0 / 3.0:
        up = int(nside * (0.5 + quarters - z * 0.75))
        down = int(nside * (0.5 + quarters + z * 0.75))
        face_up, face_down = up >> order, down >> order
        if face_up == face_down:
            face = (face_up & 3) | 4
        else:
            face = face_up & 3 if face_up < face_down else (face_down & 3) + 8
        x = down & (nside - 1)
        y = nside - (up & (nside - 1)) - 1
    else:
        sector = min(int(quarters), 3)
        along = quarters - sector
        width = nside * math.sqrt(3.0 * (1.0 - abs(z)))
        up = min(int(along * width), nside - 1)
        down = min(int((1.0 - along) * width), nside - 1)
        if z >= 0.0:
            face, x, y = sector, nside - down - 1, nside - up - 1
        else:
            face, x, y = sector + 8, up, down
    return (face << (2 * order)) + spread_bits(x) + (spread_bits(y) << 1)


@compiled
def fill_sort_keys(
    ra_deg: Floats,
    dec_deg: Floats,
    order: int,
    row_bits: int,
    low: int,
    high: int,
    keys: NDArray[np.uint64],
) -> tuple[int, int]:
    """Write pixel and row number of rows `low` to `high` as one integer a row.

    Sorting plain integers is six times as fast as sorting row numbers by key.

    Returns
    -------
    null, faulty : int
        Rows without a position, and rows with one that is not on the sky. Their keys sort last.
    """
    null = 0
    faulty = 0
    for row in range(low, high):
        ra, dec = ra_deg[row], dec_deg[row]
        if abs(dec) <= 90.0 and abs(ra) < math.inf:
            keys[row] = np.uint64((nested_pixel(ra, dec, order) << row_bits) | row)
        else:
            keys[row] = np.uint64(NO_ROW)
            if math.isnan(ra) or math.isnan(dec):
                null += 1
            else:
                faulty += 1
    return null, faulty


@compiled
def cut_leaves(
    keys: NDArray[np.uint64], row_bits: int, leaf_rows: int, leaf_starts: NDArray[np.int64]
) -> int:
    """Cut sorted rows into leaves of at most `leaf_rows` and write where each starts.

    A leaf is at least half full (but for the last), and ends where neighbours in the order differ
    in the highest bit, that is at the border of the largest pixel at hand. Boxes of such leaves
    overlap a third as much as those of runs of equal length.

    Returns
    -------
    int
        Number of leaves; ``leaf_starts`` has one entry more, the number of rows.
    """
    rows = len(keys)
    leaves = 0
    start = 0
    leaf_starts[0] = 0
    while start < rows:
        end = min(start + leaf_rows, rows)
        if end < rows:
            widest = np.uint64(0)
            for cut in range(end, start + leaf_rows // 2 - 1, -1):
                step = (keys[cut - 1] ^ keys[cut]) >> np.uint64(row_bits)
                # True if the highest bit of `step` is above that of `widest`.
                if step > widest and (step ^ widest) > widest:
                    widest = step
                    end = cut
        leaves += 1
        leaf_starts[leaves] = end
        start = end
    return leaves


@compiled
def fill_leaves(
    ra_deg: Floats,
    dec_deg: Floats,
    keys: NDArray[np.uint64],
    row_bits: int,
    leaf_rows: int,
    leaf_starts: NDArray[np.int64],
    low: int,
    high: int,
    order: NDArray[np.int64],
    vectors: Floats,
    boxes: Floats,
    lowest_row: NDArray[np.int64],
) -> None:
    """Write row numbers, unit vectors, bounding box and lowest row number of leaves."""
    mask = np.uint64((1 << row_bits) - 1)
    ra_tile = np.empty(TILE_LEAVES * leaf_rows)
    dec_tile = np.empty(TILE_LEAVES * leaf_rows)
    for first_leaf in range(low, high, TILE_LEAVES):
        last_leaf = min(first_leaf + TILE_LEAVES, high)
        start, end = leaf_starts[first_leaf], leaf_starts[last_leaf]
        for i in range(start, end):
            row = np.int64(keys[i] & mask)
            order[i] = row
            ra_tile[i - start] = ra_deg[row]
            dec_tile[i - start] = dec_deg[row]
        fill_unit_vectors(
            ra_tile[: end - start],
            dec_tile[: end - start],
            vectors[0, start:end],
            vectors[1, start:end],
            vectors[2, start:end],
        )
        for leaf in range(first_leaf, last_leaf):
            start, end = leaf_starts[leaf], leaf_starts[leaf + 1]
            for axis in range(3):
                values = vectors[axis, start:end]
                smallest = values[0]
                greatest = values[0]
                for i in range(1, len(values)):
                    smallest = min(smallest, values[i])
                    greatest = max(greatest, values[i])
                boxes[leaf, axis] = smallest
                boxes[leaf, 3 + axis] = greatest
            lowest = order[start]
            for i in range(start + 1, end):
                lowest = min(lowest, order[i])
            lowest_row[leaf] = lowest
