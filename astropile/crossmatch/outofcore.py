"""Two piles matched part of the sky by part of the sky, within a budget of memory.

A part is a run of HEALPix pixels. Its left rows are compared with all right rows in these pixels
and in the ring of pixels around them that is nowhere narrower than the radius, so the pairs are
those of comparing all with all. Parts are worked on in threads and answer in order of the left
rows, as the rows of a pile are in the order of the sky.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from astropile.crossmatch.around import pixel_range
from astropile.crossmatch.pairstore import PairStore
from astropile.crossmatch.partsearch import DEEPEST_CUT, PartSearch, Pixels
from astropile.crossmatch.question import Question
from astropile.crossmatch.skyrows import SkyRows, give_back
from astropile.crossmatch.sweeping import NotSwept, Sweep
from astropile.disk import size_text
from astropile.errors import MatchError, UsageError
from astropile.sky import Pairs
from astropile.sky.radius import read_limit
from astropile.sky.threads import thread_count

__all__ = ["LEAST_BYTES", "MEMORY_BYTES", "Budget", "match_parts", "search_parts", "sky_parts"]

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
_THREAD_STORED = 5 * 2**20
#: Bytes of a pair as it is found, put in order and handed over.
_PAIR_BYTES = 48


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
    row_bytes : int
        What a row of a part needs.
    """

    memory_bytes: int
    threads: int
    is_hard: bool
    row_bytes: int = _PART_ROW_BYTES

    @classmethod
    def of(cls, memory_bytes: int | None, threads: int | None = None) -> Budget:
        """Return the shares of what a caller gives.

        Raises
        ------
        UsageError
            It is no number of bytes, or too few.
        """
        given = MEMORY_BYTES if memory_bytes is None else memory_bytes
        is_size = type(given) is int
        if not is_size or given < LEAST_BYTES:
            size = f" ({size_text(given)})" if is_size and given > 0 else ""
            needed = f"a match needs at least {size_text(LEAST_BYTES)}"
            msg = f"memory_bytes={memory_bytes!r}{size}"
            msg += f": {needed}" if is_size else f" is no integer of bytes; {needed}"
            hint = f"leave it out for {size_text(MEMORY_BYTES)}, or give an integer of bytes"
            raise UsageError(msg, hint=hint)
        return cls(given, thread_count(threads), memory_bytes is not None)

    def require(self, rows: int, held_bytes: int = 0) -> None:
        """Refuse to compare so many rows in memory if a budget was given that does not do.

        Parameters
        ----------
        rows : int
            Of both sides.
        held_bytes : int
            What tables and ids take.

        Raises
        ------
        MatchError
            It does not.
        """
        needed = rows * _PART_ROW_BYTES + held_bytes
        if self.is_hard and needed > self.memory_bytes:
            what = (
                f"{rows} rows take about {size_text(needed)} in memory; "
                f"{size_text(self.memory_bytes)} are allowed"
            )
            hint = "build the larger side to a pile, which is matched part by part; or give more"
            raise MatchError(what, hint=hint)

    def beside(self, held_bytes: int) -> Budget:
        """Return what is left beside a table, or ids and positions of a survey, in memory.

        Raises
        ------
        MatchError
            It is too little.
        """
        left = self.memory_bytes - held_bytes
        if self.is_hard and left < LEAST_BYTES // 2:
            needed = size_text(held_bytes + LEAST_BYTES // 2)
            what = f"the side in memory takes {size_text(held_bytes)}, so a match takes {needed}"
            what += f"; {size_text(self.memory_bytes)} are allowed"
            hint = "build it to a pile, which is matched part by part; or give more memory"
            raise MatchError(what, hint=hint)
        return replace(self, memory_bytes=max(left, LEAST_BYTES // 2))

    def require_at_once(self, rows: int) -> None:
        """Refuse a part of so many rows, which cannot be cut further, if it does not fit.

        Raises
        ------
        MatchError
            It does not fit into a budget that was given.
        """
        if not self.fits_at_once(rows):
            what = (
                f"{rows} rows have to be compared at once, which takes about "
                f"{size_text(self._at_once(rows))}; "
                f"{size_text(self.memory_bytes)} are allowed"
            )
            hint = "give more memory, or a smaller radius"
            raise MatchError(what, hint=hint)

    def fits_at_once(self, rows: int) -> bool:
        """Tell whether a part may have so many rows; without a budget that was given, any."""
        return not self.is_hard or self._at_once(rows) <= self.memory_bytes

    def _at_once(self, rows: int) -> int:
        """Return what a match takes whose parts have so many rows."""
        return rows * self.row_bytes * self.threads * 8 // 3

    @property
    def store_bytes(self) -> int:
        """For positions of one side that were read and wait."""
        return min(self.memory_bytes // 8, _MOST_STORED)

    @property
    def swept_bytes(self) -> int:
        """The same where every row is read for one window, or two: some row groups a thread."""
        return min(self.store_bytes, self.threads * _THREAD_STORED)

    @property
    def swept_rows(self) -> int:
        """Rows of both sides in a window of a sweep: fewer, as no row is read twice for that."""
        return min(self.part_rows, _MOST_ROWS)

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
        fits = self.part_bytes * 2 // 3 // self.row_bytes
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
    read_limit(question.radius).require_rows(len(left))
    search = PartSearch(left, right, question, budget)
    sweep = Sweep.of(search, sky_parts(left, right, budget.swept_rows))
    if sweep is not None:
        with suppress(NotSwept), _storing(search, budget.swept_bytes):
            return _collected(search, sweep.windows, sweep.pairs, sweep.edge_pairs)
    return search_parts(search)


def search_parts(search: PartSearch) -> Pairs:
    """Return the pairs that a search finds, part by part, in the order of the parts.

    Raises
    ------
    MatchError, SourceError, OutputError
        As for `match_parts`.
    """
    parts = sky_parts(search.left, search.right, search.budget.part_rows)
    with _storing(search, search.budget.store_bytes):
        return _collected(search, parts, lambda _, part: search.pairs(part), None)


@contextmanager
def _storing(search: PartSearch, store_bytes: int) -> Iterator[None]:
    """Keep so much of what is read of each side for parts to come."""
    try:
        with search.left.storing(store_bytes), search.right.storing(store_bytes):
            yield
    finally:
        give_back()


def _collected(
    search: PartSearch,
    parts: Iterable[Any],
    answer: Callable[[int, Any], Iterator[Pairs]],
    rest: Callable[[], Pairs] | None,
) -> Pairs:
    """Return the pairs of all parts, found in threads, and of what is left to the end."""
    budget, find = search.budget, search.question.find
    likely = len(search.left) if find in ("nearest", "mutual") else len(search.left) // 2
    # Only what walks along the sky has positions at hand for the angles.
    store = PairStore(budget.pair_bytes, likely, with_angles=rest is not None)
    waiting: list[Future[None]] = []
    with ThreadPoolExecutor(budget.threads) as pool:
        try:
            for number, part in enumerate(parts):
                waiting.append(pool.submit(_answer, answer, number, part, store))
                if len(waiting) > 2 * budget.threads:
                    waiting.pop(0).result()
            for future in waiting:
                future.result()
            more = None if rest is None else rest()
        except BaseException as error:
            store.stop(error)
            pool.shutdown(wait=True, cancel_futures=True)
            with suppress(Exception):
                store.close()
            raise store.cause or error from None
    return store.pairs(more)


def _answer(
    answer: Callable[[int, Any], Iterator[Pairs]], number: int, part: Any, store: PairStore
) -> None:
    """Put the pairs of a part into the store when it is their turn."""
    try:
        for pairs in answer(number, part):
            store.add(number, pairs)
        store.done(number)
    except BaseException as error:
        store.stop(error)  # those after it would wait for ever
        raise


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
        if rows > part_rows and order < DEEPEST_CUT:
            waiting += [(order + 1, 4 * number + child) for child in (3, 2, 1, 0)]
            continue
        if run and size + rows > part_rows:
            yield tuple(run)
            run, size = [], 0.0
        run.append((order, number))
        size += rows
    if run:
        yield tuple(run)
