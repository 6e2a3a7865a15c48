"""Regions: the exact test agrees with brute force and mocpy, the covering holds all of it."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import Latitude, Longitude, SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st
from mocpy import MOC

import astropile as ap
from astropile.errors import AstropileError, CorruptFileError, NoFilesError, UsageError
from astropile.sky import healpix_index, unit_vectors
from astropile.sky.regions import box, cone, in_ranges, moc, overlap, polygon

RA = st.floats(0, 360, exclude_max=True)
DEC = st.one_of(st.floats(-90, 90), st.sampled_from([-90.0, 90.0, 0.0, 89.999999, -41.8103]))
RADIUS = st.one_of(st.floats(1e-4, 10.0), st.floats(10.0, 648_000.0), st.just(648_000.0))


def scatter(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return positions spread evenly over the sky."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 360, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))


def around(
    ra: float, dec: float, radius_deg: float, n: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions about a centre, half of them closer than a radius, some next to it."""
    rng = np.random.default_rng(seed)
    far = np.concatenate(
        [
            rng.uniform(0, min(2 * radius_deg, 180), n),
            radius_deg * (1 + rng.normal(0, 1e-9, n)),
            [0.0, radius_deg],
        ]
    )
    spot = SkyCoord(ra, dec, unit="deg").directional_offset_by(
        rng.uniform(0, 360, len(far)) * u.deg, np.minimum(far, 180) * u.deg
    )
    return spot.ra.deg % 360, np.clip(spot.dec.deg, -90, 90)


def assert_covered(region, ra, dec) -> None:
    """Every position of the region must be in its pixels."""
    inside = region.contains(ra, dec)
    ranges = region.ranges()
    assert (ranges[:, 0] < ranges[:, 1]).all()
    assert (ranges[1:, 0] > ranges[:-1, 1]).all()
    covered = in_ranges(healpix_index(ra, dec), ranges)
    assert not (inside & ~covered).any()


def area_deg2(region) -> float:
    """Return the area of the pixels."""
    ranges = region.ranges()
    return float((ranges[:, 1] - ranges[:, 0]).sum()) / (12 * 4**29) * 41252.96


@settings(max_examples=80, deadline=None)
@given(RA, DEC, RADIUS)
def test_cone_when_compared_with_astropy_then_agrees_and_is_covered(ra, dec, radius) -> None:
    region = cone(ra, dec, radius)
    points = around(ra, dec, radius / 3600, 200)
    far = SkyCoord(ra, dec, unit="deg").separation(SkyCoord(*points, unit="deg")).arcsec
    found = region.contains(*points)
    # astropy itself is good to some 1e-9 arcsec, next to 180 degrees to 0.01.
    slack = 1e-8 + 1e-12 * radius + (0.02 if radius > 640_000 else 0)
    assert found[far < radius - slack].all()
    assert not found[far > radius + slack].any()
    assert_covered(region, *points)
    assert_covered(region, *scatter(500))


def test_cone_when_radius_is_a_separation_then_holds_that_position() -> None:
    pairs = ap.match_coordinates([10.0], [89.99], [200.0], [89.995], radius_arcsec=100)
    exact = float(pairs.separation_arcsec[0])
    assert cone(10, 89.99, exact * (1 + 1e-12)).contains([200.0], [89.995]).all()
    assert not cone(10, 89.99, exact * (1 - 1e-12)).contains([200.0], [89.995]).any()
    assert cone(0, 0, 648_000).contains([180.0], [0.0]).all()


@pytest.mark.parametrize("radius", [1.0, 60.0, 3600.0, 36_000.0, 200_000.0])
@pytest.mark.parametrize("dec", [0.0, 41.8, 89.9999, -90.0])
def test_cone_when_covered_then_pixels_are_not_many_more(dec, radius) -> None:
    own = 41252.96 * (1 - np.cos(np.radians(radius / 3600))) / 2
    pixel = 41252.96 / (12 * 4**18)
    assert area_deg2(cone(359.9999, dec, radius)) < 1.35 * own + 16 * pixel


