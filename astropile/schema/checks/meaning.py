"""What columns mean: quantities, qualifiers, units."""

from __future__ import annotations

from collections.abc import Mapping

from astropile.document import did_you_mean
from astropile.schema.checks.units import is_known_unit
from astropile.schema.leaves import Leaf
from astropile.schema.report import Report
from astropile.schema.survey_schema import OBJECT_LEAVES, SurveySchema
from astropile.vocabulary import Vocabulary, load_vocabulary


def check_meaning(schema: SurveySchema, report: Report) -> None:
    """Check the meaning and the unit of every leaf, and of what configs override."""
    for leaf in schema.leaves.values():
        if leaf.loc[0] != "object":
            _check_leaf(leaf, schema, report)
    for name, config in schema.file.configs.items():
        if not config.override:
            continue
        leaves = schema.leaves_of(name)
        for key, override in config.override.items():
            if {"unit", "is_"} & override.model_fields_set:
                loc = ("configs", name, "override", key)
                for address in schema.addresses.get(key, ()):
                    if address in leaves:
                        _check_leaf(leaves[address], schema, report, at=loc)
    _check_defaults(schema, report)


def _check_leaf(
    leaf: Leaf, schema: SurveySchema, report: Report, at: tuple[str | int, ...] | None = None
) -> None:
    loc = leaf.loc if at is None else at
    vocabulary = load_vocabulary()
    meaning = leaf.field.is_
    if any("{" in text for text in (leaf.field.unit, *meaning.values())):
        return  # a hole that nothing fills is told elsewhere
    faults = vocabulary.check(meaning, bands=schema.bands) if meaning else []
    for fault in faults:
        is_written = fault.key in meaning
        place = (*loc, "is", fault.key) if is_written else (*loc, "is")
        report.add(fault.code, fault.message, place, key=not is_written, help=fault.help, once=True)
    if not is_known_unit(leaf.field.unit, (*loc, "unit"), report) or not meaning or faults:
        return
    if leaf.field.dtype in ("string", "bool") or leaf.address in OBJECT_LEAVES[:1]:
        return
    if not leaf.field.unit and "unit" in leaf.field.unverified:
        return  # nobody knows it; the report of unverified keys says so
    if _is_plain(vocabulary, meaning, leaf.field.unit):
        return
    for fault in vocabulary.check_unit(meaning, leaf.field.unit):
        place = (*loc, "unit")
        is_written = bool(leaf.field.unit)
        report.add(
            "unit", fault.message, place if is_written else loc, key=not is_written,
            help=fault.help, once=True,
        )  # fmt: skip


def _is_plain(vocabulary: Vocabulary, meaning: Mapping[str, str], unit: str) -> bool:
    """Whether a unit is written as the vocabulary writes it, so that nothing need be computed."""
    quantity = vocabulary.quantities[meaning["quantity"]]
    kinds = {
        value.unit
        for key, word in meaning.items()
        if key in vocabulary.qualifiers
        and (value := vocabulary.qualifiers[key].value(word)) is not None
    } - {"value"}
    if kinds == {"difference"}:
        return unit in quantity.units and "(" not in unit
    return not kinds and unit in quantity.units


def _check_defaults(schema: SurveySchema, report: Report) -> None:
    """Check what a partial name means on request: qualifiers with legal values."""
    vocabulary = load_vocabulary()
    for key, word in schema.file.defaults.items():
        loc = ("defaults", key)
        qualifier = vocabulary.qualifiers.get(key)
        if qualifier is None:
            help_text = did_you_mean(key, vocabulary.qualifiers)
            report.add("defaults", f"'{key}' is not a qualifier", loc, key=True, help=help_text)
        elif qualifier.source == "bands" and word not in schema.bands:
            help_text = did_you_mean(word, schema.bands)
            report.add("defaults", f"'{word}' is not a band", loc, help=help_text)
        elif qualifier.source == "values" and qualifier.value(word) is None:
            help_text = did_you_mean(word, qualifier.values)
            report.add("defaults", f"'{word}' is not a value of {key}", loc, help=help_text)
