"""Piles matched by walking over both: the pairs of comparing everything, wherever the edges lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import healpy
import numpy as np
import pytest
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st

import astropile as ap
from astropile.crossmatch import outofcore, sweeping
from astropile.crossmatch.outofcore import Budget, match_parts, search_parts
from astropile.crossmatch.pairstore import PairStore
from astropile.crossmatch.partsearch import PartSearch
from astropile.crossmatch.question import Question
from astropile.crossmatch.skyrows import SkyPart, SkySlice
from astropile.crossmatch.sweeping import NotSwept, Sweep
from astropile.errors import MatchError
from astropile.sky import Pairs, healpix_index, match_coordinates, position_angle_deg
from astropile.sky import sweep as kernels

FINDS = ("nearest", "all", "mutual", "k")


class Rows:
    """Positions in memory that are asked for as those of a pile are, in row groups.

    Before they are read, no more is known of them than the first and last pixel of each group.
    """

    def __init__(self, ra: Any, dec: Any, group_rows: int = 7) -> None:
        pixel = healpix_index(ra, dec)
        order = np.argsort(pixel, kind="stable")
        self.ra, self.dec, self.pixel = ra[order], dec[order], pixel[order]
        self.edges = [*range(0, len(ra), group_rows), len(ra)]
        self.spans = [(pixel[order[a]], pixel[order[b - 1]] + 1) for a, b in pairwise(self.edges)]

    def __len__(self) -> int:
        return len(self.ra)

    def may_hold(self, low: int, high: int) -> bool:
        return any(start < high and stop > low for start, stop in self.spans)

    def estimate(self, low: int, high: int) -> float:
        if not self.spans:
            return 0.0
        rows = np.array(list(pairwise(self.edges))).ravel()
        inside = np.interp([low, high], np.array(self.spans, dtype=np.float64).ravel(), rows)
        return float(inside[1] - inside[0])

    @contextmanager
    def storing(self, store_bytes: int) -> Iterator[None]:
        yield

    def slices(self, low: int, high: int) -> list[SkySlice]:
        first, end = np.searchsorted(self.pixel, (low, high)).tolist()
        cuts = sorted({first, end, *(edge for edge in self.edges if first < edge < end)})
        return [
            SkySlice(self.pixel[a:b], self.ra[a:b], self.dec[a:b], a) for a, b in pairwise(cuts)
        ]

    def read(self, ranges: Any) -> SkyPart:
        rows = [np.arange(*np.searchsorted(self.pixel, pair)) for pair in ranges]
        row = np.concatenate([np.empty(0, dtype=np.int64), *rows])
        return SkyPart(self.pixel[row], self.ra[row], self.dec[row], row)


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweep also where most rows are at the edges of small windows, and never do without."""
    monkeypatch.setattr(sweeping, "MOST_AT_EDGES", 1e9)
    monkeypatch.setattr(sweeping, "MOST_WAITING", np.inf)
    monkeypatch.setattr(outofcore, "_MOST_ROWS", 30)
    monkeypatch.setattr(outofcore, "_FEWEST_ROWS", 8)

    def refused(search: Any) -> Pairs:
        message = "the sweep gave up"
        raise AssertionError(message)

    monkeypatch.setattr(outofcore, "search_parts", refused)


def corner(rng: np.random.Generator) -> tuple[float, float]:
    """Return a corner of a pixel, and so of many smaller ones."""
    nside = 2 ** int(rng.integers(0, 20))
    corners = healpy.boundaries(nside, int(rng.integers(0, 12 * nside**2)), step=1, nest=True)
    ra, dec = healpy.vec2ang(corners[:, int(rng.integers(0, 4))], lonlat=True)
    return float(ra[0]), float(dec[0])


def place(rng: np.random.Generator) -> tuple[float, float]:
    """Return a place where it is easy to go wrong."""
    kind = rng.integers(0, 4)
    if kind == 0:
        return float(rng.uniform(0, 360)), float(rng.choice([-90.0, 90.0, 89.9999, -89.99]))
    if kind == 1:
        return float(rng.choice([0.0, 359.99999, 90.0])), float(rng.uniform(-90, 90))
    if kind == 2:
        return float(rng.uniform(0, 360)), float(rng.choice([-1, 1])) * 41.8103149
    return corner(rng)


def around(rng: np.random.Generator, center: tuple[float, float], rows: int, spread: float) -> Any:
    """Return positions scattered around a place by rotation, so that poles are no exception."""
    ra, dec = np.radians(center)
    radial = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    offset = rng.normal(0, np.radians(spread), (rows, 2)) * rng.choice([0.0, 0.3, 1.0], (rows, 1))
    vectors = radial + offset[:, :1] * east + offset[:, 1:] * np.cross(radial, east)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.array(
        [
            np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0])) % 360.0,
            np.degrees(np.arctan2(vectors[:, 2], np.hypot(vectors[:, 0], vectors[:, 1]))),
        ]
    )


