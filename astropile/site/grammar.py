"""The tables of the page on names: which qualifiers a quantity takes, and their values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from astropile.site.markup import code, codes, link, prose, raw, table
from astropile.vocabulary import Quantity, Vocabulary

__all__ = ["qualifiers_table", "quantities_table"]

#: Longer lists of values are folded.
_LONGEST: Final = 16


def quantities_table(vocabulary: Vocabulary) -> str:
    """Return the qualifiers of all quantities, those that take the same ones in a row."""
    alike: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for name, entry in vocabulary.quantities.items():
        alike.setdefault(_grammar(entry), []).append(name)
    rows = [
        (
            " ".join(link(f"quantities/{name}.html", code(name)) for name in names),
            *map(codes, grammar),
        )
        for grammar, names in alike.items()
    ]
    return raw(table(("Quantity", "Required", "Optional", "Attributes"), rows))


def _grammar(entry: Quantity) -> tuple[tuple[str, ...], ...]:
    return tuple(entry.requires), tuple(entry.optional), tuple(entry.attributes)


def qualifiers_table(vocabulary: Vocabulary) -> str:
    """Return the values of all qualifiers."""
    rows = [
        (code(name), prose(entry.description), _values(entry.words))
        for name, entry in vocabulary.qualifiers.items()
    ]
    return raw(table(("Qualifier", "What it says", "Values"), rows))


def _values(words: Iterable[str]) -> str:
    listed = list(words)
    if len(listed) <= _LONGEST:
        return codes(listed)
    return f"<details><summary>{len(listed)} values</summary>{codes(listed)}</details>"
