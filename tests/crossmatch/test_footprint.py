"""No counterpart, or outside of where the other survey has looked: the result tells."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.table import Table
from mocpy import MOC

import astropile as ap
from astropile.errors import CorruptFileError, MissingExtraError, NoFilesError, UsageError
from tests.crossmatch.conftest import Place

LEFT = Table({"ra": [10.0, 10.001, 50.0, np.nan], "dec": [0.0, 0.0, 0.0, 0.0]})
RIGHT = Table({"ra": [10.0, 99.0], "dec": [0.0, 0.0]})


def cone(ra: float, dec: float, radius_deg: float = 1.0) -> MOC:
    return MOC.from_cone(ra * u.deg, dec * u.deg, radius=radius_deg * u.deg, max_depth=12)


@pytest.mark.parametrize("form", ["moc", "fits", "json", "txt"])
def test_left_join_when_footprint_is_given_then_tells_absent_from_not_looked_at(
    form: str, tmp_path: Path
) -> None:
    given: Any = cone(10.0, 0.0)
    if form != "moc":
        path = tmp_path / f"footprint.{form}"
        given.save(str(path), format={"txt": "ascii"}.get(form, form))
        given = path
    result = ap.cross_match(LEFT, RIGHT, how="left", footprint=given, labels=("a", "b"))
    assert result.pairs["right_row"].to_pylist() == [0, None, None, None]
    expected = [True, True, False, None]
    assert result.pairs["in_footprint"].to_pylist() == expected
    assert result.catalog()["in_footprint"].tolist() == expected
    assert [row["in_footprint"] for row in ap.fast(result.dataset())] == expected


def test_outer_join_when_both_are_given_then_right_rows_are_of_the_left_footprint() -> None:
    both = (cone(99.0, 0.0), cone(50.0, 0.0))
    result = ap.cross_match(LEFT, RIGHT, how="outer", footprint=both)
    assert result.pairs["in_footprint"].to_pylist() == [False, False, True, None, True]
    only_right = ap.cross_match(LEFT, RIGHT, how="outer", footprint=cone(10.0, 0.0))
    assert only_right.pairs["in_footprint"].to_pylist() == [True, True, False, None, None]
    only_left = ap.cross_match(LEFT, RIGHT, how="outer", footprint=(cone(10.0, 0.0), None))
    assert only_left.pairs["in_footprint"].to_pylist() == [None, None, None, None, False]


def test_nested_join_when_footprint_is_given_then_one_answer_a_row() -> None:
    result = ap.cross_match(LEFT, RIGHT, how="left", nested=True, footprint=cone(10.0, 0.0))
    assert result.pairs["in_footprint"].to_pylist() == [True, True, False, None]
    assert len(result.dataset()) == len(result.catalog()) == 4


def test_footprint_when_a_table_says_its_own_then_used_on_request() -> None:
    right = ap.sky_table(RIGHT, name="b", footprint=cone(10.0, 0.0))
    result = ap.cross_match(LEFT, right, how="left", footprint=True)
    assert result.pairs["in_footprint"].to_pylist() == [True, True, False, None]


def test_footprint_when_nobody_knows_it_then_no_column() -> None:
    result = ap.cross_match(LEFT, RIGHT, how="left", footprint=True)
    assert "in_footprint" not in result.pairs.column_names
    assert "in_footprint" not in result.catalog().colnames


def test_footprint_when_a_pile_then_its_sky_map(place: Place, tmp_path: Path) -> None:
    pile = place("right", [10.0, 99.0], [0.0, 0.0]).build(tmp_path / "pile")
    result = ap.cross_match(LEFT, pile, how="left", footprint=True)
    assert result.pairs["in_footprint"].to_pylist() == [True, True, False, None]
    assert result.pairs["right_row"].to_pylist()[1:] == [None] * 3


@pytest.mark.parametrize("footprint", [3, [1, 2], "a\0b", (None,), (None, None, None), False])
def test_footprint_when_none_then_usage_error(footprint: Any) -> None:
    with pytest.raises(UsageError):
        ap.cross_match(LEFT, RIGHT, footprint=footprint)


def test_footprint_when_the_file_is_none_then_io_or_data_error(tmp_path: Path) -> None:
    (tmp_path / "bad.fits").write_text("no map")
    for name, kind, code in (("no.fits", NoFilesError, 4), ("bad.fits", CorruptFileError, 1)):
        with pytest.raises(kind, match=name) as caught:
            ap.cross_match(LEFT, RIGHT, footprint=tmp_path / name)
        assert (caught.value.exit_code, bool(caught.value.hint)) == (code, True)


def test_footprint_when_a_pile_in_regions_then_what_both_cover(
    place: Place, tmp_path: Path
) -> None:
    pile = place("right", [10.0, 20.0, 99.0], [0.0] * 3).build(tmp_path / "pile")
    part = pile.filter(region=ap.box((9.9999, 15.0), (-1.0, 1.0)))
    near = Table({"ra": [10.0, 9.9998, 20.0], "dec": [0.0] * 3})  # all in pixels of the sky map
    asked = {"how": "left", "footprint": True, "radius_arcsec": 0.1}
    assert ap.cross_match(near, pile, **asked).in_footprint.tolist() == [True, True, True]
    assert ap.cross_match(near, part, **asked).in_footprint.tolist() == [True, False, False]
    union = ap.union_catalog([near, part], footprints=[None, True], radius_arcsec=0.1)
    assert union.groups["right:in_footprint"].to_pylist() == [True, False, False]
    for unclear in (part.filter("z < 1"), pile.head(1), pile.sample(1)):
        with pytest.raises(UsageError, match="only some rows"):
            ap.cross_match(near, unclear, **asked)


def test_footprint_when_mocpy_is_missing_then_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moc = cone(10.0, 0.0)
    monkeypatch.setitem(sys.modules, "mocpy", None)
    with pytest.raises(MissingExtraError, match="mocpy") as caught:
        ap.cross_match(LEFT, RIGHT, footprint=moc)
    assert "astropile[plot]" in str(caught.value)
    assert len(ap.cross_match(LEFT, RIGHT, how="left")) == 4


def test_match_when_no_footprint_is_asked_then_mocpy_is_not_loaded(repo_root: Path) -> None:
    code = (
        "import sys, astropile as ap; from astropy.table import Table\n"
        "t = Table({'ra': [1.0], 'dec': [1.0]}); ap.cross_match(t, t).pairs\n"
        "print({'mocpy', 'scipy.spatial', 'dask', 'lsdb'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=repo_root
    )
    assert done.stdout.strip() == "set()"


def test_footprint_when_real_then_galex_and_sdss_say_who_has_looked(
    shared_data: Callable[[str], Path],
) -> None:
    """Rows of a match inside a MOC are those that mocpy itself finds."""
    path = shared_data("moc_footprints") / "P-SDSS9-r.fits"
    rng = np.random.default_rng(5)
    table = Table({"ra": rng.uniform(0, 360, 3000)})
    table["dec"] = np.degrees(np.arcsin(rng.uniform(-1, 1, 3000)))
    result = ap.cross_match(table, RIGHT, how="left", footprint=path)
    expected = MOC.from_fits(path).contains_lonlat(table["ra"] * u.deg, table["dec"] * u.deg)
    np.testing.assert_array_equal(result.in_footprint, expected)
    assert 600 < expected.sum() < 1800
