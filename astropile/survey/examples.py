"""Examples one at a time and as a stream, always through Arrow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from astropile.survey.formatting import examples_of, fast, register_format
from astropile.survey.request import Request

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import IterableDataset


def iterate(request: Request, split: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield Examples as dicts of NumPy arrays and Python scalars."""
    for table in request.tables(split=split):
        yield from examples_of(table)


@dataclass(frozen=True)
class TableStream:
    """Makes the tables of a stream; worker processes of loaders get a copy.

    Attributes
    ----------
    request : Request
        What Examples are.
    split : str or None
        One split; None for all.
    """

    request: Request
    split: str | None

    def __call__(self) -> Iterator[tuple[str, pa.Table]]:
        """Yield numbered tables, all of the schema that the features say."""
        import pyarrow as pa

        schema = self.request.features().arrow_schema
        for number, table in enumerate(self.request.tables(split=self.split)):
            yield str(number), pa.Table.from_arrays(table.columns, schema=schema)

    def __reduce__(self) -> tuple[Any, ...]:
        return _stream_of_copy, (self.request, self.split)


def _stream_of_copy(request: Request, split: str | None) -> TableStream:
    # A new process does not know the format of the stream yet.
    register_format()
    return TableStream(request, split)


def stream(request: Request, split: str | None = None) -> IterableDataset:
    """Return the Examples as an iterable dataset; files are read as it is used."""
    import datasets
    from datasets.iterable_dataset import ArrowExamplesIterable

    from astropile.survey.cache import dataset_info

    request.split_names(split)
    name = datasets.NamedSplit(split) if split is not None else None
    tables = ArrowExamplesIterable(TableStream(request, split), {})
    return fast(datasets.IterableDataset(tables, info=dataset_info(request), split=name))
