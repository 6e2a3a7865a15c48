"""Several surveys as one catalogue: groups of objects, and who has seen them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from astropile.crossmatch.footprint import inside
from astropile.crossmatch.match import labels_of
from astropile.crossmatch.motion import Places, place, target_epoch
from astropile.crossmatch.sides import AnySide, Input, side_of
from astropile.errors import UsageError
from astropile.readers.column import Array
from astropile.sky import group_coordinates
from astropile.sky.index import separation_arcsec, unit_vectors

if TYPE_CHECKING:
    import pyarrow as pa
    from astropy.table import Table
    from datasets import Dataset

__all__ = ["UnionResult", "union_catalog"]


@dataclass(frozen=True, eq=False)
class UnionResult:
    """Groups of objects that belong together, one row a group.

    Groups are sorted by their first member: the first survey in the order given, then its lowest
    row. So the objects of the first survey come first, in their own order.

    Attributes
    ----------
    sides : tuple of side
        The surveys or tables.
    places : tuple of Placed or StoredPlaces
        Where their objects were compared.
    group : tuple of ndarray of int64
        Group of each row of each survey.
    radius_arcsec : float
        Greatest separation of two friends.
    """

    sides: tuple[AnySide, ...]
    places: tuple[Places, ...]
    group: tuple[Array, ...]
    radius_arcsec: float

    def __len__(self) -> int:
        """Return the number of groups."""
        return max((int(group.max(initial=-1)) + 1 for group in self.group), default=0)

    def __repr__(self) -> str:
        """Return one line with the counts."""
        names = ", ".join(f"{side.label} ({len(side)} rows)" for side in self.sides)
        return f"<union of {names}: {len(self)} groups within {self.radius_arcsec:g} arcsec>"

    @property
    def groups(self) -> pa.Table:
        """Arrow table, a row for each group.

        ``object_id``, ``ra``, ``dec`` [deg] of its first member; ``n_surveys``, ``n_rows``;
        ``extent_arcsec``, the greatest separation of a member from the first one; for every survey
        ``in_LABEL`` (has it a member?), with its footprint ``LABEL:in_footprint`` (does the first
        member lie there?), and ``LABEL:object_id``, ``LABEL:row``: lists of its members by row.
        """
        import pyarrow as pa

        found: dict[str, pa.Array] = {"object_id": self.first_ids}
        ra, dec = self.first_position
        found |= {
            "ra": pa.array(ra, from_pandas=True),
            "dec": pa.array(dec, from_pandas=True),
            "n_surveys": pa.array(sum(np.minimum(c, 1) for c in self.counts)),
            "n_rows": pa.array(sum(self.counts)),
            "extent_arcsec": pa.array(self.extent_arcsec, from_pandas=True),
        }
        for side, count in zip(self.sides, self.counts, strict=True):
            found[f"in_{side.label}"] = pa.array(count > 0)
        for side in self.sides:
            seen = self.in_footprint(side)
            if seen is not None:
                found[f"{side.label}:in_footprint"] = pa.array(seen.data, mask=seen.mask)
        for side, members, count in zip(self.sides, self.members, self.counts, strict=True):
            offsets = pa.array(np.concatenate([[0], np.cumsum(count)]), pa.int32())
            for name, values in (("object_id", side.ids(members)), ("row", pa.array(members))):
                found[f"{side.label}:{name}"] = pa.ListArray.from_arrays(offsets, values)
        return pa.table(found)

    def catalog(self) -> Table:
        """Return the groups as an astropy Table without lists.

        Returns
        -------
        Table
            As `groups`, with ``healpix`` (order 29); instead of lists ``LABEL:object_id`` and
            ``LABEL:row`` of the member with the lowest row, masked if there is none, and
            ``LABEL:n``, the number of members.
        """
        from astropile.crossmatch.tabular import union_table

        return union_table(self)

    def dataset(self) -> Dataset:
        """Return the Examples of the groups, row-aligned with `groups` and `catalog`.

        Returns
        -------
        datasets.Dataset
            ``object_id``, ``ra``, ``dec`` of the first member, and for every survey the list of
            its members' Examples under its label; memory-mapped from the cache. Every survey is
            read once, in file order, and waits on disk; none is held in memory.
        """
        from astropile.crossmatch.union_examples import union_dataset

        return union_dataset(self)

    # --- what groups are made of ----------------------------------------------------------

    @cached_property
    def counts(self) -> list[Array]:
        """Members of each group, by survey."""
        return [np.bincount(group, minlength=len(self)) for group in self.group]

    @cached_property
    def members(self) -> list[Array]:
        """Rows of each survey, sorted by group and row."""
        return [np.argsort(group, kind="stable") for group in self.group]

    @cached_property
    def _first(self) -> list[tuple[Array, Array]]:
        """Groups whose first member is of a survey, and its row there; by survey."""
        seen = np.zeros(len(self), dtype=bool)
        found = []
        for members, count in zip(self.members, self.counts, strict=True):
            new = np.flatnonzero((count > 0) & ~seen)
            seen[new] = True
            found.append((new, members[(np.cumsum(count) - count)[new]]))
        return found

    @property
    def first_ids(self) -> pa.Array:
        """Id of the first member of each group."""
        import pyarrow as pa

        # A group is numbered by its first member, so those of one survey follow one another.
        parts = [side.ids(rows) for side, (_, rows) in zip(self.sides, self._first, strict=True)]
        return pa.concat_arrays(parts)

    @cached_property
    def first_position(self) -> tuple[Array, Array]:
        """Position of the first member of each group as its survey says it."""
        parts = [
            [axis[rows] for axis in side.position_deg]
            for side, (_, rows) in zip(self.sides, self._first, strict=True)
        ]
        ra, dec = (np.concatenate(axis) for axis in zip(*parts, strict=True))
        return ra, dec

    @cached_property
    def _first_place(self) -> tuple[Array, Array]:
        """Where the first member of each group was compared."""
        parts = [
            (place.ra_deg[rows], place.dec_deg[rows])
            for place, (_, rows) in zip(self.places, self._first, strict=True)
        ]
        ra, dec = (np.concatenate(axis) for axis in zip(*parts, strict=True))
        return ra, dec

    @cached_property
    def extent_arcsec(self) -> Array:
        """Greatest separation of a member of each group from its first, in arcsec."""
        first = unit_vectors(*self._first_place)
        greatest = np.where(np.isnan(first[:, 0]), np.nan, 0.0)
        for placed, group in zip(self.places, self.group, strict=True):
            known = np.isfinite(placed.ra_deg) & np.isfinite(placed.dec_deg)
            vectors = unit_vectors(placed.ra_deg[known], placed.dec_deg[known])
            chord = ((vectors - first[group[known]]) ** 2).sum(axis=1)
            np.maximum.at(greatest, group[known], separation_arcsec(chord))
        return greatest

    def in_footprint(self, side: AnySide) -> np.ma.MaskedArray[Any, Any] | None:
        """Tell of each first member whether it is in the footprint of a survey; None: not known."""
        if side.footprint is None:
            return None
        ra, dec = self._first_place
        null = ~(np.isfinite(ra) & np.isfinite(dec))
        return np.ma.MaskedArray(inside(side.footprint, ra, dec), null)


def union_catalog(
    surveys: Sequence[Input],
    *,
    radius_arcsec: Any = 1.0,
    labels: tuple[str, ...] | None = None,
    within: bool = True,
    epoch: Any = None,
    footprints: Sequence[Any] | Literal[True] | None = None,
) -> UnionResult:
    """Put the objects of several surveys into one catalogue, friends of friends.

    Two objects within the radius are friends; a group is all that can be reached from friend to
    friend. Every object is in exactly one group, one without a position in a group of its own.

    Parameters
    ----------
    surveys : sequence of Survey, SkyTable, astropy Table, pandas DataFrame or pyarrow Table
        Two or more; their order is that of groups.
    radius_arcsec : float
        Greatest separation of two friends, inclusive.
    labels : tuple of str, optional
        Names of the surveys in the result; default their ids, numbered where they are equal.
    within : bool
        Whether objects of one survey can be friends. If not, they are of one group only by a friend
        from another survey.
    epoch : float or astropy Time, optional
        Julian year to which proper motions bring the positions before they are compared.
    footprints : sequence of MOC, path, True or None, or True, optional
        Part of the sky that each survey covers; True: what a pile or table says itself.

    Returns
    -------
    UnionResult
        One row a group, with the rows of every survey.

    Raises
    ------
    MatchError, UsageError
        An option is none, or a table has no position that can be found.
    SourceError
        A survey has no data or its files are not as the schema says.

    Examples
    --------
    >>> import astropile as ap
    >>> from astropy.table import Table
    >>> a = Table({"ra": [10.0, 20.0], "dec": [0.0, 0.0]})
    >>> b = Table({"ra": [30.0, 20.0001], "dec": [0.0, 0.0]})
    >>> union = ap.union_catalog([a, b], labels=("a", "b"))
    >>> union.groups["in_b"].to_pylist(), union.groups["a:row"].to_pylist()
    ([False, True, True], [[0], [1], []])
    """
    given = list(surveys) if isinstance(surveys, list | tuple) else []
    if len(given) < 2:
        what = "a union is made of a list of two or more surveys"
        raise UsageError(what, hint="write ap.union_catalog([a, b, c])")
    names = labels_of(tuple(given), labels)
    maps = _maps(footprints, len(given))
    sides = tuple(
        side_of(item, name, known) for item, name, known in zip(given, names, maps, strict=True)
    )
    year = target_epoch(epoch, (sides[0], sides[1]))
    places = tuple(place(side, year) for side in sides)
    edges = np.cumsum([0, *(len(side) for side in sides)])
    group = group_coordinates(
        np.concatenate([placed.ra_deg for placed in places]),
        np.concatenate([placed.dec_deg for placed in places]),
        radius_arcsec=radius_arcsec,
        survey=None if within else np.repeat(np.arange(len(sides)), np.diff(edges)),
    )
    parts = tuple(np.split(group, edges[1:-1]))
    radius = getattr(radius_arcsec, "to_value", lambda unit: radius_arcsec)("arcsec")
    return UnionResult(sides, places, parts, float(radius))


def _maps(footprints: Any, count: int) -> list[Any]:
    """Return the footprint of each survey as it was given."""
    if footprints is None or footprints is True:
        return [footprints] * count
    if not isinstance(footprints, list | tuple):
        what = f"footprints is a list of maps, not {type(footprints).__name__}"
        raise UsageError(what, hint="give one for each survey, None where it is not known; or True")
    if len(footprints) != count:
        what = f"{len(footprints)} footprints for {count} surveys"
        raise UsageError(what, hint="give one for each, None where it is not known")
    return list(footprints)
