"""Examples one at a time and as a stream, always through Arrow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astropile.survey.formatting import examples_of
from astropile.survey.request import Request

if TYPE_CHECKING:
    from datasets import IterableDataset


def iterate(request: Request, split: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield Examples as dicts of NumPy arrays and Python scalars."""
    for table in request.tables(split=split):
        yield from examples_of(table)


def stream(request: Request, split: str | None = None) -> IterableDataset:
    """Return the Examples as an iterable dataset in NumPy format."""
    import datasets

    request.split_names(split)

    def generate() -> Iterator[dict[str, Any]]:
        yield from iterate(request, split)

    return datasets.IterableDataset.from_generator(
        generate, features=request.features(), split=split
    )
