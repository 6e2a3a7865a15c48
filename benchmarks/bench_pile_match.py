"""Match two piles on disk against LSDB, astropy and the bare reading of their positions.

    python benchmarks/bench_pile_match.py --rows 5e6 --folder piles
    python benchmarks/bench_pile_match.py --rows 2e7 --only ours-nearest   # memory at 20 million
    python benchmarks/bench_pile_match.py --cold                           # 1e5 x 1e5
    python benchmarks/bench_pile_match.py --tycho2 TYCHO2.parquet --hipparcos HIPPARCOS.parquet

The sky is that of bench_match.py: half uniform, half in clumps, 70 % with a counterpart. The piles
are written once and stay in the folder; the right one has margins, which LSDB needs. Each method
runs in a process of its own: the first match (files are warm by then) compiles or imports and is
not counted; then the median of the rounds, and the peak of resident memory of all of them. Rounds
of different methods take turns, so that a busy machine slows all alike.

* read: ra and dec of both piles with pyarrow, nothing else;
* ours-nearest, ours-all: `ap.cross_match(ap.open(...), ap.open(...))`, footers to row numbers of
  both sides and separations;
* lsdb-nearest, lsdb-all (32 neighbours): two threads; of each side the positions, and separations;
* astropy: positions read, SkyCoords made, `match_to_catalog_sky`;
* ours-ids, lsdb-ids: nearest, with the ids of both sides. Ours is `result.pairs`, ids, row numbers,
  separations and position angles; LSDB's has ids, positions and separations.

LSDB has no row numbers: positions are the least that it can give. Both read the same files.

Numbers of pairs must agree, or the script stops. Needs the extra `dask` for LSDB.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

RADIUS_ARCSEC = 1.0
FINDS = ("nearest", "all", "ids")
METHODS = ("read", "astropy", *(f"{who}-{find}" for find in FINDS for who in ("ours", "lsdb")))
COLD = """
import sys, time
start = time.perf_counter()
import astropile as ap
pairs = ap.cross_match(ap.open(sys.argv[1]), ap.open(sys.argv[2]))
print(time.perf_counter() - start, len(pairs))
"""


def make_piles(folder: Path, rows: int) -> tuple[Path, Path]:
    """Write both catalogues, unless they are there."""
    import numpy as np
    import pyarrow as pa
    from bench_match import make_sides

    import astropile as ap

    paths = folder / f"left-{rows}", folder / f"right-{rows}"
    if all(path.exists() for path in paths):
        return paths
    sides = make_sides(rows)
    for path, ra, dec, margin in zip(paths, sides[::2], sides[1::2], (None, 5.0), strict=True):
        if not path.exists():
            table = pa.table({"id": np.arange(rows), "ra": ra, "dec": dec})
            name = path.name.partition("-")[0]
            ap.build_table(
                table, path, name=name, object_id="id", ra="ra", dec="dec", margin_arcsec=margin
            )
    return paths


def read_columns(path: Path) -> tuple[Any, Any]:
    """Return ra and dec of a pile, read with pyarrow."""
    import numpy as np
    import pyarrow.parquet as pq

    manifest = json.loads((path / "manifest.json").read_text())
    tables = [
        pq.read_table(path / p["path"], columns=["ra", "dec"]) for p in manifest["partitions"]
    ]
    ra, dec = (
        np.concatenate([t.column(name).to_numpy() for t in tables]) for name in ("ra", "dec")
    )
    return ra, dec


def by_reading(left: Path, right: Path) -> int:
    """Read what a match has to read."""
    return len(read_columns(left)[0]) + len(read_columns(right)[0])


def by_astropile(find: str, memory_bytes: int | None) -> Callable[[Path, Path], int]:
    """Return the match of astropile."""
    import astropile as ap

    def match(left: Path, right: Path) -> int:
        wanted: Any = "nearest" if find == "ids" else find
        options: dict[str, Any] = {"radius_arcsec": RADIUS_ARCSEC, "find": wanted}
        result = ap.cross_match(ap.open(left), ap.open(right), memory_bytes=memory_bytes, **options)
        return len(result.pairs) if find == "ids" else len(result.left_row)

    return match


def by_lsdb(find: str) -> Callable[[Path, Path], int]:
    """Return the match of LSDB on threads."""
    import warnings

    import dask
    import lsdb

    warnings.simplefilter("ignore")
    dask.config.set(scheduler="threads", num_workers=2)
    neighbours = 32 if find == "all" else 1
    columns = ["object_id", "ra", "dec"] if find == "ids" else ["ra", "dec"]

    def match(left: Path, right: Path) -> int:
        one, other = (lsdb.open_catalog(path, columns=columns) for path in (left, right))
        pairs = one.crossmatch(
            other,
            n_neighbors=neighbours,
            radius_arcsec=RADIUS_ARCSEC,
            suffixes=("_left", "_right"),
            suffix_method="all_columns",
            log_changes=False,
        )
        return len(pairs.compute(progress_bar=False))

    return match


def by_astropy(left: Path, right: Path) -> int:
    """Match with astropy, which has no radius: cut afterwards."""
    import numpy as np
    from astropy.coordinates import SkyCoord

    one, other = (SkyCoord(*read_columns(path), unit="deg") for path in (left, right))
    _, separation, _ = one.match_to_catalog_sky(other)
    return int(np.count_nonzero(separation.arcsec <= RADIUS_ARCSEC))


def method_named(name: str, memory_bytes: int | None) -> Callable[[Path, Path], int]:
    """Return the function of a method; its libraries are imported."""
    kind, _, find = name.partition("-")
    if kind == "ours":
        return by_astropile(find, memory_bytes)
    if kind == "lsdb":
        return by_lsdb(find)
    return by_reading if kind == "read" else by_astropy


def peak_mb() -> float:
    """Return the most memory that this process had; that of its parent is not counted."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(n for n in status.read_text().splitlines() if n.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def serve(name: str, left: Path, right: Path, memory_bytes: int | None) -> None:
    """Match whenever a line comes in, and answer with seconds, pairs and the peak of memory."""
    method = method_named(name, memory_bytes)
    for _ in sys.stdin:
        start = time.perf_counter()
        count = method(left, right)
        seconds = time.perf_counter() - start
        print(json.dumps([seconds, count, peak_mb()]), file=sys.__stdout__, flush=True)


