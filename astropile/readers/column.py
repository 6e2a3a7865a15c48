"""The columnar value that flows from a reader to Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, TypeAlias

import numpy as np

__all__ = ["Array", "Column", "Rows"]

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Rows: TypeAlias = slice | Array


@dataclass(frozen=True, slots=True)
class Column:
    """Values of one cell or leaf for ``n`` rows, in one of three forms.

    ========  ==========================  ====================================
    form      ``data``                    a row's array
    ========  ==========================  ====================================
    dense     ``[n, ...]``                ``data[i]``
    ragged    ``[total, ...]``            ``data[offsets[i]:offsets[i + 1]]``
    jagged    ``[total]``                 the same, then ``reshape(shapes[i])``
    ========  ==========================  ====================================

    Jagged columns come from files that are one row each and whose arrays differ in shape.

    Attributes
    ----------
    data : ndarray
        Native byte order; text is ``U``, never bytes or objects.
    offsets : ndarray of int64, shape (n + 1,), optional
        Present for ragged and jagged columns; starts at 0.
    shapes : ndarray of int64, shape (n, k), optional
        Present for jagged columns.
    null : ndarray of bool, shape (n,), optional
        True where the row has no value; what ``data`` holds there means nothing.
    holes : ndarray of bool, shape data.shape, optional
        True where an element of an array has no value (integers and text; floats use NaN).

    Examples
    --------
    >>> spectra = Column.pack([np.zeros(2), np.ones(3)])
    >>> len(spectra), spectra.offsets.tolist(), spectra.counts.tolist()
    (2, [0, 2, 5], [2, 3])
    >>> spectra.take(np.array([1])).data.tolist()
    [1.0, 1.0, 1.0]
    """

    data: Array
    offsets: Array | None = None
    shapes: Array | None = None
    null: Array | None = None
    holes: Array | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.data) if self.offsets is None else len(self.offsets) - 1

    @property
    def ndim(self) -> int:
        """Number of axes of one row (0 for a scalar)."""
        if self.shapes is not None:
            return int(self.shapes.shape[1])
        return self.data.ndim - 1 if self.offsets is None else self.data.ndim

    @property
    def counts(self) -> Array:
        """Length of the first axis of each row, shape (n,)."""
        if self.shapes is not None:
            return np.asarray(self.shapes[:, 0])
        if self.offsets is not None:
            return np.diff(self.offsets)
        return np.full(len(self), self.data.shape[1], dtype=np.int64)

    def take(self, rows: Rows) -> Column:
        """Return the rows named by a slice, a mask or row numbers, in that order."""
        null = None if self.null is None else self.null[rows]
        if self.offsets is None:
            holes = None if self.holes is None else self.holes[rows]
            return replace(self, data=self.data[rows], null=null, holes=holes)
        numbers = np.arange(len(self))[rows]
        counts = np.diff(self.offsets)[numbers]
        offsets = offsets_of(counts)
        elements = np.repeat(self.offsets[numbers] - offsets[:-1], counts) + np.arange(offsets[-1])
        return Column(
            data=self.data[elements],
            offsets=offsets,
            shapes=None if self.shapes is None else self.shapes[numbers],
            null=null,
            holes=None if self.holes is None else self.holes[elements],
        )

    @staticmethod
    def pack(arrays: Sequence[Array]) -> Column:
        """Make a column of one array a row: dense if all shapes agree, else ragged or jagged.

        Raises
        ------
        ValueError
            The arrays differ in rank.
        """
        shapes = {array.shape for array in arrays}
        if len(shapes) <= 1:
            return Column(np.stack(arrays) if arrays else np.empty(0))
        ranks = {len(shape) for shape in shapes}
        if len(ranks) != 1:
            msg = f"arrays of different rank cannot share a column: {sorted(ranks)} axes"
            raise ValueError(msg)
        if len({shape[1:] for shape in shapes}) == 1:
            return Column(np.concatenate(arrays), offsets=offsets_of([len(a) for a in arrays]))
        return Column(
            np.concatenate([array.reshape(-1) for array in arrays]),
            offsets=offsets_of([array.size for array in arrays]),
            shapes=np.array([array.shape for array in arrays], dtype=np.int64),
        )

    @staticmethod
    def concatenate(columns: Sequence[Column]) -> Column:
        """Join columns along the rows; columns of different form or shape become ragged or jagged.

        A column without rows has no say in the form, nor has a ragged one without elements in
        the shape of an element.

        Raises
        ------
        ValueError
            There is no column, or the rows differ in rank.
        """
        if not columns:
            msg = "no columns to join"
            raise ValueError(msg)
        columns = _alike([c for c in columns if len(c)] or columns[:1])
        if len(columns) == 1:
            return columns[0]
        shapes = [c.shapes for c in columns if c.shapes is not None]
        lengths = [np.diff(c.offsets) for c in columns if c.offsets is not None]
        return Column(
            joined([c.data for c in columns]),
            offsets=offsets_of(np.concatenate(lengths)) if lengths else None,
            shapes=np.concatenate(shapes) if shapes else None,
            null=_join_masks([(c.null, (len(c),)) for c in columns]),
            holes=_join_masks([(c.holes, c.data.shape) for c in columns]),
        )

    def ragged(self) -> Column:
        """Return the same rows with offsets (a view where the column is dense)."""
        if self.offsets is not None:
            return self
        if self.ndim == 0:
            msg = "a scalar column has no axis that could be ragged"
            raise ValueError(msg)
        n, length, *inner = self.data.shape
        shape = (n * length, *inner)
        return Column(
            self.data.reshape(shape),
            offsets=np.arange(n + 1, dtype=np.int64) * length,
            null=self.null,
            holes=None if self.holes is None else self.holes.reshape(shape),
        )

    def jagged(self) -> Column:
        """Return the same rows with flat data and a shape a row."""
        if self.shapes is not None:
            return self
        ragged = self.ragged()
        inner = ragged.data.shape[1:]
        counts = ragged.counts
        shapes = np.empty((len(counts), 1 + len(inner)), dtype=np.int64)
        shapes[:, 0] = counts
        shapes[:, 1:] = inner
        return Column(
            ragged.data.reshape(-1),
            offsets=offsets_of(counts * prod(inner)),
            shapes=shapes,
            null=self.null,
            holes=None if ragged.holes is None else ragged.holes.reshape(-1),
        )

    def as_row(self) -> Column:
        """Return all rows as the array of one row, as ``rows: file`` needs it.

        Rows without a value become NaN in float arrays and holes in all others.

        Raises
        ------
        ValueError
            Lengths differ by row: there would be two ragged axes in one row.
        """
        if self.offsets is not None:
            lengths = self.counts if self.shapes is None else self.shapes
            if len(np.unique(lengths, axis=0)) > 1:
                msg = "rows of different length cannot be the array of one row"
                raise ValueError(msg)
            return self._unragged().as_row()
        data, holes = self.data, self.holes
        if self.null is not None and self.null.any():
            null = np.empty(data.shape, dtype=bool)
            null.T[...] = self.null
            if data.dtype.kind in "fc":
                data = np.where(null, data.dtype.type(np.nan), data)
            else:
                holes = null if holes is None else holes | null
        return Column(data[None], holes=None if holes is None else holes[None])

    def spread(self, n: int) -> Column:
        """Return a column of one row as ``n`` equal rows, without a copy of its data."""
        if self.offsets is not None:
            return self._unragged().spread(n)
        shape = (n, *self.data.shape[1:])
        return Column(
            np.broadcast_to(self.data, shape),
            null=None if self.null is None else np.broadcast_to(self.null, (n,)),
            holes=None if self.holes is None else np.broadcast_to(self.holes, shape),
        )

    def _unragged(self) -> Column:
        """Return rows of equal shape, which are stored as ragged or jagged, as dense ones."""
        n = len(self)
        inner = self.shapes[0] if self.shapes is not None else self.data.shape[1:]
        first = () if self.shapes is not None else (int(self.counts[0]) if n else 0,)
        shape = (n, *first, *inner)
        holes = None if self.holes is None else self.holes.reshape(shape)
        return Column(self.data.reshape(shape), null=self.null, holes=holes)


def offsets_of(counts: Sequence[int] | Array) -> Array:
    """Return where each of consecutive runs starts, and the end, from their lengths.

    Examples
    --------
    >>> offsets_of([2, 0, 3]).tolist()
    [0, 2, 2, 5]
    """
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def joined(arrays: Sequence[Array]) -> Array:
    """Put arrays below one another; whole numbers stay whole where one of them may be negative.

    Examples
    --------
    >>> joined([np.array([2**62 + 1]), np.array([7], dtype="u8")]).tolist()
    [4611686018427387905, 7]
    """
    kinds = {array.dtype.kind for array in arrays}
    if kinds == {"i", "u"} and np.result_type(*arrays).kind == "f":
        # numpy would make float64 of them, which does not tell ids of 19 digits apart.
        largest = max(int(array.max(initial=0)) for array in arrays)
        whole = "i8" if largest <= np.iinfo("i8").max else "u8"
        if whole == "i8" or all(array.min(initial=0) >= 0 for array in arrays):
            arrays = [array.astype(whole) for array in arrays]
    return np.concatenate(arrays)


def _alike(columns: Sequence[Column]) -> Sequence[Column]:
    """Bring columns to the simplest form that all of them have."""
    if len({c.ndim for c in columns}) > 1:
        msg = f"rows of different rank cannot share a column: {sorted({c.ndim for c in columns})}"
        raise ValueError(msg)
    if all(c.offsets is None for c in columns) and len({c.data.shape[1:] for c in columns}) == 1:
        return columns
    columns = [c.ragged() for c in columns]
    inner = {c.data.shape[1:] for c in columns if len(c.data)} or {columns[0].data.shape[1:]}
    if len(inner) > 1 or any(c.shapes is not None for c in columns):
        return [c.jagged() for c in columns]
    (shape,) = inner
    return [c if len(c.data) else _without_elements(c, shape) for c in columns]


def _without_elements(column: Column, inner: tuple[int, ...]) -> Column:
    """Return a ragged column of empty rows with another shape of an element."""
    data = np.empty((0, *inner), dtype=column.data.dtype)
    return replace(column, data=data, holes=None)


def _join_masks(masks: list[tuple[Array | None, tuple[int, ...]]]) -> Array | None:
    """Concatenate optional masks; an absent one is all False."""
    if all(mask is None for mask, _ in masks):
        return None
    return np.concatenate(
        [np.zeros(shape, dtype=bool) if mask is None else mask for mask, shape in masks]
    )
