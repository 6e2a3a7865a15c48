"""All names of the leaves of one config, and which leaves some words could mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Final, Literal, TypeAlias

from astropile.schema.facts import meaning_of
from astropile.schema.leaves import Leaf
from astropile.schema.survey_schema import SurveySchema
from astropile.vocabulary import Quantity, Vocabulary, load_vocabulary

__all__ = ["MODIFIERS", "NameIndex"]

Listed: TypeAlias = Literal["original", "canonical", "alias"]

#: Qualifiers that make another column about the same measurement: no default ever adds them.
MODIFIERS: Final = frozenset({"correction", "with", "stat"})


def modifiers_of(meaning: Mapping[str, str]) -> dict[str, str]:
    """Return the part of a meaning that says error, correction and the like."""
    return {key: word for key, word in meaning.items() if key in MODIFIERS}


class NameIndex:
    """The names of the leaves and blocks of one config.

    Parameters
    ----------
    schema : SurveySchema
        The checked survey.
    config : str or None
        Name or alias of a config; None for the default.

    Attributes
    ----------
    leaves : mapping of str to Leaf
        Leaves of the config by address, in declared order.
    blocks : mapping of str to tuple of str
        Addresses of the leaves of each block that exists in the config.
    """

    def __init__(self, schema: SurveySchema, config: str | None) -> None:
        self.schema = schema
        self.config = schema.config_name(config)
        self.leaves: Mapping[str, Leaf] = schema.leaves_of(self.config)
        self.original = {address: address for address in self.leaves}
        self.canonical: dict[str, str] = {}
        self.alias: dict[str, str] = {}
        blocks: dict[str, list[str]] = {}
        for address, leaf in self.leaves.items():
            is_flat = bool(leaf.block) and schema.blocks[leaf.block].modality.flat
            if leaf.block:
                blocks.setdefault(leaf.block, []).append(address)
            if is_flat:
                self.original.setdefault(leaf.name, address)
            if leaf.canonical:
                self.canonical.setdefault(leaf.canonical, address)
            prefix = f"{leaf.block}." if leaf.block and not is_flat else ""
            for alias in leaf.field.aliases:
                self.alias.setdefault(prefix + alias, address)
        self.blocks: Mapping[str, tuple[str, ...]] = {b: tuple(a) for b, a in blocks.items()}

    @property
    def vocabulary(self) -> Vocabulary:
        """The words that canonical names are made of."""
        return load_vocabulary()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of a leaf that is accepted as it stands, original names first."""
        return tuple(dict.fromkeys((*self.original, *self.canonical, *self.alias)))

    def find(self, name: str) -> tuple[Leaf, Listed] | None:
        """Return the leaf of a name that is accepted as it stands, and which of its names it is."""
        if name in self.original:
            return self.leaves[self.original[name]], "original"
        if name in self.canonical:
            return self.leaves[self.canonical[name]], "canonical"
        if name in self.alias:
            return self.leaves[self.alias[name]], "alias"
        return None

    def read(self, name: str) -> dict[str, str] | None:
        """Read the words of a name as a meaning; None if they are none."""
        return self.vocabulary.read_name(name, bands=self.schema.bands)

    def quantity(self, meaning: Mapping[str, str]) -> Quantity:
        """Return the quantity of a meaning."""
        return self.vocabulary.quantities[meaning["quantity"]]

    def is_complete(self, meaning: Mapping[str, str]) -> bool:
        """Whether a meaning has every qualifier that its quantity requires."""
        return all(key in meaning for key in self.quantity(meaning).requires)

    def of_meaning(self, meaning: Mapping[str, str]) -> Leaf | None:
        """Return the leaf with exactly this meaning."""
        if not self.is_complete(meaning):
            return None
        address = self.canonical.get(self.vocabulary.canonical(meaning))
        return None if address is None else self.leaves[address]

    @cached_property
    def by_quantity(self) -> dict[str, list[Leaf]]:
        """Leaves with a canonical name by quantity, plain values before errors and the like."""
        found: dict[str, list[Leaf]] = {}
        for leaf in self.leaves.values():
            if leaf.canonical:
                found.setdefault(meaning_of(leaf)["quantity"], []).append(leaf)
        for leaves in found.values():
            leaves.sort(key=lambda leaf: len(modifiers_of(meaning_of(leaf))))
        return found

    def short_for(self, meaning: Mapping[str, str]) -> list[Leaf]:
        """Return the leaves that a meaning without some of its qualifiers could stand for."""
        leaves = self.by_quantity.get(meaning["quantity"], [])
        if self.is_complete(meaning):
            # A complete name is no short form of its error: only of one measured in another way.
            mine = modifiers_of(meaning)
            return [
                leaf
                for leaf in leaves
                if meaning.items() <= meaning_of(leaf).items()
                and modifiers_of(meaning_of(leaf)) == mine
            ]
        words = _words(meaning)
        return [leaf for leaf in leaves if words <= self._words_in_name(leaf)]

    def closest(self, meaning: Mapping[str, str]) -> tuple[int, list[Leaf]]:
        """Return how many words the leaves that fit best share with a meaning, and these leaves."""
        leaves = self.by_quantity.get(meaning["quantity"], [])
        words, mine = _words(meaning), modifiers_of(meaning)
        shared = [(words & self._words_in_name(leaf)).total() for leaf in leaves]
        best = max(shared, default=0)
        found = [leaf for leaf, count in zip(leaves, shared, strict=True) if count == best]
        return best, [f for f in found if modifiers_of(meaning_of(f)) == mine] or found

    def _words_in_name(self, leaf: Leaf) -> Counter[str]:
        meaning = meaning_of(leaf)
        return Counter(meaning[key] for key in self.quantity(meaning).in_name if key in meaning)


def _words(meaning: Mapping[str, str]) -> Counter[str]:
    return Counter(word for key, word in meaning.items() if key != "quantity")