@settings(max_examples=60, deadline=None)
@given(st.floats(-360, 360), st.floats(0, 400), DEC, DEC)
def test_box_when_compared_with_turned_angles_then_agrees_and_is_covered(west, width, a, b) -> None:
    south, north = sorted((a, b))
    region = box((west, west + width), (south, north))
    ra, dec = scatter(1000)
    near = np.random.default_rng(1).uniform(-1e-3, 1e-3, 200)
    ra = np.concatenate([ra, (west + near[:100]) % 360, (west + width + near[100:]) % 360]) % 360
    dec = np.concatenate([dec, np.linspace(south, north, 200)])
    turned = (ra - west) % 360
    expected = ((turned <= width) | (width >= 360)) & (dec >= south) & (dec <= north)
    edge = (np.abs(turned - width) < 1e-9) | (turned < 1e-9) | (turned > 360 - 1e-9)
    found = region.contains(ra, dec)
    differ = (found != expected) & ~edge & (np.abs(dec) < 90)
    assert not differ.any()
    assert_covered(region, ra, dec)


@pytest.mark.parametrize(
    ("ra", "inside"),
    [
        ((350, 10), [True, True, True, True, False, False]),
        ((-10, 10), [True, True, True, True, False, False]),
        ((10, 350), [True, True, False, False, True, True]),
        ((0, 360), [True] * 6),
        ((350, 360), [True, False, True, True, False, False]),
        ((10, 10), [False, True, False, False, False, False]),
    ],
)
def test_box_when_ra_wraps_then_borders_are_inside(ra, inside) -> None:
    assert (
        box(ra, (-1, 1)).contains([350, 10, 0, 359.999, 349.99, 10.01], [0] * 6).tolist() == inside
    )


def test_box_when_a_pole_is_in_it_then_the_pole_has_every_right_ascension() -> None:
    region = box((10, 20), (80, 90))
    assert region.contains([200.0, 200.0], [90.0, 89.9]).tolist() == [True, False]
    assert_covered(region, np.array([200.0, 15.0]), np.array([90.0, 85.0]))


def star(ra: float, dec: float, size: float, corners: int, seed: int):
    """Return corners of a star-shaped polygon about a centre, convex or not."""
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 360, corners))
    far = rng.uniform(0.3, 1.0, corners) * size
    spot = SkyCoord(ra, dec, unit="deg").directional_offset_by(angle * u.deg, far * u.deg)
    return spot.ra.deg, spot.dec.deg


def winding(corners, ra, dec) -> np.ndarray:
    """Return which positions a polygon winds around: the sum of the angles of its sides."""
    spot = SkyCoord(ra, dec, unit="deg")
    angles = [
        spot.position_angle(SkyCoord(r, d, unit="deg")).rad for r, d in zip(*corners, strict=True)
    ]
    turns = [
        np.angle(np.exp(1j * (b - a)))
        for a, b in zip(angles, [*angles[1:], angles[0]], strict=True)
    ]
    return np.abs(np.sum(turns, axis=0)) > np.pi


@settings(max_examples=40, deadline=None)
@given(RA, st.floats(-90, 90), st.floats(1e-3, 40), st.integers(4, 9), st.integers(0, 10**6))
def test_polygon_when_compared_with_its_winding_then_agrees_and_is_covered(
    ra, dec, size, corners, seed
) -> None:
    points = star(ra, dec, size, corners, seed)
    region = polygon(*points)
    spots = around(ra, dec, size, 150, seed)
    expected = winding(points, *spots)
    found = region.contains(*spots)
    near = region._distance(unit_vectors(*spots)) < 1e-9
    assert not ((found != expected) & ~near).any()
    assert_covered(region, *spots)


def test_polygon_when_corners_are_reversed_or_closed_then_is_the_same() -> None:
    ra, dec = [350.0, 10.0, 5.0, 0.0], [-5.0, -5.0, 20.0, 0.0]
    spots = scatter(20_000)
    first = polygon(ra, dec).contains(*spots)
    assert first.any()
    assert (first == polygon(ra[::-1], dec[::-1]).contains(*spots)).all()
    assert (first == polygon([*ra, ra[0]], [*dec, dec[0]]).contains(*spots)).all()
    # Hollow: this corner turns inwards.
    assert not polygon(ra, dec).contains([357.0], [2.0]).any()


