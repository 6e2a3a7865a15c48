"""The catalogue: ids and positions of all objects, with units, aligned with the Examples."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import astropy.units as u
import healpy
import numpy as np
import pytest
from astropy.table import MaskedColumn

import astropile as ap
from astropile.errors import ColumnError, UnknownColumnError, UsageError
from astropile.readers import _chunks, _hdf5_dataset
from tests.survey.conftest import cells, write_hdf5


def test_catalog_when_plain_then_four_columns_with_units(trees: Path) -> None:
    table = ap.load("grove", data_dir=trees).catalog()
    assert table.colnames == ["object_id", "ra", "dec", "healpix"]
    assert table["ra"].unit == table["dec"].unit == u.deg
    assert table["ra"].dtype == table["dec"].dtype == np.float64
    assert table["ra"].description == "Right ascension."
    assert table.meta == {"survey": "grove", "config": "small"}
    assert table["object_id"].tolist() == [f"tree-{k}" for k in range(14)]


@pytest.mark.parametrize("order", [0, 5, 29])
def test_catalog_when_healpix_order_is_given_then_pixels_are_healpy_s(
    trees: Path, order: int
) -> None:
    table = ap.load("grove", data_dir=trees).catalog(healpix_order=order)
    expected = healpy.ang2pix(2**order, table["ra"], table["dec"], nest=True, lonlat=True)
    np.testing.assert_array_equal(table["healpix"], expected)
    assert table["healpix"].dtype == np.int64


def test_catalog_when_columns_are_asked_by_any_name_then_original_names_and_types(
    trees: Path,
) -> None:
    table = ap.load("grove", data_dir=trees).catalog(["mag_cmodel_r", "m_g", "visits", "is_star"])
    assert table.colnames[4:] == ["visits", "is_star", "g_mag", "r_mag"]
    assert table["g_mag"].unit == u.mag(u.AB)
    assert [table[name].dtype.str for name in table.colnames[4:]] == ["<i8", "|b1", "<f4", "<f4"]


def test_catalog_when_values_are_missing_then_masked_and_digits_are_kept(trees: Path) -> None:
    table = ap.load("grove", data_dir=trees).catalog(["visits", "label", "g_mag", "ebv"])
    number = np.arange(14)
    assert table["visits"].mask.tolist() == (number % 3 == 2).tolist()
    assert table["visits"].filled(0)[1] == 2**53 + 1
    assert table["label"].mask.tolist() == (number % 4 == 1).tolist()
    assert table["g_mag"].mask.tolist() == (number % 5 == 3).tolist()
    assert not isinstance(table["ebv"], MaskedColumn)


def test_catalog_when_units_are_given_then_converted_by_astropy_s_rules(trees: Path) -> None:
    survey = ap.load("grove", data_dir=trees)
    plain, table = (
        survey.catalog(["r_mag", "g_mag"], units=units)
        for units in ({}, {"ra": "hourangle", "mag_cmodel_r": "nJy", "g_mag": "mag(AB)"})
    )
    np.testing.assert_allclose(table["ra"], plain["ra"] / 15)
    assert table["ra"].unit == u.hourangle
    expected = u.Magnitude(plain["r_mag"].data.astype(float), u.ABmag).to_value(u.nJy)
    np.testing.assert_allclose(table["r_mag"], expected, rtol=1e-4)
    assert table["r_mag"].unit == u.nJy
    np.testing.assert_array_equal(table["g_mag"].filled(0), plain["g_mag"].filled(0))
    np.testing.assert_array_equal(table["healpix"], plain["healpix"])


@pytest.mark.parametrize(
    ("units", "says"),
    [
        ({"r_mag": "furlongs"}, "'furlongs' is not known"),
        ({"r_mag": "deg"}, "'mag(AB)' cannot become 'deg'"),
        ({"ebv": "mmag"}, "'ebv', which is not among the columns"),
        ({"object_id": "deg"}, "type string has no unit"),
    ],
)
def test_catalog_when_unit_is_bad_then_error_names_column(
    trees: Path, units: dict[str, str], says: str
) -> None:
    with pytest.raises(UsageError) as found:
        ap.load("grove", data_dir=trees).catalog(["r_mag"], units=units)
    assert says in str(found.value)
    assert "grove" in found.value.where


def test_catalog_when_column_is_an_array_then_refused_with_the_next_step(trees: Path) -> None:
    survey = ap.load("grove", data_dir=trees)
    with pytest.raises(UsageError, match=r"'image\.flux' is an array .*\n.*dataset\(\)"):
        survey.catalog(["ebv", "image.flux"])
    with pytest.raises(UsageError, match="is an array"):
        survey.catalog(["spectrum"])
    with pytest.raises(UnknownColumnError, match="did you mean"):
        survey.catalog(["ebvv"])
    with pytest.raises(ColumnError, match="a selection is a list of names"):
        survey.catalog("ebv")


def test_catalog_when_source_lacks_a_column_then_masked_in_its_type(
    trees: Path, monkeypatch: pytest.MonkeyPatch, grove: Path
) -> None:
    text = grove.read_text().replace("    keep:", "    absent: [visits, label]\n    keep:", 1)
    changed = trees.parent / "changed.yaml"
    changed.write_text(text, encoding="utf-8")
    monkeypatch.setenv("ASTROPILE_SCHEMAS", str(changed))
    table = ap.load("grove", data_dir=trees).catalog(["visits", "label"])
    assert table["visits"].mask.all()
    assert table["visits"].dtype == np.int64
    assert table["label"].mask.all()
    assert table["label"].dtype.kind == "U"


@pytest.mark.parametrize("split", [None, "train", "test"])
def test_catalog_when_read_then_rows_are_those_of_the_dataset(
    trees: Path, split: str | None
) -> None:
    survey = ap.load("grove", data_dir=trees)
    table, dataset = survey.catalog(["r_mag"], split=split), survey.dataset(split)
    assert table["object_id"].tolist() == list(dataset["object_id"])
    np.testing.assert_array_equal(table["ra"], dataset["ra"][:])
    np.testing.assert_array_equal(table["r_mag"], dataset["r_mag"][:])


def test_catalog_when_splits_are_joined_then_in_declared_order(trees: Path) -> None:
    survey = ap.load("grove", data_dir=trees)
    assert survey.catalog()["object_id"].tolist() == [
        *survey.catalog(split="train")["object_id"],
        *survey.catalog(split="test")["object_id"],
    ]


def test_catalog_when_position_is_null_then_row_stays_without_pixel(trees: Path) -> None:
    rows: dict[str, Any] = {**cells(3, 90), "ra": np.array([10.0, np.nan, 30.0])}
    write_hdf5(trees / "small" / "test" / "b.hdf5", rows)
    survey = ap.load("grove", data_dir=trees)
    table = survey.catalog()
    assert table["object_id"][-2] == "tree-91"
    assert table["healpix"].mask.tolist() == [False] * 15 + [True, False]
    assert len(survey.rejects) == 0


def test_catalog_when_rows_are_bad_then_refused_listed_and_said_aloud(
    trees: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows: dict[str, Any] = cells(5, 90)
    rows["object_id"] = np.array([b"new", b"", b"tree-3", b"far", b"new"])
    rows["dec"] = np.array([0.0, 0.0, 0.0, 90.5, 0.0])
    write_hdf5(trees / "small" / "train" / "b2.hdf5", rows)
    survey = ap.load("grove", data_dir=trees)
    assert len(survey.catalog()) == 15
    refused = survey.rejects.to_arrow().to_pylist()
    listed = [(r["file"], r["row"], r["object_id"], r["code"]) for r in refused]
    file = "small/train/b2.hdf5"
    assert sorted(listed, key=lambda item: item[1]) == [
        (file, 1, "", "null_id"),
        (file, 2, "tree-3", "repeated_id"),
        (file, 3, "far", "position"),
        (file, 4, "new", "repeated_id"),
    ]
    assert all(r["message"] for r in refused)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "grove: 4 rows were refused" in record.getMessage()
    assert "repeated_id 2" in record.getMessage()


def test_catalog_when_read_then_bulk_is_not(trees: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = _hdf5_dataset.Dataset.read

    def spy(self: _hdf5_dataset.Dataset, *args: Any, **options: Any) -> Any:
        read.append(self.name)
        return original(self, *args, **options)

    monkeypatch.setattr(_hdf5_dataset.Dataset, "read", spy)
    monkeypatch.setattr(_chunks, "_read_chunks", lambda dataset, *a: read.append(dataset.name))
    ap.load("grove", data_dir=trees).catalog(["ebv"])
    names = {name.strip("/") for name in read}
    assert {"object_id", "ra", "dec", "ebv"} <= names
    assert not any(name.startswith(("image", "spectrum")) for name in names)
