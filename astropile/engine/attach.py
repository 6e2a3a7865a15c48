"""Attached tables: one pass over them in declared order, so that each may use those before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from astropile.engine.call import call_in_pieces
from astropile.engine.cells import CellBook
from astropile.engine.evaluate import Evaluator
from astropile.engine.files import DataFile, FileFinder, find_files
from astropile.engine.forms import Forms, loosened
from astropile.engine.located import Locator
from astropile.engine.operand import AbsentCellError, Fault
from astropile.engine.partners import Losses
from astropile.engine.plan import PATH, Plan, Program, cell_of_name, parts_of
from astropile.engine.scan import RAGGED_LENGTH, Entry, read_options, row_bytes
from astropile.engine.tables import Frame
from astropile.engine.whole import WholeTables
from astropile.errors import CellError
from astropile.expression import Name
from astropile.readers import Column, Reader, open_reader
from astropile.readers.column import Array
from astropile.schema import BoundTable

Capture = Callable[[Name, Array], Column]
#: Rows of a piece until it is known how much files add to a row, and how fast pieces grow then:
#: many rows may lack their files.
FIRST_ROWS = 8
GROWTH = 8


@dataclass(frozen=True, slots=True)
class Refused:
    """Rows that lost what they need, with the reason of each."""

    code: str
    rows: Frame
    messages: Array


@dataclass(slots=True)
class Attachments:
    """The attached tables of a plan.

    Tables found by a key, a row number or a range are read once and kept in memory; files found
    for each row are read batch by batch.

    Attributes
    ----------
    refuse_damaged : bool
        Rows whose file is damaged are refused; without it that is an error, since the rows of a
        catalogue, for which the file is not opened, would no longer be those of the Examples.
    lengths : mapping of int to int
        Rows of the files of the main table: a table that lies beside one has as many.
    """

    plan: Plan
    root: Path
    follow_links: bool
    book: CellBook
    refuse_damaged: bool = False
    lengths: Mapping[int, int] = field(default_factory=dict)
    _whole: WholeTables = field(init=False)
    _locator: Locator = field(init=False)
    _row_bytes: int = 0
    _most_rows: int = FIRST_ROWS

    def __post_init__(self) -> None:
        """Make what reads tables as a whole, and what finds files of rows."""
        self._whole = WholeTables(self.plan, self.root, self.book, _open, self.follow_links)
        forms = Forms(self.root, _open)
        self._locator = Locator(
            self.plan,
            self.root,
            self.book,
            forms,
            _open,
            self.follow_links,
            self.refuse_damaged,
        )

    def pieces(self, program: Program, frame: Frame, n_bytes: int) -> Iterator[Frame]:
        """Yield parts of a frame so small that what files add to its rows fits a batch."""
        if not any(program.source.tables[name].model.each for name in program.attached):
            yield frame
            return
        start = 0
        while start < len(frame):
            size = self._row_bytes or row_bytes(self.plan, RAGGED_LENGTH)
            stop = start + max(1, min(n_bytes // size, self._most_rows))
            yield frame.take(slice(start, stop)) if start or stop < len(frame) else frame
            if self._row_bytes:
                read = min(stop, len(frame)) - start
                self._most_rows = max(self._most_rows, GROWTH * read)
            start = stop

    def attach(
        self, program: Program, frame: Frame, capture: Capture
    ) -> tuple[Frame, list[Refused]]:
        """Return the frame with the cells of attached tables, and the rows that were refused."""
        before, n = frame.n_bytes, len(frame)
        refused: list[Refused] = []
        for table in program.source.tables.values():
            if table.name in program.attached and len(frame):
                frame, lost = self._attach_one(program, table, frame, capture)
                refused += lost
        if len(frame):
            added = frame.n_bytes // len(frame) - before // n
            self._row_bytes = max(self._row_bytes, added, 1)
        return frame, refused

    def files(self, entries: Sequence[Entry]) -> list[Path]:
        """Return the files that the attached tables may be read from, for these main files.

        Which file belongs to which row is told by the rows: for a table with a file for each row
        these are all that match its path, whatever stands in its holes.
        """
        patterns: dict[str, None] = {}
        of_rows: dict[str, None] = {}
        for program in self.plan.programs:
            attached = [program.source.tables[name] for name in sorted(program.attached)]
            parts = [part for table in attached for part in parts_of(program.source, table)]
            for table in parts:
                if not table.files:
                    continue  # made by a transform
                if not table.model.each:
                    patterns[table.files] = None
                    continue
                for entry in entries:
                    if entry.program is program:
                        of_rows[loosened(table.files, entry.file.captures)] = None
        # There may be a pattern for every main file, and all of them for the same folder.
        finder = FileFinder(self.root, follow_links=True)
        found = (
            file.path
            for pattern in of_rows
            for file in (
                find_files(self.root, pattern, follow_links=True)
                if pattern.endswith("**")
                else finder.find(pattern, is_pattern=True)
            )
        )
        whole = (
            file.path
            for pattern in patterns
            for file in find_files(self.root, pattern, follow_links=self.follow_links)
        )
        return list(dict.fromkeys((*whole, *found)))

    def scope(self, program: Program, frame: Frame, capture: Capture) -> Evaluator:
        """Return what evaluates expressions over the cells of a frame, main and attached."""

        def lookup(name: Name) -> Column:
            if name.parts[0] == PATH:
                return capture(name, frame.file)
            owner, cell = cell_of_name(name, program.source)
            key = cell if owner == program.main.name else f"{owner}.{cell}"
            if key not in frame.columns:
                raise AbsentCellError(name.text)
            return frame.columns[key]

        return Evaluator(lookup, len(frame), self.plan.schema.file.lookups, frame.row)

    def _attach_one(
        self, program: Program, table: BoundTable, frame: Frame, capture: Capture
    ) -> tuple[Frame, list[Refused]]:
        if table.model.transform:
            return self._call(program, table, frame, capture)
        scope = self.scope(program, frame, capture)
        try:
            lengths = self._lengths(program, table, frame)
            if table.model.each:
                located = self._locator.locate(program, table, scope, lengths)
                cells, losses = located.cells, located.losses
            else:
                cells, losses = self._whole.find(program, table, scope, lengths)
        except Fault as fault:
            if fault.rows is not None and self.refuse_damaged:
                message = f"table {table.name}: {fault.message}"
                own = frame.take(fault.rows)
                lost = Refused("leaf", own, np.full(len(own), message))
                rest = frame.take(~fault.rows)
                frame, others = self._attach_one(program, table, rest, capture)
                return frame, [lost, *others]
            place = self._place(frame, fault.rows, capture)
            message = f"{fault.message} (table {table.name}, source {self.plan.source})"
            raise CellError(message, where=place, hint=fault.hint) from fault
        except AbsentCellError as error:
            if self._has_no_file(program, str(error)):
                losses = Losses.none(len(frame))
                losses.add(np.arange(len(frame)), "unmatched", f"no file has '{error}'")
                cells = self._locator.forms.null_cells(table, program.cells[table.name], len(frame))
                return self._attached(table, frame, cells, losses, capture)
            where = f"{self.plan.schema.id}, source {self.plan.source}, table {table.name}"
            hint = "coalesce(a, b) or optional(a) say what to do without it"
            raise CellError(f"no file has '{error}'", where=where, hint=hint) from None
        return self._attached(table, frame, cells, losses, capture)

    def _attached(
        self,
        table: BoundTable,
        frame: Frame,
        cells: Mapping[str, Column],
        losses: Losses,
        capture: Capture,
    ) -> tuple[Frame, list[Refused]]:
        """Return the frame with the cells of a table, and the rows that it refuses."""
        columns = {**frame.columns, **{f"{table.name}.{c}": v for c, v in cells.items()}}
        attached = Frame(columns, frame.file, frame.row)
        if table.model.unmatched == "error":
            self._require(table, attached, losses, capture)
        return self._settle(table, attached, losses)

    def _has_no_file(self, program: Program, cell: str) -> bool:
        """Return whether a cell is one of a table of which no row has a file: it is null then."""
        owner, _, _ = cell.partition(".")
        table = program.source.tables.get(owner)
        return table is not None and table.model.each and owner in program.attached

    def _lengths(self, program: Program, table: BoundTable, frame: Frame) -> Array | None:
        """Return how many rows a table must have that lies beside the file of each main row."""
        is_beside = table.row is not None and table.row.text.replace(" ", "") == "row()"
        if not is_beside or program.main.model.rows != "axis" or program.main.model.group:
            return None
        numbers, inverse = np.unique(frame.file, return_inverse=True)
        return np.array([self.lengths[number] for number in numbers.tolist()])[inverse]

    def _call(
        self, program: Program, table: BoundTable, frame: Frame, capture: Capture
    ) -> tuple[Frame, list[Refused]]:
        """Add the cells that a transform makes; rows that it refuses are refused, or an error."""
        refused: list[Refused] = []
        while len(frame):
            try:
                cells = call_in_pieces(
                    program.calls[table.name],
                    frame,
                    lambda piece: self.scope(program, piece, capture),
                )
            except Fault as fault:
                rows = fault.rows
                if rows is None or not self.refuse_damaged:
                    raise self._call_error(table, frame, capture, fault) from fault
                message = f"{table.model.transform}: {fault.message}"
                refused.append(Refused("transform", frame.take(rows), np.full(rows.sum(), message)))
                frame = frame.take(~rows)
                continue
            columns = {**frame.columns, **{f"{table.name}.{c}": v for c, v in cells.items()}}
            return Frame(columns, frame.file, frame.row), refused
        return frame, refused

    def _call_error(
        self, table: BoundTable, frame: Frame, capture: Capture, fault: Fault
    ) -> CellError:
        """Return the error of a transform: which one, in which file, for which rows."""
        where = self._place(frame, fault.rows, capture)
        about = f"(table {table.name}, source {self.plan.source})"
        return CellError(
            f"transform {table.model.transform}: {fault.message} {about}",
            where=where,
            hint=fault.hint or "mend its inputs in the YAML",
        )

    @staticmethod
    def _place(frame: Frame, at_fault: Array | None, capture: Capture) -> str:
        """Return the file and row of the first rows at fault, for a message."""
        rows = np.arange(len(frame)) if at_fault is None else np.flatnonzero(at_fault)
        files = np.unique(frame.file[rows])
        name = capture(Name((PATH, "file"), None, 0, 0), frame.file[rows[:1]]).data[0]
        if at_fault is not None:
            more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
            return f"{name}, row {int(frame.row[rows[0]])}{more}"
        return f"{name}" if len(files) == 1 else f"{name} and {len(files) - 1} more files"

    @staticmethod
    def _settle(table: BoundTable, frame: Frame, losses: Losses) -> tuple[Frame, list[Refused]]:
        """Do with rows without partner what the table says."""
        policy = table.model.unmatched
        codes = ("file", "edge", "unmatched") if policy == "drop" else ("file", "edge")
        refused = []
        for code in codes:
            rows = np.flatnonzero(losses.of(code))
            if len(rows):
                refused.append(Refused(code, frame.take(rows), losses.messages(rows)))
        if not refused:
            return frame, refused
        return frame.take(np.flatnonzero(~losses.of(*codes))), refused

    def _require(self, table: BoundTable, frame: Frame, losses: Losses, capture: Capture) -> None:
        """Refuse to go on where rows have no partner."""
        missing = losses.of("unmatched")
        if not missing.any():
            return
        only = Losses(np.where(missing, losses.which, -1), losses.reasons)
        _, message, count = only.first()
        more = int(missing.sum()) - count
        rows = f"{count} row{'s' * (count > 1)}"
        others = f", and {more} more without partner" if more else ""
        raise CellError(
            f"{message} for {rows}{others} (source {self.plan.source})",
            where=self._place(frame, only.any, capture),
            hint="say unmatched: drop to refuse them, or unmatched: null",
        )


def _open(table: BoundTable, file: DataFile) -> Reader:
    return open_reader(file.path, table.model.format, read_options(table))
