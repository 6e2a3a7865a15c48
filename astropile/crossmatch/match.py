"""The calls that match two surveys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from astropile.crossmatch.result import SEPARATION, MatchResult, Side
from astropile.errors import UsageError
from astropile.sky import match_coordinates
from astropile.survey import Survey
from astropile.survey.catalog import position_deg

if TYPE_CHECKING:
    from astropy.table import Table
    from datasets import Dataset

    from astropile.readers import Column


def cross_match(
    left: Survey,
    right: Survey,
    *,
    radius_arcsec: float = 1.0,
    find: Literal["nearest", "mutual", "all"] = "nearest",
    labels: tuple[str, str] | None = None,
) -> MatchResult:
    """Match two surveys on the sky; only ids and positions are read.

    Parameters
    ----------
    left, right : Survey
        Surveys with data.
    radius_arcsec : float
        Greatest separation, inclusive.
    find : {"nearest", "mutual", "all"}
        ``nearest``: the nearest right object of each left one; ``mutual``: those pairs in which
        each is the nearest of the other; ``all``: every pair within the radius.
    labels : tuple of str, optional
        Names of the two sides in the result; default the survey ids, with ``_left`` and
        ``_right`` if they are equal.

    Returns
    -------
    MatchResult
        Pairs of row numbers with their separation; Examples are read when they are asked for.

    Raises
    ------
    MatchError
        The radius is not a positive angle.
    SourceError
        A survey has no data or its files are not as the schema says.

    Examples
    --------
    >>> import astropile as ap
    >>> data = getfixture("demo_data")  # Hipparcos and Tycho-2 excerpts that come with astropile
    >>> left, right = ap.load("hipparcos", data_dir=data), ap.load("tycho2", data_dir=data)
    >>> ap.cross_match(left, right, radius_arcsec=1.0).pairs.column_names[:2]
    ['left_object_id', 'right_object_id']
    """
    names = _labels(left, right, labels)
    left_rows, right_rows = _catalogue(left), _catalogue(right)
    pairs = match_coordinates(
        *position_deg(left_rows),
        *position_deg(right_rows),
        radius_arcsec=radius_arcsec,
        find=find,
    )
    return MatchResult(
        left=Side(names[0], left.request, left_rows),
        right=Side(names[1], right.request, right_rows),
        left_row=pairs.left,
        right_row=pairs.right,
        separation_arcsec=pairs.separation_arcsec,
        radius_arcsec=float(radius_arcsec),
        find=find,
    )


def _labels(left: Survey, right: Survey, labels: tuple[str, str] | None) -> tuple[str, str]:
    if labels is not None:
        given: tuple[object, ...] = tuple(labels)
        if len(given) != 2 or given[0] == given[1] or not all(map(_is_label, given)):
            msg = f"labels must be two different names, got {labels!r}"
            hint = f"names are text without ':', and not '{SEPARATION}'"
            raise UsageError(msg, hint=hint)
        return labels[0], labels[1]
    if left.id == right.id:
        return f"{left.id}_left", f"{right.id}_right"
    return left.id, right.id


def _is_label(label: object) -> bool:
    return isinstance(label, str) and bool(label) and ":" not in label and label != SEPARATION


def _catalogue(survey: Survey) -> dict[str, Column]:
    return survey.request.catalogue_pass(None).columns


def cross_match_datasets(
    left: Survey,
    right: Survey,
    match_radius: float = 1.0,
    *,
    find: Literal["nearest", "mutual", "all"] = "nearest",
    labels: tuple[str, str] | None = None,
) -> tuple[Table, Dataset]:
    """Match two surveys and return the catalogue of pairs and their Examples, row by row alike.

    Parameters
    ----------
    left, right : Survey
        Surveys with data.
    match_radius : float
        Greatest separation in arcsec, inclusive.
    find, labels
        As for :func:`cross_match`.

    Returns
    -------
    matched_catalog : Table
        ``object_id``, ``ra``, ``dec``, ``healpix`` of the left object, both ids and positions as
        ``survey:object_id``..., and ``separation_arcsec``.
    matched : datasets.Dataset
        Examples with one block a survey: ``row["hsc"]``, ``row["decals"]``; nothing is renamed.

    Raises
    ------
    MatchError, SourceError
        As for :func:`cross_match`.

    Examples
    --------
    >>> import astropile as ap
    >>> data = getfixture("demo_data")
    >>> left, right = ap.load("hipparcos", data_dir=data), ap.load("tycho2", data_dir=data)
    >>> matched_catalog, matched = ap.cross_match_datasets(left, right, match_radius=1.0)
    >>> len(matched_catalog) == len(matched)
    True
    """
    result = cross_match(left, right, radius_arcsec=match_radius, find=find, labels=labels)
    return result.catalog(), result.dataset()
