"""Elements along the axes of a block: how many each object has, and which label is which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from astropile.expression import Call, Expr, LiteralList, walk
from astropile.readers.column import Array, offsets_of
from astropile.schema import Block, Leaf
from astropile.testing.objects import Objects

__all__ = ["Elements", "attainable", "draw_elements", "grid_function"]

#: Fewest and most elements of an axis whose length differs by object.
_LENGTHS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"spectrum": (150, 401), "lightcurve": (20, 61), "cube": (8, 25), "image": (2, 6)}
)
_OTHER_LENGTHS = (1, 9)
#: Fewest and most epochs in one band.
EPOCHS = (3, 12)
LABEL_FRACTION = 0.7
#: One object of so many has no elements, where an axis is padded.
EMPTY_EVERY, EMPTY_FIRST = 40, 17


@dataclass(frozen=True, slots=True)
class Elements:
    """Elements of one axis, object after object.

    Attributes
    ----------
    counts : ndarray of int64, shape (n,)
    row, place : ndarray of int64, shape (sum of counts,)
        Object of each element, and its number in the object.
    labels : tuple of str
        Names that elements can have; empty if they have none.
    label : ndarray of int64, shape (sum of counts,), optional
        Number of each element's label.
    label_counts : ndarray of int64, shape (n, labels), optional
        Elements of each label, where a label can have several.
    """

    counts: Array
    row: Array
    place: Array
    labels: tuple[str, ...] = ()
    label: Array | None = None
    label_counts: Array | None = None


def _elements(counts: Array, labels: tuple[str, ...] = (), label: Array | None = None) -> Elements:
    row = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(row)) - np.repeat(offsets_of(counts)[:-1], counts)
    return Elements(counts, row, place, labels, label)


def draw_elements(
    block: Block,
    axis: str,
    objects: Objects,
    rng: np.random.Generator,
    *,
    labels: tuple[str, ...] = (),
    equal: bool = False,
    padded: bool = False,
    uniform: bool = False,
) -> Elements:
    """Draw the elements of an axis.

    Parameters
    ----------
    block : Block
        The modality.
    axis : str
        One of its axes.
    objects : Objects
        The objects to draw.
    rng : Generator
        Source of randomness.
    labels : tuple of str
        Names of which each can have several elements: the bands of a light curve.
    equal : bool
        The file cannot hold rows of different length.
    padded : bool
        The file holds padding, so that a row may be empty.
    uniform : bool
        All labels of an object have as many elements.
    """
    n = len(objects)
    declared = block.axes[axis].labels
    if not block.is_ragged(axis):
        length = block.length(axis) or 0
        label = np.tile(np.arange(length), n) if declared else None
        return _elements(np.full(n, length, dtype=np.int64), declared, label)
    empty = np.zeros(n, dtype=bool)
    if padded and block.kind not in ("spectrum", "image"):
        empty = objects.number % EMPTY_EVERY == EMPTY_FIRST
    if declared:
        present = rng.random((1 if equal else n, len(declared))) < LABEL_FRACTION
        present[~present.any(axis=1), 0] = True
        present = np.broadcast_to(present, (n, len(declared)))
        return _elements(present.sum(axis=1), declared, np.nonzero(present)[1])
    if labels:
        return _labelled(n, labels, rng, empty, equal=equal, uniform=uniform)
    low, high = _LENGTHS.get(block.kind, _OTHER_LENGTHS)
    counts = rng.integers(low, high, 1 if equal else n)
    return _elements(np.where(empty, 0, counts))


def _labelled(
    n: int,
    labels: tuple[str, ...],
    rng: np.random.Generator,
    empty: Array,
    *,
    equal: bool,
    uniform: bool,
) -> Elements:
    """Draw a few elements for most of the labels."""
    counts = rng.integers(*EPOCHS, (1 if equal else n, len(labels)))
    if uniform:
        counts = np.full_like(counts, EPOCHS[0])
    present = rng.random((1 if equal else n, 1 if uniform and equal else len(labels)))
    counts = np.where(present < LABEL_FRACTION, counts, 0)
    counts[~counts.any(axis=1), 0] = EPOCHS[0]
    counts = np.where(empty[:, None], 0, np.broadcast_to(counts, (n, len(labels))))
    label = np.repeat(np.tile(np.arange(len(labels)), n), counts.reshape(-1))
    found = _elements(counts.sum(axis=1), labels, label)
    return Elements(found.counts, found.row, found.place, labels, label, counts)


def grid_function(expr: Expr) -> str:
    """Return ``repeat`` or ``tile`` if an expression makes the labels of a table, else nothing."""
    functions = [node.function for node in walk(expr) if isinstance(node, Call)]
    return next((name for name in functions if name in ("repeat", "tile")), "")


def attainable(
    leaf: Leaf, expr: Expr, lookups: Mapping[str, Mapping[str, object]], bands: Iterable[str]
) -> tuple[str, ...]:
    """Return the labels that an expression can give, in the order of the bands."""
    known = tuple(map(str, leaf.field.enum)) or tuple(bands)
    for node in walk(expr):
        if isinstance(node, Call) and node.function == "lookup":
            name = getattr(node.arguments[1], "text", getattr(node.arguments[1], "value", ""))
            values = dict.fromkeys(str(value) for value in lookups[str(name)].values())
            return tuple(v for v in known if v in values) or tuple(values)
        if isinstance(node, LiteralList):
            return tuple(str(item.value) for item in node.items)
    return known
