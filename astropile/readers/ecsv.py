"""ECSV: text tables that say their types and units.

References
----------
.. [1] T. Aldcroft, "APE 6: Enhanced Character Separated Values", version 1.0,
   https://doi.org/10.5281/zenodo.4791325
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from types import MappingProxyType
from typing import ClassVar, Final

import numpy as np
import pyarrow as pa
import yaml

from astropile.errors import CellError, CorruptFileError
from astropile.readers._arrow import Axis, to_column
from astropile.readers._compression import open_plain
from astropile.readers._csv_stream import Dialect
from astropile.readers.column import Column
from astropile.readers.csv import CsvReader
from astropile.readers.protocol import CellInfo

_MARK: Final = b"%ECSV "
_SUBTYPE: Final = re.compile(r"(\w+)(?:\[([\d,null]*)\])?$")
_NUMBERS: Final = frozenset(
    [
        "bool",
        "float32",
        "float64",
        *(f"{u}int{bits}" for u in ("", "u") for bits in (8, 16, 32, 64)),
    ]
)
# Types that Arrow does not parse, or that have no equal on every machine.
_NEAREST: Final[Mapping[str, str]] = MappingProxyType({"float16": "float32", "float128": "float64"})


@dataclass(frozen=True, slots=True)
class _Declared:
    """What the header says of a column."""

    datatype: str
    axes: tuple[Axis, ...]
    unit: str


class EcsvReader(CsvReader):
    """Reader of one ECSV table.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from astropy.table import Table
    >>> from astropile.readers import ReadOptions
    >>> path = Path(tempfile.mkdtemp(), "stars.ecsv")
    >>> Table({"id": ["006"], "mag": [12.5]}).write(path)
    >>> with EcsvReader(path, ReadOptions()) as reader:
    ...     {name: column.data.tolist() for name, column in reader.read(["id", "mag"]).items()}
    {'id': ['006'], 'mag': [12.5]}
    """

    damage: ClassVar[tuple[type[Exception], ...]] = (*CsvReader.damage, yaml.YAMLError)

    def _find_dialect(self) -> Dialect:
        delimiter = _scalar(self._header, "delimiter") or " "
        return Dialect(delimiter, "#", ("", *self._options.nulls), quoted_nulls=True)

    @cached_property
    def _header(self) -> yaml.MappingNode:
        """The header as parsed YAML, from which nothing is constructed: tags do nothing."""
        with open_plain(self._path) as file:
            lines = [line[1:].strip(b"\r\n") for line in takewhile(_is_comment, file)]
        if not lines or not lines[0].strip().startswith(_MARK):
            msg = "no ECSV file: the first line is not '# %ECSV 1.0'"
            raise CorruptFileError(msg)
        node = yaml.compose(b"\n".join(line[1:] for line in lines[1:]), yaml.CSafeLoader)
        if not isinstance(node, yaml.MappingNode):
            msg = "the header of the ECSV file is no mapping"
            raise CorruptFileError(msg)
        return node

    @cached_property
    def _declared(self) -> Mapping[str, _Declared]:
        """Columns by name."""
        found = {}
        for node in _child(self._header, "datatype").value:
            datatype, subtype = _scalar(node, "datatype"), _scalar(node, "subtype")
            axes: tuple[Axis, ...] = ()
            match = _SUBTYPE.match(subtype)
            if match is not None and match[2]:
                datatype = match[1]
                sizes = match[2].split(",")
                axes = tuple(None if size == "null" else (int(size),) for size in sizes)
            datatype = _NEAREST.get(datatype, datatype)
            found[_scalar(node, "name")] = _Declared(datatype, axes, _scalar(node, "unit"))
        return found

    def _of(self, name: str) -> _Declared:
        return self._declared.get(name, _Declared("string", (), ""))

    def _info(self, name: str) -> CellInfo:
        declared = self._of(name)
        shape = tuple(None if axis is None else axis[0] for axis in declared.axes)
        rows = (self._stored_rows,) if self._options.rows == "file" else ()
        dtype = declared.datatype if declared.datatype in _NUMBERS else "text"
        return CellInfo(dtype, (*rows, *shape), declared.unit)

    def _arrow_type(self, name: str) -> pa.DataType:
        declared = self._of(name)
        if declared.axes or declared.datatype not in _NUMBERS:
            return pa.string()
        return pa.from_numpy_dtype(np.dtype(declared.datatype))

    def _to_column(self, values: pa.Array, name: str) -> Column:
        declared = self._of(name)
        if not declared.axes:
            return super()._to_column(values, name)
        datatype = declared.datatype
        kind = pa.from_numpy_dtype(np.dtype(datatype)) if datatype in _NUMBERS else pa.string()
        for axis in reversed(declared.axes):
            kind = pa.list_(kind) if axis is None else pa.list_(kind, axis[0])
        texts = [text.as_py() or "null" for text in values]
        try:
            arrays = pa.array(json.loads(f"[{','.join(texts)}]"), type=kind)
        except (ValueError, pa.ArrowException) as error:
            msg = f"{name}: not arrays of {declared.datatype}: {error}"
            raise CellError(msg) from error
        return to_column(pa.chunked_array([arrays]), (), declared.axes, name)


def _is_comment(line: bytes) -> bool:
    return line.startswith(b"#")


def _child(node: yaml.Node, key: str) -> yaml.Node:
    """Return the value of a key of a mapping."""
    pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
    for name, value in pairs:
        if name.value == key:
            return value
    msg = f"the header of the ECSV file has no {key}"
    raise CorruptFileError(msg)


def _scalar(node: yaml.Node, key: str) -> str:
    """Return a text of a mapping, or nothing."""
    values = [value.value for name, value in node.value if name.value == key]
    return values[0] if values and isinstance(values[0], str) else ""
