"""The excerpts of real catalogues that come with the package, against astropy."""

from __future__ import annotations

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord

import astropile as ap


def test_match_when_hipparcos_meets_tycho_then_pairs_are_astropy_s(demo_data: str) -> None:
    left, right = (ap.load(name, data_dir=demo_data) for name in ("hipparcos", "tycho2"))
    result = ap.cross_match(left, right, radius_arcsec=1.0)
    a, b = (
        SkyCoord(table["ra"], table["dec"], unit="deg")
        for table in (left.catalog(), right.catalog())
    )
    place, separation, _ = a.match_to_catalog_sky(b)
    near = separation <= 1 * u.arcsec
    np.testing.assert_array_equal(result.left_row, np.flatnonzero(near))
    np.testing.assert_array_equal(result.right_row, place[near])
    np.testing.assert_allclose(result.separation_arcsec, separation[near].arcsec, atol=1e-6)
    assert len(result) > 50_000


def test_examples_when_hipparcos_meets_tycho_then_magnitudes_agree(demo_data: str) -> None:
    """The same stars: visual magnitudes of both catalogues differ by little."""
    left, right = (
        ap.load(name, data_dir=demo_data, columns=[column])
        for name, column in (("hipparcos", "vmag"), ("tycho2", "MAG_VT"))
    )
    catalog, dataset = ap.cross_match_datasets(left, right)
    assert len(catalog) == len(dataset)
    table = dataset.data.table
    vmag, vt = (
        table.column(side).combine_chunks().field(name).to_numpy()
        for side, name in (("hipparcos", "vmag"), ("tycho2", "MAG_VT"))
    )
    assert abs(np.nanmedian(vt - vmag)) < 0.2
    assert np.nanmean(np.abs(vt - vmag) < 0.5) > 0.98
    ids = table.column("hipparcos").combine_chunks().field("object_id").to_pylist()
    assert ids == catalog["object_id"].tolist()
