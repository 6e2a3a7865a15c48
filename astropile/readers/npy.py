"""Arrays that NumPy saved: one (``.npy``) or an archive of them (``.npz``).

The array of a file is the cell ``data``; in an archive every array is a cell of its own name.
Fields of a structured array are ``data.field``. Arrays of Python objects are pickles and are
refused. A plain ``.npy`` is mapped, so only the rows that are read come from disk; a member of an
archive is decompressed as far as it is read, and going on does not start again.

References
----------
.. [1] `numpy.lib.format`, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
"""

from __future__ import annotations

import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import IO, Any, ClassVar, Final

import numpy as np

from astropile.errors import CellError, CorruptFileError, UnsafeFileError
from astropile.readers._base import FileReader, as_row
from astropile.readers._cells import Cells
from astropile.readers._compression import BOMB_BYTES, DAMAGE, MAX_RATIO, read_plain
from astropile.readers._npy import MAGIC, Head, dtype_name, leaves, read_head, to_column
from astropile.readers._selection import count_selected
from astropile.readers.column import Array, Column, Rows
from astropile.readers.protocol import CellInfo, ReadOptions

_ZIP: Final = b"PK"
_SUFFIX: Final = ".npy"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the values of a cell are."""

    array: str
    fields: tuple[str, ...]
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


class NpyReader(FileReader):
    """Reader of one file of arrays.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "stars.npz")
    >>> np.savez(path, flux=np.arange(6.0).reshape(3, 2), name=np.array(["a", "b", "c"]))
    >>> with NpyReader(path, ReadOptions()) as reader:
    ...     found = reader.read(["flux", "name"], slice(1, 3))
    >>> found["flux"].data.tolist(), found["name"].data.tolist()
    ([[2.0, 3.0], [4.0, 5.0]], ['b', 'c'])
    """

    damage: ClassVar[tuple[type[Exception], ...]] = (
        *DAMAGE,
        KeyError,
        NotImplementedError,
        RuntimeError,
        TypeError,
        ValueError,
        zipfile.BadZipFile,
        zlib.error,
    )

    def __init__(self, path: Path, options: ReadOptions) -> None:
        super().__init__(path, options)
        self._archive: zipfile.ZipFile | None = None
        self._streams: dict[str, IO[bytes]] = {}
        with self._errors():
            self._plain = read_plain(path)
            start = self._plain[: len(MAGIC)].tobytes()
            if start.startswith(_ZIP):
                is_zip = zipfile.is_zipfile(path)
                self._archive = zipfile.ZipFile(path if is_zip else BytesIO(self._plain.tobytes()))
                self._heads = self._member_heads(self._archive)
            else:
                head = self._plain[: 2**14].tobytes()
                self._heads = {"data": read_head(BytesIO(head), self._plain.size, "data")}

    def close(self) -> None:
        """Close the file."""
        for stream in self._streams.values():
            stream.close()
        if self._archive is not None:
            self._archive.close()
        self._streams, self._heads, self._plain = {}, {}, np.empty(0, np.uint8)

    def count_rows(self) -> int:
        """Return the length of the leading axis that most arrays have."""
        return 1 if self._options.rows == "file" else self._axis_length

    def block_rows(self) -> int:
        """Return 1: rows stand one after the other."""
        return 1

    def _member_heads(self, archive: zipfile.ZipFile) -> dict[str, Head]:
        """Return the arrays of an archive by name."""
        heads = {}
        for member in archive.infolist():
            if not member.filename.endswith(_SUFFIX):
                continue
            size, packed = member.file_size, member.compress_size
            if size > max(BOMB_BYTES, MAX_RATIO * packed):
                msg = f"{member.filename}: {packed} bytes decompress to {size}"
                raise UnsafeFileError(msg, hint="unpack the archive, if it is what it should be")
            name = member.filename.removesuffix(_SUFFIX)
            if name in heads:
                msg = f"two arrays are called {name!r}"
                raise CorruptFileError(msg)
            with archive.open(member) as file:
                heads[name] = read_head(file, size, name)
        return heads

    @cached_property
    def _axis_length(self) -> int:
        lengths = Counter(head.shape[0] for head in self._heads.values() if head.shape)
        return lengths.most_common(1)[0][0] if lengths else 0

    @cached_property
    def _places(self) -> dict[str, _Place]:
        return {
            ".".join((name, *fields)): _Place(name, fields, dtype, shape)
            for name, head in self._heads.items()
            for fields, dtype, shape in leaves(head.dtype)
        }

    @cached_property
    def _cells(self) -> Cells:
        return Cells({name: self._info(place) for name, place in self._places.items()})

    def _info(self, place: _Place) -> CellInfo:
        shape = self._heads[place.array].shape
        is_axis = self._options.rows == "axis"
        own = (*shape[1 if is_axis else 0 :], *place.shape)
        return CellInfo(dtype_name(place.dtype), own, shared=is_axis and not shape)

    def _read(self, addresses: Sequence[str], rows: Rows) -> dict[str, Column]:
        n = count_selected(rows)
        raw: dict[str, Array] = {}
        columns = {}
        for address in addresses:
            place = self._places[address]
            head = self._heads[place.array]
            is_whole = self._options.rows == "file" or not head.shape
            if place.array not in raw:
                raw[place.array] = self._whole(place.array) if is_whole else self._part(place, rows)
            values = raw[place.array]
            for field in place.fields:
                values = values[field]
            if not is_whole:
                columns[address] = to_column(values, address)
            elif head.shape:
                columns[address] = as_row(to_column(values, address), address).take(slice(0, n))
            elif self._options.rows == "file":
                columns[address] = to_column(values[None], address).take(slice(0, n))
            else:
                columns[address] = to_column(values[None], address).spread(n)
        return columns

    def _part(self, place: _Place, rows: Rows) -> Array:
        """Return rows of an array."""
        name, head = place.array, self._heads[place.array]
        if head.shape[0] != self._axis_length:
            msg = f"{name}: {head.shape[0]} rows, the other arrays have {self._axis_length}"
            raise CellError(msg, hint="with rows: file every array is one value")
        if self._archive is None or head.is_fortran:
            return self._whole(name)[rows]
        if not count_selected(rows):
            return np.empty((0, *head.shape[1:]), head.dtype)
        first, end = (rows.start, rows.stop) if isinstance(rows, slice) else (rows[0], rows[-1] + 1)
        row_bytes = head.n_bytes // head.shape[0]
        raw = self._bytes(name, int(first) * row_bytes, int(end - first) * row_bytes)
        values = np.ndarray((int(end - first), *head.shape[1:]), head.dtype, raw)
        return values if isinstance(rows, slice) else values[rows - first]

    def _whole(self, name: str) -> Array:
        """Return an array; a view of the file if that is mapped."""
        head = self._heads[name]
        if self._archive is None:
            raw: Any = self._plain[head.start :]
        else:
            raw = self._bytes(name, 0, head.n_bytes)
        if not head.n_bytes:
            return np.empty(head.shape, head.dtype)
        return np.ndarray(head.shape, head.dtype, raw, order="F" if head.is_fortran else "C")

    def _bytes(self, name: str, start: int, length: int) -> bytes:
        """Return bytes of the values of a member, going on from where the last call ended."""
        if self._archive is None:
            return self._plain[start : start + length].tobytes()
        stream = self._streams.get(name)
        if stream is None:
            self._streams[name] = stream = self._archive.open(name + _SUFFIX)
        stream.seek(self._heads[name].start + start)
        found = stream.read(length)
        if len(found) != length:
            msg = f"{name}: ends {length - len(found)} bytes early"
            raise CorruptFileError(msg)
        return found
