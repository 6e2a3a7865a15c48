"""Part-by-part search where more of a row counts than its position: motions, errors, own radii.

Parts are pixels of the positions that are stored. What is read around them reaches as far as the
radius and the greatest motions of both sides together, so that no pair is missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from astropile.crossmatch.partsearch import (
    NOTHING,
    PartSearch,
    Pixels,
    part_index,
    ranges_of,
    reach_of,
)
from astropile.crossmatch.rowvalues import greatest
from astropile.crossmatch.skyrows import SkyPart
from astropile.readers.column import Array
from astropile.sky import Pairs, SkyIndex, healpix_index
from astropile.sky.positions import Floats, refuse_faults

__all__ = ["HeldRows", "Mover", "ValueSearch"]


class Mover(Protocol):
    """Brings the rows of a side to where they are compared."""

    @property
    def greatest_arcsec(self) -> float:
        """The greatest way that a row moves."""

    def moved_at(self, rows: Array, ra_deg: Floats, dec_deg: Floats) -> tuple[Floats, Floats]:
        """Return where ascending rows are compared."""


class HeldRows:
    """Positions that are in memory, asked for part by part as those of a pile are.

    Parameters
    ----------
    ra_deg, dec_deg : ndarray of float64
        NaN where a row has no position.
    side : str
        Its name, for messages.
    """

    #: Bytes of a row: pixel, position, row number, and the order while they are sorted.
    ROW_BYTES = 48

    def __init__(self, ra_deg: Floats, dec_deg: Floats, side: str = "") -> None:
        refuse_faults(ra_deg, dec_deg, side=side)
        rows = np.flatnonzero(np.isfinite(ra_deg) & np.isfinite(dec_deg))
        pixel = healpix_index(ra_deg[rows], dec_deg[rows])
        order = np.argsort(pixel, kind="stable")
        self._rows = len(ra_deg)
        self._part = SkyPart(pixel[order], ra_deg[rows][order], dec_deg[rows][order], rows[order])

    def __len__(self) -> int:
        """Return the number of rows, also those without a position."""
        return self._rows

    def may_hold(self, low: int, high: int) -> bool:
        """Tell whether any row lies in a range of pixels."""
        return self.estimate(low, high) > 0

    def estimate(self, low: int, high: int) -> float:
        """Return how many rows lie in a range of pixels."""
        first, end = np.searchsorted(self._part.pixel, (low, high))
        return float(end - first)

    def storing(self, store_bytes: int) -> AbstractContextManager[None]:
        """Do nothing: all is there."""
        return nullcontext()

    def read(self, ranges: Array) -> SkyPart:
        """Return the rows in ranges of pixels; row numbers ascend, pixels need not."""
        first = np.searchsorted(self._part.pixel, ranges[:, 0])
        count = np.searchsorted(self._part.pixel, ranges[:, 1]) - first
        place = np.arange(count.sum()) + np.repeat(first - (np.cumsum(count) - count), count)
        place = place[np.argsort(self._part.row[place], kind="stable")]
        return SkyPart(*(column[place] for column in self._part))


@dataclass(frozen=True)
class ValueSearch(PartSearch):
    """What is looked for, and where; see `PartSearch`.

    Attributes
    ----------
    movers : tuple of Mover or None
        What brings the rows of each side to where they are compared; None: they stay.
    """

    movers: tuple[Mover | None, Mover | None] = (None, None)

    def around(self, part: Pixels) -> tuple[SkyPart, SkyPart]:
        """Read the left rows of a part, and the right rows that may come near them."""
        shift = sum(0.0 if mover is None else mover.greatest_arcsec for mover in self.movers)
        if self.question.find == "mutual":  # of left rows around the part, the own reach counts
            reach = self.question.greatest_arcsec + shift
            left = self.left.read(reach_of(part, 2.0 * reach))
        else:
            left = self.left.read(ranges_of(part))
            reach = greatest(self.question.reach_arcsec(left.row)) + shift
        return left, self.right.read(reach_of(part, reach)) if len(left.row) else NOTHING

    def placed(self, left: SkyPart, right: SkyPart) -> tuple[SkyPart, SkyPart]:
        """Return rows where they are compared, with the pixels there."""
        return self._placed(0, left), self._placed(1, right)

    def searched(self, left: SkyPart, right: SkyPart) -> Iterator[Pairs]:
        """Yield the pairs of some rows, in order."""
        self.budget.require_at_once(len(left.row) + len(right.row))
        # What is known of the rows is read once; in it they are counted from 0.
        here = replace(self, question=self.question.part(left.row, right.row))
        counted = left._replace(row=np.arange(len(left.row)))
        partners = np.arange(len(right.row))
        indexes = part_index(counted, "left"), part_index(right, "right")
        for start, end in here._pieces(counted, indexes):
            own = SkyPart(*(column[start:end] for column in counted))
            index = indexes[0] if end - start == len(counted.row) else part_index(own, "left")
            found = here.question.part(own.row, partners).answer(index, indexes[1], threads=1)
            rows = left.row[own.row[found.left]], right.row[found.right]
            yield Pairs(*rows, found.separation_arcsec)

    def radius_of(self, rows: Any) -> Any:
        """Return how far right rows may be from left rows."""
        return self.question.reach_arcsec(rows)

    def _placed(self, number: int, part: SkyPart) -> SkyPart:
        """Return the rows of a side where they are compared."""
        mover = self.movers[number]
        if mover is None:
            return part
        ra, dec = mover.moved_at(part.row, part.ra_deg, part.dec_deg)
        return SkyPart(healpix_index(ra, dec, threads=1), ra, dec, part.row)

    def _pieces(
        self, left: SkyPart, indexes: tuple[SkyIndex, SkyIndex]
    ) -> Iterator[tuple[int, int]]:
        """Yield ranges of left rows that have as many near right rows as fit."""
        question = self.question
        if question.n_sigma is None or question.find in ("all", "mutual"):
            yield from super()._pieces(left, indexes)
            return
        # By errors, the nearest are chosen from all that are near.
        every = replace(self, question=replace(question, find="all", k=None))
        yield from every._pieces(left, indexes)
