"""Pictures are figures with the data in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astropile.errors import UsageError
from astropile.plot import image_pair, rgb_picture, separation_histogram, sky_map


def test_sky_map_when_all_in_one_bin_then_density_is_count_over_area() -> None:
    figure = sky_map(np.full(50, 10.0), np.full(50, 20.0))
    density = figure.axes[0].collections[0].get_array()
    assert density.count() == 1
    area = 360 / 90 * np.degrees(2 / 45)
    np.testing.assert_allclose(density.compressed(), [50 / area])


def test_separation_histogram_when_pairs_then_every_pair_is_counted() -> None:
    figure = separation_histogram(np.linspace(0, 1, 101), radius_arcsec=1.0)
    assert sum(patch.get_height() for patch in figure.axes[0].patches) == 101


def test_separation_histogram_when_empty_then_still_a_figure(tmp_path: Path) -> None:
    separation_histogram([], radius_arcsec=1.0).savefig(tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size > 1000


def test_rgb_picture_when_source_only_in_red_then_centre_is_red() -> None:
    flux = np.random.default_rng(0).normal(size=(3, 32, 32))
    flux[2, 14:18, 14:18] += 300
    picture = rgb_picture(flux, ["g", "r", "z"], rgb=["z", "r", "g"])
    red, green, blue = picture[16, 16].astype(int)
    assert red > 2 * max(green, blue)


def test_rgb_picture_when_band_unknown_then_error_lists_bands() -> None:
    with pytest.raises(UsageError, match="no band y; the image has g, r, z"):
        rgb_picture(np.zeros((3, 4, 4)), ["g", "r", "z"], rgb=["y", "r", "g"])


def test_image_pair_when_scale_known_then_axes_are_arcsec() -> None:
    block = {"flux": np.zeros((3, 8, 8)), "band": ["g", "r", "z"], "scale": [0.5] * 3}
    figure = image_pair({"a": {"image": block}}, rgb={"a": ["z", "r", "g"]})
    assert figure.axes[0].get_xlim() == (-2.0, 2.0)
