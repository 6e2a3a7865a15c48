"""Configs, splits, overrides, and what exists where."""

from __future__ import annotations

import re
from collections.abc import Iterator

from astropile.document import did_you_mean
from astropile.schema.models import Items
from astropile.schema.report import Loc, Report
from astropile.schema.survey_schema import SurveySchema, allows

#: Names that stand in paths and in lists of names.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


def check_configs(schema: SurveySchema, report: Report) -> None:
    """Check every config and every ``only``."""
    configs = schema.file.configs
    _check_default(schema, report)
    _check_config_names(schema, report)
    for name, config in configs.items():
        loc: Loc = ("configs", name)
        if not any(allows(s.only, name) for s in schema.file.sources.values()):
            report.add("config", f"no source serves config {name}", loc, key=True)
        for split, text in config.splits.items():
            place = (*loc, "splits", split)
            if not _NAME.fullmatch(split):
                report.add("split", f"'{split}' is not a name of a split", place, key=True)
            if list(config.splits.values()).index(text) != list(config.splits).index(split):
                report.add("split", f"'{text}' is given twice", place)
        _check_override(schema, name, report)
    for only, loc in _all_only(schema):
        for number, pattern in enumerate(only):
            if not any(allows((pattern,), name) for name in configs):
                help_text = did_you_mean(pattern, configs) or f"configs: {', '.join(configs)}"
                message = f"'{pattern}' is no config"
                if pattern.endswith("*"):
                    message = f"no config begins with '{pattern[:-1]}'"
                report.add("only", message, (*loc, "only", number), help=help_text)


def _check_default(schema: SurveySchema, report: Report) -> None:
    configs = schema.file.configs
    defaults = [name for name, config in configs.items() if config.default]
    if not defaults and len(configs) > 1:
        help_text = f"add default: true to one of {', '.join(configs)}"
        report.add("default", "no config is the default", ("configs",), key=True, help=help_text)
    for name in defaults[1:]:
        message = f"config {defaults[0]} is the default already"
        report.add("default", message, ("configs", name, "default"), key=True)


def _check_config_names(schema: SurveySchema, report: Report) -> None:
    owners: dict[str, str] = {}
    for name, config in schema.file.configs.items():
        names: list[tuple[str, Loc, bool]] = [(name, ("configs", name), True)]
        names += [(a, ("configs", name, "aliases", n), False) for n, a in enumerate(config.aliases)]
        for text, loc, is_key in names:
            if not _NAME.fullmatch(text):
                message = f"'{text}' is not a name of letters, digits and _ . + -"
                report.add("name", message, loc, key=is_key)
            # An alias may not even equal a config that is declared later.
            if text in owners or (not is_key and text in schema.file.configs):
                message = f"'{text}' also means config {owners.get(text, text)}"
                report.add("config", message, loc, key=is_key)
            owners.setdefault(text, name)


def _check_override(schema: SurveySchema, name: str, report: Report) -> None:
    existing = schema.leaves_of(name)
    for key, override in schema.file.configs[name].override.items():
        loc = ("configs", name, "override", key)
        addresses = schema.addresses.get(key, ())
        if not addresses:
            help_text = did_you_mean(key, schema.addresses)
            report.add("leaf", f"'{key}' is not a leaf", loc, key=True, help=help_text)
        elif not any(address in existing for address in addresses):
            message = f"'{key}' does not exist in config {name}"
            report.add("override", message, loc, key=True)
        if not override.model_fields_set:
            report.add("override", "nothing is overridden", loc, key=True)


def _all_only(schema: SurveySchema) -> Iterator[tuple[Items[str], Loc]]:
    file = schema.file
    for key, field in file.columns.items():
        yield field.only, ("columns", key)
    for block, modality in file.modalities.items():
        yield modality.only, ("modalities", block)
        for key, field in modality.fields.items():
            yield field.only, ("modalities", block, "fields", key)
    for key, source in file.sources.items():
        yield source.only, ("sources", key)
