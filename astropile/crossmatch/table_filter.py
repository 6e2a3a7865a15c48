"""Rows of plain tables by condition and region, as those of surveys are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.crossmatch.columns import some_rows
from astropile.readers import Column
from astropile.schema import OBJECT_LEAVES
from astropile.survey.filtering import filtered
from astropile.survey.plain_schema import plain_schema, value_type
from astropile.survey.request import Request

if TYPE_CHECKING:
    import pyarrow as pa

    from astropile.crossmatch.tables import SkyTable
    from astropile.sky.regions import Region

__all__ = ["filtered_table"]


def filtered_table(given: SkyTable, where: str | None, region: Region | None) -> SkyTable:
    """Return the rows of a table that pass; see `SkyTable.filter`."""
    from astropile.document import parse_document
    from astropile.schema.load import compile_schema

    fields = _fields(given)
    text = plain_schema(_survey_name(given.name), given.name, fields, "object_id")
    schema = compile_schema(parse_document(text, given.name), checked=True)
    request = filtered(Request(schema=schema, config="main"), where, region)
    looked_at = {*request.subset.addresses, *OBJECT_LEAVES[1:]}
    columns = _columns(given, fields, looked_at, request)
    rows = np.flatnonzero(request.subset.passes(columns, len(given)))
    numbers = rows if given.numbers is None else given.numbers[rows]
    return replace(given, table=some_rows(given.table, rows), numbers=numbers)


def _survey_name(name: str) -> str:
    """Return a name that a survey can have."""
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in name.lower()).strip("_")
    return plain if plain[:1].isalpha() else f"table_{plain}"


def _fields(given: SkyTable) -> pa.Schema:
    """Return the columns that a condition can be about, in the types of a pile."""
    import pyarrow as pa

    position = [
        pa.field(OBJECT_LEAVES[0], pa.string()),
        *(pa.field(name, pa.float64(), metadata={"unit": "deg"}) for name in OBJECT_LEAVES[1:]),
    ]
    found = {field.name: field for field in position}
    for field in given.arrow.schema:
        kind = value_type(field.type)
        if kind is not None and field.name not in found and ":" not in field.name:
            found[field.name] = pa.field(field.name, kind, metadata=field.metadata)
    return pa.schema(list(found.values()))


def _columns(
    given: SkyTable, fields: pa.Schema, wanted: set[str], request: Request
) -> Mapping[str, Column]:
    """Return columns of the table as finished leaves."""
    from astropile.engine import shape_of
    from astropile.readers._arrow import to_column

    position = dict(zip(OBJECT_LEAVES[1:], given.position_deg, strict=True))
    found = {}
    for address in wanted:
        if address in position:
            found[address] = Column(position[address], null=~np.isfinite(position[address]))
            continue
        leaf = request.leaves[address]
        kind = fields.field(leaf.name).type
        values = _values(given, leaf.name).cast(kind)
        shape = shape_of(leaf, request.schema.blocks.get(leaf.block))
        axes = [None if length is None else (length,) for length in shape]
        found[address] = to_column(values, (), axes, address)
    return found


def _values(given: SkyTable, name: str) -> Any:
    """Return a column as one of Arrow, ids as texts."""
    import pyarrow as pa

    if name == OBJECT_LEAVES[0]:
        return pa.chunked_array([given.ids(np.arange(len(given)))])
    column = given.arrow.column(name)
    kind = column.type
    return column.cast(kind.value_type) if pa.types.is_dictionary(kind) else column
