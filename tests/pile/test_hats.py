"""Other tools read a pile: hats, lsdb, astropy, pandas, pyarrow; margins hold what they must."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import hats
import lsdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import Table
from hats.io.skymap import read_skymap
from hats.io.validation import is_valid_catalog

import astropile as ap
from astropile.pile import open_pile
from astropile.pile.layout import Pixel
from astropile.pile.margin import border_ranges
from astropile.sky import healpix_index, match_coordinates
from astropile.testing import simulate

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A pile of mock images."""
    root = tmp_path_factory.mktemp("images")
    simulate("hsc", None, 12, data_dir=root / "data", seed=2)
    return ap.load("hsc", data_dir=root / "data").build(root / "pile", partition_rows=5)


def test_hats_when_asked_then_the_catalogue_is_valid(images: Any, built: Path) -> None:
    for path in (images.request.root, built):
        assert is_valid_catalog(path, strict=True)
        catalog = hats.read_hats(path)
        assert catalog.catalog_info.total_rows == open_pile(path).manifest.rows
        assert read_skymap(catalog, None).sum() == catalog.catalog_info.total_rows
        assert len(catalog.get_healpix_pixels()) == len(open_pile(path).leaves)


def test_lsdb_when_an_image_column_is_read_then_the_pixels(images: Any) -> None:
    catalog = lsdb.open_catalog(images.request.root)
    frame = catalog.compute()
    assert frame["object_id"].tolist() == images.catalog()["object_id"].tolist()
    wanted = next(iter(images))["image"]["flux"]
    found = frame["image"].iloc[0]["flux"]
    planes = np.stack([np.stack([np.asarray(row) for row in plane]) for plane in found])
    assert np.array_equal(planes, wanted, equal_nan=True)


def test_astropy_when_a_partition_is_read_then_units_and_descriptions(
    images: Any, built: Path
) -> None:
    leaf = open_pile(built).leaves[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # astropy wants the greatest length of texts noted
        table = Table.read(built / leaf.path, format="parquet")
        path = images.request.root / open_pile(images.request.root).leaves[0].path
        columns = Table.read(path, format="parquet", exclude_names=["image"])
    assert str(table["mag"].unit) == "mag"
    assert table["mag"].description == "Brightness."
    assert str(table["ra"].unit) == "deg"
    assert str(columns["i_cmodel_mag"].unit) == "mag(AB)"
    assert columns["a_g"].description


def test_files_when_read_by_plain_tools_then_no_extension_is_needed(images: Any) -> None:
    leaf = open_pile(images.request.root).leaves[0]
    schema = pq.read_schema(images.request.root / leaf.path)
    assert schema.names[:4] == ["_healpix_29", "object_id", "ra", "dec"]
    assert not any(isinstance(f.type, pa.BaseExtensionType) for f in schema.field("image").type)
    flux = schema.field("image").type.field("flux")
    assert flux.metadata[b"unit"]
    assert schema.field("i_cmodel_mag").metadata[b"canonical"] == b"mag_cmodel_i"
    frame = pd.read_parquet(images.request.root / leaf.path)
    assert len(frame) == leaf.rows


def test_metadata_when_read_then_pages_have_checksums_and_rows_are_sorted(built: Path) -> None:
    for leaf in open_pile(built).leaves:
        meta = pq.read_metadata(built / leaf.path)
        column = meta.row_group(0).column(0)
        assert column.compression == "ZSTD"
        assert meta.row_group(0).sorting_columns[0].column_index == 0
        assert column.statistics.has_min_max


@pytest.mark.parametrize("margin_arcsec", [600.0, 4000.0])
def test_margin_when_written_then_all_neighbours_are_in_it(
    kit: Any, margin_arcsec: float, tmp_path: Path
) -> None:
    table = kit.make_table(4000, seed=9)
    path = tmp_path / "pile"
    pile = kit.build(table, path, partition_rows=60, margin_arcsec=margin_arcsec)
    assert is_valid_catalog(path, strict=True)
    catalog = lsdb.open_catalog(path)
    assert catalog.margin is not None
    assert catalog.margin.hc_structure.catalog_info.margin_threshold == margin_arcsec
    rows = pile.catalog()
    ra, dec = np.asarray(rows["ra"]), np.asarray(rows["dec"])
    pairs = match_coordinates(ra, dec, ra, dec, radius_arcsec=margin_arcsec, find="all")
    manifest = open_pile(path).manifest
    starts = np.array([leaf.area.range[0] for leaf in manifest.partitions])
    owner = np.searchsorted(starts, rows["healpix"], side="right") - 1
    ids = rows["object_id"]
    held = {
        (leaf.order, leaf.pixel): set(
            pq.read_table(path / leaf.path, columns=["object_id"])["object_id"].to_pylist()
        )
        for leaf in manifest.margin
    }
    crossing = owner[pairs.left] != owner[pairs.right]
    assert crossing.any()
    for left, right in zip(pairs.left[crossing], pairs.right[crossing], strict=True):
        leaf = manifest.partitions[owner[left]]
        assert ids[right] in held[leaf.order, leaf.pixel]
    for leaf in manifest.margin:
        own = {str(k) for k in ids[owner == manifest.partitions.index(_same_area(manifest, leaf))]}
        assert not held[leaf.order, leaf.pixel] & own


def _same_area(manifest: Any, leaf: Any) -> Any:
    return next(p for p in manifest.partitions if p.area == leaf.area)


def test_margin_when_no_row_is_in_it_then_a_collection_without(kit: Any, tmp_path: Path) -> None:
    kit.build(kit.make_table(5), tmp_path / "pile", margin_arcsec=1.0)
    assert is_valid_catalog(tmp_path / "pile", strict=True)
    assert open_pile(tmp_path / "pile").manifest.margin == ()


@pytest.mark.parametrize(
    ("pixel", "margin_arcsec"),
    [(Pixel(0, 0), 5.0), (Pixel(0, 7), 100.0), (Pixel(4, 17), 600.0), (Pixel(9, 12345), 36_000.0)],
)
def test_border_when_positions_are_near_then_inside_the_ranges(
    pixel: Pixel, margin_arcsec: float
) -> None:
    """Positions within the margin of positions of the partition, also at poles and corners."""
    import healpy

    rng = np.random.default_rng(1)
    number = np.full(20_000, pixel.number << 2 * (14 - pixel.order)) if pixel.order < 14 else None
    assert number is not None
    inside = number + rng.integers(0, 1 << 2 * (14 - pixel.order), len(number))
    lon, lat = healpy.pix2ang(1 << 14, inside, nest=True, lonlat=True)
    angle, step = rng.uniform(0, 2 * np.pi, len(lon)), margin_arcsec / 3600 * rng.random(len(lon))
    lat_near = lat + step * np.sin(angle)
    lon_near = lon + step * np.cos(angle) / np.maximum(np.cos(np.radians(lat_near)), 1e-3)
    good = np.abs(lat_near) < 90
    near = healpix_index(lon_near[good] % 360, lat_near[good])
    apart = match_coordinates(
        lon[good], lat[good], lon_near[good] % 360, lat_near[good],
        radius_arcsec=margin_arcsec, find="nearest",
    )  # fmt: skip
    near = near[np.unique(apart.right)]
    low, high = pixel.range
    outside = near[(near < low) | (near >= high)]
    ranges = border_ranges(pixel, margin_arcsec)
    place = np.searchsorted(ranges[:, 1], outside, side="right")
    assert (place < len(ranges)).all()
    assert (ranges[place, 0] <= outside).all()
    assert (np.diff(ranges.ravel()) >= 0).all()
