"""Examples out of Arrow: what every iteration of ours goes through, and the view ``ap.fast``.

``datasets``' own NumPy format visits each value in Python; here arrays are views of the Arrow
buffers, see :mod:`astropile.survey.values`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import sub
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
from pyarrow import types

from astropile.readers.column import Array
from astropile.survey.values import Extractor, extractor, stacked

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

    DatasetLike = TypeVar("DatasetLike", Dataset, IterableDataset)

#: Name under which the formatter is known to ``datasets``.
FORMAT_TYPE = "astropile"
_STRUCT = pa.struct([]).id
#: Extractors that a fast view keeps; one takes less than 0.1 MB.
BATCHES_AT_HAND = 256


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
        example = example_of(batch)
        for row in range(batch.num_rows):
            yield example(row)


def example_of(batch: pa.RecordBatch) -> Extractor:
    """Return a function that gives the Example of a row."""
    names = batch.schema.names
    values = [(n, extractor(array)) for n, array in zip(names, batch.columns, strict=True)]
    return lambda row: {name: value(row) for name, value in values}


def columns_of(table: pa.Table) -> dict[str, Array]:
    """Return the columns of a table as NumPy arrays; blocks are arrays of dicts, as in a row.

    Null is NaN in a float column; elsewhere it makes an array of objects, with None.
    """
    return {name: _column_of(table.column(name)) for name in table.column_names}


def _column_of(column: pa.ChunkedArray) -> Array:
    kind = column.type
    if types.is_floating(kind) or (types.is_primitive(kind) and not column.null_count):
        return np.asarray(column.to_numpy())
    found = [(extractor(chunk), len(chunk)) for chunk in column.chunks]
    values = [value(row) for value, n in found for row in range(n)]
    if types.is_string(kind) and not column.null_count:
        return np.array(values, dtype=np.str_)
    return stacked(values)


class FastView:
    """The batches of a dataset with an extractor for each, made when it is first used.

    ``datasets`` hands out rows as slices; the batch that a slice is of is known by the places of
    its buffers in memory, which nothing else can have as long as the batch is held here. A slice of
    anything else is read, too, only slower. The view travels with the dataset as an option of its
    format; in another process it comes back empty and tells ``datasets`` about the format there.

    Parameters
    ----------
    batches : sequence of RecordBatch
        What the dataset holds.
    """

    def __init__(self, batches: Sequence[pa.RecordBatch] = ()) -> None:
        self._schema = batches[0].schema if batches else None
        self._held: dict[tuple[int, ...], _Held | None] = {}
        self._examples: dict[tuple[int, ...], Extractor] = {}
        for batch in batches:
            places, offsets = _places_of(batch)
            # Batches that cannot be told apart are not looked up.
            self._held[places] = None if places in self._held else _Held(batch, offsets)

    def row(self, table: pa.Table) -> dict[str, Any]:
        """Return the only row of a table as an Example."""
        (part,) = table.to_batches()
        places, offsets = _places_of(part)
        held = self._held.get(places) if part.schema == self._schema else None
        row = None if held is None else held.row_at(offsets)
        if held is None or row is None:
            return example_of(part)(0)  # type: ignore[no-any-return]
        if places not in self._examples:
            if len(self._examples) == BATCHES_AT_HAND:
                del self._examples[next(iter(self._examples))]
            self._examples[places] = example_of(held.batch)
        return self._examples[places](row)  # type: ignore[no-any-return]

    def __deepcopy__(self, memo: dict[int, Any]) -> FastView:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _new_view, ()


@dataclass(frozen=True, slots=True)
class _Held:
    """A batch, and where its columns begin in their buffers."""

    batch: pa.RecordBatch
    offsets: tuple[int, ...]

    def row_at(self, offsets: tuple[int, ...]) -> int | None:
        """Return the row at which columns begin; None if they begin at different rows."""
        rows = set(map(sub, offsets, self.offsets))
        row = rows.pop() if len(rows) == 1 else -1
        return row if 0 <= row < self.batch.num_rows else None


def _places_of(batch: pa.RecordBatch) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return where the buffers of each column are in memory, and where it begins in them."""
    columns = batch.columns
    places = []
    for column in columns:
        array = column
        while array.type.id == _STRUCT and array.type.num_fields:
            array = array.field(0)
        last = array.buffers()[-1]
        places.append(0 if last is None else last.address)
    return tuple(places), tuple([column.offset for column in columns])


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
    view.set_format(FORMAT_TYPE, fast_view=FastView(view.data.to_batches()))
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
