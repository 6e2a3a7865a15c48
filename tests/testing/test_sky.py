"""Positions of mock objects."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from astropile.errors import UsageError
from astropile.testing import Sky


@given(st.floats(-400, 400), st.floats(-90, 90), st.floats(0.001, 180), st.integers(0, 2**31 - 1))
def test_draw_when_any_cap_then_all_positions_are_within(
    ra: float, dec: float, radius: float, seed: int
) -> None:
    found_ra, found_dec = Sky(ra, dec, radius).draw(50, np.random.default_rng(seed))
    assert ((found_ra >= 0) & (found_ra < 360)).all()
    assert (np.abs(found_dec) <= 90).all()
    centre = SkyCoord(ra * u.deg, dec * u.deg)
    distance = SkyCoord(found_ra * u.deg, found_dec * u.deg).separation(centre).deg
    assert (distance <= radius + 1e-6).all()


def test_draw_when_many_then_uniform_in_area() -> None:
    ra, dec = Sky(359.0, 60.0, 40.0).draw(40_000, np.random.default_rng(1))
    centre = SkyCoord(359.0 * u.deg, 60.0 * u.deg)
    sky = SkyCoord(ra * u.deg, dec * u.deg)
    area = (1 - np.cos(sky.separation(centre))) / (1 - np.cos(40 * u.deg))
    angle = centre.position_angle(sky).deg / 360
    for part in (area.value, angle):
        counts = np.histogram(part, bins=10, range=(0, 1))[0]
        assert np.abs(counts - 4000).max() < 5 * np.sqrt(4000)


@pytest.mark.parametrize("cap", [(0.0, 91.0, 1.0), (0.0, 0.0, 0.0), (np.nan, 0.0, 1.0)])
def test_sky_when_no_cap_then_refused(cap: tuple[float, float, float]) -> None:
    with pytest.raises(UsageError, match="no cap"):
        Sky(*cap)


@pytest.mark.parametrize(
    ("ra", "dec", "why"),
    [([1.0], [1.0, 2.0], "shapes"), ([np.inf], [0.0], "finite"), ([0.0], [91.0], "pole")],
)
def test_at_when_arrays_are_wrong_then_refused(ra: list[float], dec: list[float], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        Sky.at(np.array(ra), np.array(dec))
