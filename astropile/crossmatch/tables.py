"""Plain tables as one side of a match: which columns say where its objects are, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.crossmatch.columns import column_names, length_of, number_column, text_column
from astropile.document import did_you_mean
from astropile.errors import MatchError, MatchOptionError, UnknownColumnError
from astropile.readers.column import Array
from astropile.sky.positions import Floats

if TYPE_CHECKING:
    import pyarrow as pa

    from astropile.sky.regions import Region

__all__ = ["PAIRS", "SkyTable", "sky_table"]

#: Names that mean a position, in any case. One pair of them must be there, or ``ra``, ``dec``.
PAIRS = (
    ("ra_deg", "dec_deg"),
    ("raj2000", "dej2000"),
    ("raj2000", "decj2000"),
    ("_raj2000", "_dej2000"),
    ("raicrs", "deicrs"),
    ("ra_icrs", "de_icrs"),
    ("ra_icrs", "dec_icrs"),
    ("alpha_j2000", "delta_j2000"),
    ("target_ra", "target_dec"),
    ("right_ascension", "declination"),
    ("ra", "decl"),
)
#: Units that numbers have which say none.
UNITS = {
    "ra": "deg",
    "dec": "deg",
    "pmra": "mas/yr",
    "pmdec": "mas/yr",
    "parallax": "mas",
    "radial_velocity": "km/s",
}


@dataclass(frozen=True, eq=False)
class SkyTable:
    """A table and what its columns are; made by `sky_table`.

    Attributes
    ----------
    table : Table or DataFrame
        As it was given.
    name : str
        Label of the table in results.
    roles : mapping of str to str
        Role (``object_id``, ``ra``, ``dec``, ``pmra``...) -> column.
    epoch : float or str or None
        Julian year of the positions, or the column of it.
    footprint : Any
        What part of the sky the table covers; see `cross_match`.
    numbers : ndarray of int64, optional
        Row numbers of the table before it was filtered: the ids where it has no others.
    """

    table: Any
    name: str
    roles: dict[str, str]
    epoch: float | str | None = None
    footprint: Any = field(default=None, repr=False)
    numbers: Array | None = field(default=None, repr=False)

    def __len__(self) -> int:
        """Return the number of rows."""
        return length_of(self.table)

    def number(self, column: str, unit: str) -> Floats:
        """Return a column as float64 in a unit, NaN for null."""
        return number_column(self.table, _named(self.table, column), unit)

    @cached_property
    def position_deg(self) -> tuple[Floats, Floats]:
        """Right ascension and declination, NaN where a row has none."""
        place = _coordinates(self.table, self.roles)
        if place is not None:
            return place
        ra, dec = (self.number(self.roles[role], "deg") for role in ("ra", "dec"))
        return ra, dec

    def ids(self, rows: Array) -> pa.Array:
        """Return the ids of rows as texts."""
        import pyarrow as pa

        name = self.roles.get("object_id")
        if name is not None:
            return text_column(self.table, name, rows)
        return pa.array(rows if self.numbers is None else self.numbers[rows]).cast(pa.string())

    def filter(self, where: str | None = None, *, region: Region | None = None) -> SkyTable:
        """Return the table of the rows for which a condition is true and that lie in a region.

        Parameters
        ----------
        where : str, optional
            A condition on columns, in the language of `Survey.filter`; ``ra`` and ``dec`` are the
            position in degrees, whatever its columns are called.
        region : Region, optional
            Part of the sky: `astropile.cone`, `box`, `polygon` or `moc`.

        Raises
        ------
        UsageError
            The condition cannot be used, or neither is given.

        Examples
        --------
        >>> from astropy.table import Table
        >>> stars = Table({"RAICRS": [10.0, 20.0], "DEICRS": [0.0, 5.0], "mag": [9.0, 11.0]})
        >>> sky_table(stars).filter("mag < 10 and dec < 1").table["RAICRS"].tolist()
        [10.0]
        """
        from astropile.crossmatch.table_filter import filtered_table

        return filtered_table(self, where, region)

    @cached_property
    def arrow(self) -> pa.Table:
        """The whole table as Arrow."""
        from astropile.crossmatch.columns import to_arrow

        return to_arrow(self.table)


def sky_table(
    table: Any,
    *,
    name: str = "table",
    object_id: str | None = None,
    ra: str | None = None,
    dec: str | None = None,
    epoch: float | str | None = None,
    pmra: str | None = None,
    pmdec: str | None = None,
    parallax: str | None = None,
    radial_velocity: str | None = None,
    footprint: Any = None,
) -> SkyTable:
    """Say what the columns of a plain table are, so that it can be matched like a survey.

    A table can be given to a match as it is; columns are then found by the rules below.

    Parameters
    ----------
    table : astropy Table, pandas DataFrame or pyarrow Table
        Units of astropy columns, and of Arrow fields with metadata ``unit``, are respected.
        Numbers without one are deg, mas/yr, mas, km/s.
    name : str
        Label of the table in results.
    object_id : str, optional
        Column of ids: texts or integers. Default: ``object_id`` in any case, else row numbers.
    ra, dec : str, optional
        Columns of the ICRS position. Default: ``ra`` and ``dec`` in any case, else the one pair of
        names such as ``RAJ2000``, ``DEJ2000`` that is there, else the one column of sky
        coordinates; several are an error.
    epoch : float or str, optional
        Julian year of the positions, or a column of it.
    pmra, pmdec, parallax, radial_velocity : str, optional
        Columns of the motion; ``pmra`` is along the great circle, times cos(dec). Default: those
        with these very names.
    footprint : MOC or path, optional
        What part of the sky the table covers; see `cross_match`.

    Returns
    -------
    SkyTable

    Raises
    ------
    UnknownColumnError
        There is no such column; near names are suggested.
    MatchError
        It is no table, or its position is not to be found.

    Examples
    --------
    >>> from astropy.table import Table
    >>> stars = Table({"HIP": [1, 2], "RAICRS": [10.0, 20.0], "DEICRS": [0.0, 5.0]})
    >>> sky_table(stars, name="stars", object_id="HIP").roles
    {'object_id': 'HIP', 'ra': 'RAICRS', 'dec': 'DEICRS'}
    """
    given = {
        "object_id": object_id,
        "ra": ra,
        "dec": dec,
        "pmra": pmra,
        "pmdec": pmdec,
        "parallax": parallax,
        "radial_velocity": radial_velocity,
    }
    roles = _roles(table, given, name)
    if isinstance(epoch, str):
        _named(table, epoch)
    found = SkyTable(table, name, roles, epoch=epoch, footprint=footprint)
    _ = found.position_deg  # what is wrong with it is said now
    return found


def _roles(table: Any, given: dict[str, str | None], name: str) -> dict[str, str]:
    """Return which columns play which role: those named, then those found."""
    if not name or ":" in name:
        what = f"name={name!r} is no label; expected a text without ':'"
        raise MatchOptionError(what, hint="write name='mine'")
    roles = {role: _named(table, column) for role, column in given.items() if column is not None}
    if ("ra" in roles) != ("dec" in roles):
        what = "ra and dec are named together, or neither"
        raise MatchOptionError(what, where=name, hint="write ra='...', dec='...'")
    names = column_names(table)
    folded = {column.casefold(): column for column in reversed(names)}
    if "ra" not in roles:
        roles |= _found_position(table, names, name)
    for role in given:
        if role not in (*roles, "ra", "dec") and role in folded:
            roles[role] = folded[role]
    return {role: roles[role] for role in given if role in roles}


def _named(table: Any, column: Any) -> str:
    names = column_names(table)
    if column not in names:
        what = f"no column {column!r}; it has {', '.join(names)}"
        raise UnknownColumnError(what, where="the table", hint=did_you_mean(str(column), names))
    return str(column)


def _found_position(table: Any, names: list[str], where: str) -> dict[str, str]:
    """Return the columns of the position by the rules, an empty mapping for sky coordinates."""
    folded = {column.casefold(): column for column in reversed(names)}
    for known in (names, folded):  # `ra` beside `RA` is no riddle
        if "ra" in known and "dec" in known:
            return {role: role if known is names else folded[role] for role in ("ra", "dec")}
    found = [(folded[a], folded[b]) for a, b in PAIRS if a in folded and b in folded]
    if len(found) == 1:
        return {"ra": found[0][0], "dec": found[0][1]}
    if not found and _coordinates(table, {}) is not None:
        return {}
    what = "no columns of a position" if not found else f"several positions: {found}"
    if not found:
        what += f" among {', '.join(names)}"
    hint = "name them: ap.sky_table(table, ra=..., dec=...)"
    raise MatchError(what, where=where, hint=hint)


def _coordinates(table: Any, roles: dict[str, str]) -> tuple[Floats, Floats] | None:
    """Return the position that the one column of sky coordinates holds, if it is to be taken."""
    if "ra" in roles or not hasattr(table, "colnames"):
        return None
    columns = [table[name] for name in table.colnames if hasattr(table[name], "transform_to")]
    if len(columns) != 1:
        return None
    place = columns[0].icrs
    ra, dec = (np.asarray(angle.to_value("deg"), np.float64) for angle in (place.ra, place.dec))
    return ra, dec
