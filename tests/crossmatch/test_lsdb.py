"""Our search as an algorithm of LSDB."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from astropy.table import Table

lsdb = pytest.importorskip("lsdb")

import astropile as ap  # noqa: E402
from astropile.crossmatch.lsdb import SEPARATION_COLUMN, SkyCrossmatch  # noqa: E402
from astropile.errors import MatchError  # noqa: E402
from astropile.sky import match_coordinates  # noqa: E402
from tests.crossmatch.hats_files import frame, near, scattered  # noqa: E402

LEFT = scattered(1500, 1)
RIGHT = near(*LEFT, 2.0, 2)
# Arcsec. LSDB takes long over small margins of large partitions.
MARGIN = 120.0


def catalog(positions: Any, name: str, rows: int, margin: float | None) -> Any:
    return lsdb.from_dataframe(
        frame(*positions),
        catalog_name=name,
        partition_rows=rows,
        lowest_order=0,
        highest_order=6,
        margin_threshold=margin,
    )


@pytest.fixture(scope="module")
def left() -> Any:
    return catalog(LEFT, "left", 400, None)


@pytest.fixture(scope="module")
def right() -> Any:
    return catalog(RIGHT, "right", 500, MARGIN)


def matched(left: Any, right: Any, algorithm: SkyCrossmatch, **options: Any) -> Any:
    found = left.crossmatch(
        right,
        algorithm=algorithm,
        suffixes=("_l", "_r"),
        suffix_method="all_columns",
        **options,
    )
    return found.compute(progress_bar=False)


def numbers(column: Any) -> np.ndarray:
    return column.str[1:].to_numpy(dtype=np.int64)


@pytest.mark.slow  # the first one waits for LSDB to make the margin
@pytest.mark.parametrize("find", ["nearest", "all"])
@pytest.mark.parametrize("radius", [1.0, 5.0])
def test_pairs_when_matched_by_lsdb_then_equal_ours(
    left: Any, right: Any, find: Any, radius: float
) -> None:
    """Partitions and margins leave no trace in the result, to the last bit."""
    found = matched(left, right, SkyCrossmatch(radius, find))
    expected = match_coordinates(*LEFT, *RIGHT, radius_arcsec=radius, find=find)
    # Of rows at the same place LSDB knows no row number, so positions are compared.
    columns = ("ra_l", "dec_l", "ra_r", "dec_r", SEPARATION_COLUMN)
    got = np.stack([found[name].to_numpy(dtype=np.float64) for name in columns])
    wanted = np.stack(
        [
            *(values[expected.left] for values in LEFT),
            *(values[expected.right] for values in RIGHT),
            expected.separation_arcsec,
        ]
    )
    assert got.shape == wanted.shape
    by_place = [table[:, np.lexsort(table[[2, 3, 4, 0, 1]])] for table in (got, wanted)]
    if find == "all":
        np.testing.assert_array_equal(*by_place)
    else:  # symmetric neighbours at exactly the same distance may come in either order
        rows = [np.lexsort(table[[4, 1, 0]]) for table in (got, wanted)]
        np.testing.assert_array_equal(got[[0, 1, 4]][:, rows[0]], wanted[[0, 1, 4]][:, rows[1]])


def test_ties_when_a_column_decides_then_every_pair_is_ours(left: Any) -> None:
    """With row numbers in a column, ties across partitions are settled as in one list."""
    table = frame(*RIGHT)
    table["row"] = np.arange(len(table))
    right = lsdb.from_dataframe(
        table, catalog_name="right", partition_rows=500, highest_order=6, margin_threshold=MARGIN
    )
    found = matched(left, right, SkyCrossmatch(3.0, tie_column="row"))
    expected = match_coordinates(*LEFT, *RIGHT, radius_arcsec=3.0)
    order = np.argsort(numbers(found["object_id_l"]))
    np.testing.assert_array_equal(numbers(found["object_id_l"])[order], expected.left)
    np.testing.assert_array_equal(numbers(found["object_id_r"])[order], expected.right)


def test_neighbours_when_several_are_asked_for_then_the_nearest_few(left: Any, right: Any) -> None:
    """As LSDB's own algorithm, but inclusive."""
    found = matched(left, right, SkyCrossmatch(5.0, n_neighbors=2))
    pairs = match_coordinates(*LEFT, *RIGHT, radius_arcsec=5.0, find="all")
    expected = match_coordinates(*LEFT, *RIGHT, radius_arcsec=5.0, find="k", k=2)
    assert len(expected) < len(pairs)
    assert len(found) == len(expected)
    np.testing.assert_array_equal(
        np.sort(found[SEPARATION_COLUMN].to_numpy(dtype=np.float64)),
        np.sort(expected.separation_arcsec),
    )


