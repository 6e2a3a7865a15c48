"""Positions of a HATS catalogue, part of the sky by part of the sky, with their row numbers.

The row number is the place in storage order: partitions by their first pixel, then the order in
the file. Only the index and position columns are read, and of a file only the row groups that
hold the part asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from astropile.errors import CorruptFileError, MatchError, SourceError
from astropile.readers.column import Array
from astropile.sky import healpix_index

if TYPE_CHECKING:
    import pyarrow.parquet as pq

__all__ = [
    "HEALPIX",
    "Coordinates",
    "Leaf",
    "Piece",
    "Value",
    "read_rows",
    "ring_ranges",
    "sky_range",
]

HEALPIX = "_healpix_29"
_DEEPEST = 29
_WHOLE_SKY = 12 << 2 * _DEEPEST
# A ring of pixels so much smaller than the partition: 12 per cent of its area, 132 pixels.
_RING_STEP = 5
# Positions and pixel numbers are rounded by 1e-10 arcsec at most.
_SLACK_ARCSEC = 1e-6
_FOOTER_THREADS = 16


class Piece(NamedTuple):
    """A file of a catalogue: where it is, the number of its first row, and its rows."""

    path: str
    first_row: int
    rows: int


class Value(NamedTuple):
    """A number of each row beside its position.

    Attributes
    ----------
    name : str
        What it is called where it is read.
    columns : tuple of str
        One column, or two whose quadratic mean is meant.
    factor : float
        Makes arcsec of it.
    """

    name: str
    columns: tuple[str, ...]
    factor: float = 1.0


class Leaf(NamedTuple):
    """A partition: its file and the order-29 pixels ``low <= pixel < high`` that it covers."""

    piece: Piece
    low: int
    high: int
    order: int
    number: int


@dataclass(frozen=True)
class Coordinates:
    """Where the positions of a HATS catalogue are.

    Attributes
    ----------
    name : str
        Name of the catalogue, for messages.
    ra, dec : str
        Position columns, in degrees.
    healpix : str
        Column of the order-29 pixel; empty if there is none, then it is computed.
    leaves : tuple of Leaf
        Partitions in storage order.
    values : tuple of Value
        What is read beside the positions.
    """

    name: str
    ra: str
    dec: str
    healpix: str
    leaves: tuple[Leaf, ...]
    values: tuple[Value, ...] = ()

    @property
    def rows(self) -> int:
        """Number of rows."""
        last = self.leaves[-1].piece if self.leaves else Piece("", 0, 0)
        return last.first_row + last.rows

    @classmethod
    def open(cls, path: Any) -> Coordinates:
        """Open a HATS catalogue, or the main one of a collection.

        Parameters
        ----------
        path : path-like
            Folder of the catalogue, or its URL.

        Raises
        ------
        SourceError
            There is no HATS catalogue, or its files cannot be found.
        """
        import hats

        try:
            opened = hats.read_hats(path)
        except (OSError, ValueError, KeyError) as error:
            what = f"is no HATS catalogue: {error}"
            hint = "give the folder that Survey.build, LSDB or hats-import made"
            raise SourceError(what, where=str(path), hint=hint) from error
        catalog: Any = getattr(opened, "main_catalog", opened)
        info, schema = catalog.catalog_info, catalog.schema
        if not (info.ra_column and info.dec_column):
            what = "the HATS catalogue does not say which columns are its position"
            raise SourceError(what, where=str(path), hint="give an object or source catalogue")
        names = schema.names if schema is not None else ()
        healpix = info.healpix_column or HEALPIX
        if healpix not in names or (info.healpix_order or _DEEPEST) != _DEEPEST:
            healpix = HEALPIX if HEALPIX in names else ""
        return cls(info.catalog_name, info.ra_column, info.dec_column, healpix, _leaves(catalog))

    def within(self, ranges: Array) -> tuple[Piece, ...]:
        """Return the files that hold pixels of sorted ranges, shape (n, 2)."""
        lows, highs = self._edges
        first = np.searchsorted(highs, ranges[:, 0], side="right")
        last = np.searchsorted(lows, ranges[:, 1], side="left")
        wanted = {
            n for a, b in zip(first.tolist(), last.tolist(), strict=True) for n in range(a, b)
        }
        return tuple(self.leaves[number].piece for number in sorted(wanted))

    @cached_property
    def _edges(self) -> tuple[Array, Array]:
        lows = np.array([leaf.low for leaf in self.leaves], dtype=np.int64)
        return lows, np.array([leaf.high for leaf in self.leaves], dtype=np.int64)

    def estimate(self, low: int, high: int) -> float:
        """Return about how many rows lie in a range of pixels, as if spread evenly in a leaf."""
        edges, counts = self._cumulative
        inside = np.interp([float(low), float(high)], edges, counts)
        return float(inside[1] - inside[0])

    @cached_property
    def _cumulative(self) -> tuple[Array, Array]:
        """Rows before the edges of the leaves."""
        edges = np.stack(self._edges, axis=1).ravel().astype(np.float64)
        rows = np.array([leaf.piece.rows for leaf in self.leaves], dtype=np.int64)
        counts = np.stack([np.zeros_like(rows), rows], axis=1).ravel().cumsum()
        return np.append(0.0, edges), np.append(0, counts)


def _leaves(catalog: Any) -> tuple[Leaf, ...]:
    """Return the partitions in storage order, with the rows of each."""
    from hats.io import paths

    suffix = catalog.catalog_info.npix_suffix or ".parquet"
    if suffix == "/":
        what = "partitions that are folders of files have no row numbers"
        hint = "rewrite the catalogue with one file a partition"
        raise MatchError(what, where=catalog.catalog_info.catalog_name, hint=hint)
    found = []
    for pixel in catalog.get_healpix_pixels():
        path = paths.pixel_catalog_file(catalog.catalog_path, pixel, npix_suffix=suffix)
        low, high = sky_range(pixel.order, pixel.pixel)
        found.append((low, high, pixel.order, pixel.pixel, str(path)))
    found.sort()
    with ThreadPoolExecutor(_FOOTER_THREADS) as pool:
        counts = list(pool.map(_count_rows, [item[4] for item in found]))
    starts = np.cumsum([0, *counts]).tolist()
    return tuple(
        Leaf(Piece(path, start, rows), low, high, order, number)
        for (low, high, order, number, path), start, rows in zip(
            found, starts[:-1], counts, strict=True
        )
    )


def _count_rows(path: str) -> int:
    with _opened(path) as file:
        return int(file.metadata.num_rows)


def sky_range(order: int, number: int) -> tuple[int, int]:
    """Return the first order-29 pixel of a pixel, and the one after the last.

    Examples
    --------
    >>> sky_range(29, 7)
    (7, 8)
    """
    shift = 2 * (_DEEPEST - order)
    return number << shift, (number + 1) << shift


def ring_ranges(order: int, number: int, radius_arcsec: float) -> Array:
    """Return the pixels outside a pixel that hold everything within a radius of it.

    Returns
    -------
    ndarray of int64, shape (n, 2)
        Sorted ranges of order-29 pixels; they may hold more than what is within the radius.

    Examples
    --------
    >>> len(ring_ranges(0, 4, 180 * 3600.0))  # the whole sky but the pixel itself
    2
    """
    import hats.pixel_math.healpix_shim as shim
    from hats.pixel_math import get_margin

    reach_arcmin = (radius_arcsec + _SLACK_ARCSEC) / 60.0
    low, high = sky_range(order, number)
    if shim.order2mindist(0) < reach_arcmin:
        return _without(np.array([[0, _WHOLE_SKY]]), low, high)
    # The deepest order whose pixels are nowhere narrower than the radius: one ring is enough.
    deepest = int(shim.margin2order(np.asarray(reach_arcmin)))
    while shim.order2mindist(deepest) < reach_arcmin:
        deepest -= 1
    if deepest >= order:
        step = min(deepest - order, _RING_STEP)
        shift = 2 * (_DEEPEST - order - step)
        pixels = np.unique(np.array(get_margin(order, number, step), dtype=np.int64))
    else:
        shift = 2 * (_DEEPEST - deepest)
        parent = number >> 2 * (order - deepest)
        pixels = np.unique(np.array([parent, *get_margin(deepest, parent, 0)], dtype=np.int64))
    ranges = np.stack([pixels << shift, (pixels + 1) << shift], axis=1)
    return _without(_merged(ranges), low, high)


def _merged(ranges: Array) -> Array:
    """Join sorted ranges that touch."""
    apart = np.flatnonzero(ranges[1:, 0] > ranges[:-1, 1])
    lows = ranges[np.concatenate([[0], apart + 1]), 0]
    highs = ranges[np.concatenate([apart, [len(ranges) - 1]]), 1]
    return np.stack([lows, highs], axis=1)


def _without(ranges: Array, low: int, high: int) -> Array:
    """Take a range out of sorted ranges; it is inside one of them, or outside all."""
    before = np.stack([ranges[:, 0], np.minimum(ranges[:, 1], low)], axis=1)
    after = np.stack([np.maximum(ranges[:, 0], high), ranges[:, 1]], axis=1)
    parts = np.concatenate([before, after])
    parts = parts[parts[:, 0] < parts[:, 1]]
    return parts[np.argsort(parts[:, 0])]


def read_rows(
    pieces: Sequence[Piece],
    ranges: Array,
    ra: str,
    dec: str,
    healpix: str,
    values: tuple[Value, ...] = (),
) -> dict[str, Array]:
    """Read the positions in ranges of pixels from files of a catalogue.

    Parameters
    ----------
    pieces : sequence of Piece
        The files that may hold them.
    ranges : ndarray of int64, shape (n, 2)
        Sorted ranges of order-29 pixels.
    ra, dec, healpix : str
        Names of the columns.
    values : tuple of Value
        What else is read.

    Returns
    -------
    dict of str to ndarray
        ``healpix``, ``ra``, ``dec`` [deg], ``row`` and the values [arcsec], in storage order.

    Raises
    ------
    SourceError, CorruptFileError
        A file is gone, has changed, or cannot be read.
    """
    names = (ra, dec, healpix)
    parts = [part for piece in pieces for part in _read_piece(piece, ranges, names, values)]
    if not parts:
        number, angle = np.empty(0, dtype=np.int64), np.empty(0)
        parts = [(number, angle, angle, number, *(angle for _ in values))]
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    found = ("healpix", "ra", "dec", "row", *(value.name for value in values))
    return dict(zip(found, columns, strict=True))


def _read_piece(
    piece: Piece, ranges: Array, columns: tuple[str, str, str], values: tuple[Value, ...]
) -> Iterator[tuple[Array, ...]]:
    import pyarrow as pa

    ra, dec, healpix = columns

    with _opened(piece.path) as file:
        if file.metadata.num_rows != piece.rows:
            what = f"the file has {file.metadata.num_rows} rows, it had {piece.rows}"
            hint = "the catalogue changed while it was matched; match it again"
            raise SourceError(what, where=piece.path, hint=hint)
        start = piece.first_row
        names = [name for name in (healpix, ra, dec) if name]
        names += [name for value in values for name in value.columns]
        for number in range(file.metadata.num_row_groups):
            group = file.metadata.row_group(number)
            if _may_hold(group, healpix, ranges):
                try:
                    table = file.read_row_group(number, columns=list(dict.fromkeys(names)))
                except (pa.ArrowException, OSError) as error:
                    raise CorruptFileError(f"cannot be read: {error}", where=piece.path) from error
                yield from _chosen(table, ranges, start, columns, values)
            start += group.num_rows


def _may_hold(group: Any, healpix: str, ranges: Array) -> bool:
    """Tell from its statistics whether a row group may hold pixels of the ranges."""
    for place in range(group.num_columns):
        column = group.column(place)
        if column.path_in_schema == healpix:
            found = column.statistics
            if found is None or not found.has_min_max:
                return True
            lows, highs = ranges[:, 0], ranges[:, 1]
            return bool(np.any((lows <= found.max) & (highs > found.min)))
    return True


def _chosen(
    table: Any,
    ranges: Array,
    start: int,
    columns: tuple[str, str, str],
    values: tuple[Value, ...],
) -> Iterator[tuple[Array, ...]]:
    """Yield the rows of a table whose pixel is in the ranges."""
    ra, dec, healpix = columns
    ra_deg, dec_deg = (_numbers(table[name]) for name in (ra, dec))
    if healpix:
        pixel = table[healpix].to_numpy()
        placed = np.arange(len(pixel))
    else:
        placed = np.flatnonzero(np.isfinite(ra_deg) & np.isfinite(dec_deg))
        pixel = healpix_index(ra_deg[placed], dec_deg[placed], threads=1)
    place = np.searchsorted(ranges[:, 0], pixel, side="right") - 1
    inside = np.flatnonzero((place >= 0) & (pixel < ranges[place, 1]))
    if len(inside):
        rows = placed[inside]
        more = (_value(table, value)[rows] for value in values)
        yield pixel[inside].astype(np.int64), ra_deg[rows], dec_deg[rows], start + rows, *more


def _value(table: Any, value: Value) -> Array:
    """Return a number of each row in arcsec."""
    found = [_numbers(table[name]) * value.factor for name in value.columns]
    return found[0] if len(found) == 1 else np.hypot(*found) / np.sqrt(2.0)


def _numbers(column: Any) -> Array:
    """Return a column as float64, NaN for null."""
    import pyarrow as pa

    return np.asarray(column.cast(pa.float64()).to_numpy())


def _opened(path: str) -> pq.ParquetFile:
    """Open a Parquet file of this machine or of anything that fsspec reads.

    Raises
    ------
    SourceError, CorruptFileError
        The file is not there, or is no Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if "://" not in path:
            return pq.ParquetFile(path, memory_map=True)
        import fsspec

        return pq.ParquetFile(fsspec.open(path, "rb").open())
    except FileNotFoundError as error:
        what = "a partition of the catalogue is not there"
        hint = "every worker must see the catalogue under the same path"
        raise SourceError(what, where=path, hint=hint) from error
    except (pa.ArrowException, OSError) as error:
        raise CorruptFileError(f"is no readable Parquet file: {error}", where=path) from error
