"""Loading by name, and what is known of a survey without data."""

from __future__ import annotations

import html
import pickle
from pathlib import Path
from typing import Any

import pytest

import astropile as ap
from astropile.errors import (
    AmbiguousColumnError,
    ConfigError,
    DataDirError,
    NoFilesError,
    SurveyNotFoundError,
    UnknownColumnError,
    UnsafeFileError,
    UsageError,
)
from astropile.survey import Survey
from tests.survey.conftest import cells, write_hdf5


def test_load_when_name_is_an_alias_then_id_is_the_survey_s(grove: Path) -> None:
    survey = ap.load("COPSE", config="mini")
    assert (survey.id, survey.config, survey.splits) == ("grove", "small", ("train", "test"))
    assert repr(survey) == "<Grove small: Grove Survey; no data_dir>"


def test_load_when_without_data_then_all_that_needs_the_schema_only_works(grove: Path) -> None:
    survey = ap.load("grove")
    assert survey.configs == {"small": "Few trees.", "large": "Many trees."}
    assert survey.title == "Grove Survey"
    assert list(survey.features)[:3] == ["object_id", "ra", "dec"]
    assert survey.columns["mag_cmodel_g"].name == "g_mag"
    assert "10.1000/grove" in survey.cite()
    assert "Grove Survey" in html.unescape(survey._repr_html_())


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"config": "smal"}, ConfigError, r"no config 'smal'; it has small, large\n.*'small'"),
        ({"source": "hdf"}, ConfigError, r"no source 'hdf' for config small; it has hdf5, parquet"),
        ({"columns": ["g_mga"]}, UnknownColumnError, r"no column 'g_mga'\n.*g_mag"),
        ({"columns": ["mag_g"]}, AmbiguousColumnError, r"mag_cmodel_g"),
        ({"columns": ["image.nope"]}, UnknownColumnError, "image.nope"),
        ({"names": "short"}, UsageError, r"names='short' is not one of 'original', 'canonical'"),
        ({"layout": "flat"}, UsageError, r"layout='flat' is not one of 'nested', 'per_band'"),
        ({"on_bad_row": "skip"}, UsageError, r"on_bad_row='skip'"),
        ({"columns": ["mag_g"], "partial": "maybe"}, UsageError, "partial"),
    ],
)
def test_load_when_option_is_wrong_then_typed_error_with_the_choices(
    grove: Path, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=f"(?s)grove.*{says}|(?s:{says})"):
        ap.load("grove", **options)


def test_load_when_survey_is_unknown_then_near_names(grove: Path) -> None:
    with pytest.raises(SurveyNotFoundError, match="did you mean 'grove'"):
        ap.load("grvoe")


def test_load_when_partial_default_then_default_estimator_is_taken(grove: Path) -> None:
    survey = ap.load("grove", columns=["mag_g"], partial="default")
    assert list(survey.features) == ["object_id", "ra", "dec", "g_mag"]


def test_data_when_no_folder_was_given_then_error_shows_the_layout_expected(grove: Path) -> None:
    survey = ap.load("grove", config="large")
    says = r"grove: no data directory was given\n.*large/\{split\}/\*\.hdf5 \(hdf5\) or large/"
    for call in (survey.dataset, survey.catalog, lambda: next(iter(survey)), lambda: len(survey)):
        with pytest.raises(DataDirError, match=says):
            call()


@pytest.mark.parametrize("kind", ["absent", "file"])
def test_data_when_folder_is_none_then_error_names_it(
    grove: Path, tmp_path: Path, kind: str
) -> None:
    place = tmp_path / "place"
    if kind == "file":
        place.write_text("", encoding="utf-8")
    with pytest.raises(DataDirError, match=rf"{place}: the data directory (does not|is not a)"):
        ap.load("grove", data_dir=place).dataset()


def test_data_when_no_file_matches_then_every_pattern_is_listed(
    grove: Path, tmp_path: Path
) -> None:
    says = r"small/\{split\}/\*\.hdf5 \(source hdf5\); small/\{split\}/\*\.parquet \(source parq"
    with pytest.raises(NoFilesError, match=says):
        ap.load("grove", data_dir=tmp_path).catalog()
    with pytest.raises(NoFilesError, match=r"parquet \(source parquet\)\n"):
        ap.load("grove", data_dir=tmp_path, source="parquet").catalog()


def test_data_when_source_is_asked_for_then_another_is_not_taken(trees: Path) -> None:
    with pytest.raises(NoFilesError):
        ap.load("grove", data_dir=trees, source="parquet").dataset()
    assert len(ap.load("grove", data_dir=trees, source="hdf5")) == 14


def test_data_when_split_is_unknown_then_error_lists_them(trees: Path) -> None:
    survey = ap.load("grove", data_dir=trees)
    for call in (survey.dataset, survey.stream, lambda split: survey.catalog(split=split)):
        with pytest.raises(ConfigError, match=r"no split 'tets' .*; it has train, test\n.*'test'"):
            call(split="tets")


def test_data_when_folder_starts_with_tilde_then_home(
    trees: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(trees.parent))
    assert len(ap.load("grove", data_dir="~/trees")) == 14


def test_data_when_link_leads_out_then_refused_unless_followed(trees: Path, tmp_path: Path) -> None:
    outside = write_hdf5(tmp_path / "outside.hdf5", cells(2, 50))
    (trees / "small" / "train" / "z.hdf5").symlink_to(outside)
    with pytest.raises(UnsafeFileError, match=r"(?s)z\.hdf5.*follow_links=True"):
        ap.load("grove", data_dir=trees).dataset()
    assert len(ap.load("grove", data_dir=trees, follow_links=True)) == 16


def test_select_when_called_then_same_survey_with_other_leaves(trees: Path) -> None:
    survey = ap.load("grove", data_dir=trees)
    chosen = survey.select(["image.flux"])
    assert isinstance(chosen, Survey)
    assert set(chosen.features) == {"object_id", "ra", "dec", "image"}
    assert set(chosen.features["image"]) == {"band", "flux"}
    assert "spectrum" in survey.features


def test_survey_when_pickled_then_reads_the_same(trees: Path) -> None:
    survey = ap.load("grove", data_dir=trees, columns=["ebv"])
    copy = pickle.loads(pickle.dumps(survey))
    assert copy.catalog()["object_id"].tolist() == survey.catalog()["object_id"].tolist()
    assert copy.dataset()._fingerprint == survey.dataset()._fingerprint
