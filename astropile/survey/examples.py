"""Examples one at a time, always through Arrow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from astropile.survey.formatting import examples_of
from astropile.survey.request import Request


def iterate(request: Request, split: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield Examples as dicts of NumPy arrays and Python scalars."""
    for table in request.tables(split=split):
        yield from examples_of(table)
