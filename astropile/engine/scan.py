"""Operator Scan: the cells of the main table, file after file, in batches of bounded size."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from astropile.engine.cells import CellBook, users_of
from astropile.engine.evaluate import Evaluator
from astropile.engine.files import DataFile, find_files
from astropile.engine.forms import null_cell
from astropile.engine.functions.text import as_text
from astropile.engine.groups import Groups
from astropile.engine.logic import row_truth
from astropile.engine.operand import AbsentCellError, Fault, rows_of
from astropile.engine.plan import PATH, Plan, Program, cell_of_name
from astropile.engine.rejects import Rejects
from astropile.engine.tables import Frame, first_of_each, join_small, sort_rows
from astropile.errors import CellError, CorruptFileError, LeafError
from astropile.expression import Name, names
from astropile.readers import CellInfo, Column, Reader, ReadOptions, open_reader
from astropile.readers.column import Array, Rows
from astropile.schema import BoundTable

#: Files of one object each are read this many at a time.
FILES_A_BATCH = 512
#: Rows of several files are joined up to this size: a batch costs as much time as copying it.
JOIN_BYTES = 16 * 2**20
#: Elements of a ragged axis, where the file does not tell how many there may be.
RAGGED_LENGTH = 4096
#: So many rows of a file tell how long they really are.
SAMPLE_ROWS = 256
#: The pixel that some files tell follows from the position and is never read.
NEVER_READ = frozenset({"healpix"})
#: Rows to read by number of the entry; None reads all that pass ``where``.
Selection: TypeAlias = Mapping[int, Array] | None
#: Rows in memory by number of the entry, and how many of them were not handed on yet.
Held: TypeAlias = dict[int, tuple[Frame, int]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the main table, or of one that it stacks, and the program that reads it."""

    number: int
    program: Program
    table: BoundTable
    file: DataFile

    @property
    def is_part(self) -> bool:
        """Whether the file is part of a stack: what it lacks is null there."""
        return self.table is not self.program.main


@dataclass(frozen=True, slots=True)
class RowIndex:
    """Where rows are: number of the entry and number in the file, in row order."""

    file: Array
    row: Array

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.row)


def list_entries(plan: Plan, root: Path, *, follow_links: bool = False) -> list[Entry]:
    """Return the files of the main table in row order.

    A path that is found twice is read once, unless other rows of it are wanted.
    """
    entries: list[Entry] = []
    seen: set[tuple[str, str, str]] = set()
    for program in plan.programs:
        for table in program.main_parts:
            for file in find_files(root, table.files, follow_links=follow_links):
                split = program.split if program.split_by is not None else ""
                key = (file.relative, split, "" if table.where is None else table.where.text)
                if key not in seen:
                    seen.add(key)
                    entries.append(Entry(len(entries), program, table, file))
    return entries


def read_options(table: BoundTable) -> ReadOptions:
    """Return what a reader must know of a table."""
    model = table.model
    return ReadOptions(
        rows=model.rows,
        hdu=model.hdu,
        shared=model.shared,
        ignore_case=model.ignore_case,
        delimiter=model.delimiter,
        comment=model.comment,
        header=model.header,
        nulls=model.nulls,
    )


