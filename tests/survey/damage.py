"""Mock HDF5 files of any survey, and what can be wrong with them; no survey is known by name."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import astropile as ap
from astropile.engine import Plan
from astropile.engine.plan import Program
from astropile.errors import SchemaError
from astropile.expression import Literal, Name, names, walk
from astropile.registry import find_schema, heads
from astropile.schema import OBJECT_LEAVES, Leaf, SurveySchema
from astropile.testing import simulate

OBJECTS = 4
NUMBERS = ("float32", "float64", "int64", "int32", "int16", "int8", "uint8", "uint16", "uint32")
TEXT = b"no number"


def hdf5_source(schema: SurveySchema) -> str | None:
    """Return the first source of the default config whose objects are in HDF5 files."""
    for name, source in schema.sources(None).items():
        if next(iter(source.tables.values())).format == "hdf5":
            return name
    return None


def surveys_in_hdf5() -> Iterator[str]:
    """Yield the shipped surveys that have such a source; a broken one is for its test to tell."""
    for head in heads():
        try:
            if hdf5_source(find_schema(head.survey)) is not None:
                yield head.survey
        except SchemaError:
            yield head.survey


@dataclass(frozen=True)
class Victim:
    """A leaf, and the cell of a file that it is read from."""

    address: str
    cell: str

    @property
    def path(self) -> str:
        """Place of the cell in an HDF5 file, or below the group of an object."""
        return self.cell.replace(".", "/")


@dataclass(frozen=True)
class Files:
    """Files of some objects of a survey, free to be damaged."""

    survey: str
    source: str
    root: Path

    def load(self, *columns: str) -> ap.Survey:
        """Return the survey with these files."""
        chosen = list(columns) or None
        return ap.load(self.survey, data_dir=self.root, source=self.source, columns=chosen)

    @cached_property
    def plan(self) -> Plan:
        """Plan of all leaves."""
        request = self.load().request
        return request.plan(request.leaves)

    @property
    def paths(self) -> list[Path]:
        """Files of the objects, in row order."""
        request = self.load().request
        return request.run(request.leaves).files

    @property
    def rows(self) -> str:
        """What a row of a file is: axis, file or group."""
        return self.plan.programs[0].main.model.rows

    def name(self, path: Path) -> str:
        """Return a path as messages say it."""
        return path.relative_to(self.root).as_posix()

    def copy(self, root: Path) -> Files:
        """Return a copy of the files in another folder."""
        shutil.copytree(self.root, root)
        return Files(self.survey, self.source, root)

    def places(self, file: h5py.File) -> list[h5py.Group]:
        """Return the groups that hold the cells of a file: the file itself, or one an object."""
        return list(file.values()) if self.rows == "group" else [file]

    def victim(self, *, is_array: bool) -> Victim:
        """Return the first leaf that is a number, or an array of them, with its cell."""
        program = self.plan.programs[0]
        with h5py.File(self.paths[0]) as file:
            place = self.places(file)[0]
            found = [
                Victim(address, cell)
                for address, leaf in self._leaves(is_array=is_array)
                for cell in _cells(program, address)
                if cell.replace(".", "/") in place
            ]
        assert found, f"{self.survey} has no such leaf"
        return found[0]

    def _leaves(self, *, is_array: bool) -> list[tuple[str, Leaf]]:
        """Return the candidates, floats first and those of the object last."""
        program, leaves = self.plan.programs[0], self.plan.leaves
        chosen = [
            (address, leaf)
            for address, leaf in leaves.items()
            if address in program.source.values
            and leaf.field.dtype in NUMBERS
            and bool(leaf.axes) == is_array
        ]
        object_columns = {*OBJECT_LEAVES, *_columns_of_object(self.plan.schema)}
        return sorted(chosen, key=lambda c: (c[0] in object_columns, "f" not in c[1].field.dtype))

    def keeps(self) -> list[tuple[list[str], list[Any]]]:
        """Return cells that tell data from padding, each with what could say padding."""
        program = self.plan.programs[0]
        found = []
        for (block, _), value in program.source.keep.items():
            cells = []
            for name in names(value.expr):
                address = f"{block}.{name.text}"
                stored = _cells(program, address) if address in program.source.values else []
                cells += stored or [name.text]
            literals = [node.value for node in walk(value.expr) if isinstance(node, Literal)]
            found.append((cells, [*literals, 0, np.nan]))
        return [(cells, padding) for cells, padding in found if cells]

    def readers(self, cell: str) -> list[str]:
        """Return the leaves that are read from a cell, or kept by it."""
        program = self.plan.programs[0]
        found = [a for a in program.source.values if cell in _cells(program, a)]
        kept = {
            block
            for (block, _), value in program.source.keep.items()
            for name in names(value.expr)
            if name.text == cell or f"{block}.{name.text}" in found
        }
        return found + [a for a, leaf in self.plan.leaves.items() if leaf.block in kept]

    def copy_of(self, path: Path) -> Path:
        """Copy a file to where the survey looks for files, too, behind all others."""
        count = len(self.paths)
        places = (
            path.with_name(f"zz-{path.name}"),
            path.with_name(f"{path.stem}zz{path.suffix}"),
            path.parent.with_name("healpix=99999999") / path.name,
        )
        for place in places:
            place.parent.mkdir(exist_ok=True)
            shutil.copy(path, place)
            if len(self.paths) > count:
                return place
            place.unlink()
        message = f"{self.survey}: nothing beside {path} is found"
        raise AssertionError(message)


def _columns_of_object(schema: SurveySchema) -> set[str]:
    return {schema.file.object.ra, schema.file.object.dec}


def _cells(program: Program, address: str) -> list[str]:
    """Return the cells of the main table that a leaf is read from, if no file may lack them."""
    expr = program.source.values[address].expr
    optional = {cell for _, cell in program.optional}
    every = [expr] if isinstance(expr, Name) else names(expr)
    return [n.text for n in every if n.parts[0] != "path" and n.text not in optional]


def mock(survey: str, root: Path) -> Files:
    """Write mock files of some objects of a survey's default config."""
    source = hdf5_source(find_schema(survey))
    assert source is not None
    simulate(survey, None, OBJECTS, data_dir=root, seed=3, source=source)
    return Files(survey, source, root)


