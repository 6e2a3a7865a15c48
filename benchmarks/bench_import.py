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
    "pass": "pass",
    "import numpy": "import numpy",
    "import astropile": "import astropile",
    "load + describe": "import astropile as ap; ap.load('hsc').columns.describe()",
    "surveys()": "import astropile as ap; list(ap.surveys())",
    "--help": "from astropile.cli import main; main(['--help'])",
}


def seconds_of(code: str) -> float:
    """Return the wall time of one fresh interpreter that runs the code."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    return time.perf_counter() - start


def main(runs: int) -> None:
    """Print a table; the commands take turns, so that a busy moment hits all of them alike."""
    for code in COMMANDS.values():
        seconds_of(code)  # fills the byte-code and disk caches
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, code in COMMANDS.items():
            times[name].append(seconds_of(code))
    bare = median(times["pass"])
    print(f"median of {runs} fresh processes, Python {sys.version.split()[0]}")
    print(f"{'':20s} {'median':>9s} {'best':>9s} {'over bare':>10s}")
    for name, values in times.items():
        middle = median(values)
        print(f"{name:20s} {middle:8.3f}s {min(values):8.3f}s {middle - bare:9.3f}s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 11)
