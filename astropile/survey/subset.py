"""Which rows of a survey are wanted: filters, regions, the first ones, some at random."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import TypeIs

    from astropile.engine import Batch
    from astropile.engine.where import Where
    from astropile.readers import Column
    from astropile.readers.column import Array
    from astropile.sky.regions import Region
    from astropile.survey.request import CataloguePass

__all__ = ["Head", "Inside", "Sample", "Step", "Subset"]


@dataclass(frozen=True, slots=True)
class Inside:
    """Rows whose position is in a region; those without a position are not."""

    region: Region

    @property
    def key(self) -> str:
        """Text that tells the step from every other."""
        return self.region.key


@dataclass(frozen=True, slots=True)
class Head:
    """The first n of the rows that are left."""

    n: int

    @property
    def key(self) -> str:
        """Text that tells the step from every other."""
        return f"head({self.n})"


@dataclass(frozen=True, slots=True)
class Sample:
    """Of the rows that are left, n at random, in their order."""

    n: int
    seed: int

    @property
    def key(self) -> str:
        """Text that tells the step from every other."""
        return f"sample({self.n}, {self.seed})"


#: A filter looks at one row at a time.
Filter: TypeAlias = "Where | Inside"
Step: TypeAlias = "Filter | Head | Sample"


@dataclass(frozen=True)
class Subset:
    """Steps, one after the other; none of them keeps all rows.

    Attributes
    ----------
    steps : tuple of Step
        What was asked for, in order.
    """

    steps: tuple[Step, ...] = ()

    def __bool__(self) -> bool:
        """Return whether rows are left out."""
        return bool(self.steps)

    @property
    def key(self) -> list[str]:
        """What tells the subset from every other."""
        return [step.key for step in self.steps]

    @cached_property
    def filters(self) -> tuple[Filter, ...]:
        """The filters before anything that counts rows: they can be applied while reading."""
        found: list[Filter] = []
        for step in self.steps:
            if not is_filter(step):
                break
            found.append(step)
        return tuple(found)

    @cached_property
    def later(self) -> tuple[Step, ...]:
        """What comes after; it needs to know the rows that the filters leave."""
        return self.steps[len(self.filters) :]

    @property
    def limit(self) -> int | None:
        """How many rows are wanted, if after the filters all that counts is to be first."""
        heads = [step.n for step in self.later if isinstance(step, Head)]
        return min(heads) if heads and len(heads) == len(self.later) else None

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """Leaves that the filters look at; positions are always read."""
        return addresses_of(self.steps)

    @cached_property
    def ranges(self) -> NDArray[np.int64] | None:
        """Ranges of order-29 pixels outside of which no row is wanted; None for all the sky."""
        from astropile.sky.regions import overlap

        found = None
        for step in self.filters:
            if isinstance(step, Inside):
                own = step.region.ranges()
                found = own if found is None else overlap(found, own)
        return found

    @cached_property
    def marks(self) -> dict[str, Filter]:
        """Filters that come later, by the name of the column that says which rows pass."""
        return {f"#{k}": step for k, step in enumerate(self.later) if is_filter(step)}

    def passes(self, columns: Mapping[str, Column], n: int) -> Array:
        """Return which of n rows pass the filters."""
        kept = np.ones(n, dtype=bool)
        for step in self.filters:
            kept &= passing(step, columns, n)
        return kept

    def kept(self, batches: Iterable[Batch], *, is_filtered: bool = False) -> Iterator[Batch]:
        """Yield the rows that pass the filters, with a column for each later filter.

        Parameters
        ----------
        batches : iterable of Batch
            Rows with positions and :attr:`addresses`.
        is_filtered : bool
            The filters have been applied.
        """
        from astropile.readers import Column

        for found in batches:
            batch = found
            if not is_filtered:
                kept = self.passes(batch.columns, len(batch))
                if not kept.all():
                    batch = taken(batch, kept)
            if self.marks:
                marks = {
                    mark: Column(passing(step, batch.columns, len(batch)))
                    for mark, step in self.marks.items()
                }
                batch = replace(batch, columns={**batch.columns, **marks})
            yield batch

    def finish(self, found: CataloguePass) -> CataloguePass:
        """Apply what comes after the filters to rows that passed them."""
        if not self.later:
            return found
        rows = self.pick(len(found.index), found.columns)
        columns = {a: c.take(rows) for a, c in found.columns.items() if a not in self.marks}
        index = type(found.index)(found.index.file[rows], found.index.row[rows])
        return replace(found, columns=columns, index=index)

    def pick(self, n: int, marks: Mapping[str, Column]) -> NDArray[np.int64]:
        """Return which of n rows that passed the filters are left, in order."""
        # The first of very many rows are told without a list of all.
        first = self.later[0] if self.later else None
        rows = np.arange(min(n, first.n) if isinstance(first, Head) else n, dtype=np.int64)
        for k, step in enumerate(self.later):
            match step:
                case Head(n=most):
                    rows = rows[:most]
                case Sample(n=most, seed=seed):
                    if most < len(rows):
                        chosen = np.random.default_rng(seed).choice(len(rows), most, replace=False)
                        rows = rows[np.sort(chosen)]
                case _:
                    rows = rows[marks[f"#{k}"].data[rows]]
        return rows


def is_filter(step: Step) -> TypeIs[Filter]:
    """Return whether a step looks at one row at a time."""
    return not isinstance(step, Head | Sample)


def addresses_of(steps: Iterable[Step]) -> tuple[str, ...]:
    """Return the leaves that filters look at, each once."""
    filters = [s for s in steps if is_filter(s) and not isinstance(s, Inside)]
    return tuple(dict.fromkeys(address for step in filters for address in step.leaves))


def passing(step: Filter, columns: Mapping[str, Column], n: int) -> Array:
    """Return which of n rows pass one filter."""
    if not isinstance(step, Inside):
        return step.passes(columns, n)
    from astropile.survey.catalog import position_deg

    return step.region.contains(*position_deg(columns))


def taken(batch: Batch, rows: Array) -> Batch:
    """Return some rows of a batch."""
    columns = {address: column.take(rows) for address, column in batch.columns.items()}
    index = type(batch.index)(batch.index.file[rows], batch.index.row[rows])
    return type(batch)(columns, index)
