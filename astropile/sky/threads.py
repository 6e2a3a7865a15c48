"""Work on ranges of rows in threads; what runs there releases the global lock."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from astropile.errors import MatchError

__all__ = ["in_turn", "run_ranges", "thread_count"]

Result = TypeVar("Result")

# Clumps make some ranges far dearer than others, so there are more ranges than threads.
RANGES_PER_THREAD = 8
SMALLEST_RANGE = 512


def thread_count(threads: int | None) -> int:
    """Return a number of threads: as asked for, else one a usable core."""
    if threads is None:
        try:
            return len(os.sched_getaffinity(0))
        except AttributeError:  # not on this operating system
            return os.cpu_count() or 1
    if type(threads) is not int or threads < 1:
        what = f"threads={threads!r} is no number of threads; expected an integer of at least 1"
        raise MatchError(what, hint="leave it out to use every core")
    return threads


def run_ranges(
    work: Callable[[int, int], Result],
    total: int,
    threads: int,
    *,
    smallest: int = SMALLEST_RANGE,
) -> list[Result]:
    """Call ``work(low, high)`` over ranges that cover ``range(total)``; results in range order."""
    step = max(-(-total // (threads * RANGES_PER_THREAD)), smallest)
    lows = range(0, total, step)
    if threads == 1 or len(lows) <= 1:
        return [work(low, min(low + step, total)) for low in lows]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda low: work(low, min(low + step, total)), lows))


def in_turn(tasks: Sequence[Callable[[], Result]], threads: int) -> Iterator[Result]:
    """Yield what tasks return, in their order; while one result is used, the next are made.

    Parameters
    ----------
    tasks : sequence of callable
        The first is called at once, the others in threads once a second result is asked for.
    threads : int
        Most tasks at a time, and most results that wait.
    """
    if threads == 1 or len(tasks) < 2:
        yield from (task() for task in tasks)
        return
    yield tasks[0]()
    rest = iter(tasks[1:])
    with ThreadPoolExecutor(threads) as pool:
        waiting = deque(pool.submit(task) for task in islice(rest, threads))
        try:
            while waiting:
                found = waiting.popleft().result()
                waiting.extend(pool.submit(task) for task in islice(rest, 1))
                yield found
                del found
        finally:
            for future in waiting:
                future.cancel()
