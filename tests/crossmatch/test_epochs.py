"""Positions brought to one time by their proper motions, only where a match asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import MaskedColumn, Table
from astropy.time import Time

import astropile as ap
from astropile.errors import MatchError, UsageError
from tests.crossmatch.test_match import numbers

pytestmark = pytest.mark.filterwarnings("ignore:ERFA function")

# Barnard's star at epoch 2016, and where it is at 2000.
RA, DEC, PMRA, PMDEC = 269.44850252543836, 4.739420051112412, -801.551, 10362.394
START = SkyCoord(
    RA * u.deg,
    DEC * u.deg,
    pm_ra_cosdec=PMRA * u.mas / u.yr,
    pm_dec=PMDEC * u.mas / u.yr,
    obstime=Time(2016.0, format="jyear"),
)


def at(year: float) -> Table:
    """Return where the star is at a year, without a motion."""
    moved = START.apply_space_motion(dt=(year - 2016.0) * u.yr)
    return Table({"ra": [moved.ra.deg], "dec": [moved.dec.deg]})


def star(**more: Any) -> Table:
    return Table({"ra": [RA], "dec": [DEC], "pmra": [PMRA], "pmdec": [PMDEC], **more})


def test_epoch_when_not_asked_then_nothing_moves() -> None:
    left = ap.sky_table(star(), epoch=2016.0)
    assert numbers(ap.cross_match(left, at(2000.0))) == []
    result = ap.cross_match(left, at(2016.0))
    assert (numbers(result), result.epoch, result.places[0].moved) == ([(0, 0)], None, 0)


@pytest.mark.parametrize("year", [1950.0, 2000.0, 2016.0, 2050.5])
def test_epoch_when_asked_then_the_star_is_where_astropy_says(year: float) -> None:
    left = ap.sky_table(star(), epoch=2016.0)
    for epoch in (year, Time(year, format="jyear")):
        result = ap.cross_match(left, at(year), epoch=epoch, radius_arcsec=1e-3)
        assert numbers(result) == [(0, 0)]
        assert result.epoch == pytest.approx(year)
    assert result.catalog()["ra"][0] == RA  # positions stay those of the survey
    assert result.places[0].moved == (0 if year == 2016.0 else 1)


def test_epoch_when_that_of_a_side_then_the_other_moves_to_it() -> None:
    left = ap.sky_table(star(), epoch=2016.0)
    right = ap.sky_table(at(2000.0), epoch=2000.0)
    assert numbers(ap.cross_match(left, right, epoch="right")) == [(0, 0)]
    assert numbers(ap.cross_match(right, left, epoch="left")) == [(0, 0)]
    # The right side has no motion: it cannot come to 2016.
    assert numbers(ap.cross_match(left, right, epoch="left")) == []


@pytest.mark.parametrize(
    "year",
    [
        MaskedColumn([2016.0, 0.0], mask=[False, True]),
        [2016.0, np.nan] * u.yr,
        Time([2016.0, 2016.0], format="jyear"),
    ],
)
def test_epoch_when_a_column_then_each_row_has_its_own(year: Any) -> None:
    table = Table({"RA": [RA, RA], "DE": [DEC, DEC], "a": [PMRA, 0.0], "d": [PMDEC, 0.0]})
    table["year"] = year
    left = ap.sky_table(table, ra="RA", dec="DE", pmra="a", pmdec="d", epoch="year")
    result = ap.cross_match(left, at(2000.0), epoch=2000.0)
    assert numbers(result) == [(0, 0)]
    assert result.places[0].moved == 1


def test_motion_when_in_another_unit_then_converted() -> None:
    motion = {name: [v] * u.mas / u.yr for name, v in (("pmra", PMRA), ("pmdec", PMDEC))}
    table = Table({"ra": [RA], "dec": [DEC]})
    for name, value in motion.items():
        table[name] = value.to(u.deg / u.year)
    result = ap.cross_match(ap.sky_table(table, epoch=2016.0), at(2000.0), epoch=2000.0)
    assert numbers(result) == [(0, 0)]


def test_motion_when_null_then_the_row_stays_and_is_matched() -> None:
    table = Table(
        {"ra": [RA, RA], "dec": [DEC, DEC], "pmra": [PMRA, np.nan], "pmdec": [PMDEC, 1.0]}
    )
    result = ap.cross_match(ap.sky_table(table, epoch=2016.0), at(2016.0), epoch=2000.0)
    assert numbers(result) == [(1, 0)]


def test_epoch_when_a_side_with_motions_declares_none_then_error_says_where() -> None:
    with pytest.raises(MatchError, match="declares no epoch") as caught:
        ap.cross_match(star(), at(2000.0), epoch=2000.0)
    assert "epoch=" in str(caught.value)


@pytest.mark.parametrize("epoch", ["2000", "up", True, 51544.0, np.nan, [2000.0]])
def test_epoch_when_no_year_then_usage_error(epoch: Any) -> None:
    with pytest.raises(UsageError, match="epoch="):
        ap.cross_match(star(), at(2000.0), epoch=epoch)


def test_epoch_when_of_a_side_that_declares_none_then_usage_error() -> None:
    with pytest.raises(UsageError, match="table_right declares no single epoch"):
        ap.cross_match(at(2000.0), at(2000.0), epoch="right")


def test_epoch_when_a_survey_has_motions_then_they_are_read(tmp_path: Path) -> None:
    text = """
language: "1.0"
survey: mover
version: "1.0.0"
about:
  title: Stars that move
  name: Mover
  description: Made for tests.
  license: {name: CC0}
  acknowledgement: Nobody.
  cite: ["doi:10.0/mover"]
object: {id: object_id, ra: ra, dec: dec, epoch: year}
columns:
  object_id: {dtype: string, description: Id.}
  ra: {dtype: float64, unit: deg, description: Right ascension.}
  dec: {dtype: float64, unit: deg, description: Declination.}
  mu_a: {dtype: float64, unit: arcsec / yr, description: Motion., is: {quantity: pmra}}
  mu_d: {dtype: float64, unit: arcsec / yr, description: Motion., is: {quantity: pmdec}}
  year: {dtype: float64, unit: yr, description: Julian year of the position.}
sources:
  table:
    description: One table.
    tables: {main: {files: "*.parquet", format: parquet}}
configs:
  main: {description: All of it.}
"""
    schema = tmp_path / "mover.yaml"
    schema.write_text(text, encoding="utf-8")
    columns = {"object_id": ["a", "b"], "ra": [RA, RA], "dec": [DEC, DEC]}
    columns |= {"mu_a": [PMRA / 1e3, 0.0], "mu_d": [PMDEC / 1e3, None], "year": [2016.0, 2016.0]}
    (tmp_path / "data").mkdir()
    pq.write_table(pa.table(columns), tmp_path / "data" / "a.parquet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("astropile.registry._registered", [])
        ap.register(schema)
        survey = ap.load("mover", data_dir=tmp_path / "data", columns=[])
        result = ap.cross_match(survey, at(1990.0), epoch=1990.0)
    assert result.pairs["left_object_id"].to_pylist() == ["a"]
    assert result.places[0].moved == 1
