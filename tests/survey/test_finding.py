"""Which surveys hold what: every condition is met within one config."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from astropy import units as u

import astropile as ap
from astropile.errors import UsageError
from astropile.schema.models import Band
from astropile.survey.wavelengths import length_nm, sees

HERE = Path(__file__).parent
OWN = ("moor", "fen")


@pytest.fixture(autouse=True)
def moor_and_fen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make both invented surveys known."""
    paths = [str(HERE / f"{name}.yaml") for name in OWN]
    monkeypatch.setenv("ASTROPILE_SCHEMAS", os.pathsep.join(paths))


def moor(column: str) -> set[tuple[str, str, str]]:
    """Return a row a config of the moor: they differ in their modalities."""
    return {("moor", "wide", column), ("moor", "deep", column)}


def found(**conditions: Any) -> set[tuple[str, str, str]]:
    """Return (survey, configs, column) of what is found in the invented surveys."""
    return {
        (row["survey"], " ".join(row["configs"]), row["column"])
        for row in ap.find(**conditions)
        if row["survey"] in OWN
    }


def test_find_when_a_quantity_is_asked_then_its_values_and_not_its_errors() -> None:
    assert found(quantity="redshift") == {
        ("moor", "wide", "z"), ("fen", "all", "z"), ("fen", "all", "z_phot"),
    }  # fmt: skip
    assert found(quantity="redshift", stat="err") == moor("z_err")
    both = found(quantity="redshift", stat="any", method="spec", frame="heliocentric")
    assert both == {("moor", "wide", "z"), *moor("z_err")}


def test_find_when_qualifiers_are_asked_then_all_of_them_hold() -> None:
    assert found(quantity="redshift", method="phot") == {("fen", "all", "z_phot")}
    assert found(quantity="redshift", method="spec", frame="cmb") == {("fen", "all", "z")}
    assert found(quantity="mag", estimator="kron", band="g") == {("fen", "all", "mag_kron")}
    assert found(estimator="aper") == {*moor("heather"), ("fen", "all", "sedge")}
    assert found(estimator="aper2") == moor("heather")


def test_find_when_conditions_hold_in_different_configs_then_nothing() -> None:
    """The redshift of the moor is in one config, its images in the other."""
    assert found(quantity="redshift", modality="image") == set()
    assert found(quantity="mag", modality="image", band="r") == {("moor", "deep", "psf_r")}
    assert found(modality="image") == {("moor", "deep", "")}


def test_find_when_a_modality_is_asked_then_by_kind_or_name() -> None:
    assert found(modality="spectrum") == {("moor", "wide deep", ""), ("fen", "all", "")}
    assert found(modality="lightcurve") == found(modality="curve") == {("fen", "all", "")}
    rows = [row for row in ap.find(modality="lightcurve") if row["survey"] == "fen"]
    assert rows[0]["modalities"] == ("curve",)


def test_find_when_a_wavelength_is_asked_then_column_or_image_or_any_band_sees_it() -> None:
    near_g, near_r = "450 nm", "690 nm"
    assert found(quantity="mag", band_near=near_r) == moor("psf_r")
    assert found(quantity="mag", band_near=530, estimator="psf") == {
        *moor("psf_g"), ("fen", "all", "mag_g"),
    }  # fmt: skip
    # A redshift has no band; any band of its config will do, or that of the modality asked for.
    assert ("moor", "wide", "z") in found(quantity="redshift", band_near=near_r)
    assert ("fen", "all", "z") not in found(quantity="redshift", band_near=near_r)
    assert found(modality="image", band_near=near_g) == {("moor", "deep", "")}
    assert found(modality="image", band_near=near_r) == set()
    assert found(modality="lightcurve", band_near="505 nm") == {("fen", "all", "")}


def test_find_when_found_then_row_says_bands_and_filters_that_were_meant() -> None:
    (row,) = [row for row in ap.find(modality="image", band_near=450) if row["survey"] == "moor"]
    assert row["bands"] == ("g",)
    assert row["filters"] == ("BOK/BASS.g", "CTIO/DECam.g")
    (row,) = [r for r in ap.find(quantity="flux", band_near=505) if r["survey"] == "fen"]
    assert (row["canonical"], row["unit"]) == ("flux_aper3_vis", "mJy")
    assert (row["bands"], row["filters"]) == (("vis",), ())


def test_find_when_text_is_asked_then_in_names_aliases_and_descriptions() -> None:
    heather = moor("heather")
    assert found(text="SHRUBS") == found(text="ling") == found(text="flux_aper2_r") == heather
    assert found(text="heath", unit="mag") == set()


def test_find_when_a_unit_is_asked_then_what_can_be_converted_to_it() -> None:
    flux = {*moor("heather"), ("fen", "all", "sedge")}
    assert found(quantity="flux", unit="Jy") == flux
    assert {row for row in found(unit="Jy") if "psf_g" in row} == moor("psf_g")
    assert not {row for row in found(unit="") if row[2] in ("region", "object_id")}


