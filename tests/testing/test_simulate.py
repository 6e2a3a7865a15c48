"""Every shipped survey: what was drawn comes back through the engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import astropile
from astropile.engine import RowIndex
from astropile.errors import ConfigError, OutputError, UsageError
from astropile.readers import Column
from astropile.registry import find_schema
from astropile.sky import match_coordinates
from astropile.testing import Mock, Sky, simulate
from tests.testing.conftest import assert_same, read_back, run_of, shipped

#: Of leaves that are computed on the way, such as an offset time stored as float32.
ROUNDING = 1e-6


@pytest.mark.parametrize(("name", "config", "source"), shipped())
def test_every_survey_when_simulated_then_the_engine_gives_what_was_drawn(
    name: str, config: str, source: str, tmp_path: Path
) -> None:
    schema = find_schema(name)
    try:
        mock = simulate(name, config, 40, data_dir=tmp_path, seed=3, source=source)
    except UsageError as error:
        # What observatories publish is not always written back; what the two archives hold is.
        if "not_invertible" not in str(error) or source.startswith(("mmu", "hats")):
            raise
        pytest.skip(f"cannot be written: {error.what}")
    found = read_back(schema, mock)
    assert len(mock) == len(found["object_id"]) == 40
    assert list(mock.leaves) == [a for a in schema.leaves_of(config) if a in found]
    assert set(found) == set(mock.leaves)
    for address, column in found.items():
        assert_same(column, mock.leaves[address], rtol=ROUNDING)


def test_files_when_simulated_twice_then_same_bytes(tmp_path: Path) -> None:
    for name in ("hsc", "csp", "tycho2"):
        one, two = (
            simulate(name, None, 12, data_dir=tmp_path / name / which, seed=8) for which in "ab"
        )
        assert [p.relative_to(one.data_dir) for p in one.files] == [
            p.relative_to(two.data_dir) for p in two.files
        ]
        assert [p.read_bytes() for p in one.files] == [p.read_bytes() for p in two.files]
        other = simulate(name, None, 12, data_dir=tmp_path / name / "c", seed=9)
        assert [p.read_bytes() for p in other.files] != [p.read_bytes() for p in one.files]


def test_leaves_when_asked_for_twice_then_drawn_the_same(mocks: Mapping[str, Mock]) -> None:
    leaves = mocks["sdss"].leaves
    first = leaves["spectrum.flux"]
    again = simulate("sdss", None, 40, data_dir=mocks["sdss"].data_dir.parent / "again", seed=4)
    np.testing.assert_array_equal(first.data, again.leaves["spectrum.flux"].data)
    with pytest.raises(KeyError):
        leaves["no such leaf"]


def test_positions_when_given_then_two_surveys_share_objects(tmp_path: Path) -> None:
    ra, dec = Sky(30.0, -10.0, 3.0).draw(25, np.random.default_rng(1))
    left = simulate("hsc", None, 25, data_dir=tmp_path / "a", sky=Sky.at(ra, dec))
    shifted = Sky.at(ra, dec + 0.2 / 3600)
    right = simulate("sdss", None, 25, data_dir=tmp_path / "b", sky=shifted)
    columns = [mock.leaves[name].data for mock in (left, right) for name in ("ra", "dec")]
    pairs = match_coordinates(*columns, radius_arcsec=1.0)
    assert len(pairs.left) == 25
    np.testing.assert_array_equal(left.order[pairs.left], right.order[pairs.right])
    np.testing.assert_allclose(left.leaves["ra"].data, ra[left.order], rtol=1e-12)
    np.testing.assert_allclose(pairs.separation_arcsec, 0.2, rtol=1e-5)


def test_same_seed_when_surveys_differ_then_objects_have_the_same_redshift(tmp_path: Path) -> None:
    one = simulate("sdss", "boss", 20, data_dir=tmp_path / "a", seed=5)
    two = simulate("desi", None, 20, data_dir=tmp_path / "b", seed=5)
    first = one.leaves["Z"].data[np.argsort(one.order)]
    second = two.leaves["Z"].data[np.argsort(two.order)]
    np.testing.assert_allclose(first, second, rtol=0.01, atol=2e-3)


def test_simulate_when_public_then_survey_loads_it(tmp_path: Path) -> None:
    astropile.testing.simulate("hipparcos", "main", 15, data_dir=tmp_path)
    assert len(astropile.load("hipparcos", data_dir=tmp_path).catalog()) == 15


def test_folder_when_it_holds_other_files_then_refused(tmp_path: Path) -> None:
    (tmp_path / "precious.fits").write_bytes(b"real")
    with pytest.raises(OutputError, match="no mock"):
        simulate("hipparcos", None, 5, data_dir=tmp_path)
    with pytest.raises(OutputError, match="is a file"):
        simulate("hipparcos", None, 5, data_dir=tmp_path / "precious.fits")
    assert [p.name for p in tmp_path.iterdir()] == ["precious.fits", "astropile-cache"][:1]


def test_folder_when_it_holds_mocks_then_others_may_join_but_not_the_same(tmp_path: Path) -> None:
    simulate("cfa", "cfa3", 3, data_dir=tmp_path)
    simulate("cfa", "cfa4", 3, data_dir=tmp_path)
    note = (tmp_path / "MOCK.txt").read_text(encoding="utf-8")
    assert "config cfa3" in note
    assert "config cfa4" in note
    with pytest.raises(OutputError, match="there already"):
        simulate("cfa", "cfa4", 3, data_dir=tmp_path)


def test_arguments_when_wrong_then_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no source 'zz'"):
        simulate("hsc", None, 3, data_dir=tmp_path, source="zz")
    with pytest.raises(ConfigError, match="no config"):
        simulate("hsc", "zz", 3, data_dir=tmp_path)
    for n, seed in ((0, 0), (3, -1)):
        with pytest.raises(UsageError, match="objects, seed"):
            simulate("hsc", None, n, data_dir=tmp_path, seed=seed)
    with pytest.raises(UsageError, match="2 positions for 3 objects"):
        simulate("hsc", None, 3, data_dir=tmp_path, sky=Sky.at(np.zeros(2), np.zeros(2)))


@pytest.mark.parametrize("name", ["hsc", "sdss", "csp", "tycho2"])
def test_engine_when_batches_are_small_or_rows_are_chosen_then_same_truth(
    name: str, tmp_path: Path
) -> None:
    schema = find_schema(name)
    mock = simulate(name, None, 20, data_dir=tmp_path, seed=6)
    run = run_of(schema, mock)
    small = list(run.batches(batch_rows=3))
    assert max(len(batch) for batch in small) <= 3
    place = [np.concatenate([getattr(b.index, key) for b in small]) for key in ("file", "row")]
    rows = np.array([0, 2, 3, 11, 19])
    index = RowIndex(place[0][rows], place[1][rows])
    chosen = list(run_of(schema, mock).batches(index=index))
    for batches, wanted in ((small, np.arange(20)), (chosen, rows)):
        for address, leaf in mock.leaves.items():
            column = Column.concatenate([batch.columns[address] for batch in batches])
            assert_same(column, leaf.take(wanted), rtol=ROUNDING)