def test_polygon_when_positions_are_on_its_border_then_are_inside() -> None:
    region = polygon([0.0, 10.0, 10.0, 0.0], [0.0, 0.0, 8.0, 8.0])
    assert region.contains([0.0, 10.0, 10.0, 0.0, 5.0, 10.0, 0.0], [0, 0, 8, 8, 0, 4, 3]).all()


def test_polygon_when_the_pole_is_inside_then_is_found() -> None:
    region = polygon([0, 90, 180, 270], [80] * 4)
    assert region.contains([12.0, 0.0, 45.0], [90.0, 80.0, 80.0]).tolist() == [True, True, False]
    assert_covered(region, *scatter(20_000))


def test_moc_when_read_from_memory_fits_or_json_then_contains_what_mocpy_says(tmp_path) -> None:
    map_ = MOC.from_cone(
        lon=Longitude(359.9, "deg"), lat=Latitude(89, "deg"), radius=3 * u.deg, max_depth=9
    )
    map_.save(tmp_path / "map.fits")
    map_.save(tmp_path / "map.json", format="json")
    ra, dec = around(359.9, 89, 3, 2000)
    expected = map_.contains_lonlat(ra * u.deg, dec * u.deg)
    for source in (map_, tmp_path / "map.fits", str(tmp_path / "map.json")):
        region = moc(source)
        assert (region.contains(ra, dec) == expected).all()
        assert_covered(region, ra, dec)
        assert region == moc(map_)


def test_regions_when_position_is_null_then_is_outside() -> None:
    everything = (cone(0, 0, 648_000), box((0, 360), (-90, 90)), moc(MOC.from_str("0/0-11")))
    for region in everything:
        assert region.contains([np.nan, 1.0, 400.0], [0.0, np.nan, 10.0]).tolist() == [
            False,
            False,
            True,
        ]


def test_regions_when_units_are_given_then_are_converted() -> None:
    assert cone(1 * u.rad, 0 * u.deg, 1 * u.arcmin) == cone(np.degrees(1.0), 0, 60)
    assert box((1 * u.deg, 2 * u.deg), (0 * u.deg, 60 * u.arcmin)) == box((1, 2), (0, 1))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: cone(0, 91, 1), "dec_deg=91.0; expected -90 to 90"),
        (lambda: cone("a", 0, 1), "ra_deg='a' is no angle"),
        (lambda: cone(0, 0, 0), "radius_arcsec=0.0; expected more than 0"),
        (lambda: cone(0, 0, np.nan), "radius_arcsec=nan is no angle"),
        (lambda: cone(0, 0, 1 * u.kg), "radius_arcsec"),
        (lambda: box((0, 1), (5, -5)), "runs downwards"),
        (lambda: box(5, (0, 1)), "is no pair of angles"),
        (lambda: polygon([0, 1], [0, 1]), "at least three different corners"),
        (lambda: polygon([0, 1, 2], [0, 0, 0]), "one great circle"),
        (lambda: polygon([0, 120, 240], [0, 0, -1]), "half of the sky"),
        (lambda: polygon([0, 1, np.nan], [0, 1, 0]), "not on the sky"),
        (lambda: moc(5), "no coverage map"),
    ],
)
def test_regions_when_asked_for_what_cannot_be_then_say_so(make, words) -> None:
    with pytest.raises(UsageError, match=words.replace("(", r"\(")):
        make()


def test_moc_when_there_is_no_file_then_is_an_io_error() -> None:
    with pytest.raises(NoFilesError, match="no such file"):
        moc("no/such.fits")


def test_moc_when_file_is_damaged_then_is_a_typed_error(tmp_path) -> None:
    (tmp_path / "map.json").write_text("{oops")
    (tmp_path / "map.fits").write_bytes(b"SIMPLE  = no")
    for name in ("map.json", "map.fits"):
        with pytest.raises((CorruptFileError, AstropileError)):
            moc(tmp_path / name)


def test_ranges_when_combined_then_hold_what_both_hold() -> None:
    first, second = cone(10, 10, 7200).ranges(), box((10, 20), (0, 20)).ranges()
    common = overlap(first, second)
    pixels = healpix_index(*around(10, 10, 2, 2000))
    both = in_ranges(pixels, first) & in_ranges(pixels, second)
    assert (in_ranges(pixels, common) == both).all()
    assert len(overlap(first, np.empty((0, 2), dtype=np.int64))) == 0
