"""What a pile of a match holds, and the schema that says so, made from both sides."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.crossmatch.result import FOOTPRINT, SEPARATION
from astropile.crossmatch.sides import AnySide, Side
from astropile.errors import SchemaError, UsageError
from astropile.pile.types import restored, stored_type

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Column", "columns_of", "listed_columns_of", "matched_schema", "unpacked"]

#: Axis of the matches of a left object.
_MATCH = "match"


@dataclass(frozen=True)
class Column:
    """A value of one side and its place in the pile.

    Attributes
    ----------
    label : str
        The side.
    path : tuple of str
        Keys that lead to it in an Example of the side.
    block : str
        Block of the pile that holds it.
    sizes : tuple of int or None
        Lengths of its axes, None where rows differ.
    dtype : str
        Type of its numbers, as schemas say it.
    facts : dict
        Unit and description.
    is_listed : bool
        Whether there is a value for each match of a left object: its first axis.
    """

    label: str
    path: tuple[str, ...]
    block: str
    sizes: tuple[int | None, ...]
    dtype: str
    facts: dict[str, str]
    is_listed: bool = False


def columns_of(side: AnySide) -> list[Column]:
    """Return the values of the Examples of a side.

    Raises
    ------
    UsageError
        One is of a type that a pile cannot hold.
    """
    kinds = side.features().arrow_schema
    known = _meaning(side)
    found = []
    for outer in kinds:
        told = known.field(outer.name) if known is not None and outer.name in known.names else outer
        if _is_struct(outer.type):
            for place, inner in enumerate(outer.type):
                about = told.type.field(place) if _is_struct(told.type) else inner
                block = f"{side.label}_{outer.name}"
                found.append(_column(side.label, (outer.name, inner.name), block, inner, about))
        else:
            is_flat = not _is_listed(outer.type)
            block = side.label if is_flat else f"{side.label}_{outer.name}"
            found.append(_column(side.label, (outer.name,), block, outer, told))
    return found


def listed_columns_of(side: AnySide) -> list[Column]:
    """Return the columns of a side of which each left object may have several objects.

    Raises
    ------
    UsageError
        One is an array of each object: lists of arrays cannot be in a pile.
    """
    found = columns_of(side)
    bulk = [column for column in found if column.sizes]
    if bulk:
        names = ", ".join(".".join(column.path) for column in bulk[:4])
        what = f"{side.label} has arrays ({names}), and lists of arrays cannot be in a pile"
        hint = "match with select([...]) of the columns with one value, or with nested=False"
        raise UsageError(what, where=side.label, hint=hint)
    return [replace(column, sizes=(None,), is_listed=True) for column in found]


def _meaning(side: AnySide) -> pa.Schema | None:
    """Return the schema of the Examples with units and descriptions, if it is known."""
    if not isinstance(side, Side):
        return side.table.arrow.schema
    from astropile.engine import arrow_schema

    request = side.request
    if request.layout != "nested":
        return None
    return arrow_schema(request.schema, request.leaves, request.wanted, request.names)


def _is_struct(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_struct(kind))


def _is_listed(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_nested(stored_type(kind)))


def _column(
    label: str, path: tuple[str, ...], block: str, found: pa.Field, told: pa.Field
) -> Column:
    import pyarrow as pa

    kind = found.type
    shape = tuple(kind.shape) if isinstance(kind, pa.BaseExtensionType) else None
    kind = stored_type(kind)
    # A list of fixed length keeps room in null blocks, so that LSDB finds fields of unequal length.
    sizes: list[int | None] = []
    while (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    ):
        sizes.append(None)
        kind = kind.value_type
    from astropile.survey.plain_schema import value_type

    plain = value_type(kind)
    if plain is None:
        what = f"a pile cannot hold values of type {kind}"
        raise UsageError(what, where=f"{label}, {'.'.join(path)}", hint="leave the column out")
    dtype = {"string": "string", "double": "float64", "float": "float32", "bool": "bool"}
    facts = {key.decode(): value.decode() for key, value in (told.metadata or {}).items()}
    return Column(
        label, path, block, shape or tuple(sizes), dtype.get(str(plain), str(plain)), facts
    )


def matched_schema(
    name: str,
    title: str,
    columns: Sequence[Column],
    *,
    has_footprint: bool,
    is_nested: bool = False,
) -> str:
    """Return the YAML (as JSON) of a survey that is a match.

    Raises
    ------
    UsageError
        The name is no name of a survey, or two blocks have one name.
    """
    from astropile.document import parse_document
    from astropile.schema.load import compile_schema

    own: dict[str, dict[str, Any]] = {
        "object_id": _field("string", "Id of the left object; with its partner's where needed."),
        "ra": _field("float64", "Right ascension of the left object, else the right.", "deg"),
        "dec": _field("float64", "Declination of the left object, else the right.", "deg"),
    }
    apart = _field("float64", "Separation of both objects.", "arcsec")
    blocks = _blocks(columns)
    if is_nested:
        fields = {SEPARATION: apart | {"axes": [_MATCH]}}
        own_block = {"kind": "table", "flat": True, "axes": {_MATCH: {}}, "fields": fields}
        blocks = {SEPARATION: own_block, **blocks}
    else:
        own[SEPARATION] = apart
    if has_footprint:
        text = "Whether the object lies where the other survey has looked."
        own[FOOTPRINT] = _field("bool", text) | {"true_means": "neither"}
    about = {
        "title": title,
        "name": name,
        "description": f"{title}, built by astropile.",
        "license": {"name": "unknown"},
        "acknowledgement": "See the citation of the pile.",
        "cite": ["unknown"],
        "unverified": ["license", "acknowledgement", "cite"],
    }
    tables = {"main": {"files": "*.parquet", "format": "parquet"}}
    data = {
        "language": "1.0",
        "survey": name,
        "version": "1.0.0",
        "about": about,
        "object": {"id": "object_id", "ra": "ra", "dec": "dec"},
        "columns": own,
        "modalities": blocks,
        "sources": {"match": {"description": title, "tables": tables}},
        "configs": {"main": {"description": "All rows.", "default": True}},
    }
    text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    try:
        compile_schema(parse_document(text, name), checked=True)
    except SchemaError as error:
        what = f"the match cannot be a survey: {error.problems[0].message}"
        hint = "give name= and labels= in small letters, digits and _"
        raise UsageError(what, where=name, hint=hint) from error
    return text


def _blocks(columns: Sequence[Column]) -> dict[str, dict[str, Any]]:
    blocks: dict[str, dict[str, Any]] = {}
    for column in columns:
        block = blocks.setdefault(column.block, {"kind": "table", "axes": {}, "fields": {}})
        key = column.path[-1]
        description = column.facts.get("description") or f"{'.'.join(column.path)}."
        found = _field(column.dtype, description, column.facts.get("unit", ""))
        if column.dtype == "bool":
            found["true_means"] = "neither"
        axes = {f"{key}_{n + 1}": size for n, size in enumerate(column.sizes)}
        if column.is_listed:
            axes = {_MATCH: None}
        if axes:
            found["axes"] = list(axes)
            block["axes"] |= {axis: {} if n is None else {"size": n} for axis, n in axes.items()}
        block["fields"][key] = found
    return {
        name: {key: value for key, value in block.items() if value}
        for name, block in blocks.items()
    }


def _field(dtype: str, description: str, unit: str = "") -> dict[str, Any]:
    from astropile.vocabulary import UnitTextError, parse_unit

    found: dict[str, Any] = {"dtype": dtype, "description": description}
    if unit:
        try:
            parse_unit(unit)
            found["unit"] = unit
        except UnitTextError:
            found["description"] = f"{description} Unit as given: {unit}"
    return found


def unpacked(
    block: pa.StructArray | pa.ListArray, columns: Sequence[Column], schema: pa.Schema
) -> dict[str, pa.Array]:
    """Return the Examples of one side as blocks of the pile; a null Example is null in all.

    Lists of Examples become blocks of lists, one value for each.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_list(block.type):
        counts = np.asarray(pc.list_value_length(block).fill_null(0))
        offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
        return _listed(block.flatten(), offsets, columns, schema)
    outer = dict(zip((f.name for f in block.type), block.flatten(), strict=True))
    absent = pc.is_null(block)
    children: dict[str, dict[str, pa.Array]] = {}
    nulls: dict[str, pa.Array] = {}
    for column in columns:
        values = outer[column.path[0]]
        null = absent
        if len(column.path) == 2:
            null = pc.is_null(values)
            place = [field.name for field in values.type].index(column.path[1])
            values = values.flatten()[place]
        if isinstance(values, pa.ExtensionArray):
            values = values.storage
        nulls[column.block] = null
        children.setdefault(column.block, {})[column.path[-1]] = values
    found = {}
    for name, mine in children.items():
        fields = list(schema.field(name).type)
        arrays = [restored(mine[field.name], field.type) for field in fields]
        found[name] = pa.StructArray.from_arrays(arrays, fields=fields, mask=nulls[name])
    return found


def _listed(
    values: pa.StructArray, offsets: pa.Array, columns: Sequence[Column], schema: pa.Schema
) -> dict[str, pa.Array]:
    """Return Examples, one after another, as blocks of lists that begin at offsets."""
    import pyarrow as pa

    children: dict[str, dict[str, pa.Array]] = {}
    for column in columns:
        found = values
        for key in column.path:  # flatten() and not field(): only it carries the nulls along
            place = [field.name for field in found.type].index(key)
            found = found.flatten()[place]
        children.setdefault(column.block, {})[column.path[-1]] = found
    blocks = {}
    for name, mine in children.items():
        fields = list(schema.field(name).type)
        arrays = [
            pa.ListArray.from_arrays(offsets, mine[f.name].cast(f.type.value_type), type=f.type)
            for f in fields
        ]
        blocks[name] = pa.StructArray.from_arrays(arrays, fields=fields)
    return blocks
