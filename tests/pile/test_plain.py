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
from astropy import units as u
from astropy.table import MaskedColumn, QTable, Table
from astropy.time import Time
from astropy.utils.masked import Masked

import astropile as ap
from astropile.errors import (
    AstropileError,
    ColumnError,
    CorruptFileError,
    NoFilesError,
    PileError,
    UnknownColumnError,
    UsageError,
)

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
    order = np.argsort(np.asarray(catalog["source"]).astype(np.int64))  # text if from a CSV file
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


SMALL = {"i": np.arange(6), "ra": np.arange(6) * 10.0, "dec": np.arange(6) - 3.0}


def _build(table: Any, place: Path, **options: Any) -> Any:
    named = {"name": "t", "object_id": "i", "ra": "ra", "dec": "dec"}
    return ap.build_table(table, place, **{**named, **options})


def test_build_table_when_a_quantity_is_masked_then_null(tmp_path: Path) -> None:
    table = QTable(SMALL)
    table["d"] = Masked(np.arange(6.0) * u.km, mask=[True, False] * 3)
    catalog = _build(table, tmp_path / "p").catalog(columns=["d"])
    catalog.sort("object_id")
    assert catalog["d"].mask.tolist() == [True, False] * 3
    assert str(catalog["d"].unit) == "km"


def test_build_table_when_elements_of_arrays_are_masked_then_nan(tmp_path: Path) -> None:
    mask = np.arange(12).reshape(6, 2) % 3 == 0
    table = Table(SMALL)
    table["a"] = MaskedColumn(np.arange(12.0).reshape(6, 2), mask=mask)
    rows = pa.concat_tables(list(_build(table, tmp_path / "p").iter_tables())).sort_by("i")
    assert np.isnan(np.stack(rows["a"].to_numpy())).tolist() == mask.tolist()


def _with(**columns: Any) -> Table:
    return Table({**SMALL, **columns})


