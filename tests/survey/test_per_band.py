"""The per-band layout: one image a band with what belongs to it, and default photometry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import astropile as ap
from astropile.errors import ConfigError
from tests.survey.conftest import cells

HSC = {
    "image": (160, 160), "seeing": (), "pixel_size": (), "noise_std": (), "filter": (),
    "units": (), "extinction": (),
}  # fmt: skip
DECALS = {"image": (152, 152), "seeing": (), "pixel_size": (), "filter": (), "units": ()}
SPECTRUM = dict.fromkeys(("flux", "ivar", "lsf_sigma", "lambda", "mask"), (7781,))
FORMS: dict[str, dict[str, Any]] = {
    "hsc": {
        "hsc_id": (),
        **{f"hsc_image_{b}": HSC for b in "grizy"},
        **{f"hsc_mag_{b}": () for b in "grizy"},
        **{f"hsc_size_{b}": () for b in "grizy"},
    },
    "decals": {
        "decals_id": (),
        **{f"decals_image_{b}": DECALS for b in "grz"},
        **{f"decals_flux_{b}": () for b in "grz"},
        "extinction": (),
        "z_spec": (),
    },
    "desi": {
        "desi_id": (),
        **{f"desi_flux_{b}": () for b in "grz"},
        "extinction": (),
        "z_spec": (),
        "desi_spectrum": SPECTRUM,
    },
}


def form(value: Any) -> Any:
    """Return the keys of an Example and the shapes of its arrays."""
    if isinstance(value, dict):
        return {name: form(item) for name, item in value.items()}
    return np.shape(value)


@pytest.mark.parametrize("survey", FORMS)
def test_example_when_per_band_then_exactly_these_keys(
    mock: Callable[[str], Path], survey: str
) -> None:
    loaded = ap.load(survey, data_dir=mock(survey), layout="per_band")
    dataset = loaded.dataset()
    assert dataset.features == loaded.features
    assert [form(row) for row in dataset] == [FORMS[survey]] * 12
    assert [form(row) for row in loaded] == [FORMS[survey]] * 12
    assert list(dataset.features) == list(FORMS[survey])


def test_example_when_per_band_then_values_are_those_of_the_nested_one(
    mock: Callable[[str], Path],
) -> None:
    nested = ap.fast(ap.load("hsc", data_dir=mock("hsc")).dataset())
    per_band = ap.fast(ap.load("hsc", data_dir=mock("hsc"), layout="per_band").dataset())
    for row, other in zip(nested, per_band, strict=True):
        assert other["hsc_id"] == row["object_id"]
        for place, band in enumerate("grizy"):
            plane = other[f"hsc_image_{band}"]
            np.testing.assert_array_equal(plane["image"], row["image"]["flux"][place])
            seeing = row["image"]["psf_fwhm"][place]
            assert plane["seeing"] == (None if np.isnan(seeing) else seeing)
            assert plane["pixel_size"] == row["image"]["scale"][place]
            assert plane["extinction"] == row[f"a_{band}"]
            assert (plane["filter"], plane["units"]) == (band, "count")
            assert other[f"hsc_mag_{band}"] == row[f"{band}_cmodel_mag"]
            assert other[f"hsc_size_{band}"] == row[f"{band}_sdssshape_size"]
            ivar, mask = row["image"]["ivar"][place], row["image"]["mask"][place]
            good = ivar[mask & (ivar > 0)]
            np.testing.assert_allclose(plane["noise_std"], np.median(good) ** -0.5, rtol=1e-6)


def test_noise_when_mask_marks_bad_pixels_then_the_others_count(trees: Path) -> None:
    dataset = ap.load("grove", data_dir=trees, layout="per_band").dataset()
    truth = cells(5, 0)
    for row in range(5):
        ivar, bad = truth["image_ivar"][row, 1], truth["image_mask"][row, 1]
        expected = np.median(ivar[~bad]) ** -0.5
        np.testing.assert_allclose(dataset[row]["grove_image_r"]["noise_std"], expected, rtol=1e-6)


def test_noise_when_no_pixel_is_good_then_null(
    trees: Path, write: Callable[[dict[str, Any]], None]
) -> None:
    rows = cells(3, 0)
    rows["image_ivar"][1, 0] = 0
    rows["image_mask"][2, 0] = True
    write(rows)
    dataset = ap.load("grove", data_dir=trees, layout="per_band").dataset("test")
    noise = [row["grove_image_g"]["noise_std"] for row in dataset]
    assert noise[0] > 0
    assert noise[1:] == [None, None]
    assert dataset[2]["grove_image_g"]["image"].shape == (4, 4)


@pytest.fixture
def write(trees: Path) -> Callable[[dict[str, Any]], None]:
    """Write other rows as the test split."""
    from tests.survey.conftest import write_hdf5

    def written(rows: dict[str, Any]) -> None:
        (trees / "small" / "test" / "a.hdf5").unlink()
        write_hdf5(trees / "small" / "test" / "a.hdf5", rows)

    return written


def test_pixel_size_when_only_nominal_then_constant_of_the_band(trees: Path) -> None:
    row = ap.fast(ap.load("grove", data_dir=trees, layout="per_band").dataset())[0]
    assert row["grove_image_g"]["pixel_size"] == pytest.approx(0.2)
    assert row["grove_image_r"]["pixel_size"] == pytest.approx(0.3)
    assert row["grove_image_r"]["seeing"] is None
    assert row["grove_spectrum"]["lambda"].dtype == np.float64


def test_example_when_source_lacks_a_leaf_then_null_and_same_features(
    grove: Path, tmp_path: Path
) -> None:
    """Which keys there are follows from the schema; the source only says what is known."""
    rows = {
        name: pa.array(value.astype(str).tolist() if value.dtype.kind == "S" else value.tolist())
        for name, value in cells(3).items()
        if name not in ("image_ivar", "label", "visits")
    }
    rows["image_band"] = pa.array([["g", "r"]] * 3)
    folder = tmp_path / "large" / "train"
    folder.mkdir(parents=True)
    pq.write_table(pa.table(rows), folder / "a.parquet")
    survey = ap.load("grove", config="large", data_dir=tmp_path, layout="per_band")
    dataset = ap.fast(survey.dataset())
    assert dataset.features == survey.features
    assert [row["grove_image_g"]["noise_std"] for row in dataset] == [None] * 3
    assert dataset[1]["grove_image_g"]["image"].shape == (4, 4)
    nested = ap.fast(ap.load("grove", config="large", data_dir=tmp_path).dataset())
    assert nested[0]["image"]["ivar"] is None
    assert nested[0]["visits"] is None


@pytest.mark.parametrize(
    ("columns", "keys"),
    [
        (["image.flux"], ["grove_id", "grove_image_g", "grove_image_r"]),
        (["mag_cmodel_r"], ["grove_id", "grove_mag_r"]),
        (["ebv", "spectrum.flux"], ["grove_id", "extinction", "grove_spectrum"]),
        ([], ["grove_id"]),
    ],
)
def test_keys_when_columns_are_chosen_then_only_what_they_give(
    trees: Path, columns: list[str], keys: list[str]
) -> None:
    survey = ap.load("grove", data_dir=trees, layout="per_band", columns=columns)
    assert list(survey.features) == keys
    row = survey.dataset("test")[0]
    assert list(row) == keys
    if "grove_image_g" in keys:
        assert set(row["grove_image_g"]) == {"image", "pixel_size", "filter", "units"}


def test_meaning_when_per_band_then_leaves_behind_the_keys(trees: Path) -> None:
    facts = ap.meaning(ap.load("grove", data_dir=trees, layout="per_band").dataset())
    assert facts["grove"]["columns"]["image.flux"]["unit"] == "nanomaggy"


def test_layout_when_config_is_wrong_then_error_before_any_layout(grove: Path) -> None:
    with pytest.raises(ConfigError):
        ap.load("grove", config="huge", layout="per_band")


def test_image_when_bands_differ_by_object_then_null_where_one_is_missing(
    grove: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = grove.read_text().replace("labels: [g, r]}", "labels: [g, r], subset: true}")
    (tmp_path / "subset.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("ASTROPILE_SCHEMAS", str(tmp_path / "subset.yaml"))
    bands = [["r", "g"], ["r"], [], ["g"]]
    flux = [np.full((len(b), 4, 4), [[[ord(x)]] for x in b] or 0.0).tolist() for b in bands]
    rows = {name: cells(4)[name].tolist() for name in ("ra", "dec", "is_star", "ebv", "g_mag")}
    rows |= {"object_id": list("abcd"), "r_mag": rows["g_mag"]}
    rows |= {name: cells(4)[name].tolist() for name in ("spectrum_lambda", "spectrum_flux")}
    rows |= {"image_band": bands, "image_flux": flux}
    rows["image_mask"] = [(np.array(f) < 0).tolist() for f in flux]
    rows["image_psf_fwhm"] = [[float(len(b))] * len(b) for b in bands]
    folder = tmp_path / "large" / "train"
    folder.mkdir(parents=True)
    pq.write_table(pa.table(rows), folder / "a.parquet")
    survey = ap.load("grove", config="large", data_dir=tmp_path, layout="per_band")
    found = ap.fast(survey.dataset())
    for key, has in (("g", [True, False, False, True]), ("r", [True, True, False, False])):
        planes = [row[f"grove_image_{key}"] for row in found]
        assert [plane is not None for plane in planes] == has
        assert all((p["image"] == ord(key)).all() for p in planes if p is not None)
    assert found[0]["grove_image_g"]["seeing"] == 2
