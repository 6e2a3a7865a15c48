"""Values that were drawn before, for another source: the same objects in another container."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from astropile.readers import Column
from astropile.readers.column import Array, offsets_of
from astropile.schema import Block, Leaf
from astropile.survey import Survey
from astropile.testing.elements import Elements
from astropile.testing.finishing import Binding

__all__ = ["Given", "leaves_in_memory"]


def leaves_in_memory(survey: Survey) -> dict[str, Column]:
    """Return every leaf that the files of a survey hold, a row an object.

    Refused rows are left out, as everywhere.
    """
    run = survey.request.run(survey.schema.leaves_of(survey.config))
    batches = list(run.batches(index=survey.row_index))
    return {
        address: Column.concatenate([batch.columns[address] for batch in batches])
        for address in (batches[0].columns if batches else ())
    }


@dataclass(frozen=True, slots=True)
class Given:
    """Leaves of objects that exist already.

    Attributes
    ----------
    leaves : mapping of str to Column
        Leaves by address, a row an object.
    place : ndarray of int64
        Row of each object, by its number.
    """

    leaves: Mapping[str, Column]
    place: Array
    _known: dict[str, Column] = field(default_factory=dict)

    def has(self, address: str) -> bool:
        """Whether the values of a leaf are given."""
        return address in self.leaves

    def column(self, address: str, numbers: Array) -> Column:
        """Return a leaf for some objects."""
        if address not in self._known:
            self._known[address] = self.leaves[address]
        return self._known[address].take(self.place[numbers])

    def scalar(self, binding: Binding, numbers: Array) -> Column:
        """Return the bound values of a leaf without axes.

        What is null becomes a sentinel that the leaf has in every source, else NaN, else null.
        """
        column, leaf = self.column(binding.leaf.address, numbers), binding.leaf
        data, null = column.data, column.null
        if data.dtype.kind == "U" and binding.stored != "string":
            data = data.astype(binding.stored)
        data = np.asarray(binding.bound(data))
        if null is None or not null.any():
            return Column(data)
        text = data.dtype.kind == "U"
        sentinels = [s for s in leaf.field.missing if isinstance(s, str) == text]
        if sentinels and binding.is_plain:
            wide = data.astype(np.result_type(data, np.array(sentinels[:1]))) if text else data
            return Column(np.where(null, np.array(sentinels[0], dtype=wide.dtype), wide))
        if data.dtype.kind == "f":
            return Column(np.where(null, np.nan, data).astype(data.dtype))
        return Column(data, null=null)

    def array(self, leaf: Leaf, numbers: Array) -> Array:
        """Return the values of a leaf for all elements of its first axis, object after object."""
        column = self.column(leaf.address, numbers)
        if column.offsets is None:
            return column.data.reshape(-1, *column.data.shape[2:])
        return column.data

    def elements(
        self,
        block: Block,
        axis: str,
        leaves: Sequence[Leaf],
        numbers: Array,
        *,
        label_leaf: str | None,
        labels: tuple[str, ...],
    ) -> Elements | None:
        """Return the elements of an axis from leaves along it; None if none of them is given."""
        along = {leaf.address: leaf for leaf in leaves if self.has(leaf.address)}
        if not along:
            return None
        counts = self.column(next(iter(along)), numbers).counts
        row = np.repeat(np.arange(len(counts)), counts)
        place = np.arange(len(row)) - np.repeat(offsets_of(counts)[:-1], counts)
        found = Elements(counts, row, place)
        labels = block.axes[axis].labels or labels
        if label_leaf is None or label_leaf not in along:
            if not block.is_ragged(axis) and block.axes[axis].labels:
                return replace(found, labels=labels, label=place)
            return found
        words = self.array(along[label_leaf], numbers)
        labels = tuple(dict.fromkeys([*labels, *np.unique(words).tolist()]))
        label = np.argmax(words[:, None] == np.array(labels), axis=1)
        found = replace(found, labels=labels, label=label)
        is_grouped = ((np.diff(label) >= 0) | (np.diff(row) > 0)).all()
        if block.axes[axis].labels or not is_grouped:
            return found
        per_label = np.bincount(row * len(labels) + label, minlength=len(counts) * len(labels))
        return replace(found, label_counts=per_label.reshape(len(counts), len(labels)))
