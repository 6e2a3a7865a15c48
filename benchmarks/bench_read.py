"""Reading image Examples from gzip-chunked HDF5, against bare h5py reads of the same bytes.

Run ``python benchmarks/bench_read.py``; it writes a mock file, reads it by turns, prints medians.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

import h5py
import numpy as np

import astropile as ap

SURVEY = "hsc"
BANDS = ("g", "r", "i", "z", "y")


def write_mock(folder: Path, rows: int, chunk_rows: int | None) -> Path:
    """Write one file in the layout of the survey: noise rounded so that gzip has work to do."""
    rng = np.random.default_rng(0)
    path = folder / "pdr3_dud_22.5" / "healpix=1104" / "001-of-001.hdf5"
    path.parent.mkdir(parents=True)
    shape = (rows, len(BANDS), 160, 160)
    chunks = True if chunk_rows is None else (chunk_rows, 1, 160, 160)
    block = np.round(rng.normal(size=(min(rows, 40), *shape[1:])), 2).astype("f4")
    flux = np.resize(block, shape)
    with h5py.File(path, "w") as file:
        options = {"compression": "gzip", "chunks": chunks, "maxshape": (None, *shape[1:])}
        file.create_dataset("image_array", data=flux, **options)
        file.create_dataset("image_ivar", data=np.abs(flux), **options)
        file.create_dataset("image_mask", data=flux > -2, **options)
        file["object_id"] = np.arange(rows) + 42_000_000_000_000_000
        file["ra"], file["dec"] = rng.uniform(149, 151, rows), rng.uniform(1, 3, rows)
        file["image_band"] = np.tile(np.array([f"hsc-{b}".encode() for b in BANDS]), (rows, 1))
        file["image_psf_fwhm"] = rng.uniform(0.5, 1, (rows, 5)).astype("f4")
        file["image_scale"] = np.full((rows, 5), 0.168, "f4")
        for leaf in ap.load(SURVEY).schema.leaves.values():
            if not leaf.block and not leaf.derived and leaf.name not in file:
                file[leaf.name] = rng.uniform(20, 22, rows).astype("f4")
    return path


def bare(path: Path) -> int:
    """Read every dataset whole, as the fastest plain program would."""
    with h5py.File(path) as file:
        return sum(file[name][:].nbytes for name in file)


def ours(folder: Path) -> int:
    """Read all Examples through the engine, as Arrow tables."""
    return sum(table.num_rows for table in ap.load(SURVEY, data_dir=folder).iter_tables())


def main() -> None:
    """Time both by turns and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    print(f"{args.rows} objects, 5 x 160 x 160: float32 flux, float32 ivar, bool mask, gzip")
    for label, chunk_rows in (("h5py's own chunks", None), ("a plane a chunk", 1)):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            path = write_mock(folder, args.rows, chunk_rows)
            times: dict[str, list[float]] = {"bare h5py": [], "astropile": []}
            ours(folder)
            calls = {"bare h5py": partial(bare, path), "astropile": partial(ours, folder)}
            for _ in range(args.repeats):
                for key, call in calls.items():
                    start = time.perf_counter()
                    call()
                    times[key].append(time.perf_counter() - start)
        medians = {key: statistics.median(values) for key, values in times.items()}
        ratios = [b / a for a, b in zip(times["bare h5py"], times["astropile"], strict=True)]
        print(f"\n{label}")
        for key, seconds in medians.items():
            print(f"  {key:10s} {seconds:7.3f} s  {args.rows / seconds:8.1f} Examples/s")
        print(f"  ratio astropile / bare: median {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
