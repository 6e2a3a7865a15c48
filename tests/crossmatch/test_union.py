"""Unions: groups of friends of friends, who is in them, and in which order they come."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st
from mocpy import MOC
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

import astropile as ap
from astropile.crossmatch import union_examples
from astropile.errors import MatchError, UsageError
from tests.crossmatch.conftest import Place

ARCSEC = 1 / 3600


def sky_of(*offsets: float, dec: float = 0.0) -> Table:
    return Table({"ra": 10.0 + np.array(offsets) * ARCSEC, "dec": np.full(len(offsets), dec)})


def test_union_when_objects_are_placed_then_groups_in_order() -> None:
    a, b, c = sky_of(0.0, 100.0, 200.0), sky_of(200.3, 0.4, 300.0), sky_of(0.8, 400.0, 300.9)
    union = ap.union_catalog([a, b, c], radius_arcsec=1.0, labels=("a", "b", "c"))
    groups = union.groups.to_pylist()
    assert [[g[f"{x}:row"] for x in "abc"] for g in groups] == [
        [[0], [1], [0]],
        [[1], [], []],
        [[2], [0], []],
        [[], [2], [2]],
        [[], [], [1]],
    ]
    assert [g["n_surveys"] for g in groups] == [3, 1, 2, 2, 1]
    assert [g["in_b"] for g in groups] == [True, False, True, True, False]
    extent = [g["extent_arcsec"] for g in groups]
    np.testing.assert_allclose(extent, [0.8, 0.0, 0.3, 0.9, 0.0], atol=1e-6)
    assert repr(union).endswith("5 groups within 1 arcsec>")


def test_union_when_some_have_several_members_then_lists_and_the_lowest() -> None:
    a, b = sky_of(0.9, 0.0, 50.0), sky_of(0.5)
    union = ap.union_catalog([a, b], labels=("a", "b"))
    assert union.groups["a:row"].to_pylist() == [[0, 1], [2]]
    assert union.groups["a:object_id"].to_pylist() == [["0", "1"], ["2"]]
    catalog = union.catalog()
    assert catalog.colnames == [
        *("object_id", "ra", "dec", "healpix", "n_surveys", "n_rows", "extent_arcsec"),
        *("in_a", "in_b", "a:object_id", "a:row", "a:n", "b:object_id", "b:row", "b:n"),
    ]
    assert catalog["a:row"].tolist() == [0, 2]
    assert catalog["a:n"].tolist() == [2, 1]
    assert catalog["b:row"].tolist() == [0, None]
    assert catalog["ra"].tolist() == [a["ra"][0], a["ra"][2]]


def test_union_when_not_within_a_survey_then_its_own_objects_are_no_friends() -> None:
    a, b = sky_of(0.0, 0.5), sky_of(50.0)
    apart = ap.union_catalog([a, b], within=False, labels=("a", "b"))
    assert apart.groups["a:row"].to_pylist() == [[0], [1], []]
    assert ap.union_catalog([a, b], labels=("a", "b")).groups["a:row"].to_pylist() == [[0, 1], []]


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.booleans())
def test_union_when_sky_is_random_then_connected_components(
    seed: int, count: int, within: bool
) -> None:
    rng = np.random.default_rng(seed)
    tables = []
    for _ in range(count):
        n = int(rng.integers(0, 25))
        offsets = rng.normal(0, 3, (2, n)) * ARCSEC
        ra = np.mod(rng.choice([0.0, 90.0], n) + offsets[0], 360)
        ra[rng.random(n) < 0.05] = np.nan
        tables.append(Table({"ra": ra, "dec": offsets[1]}))
    union = ap.union_catalog(tables, radius_arcsec=1.0, within=within)
    ra, dec = (np.concatenate([t[name] for t in tables]) for name in ("ra", "dec"))
    owner = np.repeat(np.arange(count), [len(t) for t in tables])
    known = np.flatnonzero(np.isfinite(ra))
    graph = np.zeros((len(ra), len(ra)), dtype=bool)
    if len(known):
        sky = SkyCoord(ra[known], dec[known], unit="deg")
        near = sky[:, None].separation(sky[None, :]).arcsec <= 1.0
        near &= within | (owner[known][:, None] != owner[known][None, :])
        graph[np.ix_(known, known)] = near
    _, label = connected_components(coo_matrix(graph), directed=False)
    expected: dict[int, list[tuple[int, int]]] = {}
    row = np.concatenate([np.arange(len(t)) for t in tables])
    for place, group in enumerate(label):
        expected.setdefault(int(group), []).append((int(owner[place]), int(row[place])))
    labels = [side.label for side in union.sides]
    got = [
        [(number, r) for number, name in enumerate(labels) for r in group[f"{name}:row"]]
        for group in union.groups.to_pylist()
    ]
    assert got == sorted(expected.values())
    assert len(union) == len(got) == len(union.catalog())


def test_union_when_positions_are_null_then_groups_of_their_own() -> None:
    a = Table({"ra": [np.nan, np.nan], "dec": [0.0, 0.0]})
    union = ap.union_catalog([a, a])
    assert len(union) == 4
    assert union.groups["ra"].to_pylist() == [None] * 4
    assert union.groups["extent_arcsec"].to_pylist() == [None] * 4
    assert [side.label for side in union.sides] == ["table_left", "table_right"]


def test_union_when_footprints_are_given_then_absent_is_not_unseen() -> None:
    a, b = sky_of(0.0, 7200.0), sky_of(0.1)
    moc = MOC.from_cone(10.0 * u.deg, 0.0 * u.deg, radius=0.5 * u.deg, max_depth=12)
    union = ap.union_catalog([a, b], labels=("a", "b"), footprints=(None, moc))
    assert union.groups["b:in_footprint"].to_pylist() == [True, False]
    assert union.catalog()["b:in_footprint"].tolist() == [True, False]
    assert "a:in_footprint" not in union.groups.column_names


@pytest.mark.parametrize("budget", [1, 5000, 2**26])
def test_union_dataset_when_surveys_and_tables_then_members_of_each(
    place: Place, monkeypatch: pytest.MonkeyPatch, budget: int
) -> None:
    monkeypatch.setattr(union_examples, "BATCH_BYTES", budget)
    left = place("left", [10.0, 20.0, 30.0], [0.0] * 3, files=2)
    right = place("right", [40.0, 20.0, 20.0001, 50.0], [0.0] * 4, files=3)
    table = Table({"ra": [50.0, 10.0], "dec": [0.0, 0.0], "v": [1.5, 2.5]})
    union = ap.union_catalog([left, right, table])
    groups, dataset = union.groups.to_pylist(), union.dataset()
    assert len(dataset) == len(groups) == 5
    for group, row in zip(groups, ap.fast(dataset), strict=True):
        assert (row["object_id"], row["ra"]) == (group["object_id"], group["ra"])
        assert [b["object_id"] for b in row["left"]] == group["left:object_id"]
        assert [b["image"]["flux"][0, 0, 0] for b in row["right"]] == [
            100 * r for r in group["right:row"]
        ]
        assert [b["v"] for b in row["table"]] == [(1.5, 2.5)[r] for r in group["table:row"]]
    assert set(ap.meaning(dataset)) == {"left", "right", "table"}
    assert union.dataset()._fingerprint == dataset._fingerprint


@pytest.mark.parametrize(
    ("surveys", "options"),
    [
        ([], {}),
        ([sky_of(0.0)], {}),
        (sky_of(0.0), {}),
        ([sky_of(0.0)] * 2, {"labels": ("a",)}),
        ([sky_of(0.0)] * 2, {"footprints": [None]}),
        ([sky_of(0.0)] * 2, {"radius_arcsec": 0}),
        ([sky_of(0.0)] * 2, {"radius_arcsec": [1.0, 2.0]}),
        ([sky_of(0.0), "hsc"], {}),
    ],
)
def test_union_when_arguments_are_none_then_refused(surveys: Any, options: Any) -> None:
    with pytest.raises((UsageError, MatchError)):
        ap.union_catalog(surveys, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"labels": 5},
        {"labels": "ab"},
        {"footprints": 5},
        {"footprints": "map.fits"},
        {"footprints": [None]},
        {"radius_arcsec": "x"},
        {"radius_arcsec": [1.0, 2.0]},
        {"epoch": "soon"},
    ],
    ids=str,
)
def test_union_when_options_are_none_then_usage_error_with_a_next_step(
    options: dict[str, Any],
) -> None:
    table = Table({"ra": [10.0], "dec": [0.0]})
    with pytest.raises(UsageError) as caught:
        ap.union_catalog([table, table], **options)
    assert caught.value.hint


def test_union_when_a_table_has_sky_coordinates_then_examples_have_them() -> None:
    where = SkyCoord([10.0, 20.0] * u.deg, [0.0, 1.0] * u.deg)
    table = Table({"where": where, "n": [1, 2]})
    union = ap.union_catalog([table, Table({"ra": [20.0], "dec": [1.0]})], footprints=True)
    row = ap.fast(union.dataset())[1]
    assert row["table_left"][0]["where"] == {"ra": 20.0, "dec": 1.0}
