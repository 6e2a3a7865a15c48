"""A schema made from the columns of a table, so that its pile opens like any survey."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.types as pt

from astropile.errors import SchemaError, UsageError
from astropile.schema import OBJECT_LEAVES
from astropile.vocabulary import UnitTextError, parse_unit

__all__ = ["plain_schema", "value_type"]

_NUMBERS = {
    pa.bool_(): "bool",
    **{getattr(pa, n)(): n for n in ("int8", "int16", "int32", "int64")},
    **{getattr(pa, n)(): n for n in ("uint8", "uint16", "uint32", "uint64")},
    pa.float32(): "float32",
    pa.float64(): "float64",
    pa.string(): "string",
}
#: Of an array in a data set.
_MOST_AXES = 5


def value_type(kind: pa.DataType) -> pa.DataType | None:
    """Return the type in which a pile holds values of a type; None if it cannot.

    Examples
    --------
    >>> value_type(pa.dictionary(pa.int32(), pa.large_string()))
    DataType(string)
    >>> value_type(pa.date32()) is None
    True
    """
    if pt.is_dictionary(kind):
        return value_type(kind.value_type)
    if pt.is_large_string(kind) or pt.is_string_view(kind):
        return pa.string()
    if pt.is_float16(kind):
        return pa.float32()
    if pt.is_decimal(kind):
        return pa.float64()
    if pt.is_null(kind):
        return pa.string()
    if pt.is_fixed_size_list(kind):
        return _list_type(value_type(kind.value_type), kind.list_size)
    if pt.is_list(kind) or pt.is_large_list(kind):
        return _list_type(value_type(kind.value_type), -1)
    return kind if kind in _NUMBERS else None


def _list_type(inner: pa.DataType | None, length: int) -> pa.DataType | None:
    """Return lists of values as a pile holds them: only the outermost axis is ragged, of five."""
    axes, kind = 1, inner
    while kind is not None and pt.is_nested(kind):
        axes, kind = axes + 1, kind.value_type
    is_ragged_inside = inner is not None and pt.is_list(inner)
    if inner is None or is_ragged_inside or axes > _MOST_AXES or length == 0:
        return None
    return pa.list_(inner, length)


def plain_schema(name: str, table: str, schema: pa.Schema, object_id: str) -> str:
    """Return the YAML (as JSON) of a survey that is one table.

    Parameters
    ----------
    name : str
        Id of the survey.
    table : str
        What the table is called.
    schema : Schema
        Id and position, then the columns, in the types of the pile.
    object_id : str
        Column of the id.

    Raises
    ------
    UsageError
        The name is no name of a survey, or a column cannot be one.
    """
    from astropile.document import parse_document
    from astropile.schema.load import compile_schema

    columns: dict[str, Any] = {}
    modalities: dict[str, Any] = {}
    for field in schema:
        if pt.is_nested(field.type):
            modalities[field.name] = _block(field)
        elif field.name != "object_id" or object_id == "object_id":
            columns[field.name] = _scalar(field)
    data = {
        "language": "1.0",
        "survey": name,
        "version": "1.0.0",
        "about": {
            "title": f"Table {name}",
            "name": name,
            "description": f"Built from {table}.",
            "license": {"name": "unknown"},
            "acknowledgement": "None given.",
            "cite": ["unknown"],
            "unverified": ["license", "acknowledgement", "cite"],
        },
        "object": {"id": object_id, "ra": "ra", "dec": "dec"},
        "columns": columns,
        "modalities": modalities,
        "sources": {
            "table": {
                "description": "The table.",
                "tables": {"main": {"files": "*.parquet", "format": "parquet"}},
            }
        },
        "configs": {"main": {"description": "All rows.", "default": True}},
    }
    text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    try:
        compile_schema(parse_document(text, name), checked=True)
    except SchemaError as error:
        raise UsageError(
            f"the table cannot be a survey: {error.problems[0].message}",
            where=name,
            hint="give name= in small letters, digits and _; rename columns with odd names",
        ) from error
    return text


def _scalar(field: pa.Field) -> dict[str, Any]:
    facts = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    kind = field.type
    dtype = "string" if field.name == OBJECT_LEAVES[0] else _NUMBERS[kind]
    description = facts.get("description") or f"Column {field.name}."
    found: dict[str, Any] = {"dtype": dtype, "description": description}
    unit = facts.get("unit", "")
    if unit:
        try:
            parse_unit(unit)
            found["unit"] = unit
        except UnitTextError:
            found["description"] = f"{description} Unit as given: {unit}"
    if dtype == "bool":
        found["true_means"] = "neither"
    return found


def _block(field: pa.Field) -> dict[str, Any]:
    """Return a column of arrays as a block of one field at top level."""
    axes: dict[str, dict[str, int]] = {}
    kind = field.type
    while pt.is_nested(kind):
        size = {"size": kind.list_size} if pt.is_fixed_size_list(kind) else {}
        axes[f"axis{len(axes) + 1}"] = size
        kind = kind.value_type
    inner = _scalar(pa.field(field.name, kind, metadata=field.metadata)) | {"axes": [*axes]}
    return {"kind": "table", "flat": True, "axes": axes, "fields": {field.name: inner}}
