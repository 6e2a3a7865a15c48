"""Mock files of a survey, made from its YAML alone."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from astropile.disk import reason_of
from astropile.engine import find_files
from astropile.errors import ConfigError, OutputError, UsageError
from astropile.readers import Column
from astropile.registry import find_schema
from astropile.schema import BoundTable, SurveySchema
from astropile.schema.models import Table
from astropile.survey import Survey
from astropile.testing.bindings import bind_programs
from astropile.testing.cells import NotInvertibleError
from astropile.testing.chunks import Chunk
from astropile.testing.errors import not_invertible
from astropile.testing.given import Given, leaves_in_memory
from astropile.testing.marks import MARK_FILE, MARK_TEXT
from astropile.testing.mock import Mock, Truth
from astropile.testing.objects import Objects, draw_objects, generator
from astropile.testing.paths import fill_pattern
from astropile.testing.programs import MockProgram, make_programs
from astropile.testing.rows import cut, explode
from astropile.testing.sky import Sky
from astropile.testing.writing import write_table

__all__ = ["simulate"]


def simulate(
    survey: str | SurveySchema,
    config: str | None,
    n: int,
    *,
    data_dir: str | os.PathLike[str],
    sky: Sky | None = None,
    seed: int = 0,
    source: str | None = None,
    like: Mock | Survey | None = None,
) -> Mock:
    """Write mock files of a survey in its own layout, from the YAML alone.

    Values are plausible for their meaning, unit and limits; some are sentinels; arrays are padded
    as the survey pads them. Every file says that it is a mock. The same arguments give the same
    bytes, and the same seed the same objects (positions, magnitudes, redshifts) to any survey.

    Parameters
    ----------
    survey : str or SurveySchema
        Name of a registered survey, or a schema.
    config : str or None
        Config; None for the default one.
    n : int
        Number of objects, over all splits.
    data_dir : path-like
        Folder to write to: new, empty, or one that holds mock files already.
    sky : Sky, optional
        Where the objects are; default a cap of 4 deg.
    seed : int
        Not negative.
    source : str, optional
        Source whose files are written; default the first of the config that can be.
    like : Mock or Survey, optional
        The same objects in another source: a mock, or a survey with files, whose real Examples are
        then written in the layout of `source`. Only leaves that it lacks are drawn.

    Returns
    -------
    Mock
        The files, and the truth that they hold.

    Raises
    ------
    UsageError
        What the source says cannot be undone (``not_invertible``), or n or seed is wrong.
    ConfigError
        The survey has no such config or source.
    OutputError
        The folder holds other files.

    Examples
    --------
    >>> import tempfile
    >>> import astropile as ap
    >>> folder = tempfile.mkdtemp()
    >>> mock = ap.testing.simulate("hipparcos", "main", 20, data_dir=folder, seed=1)
    >>> len(ap.load("hipparcos", data_dir=folder).catalog())
    20
    """
    schema = find_schema(survey) if isinstance(survey, str) else survey
    name = schema.config_name(config)
    if n < 1 or seed < 0:
        msg = f"n = {n} objects, seed = {seed}"
        raise UsageError(msg, hint="n is at least 1, seed at least 0")
    root = _folder(Path(data_dir).expanduser())
    objects = draw_objects(n, Sky() if sky is None else sky, seed)
    given = _given(like, schema, name, n)
    chosen, programs = _writable(schema, name, source, given, objects, seed)
    files = _Writer(root, programs, seed).write()
    note = _note(root, schema, name, chosen, n, seed)
    return Mock(
        data_dir=root,
        survey=schema.id,
        config=name,
        source=chosen,
        files=(*files, note),
        leaves=Truth(schema, name, programs),
        order=np.concatenate([program.objects.number for program in programs]),
    )


def _sources(schema: SurveySchema, config: str, source: str | None) -> list[str]:
    """Return the sources that may be written, the one asked for or all in order."""
    sources = schema.sources(config)
    if not sources:
        msg = f"config {config} has no source"
        raise ConfigError(msg, where=schema.id, hint="name another config")
    if source is not None and source not in sources:
        msg = f"no source '{source}' for config {config}; it has {', '.join(sources)}"
        raise ConfigError(msg, where=schema.id, hint="leave it out for the first of them")
    return [*sources] if source is None else [source]


def _writable(
    schema: SurveySchema,
    config: str,
    asked: str | None,
    given: Given | None,
    objects: Objects,
    seed: int,
) -> tuple[str, tuple[MockProgram, ...]]:
    """Return the first source that can be undone, with what is written of it."""
    refused: list[UsageError] = []
    for source in _sources(schema, config, asked):
        try:
            bindings = bind_programs(schema, config, source, given)
            return source, make_programs(bindings, objects, seed)
        except UsageError as error:
            refused.append(error)
    raise refused[0]


def _given(like: Mock | Survey | None, schema: SurveySchema, config: str, n: int) -> Given | None:
    """Return the values of other objects by their numbers."""
    if like is None:
        return None
    survey = like.survey if isinstance(like, Mock) else like.id
    if (survey, like.config, len(like)) != (schema.id, config, n):
        msg = f"like holds {len(like)} objects of {survey} {like.config}"
        raise UsageError(msg, hint=f"give one of {n} objects of {schema.id} {config}")
    if isinstance(like, Mock):
        return Given(like.leaves, np.argsort(like.order))
    return Given(leaves_in_memory(like), np.arange(n))


def _folder(root: Path) -> Path:
    """Return the folder to write to; refuse one that may hold real data."""
    if root.exists() and not root.is_dir():
        msg = "the data directory is a file"
        raise OutputError(msg, where=str(root), hint="name a folder")
    if root.is_dir() and any(root.iterdir()) and not (root / MARK_FILE).is_file():
        msg = "the folder holds files that are no mock"
        raise OutputError(
            msg, where=str(root), hint="give a new folder: mock and real data never mix"
        )
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"the folder cannot be made: {error.strerror}"
        hint = "choose a folder that can be written and has space"
        raise OutputError(msg, where=str(root), hint=hint) from error
    return root.resolve()


def _note(root: Path, schema: SurveySchema, config: str, source: str, n: int, seed: int) -> Path:
    """Say in the folder what was simulated."""
    path = root / MARK_FILE
    head = f"{MARK_TEXT}\nNothing in this folder was observed.\n"
    text = path.read_text(encoding="utf-8") if path.exists() else head
    line = (
        f"survey {schema.id}, schema version {schema.file.version}, config {config}, "
        f"source {source}, {n} objects, seed {seed}\n"
    )
    path.write_text(text if line in text else text + line, encoding="utf-8")
    return path


class _Writer:
    """Writes the files of all programs."""

    def __init__(self, root: Path, programs: Sequence[MockProgram], seed: int) -> None:
        self.root = root
        self.programs = programs
        self.seed = seed
        self.files: list[Path] = []
        self.attached: dict[str, tuple[BoundTable, list[dict[str, Column]]]] = {}

    def write(self) -> list[Path]:
        """Write everything and return the paths."""
        self._refuse_files()
        pending: dict[str, list[dict[str, Column]]] = {}
        for program in self.programs:
            several = program.bindings.source.split_by is not None
            for number, chunk in enumerate(program.chunks):
                columns = self._main_columns(program, number)
                if several:
                    pending.setdefault(chunk.paths[0], []).append(columns)
                else:
                    self._write(program, chunk.paths, columns, chunk.names)
        for path, parts in pending.items():
            self._write(self.programs[0], (path,), _below(parts), ())
        for pattern, (table, parts) in self.attached.items():
            self._write_attached(pattern, table, _below(parts))
        return sorted(self.files)

    def _refuse_files(self) -> None:
        for program in self.programs:
            for table in program.bindings.source.tables.values():
                if find_files(self.root, table.files):
                    msg = f"files that match {table.files} are there already"
                    raise OutputError(msg, where=str(self.root), hint="give a new folder")

    def _main_columns(self, program: MockProgram, number: int) -> dict[str, Column]:
        """Return the cells of the main table; those of attached ones are put aside."""
        source = program.bindings.source
        chunk = program.chunk(number)
        rng = generator(self.seed, *program.words, program.chunks[number].paths[0], "rows")
        try:
            columns = chunk.store.columns()
            main = {cell: c for (name, cell), c in columns.items() if name == source.main.name}
            main = _ungrouped(main, source.main.model, chunk, rng)
        except NotInvertibleError as error:
            raise not_invertible(program.bindings.schema, source, "cells", str(error)) from error
        for table in source.tables.values():
            own = {cell: c for (name, cell), c in columns.items() if name == table.name}
            if table.is_attached and own:
                self.attached.setdefault(table.files, (table, []))[1].append(own)
        return main

    def _write(
        self,
        program: MockProgram,
        paths: Sequence[str],
        columns: Mapping[str, Column],
        names: Sequence[str],
    ) -> None:
        table = program.bindings.source.main
        shared = [c for c in columns if program.bindings.is_shared((table.name, c))]
        self._write_table(program, table, paths, columns, names, shared)

    def _write_table(
        self,
        program: MockProgram,
        table: BoundTable,
        paths: Sequence[str],
        columns: Mapping[str, Column],
        names: Sequence[str],
        shared: Sequence[str],
    ) -> None:
        targets = [self.root / path for path in paths]
        for folder in {target.parent for target in targets}:
            folder.mkdir(parents=True, exist_ok=True)
        try:
            write_table(targets, table.model, columns, names=names, shared=shared)
        except NotInvertibleError as error:
            bindings = program.bindings
            what = f"table {table.name} ({table.model.format})"
            raise not_invertible(bindings.schema, bindings.source, what, str(error)) from error
        except OSError as error:
            for target in targets:  # half a file is no mock
                with suppress(OSError):
                    target.unlink(missing_ok=True)
            msg = f"cannot be written: {reason_of(error)}"
            hint = "choose a folder that can be written and has space"
            raise OutputError(msg, where=str(targets[0]), hint=hint) from error
        self.files += targets

    def _write_attached(
        self, pattern: str, table: BoundTable, columns: Mapping[str, Column]
    ) -> None:
        """Write an attached table, its rows in an order of their own."""
        program = self.programs[0]
        n = len(next(iter(columns.values())))
        if table.row is None:
            order = generator(self.seed, "attached", pattern).permutation(n)
            columns = {cell: column.take(order) for cell, column in columns.items()}
        elif sum(len(p.chunks) for p in self.programs) > 1:
            what = f"table {table.name}, row: {table.row.text}"
            why = "the main table has several files"
            raise not_invertible(program.bindings.schema, program.bindings.source, what, why)
        if table.model.group:
            columns = explode(columns, table.model.group)
        shared = [c for c in columns if program.bindings.is_shared((table.name, c))]
        path = fill_pattern(pattern, {}, "001-of-001", None)
        self._write_table(program, table, (path,), columns, (), shared)


def _below(parts: Sequence[Mapping[str, Column]]) -> dict[str, Column]:
    """Put cells of several chunks below one another."""
    return {cell: Column.concatenate([part[cell] for part in parts]) for cell in parts[0]}


def _ungrouped(
    columns: dict[str, Column], model: Table, chunk: Chunk, rng: np.random.Generator
) -> dict[str, Column]:
    """Return the rows that ``group`` joins: of padded arrays where a file can hold them."""
    if not model.group or model.rows != "axis":
        return columns
    layouts = [plan.layout for plan in chunk.axes.values()]
    if model.format in ("hdf5", "parquet") and len(layouts) == 1 and layouts[0].ends_padded:
        return cut(columns, model.group, layouts[0], rng, dense=model.format == "hdf5")
    return explode(columns, model.group)
