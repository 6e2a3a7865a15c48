"""Match two piles of images and write the result, against LSDB and a bare Parquet copy.

    python benchmarks/bench_image_match.py                     2,000 images a side (1 GB each)
    python benchmarks/bench_image_match.py --rows 60           a smoke run
    python benchmarks/bench_image_match.py --rounds 3 --only astropile bare

Every row is an object with an image of 5 x 160 x 160 float32 of noise; each has its counterpart,
0.2 arcsec away at most. Both piles are built by astropile, the right one with margins, which LSDB
needs for a complete match; `build` is the time of that for both sides. Then, on the same piles:

* astropile: `ap.cross_match(ap.open(...), ap.open(...)).build(...)`;
* LSDB: `crossmatch(...).write_catalog(...)`, two threads;
* bare: read and write the same bytes, row group by row group, in one thread, matching nothing.

Every step runs in a process of its own, from start to exit; rounds are interleaved, so that a busy
machine slows all alike. Seconds are medians; `cpu` is user and system time, `peak` the greatest
memory of the process without pages of files. Numbers of rows must agree, or the script stops. LSDB
is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from bench_build import Measured, positions, run, show, write_image_rows

JITTER_DEG: Final = 0.1 / 3600
BUILD: Final = """
import sys
import astropile as ap
folder = sys.argv[1]
for name, margin in (("left", None), ("right", 5.0)):
    ap.build_table(f"{folder}/{name}.parquet", f"{folder}/{name}", name=name,
                   object_id="object_id", ra="ra", dec="dec", margin_arcsec=margin)
"""
ASTROPILE: Final = """
import sys
import astropile as ap
folder, target, options = sys.argv[1], sys.argv[2], eval(sys.argv[3])
left, right = ap.open(f"{folder}/left"), ap.open(f"{folder}/right")
ap.cross_match(left, right, radius_arcsec=1.0).build(target, **options)
"""
LSDB: Final = """
import sys
import dask, lsdb
folder, target = sys.argv[1], sys.argv[2]
dask.config.set(scheduler="threads", num_workers=2)
left, right = lsdb.open_catalog(f"{folder}/left"), lsdb.open_catalog(f"{folder}/right")
pairs = left.crossmatch(right, radius_arcsec=1.0, suffixes=("_left", "_right"),
                        suffix_method="all_columns", log_changes=False)
pairs.write_catalog(target, progress_bar=False)
"""
BARE: Final = """
import glob, sys
import pyarrow as pa
import pyarrow.parquet as pq
from astropile.pile.leaf import LeafFormat
folder, target = sys.argv[1], sys.argv[2]
for side in ("left", "right"):
    found = sorted(glob.glob(f"{folder}/{side}/**/dataset/**/Npix=*.parquet", recursive=True))
    leaves = [name for name in found if "_margin/" not in name]
    with pq.ParquetFile(leaves[0]) as file:
        schema = file.schema_arrow
    with pq.ParquetWriter(f"{target}-{side}", schema, **LeafFormat(schema, 1).options) as writer:
        for leaf in leaves:
            with pq.ParquetFile(leaf, pre_buffer=False) as file:
                for group in range(file.metadata.num_row_groups):
                    writer.write_table(file.read_row_group(group))
"""


def write_sides(folder: Path, n: int) -> None:
    """Write the input of both piles: the same objects in different order."""
    random = np.random.default_rng(2)
    left = positions(random, n)
    turned = random.permutation(n)
    ra, dec = (left[name].to_numpy() for name in ("ra", "dec"))
    right = {
        "object_id": pa.array([f"r{k}" for k in range(n)]),
        "ra": pa.array((ra + random.uniform(-JITTER_DEG, JITTER_DEG, n))[turned] % 360),
        "dec": pa.array(np.clip(dec + random.uniform(-JITTER_DEG, JITTER_DEG, n), -90, 90)[turned]),
    }
    for name, table in (("left", left), ("right", right)):
        write_image_rows(folder / f"{name}.parquet", pa.table(table), random)


def contenders(names: list[str]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return programs with their arguments after folder and target."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    if "astropile" in names:
        for workers in (2, 1):
            given = json.dumps({"workers": workers})
            found[f"astropile, workers={workers}"] = (ASTROPILE, (given,))
    if "bare" in names:
        found["bare Parquet copy"] = (BARE, ())
    if "lsdb" in names and importlib.util.find_spec("lsdb"):
        found["LSDB, 2 threads"] = (LSDB, ())
    return found


def rows_of(target: Path) -> int:
    """Return the rows that were written."""
    files = [target] if target.is_file() else target.glob("**/dataset/**/Npix=*.parquet")
    return sum(pq.read_metadata(file).num_rows for file in files)


def remove(target: Path) -> None:
    """Remove what was written."""
    for path in target.parent.glob(f"{target.name}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2000, help="rows of a side")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where input stays; default: for now only")
    parser.add_argument("--only", nargs="+", choices=("build", "astropile", "bare", "lsdb"))
    given = parser.parse_args()
    names = given.only or ["build", "astropile", "bare", "lsdb"]
    with tempfile.TemporaryDirectory(prefix="astropile-bench-") as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "right.parquet").exists():
            write_sides(folder, given.rows)
        builds: list[Measured] = []
        for _ in range(given.rounds if "build" in names else 1):
            if builds or "build" in names or not (folder / "right").exists():
                for name in ("left", "right"):
                    shutil.rmtree(folder / name, ignore_errors=True)
                builds.append(run(BUILD, str(folder)))
        if builds:
            show(f"build of both sides, {given.rows:,d} images each", {"astropile": builds})
        target = folder / "target"
        runs: dict[str, list[Measured]] = {}
        counts: dict[str, int] = {}
        for _ in range(given.rounds):
            for name, (program, arguments) in contenders(names).items():
                measured = run(program, str(folder), str(target), *arguments)
                runs.setdefault(name, []).append(measured)
                if "bare" not in name:
                    counts[name] = rows_of(target)
                remove(target)
        if len(set(counts.values())) > 1:
            message = f"the results have different numbers of rows: {counts}"
            raise SystemExit(message)
        show("match and write the result", runs)


if __name__ == "__main__":
    main()
