"""Operators Join and Take: cells of other tables beside the rows of the main table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from astropile.engine.evaluate import Evaluator
from astropile.engine.files import find_files
from astropile.engine.logic import row_truth
from astropile.engine.operand import AbsentCellError, Fault, rows_of
from astropile.engine.plan import PATH, Plan, Program, cell_of_name
from astropile.engine.scan import read_options
from astropile.engine.tables import (
    Frame,
    find_partners,
    first_of_each,
    nest,
    sort_rows,
    take_or_null,
)
from astropile.errors import CellError, NoFilesError
from astropile.expression import Name
from astropile.readers import Column, open_reader
from astropile.readers.column import Array
from astropile.schema import BoundTable

Capture = Callable[[Name, Array], Column]


@dataclass(slots=True)
class Attachments:
    """The attached tables of a plan, each read once and kept in memory."""

    plan: Plan
    root: Path
    follow_links: bool
    _tables: dict[tuple[str, str], Frame] = field(default_factory=dict)

    def attach(
        self, program: Program, frame: Frame, capture: Capture
    ) -> tuple[Frame, Frame | None]:
        """Return the frame with the cells of attached tables, and the rows that were dropped."""
        dropped: list[Frame] = []
        for table in program.source.tables.values():
            if table.is_attached and program.cells[table.name]:
                frame, lost = self._attach_one(program, table, frame, capture)
                dropped += [lost] if len(lost) else []
        return frame, Frame.concatenate(dropped) if dropped else None

    def _attach_one(
        self, program: Program, table: BoundTable, frame: Frame, capture: Capture
    ) -> tuple[Frame, Frame]:
        other = self._load(program, table)

        def lookup(name: Name) -> Column:
            if name.parts[0] == PATH:
                return capture(name, frame.file)
            owner, cell = cell_of_name(name, program.source)
            key = cell if owner == program.main.name else f"{owner}.{cell}"
            if key not in frame.columns:
                raise AbsentCellError(name.text)
            return frame.columns[key]

        scope = Evaluator(lookup, len(frame), self.plan.schema.file.lookups, frame.row)
        try:
            if table.row is not None:
                partners = rows_of(scope.evaluate(table.row.expr), len(frame)).data.astype(np.int64)
                partners = np.where((partners >= 0) & (partners < len(other)), partners, -1)
            else:
                keys = {
                    cell: rows_of(scope.evaluate(value.expr), len(frame))
                    for cell, value in table.on.items()
                }
                partners = find_partners(other, keys, where=table.name)
        except Fault as fault:
            raise CellError(fault.message, where=f"table {table.name}", hint=fault.hint) from fault
        missing = partners < 0
        if missing.any() and table.model.unmatched == "error":
            raise CellError(
                f"no row of table {table.name} for {int(missing.sum())} rows",
                where=f"{self.plan.schema.id}, source {self.plan.source}",
                hint="say unmatched: drop to refuse them, or unmatched: null",
            )
        keep = ~missing if table.model.unmatched == "drop" else np.ones(len(frame), dtype=bool)
        kept, lost = frame.take(keep), frame.take(~keep)
        cells = take_or_null(other, partners[keep])
        columns = {**kept.columns, **{f"{table.name}.{c}": v for c, v in cells.items()}}
        return Frame(columns, kept.file, kept.row), lost

    def _load(self, program: Program, table: BoundTable) -> Frame:
        key = (table.name, table.files)
        if key not in self._tables:
            self._tables[key] = self._read(program, table)
        return self._tables[key]

    def _read(self, program: Program, table: BoundTable) -> Frame:
        """Read a whole table: filter, order, first of each key, nest, in this fixed order."""
        files = find_files(self.root, table.files, follow_links=self.follow_links)
        if not files:
            raise NoFilesError(
                f"no file matches '{table.files}' (table {table.name})",
                where=str(self.root),
                hint=f"source {program.source.name} needs it beside its main files",
            )
        frames = []
        for number, file in enumerate(files):
            with open_reader(file.path, table.model.format, read_options(table)) as reader:
                columns = reader.read(program.cells[table.name])
                n = reader.count_rows()
            frames.append(Frame(columns, np.full(n, number), np.arange(n)))
        frame = Frame.concatenate(frames)
        if table.where is not None:
            scope = Evaluator(
                lambda name: frame.columns[name.text],
                len(frame),
                self.plan.schema.file.lookups,
                frame.row,
            )
            try:
                frame = frame.take(row_truth(scope.evaluate(table.where.expr)))
            except Fault as fault:
                where = f"table {table.name}, where"
                raise CellError(fault.message, where=where, hint=fault.hint) from fault
        if table.model.sort:
            frame = frame.take(sort_rows(frame, table.model.sort))
        if table.model.unique:
            frame = frame.take(first_of_each(frame, table.model.unique))
        return nest(frame, table.model.group) if table.model.group else frame
