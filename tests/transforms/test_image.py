"""Weights of mosaics, classes of pixels and orientation, against plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from astropile.readers import Column
from astropile.readers.column import offsets_of
from astropile.transforms import TransformFault
from astropile.transforms.image import ellipse_classes, flip, inverse_variance


def weights_of(flux: Any, weight: Any, exposure: Any, gain: Any, factor: int = 4) -> Any:
    arrays = {"flux": flux, "weight": weight, "exposure": exposure, "gain": gain}
    given = {key: [Column(np.asarray(value, float))] for key, value in arrays.items()}
    return inverse_variance(given, {"factor": factor})["ivar"].data


def test_inverse_variance_when_maps_have_one_size_then_variances_are_added() -> None:
    """Read-out and sky 1 / weight; photons flux / (gain exposure), of positive flux alone."""
    rng = np.random.default_rng(1)
    flux, weight = rng.normal(size=(2, 5, 6)), rng.uniform(1, 9, size=(2, 5, 6))
    exposure, gain = rng.uniform(100, 200, size=(2, 5, 6)), np.array([0.1, 0.2])
    variance = 1 / weight + np.maximum(flux, 0) / (gain[:, None, None] * exposure)
    assert_allclose(weights_of(flux, weight, exposure, gain), 1 / variance)


@pytest.mark.parametrize(
    ("flux", "weight", "exposure"),
    [(1, 0, 1), (1, np.nan, 1), (1, 1, 0), (np.nan, 1, 1), (1, -1, 1), (1, np.inf, 1)],
)
def test_inverse_variance_when_something_is_unknown_then_zero(
    flux: float, weight: float, exposure: float
) -> None:
    """No warning, no NaN."""
    made = weights_of([[[flux]]], [[[weight]]], [[[exposure]]], [1.0])
    assert made.tolist() == [[[0.0]]]


@pytest.mark.parametrize(("n", "coarse"), [(96, 24), (96, 25), (97, 25), (8, 3)])
def test_inverse_variance_when_exposures_are_coarse_then_the_middles_lie_on_each_other(
    n: int, coarse: int
) -> None:
    """The pixel of the object has the exposure of its coarse pixel, and so have those around."""
    exposure = np.arange(1.0, coarse**2 + 1).reshape(1, coarse, coarse)
    flux, weight = np.ones((1, n, n)), np.full((1, n, n), np.float64(1e300))
    seen = weights_of(flux, weight, exposure, [1.0])[0]  # the exposure itself
    middle = exposure[0, coarse // 2, coarse // 2]
    block = slice(n // 2 - 2, n // 2 + 2)
    assert (seen[block, block] == middle).all()
    assert seen[n // 2, n // 2 + 2] == middle + 1
    assert seen[n // 2 - 3, n // 2] == middle - coarse


def test_inverse_variance_when_the_exposure_map_is_too_small_then_fault() -> None:
    one = np.ones((1, 96, 96))
    with pytest.raises(TransformFault, match="20 pixels of 4 do not cover the 96") as caught:
        weights_of(one, one, np.ones((1, 20, 20)), [1.0])
    assert caught.value.hint.startswith("take a window of 25 pixels")


OBJECT = st.fixed_dictionaries(
    {
        "x": st.floats(-3, 14),
        "y": st.floats(-3, 12),
        "code": st.integers(0, 6),
        "radius": st.floats(0, 3),
        "e1": st.floats(-0.9, 0.9),
        "e2": st.floats(-0.9, 0.9),
    }
)
SIZE = {"ny": 9, "nx": 11, "pixel_scale": 0.5, "min_radius": 1.3}


def plain_classes(objects: list[dict[str, Any]]) -> Any:
    """Pixel by pixel; the major axis points from north through east, which is left."""
    picture = np.zeros((9, 11), dtype=np.uint8)
    for one in objects:
        e = min(float(np.hypot(one["e1"], one["e2"])), 1.0)
        phi = 0.5 * np.arctan2(one["e2"], one["e1"])
        a = max(one["radius"] / 0.5, 1.3)
        b = max(one["radius"] / 0.5 * (1 - e) / (1 + e), 1.3)
        for py in range(9):
            for px in range(11):
                north, east = py - one["y"], -(px - one["x"])
                along = north * np.cos(phi) + east * np.sin(phi)
                across = east * np.cos(phi) - north * np.sin(phi)
                if (along / a) ** 2 + (across / b) ** 2 <= 1 and one["code"]:
                    picture[py, px] = one["code"]
    return picture


@given(st.lists(st.lists(OBJECT, max_size=5), min_size=1, max_size=4))
def test_ellipse_classes_when_drawn_then_as_pixel_by_pixel(
    rows: list[list[dict[str, Any]]],
) -> None:
    flat = [one for row in rows for one in row]
    offsets = offsets_of([len(row) for row in rows])
    given = {
        key: [Column(np.array([one[key] for one in flat], dtype=kind), offsets=offsets)]
        for key, kind in (("x", float), ("y", float), ("code", np.int64), ("radius", float),
                          ("e1", float), ("e2", float))
    }  # fmt: skip
    drawn = ellipse_classes(given, SIZE)["classes"].data
    assert drawn.dtype == np.uint8
    for picture, row in zip(drawn, rows, strict=True):
        different = picture != plain_classes(row)
        assert different.sum() <= 1  # a pixel on the very edge may go either way


def test_ellipse_classes_when_long_to_the_north_east_then_up_and_left() -> None:
    """e2 > 0 and e1 = 0: 45 degrees from north through east."""
    one = {"x": 5.0, "y": 4.0, "code": 3, "radius": 2.0, "e1": 0.0, "e2": 0.8}
    given = {key: [Column(np.array([[value]]))] for key, value in one.items()}
    drawn = ellipse_classes(given, SIZE)["classes"].data[0]
    assert drawn[6, 3] == 3
    assert drawn[2, 7] == 3
    assert drawn[6, 7] == 0


def test_ellipse_classes_when_ellipticities_are_left_out_then_discs() -> None:
    one = {"x": 5.0, "y": 4.0, "code": 255, "radius": 1.5}
    given = {key: [Column(np.array([[value]]))] for key, value in one.items()}
    drawn = ellipse_classes(given, SIZE)["classes"].data[0]
    py, px = np.mgrid[:9, :11]
    assert_array_equal(drawn == 255, (py - 4) ** 2 + (px - 5) ** 2 <= 9)


def test_ellipse_classes_when_nothing_is_finite_then_not_drawn_and_codes_are_checked() -> None:
    cells = {"x": [np.nan, 1.0], "y": [1.0, 1.0], "radius": [1.0, np.inf]}
    given = {key: [Column(np.array([value, value]))] for key, value in cells.items()}
    given["code"] = [Column(np.array([[1, 2], [1, 2]]))]
    assert not ellipse_classes(given, SIZE)["classes"].data.any()
    given["code"] = [Column(np.array([[1, 2], [1, 256]]))]
    with pytest.raises(TransformFault, match="got 256") as caught:
        ellipse_classes(given, SIZE)
    assert caught.value.rows is not None
    assert caught.value.rows.tolist() == [False, True]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=4),
    st.booleans(),
)
def test_flip_when_pictures_have_any_form_then_rows_are_turned(
    shapes: list[tuple[int, int]], same: bool
) -> None:
    """Dense, ragged or jagged: whatever a reader gives."""
    if same:
        shapes = [(height, shapes[0][1]) for height, _ in shapes]
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, size=(*s, 3), dtype=np.uint8) for s in shapes]
    flipped = flip({"picture": [Column.pack(pictures)]}, {})["picture"]
    for number, picture in enumerate(pictures):
        assert_array_equal(flipped.take(np.array([number])).data.ravel(), picture[::-1].ravel())