@dataclass(slots=True)
class CellReader:
    """Reads cells of main-table files."""

    plan: Plan
    entries: Sequence[Entry]
    rejects: Rejects
    batch_bytes: int
    book: CellBook
    _stacked: dict[int, dict[str, CellInfo]] = field(default_factory=dict)
    _row_bytes: dict[int, int] = field(default_factory=dict)
    _sizes: dict[int, tuple[int, int, bool]] = field(default_factory=dict)
    _fullness: float | None = None
    _groups: dict[int, Groups] = field(default_factory=dict)
    #: Rows of the files that were opened, by number of the entry.
    lengths: dict[int, int] = field(default_factory=dict)

    def frames(
        self, *, batch_rows: int | None, index: RowIndex | None = None
    ) -> Iterator[tuple[Program, Frame]]:
        """Yield batches of cells, each of rows of one program, in row order."""
        is_nested = bool(self.entries) and bool(self.entries[0].program.main.model.group)
        # A group is known by its first row, but all of its rows must be read.
        selection = self._selection(None if is_nested else index)
        for program, group in _runs(self.entries, by_table=not is_nested):
            chosen = [e for e in group if selection is None or e.number in selection]
            if is_nested:
                frames = self._nested(program, chosen, selection, batch_rows, index)
            elif group[0].table.model.rows == "file":
                frames = self._object_files(program, chosen, batch_rows)
            else:
                frames = join_small(
                    (f for entry in chosen for f in self._rows_of(entry, selection, batch_rows)),
                    rows=batch_rows or sys.maxsize,
                    n_bytes=min(JOIN_BYTES, self.batch_bytes),
                    padded=program.padded,
                )
            yield from ((program, frame) for frame in frames)
        if index is None:
            self.book.refuse_unseen()

    def _nested(
        self,
        program: Program,
        entries: Sequence[Entry],
        selection: Selection,
        batch_rows: int | None,
        index: RowIndex | None,
    ) -> Iterator[Frame]:
        """Yield groups that are one row each, some at a time; a group may span files.

        The keys of all files come first. They say which rows make a batch, and only these are
        read for it. As much as one batch holds is read with its keys, so that no small file is
        opened twice.
        """
        asked = None
        held: Held = {}
        groups = self._groups.get(id(program))
        if groups is None:
            groups = self._catalogue(program, entries, selection, held if index is None else None)
        if index is not None:
            self._groups[id(program)] = groups  # which is asked again for other rows
            asked = groups.find(index.file, index.row)
            index = RowIndex(index.file[asked >= 0], index.row[asked >= 0])
            asked = asked[asked >= 0]
        known: dict[str, tuple[int, str]] = {}
        parts = groups.batches(n_bytes=self.batch_bytes, n_groups=batch_rows, asked=asked)
        for part, rows in parts:
            pieces = self._pieces(program, groups.file[rows], groups.row[rows], held)
            frames = list(self._of_one_rank(pieces, known))
            if not frames:
                continue  # all files that could be read a moment ago
            frame = Frame.concatenate(frames)
            del frames
            nested = groups.nest(frame, None if len(frame) < len(rows) else rows)
            if index is not None:
                nested = _listed(nested, RowIndex(index.file[part], index.row[part]))
            yield nested

    def _catalogue(
        self,
        program: Program,
        entries: Sequence[Entry],
        selection: Selection,
        held: Held | None,
    ) -> Groups:
        """Return the groups of all files.

        Parameters
        ----------
        held : dict, optional
            Gets the cells that are no keys of some files by the number of the entry, as many as
            one batch holds. Without it only keys are read.
        """
        keys = program.main.model.group
        frames: list[Frame] = []
        spare = -1 if held is None else self.batch_bytes
        for entry in entries:
            for frame in self._first_look(entry, selection, keys, spare):
                size, _, is_whole = self._sizes[entry.number]
                if is_whole and held is not None:
                    rest = frame.only([c for c in frame.columns if c not in keys])
                    held[entry.number] = rest, len(rest)
                    spare -= len(frame) * size
                frames.append(frame.only(keys))
        none = Frame({}, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
        joined = Frame.concatenate(list(self._of_one_rank(frames)) or [none])
        facts = [self._sizes.get(entry.number, (0, 1, False))[:2] for entry in self.entries]
        sizes, blocks = np.array(facts, dtype=np.int64).reshape(-1, 2).T
        return Groups.of(joined, keys, sizes, blocks)

    def _selection(self, index: RowIndex | None) -> Selection:
        """Return the rows to read of each entry: asked for, or left by sort and unique."""
        if index is not None:
            if not len(index):
                return {}
            numbers, starts = np.unique(index.file, return_index=True)
            parts = np.split(index.row, starts[1:])
            return dict(zip(numbers.tolist(), parts, strict=True))
        program = self.entries[0].program if self.entries else None
        if program is None or not program.main.model.unique:
            return None
        keys = (*program.main.model.sort, *program.main.model.unique)
        cells = tuple(key.removeprefix("-") for key in keys)
        frames = [f for e in self.entries for f in self._rows_of(e, None, None, only=cells)]
        if not frames:
            return {}
        frame = Frame.concatenate(frames)
        ordered = frame.take(sort_rows(frame, program.main.model.sort or cells))
        kept = ordered.take(first_of_each(ordered, program.main.model.unique))
        return {
            int(number): np.sort(kept.row[kept.file == number]) for number in np.unique(kept.file)
        }

    def _first_look(
        self,
        entry: Entry,
        selection: Selection,
        keys: Sequence[str],
        spare: int,
    ) -> Iterator[Frame]:
        """Yield the keys of a file, or all cells if they take at most some bytes."""
        try:
            yield from self._rows_of(entry, selection, None, only=keys, spare=spare)
        except CorruptFileError as error:
            self._refuse_file(entry, error)

    def _pieces(self, program: Program, file: Array, row: Array, held: Held) -> Iterator[Frame]:
        """Yield cells that are no keys of rows that are listed in row order."""
        keys = program.main.model.group
        cells = [cell for cell in program.cells[program.main.name] if cell not in keys]
        for number in np.unique(file).tolist():
            entry, rows = self.entries[number], row[file == number]
            if number in held:
                whole, left = held.pop(number)
                if len(rows) < left:
                    held[number] = whole, left - len(rows)
                yield whole if len(rows) == len(whole) else whole.take(np.isin(whole.row, rows))
                continue
            try:
                yield from self._rows_of(entry, {number: rows}, None, only=cells)
            except CorruptFileError as error:
                self._refuse_file(entry, error)

    def _rows_of(
        self,
        entry: Entry,
        selection: Selection,
        batch_rows: int | None,
        only: Sequence[str] | None = None,
        spare: int | None = None,
    ) -> Iterator[Frame]:
        """Yield the rows of one file, of some or all wanted cells.

        With `spare` all cells are read if they take no more bytes, else those of `only`.
        """
        program = entry.program
        wanted = program.cells[program.main.name] if only is None or spare is not None else only
        with self._open(entry) as reader:
            if entry.table.model.rows == "group" and not reader.count_rows():
                return  # without a group there are no cells to be missed
            names: Sequence[str] = self._present(reader, entry, wanted)
            self.lengths[entry.number] = reader.count_rows()
            rows = None if selection is None else selection[entry.number]
            if spare is not None and only is not None:
                size = self._row_size(reader, names)
                n = reader.count_rows() if rows is None else len(rows)
                is_whole = n * size <= spare
                self._sizes[entry.number] = size, reader.block_rows(), is_whole
                names = names if is_whole else only
            lacking = self._lacking(entry, only if names is only and only else wanted, names)
            step = self._step(reader, program, names, batch_rows)
            for part in _parts(rows, reader.count_rows(), step):
                numbers = np.arange(part.start, part.stop) if isinstance(part, slice) else part
                if rows is None and _is_filtered(entry):
                    numbers = numbers[self._passing(reader, entry, part, numbers)]
                    part = numbers
                if len(numbers):
                    columns = reader.read(names, part) if names else {}
                    for cell, info in lacking.items():
                        columns[cell] = null_cell(info, len(numbers))
                    file = np.full(len(numbers), entry.number, dtype=np.int64)
                    yield Frame(columns, file, numbers.astype(np.int64))

    def _row_size(self, reader: Reader, names: Sequence[str]) -> int:
        """Return about how many bytes a row of a file takes in memory."""
        cells = reader.cells()
        size, is_ragged = 0, False
        for info in (cells[name] for name in names):
            one = 16 if info.dtype == "text" else np.dtype(info.dtype).itemsize
            size += one * prod(RAGGED_LENGTH if length is None else length for length in info.shape)
            is_ragged |= None in info.shape
        if is_ragged:
            n = min(reader.count_rows(), SAMPLE_ROWS)
            if self._fullness is None and n:
                # Rows of the first file tell how long lists are.
                found = reader.read(names, slice(0, n))
                self._fullness = sum(c.data.nbytes for c in found.values()) / (n * size)
            size = int(size * (self._fullness or 1))
        return max(1, size)

    def _passing(self, reader: Reader, entry: Entry, part: Rows, numbers: Array) -> Array:
        """Return which rows pass ``where`` and belong to the split; only key cells are read."""
        program = entry.program
        file = np.full(len(numbers), entry.number, dtype=np.int64)
        columns: dict[str, Column] = {}

        def lookup(name: Name) -> Column:
            _, cell = cell_of_name(name, program.source)
            if name.parts[0] == PATH:
                return self.capture(name, file)
            if cell not in columns:
                if cell not in reader.cells():
                    if entry.is_part:
                        return _nulls(len(numbers))
                    raise AbsentCellError(cell)
                columns.update(reader.read([cell], part))
            return columns[cell]

        try:
            return self._chosen(entry, lookup, numbers, where=entry.file.relative)
        except AbsentCellError as error:
            main = program.main.name
            where = entry.file.relative
            raise self.book.missing(reader, program, main, str(error), where=where) from None

    def _chosen(
        self, entry: Entry, lookup: Callable[[Name], Column], rows: Array, *, where: str
    ) -> Array:
        """Return which rows pass ``where`` and belong to the split."""
        program = entry.program
        scope = Evaluator(lookup, len(rows), self.plan.schema.file.lookups, rows)
        chosen = np.ones(len(rows), dtype=bool)
        key = "where"
        try:
            if entry.is_part and entry.table.where is not None:
                chosen &= row_truth(scope.evaluate(entry.table.where.expr))
            if program.where is not None:
                chosen &= row_truth(scope.evaluate(program.where))
            if program.split_by is not None:
                key = "split_by"
                label = rows_of(as_text(scope.evaluate(program.split_by)), len(rows))
                chosen &= np.strings.strip(label.data) == program.split
        except Fault as fault:
            raise LeafError(f"{key}: {fault.message}", where=where, hint=fault.hint) from fault
        return chosen

    def _object_files(
        self, program: Program, entries: Sequence[Entry], batch_rows: int | None
    ) -> Iterator[Frame]:
        """Yield frames of files that are one row each, many files at a time.

        No threads: the HDF5 library has one lock and Python another, and two threads that read
        small files took twice as long as one.
        """
        step = min(batch_rows or FILES_A_BATCH, FILES_A_BATCH)
        each = (frame for entry in entries if (frame := self._object_file(program, entry)))
        alike = self._of_one_rank(each)
        for frame in join_small(alike, rows=step, n_bytes=self.batch_bytes, padded=None):
            mask = self._where_whole(entries[0], frame)
            yield frame if mask is None else frame.take(mask)

    def _of_one_rank(
        self, frames: Iterable[Frame], first: dict[str, tuple[int, str]] | None = None
    ) -> Iterator[Frame]:
        """Pass frames of several files on; their rows could not stand in one column otherwise.

        `first` keeps the ranks of cells, each with the first file, for the frames of a next call.
        """
        first = {} if first is None else first
        for frame in frames:
            file = self.entries[int(frame.file[0])].file.relative if len(frame) else ""
            for cell, column in frame.columns.items() if file else ():
                rank, other = first.setdefault(cell, (column.ndim, file))
                if rank != column.ndim:
                    program = self.entries[int(frame.file[0])].program
                    users = users_of(program.main.name, cell, program)
                    raise CellError(
                        f"'{cell}' has {column.ndim} axes for an object, but {rank} in {other} "
                        f"(source {self.plan.source}{users})",
                        where=file,
                        hint="see which of the two files is as the survey gives it",
                    )
            yield frame

    def _object_file(self, program: Program, entry: Entry) -> Frame | None:
        """Return the row of a file; None if it cannot be read and is refused."""
        try:
            with self._open(entry) as reader:
                wanted = [*program.cells[program.main.name]]
                if entry.is_part and entry.table.where is not None:
                    wanted += [c for c in _own_cells(entry) if c not in wanted]
                names = self._present(reader, entry, wanted)
                columns = reader.read(names)
                for cell, info in self._lacking(entry, wanted, names).items():
                    columns[cell] = null_cell(info, 1)
        except CorruptFileError as error:
            self._refuse_file(entry, error)
            return None
        place = np.array([entry.number], dtype=np.int64)
        return Frame(columns, place, np.zeros(1, dtype=np.int64))

    def _refuse_file(self, entry: Entry, error: CorruptFileError) -> None:
        """Refuse a file that is one object; of any other it is not known what is lost."""
        if entry.table.model.rows != "file":
            raise error
        self.rejects.add(
            "file", files=np.array([entry.file.relative]), rows=np.array([0]), message=error.what
        )

    def _where_whole(self, entry: Entry, frame: Frame) -> Array | None:
        if not _is_filtered(entry):
            return None
        program = entry.program

        def lookup(name: Name) -> Column:
            if name.parts[0] == PATH:
                return self.capture(name, frame.file)
            cell = cell_of_name(name, program.source)[1]
            if cell not in frame.columns:
                if entry.is_part:
                    return _nulls(len(frame))
                raise AbsentCellError(cell)
            return frame.columns[cell]

        where = f"{self.plan.schema.id}, source {self.plan.source}"
        return self._chosen(entry, lookup, frame.row, where=where)

    def _open(self, entry: Entry) -> Reader:
        table = entry.table
        return open_reader(entry.file.path, table.model.format, read_options(table))

    def _present(self, reader: Reader, entry: Entry, wanted: Sequence[str]) -> list[str]:
        """Return the wanted cells that the file has; only optional ones may be lacking."""
        return self.book.present(
            reader,
            entry.program,
            entry.program.main.name,
            wanted,
            where=entry.file.relative,
            is_part=entry.is_part,
        )

    def _lacking(
        self, entry: Entry, wanted: Sequence[str], found: Sequence[str]
    ) -> dict[str, CellInfo]:
        """Return the forms of cells that a part of a stack lacks, as another part tells them."""
        if not entry.is_part or len(found) == len(wanted):
            return {}
        known = self._stacked.setdefault(id(entry.program), {})
        others = (e for e in self.entries if e.program is entry.program)
        firsts = {e.table.name: e for e in reversed(list(others)) if e.table is not entry.table}
        for cell in wanted:
            for other in reversed(list(firsts.values())) if cell not in known else ():
                with suppress(CorruptFileError), self._open(other) as reader:
                    if cell in reader.cells():
                        known[cell] = reader.cells()[cell]
                        break
        return {cell: known[cell] for cell in wanted if cell not in found and cell in known}

    def undeclared(self, entries: Iterable[Entry]) -> dict[str, str]:
        """Return the cells of files that the plan does not read, each with the first such file."""
        found: dict[str, str] = {}
        for entry in entries:
            with suppress(CorruptFileError), self._open(entry) as reader:
                cells = reader.cells()
                first = getattr(cells, "first_address", lambda name: name)
                read = {first(cell) for cell in entry.program.cells[entry.program.main.name]}
                for cell in cells:
                    # Header cards and attributes are notes, and there are hundreds of them.
                    if cell not in read and cell not in NEVER_READ and "@" not in cell:
                        found.setdefault(cell, entry.file.relative)
        return found

    def capture(self, name: Name, file: Array) -> Column:
        """Return a capture of the path for every row."""
        key = ".".join(name.parts[1:])
        numbers, inverse = np.unique(file, return_inverse=True)
        texts = [self.entries[int(n)].file.captures.get(key) for n in numbers]
        null = np.array([text is None for text in texts] or [False])[inverse]
        data = np.array([text or "" for text in texts] or [""])[inverse]
        return Column(data, null=null if null.any() else None)

    def _step(
        self, reader: Reader, program: Program, names: Sequence[str], batch_rows: int | None
    ) -> int:
        """Return how many rows of a file make a batch."""
        if program.main.model.group:
            # Either keys are read, or rows of which it is known that one batch holds them.
            return max(1, reader.count_rows())
        if batch_rows is not None:
            return batch_rows
        cells = reader.cells()
        longest = max((_length_of(cells[name].shape) for name in names), default=1)
        if longest not in self._row_bytes:
            self._row_bytes[longest] = row_bytes(self.plan, longest)
        step = max(1, self.batch_bytes // self._row_bytes[longest])
        block = reader.block_rows()
        # Whole chunks only: a chunk that is cut would be decompressed twice.
        return max(block, step - step % block)


def _length_of(shape: tuple[int | None, ...]) -> int:
    """Return how many elements a ragged axis that is made of a cell has at most, as a guess."""
    lengths = [length for length in shape if length is not None]
    return min(RAGGED_LENGTH, prod(lengths)) if len(lengths) == len(shape) else RAGGED_LENGTH


def _listed(frame: Frame, index: RowIndex) -> Frame:
    """Return the rows of a nested frame that an index lists, in its order."""
    stride = 1 + max(int(frame.row.max()), int(index.row.max()))
    own, wanted = frame.file * stride + frame.row, index.file * stride + index.row
    order = np.argsort(own)
    place = np.clip(np.searchsorted(own, wanted, sorter=order), 0, len(own) - 1)
    return frame.take(order[place][own[order[place]] == wanted])


def _nulls(n: int) -> Column:
    return Column(np.full(n, np.nan), null=np.ones(n, dtype=bool))


def _own_cells(entry: Entry) -> list[str]:
    """Return the cells that the filter of a part of a stack names."""
    where = entry.table.where
    found = names(where.expr) if where is not None else ()
    return [name.text for name in found if name.parts[0] != PATH]


def _is_filtered(entry: Entry) -> bool:
    """Return whether not all rows of a file are objects of its split."""
    program = entry.program
    own = entry.table.where if entry.is_part else None
    return any(part is not None for part in (program.where, program.split_by, own))


def _runs(entries: Iterable[Entry], *, by_table: bool) -> Iterator[tuple[Program, list[Entry]]]:
    """Yield runs of entries of the same program, and of the same part of a stack."""
    run: list[Entry] = []
    for entry in entries:
        is_other = bool(run) and run[-1].program is not entry.program
        if by_table and run and run[-1].table is not entry.table:
            is_other = True
        if is_other:
            yield run[0].program, run
            run = []
        run.append(entry)
    if run:
        yield run[0].program, run


def _parts(rows: Array | None, total: int, step: int) -> Iterator[slice | Array]:
    if rows is None:
        for start in range(0, total, step):
            yield slice(start, min(start + step, total))
        return
    for start in range(0, len(rows), step):
        yield rows[start : start + step]


def row_bytes(plan: Plan, longest: int = RAGGED_LENGTH) -> int:
    """Return about how many bytes one Example takes, if its ragged axes have some length."""
    total = 64
    for leaf in plan.leaves.values():
        block = plan.schema.blocks.get(leaf.block)
        shape: tuple[Any, ...] = tuple(block.length(axis) for axis in leaf.axes) if block else ()
        size = 16 if leaf.field.dtype == "string" else np.dtype(leaf.field.dtype).itemsize
        total += size * prod(longest if length is None else length for length in shape)
    return total
