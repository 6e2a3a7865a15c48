"""Widths of line-spread functions, against a least-squares fit of SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import curve_fit

from astropile.readers import Column
from astropile.transforms import TransformFault
from astropile.transforms.lsf import fit_gaussian_widths, lsf_gaussian


def gaussian(x: Any, a: float, x0: float, sigma: float) -> Any:
    return a * np.exp(-((x - x0) ** 2) / (2 * sigma**2))


@given(
    width=st.floats(0.5, 2.5),
    place=st.floats(4.0, 6.0),
    scale=st.floats(1e-6, 1e6),
    seed=st.integers(0, 2**32),
)
def test_fit_when_profiles_are_noisy_then_as_scipy_fits_them(
    width: float, place: float, scale: float, seed: int
) -> None:
    """Amplitude and place are free, noise leaves negative pixels."""
    x = np.arange(11.0)
    noise = np.random.default_rng(seed).normal(scale=0.003, size=11)
    profile = scale * (gaussian(x, 1.0, place, width) + noise)
    (expected, _) = curve_fit(gaussian, x, profile / scale, p0=[1, place, width], xtol=1e-12)
    assert_allclose(fit_gaussian_widths(profile[None, :, None])[0, 0], abs(expected[2]), rtol=1e-5)


@given(width=st.floats(0.6, 2.2), k=st.sampled_from([7, 9, 11, 15]))
def test_fit_when_profile_is_a_gaussian_then_its_width(width: float, k: int) -> None:
    profile = gaussian(np.arange(k), 0.3, k / 2 - 0.4, width)
    assert_allclose(fit_gaussian_widths(profile[None, :, None]), [[width]], rtol=1e-6)


@pytest.mark.parametrize(
    "profile",
    [np.zeros(9), np.full(9, np.nan), np.r_[1.0, np.inf, np.zeros(7)], np.ones(9), -np.ones(9)],
    ids=["zero", "nan", "infinite", "flat", "negative"],
)
def test_fit_when_nothing_is_like_a_peak_then_nan(profile: Any) -> None:
    """No warning either: they are errors in these tests."""
    good = gaussian(np.arange(9.0), 1, 4, 1.1)
    widths = fit_gaussian_widths(np.stack([profile, good], axis=1)[None])
    assert np.isnan(widths[0, 0])
    assert widths[0, 1] == pytest.approx(1.1)


def test_fit_when_there_are_many_then_each_is_fitted() -> None:
    widths = np.linspace(0.7, 1.9, 20000)
    matrix = gaussian(np.arange(11.0)[:, None], 1.0, 5.0, widths[None])
    assert_allclose(fit_gaussian_widths(matrix[None])[0], widths, rtol=1e-6)


@given(seed=st.integers(0, 2**32))
def test_fit_when_numbers_are_anything_then_widths_or_nan(seed: int) -> None:
    """It always ends, and what it gives is above zero."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(2, 11, 5)) * 10 ** rng.uniform(-200, 200, size=(2, 1, 5))
    widths = fit_gaussian_widths(matrix)
    assert widths.shape == (2, 5)
    assert (np.isnan(widths) | (widths > 0)).all()


def test_lsf_gaussian_when_called_then_widths_and_the_width_of_the_mean() -> None:
    matrix = gaussian(np.arange(11.0)[:, None], 1.0, 5.0, np.array([1.0, 1.0, 1.4]))[None]
    found = lsf_gaussian({"resolution": [Column(np.concatenate([matrix, 0 * matrix]))]}, {})
    assert_allclose(found["sigma"].data[0], [1.0, 1.0, 1.4], rtol=1e-6)
    (mean, _) = curve_fit(gaussian, np.arange(11.0), matrix[0].mean(axis=1), p0=[1, 5, 1])
    assert_allclose(found["mean_sigma"].data[0], mean[2], rtol=1e-5)
    assert np.isnan(found["mean_sigma"].data[1])


def test_lsf_gaussian_when_there_is_nothing_to_fit_then_fault() -> None:
    with pytest.raises(TransformFault, match="3 diagonals do not tell"):
        lsf_gaussian({"resolution": [Column(np.ones((1, 3, 5)))]}, {})
    ragged = Column(np.ones((4, 5)), offsets=np.array([0, 1, 4]))
    with pytest.raises(TransformFault, match="differs from row to row"):
        lsf_gaussian({"resolution": [ragged]}, {})
