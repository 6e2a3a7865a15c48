"""What a survey is, as plain data; nothing is read but its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from astropile.schema import Report, bind_source, combinations
from astropile.vocabulary import load_filters

if TYPE_CHECKING:
    from astropile.schema import SurveySchema
    from astropile.schema.models import Band
    from astropile.survey import Survey


def survey_facts(survey: Survey) -> dict[str, Any]:
    """Return what there is to know about a survey without its data, ready for JSON."""
    schema, about = survey.schema, survey.schema.file.about
    return {
        "id": schema.id,
        **about.model_dump(exclude={"cite", "license", "unverified"}),
        "aliases": list(schema.file.aliases),
        "version": schema.file.version,
        "file": schema.document.name,
        "config": survey.config,
        "configs": configs(schema),
        "bands": [band_facts(name, band) for name, band in schema.file.bands.items()],
        "example": example(survey),
        "sources": [source_facts(schema, survey.config, s) for s in schema.sources(survey.config)],
        "license": about.license.model_dump(),
        "cite": list(about.cite),
        "unverified": list(about.unverified),
    }


def configs(schema: SurveySchema) -> list[dict[str, Any]]:
    """Return the configs in declared order."""
    default = schema.config_name(None)
    return [
        {
            "name": name,
            "default": name == default,
            "description": config.description,
            "release": config.release,
            "splits": list(schema.splits(name)),
            "rows": config.n_rows,
            "aliases": list(config.aliases),
            "deprecated": config.deprecated,
        }
        for name, config in schema.file.configs.items()
    ]


def band_facts(name: str, band: Band) -> dict[str, Any]:
    """Return the filters of a band with their pivot wavelengths in nm, None where unknown."""
    registry = load_filters()
    ids = band.filters or tuple(dict.fromkeys(band.cases.values()))
    return {
        "name": name,
        "filters": list(ids),
        "pivot_nm": [registry[key].pivot_nm if key in registry else None for key in ids],
        "by": band.by,
        "cases": dict(band.cases),
        "wavelength_nm": list(band.wavelength) if band.wavelength else None,
        "system": band.system,
        "note": band.note,
        "unverified": list(band.unverified),
    }


def example(survey: Survey) -> list[dict[str, Any]]:
    """Return the entries of an Example in order: columns, and blocks with their fields."""
    entries: dict[str, dict[str, Any]] = {}
    for address, leaf in survey.request.leaves.items():
        column = survey.columns[address]
        fact = {
            "name": leaf.name,
            "dtype": column.dtype,
            "axes": list(column.axes),
            "shape": list(column.shape),
            "unit": column.unit,
            "canonical": column.canonical,
            "template": leaf.template.removeprefix(f"{leaf.block}."),
            "variables": dict(leaf.variables),
        }
        block = survey.schema.blocks.get(leaf.block)
        if block is None or block.modality.flat:
            entries[leaf.name] = fact
            continue
        group = entries.setdefault(
            block.name,
            {
                "name": block.name,
                "kind": block.kind,
                "axes": list(block.axes),
                "shape": [block.length(axis) for axis in block.axes],
                "labels": {k: list(axis.labels) for k, axis in block.axes.items() if axis.labels},
                "fields": [],
            },
        )
        group["fields"].append(fact)
    return list(entries.values())


def source_facts(schema: SurveySchema, config: str, name: str) -> dict[str, Any]:
    """Return a source with the patterns of the files it expects below the data directory."""
    source = schema.file.sources[name]
    tables: dict[str, dict[str, Any]] = {}
    for text in schema.config(config).splits.values() or schema.splits(config):
        for variables in combinations(schema, config):
            report = Report(schema.document)
            bound = bind_source(schema, config, name, {**variables, "split": text}, report)
            for table in bound.tables.values():
                fact = tables.setdefault(
                    table.name, {"name": table.name, "format": table.model.format, "files": []}
                )
                if table.files and table.files not in fact["files"]:
                    fact["files"].append(table.files)
    return {
        "name": name,
        "description": source.description,
        "tables": list(tables.values()),
        "mirrors": list(source.mirrors),
        "note": source.note,
    }
