"""The search of one part of the sky: its left rows against all right ones in and around it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from astropile.crossmatch.around import around, pixel_range, widest_order
from astropile.crossmatch.question import Question
from astropile.crossmatch.skyrows import SkyPart, SkyRows, joined_parts
from astropile.readers.column import Array
from astropile.sky import Pairs, SkyIndex, build_index, match_indexes
from astropile.sky.radius import read_limit
from astropile.sky.regions.region import in_ranges, joined

if TYPE_CHECKING:
    from astropile.crossmatch.outofcore import Budget

__all__ = ["DEEPEST_CUT", "NOTHING", "PartSearch", "Pixels", "part_index", "ranges_of", "reach_of"]

#: Order of pixels of 0.8 arcsec: where more rows than fit lie in one, no cut would help.
DEEPEST_CUT = 18

# Pairs are counted only if so many times those of a sample would be too many.
_SAMPLE_STEP, _DOUBT = 16, 4
#: No rows.
NOTHING = joined_parts([])

#: Order and number of pixels.
Pixels: TypeAlias = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class PartSearch:
    """What is looked for, and where.

    Attributes
    ----------
    left, right : SkyRows
        Positions of both sides.
    question : Question
        What is asked for.
    budget : Budget
        Memory for it.
    """

    left: SkyRows
    right: SkyRows
    question: Question
    budget: Budget

    def pairs(self, part: Pixels) -> Iterator[Pairs]:
        """Yield the pairs of the left rows of a part, in order.

        How many rows a part has is only estimated: what turns out not to fit is cut further.
        """
        left, right = self.around(part)
        if not len(left.row) or not len(right.row):
            return
        if not self.budget.fits_at_once(len(left.row) + len(right.row)):
            pieces = _cut(part, self.question.greatest_arcsec)
            if pieces:
                del left, right
                for piece in pieces:
                    yield from self.pairs(piece)
                return
        inside = ranges_of(part)
        for found in self.searched(*self.placed(left, right)):
            if self.question.find == "mutual":
                pixel = left.pixel[np.searchsorted(left.row, found.left)]
                yield found.at(in_ranges(pixel, inside))
            else:
                yield found

    def around(self, part: Pixels) -> tuple[SkyPart, SkyPart]:
        """Read the left rows of a part, and the right rows in and around it."""
        radius = self.question.greatest_arcsec
        # Whether a left row is the nearest of a right one, left rows around it have a say in.
        is_mutual = self.question.find == "mutual"
        left = self.left.read(reach_of(part, 2.0 * radius) if is_mutual else ranges_of(part))
        return left, self.right.read(reach_of(part, radius)) if len(left.row) else NOTHING

    def placed(self, left: SkyPart, right: SkyPart) -> tuple[SkyPart, SkyPart]:
        """Return rows where they are compared."""
        return left, right

    def searched(self, left: SkyPart, right: SkyPart) -> Iterator[Pairs]:
        """Yield the pairs of some rows, in order."""
        self.budget.require_at_once(len(left.row) + len(right.row))
        indexes = part_index(left, "left"), part_index(right, "right")
        for start, end in self._pieces(left, indexes):
            whole = (start, end) == (0, len(left.row))
            own = left if whole else SkyPart(*(column[start:end] for column in left))
            index = indexes[0] if whole else part_index(own, "left")
            found = match_indexes(
                index,
                indexes[1],
                radius_arcsec=self.radius_of(own.row),
                find=self.question.find,
                k=self.question.k,
                threads=1,
            )
            yield Pairs(own.row[found.left], right.row[found.right], found.separation_arcsec)

    def radius_of(self, rows: Array) -> Any:
        """Return the radius of left rows."""
        radius = self.question.radius
        return radius[rows] if np.ndim(radius) else radius

    def _pieces(
        self, left: SkyPart, indexes: tuple[SkyIndex, SkyIndex]
    ) -> Iterator[tuple[int, int]]:
        """Yield ranges of left rows that have as many pairs as fit, all of them if they may."""
        rows, most = len(left.row), self.budget.most_pairs
        if self.question.find == "k":
            step = max(1, most // min(self.question.k or 1, max(1, len(indexes[1]))))
            yield from ((start, min(start + step, rows)) for start in range(0, rows, step))
            return
        if self.question.find != "all":
            yield 0, rows
            return
        sample = SkyPart(*(column[::_SAMPLE_STEP] for column in left))
        likely = self._count(sample, part_index(sample, "left"), indexes[1]).sum() * _SAMPLE_STEP
        if likely * _DOUBT <= most:
            yield 0, rows
            return
        total = np.cumsum(self._count(left, indexes[0], indexes[1]))
        start, done = 0, 0
        while start < rows:
            end = max(start + 1, int(np.searchsorted(total, done + most, side="right")))
            yield start, end
            start, done = end, int(total[end - 1])

    def _count(self, part: SkyPart, left: SkyIndex, right: SkyIndex) -> Array:
        """Return the number of right rows within the radius of each row."""
        from astropile.sky.search import rows_within

        counts = np.zeros(len(part.row), dtype=np.int64)
        nothing = np.empty(0, dtype=np.int64)
        limit = read_limit(self.radius_of(part.row))
        leaves = len(left.tree.leaf_starts) - 1
        rows_within(
            left.tree, right.tree, *limit.both, 0, leaves, counts, nothing, nothing, np.empty(0)
        )
        return counts


def reach_of(part: Pixels, radius_arcsec: float) -> Array:
    """Return pixels that hold a part and everything within a radius of it."""
    radius = min(radius_arcsec, math.degrees(math.pi) * 3600.0)
    return joined(np.concatenate([around(*pixel, radius) for pixel in part]))


def ranges_of(part: Pixels) -> Array:
    """Return the pixels of a part as ranges."""
    return joined(np.array([pixel_range(*pixel) for pixel in part], dtype=np.int64))


def _cut(part: Pixels, radius_arcsec: float) -> list[Pixels]:
    """Return the pieces of a part, in order; none if what is around them would not be less."""
    if len(part) > 1:
        middle = len(part) // 2
        return [part[:middle], part[middle:]]
    order, number = part[0]
    if order > widest_order(radius_arcsec) or order >= DEEPEST_CUT:
        return []
    return [((order + 1, 4 * number + child),) for child in range(4)]


def part_index(part: SkyPart, side: str) -> SkyIndex:
    """Return positions ready to be searched; the pixel of each row is known."""
    with np.errstate(invalid="ignore"):
        is_sound = bool((np.abs(part.dec_deg) <= 90.0).all() and np.isfinite(part.ra_deg).all())
    pixels = part.pixel if is_sound else None
    return build_index(part.ra_deg, part.dec_deg, threads=1, side=side, pixels=pixels)
