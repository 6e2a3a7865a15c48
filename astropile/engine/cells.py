"""Which cells files have: those that may be lacking, those that no file has, near names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from astropile.document import did_you_mean
from astropile.engine.header_units import HeaderUnits
from astropile.engine.plan import PATH, Plan, Program, cell_of_name
from astropile.errors import CellError
from astropile.expression import Expr, names
from astropile.readers import Reader


@dataclass(slots=True)
class CellBook:
    """Remembers of every cell that a file lacked whether any other file had it."""

    plan: Plan
    unseen: dict[tuple[str, str], None] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)
    units: HeaderUnits = field(init=False)

    def __post_init__(self) -> None:
        """Make what compares units of files with those of leaves."""
        self.units = HeaderUnits(self.plan)

    def present(
        self,
        reader: Reader,
        program: Program,
        table: str,
        wanted: Sequence[str],
        *,
        where: str,
        is_part: bool = False,
    ) -> list[str]:
        """Return the wanted cells that a file has; only optional ones may be lacking.

        Parameters
        ----------
        table : str
            Table that the cells belong to.
        where : str
            Path of the file, for an error.
        is_part : bool
            The file is a part of a stack: what it lacks is null there.

        Raises
        ------
        CellError
            The file lacks a cell that must be there.
        LeafError
            The file says another unit than the YAML.
        """
        cells = reader.cells()
        found = []
        for cell in wanted:
            if cell in cells:
                found.append(cell)
                self.seen.add((table, cell))
            elif is_part or (table, cell) in program.optional:
                self.unseen[table, cell] = None
            else:
                raise self.missing(reader, program, table, cell, where=where)
        self.units.check(reader, program, table, found, where=where)
        return found

    def missing(
        self, reader: Reader, program: Program, table: str, cell: str, *, where: str
    ) -> CellError:
        """Return the error for a cell that a file lacks."""
        cells = list(reader.cells())
        own = "" if table == program.main.name else f", table {table}"
        source = f"source {self.plan.source}{own}{users_of(table, cell, program)}"
        near = did_you_mean(cell, cells)
        listed = ", ".join(cells[:12]) + (" ..." if len(cells) > 12 else "")
        return CellError(
            f"'{cell}' is not in the file ({source}); it has {listed}",
            where=where,
            hint=near or "check that the file belongs to this config, or mend values: in the YAML",
        )

    def refuse_unseen(self) -> None:
        """Refuse cells that no file has: a typo would pass silently otherwise.

        A file may lack optional cells, and those that are in other parts of a stack.
        """
        # One of several alternatives (coalesce) is enough: only a leaf without any is a typo.
        lost = [key for key in self.unseen if key not in self.seen]
        for program in self.plan.programs:
            for table, cell in lost:
                if cell in program.cells[table] and (table, cell) not in program.optional:
                    users = users_of(table, cell, program)
                    raise CellError(
                        f"'{cell}' is in no file of source {self.plan.source}{users}",
                        where=self.plan.schema.id,
                        hint="mend the name, or say optional(...) where it may be lacking",
                    )
            for address, value in program.source.values.items():
                if address not in self.plan.leaves:
                    continue
                cells = cells_in(value.expr, program)
                if cells and all(key in self.unseen and key not in self.seen for key in cells):
                    listed = ", ".join(f"'{cell}'" for _, cell in cells)
                    raise CellError(
                        f"{listed} is in no file of source {self.plan.source} (leaf {address})",
                        where=self.plan.schema.id,
                        hint="name the leaf under absent: if the source does not hold it",
                    )
            self._refuse_unseen_inputs(program)

    def _refuse_unseen_inputs(self, program: Program) -> None:
        """Refuse inputs of transforms whose cells no file has."""
        for name, call in program.calls.items():
            for key, expr in call.expressions():
                cells = cells_in(expr, program)
                if cells and all(c in self.unseen and c not in self.seen for c in cells):
                    listed = ", ".join(f"'{cell}'" for _, cell in cells)
                    own = f"(input {key} of table {name})"
                    raise CellError(
                        f"{listed} is in no file of source {self.plan.source} {own}",
                        where=self.plan.schema.id,
                        hint="mend the name, or leave out the input if it is optional",
                    )


def users_of(table: str, cell: str, program: Program) -> str:
    """Return the first leaf, or input of a transform, that is read from a cell, for a message."""
    for address, value in program.source.values.items():
        if (table, cell) in cells_in(value.expr, program):
            return f", leaf {address}"
    for name, call in program.calls.items():
        for key, expr in call.expressions():
            if (table, cell) in cells_in(expr, program):
                return f", input {key} of table {name}"
    return ""


def cells_in(expr: Expr, program: Program) -> list[tuple[str, str]]:
    """Return the tables and cells that an expression names."""
    return [cell_of_name(n, program.source) for n in names(expr) if n.parts[0] != PATH]
