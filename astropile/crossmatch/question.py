"""What a match asks for: how near, which of the near ones, and the search that answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from astropile.crossmatch.sides import AnySide
from astropile.errors import MatchError, UsageError
from astropile.readers.column import Array
from astropile.sky import Pairs, SkyIndex, match_indexes
from astropile.sky.index import HALF_CIRCLE_ARCSEC
from astropile.sky.match import require_find
from astropile.sky.positions import Floats, read_angles

__all__ = ["Question", "read_question"]

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
    radius : float or ndarray of float64, shape (left rows,)
        Greatest separation in arcsec, for all or for each left row.
    n_sigma : float or None
        Greatest separation in standard errors of the two positions together.
    left_error, right_error : ndarray of float64 or None
        Standard error of each position along one axis, in arcsec.
    """

    find: str
    k: int | None
    radius: Any
    n_sigma: float | None = None
    left_error: Floats | None = None
    right_error: Floats | None = None

    @property
    def greatest_arcsec(self) -> float:
        """The greatest separation that a pair could have."""
        greatest = float(np.nanmax(self.radius, initial=0.0))
        if self.left_error is None or self.right_error is None or self.n_sigma is None:
            return greatest
        left, right = (np.nanmax(e, initial=0.0) for e in (self.left_error, self.right_error))
        return min(greatest, self.n_sigma * float(np.hypot(left, right)))

    def answer(self, left: SkyIndex, right: SkyIndex) -> Pairs:
        """Return the pairs, sorted by (left, separation, right)."""
        if self.left_error is None or self.right_error is None or self.n_sigma is None:
            return match_indexes(left, right, radius_arcsec=self.radius, find=self.find, k=self.k)
        widest = np.nanmax(self.right_error, initial=0.0)
        reach = self.n_sigma * np.hypot(self.left_error, widest) * _ROUNDING
        reach = np.minimum(np.minimum(reach, self.radius), HALF_CIRCLE_ARCSEC)
        near = match_indexes(left, right, radius_arcsec=reach, find="all")
        error = np.hypot(self.left_error[near.left], self.right_error[near.right])
        kept = near.separation_arcsec <= self.n_sigma * error
        pairs = Pairs(near.left[kept], near.right[kept], near.separation_arcsec[kept])
        return _chosen(pairs, self.find, self.k)


def _chosen(pairs: Pairs, find: str, k: int | None) -> Pairs:
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
    n_sigma: float | None,
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
    if isinstance(n_sigma, bool) or not 0.0 < n_sigma < np.inf:
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
        return left.numbers({given: "arcsec"})[given]
    value = read_angles(given, "radius_arcsec", unit="arcsec")
    return value if value.ndim else float(value)


def _error(side: AnySide, given: Any, option: str) -> Floats:
    """Return the standard error of each position of a side in arcsec."""
    if given is None:
        given = tuple(side.column_of(name) for name in ("ra_err", "dec_err"))
        if None in given:
            what = f"{side.label} has no columns ra_err and dec_err of positional errors"
            hint = f"name its column: {option}='...', or give {option}=0.0 if it is much better"
            raise MatchError(what, hint=hint)
    if isinstance(given, str):
        values = side.numbers({given: "arcsec"})[given]
    elif isinstance(given, tuple) and len(given) == 2 and all(isinstance(g, str) for g in given):
        values = np.hypot(*side.numbers(dict.fromkeys(given, "arcsec")).values()) / np.sqrt(2.0)
    else:
        values = read_angles(given, option, unit="arcsec")
    if values.ndim > 1 or (values.ndim == 1 and len(values) != len(side)):
        what = f"{option} has shape {values.shape} for {len(side)} rows of {side.label}"
        raise MatchError(what, hint="give one number, one for each row, or the name of a column")
    _refuse_negative(values, option)
    return np.broadcast_to(values, (len(side),))


def _refuse_negative(values: Array, option: str) -> None:
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero((np.atleast_1d(values) < 0.0) | np.isinf(np.atleast_1d(values)))
    if len(bad):
        what = f"{option}: {len(bad)} values are negative or infinite, the first in row {bad[0]}"
        raise MatchError(what, hint="make them null (NaN): such rows have no pair")