class Served:
    """A method in a process of its own."""

    def __init__(self, name: str, left: Path, right: Path, memory_bytes: int | None) -> None:
        command = [sys.executable, __file__, "--serve", name, str(left), str(right)]
        if memory_bytes is not None:
            command += ["--memory-bytes", str(memory_bytes)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
        )
        self.name = name
        self.seconds: list[float] = []
        self.count, self.peak_mb = 0, 0.0

    def run(self) -> float:
        """Match once."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        line = ""
        while not line.startswith("["):
            line = self._process.stdout.readline()
            if not line:
                message = f"{self.name} failed; run it with --serve to see why"
                raise RuntimeError(message)
        seconds, self.count, self.peak_mb = json.loads(line)
        return float(seconds)

    def close(self) -> None:
        """Let the process end."""
        self._process.communicate()


def measure(
    left: Path, right: Path, names: list[str], rounds: int, memory_bytes: int | None
) -> list[Served]:
    """Run the methods in turn."""
    served = [Served(name, left, right, memory_bytes) for name in names]
    try:
        for each in served:
            each.run()  # imports and compiles; astropy has nothing to warm and is slow
        for number in range(rounds):
            for each in served:
                if each.name != "astropy" or number == 0:
                    each.seconds.append(each.run())
    finally:
        for each in served:
            each.close()
    return served


def report(served: list[Served]) -> None:
    """Print the table, the ratios to ours, and stop if numbers of pairs differ."""
    medians = {each.name: statistics.median(each.seconds) for each in served}
    print(f"{'method':<14} {'pairs':>11} {'median s':>9} {'best s':>8} {'peak MB':>8} {'ours':>7}")
    for each in served:
        find = each.name.partition("-")[2] or "nearest"
        ours = medians.get(f"ours-{find}")
        ratio = f"{medians[each.name] / ours:6.2f}x" if ours else ""
        print(
            f"{each.name:<14} {each.count:>11,} {medians[each.name]:9.2f} {min(each.seconds):8.2f} "
            f"{each.peak_mb:8.0f} {ratio:>7}"
        )
    nearest = ("ours-nearest", "lsdb-nearest", "astropy", "ours-ids", "lsdb-ids")
    for kinds in (nearest, ("ours-all", "lsdb-all")):
        counts = {each.name: each.count for each in served if each.name in kinds}
        if len(set(counts.values())) > 1:
            message = f"the methods find different numbers of pairs: {counts}"
            raise SystemExit(message)


def cold(left: Path, right: Path) -> None:
    """Print the time of the first match in new processes, from before the import."""
    for _ in range(4):
        command = [sys.executable, "-c", COLD, str(left), str(right)]
        found = subprocess.run(command, capture_output=True, check=True, text=True)
        seconds, pairs = found.stdout.split()
        print(f"cold: {float(seconds):.2f} s, {int(pairs):,} pairs")


def real(hipparcos: Path, tycho2: Path, folder: Path) -> None:
    """Match Hipparcos and Tycho-2 as they are in files."""
    import pyarrow.parquet as pq

    import astropile as ap
    from astropile.crossmatch import sky_table

    piles = []
    for name, path in (("hip", hipparcos), ("tyc", tycho2)):
        roles = sky_table(pq.read_table(path).slice(0, 10), name=name).roles
        table = pq.read_table(path, columns=[roles["ra"], roles["dec"]])
        table = table.append_column("row", [list(range(len(table)))])
        place = folder / name
        if not place.exists():
            columns = {"object_id": "row", "ra": roles["ra"], "dec": roles["dec"]}
            ap.build_table(table, place, name=name, **columns)
        piles.append(ap.open(place))
    start = time.perf_counter()
    result = ap.cross_match(piles[0], piles[1], radius_arcsec=RADIUS_ARCSEC)
    seconds = time.perf_counter() - start
    print(f"{result} in {seconds:.2f} s")
    print(f"astropy: {by_astropy(folder / 'hip', folder / 'tyc'):,} left rows")


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=float, default=5e6, help="rows of a side")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where piles are kept; default: for now only")
    parser.add_argument("--only", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--memory-bytes", type=int)
    parser.add_argument("--cold", action="store_true", help="first match of new processes")
    parser.add_argument("--hipparcos", type=Path)
    parser.add_argument("--tycho2", type=Path)
    parser.add_argument("--serve", nargs=3, metavar=("METHOD", "LEFT", "RIGHT"))
    options = parser.parse_args()
    if options.serve:
        name, left, right = options.serve
        serve(name, Path(left), Path(right), options.memory_bytes)
        return
    with tempfile.TemporaryDirectory(prefix="bench-pile-match-") as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if options.tycho2:
            real(options.hipparcos, options.tycho2, folder)
            return
        left, right = make_piles(folder, 100_000 if options.cold else int(options.rows))
        if options.cold:
            cold(left, right)
            return
        report(measure(left, right, options.only, options.rounds, options.memory_bytes))


if __name__ == "__main__":
    main()
