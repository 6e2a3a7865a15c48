"""Time the nearest match within 1 arcsec against its peers, and check that the pairs agree.

    python benchmarks/bench_match.py --rows 1e6 5e6

Both sides are unsorted arrays in memory: half of the rows uniform over the sky, half in 200 clumps
of 36 to 1,080 arcsec, 70 % with a counterpart 0.2 arcsec away. Everything from degrees to row
numbers is timed: a peer's unit vectors or SkyCoords and its tree as well as the search. Rounds are
interleaved, so that a busy machine slows all alike; the table shows the median of the rounds, and
the best. `--cold` times the first match in new processes. Needs astropy and scipy.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from astropile import sky

Array: TypeAlias = NDArray[Any]
Sides: TypeAlias = tuple[Array, Array, Array, Array]
Method: TypeAlias = Callable[[Sides], tuple[Array, Array]]

RADIUS_ARCSEC = 1.0
CLUMPS = 200
COLD = """
import time, numpy as np
random = np.random.default_rng(0)
ra, dec = random.uniform(0, 360, 100_000), random.uniform(-90, 90, 100_000)
start = time.perf_counter()
from astropile import sky
sky.match_coordinates(ra, dec, ra[::-1], dec[::-1])
print(time.perf_counter() - start)
"""


def around(random: np.random.Generator, ra: Array, dec: Array, sigma_deg: Any) -> tuple[Array, ...]:
    """Return positions scattered around others."""
    shift = random.normal(0.0, 1.0, (2, len(ra))) * sigma_deg
    moved = np.clip(dec + shift[0], -90.0, 90.0)
    return (ra + shift[1] / np.maximum(np.cos(np.radians(moved)), 1e-6)) % 360.0, moved


def make_sides(rows: int, seed: int = 0) -> Sides:
    """Return right ascension and declination of both sides, in random order."""
    random = np.random.default_rng(seed)

    def uniform(count: int) -> tuple[Array, Array]:
        return random.uniform(0, 360, count), np.degrees(np.arcsin(random.uniform(-1, 1, count)))

    ra, dec = uniform(rows)
    clumped = slice(rows // 2, rows)
    center_ra, center_dec = uniform(CLUMPS)
    clump = random.integers(0, CLUMPS, rows - rows // 2)
    sigma = random.uniform(0.01, 0.3, CLUMPS)[clump]
    ra[clumped], dec[clumped] = around(random, center_ra[clump], center_dec[clump], sigma)
    mixed, other = random.permutation(rows), random.permutation(rows)
    # A right side row is a left row moved by 0.2 arcsec, or by so much that it is another object.
    sigma = np.where(np.arange(rows) < 0.7 * rows, 0.2 / 3600.0, 0.05)
    right_ra, right_dec = around(random, ra[other], dec[other], sigma)
    last = random.permutation(rows)
    return ra[mixed], dec[mixed], right_ra[last], right_dec[last]


def by_astropile(sides: Sides) -> tuple[Array, Array]:
    """Match as a user does."""
    pairs = sky.match_coordinates(*sides, radius_arcsec=RADIUS_ARCSEC)
    return pairs.left, pairs.right


def by_tree(sides: Sides) -> tuple[Array, Array]:
    """Match with scipy's k-d tree on unit vectors, two workers."""
    from scipy.spatial import cKDTree

    def vectors(ra_deg: Array, dec_deg: Array) -> Array:
        ra, dec = np.radians(ra_deg), np.radians(dec_deg)
        return np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])

    limit = 2.0 * math.sin(math.radians(RADIUS_ARCSEC / 3600.0) / 2.0)
    tree = cKDTree(vectors(*sides[2:]))
    _, row = tree.query(vectors(*sides[:2]), distance_upper_bound=limit, workers=2)
    left = np.flatnonzero(row < len(sides[2]))
    return left, row[left]


def by_astropy(sides: Sides) -> tuple[Array, Array]:
    """Match with astropy, which has no radius: cut afterwards."""
    from astropy.coordinates import SkyCoord

    left, right = SkyCoord(*sides[:2], unit="deg"), SkyCoord(*sides[2:], unit="deg")
    row, separation, _ = left.match_to_catalog_sky(right)
    kept = np.flatnonzero(separation.arcsec <= RADIUS_ARCSEC)
    return kept, row[kept]


METHODS: dict[str, Method] = {
    "astropile match_coordinates": by_astropile,
    "scipy cKDTree, workers=2": by_tree,
    "astropy match_to_catalog_sky": by_astropy,
}


def digest(left: Array, right: Array) -> str:
    """Return a hash of pairs that does not depend on their order."""
    order = np.lexsort((right, left))
    pairs = np.stack([left[order], right[order]]).astype("<i8")
    return hashlib.sha256(pairs.tobytes()).hexdigest()


def measure(rows: int, rounds: int) -> Iterator[str]:
    """Yield the lines of the table for one size; raise if a method finds other pairs."""
    sides = make_sides(rows)
    by_astropile(tuple(side[:1000] for side in sides))  # type: ignore[arg-type]  # compile
    seconds: dict[str, list[float]] = {name: [] for name in METHODS}
    found: dict[str, tuple[int, str]] = {}
    for _ in range(rounds):
        for name, method in METHODS.items():
            start = time.perf_counter()
            pairs = method(sides)
            seconds[name].append(time.perf_counter() - start)
            found[name] = (len(pairs[0]), digest(*pairs))
    if len(set(found.values())) != 1:
        message = f"the methods find different pairs: {found}"
        raise AssertionError(message)
    ours = statistics.median(seconds["astropile match_coordinates"])
    count = next(iter(found.values()))[0]
    for name, times in seconds.items():
        median = statistics.median(times)
        yield (
            f"{rows:>10,} {count:>10,}  {name:<29} {median:8.3f} {min(times):8.3f} "
            f"{rows / median / 1e6:8.2f} {median / ours:7.1f}x"
        )


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=float, nargs="+", default=[1e6, 5e6], help="rows of a side")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="1e5 rows, one round")
    parser.add_argument("--cold", action="store_true", help="first match of new processes")
    options = parser.parse_args()
    if options.cold:
        print("first match of a new process, 1e5 x 1e5 (one that compiled caches for the next):")
        for _ in range(3):
            result = subprocess.run([sys.executable, "-c", COLD], capture_output=True, check=True)
            print(f"{float(result.stdout):.2f} s")
        return
    head = ("rows", "pairs", "method", "median s", "best s", "Mrow/s", "time")
    print("{:>10} {:>10}  {:<29} {:>8} {:>8} {:>8} {:>8}".format(*head))
    for rows in [1e5] if options.quick else options.rows:
        for line in measure(int(rows), 1 if options.quick else options.rounds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
