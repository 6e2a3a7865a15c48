"""Building piles against hats-import and a bare Parquet copy: time and memory.

    python benchmarks/bench_build.py                      5 M rows x 5 columns, 2,000 images
    python benchmarks/bench_build.py --scale              peak memory at 1x, 4x and 16x rows
    python benchmarks/bench_build.py --rows 1e6 --images 500 --rounds 3

Input is Parquet: catalogue rows in random order all over the sky, in five files (astropile reads
the same rows as one file), and rows of 5 x 160 x 160 float32 of noise in one file. `bare` reads and
writes the same bytes with the same options in one thread, without sorting or checking anything.
hats-import has two Dask workers; its partitions hold as many rows as astropile's. Every build runs
in a process of its own, from start to exit; rounds are interleaved, so that a busy machine slows
all alike. Seconds are medians; `cpu` is user and system time of the process and its children,
`peak` the greatest memory of all of them together, without pages of files. Contenders that are not
installed are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

FILES: Final = 5
SHAPE: Final = (5, 160, 160)
IMAGE_ROWS: Final = 150
POLL_SECONDS: Final = 0.02

ASTROPILE: Final = """
import sys
import astropile as ap
source, target, options = sys.argv[1], sys.argv[2], eval(sys.argv[3])
ap.build_table(source + "/whole.parquet", target, name="bench", object_id="object_id", ra="ra",
               dec="dec", **options)
"""
BARE: Final = """
import sys
import pyarrow.parquet as pq
from astropile.pile.leaf import LeafFormat
import pyarrow as pa
source, target = sys.argv[1], sys.argv[2]
with pq.ParquetFile(source + "/whole.parquet", pre_buffer=False) as file:
    schema = file.schema_arrow
    pixel = pa.schema([pa.field("_healpix_29", pa.int64()), *schema])
    options = LeafFormat(pixel, 1).options
    del options["column_encoding"]["_healpix_29"], options["sorting_columns"]
    options["write_statistics"] = [n for n in options["write_statistics"] if n != "_healpix_29"]
    with pq.ParquetWriter(target, schema, **options) as writer:
        for group in range(file.metadata.num_row_groups):
            writer.write_table(file.read_row_group(group))
"""
HATS_IMPORT: Final = """
import glob, sys
from dask.distributed import Client
from hats_import.catalog.arguments import ImportArguments
from hats_import.pipeline import pipeline_with_client
if __name__ == "__main__":
    source, target, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
    arguments = ImportArguments(
        ra_column="ra", dec_column="dec", file_reader="parquet", output_artifact_name="bench",
        input_file_list=sorted(glob.glob(source + "/part*.parquet")), output_path=target,
        pixel_threshold=rows, progress_bar=False, simple_progress_bar=False)
    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        pipeline_with_client(arguments, client)
"""


@dataclass(frozen=True)
class Measured:
    """One run: seconds of wall and processor time, and megabytes."""

    wall: float
    cpu: float
    peak: float


def run(program: str, *arguments: str) -> Measured:
    """Run a program in a new process and watch its memory."""
    before = os.times()
    started = time.perf_counter()
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "program.py")
        script.write_text(program, encoding="utf-8")
        said = Path(folder, "stderr")
        with said.open("wb") as stderr:
            command = [sys.executable, str(script), *arguments]
            child = subprocess.Popen(command, env=environment, cwd=folder, stderr=stderr)
        peak = 0
        parent = psutil.Process(child.pid)
        while child.poll() is None:
            peak = max(peak, _memory(parent))
            time.sleep(POLL_SECONDS)
        if child.returncode:
            raise RuntimeError(said.read_text(encoding="utf-8", errors="replace"))
    after = os.times()
    cpu = sum(after[2:4]) - sum(before[2:4])
    return Measured(time.perf_counter() - started, cpu, peak / 1e6)


def _memory(process: psutil.Process) -> int:
    """Return the anonymous memory of a process and its children."""
    total = 0
    try:
        for one in (process, *process.children(recursive=True)):
            found = one.memory_info()
            total += found.rss - found.shared
    except psutil.Error:
        pass
    return total


def positions(random: np.random.Generator, n: int) -> dict[str, pa.Array]:
    """Return ids and positions all over the sky."""
    return {
        "object_id": pa.array([f"o{k}" for k in range(n)]),
        "ra": pa.array(random.uniform(0, 360, n)),
        "dec": pa.array(np.degrees(np.arcsin(random.uniform(-1, 1, n)))),
    }


def write_catalogue(folder: Path, n: int) -> None:
    """Write rows of five columns, whole and in parts."""
    random = np.random.default_rng(0)
    columns = positions(random, n)
    columns["mag"] = pa.array(random.normal(20, 2, n).astype("f4"))
    columns["z"] = pa.array(random.uniform(0, 3, n).astype("f4"))
    table = pa.table(columns)
    pq.write_table(table, folder / "whole.parquet", row_group_size=1 << 17)
    step = -(-n // FILES)
    for part in range(FILES):
        pq.write_table(table.slice(part * step, step), folder / f"part{part}.parquet")


def write_images(folder: Path, n: int) -> None:
    """Write rows of noise."""
    random = np.random.default_rng(1)
    write_image_rows(folder / "whole.parquet", pa.table(positions(random, n)), random)
    (folder / "part0.parquet").symlink_to(folder / "whole.parquet")


def write_image_rows(path: Path, place: pa.Table, random: np.random.Generator) -> None:
    """Write a file of objects with an image of noise each."""
    kind = pa.float32()
    for length in reversed(SHAPE):
        kind = pa.list_(kind, length)
    with pq.ParquetWriter(path, place.schema.append(pa.field("image", kind))) as writer:
        for start in range(0, place.num_rows, 50):
            part = place.slice(start, 50)
            array = pa.array(random.normal(size=len(part) * int(np.prod(SHAPE))).astype("f4"))
            for length in reversed(SHAPE):
                array = pa.FixedSizeListArray.from_arrays(array, length)
            writer.write_table(part.append_column("image", array))


def contenders(partition_rows: int) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return programs with their arguments after source and target."""
    found = {
        f"astropile, workers={workers}": (
            ASTROPILE,
            (json.dumps({"workers": workers, "partition_rows": partition_rows}),),
        )
        for workers in (2, 1)
    }
    found["bare Parquet copy"] = (BARE, ())
    if importlib.util.find_spec("hats_import"):
        found["hats-import, 2 workers"] = (HATS_IMPORT, (str(partition_rows),))
    return found


