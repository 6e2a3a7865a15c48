"""An opened pile as a side of a match: nothing is read before it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.crossmatch.around import WHOLE_SKY
from astropile.crossmatch.columns import in_unit
from astropile.crossmatch.rows import distinct
from astropile.crossmatch.sides import Side, changed
from astropile.crossmatch.skyrows import SkyRows, give_back
from astropile.pile.plain import plain_array, plain_numbers
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.schema import OBJECT_LEAVES
from astropile.sky.index import separation_between
from astropile.sky.positions import Floats
from astropile.sky.threads import thread_count
from astropile.survey.opened import PileRequest
from astropile.survey.request import Request, Stamp, stamps_of

if TYPE_CHECKING:
    import pyarrow as pa

    from astropile.crossmatch.motion import Motion
    from astropile.engine import RowIndex

__all__ = ["MovedPlaces", "PileSide", "StoredPlaces", "pile_side"]

#: Rows of a filtered pile that are looked at at a time, where all have to be.
_PASS_ROWS = 250_000
#: All of so many times the rows that are wanted are read, if they follow one another.
_DENSE = 2
_INT32 = np.iinfo(np.int32).max
#: Bytes of text that one Arrow array of the usual type may have, with a reserve.
_TEXT_BYTES = 2**30
#: Rows that are worth more than one thread.
_THREAD_ROWS = 50_000


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

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy leaves behind what was read: other processes read it again when they need it.
        return _side_again, (self.label, replace(self.request), self.footprint, self.stamps)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.sky) if self.request.subset else self.request.n_rows

    @cached_property
    def sky(self) -> SkyRows:
        """Where its rows are."""
        assert isinstance(self.request, PileRequest)  # noqa: S101 - for the type checker
        return SkyRows(self.request)

    @property
    def held_bytes(self) -> int:
        """Memory of what is held of it: nothing."""
        return 0

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
        present = rows >= 0
        is_all = bool(present.all())
        own = rows if is_all else rows[present]
        wanted, back = _to_read(own)
        table, found = self.fetch(wanted, OBJECT_LEAVES[1:]), []
        back = _places(own, wanted, back)
        for name in OBJECT_LEAVES[1:]:
            stored = plain_numbers(table.column(name))
            stored = stored if back is None else stored[back]
            values = stored if is_all else np.full(len(rows), np.nan)
            if not is_all:
                values[present] = stored
            found.append(values)
        return found[0], found[1]

    def ids(self, rows: Array) -> pa.Array:
        """Return the ids of rows; null for row -1. Only they are read."""
        column = _roomy(self.id_column(rows), len(rows))
        return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()

    def id_column(self, rows: Array) -> pa.ChunkedArray:
        """Return the same in pieces, as they come from the files if the row numbers ascend."""
        import pyarrow as pa

        present = rows >= 0
        is_all = bool(present.all())
        own = rows if is_all else rows[present]
        wanted, back = _to_read(own)
        ids = self.fetch(wanted, OBJECT_LEAVES[:1]).column(0)
        if wanted is not rows:
            ids = _roomy(ids, len(rows))
        if wanted is not rows and ids.num_chunks > 1:
            # In one piece first: to be taken from pieces, they would be held twice.
            ids = pa.chunked_array([ids.combine_chunks()])
        back = _places(own, wanted, back)
        if not is_all:
            place = np.zeros(len(rows), dtype=np.int64)
            place[present] = np.arange(len(wanted)) if back is None else back
            ids = ids.take(pa.array(place, mask=~present))
        elif back is not None:
            ids = ids.take(plain_array(back))
        if len(rows) > _THREAD_ROWS:
            give_back()
        return ids

    def fetch(self, rows: Array | range, columns: tuple[str, ...]) -> pa.Table:
        """Return stored columns of ascending row numbers."""
        import pyarrow as pa

        kinds = {"object_id": pa.string()}
        schema = pa.schema([(name, kinds.get(name, pa.float64())) for name in columns])
        if not len(rows):
            return schema.empty_table()
        threads = thread_count(None) if len(rows) > _THREAD_ROWS else 1
        found = self.sky.tables(rows, columns, threads)
        return pa.concat_tables([table.select(columns).cast(schema) for table in found])

    def numbers_at(self, rows: Array, wanted: Mapping[str, str]) -> dict[str, Floats]:
        """Return columns of ascending rows as float64, each in a unit, NaN where null."""
        found = list(self._number_parts(wanted, self._index(rows))) if len(rows) else []
        if len(found) == 1:
            return found[0]
        empty = [np.empty(0)]
        return {name: np.concatenate([part[name] for part in found] or empty) for name in wanted}

    def number_parts(self, wanted: Mapping[str, str]) -> Iterator[dict[str, Floats]]:
        """Yield columns of all rows part by part, in order; see `numbers_at`."""
        step, n = _PASS_ROWS, len(self)
        if not self.request.subset:
            yield from self._number_parts(wanted, None)
            return
        for start in range(0, n, step):
            yield self.numbers_at(np.arange(start, min(start + step, n)), wanted)

    def _number_parts(
        self, wanted: Mapping[str, str], index: RowIndex | None
    ) -> Iterator[dict[str, Floats]]:
        from astropile.vocabulary import parse_unit

        named = self.require_numbers(wanted)
        run = self.request.run({leaf.address for leaf in named.values()})
        for batch in run.batches(index=index):
            found = {}
            for name, leaf in named.items():
                column, unit = batch.columns[leaf.address], leaf.field.unit
                values = np.array(column.data, dtype=np.float64)
                if column.null is not None:
                    values[column.null] = np.nan
                where = f"{self.label}, column {leaf.address}"
                given = parse_unit(unit) if unit else None
                found[name] = in_unit(values, given, wanted[name], where)
            yield found

    def _index(self, rows: Array) -> RowIndex:
        from astropile.engine import RowIndex

        return RowIndex(*self.sky.places(rows))

    def examples(self, rows: Array) -> Iterator[pa.Table]:
        """Yield the Examples of increasing row numbers, in storage order."""
        run = self.request.run(self.request.wanted, on_bad_row="raise")
        if self.stamps != stamps_of(run.files, run.root):
            raise changed("the files", self)
        yield from self.request.tables(index=self._index(rows), run=run)


def _to_read(rows: Array) -> tuple[Array | range, Array | None]:
    """Return which rows to read, ascending, and the place of each row among them; see `_places`.

    Where most rows of a range are wanted, all of them are read: they are in the same row groups,
    and it is less work than to tell which ones are wanted.
    """
    if not len(rows) or (rows[1:] > rows[:-1]).all():
        return rows, None
    low, high = int(rows.min()), int(rows.max()) + 1
    if high - low > _DENSE * len(rows):
        return distinct(rows)
    return range(low, high), None


def _roomy(ids: pa.ChunkedArray, n: int) -> pa.ChunkedArray:
    """Return ids as a type that holds the text of ``n`` of them in one array."""
    import pyarrow as pa

    size = ids.nbytes * max(1.0, n / max(1, len(ids)))
    return ids.cast(pa.large_string()) if size > _TEXT_BYTES else ids


def _places(rows: Array, wanted: Array | range, back: Array | None) -> Array | None:
    """Return the places of rows among those that were read; None: the same."""
    if not isinstance(wanted, range):
        return back
    kind = np.int32 if len(wanted) <= _INT32 else np.int64
    return np.subtract(rows, wanted.start, dtype=kind, casting="same_kind")


class StoredPlaces:
    """Where the objects of a pile are matched: at their positions, read when needed.

    Parameters
    ----------
    side : PileSide
        The pile.
    """

    def __init__(self, side: PileSide) -> None:
        self._side = side

    @property
    def moved(self) -> int:
        """Number of rows that were brought to another time."""
        return 0

    def __reduce__(self) -> tuple[Any, ...]:
        return StoredPlaces, (self._side,)

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


class MovedPlaces(StoredPlaces):
    """Where the objects of a pile are matched at another time: read and moved when needed.

    Parameters
    ----------
    side : PileSide
        The pile.
    motion : Motion
        How its objects move.
    """

    def __init__(self, side: PileSide, motion: Motion) -> None:
        super().__init__(side)
        self._motion = motion

    def __reduce__(self) -> tuple[Any, ...]:
        return MovedPlaces, (self._side, self._motion)

    def moved_at(self, rows: Array, ra_deg: Floats, dec_deg: Floats) -> tuple[Floats, Floats]:
        """Return where ascending rows are then, of which the positions are known."""
        return self._motion.moved(
            ra_deg, dec_deg, self._side.numbers_at(rows, self._motion.columns)
        )

    @cached_property
    def _survey(self) -> tuple[float, int]:
        """The greatest way that an object moves, and how many move: one pass over all rows."""
        greatest, moved = 0.0, 0
        places = dict.fromkeys(OBJECT_LEAVES[1:], "deg")
        for found in self._side.number_parts({**self._motion.columns, **places}):
            old = found["ra"], found["dec"]
            new = self._motion.moved(*old, found)
            apart = separation_between(old, new)
            greatest = max(greatest, float(np.fmax.reduce(apart, initial=0.0)))
            moved += int(((new[0] != old[0]) | (new[1] != old[1])).sum())
        return greatest, moved

    @property
    def greatest_arcsec(self) -> float:
        """The greatest way that an object moves."""
        return self._survey[0]

    @property
    def moved(self) -> int:
        """Number of rows that were brought to another time."""
        return self._survey[1]

    @cached_property
    def _all(self) -> tuple[Floats, Floats]:
        rows = np.arange(len(self._side))
        return self.moved_at(rows, *self._side.position_deg)

    def at(self, rows: Array) -> tuple[Floats, Floats]:
        """Return the positions of some rows."""
        wanted, back = np.unique(rows, return_inverse=True)
        ra, dec = self.moved_at(wanted, *self._side.position_at(wanted))
        return ra[back], dec[back]


def _side_again(
    label: str, request: PileRequest, footprint: Any, stamps: tuple[Stamp, ...]
) -> PileSide:
    return PileSide(label, request, _Columns(request), footprint, stamps)


def pile_side(label: str, request: Request, footprint: Any) -> PileSide | None:
    """Return a pile as a side; None if it is none."""
    if not isinstance(request, PileRequest):
        return None
    stamps = stamps_of(request.run(()).files, request.root)
    return PileSide(label, request, _Columns(request), footprint, stamps)
