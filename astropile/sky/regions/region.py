"""What every region can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from astropile.errors import UsageError
from astropile.sky.positions import Floats, read_positions

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Region", "finite", "in_ranges", "overlap", "positions"]


class Region(Protocol):
    """A part of the sky. Regions are values: equal if they were asked for in the same way."""

    @property
    def key(self) -> str:
        """Text that tells the region from every other."""

    def ranges(self) -> NDArray[np.int64]:
        """Return pixels that hold the region: half-open ranges of nested order 29, shape (n, 2).

        Ascending and apart. Every position of the region is in them; some others are, too.
        """

    def contains(self, ra_deg: Any, dec_deg: Any) -> NDArray[np.bool_]:
        """Return which positions are in the region; a null position is not."""


def positions(ra_deg: Any, dec_deg: Any) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return positions in degrees, and which are on the sky; the others are set to 0, 0."""
    ra, dec = read_positions(ra_deg, dec_deg)
    known = np.isfinite(ra) & (np.abs(dec) <= 90.0)
    if known.all():
        return ra, dec, known
    return np.where(known, ra, 0.0), np.where(known, dec, 0.0), known


def finite(value: Any, name: str, unit: str = "deg") -> float:
    """Return one angle in a unit.

    Raises
    ------
    UsageError
        It is no finite number and no Quantity of an angle.
    """
    hint = f"give a number in {unit}, or a Quantity of an angle"
    try:
        angle = float(value.to_value(unit) if hasattr(value, "to_value") else value)
    except (TypeError, ValueError) as error:
        msg = f"{name}={value!r} is no angle: {error}"
        raise UsageError(msg, hint=hint) from None
    if isinstance(value, bool | str) or not np.isfinite(angle):
        msg = f"{name}={value!r} is no angle"
        raise UsageError(msg, hint=hint)
    return angle


def in_ranges(pixels: Any, ranges: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which pixels are in one of several half-open ranges, ascending and apart.

    Examples
    --------
    >>> in_ranges(np.array([1, 4, 9]), np.array([[0, 2], [9, 12]])).tolist()
    [True, False, True]
    """
    if not len(ranges):
        return np.zeros(len(pixels), dtype=bool)
    place = np.searchsorted(ranges[:, 1], pixels, side="right")
    found = np.minimum(place, len(ranges) - 1)
    return np.asarray((place < len(ranges)) & (ranges[found, 0] <= pixels))


def overlap(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what two sets of ranges have in common.

    Examples
    --------
    >>> overlap(np.array([[0, 5], [8, 9]]), np.array([[3, 10]])).tolist()
    [[3, 5], [8, 9]]
    """
    edges = np.unique(np.concatenate([first.ravel(), second.ravel()]))
    if not len(edges):
        return np.empty((0, 2), dtype=np.int64)
    starts, ends = edges[:-1], edges[1:]
    kept = in_ranges(starts, first) & in_ranges(starts, second)
    return joined(np.stack([starts[kept], ends[kept]], axis=1))


def joined(ranges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return sorted ranges with those that touch or overlap made one."""
    if not len(ranges):
        return np.empty((0, 2), dtype=np.int64)
    ranges = ranges[np.argsort(ranges[:, 0], kind="stable")]
    ends = np.maximum.accumulate(ranges[:, 1])
    first = np.concatenate([[True], ranges[1:, 0] > ends[:-1]])
    last = np.concatenate([first[1:], [True]])
    return np.stack([ranges[first, 0], ends[last]], axis=1)
