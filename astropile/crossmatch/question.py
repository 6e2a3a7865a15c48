"""What a match asks for: how near, which of the near ones, and the search that answers it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np

from astropile.crossmatch.rowvalues import (
    Numbers,
    RowValues,
    greatest,
    of_rows,
    refuse_unfit,
    whole,
)
from astropile.crossmatch.sides import AnySide
from astropile.errors import MatchOptionError, UsageError
from astropile.readers.column import Array
from astropile.sky import Pairs, SkyIndex, match_indexes
from astropile.sky.index import HALF_CIRCLE_ARCSEC
from astropile.sky.match import require_find
from astropile.sky.positions import read_option

__all__ = ["Question", "chosen", "read_question"]

DEFAULT_RADIUS_ARCSEC = 1.0
#: The search by the greatest error of the right side must not lose a pair to its own rounding.
_ROUNDING = 1.0 + 1e-9


@dataclass(frozen=True, eq=False)
class Question:
    """How near two objects must be, and which of the near ones are taken.

    Attributes
    ----------
    find : {"nearest", "mutual", "all", "k"}
        Which pairs; see `astropile.cross_match`.
    k : int or None
        Most right rows of a left row.
    radius : float, ndarray of float64, shape (left rows,), or RowValues
        Greatest separation in arcsec, for all or for each left row.
    n_sigma : float or None
        Greatest separation in standard errors of the two positions together.
    left_error, right_error : ndarray of float64, RowValues or None
        Standard error of each position along one axis, in arcsec.
    """

    find: str
    k: int | None
    radius: Any
    n_sigma: float | None = None
    left_error: Numbers | None = None
    right_error: Numbers | None = None

    @property
    def greatest_arcsec(self) -> float:
        """The greatest separation that a pair could have."""
        if self.left_error is None or self.right_error is None or self.n_sigma is None:
            return greatest(self.radius)
        errors = greatest(self.left_error), greatest(self.right_error)
        return min(greatest(self.radius), self.n_sigma * float(np.hypot(*errors)))

    @property
    def has_stored_values(self) -> bool:
        """Whether numbers of its rows are read from a pile where they are needed."""
        values = (self.radius, self.left_error, self.right_error)
        return any(isinstance(value, RowValues) for value in values)

    def reach_arcsec(self, rows: Array) -> Any:
        """Return how far right rows may be from ascending left rows: one number, or one each."""
        radius = of_rows(self.radius, rows)
        if self.left_error is None or self.right_error is None or self.n_sigma is None:
            return radius
        error = of_rows(self.left_error, rows)
        reach = self.n_sigma * np.hypot(error, greatest(self.right_error)) * _ROUNDING
        return np.minimum(np.minimum(reach, radius), HALF_CIRCLE_ARCSEC)

    def part(self, left: Array, right: Array) -> Question:
        """Return the same question about some rows of both sides, ascending."""
        errors = [
            None if error is None else np.broadcast_to(of_rows(error, rows), (len(rows),))
            for error, rows in ((self.left_error, left), (self.right_error, right))
        ]
        return replace(
            self, radius=of_rows(self.radius, left), left_error=errors[0], right_error=errors[1]
        )

    def answer(self, left: SkyIndex, right: SkyIndex, threads: int | None = None) -> Pairs:
        """Return the pairs, sorted by (left, separation, right)."""
        radius = whole(self.radius)
        if self.left_error is None or self.right_error is None or self.n_sigma is None:
            return match_indexes(
                left, right, radius_arcsec=radius, find=self.find, k=self.k, threads=threads
            )
        left_error = np.broadcast_to(whole(self.left_error), (left.rows,))
        right_error = np.broadcast_to(whole(self.right_error), (right.rows,))
        reach = self.n_sigma * np.hypot(left_error, greatest(right_error)) * _ROUNDING
        reach = np.minimum(np.minimum(reach, radius), HALF_CIRCLE_ARCSEC)
        near = match_indexes(left, right, radius_arcsec=reach, find="all", threads=threads)
        error = np.hypot(left_error[near.left], right_error[near.right])
        kept = near.separation_arcsec <= self.n_sigma * error
        pairs = Pairs(near.left[kept], near.right[kept], near.separation_arcsec[kept])
        return chosen(pairs, self.find, self.k)


def chosen(pairs: Pairs, find: str, k: int | None) -> Pairs:
    """Return the pairs that `find` means, of all that are near enough."""
    if find == "all":
        return pairs
    starts = np.flatnonzero(np.diff(pairs.left, prepend=-1))
    rank = np.arange(len(pairs)) - np.repeat(starts, np.diff(np.append(starts, len(pairs))))
    kept = rank < (k or 1)
    if find == "mutual":
        order = np.lexsort((pairs.left, pairs.separation_arcsec, pairs.right))
        kept[order[np.diff(pairs.right[order], prepend=-1) == 0]] = False
    return Pairs(pairs.left[kept], pairs.right[kept], pairs.separation_arcsec[kept])


def read_question(
    sides: tuple[AnySide, AnySide],
    find: str,
    k: int | None,
    radius_arcsec: Any,
    n_sigma: Any,
    errors: tuple[Any, Any],
) -> Question:
    """Read what a caller asks for; columns are read from the sides.

    Raises
    ------
    UsageError, MatchError
        An option is none, or does not go with the others.
    """
    require_find(find, k)
    radius = _radius(sides[0], radius_arcsec, n_sigma)
    if n_sigma is None:
        if any(error is not None for error in errors):
            what = "left_error and right_error have no meaning without n_sigma"
            raise UsageError(what, hint="add n_sigma=3")
        return Question(find, k, radius)
    is_number = isinstance(n_sigma, Real) and not isinstance(n_sigma, bool)
    if not is_number or not 0.0 < n_sigma < np.inf:
        what = f"n_sigma={n_sigma!r} is no number above 0"
        raise UsageError(what, hint="n_sigma=3 is usual")
    found = [
        _error(side, given, name)
        for side, given, name in zip(sides, errors, ("left_error", "right_error"), strict=True)
    ]
    return Question(find, k, radius, float(n_sigma), found[0], found[1])


def _radius(left: AnySide, given: Any, n_sigma: float | None) -> Any:
    if given is None:
        return DEFAULT_RADIUS_ARCSEC if n_sigma is None else HALF_CIRCLE_ARCSEC
    if isinstance(given, str):
        return _column(left, (given,), "radius_arcsec", HALF_CIRCLE_ARCSEC)
    value = read_option(given, "radius_arcsec", unit="arcsec")
    return value if value.ndim else float(value)


def _column(side: AnySide, names: tuple[str, ...], option: str, limit: float = np.inf) -> Numbers:
    """Return a column in arcsec, or the quadratic mean of two; that of a pile is not read yet."""
    from astropile.crossmatch.pileside import PileSide

    if isinstance(side, PileSide):
        side.require_numbers(names)
        return RowValues(side, names, option, limit)
    found = side.numbers(dict.fromkeys(names, "arcsec"))
    values = [found[name] for name in names]
    numbers = values[0] if len(values) == 1 else np.hypot(*values) / np.sqrt(2.0)
    refuse_unfit(numbers, option, limit)
    return numbers


def _error(side: AnySide, given: Any, option: str) -> Numbers:
    """Return the standard error of each position of a side in arcsec."""
    if given is None:
        given = tuple(side.column_of(name) for name in ("ra_err", "dec_err"))
        if None in given:
            what = f"{side.label} has no columns ra_err and dec_err of positional errors"
            hint = f"name its column: {option}='...', or give {option}=0.0 if it is much better"
            raise MatchOptionError(what, hint=hint)
    if isinstance(given, str):
        return _column(side, (given,), option)
    if isinstance(given, tuple) and len(given) == 2 and all(isinstance(g, str) for g in given):
        return _column(side, given, option)
    values = read_option(given, option, unit="arcsec")
    if values.ndim > 1 or (values.ndim == 1 and len(values) != len(side)):
        what = f"{option} has shape {values.shape} for {len(side)} rows of {side.label}"
        hint = "give one number, one for each row, or the name of a column"
        raise MatchOptionError(what, hint=hint)
    refuse_unfit(values, option, np.inf)
    return values if values.ndim else float(values)
