"""Compiled direction from one position to another, from north to east."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from astropile.sky.compiled import compiled
from astropile.sky.packing import sine_cosine
from astropile.sky.positions import Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fill_bearings", "fill_pair_bearings"]

DEGREES = 180.0 / math.pi
# Half of the right angle, halved once more: above it the turn by 45 degrees is taken off first.
EIGHTH_TANGENT = math.sqrt(2.0) - 1.0
# Rows whose parts, made on the way, stay in the processor's cache.
PIECE = 1024


@compiled
def bearing_deg(east: float, north: float) -> float:
    """Return the direction of a step, 0 to 360 degrees; 0 for none.

    The rational function is that of Cephes (https://www.netlib.org/cephes, atan.c), good to the
    last bits up to 0.66. No call and no branch: the compiler vectorises it, and every machine gives
    the same bits.
    """
    across, along = abs(east), abs(north)
    low, high = min(across, along), max(across, along)
    is_wide = low > EIGHTH_TANGENT * high
    bottom = low + high if is_wide else high
    bottom = 1.0 if bottom == 0.0 else bottom
    x = (low - high if is_wide else low) / bottom
    z = x * x
    top = -1.228866684490136173410e02 + z * (
        -7.500855792314704667340e01
        + z * (-1.615753718733365076637e01 + z * -8.750608600031904122785e-01)
    )
    top = z * (-6.485021904942025371773e01 + z * top)
    under = 4.328810604912902668951e02 + z * (
        1.650270098316988542046e02 + z * (2.485846490142306297962e01 + z)
    )
    under = 1.945506571482613964425e02 + z * (4.853903996359136964868e02 + z * under)
    angle = (x + x * (top / under)) * DEGREES
    angle = angle + 45.0 if is_wide else angle
    angle = 90.0 - angle if across > along else angle
    angle = 180.0 - angle if north < 0.0 else angle
    angle = 360.0 - angle if east < 0.0 else angle
    return 0.0 if angle >= 360.0 else angle


@compiled
def fill_bearings(
    ra_deg: Floats, dec_deg: Floats, other_ra_deg: Floats, other_dec_deg: Floats, angle: Floats
) -> None:
    """Write the direction from each position to another one; NaN where one is null."""
    east, north = np.empty(PIECE), np.empty(PIECE)
    for start in range(0, len(angle), PIECE):
        rows = min(PIECE, len(angle) - start)
        for i in range(rows):
            k = start + i
            step = other_ra_deg[k] - ra_deg[k]
            sine, _ = sine_cosine(step)
            half, _ = sine_cosine(0.5 * step)
            sine_dec, _ = sine_cosine(dec_deg[k])
            _, cosine_dec = sine_cosine(other_dec_deg[k])
            rise, _ = sine_cosine(other_dec_deg[k] - dec_deg[k])
            # The usual form, sin(b2) cos(b1) - cos(b2) sin(b1) cos(dl), loses everything at small
            # angles.
            north[i] = rise + 2.0 * sine_dec * cosine_dec * half * half
            east[i] = sine * cosine_dec
        for i in range(rows):
            angle[start + i] = bearing_deg(east[i], north[i])


@compiled
def fill_pair_bearings(
    ra_deg: Floats,
    dec_deg: Floats,
    other_ra_deg: Floats,
    other_dec_deg: Floats,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    angle: Floats,
) -> None:
    """Write the direction from the left to the right row of each pair."""
    # Rows of one array would do, but loops over these take half of the time.
    ra, dec, other_ra, other_dec = (
        np.empty(PIECE),
        np.empty(PIECE),
        np.empty(PIECE),
        np.empty(PIECE),
    )
    for start in range(0, len(angle), PIECE):
        rows = min(PIECE, len(angle) - start)
        for i in range(rows):
            one, other = left[start + i], right[start + i]
            ra[i], dec[i] = ra_deg[one], dec_deg[one]
            other_ra[i], other_dec[i] = other_ra_deg[other], other_dec_deg[other]
        fill_bearings(
            ra[:rows], dec[:rows], other_ra[:rows], other_dec[:rows], angle[start : start + rows]
        )
