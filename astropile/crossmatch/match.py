"""The calls that match two surveys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from astropile.crossmatch.local import answer_here
from astropile.crossmatch.motion import place, target_epoch
from astropile.crossmatch.outofcore import Budget
from astropile.crossmatch.question import Question, read_question
from astropile.crossmatch.result import FOOTPRINT, SEPARATION, MatchResult
from astropile.crossmatch.rows import join, require_how
from astropile.crossmatch.sides import AnySide, Input, name_of, side_of
from astropile.errors import UsageError
from astropile.sky.match import require_find

if TYPE_CHECKING:
    from astropy.table import Table
    from datasets import Dataset

__all__ = ["Engine", "Find", "How", "cross_match", "cross_match_datasets", "labels_of"]

Find: TypeAlias = Literal["nearest", "mutual", "all", "k"]
How: TypeAlias = Literal["inner", "left", "anti", "outer"]
Engine: TypeAlias = Literal["local", "dask"]


def cross_match(
    left: Input,
    right: Input,
    *,
    radius_arcsec: Any = None,
    find: Find = "nearest",
    k: int | None = None,
    how: How = "inner",
    labels: tuple[str, str] | None = None,
    n_sigma: float | None = None,
    left_error: Any = None,
    right_error: Any = None,
    epoch: Any = None,
    footprint: Any = None,
    nested: bool = False,
    engine: Engine = "local",
    memory_bytes: int | None = None,
) -> MatchResult:
    """Match two surveys on the sky; only ids, positions and what the options name are read.

    Parameters
    ----------
    left, right : Survey, SkyTable, astropy Table, pandas DataFrame or pyarrow Table
        Surveys with data, or tables; see `astropile.sky_table` for how columns are found.
    radius_arcsec : float, str or array_like, shape (left rows,)
        Greatest separation, inclusive; a column of the left side or an array has one for each left
        row (null: no pair). Default 1, or no limit but `n_sigma` if that is given.
    find : {"nearest", "mutual", "all", "k"}
        The nearest right object of each left one; the pairs in which each is the nearest of the
        other; every pair within the radius; the `k` nearest.
    k : int, optional
        With ``find="k"`` only.
    how : {"inner", "left", "anti", "outer"}
        The pairs; also left rows without a counterpart; only these; also right rows without one.
    labels : tuple of str, optional
        Names of both sides; default the ids, with ``_left`` and ``_right`` if they are equal.
    n_sigma : float, optional
        Also no further apart than so many standard errors, ``hypot(left_error, right_error)``.
    left_error, right_error : str, tuple of two str, float or array_like, optional
        Standard error along one axis in arcsec: a column, two columns (their quadratic mean) or
        numbers. Default: columns with the canonical names ``ra_err``, ``dec_err``.
    epoch : float, astropy Time, "left" or "right", optional
        Julian year to which proper motions bring positions before they are compared. Default: none.
    footprint : MOC, path, True, or tuple of two of these or None, optional
        Part of the sky that the right side, or each, covers. True: where both say so themselves,
        a pile by its sky map. It adds ``in_footprint`` and needs mocpy.
    nested : bool
        One row for each left object, with all its right ones as a list.
    engine : {"local", "dask"}
        Where positions are compared: here, or for two piles on the current Dask cluster.
    memory_bytes : int, optional
        Memory to compare positions in, besides libraries. Piles are matched part of the sky by part
        of the sky within it (default 1 GiB); what tables and ids of surveys from files take is
        counted, and refused if it is more.

    Returns
    -------
    MatchResult
        Rows of both sides with their separation; Examples are read when they are asked for.

    Raises
    ------
    UsageError, MatchError, SourceError
        An option is none, or does not go with others; a table has no position; memory does not do.

    Examples
    --------
    >>> import astropile as ap
    >>> data = getfixture("demo_data")  # Hipparcos and Tycho-2 excerpts that come with astropile
    >>> left, right = ap.load("hipparcos", data_dir=data), ap.load("tycho2", data_dir=data)
    >>> ap.cross_match(left, right, radius_arcsec=1.0).pairs.column_names[:2]
    ['left_object_id', 'right_object_id']
    """
    _require_choices(find, k, how, engine, nested)
    budget = _budget(engine, memory_bytes)
    sides = _sides(left, right, labels, footprint)
    errors = (left_error, right_error)
    question = read_question(sides, find, k, radius_arcsec, n_sigma, errors)
    return _matched(sides, question, how, target_epoch(epoch, sides), engine, budget, nested=nested)


def _require_choices(find: str, k: int | None, how: str, engine: str, nested: object) -> None:
    """Refuse what is none of the choices before anything is read."""
    require_find(find, k)
    require_how(how)
    if engine not in ("local", "dask"):
        msg = f"engine={engine!r} is no engine; expected 'local' or 'dask'"
        raise UsageError(msg, hint="leave it out to match on this machine")
    if not isinstance(nested, bool):
        msg = f"nested={nested!r} is neither True nor False"
        raise UsageError(msg, hint="write nested=True for one row for each left object")


def _budget(engine: str, memory_bytes: int | None) -> Budget:
    """Return how the memory is shared out; workers of a cluster have limits of their own."""
    if engine == "dask" and memory_bytes is not None:
        msg = "memory_bytes has no meaning on a Dask cluster"
        raise UsageError(msg, hint="its workers have limits of their own")
    return Budget.of(memory_bytes)


def _sides(
    left: Input, right: Input, labels: tuple[str, str] | None, footprint: Any
) -> tuple[AnySide, AnySide]:
    """Return both inputs with their labels and footprints."""
    names = labels_of((left, right), labels)
    maps = footprint if isinstance(footprint, tuple) else (None, footprint)
    if footprint is True:
        maps = (True, True)
    if len(maps) != 2:
        msg = f"footprint has {len(maps)} entries; expected that of both sides, or one"
        raise UsageError(msg, hint="footprint=(left, right), with None where it is not known")
    return side_of(left, names[0], maps[0]), side_of(right, names[1], maps[1])


def _matched(
    sides: tuple[AnySide, AnySide],
    question: Question,
    how: str,
    year: float | None,
    engine: str,
    budget: Budget,
    *,
    nested: bool,
) -> MatchResult:
    """Compare the positions and put the result together."""
    places = (place(sides[0], year), place(sides[1], year))
    if engine == "dask":
        from astropile.crossmatch.dask import answer_on_dask

        pairs = answer_on_dask(sides, question, year)
    else:
        pairs = answer_here(sides, places, question, budget)
    rows = join(pairs, how, len(sides[0]), len(sides[1]))
    return MatchResult(
        *sides, rows, question, places, how=how, nested=nested, epoch=year, budget=budget
    )


def labels_of(inputs: tuple[Input, ...], labels: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the names that sides have in a result.

    Raises
    ------
    UsageError
        The labels given are not as many different names.
    """
    if labels is not None:
        asked: object = labels
        given: tuple[object, ...] = tuple(asked) if isinstance(asked, tuple | list) else ()
        if not len(given) == len(inputs) == len(set(given)) or not all(map(_is_label, given)):
            number = {2: "two", 3: "three"}.get(len(inputs), str(len(inputs)))
            msg = f"labels must be {number} different names, got {labels!r}"
            hint = f"labels=('a', 'b'): text without ':', not '{SEPARATION}' or '{FOOTPRINT}'"
            raise UsageError(msg, hint=hint)
        return tuple(labels)
    names = [name_of(given) for given in inputs]
    ends = ("_left", "_right") if len(names) == 2 else [f"_{n + 1}" for n in range(len(names))]
    is_shared = [names.count(name) > 1 for name in names]
    return tuple(
        name + end if shared else name
        for name, end, shared in zip(names, ends, is_shared, strict=True)
    )


def _is_label(label: object) -> bool:
    reserved = (SEPARATION, FOOTPRINT)
    return isinstance(label, str) and bool(label) and ":" not in label and label not in reserved


def cross_match_datasets(
    left: Input,
    right: Input,
    match_radius: Any = 1.0,
    *,
    find: Find = "nearest",
    labels: tuple[str, str] | None = None,
    **options: Any,
) -> tuple[Table, Dataset]:
    """Match two surveys and return the catalogue of pairs and their Examples, row by row alike.

    Parameters
    ----------
    left, right : Survey or table
        As for :func:`cross_match`.
    match_radius : float, str or array_like
        Greatest separation in arcsec, inclusive; `radius_arcsec` of :func:`cross_match`.
    find, labels
        As for :func:`cross_match`.
    **options
        Everything else that :func:`cross_match` takes.

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
    result = cross_match(
        left, right, radius_arcsec=match_radius, find=find, labels=labels, **options
    )
    return result.catalog(), result.dataset()
