"""The filter registry, and its numbers computed again from the curves."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from astropile.vocabulary import find_filter, load_filters

GENERATOR = Path(__file__).parents[2] / "benchmarks" / "make_filters.py"


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("make_filters", GENERATOR)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_filters_have_ids_of_svo_form_and_honest_numbers():
    for name, entry in load_filters().items():
        assert entry.id == name
        facility, rest = name.split("/")
        assert facility
        assert "." in rest
        if entry.curve is None:
            assert entry.half_max_nm is None
            assert "pivot_nm" in entry.unverified or "Pivot of" in entry.note
            assert (entry.pivot_nm is None) == ("pivot_nm" in entry.unverified)
        else:
            assert entry.half_max_nm[0] < entry.pivot_nm < entry.half_max_nm[1]


def test_filters_cover_the_bands_of_the_surveys():
    wanted = ["Subaru/HSC.r2_filter", "Subaru/HSC.i2_filter", "KPNO/MzLS.z", "GAIA/GAIA3.Gbp"]
    wanted += [f"CTIO/DECam.{band}" for band in "grizY"] + [f"SLOAN/SDSS.{b}" for b in "ugriz"]
    wanted += ["BOK/BASS.g", "2MASS/2MASS.Ks", "WISE/WISE.W4", "LSST/LSST.y", "Euclid/NISP.H"]
    wanted += [f"Generic/Bessell.{band}" for band in "UBVRI"] + ["TYCHO/TYCHO.B", "LCO/CSP.Ydw"]
    assert [name for name in wanted if name not in load_filters()] == []


def test_pivot_of_a_box_is_its_closed_form(generator):
    wavelength_nm = np.linspace(400.0, 600.0, 20001)
    expected = np.sqrt((600.0**2 - 400.0**2) / 2 / np.log(600.0 / 400.0))
    assert generator.pivot_nm(wavelength_nm, np.ones(20001)) == pytest.approx(expected, rel=1e-8)


def test_half_max_of_a_triangle_is_interpolated(generator):
    wavelength_nm = np.array([400.0, 500.0, 600.0])
    assert generator.half_max_nm(wavelength_nm, np.array([0.0, 2.0, 0.0])) == (450.0, 550.0)


@pytest.mark.generated
def test_filters_file_is_what_the_generator_writes(generator):
    pytest.importorskip("speclite", reason="speclite is not installed: the curves are not checked")
    assert generator.TARGET.read_text(encoding="utf-8") == generator.filters_text()


# Pivot wavelengths published for the same passbands, nm.
PUBLISHED = {
    "Subaru/HSC.g": 479.1,
    "Subaru/HSC.i2_filter": 773.3,
    "CTIO/DECam.g": 482.0,
    # SVO Filter Profile Service, which like us takes Bessell's curves as responses per energy
    "Generic/Bessell.U": 358.478,
    "Generic/Bessell.B": 437.107,
    "Generic/Bessell.V": 547.770,
    "Generic/Bessell.R": 649.809,
    "Generic/Bessell.I": 802.014,
}


@pytest.mark.parametrize(("name", "pivot_nm"), PUBLISHED.items())
def test_pivots_agree_with_published_ones(name, pivot_nm):
    assert load_filters()[name].pivot_nm == pytest.approx(pivot_nm, abs=0.051)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("HSC-G", "Subaru/HSC.g"),
        ("subaru/hsc.g", "Subaru/HSC.g"),
        ("Subaru/HCS.g", "Subaru/HSC.g"),
        ("Gaia BP", "GAIA/GAIA3.Gbp"),
        ("SDSS u", "SLOAN/SDSS.u"),
        ("2MASS Ks", "2MASS/2MASS.Ks"),
    ],
)
def test_find_filter_when_text_is_near_then_the_filter(text, first):
    assert find_filter(text)[0] == first


def test_find_filter_when_instrument_then_its_filters_and_never_more_than_ten():
    assert [name.split(".")[0] for name in find_filter("decam")] == ["CTIO/DECam"] * 6
    assert len(find_filter("g")) <= 10
    assert find_filter("") == find_filter("x" * 10_000) == find_filter("☃☃☃☃☃☃☃☃") == []
