"""Neighbours in a cut-out, against the projection of astropy."""

from __future__ import annotations

from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from astropile.readers import Column
from astropile.readers.column import offsets_of
from astropile.transforms.catalog import neighbours

PARAMS = {"ny": 20, "nx": 31, "pixel_scale": 0.262, "limit": 0}


def tangent(ra: float, dec: float) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [31 // 2 + 1, 20 // 2 + 1]
    wcs.wcs.cdelt = [-0.262 / 3600, 0.262 / 3600]
    return wcs


def columns(ra: Any, dec: Any, lists: list[Any]) -> dict[str, list[Column]]:
    """Candidates of each row: arrays of (ra, dec)."""
    flat = np.concatenate(lists) if lists else np.zeros((0, 2))
    offsets = offsets_of([len(one) for one in lists])
    return {
        "ra": [Column(np.asarray(ra, float))],
        "dec": [Column(np.asarray(dec, float))],
        "near_ra": [Column(flat[:, 0], offsets=offsets)],
        "near_dec": [Column(flat[:, 1], offsets=offsets)],
    }


@given(
    centres=st.lists(st.tuples(st.floats(0, 360), st.floats(-89.9, 89.9)), min_size=1, max_size=4),
    seed=st.integers(0, 2**32),
)
def test_neighbours_when_positions_are_anywhere_then_as_astropy_projects(
    centres: list[tuple[float, float]], seed: int
) -> None:
    """Across RA 0, near the poles, and the object itself."""
    rng = np.random.default_rng(seed)
    lists = []
    for ra, dec in centres:
        pixels = rng.uniform([-8, -8], [38, 28], size=(int(rng.integers(0, 12)), 2))
        sky = np.stack(tangent(ra, dec).all_pix2world(*pixels.T, 0), axis=1)
        lists.append(np.concatenate([sky, [[ra, dec], [(ra + 180) % 360, -dec]]]))
    ra, dec = np.transpose(centres)
    found = neighbours(columns(ra, dec, lists), PARAMS)
    for row, candidates in enumerate(lists):
        x, y = tangent(*centres[row]).all_world2pix(*candidates[:-1].T, 0)
        edge = np.minimum.reduce([abs(x + 0.5), abs(x - 30.5), abs(y + 0.5), abs(y - 19.5)])
        inside = (x >= -0.5) & (x < 30.5) & (y >= -0.5) & (y < 19.5)
        own = {name: column.take(np.array([row])).data for name, column in found.items()}
        sure = edge[own["place"]] > 1e-6
        assert set(own["place"][sure]) == set(np.flatnonzero(inside & (edge > 1e-6)))
        assert_allclose(own["x"], x[own["place"]], atol=1e-6)
        assert_allclose(own["y"], y[own["place"]], atol=1e-6)
        centre = SkyCoord(*centres[row], unit="deg")
        there = SkyCoord(*candidates[own["place"]].T, unit="deg")
        assert_allclose(own["separation"], centre.separation(there).arcsec, atol=1e-6)
        assert (np.diff(own["separation"]) >= 0).all()


def test_neighbours_when_ranked_and_limited_then_the_first_of_each_row() -> None:
    """As Multimodal Universe has it: by flux, at most so many, padding is not needed."""
    near = np.array([[10.0, 0.0], [10.0001, 0.0], [10.0002, 0.0], [11.0, 0.0]])
    given_ = columns([10.0, 10.0], [0.0, 0.0], [near, near[1:]])
    rank = np.array([3.0, np.nan, 1.0, 0.0, 2.0, 1.0, 0.0])
    offsets = given_["near_ra"][0].offsets
    given_["rank"] = [Column(rank, offsets=offsets)]
    given_["values"] = [Column(rank * 10, offsets=offsets), Column(np.arange(7.0), offsets=offsets)]
    found = neighbours(given_, {**PARAMS, "limit": 2})
    assert found["place"].offsets is not None
    assert found["place"].offsets.tolist() == [0, 2, 4]
    assert found["place"].data.tolist() == [2, 0, 1, 0]
    assert_array_equal(found["values"].data, [[10, 2], [30, 0], [10, 5], [20, 4]])
    everything = neighbours(given_, PARAMS)
    assert everything["place"].data.tolist() == [2, 0, 1, 1, 0]  # no rank comes last


def test_neighbours_when_there_is_no_candidate_then_no_neighbour() -> None:
    found = neighbours(columns([10.0, 20.0], [0.0, 1.0], [np.zeros((0, 2))] * 2), PARAMS)
    assert {name: len(column) for name, column in found.items()} == dict.fromkeys(found, 2)
    assert found["x"].counts.tolist() == [0, 0]
    assert found["values"].data.shape == (0, 0)
