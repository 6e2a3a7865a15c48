"""What match_coordinates takes, gives and refuses."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.coordinates import Angle, SkyCoord, search_around_sky
from astropy.table import Column, MaskedColumn
from astropy.utils.masked import Masked

from astropile import errors, sky


def random_sky(rng, count):
    return rng.uniform(0, 360, count), np.degrees(np.arcsin(rng.uniform(-1, 1, count)))


def clustered_pairs(seed, count):
    rng = np.random.default_rng(seed)
    ra, dec = random_sky(rng, count)
    moved_ra = (ra + rng.normal(0, 0.3 / 3600, count) / np.cos(np.radians(dec))) % 360.0
    moved_dec = np.clip(dec + rng.normal(0, 0.3 / 3600, count), -90, 90)
    kept = rng.permutation(count)[: count * 7 // 10]
    return ra, dec, moved_ra[kept], moved_dec[kept]


def test_nearest_when_on_random_skies_then_agrees_with_astropy():
    ra, dec, other_ra, other_dec = clustered_pairs(1, 10_000)
    pairs = sky.match_coordinates(ra, dec, other_ra, other_dec, radius_arcsec=1.0)
    left, right = SkyCoord(ra, dec, unit="deg"), SkyCoord(other_ra, other_dec, unit="deg")
    rows, separation, _ = left.match_to_catalog_sky(right)
    within = np.flatnonzero(separation <= 1.0 * u.arcsec)
    np.testing.assert_array_equal(pairs.left, within)
    np.testing.assert_array_equal(pairs.right, rows[within])
    # astropy's own haversine loses more than ours: 1e-9 arcsec
    np.testing.assert_allclose(pairs.separation_arcsec, separation[within].arcsec, atol=2e-9)


def test_all_when_on_random_skies_then_agrees_with_astropy():
    rng = np.random.default_rng(2)
    sides = [random_sky(rng, 10_000) for _ in range(2)]
    left, right = (SkyCoord(*side, unit="deg") for side in sides)
    rows, others, _, _ = search_around_sky(left, right, 0.5 * u.deg)
    pairs = sky.match_coordinates(*sides[0], *sides[1], radius_arcsec=1800.0, find="all")
    assert set(zip(pairs.left, pairs.right, strict=True)) == set(zip(rows, others, strict=True))


@pytest.mark.parametrize("separation", [1e-6, 1e-4, 1e-3, 0.5])
def test_separation_when_below_what_a_cosine_resolves_then_is_exact(separation):
    ra = np.array([17.0, 17.0 + 2.0 * separation / 3600.0])
    pairs = sky.match_coordinates([17.0], [0.0], ra, [0.0, 0.0], radius_arcsec=1.5 * separation)
    assert pairs.right.tolist() == [0]
    pairs = sky.match_coordinates([17.0], [0.0], ra[1:], [0.0], radius_arcsec=3 * separation)
    # 17 deg is known to 1.8e-15 deg = 6e-12 arcsec
    assert pairs.separation_arcsec[0] == pytest.approx(2.0 * separation, abs=3e-11)


def test_radius_when_a_pair_is_at_it_then_is_inclusive():
    offsets = np.array([0.9999999, 1.0000001]) / 3600.0
    found = [len(sky.match_coordinates([0.0], [0.0], [0.0], [offset])) for offset in offsets]
    assert found == [1, 0]
    chord = sky.unit_vectors([0.0, 0.0], [0.0, 1.0])
    edge = float(sky.separation_arcsec(((chord[0] - chord[1]) ** 2).sum()))
    assert len(sky.match_coordinates([0.0], [0.0], [0.0], [1.0], radius_arcsec=edge * (1 + 1e-15)))


def test_nearest_when_several_are_at_one_place_then_is_the_lowest_row():
    ra, dec = np.full(100, 33.0), np.full(100, -5.0)
    pairs = sky.match_coordinates(ra[:2], dec[:2], ra, dec)
    assert pairs.right.tolist() == [0, 0]
    assert sky.match_coordinates(ra[:2], dec[:2], ra, dec, find="mutual").left.tolist() == [0]


def test_match_when_all_rows_are_at_one_place_then_not_all_are_compared():
    rows = 100_000
    ra, dec = np.zeros(rows), np.zeros(rows)
    sky.match_coordinates(ra[:50], dec[:50], ra[:50], dec[:50])
    start = time.process_time()
    pairs = sky.match_coordinates(ra, dec, ra, dec, find="mutual")
    assert pairs.left.tolist() == pairs.right.tolist() == [0]
    assert time.process_time() - start < 10  # comparing all of them takes more than 20


@pytest.mark.parametrize("null", ["left", "right"])
def test_positions_when_null_then_have_no_pair_and_are_counted(null):
    ra, dec = [1.0, np.nan, 3.0, 4.0], [0.0, 0.0, np.nan, 0.0]
    sides = [(ra, dec), ([1.0, 2.0, 3.0, 4.0], [0.0] * 4)]
    left, right = sides if null == "left" else sides[::-1]
    pairs = sky.match_coordinates(*left, *right)
    assert pairs.left.tolist() == pairs.right.tolist() == [0, 3]
    assert sky.build_index(ra, dec).nulls == 2


@pytest.mark.parametrize("find", ["nearest", "mutual", "all"])
@pytest.mark.parametrize("empty", [[], [np.nan]])
def test_match_when_a_side_has_no_positions_then_is_empty(find, empty):
    for pairs in (
        sky.match_coordinates(empty, empty, [1.0], [1.0], find=find),
        sky.match_coordinates([1.0], [1.0], empty, empty, find=find),
    ):
        assert len(pairs) == 0
        assert pairs.left.dtype == pairs.right.dtype == np.int64
        assert pairs.separation_arcsec.dtype == np.float64


FORMS = {
    "list": lambda deg: deg.tolist(),
    "big endian": lambda deg: deg.astype(">f8"),
    "strided": lambda deg: np.repeat(deg, 2)[::2],
    "degrees": lambda deg: deg * u.deg,
    "radians": lambda deg: np.radians(deg) * u.rad,
    "hour angle": lambda deg: Angle(deg / 15.0, unit="hourangle"),
    "column": Column,
    "column with unit": lambda deg: Column(deg * 3600.0, unit="arcsec"),
    "masked column": lambda deg: MaskedColumn(deg * 60.0, unit="arcmin", mask=[False] * 3),
    "masked array": lambda deg: np.ma.masked_array(deg, mask=False),
    "masked quantity": lambda deg: Masked(deg) * u.deg,
    "series": pd.Series,
    "arrow": pa.array,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_angles_when_in_any_usual_form_then_are_taken(form):
    ra, dec = np.array([10.0, 20.0, 30.0]), np.array([-5.0, 0.0, 5.0])
    pairs = sky.match_coordinates(form(ra), form(dec), ra[::-1].copy(), dec[::-1].copy())
    assert pairs.left.tolist() == [0, 1, 2]
    assert pairs.right.tolist() == [2, 1, 0]
    assert pairs.separation_arcsec.max() < 1e-8


@pytest.mark.parametrize(
    "masked",
    [
        np.ma.masked_array([10.0, 20.0, 30.0], mask=[0, 1, 0]),
        MaskedColumn([10.0, 20.0, 30.0], mask=[0, 1, 0], unit="deg"),
        Masked([10.0, 20.0, 30.0], mask=[0, 1, 0]) * u.deg,
        [10.0, None, 30.0],
        pa.array([10.0, None, 30.0]),
    ],
    ids=["numpy", "column", "quantity", "none", "arrow"],
)
def test_positions_when_masked_then_are_null(masked):
    pairs = sky.match_coordinates([10.0, 20.0, 30.0], [0.0] * 3, masked, [0.0] * 3)
    assert pairs.right.tolist() == [0, 2]


def test_arrays_when_matched_then_are_left_as_they_are():
    ra, dec = np.array([370.0, -10.0]), np.array([1.0, 2.0])
    pairs = sky.match_coordinates(ra, dec, [10.0, 350.0], [1.0, 2.0])
    assert pairs.right.tolist() == [0, 1]
    assert ra.tolist() == [370.0, -10.0]
    assert ra.flags.writeable
    assert dec.flags.writeable


@pytest.mark.parametrize("bad", [(0.0, 90.0001), (0.0, -np.inf), (np.inf, 0.0)])
@pytest.mark.parametrize("side", ["left", "right"])
def test_positions_when_off_the_sky_then_are_refused_with_count_and_row(bad, side):
    good = ([1.0] * 5, [1.0] * 5)
    faulty = ([1.0, 1.0, bad[0], bad[0], np.nan], [1.0, 1.0, bad[1], bad[1], 95.0])
    sides = (faulty, good) if side == "left" else (good, faulty)
    with pytest.raises(errors.MatchError, match=rf"{side}: 2 of 5 positions .* in row 2: ra"):
        sky.match_coordinates(*sides[0], *sides[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0], [1.0], [1.0], [1.0]), r"left_ra_deg has shape \(2,\) and left_dec_deg \(1,"),
        (([1.0], [1.0], [[1.0]], [[1.0]]), r"right_ra_deg has shape \(1, 1\)"),
        ((1.0, 1.0, [1.0], [1.0]), r"left_ra_deg has shape \(\)"),
        ((["10:00:00"], [1.0], [1.0], [1.0]), "left_ra_deg is no array of angles: it holds <U8"),
        ((pd.Series(["10.0"]), [1.0], [1.0], [1.0]), "left_ra_deg is no array of angles"),
        ((np.array(["1", 2.0], dtype=object), [1.0] * 2, [1.0], [1.0]), "left_ra_deg is no array"),
        (([1.0], [1.0 + 1j], [1.0], [1.0]), "left_dec_deg is no array of angles"),
        (([1.0], [1.0], [True], [1.0]), "right_ra_deg is no array of angles"),
        (([1.0], [1.0], [1.0] * u.km, [1.0]), "right_ra_deg is no array of angles.*km"),
        (([1.0], [1.0], [1.0], [[1.0], [2.0, 3.0]]), "right_dec_deg is no array of angles"),
    ],
)
def test_arrays_when_no_positions_then_are_refused(arguments, message):
    with pytest.raises(errors.MatchError, match=message):
        sky.match_coordinates(*arguments)


NO_RADII = (0, -1.0, np.nan, np.inf, 648_000.1, 181 * u.deg, "1", 1 * u.s)
NO_RADII += ([[1.0]], [1.0, 2.0], [-1.0], [np.inf], [648_000.1], ["1"], [1.0] * u.s)


@pytest.mark.parametrize("radius", NO_RADII, ids=repr)
def test_radius_when_it_is_none_then_is_refused(radius):
    with pytest.raises(errors.MatchError, match="arcsec"):
        sky.match_coordinates([1.0], [1.0], [1.0], [1.0], radius_arcsec=radius)


def test_radius_when_it_has_a_unit_then_is_converted():
    arguments = ([1.0], [0.0], [1.0], [0.9])
    assert len(sky.match_coordinates(*arguments, radius_arcsec=1 * u.deg)) == 1
    assert len(sky.match_coordinates(*arguments, radius_arcsec=0.8 * u.deg)) == 0


BAD_OPTIONS = [{"find": "best"}, {"threads": 0}, {"threads": 1.5}]
BAD_OPTIONS += [{"k": k, "find": "k"} for k in (None, 0, -1, 1.5, True)]
BAD_OPTIONS += [{"k": 2}, {"k": 1, "find": "all"}]


@pytest.mark.parametrize("option", BAD_OPTIONS, ids=repr)
def test_options_when_they_are_none_then_are_refused_by_name(option):
    name = next(iter(option))
    with pytest.raises(errors.MatchError, match=f"{name}="):
        sky.match_coordinates([1.0], [1.0], [1.0], [1.0], **option)


def test_all_when_pairs_exceed_memory_then_is_refused_with_their_number():
    ra, dec = [0.0, 0.0], [0.0, 0.0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "repeat", lambda *_: (_ for _ in ()).throw(MemoryError))
        with pytest.raises(errors.MatchError, match=r"^4 pairs lie within the radius"):
            sky.match_coordinates(ra, dec, ra, dec, find="all")


def test_radii_when_one_a_row_then_each_row_has_its_own():
    ra = np.zeros(4)
    radii = np.array([0.5, 1.5, np.nan, 0.0])
    pairs = sky.match_coordinates(ra, ra, [0.0], [1.0 / 3600], radius_arcsec=radii)
    assert pairs.left.tolist() == [1]
    masked = MaskedColumn([0.5, 1.5, 9.0, 0.1] / np.float64(60), unit="arcmin", mask=[0, 0, 1, 0])
    again = sky.match_coordinates(ra, ra, [0.0], [1.0 / 3600], radius_arcsec=masked)
    assert again.left.tolist() == [1]
    same = sky.match_coordinates(ra, ra, [0.0], [0.0], radius_arcsec=radii)
    assert same.left.tolist() == [0, 1, 3]  # a radius of 0 takes what is at the same place


def test_k_when_more_than_there_are_then_all_of_them():
    pairs = sky.match_coordinates([0.0], [0.0], [0.0] * 3, [0.0] * 3, find="k", k=10**9)
    assert pairs.right.tolist() == [0, 1, 2]
