"""Operator Locate: the file of each main row, and in it what belongs to the row.

Rows whose paths are equal are read together; a file is opened once a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np

from astropile.engine.cells import CellBook
from astropile.engine.evaluate import Evaluator
from astropile.engine.files import DataFile, FileFinder
from astropile.engine.forms import Forms, gives_lists
from astropile.engine.functions.text import as_text
from astropile.engine.operand import Fault, Operand, numeric, rows_of
from astropile.engine.partners import (
    Keys,
    Losses,
    Places,
    arrange,
    find_places,
    key_cells,
)
from astropile.engine.plan import PATH, Plan, Program
from astropile.engine.ranges import elements_of
from astropile.engine.tables import Frame, group_ranks, nest, take_or_null
from astropile.engine.units import lower_units
from astropile.errors import CellError, CorruptFileError
from astropile.expression import Expr, holes, names, parse
from astropile.readers import Column, Reader
from astropile.readers.column import Array, offsets_of
from astropile.readers.protocol import WindowReader
from astropile.schema import BoundTable
from astropile.vocabulary import conversion, parse_unit


@dataclass(frozen=True, slots=True)
class PathTemplate:
    """A path whose holes are filled by expressions over the main row.

    Examples
    --------
    >>> template = PathTemplate.of("{x:04d}/spec-*.fits")
    >>> template.literals, template.is_pattern
    (('', '/spec-*.fits'), True)
    """

    literals: tuple[str, ...]
    exprs: tuple[Expr, ...]
    layouts: tuple[str | None, ...]

    @classmethod
    def of(cls, files: str) -> PathTemplate:
        """Split a path at its holes."""
        literals, at = [], 0
        found = holes(files)
        for hole in found:
            literals.append(files[at : hole.start])
            at = hole.end
        exprs = tuple(parse(hole.expression) for hole in found)
        return cls((*literals, files[at:]), exprs, tuple(hole.format for hole in found))

    @property
    def is_pattern(self) -> bool:
        """Whether ``*`` and ``?`` of the path stand for any text."""
        return any(mark in text for text in self.literals for mark in "*?")

    def fill(self, scope: Evaluator) -> tuple[Array, Array]:
        """Return the path of every row, and which rows have none since a hole is null.

        Raises
        ------
        Fault
            A value does not fit its format.
        """
        n = scope.n
        paths = np.full(n, self.literals[0])
        null = np.zeros(n, dtype=bool)
        for expr, layout, literal in zip(self.exprs, self.layouts, self.literals[1:], strict=True):
            text = _written(scope.evaluate(expr), layout, n)
            if text.null is not None:
                null |= text.null
            if self.is_pattern:
                # What a catalogue says is a name, in which these letters mean themselves.
                null |= np.logical_or.reduce([np.strings.find(text.data, m) >= 0 for m in "*?<"])
            paths = np.strings.add(np.strings.add(paths, text.data), literal)
        return paths, null


def _written(operand: Operand, layout: str | None, n: int) -> Column:
    """Return values as the text that stands in a path."""
    if operand.ndim:
        raise Fault("a hole of a path takes one value a row, but this is an array")
    if layout is None or layout.endswith("s"):
        column = rows_of(as_text(operand), n)
        width = int((layout or "s")[:-1] or 0)
        data = np.strings.ljust(column.data, width) if width else column.data
        return Column(data, null=column.null)
    column = rows_of(numeric(operand), n)
    null = np.zeros(n, dtype=bool) if column.null is None else column.null.copy()
    data = column.data
    if data.dtype.kind == "f":
        null |= ~np.isfinite(data)
    data = np.where(null, 0, data)
    if layout.endswith("d"):
        broken = data != np.floor(data)
        if broken.any():
            message = f"{data[broken][0]} is not whole, so it does not fit the format '{layout}'"
            raise Fault(message, rows=broken)
        data = data.astype(np.int64)
    return Column(np.char.mod(f"%{layout}", data), null=null)


@dataclass(slots=True)
class _Part:
    """What one file gives to the main rows that it belongs to."""

    rows: Array
    cells: Frame
    places: Places
    shared: frozenset[str]
    file: str


@dataclass(slots=True)
class Located:
    """Cells of files for main rows, before it is settled what becomes of those without.

    Attributes
    ----------
    cells : mapping of str to Column
        One value or list a main row; a cell whose form is not known is not there.
    losses : Losses
        Main rows without partner.
    """

    cells: dict[str, Column]
    losses: Losses


@dataclass(slots=True)
class Locator:
    """Finds and reads the files of main rows."""

    plan: Plan
    root: Path
    book: CellBook
    forms: Forms
    open_file: Callable[[BoundTable, DataFile], Reader]
    follow_links: bool = False
    refuse_damaged: bool = False
    _finder: FileFinder = field(init=False)
    _templates: dict[str, PathTemplate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the finder of files."""
        self._finder = FileFinder(self.root, self.follow_links)

    def locate(
        self, program: Program, table: BoundTable, scope: Evaluator, lengths: Array | None = None
    ) -> Located:
        """Return what the file of each row holds for it.

        Raises
        ------
        Fault
            A path, key or number cannot be made of the row.
        CorruptFileError
            A file is damaged, and its rows are not refused.
        """
        losses = Losses.none(scope.n)
        if table.model.cutout is not None:
            windows = _Windows.of(program, table, scope)
            keys = Keys()
        else:
            windows, keys = None, Keys.of(table, scope, lengths)
        is_test = not (windows or keys.row or keys.on or keys.range or program.cells[table.name])
        parts: list[_Part] = []
        for file, rows in self._files(table, scope, losses):
            if is_test:
                continue  # that there is a file is all that is asked
            try:
                with self.open_file(table, file) as reader:
                    if windows is not None:
                        part = self._windows(program, table, reader, file, windows, rows, losses)
                    else:
                        part = self._part(program, table, reader, file, keys, rows, losses)
            except CorruptFileError as error:
                if not self.refuse_damaged:
                    raise self._damaged(table, file, error, len(rows)) from error
                losses.add(rows, "file", f"{table.name}: {file.relative}: {error.what}")
                continue
            except Fault as fault:
                where = f"{self.plan.schema.id}, source {self.plan.source}"
                raise CellError(fault.message, where=where, hint=fault.hint) from fault
            parts.append(part)
        return Located(self._joined(program, table, parts, losses), losses)

    def _damaged(
        self, table: BoundTable, file: DataFile, error: CorruptFileError, n: int
    ) -> CorruptFileError:
        rows = f"{n} row{'s' if n > 1 else ''}"
        return CorruptFileError(
            f"{error.what} (table {table.name}, needed by {rows})",
            where=file.relative,
            hint="fetch the file again, or give on_bad_row='reject' to leave its rows out",
        )

    def _files(
        self, table: BoundTable, scope: Evaluator, losses: Losses
    ) -> Iterator[tuple[DataFile, Array]]:
        """Yield the files of rows, each with its rows in order, in the order of the first row."""
        if table.files not in self._templates:
            self._templates[table.files] = PathTemplate.of(table.files)
        template = self._templates[table.files]
        paths, null = template.fill(scope)
        why = "its path is null" + " or holds one of * ? <" * template.is_pattern
        losses.add(np.flatnonzero(null), "unmatched", f"no file of {table.name}: {why}")
        known = np.flatnonzero(~null)
        unique, first, inverse = np.unique(paths[known], return_index=True, return_inverse=True)
        order = np.argsort(inverse, kind="stable")
        members = np.split(known[order], np.cumsum(np.bincount(inverse, minlength=len(unique))))
        for number in np.argsort(first):
            path, rows = str(unique[number]), members[number]
            found = self._finder.find(path, is_pattern=template.is_pattern)
            if not found:
                losses.add(rows, "unmatched", f"no file {path} (table {table.name})")
                continue
            if len(found) > 1:
                raise CellError(
                    f"{len(found)} files match {path} (table {table.name}): "
                    f"{found[0].relative}, {found[1].relative}",
                    where=f"{self.plan.schema.id}, source {self.plan.source}",
                    hint="a row has one file: say more of its name in files:",
                )
            yield found[0], rows

    def _part(
        self,
        program: Program,
        table: BoundTable,
        reader: Reader,
        file: DataFile,
        keys: Keys,
        rows: Array,
        losses: Losses,
    ) -> _Part:
        """Read what belongs to main rows out of one open file."""
        model = table.model
        wanted = [c for c in program.cells[table.name] if not c.startswith(f"{PATH}.")]
        present = self.book.present(reader, program, table.name, wanted, where=file.relative)
        shared = frozenset(c for c in present if reader.cells()[c].shared)
        where = [name.text for name in names(table.where.expr)] if table.where else []
        first = key_cells(present, table, where)
        total = reader.count_rows()
        numbers = np.arange(total)
        table_keys = Frame(
            {**(reader.read(first) if first else {}), **_captured(program, table, file, total)},
            np.zeros(total, dtype=np.int64),
            numbers,
        )
        place = f"{file.relative} (table {table.name}, where)"
        table_keys = arrange(table_keys, table, self.plan.schema.file.lookups, place)
        ranks, starts = numbers, numbers
        if model.group:
            ranks, starts = group_ranks(table_keys, model.group)
        n = len(starts) if model.group else len(table_keys)
        name = f"{file.relative} (table {table.name})"
        own = keys.take(rows)
        if not (keys.on or keys.row or keys.range):
            places = _whole_file(model.rows == "file", n, losses, rows, name)
        else:
            candidates = table_keys.take(starts) if model.group else table_keys
            places = find_places(own, candidates, n, losses, rows, name=name)
        needed = np.unique(places.rows[places.rows >= 0])
        chosen = np.isin(ranks, needed) if model.group else needed
        cells = self._read(reader, present, table_keys.take(chosen))
        if model.group:
            cells = nest(cells, model.group)
        self.forms.note(table, reader, present)
        return _Part(
            rows, cells, places.moved(lambda r: np.searchsorted(needed, r)), shared, file.relative
        )

    @staticmethod
    def _read(reader: Reader, names: Sequence[str], keys: Frame) -> Frame:
        """Return all cells of the rows of a frame of keys, in its order."""
        rest = [name for name in names if name not in keys.columns]
        if not rest:
            return keys
        rows, order = np.unique(keys.row, return_inverse=True)
        columns = reader.read(rest, rows)
        if not np.array_equal(order, np.arange(len(order))):
            columns = {name: column.take(order) for name, column in columns.items()}
        return Frame({**keys.columns, **columns}, keys.file, keys.row)

    def _windows(
        self,
        program: Program,
        table: BoundTable,
        reader: Reader,
        file: DataFile,
        windows: _Windows,
        rows: Array,
        losses: Losses,
    ) -> _Part:
        """Cut windows out of the images of one open file."""
        where = file.relative
        cells = program.cells[table.name]
        wanted = self.book.present(reader, program, table.name, cells, where=where)
        images = [name for name in windows.images if name in reader.cells()]
        self.forms.note(table, reader, wanted)
        windowed = cast("WindowReader", reader)
        columns, inside = windows.cut(windowed, wanted, images, rows)
        if table.model.cutout is not None and table.model.cutout.edge == "drop":
            columns = {name: column.take(inside) for name, column in columns.items()}
            edge = f"{file.relative} (table {table.name}): the window reaches over the edge"
            losses.add(rows[~inside], "edge", edge)
        else:
            inside = np.ones(len(rows), dtype=bool)
        places = np.full(len(rows), -1, dtype=np.int64)
        places[inside] = np.arange(int(inside.sum()))
        zeros = np.zeros(int(inside.sum()), dtype=np.int64)
        return _Part(rows, Frame(columns, zeros, zeros), Places(places), frozenset(), file.relative)

    def _joined(
        self, program: Program, table: BoundTable, parts: list[_Part], losses: Losses
    ) -> dict[str, Column]:
        """Put what the files give side by side in the order of the main rows."""
        n = len(losses.which)
        wanted = program.cells[table.name]
        if not parts:
            return self.forms.null_cells(table, wanted, n)
        cells = _concatenated(parts, table)
        starts = offsets_of([len(part.cells) for part in parts])
        shared = frozenset.union(*(part.shared for part in parts))
        numbers = [part.places.rows + start for part, start in zip(parts, starts, strict=False)]
        if gives_lists(table):
            counts = np.zeros(n, dtype=np.int64)
            own = [np.asarray(part.places.counts) for part in parts]
            for part, lengths in zip(parts, own, strict=True):
                counts[part.rows] = lengths
            offsets = offsets_of(counts)
            elements = np.zeros(int(offsets[-1]), dtype=np.int64)
            for part, lengths, found in zip(parts, own, numbers, strict=True):
                elements[elements_of(offsets[part.rows], lengths)] = found
            places = Places(elements, counts)
        else:
            rows = np.full(n, -1, dtype=np.int64)
            for part, found in zip(parts, numbers, strict=True):
                rows[part.rows] = np.where(part.places.rows < 0, -1, found)
            places = Places(rows)
        found = places.cells(cells, losses.any, shared)
        return _without(found, parts, n) if places.counts is not None else found


