"""X-ray spectra in bins of enough counts, against one channel after the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from astropile.readers import Column
from astropile.readers.column import offsets_of
from astropile.transforms import TransformFault
from astropile.transforms.xray import grouped_spectrum

PARAMS = {"e_min": 0.5, "e_max": 8.0, "min_counts": 5, "keep_last": True, "errors": "gehrels"}


def plain_bins(
    counts: Any, background: Any, low: Any, high: Any, exposure: float, scale: float, params: Any
) -> list[dict[str, float]]:
    """Channel after channel, as one would do it by hand."""

    def error(n: float) -> float:
        return 1 + np.sqrt(n + 0.75) if params["errors"] == "gehrels" else np.sqrt(n)

    bins, held = [], []
    used = [
        k for k in range(len(counts)) if low[k] >= params["e_min"] and high[k] <= params["e_max"]
    ]
    for k in used:
        held.append(k)
        is_full = sum(counts[held]) >= params["min_counts"]
        if is_full or (k == used[-1] and params["keep_last"]):
            n, b = sum(counts[held]), sum(background[held])
            per = exposure * (high[held[-1]] - low[held[0]])
            bins.append(
                {
                    "energy": (low[held[0]] + high[held[-1]]) / 2,
                    "energy_low": low[held[0]],
                    "energy_high": high[held[-1]],
                    "rate": (n - scale * b) / per,
                    "rate_error": np.hypot(error(n), scale * error(b)) / per,
                    "counts": n,
                }
            )
            held = []
    return bins


def columns(rows: list[dict[str, Any]]) -> dict[str, list[Column]]:
    offsets = offsets_of([len(row["counts"]) for row in rows])
    given = {
        key: [Column(np.concatenate([row[key] for row in rows]), offsets=offsets)]
        for key in ("counts", "background", "energy_low", "energy_high")
    }
    for key in ("exposure", "background_scale"):
        given[key] = [Column(np.array([row[key] for row in rows]))]
    return given


@given(
    lengths=st.lists(st.integers(0, 60), min_size=1, max_size=5),
    mean=st.floats(0.05, 6),
    least=st.integers(0, 12),
    keep_last=st.booleans(),
    errors=st.sampled_from(["gehrels", "poisson"]),
    seed=st.integers(0, 2**32),
)
def test_grouped_when_spectra_differ_in_length_then_as_channel_by_channel(
    lengths: list[int], mean: float, least: int, keep_last: bool, errors: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    params = {**PARAMS, "min_counts": least, "keep_last": keep_last, "errors": errors}
    rows = []
    for length in lengths:
        edges = np.linspace(0.0, 9.0, length + 1)
        rows.append(
            {
                "counts": rng.poisson(mean, length).astype(float),
                "background": rng.poisson(1, length).astype(float),
                "energy_low": edges[:-1],
                "energy_high": edges[1:],
                "exposure": rng.uniform(1, 1000),
                "background_scale": rng.uniform(0, 1),
            }
        )
    found = grouped_spectrum(columns(rows), params)
    for number, row in enumerate(rows):
        expected = plain_bins(
            row["counts"], row["background"], row["energy_low"], row["energy_high"],
            row["exposure"], row["background_scale"], params,
        )  # fmt: skip
        own = {name: column.take(np.array([number])).data for name, column in found.items()}
        for name, data in own.items():
            assert_allclose(data, [one[name] for one in expected], rtol=1e-12, atol=1e-15)
        if not keep_last:
            assert (own["counts"] >= least).all()


def test_grouped_when_energies_fall_then_bins_go_from_low_to_high() -> None:
    """Gratings number their channels by wavelength."""
    row = {
        "counts": np.array([5.0, 1.0, 4.0]),
        "background": np.zeros(3),
        "energy_low": np.array([3.0, 2.0, 1.0]),
        "energy_high": np.array([4.0, 3.0, 2.0]),
        "exposure": 1.0,
        "background_scale": 1.0,
    }
    found = grouped_spectrum(columns([row]), PARAMS)
    assert found["counts"].data.tolist() == [5.0, 5.0]
    assert found["energy_high"].data.tolist() == [3.0, 4.0]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("exposure", 0.0, "exposure: expected more than 0 s"),
        ("counts", np.array([1.0, -1.0, 1.0]), "counts: expected numbers from 0"),
        ("background", np.array([1.0, np.nan, 1.0]), "background: expected numbers from 0"),
    ],
)
def test_grouped_when_a_row_makes_no_sense_then_fault_names_it(
    key: str, value: Any, words: str
) -> None:
    good: dict[str, Any] = {
        "counts": np.ones(3),
        "background": np.zeros(3),
        "energy_low": np.arange(1.0, 4.0),
        "energy_high": np.arange(2.0, 5.0),
        "exposure": 1.0,
        "background_scale": 1.0,
    }
    with pytest.raises(TransformFault, match=words) as caught:
        grouped_spectrum(columns([good, {**good, key: value}]), PARAMS)
    assert caught.value.rows is not None
    assert caught.value.rows.tolist() == [False, True]


def test_grouped_when_spectrum_is_of_chandra_then_counts_are_kept(
    shared_data: Callable[[str], Path],
) -> None:
    """A detection of CSC 2 and its background; the matrix is not at hand: channels of 14.6 eV."""
    path = shared_data("chandra") / "acisf01575_001N001_r0085_pha3.fits.gz"
    with fits.open(path) as file:
        source, back = file[1], file[4]
        assert (source.header["HDUCLAS2"], back.header["HDUCLAS2"]) == ("TOTAL", "BKG")
        counts, behind = (np.asarray(hdu.data["COUNTS"], float) for hdu in (source, back))
        scale = source.header["BACKSCAL"] / back.header["BACKSCAL"]
        exposure = source.header["EXPOSURE"]
    edges = 0.0146 * np.arange(len(counts) + 1)
    row = {
        "counts": counts,
        "background": behind,
        "energy_low": edges[:-1],
        "energy_high": edges[1:],
        "exposure": exposure,
        "background_scale": scale,
    }
    found = {key: column.data for key, column in grouped_spectrum(columns([row]), PARAMS).items()}
    inside = (edges[:-1] >= 0.5) & (edges[1:] <= 8)
    assert counts.sum() == 855
    assert found["counts"].sum() == counts[inside].sum()
    assert (found["counts"][:-1] >= 5).all()
    widths = found["energy_high"] - found["energy_low"]
    net = (found["rate"] * widths).sum() * exposure
    assert_allclose(net, counts[inside].sum() - scale * behind[inside].sum())
    assert_allclose(found["energy_low"][1:], found["energy_high"][:-1])
    expected = plain_bins(counts, behind, edges[:-1], edges[1:], exposure, scale, PARAMS)
    assert_allclose(found["rate_error"], [one["rate_error"] for one in expected])
