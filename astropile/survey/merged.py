"""Values of several surveys that become one: the surveys, and the leaf of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from astropile.schema import OBJECT_LEAVES, Block, Leaf
from astropile.schema.checks.blocks import label_leaf
from astropile.survey.request import Request

__all__ = ["OWN_KEYS", "Columns", "Merged", "Part", "label_leaves"]

#: Keys that every row has, before those asked for.
OWN_KEYS: Final = (*OBJECT_LEAVES, "survey", "row")


@dataclass(frozen=True)
class Part:
    """One of the surveys: its label in the result, and what was asked of it."""

    label: str
    request: Request

    def owns(self, prefix: str) -> bool:
        """Whether a name with this prefix is one of this survey."""
        file = self.request.schema.file
        names = (self.label, file.survey, file.about.name, *file.aliases)
        return prefix.casefold() in {name.casefold() for name in names}

    def block_leaves(self, block: Block) -> list[Leaf]:
        """Return the leaves of a block in the config."""
        addresses = self.request.resolver.index.blocks.get(block.name, ())
        return [self.request.leaves[address] for address in addresses]


@dataclass(frozen=True)
class Merged:
    """One value of the rows of the result.

    Attributes
    ----------
    key : str
        ``redshift_spec``, or ``spectrum.flux`` for a field of a block.
    leaves : tuple of Leaf or None
        What it is in each survey; None where a survey lacks it.
    is_label : bool
        It came along to name the places of an axis; nobody asked for it.
    """

    key: str
    leaves: tuple[Leaf | None, ...]
    is_label: bool = False

    @property
    def known(self) -> list[tuple[int, Leaf]]:
        """The surveys that have it, by number, with its leaf there."""
        return [(number, leaf) for number, leaf in enumerate(self.leaves) if leaf is not None]


#: Key of a row -> a value, or the fields of a block by their keys.
Columns: TypeAlias = "dict[str, Merged | dict[str, Merged]]"


def label_leaves(part: Part, leaf: Leaf) -> dict[str, Leaf | None]:
    """Return the labelled axes of a leaf, each with the field that says which label is where."""
    block = part.request.schema.blocks.get(leaf.block)
    if block is None:
        return {}
    fields = part.block_leaves(block)
    return {axis: label_leaf(axis, fields) for axis in leaf.axes if block.axes[axis].labels}