def scene(seed: int, radius: float) -> tuple[Any, Any]:
    """Return two lists of positions: some clumps about as wide as the radius, and some apart."""
    rng = np.random.default_rng(seed)
    centers = [place(rng) for _ in range(rng.integers(1, 4))]
    width = radius / 3600.0 * rng.choice([0.3, 1.0, 10.0])
    left, right = (
        np.hstack([around(rng, center, int(rng.integers(0, 60)), width) for center in centers])
        for _ in range(2)
    )
    if rng.random() < 0.5 and left.size and right.size:  # at the very same places
        shared = rng.integers(0, left.shape[1], max(right.shape[1] // 2, 1))
        right[:, : len(shared)] = left[:, shared]
    if rng.random() < 0.5:
        anywhere = [rng.uniform(0, 360, 40), np.degrees(np.arcsin(rng.uniform(-1, 1, 40)))]
        right = np.hstack([right, anywhere])
    return left, right


def assert_swept(left: Rows, right: Rows, question: Question, budget: Budget) -> None:
    expected = match_coordinates(
        left.ra, left.dec, right.ra, right.dec,
        radius_arcsec=question.radius, find=question.find, k=question.k,
    )  # fmt: skip
    found = match_parts(left, right, question, budget)  # type: ignore[arg-type]
    for name in ("left", "right", "separation_arcsec"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    if found.position_angle_deg is not None:  # at hand are positions, and the bits are the same
        here, there = found.left, found.right
        angle = position_angle_deg(left.ra[here], left.dec[here], right.ra[there], right.dec[there])
        np.testing.assert_array_equal(found.position_angle_deg, angle)


@given(
    seed=st.integers(0, 2**32 - 1),
    radius=st.sampled_from([1e-3, 0.1, 1.0, 30.0, 600.0, 3600.0]),
    find=st.sampled_from(FINDS),
    threads=st.sampled_from([1, 3]),
    by_row=st.booleans(),
    memory_bytes=st.sampled_from([1, 2**30]),
    rows=st.sampled_from([3, 7, 1000]),
)
def test_sweep_when_rows_lie_at_edges_then_equals_comparing_everything(
    seed: int, radius: float, find: str, threads: int, by_row: bool, memory_bytes: int, rows: int
) -> None:
    left, right = (Rows(*side, group_rows=rows) for side in scene(seed, radius))
    reach: Any = radius
    if by_row and find != "mutual":
        rng = np.random.default_rng(seed)
        reach = rng.choice([np.nan, 0.0, 0.3 * radius, radius], len(left))
        if not np.nanmax(reach, initial=0.0) > 0.0:
            return
    question = Question(find, 2 if find == "k" else None, reach)
    assert_swept(left, right, question, Budget(memory_bytes, threads, is_hard=False))


@pytest.mark.parametrize("find", FINDS)
@pytest.mark.parametrize(
    ("name", "value"), [("_STEPS_PER_ROW", 0), ("_STEPS_AT_LEAST", 0), ("_BRIDGED", 0.0)]
)
def test_sweep_when_a_window_is_too_dense_then_a_tree_takes_over(
    monkeypatch: pytest.MonkeyPatch, find: str, name: str, value: float
) -> None:
    monkeypatch.setattr(sweeping, "_STEPS_PER_ROW", 0)
    monkeypatch.setattr(sweeping, name, value)
    for seed in range(20):
        left, right = (Rows(*side) for side in scene(seed, 5.0))
        question = Question(find, 3 if find == "k" else None, 5.0)
        assert_swept(left, right, question, Budget(2**30, 2, is_hard=False))


@pytest.mark.parametrize("find", FINDS)
def test_sweep_when_right_rows_lie_outside_all_windows_then_found(find: str) -> None:
    """Left rows end at the border of a pixel; their partners lie beyond it, far in the order."""
    rng = np.random.default_rng(4)
    ra, dec = rng.uniform(44.0, 46.0, 4000), rng.uniform(-1.0, 1.0, 4000)
    pixel = healpix_index(ra, dec)
    inside = (pixel >> 52) % 4 == 3
    left, right = Rows(ra[inside], dec[inside]), Rows(ra[~inside], dec[~inside])
    question = Question(find, 3 if find == "k" else None, 120.0)
    assert len(match_coordinates(left.ra, left.dec, right.ra, right.dec, radius_arcsec=120.0)) > 20
    assert_swept(left, right, question, Budget(2**30, 2, is_hard=False))


@pytest.mark.parametrize("find", FINDS)
def test_sweep_when_a_window_has_no_left_rows_then_its_right_ones_are_partners(find: str) -> None:
    """All left rows are in one row group, whose range of pixels says nothing about the gap."""
    rng = np.random.default_rng(6)
    ra, dec = rng.uniform(40.0, 50.0, 6000), rng.uniform(-5.0, 5.0, 6000)
    pixel = healpix_index(ra, dec) >> 50
    ends = (pixel < np.quantile(pixel, 0.2)) | (pixel > np.quantile(pixel, 0.8))
    left, right = Rows(ra[ends], dec[ends], 10_000), Rows(ra[~ends], dec[~ends], 10_000)
    question = Question(find, 3 if find == "k" else None, 300.0)
    assert len(match_coordinates(left.ra, left.dec, right.ra, right.dec, radius_arcsec=300.0)) > 20
    assert_swept(left, right, question, Budget(2**30, 2, is_hard=False))


def test_sweep_when_too_much_lies_around_the_edges_then_parts_are_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left, right = Rows(np.array([45.0]), np.array([0.0])), Rows(np.full(900, 45.01), np.zeros(900))
    sweep = Sweep(PartSearch(left, right, Question("all", None, 60.0), Budget(1, 1, False)), [])  # type: ignore[arg-type]
    part = left.read(np.array([[0, 12 << 58]]))
    assert len(sweep._outside(part).row) == 900
    monkeypatch.setattr(sweeping, "MOST_WAITING", 1.0)
    with pytest.raises(NotSwept):
        sweep._outside(part)


def test_sweep_when_most_rows_are_at_edges_then_parts_are_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left, right = (Rows(*side) for side in scene(1, 1.0))
    question, budget = Question("nearest", None, 3000.0), Budget(2**30, 1, is_hard=False)
    monkeypatch.setattr(outofcore, "search_parts", lambda search: "parts")
    monkeypatch.setattr(sweeping, "MOST_AT_EDGES", 0.0)
    assert match_parts(left, right, question, budget) == "parts"  # type: ignore[arg-type]
    monkeypatch.setattr(sweeping, "MOST_AT_EDGES", 1e9)

    def given_up(*_: Any) -> Any:
        raise NotSwept

    monkeypatch.setattr(Sweep, "pairs", given_up)
    assert match_parts(left, right, question, budget) == "parts"  # type: ignore[arg-type]


def test_sweep_when_memory_is_too_little_for_a_place_then_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = Rows(np.zeros(400), np.zeros(400))
    monkeypatch.setattr(outofcore, "search_parts", search_parts)
    with pytest.raises(MatchError, match="at once"):
        match_parts(rows, rows, Question("all", None, 1.0), Budget(10_000, 1, is_hard=True))  # type: ignore[arg-type]


@pytest.mark.parametrize("find", FINDS)
def test_sweep_when_piles_are_on_disk_then_the_pairs_of_their_tables(
    tmp_path: Path, find: Any
) -> None:
    rng = np.random.default_rng(8)
    sides = []
    for number, name in enumerate(("left", "right")):
        ra, dec = around(rng, (359.9, 89.0), 3000, 0.3)
        table = Table({"id": np.arange(3000), "ra": ra, "dec": dec, "n": np.arange(3000)})
        columns = {"object_id": "id", "ra": "ra", "dec": "dec"}
        survey = ap.build_table(
            table, tmp_path / name, name=name, partition_rows=(700, 90)[number], **columns
        )
        sides.append(survey.filter("n > 100"))
    tables = [survey.catalog() for survey in sides]
    k = 2 if find == "k" else None
    found = ap.cross_match(*sides, radius_arcsec=20.0, find=find, k=k)
    expected = ap.cross_match(*tables, radius_arcsec=20.0, find=find, k=k)
    assert found.n_pairs > 100
    assert found.pairs.equals(expected.pairs)


@pytest.mark.parametrize("most", [2, 1000])
def test_store_when_more_pairs_come_at_the_end_then_put_where_they_belong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setenv("ASTROPILE_CACHE", str(tmp_path))
    monkeypatch.setattr("astropile.crossmatch.pairstore._MERGED_AT_ONCE", 3)
    rng = np.random.default_rng(1)
    rows = np.sort(rng.integers(0, 40, 60))
    late = np.isin(rows, [0, 7, 8, 20, 39])
    pairs = Pairs(rows, np.arange(60), np.arange(60) / 7.0)
    first, more = (
        Pairs(pairs.left[kept], pairs.right[kept], pairs.separation_arcsec[kept])
        for kept in (~late, late)
    )
    store = PairStore(most * 24)
    for number in (2, 0, 1):  # parts ahead of their turn wait
        low, high = np.searchsorted(first.left, (number * 14, number * 14 + 14))
        columns = (first.left, first.right, first.separation_arcsec)
        store.add(number, Pairs(*(column[low:high] for column in columns)))
        store.done(number)
    found = store.pairs(more)
    np.testing.assert_array_equal(found.left, pairs.left)
    np.testing.assert_array_equal(found.right, pairs.right)
    np.testing.assert_array_equal(found.separation_arcsec, pairs.separation_arcsec)


def test_sweep_when_radii_and_lists_are_of_any_kind_then_one_version_is_compiled() -> None:
    left, right = (Rows(*side) for side in scene(3, 1.0))
    for radius in (1.0, np.full(len(left), 1.0)):
        for find in ("nearest", "all"):
            assert_swept(left, right, Question(find, None, radius), Budget(2**30, 2, is_hard=False))
    for function in (kernels.sweep, kernels.edge_rows, kernels.fill_run):
        assert len(function.signatures) == 1
