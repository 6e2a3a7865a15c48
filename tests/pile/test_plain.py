"""Plain tables of every kind become the same pile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from astropy.table import MaskedColumn, Table

import astropile as ap
from astropile.errors import CorruptFileError, NoFilesError, UnknownColumnError, UsageError

COLUMNS = {"object_id": "source", "ra": "RA", "dec": "DEC"}


def _stars() -> Table:
    table = Table(
        {
            "source": np.arange(1, 41) * 10**15,
            "RA": np.linspace(0, 359, 40),
            "DEC": np.linspace(-89, 89, 40),
            "gmag": np.linspace(10, 20, 40).astype("f4"),
            "kind": np.array(["star", "galaxy"] * 20),
            "seen": np.arange(40) % 3 == 0,
        }
    )
    table["RA"].unit = table["DEC"].unit = "deg"
    table["gmag"].unit = "mag"
    table["gmag"].description = "Magnitude in g."
    table["visits"] = MaskedColumn(np.arange(40), mask=np.arange(40) % 4 == 1)
    return table


def _as(kind: str, folder: Path) -> Any:
    stars = _stars()
    arrow = pa.table(
        {
            name: pa.array(
                np.asarray(stars[name]).tolist(),
                mask=np.ma.getmaskarray(np.ma.asarray(stars[name])),
            )
            for name in stars.colnames
        }
    )
    arrow = arrow.set_column(3, "gmag", arrow["gmag"].cast(pa.float32()))
    if kind == "astropy":
        return stars
    if kind == "arrow":
        return arrow
    if kind == "pandas":
        return arrow.to_pandas(types_mapper=pd.ArrowDtype)
    if kind == "parquet":
        pq.write_table(arrow, folder / "t.parquet", row_group_size=7)
        return folder / "t.parquet"
    if kind == "csv":
        pa.csv.write_csv(arrow, folder / "t.csv")
        return str(folder / "t.csv")
    stars.write(folder / "t.fits")
    return folder / "t.fits"


@pytest.mark.parametrize("kind", ["astropy", "arrow", "pandas", "parquet", "csv", "fits"])
def test_build_table_when_any_kind_is_given_then_the_same_rows(kind: str, tmp_path: Path) -> None:
    stars = _stars()
    pile = ap.build_table(_as(kind, tmp_path), tmp_path / "pile", name="stars", **COLUMNS)
    catalog = pile.catalog(columns=["source", "gmag", "kind", "seen", "visits"])
    assert len(catalog) == 40
    assert (catalog["object_id"] == np.asarray(catalog["source"]).astype(str)).all()
    order = np.argsort(catalog["source"])
    magnitudes = np.asarray(catalog["gmag"])[order].astype("f4")  # a CSV file knows no float32
    assert magnitudes.tolist() == np.asarray(stars["gmag"]).tolist()
    for name in ("kind", "seen"):
        assert np.asarray(catalog[name])[order].tolist() == np.asarray(stars[name]).tolist()
    if kind != "fits":  # an integer of FITS has no null without TNULL
        assert (
            np.ma.getmaskarray(catalog["visits"])[order].tolist()
            == (np.arange(40) % 4 == 1).tolist()
        )
    if kind in ("astropy", "fits"):
        assert str(catalog["gmag"].unit) == "mag"
    if kind == "astropy":
        assert catalog["gmag"].description == "Magnitude in g."
    assert str(catalog["ra"].unit) == "deg"
    assert catalog["ra"][order].tolist() == pytest.approx(np.linspace(0, 359, 40).tolist())


def test_build_table_when_positions_have_another_unit_then_degrees(tmp_path: Path) -> None:
    stars = _stars()
    stars["RA"] = np.radians(stars["RA"].value)
    stars["RA"].unit = "rad"
    pile = ap.build_table(stars, tmp_path / "pile", name="stars", **COLUMNS)
    assert sorted(pile.catalog()["ra"].tolist()) == pytest.approx(np.linspace(0, 359, 40).tolist())


def test_build_table_when_a_column_holds_arrays_then_kept(tmp_path: Path) -> None:
    stars = _stars()
    stars["flux"] = np.arange(40 * 6, dtype="f4").reshape(40, 2, 3)
    stars["flux"].unit = "Jy"
    pile = ap.build_table(stars, tmp_path / "pile", name="stars", **COLUMNS)
    table = pa.concat_tables(list(pile.iter_tables()))
    assert table.schema.field("flux").metadata[b"unit"] == b"Jy"
    first = table.filter(pa.compute.equal(table["source"], 10**15)).to_pylist()[0]
    assert first["flux"] == [[0, 1, 2], [3, 4, 5]]
    matched, dataset = ap.cross_match_datasets(pile, pile)
    assert len(matched) == len(dataset) == 40


def test_build_table_when_ids_are_blank_then_rejected(tmp_path: Path) -> None:
    table = pa.table({"i": ["a", " ", None], "ra": [1.0, 2.0, 3.0], "dec": [0.0, 0.0, 0.0]})
    pile = ap.build_table(table, tmp_path / "p", name="t", object_id="i", ra="ra", dec="dec")
    assert pile.catalog()["object_id"].tolist() == ["a"]
    assert pile.rejects.counts() == {"null_id": 2}


@pytest.mark.parametrize(
    ("change", "options", "error", "said"),
    [
        (lambda t: t, {"ra": "Ra"}, UnknownColumnError, "'Ra' is not a column"),
        (lambda t: t, {"name": "My Stars"}, UsageError, "cannot be a survey"),
        (lambda t: t, {"ra": "kind"}, UsageError, "must be numbers"),
        (lambda t: t.append_column("ra", t["RA"]), {}, UsageError, "has a column 'ra'"),
        (
            lambda t: t.append_column("day", pa.array([0] * 40, pa.date32())),
            {},
            UsageError,
            "cannot hold values of type date32",
        ),
        (lambda t: {"a": 1}, {}, UsageError, "a table is expected, got dict"),
    ],
)
def test_build_table_when_it_can_never_work_then_said_why(
    change: Any, options: dict[str, str], error: type[Exception], said: str, tmp_path: Path
) -> None:
    table = change(_as("arrow", tmp_path))
    with pytest.raises(error, match=said):
        ap.build_table(table, tmp_path / "pile", **{"name": "stars", **COLUMNS, **options})
    assert not (tmp_path / "pile").exists()


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("no.parquet", None, NoFilesError),
        ("bad.parquet", b"PAR1 nothing", CorruptFileError),
        ("bad.fits", b"nothing", CorruptFileError),
        ("table.xyz", b"a", UsageError),
    ],
)
def test_build_table_when_the_file_is_bad_then_one_typed_error(
    name: str, content: bytes | None, error: type[Exception], tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(error):
        ap.build_table(tmp_path / name, tmp_path / "pile", name="stars", **COLUMNS)
