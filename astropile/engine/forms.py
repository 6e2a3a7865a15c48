"""The forms of cells: what a column of nulls looks like where no file is there to tell it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from astropile.engine.files import DataFile, first_file
from astropile.errors import SourceError
from astropile.expression import holes
from astropile.readers import CellInfo, Column, Reader
from astropile.schema import BoundTable


@dataclass(slots=True)
class Forms:
    """Remembers the forms of the cells of attached tables; else one file of a table is asked."""

    root: Path
    open_file: Callable[[BoundTable, DataFile], Reader]
    _known: dict[tuple[str, str], CellInfo] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    def note(self, table: BoundTable, reader: Reader, names: Sequence[str]) -> None:
        """Remember the forms of cells of an open file."""
        for name in names:
            if (table.name, name) not in self._known:
                self._known[table.name, name] = reader.cells()[name]

    def null_cells(self, table: BoundTable, names: Sequence[str], n: int) -> dict[str, Column]:
        """Return columns of nulls; cells whose form cannot be known are left out."""
        if any((table.name, name) not in self._known for name in names):
            self._ask(table, names)
        is_list = gives_lists(table) or bool(table.model.group)
        cells = {}
        for name in names:
            info = self._known.get((table.name, name))
            if table.model.cutout is not None:
                info = _window(name, info, table.model.cutout.size)
            if info is not None:
                is_key = name in table.model.group
                cells[name] = null_cell(info, n, is_list=is_list and not is_key)
        return cells

    def _ask(self, table: BoundTable, names: Sequence[str]) -> None:
        """Look at one file of a table, whichever row it may belong to."""
        if table.files in self._asked:
            return
        self._asked.add(table.files)
        file = first_file(self.root, loosened(table.files))
        if file is None:
            return
        try:
            with self.open_file(table, file) as reader:
                self.note(table, reader, [name for name in names if name in reader.cells()])
        except SourceError:
            return  # it is told to whom the file belongs


def loosened(files: str, captures: Mapping[str, str] | None = None) -> str:
    """Return a pattern that every path of a template matches.

    Parameters
    ----------
    files : str
        Path with holes.
    captures : mapping of str to str, optional
        What ``path.name`` is, where it is known; it stands for anything otherwise.

    Examples
    --------
    >>> loosened("{path.dir}/x-{obsid:05d}-*.fits")
    '**/x-*-*.fits'
    >>> loosened("{path.dir}/x-{obsid}.fits", {"dir": "a/b"})
    'a/b/x-*.fits'
    """
    text, at = "", 0
    for hole in holes(files):
        known = (captures or {}).get(hole.expression.removeprefix("path."))
        is_known = known is not None and hole.expression.startswith("path.")
        text += files[at : hole.start] + (str(known) if is_known else "\0")
        at = hole.end
    parts = (text + files[at:]).split("/")
    loose = ["**" if part == "\0" else part.replace("\0", "*") for part in parts]
    return "/".join(part if part == "**" else re.sub(r"\*+", "*", part) for part in loose)


def gives_lists(table: BoundTable) -> bool:
    """Return whether an attached table gives lists of its rows to a main row."""
    model = table.model
    is_alone = model.each and not (table.on or table.row is not None)
    return table.range is not None or (is_alone and model.rows not in ("file", "cutout"))


def null_cell(info: CellInfo, n: int, *, is_list: bool = False) -> Column:
    """Return n nulls of the form that a file tells of a cell."""
    dtype = np.dtype("U1") if info.dtype == "text" else np.dtype(info.dtype)
    null = np.ones(n, dtype=bool)
    shape = info.shape
    is_list = is_list and not info.shared
    if is_list and None not in shape:
        shape = (None, *shape)
    if None not in shape:
        return Column(np.broadcast_to(np.zeros((), dtype=dtype), (n, *shape)), null=null)  # type: ignore[arg-type]
    offsets = np.zeros(n + 1, dtype=np.int64)
    inner = tuple(length for length in shape[1:] if length is not None)
    if len(inner) < len(shape) - 1:
        shapes = np.zeros((n, len(shape)), dtype=np.int64)
        return Column(np.zeros(0, dtype=dtype), offsets, shapes, null)
    return Column(np.zeros((0, *inner), dtype=dtype), offsets, null=null)


def _window(name: str, image: CellInfo | None, size: Sequence[int]) -> CellInfo:
    """Return the form of a cell of a table of windows."""
    if "@" in name:
        return CellInfo("float64" if image is None else image.dtype)
    dtype = "bool" if name == "inside" else "float32"
    if image is None:
        return CellInfo(dtype, (size[0], size[1]))
    return replace(image, shape=(*image.shape[:-2], size[0], size[1]), shared=False)
