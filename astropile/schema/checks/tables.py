"""Tables: origin, files, and how they are attached to the main table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice

from astropile.document import did_you_mean
from astropile.expression import Expr, ExpressionError, Name
from astropile.expression import names as names_in
from astropile.schema.bind import BoundSource, BoundTable
from astropile.schema.checks import paths
from astropile.schema.checks.cells import CellScope
from astropile.schema.checks.expressions import check_predicate
from astropile.schema.checks.formats import OPTIONS, check_format
from astropile.schema.checks.templates import MAX_EXPANSIONS
from astropile.schema.checks.transforms import check_inputs, check_written_transform
from astropile.schema.models import Source, Table
from astropile.schema.report import Loc, Report
from astropile.schema.survey_schema import SurveySchema

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ORIGINS = ("files", "stack", "transform")
_OF_FILES = ("format", "rows", "cutout", "each", *OPTIONS)
_ATTACH = ("on", "row", "range")


def check_written_tables(source: Source, loc: Loc, report: Report) -> None:
    """Check what can be said of the tables of a source before any hole is filled."""
    for number, (name, table) in enumerate(source.tables.items()):
        place: Loc = (*loc, "tables", name)
        _check_origin(table, place, report)
        if table.files and table.format:
            check_format(table, place, report)
        _check_cutout(table, place, report)
        _check_attachment(table, place, report, is_main=number == 0)


def _check_origin(table: Table, loc: Loc, report: Report) -> None:
    origins = [key for key in _ORIGINS if getattr(table, key)]
    if len(origins) != 1:
        found = " and ".join(origins) if origins else "none"
        message = f"a table comes from files, from stack or from a transform; this has {found}"
        report.add("origin", message, loc, key=True)
        return
    if table.files and not table.format:
        report.add("format", "the files have no format", loc, key=True, help="add format: ...")
    elsewhere: list[str] = []
    if not table.files:
        elsewhere += [key for key in _OF_FILES if key in table.model_fields_set]
    if not table.transform:
        elsewhere += [key for key in ("inputs", "params") if key in table.model_fields_set]
    for key in elsewhere:
        report.add("origin", f"{key} has no meaning for {origins[0]}", (*loc, key), key=True)
    if table.transform:
        check_written_transform(table, loc, report)


def _check_cutout(table: Table, loc: Loc, report: Report) -> None:
    if (table.rows == "cutout") != (table.cutout is not None):
        message = "rows: cutout and cutout: {ra, dec, size, edge} belong together"
        report.add("cutout", message, loc, key=True)
    if table.cutout is None:
        return
    if not table.each:
        message = "a cut-out is taken from the image of each row"
        report.add("cutout", message, loc, key=True, help="add each: true")
    for key in _ATTACH if table.each else ():
        if getattr(table, key):
            message = f"a window is found by its position, so a cut-out takes no {key}"
            report.add("cutout", message, (*loc, key), key=True)
    for number, size in enumerate(table.cutout.size):
        if size < 1:
            message = f"expected at least 1 pixel, got {size}"
            report.add("cutout", message, (*loc, "cutout", "size", number))


def _check_attachment(table: Table, loc: Loc, report: Report, *, is_main: bool) -> None:
    ways = [key for key in _ATTACH if getattr(table, key)]
    if is_main:
        given = [*ways, *(key for key in ("each", "unmatched") if key in table.model_fields_set)]
        for key in given:
            message = f"the first table is the main one: it is attached to nothing, so no {key}"
            report.add("attach", message, (*loc, key), key=True)
        if table.transform:
            report.add("attach", "a transform cannot be the main table", loc, key=True)
        if table.for_:
            report.add("attach", "the main table cannot be a template", loc, key=True)
        return
    if len(ways) > 1:
        message = f"a table is attached in one way, not by {' and '.join(ways)}"
        report.add("attach", message, loc, key=True)
    if table.transform and (ways or "unmatched" in table.model_fields_set):
        message = "a transform has the rows of the main table; it is not attached"
        report.add("attach", message, loc, key=True)
    elif "unmatched" in table.model_fields_set and not ways and not table.each:
        report.add("attach", "unmatched is for attached tables", (*loc, "unmatched"), key=True)


def check_bound_tables(
    source: BoundSource, scope: CellScope, variables: list[str], report: Report
) -> None:
    """Check the tables of a source with all holes of one combination filled."""
    stacked = {part for table in source.tables.values() for part in table.model.stack}
    for number, (name, table) in enumerate(source.tables.items()):
        if not _NAME.fullmatch(name) or name == "path":
            message = f"'{name}' cannot be the name of a table"
            help_text = "letters, digits and _ make a name; path is reserved"
            report.add("name", message, table.loc, key=True, help=help_text, once=True)
        if table.files:
            _check_files(table, scope, variables, report)
        _check_stack(table, source, report)
        is_loose = not (number == 0 or table.is_attached or table.model.transform)
        if is_loose and name not in stacked:
            message = f"table {name} is attached to nothing"
            help_text = "add on: {cell: expression over main}, row:, range: or each: true"
            report.add("attach", message, table.loc, key=True, help=help_text, once=True)
        _check_rows(table, source, scope, report)


def _check_files(table: BoundTable, scope: CellScope, variables: list[str], report: Report) -> None:
    loc: Loc = (*table.loc, "files")
    found = paths.path_holes(table.files, loc, report)
    paths.check_captures(table.files, found, loc, report, is_each=table.model.each)
    for hole in found:
        if hole.expression in variables:
            continue  # why it was not filled was told when it was tried
        if not table.model.each:
            paths.report_unfilled(hole, table.files, variables, loc, report)
            continue
        expr = paths.hole_expression(hole, table.files, loc, report)
        if expr is not None:
            scope.check(expr, hole.expression, loc, report)
            _check_order(table, scope.source, names_in(expr), report)


def check_paths(schema: SurveySchema, name: str, report: Report) -> None:
    """Check every path of a source, with the holes of every config it serves filled.

    All combinations are tried, since any value of a variable or lookup could lead elsewhere.
    """
    for key, table in schema.file.sources[name].tables.items():
        loc: Loc = ("sources", name, "tables", key, "files")
        seen: set[str] = set()
        for config in schema.file.configs:
            if table.files and name in schema.sources(config):
                for path in _filled_paths(schema, config, table):
                    if path not in seen:
                        seen.add(path)
                        paths.check_pattern(path, loc, report)


def _filled_paths(schema: SurveySchema, config: str, table: Table) -> Iterator[str]:
    """Yield the paths of a table with its own, the config's and the split's holes filled."""
    model, templates = schema.file.configs[config], schema.templates
    for_ = {**model.for_, **table.for_, "config": (config,)}
    if model.splits:
        for_["split"] = tuple(model.splits.values())
    for_ = {variable: values for variable, values in for_.items() if f"{{{variable}" in table.files}
    for variables in islice(templates.combinations(for_), MAX_EXPANSIONS):
        with suppress(ExpressionError):  # reported where the table is bound
            yield templates.filler(variables, for_)(table.files)


def _check_stack(table: BoundTable, source: BoundSource, report: Report) -> None:
    names = list(source.tables)
    for number, part in enumerate(table.model.stack):
        loc = (*table.loc, "stack", number)
        if part == table.name:
            report.add("stack", "a table cannot be stacked on itself", loc)
        elif part not in names:
            help_text = did_you_mean(part, names) or f"tables: {', '.join(names)}"
            report.add("stack", f"'{part}' is not a table", loc, help=help_text)
        elif table.files:
            continue  # two origins, which was told
        elif not source.tables[part].files or source.tables[part].is_attached:
            message = f"'{part}' cannot be stacked: it is no table of files alone"
            help_text = "a part has files, format and where; the stack says how it is attached"
            report.add("stack", message, loc, help=help_text, once=True)
        elif table is source.main:
            model = source.tables[part].model
            for key in ("sort", "unique", "group"):
                if getattr(model, key):
                    message = f"{key} of the objects is said by the table that stacks them"
                    place = (*source.tables[part].loc, key)
                    report.add("stack", message, place, key=True, once=True)


def _check_order(table: BoundTable, source: BoundSource, used: list[Name], report: Report) -> None:
    """Check that a table uses cells of tables before it: they are attached in declared order."""
    names = list(source.tables)
    late = names[names.index(table.name) :]
    for name in used:
        first = name.parts[0]
        if first in late and len(name.parts) > 1 and first != source.main.name:
            message = f"table {table.name} uses '{name.text}', but {first} is attached later"
            help_text = "tables are attached in the order in which they are written"
            if first == table.name:
                message = f"table {table.name} uses its own cell '{name.text}' to be attached"
                help_text = "cells of main, of tables before it and path. say what belongs to a row"
            report.add("attach", message, table.loc, key=True, help=help_text, once=True)


def _check_rows(table: BoundTable, source: BoundSource, scope: CellScope, report: Report) -> None:
    """Check filters, orders and keys: over this table's cells, or over the main row."""
    own = scope.of_table(table)
    if table.where is not None:
        own.check(table.where.expr, table.where.text, table.where.loc, report)
        check_predicate(table.where.expr, "where", table.where.text, table.where.loc, report)
    keys: Mapping[str, tuple[str, ...]] = {
        key: getattr(table.model, key) for key in ("sort", "unique", "group")
    }
    for key, texts in keys.items():
        for number, text in enumerate(texts):
            loc = (*table.loc, key, number)
            expr = report.parse(text.removeprefix("-") if key == "sort" else text, loc)
            if expr is not None:
                own.check(expr, text, loc, report)
    over_main: list[tuple[Expr, str, Loc]] = [
        (value.expr, value.text, value.loc)
        for value in (*table.on.values(), table.row, *(table.range or ()))
        if value is not None
    ]
    for expr, text, loc in over_main:
        scope.check(expr, text, loc, report)
    _check_order(table, source, [n for expr, _, _ in over_main for n in names_in(expr)], report)
    for cell in table.model.on:
        report.parse(cell, (*table.loc, "on", cell))
    check_inputs(table, scope, report)
    if table.model.cutout is not None:
        for key in ("ra", "dec"):
            loc = (*table.loc, "cutout", key)
            expr = report.parse(getattr(table.model.cutout, key), loc)
            if expr is not None:
                scope.check(expr, getattr(table.model.cutout, key), loc, report)
