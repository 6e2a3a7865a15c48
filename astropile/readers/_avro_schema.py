"""The schema in an Avro file: what its cells are, and what must not be read.

References
----------
.. [1] Apache Avro 1.12 specification, https://avro.apache.org/docs/1.12.0/specification/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa
import pyarrow.types as pt

from astropile.errors import CorruptFileError, UnsafeFileError
from astropile.readers._arrow import Axis
from astropile.readers._arrow_values import number_name

_PRIMITIVES: Final[Mapping[str, pa.DataType]] = MappingProxyType(
    {
        "null": pa.null(),
        "boolean": pa.bool_(),
        "int": pa.int32(),
        "long": pa.int64(),
        "float": pa.float32(),
        "double": pa.float64(),
        "string": pa.string(),
        "bytes": pa.binary(),
    }
)
_MAX_BYTES: Final = 2**20
_MAX_DEPTH: Final = 100


@dataclass(frozen=True, slots=True)
class Leaf:
    """A cell of the records.

    Attributes
    ----------
    fields : tuple of str
        Names on the way from the record; lists are no step.
    axes : tuple of Axis
        A level of lists each.
    kind : pyarrow.DataType
        Of the values.
    """

    fields: tuple[str, ...]
    axes: tuple[Axis, ...]
    kind: pa.DataType

    @property
    def is_stamp(self) -> bool:
        """Whether the values are bytes: small images as FITS files."""
        return bool(pt.is_binary(self.kind))

    @property
    def dtype(self) -> str:
        """Type of the values as cells name it."""
        if self.is_stamp:
            return "float32"
        if pt.is_null(self.kind):
            return "float64"
        return "text" if pt.is_string(self.kind) else number_name(self.kind)


def parse(text: bytes) -> Any:
    """Return the schema of records as `fastavro` uses it.

    Logical types are taken off: a time is the integer stored, as in other formats.

    Raises
    ------
    CorruptFileError
        It is no schema of records.
    UnsafeFileError
        Records could hold themselves, or take no bytes, so that few bytes make any number of them.
    """
    from fastavro import parse_schema
    from fastavro.schema import SchemaParseException

    opened = 0
    for bracket in re.findall(rb"[\[\]{}]", text):
        opened += 1 if bracket in b"[{" else -1
        if opened > _MAX_DEPTH or len(text) > _MAX_BYTES:
            msg = f"a schema of {len(text)} bytes, or with more than {_MAX_DEPTH} levels"
            raise UnsafeFileError(msg)
    try:
        schema = parse_schema(_physical(json.loads(text)))
    except (
        AttributeError, LookupError, TypeError, ValueError, RecursionError, SchemaParseException
    ) as error:  # fmt: skip
        msg = f"the schema in the file cannot be read: {error}"
        raise CorruptFileError(msg) from error
    if not isinstance(schema, dict) or schema.get("type") != "record":
        msg = "the file does not hold records"
        raise CorruptFileError(msg)
    if not _least_bytes(schema, {}, ()):
        msg = "its records take no bytes"
        raise UnsafeFileError(msg)
    return schema


def _physical(schema: Any) -> Any:
    """Return a schema without logical types."""
    if isinstance(schema, list):
        return [_physical(part) for part in schema]
    if isinstance(schema, dict):
        return {key: _physical(part) for key, part in schema.items() if key != "logicalType"}
    return schema


def _least_bytes(schema: Any, known: dict[str, Any], inside: tuple[str, ...]) -> int:
    """Return the least bytes that a value takes, and refuse what could be endless."""
    if isinstance(schema, list):
        for branch in schema:
            _least_bytes(branch, known, inside)
        return 1
    name = schema if isinstance(schema, str) else schema.get("name", "")
    if name and name in inside:
        msg = f"records {name} hold records of their own kind"
        raise UnsafeFileError(msg)
    if isinstance(schema, str):
        if schema in _PRIMITIVES:
            return 0 if schema == "null" else 1
        return _least_bytes(known[schema], known, inside)
    known.setdefault(name, schema)
    kind = schema["type"]
    if kind == "record":
        fields = [_least_bytes(f["type"], known, (*inside, name)) for f in schema["fields"]]
        return sum(fields)
    if kind in ("array", "map"):
        least = _least_bytes(schema["items" if kind == "array" else "values"], known, inside)
        if kind == "array" and not least:
            msg = "has arrays of values that take no bytes"
            raise UnsafeFileError(msg)
        return 1
    if kind == "fixed":
        return int(schema["size"])
    return 1 if kind == "enum" else _least_bytes(kind, known, inside)


def arrow_type(schema: Any, known: dict[str, Any]) -> pa.DataType | None:
    """Return the Arrow type that values of a schema fit into, or None if they have no cells.

    Those are maps, unions of several types, and bytes of fixed size.
    """
    if isinstance(schema, list):
        kinds = [branch for branch in schema if branch != "null"]
        if len(kinds) > 1:
            return None
        return arrow_type(kinds[0], known) if kinds else pa.null()
    if isinstance(schema, str):
        return _PRIMITIVES.get(schema) or arrow_type(known[schema], known)
    if "name" in schema:
        known.setdefault(schema["name"], schema)
    kind = schema["type"]
    if kind == "record":
        types = {field["name"]: arrow_type(field["type"], known) for field in schema["fields"]}
        fields = [pa.field(name, found) for name, found in types.items() if found is not None]
        return pa.struct(fields) if fields else None
    if kind == "array":
        item = arrow_type(schema["items"], known)
        return None if item is None else pa.list_(item)
    if kind == "enum":
        return pa.string()
    return None if kind in ("map", "fixed") else arrow_type(kind, known)


def leaves(
    kind: pa.DataType, fields: tuple[str, ...] = (), axes: tuple[Axis, ...] = ()
) -> Iterator[Leaf]:
    """Yield the cells below a type; bytes within lists are none."""
    if pt.is_struct(kind):
        for field in kind:
            yield from leaves(field.type, (*fields, field.name), axes)
    elif pt.is_list(kind):
        yield from leaves(kind.value_type, fields, (*axes, None))
    elif not (pt.is_binary(kind) and axes):
        yield Leaf(fields, axes, kind)
