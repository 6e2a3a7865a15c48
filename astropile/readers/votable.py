"""VOTables, as archives and TAP services answer: rows as text, BINARY or BINARY2.

Cells are the columns of the first table with rows, by name (or by ID). Where a file gives no value
there is none: not a number below which the void is hidden. A table is held in memory whole. Files
whose rows are elsewhere (``href``) or that have a document type or entities are refused before
anything is opened.

References
----------
.. [1] VOTable 1.5, https://www.ivoa.net/documents/VOTable/.
"""

from __future__ import annotations

import binascii
import re
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from astropy.io import votable

from astropile.errors import CellError, CorruptFileError
from astropile.readers._base import FileReader, as_row
from astropile.readers._cells import Cells
from astropile.readers._compression import DAMAGE, read_plain
from astropile.readers._selection import count_selected
from astropile.readers._text import decode_list
from astropile.readers._votable_safety import look_through
from astropile.readers.column import Array, Column, Rows
from astropile.readers.protocol import CellInfo, ReadOptions

if TYPE_CHECKING:
    from astropy.io.votable.tree import Field, TableElement

_DTYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "boolean": "bool",
        "bit": "bool",
        "unsignedByte": "uint8",
        "short": "int16",
        "int": "int32",
        "long": "int64",
        "float": "float32",
        "double": "float64",
        "floatComplex": "complex64",
        "doubleComplex": "complex128",
        "char": "text",
        "unicodeChar": "text",
    }
)


class VotableReader(FileReader):
    r"""Reader of one VOTable.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "answer.xml")
    >>> n_bytes = path.write_text(
    ...     '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>'
    ...     '<FIELD name="source_id" datatype="long"/><FIELD name="teff" datatype="float"/>'
    ...     "<DATA><TABLEDATA><TR><TD>4295806720</TD><TD/></TR></TABLEDATA></DATA>"
    ...     "</TABLE></RESOURCE></VOTABLE>"
    ... )
    >>> with VotableReader(path, ReadOptions()) as reader:
    ...     found = reader.read(["source_id", "teff"])
    >>> found["source_id"].data.tolist(), found["teff"].null.tolist()
    ([4295806720], [True])
    """

    damage: ClassVar[tuple[type[Exception], ...]] = (
        *DAMAGE,
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
        Warning,
        binascii.Error,
        struct.error,
    )

    def __init__(self, path: Path, options: ReadOptions) -> None:
        super().__init__(path, options)
        with self._errors():
            content = read_plain(path)
            declared = look_through(content)
            self._table = _first_table(content.tobytes(), declared)
            self._columns = _addresses(self._table)

    def close(self) -> None:
        """Forget what was read; nothing is open."""
        self._columns = {}
        del self._table

    def count_rows(self) -> int:
        """Return the number of rows."""
        return 1 if self._options.rows == "file" else len(self._table.array)

    def block_rows(self) -> int:
        """Return 1: the whole table is in memory."""
        return 1

    @cached_property
    def _cells(self) -> Cells:
        infos = {name: self._info(field) for name, (field, _) in self._columns.items()}
        ids = {field.ID: name for name, (field, _) in self._columns.items() if field.ID}
        return Cells(infos, ids, ignore_case=self._options.ignore_case)

    def _info(self, field: Field) -> CellInfo:
        rows = (len(self._table.array),) if self._options.rows == "file" else ()
        dtype = _DTYPES.get(field.datatype, "text")
        return CellInfo(dtype, (*rows, *_axes(field)), str(field.unit or ""))

    def _read(self, addresses: Sequence[str], rows: Rows) -> dict[str, Column]:
        return {address: self._column(address, rows) for address in addresses}

    def _column(self, address: str, rows: Rows) -> Column:
        field, key = self._columns[address]
        is_file = self._options.rows == "file"
        values = self._table.array[key]
        column = to_column(values if is_file else values[rows], field, self._options.nulls, address)
        return as_row(column, address).take(slice(0, count_selected(rows))) if is_file else column


