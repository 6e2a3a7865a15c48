"""A pile built from a pile: some of its columns or rows, or other partitions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from astropile.pile.layout import SPLIT
from astropile.pile.types import stored_schema
from astropile.readers.column import Array
from astropile.schema import OBJECT_LEAVES
from astropile.survey.building import SurveyRows
from astropile.survey.opened import PileRequest, stored_examples
from astropile.survey.subset import Subset

if TYPE_CHECKING:
    import pyarrow as pa

    from astropile.engine import Rejects, RowIndex
    from astropile.pile import Examples, PileRows, Positions

__all__ = ["PileSource"]


@dataclass
class PileSource(SurveyRows):
    """The rows of a pile as a build reads them: split by split, in storage order."""

    @property
    def _pile(self) -> PileRequest:
        assert isinstance(self.request, PileRequest)  # noqa: S101 - for the type checker
        return self.request

    def _rows(self, addresses: tuple[str, ...]) -> Iterator[tuple[str, PileRows]]:
        request = self._pile
        splits = self.about.splits
        for split in splits:
            asked = split if len(splits) > 1 else None
            index = self._listed(asked) if request.subset else None
            for found in request.rows(addresses, split=asked, index=index):
                yield split, found

    def _listed(self, split: str | None) -> RowIndex:
        """Return which rows of a split are wanted: what counts rows counts those of all splits."""
        if split is None or not self._pile.subset.later:
            return self._pile.catalogue_pass(split).index
        wanted = self._pile.catalogue_pass(None).index
        whole = replace(self._pile, subset=Subset()).catalogue_pass(split).index
        starts = self._pile.pile.starts
        kept = np.isin(starts[wanted.file] + wanted.row, starts[whole.file] + whole.row)
        return type(wanted)(wanted.file[kept], wanted.row[kept])

    def positions(self) -> Iterator[Positions]:
        """Yield ids and positions in row order."""
        from astropile.pile import Positions

        for _, found in self._rows(OBJECT_LEAVES):
            table = found.table
            ids = table.column("object_id").combine_chunks()
            ra, dec = (table.column(name).to_numpy() for name in ("ra", "dec"))
            yield Positions(ids, ra, dec, np.full(len(ra), found.partition), found.row)

    def examples(self) -> Iterator[Examples]:
        """Yield the same rows with all columns."""
        for split, found in self._rows(self.request.wanted):
            yield self._stored(split, found)

    def _stored(self, split: str, found: PileRows) -> Examples:
        import pyarrow as pa

        from astropile.pile import Examples

        table = stored_examples(self._pile, found.table, stored_schema(self._examples_schema))
        if self.schema.names[0] == SPLIT:
            table = table.add_column(
                0, self.schema.field(0), pa.array([split]).take(pa.array(np.zeros(len(table), int)))
            )
        return Examples(table, np.full(len(table), found.partition), found.row)

    def sample(self, file: Array, row: Array) -> pa.Table:
        """Return a few rows, to learn how big they are."""
        import pyarrow as pa

        from astropile.engine import RowIndex

        order = np.lexsort((row, file))
        index = RowIndex(file[order], row[order])
        found = self._pile.rows(self.request.wanted, index=index)
        split = self.about.splits[0]
        tables = [self._stored(split, rows).table for rows in found]
        return pa.concat_tables(tables) if tables else self.schema.empty_table()

    @property
    def rejects(self) -> Rejects:
        """Rows that were refused when the first pile was built."""
        return self.request.rejects

    def file_name(self, number: int) -> str:
        """Return the path of a partition."""
        return self._pile.pile.leaves[number].path
