"""Examples out of Arrow without a copy: the formatter behind ``ap.fast`` and every iteration.

``datasets``' own NumPy format visits each value in Python; here an array of any shape is a view of
the Arrow buffer, found from the offsets of the lists around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

    DatasetLike = TypeVar("DatasetLike", Dataset, IterableDataset)

Extractor = Callable[[int], Any]
#: Name under which the formatter is known to ``datasets``.
FORMAT_TYPE = "astropile"


def examples_of(table: pa.Table) -> Iterator[dict[str, Any]]:
    """Yield the rows of an Arrow table as Examples.

    Parameters
    ----------
    table : Table
        Examples as :meth:`astropile.survey.Survey.iter_tables` gives them.

    Yields
    ------
    dict
        Arrays are read-only NumPy views, blocks are dicts, scalars are Python values, null is
        None.
    """
    for batch in table.to_batches():
        extractors = {
            name: extractor(batch.column(place)) for place, name in enumerate(batch.schema.names)
        }
        for row in range(batch.num_rows):
            yield {name: extract(row) for name, extract in extractors.items()}


def columns_of(table: pa.Table) -> dict[str, Any]:
    """Return the columns of a table as NumPy arrays, blocks as dicts of arrays."""
    combined = table.combine_chunks()
    return {name: _whole(_single(combined.column(name))) for name in combined.column_names}


def _single(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.nulls(0, column.type)


def _whole(array: pa.Array) -> Any:
    if isinstance(array, pa.StructArray):
        return {f.name: _whole(child) for f, child in zip(array.type, array.flatten(), strict=True)}
    extract = extractor(array)
    rows = [extract(row) for row in range(len(array))]
    if not isinstance(array, pa.ExtensionArray) and not _is_list(array.type):
        values = array.to_numpy(zero_copy_only=False)
        return values if not array.null_count else np.array(rows, dtype=object)
    if len({row.shape if row is not None else None for row in rows}) == 1 and rows[0] is not None:
        return np.stack(rows)
    result = np.empty(len(rows), dtype=object)
    result[:] = rows
    return result


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind))


def extractor(array: pa.Array) -> Extractor:
    """Return a function that gives the value of a row: a view for arrays, a dict for blocks."""
    if isinstance(array, pa.StructArray):
        return _struct_extractor(array)
    storage = array.storage if isinstance(array, pa.ExtensionArray) else array
    if _is_list(storage.type):
        return _with_nulls(array, _list_extractor(array, storage))
    values = storage.to_pylist()
    return values.__getitem__


def _struct_extractor(array: pa.StructArray) -> Extractor:
    children = {
        field.name: extractor(child)
        for field, child in zip(array.type, array.flatten(), strict=True)
    }

    def extract(row: int) -> dict[str, Any]:
        return {name: child(row) for name, child in children.items()}

    return _with_nulls(array, extract)


def _with_nulls(array: pa.Array, extract: Extractor) -> Extractor:
    if not array.null_count:
        return extract
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    return lambda row: extract(row) if valid[row] else None


def _list_extractor(array: pa.Array, storage: pa.Array) -> Extractor:
    """Walk down the lists to the values; each level multiplies the place of a row's first value."""
    bounds = _bounds(storage)
    inner_shape: list[int | None] = []
    level = storage
    values = _values(level)
    # Inner lengths are constant (only the first axis may be ragged), so one look is enough.
    starts, ends = bounds[:-1], bounds[1:]
    while _is_list(values.type):
        inner = _bounds(values)
        starts, ends = inner[starts], inner[ends]
        inner_shape.append(_constant_length(inner))
        level = values
        values = _values(level)
    if isinstance(array.type, pa.ExtensionType):
        inner_shape = list(array.type.shape[1:])
    data = _flat_values(values)
    if None in inner_shape:
        return lambda row: _nested_list(storage, row)
    shape = (-1, *inner_shape)
    first, last = starts.tolist(), ends.tolist()
    if not inner_shape:
        return lambda row: data[first[row] : last[row]]
    return lambda row: data[first[row] : last[row]].reshape(shape)


def _nested_list(storage: pa.Array, row: int) -> Any:
    return storage[row].as_py()


def _bounds(array: pa.Array) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return where each list starts, and the end of the last, in the values below."""
    if pa.types.is_fixed_size_list(array.type):
        size = array.type.list_size
        return np.arange(array.offset, array.offset + len(array) + 1, dtype=np.int64) * size
    return np.asarray(array.offsets.to_numpy(zero_copy_only=False)).astype(np.int64)


def _values(array: pa.Array) -> pa.Array:
    """Return the values below a level, unsliced, so that the bounds count from their start."""
    return array.values


def _constant_length(bounds: np.ndarray[Any, np.dtype[np.int64]]) -> int | None:
    lengths = np.diff(bounds)
    if len(lengths) == 0:
        return 0
    return int(lengths[0]) if (lengths == lengths[0]).all() else None


def _flat_values(values: pa.Array) -> np.ndarray[Any, np.dtype[Any]]:
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.str_)
    zero_copy = not pa.types.is_boolean(values.type) and values.null_count == 0
    return np.asarray(values.to_numpy(zero_copy_only=zero_copy))


def fast(dataset: DatasetLike) -> DatasetLike:
    """Return a view of a dataset that reads arrays without copying them.

    Parameters
    ----------
    dataset : datasets.Dataset
        Any dataset; one of ours after ``load_from_disk``, too.

    Returns
    -------
    datasets.Dataset
        The same rows; arrays come as NumPy views of the mapped file, in their stored dtype.

    Examples
    --------
    >>> import astropile as ap
    >>> from datasets import Dataset
    >>> ap.fast(Dataset.from_dict({"flux": [[1.0, 2.0]]}))[0]["flux"]
    array([1., 2.])
    """
    _register()
    return dataset.with_format(FORMAT_TYPE)


def _register() -> None:
    """Tell ``datasets`` about the formatter; done at first use, since importing it is slow."""
    from datasets import formatting

    if FORMAT_TYPE in formatting._FORMAT_TYPES:
        return

    class ZeroCopyFormatter(formatting.formatting.Formatter[dict[str, Any], Any, dict[str, Any]]):
        """Rows, columns and batches as views of the Arrow buffers."""

        def format_row(self, pa_table: pa.Table) -> dict[str, Any]:
            return next(examples_of(pa_table))

        def format_column(self, pa_table: pa.Table) -> Any:
            return columns_of(pa_table)[pa_table.column_names[0]]

        def format_batch(self, pa_table: pa.Table) -> dict[str, Any]:
            return columns_of(pa_table)

    formatting._register_formatter(ZeroCopyFormatter, FORMAT_TYPE)
