"""The Dask engine gives the pairs of the local one, bit for bit."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.table import Table

import astropile as ap

pytest.importorskip("lsdb")

from astropile.crossmatch.coordinates import Coordinates, ring_ranges
from astropile.crossmatch.dask import answer_on_dask, match_on_dask, matched_catalog
from astropile.errors import CorruptFileError, MatchError, SourceError, UsageError
from astropile.sky import Pairs, healpix_index, match_coordinates
from tests.crossmatch.hats_files import all_rows, near, scattered, write_hats

Catalogs = tuple[Path, Path]


@pytest.fixture(scope="module")
def catalogs(tmp_path_factory: pytest.TempPathFactory) -> Catalogs:
    """Two catalogues with many partitions, at other places on each side."""
    folder = tmp_path_factory.mktemp("hats")
    left = scattered(2500, 1)
    right = near(*left, 2.0, 2)
    return (
        write_hats(folder / "left", *left, partition_rows=500),
        write_hats(folder / "right", *right, partition_rows=600, margin_arcsec=120.0),
    )


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes on this machine."""
    from distributed import Client, LocalCluster, utils

    def own_address(*_: object, **__: object) -> str:
        return "127.0.0.1"

    with (
        pytest.MonkeyPatch.context() as patch,
        # To learn the machine's address it asks for the way to a public one.
        nullcontext(patch.setattr(utils, "_get_ip", own_address)),
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            # Without a dashboard it opens a port all the same, by default one for all clusters.
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
        ) as local,
        Client(local, set_as_default=False) as client,
    ):
        yield client


def local(left: Path, right: Path, **options: Any) -> Pairs:
    sides = [all_rows(path)[1] for path in (left, right)]
    return match_coordinates(
        sides[0]["ra"], sides[0]["dec"], sides[1]["ra"], sides[1]["dec"], **options
    )


def assert_identical(found: Pairs, expected: Pairs) -> None:
    np.testing.assert_array_equal(found.left, expected.left)
    np.testing.assert_array_equal(found.right, expected.right)
    bits = [p.separation_arcsec.view(np.int64) for p in (found, expected)]
    np.testing.assert_array_equal(*bits)


@pytest.mark.slow
@pytest.mark.parametrize("find", ["nearest", "mutual", "all"])
def test_pairs_when_two_workers_match_then_identical(
    catalogs: Catalogs, cluster: Any, find: Any
) -> None:
    """Row numbers, order and every bit of the separation, ties included; no margin is needed."""
    expected = local(*catalogs, radius_arcsec=3.0, find=find)
    assert len(expected) > 500
    found = match_on_dask(*catalogs, radius_arcsec=3.0, find=find, client=cluster)
    assert_identical(found, expected)


@pytest.mark.slow
@pytest.mark.parametrize("radius", [0.5, 400.0, 20_000.0])
def test_pairs_when_partitions_are_cut_then_identical(catalogs: Catalogs, radius: float) -> None:
    """Radii smaller and greater than partitions, and tasks smaller than either."""
    expected = local(*catalogs, radius_arcsec=radius)
    found = match_on_dask(*catalogs, radius_arcsec=radius, task_rows=200)
    assert_identical(found, expected)


@pytest.mark.slow
def test_pairs_when_the_few_nearest_are_asked_for_then_identical(catalogs: Catalogs) -> None:
    expected = local(*catalogs, radius_arcsec=10.0, find="k", k=2)
    found = match_on_dask(*catalogs, radius_arcsec=10.0, find="k", k=2)
    assert_identical(found, expected)


@pytest.mark.slow
def test_pairs_when_no_cluster_is_given_then_threads_of_this_process(tmp_path: Path) -> None:
    """Rows of the right side where the left one has a partition and it has none itself."""
    border = 45.0 + 1e-9  # of two base pixels, on the equator's ring
    left = write_hats(tmp_path / "l", [border - 2e-4, 200.0], [0.1, -20.0], partition_rows=10)
    right = write_hats(tmp_path / "r", [border + 2e-4], [0.1], partition_rows=10)
    expected = local(left, right, radius_arcsec=5.0)
    assert len(expected) == 1
    assert_identical(match_on_dask(left, right, radius_arcsec=5.0), expected)
    nothing = match_on_dask(left, right, radius_arcsec=0.1)
    assert len(nothing) == 0
    assert len(match_on_dask(left, right, radius_arcsec=0.1, find="mutual")) == 0


