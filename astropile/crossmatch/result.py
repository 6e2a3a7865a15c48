"""The result of a cross-match: pairs first, everything else on request."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from astropile.crossmatch.footprint import inside
from astropile.crossmatch.motion import Places
from astropile.crossmatch.outofcore import Budget
from astropile.crossmatch.question import Question
from astropile.crossmatch.rows import ResultRows
from astropile.crossmatch.sides import AnySide, Side, TableSide
from astropile.readers.column import Array
from astropile.sky import position_angle_deg
from astropile.sky.positions import Floats

if TYPE_CHECKING:
    import pyarrow as pa
    from astropy.table import Table
    from datasets import Dataset

    from astropile.crossmatch.chance import ChanceAlignments
    from astropile.survey import Survey

__all__ = ["FOOTPRINT", "SEPARATION", "MatchResult", "Side", "TableSide"]

#: Key of the separation in matched Examples and catalogues.
SEPARATION = "separation_arcsec"
#: Key of whether an object lies where the other survey has looked.
FOOTPRINT = "in_footprint"
# Pairs whose positions are read and held at a time.
_ANGLES_AT_ONCE = 1 << 20


@dataclass(frozen=True, eq=False)
class MatchResult:
    """Rows of two surveys that belong together, sorted by (left row, separation, right row).

    Rows of an outer match that have no left object come last.

    Attributes
    ----------
    left, right : side
        The surveys or tables.
    rows : ResultRows
        Row numbers of both and separations; see `left_row`, `right_row`, `separation_arcsec`.
    question : Question
        What was asked for.
    places : tuple of Placed or StoredPlaces
        Where the objects of both sides were matched.
    how : {"inner", "left", "anti", "outer"}
        Which rows there are.
    nested : bool
        Whether all right objects of a left one share a row.
    epoch : float or None
        Julian year of the positions that were compared; None: as they are.
    budget : Budget
        Memory that was allowed for comparing positions.
    """

    left: AnySide
    right: AnySide
    rows: ResultRows
    question: Question
    places: tuple[Places, Places]
    how: str = "inner"
    nested: bool = False
    epoch: float | None = None
    budget: Budget = field(default_factory=lambda: Budget.of(None))

    @property
    def left_row(self) -> Array:
        """Places in ``catalog()`` and ``dataset()`` of the left survey; -1 where it has none."""
        return self.rows.left

    @property
    def right_row(self) -> Array:
        """The same of the right survey."""
        return self.rows.right

    @property
    def separation_arcsec(self) -> Floats:
        """Angle between the two positions; NaN where there is no counterpart."""
        return self.rows.separation_arcsec

    @property
    def radius_arcsec(self) -> float:
        """Greatest separation that a pair could have."""
        return self.question.greatest_arcsec

    @property
    def find(self) -> str:
        """Which pairs were asked for."""
        return self.question.find

    @property
    def n_pairs(self) -> int:
        """Number of pairs, whatever rows there are beside them."""
        return int(self.rows.is_pair.sum())

    def __len__(self) -> int:
        """Return the number of rows of `pairs`, `catalog` and `dataset`."""
        return len(self.rows.nests) - 1 if self.nested else len(self.rows)

    def __repr__(self) -> str:
        """Return one line with the counts."""
        rows = "" if self.how == "inner" and not self.nested else f", {len(self)} rows ({self.how})"
        within = f"{self.radius_arcsec} arcsec"
        if self.question.n_sigma is not None:
            within = f"{self.question.n_sigma:g} sigma"
        return (
            f"<match of {self.left.label} ({len(self.left)} rows) and {self.right.label} "
            f"({len(self.right)} rows): {self.n_pairs} pairs within {within}{rows}>"
        )

    @cached_property
    def position_angle_deg(self) -> Floats:
        """Direction from the left object to the right one, from north to east; NaN without one."""
        if self.rows.position_angle_deg is not None:
            return self.rows.position_angle_deg
        angle = np.full(len(self.rows), np.nan)
        both = np.flatnonzero(self.rows.is_pair)
        left, right = self.places
        for start in range(0, len(both), _ANGLES_AT_ONCE):
            some = both[start : start + _ANGLES_AT_ONCE]
            here, there = self.left_row[some], self.right_row[some]
            angle[some] = position_angle_deg(*left.at(here), *right.at(there))
        return angle

    @cached_property
    def in_footprint(self) -> np.ma.MaskedArray[tuple[int], np.dtype[np.bool_]] | None:
        """Whether each object lies where the other survey has looked; None if nobody knows.

        It is about the left object, or about the right one in rows that have no left one. Masked:
        the object has no position, or the footprint of that survey is not known.
        """
        if self.left.footprint is None and self.right.footprint is None:
            return None
        value = np.zeros(len(self.rows), dtype=bool)
        mask = np.ones(len(self.rows), dtype=bool)
        is_left = self.left_row >= 0
        for side, placed, row, chosen in (
            (self.right, self.places[0], self.left_row, is_left),
            (self.left, self.places[1], self.right_row, ~is_left),
        ):
            if side.footprint is None:
                continue
            at = np.flatnonzero(chosen)
            objects, back = np.unique(row[at], return_inverse=True)
            ra, dec = placed.at(objects)
            value[at] = inside(side.footprint, ra, dec)[back]
            mask[at] = ~(np.isfinite(ra) & np.isfinite(dec))[back]
        return np.ma.MaskedArray(value, mask)

    @property
    def pairs(self) -> pa.Table:
        """Arrow table: ids and row numbers of both, separation [arcsec], position angle [deg].

        Null where there is no counterpart. With footprints, also ``in_footprint``. If nested, a row
        for each left object, with lists for the right ones.
        """
        from astropile.crossmatch.tabular import pairs_table

        return pairs_table(self)

    def catalog(self) -> Table:
        """Return the matched catalogue.

        Returns
        -------
        Table
            ``object_id``, ``ra``, ``dec`` [deg], ``healpix`` (order 29) of the left object, then
            id and position of both as ``label:name``, and ``separation_arcsec``; with footprints,
            ``in_footprint``. Positions are those of the surveys, moved to no other time. Masked
            where there is no counterpart; arrays of all right objects if nested.
        """
        from astropile.crossmatch.tabular import matched_catalog

        return matched_catalog(self)

    def dataset(self) -> Dataset:
        """Return the matched Examples, row-aligned with :meth:`catalog`.

        Returns
        -------
        datasets.Dataset
            One block a survey under its label, and ``separation_arcsec``; with footprints,
            ``in_footprint``. A side without counterpart is null; if nested, the right side is a
            list of blocks. Memory-mapped from the cache. Examples are read by row in file order; no
            survey is held in memory.
        """
        from astropile.crossmatch.examples import matched_dataset

        return matched_dataset(self)

    def build(
        self,
        path: str | PathLike[str],
        *,
        name: str | None = None,
        workers: int | None = None,
        partition_rows: int = 1_000_000,
        partition_bytes: int = 128 * 2**20,
        memory_bytes: int = 384 * 2**20,
        margin_arcsec: float | None = None,
    ) -> Survey:
        """Build the matched Examples to a pile, partitioned by the left position, and open it.

        The pile is a survey with ``object_id``, ``ra``, ``dec`` and ``separation_arcsec``; the
        values of a side are the block of its label, its blocks are ``label_block``. Blocks of a
        side that is not there are null. Rows without a left object lie where the right one is.

        Parameters
        ----------
        path : path-like
            Folder of the pile; it must not exist.
        name : str, optional
            Name of the survey that the pile is; default ``left_x_right`` with the labels.
        workers, partition_rows, partition_bytes, memory_bytes, margin_arcsec
            As for `Survey.build`. Each side is read once, part by part; matched Examples of the
            right side wait on disk for their turn.

        Returns
        -------
        Survey
            The pile, as `astropile.open` opens it. Where an object is in several rows, ids are
            ``left:right``; rows without a left object have ``:right``.

        Raises
        ------
        UsageError
            There is something at `path`, the result is nested, or a label is no name of a block.
        PileError, OutputError
            As for `Survey.build`.
        """
        from astropile.crossmatch.building import build_match

        return build_match(
            self,
            path,
            name=name,
            workers=workers,
            memory_bytes=memory_bytes,
            partition_rows=partition_rows,
            partition_bytes=partition_bytes,
            margin_arcsec=margin_arcsec,
        )

    def chance(self, *, shifts: int = 8, offset_arcsec: float | None = None) -> ChanceAlignments:
        """Estimate how many of the pairs are alignments by chance.

        The right side is shifted and matched again, as often as `shifts` says, each time in
        another direction. What is found then is chance alone.

        Parameters
        ----------
        shifts : int
            Number of directions, spread evenly from north over east.
        offset_arcsec : float, optional
            Length of the shift; default ten times the greatest radius, and never less than that of
            two radii.

        Returns
        -------
        ChanceAlignments
            Expected number with its standard error, and the count of each shift.

        Notes
        -----
        The estimate is of the density a shift away. Where the surveys cover different parts of the
        sky, objects are shifted out of the other survey along its border and the number comes out
        too small: by about the part of the right side within a shift of the border. Where objects
        cluster on the scale of the shift it comes out too large.
        """
        from astropile.crossmatch.chance import chance_alignments

        return chance_alignments(self, shifts=shifts, offset_arcsec=offset_arcsec)
