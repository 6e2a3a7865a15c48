"""HDF5 files (https://docs.hdfgroup.org/hdf5/), read with h5py.

Cells are addressed ``group.dataset.field``, attributes ``group.dataset@KEY``; the attributes of
the file, or with ``rows: group`` of the group that is the row, are ``root@KEY``. References, opaque
values and datasets without dataspace are no cells.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from io import BytesIO
from math import prod
from pathlib import Path
from typing import ClassVar, Final

import h5py
import numpy as np
from h5py import h5a, h5g

from astropile.errors import CellError, UnsafeFileError
from astropile.readers._base import FileReader, as_row, join
from astropile.readers._cells import Cells
from astropile.readers._chunks import read_rows
from astropile.readers._compression import DAMAGE, is_compressed, read_plain
from astropile.readers._hdf5_dataset import Dataset
from astropile.readers._hdf5_tree import (
    Node,
    Place,
    Tree,
    open_place,
    read_tree,
    row_groups,
    widest,
)
from astropile.readers._hdf5_types import element_type, varying_base
from astropile.readers._hdf5_values import attribute_column, field_column
from astropile.readers._selection import count_selected
from astropile.readers.column import Array, Column, Rows
from astropile.readers.protocol import CellInfo, ReadOptions

# Deflate shrinks by at most 1032 (zlib, "Maximum Compression Factor"); what is bigger on request
# was never written.
SPARSE_RATIO: Final = 2000
SPARSE_BYTES: Final = 2**30
# Groups and datasets that stay open between listing and reading; each takes some kilobytes.
KEPT_NODES: Final = 10_000


class Hdf5Reader(FileReader):
    """Reader of one HDF5 file.

    ``rows: axis`` takes the leading axis of every array for the rows (their number is what most
    arrays say), ``rows: file`` the whole file for one row, ``rows: group`` every top group.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "stars.hdf5")
    >>> with h5py.File(path, "w") as file:
    ...     file["ra"], file["name"] = [10.0, 20.0, 30.0], [b"a", b"b", b"c"]
    >>> with Hdf5Reader(path, ReadOptions()) as reader:
    ...     reader.read(["name"], slice(1, 3))["name"].data.tolist()
    ['b', 'c']
    """

    damage: ClassVar[tuple[type[Exception], ...]] = (
        *DAMAGE,
        KeyError,
        RuntimeError,
        TypeError,
        ValueError,
        zlib.error,
    )

    def __init__(self, path: Path, options: ReadOptions) -> None:
        super().__init__(path, options)
        with self._errors():
            # Not locked where a file system cannot, such as a read-only medium.
            try:
                self._file = h5py.File(path, "r", locking="best-effort")
            except OSError:
                if not is_compressed(path):
                    raise
                self._file = h5py.File(BytesIO(read_plain(path).tobytes()), "r")

    def close(self) -> None:
        """Close the file."""
        # What is open in it first: the library searches for what is left.
        for kept in ("_tree", "_root"):
            self.__dict__.pop(kept, None)
        self._file.close()

    def count_rows(self) -> int:
        """Return the number of rows."""
        if self._options.rows == "file":
            return 1
        return len(self._groups) if self._options.rows == "group" else self._axis_length

    def block_rows(self) -> int:
        """Return the rows of a chunk of the biggest chunked dataset."""
        if self._options.rows != "axis":
            return 1
        biggest, block = 0, 1
        for address, place in self._tree.places.items():
            size = prod(place.shape) * place.dtype.itemsize
            found = self._tree.nodes[place.path]
            if size > biggest and self._has_rows(address) and isinstance(found, Dataset):
                biggest, block = size, found.chunks[0] if found.chunks else block
        return block

    def _read(self, addresses: Sequence[str], rows: Rows) -> dict[str, Column]:
        n = count_selected(rows)
        if self._options.rows == "axis":
            mine = [address for address in addresses if self._has_rows(address)]
            others = [address for address in addresses if not self._has_rows(address)]
            shared = self._columns((), others, None)
            return {
                **self._columns((), mine, rows),
                **{address: column.spread(n) for address, column in shared.items()},
            }
        if self._options.rows == "file":
            one = self._columns((), addresses, None)
            return one if n else {a: column.take(slice(0, 0)) for a, column in one.items()}
        wanted = np.array(self._groups, dtype=object)[rows] if n else self._groups[:1]
        each = [self._columns((name,), addresses, None) for name in wanted]
        return {a: join([columns[a] for columns in each], a).take(slice(0, n)) for a in addresses}

    def _columns(
        self, group: tuple[str, ...], addresses: Sequence[str], rows: Rows | None
    ) -> dict[str, Column]:
        """Read cells below a group; each dataset once. ``rows`` None makes each object a row."""
        columns: dict[str, Column] = {}
        fields: dict[tuple[str, ...], list[str]] = {}
        for address in addresses:
            place = self._tree.places[address]
            if place.attribute:
                columns[address] = self._attribute(group, place, address)
            else:
                fields.setdefault(place.path, []).append(address)
        for path, same in fields.items():
            places = {address: self._tree.places[address] for address in same}
            dataset = self._open(group, places[same[0]], same[0])
            if not isinstance(dataset, Dataset):
                msg = f"{'.'.join(path)} is no dataset in every group"
                raise CellError(msg)
            raw = self._raw(dataset, places, rows)
            for address, place in places.items():
                column = field_column(raw, dataset.dtype, place.fields, address)
                is_array = rows is None and dataset.shape
                columns[address] = as_row(column, address) if is_array else column
        return columns

    def _raw(
        self, dataset: Dataset, places: Mapping[str, Place], rows: Rows | None
    ) -> Array | Mapping[str, Array]:
        """Read the wanted fields of a dataset as h5py gives them, with rows on the first axis."""
        shape = dataset.shape
        if not shape:
            return dataset.read().reshape(1)
        if rows is not None and shape[0] != self._axis_length:
            msg = f"{', '.join(places)}: {shape[0]} rows, the other arrays have {self._axis_length}"
            hint = "if it belongs to every row, list it under 'shared' of the table"
            raise CellError(msg, hint=hint)
        rows = slice(0, shape[0]) if rows is None else rows
        row_bytes = prod(shape[1:]) * dataset.dtype.itemsize
        if count_selected(rows) * row_bytes > SPARSE_BYTES:
            declared, stored = shape[0] * row_bytes, dataset.stored_bytes()
            if stored * SPARSE_RATIO < declared:
                msg = f"{', '.join(places)}: {declared} bytes declared, {stored} stored"
                raise UnsafeFileError(msg, hint="read fewer rows at a time")
        top = dict.fromkeys(place.fields[0] for place in places.values() if place.fields)
        return read_rows(dataset, rows, list(top))

    def _attribute(self, group: tuple[str, ...], place: Place, address: str) -> Column:
        """Read an attribute as the value of one row."""
        found = self._open(group, place, address)
        owner = found.id if isinstance(found, Dataset) else found
        name = place.attribute.encode()
        if not h5a.exists(owner, name):
            msg = f"no cell {address} in group /{'/'.join(group)}"
            raise CellError(msg)
        return attribute_column(h5a.open(owner, name), address)

    def _open(self, group: tuple[str, ...], place: Place, address: str) -> Node:
        """Open the object of a cell, if it is not open still."""
        node = self._tree.nodes.get((*group, *place.path))
        try:
            return node or open_place(self._group(group[0]), place)
        except KeyError as error:
            msg = f"no cell {address} in group /{'/'.join(group)}"
            raise CellError(msg) from error

    @cached_property
    def _root(self) -> h5g.GroupID:
        return h5g.open(self._file.id, b"/")

    def _group(self, name: str) -> h5g.GroupID:
        """Open a group that is a row."""
        node = self._tree.nodes.get((name,))
        return node if isinstance(node, h5g.GroupID) else h5g.open(self._root, name.encode())

    @cached_property
    def _tree(self) -> Tree:
        """Cells of the file; with ``rows: group`` those of all groups, as first met."""
        with self._errors():
            if self._options.rows != "group":
                return read_tree(self._root)
            tree = Tree()
            for group in self._groups:
                one = read_tree(h5g.open(self._root, group.encode()))
                if len(tree.nodes) < KEPT_NODES:
                    tree.nodes |= {(group, *path): node for path, node in one.nodes.items()}
                tree.unsafe |= one.unsafe
                for address, place in one.places.items():
                    known = tree.places.setdefault(address, place)
                    if known.shape != place.shape:
                        tree.places[address] = widest(known, place)
            return tree

    @cached_property
    def _groups(self) -> list[str]:
        """Names of the groups that are rows, in the order of the file."""
        with self._errors():
            return row_groups(self._root)

    @cached_property
    def _axis_length(self) -> int:
        """Length of the leading axis that most arrays have."""
        places = self._tree.places
        lengths = Counter(places[address].shape[0] for address in places if self._has_rows(address))
        return lengths.most_common(1)[0][0] if lengths else 0

    @cached_property
    def _cells(self) -> Cells:
        places = self._tree.places
        return Cells(
            {a: partial(self._info, a, place) for a, place in places.items()},
            ignore_case=self._options.ignore_case,
            refuse=self._refuse,
        )

    def _refuse(self, name: str) -> None:
        """Refuse an address outside the file, also where no read would do so."""
        with self._errors():
            self._tree.refuse(name)

    def _info(self, address: str, place: Place) -> CellInfo:
        shape: tuple[int | None, ...] = tuple(n if n >= 0 else None for n in place.shape)
        if self._options.rows == "axis" and self._has_rows(address):
            shape = shape[1:]
        if varying_base(place.dtype) is not None:
            shape = (*shape, None)
        shared = self._options.rows == "axis" and not self._has_rows(address)
        return CellInfo(element_type(place.dtype) or "", shape, shared=shared)

    def _has_rows(self, address: str) -> bool:
        """Return whether the leading axis of a cell is the rows (``rows: axis``)."""
        place = self._tree.places[address]
        shared = self._options.shared
        if self._options.ignore_case:
            shared = tuple(name.casefold() for name in shared)
            address = address.casefold()
        return bool(place.shape) and not place.attribute and address not in shared
