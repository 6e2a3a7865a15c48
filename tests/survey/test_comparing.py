"""Columns side by side, and the warnings about what differs between them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import astropile as ap
from astropile.errors import ColumnError, SurveyNotFoundError, UnknownColumnError, UsageError

HERE = Path(__file__).parent
OWN = ["moor", "fen"]


@pytest.fixture(autouse=True)
def moor_and_fen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make both invented surveys known."""
    paths = [str(HERE / f"{name}.yaml") for name in OWN]
    monkeypatch.setenv("ASTROPILE_SCHEMAS", os.pathsep.join(paths))


def columns(*names: str, surveys: list[str] | None = None) -> list[str]:
    """Return survey and column of what is compared."""
    found = ap.compare(*names, surveys=surveys or OWN)
    return [f"{row['survey']}:{row['column']}" for row in found]


def warnings(*names: str) -> dict[str, str]:
    """Return the warnings by code; no code occurs twice here."""
    found = ap.compare(*names, surveys=OWN)
    by_code = {one.code: one.message for one in found.differences}
    assert len(by_code) == len(found.warnings)
    return by_code


def test_compare_when_the_name_is_canonical_then_that_column_of_every_survey() -> None:
    assert columns("mag_psf_g") == ["moor:psf_g", "fen:mag_g"]
    assert columns("mag_g_psf") == ["moor:psf_g", "fen:mag_g"]
    assert columns("redshift_spec") == ["moor:z", "fen:z"]


def test_compare_when_the_name_is_partial_then_all_it_could_mean_and_no_errors() -> None:
    assert columns("mag_g") == ["moor:psf_g", "fen:mag_g", "fen:mag_kron"]
    assert columns("mag_g_err") == ["moor:psf_g_err"]
    assert columns("redshift") == ["moor:z", "fen:z", "fen:z_phot"]


def test_compare_when_the_name_is_one_that_surveys_use_then_these_columns() -> None:
    assert columns("z") == ["moor:z", "fen:z"]
    assert columns("ling") == ["moor:heather"]


def test_compare_when_the_survey_is_named_then_one_column_of_it() -> None:
    assert columns("moor:psf_g", "bog:mag_g") == ["moor:psf_g", "fen:mag_g"]
    assert columns("fen:z") == ["fen:z"]
    assert columns("moor:spectrum.lambda", "fen:spectrum.lambda") == [
        "moor:spectrum.lambda", "fen:spectrum.lambda",
    ]  # fmt: skip


def test_compare_when_found_then_row_has_every_fact() -> None:
    moor, fen = ap.compare("mag_psf_g", surveys=OWN)
    assert moor == {
        "survey": "moor",
        "configs": ("wide", "deep"),
        "column": "psf_g",
        "canonical": "mag_psf_g",
        "unit": "mag(AB)",
        "bands": ("g",),
        "filters": ("BOK/BASS.g", "CTIO/DECam.g"),
        "pivot_nm": (475.9, 482.0),
        "system": "AB",
        "estimator": "psf",
        "attributes": "",
    }
    assert (fen["system"], fen["filters"], fen["unit"]) == ("Vega", ("Subaru/HSC.g",), "mag")
    (moor, _) = ap.compare("redshift_spec", surveys=OWN)
    assert (moor["configs"], moor["attributes"]) == (("wide",), "frame heliocentric")


def test_compare_when_letters_agree_and_filters_do_not_then_warned() -> None:
    message = warnings("mag_psf_g")["band"]
    assert message == (
        "'g' is not one filter: BOK/BASS.g (475.9 nm; moor), CTIO/DECam.g (482 nm; moor), "
        "Subaru/HSC.g (479.1 nm; fen)"
    )
    assert "band" not in warnings("mag_psf_r")


def test_compare_when_systems_differ_then_warned() -> None:
    assert warnings("mag_psf_g")["system"] == "magnitude systems differ: AB (moor), Vega (fen)"
    assert "system" not in warnings("redshift_spec")


