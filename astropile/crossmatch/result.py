"""The result of a cross-match: pairs first, everything else on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from astropile.readers import Column
from astropile.readers.column import Array
from astropile.survey import Request

if TYPE_CHECKING:
    import pyarrow as pa
    from astropy.table import Table
    from datasets import Dataset

#: Key of the separation in matched Examples and catalogues.
SEPARATION = "separation_arcsec"


@dataclass(frozen=True, slots=True)
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
    """

    label: str
    request: Request
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.columns["object_id"])

    @property
    def unplaced(self) -> int:
        """Rows without a position: they take no part in the match."""
        known = np.ones(len(self), dtype=bool)
        for name in ("ra", "dec"):
            column = self.columns[name]
            known &= np.isfinite(column.data)
            if column.null is not None:
                known &= ~column.null
        return int((~known).sum())


@dataclass(frozen=True, eq=False)
class MatchResult:
    """Pairs of two surveys, sorted by (left row, separation, right row).

    Attributes
    ----------
    left, right : Side
        The surveys.
    left_row, right_row : ndarray of int64, shape (pairs,)
        Row numbers: places in ``catalog()`` and ``dataset()`` of each survey.
    separation_arcsec : ndarray of float64, shape (pairs,)
        Angle between the two positions.
    radius_arcsec : float
        Greatest separation that was asked for.
    """

    left: Side
    right: Side
    left_row: Array
    right_row: Array
    separation_arcsec: Array
    radius_arcsec: float
    find: str

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.left_row)

    def __repr__(self) -> str:
        """Return one line with the counts."""
        return (
            f"<match of {self.left.label} ({len(self.left)} rows) and {self.right.label} "
            f"({len(self.right)} rows): {len(self)} pairs within {self.radius_arcsec} arcsec>"
        )

    @property
    def pairs(self) -> pa.Table:
        """Arrow table: both ids, both row numbers, separation [arcsec]."""
        import pyarrow as pa

        return pa.table(
            {
                "left_object_id": pa.array(self._ids(self.left, self.left_row)),
                "right_object_id": pa.array(self._ids(self.right, self.right_row)),
                "left_row": pa.array(self.left_row),
                "right_row": pa.array(self.right_row),
                SEPARATION: pa.array(self.separation_arcsec),
            }
        )

    @staticmethod
    def _ids(side: Side, rows: Array) -> Array:
        return np.asarray(side.columns["object_id"].data[rows])

    def catalog(self) -> Table:
        """Return the matched catalogue.

        Returns
        -------
        Table
            ``object_id``, ``ra``, ``dec`` [deg], ``healpix`` (order 29) of the left object, then
            id and position of both as ``label:name``, and ``separation_arcsec``.
        """
        import astropy.units as u
        from astropy.table import Table

        from astropile.survey.catalog import healpix_column

        table = Table(
            meta={
                "left": self.left.label,
                "right": self.right.label,
                "radius_arcsec": self.radius_arcsec,
                "find": self.find,
            }
        )
        self._add(table, self.left, self.left_row, "")
        table["healpix"] = healpix_column(table["ra"].value, table["dec"].value, 29)
        self._add(table, self.left, self.left_row, f"{self.left.label}:")
        self._add(table, self.right, self.right_row, f"{self.right.label}:")
        table[SEPARATION] = self.separation_arcsec * u.arcsec
        return table

    @staticmethod
    def _add(table: Table, side: Side, rows: Array, prefix: str) -> None:
        import astropy.units as u

        for name, unit in (("object_id", None), ("ra", u.deg), ("dec", u.deg)):
            values = side.columns[name].data[rows]
            table[prefix + name] = values if unit is None else values * unit

    def dataset(self) -> Dataset:
        """Return the matched Examples, row-aligned with :meth:`catalog`.

        Returns
        -------
        datasets.Dataset
            One block a survey under its label, and ``separation_arcsec``; memory-mapped from the
            cache. Examples are read by row in file order; no survey is held in memory.
        """
        from astropile.crossmatch.examples import matched_dataset

        return matched_dataset(self)
