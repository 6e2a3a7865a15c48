"""Parts of a survey's page: configs, files, bands, the Example, and how to credit it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from astropile.schema import BoundTable, Report, Source, bind_source, combinations
from astropile.schema.facts import filters_of
from astropile.schema.models import Band
from astropile.site.facts import ColumnFacts, Site, SurveyFacts
from astropile.site.links import filter_link, up
from astropile.site.markup import (
    badge,
    code,
    codes,
    facts,
    link,
    listing,
    muted,
    outside,
    prose,
    raw,
    table,
    text,
    unverified,
)
from astropile.site.wavelengths import Bar, bar_of, draw

__all__ = ["bands", "configs", "example", "sources", "summary"]

_ROWS: Final = {
    "axis": "one entry of every array",
    "file": "one file",
    "group": "one group of the file",
    "cutout": "one window of an image",
    "channel": "one image of the file",
}


def summary(survey: SurveyFacts) -> str:
    """Return who made the survey, and how large its description is."""
    schema, about = survey.schema, survey.schema.file.about
    blocks = [
        link(f"#group-{name}", code(name)) + f" ({text(block.kind)})"
        for name, block in schema.blocks.items()
    ]
    simulated = badge("simulated: nothing here was observed") if about.simulated else ""
    marks = unverified(about.unverified)
    lead = f'<p class="ap-lead">{prose(about.description)} {simulated} {marks}</p>'
    return raw(
        lead
        + facts(
            [
                ("facility", text(about.facility)),
                ("instrument", text(about.instrument)),
                ("home page", outside(about.homepage) if about.homepage else ""),
                ("name in astropile", codes((schema.id, *schema.file.aliases))),
                ("class", code(f"astropile.datasets.{about.name}")),
                ("modalities", ", ".join(blocks) or "catalogue only"),
                ("columns", _columns_link(survey)),
                ("version of its YAML", text(schema.file.version)),
            ]
        )
    )


def _columns_link(survey: SurveyFacts) -> str:
    search = link(up(f"columns.html?survey={survey.id}"), "search them")
    return f"{len(survey.columns)} ({search})"


def configs(survey: SurveyFacts) -> str:
    """Return the configs with their splits as a table."""
    schema = survey.schema
    default = schema.config_name(None)
    rows = []
    for name, config in schema.file.configs.items():
        marks = [badge("default")] if name == default else []
        marks += [badge(f"deprecated: {config.deprecated}", "warn")] if config.deprecated else []
        also = muted(f"also {', '.join(config.aliases)}") if config.aliases else ""
        rows.append(
            (
                " ".join(filter(None, (code(name), *marks, also))),
                prose(config.description),
                text(config.release),
                codes(schema.splits(name)),
                "" if config.n_rows is None else f"{config.n_rows:,}",
                codes(schema.sources(name)),
            )
        )
    header = ("Config", "What it is", "Release", "Splits", "Objects", "Sources")
    return raw(table(header, rows))


def sources(survey: SurveyFacts) -> Iterator[str]:
    """Yield the sources with the paths of the files that each expects below ``data_dir``."""
    schema = survey.schema
    for name, source in schema.file.sources.items():
        served = [c for c in schema.file.configs if name in schema.sources(c)]
        yield f"### Source `{name}`\n"
        absent = [code(leaf) for leaf in source.absent]
        lossy = [f"{code(leaf)} as {text(dtype)}" for leaf, dtype in source.lossy.items()]
        pairs = [
            ("serves", listing([code(c) for c in served], of="configs")),
            ("split by", code(source.split_by) if source.split_by else ""),
            ("lacks", listing(absent, of="columns")),
            ("less precise", listing(lossy, of="columns")),
            ("to be had at", ", ".join(map(outside, source.mirrors))),
            ("note", prose(source.note)),
        ]
        header = ("Table", "Files below data_dir", "Format", "A row is")
        shown = table(header, _tables(survey, name, source, served))
        yield raw(f"<p>{prose(source.description)}</p>\n{shown}{facts(pairs)}")


def _tables(
    survey: SurveyFacts, name: str, source: Source, served: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table of files; an example has the holes that a config fills."""
    schema = survey.schema
    default = schema.config_name(None)
    config = default if default in served else next(iter(served), "")
    bound: dict[str, BoundTable] = {}
    if config:
        variables = next(combinations(schema, config), {"config": config})
        bound.update(bind_source(schema, config, name, variables, Report(schema.document)).tables)
    for key, model in source.tables.items():
        if not model.files:
            made = f"stack of {', '.join(model.stack)}" if model.stack else model.transform
            yield code(key), text(made), muted("computed"), muted("as its inputs")
            continue
        files = code(model.files)
        if key in bound and bound[key].files != model.files:
            files += f'<br><span class="ap-muted">such as {code(bound[key].files)}</span>'
        row = text(_ROWS[model.rows])
        if model.on:
            row += f"; joined on {codes(model.on)}"
        yield code(key), files, text(model.format), row


