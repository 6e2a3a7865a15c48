"""What the first line of a session costs: medians over fresh interpreters.

Usage: python benchmarks/bench_import.py [RUNS]
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = {
    "pass": ("-c", "pass"),
    "import numpy": ("-c", "import numpy"),
    "import astropile": ("-c", "import astropile"),
    "load + describe": ("-c", "import astropile as ap; ap.load('hsc').columns.describe()"),
    "surveys()": ("-c", "import astropile as ap; list(ap.surveys())"),
    "astropile --help": ("-m", "astropile", "--help"),
}


def seconds_of(arguments: tuple[str, ...]) -> float:
    """Return the wall time of one fresh interpreter."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    return time.perf_counter() - start


def main(runs: int) -> None:
    """Print a table; the commands take turns, so that a busy moment hits all of them alike."""
    for arguments in COMMANDS.values():
        seconds_of(arguments)  # fills the byte-code and disk caches
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, arguments in COMMANDS.items():
            times[name].append(seconds_of(arguments))
    bare = median(times["pass"])
    print(f"median of {runs} fresh processes, Python {sys.version.split()[0]}")
    print(f"{'':20s} {'median':>9s} {'best':>9s} {'over bare':>10s}")
    for name, values in times.items():
        middle = median(values)
        print(f"{name:20s} {middle:8.3f}s {min(values):8.3f}s {middle - bare:9.3f}s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 11)
