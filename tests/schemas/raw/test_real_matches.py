"""Real catalogues read through their YAML and matched: the pairs are those of astropy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

import astropile as ap
from astropile.survey import Survey

#: Name here -> survey, config, source, folder of real files, pattern of those that are meant.
SURVEYS = {
    "hipparcos": ("hipparcos", "main", "parquet", "hipparcos", "*.parquet"),
    "tycho2": ("tycho2", "main", "parquet", "tycho2", "tycho2_all.parquet"),
    "tycho2_bright": ("tycho2", "main", "parquet", "tycho2", "tycho2_vt_lt_9.parquet"),
    "tycho2_field": ("tycho2", "main", "astrometry_net", "tycho2", "*.kd.fits"),
    "tycho2_desi": ("tycho2", "main", "desitarget", "tycho2", "tycho-healpix-*.fits"),
    "gaia_dr2": ("gaia_dr2", "dr2", "legacypipe", "gaia_legacypipe", "*.fits"),
    "linear": ("linear", "attributes", "attributes", "linear", "LINEAR*"),
    "linear_targets": ("linear", "targets", "targets", "linear", "all*"),
    "lamost": ("lamost_dr1", "catalogue", "catalogue", "lamost", "*"),
    "lamost_spectra": ("lamost_dr1", "spectra", "spectra", "lamost", "*"),
    "apokasc": ("apokasc", "v7_1", "fits", "apogee", "APOKASC*"),
    "special": ("galah_special", "observations", "observations", "galah", "*"),
    "benchmark": ("galah_benchmark", "observations", "observations", "galah", "*"),
    "tess": ("tess", "spoc", "spoc_fits", "tess", "*.fits"),
    "sdss": ("sdss_refcat", "field", "shards", "sdss_photo", "*.fits"),
    "gphoton": ("gphoton", "db10", "csv", "galex", "*.csv"),
    "openngc": ("openngc", "main", "astrometry_net", "galaxy_catalogues", "*.fits"),
    "uzc": ("uzc", "main", "astrometry_net", "galaxy_catalogues", "*.fits"),
}
#: Rows of the first with a row of the second within 1 and 2 arcsec, as astropy counts them. Where
#: places that stand for nothing are null, or positions are of another column, counts are less.
PAIRS = [
    ("hipparcos", "tycho2", 116_085, 116_354),
    ("tycho2_bright", "hipparcos", 78_745, 78_825),
    ("tycho2_desi", "tycho2", 50, 50),
    ("gaia_dr2", "tycho2_field", None, None),
    ("gaia_dr2", "tycho2", 8, 10),
    ("linear", "linear_targets", 5204, 5204),
    ("lamost_spectra", "lamost", 5, 5),
    ("lamost", "tycho2", 0, 0),
    ("apokasc", "tycho2", 870, 871),
    ("apokasc", "tycho2_bright", 16, 16),
    ("special", "hipparcos", None, None),
    ("special", "benchmark", None, None),
    ("tess", "tycho2", None, 1),
    ("sdss", "tycho2", 6, 6),
    ("gphoton", "tycho2", 8, 8),
    ("openngc", "uzc", 1672, 3042),
]


@pytest.fixture(scope="module")
def opened(
    shared_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Survey]]:
    """Return a function: name of a catalogue -> the survey over its real files alone."""
    root = tmp_path_factory.mktemp("real")

    @cache
    def load(name: str) -> Survey:
        survey, config, source, folder, pattern = SURVEYS[name]
        (root / name).mkdir()
        for path in shared_data(folder).glob(pattern):
            (root / name / path.name).symlink_to(path)
        return ap.load(
            survey, data_dir=root / name, config=config, source=source, follow_links=True
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASTROPILE_SCHEMAS", str(Path(__file__).parent / "surveys"))
        yield load


@pytest.mark.slow
@pytest.mark.parametrize(("left", "right", "one", "two"), PAIRS)
def test_nearest_when_read_through_yaml_then_pairs_are_astropy_s(
    opened: Callable[[str], Survey], left: str, right: str, one: int | None, two: int | None
) -> None:
    a, b = opened(left), opened(right)
    places = []
    for survey in (a, b):
        table = survey.catalog(columns=[])
        ra, dec = (
            np.ma.filled(np.ma.asarray(table[n]).astype(float), np.nan) for n in ("ra", "dec")
        )
        known = np.flatnonzero(np.isfinite(ra))
        places.append((known, SkyCoord(ra[known], dec[known], unit="deg")))
    (rows, here), (others, there) = places
    _, separation, _ = here.match_to_catalog_sky(there)
    for radius, count in ((1.0, one), (2.0, two)):
        near = separation.arcsec <= radius
        result = ap.cross_match(a, b, radius_arcsec=radius, labels=("a", "b"))
        assert count is None or len(result) == count
        np.testing.assert_array_equal(result.left_row, rows[near])
        np.testing.assert_allclose(result.separation_arcsec, separation[near].arcsec, atol=1e-6)
        # Of equals either may be taken, so what counts is how far it is.
        place = np.searchsorted(others, result.right_row)
        again = here[near].separation(there[place])
        np.testing.assert_allclose(again.arcsec, separation[near].arcsec, atol=1e-6)


def test_match_when_examples_are_wanted_then_light_curve_and_star_side_by_side(
    opened: Callable[[str], Survey],
) -> None:
    catalogue, matched = ap.cross_match_datasets(opened("tess"), opened("tycho2"), match_radius=3.0)
    assert len(catalogue) == len(matched) == 1
    row = matched[0]
    assert len(row["tess"]["lightcurve"]["time"]) == 20076 - 815
    assert row["tycho2"]["MAG_VT"] == pytest.approx(11.2, abs=0.3)
