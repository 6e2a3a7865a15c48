"""Plain tables as sides: found columns, units, ids, and every combination with surveys."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import astropy.units as u
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import MaskedColumn, QTable, Table
from astropy.time import Time

import astropile as ap
from astropile.errors import ColumnError, MatchError, UsageError
from tests.crossmatch.conftest import Place
from tests.crossmatch.test_match import ALL, LEFT, RIGHT, numbers


def columns(side: tuple[list[float], list[float]]) -> dict[str, Any]:
    n = len(side[0])
    return {
        "object_id": [f"x{row}" for row in range(n)],
        "ra": np.array(side[0]),
        "dec": np.array(side[1]),
        "z": np.arange(n) + 1 / 3,
    }


FORMS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "astropy": Table,
    "quantities": lambda c: QTable({**c, "ra": c["ra"] * u.deg, "dec": c["dec"] * u.deg}),
    "pandas": pd.DataFrame,
    "arrow": pa.table,
    "sky_table": lambda c: ap.sky_table(Table(c), name="mine"),
}


@pytest.mark.parametrize(("one", "other"), list(product(FORMS, FORMS)))
def test_match_when_tables_are_of_any_kind_then_pairs_and_examples(one: str, other: str) -> None:
    left, right = FORMS[one](columns(LEFT)), FORMS[other](columns(RIGHT))
    result = ap.cross_match(left, right, find="all", labels=("a", "b"))
    assert numbers(result) == ALL
    assert result.pairs["left_object_id"].to_pylist() == [f"x{row}" for row, _ in ALL]
    assert result.catalog()["b:object_id"].tolist() == [f"x{row}" for _, row in ALL]
    for (row, partner), example in zip(ALL, ap.fast(result.dataset()), strict=True):
        assert example["a"]["z"] == row + 1 / 3
        assert example["b"]["object_id"] == f"x{partner}"


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_match_when_a_survey_meets_a_table_then_both_ways(place: Place, form: Any) -> None:
    survey, table = place("left", *LEFT, files=2), form(columns(RIGHT))
    result = ap.cross_match(survey, table, find="all", how="outer")
    label = result.right.label
    assert label in ("table", "mine")
    assert numbers(result)[: len(ALL) + 1] == [(0, 3), (0, 4), (1, -1), *ALL[2:]]
    row = ap.fast(result.dataset())[0]
    assert row["left"]["image"]["flux"].shape == (2, 4, 4)
    assert row[label]["z"] == 3 + 1 / 3
    back = ap.cross_match(table, survey, find="all")
    assert sorted(numbers(back)) == sorted((b, a) for a, b in ALL)
    assert ap.fast(back.dataset())[0]["left"]["object_id"].startswith("l")


def test_tables_when_two_have_no_names_then_left_and_right() -> None:
    table = Table(columns(LEFT))
    result = ap.cross_match(table, table)
    assert (result.left.label, result.right.label) == ("table_left", "table_right")
    named = ap.cross_match(ap.sky_table(table, name="a"), table)
    assert (named.left.label, named.right.label) == ("a", "table")


NAMES = [
    ("RA", "DEC"), ("Ra", "Dec"), ("RAJ2000", "DEJ2000"), ("_RAJ2000", "_DEJ2000"),
    ("RAICRS", "DEICRS"), ("ra_deg", "dec_deg"), ("ALPHA_J2000", "DELTA_J2000"), ("ra", "decl"),
    ("TARGET_RA", "TARGET_DEC"),
]  # fmt: skip


@pytest.mark.parametrize("names", NAMES)
def test_position_when_named_as_usual_then_found(names: tuple[str, str]) -> None:
    table = Table({"flag": [1], names[0]: [10.0], names[1]: [0.0]})
    assert len(ap.cross_match(table, Table({"ra": [10.0], "dec": [0.0]}))) == 1


def test_position_when_in_sky_coordinates_then_icrs() -> None:
    place = SkyCoord([10.0, 20.0] * u.deg, [0.0, 5.0] * u.deg)
    table = Table({"place": place.galactic, "v": [1, 2]})
    assert numbers(ap.cross_match(table, Table({"ra": [20.0], "dec": [5.0]}))) == [(1, 0)]


def test_position_when_ra_and_dec_are_there_then_others_are_not_looked_at() -> None:
    table = Table({"RAJ2000": [1.0], "DEJ2000": [1.0], "ra": [10.0], "dec": [0.0]})
    assert ap.sky_table(table).roles == {"ra": "ra", "dec": "dec"}
    upper = Table({"RA": [1.0], "DEC": [1.0], "ra": [10.0], "dec": [0.0]})
    assert ap.sky_table(upper).roles == {"ra": "ra", "dec": "dec"}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["x", "y"], "no columns of a position among x, y"),
        (["RAJ2000", "DEJ2000", "RAICRS", "DEICRS"], "several positions"),
        (["ra", "DEJ2000"], "no columns of a position"),
    ],
)
def test_position_when_not_to_be_found_then_error_says_how_to_name_it(
    names: list[str], message: str
) -> None:
    table = Table({name: [1.0] for name in names})
    with pytest.raises(MatchError, match=message) as caught:
        ap.cross_match(table, table)
    assert "sky_table" in str(caught.value)


def test_columns_when_named_by_the_caller_then_taken_and_unknown_ones_refused() -> None:
    table = Table({"HIP": [7], "a": [10.0], "b": [0.0], "ra": [99.0], "dec": [9.0]})
    mine = ap.sky_table(table, ra="a", dec="b", object_id="HIP")
    result = ap.cross_match(mine, Table({"ra": [10.0], "dec": [0.0]}))
    assert result.pairs["left_object_id"].to_pylist() == ["7"]
    assert result.pairs["right_object_id"].to_pylist() == ["0"]  # a row number
    with pytest.raises(ColumnError, match="no column 'HIPP'"):
        ap.sky_table(table, object_id="HIPP")
    with pytest.raises(ColumnError, match="no column 'year'"):
        ap.sky_table(table, epoch="year")
    with pytest.raises(MatchError, match="together"):
        ap.sky_table(table, ra="a")
    with pytest.raises(MatchError, match="label"):
        ap.sky_table(table, name="a:b")


@pytest.mark.parametrize("unit", [u.rad, u.hourangle, u.arcmin, u.mas])
def test_position_when_in_another_unit_then_converted(unit: u.Unit) -> None:
    ra, dec = ([10.0, 350.0] * u.deg).to(unit), ([-5.0, 60.0] * u.deg).to(unit)
    astropy_table = Table({"ra": ra, "dec": dec})
    fields = [pa.field(n, pa.float64(), metadata={"unit": unit.to_string()}) for n in ("ra", "dec")]
    arrow_table = pa.table([ra.value, dec.value], schema=pa.schema(fields))
    target = Table({"ra": [350.0, 10.0], "dec": [60.0, -5.0]})
    for table in (astropy_table, QTable(astropy_table), arrow_table):
        assert numbers(ap.cross_match(table, target, radius_arcsec=0.01)) == [(0, 1), (1, 0)]


@pytest.mark.parametrize(
    "column",
    [
        MaskedColumn([10.0, 20.0, 30.0], mask=[0, 1, 0]),
        MaskedColumn([10.0, 20.0, 30.0], mask=[0, 1, 0], unit="deg"),
        np.array([10.0, np.nan, 30.0]),
        np.array([10.0, np.nan, 30.0], dtype=">f4"),
    ],
)
def test_position_when_masked_or_nan_then_null(column: Any) -> None:
    table = Table({"ra": column, "dec": [0.0] * 3})
    result = ap.cross_match(table, Table({"ra": [10.0, 20.0, 30.0], "dec": [0.0] * 3}))
    assert numbers(result) == [(0, 0), (2, 2)]
    assert result.left.unplaced == 1


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"ra": pd.array([10.0, None], dtype="Float64"), "dec": [0.0, 0.0]}),
        pd.DataFrame({"ra": [10, 20], "dec": pd.array([0, None], dtype="Int64")}),
        pd.DataFrame({"ra": [10.0, None], "dec": [0.0, 0.0]}, index=[7, 7]),
        pa.table({"ra": [10.0, None], "dec": pa.array([0, 0], pa.int32())}),
        pa.table({"ra": pa.chunked_array([[10.0], [None]]), "dec": [0.0, 0.0]}),
    ],
)
def test_position_when_null_in_pandas_or_arrow_then_null(table: Any) -> None:
    result = ap.cross_match(table, Table({"ra": [10.0], "dec": [0.0]}), how="left")
    assert numbers(result) == [(0, 0), (1, -1)]


@pytest.mark.parametrize(
    ("ra", "message"),
    [
        (["10:00:00"], "ra: it holds no numbers"),
        ([True], "ra: it holds no numbers"),
        ([[1.0, 2.0]], "1-dimensional arrays"),
        ([95.0] * u.m, "cannot become deg"),
        (Time(["2000-01-01"]), "it holds times"),
    ],
)
def test_position_when_no_angle_then_error_names_the_column(ra: Any, message: str) -> None:
    table = Table({"ra": ra, "dec": [0.0]})
    with pytest.raises(MatchError, match=message):
        ap.cross_match(table, table)


def test_position_when_off_the_sky_then_error_names_side_and_row() -> None:
    good, bad = Table({"ra": [1.0], "dec": [1.0]}), Table({"ra": [1.0, 1.0], "dec": [1.0, 95.0]})
    with pytest.raises(MatchError, match=r"mine: 1 of 2 positions .* row 1"):
        ap.cross_match(good, ap.sky_table(bad, name="mine"))


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([5, 2**60 + 1], ["5", str(2**60 + 1)]),
        (np.array([1, 2], dtype=">i8"), ["1", "2"]),
        (np.array([b"a", b"bc"]), ["a", "bc"]),
        (["a", "\u00e9"], ["a", "\u00e9"]),
        (MaskedColumn(["a", "b"], mask=[False, True]), ["a", None]),
        (pd.Categorical(["x", "y"]), ["x", "y"]),
    ],
)
def test_ids_when_texts_or_integers_then_as_written(ids: Any, expected: list[str]) -> None:
    kind = pd.DataFrame if isinstance(ids, pd.Categorical) else Table
    table = kind({"object_id": ids, "ra": [1.0, 2.0], "dec": [0.0, 0.0]})
    pairs = ap.cross_match(table, table).pairs
    assert pairs["left_object_id"].to_pylist() == expected


def test_ids_when_floats_then_refused() -> None:
    table = Table({"object_id": [1.0], "ra": [1.0], "dec": [0.0]})
    with pytest.raises(MatchError, match="an id is a text or an integer"):
        _ = ap.cross_match(table, table).pairs


@pytest.mark.parametrize("thing", [None, 3, "hsc", {"ra": [1.0], "dec": [1.0]}, [1, 2]])
def test_inputs_when_no_table_then_refused_with_what_is_taken(thing: Any) -> None:
    with pytest.raises(MatchError, match="neither a survey nor a table"):
        ap.cross_match(thing, Table({"ra": [1.0], "dec": [1.0]}))


def test_examples_when_columns_are_of_many_types_then_kept() -> None:
    table = pa.table(
        {
            "ra": [10.0, 20.0],
            "dec": [0.0, 0.0],
            "name": pa.array(["a", None]),
            "kind": pa.array(["x", "y"]).dictionary_encode(),
            "flag": [True, None],
            "flux": [[1.0, 2.0], []],
            "block": [{"a": 1, "b": "t"}, None],
            "when": pa.array([1, 2], pa.timestamp("us")),
        }
    )
    target = Table({"ra": [20.0, 10.0], "dec": [0.0, 0.0]})
    target["cube"] = np.arange(24).reshape(2, 3, 4)
    target["text"] = ["p", "q"]
    target["speed"] = [1.0, 2.0] * u.km / u.s
    dataset = ap.cross_match(table, target, labels=("a", "b")).dataset()
    row = ap.fast(dataset)[1]
    assert (row["a"]["name"], row["a"]["kind"], row["a"]["flag"]) == (None, "y", None)
    assert (row["a"]["flux"].tolist(), row["a"]["block"]) == ([], None)
    assert row["b"]["cube"].tolist() == np.arange(12).reshape(3, 4).tolist()
    assert ap.meaning(dataset)["b"]["columns"]["speed"] == {"unit": "km / s"}


def test_examples_when_the_table_changes_then_written_anew() -> None:
    target = Table({"ra": [10.0], "dec": [0.0]})
    prints = set()
    for value in (1, 2, 1):
        table = Table({"ra": [10.0], "dec": [0.0], "v": [value]})
        dataset = ap.cross_match(table, target, labels=("a", "b")).dataset()
        assert ap.fast(dataset)[0]["a"]["v"] == value
        prints.add(dataset._fingerprint)
    assert len(prints) == 2


def test_datasets_when_tables_are_matched_then_both_results() -> None:
    table = Table(columns(LEFT))
    catalog, dataset = ap.cross_match_datasets(
        table, table, 1.0, find="all", how="left", nested=True
    )
    assert len(catalog) == len(dataset) == 5


@pytest.mark.parametrize("labels", ["abc", ("a", "in_footprint"), (1, 2)])
def test_labels_when_they_are_none_then_refused(labels: Any) -> None:
    table = Table(columns(LEFT))
    with pytest.raises(UsageError, match="labels"):
        ap.cross_match(table, table, labels=labels)
