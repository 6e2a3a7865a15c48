"""Runs a plan: batches of cells become batches of finished leaves."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from astropile.engine.align import align, fill_axes, longest
from astropile.engine.alike import for_alike_rows
from astropile.engine.attach import Attachments
from astropile.engine.blocks import LeafFault, build_block
from astropile.engine.cells import CellBook
from astropile.engine.evaluate import Evaluator
from astropile.engine.features import Naming, arrow_schema, nested_keys
from astropile.engine.finish import finish
from astropile.engine.operand import AbsentCellError, Fault, Operand, constant
from astropile.engine.pack import pack_table
from astropile.engine.plan import (
    Formula,
    Plan,
    Program,
    leaves_used,
)
from astropile.engine.position import refuse_positions, to_icrs
from astropile.engine.rejects import Rejects, SeenIds, is_empty
from astropile.engine.scan import CellReader, RowIndex, list_entries
from astropile.engine.tables import Frame
from astropile.errors import LeafError
from astropile.expression import Expr, Name
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.schema import OBJECT_LEAVES

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)

#: Memory that one batch of Examples may take.
BATCH_BYTES = 64 * 2**20
OnBadRow = Literal["raise", "reject"]
Step = Callable[[Program, Frame, dict[str, Column]], dict[str, Column]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Finished rows.

    Attributes
    ----------
    columns : mapping of str to Column
        Finished leaves by address; absent leaves are not there.
    index : RowIndex
        Where each row came from.
    """

    columns: Mapping[str, Column]
    index: RowIndex

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.index)

    def only(self, addresses: Iterable[str]) -> Batch:
        """Return the same rows with some of the leaves; those that are absent are left out."""
        return Batch({a: self.columns[a] for a in addresses if a in self.columns}, self.index)


