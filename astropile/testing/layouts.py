"""How the elements of an axis stand in a file: padded, in a grid of bands and epochs, reversed.

The values of one ragged axis are drawn as a flat list of elements. A layout says which element
stands at each place of the file and which places are padding; it takes values there and back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astropile.readers import Column
from astropile.readers.column import Array, offsets_of

__all__ = ["Grid", "Layout", "dense_axis", "grid_axis", "ragged_axis"]


@dataclass(frozen=True, slots=True)
class Grid:
    """Elements of a row as a table of groups and places, as ``flat`` and ``repeat`` join them.

    Attributes
    ----------
    groups, places : ndarray of int64, shape (n,)
        Axes of the table of each row.
    tiled : bool
        The groups are the last axis (``tile``), not the first (``repeat``).
    label : ndarray of int64, shape (stored,)
        Number of the group's label at every stored place.
    """

    groups: Array
    places: Array
    tiled: bool
    label: Array

    @property
    def shapes(self) -> Array:
        """Axes of each row's table, shape (n, 2)."""
        axes = (self.places, self.groups) if self.tiled else (self.groups, self.places)
        return np.stack(axes, axis=1)

    @property
    def is_dense(self) -> bool:
        """Whether all tables have one shape."""
        return len(np.unique(self.shapes, axis=0)) <= 1


@dataclass(frozen=True, slots=True)
class Layout:
    """Places of one axis for ``n`` rows.

    Attributes
    ----------
    counts : ndarray of int64, shape (n,)
        Real elements of each row.
    stored : ndarray of int64, shape (n,)
        Places of each row, padding included.
    element : ndarray of int64, shape (sum of stored,), optional
        Element at every place, -1 for padding; None if places are the elements in order.
    dense : bool
        All rows have the same number of places and are stored as one array.
    grid : Grid, optional
        Present where the places of a row are a table.
    """

    counts: Array
    stored: Array
    element: Array | None
    dense: bool
    grid: Grid | None = None

    @property
    def padding(self) -> Array:
        """Which places are padding, shape (sum of stored,)."""
        if self.element is None:
            return np.zeros(int(self.stored.sum()), dtype=bool)
        return self.element < 0

    @property
    def ends_padded(self) -> bool:
        """Whether the last place of every row is padding."""
        return self.grid is None and bool((self.stored > self.counts).all())

    def to_stored(self, values: Array, pad: object) -> Column:
        """Return the values of the elements as they stand in the file."""
        if self.element is not None:
            dtype = values.dtype
            if dtype.kind == "U":
                dtype = np.result_type(values, np.asarray([pad]))
            full = np.full((len(self.element), *values.shape[1:]), pad, dtype=dtype)
            real = self.element >= 0
            full[real] = values[self.element[real]]
            values = full
        if not self.dense:
            return Column(values, offsets=offsets_of(self.stored))
        n = len(self.stored)
        length = int(self.stored[0]) if n else 0
        return Column(values.reshape(n, length, *values.shape[1:]))

    def to_elements(self, column: Column) -> Array:
        """Return the values of the elements out of those of all places, in the order drawn."""
        data = column.data
        if column.offsets is None:
            data = data.reshape(-1, *data.shape[2:])
        if self.element is None:
            return data
        real = self.element >= 0
        values = np.empty((int(self.counts.sum()), *data.shape[1:]), dtype=data.dtype)
        values[self.element[real]] = data[real]
        return values


def dense_axis(n: int, length: int, *, reverse: bool = False) -> Layout:
    """Return the layout of an axis of fixed length."""
    counts = np.full(n, length, dtype=np.int64)
    element = None
    if reverse:
        element = np.arange(n * length).reshape(n, length)[:, ::-1].reshape(-1)
    return Layout(counts, counts, element, dense=True)


def ragged_axis(counts: Array, order: Array | None, padding: Array, *, dense: bool) -> Layout:
    """Return the layout of elements one after the other, with padding at the end of each row.

    Parameters
    ----------
    counts : ndarray of int64, shape (n,)
        Elements of each row.
    order : ndarray of int64, shape (sum of counts,), optional
        Order in which the elements are stored.
    padding : ndarray of int64, shape (n,)
        Padded places of each row.
    dense : bool
        Counts and padding make all rows equally long.
    """
    stored = counts + padding
    if not padding.any():
        return Layout(counts, stored, order, dense)
    element = np.full(int(stored.sum()), -1, dtype=np.int64)
    rank = np.arange(int(counts.sum())) - np.repeat(offsets_of(counts)[:-1], counts)
    place = np.repeat(offsets_of(stored)[:-1], counts) + rank
    element[place] = np.arange(len(rank)) if order is None else order
    return Layout(counts, stored, element, dense)


def grid_axis(
    counts: Array, labels: Array, groups: Array, spare: Array, *, tiled: bool = False
) -> Layout:
    """Return the layout of elements as a table of groups, short groups padded.

    Parameters
    ----------
    counts : ndarray of int64, shape (n, labels)
        Elements of each label in each row; elements are drawn in the order of the labels.
    labels : ndarray of int64, shape (n, g)
        Labels in the order in which their groups stand in the file; -1 for none.
    groups : ndarray of int64, shape (n,)
        How many of them each row has.
    spare : ndarray of int64, shape (n,)
        Places more than the longest group of a row needs.
    tiled : bool
        The groups are the last axis of the table.
    """
    n = len(counts)
    places = counts.max(axis=1, initial=0) + spare
    stored = groups * places
    row = np.repeat(np.arange(n), stored)
    rank = np.arange(int(stored.sum())) - np.repeat(offsets_of(stored)[:-1], stored)
    group, place = (rank % groups[row], rank // groups[row]) if tiled else divmod(rank, places[row])
    label = labels[row, group]
    first = np.zeros((n, counts.shape[1]), dtype=np.int64)
    first.reshape(-1)[1:] = np.cumsum(counts.reshape(-1))[:-1]
    element = np.where(place < counts[row, label], first[row, label] + place, -1)
    grid = Grid(groups, places, tiled, label)
    return Layout(counts.sum(axis=1), stored, element, grid.is_dense, grid)
