"""Threads that write partitions, as many at a time as the memory allows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

__all__ = ["Finisher"]


class Finisher:
    """Runs jobs in threads; Parquet encoding, compression and hashing hold no global lock.

    Parameters
    ----------
    workers : int
        Most jobs at a time.
    memory_bytes : int
        Most memory of the jobs that wait or run; one job runs however big it is.
    """

    def __init__(self, workers: int, memory_bytes: int) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="astropile-leaf")
        self._workers = workers
        self._memory = memory_bytes
        self._running: dict[Future[None], int] = {}

    def submit(self, size: int, job: Callable[..., None], *arguments: Any) -> None:
        """Start a job as soon as its memory is free.

        Raises
        ------
        Exception
            What an earlier job raised.
        """
        self._collect()
        while not self._fits(size):
            wait(self._running, return_when=FIRST_COMPLETED)
            self._collect()
        self._running[self._pool.submit(job, *arguments)] = size

    def is_free(self, size: int) -> bool:
        """Return whether a job of some memory would start at once."""
        self._collect()
        return len(self._running) < self._workers and self._fits(size)

    def _fits(self, size: int) -> bool:
        return not self._running or sum(self._running.values()) + size <= self._memory

    def _collect(self) -> None:
        for future in [f for f in self._running if f.done()]:
            del self._running[future]
            future.result()

    def drain(self) -> None:
        """Wait for all jobs."""
        while self._running:
            wait(self._running, return_when=FIRST_COMPLETED)
            self._collect()

    def close(self) -> None:
        """End the threads; jobs that did not start never do."""
        self._pool.shutdown(wait=True, cancel_futures=True)