def bands(survey: SurveyFacts, site: Site) -> str:
    """Return the bands with their filters, drawn and as a table."""
    bars, rows = [], []
    for token, band in survey.schema.file.bands.items():
        names = filters_of(band)
        drawn = [
            bar_of(_label(token, name, len(names)), name, site.filters.get(name)) for name in names
        ]
        if band.wavelength and not drawn:
            low, high = band.wavelength
            drawn = [Bar(token, token, (low, high), None)]
        bars += drawn
        pivots = [f"{bar.pivot_nm:g}" if bar.pivot_nm else "not known" for bar in drawn]
        spans = [f"{b.range_nm[0]:g} to {b.range_nm[1]:g}" for b in drawn if b.range_nm]
        rows.append(
            (
                code(token),
                _filters(band, site) or muted("none registered"),
                "<br>".join(map(text, pivots)),
                "<br>".join(map(text, spans)),
                text(band.system),
                _remarks(band),
            )
        )
    header = ("Band", "Filters", "Pivot (nm)", "Half maximum (nm)", "System", "Remarks")
    return raw(draw(bars, f"Wavelengths of the bands of {survey.name}") + table(header, rows))


def _label(token: str, name: str, count: int) -> str:
    """Return what stands beside a bar: the band, and its filter where it has several."""
    return token if count == 1 else f"{token}: {name.rpartition('/')[2]}"


def _filters(band: Band, site: Site) -> str:
    if band.cases:
        cases = (f"{code(value)}: {filter_link(name, site)}" for value, name in band.cases.items())
        return "<br>".join(cases)
    return "<br>".join(filter_link(name, site) for name in band.filters)


def _remarks(band: Band) -> str:
    parts = [prose(band.note)]
    if band.by:
        parts.append(f"{code(band.by)} decides which filter a row has.")
    elif len(band.filters) > 1:
        parts.append("Measured through a mix of these filters.")
    parts.append(unverified(band.unverified))
    return " ".join(filter(None, parts))


def example(survey: SurveyFacts) -> str:
    """Return the structure of an Example as a tree; a family of columns is one branch."""
    top: list[str] = []
    blocks: dict[str, list[str]] = {}
    for family in _families(survey):
        leaf = family[0].leaf
        block = survey.schema.blocks.get(leaf.block)
        if block is None or block.modality.flat:
            top.append(_branch(family))
        else:
            blocks.setdefault(leaf.block, []).append(_branch(family))
    for name, branches in blocks.items():
        block = survey.schema.blocks[name]
        axes = ", ".join(_axis(survey, name, axis) for axis in block.axes)
        shape = f" {text(block.kind)}" + (f" over {axes}" if axes else "")
        head = f"{link(f'#group-{name}', code(name))}<span>{shape}</span>"
        top.append(f"<li>{head}<ul>{''.join(branches)}</ul></li>")
    return raw(f'<ul class="ap-tree">{"".join(top)}</ul>')


def _families(survey: SurveyFacts) -> list[list[ColumnFacts]]:
    """Return the columns, those that one template makes together."""
    found: dict[str, list[ColumnFacts]] = {}
    for facts_ in survey.columns.values():
        found.setdefault(facts_.leaf.template, []).append(facts_)
    return list(found.values())


def _branch(family: Sequence[ColumnFacts]) -> str:
    first = family[0]
    leaf = first.leaf
    name = leaf.template.removeprefix(f"{leaf.block}.") if leaf.variables else leaf.name
    kind = code(first.column.type)
    more = ""
    if leaf.variables:
        values = [
            f"{key} = {' '.join(dict.fromkeys(f.leaf.variables[key] for f in family))}"
            for key in leaf.variables
        ]
        more = " " + muted(f"× {len(family)}: {'; '.join(values)}")
    return f"<li>{link(f'#{first.anchor}', code(name))} {kind}{more}</li>"


def _axis(survey: SurveyFacts, block: str, axis: str) -> str:
    found = survey.schema.blocks[block]
    length = found.length(axis)
    labels = found.axes[axis].labels
    shown = f"{axis} ({'*' if length is None else length})"
    return text(f"{shown[:-1]}: {' '.join(labels)})" if labels else shown)
