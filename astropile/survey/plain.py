"""Plain tables to piles: columns as they are, with a schema made from them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from astropile.document import did_you_mean
from astropile.engine import Rejects
from astropile.errors import UnknownColumnError, UsageError
from astropile.pile.types import taken
from astropile.readers.column import Array
from astropile.readers.parquet import HATS_COLUMNS
from astropile.schema import OBJECT_LEAVES
from astropile.survey.building import pile_place
from astropile.survey.plain_input import TableInput, table_input
from astropile.survey.plain_lists import as_arrays, has_open_lists, sized_type
from astropile.survey.plain_schema import plain_schema, value_type
from astropile.vocabulary import UnitTextError, conversion, parse_unit

if TYPE_CHECKING:
    from astropile.pile import About, Examples, Positions
    from astropile.survey.survey import Survey

__all__ = ["build_table"]

_DEGREE: Final = "deg"
_ANGLES: Final = "give degrees, or a column with the unit deg, rad, arcsec or hourangle"
#: Up to here every whole number has a float of its own.
_EXACT: Final = 2**53
_CITATION: Final = "% A table without a citation; cite where it comes from.\n"


def build_table(
    table: Any,
    path: str | PathLike[str],
    *,
    name: str,
    object_id: str,
    ra: str,
    dec: str,
    workers: int | None = None,
    partition_rows: int = 1_000_000,
    partition_bytes: int = 128 * 2**20,
    memory_bytes: int = 384 * 2**20,
    margin_arcsec: float | None = None,
) -> Survey:
    """Build any table to a pile, without a YAML.

    Columns keep their names, types, units and descriptions. The pile holds ``object_id`` as text,
    ``ra`` and ``dec`` in degrees, and then every column of the table; only ``_healpix_29``,
    ``Norder``, ``Dir`` and ``Npix``, which HATS adds, are made anew. Lists of lists become arrays:
    the outermost list may differ from row to row, inner ones are as long as in the first row.

    Parameters
    ----------
    table : astropy Table, pandas DataFrame, pyarrow Table, or path-like
        The table, or a Parquet, CSV or FITS file; files are read piece by piece. Ids of a CSV file
        are the text that is written there.
    path : path-like
        Folder of the pile; it must not exist.
    name : str
        Name of the survey that the pile is: small letters, digits and ``_``.
    object_id, ra, dec : str
        Columns of the id and of the position (ICRS; degrees, or the unit that the table gives).
    workers, partition_rows, partition_bytes, memory_bytes, margin_arcsec
        As for :meth:`astropile.Survey.build`.

    Returns
    -------
    Survey
        The pile, as :func:`astropile.open` opens it.

    Raises
    ------
    UsageError
        A column is unknown or of a type that a pile cannot hold, inner lists differ in length, or
        there is something at `path`.
    PileError, OutputError
        As for :meth:`astropile.Survey.build`.

    Examples
    --------
    >>> import astropile as ap
    >>> from astropy.table import Table
    >>> stars = Table({"id": [7, 8], "ra": [10.0, 20.0], "dec": [-5.0, 5.0], "v": [9.5, 8.5]})
    >>> place = getfixture("tmp_path") / "stars"
    >>> mine = ap.build_table(stars, place, name="stars", object_id="id", ra="ra", dec="dec")
    >>> mine.catalog(columns=["v"])["v"].tolist()
    [9.5, 8.5]
    """
    from astropile.pile import BuildOptions, build_pile
    from astropile.sky.threads import thread_count
    from astropile.survey.opened import open_survey

    place = pile_place(path)
    rows = TableRows(table_input(table, object_id), name, object_id, ra, dec)
    build_pile(
        rows,
        place,
        BuildOptions(partition_rows, partition_bytes, margin_arcsec),
        workers=thread_count(None) if workers is None else workers,
        memory_bytes=memory_bytes,
    )
    opened = open_survey(place)
    opened.rejects.announce(name)
    return opened


@dataclass
class TableRows:
    """The rows of a plain table as a build reads them.

    Attributes
    ----------
    table : TableInput
        The table.
    name : str
        Name of the survey.
    object_id, ra, dec : str
        Columns of id and position.
    """

    table: TableInput
    name: str
    object_id: str
    ra: str
    dec: str
    rejects: Rejects = field(default_factory=Rejects, init=False)

    def __post_init__(self) -> None:
        """Refuse columns that are not there, or whose names belong to the object."""
        names = self.table.schema.names
        for column in names:
            _check_name(column, is_twice=names.count(column) > 1, where=self.table.name)
        given = {"object_id": self.object_id, "ra": self.ra, "dec": self.dec}
        for key, column in given.items():
            if column not in names:
                hint = did_you_mean(str(column), names) or f"it has {', '.join(names[:12])}"
                raise UnknownColumnError(
                    f"{key}='{column}' is not a column", where=self.table.name, hint=hint
                )
            if key in names and key != column:
                raise UsageError(
                    f"the table has a column '{key}', but {key}= names '{column}'",
                    where=self.table.name,
                    hint=f"rename the column '{key}': every pile has a column of this name",
                )
        found = self.table.schema.field(self.object_id).type
        kind = value_type(found)
        if kind is None or pa.types.is_nested(kind):
            msg = f"an id must be text or a number, not {found}"
            where = f"{self.table.name}, {self.object_id}"
            raise UsageError(msg, where=where, hint="convert it to text first")
        self._factors = {key: self._factor(given[key]) for key in ("ra", "dec")}

    def _factor(self, column: str) -> float:
        """Return what turns the values of a column into degrees."""
        found = self.table.schema.field(column)
        where = f"{self.table.name}, {column}"
        numbers = (pa.types.is_floating, pa.types.is_integer, pa.types.is_decimal, pa.types.is_null)
        if not any(is_number(found.type) for is_number in numbers):
            msg = f"a position must be numbers, the column holds {found.type}"
            raise UsageError(msg, where=where, hint="convert it to degrees first")
        text = (found.metadata or {}).get(b"unit", b"").decode()
        try:
            factor = conversion(parse_unit(text or _DEGREE), parse_unit(_DEGREE))
        except UnitTextError as error:
            raise UsageError(error.message, where=where, hint=_ANGLES) from error
        if callable(factor):
            msg = f"'{text}' is no unit of an angle"
            raise UsageError(msg, where=where, hint=_ANGLES)
        return 1.0 if factor is None else float(factor)

    @cached_property
    def schema(self) -> pa.Schema:
        """Id and position, then the columns of the table."""
        own = {
            "object_id": (pa.string(), {"description": f"Id, from column {self.object_id}."}),
            "ra": (pa.float64(), {"unit": _DEGREE, "description": "Right ascension."}),
            "dec": (pa.float64(), {"unit": _DEGREE, "description": "Declination."}),
        }
        fields = [pa.field(key, kind, metadata=facts) for key, (kind, facts) in own.items()]
        return pa.schema([*fields, *self._others])

    @cached_property
    def _others(self) -> list[pa.Field]:
        found = []
        for column in self.table.schema:
            if column.name in OBJECT_LEAVES or column.name in HATS_COLUMNS:
                continue
            kind = self._kind(column)
            if kind is None:
                raise UsageError(
                    f"a pile cannot hold values of type {column.type}",
                    where=f"{self.table.name}, {column.name}",
                    hint="leave the column out, or convert it to numbers, text, or lists of them "
                    "with at most 5 axes, all but the outermost of one length",
                )
            found.append(column.with_type(kind))
        return found

    def _kind(self, column: pa.Field) -> pa.DataType | None:
        """Return the type of a column in the pile; lengths of inner lists are in its values."""
        if not has_open_lists(column.type):
            return value_type(column.type)
        parts = (_whole(piece.column(0)) for _, piece in self.table.batches([column.name]))
        kind = sized_type(column.type, parts)
        if kind is not None and self.table.file is None:
            # A table in memory is looked at before anything is written.
            for start, piece in self.table.batches([column.name]):
                rows = _numbered(piece, start)
                self._values(_whole(piece.column(0)), column.with_type(kind), rows)
        return kind

    def _values(self, values: pa.Array, wanted: pa.Field, rows: Array) -> pa.Array:
        """Return values of a column in the type of the pile."""
        if values.type == wanted.type:
            return values
        if not has_open_lists(values.type):
            return values.cast(wanted.type)
        return as_arrays(values, wanted.type, rows, f"{self.table.name}, {wanted.name}")

    @cached_property
    def about(self) -> About:
        """What the pile will say of itself."""
        from astropile.pile import About

        text = plain_schema(self.name, self.table.name, self.schema, self.object_id)
        others = (
            f"{f.name}.{f.name}" if pa.types.is_nested(f.type) else f.name for f in self._others
        )
        return About(
            name=self.name,
            title=f"Table {self.name}",
            homepage="",
            license="unknown",
            survey=self.name,
            config="main",
            source="table",
            schema_text=text,
            schema_sha256=hashlib.sha256(text.encode()).hexdigest(),
            citation=_CITATION,
            request={
                "config": "main",
                "source": "table",
                "leaves": [*OBJECT_LEAVES, *others],
                "object": {"id": self.object_id, "ra": self.ra, "dec": self.dec},
                "content": self.table.digest,
            },
            splits=("train",),
        )

    def stamps(self) -> tuple[tuple[str, int, int], ...]:
        """Return name, size and time of change of the file, if it is one."""
        return self.table.stamps()

    def file_name(self, number: int) -> str:
        """Return the name of the table."""
        return self.table.name

    # --- rows -----------------------------------------------------------------------------

    def positions(self) -> Iterator[Positions]:
        """Yield ids and positions in row order."""
        from astropile.pile import Positions

        self.rejects = Rejects()
        columns = list(dict.fromkeys((self.object_id, self.ra, self.dec)))
        for start, piece in self.table.batches(columns):
            ids, ra, dec, rows, _ = self._accepted(piece, _numbered(piece, start))
            yield Positions(ids, ra, dec, np.zeros(len(rows), dtype=np.int64), rows)

    def examples(self) -> Iterator[Examples]:
        """Yield the same rows with all columns."""
        from astropile.pile import Examples

        self.rejects = Rejects()
        for start, piece in self.table.batches(None):
            table, rows = self._packed(piece, _numbered(piece, start))
            yield Examples(table, np.zeros(len(rows), dtype=np.int64), rows)

    def sample(self, file: Array, row: Array) -> pa.Table:
        """Return a few rows, to learn how big they are."""
        kept = self.rejects
        for start, piece in self.table.batches(None):
            inside = row[(row >= start) & (row < start + piece.num_rows)] - start
            if len(inside):
                table, _ = self._packed(taken(piece, inside), start + inside)
                self.rejects = kept
                return table
        return self.schema.empty_table()

    def _accepted(
        self, piece: pa.Table, rows: Array
    ) -> tuple[pa.Array, Array, Array, Array, Array | None]:
        """Return id, position, number and place of rows that a pile can hold; refuse the others.

        The place is None if it holds all.
        """
        ids = self._ids(_whole(piece.column(self.object_id)))
        ra, dec = (
            _numbers(_whole(piece.column(name))) * self._factors[key]
            for key, name in (("ra", self.ra), ("dec", self.dec))
        )
        outside = np.isfinite(ra) & ((ra < 0) | (ra >= 360))
        if outside.any():
            ra[outside] = np.mod(ra[outside], 360.0)
        null = np.zeros(len(rows), dtype=bool)
        if ids.null_count:
            null = ids.is_null().to_numpy(zero_copy_only=False)
        with np.errstate(invalid="ignore"):
            misplaced = (np.isinf(ra) | (np.abs(dec) > 90)) & ~null
        good = ~(null | misplaced)
        if good.all():
            return ids, ra, dec, rows, None
        names = np.full(len(rows), self.table.name)
        listed = np.array(ids.to_pylist(), dtype=object)
        for code, mask in (("null_id", null), ("position", misplaced)):
            if mask.any():
                self.rejects.add(code, files=names[mask], rows=rows[mask], object_ids=listed[mask])
        return ids.filter(pa.array(good)), ra[good], dec[good], rows[good], np.flatnonzero(good)

    def _ids(self, ids: pa.Array) -> pa.Array:
        """Return ids as text; NaN and a blank are none.

        Raises
        ------
        UsageError
            A number is not whole, or too big to be exact.
        """
        if pa.types.is_floating(ids.type) or pa.types.is_decimal(ids.type):
            numbers = _numbers(ids)
            known = numbers[~np.isnan(numbers)]
            unfit = known[(known != np.floor(known)) | (np.abs(known) > _EXACT)]
            if len(unfit):
                raise UsageError(
                    f"the id {float(unfit[0])!r} is not a whole number below 2**53",
                    where=f"{self.table.name}, {self.object_id}",
                    hint="convert ids to text or to integers first",
                )
            ids = _nan_is_null(numbers).cast(pa.int64())
        text = ids if ids.type == pa.string() else ids.cast(pa.string())
        text = pc.utf8_trim_whitespace(text)
        return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)

    def _packed(self, piece: pa.Table, rows: Array) -> tuple[pa.Table, Array]:
        ids, ra, dec, rows, kept = self._accepted(piece, rows)
        if kept is not None:
            piece = taken(piece, kept)
        arrays = [ids, _nan_is_null(ra), _nan_is_null(dec)]
        arrays += [self._values(_whole(piece.column(f.name)), f, rows) for f in self._others]
        return pa.Table.from_arrays(arrays, schema=self.schema), rows


def _numbered(piece: pa.Table, start: int) -> Array:
    return np.arange(start, start + piece.num_rows)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _check_name(name: str, *, is_twice: bool, where: str) -> None:
    """Refuse the name of a column by which it could not be asked for.

    Raises
    ------
    UsageError
        It says what is wrong with the name.
    """
    if is_twice:
        fault = "there are two columns of this name"
    elif not name.strip():
        fault = "a column needs a name"
    elif bad := [c for c in ":`" if c in name] or [c for c in name if not c.isprintable()]:
        fault = f"a name cannot have {bad[0]!r} in it"
    else:
        return
    raise UsageError(fault, where=f"{where}, {name!r}", hint="rename the column")


def _numbers(values: pa.Array) -> Array:
    found = values.cast(pa.float64())
    return np.asarray(found.to_numpy(zero_copy_only=False))


def _nan_is_null(values: Array) -> pa.Array:
    gap = np.isnan(values)
    return pa.array(values, mask=gap) if gap.any() else pa.array(values)