def compare(title: str, source: Path, partition_rows: int, rounds: int) -> None:
    """Print the table of one workload."""
    target = source / "target"
    runs: dict[str, list[Measured]] = {}
    for _ in range(rounds):
        for name, (program, arguments) in contenders(partition_rows).items():
            runs.setdefault(name, []).append(run(program, str(source), str(target), *arguments))
            shutil.rmtree(target) if target.is_dir() else target.unlink()
    show(f"{title}: {(source / 'whole.parquet').stat().st_size / 1e6:,.0f} MB", runs)


def show(title: str, runs: dict[str, list[Measured]]) -> None:
    """Print medians, and how many times those of the first contender they are, round by round."""
    print(f"\n{title}")
    print(f"{'':28s}{'wall s':>8s}{'cpu s':>8s}{'peak MB':>9s}{'x wall':>8s}{'x cpu':>8s}")
    first = next(iter(runs.values()))
    for name, found in runs.items():
        wall, cpu, peak = (
            statistics.median(getattr(m, key) for m in found) for key in ("wall", "cpu", "peak")
        )
        by_wall = statistics.median(m.wall / a.wall for m, a in zip(found, first, strict=True))
        by_cpu = statistics.median(m.cpu / a.cpu for m, a in zip(found, first, strict=True))
        print(f"{name:28s}{wall:8.1f}{cpu:8.1f}{peak:9.0f}{by_wall:8.1f}{by_cpu:8.1f}", flush=True)


def scale(title: str, folder: Path, write: object, sizes: list[int]) -> None:
    """Print time and peak memory of builds of growing size."""
    print(f"\n{title}")
    print(f"{'rows':>12s}{'wall s':>8s}{'cpu s':>8s}{'peak MB':>9s}")
    for n in sizes:
        source = folder / str(n)
        source.mkdir()
        write(source, n)  # type: ignore[operator]
        found = run(ASTROPILE, str(source), str(source / "target"), "{}")
        print(f"{n:12,d}{found.wall:8.1f}{found.cpu:8.1f}{found.peak:9.0f}", flush=True)
        shutil.rmtree(source)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, default=5e6)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--scale", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="astropile-bench-") as name:
        folder = Path(name)
        if given.scale:
            rows, images = int(given.rows) // 5, given.images // 8
            scale("catalogue", folder, write_catalogue, [rows, 4 * rows, 16 * rows])
            scale("images", folder, write_images, [images, 4 * images, 16 * images])
            return
        for title, n, write, limit in (
            (f"{int(given.rows):,d} rows x 5 columns", int(given.rows), write_catalogue, 10**6),
            (f"{given.images:,d} images", given.images, write_images, IMAGE_ROWS),
        ):
            source = folder / str(limit)
            source.mkdir()
            if n:
                write(source, n)
                compare(title, source, limit, given.rounds)
            shutil.rmtree(source)


if __name__ == "__main__":
    main()
