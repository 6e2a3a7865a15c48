"""Two piles matched by walking both once, side by side, in the order in which they are stored.

The sky is cut into windows, each a range of pixels. In a window there are the left and the right
rows of these pixels and nothing else, so every row is read and made a vector once. Rows that are
within reach of the edge of their window, or of a face of HEALPix, wait until the end: only there
can the rows of a pair be in different windows. They are few, and matched with each other.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from threading import local
from typing import Any

import numpy as np

from astropile.crossmatch.around import WHOLE_SKY, neighbours, pixel_range, widest_order
from astropile.crossmatch.partsearch import PartSearch, Pixels, reach_of
from astropile.crossmatch.skyrows import SkyPart, SkySlice, joined_parts
from astropile.readers.column import Array
from astropile.sky import Pairs
from astropile.sky.index import ARCSEC_PER_RADIAN
from astropile.sky.match import sorted_pairs
from astropile.sky.radius import read_limit
from astropile.sky.regions.region import joined, overlap

__all__ = ["NotSwept", "Sweep"]

#: More rows than this part of all at the edges of windows, and they are better not left to the end.
MOST_AT_EDGES = 0.05
#: The same, all of them, beside the rows of a part of the sky.
MOST_WAITING = 1.0
# Right rows that may be looked at for a left one, on average, before a tree is better.
_STEPS_PER_ROW, _STEPS_AT_LEAST = 64, 1 << 16
# A gap between windows with less than this part of the right rows of a window is not worth one.
_BRIDGED = 0.05
_DEEPEST = 29
_NO_ROWS = np.empty(0, dtype=np.int64)
# What a sweep returns if there is no room for the pairs.
TOO_MANY = -1


class NotSwept(Exception):  # noqa: N818 - no error: there is another way
    """The rows are not fit for a sweep after all."""


@dataclass(frozen=True, slots=True)
class _Range:
    """A window: its range of pixels, and the larger pixels that it is made of."""

    low: int
    high: int
    part: Pixels


class _Side(local):
    """Room for the rows of a window, of each thread its own, used again for the next one."""

    def __init__(self) -> None:
        self.room = -1

    def fill(self, parts: list[SkySlice]) -> None:
        """Take rows in."""
        from astropile.sky.sweep import Run, fill_run

        self.count = sum(len(part.pixel) for part in parts)
        if self.count > self.room:
            self.room = self.count + self.count // 8
            vectors = _fresh(3 * self.room, np.float64).reshape(3, self.room)
            self.run = Run(_fresh(self.room, np.int64), vectors)
            self.rows = _fresh(self.room, np.int64)
            self.position = _fresh(self.room, np.float64), _fresh(self.room, np.float64)
        self.ra_deg = self._joined([part.ra_deg for part in parts], 0)
        self.dec_deg = self._joined([part.dec_deg for part in parts], 1)
        at = unsound = 0
        for part in parts:
            pixel, ra_deg, dec_deg = map(_frozen, part[:3])
            unsound += fill_run(pixel, ra_deg, dec_deg, at, self.run)
            at += len(part.pixel)
        if unsound:
            raise NotSwept

    def _joined(self, columns: list[Array], number: int) -> Array:
        """Return a coordinate of all rows."""
        if len(columns) == 1:
            return _frozen(columns[0])
        columns.append(np.empty(0))  # there may be no part at all
        return _frozen(np.concatenate(columns, out=self.position[number][: self.count]))

    def edge(self, window: _Range, radius_arcsec: float, times: int) -> Array:
        """Return the rows within so many radii of the edge of a window, or of a face."""
        from astropile.sky.sweep import edge_rows, window_of

        reach = window_of(window.low, window.high, radius_arcsec, times=times)
        return self.rows[: edge_rows(self.run.pixel, self.count, reach, self.rows)].copy()


@dataclass(frozen=True, slots=True)
class _Edges:
    """Rows of a window that are left to the end.

    Attributes
    ----------
    left, right : SkyPart
        Their positions.
    is_own : ndarray of bool
        Left rows whose pairs are found at the end; others only have a say.
    """

    left: SkyPart
    right: SkyPart
    is_own: Array


class _Out(local):
    """Room for what is found in a window, of each thread its own."""

    def __init__(self) -> None:
        self.room = 0

    def make(self, room: int) -> None:
        """Have room for so many pairs."""
        if room > self.room:
            self.room = room
            self.left, self.right = _fresh(room, np.int64), _fresh(room, np.int64)
            self.chord, self.angle = _fresh(room, np.float64), _fresh(room, np.float64)

    @property
    def columns(self) -> tuple[Array, Array, Array]:
        """Left rows, right rows, squared chords."""
        return self.left, self.right, self.chord


@dataclass(eq=False)
class Sweep:
    """A match of two piles by a walk over both.

    Attributes
    ----------
    search : PartSearch
        What is looked for, and where.
    windows : list
        Ranges of pixels that hold all left rows, in order.
    """

    search: PartSearch
    windows: list[_Range]
    _left: _Side = field(default_factory=_Side)
    _right: _Side = field(default_factory=_Side)
    _out: _Out = field(default_factory=_Out)
    _back: _Out = field(default_factory=_Out)
    _edges: dict[int, _Edges] = field(default_factory=dict)

    @classmethod
    def of(cls, search: PartSearch, parts: Iterable[Pixels]) -> Sweep | None:
        """Return the sweep that answers a question; None if another way is better.

        Parameters
        ----------
        search : PartSearch
            What is looked for, and where.
        parts : iterable of tuple
            Pixels that hold all left rows, in order, as many as fit into memory at a time.
        """
        from astropile.sky.sweep import GREATEST_RADIUS_ARCSEC

        radius = search.question.greatest_arcsec
        if not 0.0 < radius <= GREATEST_RADIUS_ARCSEC:
            return None
        if search.question.find == "mutual" and np.ndim(search.question.radius):
            return None  # a right row would have to know the radius of every left one
        windows = _windows(search, parts)
        edge = total = 0.0
        for window in windows:
            rows = sum(s.estimate(window.low, window.high) for s in (search.left, search.right))
            side = math.sqrt((window.high - window.low) / WHOLE_SKY * 4.0 * math.pi)
            edge += rows * min(1.0, 8.0 * radius / (side * ARCSEC_PER_RADIAN))
            total += rows
        return cls(search, windows) if edge <= MOST_AT_EDGES * total else None

    def pairs(self, number: int, window: _Range) -> Iterator[Pairs]:
        """Yield the pairs of the left rows of a window, in order, but for those at its edges.

        What is yielded is overwritten by the next window of the thread.

        Raises
        ------
        NotSwept
            Too many rows are at the edges or in the window, or one has no position.
        MatchError
            Rows that have to be compared at once do not fit into memory.
        """
        search, left, right = self.search, self._left, self._right
        if not search.right.may_hold(window.low, window.high) and not self._is_near(window):
            return
        left_parts = search.left.slices(window.low, window.high)
        if not left_parts:
            return  # its right rows are read at the end, where there are left ones around it
        right_parts = search.right.slices(window.low, window.high)
        if not search.budget.fits_at_once(sum(len(p.pixel) for p in left_parts + right_parts)):
            raise NotSwept
        left.fill(left_parts)
        right.fill(right_parts)
        skipped = self._put_aside(number, window, left_parts, right_parts)
        if not right.count:
            return
        count = self._swept(window, left_parts[0].first, skipped)
        if count >= 0:
            yield self._found(count, left_parts[0].first, right_parts[0].first)
            return
        rows = left_parts[0].first + skipped
        whole = _whole(left_parts), _whole(right_parts)
        for found in search.searched(*whole):
            yield _with_angles(found.at(np.isin(found.left, rows, invert=True)), *whole)

    def _is_near(self, window: _Range) -> bool:
        """Tell whether any right row may be within the radius of a window."""
        ranges = reach_of(window.part, self.search.question.greatest_arcsec)
        return any(self.search.right.may_hold(low, high) for low, high in ranges.tolist())

    def _put_aside(
        self, number: int, window: _Range, left_parts: list[SkySlice], right_parts: list[SkySlice]
    ) -> Array:
        """Keep the rows at the edges for the end; return the left ones whose pairs are theirs.

        Right rows that are within the radius of those are no further from the edge than two radii.
        Whether they are mutual, left rows around them have a say in.
        """
        radius = self.search.question.greatest_arcsec
        is_mutual = self.search.question.find == "mutual"
        own, others, witnesses = (2, 3, 4) if is_mutual else (1, 2, 1)
        skipped = self._left.edge(window, radius, own)
        kept = self._left.edge(window, radius, witnesses) if is_mutual else skipped
        self._edges[number] = _Edges(
            _picked(left_parts, kept),
            _picked(right_parts, self._right.edge(window, radius, others)),
            np.isin(kept, skipped, assume_unique=True),
        )
        waiting = sum(len(e.left.row) + len(e.right.row) for e in list(self._edges.values()))
        if waiting > self._most_waiting:
            raise NotSwept
        return skipped

    @property
    def _most_waiting(self) -> float:
        """Rows that may be left to the end."""
        return MOST_WAITING * self.search.budget.part_rows

    def _swept(self, window: _Range, first: int, skipped: Array) -> int:
        """Put pairs where they are found, and return their number; below 0 if that was too much."""
        from astropile.sky.sweep import sweep, window_of

        search, left, right, out = self.search, self._left, self._right, self._out
        radius = search.question.radius
        limit = read_limit(radius[first : first + left.count] if np.ndim(radius) else radius)
        reach = window_of(window.low, window.high, search.question.greatest_arcsec)
        find, most = search.question.find, search.budget.most_pairs
        is_one = find in ("nearest", "mutual")
        steps = _STEPS_PER_ROW * (left.count + right.count) + _STEPS_AT_LEAST
        out.make(left.count if is_one else min(2 * left.count, most))
        sides = left.run, left.count, right.run, right.count
        while True:
            count = sweep(*sides, reach, *limit.both, skipped, is_one, steps, *out.columns)
            if count != TOO_MANY or out.room >= most:
                break
            out.make(most)
        if find == "mutual" and count >= 0:
            count = self._mutual(count, reach, limit.both, steps)
        return count

    def _mutual(self, count: int, reach: Any, limits: tuple[float, Array], steps: int) -> int:
        """Keep the pairs in which the left row is the nearest of the right one."""
        from astropile.sky.sweep import sweep

        left, right, out, back = self._left, self._right, self._out, self._back
        back.make(right.count)
        sides = right.run, right.count, left.run, left.count
        found = sweep(*sides, reach, *limits, _NO_ROWS, True, steps, *back.columns)
        if found < 0:
            return int(found)
        nearest = np.full(right.count, -1)
        nearest[back.left[:found]] = back.right[:found]
        kept = np.flatnonzero(nearest[out.right[:count]] == out.left[:count])
        for column in out.columns:
            column[: len(kept)] = column[kept]
        return len(kept)

    def _found(self, count: int, first: int, first_other: int) -> Pairs:
        """Return what was found in a window, with row numbers of the piles."""
        from astropile.sky.bearing import fill_pair_bearings

        left, right, chord = (column[:count] for column in self._out.columns)
        k = self.search.question.k
        if k is not None:
            kept = np.ones(count, dtype=bool)
            kept[k:] = left[k:] != left[:-k]
            left, right, chord = left[kept], right[kept], chord[kept]
        found = sorted_pairs(left, right, chord)
        angle = self._out.angle[: len(found)]
        sides = self._left.ra_deg, self._left.dec_deg, self._right.ra_deg, self._right.dec_deg
        fill_pair_bearings(*sides, found.left, found.right, angle)
        for rows, before in ((found.left, first), (found.right, first_other)):
            rows += before
        return replace(found, position_angle_deg=angle)

    def edge_pairs(self) -> Pairs:
        """Return the pairs of the left rows at the edges of windows, in order."""
        edges = [self._edges[number] for number in sorted(self._edges)]
        left = joined_parts([edge.left for edge in edges])
        right = joined_parts([edge.right for edge in edges] + [self._outside(left)])
        order = np.argsort(right.row, kind="stable")
        right = SkyPart(*(column[order] for column in right))
        if not len(left.row) or not len(right.row):
            return Pairs(_NO_ROWS, _NO_ROWS, np.empty(0))
        own = left.row[np.concatenate([edge.is_own for edge in edges])]
        parts = [pairs.columns for pairs in self.search.searched(left, right)]
        found = Pairs(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        return _with_angles(found.at(np.isin(found.left, own)), left, right)

    def _outside(self, left: SkyPart) -> SkyPart:
        """Return right rows around left ones that are in no window, or in one not worked on."""
        order = widest_order(self.search.question.greatest_arcsec)
        shift = 2 * (_DEEPEST - order)
        cells = neighbours(order, np.unique(left.pixel >> shift)) if len(left.row) else _NO_ROWS
        around = joined(np.stack([cells << shift, (cells + 1) << shift], axis=1))
        done = [self.windows[number] for number in sorted(self._edges)]
        edges = [0, *(edge for window in done for edge in (window.low, window.high)), WHOLE_SKY]
        gaps = np.array(edges, dtype=np.int64).reshape(-1, 2)
        ranges = overlap(around, gaps[gaps[:, 1] > gaps[:, 0]])
        right = self.search.right
        if sum(right.estimate(*pair) for pair in ranges.tolist()) > self._most_waiting:
            raise NotSwept
        held = [right.may_hold(*pair) for pair in ranges.tolist()]
        return right.read(ranges[np.array(held, dtype=bool)])


def _windows(search: PartSearch, parts: Iterable[Pixels]) -> list[_Range]:
    """Return the ranges of pixels of parts, with small gaps between them closed."""
    found: list[_Range] = []
    for part in parts:
        ranges = joined(np.array([pixel_range(*pixel) for pixel in part], dtype=np.int64))
        for low, high in ranges.tolist():
            if found:
                last = found[-1]
                few = search.budget.swept_rows * _BRIDGED
                if search.right.estimate(last.high, low) <= few:
                    if last.part is part:
                        found[-1] = _Range(last.low, high, part)
                        continue
                    found[-1] = _Range(last.low, low, last.part)
            found.append(_Range(low, high, part))
    return found


def _whole(slices: list[SkySlice]) -> SkyPart:
    return joined_parts([one.part for one in slices])


def _with_angles(found: Pairs, left: SkyPart, right: SkyPart) -> Pairs:
    """Return pairs of some rows, which ascend, with their position angles."""
    from astropile.sky.bearing import fill_pair_bearings

    places = np.searchsorted(left.row, found.left), np.searchsorted(right.row, found.right)
    angle = np.empty(len(found))
    own = _frozen(left.ra_deg), _frozen(left.dec_deg)
    others = _frozen(right.ra_deg), _frozen(right.dec_deg)
    fill_pair_bearings(*own, *others, *places, angle)
    return replace(found, position_angle_deg=angle)


def _picked(parts: list[SkySlice], places: Array) -> SkyPart:
    """Return some rows of parts, by their ascending places in all of them."""
    found, before = [], 0
    for part in parts:
        start, stop = np.searchsorted(places, (before, before + len(part.pixel)))
        found.append(part.at(places[start:stop] - before))
        before += len(part.pixel)
    return joined_parts(found)


def _fresh(count: int, dtype: Any) -> Array:
    """Return room that the system has back as soon as nobody needs it.

    What threads allocate in the usual way stays with the process when they are gone.
    """
    size = max(1, count) * np.dtype(dtype).itemsize
    return np.frombuffer(mmap.mmap(-1, size), dtype=dtype)[:count]


def _frozen(values: Array) -> Array:
    """Return a view that cannot be written to, so that compiled functions meet one type only."""
    view = values.view()
    view.flags.writeable = False
    return view
