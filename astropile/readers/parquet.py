"""Parquet files (https://parquet.apache.org/docs/file-format/), read with pyarrow.

Fields of a struct are addressed ``struct.field``, whether the struct stands in a list or holds
lists. A column of pictures, each a file of its own, is the array of their pixels. Columns that HATS
catalogues add for themselves are no cells.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from astropile.readers._arrow import VARYING, Axis, to_column
from astropile.readers._arrow_values import number_name
from astropile.readers._base import FileReader, as_row, join
from astropile.readers._cells import Cells
from astropile.readers._compression import DAMAGE, is_compressed, read_plain
from astropile.readers._pictures import is_picture, pixels
from astropile.readers._selection import count_selected, split_at
from astropile.readers.column import Array, Column, Rows
from astropile.readers.protocol import CellInfo, ReadOptions

# https://www.ivoa.net/documents/Notes/HATS/ : the spatial index and the partition keys.
HATS_COLUMNS: Final = frozenset({"_healpix_29", "Norder", "Dir", "Npix"})
_ARRAY_OF_DATASETS: Final = b"datasets.features.features.Array"


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A column of values below a top-level column of the file."""

    number: int
    top: str
    fields: tuple[str, ...]
    axes: tuple[Axis, ...]
    kind: pa.DataType
    unit: str

    @property
    def address(self) -> str:
        return ".".join((self.top, *self.fields))

    @property
    def following(self) -> int:
        """Number of the column of values after it; a picture has two."""
        if is_picture(self.kind):
            first = self.number - int(self.kind.get_field_index("bytes"))
            return first + int(self.kind.num_fields)
        return self.number + 1


class ParquetReader(FileReader):
    """Reader of one Parquet file; only row groups with wanted rows and wanted columns are read.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "stars.parquet")
    >>> pq.write_table(pa.table({"ra": [1.0, None], "band": [["g"], ["g", "r"]]}), path)
    >>> with ParquetReader(path, ReadOptions()) as reader:
    ...     columns = reader.read(["ra", "band"])
    >>> columns["ra"].null.tolist(), columns["band"].offsets.tolist()
    ([False, True], [0, 1, 3])
    """

    damage: ClassVar[tuple[type[Exception], ...]] = (
        *DAMAGE,
        pa.ArrowException,
        IndexError,
        KeyError,
        TypeError,
        ValueError,
    )

    def __init__(self, path: Path, options: ReadOptions) -> None:
        super().__init__(path, options)
        with self._errors():
            source = pa.py_buffer(read_plain(path)) if is_compressed(path) else path
            # What is buffered ahead is kept until the file is closed: all of it in the end. So
            # is what is mapped, and a mapped file that is cut short meanwhile ends the process.
            self._file = pq.ParquetFile(source, pre_buffer=False, page_checksum_verification=True)

    def close(self) -> None:
        """Close the file."""
        self._file.close(force=True)

    def count_rows(self) -> int:
        """Return the number of rows."""
        return 1 if self._options.rows == "file" else self._stored_rows

    def block_rows(self) -> int:
        """Return the rows of the biggest row group."""
        if self._options.rows == "file":
            return 1
        return max(1, int(np.diff(self._edges).max(initial=1)))

    @property
    def _stored_rows(self) -> int:
        return int(self._file.metadata.num_rows)

    @cached_property
    def _edges(self) -> Array:
        """Row at which each row group starts, and the end."""
        meta = self._file.metadata
        counts = [meta.row_group(number).num_rows for number in range(meta.num_row_groups)]
        return np.cumsum([0, *counts])

    @cached_property
    def _leaves(self) -> dict[str, _Leaf]:
        with self._errors():
            leaves: list[_Leaf] = []
            number = 0
            for field in self._file.schema_arrow:
                for leaf in _leaves_of(field, field.name, (), (), number, ""):
                    number = leaf.following
                    leaves.append(leaf)
            return {leaf.address: leaf for leaf in leaves if leaf.top not in HATS_COLUMNS}

    @cached_property
    def _cells(self) -> Cells:
        whole = self._options.rows == "file"
        infos = {}
        for address, leaf in self._leaves.items():
            dtype = _dtype_name(leaf.kind)
            if dtype is not None:
                # Nothing is known of the size and the channels of pictures before they are opened.
                axes = (None, None, None) if is_picture(leaf.kind) else leaf.axes
                shape = tuple(n for axis in axes for n in axis or (None,))
                rows = (self._stored_rows,) if whole else ()
                infos[address] = CellInfo(dtype, (*rows, *shape), leaf.unit)
        return Cells(infos, ignore_case=self._options.ignore_case)

    def _read(self, addresses: Sequence[str], rows: Rows) -> dict[str, Column]:
        leaves = {address: self._leaves[address] for address in addresses}
        schema = self._file.schema
        paths = [schema.column(leaf.number).path for leaf in leaves.values()]
        whole = self._options.rows == "file"
        wanted = slice(0, self._stored_rows) if whole else rows
        parts: dict[str, list[Column]] = {address: [] for address in leaves}
        blocks = list(split_at(wanted, self._edges)) or [(-1, slice(0, 0), slice(0, 0))]
        for group, _, local in blocks:
            groups = [] if group < 0 else [group]
            table = self._file.read_row_groups(groups, columns=paths)
            if isinstance(local, slice):
                table = table.slice(local.start, local.stop - local.start)
            for address, leaf in leaves.items():
                array = table.column(leaf.top)
                if is_picture(leaf.kind):
                    # Only pictures that are wanted are unpacked.
                    chosen = array if isinstance(local, slice) else array.take(pa.array(local))
                    parts[address].append(pixels(chosen, address))
                    continue
                column = to_column(array, leaf.fields, leaf.axes, address)
                parts[address].append(column if isinstance(local, slice) else column.take(local))
        columns = {address: join(pieces, address) for address, pieces in parts.items()}
        if whole:
            n = count_selected(rows)
            return {a: as_row(column, a).take(slice(0, n)) for a, column in columns.items()}
        return columns


