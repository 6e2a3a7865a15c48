"""Leaves of a survey: templates, axes, object, configs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astropile.errors import ConfigError, SchemaError
from astropile.schema import SurveySchema, parse_schema, read_schema


def test_leaves_when_expanded_then_object_columns_modalities_in_order(schema: SurveySchema) -> None:
    """The last template variable runs fastest."""
    leaves = list(schema.leaves)
    assert leaves[:3] == ["object_id", "ra", "dec"]
    assert leaves[3:8] == ["tile", "number", "side", "g_mag", "r_mag"]
    assert leaves[-3:] == ["lightcurve.band", "lightcurve.time", "lightcurve.mag"]


def test_template_when_expanded_then_all_text_is_filled(schema: SurveySchema) -> None:
    """Key, description, meaning and formula."""
    leaf = schema.leaves["r_dered"]
    assert leaf.template == "{band}_dered"
    assert leaf.canonical == "mag_cmodel_r_dered"
    assert leaf.derived == "r_mag - a_r"
    assert leaf.field.description == "Magnitude in r, corrected for extinction."
    assert schema.leaves["moment_22"].canonical == "moment_source_yy_g"
    assert schema.addresses["{band}_mag"] == ("g_mag", "r_mag")


@pytest.mark.parametrize(
    ("address", "axes"),
    [
        ("image.flux", ("band", "y", "x")),
        ("image.psf_fwhm", ("band",)),
        ("spectrum.ivar", ("pixel",)),
        ("lightcurve.mag", ("epoch",)),
        ("ra", ()),
    ],
)
def test_axes_when_not_written_then_those_of_the_role(
    schema: SurveySchema, address: str, axes: tuple[str, ...]
) -> None:
    """A role knows its axes."""
    assert schema.leaves[address].axes == axes


def test_axes_when_the_block_lacks_one_then_left_out(change: Callable[..., str]) -> None:
    """An image of one band has planes without a band axis."""
    pairs = {
        "axes: {band: {labels: [g, r]}, y": "axes: {y",
        "      band: {dtype: string, description: Band of each plane.}\n": "",
        "      image.band: lookup(image_band, token)\n": "",
        "      image.band: \"['g', 'r']\"\n": "",
    }
    leaves = parse_schema(change(pairs)).leaves
    assert leaves["image.flux"].axes == ("y", "x")
    assert leaves["image.psf_fwhm"].axes == ()


def test_axes_when_ragged_then_without_length(schema: SurveySchema) -> None:
    """Sizes and labels give a length."""
    image, spectrum = schema.blocks["image"], schema.blocks["spectrum"]
    assert [image.length(axis) for axis in ("band", "y", "x")] == [2, 8, 8]
    assert spectrum.is_ragged("pixel")
    assert spectrum.length("pixel") is None


def test_axis_when_subset_then_ragged(change: Callable[..., str]) -> None:
    """An object may lack labels."""
    text = change({"labels: [g, r]}, y": "labels: [g, r], subset: true}, y"})
    assert parse_schema(text).blocks["image"].is_ragged("band")


def test_object_when_columns_have_its_names_then_emitted_once(schema: SurveySchema) -> None:
    """`ra` is a stored column; the id is computed and has no column of its own."""
    assert [schema.leaves[name].derived for name in ("object_id", "ra", "dec")] == [
        "join('-', tile, number)", "", "",
    ]  # fmt: skip
    assert schema.leaves["object_id"].field.dtype == "string"
    assert schema.leaves["ra"].canonical == "ra"


def test_object_when_columns_have_other_names_then_both_and_one_canonical(change: Any) -> None:
    """The object owns the canonical names and none of the aliases."""
    pairs = {
        "\"join('-', tile, number)\", ra: ra,": "number, ra: lon,",
        "  ra: {dtype: float64,": "  lon: {aliases: [RA2000], dtype: float64,",
        "  number: {dtype: int64,": "  number: {dtype: int64, is: {quantity: object_id},",
    }
    leaves = parse_schema(change(pairs)).leaves
    assert leaves["ra"].derived == "lon"
    assert (leaves["ra"].canonical, leaves["lon"].canonical) == ("ra", "")
    assert (leaves["ra"].field.aliases, leaves["lon"].field.aliases) == ((), ("RA2000",))
    assert (leaves["object_id"].canonical, leaves["number"].canonical) == ("object_id", "")
    assert (leaves["object_id"].field.dtype, leaves["number"].field.dtype) == ("string", "int64")


def test_configs_when_asked_then_only_and_override_apply(schema: SurveySchema) -> None:
    """A config changes attributes, never structure."""
    wide, deep = schema.leaves_of(None), schema.leaves_of("ultradeep")
    assert "depth" not in wide
    assert "depth" in deep
    assert (wide["g_mag"].field.max, deep["g_mag"].field.max) == (40, 42)
    assert deep["image.flux"].field.description == "Deeper image."
    assert deep["image.flux"].field.unit == "nanomaggy"
    assert list(schema.sources("wide")) == ["columnar"]
    assert (schema.splits("wide"), schema.splits("deep")) == (("train", "test"), ("train",))


def test_override_when_it_changes_the_meaning_then_the_name_follows(change: Any) -> None:
    """A template's override is filled; an expanded name wins over it."""
    pairs = {
        '"{band}_mag": {max: 42}': '"{band}_mag": {is: {quantity: mag, estimator: psf, band: '
        '"{band}"}, description: "PSF, {band}."}, r_mag: {max: 43}'
    }
    deep = parse_schema(change(pairs)).leaves_of("deep")
    assert (deep["g_mag"].canonical, deep["r_mag"].canonical) == ("mag_psf_g", "mag_psf_r")
    assert deep["g_mag"].field.description == "PSF, g."
    assert (deep["g_mag"].field.max, deep["r_mag"].field.max) == (40, 43)


def test_config_when_unknown_then_the_error_lists_them(schema: SurveySchema) -> None:
    """With a suggestion."""
    with pytest.raises(ConfigError, match="wide, deep") as caught:
        schema.config("deeep")
    assert "deep" in caught.value.hint


def test_digest_when_only_the_layout_differs_then_the_same(meadow: str, change: Any) -> None:
    """Comments and order of writing are no content; a number is."""
    digest = parse_schema(meadow).digest
    assert parse_schema(f"# more\n{meadow}").digest == digest
    assert parse_schema(change({"min: 5": "min: 6"})).digest != digest


def test_read_schema_when_the_file_is_missing_then_a_schema_error(tmp_path: Path) -> None:
    """No bare library exception."""
    with pytest.raises(SchemaError, match="no such file"):
        read_schema(tmp_path / "none.yaml")


def test_read_schema_when_the_file_changes_then_read_again(tmp_path: Path, meadow: str) -> None:
    """The cache knows size and time."""
    path = tmp_path / "meadow.yaml"
    path.write_text(meadow, encoding="utf-8")
    first = read_schema(path)
    assert read_schema(path) is first
    path.write_text(meadow.replace("Meadow Survey", "Meadow Survey 2"), encoding="utf-8")
    assert read_schema(path).title == "Meadow Survey 2"
