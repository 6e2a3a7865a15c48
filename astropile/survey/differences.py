"""What keeps the numbers of columns with one name from being compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby
from typing import Final

from astropile.vocabulary import conversion, load_filters, load_vocabulary
from astropile.vocabulary.units import UnitTextError

__all__ = ["Difference", "Entry", "differences"]

MAX_NAMED: Final = 6
#: Qualifiers that say what is told, not how it was measured.
NOT_A_WAY: Final = frozenset({"band", "minus_band", "stat", "with"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A column of a survey, as far as it matters beside others.

    Attributes
    ----------
    asked : str
        Name it was found by.
    survey, column, canonical, unit : str
        Where and what it is.
    bands : tuple of (str, tuple of str)
        Tokens of its bands, each with the ids of its filters.
    systems : tuple of str
        Magnitude systems; none for what is no light.
    meaning : tuple of (str, str)
        Quantity and qualifiers.
    attributes : tuple of (str, str)
        What no name tells, such as the frame of a redshift.
    configs : tuple of str
        Configs that have it.
    """

    asked: str
    survey: str
    column: str
    canonical: str
    unit: str
    bands: tuple[tuple[str, tuple[str, ...]], ...]
    systems: tuple[str, ...]
    meaning: tuple[tuple[str, str], ...]
    attributes: tuple[tuple[str, str], ...]
    configs: tuple[str, ...] = ()

    def within(self, configs: tuple[str, ...]) -> Entry:
        """Return the same column with the configs that have it."""
        return replace(self, configs=configs)

    def word(self, key: str) -> str:
        """Return a word of its meaning; empty if it has none."""
        return dict(self.meaning).get(key, "")


@dataclass(frozen=True, slots=True)
class Difference:
    """One reason why numbers cannot be compared as they are.

    Attributes
    ----------
    code : str
        Short stable name: ``band``, ``system``, ``unit``, ``attribute`` or ``measured``.
    message : str
        What differs, with the surveys.
    """

    code: str
    message: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"warning[{self.code}]: {self.message}"


def differences(entries: Sequence[Entry]) -> Iterator[Difference]:
    """Yield everything that differs between columns.

    Parameters
    ----------
    entries : sequence of Entry
        The columns. Units, attributes and ways of measuring are compared within a quantity,
        bands and magnitude systems over all of them.
    """
    yield from _bands(entries)
    systems = _by(dict.fromkeys(entry.systems, entry) for entry in entries)
    if len(systems) > 1:
        message = f"magnitude systems differ: {_listed(systems, '')}"
        yield Difference("system", message)
    kinds = sorted(entries, key=_kind)
    for (quantity, _), group in groupby(kinds, key=_kind):
        alike, label = list(group), quantity or "these columns"
        yield from _units(label, alike)
        if quantity:
            yield from _ways(quantity, alike)
        yield from _attributes(label, alike)


def _kind(entry: Entry) -> tuple[str, str]:
    return entry.word("quantity"), entry.word("stat")


def _bands(entries: Sequence[Entry]) -> Iterator[Difference]:
    """Yield the tokens that are not one filter everywhere."""
    registry = load_filters()
    by_token: dict[str, dict[str, list[Entry]]] = {}
    for entry in entries:
        for token, filters in entry.bands:
            for name in filters:
                by_token.setdefault(token, {}).setdefault(name, []).append(entry)
    for token, by_filter in by_token.items():
        if len(by_filter) < 2:
            continue
        parts = []
        for name, users in by_filter.items():
            pivot = registry[name].pivot_nm if name in registry else None
            about = [f"{pivot:g} nm"] if pivot is not None else []
            parts.append(f"{name} ({'; '.join([*about, _surveys(users)])})")
        yield Difference("band", f"{token!r} is not one filter: {', '.join(parts)}")


def _units(label: str, entries: Sequence[Entry]) -> Iterator[Difference]:
    """Yield one difference if there are units that cannot become each other."""
    classes: list[dict[str, list[Entry]]] = []
    reason = ""
    for unit, users in _by({entry.unit: entry} for entry in entries).items():
        for known in classes:
            try:
                conversion(unit, next(iter(known)))
            except UnitTextError as error:
                reason = reason or error.help
            else:
                known[unit] = users
                break
        else:
            classes.append({unit: users})
    if len(classes) > 1:
        named = {
            " or ".join(unit or "no unit" for unit in units): list(chain(*units.values()))
            for units in classes
        }
        more = f"; {reason}" if reason else ""
        message = f"units of {label} cannot be converted: {_listed(named, '')}{more}"
        yield Difference("unit", message)


def _ways(quantity: str, entries: Sequence[Entry]) -> Iterator[Difference]:
    """Yield the qualifiers that differ, such as the estimator."""
    for key in load_vocabulary().quantities[quantity].in_name:
        words = _by({entry.word(key): entry} for entry in entries)
        if key not in NOT_A_WAY and len(words) > 1:
            message = f"{key} of {quantity} differs: {_listed(words, f'no {key}')}"
            yield Difference("measured", message)


def _attributes(label: str, entries: Sequence[Entry]) -> Iterator[Difference]:
    """Yield the attributes that differ, such as the frame of a redshift."""
    for key in dict.fromkeys(key for entry in entries for key, _ in entry.attributes):
        words = _by({dict(entry.attributes).get(key, ""): entry} for entry in entries)
        if len(words) > 1:
            message = f"{key} of {label} differs: {_listed(words, f'no {key}')}"
            yield Difference("attribute", message)


def _by(pairs: Iterator[Mapping[str, Entry]]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for pair in pairs:
        for key, entry in pair.items():
            found.setdefault(key, []).append(entry)
    return found


def _listed(words: Mapping[str, Sequence[Entry]], nothing: str) -> str:
    return ", ".join(f"{word or nothing} ({_surveys(users)})" for word, users in words.items())


def _surveys(entries: Sequence[Entry]) -> str:
    names = list(dict.fromkeys(entry.survey for entry in entries))
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more