@dataclass(slots=True)
class Run:
    """One pass over the files of a plan.

    Attributes
    ----------
    plan : Plan
        What to compute.
    root : Path
        Data directory, resolved.
    on_bad_row : str
        ``raise`` stops at a value that does not fit its leaf; ``reject`` refuses the row.
    rejects : Rejects
        Rows refused so far.
    """

    plan: Plan
    root: Path
    follow_links: bool = False
    on_bad_row: OnBadRow = "raise"
    batch_bytes: int = BATCH_BYTES
    rejects: Rejects = field(default_factory=Rejects)
    _reader: CellReader = field(init=False, repr=False)
    _attachments: Attachments = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Find the files; none is opened."""
        entries = list_entries(self.plan, self.root, follow_links=self.follow_links)
        book = CellBook(self.plan)
        self._reader = CellReader(self.plan, entries, self.rejects, self.batch_bytes, book)
        self._attachments = Attachments(
            self.plan,
            self.root,
            self.follow_links,
            book,
            self.on_bad_row == "reject",
            self._reader.lengths,
        )

    @property
    def files(self) -> list[Path]:
        """The files of the main table in row order."""
        return [entry.file.path for entry in self._reader.entries]

    @property
    def attached_files(self) -> list[Path]:
        """The files beside those of the main table that are read, or may be for some row."""
        return self._attachments.files(self._reader.entries)

    def file_names(self, file: Array) -> Array:
        """Return the path below the data directory of each numbered file."""
        names = np.array([entry.file.relative for entry in self._reader.entries] or [""])
        return np.asarray(names[file])

    def splits(self, file: Array) -> Array:
        """Return the split that each numbered file belongs to."""
        names = np.array([entry.program.split for entry in self._reader.entries] or [""])
        return np.asarray(names[file])

    def batches(
        self,
        *,
        batch_rows: int | None = None,
        index: RowIndex | None = None,
        seen: SeenIds | None = None,
    ) -> Iterator[Batch]:
        """Yield finished batches in row order.

        Parameters
        ----------
        batch_rows : int, optional
            Most rows a batch; default from a memory budget and the layout of the files.
        index : RowIndex, optional
            Read only these rows, given in row order; they were accepted by an earlier pass.
        seen : SeenIds, optional
            Finds repeated ids; default one of this run. Not used with `index`.

        Raises
        ------
        LeafError
            A value does not fit its leaf.
        CellError, CorruptFileError
            The files are not as the schema says.
        """
        seen = (seen or SeenIds()) if index is None else None
        for program, frame in self._reader.frames(batch_rows=batch_rows, index=index):
            for piece in self._attachments.pieces(program, frame, self.batch_bytes):
                batch = self._finish(program, piece, seen)
                if len(batch):
                    yield batch

    def _finish(self, program: Program, frame: Frame, seen: SeenIds | None) -> Batch:
        """Compute scalars and the object first, refuse rows, then the bulk."""
        frame, refused = self._attachments.attach(program, frame, self._reader.capture)
        for lost in refused:
            self._refuse(lost.code, lost.rows, messages=lost.messages)
        if not len(frame):
            return Batch({}, RowIndex(frame.file, frame.row))
        frame, columns = self._retry(program, frame, {}, self._scalars)
        if seen is not None:
            frame, columns = self._refuse_objects(frame, columns, seen)
        if len(frame):
            frame, columns = self._retry(program, frame, columns, self._bulk)
        return Batch(columns, RowIndex(frame.file, frame.row))

    def _retry(
        self, program: Program, frame: Frame, columns: dict[str, Column], step: Step
    ) -> tuple[Frame, dict[str, Column]]:
        """Run a step; where asked for, refuse the rows at fault and run it again."""
        while True:
            try:
                return frame, step(program, frame, columns)
            except LeafFault as found:
                rows = found.fault.rows
                if rows is None:
                    self._find_file(program, frame, columns, step)
                if self.on_bad_row == "raise" or rows is None or len(rows) != len(frame):
                    raise self._leaf_error(found, frame) from found
                self._refuse("leaf", frame.take(rows), f"{found.leaf}: {found.fault.message}")
                frame = frame.take(~rows)
                columns = {address: column.take(~rows) for address, column in columns.items()}

    def _find_file(
        self, program: Program, frame: Frame, columns: dict[str, Column], step: Step
    ) -> None:
        """Run a step that failed file by file, so that the error names the file at fault."""
        numbers = np.unique(frame.file)
        for number in numbers if len(numbers) > 1 else ():
            own = frame.file == number
            part = frame.take(own)
            try:
                step(program, part, {address: c.take(own) for address, c in columns.items()})
            except LeafFault as found:
                raise self._leaf_error(found, part) from found

    def _value(self, scope: Evaluator, address: str, expr: Expr) -> Operand:
        try:
            return scope.evaluate(expr)
        except AbsentCellError:
            # Cells that must be there were asked for when files were opened: there is no file.
            return constant(None)
        except Fault as fault:
            raise LeafFault(address, fault) from fault

    def _scalars(
        self, program: Program, frame: Frame, columns: dict[str, Column]
    ) -> dict[str, Column]:
        scope = self._attachments.scope(program, frame, self._reader.capture)
        found = dict(columns)
        for address, expr in program.scalars.items():
            leaf = self.plan.leaves[address]
            value = self._value(scope, address, expr)
            try:
                column = align(value, leaf, None, len(frame))
                found[address] = finish(column, leaf, program.factors[address])
            except Fault as fault:
                raise LeafFault(address, fault) from fault
        self._formulas(found, len(frame))
        self._place(found)
        return found

    def _bulk(
        self, program: Program, frame: Frame, columns: dict[str, Column]
    ) -> dict[str, Column]:
        found = {**columns, **for_alike_rows(frame, lambda part: self._blocks(program, part))}
        self._formulas(found, len(frame))
        return found

    def _blocks(self, program: Program, frame: Frame) -> dict[str, Column]:
        scope = self._attachments.scope(program, frame, self._reader.capture)
        found: dict[str, Column] = {}
        for recipe, exprs in program.blocks.values():
            operands = {a: self._value(scope, a, expr) for a, expr in exprs.items()}
            found.update(build_block(recipe, operands, scope))
        return found

    def _formulas(self, columns: dict[str, Column], n: int) -> None:
        """Compute every formula whose leaves are there and that was not computed before."""
        for formula in self.plan.formulas:
            address = formula.leaf.address
            if address not in columns and self._is_ready(formula, columns):
                try:
                    columns[address] = self._formula(formula, columns, n)
                except Fault as fault:
                    raise LeafFault(address, fault) from fault

    def _is_ready(self, formula: Formula, columns: Mapping[str, Column]) -> bool:
        block = formula.leaf.block
        used = leaves_used(formula.leaf, self.plan.schema)
        known = {*columns, *self.plan.absent}
        # A constant of a block waits for the block: its axes come from there.
        has_block = not block or any(self.plan.leaves[a].block == block for a in columns)
        return used <= known and has_block

    def _formula(self, formula: Formula, columns: Mapping[str, Column], n: int) -> Column:
        leaf = formula.leaf

        def lookup(name: Name) -> Column:
            address = self.plan.schema.leaf_of_name(name.text, leaf.block)
            if address in columns:
                return columns[address]
            return Column(np.full(n, np.nan), null=np.ones(n, dtype=bool))

        block = self.plan.schema.blocks.get(leaf.block)
        scope = Evaluator(lookup, n, self.plan.schema.file.lookups)
        column = align(scope.evaluate(formula.expr), leaf, block, n)
        if block is not None and leaf.axes and not column.ndim:
            guide = longest(
                {a: c for a, c in columns.items() if self.plan.leaves[a].block == leaf.block},
                self.plan.leaves,
                leaf.axes[0],
            )
            column = fill_axes(column, leaf, block, guide)
        return finish(column, leaf, formula.factor)

    def _place(self, columns: dict[str, Column]) -> None:
        columns["ra"], columns["dec"] = to_icrs(
            columns["ra"], columns["dec"], self.plan.schema.file.object.frame
        )

    def _refuse_objects(
        self, frame: Frame, columns: dict[str, Column], seen: SeenIds
    ) -> tuple[Frame, dict[str, Column]]:
        """Refuse rows without id, with an impossible position, or with an id met before."""
        object_id = columns[OBJECT_LEAVES[0]]
        null = object_id.null if object_id.null is not None else np.zeros(len(frame), dtype=bool)
        null = null | is_empty(object_id.data)
        misplaced = refuse_positions(columns["ra"], columns["dec"]) & ~null
        good = ~(null | misplaced)
        repeated = np.zeros(len(frame), dtype=bool)
        accepted = object_id.data if good.all() else object_id.data[good]
        repeated[good] = seen.repeated(accepted)
        if not (null.any() or misplaced.any() or repeated.any()):
            return frame, columns
        for code, mask in (("null_id", null), ("position", misplaced), ("repeated_id", repeated)):
            if mask.any():
                self._refuse(code, frame.take(mask), ids=object_id.data[mask])
        keep = ~(null | misplaced | repeated)
        return frame.take(keep), {a: column.take(keep) for a, column in columns.items()}

    def _refuse(
        self,
        code: str,
        frame: Frame,
        message: str = "",
        ids: Array | None = None,
        messages: Array | None = None,
    ) -> None:
        files = self.file_names(frame.file)
        self.rejects.add(
            code,
            files=files,
            rows=frame.row,
            object_ids=ids,
            message=message,
            messages=messages,
        )

    def _leaf_error(self, found: LeafFault, frame: Frame) -> LeafError:
        rows = found.fault.rows
        place = 0 if rows is None or len(rows) != len(frame) else int(np.flatnonzero(rows)[0])
        where = self.plan.schema.id
        if len(frame):
            where = self._reader.entries[int(frame.file[place])].file.relative
            if rows is not None:
                where += f", row {int(frame.row[place])}"
        source = f"(source {self.plan.source})"
        return LeafError(
            f"{found.leaf}: {found.fault.message} {source}",
            where=where,
            hint=found.fault.hint or "mend the YAML, or give on_bad_row='reject' to leave rows out",
        )

    def undeclared(self) -> dict[str, str]:
        """Return the cells of the main files that the plan does not read, with a file of each.

        For a plan of all leaves they are what the schema does not know of. No fault: a later
        release of a survey may add columns.
        """
        return self._reader.undeclared(self._reader.entries)

    def announce_undeclared(self) -> None:
        """Tell the log, where it listens, which cells of the first file are not read."""
        if logger.isEnabledFor(logging.INFO):
            for cell, file in self._reader.undeclared(self._reader.entries[:1]).items():
                logger.info("%s: no leaf is read from '%s' of %s", self.plan.schema.id, cell, file)

    def tables(
        self,
        *,
        batch_rows: int | None = None,
        index: RowIndex | None = None,
        naming: Naming = "original",
    ) -> Iterator[pa.Table]:
        """Yield Arrow tables of Examples, with units and meaning in the field metadata."""
        plan = self.plan
        schema = arrow_schema(plan.schema, plan.leaves, plan.wanted, naming)
        keys = nested_keys(plan.wanted, plan.leaves, plan.schema.blocks, naming)
        for batch in self.batches(batch_rows=batch_rows, index=index):
            yield pack_table(batch.columns, keys, schema, len(batch))
