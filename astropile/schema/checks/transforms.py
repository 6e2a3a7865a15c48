"""Tables made by named transforms, checked against what is declared; nothing is imported."""

from __future__ import annotations

from astropile.document import did_you_mean
from astropile.expression import names, result_kind
from astropile.schema.bind import BoundSource, BoundTable
from astropile.schema.checks.cells import CellScope
from astropile.schema.checks.expressions import makes_unit
from astropile.schema.checks.units import check_unit_of
from astropile.schema.models import Table
from astropile.schema.report import Loc, Report
from astropile.schema.transform_units import declaration_of, unit_of_cells, uses_transform
from astropile.schema.transforms import TransformDeclaration, load_transforms


def check_written_transform(table: Table, loc: Loc, report: Report) -> None:
    """Check names and numbers of inputs and params against the declaration."""
    known = load_transforms()
    declaration = known.get(table.transform)
    if declaration is None:
        help_text = did_you_mean(table.transform, known) or f"transforms: {', '.join(known)}"
        message = f"'{table.transform}' is not a transform"
        report.add("transform", message, (*loc, "transform"), help=help_text)
        return
    _check_inputs(table, declaration, loc, report)
    _check_params(table, declaration, loc, report)


def _check_inputs(table: Table, known: TransformDeclaration, loc: Loc, report: Report) -> None:
    name = table.transform
    missing = [
        key for key, cell in known.inputs.items()
        if key not in table.inputs and not cell.optional
    ]  # fmt: skip
    if missing:
        message = f"{name} needs the inputs {', '.join(missing)}"
        place = (*loc, "inputs") if table.inputs else loc
        help_text = f"it takes {_listed(known)}"
        report.add("transform", message, place, key=True, help=help_text)
    counts: dict[str, int] = {}
    for key, texts in table.inputs.items():
        place = (*loc, "inputs", key)
        if key not in known.inputs:
            help_text = did_you_mean(key, known.inputs) or f"it takes {_listed(known)}"
            message = f"{name} has no input '{key}'"
            report.add("transform", message, place, key=True, help=help_text)
        elif not known.inputs[key].many:
            if len(texts) != 1:
                message = f"{name} takes one array as {key}, got {len(texts)}"
                report.add("transform", message, place, key=True)
        elif not texts:
            report.add("transform", f"{name} needs at least one array as {key}", place, key=True)
        else:
            counts[key] = len(texts)
    for key, count in counts.items():
        first = next(iter(counts))
        if count != counts[first]:
            message = (
                f"{name} takes as many arrays as {key} as {first}: {counts[first]}, got {count}"
            )
            report.add("transform", message, (*loc, "inputs", key), key=True)


def _listed(declaration: TransformDeclaration) -> str:
    return ", ".join(
        f"{key} (optional)" if cell.optional else key for key, cell in declaration.inputs.items()
    )


def _check_params(table: Table, known: TransformDeclaration, loc: Loc, report: Report) -> None:
    for key, value in table.params.items():
        place = (*loc, "params", key)
        param = known.params.get(key)
        if param is None:
            listed = ", ".join(known.params) or "none"
            help_text = did_you_mean(key, known.params) or f"params: {listed}"
            message = f"{table.transform} has no param '{key}'"
            report.add("transform", message, place, key=True, help=help_text)
        elif not (isinstance(value, str) and "{" in value):  # a hole is filled later
            fault = param.fault(value)
            if fault:
                report.add("transform", f"{key}: {fault}", place, help=param.description)
    missing = [
        key for key, param in known.params.items()
        if param.default is None and key not in table.params
    ]  # fmt: skip
    if missing and table.inputs:  # without any input, the table was not written yet
        message = f"{table.transform} needs the params {', '.join(missing)}"
        place = (*loc, "params") if table.params else loc
        report.add("transform", message, place, key=True)


def check_inputs(table: BoundTable, scope: CellScope, report: Report) -> None:
    """Check the expressions that a transform is given: names, kinds, units, and their order."""
    _check_order(table, scope.source, report)
    declaration = declaration_of(table)
    unit_of = unit_of_cells(scope.source)
    for key, values in table.inputs.items():
        cell = declaration.inputs.get(key) if declaration else None
        for value in values:
            scope.check(value.expr, value.text, value.loc, report)
            if cell is None:
                continue
            kind = result_kind(value.expr)
            wanted = {"string": "text", "bool": "bool"}.get(cell.dtype, "number")
            if cell.dtype != "any" and kind not in ("unknown", wanted):
                message = f"{key} is {cell.dtype}, but this gives a {kind}"
                part = report.part_of(value.loc, value.text, value.expr)
                report.add("kind", message, value.loc, part=part, once=True)
            if makes_unit(value.expr) or uses_transform(value.expr, scope.source):
                check_unit_of(
                    value.expr, unit_of, cell.unit, value.text, value.loc, key, report
                )  # fmt: skip


def _check_order(table: BoundTable, source: BoundSource, report: Report) -> None:
    """Refuse what is not there yet: tables are attached and made in the order of the file."""
    order = list(source.tables)
    late = order[order.index(table.name) :]
    for value in (value for values in table.inputs.values() for value in values):
        for name in names(value.expr):
            first = name.parts[0]
            if len(name.parts) > 1 and first in late:
                part = report.part_of(value.loc, value.text, name)
                message = f"'{name.text}': table {first} is not there yet"
                help_text = f"write {first} above {table.name}"
                if first == table.name:
                    help_text = "a transform cannot take what it gives"
                report.add("transform", message, value.loc, part=part, help=help_text, once=True)
