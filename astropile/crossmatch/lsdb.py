"""Our search as a cross-match algorithm of LSDB, for those who work with LSDB itself.

::

    import lsdb
    from astropile.crossmatch.lsdb import SkyCrossmatch

    left = lsdb.open_catalog("left_pile")
    right = lsdb.open_catalog("right_pile")  # with a margin of at least the radius
    left.crossmatch(right, algorithm=SkyCrossmatch(radius_arcsec=1.0, find="all"))

Importing this module imports LSDB and Dask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from astropile.crossmatch.extras import require_dask
from astropile.crossmatch.question import Question
from astropile.errors import MatchError, MatchOptionError
from astropile.sky import build_index, chord_squared_limit
from astropile.sky.positions import read_option

require_dask()

import pandas as pd  # noqa: E402
import pyarrow as pa  # noqa: E402
from hats.pixel_math.spatial_index import SPATIAL_INDEX_COLUMN  # noqa: E402
from lsdb.core.crossmatch.abstract_crossmatch_algorithm import (  # noqa: E402
    AbstractCrossmatchAlgorithm,
)

if TYPE_CHECKING:
    from lsdb.catalog import Catalog
    from lsdb.core.crossmatch.crossmatch_args import CrossmatchArgs

    from astropile.readers.column import Array

__all__ = ["SEPARATION_COLUMN", "SkyCrossmatch"]

#: Column of the separation in arcsec; LSDB's own algorithm calls it the same.
SEPARATION_COLUMN = "_dist_arcsec"


class SkyCrossmatch(AbstractCrossmatchAlgorithm):
    """Exact cross-match of two LSDB catalogues, the same pairs as `astropile.cross_match`.

    The radius is inclusive. Of right rows at exactly the same distance the first in sky order
    (``_healpix_29``) is the nearest. A right catalogue without a margin, or with one shorter than
    the radius, is refused: pairs across partitions would be lost.

    Parameters
    ----------
    radius_arcsec : float
        Greatest separation, inclusive.
    find : {"nearest", "all"}
        The nearest right rows of each left row, or every right row within the radius.
    n_neighbors : int
        How many of the nearest; only for ``find="nearest"``.
    tie_column : str, optional
        Column of the right catalogue that decides between right rows at the same distance, the
        lowest first; default: sky order.
    radius_column : str, optional
        Column of the left catalogue with a radius each, in arcsec, below `radius_arcsec`, which
        limits them all. Null: no pair.
    n_sigma : float, optional
        Also no further apart than so many standard errors, ``hypot(left_error, right_error)``.
    left_error, right_error : str or float
        Standard error along one axis in arcsec: a column, or one number. Null: no pair.

    Raises
    ------
    MatchError
        An option is none; or, when catalogues are matched, the margin is missing or too short.

    Examples
    --------
    >>> SkyCrossmatch(radius_arcsec=2.0, find="all").radius_arcsec
    2.0
    """

    # LSDB reads it from the class and compares types.
    extra_columns = pd.DataFrame(
        {SEPARATION_COLUMN: pd.Series(dtype=pd.ArrowDtype(pa.float64()))}  # arcsec
    )

    def __init__(
        self,
        radius_arcsec: float = 1.0,
        find: Literal["nearest", "all"] = "nearest",
        n_neighbors: int = 1,
        *,
        tie_column: str | None = None,
        radius_column: str | None = None,
        n_sigma: float | None = None,
        left_error: str | float = 0.0,
        right_error: str | float = 0.0,
    ) -> None:
        super().__init__()
        self.radius_arcsec = float(read_option(radius_arcsec, "radius_arcsec", unit="arcsec"))
        self.find = find
        self.n_neighbors = n_neighbors
        self.tie_column = tie_column
        self.radius_column = radius_column
        self.n_sigma = n_sigma
        self.left_error, self.right_error = left_error, right_error
        chord_squared_limit(self.radius_arcsec)  # refuses what is no radius
        if find not in ("nearest", "all"):
            what = f"find={find!r} cannot be done partition by partition; expected nearest or all"
            hint = 'for find="mutual" use astropile.cross_match(..., engine="dask")'
            raise MatchOptionError(what, hint=hint)
        if type(n_neighbors) is not int or n_neighbors < 1:
            what = f"n_neighbors={n_neighbors!r}; expected an integer of at least 1"
            raise MatchOptionError(what, hint="leave it out for the nearest one")
        if n_sigma is not None and not 0.0 < n_sigma < np.inf:
            what = f"n_sigma={n_sigma!r} is no number above 0"
            raise MatchOptionError(what, hint="n_sigma=3 is usual")
        if find == "all" and n_neighbors != 1:
            what = f'find="all" takes every row within the radius; got n_neighbors={n_neighbors}'
            raise MatchOptionError(what, hint="give one of them")

    def validate(self, left: Catalog, right: Catalog) -> None:
        """Refuse catalogues that cannot be matched to the end.

        LSDB calls it once, before anything is read.

        Parameters
        ----------
        left, right : lsdb.Catalog
            The catalogues.

        Raises
        ------
        MatchError
            A position column is not loaded, or the right margin is missing or too short.
        """
        try:
            super().validate(left, right)
        except ValueError as error:
            hint = "open the catalogue with its position columns"
            raise MatchError(str(error), hint=hint) from error
        radius = f"{self.radius_arcsec:g} arcsec"
        if right.margin is None:
            what = f"the right catalogue has no margin; a match within {radius} needs one"
            raise MatchError(what, where=right.name, hint=_margin_hint(self.radius_arcsec))
        margin = right.margin.hc_structure.catalog_info.margin_threshold
        if margin is None or not margin >= self.radius_arcsec:
            what = f"the margin of the right catalogue is {margin} arcsec, the radius {radius}"
            raise MatchError(what, where=right.name, hint=_margin_hint(self.radius_arcsec))
        for option, catalog, name in (
            ("tie_column", right, self.tie_column),
            ("radius_column", left, self.radius_column),
            ("left_error", left, self.left_error),
            ("right_error", right, self.right_error),
        ):
            if isinstance(name, str) and name not in catalog.columns:
                what = f"{option}={name!r} is no column of the catalogue"
                hint = "load that column with the catalogue, or leave the option out"
                raise MatchOptionError(what, where=catalog.name, hint=hint)

    def perform_crossmatch(
        self, crossmatch_args: CrossmatchArgs
    ) -> tuple[Array, Array, pd.DataFrame]:
        """Match one partition of the left catalogue with the right one and its margin.

        Parameters
        ----------
        crossmatch_args : CrossmatchArgs
            The rows and what is known about both catalogues.

        Returns
        -------
        left, right : ndarray of int64
            Places of the pairs in both tables, by (left, separation, right).
        extra : DataFrame
            The separations.
        """
        left, right = crossmatch_args.left_df, crossmatch_args.right_df
        order = self._right_order(right)
        right_ra, right_dec = _positions(right, crossmatch_args.right_catalog_info)
        # Dask runs as many partitions at once as there are cores.
        pairs = self._question(left, right, order).answer(
            build_index(*_positions(left, crossmatch_args.left_catalog_info), threads=1),
            build_index(right_ra[order], right_dec[order], threads=1),
            threads=1,
        )
        separation = pd.Series(pairs.separation_arcsec, dtype=pd.ArrowDtype(pa.float64()))
        return pairs.left, order[pairs.right], pd.DataFrame({SEPARATION_COLUMN: separation})

    def _question(self, left: Any, right: Any, order: Array) -> Question:
        """Return what is asked of a partition; right rows are in the order given."""
        is_few = self.find == "nearest" and self.n_neighbors > 1
        find, k = ("k", self.n_neighbors) if is_few else (self.find, None)
        radius: Any = self.radius_arcsec
        if self.radius_column is not None:
            radius = np.minimum(_column(left, self.radius_column), radius)
        if self.n_sigma is None:
            return Question(find, k, radius)
        right_error = _column(right, self.right_error)
        right_error = right_error[order] if right_error.ndim else right_error
        errors = (_column(left, self.left_error), right_error)
        return Question(find, k, radius, self.n_sigma, *errors)

    def _right_order(self, right: Any) -> Array:
        """Return the order of right rows in which the first of equals is the one to take.

        LSDB puts the rows of the margin after all others, whatever their place on the sky.
        """
        if self.tie_column is not None:
            key = right[self.tie_column].to_numpy()
        elif right.index.name == SPATIAL_INDEX_COLUMN:
            key = right.index.to_numpy()
        else:
            return np.arange(len(right))
        return np.argsort(key, kind="stable")


def _column(frame: Any, given: str | float) -> Array:
    """Return a column as numbers, NaN for null, or the one number that is given."""
    if not isinstance(given, str):
        return np.asarray(given, dtype=np.float64)
    return np.asarray(frame[given].to_numpy(dtype=np.float64, na_value=np.nan))


def _positions(frame: Any, info: Any) -> tuple[Array, Array]:
    """Return right ascension and declination in degrees, NaN for null."""
    columns = (frame[info.ra_column], frame[info.dec_column])
    ra, dec = (c.to_numpy(dtype=np.float64, na_value=np.nan) for c in columns)
    return ra, dec


def _margin_hint(radius_arcsec: float) -> str:
    return (
        f"build the right pile with a margin of at least {radius_arcsec:g} arcsec, open the "
        "collection or give margin_cache=; or use astropile.cross_match, which needs no margin"
    )
