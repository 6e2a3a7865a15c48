"""The two sides of a match: surveys and plain tables, asked the same questions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from astropile.crossmatch.columns import bytes_of, column_names, in_unit
from astropile.crossmatch.footprint import pile_footprint, read_footprint
from astropile.crossmatch.tables import SkyTable, sky_table
from astropile.engine import BATCH_BYTES, RowIndex
from astropile.errors import SourceError, UsageError
from astropile.readers import Column
from astropile.readers.column import Array
from astropile.schema import OBJECT_LEAVES
from astropile.sky.positions import Floats
from astropile.survey import Request, Survey
from astropile.survey.catalog import build_catalog, count_unplaced, position_deg
from astropile.survey.request import stamps_of

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Features

    from astropile.schema import Leaf

__all__ = ["AnySide", "Input", "Side", "TableSide", "name_of", "side_of"]

#: What can be matched: a Survey, an astropy Table, a pandas DataFrame, a pyarrow Table, a SkyTable.
Input: TypeAlias = Any


@dataclass(frozen=True)
class Side:
    """One survey of a match.

    Attributes
    ----------
    label : str
        Its name in the result.
    request : Request
        What Examples of it are.
    columns : mapping of str to Column
        ``object_id``, ``ra``, ``dec`` of every row.
    footprint : Any
        What part of the sky it covers, if known.
    """

    label: str
    request: Request
    columns: Mapping[str, Column]
    footprint: Any = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.columns["object_id"])

    @property
    def position_deg(self) -> tuple[Floats, Floats]:
        """Right ascension and declination, NaN where a row has none."""
        return position_deg(self.columns)

    def position_at(self, rows: Array) -> tuple[Floats, Floats]:
        """Return right ascension and declination of rows, NaN for row -1."""
        return positions_at(self.position_deg, rows)

    @property
    def unplaced(self) -> int:
        """Rows without a position: they take no part in the match."""
        return count_unplaced(*self.position_deg)

    def ids(self, rows: Array) -> pa.Array:
        """Return the ids of rows; null for row -1."""
        import pyarrow as pa

        ids = self.columns["object_id"]
        if not len(ids):
            return pa.nulls(len(rows), pa.string())
        null = rows < 0 if ids.null is None else (rows < 0) | ids.null[rows]
        return pa.array(ids.data[rows], pa.string(), mask=null)

    @property
    def held_bytes(self) -> int:
        """Memory of what is held of it."""
        return sum(column.data.nbytes for column in self.columns.values())

    @property
    def epoch(self) -> float | str | None:
        """Julian year of the positions, or the column of it."""
        return self.request.schema.file.object.epoch

    def column_of(self, canonical: str) -> str | None:
        """Return the address of the scalar column with a canonical name, None if there is none."""
        address = self.request.resolver.index.canonical.get(canonical)
        return None if address is None or self.request.leaves[address].axes else address

    def numbers(self, wanted: Mapping[str, str]) -> dict[str, Floats]:
        """Return columns as float64, each in a unit, NaN where null."""
        named = self.require_numbers(wanted)
        addresses = [leaf.address for leaf in named.values() if leaf.address not in OBJECT_LEAVES]
        table = build_catalog(self.request, addresses, split=None, units={}, healpix_order=29)
        found = {}
        for name, leaf in named.items():
            column = table[leaf.address]
            values = np.ma.filled(np.ma.asarray(column).astype(np.float64), np.nan)
            where = f"{self.label}, column {leaf.address}"
            found[name] = in_unit(values, column.unit, wanted[name], where)
        return found

    def require_numbers(self, names: Iterable[str]) -> dict[str, Leaf]:
        """Return the leaves of columns by the names given, which must hold a number a row.

        Raises
        ------
        UsageError
            A name is unknown, or its column holds something else.
        """
        named = {name: self.request.resolver.resolve(name).leaf for name in names}
        for leaf in named.values():
            kind = "arrays" if leaf.axes else f"values of type {leaf.field.dtype}"
            if leaf.axes or leaf.field.dtype in ("string", "bool"):
                what = f"it holds {kind}; expected numbers"
                where = f"{self.label}, column {leaf.address}"
                raise UsageError(what, where=where, hint="name a column with one number a row")
        return named

    def features(self) -> Features:
        """Return the features of its Examples."""
        return self.request.features()

    def examples(self, rows: Array) -> Iterator[pa.Table]:
        """Yield the Examples of increasing row numbers, in file order."""
        known = self.request.catalogue_pass(None)
        run = self.request.run(self.request.wanted, on_bad_row="raise")
        if known.stamps != stamps_of(run.files, run.root):
            raise changed("the files", self)
        index = RowIndex(known.index.file[rows], known.index.row[rows])
        yield from self.request.tables(index=index, run=run)

    def key(self) -> str:
        """Return a digest of what its Examples are made from."""
        from astropile.survey.cache import cache_key

        return cache_key(self.request, None, self.request.run(self.request.wanted))

    def facts(self) -> dict[str, Any]:
        """Return what its columns mean."""
        from astropile.survey.meaning import facts_of

        return facts_of(self.request)

    @property
    def credit(self) -> tuple[str, str]:
        """What to cite, and the licence."""
        from astropile.survey.citation import citation

        schema = self.request.schema
        return citation(schema), schema.file.about.license.name


@dataclass(frozen=True)
class TableSide:
    """One plain table of a match.

    Attributes
    ----------
    label : str
        Its name in the result.
    table : SkyTable
        The table and what its columns are.
    footprint : Any
        What part of the sky it covers, if known.
    """

    label: str
    table: SkyTable
    footprint: Any = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.table)

    @property
    def position_deg(self) -> tuple[Floats, Floats]:
        """Right ascension and declination, NaN where a row has none."""
        return self.table.position_deg

    def position_at(self, rows: Array) -> tuple[Floats, Floats]:
        """Return right ascension and declination of rows, NaN for row -1."""
        return positions_at(self.position_deg, rows)

    @property
    def unplaced(self) -> int:
        """Rows without a position: they take no part in the match."""
        return count_unplaced(*self.position_deg)

    def ids(self, rows: Array) -> pa.Array:
        """Return the ids of rows; null for row -1."""
        import pyarrow as pa

        if not len(self):
            return pa.nulls(len(rows), pa.string())
        ids = self.table.ids(np.maximum(rows, 0))
        if (rows < 0).any():
            import pyarrow.compute as pc

            ids = pc.if_else(pa.array(rows >= 0), ids, pa.scalar(None, pa.string()))
        return ids

    @property
    def held_bytes(self) -> int:
        """Memory of the table."""
        return bytes_of(self.table.table)

    @property
    def epoch(self) -> float | str | None:
        """Julian year of the positions, or the column of it."""
        return self.table.epoch

    def column_of(self, canonical: str) -> str | None:
        """Return the column with a canonical name or role, None if there is none."""
        names = reversed(column_names(self.table.table))
        folded = {name.casefold(): name for name in names}
        return self.table.roles.get(canonical, folded.get(canonical))

    def numbers(self, wanted: Mapping[str, str]) -> dict[str, Floats]:
        """Return columns as float64, each in a unit, NaN where null."""
        return {name: self.table.number(name, unit) for name, unit in wanted.items()}

    def features(self) -> Features:
        """Return the features of its Examples: one a row, a key a column."""
        from datasets import Features

        return Features.from_arrow_schema(self.table.arrow.schema.remove_metadata())

    def examples(self, rows: Array) -> Iterator[pa.Table]:
        """Yield the Examples of increasing row numbers."""
        import pyarrow as pa

        schema = self.features().arrow_schema
        arrow = self.table.arrow
        step = max(1, BATCH_BYTES * max(1, len(arrow)) // max(1, arrow.nbytes))
        for start in range(0, len(rows), step):
            taken = arrow.take(pa.array(rows[start : start + step]))
            yield pa.table([column.combine_chunks() for column in taken.columns], schema=schema)

    def key(self) -> str:
        """Return a digest of the values of the table."""
        import pyarrow as pa

        digest = hashlib.sha256()
        arrow = self.table.arrow
        with pa.ipc.new_stream(pa.PythonFile(_Sink(digest), "w"), arrow.schema) as writer:
            writer.write_table(arrow.combine_chunks())
        return digest.hexdigest()

    def facts(self) -> dict[str, Any]:
        """Return what its columns mean: their units."""
        fields = self.table.arrow.schema
        units = {f.name: (f.metadata or {}).get(b"unit", b"").decode() for f in fields}
        columns = {name: {"unit": unit} if unit else {} for name, unit in units.items()}
        return {"survey": self.label, "title": self.table.name, "columns": columns}

    @property
    def credit(self) -> tuple[str, str]:
        """What to cite, and the licence: a table says neither."""
        return "", ""


class _Sink:
    """A file that keeps nothing but a digest of what is written."""

    closed = False

    def __init__(self, digest: Any) -> None:
        self._digest = digest

    def write(self, data: Any) -> int:
        self._digest.update(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


AnySide: TypeAlias = Side | TableSide


def name_of(given: Input) -> str:
    """Return the label that an input has of its own."""
    if isinstance(given, Survey):
        return given.id
    return given.name if isinstance(given, SkyTable) else "table"


def side_of(given: Input, label: str, footprint: Any = None) -> AnySide:
    """Return an input as a side of a match; ids and positions are read, of a pile later.

    Parameters
    ----------
    given : Survey, SkyTable or table
        What is matched.
    label : str
        Its name in the result.
    footprint : MOC, path, True or None
        Part of the sky that it covers; True: what the pile or table says, if it says anything.

    Raises
    ------
    MatchError
        It is neither a survey nor a table, or a table whose position is not to be found.
    SourceError
        A survey has no data, or its files are not as the schema says.
    """
    if footprint is not None and footprint is not True:
        footprint = read_footprint(footprint)
    if isinstance(given, Survey):
        from astropile.crossmatch.pileside import pile_side

        known = pile_footprint(given.request) if footprint is True else footprint
        pile = pile_side(label, given.request, known)
        if pile is not None:
            return pile
        return Side(label, given.request, given.request.catalogue_pass(None).columns, known)
    table = given if isinstance(given, SkyTable) else sky_table(given)
    if footprint is not True:
        return TableSide(label, table, footprint)
    known = None if table.footprint is None else read_footprint(table.footprint)
    return TableSide(label, table, known)


def positions_at(position_deg: tuple[Floats, Floats], rows: Array) -> tuple[Floats, Floats]:
    """Return the positions of rows, NaN for row -1."""
    ra, dec = position_deg
    if not len(ra):
        return np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    there, absent = np.maximum(rows, 0), rows < 0
    return np.where(absent, np.nan, ra[there]), np.where(absent, np.nan, dec[there])


def changed(what: str, side: AnySide) -> SourceError:
    """Return the error that says that rows are not there any more."""
    msg = f"{what} of {side.label} are not as they were when they were matched"
    where = str(side.request.root) if isinstance(side, Side) else side.label
    return SourceError(msg, where=where, hint="load the survey again, and match it again")
