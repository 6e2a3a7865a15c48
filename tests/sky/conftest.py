"""The yardstick of every match: compare everything with everything, in the same arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

from astropile import sky

Match = Callable[..., SimpleNamespace]


def limit_of(radius_arcsec):
    """Return the greatest squared chord within a radius, or -1 for none; one radius at a time."""
    if np.isnan(radius_arcsec):
        return -1.0
    return sky.chord_squared_limit(radius_arcsec) if radius_arcsec else 0.0


def compare_everything(left, right, radius_arcsec, find, k=None):
    """Match (ra, dec) with (ra, dec) by the definition; nulls take no part."""
    points, others = (sky.unit_vectors(*side)[:, None, :] for side in (left, right))
    difference = points - others.transpose(1, 0, 2)
    dx, dy, dz = np.moveaxis(difference, 2, 0)
    squares = dx * dx + dy * dy + dz * dz
    limits = np.array([limit_of(radius) for radius in np.atleast_1d(radius_arcsec)])
    squares[~(squares <= limits[:, None])] = np.inf
    rows, columns = np.nonzero(np.isfinite(squares))
    if find == "k":
        rank = np.empty(squares.shape, dtype=int)
        rank[np.arange(len(rank))[:, None], squares.argsort(axis=1, kind="stable")] = np.arange(
            squares.shape[1]
        )
        kept = rank[rows, columns] < k
        rows, columns = rows[kept], columns[kept]
    elif find != "all" and len(rows):
        kept = squares.argmin(axis=1)[rows] == columns
        if find == "mutual":
            kept &= squares.argmin(axis=0)[columns] == rows
        rows, columns = rows[kept], columns[kept]
    separation = sky.separation_arcsec(squares[rows, columns])
    order = np.lexsort((columns, separation, rows))
    return SimpleNamespace(
        left=rows[order], right=columns[order], separation_arcsec=separation[order]
    )


@pytest.fixture(scope="session")
def brute_force() -> Match:
    """Return the match by comparing everything with everything."""
    return compare_everything


@pytest.fixture(scope="session")
def assert_same() -> Callable[..., None]:
    """Return a check that two matches agree in every pair and every bit of separation."""

    def check(got, expected):
        np.testing.assert_array_equal(got.left, expected.left)
        np.testing.assert_array_equal(got.right, expected.right)
        np.testing.assert_array_equal(got.separation_arcsec, expected.separation_arcsec)

    return check
