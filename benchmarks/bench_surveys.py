"""Reading Examples of every survey from its HDF5 form, against bare h5py reads of the same bytes.

    python benchmarks/bench_surveys.py                        every survey, its default config
    python benchmarks/bench_surveys.py hsc cfa --all-configs --json

Mock files are written once. Then two readers go by turns, so that a busy machine slows both alike:
bare h5py opens every file and reads every dataset that an Example needs, whole, into NumPy, and
makes nothing of it; astropile makes all Arrow tables of Examples, each time from a new survey
object, without cache. The ratio is that of their speeds, pair by pair; the tables show medians.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import h5py

import astropile as ap
from astropile.engine import find_files
from astropile.testing import simulate

if TYPE_CHECKING:
    from astropile.engine import Plan
    from astropile.survey import Survey

FORMAT = "hdf5"
#: Path of a dataset, or path of an object and an attribute of it.
Item: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class Result:
    """What was measured of one config; medians of all rounds."""

    survey: str
    config: str
    rows: int
    files: int
    datasets: int
    megabytes: float
    bare_seconds: float
    astropile_seconds: float
    ratio: float

    @property
    def title(self) -> str:
        """The survey, and the config where it is not the only one."""
        return f"{self.survey} {self.config}"


def items_of(file: h5py.File, cells: Iterable[str], *, by_group: bool) -> list[Item]:
    """Return the datasets and attributes behind cells, each once, in the order of first use."""
    items: dict[Item, None] = {}
    groups = [name for name in file if isinstance(file[name], h5py.Group)] if by_group else [""]
    for group in groups:
        for cell in cells:
            path, _, attribute = cell.partition("@")
            steps = [] if path == "root" else path.split(".")
            found: h5py.HLObject | None = file[group] if group else file
            place = group
            while steps and isinstance(found, h5py.Group):
                # A name may hold dots itself: the longest member wins.
                ends = range(len(steps), 0, -1)
                end = next((k for k in ends if ".".join(steps[:k]) in found), 0)
                step = ".".join(steps[:end])
                found = found[step] if end else None
                place, steps = f"{place}/{step}", steps[end:]
            if isinstance(found, h5py.Dataset) or (attribute and found is not None):
                items[place or "/", attribute] = None
    return list(items)


def work_of(plan: Plan, root: Path) -> dict[Path, list[Item]]:
    """Return what a bare reader has to read of each file."""
    work: dict[Path, dict[Item, None]] = {}
    for program in plan.programs:
        for table in program.source.tables.values():
            cells = program.cells[table.name]
            if not cells or table.model.format != FORMAT:
                continue
            for found in find_files(root, table.files):
                with h5py.File(found.path) as file:
                    items = items_of(file, cells, by_group=table.model.rows == "group")
                work.setdefault(found.path, {}).update(dict.fromkeys(items))
    return {path: list(items) for path, items in work.items()}


def bare(work: Mapping[Path, Sequence[Item]]) -> int:
    """Read everything whole, as the fastest plain program would; return the bytes."""
    total = 0
    for path, items in work.items():
        with h5py.File(path) as file:
            for place, attribute in items:
                value = file[place].attrs[attribute] if attribute else file[place][()]
                total += getattr(value, "nbytes", 0)
    return total


def open_survey(name: str, config: str, source: str, folder: Path) -> Survey:
    """Return a new survey object."""
    return ap.load(name, config=config, source=source, data_dir=folder)


def ours(name: str, config: str, source: str, folder: Path) -> int:
    """Read all Examples through the engine, as Arrow tables; return their number."""
    survey = open_survey(name, config, source, folder)
    return sum(table.num_rows for table in survey.iter_tables())


def source_of(survey: Survey) -> str | None:
    """Return the first source of the config whose files are HDF5."""
    for name in survey.schema.sources(survey.config):
        tables = survey.schema.file.sources[name].tables
        if all(table.format == FORMAT for table in tables.values()):
            return name
    return None


def measure(name: str, config: str, source: str, folder: Path, repeats: int) -> Result:
    """Time both readers by turns."""
    survey = open_survey(name, config, source, folder)
    work = work_of(survey.request.plan(survey.request.wanted), survey.request.root)
    rows = ours(name, config, source, folder)
    size = bare(work)
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        start = time.perf_counter()
        bare(work)
        middle = time.perf_counter()
        ours(name, config, source, folder)
        seconds[0].append(middle - start)
        seconds[1].append(time.perf_counter() - middle)
    return Result(
        survey=name,
        config=config,
        rows=rows,
        files=len(work),
        datasets=sum(len(items) for items in work.values()),
        megabytes=size / 1e6,
        bare_seconds=statistics.median(seconds[0]),
        astropile_seconds=statistics.median(seconds[1]),
        ratio=statistics.median(b / a for b, a in zip(*seconds, strict=True)),
    )


def results(options: argparse.Namespace, root: Path) -> Iterator[Result]:
    """Simulate and measure one config after the other."""
    for name in options.surveys or [row["id"] for row in ap.surveys()]:
        survey = ap.load(name)
        for config in survey.configs if options.all_configs else [survey.config]:
            source = source_of(ap.load(name, config=config))
            if source is None:
                print(f"{name} {config}: no source in {FORMAT}", file=sys.stderr)
                continue
            folder = root / f"{name}-{config}-{options.rows}"
            if not folder.exists():
                aside = root / f"{folder.name}.part"
                simulate(name, config, options.rows, data_dir=aside, source=source, seed=1)
                aside.rename(folder)
            yield measure(name, config, source, folder, options.repeats)


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("surveys", nargs="*", help="ids; default all")
    parser.add_argument("--rows", type=int, default=1000, help="objects of a config")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--all-configs", action="store_true", help="not only the default one")
    parser.add_argument("--folder", type=Path, help="keep the mock files here for the next time")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    # Mock values may break limits; that is not what is measured.
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        found = []
        head = ("survey, config", "rows", "files", "MB", "bare", "astropile", "ratio")
        if not options.json:
            print("{:34s} {:>6s} {:>6s} {:>8s} {:>10s} {:>10s} {:>6s}   rows/s".format(*head))
        for one in results(options, options.folder or Path(name)):
            found.append(one)
            if not options.json:
                rates = (one.rows / one.bare_seconds, one.rows / one.astropile_seconds)
                print(
                    f"{one.title:34s} {one.rows:6d} {one.files:6d} {one.megabytes:8.1f} "
                    f"{rates[0]:10,.0f} {rates[1]:10,.0f} {one.ratio:6.2f}",
                    flush=True,
                )
    mean = statistics.geometric_mean([one.ratio for one in found]) if found else float("nan")
    if options.json:
        json.dump({"results": [asdict(r) for r in found], "geometric_mean": mean}, sys.stdout)
    else:
        print(f"{'geometric mean':34s} {'':45s} {mean:6.2f}")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
