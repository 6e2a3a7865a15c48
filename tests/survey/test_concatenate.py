"""Rows of several surveys as one dataset: one name, one unit, one type."""

from __future__ import annotations

from typing import Any

import datasets
import numpy as np
import pytest

import astropile as ap
from astropile.errors import (
    MixedColumnsError,
)

NANOMAGGY_NJY = 3630.780547701


def column(survey: ap.Survey, name: str, unit: str | None = None) -> Any:
    """Return a column as float64, NaN where it has no value."""
    units = {name: unit} if unit else {}
    table = survey.catalog([name], units=units)
    return np.ma.filled(np.ma.asarray(table.columns[-1]).astype("f8"), np.nan)


def numbers(dataset: Any, name: str) -> Any:
    """Return a column of a dataset, NaN where it is null."""
    return dataset.data.column(name).to_numpy()


# --- rows and scalars ---------------------------------------------------------------------


def test_rows_when_concatenated_then_one_survey_after_the_other(
    dune: ap.Survey, reef: ap.Survey
) -> None:
    both = ap.concatenate_datasets([dune, reef], columns=[])
    assert both.column_names == ["object_id", "ra", "dec", "survey", "row"]
    assert both["survey"][:].tolist() == ["dune"] * 9 + ["reef"] * 12
    assert both["row"][:].tolist() == [*range(9), *range(12)]
    for name in ("object_id", "ra", "dec"):
        own = [np.asarray(survey.catalog()[name]) for survey in (dune, reef)]
        np.testing.assert_array_equal(both[name], np.concatenate(own))
    assert both["ra"][:].dtype == np.float64


def test_units_when_they_differ_then_those_of_the_first_survey(
    dune: ap.Survey, reef: ap.Survey
) -> None:
    both = ap.concatenate_datasets([dune, reef], columns=["flux_psf_r", "redshift_spec"])
    first, second = column(dune, "F_r"), column(reef, "flux_r")
    np.testing.assert_array_equal(numbers(both, "flux_psf_r")[:9], first)
    np.testing.assert_allclose(numbers(both, "flux_psf_r")[9:], second * 10 / NANOMAGGY_NJY)
    assert both.features["flux_psf_r"] == datasets.Value("float64")  # the wider of both
    assert ap.meaning(both)["reef"]["columns"]["flux_psf_r"]["unit"] == "nanomaggy"
    other = ap.concatenate_datasets([reef, dune], columns=["flux_psf_r"])
    np.testing.assert_array_equal(numbers(other, "flux_psf_r")[:12], second)


def test_units_when_asked_for_then_these(dune: ap.Survey, reef: ap.Survey) -> None:
    units = {"flux_psf_r": "mag(AB)"}
    both = ap.concatenate_datasets([dune, reef], ["flux_psf_r"], units=units)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = 22.5 - 2.5 * np.log10(column(dune, "F_r"))
    np.testing.assert_allclose(numbers(both, "flux_psf_r")[:9], expected, rtol=1e-6)
    # The logarithm of a negative flux does not exist: null, as every NaN of a scalar.
    assert both.data.column("flux_psf_r").null_count == int(
        np.isnan(numbers(both, "flux_psf_r")).sum()
    )


def test_unit_when_its_numbers_leave_float32_then_float64(dune: ap.Survey) -> None:
    units = {"flux_psf_r": "W / (m2 Hz)"}
    found = ap.concatenate_datasets([dune], ["flux_psf_r"], units=units)
    assert found.features["flux_psf_r"] == datasets.Value("float64")
    expected = column(dune, "F_r") * NANOMAGGY_NJY * 1e-35
    np.testing.assert_allclose(numbers(found, "flux_psf_r"), expected)


def test_nulls_when_of_one_survey_then_stay(dune: ap.Survey, reef: ap.Survey) -> None:
    both = ap.concatenate_datasets([dune, reef], ["redshift_spec"])
    expected = np.concatenate([column(dune, "z"), column(reef, "redshift")])
    np.testing.assert_array_equal(numbers(both, "redshift_spec"), expected)
    assert both.data.column("redshift_spec").null_count == int(np.isnan(expected).sum())


def test_truth_when_it_means_the_opposite_then_that_of_the_first(
    dune: ap.Survey, reef: ap.Survey
) -> None:
    both = ap.concatenate_datasets([dune, reef], ["redshift_spec_flag"])
    bad, good = dune.catalog(["z_bad"])["z_bad"], reef.catalog(["redshift_ok"])["redshift_ok"]
    np.testing.assert_array_equal(both["redshift_spec_flag"], [*bad, *~np.asarray(good)])


def test_times_when_they_count_from_another_zero_then_from_that_of_the_first(
    dune: ap.Survey, reef: ap.Survey
) -> None:
    names = {"time": ["dune:time", "atoll:time"], "visits": ["dune:visits", "Reef:visits"]}
    both = ap.concatenate_datasets([dune, reef], names, units={"time": "h"})
    expected = np.concatenate([column(dune, "time"), column(reef, "time") + 56999.5])
    np.testing.assert_allclose(both["time"], expected * 24, rtol=1e-14)
    assert both.features["visits"] == datasets.Value("int32")


def test_ids_when_whole_in_one_survey_then_text(dune: ap.Survey, reef: ap.Survey) -> None:
    both = ap.concatenate_datasets([dune, reef], {"name": ["dune:grain", "reef:coral"]})
    grain = [str(number) for number in dune.catalog(["grain"])["grain"]]
    assert both["name"][:].tolist()[:9] == grain


# --- shipped surveys ----------------------------------------------------------------------


def test_shipped_when_units_and_types_differ_then_one(mock: Any) -> None:
    gaia, allwise = (ap.load(name, data_dir=mock(name)) for name in ("gaia", "allwise"))
    both = ap.concatenate_datasets([allwise, gaia], ["ra_err", "dec_err"])
    np.testing.assert_allclose(both["ra_err"][12:], column(gaia, "ra_err") / 1000, rtol=1e-6)
    sdss, desi = (ap.load(name, data_dir=mock(name)) for name in ("sdss", "desi"))
    with pytest.raises(MixedColumnsError, match=r"heliocentric \(sdss\), barycentric \(desi\)"):
        ap.concatenate_datasets([sdss, desi], ["redshift_spec"])
    names = ["redshift_spec", "spectrum"]
    both = ap.concatenate_datasets([sdss, desi], names, allow=["attribute"])
    assert both.features["redshift_spec"] == datasets.Value("float64")
    assert list(both.features["spectrum"]) == ["flux", "ivar", "lsf_sigma", "lambda", "mask"]
