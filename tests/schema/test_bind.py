"""Which expression over which cells gives which leaf."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from astropile.errors import SchemaError
from astropile.schema import (
    BoundSource,
    Report,
    SurveySchema,
    bind_source,
    combinations,
    parse_schema,
)

Bind = Callable[..., BoundSource]


def bind(schema: SurveySchema, config: str, source: str, number: int = 0) -> BoundSource:
    """Bind one combination of a config."""
    report = Report(schema.document)
    variables = list(combinations(schema, config))[number]
    bound = bind_source(schema, config, source, {**variables, "split": "s"}, report)
    report.finish()
    return bound


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("number", "number"),  # the cell of its own name
        ("image.flux", "image_flux"),  # by the pattern of `names`
        ("tile", "path.region"),  # by its name
        ("g_mag", "mags[0]"),  # by its template
        ("r_mag", "null_if(mag_of_r, 0)"),  # the expanded name wins over the template
    ],
)
def test_value_when_bound_then_by_name_template_or_cell(
    schema: SurveySchema, address: str, text: str
) -> None:
    """Three ways, in this order."""
    assert bind(schema, "wide", "columnar").values[address].text == text


def test_value_when_no_pattern_then_block_and_field(schema: SurveySchema) -> None:
    """The default suits structs of Parquet and groups of HDF5."""
    assert bind(schema, "deep", "raw").values["ra"].expr.text == "ra"  # type: ignore[union-attr]
    text = bind(schema, "deep", "raw").values
    assert text["image.flux"].text == "stack(calexp_g.hdu1, calexp_r.hdu1)"


def test_value_when_the_block_is_flat_then_the_cell_of_the_field(change: Any) -> None:
    """`names` does not prefix it."""
    text = change({"    frame: barycentric\n": "    frame: barycentric\n    flat: true\n"})
    assert bind(parse_schema(text), "wide", "columnar").values["spectrum.flux"].text == "flux"


def test_value_when_absent_or_derived_then_not_bound(schema: SurveySchema) -> None:
    """Formulas and the object's id are computed from leaves."""
    bound = bind(schema, "wide", "columnar")
    assert bound.absent == {"Z"}
    assert not {"Z", "g_dered", "object_id", "flags_bad", "depth"} & set(bound.values)
    assert bound.lossy == {"observed": "float32"}


def test_block_when_named_as_absent_then_all_of_its_leaves_are(change: Any) -> None:
    """A source without spectra need not list their fields."""
    text = change({"    absent: [Z]\n": "    absent: [Z, spectrum, lightcurve]\n"})
    bound = bind(parse_schema(text), "wide", "columnar")
    spectrum = {f"spectrum.{field}" for field in ("lambda", "flux", "ivar")}
    assert bound.absent >= {"Z", "lightcurve.mag", *spectrum}
    assert not spectrum & set(bound.values)
    with pytest.raises(SchemaError, match="'spektrum' is not a leaf"):
        parse_schema(change({"    absent: [Z]\n": "    absent: [spektrum]\n"}))


def test_tables_when_templates_then_one_for_each_with_filled_text(schema: SurveySchema) -> None:
    """Config variables and template variables are filled; expressions stay."""
    bound = bind(schema, "deep", "raw", 1)
    assert list(bound.tables) == ["cat", "spec", "calexp_g", "calexp_r", "visits"]
    assert bound.main.files == "cat/west.fits"
    assert bound.tables["calexp_r"].files == "calexp-R-{tile}.fits"
    assert bound.tables["visits"].on["id"].text == "number"
    assert [table.is_attached for table in bound.tables.values()] == [False, True, True, True, True]


def test_table_when_a_template_then_its_options_are_filled_too(change: Any) -> None:
    """Not the path alone."""
    text = change(
        {"        rows: cutout\n": '        rows: cutout\n        hdu: "IMG_{band|upper}"\n'}
    )
    bound = bind(parse_schema(text), "deep", "raw")
    assert bound.tables["calexp_g"].model.hdu == "IMG_G"


def test_over_when_two_blocks_have_the_axis_then_the_labels_of_the_own_one(change: Any) -> None:
    """The band axis of another block does not count."""
    other = (
        "  other:\n    kind: image\n    axes: {band: {labels: [w]}, y: {size: 2}, x: {size: 2}}\n"
    )
    field = "    fields:\n      flux: {dtype: float32, description: Other.}\n"
    pairs = {
        "sources:\n": f"{other}{field}sources:\n",
        "      spectrum.flux: spec.flux\n": "      spectrum.flux: spec.flux\n"
        "      other.flux: over(band, spec.{band})\n",
    }
    bound = bind(parse_schema(change(pairs)), "deep", "raw")
    assert bound.values["other.flux"].text == "stack(spec.w)"
    assert bound.values["image.flux"].text == "stack(calexp_g.hdu1, calexp_r.hdu1)"


def test_keep_when_bound_then_by_block_and_axis(schema: SurveySchema) -> None:
    """Two axes, two predicates."""
    keep = bind(schema, "wide", "columnar").keep
    assert list(keep) == [("spectrum", "pixel"), ("lightcurve", "epoch")]


def test_combinations_when_for_then_all_with_the_config(schema: SurveySchema) -> None:
    """In order."""
    assert list(combinations(schema, "deep")) == [
        {"half": "east", "config": "deep"},
        {"half": "west", "config": "deep"},
    ]
    assert list(combinations(schema, "wide")) == [{"config": "wide"}]
