"""The engine that matches HATS catalogues with LSDB on Dask, pair for pair as the local one.

The right catalogue is handed to LSDB in the partitions of the left one, each with a margin of
exactly what lies within the radius around it, read from the neighbouring partitions. So no margin
on disk is needed, and none can be too short.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from astropile.crossmatch.coordinates import (
    HEALPIX,
    Coordinates,
    Leaf,
    Piece,
    Value,
    read_rows,
    ring_ranges,
    sky_range,
)
from astropile.crossmatch.extras import require_dask
from astropile.crossmatch.question import chosen
from astropile.crossmatch.rowvalues import Numbers, RowValues, is_by_row
from astropile.errors import MatchError, MatchOptionError, UsageError
from astropile.readers.column import Array
from astropile.sky import Pairs, chord_squared_limit
from astropile.sky.positions import read_option

if TYPE_CHECKING:
    from distributed import Client
    from lsdb.catalog import Catalog

    from astropile.crossmatch.question import Question
    from astropile.crossmatch.sides import AnySide

__all__ = ["TASK_ROWS", "answer_on_dask", "match_on_dask", "matched_catalog", "task_parts"]

#: Most rows of a side in a task, about; then a worker needs about 1 GB.
TASK_ROWS = 1_000_000
# LSDB widens footprints by whole HEALPix pixels, the largest of which are 58 degrees wide.
_WIDEST_ARCSEC = 50 * 3600.0
# A partition is cut into at most 4**6 parts.
_MOST_CUTS = 6
_FINDS = ("nearest", "mutual", "all", "k")


def match_on_dask(
    left: str | os.PathLike[str],
    right: str | os.PathLike[str],
    *,
    radius_arcsec: float = 1.0,
    find: Literal["nearest", "mutual", "all", "k"] = "nearest",
    k: int = 1,
    client: Client | None = None,
    task_rows: int = TASK_ROWS,
) -> Pairs:
    """Match two HATS catalogues on a Dask cluster; only positions are read.

    Parameters
    ----------
    left, right : path-like
        Folders (or URLs) of HATS catalogues or piles that every worker can read.
    radius_arcsec : float
        Greatest separation, inclusive.
    find : {"nearest", "mutual", "all", "k"}
        As for `astropile.cross_match`.
    k : int
        How many of the nearest with ``find="k"``.
    client : distributed.Client, optional
        The cluster; default the current client, else threads of this process.
    task_rows : int
        About the most rows of a side in a task.

    Returns
    -------
    Pairs
        Row numbers in storage order and separations, by (left, separation, right).

    Raises
    ------
    MissingExtraError
        LSDB or Dask distributed is not installed.
    MatchError
        An option is none.
    SourceError
        A catalogue is not there or cannot be read.
    """
    require_dask()
    sides = Coordinates.open(left), Coordinates.open(right)
    return _matched(sides, radius_arcsec, find, k, client, task_rows)


def answer_on_dask(
    sides: tuple[AnySide, AnySide],
    question: Question,
    epoch: float | None,
    *,
    client: Client | None = None,
) -> Pairs:
    """Answer what `astropile.cross_match` asks, for two whole piles.

    Parameters
    ----------
    sides : tuple of Side
        Opened piles.
    question : Question
        What is asked.
    epoch : float or None
        Julian year that positions would have to be brought to.
    client : distributed.Client, optional
        The cluster; default the current client, else threads of this process.

    Raises
    ------
    MissingExtraError
        LSDB or Dask distributed is not installed.
    UsageError
        A side is no pile or a part of one, or the question is one for the local engine.
    """
    require_dask()
    if epoch is not None:
        what = 'engine="dask" cannot do epoch='
        hint = 'leave it out, or take engine="local", which matches piles part by part, too'
        raise UsageError(what, hint=hint)
    rules: dict[str, Any] = {}
    values: tuple[list[Value], list[Value]] = ([], [])
    if is_by_row(question.radius):
        values[0].append(_value("radius", question.radius, sides[0]))
        rules["radius_column"] = "radius"
    if question.n_sigma is not None:
        rules["n_sigma"] = question.n_sigma
        for number, (option, error) in enumerate(
            (("left_error", question.left_error), ("right_error", question.right_error))
        ):
            rules[option] = error
            if error is not None and is_by_row(error):
                values[number].append(_value(option, error, sides[number]))
                rules[option] = option
    places = (_coordinates(sides[0], values[0]), _coordinates(sides[1], values[1]))
    radius = question.greatest_arcsec
    if radius == 0.0 and rules:  # not one row has a radius or an error
        return _no_pairs()
    return _matched(places, radius, question.find, question.k or 1, client, TASK_ROWS, rules)


def _value(name: str, values: Numbers, side: AnySide) -> Value:
    """Return which columns of a pile hold numbers of its rows.

    Raises
    ------
    UsageError
        They are not in columns of their own.
    """
    from astropile.vocabulary import parse_unit

    request: Any = getattr(side, "request", None)
    if isinstance(values, RowValues):
        leaves = [request.leaves[address] for address in values.columns]
        if not any(leaf.block for leaf in leaves):
            units = {leaf.field.unit or "arcsec" for leaf in leaves}
            factors = {float(parse_unit(unit).to("arcsec")) for unit in units}
            if len(factors) == 1:
                return Value(name, tuple(leaf.name for leaf in leaves), factors.pop())
    what = f'engine="dask" reads a number for each row from columns of the pile {side.label}'
    hint = 'name a column of its own, two of one unit, or take engine="local"'
    raise UsageError(what, hint=hint)


def _coordinates(side: AnySide, values: Sequence[Value] = ()) -> Coordinates:
    """Return where the positions of a pile are, from its manifest."""
    request: Any = getattr(side, "request", None)
    pile = getattr(request, "pile", None)
    if pile is None or request.subset:
        kind = "a part of a pile" if pile is not None else "no pile"
        what = f'engine="dask" matches whole piles on disk; {side.label} is {kind}'
        hint = "build it with Survey.build and open it with astropile.open"
        raise UsageError(what, hint=hint)
    leaves = []
    for number, (leaf, first) in enumerate(zip(pile.leaves, pile.starts[:-1], strict=True)):
        piece = Piece(str(pile.place(number)), int(first), leaf.rows)
        leaves.append(Leaf(piece, *sky_range(leaf.order, leaf.pixel), leaf.order, leaf.pixel))
    return Coordinates(side.label, "ra", "dec", HEALPIX, tuple(leaves), tuple(values))


def _matched(
    sides: tuple[Coordinates, Coordinates],
    radius_arcsec: Any,
    find: str,
    k: int,
    client: Client | None,
    task_rows: int,
    rules: Mapping[str, Any] | None = None,
) -> Pairs:
    if find not in _FINDS:
        what = f"find={find!r} is no kind of match; expected one of {', '.join(_FINDS)}"
        raise MatchOptionError(what, hint='leave it out for "nearest"')
    search: dict[str, Any] = {"find": "all" if find == "all" else "nearest"}
    if find == "k":
        search["n_neighbors"] = k
    if find == "mutual" and rules:  # whether rows are near enough is up to each pair
        search["find"] = "all"
    radius = float(read_option(radius_arcsec, "radius_arcsec", unit="arcsec"))
    options: dict[str, Any] = {"radius_arcsec": radius, "task_rows": task_rows, **search}
    if next(task_parts(*sides, radius, task_rows), None) is None:
        return _no_pairs()
    pairs = _collect(matched_catalog(*sides, **options, rules=rules), client)
    if find != "mutual":
        return pairs
    if rules:
        return chosen(pairs, find, None)
    return _mutual(pairs, _collect(matched_catalog(*reversed(sides), **options), client))


def _no_pairs() -> Pairs:
    nothing = np.empty(0, dtype=np.int64)
    return Pairs(nothing, nothing, np.empty(0))


def matched_catalog(
    left: Coordinates,
    right: Coordinates,
    *,
    radius_arcsec: float = 1.0,
    find: Literal["nearest", "all"] = "nearest",
    n_neighbors: int = 1,
    task_rows: int = TASK_ROWS,
    rules: Mapping[str, Any] | None = None,
) -> Catalog:
    """Return the pairs of two catalogues as a catalogue of LSDB that nothing has computed yet.

    Its columns are ``ra dec row`` of both sides, ending in ``_left`` and ``_right``, and
    ``_dist_arcsec``. ``write_catalog`` streams pairs that no memory holds to disk.

    Parameters
    ----------
    left, right : Coordinates
        The catalogues; see ``Coordinates.open``.
    radius_arcsec, find, n_neighbors
        As for `astropile.crossmatch.lsdb.SkyCrossmatch`.
    task_rows : int
        About the most rows of a side in a task.
    rules : mapping, optional
        Further options of `SkyCrossmatch`, about the values that both coordinates have.

    Raises
    ------
    MatchError
        An option is none, or no part of the sky is in both.
    """
    from astropile.crossmatch.lsdb import SkyCrossmatch

    algorithm = SkyCrossmatch(radius_arcsec, find, n_neighbors, tie_column="row", **(rules or {}))
    radius = algorithm.radius_arcsec
    if radius > _WIDEST_ARCSEC:
        what = f"a radius of {radius:g} arcsec is too wide to match part by part"
        raise MatchOptionError(what, hint='take engine="local", or at most 50 degrees')
    parts = list(task_parts(left, right, radius, task_rows))
    if not parts:
        what = f"no part of {left.name} is within {radius:g} arcsec of {right.name}"
        raise MatchError(what, hint="see whether both cover the same sky")
    inside = [np.array([sky_range(*part)]) for part in parts]
    around = [ring_ranges(*part, radius) for part in parts]
    margin = _catalog(right, parts, around, margin_arcsec=radius)
    left_part = _catalog(left, parts, inside)
    right_part = _catalog(right, parts, inside, margin=margin)
    pairs: Catalog = left_part.crossmatch(
        right_part,
        algorithm=algorithm,
        suffixes=("_left", "_right"),
        suffix_method="overlapping_columns",
        log_changes=False,
    )
    return pairs


def task_parts(
    left: Coordinates, right: Coordinates, radius_arcsec: float, task_rows: int
) -> Iterator[tuple[int, int]]:
    """Yield the pixels that become tasks: left partitions, cut where either side is crowded.

    Pixels with nothing of the right catalogue in or near them are left out.
    """
    chord_squared_limit(radius_arcsec)
    for leaf in left.leaves:
        waiting = [(leaf.order, leaf.number)]
        while waiting:
            order, number = waiting.pop()
            low, high = sky_range(order, number)
            # Cheap tests first: a survey of the whole sky has many partitions.
            if not right.within(np.array([[low, high]])) and not right.within(
                ring_ranges(order, number, radius_arcsec)
            ):
                continue
            rows = max(left.estimate(low, high), right.estimate(low, high))
            if rows > task_rows and order < min(leaf.order + _MOST_CUTS, 29):
                waiting += [(order + 1, 4 * number + child) for child in (3, 2, 1, 0)]
            else:
                yield order, number


def _catalog(
    source: Coordinates,
    parts: list[tuple[int, int]],
    ranges: list[Array],
    *,
    margin: Any = None,
    margin_arcsec: float | None = None,
) -> Any:
    """Return positions of a catalogue as one of LSDB, cut into the parts given."""
    import hats.catalog
    from hats import HealpixPixel
    from hats.catalog import CatalogType, TableProperties
    from lsdb.catalog import Catalog, MarginCatalog
    from lsdb.operations.lsdb_ops import FromHealpixMap

    columns, values = (source.ra, source.dec, source.healpix), source.values
    nowhere = np.empty((0, 2), dtype=np.int64)
    meta = load_part(None, pieces=(), ranges=nowhere, columns=columns, values=values)
    pixels = [HealpixPixel(*part) for part in parts]
    operation = FromHealpixMap(
        load_part,
        pixels,
        meta=meta,
        map_kwargs={"pieces": [source.within(part) for part in ranges], "ranges": ranges},
        columns=columns,
        values=values,
        verify_meta=False,  # a third of what a small part costs
    )
    facts: dict[str, Any] = {
        "catalog_name": source.name,
        "ra_column": "ra",
        "dec_column": "dec",
        "total_rows": None,
        "healpix_column": HEALPIX,
        "healpix_order": 29,
    }
    if margin_arcsec is not None:
        facts |= {"primary_catalog": source.name, "margin_threshold": margin_arcsec}
        info = TableProperties(catalog_type=CatalogType.MARGIN, **facts)
        return MarginCatalog(operation, hats.catalog.MarginCatalog(info, pixels))
    info = TableProperties(catalog_type=CatalogType.OBJECT, **facts)
    return Catalog(operation, hats.catalog.Catalog(info, pixels), margin=margin)


def load_part(
    _pixel: Any,
    *,
    pieces: tuple[Piece, ...],
    ranges: Array,
    columns: tuple[str, str, str],
    values: tuple[Value, ...],
) -> Any:
    """Read one part of a catalogue; this runs on a worker.

    Parameters
    ----------
    _pixel : HealpixPixel
        The part, for LSDB.
    pieces, ranges, columns, values
        As for ``read_rows``.
    """
    import nested_pandas as npd
    import pandas as pd
    import pyarrow as pa

    found = {
        # Of NumPy's integers pandas makes a range where it can, which is not written to files.
        name: pd.array(values, dtype=pd.ArrowDtype(pa.from_numpy_dtype(values.dtype)))
        for name, values in read_rows(pieces, ranges, *columns, values).items()
    }
    index = pd.Index(found.pop("healpix"), name=HEALPIX)
    return npd.NestedFrame(found, index=index)


def _collect(catalog: Any, client: Client | None) -> Pairs:
    """Compute the pairs on a cluster and put them in order."""
    from astropile.crossmatch.lsdb import SEPARATION_COLUMN

    names = ["row_left", "row_right", SEPARATION_COLUMN]
    current = nullcontext() if client is None else client.as_current()
    with current, warnings.catch_warnings():
        # What a task reads is listed in it, so the graph of a large survey is large.
        warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
        frame = catalog[names].compute(progress_bar=False)
    left, right = (frame[name].to_numpy(dtype=np.int64) for name in names[:2])
    separation = frame[names[2]].to_numpy(dtype=np.float64)
    # Parts come in the order of the left rows, and each is in order, unless a file is not sorted.
    if np.all(left[1:] >= left[:-1]):
        return Pairs(left, right, separation)
    order = np.lexsort((right, separation, left))
    return Pairs(left[order], right[order], separation[order])


def _mutual(pairs: Pairs, back: Pairs) -> Pairs:
    """Keep the pairs in which each row is the nearest of the other."""
    if not len(back):
        return back
    place = np.minimum(np.searchsorted(back.left, pairs.right), len(back) - 1)
    kept = (back.left[place] == pairs.right) & (back.right[place] == pairs.left)
    return Pairs(pairs.left[kept], pairs.right[kept], pairs.separation_arcsec[kept])