@pytest.mark.slow
def test_pairs_when_catalogues_are_apart_then_no_task(tmp_path: Path) -> None:
    left = write_hats(tmp_path / "l", [10.0], [80.0], partition_rows=10)
    right = write_hats(tmp_path / "r", [10.0], [-80.0], partition_rows=10)
    assert len(match_on_dask(left, right, radius_arcsec=1.0)) == 0
    near = write_hats(tmp_path / "n", [10.0], [35.0], partition_rows=10)
    wide = {"radius_arcsec": 49 * 3600.0}
    assert len(local(left, near, **wide)) == 1
    assert_identical(match_on_dask(left, near, **wide), local(left, near, **wide))
    with pytest.raises(MatchError, match="too wide"):
        match_on_dask(left, right, radius_arcsec=180 * 3600.0)


@pytest.mark.slow
def test_catalog_when_not_computed_then_lsdb_streams_it_to_disk(
    catalogs: Catalogs, tmp_path: Path
) -> None:
    """Pairs that no memory holds."""
    sides = [Coordinates.open(path) for path in catalogs]
    pairs = matched_catalog(*sides, radius_arcsec=1.0)
    pairs.write_catalog(tmp_path / "pairs", progress_bar=False)
    table = pq.read_table(list((tmp_path / "pairs").rglob("Npix=*.parquet")))
    expected = local(*catalogs, radius_arcsec=1.0)
    assert sorted(table["row_left"].to_pylist()) == expected.left.tolist()


@pytest.fixture
def one(tmp_path: Path) -> Path:
    return write_hats(tmp_path / "one", [10.0], [0.0], partition_rows=10)


def test_files_when_changed_gone_or_damaged_then_said(one: Path) -> None:
    """Faults of a worker arrive as they were raised, with the file."""
    leaf = Coordinates.open(one).leaves[0].piece.path
    sides = Coordinates.open(one), Coordinates.open(one)
    rows = pq.read_table(leaf)
    pq.write_table(rows.slice(0, 0), leaf)
    with pytest.raises(SourceError, match="has 0 rows, it had 1"):
        matched_catalog(*sides).compute(progress_bar=False)
    Path(leaf).write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(CorruptFileError, match="no readable Parquet"):
        match_on_dask(one, one)
    Path(leaf).unlink()
    with pytest.raises(SourceError, match="not there") as caught:
        match_on_dask(one, one)
    assert "every worker" in caught.value.hint
    shutil.rmtree(one)
    with pytest.raises(SourceError, match="no HATS catalogue"):
        match_on_dask(one, one)


def test_index_column_when_absent_then_computed(one: Path) -> None:
    """HATS does not promise the column of the order-29 pixel."""
    opened = Coordinates.open(one)
    without = Coordinates(opened.name, opened.ra, opened.dec, "", opened.leaves)
    pairs = matched_catalog(without, without).compute(progress_bar=False)
    assert pairs["row_right"].tolist() == [0]
    assert pairs.index.tolist() == healpix_index([10.0], [0.0]).tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"find": "best"}, "no kind of match"), ({"radius_arcsec": -1.0}, "cannot be done")],
)
def test_options_when_none_then_refused(one: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(MatchError, match=message):
        match_on_dask(one, one, **options)


@pytest.fixture(scope="module")
def piles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """Two piles, opened."""
    from astropile.vocabulary import data_path

    folder = tmp_path_factory.mktemp("piles")
    names = ("hipparcos", "tycho2")
    for name in names:
        survey = ap.load(name, data_dir=data_path("demo"), columns=[])
        survey.build(folder / name, partition_rows=12_000)
    return ap.open(folder / names[0]), ap.open(folder / names[1])


def asked(piles: tuple[Any, Any], **options: Any) -> tuple[Any, Any]:
    """Return the sides and the question of a match, as `cross_match` makes them."""
    from astropile.crossmatch.question import read_question
    from astropile.crossmatch.sides import side_of

    options = {"find": "nearest", "k": None, "radius_arcsec": 5.0, "n_sigma": None, **options}
    sides = side_of(piles[0], "left", None), side_of(piles[1], "right", None)
    return sides, read_question(sides, *options.values(), (None, None))


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"find": "nearest", "how": "outer"},
        {"find": "mutual"},
        {"find": "k", "k": 2},
        {"find": "all", "how": "anti"},
    ],
)
def test_piles_when_two_workers_match_them_then_the_result_is_the_local_one(
    piles: tuple[Any, Any], cluster: Any, options: dict[str, Any]
) -> None:
    """What users call; the cluster is the current client."""
    expected = ap.cross_match(*piles, radius_arcsec=5.0, **options).pairs
    with cluster.as_current():
        found = ap.cross_match(*piles, radius_arcsec=5.0, engine="dask", **options).pairs
    assert found.num_rows > 1000
    assert found.equals(expected)


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """Two piles whose objects have errors and radii of their own, some null."""
    folder = tmp_path_factory.mktemp("uneven")
    rng = np.random.default_rng(5)
    piles = []
    for name in ("left", "right"):
        n = 900
        table = Table({"id": np.arange(n), "ra": 10 + rng.normal(0, 0.01, n)})
        table["dec"] = 5 + rng.normal(0, 0.01, n)
        table["err"] = rng.exponential(1e3, n) * u.mas
        table["err2"] = rng.exponential(1e3, n) * u.mas
        table["reach"] = rng.exponential(3.0, n)
        table["err"][3] = table["reach"][5] = np.nan
        where = {"object_id": "id", "ra": "ra", "dec": "dec"}
        piles.append(ap.build_table(table, folder / name, name=name, partition_rows=200, **where))
    return piles[0], piles[1]


