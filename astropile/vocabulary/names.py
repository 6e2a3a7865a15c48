"""From a meaning to its canonical name, and from a name back to a meaning."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from astropile.document import near
from astropile.errors import UsageError
from astropile.vocabulary.model import Terms

__all__ = ["canonical_name", "partial_name", "read_meaning"]

# No name of the vocabulary has nearly as many words; it bounds the search for a reading.
MAX_WORDS: Final = 12


def partial_name(terms: Terms, meaning: Mapping[str, str]) -> str:
    """Return the words that a meaning has, in canonical order: ``mag_i``."""
    quantity = meaning.get("quantity", "")
    entry = terms.quantities.get(quantity)
    order = entry.in_name if entry else list(terms.qualifiers)
    return "_".join([quantity, *(meaning[key] for key in order if key in meaning)])


def canonical_name(terms: Terms, meaning: Mapping[str, str]) -> str:
    """Return the canonical name of a complete meaning.

    Parameters
    ----------
    terms : Terms
        The vocabulary.
    meaning : mapping of str to str
        Quantity and qualifiers; attributes are left out of the name.

    Returns
    -------
    str
        ``quantity *( "_" required ) *( "_" optional )``.

    Raises
    ------
    UsageError
        If the quantity is unknown, a required qualifier is missing, or one is not of the quantity.
    """
    quantity = meaning.get("quantity", "")
    entry = terms.quantity(quantity)
    missing = [key for key in entry.requires if key not in meaning]
    foreign = set(meaning) - {"quantity", *entry.in_name, *entry.attributes}
    if missing or foreign:
        reason = f"requires {', '.join(missing)}" if missing else f"takes no {min(foreign)}"
        what = f"{partial_name(terms, meaning)!r} has no canonical name: {quantity!r} {reason}"
        allowed = dict.fromkeys((*entry.requires, *entry.in_name, *entry.attributes))
        raise UsageError(what, hint=f"it takes {', '.join(allowed) or 'none'}")
    return partial_name(terms, meaning)


def read_meaning(terms: Terms, name: str, bands: Collection[str]) -> dict[str, str] | None:
    """Read a name, its words in any order and some of them left out.

    The canonical order is tried first, so that the canonical name of a meaning is always read as
    that meaning, even where a band is called like another word. A word that is neither a band nor
    a value is taken for the missing qualifier that it resembles most, so that a check can say what
    is wrong with it.

    Parameters
    ----------
    terms : Terms
        The vocabulary.
    name : str
        ``mag_cmodel_i``, ``mag_i_cmodel``, ``mag_i``.
    bands : collection of str
        Bands of the survey.

    Returns
    -------
    dict or None
        The meaning, quantity first; None if the name does not start with a quantity, or has more
        words than the quantity takes.
    """
    words = name.split("_")
    for length in range(min(len(words), MAX_WORDS), 0, -1):
        quantity = "_".join(words[:length])
        if quantity in terms.quantities:
            reader = _Reader(terms, quantity, words[length:], bands)
            found = reader.read() if len(words) <= MAX_WORDS and "" not in words else None
            return None if found is None else {"quantity": quantity, **found}
    return None


class _Reader:
    """Search for a reading of the words behind a quantity."""

    def __init__(
        self, terms: Terms, quantity: str, words: Sequence[str], bands: Collection[str]
    ) -> None:
        self.terms = terms
        self.entry = terms.quantities[quantity]
        self.words = words
        self.bands = bands

    def read(self) -> dict[str, str] | None:
        """Return the first reading, its keys in canonical order."""
        found = self._in_order(0, self.entry.in_name)
        for unknown in range(min(len(self.words), len(self.entry.in_name)) + 1):
            if found is None:
                found = self._in_any_order(0, self.entry.in_name, unknown)
        if found is None:
            return None
        found = self._placed(found)
        return found and {key: found[key] for key in self.entry.in_name if key in found}

    def _in_order(self, start: int, keys: Sequence[str]) -> dict[str, str] | None:
        """Read a complete name in canonical order."""
        if not keys:
            return {} if start == len(self.words) else None
        key, rest = keys[0], keys[1:]
        for word, end in self._candidates(key, start):
            found = self._in_order(end, rest)
            if found is not None:
                return {key: word, **found}
        return self._in_order(start, rest) if key in self.entry.optional else None

    def _in_any_order(self, start: int, free: list[str], unknown: int) -> dict[str, str] | None:
        """Read words in any order; up to `unknown` of them fit nowhere and get a number as key."""
        if start == len(self.words):
            return {}
        for key in free:
            for word, end in self._candidates(key, start):
                rest = [other for other in free if other != key]
                found = self._in_any_order(end, rest, unknown)
                if found is not None:
                    return {key: word, **found}
        if not unknown:
            return None
        found = self._in_any_order(start + 1, free, unknown - 1)
        return None if found is None else {str(start): self.words[start], **found}

    def _candidates(self, key: str, start: int) -> Iterator[tuple[str, int]]:
        """Yield what a qualifier accepts from a place on, with the place behind it."""
        qualifier = self.terms.qualifiers[key]
        if qualifier.source == "values":
            if start < len(self.words) and qualifier.value(self.words[start]):
                yield self.words[start], start + 1
            return
        accepted = self.bands if qualifier.source == "bands" else self.terms.quantities
        for end in range(len(self.words), start, -1):
            word = "_".join(self.words[start:end])
            if word in accepted:
                yield word, end

    def _placed(self, found: dict[str, str]) -> dict[str, str] | None:
        """Give the words that fit nowhere to missing qualifiers."""
        known = {key: word for key, word in found.items() if not key.isdigit()}
        for word in (word for key, word in found.items() if key.isdigit()):
            missing = [key for key in self.entry.in_name if key not in known]
            required = [key for key in missing if key in self.entry.requires]
            similar = [key for key in missing if self._resembles(word, key)]
            bands = [key for key in required if self.terms.qualifiers[key].source == "bands"]
            places = similar or bands or required
            if not places:
                return None
            known[places[0]] = word
        return known

    def _resembles(self, word: str, key: str) -> bool:
        qualifier = self.terms.qualifiers[key]
        if word.casefold() in qualifier.hints or word in qualifier.values:
            return True
        return bool(near(word, qualifier.values))