def _without(lists: dict[str, Column], parts: Sequence[_Part], n: int) -> dict[str, Column]:
    """Make lists null, not lists of nulls, for rows whose file lacks the cell."""
    for name, column in lists.items():
        lacking = [part.rows for part in parts if name not in part.cells.columns]
        if lacking:
            rows = np.arange(n)
            rows[np.concatenate(lacking)] = -1
            lists[name] = take_or_null(column, rows)
    return lists


def _whole_file(is_row: bool, n: int, losses: Losses, rows: Array, name: str) -> Places:  # noqa: FBT001
    """Return the one row of a file, or all of its rows as a list, for every main row."""
    if is_row:
        if not n:
            losses.add(rows, "unmatched", f"no row of {name} is left by its where")
        return Places(np.full(len(rows), 0 if n else -1, dtype=np.int64))
    counts = np.full(len(rows), n, dtype=np.int64)
    return Places(np.tile(np.arange(n), len(rows)), counts)


def _captured(program: Program, table: BoundTable, file: DataFile, n: int) -> dict[str, Column]:
    """Return what the path of a file tells, where its table asks for it."""
    prefix = f"{PATH}."
    return {
        cell: Column(np.full(n, file.captures.get(cell.removeprefix(prefix), "")))
        for cell in program.cells[table.name]
        if cell.startswith(prefix)
    }


