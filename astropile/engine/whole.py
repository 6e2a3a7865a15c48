"""Tables that are read as a whole and kept in memory: those attached by key, row or range."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from astropile.engine.cells import CellBook
from astropile.engine.evaluate import Evaluator
from astropile.engine.files import DataFile, find_files
from astropile.engine.partners import Keys, Losses, arrange, find_places
from astropile.engine.plan import PATH, Plan, Program, parts_of
from astropile.engine.tables import Frame, nest
from astropile.errors import CellError, NoFilesError
from astropile.readers import Column, Reader
from astropile.readers.column import Array
from astropile.schema import BoundTable


@dataclass(frozen=True, slots=True)
class Whole:
    """A table in memory, and which of its cells belong to every row of a file."""

    frame: Frame
    shared: frozenset[str]


@dataclass(slots=True)
class WholeTables:
    """The tables of a plan that are read once."""

    plan: Plan
    root: Path
    book: CellBook
    open_file: Callable[[BoundTable, DataFile], Reader]
    follow_links: bool = False
    _tables: dict[tuple[str, ...], Whole] = field(default_factory=dict)

    def find(
        self, program: Program, table: BoundTable, scope: Evaluator, lengths: Array | None = None
    ) -> tuple[dict[str, Column], Losses]:
        """Return the cells of the partners of rows, and the rows that have none.

        Raises
        ------
        Fault
            A key or number cannot be made of the row, or a key is not unique.
        """
        whole = self._load(program, table)
        losses = Losses.none(scope.n)
        rows = np.arange(scope.n)
        frame, total = whole.frame, len(whole.frame)
        name, keys = f"table {table.name}", Keys.of(table, scope, lengths)
        places = find_places(keys, frame, total, losses, rows, name=name)
        return places.cells(frame, losses.any, whole.shared), losses

    def _load(self, program: Program, table: BoundTable) -> Whole:
        parts = parts_of(program.source, table)
        where = [part.where.text for part in (table, *parts) if part.where is not None]
        cells = program.cells[table.name]
        key = (table.name, *(part.files for part in parts), *where, *cells)
        if key not in self._tables:
            self._tables[key] = self._read(program, table)
        return self._tables[key]

    def _read(self, program: Program, table: BoundTable) -> Whole:
        """Read a whole table: filter, order, first of each key, nest, in this fixed order."""
        if table.model.stack:
            parts = [self._read(program, part) for part in parts_of(program.source, table)]
            frame = _united([part.frame for part in parts], table)
            shared = frozenset.union(*(part.shared for part in parts))
            self._require(program, table, frame)
        else:
            frame, shared = self._read_files(program, table)
        frame = arrange(frame, table, self.plan.schema.file.lookups, f"table {table.name}, where")
        if table.model.group:
            frame = nest(frame, table.model.group)
        return Whole(frame, shared)

    def _read_files(self, program: Program, table: BoundTable) -> tuple[Frame, frozenset[str]]:
        files = find_files(self.root, table.files, follow_links=self.follow_links)
        if not files:
            raise NoFilesError(
                f"no file matches '{table.files}' (table {table.name})",
                where=str(self.root),
                hint=f"source {program.source.name} needs it beside its main files",
            )
        frames, shared = [], set()
        prefix = f"{PATH}."
        cells = program.cells[table.name]
        is_part = not table.is_attached
        for number, file in enumerate(files):
            with self.open_file(table, file) as reader:
                wanted = [cell for cell in cells if not cell.startswith(prefix)]
                names = self.book.present(
                    reader, program, table.name, wanted, where=file.relative, is_part=is_part
                )
                columns = reader.read(names) if names else {}
                n = reader.count_rows()
                shared |= {name for name in names if reader.cells()[name].shared}
            for cell in cells:
                if cell.startswith(prefix):
                    text = file.captures.get(cell.removeprefix(prefix), "")
                    columns[cell] = Column(np.full(n, text))
            frames.append(Frame(columns, np.full(n, number), np.arange(n)))
        return _united(frames, table), frozenset(shared)

    def _require(self, program: Program, table: BoundTable, frame: Frame) -> None:
        """Refuse a cell of a stack that none of its parts has."""
        for cell in program.cells[table.name]:
            key = (table.name, cell)
            if cell in frame.columns:
                self.book.seen.add(key)
            elif key in program.optional:
                self.book.unseen[key] = None
            else:
                parts = ", ".join(table.model.stack)
                raise CellError(
                    f"'{cell}' is in none of {parts} (source {self.plan.source}, "
                    f"table {table.name})",
                    where=self.plan.schema.id,
                    hint="check the name, or say optional(...) where it may be lacking",
                )


def _united(frames: list[Frame], table: BoundTable) -> Frame:
    """Put frames below one another by name of cell."""
    try:
        return Frame.concatenate(frames)
    except ValueError:
        ranks: dict[str, int] = {}
        for frame in frames:
            for cell, column in frame.columns.items():
                if ranks.setdefault(cell, column.ndim) != column.ndim:
                    raise CellError(
                        f"'{cell}' has {column.ndim} axes in one file and {ranks[cell]} in another",
                        where=f"table {table.name}",
                        hint="see which of the files is as the survey gives it",
                    ) from None
        raise
