"""Examples as a stream that training loops share out among processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.survey.formatting import fast, register_format
from astropile.survey.request import Request, Shard

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import IterableDataset

__all__ = ["TableStream", "stream"]


@dataclass(frozen=True)
class TableStream:
    """Makes the tables of a stream; worker processes of loaders get a copy.

    Attributes
    ----------
    request : Request
        What Examples are.
    split : str or None
        One split; None for all.
    seed : int or None
        For the order of the rows of a table; None leaves them as they are.
    """

    request: Request
    split: str | None
    seed: int | None = None

    def __call__(self, shards: Sequence[Shard]) -> Iterator[tuple[str, pa.Table]]:
        """Yield numbered tables of some shards, all of the schema that the features say."""
        import pyarrow as pa

        schema = self.request.features().arrow_schema
        for shard in shards:
            found = self.request.shard_tables(shard, split=self.split)
            for number, table in enumerate(found):
                plain = pa.Table.from_arrays(table.columns, schema=schema)
                if self.seed is not None:
                    order = np.random.default_rng([self.seed, shard.number, number])
                    plain = plain.take(pa.array(order.permutation(plain.num_rows)))
                yield f"{shard.number}-{number}", plain

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy of the request leaves behind what it has read: it may be big.
        return _stream_of_copy, (replace(self.request), self.split, self.seed)


def _stream_of_copy(request: Request, split: str | None, seed: int | None) -> TableStream:
    # A new process does not know the format of the stream yet.
    register_format()
    return TableStream(request, split, seed)


def stream(
    request: Request, split: str | None = None, *, shuffle: bool = False, seed: int = 0
) -> IterableDataset:
    """Return the Examples as an iterable dataset; see :meth:`astropile.survey.Survey.stream`."""
    import datasets
    from datasets.iterable_dataset import ArrowExamplesIterable

    from astropile.survey.cache import dataset_info

    request.split_names(split)
    name = datasets.NamedSplit(split) if split is not None else None
    shards = request.shards(split, apart=shuffle)
    if shuffle:
        shards = [shards[k] for k in np.random.default_rng(seed).permutation(len(shards))]
    tables = TableStream(request, split, seed if shuffle else None)
    iterable = ArrowExamplesIterable(tables, {"shards": shards})
    return fast(datasets.IterableDataset(iterable, info=dataset_info(request), split=name))