def test_find_when_nothing_is_asked_then_every_survey() -> None:
    assert {row[0] for row in found()} == set(OWN)
    assert {row["survey"] for row in ap.find()} >= {"hsc", "decals", *OWN}


def test_find_when_shown_then_like_other_tables() -> None:
    table = ap.find(quantity="redshift", method="phot", frame="unknown")
    first = str(table).splitlines()[0]
    assert first.startswith("quantity 'redshift', method 'phot', frame 'unknown': ")
    assert first.endswith((" survey", " surveys"))
    assert "z_phot" in table.to_table()["column"]
    assert "z_phot" in set(table.to_pandas()["column"])


def test_find_when_asked_in_readme_words_then_shipped_surveys_answer() -> None:
    rows = ap.find(quantity="redshift", method="spec", modality="image", band_near="620 nm")
    (decals,) = [row for row in rows if row["survey"] == "decals"]
    assert decals["column"] == "z_spec"
    assert decals["bands"] == ("r",)
    assert not {"sdss", "gaia", "hsc"} & {row["survey"] for row in rows}


@pytest.mark.parametrize(
    ("conditions", "message", "hint"),
    [
        ({"quantity": "redshft"}, "'redshft' is not a quantity", "redshift"),
        ({"quantity": "z"}, "'z' is not a quantity", "write redshift"),
        ({"methd": "spec"}, "nothing can be found by 'methd'", "did you mean 'method'?"),
        ({"method": "specz"}, "'specz' is not a value of method", "write spec"),
        ({"estimator": "cmodl"}, "'cmodl' is not a value of estimator", "'cmodel'"),
        ({"quantity": "mag", "estimator": "aper02"}, "shortest form", "write aper2"),
        ({"quantity": "redshift", "estimator": "psf"}, "has no estimator", "it takes method"),
        ({"modality": "imag"}, "no survey has a modality 'imag'", "did you mean 'image"),
        ({"band": "GG"}, "no survey has a band 'GG'", "G"),
        ({"with": "parallaxx"}, "'parallaxx' is not a quantity", "parallax"),
        ({"unit": "magg"}, "unit 'magg' is not known", "'mag'"),
        ({"method": 3}, "method is a word", ""),
        ({"band_near": "1.4 GHz"}, "is no wavelength", "620 nm"),
        ({"band_near": "6200 A"}, "is no wavelength", "Angstrom"),
        ({"band_near": -1.0}, "is no wavelength", "620 nm"),
        ({"band_near": "0 nm"}, "is no length above 0", "620 nm"),
        ({"band_near": "9" * 400}, "is no length above 0", "620 nm"),
        ({"band_near": True}, "is no wavelength", "620 nm"),
    ],
)
def test_find_when_a_word_is_unknown_then_typed_error_with_the_next_step(
    conditions: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        ap.find(**conditions)
    assert hint in caught.value.hint


def test_length_when_written_in_any_way_then_the_same() -> None:
    texts = ("620 nm", "620nm", "0.62 um", "6200 Angstrom", "6.2e-7 m", "620")
    assert {length_nm(given) for given in (*texts, 620, 620.0, 0.62 * u.um)} == {620.0}


@pytest.mark.parametrize(
    ("band", "wavelength_nm", "seen"),
    [
        ({"filters": ("CTIO/DECam.r",)}, 567.2, True),
        ({"filters": ("CTIO/DECam.r",)}, 567.1, False),
        ({"filters": ("no/such.filter",)}, 600.0, False),
        ({"filters": ("CTIO/DECam.g", "CTIO/DECam.r")}, 600.0, True),
        ({"by": "x", "cases": {"1": "CTIO/DECam.r"}}, 600.0, True),
        ({"wavelength": (500.0, 560.0)}, 560.0, True),
        ({"wavelength": (500.0, 560.0)}, 561.0, False),
        ({}, 600.0, False),
    ],
)
def test_band_when_asked_then_sees_what_lies_between_its_half_maxima(
    band: dict[str, Any], wavelength_nm: float, seen: bool
) -> None:
    assert sees(Band(**band), wavelength_nm) is seen


def test_band_when_only_the_pivot_is_known_then_reaches_a_tenth_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from astropile.survey import wavelengths
    from astropile.vocabulary import Filter

    known = {"a/b.c": Filter("a/b.c", 500.0, None, None, (), "")}
    monkeypatch.setattr(wavelengths, "load_filters", lambda: known)
    band = Band(filters=("a/b.c",))
    assert [sees(band, length) for length in (449.0, 451.0, 549.0, 551.0)] == [
        False, True, True, False,
    ]  # fmt: skip
