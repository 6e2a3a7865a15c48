"""Time reading matched Examples one by one: the plain NumPy format, Arrow tables, `ap.fast`.

    python benchmarks/bench_examples.py --rows 200

Mock HSC and DECaLS objects at the same places are matched, so that an Example holds two images
(5 x 160 x 160 and 3 x 152 x 152 float32): once with these and the positions alone, once with every
leaf of both surveys, inverse variances and masks included. Rounds are interleaved, so that a busy
machine slows all alike; the table shows the median of the rounds, and the best. Arrow tables are
what an Example costs before anything is made of it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

Method: TypeAlias = Callable[[int], None]
BLOCKS = {"two images": ["image.flux"], "all leaves": None}
#: Rows that the slowest method reads in a round.
FEW = 20


def matched_datasets(folder: Path, rows: int) -> Iterator[tuple[str, Any]]:
    """Write mock files, match them, and yield the matched dataset of each selection."""
    import astropile as ap
    from astropile.testing import simulate

    for name in ("hsc", "decals"):
        simulate(name, None, rows, data_dir=folder / name, seed=1)
    for title, columns in BLOCKS.items():
        hsc, decals = (
            ap.load(name, data_dir=folder / name, columns=columns) for name in ("hsc", "decals")
        )
        yield title, ap.cross_match_datasets(hsc, decals, match_radius=1.0)[1]


def methods_for(dataset: Any) -> dict[str, Method]:
    """Return what reads a number of Examples, by name; the first is the baseline."""
    import astropile as ap

    fast, arrow = ap.fast(dataset), dataset.with_format("arrow")
    order = np.random.default_rng(0).permutation(len(dataset)).tolist()

    def by_row(view: Any, rows: list[int] | range) -> Method:
        def read(count: int) -> None:
            for row in rows[:count]:
                view[row]

        return read

    def iterated(view: Any) -> Method:
        def read(count: int) -> None:
            for _, _ in zip(range(count), view, strict=False):
                pass

        return read

    everything = range(len(dataset))
    return {
        "plain NumPy format, dataset[k]": by_row(dataset, everything),
        "plain NumPy format, for row in": iterated(dataset),
        "Arrow tables, dataset[k]": by_row(arrow, everything),
        "Arrow tables, for table in": iterated(arrow),
        "ap.fast, dataset[k]": by_row(fast, everything),
        "ap.fast, dataset[random k]": by_row(fast, order),
        "ap.fast, for row in": iterated(fast),
    }


def rates(methods: dict[str, Method], rows: int, rounds: int) -> dict[str, list[float]]:
    """Return Examples a second of every method in every round."""
    found: dict[str, list[float]] = {name: [] for name in methods}
    for method in methods.values():
        method(min(FEW, rows))
    for _ in range(rounds):
        for name, method in methods.items():
            count = min(FEW, rows) if name.startswith("plain") else rows
            start = time.perf_counter()
            method(count)
            found[name].append(count / (time.perf_counter() - start))
    return found


def main() -> None:
    """Print a table for each selection."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=200, help="matched objects")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ASTROPILE_CACHE"] = str(Path(folder) / "cache")
        for title, dataset in matched_datasets(Path(folder), arguments.rows):
            size = dataset.data.nbytes / len(dataset) / 1e6
            leaves = len(dataset.flatten().column_names)
            print(f"{title}: {len(dataset)} Examples of {leaves} leaves, {size:.2f} MB each")
            print(f"  {'':32s} {'median':>10s} {'best':>10s} {'ratio':>8s}   Examples/s")
            found = rates(methods_for(dataset), len(dataset), arguments.rounds)
            base = statistics.median(next(iter(found.values())))
            for name, values in found.items():
                middle = statistics.median(values)
                print(f"  {name:32s} {middle:10,.0f} {max(values):10,.0f} {middle / base:8.1f}")


if __name__ == "__main__":
    main()
