"""Build: what is in a pile, and that nothing but the input decides its bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import astropile as ap
from astropile.errors import PileError, UsageError
from astropile.pile import open_pile, scan, verify_pile
from astropile.pile.route import Router, WaitingRows
from astropile.sky import healpix_index
from astropile.survey.plain import TableRows


def test_build_when_done_then_rows_are_those_of_the_table(small: pa.Table, built: Path) -> None:
    found = pa.concat_tables([rows.table for rows in scan(open_pile(built))])
    assert found.num_rows == small.num_rows
    place = {name: k for k, name in enumerate(small["name"].to_pylist())}
    order = [place[name] for name in found["object_id"].to_pylist()]
    for name in ("mag", "count", "flux", "lon"):
        assert found[name].to_pylist() == small[name].take(pa.array(order)).to_pylist()


def test_build_when_done_then_sorted_inside_pixels_and_below_the_limit(built: Path) -> None:
    pile = open_pile(built)
    last = -1
    for leaf in pile.leaves:
        table = pq.read_table(built / leaf.path)
        pixels = table["_healpix_29"].to_numpy()
        ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
        assert np.array_equal(pixels, healpix_index(ra, dec))
        assert (np.diff(pixels) >= 0).all()
        assert set(healpix_index(ra, dec, order=leaf.order).tolist()) == {leaf.pixel}
        assert pixels[0] > last
        assert len(table) == leaf.rows <= 40
        last = int(pixels[-1])


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("memory", [64, 400])
def test_build_when_workers_and_memory_differ_then_the_same_bytes(
    kit: Any, workers: int, memory: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = kit.make_table(3000, seed=5, wide=40)
    file = tmp_path / "t.parquet"
    pq.write_table(table, file, row_group_size=700)
    kit.build(file, tmp_path / "first", partition_rows=150, workers=1)
    if memory == 64:  # so little that all rows wait on disk
        import astropile.pile.route as route

        monkeypatch.setattr(route.Router, "add", _adding_little(route.Router.add))
    kit.build(
        file, tmp_path / "again", partition_rows=150, workers=workers, memory_bytes=memory << 20
    )
    assert kit.tree(tmp_path / "first") == kit.tree(tmp_path / "again")


def _adding_little(add: Any) -> Any:
    def wrapped(self: Any, table: pa.Table) -> None:
        self.buffer_bytes = 10_000
        add(self, table)

    return wrapped


def test_build_when_rows_cannot_be_stored_then_rejected_with_the_reason(
    kit: Any, tmp_path: Path
) -> None:
    table = kit.make_table(12)
    columns = {name: table[name].to_pylist() for name in table.column_names}
    columns["name"][1] = None
    columns["name"][5] = "s-2"
    columns["lat"][3] = 91.0
    columns["lon"][4] = float("nan")
    columns["lat"][6] = None
    changed = pa.Table.from_pydict(columns, schema=table.schema)
    pile = kit.build(changed, tmp_path / "pile")
    assert len(pile) == 7
    rejects = pile.rejects.to_arrow().to_pylist()
    assert {(r["row"], r["code"]) for r in rejects} == {
        (1, "null_id"),
        (5, "repeated_id"),
        (3, "position"),
        (4, "no_position"),
        (6, "no_position"),
    }
    assert pile.catalog()["object_id"].tolist().count("s-2") == 1
    manifest = json.loads((tmp_path / "pile/manifest.json").read_text())
    assert manifest["rejected"] == pile.rejects.counts()


def test_build_when_something_is_there_then_refused(kit: Any, built: Path, small: pa.Table) -> None:
    before = kit.tree(built)
    with pytest.raises(UsageError, match="nothing is ever overwritten"):
        kit.build(small, built)
    assert kit.tree(built) == before


def test_build_when_no_row_has_a_position_then_refused(kit: Any, tmp_path: Path) -> None:
    with pytest.raises(PileError, match="no object with a position"):
        kit.build(kit.make_table(0), tmp_path / "pile")
    assert not (tmp_path / "pile").exists()


@pytest.mark.parametrize(
    "options",
    [{"partition_rows": 0}, {"workers": 0}, {"margin_arcsec": -1.0}, {"memory_bytes": 1}],
)
def test_build_when_a_number_makes_no_sense_then_refused(
    kit: Any, options: dict[str, Any], small: pa.Table, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        kit.build(small, tmp_path / "pile", **options)
    assert list(tmp_path.iterdir()) == []


def test_build_when_all_objects_are_at_one_place_then_split_as_far_as_it_goes(
    kit: Any,
    tmp_path: Path,
) -> None:
    table = kit.make_table(300)
    near = np.full(300, 150.0) + np.arange(300) % 2 * 0.01
    table = table.set_column(1, table.schema.field(1), pa.array(near))
    table = table.set_column(2, table.schema.field(2), pa.array(np.full(300, 2.0)))
    pile = kit.build(table, tmp_path / "pile", partition_rows=100)
    assert len(pile) == 300
    leaves = open_pile(tmp_path / "pile").leaves
    assert [leaf.rows for leaf in leaves] == [150, 150]
    assert {leaf.order for leaf in leaves} == {16}


def test_build_when_built_from_a_pile_then_the_same_partitions(built: Path, tmp_path: Path) -> None:
    again = ap.open(built).build(tmp_path / "again", partition_rows=40)
    first, second = open_pile(built), open_pile(tmp_path / "again")
    assert [leaf.area for leaf in first.leaves] == [leaf.area for leaf in second.leaves]
    for one, other in zip(scan(first), scan(second), strict=True):
        assert one.table.equals(other.table)
    assert len(again) == 500
    narrow = ap.open(built, columns=["mag"]).build(tmp_path / "narrow")
    assert list(narrow.features) == ["object_id", "ra", "dec", "mag"]


def test_build_when_the_input_is_sorted_on_the_sky_then_nothing_waits_on_disk(
    kit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = kit.make_table(3000, seed=5, wide=40)
    pixel = healpix_index(table["lon"].to_numpy(), table["lat"].to_numpy())
    table = table.take(pa.array(np.argsort(pixel)))
    monkeypatch.setattr("astropile.survey.plain_input.BATCH_BYTES", 30_000)
    held: list[int] = []

    def watch(self: Any, rows: pa.Table) -> None:
        self.buffer_bytes = 60_000
        add(self, rows)
        held.append(self._bytes)

    add = Router.add
    monkeypatch.setattr(Router, "add", watch)
    monkeypatch.setattr(WaitingRows, "add", _never)
    assert len(kit.build(table, tmp_path / "pile", partition_rows=100)) == 3000
    assert len(held) > 5


def _never(*_: Any) -> None:
    raise AssertionError("rows are written to wait")


@pytest.mark.parametrize("name", ["hipparcos", pytest.param("tycho2", marks=pytest.mark.slow)])
def test_build_when_real_catalogues_are_given_then_all_rows_and_verified(
    name: str, shared_data: Any, tmp_path: Path
) -> None:
    survey = ap.load(name, data_dir=shared_data(name))
    pile = survey.build(tmp_path / "pile")
    found = verify_pile(tmp_path / "pile")
    assert found.faults == ()
    catalog = survey.catalog()
    placed = ~np.ma.getmaskarray(np.ma.asarray(catalog["healpix"]))
    assert len(pile) == found.rows == int(placed.sum())
    assert len(pile) + pile.rejects.counts().get("no_position", 0) == len(catalog)
    ids = np.sort(np.asarray(catalog["object_id"])[placed])
    assert np.array_equal(np.sort(np.asarray(pile.catalog()["object_id"])), ids)


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("waits", [False, True])
def test_build_when_columns_are_bulk_then_the_same_bytes_however_rows_come(
    kit: Any, workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, waits: bool
) -> None:
    """Rows come in other pieces: of a file with small row groups, from memory, from the disk."""
    monkeypatch.setattr("astropile.pile.bulk.BULK_BYTES", 64)
    monkeypatch.setattr("astropile.pile.leaf.GROUP_BYTES", 30_000)
    monkeypatch.setattr("astropile.pile.leaf.PAGE_BYTES", 1000)
    sample, kept = TableRows.sample, []

    def once(*arguments: Any) -> pa.Table:
        kept[:] = kept or [sample(*arguments)]  # how big rows are is not what differs
        return kept[0]

    monkeypatch.setattr(TableRows, "sample", once)
    table = kit.make_table(1500, seed=6, wide=400)
    file = tmp_path / "t.parquet"
    pq.write_table(table, file, row_group_size=1500)
    kit.build(file, tmp_path / "first", partition_rows=150, workers=1)
    pq.write_table(table, file, row_group_size=37)
    monkeypatch.setattr("astropile.survey.plain_input.BATCH_BYTES", 50_000)
    if waits:
        monkeypatch.setattr(Router, "add", _adding_little(Router.add))
    kit.build(file, tmp_path / "again", partition_rows=150, workers=workers)
    first, again = (_leaves(kit.tree(tmp_path / name)) for name in ("first", "again"))
    assert len(first) > 10
    assert first == again
    rows = ap.open(tmp_path / "again").iter_tables()
    found = {row["name"]: row["flux"] for part in rows for row in part.to_pylist()}
    assert found == dict(zip(table["name"].to_pylist(), table["flux"].to_pylist(), strict=True))


def _leaves(tree: dict[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in tree.items() if "Npix=" in name}


@pytest.mark.parametrize(
    "options",
    [{"workers": "x"}, {"workers": 0}, {"workers": True}, {"memory_bytes": "1GB"},
     {"memory_bytes": 2**20}, {"partition_rows": 0.5}, {"partition_bytes": None},
     {"margin_arcsec": "wide"}, {"margin_arcsec": -1}],
    ids=str,
)  # fmt: skip
def test_build_when_an_option_is_none_then_usage_error_that_names_it(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    table = pa.table({"id": ["a"], "ra": [1.0], "dec": [2.0]})
    roles = {"object_id": "id", "ra": "ra", "dec": "dec"}
    pile = ap.build_table(table, tmp_path / "pile", name="one", **roles)
    for build in (
        lambda: pile.build(tmp_path / "again", **options),
        lambda: ap.cross_match(pile, pile).build(tmp_path / "again", **options),
    ):
        with pytest.raises(UsageError, match=f"{next(iter(options))}=") as caught:
            build()
        assert caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["pile"]


def test_memory_when_too_little_then_said_in_units_of_people(tmp_path: Path) -> None:
    table = pa.table({"id": ["a"], "ra": [1.0], "dec": [2.0]})
    roles = {"object_id": "id", "ra": "ra", "dec": "dec"}
    with pytest.raises(UsageError, match="memory_bytes=1048576; expected at least 64 MiB"):
        ap.build_table(table, tmp_path / "pile", name="one", **roles, memory_bytes=2**20)


def test_verify_when_workers_are_none_then_usage_error(tmp_path: Path) -> None:
    for workers in ("x", 0, 1.5):
        with pytest.raises(UsageError, match="workers="):
            verify_pile(tmp_path, workers=workers)  # type: ignore[arg-type]