@pytest.mark.slow
def test_columns_when_they_say_how_near_then_as_in_memory(left: Any, right: Any) -> None:
    """Radii and errors of rows, by columns that users have; a column that is not there is told."""
    options = {"radius_column": "ra", "n_sigma": 0.02, "left_error": "ra", "right_error": 1.0}
    found = matched(left, right, SkyCrossmatch(60.0, "all", **options))
    errors = {"left_error": LEFT[0], "right_error": np.full(len(RIGHT[0]), 1.0)}
    sides = [Table({"ra": side[0], "dec": side[1]}) for side in (LEFT, RIGHT)]
    expected = ap.cross_match(
        *sides, find="all", radius_arcsec=np.minimum(LEFT[0], 60.0), n_sigma=0.02, **errors
    )
    assert len(found) == len(expected) > 100
    np.testing.assert_array_equal(
        np.sort(found[SEPARATION_COLUMN].to_numpy(dtype=np.float64)),
        np.sort(expected.separation_arcsec),
    )
    for option in ("radius_column", "left_error", "right_error", "tie_column"):
        with pytest.raises(MatchError, match=f"{option}='nope' is no column"):
            matched(left, right, SkyCrossmatch(60.0, **{option: "nope"}))


def test_radius_when_a_pair_is_exactly_at_it_then_found() -> None:
    """The radius is inclusive: LSDB's own algorithm leaves this pair out."""
    separation = match_coordinates([10.0], [0.0], [10.0], [0.5], radius_arcsec=3600.0)
    radius = float(separation.separation_arcsec[0])
    one = catalog(([10.0], [0.0]), "one", 10, None)
    other = catalog(([10.0], [0.5]), "other", 10, 3600.0)
    assert len(matched(one, other, SkyCrossmatch(radius))) == 1


def test_left_rows_when_kept_then_unmatched_ones_have_no_partner(left: Any, right: Any) -> None:
    """LSDB does the rest of a left join."""
    found = matched(left, right, SkyCrossmatch(0.5), how="left")
    assert found["object_id_l"].nunique() == len(LEFT[0])
    assert found["object_id_r"].isna().any()


def test_nested_when_asked_for_then_all_partners_of_a_row(left: Any, right: Any) -> None:
    found = left.crossmatch_nested(
        right, algorithm=SkyCrossmatch(3.0, "all"), nested_column_name="partners"
    ).compute(progress_bar=False)
    expected = match_coordinates(*LEFT, *RIGHT, radius_arcsec=3.0, find="all")
    assert len(found) == len(np.unique(expected.left))
    assert len(found["partners"].nest.to_flat()) == len(expected)


@pytest.mark.parametrize(
    ("margin", "radius", "message"),
    [(None, 1.0, "no margin"), (MARGIN, 120.5, "120.0 arcsec, the radius 120.5 arcsec")],
)
def test_margin_when_missing_or_short_then_refused_without_a_warning(
    left: Any, margin: float | None, radius: float, message: str
) -> None:
    """LSDB would warn and lose pairs."""
    right = catalog(RIGHT, "right", 500, margin)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(MatchError, match=message) as caught:
            matched(left, right, SkyCrossmatch(radius))
    assert "margin" in caught.value.hint
    assert caught.value.where == "right"


def test_margin_when_filtered_away_then_refused(left: Any, right: Any) -> None:
    """A position column or a tie column that is not loaded is said before anything is read."""
    with pytest.raises(MatchError, match="must have column 'dec'"):
        matched(left[["object_id", "ra"]], right, SkyCrossmatch(1.0))
    with pytest.raises(MatchError, match="tie_column='row' is no column"):
        matched(left, right, SkyCrossmatch(1.0, tie_column="row"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"radius_arcsec": 0.0}, "0.0 arcsec cannot be done"),
        ({"radius_arcsec": float("nan")}, "cannot be done"),
        ({"find": "mutual"}, "partition by partition"),
        ({"n_neighbors": 0}, "at least 1"),
        ({"n_neighbors": True}, "at least 1"),
        ({"find": "all", "n_neighbors": 2}, "every row"),
        ({"n_sigma": -1.0}, "no number above 0"),
    ],
)
def test_options_when_none_then_refused_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MatchError, match=message):
        SkyCrossmatch(**options)
