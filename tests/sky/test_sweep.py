"""The walk over two sorted lists: what it finds, and which rows it knows it may miss."""

from __future__ import annotations

import healpy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile import sky
from astropile.sky import sweep as kernels
from astropile.sky.sweep import Run, edge_rows, fill_run, sweep, window_of

SKY = 12 << 58
NOTHING = np.empty(0, dtype=np.int64)


def sorted_run(ra, dec):
    """Return a run of positions in ascending order of their pixels."""
    pixel = sky.healpix_index(ra, dec)
    order = np.argsort(pixel, kind="stable")
    columns = [column[order] for column in (pixel, ra, dec)]
    run = Run(np.empty(len(ra) + 5, dtype=np.int64), np.empty((3, len(ra) + 5)))
    for column in columns:
        column.flags.writeable = False
    assert fill_run(*columns, 0, run) == 0
    return run, columns


def swept(left, right, window, radius, *, skipped, only_nearest, most_steps=1 << 40, room=100_000):
    found = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64), np.empty(room)
    (run, columns), (other, others) = left, right
    limit = sky.chord_squared_limit(radius)
    sides = run, len(columns[0]), other, len(others[0])
    count = sweep(*sides, window, limit, np.empty(0), skipped, only_nearest, most_steps, *found)
    return count, *(column[: max(count, 0)] for column in found)


def scattered(rng, rows, spread):
    nside = 2 ** int(rng.integers(0, 16))
    pixel = int(rng.integers(0, 12 * nside**2))
    ra, dec = healpy.vec2ang(healpy.boundaries(nside, pixel, nest=True)[:, 0], lonlat=True)
    ra = ra + rng.normal(0, spread, rows) / max(np.cos(np.radians(dec[0])), 1e-3)
    return np.mod(ra, 360.0), np.clip(dec + rng.normal(0, spread, rows), -90.0, 90.0)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.01, 1.0, 100.0, 3600.0]), st.booleans())
def test_sweep_when_edge_rows_are_skipped_then_misses_no_pair_of_the_others(
    brute_force, seed, radius, only_nearest
):
    rng = np.random.default_rng(seed)
    spread = radius / 3600.0 * rng.choice([0.5, 3.0, 30.0])
    places = [scattered(rng, 120, spread), scattered(rng, 120, spread)]
    shift = rng.normal(0, radius / 3600.0, (2, 240)) * rng.choice([0.0, 0.5], 240)
    ra, dec = (np.concatenate(column) for column in zip(*places, strict=True))
    left = sorted_run(ra, dec)
    right = sorted_run(np.mod(ra + shift[0], 360.0), np.clip(dec + shift[1], -90.0, 90.0))
    pixels = left[1][0]
    low, high = sorted(rng.choice(pixels, 2).tolist()) if rng.random() < 0.5 else (0, SKY)
    inside = [
        sorted_run(*(column[slice(*np.searchsorted(columns[0], (low, high)))].copy()
                     for column in columns[1:]))
        for _, columns in (left, right)
    ]  # fmt: skip
    window = window_of(low, high, radius)
    run, columns = inside[0]
    edge = np.empty(len(columns[0]), dtype=np.int64)
    edge = edge[: edge_rows(run.pixel, len(columns[0]), window, edge)].copy()
    _, rows, others, _ = swept(*inside, window, radius, skipped=edge, only_nearest=only_nearest)
    # The truth is that of the whole sky: rows outside the window take part in it.
    everything = [np.array(side[1][1:]) for side in (inside[0], right)]
    expected = brute_force(*everything, radius, "nearest" if only_nearest else "all")
    first = np.searchsorted(right[1][0], low)
    kept = ~np.isin(expected.left, edge)
    assert list(zip(rows, others + first, strict=True)) == list(
        zip(expected.left[kept], expected.right[kept], strict=True)
    )


def test_sweep_when_there_is_no_room_or_no_patience_then_says_so():
    ra, dec = np.full(50, 10.0), np.linspace(0, 1e-6, 50)
    side = sorted_run(ra, dec)
    window = window_of(0, SKY, 1.0)
    options = {"skipped": NOTHING, "only_nearest": False}
    assert swept(side, side, window, 1.0, **options)[0] == 2500
    assert swept(side, side, window, 1.0, **options, room=2400)[0] == kernels.TOO_MANY
    assert swept(side, side, window, 1.0, **options, most_steps=40)[0] == kernels.TOO_DENSE


@pytest.mark.parametrize(("ra", "dec"), [(np.nan, 0.0), (0.0, 90.1), (np.inf, 0.0), (0.0, np.nan)])
def test_fill_when_a_position_is_none_then_counted(ra, dec):
    run = Run(np.empty(2, dtype=np.int64), np.empty((3, 2)))
    columns = np.zeros(2, dtype=np.int64), np.array([ra, 1.0]), np.array([dec, 1.0])
    for column in columns:
        column.flags.writeable = False
    assert fill_run(*columns, 0, run) > 0
    assert np.isfinite(run.vectors[:, 1]).all()


def test_steepness_when_measured_then_no_step_on_the_sky_is_further_in_pixels():
    """Move by a hundredth of a degree, and see how far that is along the axes of a face."""
    rng = np.random.default_rng(2)
    ra = rng.uniform(0, 360, 200_000)
    dec = np.degrees(
        np.arcsin(np.append(rng.uniform(-1, 1, 150_000), 1 - 1e-3 * rng.random(50_000)))
    )
    step, angle = 0.01, rng.uniform(0, 2 * np.pi, len(ra))
    there = ra + step * np.sin(angle) / np.cos(np.radians(dec)), dec + step * np.cos(angle)
    kept = (np.abs(there[1]) < 90.0) & (np.abs(dec) < 89.9)
    here, there = (ra[kept], dec[kept]), (there[0][kept], there[1][kept])
    nside = 1 << 29
    (x, y, face), (x2, y2, face2) = (
        healpy.pix2xyf(nside, healpy.ang2pix(nside, *place, lonlat=True)) for place in (here, there)
    )
    vectors = [sky.unit_vectors(*place) for place in (here, there)]
    apart = np.linalg.norm(vectors[0] - vectors[1], axis=1) * nside
    steepness = np.maximum(np.abs(x - x2), np.abs(y - y2)) / apart
    for faces, most in ((face // 4 == 1, 1.03), (face // 4 != 1, 1.46)):
        greatest = steepness[(face == face2) & faces].max()
        assert 0.95 * most < greatest < most