@pytest.mark.parametrize(
    ("table", "options", "said"),
    [
        (_with(t=Time(np.arange(6.0), format="mjd")), {}, "of type Time"),
        (_with(z=np.zeros(6, complex)), {}, "cannot be stored"),
        (_with(a=np.zeros((6, 0))), {}, "no elements"),
        (_with(a=np.zeros((6, 1, 1, 1, 1, 1, 1))), {}, "cannot hold values of type"),
        (_with(o=np.array([1, "a"] * 3, dtype=object)), {}, "cannot be stored"),
        (_with(s=np.array([b"\xe9"] * 6)), {}, "can't decode"),
        (
            _with(a=MaskedColumn(np.zeros((6, 2), int), mask=np.ones((6, 2), bool))),
            {},
            "masked inside arrays",
        ),
        (_with(**{"a:b": np.arange(6)}), {}, "cannot have ':'"),
        (pa.table({**SMALL, "": SMALL["i"]}), {}, "needs a name"),
        (pa.Table.from_arrays([pa.array(range(3))] * 4, ["i", "ra", "dec", "dec"]), {}, "two"),
        (pa.table({**SMALL, "r": [[[1.0], []]] * 6}), {}, "cannot hold values of type"),
        (pd.DataFrame({**SMALL, "o": [1, "a"] * 3}), {}, "pandas cannot give it"),
        (_with(i=np.arange(6) + 0.5), {}, "id 0.5 is not a whole number"),
        (_with(i=np.zeros((6, 2))), {}, "an id must be text or a number"),
        (_with(), {"object_id": 5}, "'5' is not a column"),
    ],
)
def test_build_table_when_a_column_is_unfit_then_one_typed_error_and_nothing_written(
    table: Any, options: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        _build(table, tmp_path / "p", **options)
    assert caught.value.hint
    assert not list(tmp_path.iterdir())


def test_build_table_when_ids_are_whole_floats_then_integers_and_nan_is_none(
    tmp_path: Path,
) -> None:
    ids = [0.0, np.nan, 2.0, 3.0, 4.0, 5.0]
    pile = _build(_with(i=ids), tmp_path / "p")
    assert sorted(pile.catalog()["object_id"]) == ["0", "2", "3", "4", "5"]
    assert pile.rejects.counts() == {"null_id": 1}


def test_build_table_when_a_csv_file_has_leading_zeros_then_ids_keep_them(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("i,ra,dec\n007,1,2\n7,3,4\n")
    assert sorted(_build(tmp_path / "t.csv", tmp_path / "p").catalog()["object_id"]) == ["007", "7"]


def test_build_table_when_a_csv_column_changes_its_type_then_said_that_types_are_guessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("astropile.survey.plain_input.BATCH_BYTES", 64)
    rows = "".join(f"{k},1,2,{k}\n" for k in range(40))
    (tmp_path / "t.csv").write_text(f"i,ra,dec,x\n{rows}40,1,2,zz\n")
    with pytest.raises(CorruptFileError, match="zz") as caught:
        _build(tmp_path / "t.csv", tmp_path / "p")
    assert "guessed" in caught.value.hint


def test_pile_when_names_of_columns_are_odd_then_found_and_filtered(tmp_path: Path) -> None:
    odd = ("a.b", "g mag", "\u0394z", "x/y", "and", "1e3")
    pile = _build(_with(**dict.fromkeys(odd, SMALL["ra"])), tmp_path / "p")
    for name in odd:
        catalog = pile.catalog(columns=[name])
        assert catalog[name].tolist() == catalog["ra"].tolist()
        assert len(pile.filter(f"`{name}` < 25")) == 3


def test_catalog_when_a_column_is_called_as_the_pixel_then_refused(tmp_path: Path) -> None:
    pile = _build(_with(healpix=np.arange(6)), tmp_path / "p")
    assert pa.concat_tables(list(pile.iter_tables()))["healpix"].to_pylist()
    with pytest.raises(UsageError, match="the pixel of each object"):
        pile.catalog(columns=["healpix"])
    with pytest.raises(ColumnError, match="not NoneType"):
        pile.catalog(columns=None)  # type: ignore[arg-type]


def test_build_table_when_it_is_a_leaf_of_a_pile_then_pixels_are_made_anew(tmp_path: Path) -> None:
    _build(_with(v=SMALL["ra"]), tmp_path / "p")
    leaf = next((tmp_path / "p").rglob("Npix=*.parquet"))
    again = _build(leaf, tmp_path / "again", object_id="object_id")
    assert pa.concat_tables(list(again.iter_tables())).column_names == [
        *("object_id", "ra", "dec", "i", "v")
    ]


@pytest.mark.parametrize("place", ["https://example.org/p", Path("s3://bucket/p")])
def test_build_table_when_the_place_is_elsewhere_then_refused(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="disk of this machine"):
        _build(_with(), place)
    assert not list(tmp_path.iterdir())


def test_build_table_when_it_failed_before_anything_was_worth_keeping_then_begun_anew(
    tmp_path: Path,
) -> None:
    with pytest.raises(PileError, match="no object with a position to build a pile of, among 6"):
        _build(_with(ra=np.full(6, np.nan)), tmp_path / "p")
    assert not list(tmp_path.iterdir())
    assert len(_build(_with(), tmp_path / "p")) == 6


def test_build_table_when_a_fits_file_has_more_than_the_table_then_only_the_table(
    tmp_path: Path,
) -> None:
    from astropy.io import fits

    stars = _stars()
    table = fits.BinTableHDU(stars)
    table.columns["gmag"].unit = "log(cm.s**-2)"
    fits.HDUList([fits.PrimaryHDU(np.zeros((7, 3))), table]).writeto(tmp_path / "t.fits")
    pile = ap.build_table(tmp_path / "t.fits", tmp_path / "pile", name="stars", **COLUMNS)
    assert [name for name in pile.columns if name not in ("object_id", "ra", "dec")] == (
        stars.colnames
    )
    assert "log(cm" in pile.columns["gmag"].description


@pytest.mark.parametrize("content", ["image", "nothing", "complex"])
def test_build_table_when_a_fits_file_cannot_be_one_then_one_typed_error(
    content: str, tmp_path: Path
) -> None:
    from astropy.io import fits

    more = {
        "image": [fits.ImageHDU(np.zeros((2, 2)))],
        "nothing": [],
        "complex": [fits.BinTableHDU(_with(z=np.zeros(6, complex)))],
    }
    fits.HDUList([fits.PrimaryHDU(), *more[content]]).writeto(tmp_path / "t.fits")
    with pytest.raises(AstropileError) as caught:
        _build(tmp_path / "t.fits", tmp_path / "p")
    assert caught.value.hint
