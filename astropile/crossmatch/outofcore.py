"""Two piles matched part of the sky by part of the sky, within a budget of memory.

A part is a run of HEALPix pixels. Its left rows are compared with all right rows in these pixels
and in the ring of pixels around them that is nowhere narrower than the radius, so the pairs are
those of comparing all with all. Parts are worked on in threads and answer in order of the left
rows, as the rows of a pile are in the order of the sky.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from astropile.crossmatch.around import around, pixel_range
from astropile.crossmatch.pairstore import PairStore
from astropile.crossmatch.question import Question
from astropile.crossmatch.skyrows import SkyPart, SkyRows
from astropile.errors import MatchError, UsageError
from astropile.readers.column import Array
from astropile.sky import Pairs, SkyIndex, build_index, match_indexes
from astropile.sky.radius import read_limit
from astropile.sky.regions.region import in_ranges, joined
from astropile.sky.threads import thread_count

__all__ = ["LEAST_BYTES", "MEMORY_BYTES", "Budget", "match_parts", "sky_parts"]

#: Memory of a match where none is given: 1 GiB.
MEMORY_BYTES = 2**30
#: Less would not hold what a single row group takes.
LEAST_BYTES = 2**26
# What a part needs for a row, measured: position and pixel, twice while they are joined, the
# tree, and what was found.
_PART_ROW_BYTES = 200
#: More rows in a part are no gain: its tree would not fit into the processor's cache.
_MOST_ROWS = 200_000
_FEWEST_ROWS = 4096
# More of what was read is no gain either: a part needs that of the parts before it.
_MOST_STORED = 48 * 2**20
# Pixels of 0.8 arcsec: where more rows than fit lie in one, no cut would help.
_DEEPEST_CUT = 18
#: Bytes of a pair as it is found, put in order and handed over.
_PAIR_BYTES = 48
# Pairs are counted only if so many times those of a sample would be too many.
_SAMPLE_STEP, _DOUBT = 16, 4

Pixels: TypeAlias = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Budget:
    """How the memory of a match is shared out.

    Attributes
    ----------
    memory_bytes : int
        All of it.
    threads : int
        Parts that are worked on at a time.
    is_hard : bool
        Whether to refuse what cannot be done within it.
    """

    memory_bytes: int
    threads: int
    is_hard: bool

    @classmethod
    def of(cls, memory_bytes: int | None, threads: int | None = None) -> Budget:
        """Return the shares of what a caller gives.

        Raises
        ------
        UsageError
            It is no number of bytes, or too few.
        """
        given = MEMORY_BYTES if memory_bytes is None else memory_bytes
        if type(given) is not int or given < LEAST_BYTES:
            msg = f"memory_bytes={memory_bytes!r}; expected an integer of at least {LEAST_BYTES}"
            raise UsageError(msg, hint="leave it out for 1 GiB")
        return cls(given, thread_count(threads), memory_bytes is not None)

    def require(self, rows: int) -> None:
        """Refuse to hold so many rows in memory if a budget was given that does not do.

        Raises
        ------
        MatchError
            It does not.
        """
        needed = rows * _PART_ROW_BYTES
        if self.is_hard and needed > self.memory_bytes:
            what = f"{rows} rows take about {needed} bytes; memory_bytes={self.memory_bytes}"
            hint = (
                "build both sides to piles: without n_sigma= and epoch= they are matched by parts"
            )
            raise MatchError(what, hint=hint)

    @property
    def store_bytes(self) -> int:
        """For positions of one side that were read and wait."""
        return min(self.memory_bytes // 8, _MOST_STORED)

    @property
    def pair_bytes(self) -> int:
        """For pairs that were found; more go to disk, with as much again while they are joined."""
        return self.memory_bytes * 3 // 8

    @property
    def part_bytes(self) -> int:
        """For one part: three eighths are shared by the threads."""
        return self.memory_bytes * 3 // 8 // self.threads

    @property
    def part_rows(self) -> int:
        """Rows of both sides in a part; two thirds of what fits, as they are only estimated."""
        fits = self.part_bytes * 2 // 3 // _PART_ROW_BYTES
        return max(_FEWEST_ROWS, min(fits, 2 * _MOST_ROWS))

    @property
    def most_pairs(self) -> int:
        """Pairs that are found at a time."""
        return max(_FEWEST_ROWS, self.part_bytes // 2 // _PAIR_BYTES)


def match_parts(left: SkyRows, right: SkyRows, question: Question, budget: Budget) -> Pairs:
    """Return the pairs of two piles, as the search in memory would.

    Parameters
    ----------
    left, right : SkyRows
        Positions of both sides.
    question : Question
        What is asked for, without positional errors.
    budget : Budget
        Memory for everything but libraries.

    Raises
    ------
    MatchError
        A radius is none, or something does not fit into a budget that was given.
    SourceError, OutputError
        A pile is not as it was, or there is no room for pairs on the disk.
    """
    limit = read_limit(question.radius)
    limit.require_rows(len(left))
    search = _Search(left, right, question, budget)
    store = PairStore(budget.pair_bytes)
    waiting: list[Future[None]] = []
    stores = left.storing(budget.store_bytes), right.storing(budget.store_bytes)
    with stores[0], stores[1], ThreadPoolExecutor(budget.threads) as pool:
        try:
            for number, part in enumerate(sky_parts(left, right, budget.part_rows)):
                waiting.append(pool.submit(_answer, search, part, number, store))
                if len(waiting) > 2 * budget.threads:
                    waiting.pop(0).result()
            for future in waiting:
                future.result()
        except BaseException:
            store.stop()
            pool.shutdown(wait=True, cancel_futures=True)
            with suppress(Exception):
                store.close()
            raise
    return store.pairs()


def _answer(search: _Search, part: Pixels, number: int, store: PairStore) -> None:
    """Put the pairs of a part into the store when it is their turn."""
    try:
        for pairs in search.pairs(part):
            store.add(number, pairs)
    except BaseException:
        store.stop()  # those after it would wait for ever
        raise
    store.done(number)


def sky_parts(left: SkyRows, right: SkyRows, part_rows: int) -> Iterator[Pixels]:
    """Yield runs of pixels, in order, that hold all left rows.

    Parameters
    ----------
    left, right : SkyRows
        Positions of both sides.
    part_rows : int
        About the most rows of both sides in a part.
    """
    run: list[tuple[int, int]] = []
    size = 0.0
    waiting = [(0, face) for face in range(11, -1, -1)]
    while waiting:
        order, number = waiting.pop()
        low, high = pixel_range(order, number)
        if not left.may_hold(low, high):  # an estimate of none may be a matter of rounding
            continue
        rows = left.estimate(low, high) + right.estimate(low, high)
        if rows > part_rows and order < _DEEPEST_CUT:
            waiting += [(order + 1, 4 * number + child) for child in (3, 2, 1, 0)]
            continue
        if run and size + rows > part_rows:
            yield tuple(run)
            run, size = [], 0.0
        run.append((order, number))
        size += rows
    if run:
        yield tuple(run)


@dataclass(frozen=True)
class _Search:
    """What is looked for, and where."""

    left: SkyRows
    right: SkyRows
    question: Question
    budget: Budget

    def pairs(self, part: Pixels) -> Iterator[Pairs]:
        """Yield the pairs of the left rows of a part, in order."""
        radius = self.question.greatest_arcsec
        inside = joined(np.array([pixel_range(*pixel) for pixel in part], dtype=np.int64))
        # Whether a left row is the nearest of a right one, left rows around it have a say in.
        is_mutual = self.question.find == "mutual"
        left = self.left.read(_reach(part, 2.0 * radius) if is_mutual else inside)
        if not len(left.row):
            return
        right = self.right.read(_reach(part, radius))
        if not len(right.row):
            return
        self._require_room(len(left.row) + len(right.row))
        indexes = _index(left, "left"), _index(right, "right")
        for start, end in self._pieces(left, indexes):
            whole = (start, end) == (0, len(left.row))
            own = left if whole else SkyPart(*(column[start:end] for column in left))
            index = indexes[0] if whole else _index(own, "left")
            found = match_indexes(
                index,
                indexes[1],
                radius_arcsec=self._radius(own.row),
                find=self.question.find,
                k=self.question.k,
                threads=1,
            )
            rows, separation = (
                (own.row[found.left], right.row[found.right]),
                found.separation_arcsec,
            )
            if is_mutual:
                kept = in_ranges(own.pixel[found.left], inside)
                rows, separation = (rows[0][kept], rows[1][kept]), separation[kept]
            yield Pairs(*rows, separation)

    def _radius(self, rows: Array) -> Any:
        radius = self.question.radius
        return radius[rows] if np.ndim(radius) else radius

    def _require_room(self, rows: int) -> None:
        """Refuse a part that cannot be cut further and does not fit."""
        needed = rows * _PART_ROW_BYTES * self.budget.threads * 8 // 3
        if self.budget.is_hard and needed > self.budget.memory_bytes:
            what = (
                f"{rows} rows have to be compared at once, which takes about {needed} bytes; "
                f"memory_bytes={self.budget.memory_bytes}"
            )
            hint = "give more memory, or a smaller radius"
            raise MatchError(what, hint=hint)

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
        likely = self._count(sample, _index(sample, "left"), indexes[1]).sum() * _SAMPLE_STEP
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
        limit = read_limit(self._radius(part.row))
        leaves = len(left.tree.leaf_starts) - 1
        rows_within(
            left.tree, right.tree, *limit.both, 0, leaves, counts, nothing, nothing, np.empty(0)
        )
        return counts


def _reach(part: Pixels, radius_arcsec: float) -> Array:
    """Return pixels that hold a part and everything within a radius of it."""
    radius = min(radius_arcsec, math.degrees(math.pi) * 3600.0)
    return joined(np.concatenate([around(*pixel, radius) for pixel in part]))


def _index(part: SkyPart, side: str) -> SkyIndex:
    """Return positions ready to be searched; the pixel of each row is known."""
    with np.errstate(invalid="ignore"):
        is_sound = bool((np.abs(part.dec_deg) <= 90.0).all() and np.isfinite(part.ra_deg).all())
    pixels = part.pixel if is_sound else None
    return build_index(part.ra_deg, part.dec_deg, threads=1, side=side, pixels=pixels)
