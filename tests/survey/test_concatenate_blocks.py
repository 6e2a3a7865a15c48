"""Blocks of several surveys, surveys of every sort, and the dataset that they become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import h5py
import numpy as np
import pytest

import astropile as ap
from astropile.errors import (
    MixedColumnsError,
    UsageError,
)
from astropile.testing import simulate
from tests.survey.test_concatenate import NANOMAGGY_NJY, column, numbers

# --- blocks -------------------------------------------------------------------------------


def test_spectra_when_lengths_differ_then_ragged_in_one_unit(
    dune: ap.Survey, reef: ap.Survey
) -> None:
    both = ap.concatenate_datasets([reef, dune], ["spectrum"])
    assert both.features["spectrum"] == {
        "lambda": datasets.List(datasets.Value("float64")),
        "flux": datasets.List(datasets.Value("float32")),
    }
    own = [*reef, *dune]
    for place, row in enumerate(both):
        factor = 1.0 if place < 12 else 0.1
        expected = own[place]["spectrum"]["lambda"] * factor
        np.testing.assert_allclose(row["spectrum"]["lambda"], expected)
        factor = 1.0 if place < 12 else 1e-16
        expected = own[place]["spectrum"]["flux"].astype("f8") * factor
        np.testing.assert_allclose(row["spectrum"]["flux"], expected, rtol=1e-6)


def test_images_when_bands_differ_then_labels_come_along(dune: ap.Survey, reef: ap.Survey) -> None:
    names = ["image.flux", "image.mask"]
    with pytest.raises(
        MixedColumnsError, match=r"image.band, image.flux, image.mask: \[band\] 'g'"
    ):
        ap.concatenate_datasets([dune, reef], names)
    both = ap.concatenate_datasets([dune, reef], names, allow=["band"])
    assert list(both.features["image"]) == ["band", "flux", "mask"]
    assert both.features["image"]["flux"] == datasets.Array3D((None, 3, 4), "float64")
    assert both[0]["image"]["band"].tolist() == ["g", "r"]
    assert both[9]["image"]["band"].tolist() == ["r", "i", "g"]
    first, second = next(iter(dune))["image"], next(iter(reef))["picture"]
    np.testing.assert_array_equal(both[0]["image"]["flux"], first["flux"])
    np.testing.assert_allclose(both[9]["image"]["flux"], second["flux"] / NANOMAGGY_NJY)
    np.testing.assert_array_equal(both[9]["image"]["mask"], ~second["mask"])
    assert ap.meaning(both)["reef"]["columns"]["image.flux"]["column"] == "picture.flux"


def test_block_when_one_field_is_not_everywhere_then_only_the_common_ones(
    dune: ap.Survey, reef: ap.Survey
) -> None:
    both = ap.concatenate_datasets([dune, reef], ["image"], allow=["band"])
    assert list(both.features["image"]) == ["band", "flux", "mask"]
    whole = ["image", "image.ivar"]
    both = ap.concatenate_datasets([dune, reef], whole, allow=["band"], missing="null")
    assert list(both.features["image"]) == ["band", "flux", "ivar", "mask"]
    rows = both.data.column("image").to_pylist()
    assert [row["ivar"] is None for row in rows] == [False] * 9 + [True] * 12


# --- surveys of every sort ----------------------------------------------------------------


def test_surveys_when_piles_or_filtered_then_the_rows_that_are_left(
    dune: ap.Survey, reef: ap.Survey, tmp_path: Path
) -> None:
    pile = reef.build(tmp_path / "pile")
    few = dune.filter("redshift_spec > -10").head(4)
    names = ["flux_psf_r", "spectrum", "image.flux"]
    parts = [few, ap.open(tmp_path / "pile"), pile.sample(3)]
    found = ap.concatenate_datasets(parts, names, allow=["band"])
    assert found["survey"][:].tolist() == ["dune"] * 4 + ["reef_2"] * 12 + ["reef_3"] * 3
    assert found["object_id"][:].tolist() == [i for s in parts for i in s.catalog()["object_id"]]
    expected = column(pile, "flux_r", "nanomaggy")
    np.testing.assert_allclose(numbers(found, "flux_psf_r")[4:16], expected)
    stored = [row["spectrum"]["lambda"] for row in pile]
    np.testing.assert_allclose(found[4]["spectrum"]["lambda"], stored[0] * 10.0, rtol=1e-6)


def test_rows_when_bad_ones_are_refused_then_numbers_are_those_of_the_catalogue(
    dune_and_reef: None, tmp_path: Path
) -> None:
    simulate("dune", None, 6, data_dir=tmp_path, seed=1)
    (path, *_) = sorted(tmp_path.rglob("*.hdf5"))
    with h5py.File(path, "r+") as file:
        visits = file["visits"][...].astype("f8")
        visits[0] = 0.5
        del file["visits"]
        file["visits"] = visits
    survey = ap.load("dune", data_dir=tmp_path, on_bad_row="reject")
    kept = survey.catalog()["object_id"].tolist()
    assert len(kept) == 5
    found = ap.concatenate_datasets([survey], ["redshift_spec"])
    assert found["object_id"][:].tolist() == kept


def test_split_when_named_then_only_its_rows(dune: ap.Survey, reef: ap.Survey) -> None:
    found = ap.concatenate_datasets([reef], ["redshift_spec"], split="test")
    assert found["object_id"][:].tolist() == reef.catalog(split="test")["object_id"].tolist()
    assert str(found.split) == "test"
    with pytest.raises(ap.errors.ConfigError, match="no split 'test'"):
        ap.concatenate_datasets([reef, dune], ["redshift_spec"], split="test")


def test_labels_when_given_then_in_the_rows_and_the_meaning(
    dune: ap.Survey, reef: ap.Survey
) -> None:
    found = ap.concatenate_datasets([dune, reef], ["redshift_spec"], labels=("a", "b"))
    assert set(found["survey"][:].tolist()) == set(ap.meaning(found)) == {"a", "b"}
    with pytest.raises(UsageError, match="2 different names"):
        ap.concatenate_datasets([dune, reef], [], labels=("a", "a"))


# --- the dataset --------------------------------------------------------------------------


def test_dataset_when_asked_for_again_then_from_the_cache(
    dune: ap.Survey, reef: ap.Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ap.concatenate_datasets([dune, reef], ["redshift_spec"])
    monkeypatch.setattr("astropile.survey.concatenating.write_tables", None)
    again = ap.concatenate_datasets([dune, reef], ["redshift_spec"])
    assert first._fingerprint == again._fingerprint
    assert first[3] == again[3] or np.isnan(first[3]["redshift_spec"])
    with pytest.raises(TypeError):
        ap.concatenate_datasets([reef, dune], ["redshift_spec"])


def test_dataset_when_saved_then_opens_without_astropile(
    dune: ap.Survey, reef: ap.Survey, tmp_path: Path
) -> None:
    both = ap.concatenate_datasets([dune, reef], ["image", "flux_psf_r"], allow=["band"])
    both.save_to_disk(tmp_path / "saved")
    found = datasets.load_from_disk(tmp_path / "saved")
    assert found[9]["image"]["flux"].shape == (3, 3, 4)
    assert ap.meaning(found)["reef"]["columns"]["flux_psf_r"]["column"] == "flux_r"
    assert ap.fast(both)[0]["image"]["flux"].shape == (2, 3, 4)


def test_credit_when_of_several_surveys_then_joined(dune: ap.Survey, reef: ap.Survey) -> None:
    both = ap.concatenate_datasets([dune, reef, dune], ["redshift_spec"])
    assert both.info.license == "CC0; CC BY 4.0"
    for text in ("10.1000/dune", "10.1000/reef", "Thanks to the sea."):
        assert both.info.citation.count(text) == 1


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"surveys": []}, "list of surveys"),
        ({"surveys": "dune"}, "list of surveys"),
        ({"columns": "redshift_spec"}, "list of names"),
        ({"columns": [["redshift_spec"]]}, "a column name is text"),
        ({"columns": {"survey": ["redshift_spec"]}}, "cannot be the key"),
        ({"columns": {"a:b": ["redshift_spec"]}}, "cannot be the key"),
        ({"columns": {"a": "redshift_spec"}}, "is a list of names"),
        ({"columns": {"a": []}}, "is a list of names"),
        ({"missing": "drop"}, "not one of 'error', 'null'"),
        ({"allow": "band"}, "allow is a list"),
        ({"allow": ["unit"]}, "allow='unit' is not one of"),
        ({"units": {"redshift": "km"}}, "not among the columns"),
    ],
)
def test_options_when_they_make_no_sense_then_refused(
    dune: ap.Survey, options: Any, text: str
) -> None:
    asked = {"surveys": [dune], "columns": ["redshift_spec"], **options}
    with pytest.raises(UsageError, match=text):
        ap.concatenate_datasets(**asked)