def change(files: Files, path: Path, cell: str, new: Callable[[Any], Any]) -> None:
    """Put other values into a cell of one file; None takes it out."""
    with h5py.File(path, "r+") as file:
        for place in files.places(file):
            old = place[cell][()]
            del place[cell]
            values = new(old)
            if values is not None:
                place[cell] = values


def text(old: Any) -> Any:
    """Return text in the shape of numbers."""
    return np.full(np.shape(old), TEXT) if np.shape(old) else np.bytes_(TEXT)


def one_more_axis(old: Any) -> Any:
    """Return values with seven times as many numbers for each."""
    if np.asarray(old).dtype.kind == "O":
        return np.ones((len(old), 7, 7), dtype=np.float32)
    return np.repeat(np.asarray(old)[..., np.newaxis], 7, axis=-1)


def without_rows(files: Files, path: Path) -> None:
    """Take all objects out of a file; arrays that belong to every row stay."""
    shared = files.plan.programs[0].main.model.shared
    with h5py.File(path, "r+") as file:
        if files.rows == "group":
            for name in list(file):
                del file[name]
            return
        arrays: list[str] = []
        file.visititems(lambda n, v: arrays.append(n) if isinstance(v, h5py.Dataset) else None)
        for name in arrays:
            if name.replace("/", ".") not in shared:
                values = file[name][:0]
                dtype = file[name].dtype
                del file[name]
                file.create_dataset(name, data=values, dtype=dtype)
