"""Real catalogues that nobody here made: every pair equals what astropy finds on the spot."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord, search_around_sky
from astropy.io.fits import getdata, getheader
from astropy.table import Table, vstack
from astropy.time import Time

import astropile as ap

Open = Callable[[str], Any]
# What astropy says of stars without a parallax, of flags that are neither true nor false, and of
# units that it does not know.
pytestmark = pytest.mark.filterwarnings(
    "ignore:ERFA function", "ignore:Column '.*' contains NULL", "ignore:.* did not parse as fits"
)


def fits(*paths: Path, hdu: int = 1) -> Table:
    return vstack([Table.read(path, hdu=hdu) for path in paths], metadata_conflicts="silent")


def linear(path: Path, columns: dict[int, str]) -> Table:
    """Read columns of a text table by their numbers."""
    with gzip.open(path, "rt") as file:
        rows = np.loadtxt(file, usecols=list(columns), ndmin=2)
    return Table(rows, names=list(columns.values()))


def snana(folder: Path) -> Table:
    """Read places from the headers of SNANA text files."""
    found = []
    for path in sorted(folder.iterdir()):
        lines = path.read_text(errors="replace").splitlines()
        words = [line.replace(":", ": ").split() for line in lines]
        keys = {word[0].rstrip(":"): word[1] for word in words if len(word) > 1}
        place = (keys.get("RA"), keys.get("DEC") or keys.get("DECL"))
        if None not in place:
            found.append([path.stem, *map(float, place)])
    return Table(rows=found, names=["name", "ra", "dec"])


def tabled(folder: Path, pattern: str, hdu: int | str, ra: str, dec: str) -> Table:
    """Read two columns under the names of a place."""
    (path,) = folder.glob(pattern)
    data = getdata(path, hdu)
    return Table([data[ra], data[dec]], names=["ra", "dec"])


def headers(*paths: Path, hdu: int, keys: tuple[str, str]) -> Table:
    """Read places from header cards, one a file."""
    rows = [[card[key] for key in keys] for p in sorted(paths) for card in [getheader(p, hdu)]]
    return Table(rows=rows, names=["ra", "dec"])


READERS: dict[str, Callable[[Callable[[str], Path]], Any]] = {
    "hipparcos": lambda at: pd.read_parquet(at("hipparcos") / "hipparcos_d3celestial.parquet"),
    "tycho2": lambda at: pq.read_table(at("tycho2") / "tycho2_all.parquet", columns=["ra", "dec"]),
    "tycho2_bright": lambda at: pq.read_table(at("tycho2") / "tycho2_vt_lt_9.parquet"),
    "tycho2_field": lambda at: ap.sky_table(
        fits(at("tycho2") / "tycho2-testcase6.kd.fits"), name="tycho2", epoch=2000.0
    ),
    "gaia_field": lambda at: ap.sky_table(
        fits(*sorted(at("gaia_legacypipe").glob("*.fits"))), name="gaia", epoch=2015.5
    ),
    "apokasc": lambda at: fits(at("apogee") / "APOKASC_Catalog.v7.1.fits"),
    "special": lambda at: ap.sky_table(
        fits(at("galah") / "special_targets_sobject_id.fits"), ra="ra", dec="de", name="special"
    ),
    "benchmark": lambda at: fits(at("galah") / "sobject_GBS.fits")["sobject_id", "ra", "dec"],
    "linear": lambda at: linear(
        at("linear") / "LINEARattributesFinalApr2013.dat.gz", {0: "ra", 1: "dec"}
    ),
    "lamost": lambda at: pd.read_csv(at("lamost") / "my_data3.csv"),
    "sdss": lambda at: ap.sky_table(
        fits(*sorted(at("sdss_photo").glob("sdssrefcat-*.fits"))),
        name="sdss", object_id="id", ra="coord_ra", dec="coord_dec",
    ),
    "galex": lambda at: pd.read_csv(at("galex") / "DB10_calrun_NUV.csv"),
    "ngc": lambda at: fits(at("galaxy_catalogues") / "openngc-ngc.fits"),
    "uzc": lambda at: fits(at("galaxy_catalogues") / "uzc2000.fits"),
    "tycho2_desi": lambda at: ap.sky_table(
        fits(*sorted(at("tycho2").glob("tycho-healpix-*.fits"))),
        name="tycho2_desi", ra="MEAN_RA", dec="MEAN_DEC",
    ),
    "linear_sdss": lambda at: linear(
        at("linear") / "allLINEARfinal_targets.dat.gz", {3: "ra", 4: "dec"}
    ),
    "linear_own": lambda at: linear(
        at("linear") / "allLINEARfinal_targets.dat.gz", {1: "ra", 2: "dec"}
    ),
    "lamost_spectra": lambda at: headers(
        *at("lamost").glob("*.fits"), hdu=0, keys=("RA", "DEC")
    ),
    "tess": lambda at: headers(*at("tess").glob("*_lc.fits"), hdu=0, keys=("RA_OBJ", "DEC_OBJ")),
    "csp": lambda at: snana(at("sn_csp")),
    "cfa3": lambda at: snana(at("sn_cfa")),
    "des3yr": lambda at: snana(at("sn_des3yr")),
    "swift": lambda at: snana(at("sn_swift")),
    "lowz": lambda at: fits(at("sn_snana_fits_lowz") / "DES-SN5YR_LOWZ_HEAD.FITS.gz")["RA", "DEC"],
    "des5yr": lambda at: fits(at("sn_des5yr_head") / "DES-SN5YR_DES_HEAD.FITS.gz")["RA", "DEC"],
    "desi": lambda at: tabled(at("desi"), "coadd-4-*.fits", "FIBERMAP", "TARGET_RA", "TARGET_DEC"),
    "tractor": lambda at: tabled(at("desi_x_legacysurvey"), "tractor-*.fits", 1, "ra", "dec"),
}  # fmt: skip


@pytest.fixture(scope="session")
def catalogue(shared_data: Callable[[str], Path]) -> Open:
    """Return a function: name of a catalogue -> the table; it skips where there is none."""
    return cache(lambda name: READERS[name](shared_data))


def coordinates(table: Any) -> SkyCoord:
    """Read positions with nothing of the package."""
    if isinstance(table, ap.SkyTable):
        names, table = table.roles, table.table
        ra, dec = (
            u.Quantity(table[names[n]], table[names[n]].unit or u.deg) for n in ("ra", "dec")
        )
        return SkyCoord(ra, dec)
    names = {str(name).lower(): name for name in (getattr(table, "column_names", None) or [])}
    names = names or {str(n).lower(): n for n in getattr(table, "colnames", table.columns)}
    return SkyCoord(*(np.asarray(table[names[n]], dtype=float) for n in ("ra", "dec")), unit="deg")


PAIRS = [
    ("hipparcos", "tycho2", 116_085, 116_354),
    ("tycho2_bright", "hipparcos", 78_745, 78_825),
    ("tycho2_field", "tycho2", 203, 203),
    ("gaia_field", "tycho2_field", 8, 11),
    ("gaia_field", "tycho2", 8, 10),
    ("lamost", "tycho2", 0, 0),
    ("apokasc", "tycho2", 870, 871),
    ("apokasc", "tycho2_bright", 16, 16),
    ("special", "hipparcos", 39, 43),
    ("special", "benchmark", 119, 122),
    ("sdss", "tycho2", 6, 6),
    ("galex", "tycho2", 8, 8),
    ("ngc", "uzc", 1672, 3042),
    ("tycho2_desi", "tycho2", 50, 50),
    ("linear", "linear_sdss", 5204, 5204),
    ("linear", "linear_own", 5090, 5186),
    ("lamost_spectra", "lamost", 5, 5),
    ("tess", "tycho2", 1, 1),
    ("csp", "cfa3", 20, 20),
    ("csp", "lowz", 28, 28),
    ("cfa3", "lowz", 29, 29),
    ("des3yr", "des5yr", 19, 19),
    ("swift", "lowz", 6, 6),
    ("desi", "tractor", 1, 1),
]


@pytest.mark.slow
@pytest.mark.parametrize(("left", "right", "one", "two"), PAIRS)
def test_nearest_when_real_then_pairs_and_counts_are_astropy_s(
    catalogue: Open, left: str, right: str, one: int, two: int
) -> None:
    a, b = catalogue(left), catalogue(right)
    place, separation, _ = coordinates(a).match_to_catalog_sky(coordinates(b))
    for radius, count in ((1.0, one), (2.0, two)):
        near = np.flatnonzero(separation.arcsec <= radius)
        result = ap.cross_match(a, b, radius_arcsec=radius)
        assert len(result) == len(near) == count
        np.testing.assert_array_equal(result.left_row, near)
        np.testing.assert_allclose(result.separation_arcsec, separation[near].arcsec, atol=1e-6)
        other = result.right_row != place[near]  # astropy does not say which of equals it takes
        again = coordinates(a)[near[other]].separation(coordinates(b)[result.right_row[other]])
        np.testing.assert_allclose(again.arcsec, separation[near[other]].arcsec, atol=1e-9)
        alone = ap.cross_match(a, b, radius_arcsec=radius, how="anti")
        assert alone.left_row.tolist() == np.setdiff1d(np.arange(len(alone.left)), near).tolist()


@pytest.mark.parametrize(("left", "right"), [("linear", "linear"), ("ngc", "uzc")])
def test_all_and_k_when_real_then_pairs_are_astropy_s(
    catalogue: Open, left: str, right: str
) -> None:
    a, b = catalogue(left), catalogue(right)
    here, there = coordinates(a), coordinates(b)
    rows, others, _, _ = search_around_sky(here, there, 300 * u.arcsec)
    everything = ap.cross_match(a, b, radius_arcsec=300.0, find="all", labels=("a", "b"))
    assert set(zip(everything.left_row, everything.right_row, strict=True)) == set(
        zip(rows.tolist(), others.tolist(), strict=True)
    )
    three = ap.cross_match(a, b, radius_arcsec=648_000.0, find="k", k=3, labels=("a", "b"))
    assert len(three) == 3 * len(here)
    for nth in (1, 2, 3):
        _, separation, _ = here.match_to_catalog_sky(there, nthneighbor=nth)
        got = three.separation_arcsec[nth - 1 :: 3]
        np.testing.assert_allclose(got, separation.arcsec, rtol=1e-9, atol=1e-6)


@pytest.mark.slow
def test_mutual_when_real_then_both_ways_of_astropy(catalogue: Open) -> None:
    a, b = catalogue("tycho2_bright"), catalogue("hipparcos")
    here, there = coordinates(a), coordinates(b)
    forth, separation, _ = here.match_to_catalog_sky(there)
    back, _, _ = there.match_to_catalog_sky(here)
    near = np.flatnonzero((separation.arcsec <= 1.0) & (back[forth] == np.arange(len(here))))
    result = ap.cross_match(a, b, find="mutual")
    assert len(np.setxor1d(result.left_row, near)) <= 2  # equal neighbours: either may be taken
    assert len(np.unique(result.right_row)) == len(result) > 78_000


def test_epoch_when_gaia_meets_tycho_then_motion_finds_what_astropy_s_motion_finds(
    catalogue: Open,
) -> None:
    """The two epochs are 15.5 years apart; with its motions Gaia comes to that of Tycho-2."""
    gaia, tycho2 = catalogue("gaia_field"), catalogue("tycho2_field")
    table = gaia.table
    pm = [np.nan_to_num(np.ma.filled(table[n].astype(float), 0.0)) for n in ("pmra", "pmdec")]
    start = SkyCoord(
        table["ra"] * 1.0, table["dec"] * 1.0, unit="deg",
        pm_ra_cosdec=pm[0] * u.mas / u.yr, pm_dec=pm[1] * u.mas / u.yr,
        obstime=Time(2015.5, format="jyear"),
    )  # fmt: skip
    moved = start.apply_space_motion(dt=-15.5 * u.yr)
    place, separation, _ = SkyCoord(moved.ra, moved.dec).match_to_catalog_sky(coordinates(tycho2))
    near = np.flatnonzero(separation.arcsec <= 1.0)
    result = ap.cross_match(gaia, tycho2, epoch=2000.0)
    assert result.left_row.tolist() == near.tolist()
    assert result.right_row.tolist() == place[near].tolist()
    np.testing.assert_allclose(result.separation_arcsec, separation[near].arcsec, atol=1e-6)
    plain = ap.cross_match(gaia, tycho2)
    assert len(result) > len(plain)
    assert np.median(result.separation_arcsec) < np.median(plain.separation_arcsec)


def test_union_when_real_then_every_row_is_in_one_group(catalogue: Open) -> None:
    names = ("special", "benchmark", "apokasc")
    tables = [catalogue(name) for name in names]
    union = ap.union_catalog(tables, radius_arcsec=2.0, labels=names)
    groups = union.groups
    for name, table in zip(names, tables, strict=True):
        rows = groups[f"{name}:row"].combine_chunks().flatten().to_pylist()
        assert sorted(rows) == list(range(len(table)))
    seen = groups["in_special"].to_numpy() & groups["in_benchmark"].to_numpy()
    pairs = ap.cross_match(tables[0], tables[1], radius_arcsec=2.0)
    first = set(groups["special:row"].filter(seen).combine_chunks().flatten().to_pylist())
    assert set(pairs.left_row.tolist()) <= first


def test_chance_when_hipparcos_meets_galaxies_then_far_below_the_pairs(catalogue: Open) -> None:
    result = ap.cross_match(catalogue("ngc"), catalogue("uzc"), radius_arcsec=2.0)
    chance = result.chance()
    assert chance.pairs == 3042
    assert chance.expected < 0.02 * chance.pairs
