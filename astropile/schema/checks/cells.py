"""Names of cells: what the tables of a source tell without a file."""

from __future__ import annotations

from dataclasses import dataclass, replace

from astropile.document import did_you_mean
from astropile.expression import Expr, Name, names
from astropile.schema.bind import BoundSource, BoundTable
from astropile.schema.checks.expressions import check_lookups
from astropile.schema.checks.paths import PATH_PARTS, captures_of
from astropile.schema.report import Loc, Report
from astropile.schema.survey_schema import SurveySchema
from astropile.schema.transform_units import declaration_of

#: Formats without groups: a dot in a name can only stand after a table.
_FLAT = ("csv", "text", "picture", "snoopy")


@dataclass(frozen=True, slots=True)
class CellScope:
    """What names of cells may say at one place of a source.

    Attributes
    ----------
    source : BoundSource
        The source, with its tables.
    table : BoundTable or None
        The table whose own cells are meant; None where prefixes choose among tables.
    """

    schema: SurveySchema
    source: BoundSource
    table: BoundTable | None = None

    def of_table(self, table: BoundTable) -> CellScope:
        """Return the scope of a table's own cells."""
        return replace(self, table=table)

    @property
    def captures(self) -> list[str]:
        """What ``path.`` may be followed by."""
        main, tables = self.source.main, self.source.tables
        own = self.table if self.table is not None and self.table is not main else main
        if own.model.each:
            return [*PATH_PARTS]
        parts = [own.files, *(tables[name].files for name in own.model.stack if name in tables)]
        return list(dict.fromkeys((*PATH_PARTS, *(c for part in parts for c in captures_of(part)))))

    def check(self, expr: Expr, text: str, loc: Loc, report: Report) -> None:
        """Check the names and lookups of an expression over cells."""
        check_lookups(self.schema, expr, text, loc, report)
        for name in names(expr):
            if len(name.parts) > 1 or name.parts[0] == "path":
                self._check_name(name, text, loc, report)

    def _check_name(self, name: Name, text: str, loc: Loc, report: Report) -> None:
        first, part = name.parts[0], report.part_of(loc, text, name)
        if first == "path":
            if len(name.parts) != 2 or name.parts[1] not in self.captures:
                help_text = did_you_mean(".".join(name.parts[1:]), self.captures)
                help_text = help_text or f"it has: {', '.join(self.captures)}"
                message = f"'{name.text}' is no part of the path"
                report.add("capture", message, loc, part=part, help=help_text, once=True)
            return
        if self.table is not None:
            return
        if first not in self.source.tables:
            # A group of HDF5, a struct of Parquet, an HDU: known with the file.
            if self.source.main.model.format in _FLAT and not name.attribute:
                others = list(self.source.tables)[1:]
                help_text = did_you_mean(first, others) or "odd names of cells stand in backticks"
                message = f"'{first}' is not a table"
                report.add("prefix", message, loc, part=part, help=help_text, once=True)
            return
        table = self.source.tables[first]
        if first == self.source.main.name:
            rest = name.text[len(first) + 1 :]
            message = f"'{name.text}': the cells of the main table have no prefix"
            report.add("prefix", message, loc, part=part, help=f"write {rest}", once=True)
        elif not table.is_attached and not table.model.transform:
            message = f"'{name.text}': table {first} is attached to nothing"
            report.add("prefix", message, loc, part=part, once=True)
        else:
            _check_output(name, table, part, loc, report)


def _check_output(
    name: Name, table: BoundTable, part: tuple[int, int] | None, loc: Loc, report: Report
) -> None:
    """Check that a cell of a transform is one of its outputs."""
    declaration = declaration_of(table)
    if declaration is None:
        return
    output = name.text[len(table.name) + 1 :]
    if output not in declaration.outputs:
        message = f"'{name.text}': {table.model.transform} has no output '{output}'"
        help_text = did_you_mean(output, declaration.outputs)
        help_text = help_text or f"it gives {', '.join(declaration.outputs)}"
        report.add("transform", message, loc, part=part, help=help_text, once=True)
