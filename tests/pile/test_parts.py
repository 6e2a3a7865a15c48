"""Parts of a build: partitions from counts, repeated ids, the log of rows, types."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile.errors import PileError
from astropile.pile.bulk import bulk_columns, in_order
from astropile.pile.histogram import SkyCounts, plan_partitions
from astropile.pile.ids import IdLog, hash_ids
from astropile.pile.layout import DEEPEST_ORDER
from astropile.pile.leaf import sorted_order
from astropile.pile.rowlog import RowLog, RowLogWriter
from astropile.pile.types import restored, stored_type, table_header, taken

NAMES = st.lists(st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=1,
                         max_size=4), min_size=1, max_size=60)  # fmt: skip


@given(names=NAMES, cut=st.integers(1, 20), spills=st.booleans())
def test_repeats_when_compared_with_a_set_then_the_same(
    names: list[str], cut: int, *, spills: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = IdLog(tmp_path_factory.mktemp("ids") / "ids", kept_bytes=32 if spills else 1 << 20)
    for start in range(0, len(names), cut):
        part = names[start : start + cut]
        log.add(pa.array(part) if start % 2 else np.array(part))
    wanted = [k for k, name in enumerate(names) if name in names[:k]]
    assert log.repeats().tolist() == wanted


def test_hash_when_text_is_ascii_then_the_same_for_numpy_and_arrow() -> None:
    names = ["a", "ab", "abc", "M31", "x" * 40, "0", "00"]
    for left, right in zip(hash_ids(np.array(names)), hash_ids(pa.array(names)), strict=True):
        assert left.tolist() == right.tolist()
        assert len(set(left.tolist())) == len(names)
    import numba  # the others are compiled  # noqa: F401

    few = _hashes_by_numpy(names)
    assert few == [hashes.tolist() for hashes in hash_ids(pa.array(names))]
    sliced = pa.array(["zz", *names]).slice(1)
    assert hash_ids(sliced)[0].tolist() == hash_ids(pa.array(names))[0].tolist()


def _hashes_by_numpy(names: list[str]) -> list[list[int]]:
    """Return what few ids get in a process without Numba, as Arrow and as NumPy have them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, "numba", raising=False)
        arrow, numpy = hash_ids(pa.array(names)), hash_ids(np.array(names))
    assert [part.tolist() for part in arrow] == [part.tolist() for part in numpy]
    return [part.tolist() for part in arrow]


@given(
    seed=st.integers(0, 2**16),
    n=st.integers(1, 400),
    limit=st.integers(1, 50),
    spread=st.sampled_from([1, 1000, 1 << 30, 1 << 57]),
)
def test_partitions_when_planned_then_cover_all_rows_and_keep_the_limit(
    seed: int, n: int, limit: int, spread: int
) -> None:
    rng = np.random.default_rng(seed)
    healpix = rng.integers(0, 12) * (1 << 58) // 12 + rng.integers(0, spread, n)
    counts = SkyCounts()
    counts.add(healpix[: n // 2])
    counts.add(healpix[n // 2 :])
    found = plan_partitions(counts, limit, [healpix[:3], healpix[3:]])
    edges = np.array([p.pixel.range for p in found])
    assert (edges[1:, 0] >= edges[:-1, 1]).all()
    place = np.searchsorted(edges[:, 0], healpix, side="right") - 1
    assert (healpix < edges[place, 1]).all()
    assert np.bincount(place, minlength=len(found)).tolist() == [p.rows for p in found]
    for partition in found:
        assert partition.rows <= limit or partition.pixel.order == 16
        if partition.pixel.order:  # it is as big as the limit allows
            shift = 2 * (DEEPEST_ORDER - partition.pixel.order + 1)
            parent = (healpix >> shift) == (partition.pixel.range[0] >> shift)
            assert parent.sum() > limit


def test_log_when_rows_are_lacking_then_found_and_strange_ones_refused(tmp_path: Path) -> None:
    writer = RowLogWriter(tmp_path / "log")
    rows = np.arange(10)
    writer.add(rows * 100, rows // 4, rows % 4)
    writer.close()
    log = RowLog(tmp_path / "log")
    ordinals, passed = log.follow(np.array([0, 0, 1]), np.array([0, 3, 1]))
    assert (ordinals.tolist(), passed.tolist()) == ([0, 3, 5], [1, 2, 4])
    assert log.follow(np.array([1]), np.array([2]))[0].tolist() == [6]
    assert log.rest().tolist() == [7, 8, 9]
    assert log.pixels_at(np.array([2])).tolist() == [200]
    with pytest.raises(PileError, match="other rows than the first"):
        log.follow(np.array([0]), np.array([1]))


@given(seed=st.integers(0, 99), n=st.integers(0, 12), wide=st.booleans())
def test_taken_when_rows_are_narrow_or_wide_then_as_arrow_does(
    seed: int, n: int, *, wide: bool
) -> None:
    rng = np.random.default_rng(seed)
    size = 9000 if wide else 2
    table = pa.table({"k": np.arange(12), "x": [rng.random(size) for _ in range(12)]})
    rows = rng.permutation(12)[:n]
    found = taken(table, rows)
    assert found["k"].to_pylist() == rows.tolist()
    assert found["x"].to_pylist() == table["x"].take(pa.array(rows)).to_pylist()


def test_types_when_stored_and_restored_then_the_same() -> None:
    from datasets import Array2D

    kind = pa.struct([pa.field("a", Array2D((2, 2), "float32")()), pa.field("b", pa.string())])
    plain = stored_type(kind)
    assert plain.field("a").type == pa.list_(pa.list_(pa.float32()))
    values = pa.array([{"a": [[1, 2], [3, 4]], "b": "x"}, None], plain)
    back = restored(values, kind)
    assert back.type == kind
    assert back.null_count == 1


def test_header_when_astropy_does_not_know_a_unit_then_left_out() -> None:
    fields = [
        pa.field("a", pa.float32(), metadata={"unit": "nanomaggy", "description": "A: b."}),
        pa.field("b", pa.float64(), metadata={"unit": "no such unit"}),
        pa.field("c", pa.list_(pa.int16())),
    ]
    text = table_header(pa.schema(fields))
    assert '"name": "b", "datatype": "float64"}' in text
    assert '"description": "A: b."' in text


def test_rows_when_put_in_order_then_bulk_columns_are_views_and_the_rest_as_taken() -> None:
    images = pa.array([[float(k)] * 4 for k in range(6)], pa.list_(pa.float32(), 4))
    table = pa.concat_tables(
        [
            pa.table({"n": [0, 1], "image": images[:2]}),
            pa.table({"n": range(2, 6), "image": images[2:]}),
        ]
    )
    rows = np.array([5, 0, 2, 2, 1])
    found = in_order(table, rows, ["image"])
    assert found.to_pylist() == table.take(pa.array(rows)).to_pylist()
    assert found.column("image").num_chunks == 5
    addresses = {chunk.values.buffers()[1].address for chunk in table.column("image").chunks}
    cut = found.column("image").chunks
    assert {chunk.values.buffers()[1].address for chunk in cut} <= addresses
    assert bulk_columns(pa.table({"n": [1], "image": pa.array([[1.0] * 9000])})) == ("image",)


@given(pixels=st.lists(st.integers(0, 5), max_size=40))
def test_order_when_pixels_repeat_then_earlier_rows_come_first(pixels: list[int]) -> None:
    healpix = np.array(pixels, dtype=np.int64)
    order = sorted_order(healpix)
    found = np.arange(len(healpix)) if order is None else order
    assert found.tolist() == sorted(range(len(pixels)), key=pixels.__getitem__)
