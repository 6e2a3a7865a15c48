"""How many pairs are alignments by chance: the right side shifted and matched again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from astropile.errors import UsageError
from astropile.readers.column import Array
from astropile.sky import move_positions
from astropile.sky.positions import Floats, read_option

if TYPE_CHECKING:
    from astropile.crossmatch.result import MatchResult

__all__ = ["ChanceAlignments", "chance_alignments"]

#: A shift is this many radii long; below two radii true pairs would be counted as chance.
RADII, FEWEST_RADII = 10.0, 2.0


@dataclass(frozen=True, eq=False)
class ChanceAlignments:
    """Number of pairs to expect where nothing belongs together.

    Attributes
    ----------
    expected : float
        Mean number of pairs over all shifts.
    error : float
        Its standard error, from the scatter of the shifts; NaN for a single one.
    counts : ndarray of int64, shape (shifts,)
        Pairs found in each shift.
    direction_deg : ndarray of float64, shape (shifts,)
        Direction of each shift, from north to east.
    offset_arcsec : float
        Length of the shifts.
    pairs : int
        Pairs of the match itself.
    """

    expected: float
    error: float
    counts: Array
    direction_deg: Array
    offset_arcsec: float
    pairs: int

    @property
    def fraction(self) -> float:
        """Part of the pairs that is expected to be chance, at most 1; NaN without pairs."""
        return min(self.expected / self.pairs, 1.0) if self.pairs else math.nan

    def __repr__(self) -> str:
        """Return one line."""
        return (
            f"<{self.expected:.1f} +- {self.error:.1f} of {self.pairs} pairs expected by chance "
            f"({len(self.counts)} shifts of {self.offset_arcsec:g} arcsec)>"
        )


def chance_alignments(
    result: MatchResult, *, shifts: int, offset_arcsec: float | None
) -> ChanceAlignments:
    """Match again with a shifted right side; see `MatchResult.chance`.

    Raises
    ------
    UsageError
        The shifts are none, or too short to leave all true pairs behind.
    """
    radius = result.radius_arcsec
    offset = RADII * radius
    if offset_arcsec is not None:
        offset = float(read_option(offset_arcsec, "offset_arcsec", unit="arcsec"))
    if type(shifts) is not int or shifts < 1:
        what = f"shifts={shifts!r} is no number of shifts; expected an integer of at least 1"
        raise UsageError(what, hint="shifts=8 goes round in steps of 45 degrees")
    if not FEWEST_RADII * radius < offset < 90.0 * 3600.0:
        what = f"a shift of {offset:g} arcsec for a radius of {radius:g} arcsec"
        hint = f"give offset_arcsec above {FEWEST_RADII * radius:g} and below 90 degrees"
        raise UsageError(what, hint=hint)
    from astropile.crossmatch.local import answer_here

    sides = (result.left, result.right)
    directions = np.arange(shifts) * (360.0 / shifts)
    counts = np.array(
        [
            len(
                answer_here(
                    sides, result.places, result.question, result.budget, Shift(direction, offset)
                )
            )
            for direction in directions.tolist()
        ]
    )
    error = counts.std(ddof=1) / math.sqrt(shifts) if shifts > 1 else math.nan
    return ChanceAlignments(
        float(counts.mean()), float(error), counts, directions, offset, result.n_pairs
    )


@dataclass(frozen=True)
class Shift:
    """Moves positions along great circles that all start in one direction, from north to east."""

    direction_deg: float
    greatest_arcsec: float

    def moved_at(self, rows: Array, ra_deg: Floats, dec_deg: Floats) -> tuple[Floats, Floats]:
        """Return positions moved; the row numbers do not matter."""
        # The tangent of a motion is as long as the tangent of the angle that it covers.
        angle = math.radians(self.greatest_arcsec / 3600.0)
        length = math.tan(angle) * math.degrees(1.0) * 3.6e6
        direction = math.radians(self.direction_deg)
        return move_positions(
            ra_deg,
            dec_deg,
            pmra_mas_yr=np.full(len(ra_deg), length * math.sin(direction)),
            pmdec_mas_yr=np.full(len(ra_deg), length * math.cos(direction)),
            years=1.0,
        )
