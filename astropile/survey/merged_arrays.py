"""Arrow tables of one survey as rows of the result: types, units and order of its columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.engine import nested_keys
from astropile.engine.pack import all_null, pack_or_null
from astropile.errors import LeafError
from astropile.schema import OBJECT_LEAVES
from astropile.survey.merged import Columns, Merged, Part
from astropile.survey.mixing import Change, Target

if TYPE_CHECKING:
    import pyarrow as pa

    from astropile.survey.request import Request

__all__ = ["PartReader", "narrowed"]


def narrowed(part: Part, number: int, merged: Sequence[Merged]) -> Request:
    """Return a request for the leaves of one survey that the result holds."""
    request = part.request
    found = {leaf.address for one in merged if (leaf := one.leaves[number]) is not None}
    wanted = tuple(a for a in request.leaves if a in found or a in OBJECT_LEAVES)
    return replace(request, selection=wanted, names="original", layout="nested")


@dataclass(frozen=True)
class PartReader:
    """Reads the rows of one survey as rows of the result.

    Attributes
    ----------
    part : Part
        The survey.
    number : int
        Its place among the surveys.
    request : Request
        What is read of it; see :func:`narrowed`.
    columns : dict
        Columns of the result by key.
    targets : mapping of str to Target
        What they hold, by the key of each value.
    """

    part: Part
    number: int
    request: Request
    columns: Columns
    targets: Mapping[str, Target]

    def tables(self, schema: pa.Schema, split: str | None) -> Iterator[pa.Table]:
        """Yield tables of the schema of the result, in row order.

        Raises
        ------
        LeafError
            A value does not fit the type of its column.
        """
        import pyarrow as pa

        index = None
        if self.part.request.on_bad_row == "reject":
            # Leaves that are not read here may have refused rows: row numbers are those of all.
            index = self.part.request.catalogue_pass(split).index
        first = 0
        for table in self.request.tables(split=split, index=index):
            n = table.num_rows
            own = [_whole(table.column(name)) for name in OBJECT_LEAVES]
            label = pa.array(np.full(n, self.part.label), pa.string())
            row = pa.array(np.arange(first, first + n))
            arrays = self._arrays(table)
            columns = [self._column(arrays, schema, key, n) for key in self.columns]
            yield pa.Table.from_arrays([*own, label, row, *columns], schema=schema)
            first += n

    def _arrays(self, table: pa.Table) -> dict[str, pa.Array]:
        """Return the columns of a table of Examples by the address of their leaf."""
        request = self.request
        keys = nested_keys(request.wanted, request.leaves, request.schema.blocks)
        found: dict[str, pa.Array] = {}
        for key, value in keys.items():
            array = _whole(table.column(key))
            if isinstance(value, str):
                found[value] = array
                continue
            # flatten() and not field(): only it carries the nulls of the struct to its fields.
            names = [field.name for field in array.type]
            by_name = dict(zip(names, array.flatten(), strict=True))
            found.update((address, by_name[name]) for name, address in value.items())
        return found

    def _column(
        self, arrays: Mapping[str, pa.Array], schema: pa.Schema, key: str, n: int
    ) -> pa.Array:
        import pyarrow as pa

        column, kind = self.columns[key], schema.field(key).type
        if isinstance(column, Merged):
            return self._value(arrays, column, kind, n)
        fields = [kind.field(name) for name in column]
        children = [
            self._value(arrays, one, field.type, n)
            for one, field in zip(column.values(), fields, strict=True)
        ]
        return pa.StructArray.from_arrays(children, fields=fields, mask=all_null(children))

    def _value(
        self, arrays: Mapping[str, pa.Array], merged: Merged, kind: pa.DataType, n: int
    ) -> pa.Array:
        import pyarrow as pa

        leaf = merged.leaves[self.number]
        if leaf is None:
            return pack_or_null(None, kind, n)
        change = self.targets[merged.key].changes[self.number]
        try:
            return _converted(arrays[leaf.address], kind, change)
        except (pa.ArrowInvalid, OverflowError) as error:
            msg = f"a value does not fit the type {self.targets[merged.key].dtype}: {error}"
            where = f"{merged.key} of {self.part.label} ({leaf.address})"
            raise LeafError(msg, where=where, hint="choose another unit with units=") from error


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array; no copy is made of a single chunk."""
    import pyarrow as pa

    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def _converted(array: pa.Array, wanted: pa.DataType, change: Change) -> pa.Array:
    """Return an array as another type of the same rank, its values changed."""
    import pyarrow as pa

    if array.type == wanted and change.is_none:
        return array
    if isinstance(array.type, pa.ExtensionType):
        array = array.storage
    if isinstance(wanted, pa.ExtensionType):
        storage = _listed(array, wanted.storage_type, change)
        return pa.ExtensionArray.from_storage(wanted, storage)
    if _is_list(wanted):
        return _listed(array, wanted, change)
    return _values(array, wanted, change, nan_is_null=True)


def _is_list(kind: pa.DataType) -> bool:
    from pyarrow import types

    return bool(types.is_list(kind) or types.is_fixed_size_list(kind))


def _listed(array: pa.Array, wanted: pa.DataType, change: Change) -> pa.Array:
    """Rebuild lists around changed values; fixed lengths may become any length."""
    import pyarrow as pa
    from pyarrow import types

    if not _is_list(wanted):
        return _values(array, wanted, change, nan_is_null=False)
    mask = array.is_null() if array.null_count else None
    if types.is_fixed_size_list(array.type):
        size = array.type.list_size
        values = array.values.slice(array.offset * size, len(array) * size)
        if types.is_fixed_size_list(wanted):
            inner = _listed(values, wanted.value_type, change)
            return pa.FixedSizeListArray.from_arrays(inner, type=wanted, mask=mask)
        offsets = np.arange(len(array) + 1, dtype=np.int32) * np.int32(size)
    else:
        offsets = array.offsets.to_numpy()
        values = array.values.slice(offsets[0], offsets[-1] - offsets[0])
        offsets = offsets - offsets[0]
    inner = _listed(values, wanted.value_type, change)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), inner, type=wanted, mask=mask)


def _values(array: pa.Array, wanted: pa.DataType, change: Change, *, nan_is_null: bool) -> pa.Array:
    """Return changed values; of scalars that are no number any more, null."""
    import pyarrow as pa

    if change.is_none:
        return array.cast(wanted)
    null = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    known: Any = array.fill_null(False if change.is_inverted else 0) if array.null_count else array
    before = known.to_numpy(zero_copy_only=False)
    after = change.apply(before)
    if not change.is_inverted:
        with np.errstate(over="ignore"):
            after = after.astype(wanted.to_pandas_dtype())
        if bool((np.isinf(after) & np.isfinite(before) & (before != 0)).any()):
            raise OverflowError("it is too great in the unit of the column")
        if nan_is_null:
            null = np.isnan(after) if null is None else null | np.isnan(after)
    return pa.array(after, wanted, mask=null, from_pandas=False)