def _first_table(content: bytes, declared: Sequence[int]) -> TableElement:
    """Return the first table with rows, else the first; all have the rows that they declare."""
    file = votable.parse(BytesIO(content), verify="ignore")
    tables = list(file.iter_tables())
    found = [len(table.array) for table in tables]
    if Counter(declared) - Counter(found):
        msg = f"tables declare {declared} rows, the file has {found}"
        raise CorruptFileError(msg, hint="the file is cut short; fetch it again")
    if not tables:
        msg = "the VOTable has no table"
        raise CorruptFileError(msg)
    return next((table for table in tables if len(table.array)), tables[0])


def _addresses(table: TableElement) -> dict[str, tuple[Field, str]]:
    """Return fields, and their names in the array, by address; the later of two takes its ID."""
    found: dict[str, tuple[Field, str]] = {}
    for field, key in zip(table.fields, table.array.dtype.names or (), strict=True):
        name = field.name or key
        found[key if name in found else name] = (field, key)
    return found


def _axes(field: Field) -> tuple[int | None, ...]:
    """Return the shape of one value; the axis that varies fastest is written first."""
    written = re.split("x", field.arraysize or "")
    lengths = [None if length.endswith("*") else int(length) for length in written if length]
    if _DTYPES.get(field.datatype) == "text":
        lengths = lengths[1:]
    elif lengths == [1] and field.arraysize == "1":
        lengths = []
    return tuple(reversed(lengths))


def to_column(values: Any, field: Field, nulls: Sequence[str], name: str) -> Column:
    """Return the values of a field as a column.

    Raises
    ------
    CellError
        The type has no column.
    """
    data, mask = np.asarray(values.data), np.ma.getmaskarray(values)
    if _DTYPES.get(field.datatype, "text") == "text":
        if data.ndim > 1:
            msg = f"{name}: arrays of text in a VOTable have no columns"
            raise CellError(msg)
        return _texts(data, mask, nulls, name)
    if data.dtype.kind == "O":
        return _varying(data, mask, field)
    data = data.astype(data.dtype.newbyteorder("="), copy=False)
    null: Array = np.zeros(len(data), dtype=bool)
    if data.size:
        null = np.asarray(mask.reshape(len(mask), -1).all(axis=1))
    holes = None
    if data.ndim > 1 and data.dtype.kind in "fc":
        data = np.where(mask, data.dtype.type(np.nan), data)
    elif data.ndim > 1 and mask.any():
        holes = mask
    return Column(data, null=null if null.any() else None, holes=holes)


def _texts(data: Array, mask: Array, nulls: Sequence[str], name: str) -> Column:
    """Return texts of any length."""
    absent = mask.astype(bool) | np.array([value is None for value in data.tolist()], dtype=bool)
    values = ["" if gone else value for gone, value in zip(absent, data.tolist(), strict=True)]
    if any(not isinstance(value, (str, bytes)) for value in values):
        msg = f"{name}: arrays of text in a VOTable have no columns"
        raise CellError(msg)
    texts = np.strings.rstrip(decode_list(values, name), "\0 ") if values else np.empty(0, "U1")
    if nulls:
        absent = absent | np.isin(texts, nulls)
    return Column(texts, null=absent if absent.any() else None)


def _varying(data: Array, mask: Array, field: Field) -> Column:
    """Return arrays of varying length."""
    dtype = np.dtype(_DTYPES[field.datatype])
    inner = tuple(length or 0 for length in _axes(field)[1:])
    nothing = np.zeros((0, *inner), dtype)
    arrays = [nothing if value is None else np.ma.asarray(value) for value in data]
    filled = [_filled(array, dtype).reshape(-1, *inner) for array in arrays]
    gone = [np.ma.getmaskarray(array).reshape(-1, *inner) for array in arrays]
    column = Column.pack(filled or [nothing]).ragged()
    null = np.array([value is None for value in data], dtype=bool)
    holes = np.concatenate(gone) if gone and dtype.kind not in "fc" else None
    column = Column(
        column.data,
        column.offsets,
        null=null if null.any() else None,
        holes=holes if holes is not None and holes.any() else None,
    )
    return column if len(data) else column.take(slice(0, 0))


def _filled(array: Any, dtype: np.dtype[Any]) -> Array:
    """Return an array in native order, NaN where it has no value."""
    data = np.asarray(array.data).astype(dtype, copy=False)
    mask = np.ma.getmaskarray(array)
    return np.where(mask, dtype.type(np.nan), data) if dtype.kind in "fc" and mask.any() else data
