"""Groups of positions: friends of friends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.errors import MatchOptionError
from astropile.sky.radius import read_limit
from astropile.sky.tree import build_index

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["group_coordinates"]


def group_coordinates(
    ra_deg: Any,
    dec_deg: Any,
    *,
    radius_arcsec: Any = 1.0,
    survey: Any = None,
    threads: int | None = None,
) -> NDArray[np.int64]:
    """Put positions into groups, friends of friends.

    Two rows within the radius are friends; a group is all that can be reached from friend to
    friend. So rows of one group can be further apart than the radius.

    Parameters
    ----------
    ra_deg, dec_deg : array_like, shape (n,)
        Degrees, or astropy Quantity or Column of any angle. NaN and masked: a group of its own.
    radius_arcsec : float or astropy Quantity
        Greatest separation of two friends, inclusive.
    survey : array_like of int, shape (n,), optional
        Rows with the same number are no friends (but can be of one group by a third).
    threads : int, optional
        Default: one a core. The result does not depend on it.

    Returns
    -------
    ndarray of int64, shape (n,)
        Group of each row; groups are numbered by their lowest rows.

    Raises
    ------
    MatchError
        If a position is not on the sky, or the arrays do not fit.

    Examples
    --------
    >>> group_coordinates([10.0, 50.0, 10.0002, 10.0004], [0.0] * 4).tolist()
    [0, 1, 0, 0]
    """
    limit = read_limit(radius_arcsec)
    if limit.by_row:
        what = "groups have one radius for all; radius_arcsec is an array"
        raise MatchOptionError(what, hint="write radius_arcsec=1.0")
    index = build_index(ra_deg, dec_deg, threads=threads)
    numbers = np.empty(0, dtype=np.int64)
    if survey is not None:
        numbers = np.array(survey, dtype=np.int64)
        if numbers.shape != (index.rows,):
            what = f"survey has shape {numbers.shape} for {index.rows} positions"
            raise MatchOptionError(what, hint="give one number for each position")
    from astropile.sky.friends import join_friends, number_groups

    parent = np.arange(index.rows)
    if len(index.tree.order):
        join_friends(index.tree, limit.greatest, numbers, parent)
    group = np.empty(index.rows, dtype=np.int64)
    number_groups(parent, group)
    return group
