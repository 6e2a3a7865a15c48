"""Windows of images: where they lie, and their pixels, for many positions at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from astropile.readers._fits_wcs import SkyGrid
from astropile.readers.column import Array, Column

# What is decompressed in one piece; a batch of windows may need many.
_PIECE_BYTES: Final = 64 * 2**20

Section: TypeAlias = Callable[[tuple[slice, ...]], Array]


@dataclass(frozen=True, slots=True)
class Windows:
    """Where windows of one size lie in an image of shape ``shape`` (ny, nx).

    Attributes
    ----------
    y, x : ndarray of int64, shape (n,)
        First pixel of each window, counted from 0; also outside of the image.
    known : ndarray of bool, shape (n,)
        False where the window has no place at all.
    size, shape : tuple of int
        Pixels (ny, nx) of a window, and of the image.
    """

    y: Array
    x: Array
    known: Array
    size: tuple[int, int]
    shape: tuple[int, int]

    def whole(self) -> Array:
        """Return which windows lie wholly inside of the image."""
        (ny, nx), (height, width) = self.size, self.shape
        fits = (self.y >= 0) & (self.y + ny <= height) & (self.x >= 0) & (self.x + nx <= width)
        return np.asarray(fits & self.known)

    def touching(self) -> Array:
        """Return which windows have at least one pixel of the image."""
        (ny, nx), (height, width) = self.size, self.shape
        some = (self.y < height) & (self.y + ny > 0) & (self.x < width) & (self.x + nx > 0)
        return np.asarray(some & self.known)

    def inside(self) -> Array:
        """Return which pixels lie in the image, shape (n, ny, nx)."""
        rows, columns = self._numbers()
        by_row = (rows >= 0) & (rows < self.shape[0]) & self.known[:, None]
        by_column = (columns >= 0) & (columns < self.shape[1])
        return np.asarray(by_row[:, :, None] & by_column[:, None, :])

    def take(self, rows: Array) -> Windows:
        """Return some of the windows."""
        return replace(self, y=self.y[rows], x=self.x[rows], known=self.known[rows])

    def within(self, y: slice, x: slice) -> Windows:
        """Return the same windows of a section of the image."""
        shape = (y.stop - y.start, x.stop - x.start)
        return replace(self, y=self.y - y.start, x=self.x - x.start, shape=shape)

    def cut(self, image: Array) -> Array:
        """Return the pixels of windows; those outside of the image are any of it.

        Parameters
        ----------
        image : ndarray
            Shape (..., *shape), not empty.

        Returns
        -------
        ndarray
            Shape (n, ..., ny, nx).
        """
        lead = image.shape[:-2]
        pixels = np.empty((len(self.y), *lead, *self.size), dtype=image.dtype)
        whole = self.whole()
        if whole.any():
            views = sliding_window_view(image, self.size, axis=(-2, -1))
            found = views[..., self.y[whole], self.x[whole], :, :]
            pixels[whole] = np.moveaxis(found, -3, 0)
        if not whole.all():
            rows, columns = self.take(~whole)._numbers()
            y = np.clip(rows, 0, self.shape[0] - 1)[:, :, None]
            x = np.clip(columns, 0, self.shape[1] - 1)[:, None, :]
            pixels[~whole] = np.moveaxis(image[..., y, x], -3, 0)
        return pixels

    def _numbers(self) -> tuple[Array, Array]:
        """Return the rows, shape (n, ny), and columns, shape (n, nx), of the image."""
        ny, nx = self.size
        return self.y[:, None] + np.arange(ny), self.x[:, None] + np.arange(nx)


def place_windows(
    grid: SkyGrid, shape: tuple[int, int], ra_deg: Array, dec_deg: Array, size: tuple[int, int]
) -> Windows:
    """Return windows whose pixel ``(ny // 2, nx // 2)`` holds the position.

    Parameters
    ----------
    grid : SkyGrid
        Where the pixels of the image are.
    shape : tuple of int
        Pixels (ny, nx) of the image.
    ra_deg, dec_deg : ndarray of float64, shape (n,)
        ICRS degrees.
    size : tuple of int
        Pixels (ny, nx) of a window.
    """
    y, x, known = grid.pixels(ra_deg, dec_deg)
    return Windows(y - size[0] // 2, x - size[1] // 2, known, size, shape)


def read_sections(
    windows: Windows,
    section: Section,
    lead: tuple[int, ...],
    dtype: np.dtype[Any],
    *,
    by_column: bool,
) -> Array:
    """Return the pixels of windows (as `Windows.cut`) of an image that is read in sections.

    Windows that lie beside each other are read together, in pieces of limited size: neither the
    image nor a tile that no window needs is read.

    Parameters
    ----------
    windows : Windows
        All of them touch the image.
    section : callable
        From slices of all axes to pixels.
    lead : tuple of int
        Axes of the image before the last two.
    dtype : dtype
        Of pixels as stored.
    by_column : bool
        Whether parts of a row can be read without the rest of it.
    """
    whole = tuple(slice(0, length) for length in lead)
    (height, width), (ny, nx) = windows.shape, windows.size
    planes = int(np.prod(lead, dtype=np.int64)) * dtype.itemsize
    pixels = np.empty((len(windows.y), *lead, ny, nx), dtype=dtype.newbyteorder("="))
    for band in _runs(windows.y, ny, _PIECE_BYTES // max(planes * width, 1)):
        most = _PIECE_BYTES // max(planes * ny, 1)
        runs = _runs(windows.x[band], nx, most) if by_column else iter([np.arange(len(band))])
        for run in runs:
            rows = band[run]
            y = _extent(windows.y[rows], ny, height)
            x = _extent(windows.x[rows], nx, width)
            pixels[rows] = windows.take(rows).within(y, x).cut(section((*whole, y, x)))
    return pixels


def fill_outside(values: Column, windows: Windows, rows: Array) -> Column:
    """Return windows of all positions: NaN (0 in integers) where there is no pixel of the image.

    Parameters
    ----------
    values : Column
        Windows of the positions ``rows``, shape (k, ..., ny, nx).
    windows : Windows
        Where all ``n`` windows lie.
    rows : ndarray of int64, shape (k,)
        Positions whose windows touch the image.
    """
    data, holes, n = values.data, values.holes, len(windows.y)
    if len(rows) < n:
        data = np.zeros((n, *values.data.shape[1:]), dtype=values.data.dtype)
        data[rows] = values.data
        if holes is not None:
            holes = np.zeros(data.shape, dtype=bool)
            holes[rows] = values.holes
    cut = np.flatnonzero(~windows.whole())
    inside = windows.take(cut).inside().reshape(len(cut), *[1] * (data.ndim - 3), *windows.size)
    none = data.dtype.type(np.nan if data.dtype.kind in "fc" else 0)
    data[cut] = np.where(inside, data[cut], none)
    if holes is not None:
        holes[cut] &= inside
    return Column(data, holes=holes)


def _extent(first: Array, length: int, end: int) -> slice:
    """Return what windows of a length cover of an axis that ends at ``end``."""
    return slice(max(int(first.min()), 0), min(int(first.max()) + length, end))


def _runs(first: Array, length: int, most: int) -> Iterator[Array]:
    """Yield groups of windows that overlap along an axis, of which none is long.

    Parameters
    ----------
    first : ndarray of int64
        Where each window begins.
    length : int
        Its length.
    most : int
        Places of the axis that a group may span, beyond one window.
    """
    if not len(first):
        return
    order = np.argsort(first, kind="stable")
    sorted_first = first[order]
    gap = np.diff(sorted_first, prepend=sorted_first[:1]) > length
    start = sorted_first[np.maximum.accumulate(np.where(gap, np.arange(len(order)), 0))]
    span = (sorted_first - start) // max(most, 1)
    cuts = np.flatnonzero(gap | (np.diff(span, prepend=span[:1]) != 0))
    yield from np.split(order, cuts)
