"""Numbers of the rows of a side: all in memory, or read from a pile where they are needed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from astropile.errors import MatchError
from astropile.readers.column import Array
from astropile.sky.positions import Floats

if TYPE_CHECKING:
    from astropile.crossmatch.pileside import PileSide

__all__ = ["Numbers", "RowValues", "greatest", "is_by_row", "of_rows", "refuse_unfit", "whole"]


class RowValues:
    """A number of each row of a pile, in arcsec, that stays on the disk.

    Parameters
    ----------
    side : PileSide
        The pile.
    columns : tuple of str
        One column, or two whose quadratic mean is meant.
    option : str
        What the numbers are, for messages.
    limit_arcsec : float
        The greatest that one may be.
    """

    def __init__(
        self, side: PileSide, columns: tuple[str, ...], option: str, limit_arcsec: float = np.inf
    ) -> None:
        self._side, self._columns = side, columns
        self._option, self._limit = option, limit_arcsec

    def __reduce__(self) -> tuple[Any, ...]:
        return RowValues, (self._side, self._columns, self._option, self._limit)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._side)

    @property
    def columns(self) -> tuple[str, ...]:
        """Addresses of the columns."""
        resolve = self._side.request.resolver.resolve
        return tuple(resolve(name).leaf.address for name in self._columns)

    def at(self, rows: Array) -> Floats:
        """Return the numbers of ascending rows, NaN for null."""
        return self._combined(self._side.numbers_at(rows, self._wanted))

    @property
    def all(self) -> Floats:
        """The numbers of all rows, read anew."""
        parts = [self._combined(found) for found in self._side.number_parts(self._wanted)]
        return np.concatenate(parts) if parts else np.empty(0)

    @cached_property
    def greatest(self) -> float:
        """The greatest number, 0 if there is none; all are looked at, part by part.

        Raises
        ------
        MatchError
            One is negative, infinite or beyond the limit.
        """
        found, start = 0.0, 0
        for part in self._side.number_parts(self._wanted):
            values = self._combined(part)
            refuse_unfit(values, self._option, self._limit, start)
            found, start = max(found, greatest(values)), start + len(values)
        return found

    @property
    def _wanted(self) -> dict[str, str]:
        return dict.fromkeys(self._columns, "arcsec")

    def _combined(self, found: dict[str, Floats]) -> Floats:
        values = [found[name] for name in self._columns]
        return values[0] if len(values) == 1 else np.hypot(*values) / np.sqrt(2.0)


#: One number for all rows, one for each, or those of a pile.
Numbers: TypeAlias = "float | Floats | RowValues"


def is_by_row(values: Numbers) -> bool:
    """Return whether rows have numbers of their own."""
    return isinstance(values, RowValues) or np.ndim(values) > 0


def greatest(values: Numbers) -> float:
    """Return the greatest number, 0 if there is none."""
    if isinstance(values, RowValues):
        return values.greatest
    return float(np.fmax.reduce(np.atleast_1d(values), initial=0.0))


def of_rows(values: Numbers, rows: Array) -> Any:
    """Return the numbers of ascending rows; one for all stays one."""
    if isinstance(values, RowValues):
        return values.at(rows)
    return values[rows] if isinstance(values, np.ndarray) and values.ndim else values


def whole(values: Numbers) -> Any:
    """Return the numbers in memory."""
    return values.all if isinstance(values, RowValues) else values


def refuse_unfit(values: Floats, option: str, limit_arcsec: float, start: int = 0) -> None:
    """Refuse numbers that are no angles from 0 to a limit.

    Raises
    ------
    MatchError
        With the number of such rows and the first of them, counted from `start`.
    """
    numbers = np.atleast_1d(values)
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero((numbers < 0.0) | np.isinf(numbers) | (numbers > limit_arcsec))
    if len(bad):
        row = int(bad[0])
        what = (
            f"{option}: {len(bad)} values are negative, infinite or too great, the first in row "
            f"{start + row}: {numbers[row]:g} arcsec"
        )
        raise MatchError(what, hint="make them null (NaN): such rows have no pair")
