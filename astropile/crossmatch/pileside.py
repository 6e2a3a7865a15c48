"""An opened pile as a side of a match: nothing is read before it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.crossmatch.around import WHOLE_SKY
from astropile.crossmatch.sides import Side, changed
from astropile.crossmatch.skyrows import SkyRows
from astropile.pile.read import take
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.schema import OBJECT_LEAVES
from astropile.sky.positions import Floats
from astropile.survey.opened import PileRequest
from astropile.survey.request import Request, Stamp, stamps_of

if TYPE_CHECKING:
    import pyarrow as pa

    from astropile.engine import RowIndex

__all__ = ["PileSide", "StoredPlaces", "pile_side"]


class _Columns(Mapping[str, Column]):
    """Ids and positions of all rows, read when the first of them is asked for."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __getitem__(self, name: str) -> Column:
        return self._request.catalogue_pass(None).columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(OBJECT_LEAVES)

    def __len__(self) -> int:
        return len(OBJECT_LEAVES)


@dataclass(frozen=True)
class PileSide(Side):
    """An opened pile, whole or filtered.

    Attributes
    ----------
    stamps : tuple
        What its files were like when it became a side.
    """

    stamps: tuple[Stamp, ...] = ()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.sky) if self.request.subset else self.request.n_rows

    @cached_property
    def sky(self) -> SkyRows:
        """Where its rows are."""
        assert isinstance(self.request, PileRequest)  # noqa: S101 - for the type checker
        return SkyRows(self.request)

    @property
    def position_deg(self) -> tuple[Floats, Floats]:
        """Right ascension and declination of all rows."""
        found = self.sky.read(np.array([[0, WHOLE_SKY]], dtype=np.int64))
        return found.ra_deg, found.dec_deg

    @property
    def unplaced(self) -> int:
        """Rows without a position: a pile has none."""
        return 0

    def position_at(self, rows: Array) -> tuple[Floats, Floats]:
        """Return right ascension and declination of rows, NaN for row -1."""
        wanted, back = np.unique(rows[rows >= 0], return_inverse=True)
        found = []
        table = self.fetch(wanted, OBJECT_LEAVES[1:])
        for name in OBJECT_LEAVES[1:]:
            values = np.full(len(rows), np.nan)
            values[rows >= 0] = table.column(name).to_numpy()[back]
            found.append(values)
        return found[0], found[1]

    def ids(self, rows: Array) -> pa.Array:
        """Return the ids of rows; null for row -1. Only they are read."""
        import pyarrow as pa

        present = rows >= 0
        wanted, back = np.unique(rows[present], return_inverse=True)
        ids = self.fetch(wanted, OBJECT_LEAVES[:1]).column(0).combine_chunks()
        place = np.zeros(len(rows), dtype=np.int64)
        place[present] = back
        return ids.take(pa.array(place, mask=~present))

    def fetch(self, rows: Array, columns: tuple[str, ...]) -> pa.Table:
        """Return stored columns of ascending row numbers."""
        import pyarrow as pa

        kinds = {"object_id": pa.string()}
        schema = pa.schema([(name, kinds.get(name, pa.float64())) for name in columns])
        if not len(rows):
            return schema.empty_table()
        index = self._index(rows)
        found = take(self.sky.request.pile, index.file, index.row, columns)
        parts = [part.table.select(columns).cast(schema) for part in found]
        return pa.concat_tables(parts)

    def _index(self, rows: Array) -> RowIndex:
        from astropile.engine import RowIndex

        return RowIndex(*self.sky.places(rows))

    def examples(self, rows: Array) -> Iterator[pa.Table]:
        """Yield the Examples of increasing row numbers, in storage order."""
        run = self.request.run(self.request.wanted, on_bad_row="raise")
        if self.stamps != stamps_of(run.files, run.root):
            raise changed("the files", self)
        yield from self.request.tables(index=self._index(rows), run=run)


class StoredPlaces:
    """Where the objects of a pile are matched: at their positions, read when needed.

    Parameters
    ----------
    side : PileSide
        The pile.
    """

    moved = 0

    def __init__(self, side: PileSide) -> None:
        self._side = side

    @cached_property
    def _all(self) -> tuple[Floats, Floats]:
        return self._side.position_deg

    @property
    def ra_deg(self) -> Floats:
        """Right ascension of all rows."""
        return self._all[0]

    @property
    def dec_deg(self) -> Floats:
        """Declination of all rows."""
        return self._all[1]

    def at(self, rows: Array) -> tuple[Floats, Floats]:
        """Return the positions of some rows."""
        return self._side.position_at(rows)


def pile_side(label: str, request: Request, footprint: Any) -> PileSide | None:
    """Return a pile as a side; None if it is none, or rows of it were counted off."""
    if not isinstance(request, PileRequest) or request.subset.later:
        return None
    stamps = stamps_of(request.run(()).files, request.root)
    return PileSide(label, request, _Columns(request), footprint, stamps)
