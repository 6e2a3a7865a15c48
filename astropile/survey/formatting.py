"""Examples out of Arrow: what every iteration of ours goes through, and the view ``ap.fast``.

``datasets``' own NumPy format visits each value in Python; here arrays are views of the Arrow
buffers, see :mod:`astropile.survey.values`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
from pyarrow import types

from astropile.readers.column import Array
from astropile.survey.values import Reader, reader_of, stacked

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

    DatasetLike = TypeVar("DatasetLike", Dataset, IterableDataset)

#: Name under which the formatter is known to ``datasets``.
FORMAT_TYPE = "astropile"
#: Rows that become Python objects at a time.
ROWS_AT_A_TIME = 256


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
    columns = RowReader(table.schema)
    for batch in table.to_batches(max_chunksize=ROWS_AT_A_TIME):
        yield from columns.rows(batch)


class RowReader:
    """Reads record batches of one schema.

    Parameters
    ----------
    schema : Schema
        Schema of the batches.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self._names = tuple(schema.names)
        self._readers: tuple[Reader, ...] = tuple(reader_of(kind) for kind in schema.types)

    def rows(self, batch: pa.RecordBatch) -> list[dict[str, Any]]:
        """Return the Examples of a batch."""
        columns = [read(array) for read, array in zip(self._readers, batch.columns, strict=True)]
        return [dict(zip(self._names, row, strict=True)) for row in zip(*columns, strict=True)]


def columns_of(table: pa.Table) -> dict[str, Array]:
    """Return the columns of a table as NumPy arrays; blocks are arrays of dicts, as in a row.

    Null is NaN in a float column; elsewhere it makes an array of objects, with None.
    """
    return {name: _column_of(table.column(name)) for name in table.column_names}


def _column_of(column: pa.ChunkedArray) -> Array:
    kind = column.type
    if types.is_floating(kind) or (types.is_primitive(kind) and not column.null_count):
        return np.asarray(column.to_numpy())
    read = reader_of(kind)
    values = [value for chunk in column.chunks for value in read(chunk)]
    if types.is_string(kind) and not column.null_count:
        return np.array(values, dtype=np.str_)
    return stacked(values)


class FastView:
    """What a fast view of a dataset remembers from row to row: how to read its last schema.

    It travels with the dataset as an option of its format. In another process it comes back empty
    and tells ``datasets`` about the format there.
    """

    def __init__(self) -> None:
        self._reader: RowReader | None = None

    def row(self, table: pa.Table) -> dict[str, Any]:
        """Return the first row of a table."""
        reader = self._reader
        if reader is None or reader.schema != table.schema:
            reader = self._reader = RowReader(table.schema)
        return reader.rows(table.to_batches(max_chunksize=1)[0])[0]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FastView)

    def __hash__(self) -> int:
        return hash(FastView)

    def __deepcopy__(self, memo: dict[int, Any]) -> FastView:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _new_view, ()


def _new_view() -> FastView:
    register_format()
    return FastView()


def fast(dataset: DatasetLike) -> DatasetLike:
    """Return a view of a dataset that reads arrays without copying them.

    Parameters
    ----------
    dataset : datasets.Dataset or datasets.IterableDataset
        Any dataset; one of ours after ``load_from_disk``, too.

    Returns
    -------
    datasets.Dataset or datasets.IterableDataset
        The same rows. Arrays are read-only NumPy views of the mapped file in their stored dtype,
        blocks are dicts, scalars are Python values, null is None.

    Notes
    -----
    Save the dataset itself, not the view: ``save_to_disk`` refuses the view, since plain
    ``datasets`` could not open what it writes.

    Examples
    --------
    >>> import astropile as ap
    >>> from datasets import Dataset
    >>> ap.fast(Dataset.from_dict({"flux": [[1.0, 2.0]]}))[0]["flux"]
    array([1., 2.])
    """
    import datasets

    register_format()
    if not isinstance(dataset, datasets.Dataset):
        return dataset.with_format(FORMAT_TYPE)
    # with_format() copies the schema, after which each look-up compares it field by field with
    # that of the file: more work than reading a row. A slice of everything has one schema.
    view = datasets.Dataset(
        dataset.data.slice(0),
        info=dataset.info,
        split=dataset.split,
        indices_table=dataset._indices,
        fingerprint=dataset._fingerprint,
    )
    view.set_format(FORMAT_TYPE, fast_view=FastView())
    return view


def register_format() -> None:
    """Tell ``datasets`` about the formatter; done at first use, since importing it is slow."""
    from datasets import formatting

    if FORMAT_TYPE in formatting._FORMAT_TYPES:
        return

    class ZeroCopyFormatter(formatting.formatting.Formatter[dict[str, Any], Any, dict[str, Any]]):  # type: ignore[misc]
        """Rows, columns and batches as views of the Arrow buffers."""

        def __init__(
            self, features: Any = None, fast_view: FastView | None = None, **options: Any
        ) -> None:
            super().__init__(features=features, **options)
            self._view = fast_view or FastView()

        def format_row(self, pa_table: pa.Table) -> dict[str, Any]:
            return self._view.row(pa_table)

        def format_column(self, pa_table: pa.Table) -> Array:
            return _column_of(pa_table.column(0))

        def format_batch(self, pa_table: pa.Table) -> dict[str, Array]:
            return columns_of(pa_table)

    formatting._register_formatter(ZeroCopyFormatter, FORMAT_TYPE)