def _leaves_of(
    field: pa.Field,
    top: str,
    fields: tuple[str, ...],
    axes: tuple[Axis, ...],
    number: int,
    unit: str,
) -> Iterator[_Leaf]:
    """Yield the leaves below a field, numbered as the columns of the file are (depth first)."""
    metadata = field.metadata or {}
    unit = metadata.get(b"unit", b"").decode(errors="replace") or unit
    kind, declared = field.type, _declared_axes(field)
    while True:
        if isinstance(kind, pa.BaseExtensionType):
            kind = kind.storage_type
        elif pt.is_fixed_size_list(kind):
            axes = (*axes, declared.pop(0) if declared else (kind.list_size,))
            kind = kind.value_type
        elif any(is_list(kind) for is_list in VARYING):
            axes = (*axes, declared.pop(0) if declared else None)
            kind = kind.value_type
        else:
            break
    if is_picture(kind) and not fields and not axes:
        yield _Leaf(number + kind.get_field_index("bytes"), top, fields, axes, kind, unit)
        return
    children = list(kind) if pt.is_struct(kind) else []
    if pt.is_map(kind):
        children = [kind.key_field, kind.item_field]
    for child in children:
        for leaf in _leaves_of(child, top, (*fields, child.name), axes, number, unit):
            # What stands below a map is counted, but is no cell.
            yield replace(leaf, kind=kind) if pt.is_map(kind) else leaf
            number = leaf.following
    if not children:
        yield _Leaf(number, top, fields, axes, kind, unit)


def _declared_axes(field: pa.Field) -> list[Axis]:
    """Return what an extension type declares of its levels of lists, outermost first."""
    kind = field.type
    if isinstance(kind, pa.FixedShapeTensorType):
        return [tuple(kind.shape)]
    shape = getattr(kind, "shape", None) if isinstance(kind, pa.BaseExtensionType) else None
    metadata = field.metadata or {}
    if metadata.get(b"ARROW:extension:name", b"").startswith(_ARRAY_OF_DATASETS):
        shape = json.loads(metadata[b"ARROW:extension:metadata"])[0]
    return [None if length is None else (int(length),) for length in shape or ()]


def _dtype_name(kind: pa.DataType) -> str | None:
    """Return the type of values as cells name it, or None if they are neither numbers nor text."""
    if is_picture(kind):
        return "uint8"
    if pt.is_dictionary(kind):
        kind = kind.value_type
    if pt.is_null(kind) or pt.is_decimal(kind):
        return "float64"
    if pt.is_primitive(kind):
        return number_name(kind)
    binary = (pt.is_binary, pt.is_large_binary, pt.is_binary_view, pt.is_fixed_size_binary)
    text = (pt.is_string, pt.is_large_string, pt.is_string_view, *binary)
    return "text" if any(is_text(kind) for is_text in text) else None