def _concatenated(parts: Sequence[_Part], table: BoundTable) -> Frame:
    try:
        return Frame.concatenate([part.cells for part in parts])
    except ValueError:
        first: dict[str, tuple[int, str]] = {}
        for part in parts:
            for cell, column in part.cells.columns.items():
                rank, file = first.setdefault(cell, (column.ndim, part.file))
                if rank != column.ndim:
                    raise CellError(
                        f"'{cell}' has {column.ndim} axes for an object, but {rank} in {file} "
                        f"(table {table.name})",
                        where=part.file,
                        hint="see which of the two files is as the survey gives it",
                    ) from None
        raise


@dataclass(frozen=True, slots=True)
class _Windows:
    """Where windows of a table lie, and all images whose pixels they should have."""

    ra: Array
    dec: Array
    size: tuple[int, int]
    images: tuple[str, ...]

    @classmethod
    def of(cls, program: Program, table: BoundTable, scope: Evaluator) -> _Windows:
        cutout = table.model.cutout
        assert cutout is not None  # noqa: S101 - asked before
        ra, dec = (_degrees(text, scope) for text in (cutout.ra, cutout.dec))
        ny, nx = cutout.size
        return cls(ra, dec, (ny, nx), program.images[table.name])

    def cut(
        self, reader: WindowReader, names: Sequence[str], images: Sequence[str], rows: Array
    ) -> tuple[dict[str, Column], Array]:
        """Return windows around the positions of rows, and which lie inside of all images."""
        ra, dec = self.ra[rows], self.dec[rows]
        return reader.read_windows(names, ra, dec, self.size, also=images)


def _degrees(text: str, scope: Evaluator) -> Array:
    """Return a coordinate in degrees; NaN where it is null."""
    expr, unit = lower_units(parse(text))
    column = rows_of(numeric(scope.evaluate(expr)), scope.n)
    if column.ndim:
        raise Fault(f"'{text}' must be one number a row, but it is an array")
    values = column.data.astype(np.float64)
    factor = None if unit is None else conversion(unit, parse_unit("deg"))
    if factor is not None:
        values = np.asarray(factor(values) if callable(factor) else values * factor)
    return values if column.null is None else np.where(column.null, np.nan, values)