UNEVEN: list[dict[str, Any]] = [
    {"radius_arcsec": "reach"},
    {"n_sigma": 2, "left_error": "err", "right_error": ("err", "err2")},
    {"n_sigma": 3, "left_error": "err", "right_error": 0.2, "radius_arcsec": "reach"},
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("find", "k"), [("nearest", None), ("all", None), ("mutual", None), ("k", 2)]
)
def test_piles_when_rows_have_radii_and_errors_then_the_result_is_the_local_one(
    uneven: tuple[Any, Any], cluster: Any, find: Any, k: Any
) -> None:
    for options in UNEVEN:
        expected = ap.cross_match(*uneven, find=find, k=k, **options)
        with cluster.as_current():
            found = ap.cross_match(*uneven, find=find, k=k, engine="dask", **options)
        assert len(found) > 100
        assert found.pairs.equals(expected.pairs)
        assert found.radius_arcsec == expected.radius_arcsec


def test_piles_when_asked_what_only_the_local_engine_does_then_refused(
    piles: tuple[Any, Any],
) -> None:
    """Never another match than the one asked for."""
    sides, question = asked(piles)
    with pytest.raises(UsageError, match="epoch="):
        answer_on_dask(sides, question, 2016.0)
    many = asked(piles, radius_arcsec=np.ones(len(piles[0])))
    with pytest.raises(UsageError, match="from columns of the pile left"):
        answer_on_dask(*many, None)
    part = asked((piles[0].head(10), piles[1]))
    with pytest.raises(UsageError, match="left is a part of a pile") as caught:
        answer_on_dask(*part, None)
    assert "astropile.open" in caught.value.hint
    from astropile.vocabulary import data_path

    files = ap.load("hipparcos", data_dir=data_path("demo"))
    with pytest.raises(UsageError, match="left is no pile"):
        answer_on_dask(*asked((files, piles[1])), None)


@pytest.mark.parametrize("radius", [0.01, 1.0, 60.0, 3600.0, 40_000.0, 200_000.0])
@pytest.mark.parametrize("order", [0, 2, 7, 12])
def test_ring_when_drawn_then_holds_all_within_the_radius(order: int, radius: float) -> None:
    """Points of a pixel's border and corners, moved by the radius, are inside it or the ring."""
    rng = np.random.default_rng(order)
    for number in (0, 4**order - 1, 5 * 4**order + 1, 12 * 4**order - 1):
        number = min(number, 12 * 4**order - 1)
        ra, dec = _border(order, number)
        angle = rng.uniform(0, 2 * np.pi, len(ra))
        moved = _moved(ra, dec, angle, radius * (1 - 1e-9))
        found = healpix_index(*moved)
        low, high = number << 2 * (29 - order), (number + 1) << 2 * (29 - order)
        ranges = ring_ranges(order, number, radius)
        place = np.searchsorted(ranges[:, 0], found, side="right") - 1
        in_ring = (place >= 0) & (found < ranges[np.maximum(place, 0), 1])
        inside = (found >= low) & (found < high)
        assert (in_ring ^ inside).all()
        assert not ((ranges[:, 0] < high) & (ranges[:, 1] > low)).any()


def _border(order: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    import healpy

    vectors = healpy.boundaries(1 << order, number, step=64, nest=True)
    ra, dec = healpy.vec2ang(vectors.T, lonlat=True)
    return ra, dec


def _moved(
    ra: np.ndarray, dec: np.ndarray, angle: np.ndarray, radius_arcsec: float
) -> tuple[np.ndarray, np.ndarray]:
    import astropy.units as u
    from astropy.coordinates import SkyCoord

    start = SkyCoord(ra, dec, unit="deg")
    end = start.directional_offset_by(angle * u.rad, radius_arcsec * u.arcsec)
    return end.ra.deg, end.dec.deg


def test_import_when_local_then_no_dask(repo_root: Path) -> None:
    """Only asking for the engine imports it."""
    code = (
        "import sys, astropile.crossmatch, astropile.crossmatch.dask\n"
        "print(*{'dask', 'distributed', 'lsdb', 'hats'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=repo_root, check=True
    )
    assert done.stdout.split() == []
