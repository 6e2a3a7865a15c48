"""Measure what the Dask engine costs, and what a match of 10^9 with 10^9 rows would cost.

    python benchmarks/bench_dask.py --rows 5e6

Two piles are built in a temporary folder (the sky of bench_match.py). Then, with files warm in
memory:

* read: index and positions of all partitions, as a task reads them, in one thread;
* around: the same for what lies within the radius around each partition;
* match: the search of all parts, in one thread;
* local: `cross_match` in one process; dask: the same on a cluster of worker processes with one
  thread each, median of some runs; both give the same pairs, or the script stops;
* part: what a part costs beside its rows, in one thread: LSDB, pandas, opening of files. It is the
  time for small piles with many partitions, divided by the parts;
* wait: what a part costs on the cluster beyond that: the scheduler, pickling, the way back.

The model: ``seconds = (rows of both sides * (read + around + match) + parts * part) / workers +
parts * wait``. It does not know slow disks and networks: the bytes a second that they would have
to give are shown beside it. Needs the extra `dask`.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from bench_match import make_sides

import astropile as ap
from astropile.crossmatch.coordinates import Coordinates, read_rows, ring_ranges, sky_range
from astropile.crossmatch.dask import TASK_ROWS, match_on_dask, task_parts
from astropile.sky import match_coordinates

RADIUS_ARCSEC = 1.0
GOAL = 1e9
MANY_PARTS = 300


def build(
    folder: Path, name: str, ra: np.ndarray, dec: np.ndarray, partition_rows: int = 1_000_000
) -> Path:
    """Build a pile of positions."""
    ids = pa.array(np.arange(len(ra))).cast(pa.string())
    table = pa.table({"id": ids, "right_ascension": ra, "declination": dec})
    path = folder / name
    ap.build_table(
        table,
        path,
        name=name,
        object_id="id",
        ra="right_ascension",
        dec="declination",
        partition_rows=partition_rows,
    )
    return path


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return seconds and result of a call."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def stages(left: Coordinates, right: Coordinates) -> dict[str, float]:
    """Read and match every part in one thread, and return seconds by stage, and rows."""
    found = dict.fromkeys(("read", "around", "match", "rows", "rows_around", "parts"), 0.0)
    for order, number in task_parts(left, right, RADIUS_ARCSEC, TASK_ROWS):
        inside = np.array([sky_range(order, number)])
        ring = ring_ranges(order, number, RADIUS_ARCSEC)

        def read(side: Coordinates, ranges: np.ndarray) -> dict[str, np.ndarray]:
            return read_rows(side.within(ranges), ranges, side.ra, side.dec, side.healpix)

        spent, sides = timed(lambda inside=inside: (read(left, inside), read(right, inside)))
        spent_around, margin = timed(lambda ring=ring: read(right, ring))
        ra, dec = (np.concatenate([sides[1][name], margin[name]]) for name in ("ra", "dec"))
        spent_match, _ = timed(
            lambda sides=sides, ra=ra, dec=dec: match_coordinates(
                sides[0]["ra"], sides[0]["dec"], ra, dec, radius_arcsec=RADIUS_ARCSEC, threads=1
            )
        )
        found["read"] += spent
        found["around"] += spent_around
        found["match"] += spent_match
        found["rows"] += len(sides[0]["ra"]) + len(sides[1]["ra"])
        found["rows_around"] += len(margin["ra"])
        found["parts"] += 1
    return found


def part_seconds(folder: Path, run: dict[str, Any], workers: int) -> tuple[float, float]:
    """Return what a part costs a worker beside its rows, and what it costs the cluster."""
    import dask

    sides = make_sides(MANY_PARTS * 100, seed=1)
    paths = [
        build(folder, name, *sides[2 * k : 2 * k + 2], partition_rows=150)
        for k, name in enumerate(("small_left", "small_right"))
    ]
    left, right = (Coordinates.open(path) for path in paths)
    parts = sum(1 for _ in task_parts(left, right, RADIUS_ARCSEC, TASK_ROWS))
    match_on_dask(*paths, **run)
    together, _ = timed(lambda: match_on_dask(*paths, **run))
    with dask.config.set(scheduler="sync"):
        alone, _ = timed(lambda: match_on_dask(*paths, radius_arcsec=RADIUS_ARCSEC))
    return alone / parts, max(0.0, together - alone / workers) / parts


def bytes_a_row(side: Coordinates) -> float:
    """Return the compressed bytes of index and positions of a row."""
    total = 0
    for leaf in side.leaves:
        meta = pq.read_metadata(leaf.piece.path)
        for group in range(meta.num_row_groups):
            columns = [meta.row_group(group).column(k) for k in range(meta.num_columns)]
            names = (side.ra, side.dec, side.healpix)
            total += sum(c.total_compressed_size for c in columns if c.path_in_schema in names)
    return total / side.rows


def peak_mb() -> float:
    """Return the greatest memory of this process since its program began (Linux)."""
    # Not ru_maxrss: that of a new process begins with the memory of the one that started it.
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=float, default=1e6)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    from distributed import Client, LocalCluster

    with tempfile.TemporaryDirectory() as scratch:
        sides = make_sides(int(options.rows))
        paths = [
            build(Path(scratch), name, *sides[2 * k : 2 * k + 2])
            for k, name in enumerate(("left", "right"))
        ]
        left, right = (Coordinates.open(path) for path in paths)
        stages(left, right)  # files into memory, functions compiled
        cost = stages(left, right)
        local, expected = timed(
            lambda: ap.cross_match(*map(ap.open, paths), radius_arcsec=RADIUS_ARCSEC).pairs
        )
        cluster_options = {
            "processes": True,
            "host": "127.0.0.1",
            "dashboard_address": "127.0.0.1:0",
        }
        with (
            LocalCluster(options.workers, threads_per_worker=1, **cluster_options) as cluster,
            Client(cluster) as client,
        ):
            run = {"radius_arcsec": RADIUS_ARCSEC, "client": client}
            match_on_dask(*paths, **run)
            found = [timed(lambda: match_on_dask(*paths, **run)) for _ in range(options.rounds)]
            wall = statistics.median(spent for spent, _ in found)
            memory = client.run(peak_mb)
            a_part = part_seconds(Path(scratch), run, options.workers)
        pairs = found[0][1]
        same = all(
            np.array_equal(getattr(pairs, mine), expected[theirs].to_numpy())
            for mine, theirs in (
                ("left", "left_row"),
                ("right", "right_row"),
                ("separation_arcsec", "separation_arcsec"),
            )
        )
        if not same:
            raise SystemExit("the engines differ")
        work = (cost["read"] + cost["around"] + cost["match"]) / cost["rows"]
        print_rates(cost, work, a_part, (local, wall, len(pairs)), options.workers)
        print(f"worker memory {max(memory.values()):8.0f} MB at most")
        print_model(left, right, work, a_part)


def print_rates(
    cost: dict[str, float],
    work: float,
    a_part: tuple[float, float],
    walls: tuple[float, float, int],
    workers: int,
) -> None:
    """Print what was measured."""
    rows = cost["rows"]
    print(
        f"{rows / 2:.0f} x {rows / 2:.0f} rows, {RADIUS_ARCSEC} arcsec, {cost['parts']:.0f} parts"
    )
    for name in ("read", "around", "match"):
        print(f"{name:8} {rows / cost[name] / 1e6:8.2f} M rows/s a thread   {cost[name]:7.2f} s")
    print(f"together {1e-6 / work:8.2f} M rows/s a thread")
    print(f"around the parts lie {100 * cost['rows_around'] / rows:.2f} % more rows")
    print(f"part     {1e3 * a_part[0]:8.1f} ms   wait {1e3 * a_part[1]:.1f} ms")
    print(f"local    {walls[0]:8.2f} s, with opening and ids")
    print(f"dask     {walls[1]:8.2f} s on {workers} workers, {walls[2]} pairs, identical")


def print_model(
    left: Coordinates, right: Coordinates, work: float, a_part: tuple[float, float]
) -> None:
    """Print what the model says for 10^9 with 10^9 rows."""
    size = (bytes_a_row(left) + bytes_a_row(right)) / 2
    tasks = 2 * GOAL / TASK_ROWS
    print(f"\nmodel for {GOAL:.0e} x {GOAL:.0e} rows: {2 * GOAL * size / 1e9:.0f} GB to read")
    print(f"({size:.1f} bytes a row), {tasks:.0f} tasks of {TASK_ROWS} rows")
    for workers in (2, 16, 64, 256):
        seconds = (2 * GOAL * work + tasks * a_part[0]) / workers + tasks * a_part[1]
        rate = 2 * GOAL * size / seconds / 1e6
        print(f"{workers:4} workers {seconds:8.0f} s, reading {rate:6.0f} MB/s together")


if __name__ == "__main__":
    main()