def test_compare_when_units_cannot_be_converted_then_warned() -> None:
    message = warnings("mag_psf_g")["unit"]
    assert message.startswith("units of mag cannot be converted: mag(AB) (moor), mag (fen)")
    assert "a plain mag has no zero point" in message
    assert "unit" not in warnings("moor:heather", "fen:sedge")
    assert "unit" not in warnings("moor:spectrum.lambda", "fen:spectrum.lambda")
    assert "unit" in warnings("moor:spectrum.flux", "fen:spectrum.flux")


def test_compare_when_attributes_differ_then_warned() -> None:
    message = "frame of redshift differs: heliocentric (moor), cmb (fen)"
    assert warnings("redshift_spec") == {"attribute": message}
    message = "medium of these columns differs: vacuum (moor), air (fen)"
    assert warnings("moor:spectrum.lambda", "fen:spectrum.lambda") == {"attribute": message}


def test_compare_when_measured_in_other_ways_then_warned() -> None:
    assert warnings("redshift")["measured"] == (
        "method of redshift differs: spec (moor, fen), phot (fen)"
    )
    message = warnings("moor:heather", "fen:sedge")["measured"]
    assert message == "estimator of flux differs: aper2 (moor), aper3 (fen)"


def test_compare_when_all_agrees_then_no_warning() -> None:
    assert ap.compare("moor:psf_r", "moor:psf_r").warnings == ()
    assert ap.compare("ra").warnings == ()
    assert len(ap.compare("ra")) > 10


def test_compare_when_shown_then_warnings_stand_below_the_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = ap.compare("mag_g", "z", surveys=OWN)
    lines = str(found).splitlines()
    assert lines[0] == "mag_g, z"
    assert {"# mag_g", "# z"} <= set(lines)
    assert lines[-1] == f"{found.warnings[-1]}"
    assert found.warnings[-1].startswith("warning[attribute]: frame of redshift differs")
    assert "<li>warning[band]: " in found._repr_html_()
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    assert "warning" in str(found)


def test_compare_when_json_then_columns_with_what_was_asked_and_warnings() -> None:
    facts = ap.compare("mag_psf_g", surveys=["fen", "moor"]).to_json()
    assert [(c["asked"], c["survey"]) for c in facts["columns"]] == [
        ("mag_psf_g", "fen"), ("mag_psf_g", "moor"),
    ]  # fmt: skip
    assert {warning["code"] for warning in facts["warnings"]} == {"band", "system", "unit"}


def test_compare_when_shipped_surveys_share_a_letter_then_each_filter_is_named() -> None:
    found = ap.compare("flux_model_g", surveys=["decals", "desi"])
    assert [row["survey"] for row in found] == ["decals", "desi"]
    assert "BOK/BASS.g (475.9 nm; decals, desi), CTIO/DECam.g" in found.warnings[0]


@pytest.mark.parametrize(
    ("names", "surveys", "error", "message"),
    [
        (["mag_psf_q"], OWN, UnknownColumnError, "no survey has a column that 'mag_psf_q'"),
        (["sege"], OWN, UnknownColumnError, "no survey has a column that 'sege'"),
        (["moor:sedge"], OWN, UnknownColumnError, "moor: no column 'sedge'"),
        (["mag_g"], ["morr"], SurveyNotFoundError, "no survey 'morr'"),
        (["morr:mag_g"], None, SurveyNotFoundError, "no survey 'morr'"),
        ([], None, UsageError, "no name to compare"),
        (["mag_g"], "moor", UsageError, "surveys is a list"),
        ([3], OWN, ColumnError, "a column name is text"),
    ],
)
def test_compare_when_a_name_is_unknown_then_typed_error_with_the_next_step(
    names: list[Any], surveys: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        ap.compare(*names, surveys=surveys)


def test_compare_when_a_name_is_misspelt_then_near_names() -> None:
    with pytest.raises(UnknownColumnError) as caught:
        ap.compare("mag_psf_gg", surveys=OWN)
    assert "'mag_psf_g'" in caught.value.hint


def test_compare_when_names_are_in_a_list_then_said_how_to_write_them() -> None:
    with pytest.raises(ColumnError, match="a column name is text, got list"):
        ap.compare(["mag_g"])  # type: ignore[arg-type]
