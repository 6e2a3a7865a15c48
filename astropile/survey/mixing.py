"""What must not be mixed in one column, and what is turned into each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from astropile.engine import shape_of
from astropile.errors import MixedColumnsError
from astropile.readers.column import Array
from astropile.schema import Leaf
from astropile.schema.facts import band_tokens, meaning_of
from astropile.survey.across import Holding
from astropile.survey.comparing import entry_of
from astropile.survey.differences import Difference, Entry, differences
from astropile.survey.merged import Merged, Part, label_leaves
from astropile.vocabulary import UnitTextError, conversion, convertible

if TYPE_CHECKING:
    from astropile.schema import Block

__all__ = ["ALLOWED", "Change", "Target", "mixtures", "target_of"]

#: Differences that a caller may accept; units that cannot be converted are never among them.
ALLOWED: Final = ("band", "system", "attribute", "measured")
#: Qualifiers that say which value a name tells; a difference in them is one in how it was measured.
_TOLD: Final = ("quantity", "stat", "with")
#: Beyond it the values of a float32 column may leave what float32 can hold.
_GREATEST_FACTOR: Final = 1e20


@dataclass(frozen=True, slots=True)
class Change:
    """What the values of one survey need.

    Attributes
    ----------
    factor : float, callable or None
        To the unit of the column.
    offset : float
        Added after it: another zero of time.
    is_inverted : bool
        Truth means the opposite.
    """

    factor: float | Callable[[Array], Array] | None = None
    offset: float = 0.0
    is_inverted: bool = False

    @property
    def is_none(self) -> bool:
        """Whether values stay as they are."""
        return self.factor is None and not self.offset and not self.is_inverted

    def apply(self, data: Array) -> Array:
        """Return numbers in the unit, and from the zero, of the column."""
        if self.is_inverted:
            return np.logical_not(data)
        numbers = np.asarray(data, dtype=np.float64)
        if self.factor is not None:
            numbers = self.factor(numbers) if callable(self.factor) else numbers * self.factor
        return numbers + self.offset if self.offset else numbers


@dataclass(frozen=True, slots=True)
class Target:
    """What a column of the result holds.

    Attributes
    ----------
    unit, dtype : str
        Of every value.
    shape : tuple of int or None
        Lengths of the axes; None where they differ.
    changes : tuple of Change
        What the values of each survey need.
    """

    unit: str
    dtype: str
    shape: tuple[int | None, ...]
    changes: tuple[Change, ...]


def mixtures(parts: Sequence[Part], merged: Merged) -> Iterator[Difference]:
    """Yield what differs between the leaves of a column and no conversion mends."""
    entries = [_entry(parts[number], merged.key, leaf) for number, leaf in merged.known]
    systems = {frozenset(entry.systems) for entry in entries}
    for found in differences(_without_common_bands(entries)):
        # What every survey mixes in the same way is a fact of each of them, not of the result.
        if found.code != "system" or len(systems) > 1:
            yield found
    for key in _TOLD:
        words = {entry.survey: entry.word(key) or f"no {key}" for entry in entries}
        if len(set(words.values())) > 1:
            yield Difference("measured", f"{key} of {merged.key} differs: {_listed(words)}")
    tokens = {entry.survey: "/".join(token for token, _ in entry.bands) for entry in entries}
    if len(set(tokens.values())) > 1 and not any(leaf.block for _, leaf in merged.known):
        yield Difference("band", f"bands of {merged.key} differ: {_listed(tokens)}")
    for what, told in (("meaning of true", _truth), ("bits", _bits), ("codes", _codes)):
        facts = {parts[number].label: told(leaf) for number, leaf in merged.known}
        if len(set(facts.values())) > 1:
            yield Difference("attribute", f"{what} of {merged.key} differs: {_listed(facts)}")


def _without_common_bands(entries: Sequence[Entry]) -> list[Entry]:
    """Leave out the bands that are through the same filters in every survey that has them."""
    filters: dict[str, set[tuple[str, ...]]] = {}
    for entry in entries:
        for token, names in entry.bands:
            filters.setdefault(token, set()).add(names)
    differ = {token for token, found in filters.items() if len(found) > 1}
    return [replace(e, bands=tuple(b for b in e.bands if b[0] in differ)) for e in entries]


def _listed(words: dict[str, str]) -> str:
    return ", ".join(f"{word or 'none'} ({label})" for label, word in words.items())


def _truth(leaf: Leaf) -> str:
    """Return what true tells; good and bad are turned into each other."""
    told = leaf.field.true_means or ""
    return "good or bad" if told in ("good", "bad") else told


def _bits(leaf: Leaf) -> str:
    return " ".join(f"{bit}:{name}" for bit, name in leaf.field.bits.items())


def _codes(leaf: Leaf) -> str:
    return " ".join(f"{code}:{name}" for code, name in leaf.field.codes.items())


def _entry(part: Part, key: str, leaf: Leaf) -> Entry:
    """Return what matters of a leaf; what is converted, or follows from a unit, does not."""
    schema = part.request.schema
    tokens = band_tokens(leaf, schema)
    block = schema.blocks.get(leaf.block)
    if block is not None and leaf.role != "band" and not tokens and _is_light(part, leaf, block):
        tokens = Holding(schema, part.request.config).block_bands(block)
    entry = entry_of(key, schema, leaf, tokens)
    follows = {"zero", "zeropoint"} if convertible(leaf.field.unit, "nJy") else {"zero"}
    attributes = tuple(pair for pair in entry.attributes if pair[0] not in follows)
    return replace(entry, survey=part.label, attributes=attributes)


def _is_light(part: Part, leaf: Leaf, block: Block) -> bool:
    """Whether elements of a leaf were seen through the band that a field beside it names."""
    named = any(other.role == "band" for other in part.block_leaves(block))
    return named and leaf.role in ("flux", "flux_err", "ivar", "mag", "mag_err")


def target_of(parts: Sequence[Part], merged: Merged, unit: str | None) -> Target:
    """Return unit, type and shape that a column has in the result.

    Raises
    ------
    MixedColumnsError
        The surveys have nothing in common that their values could become.
    """
    known = [(parts[number], leaf) for number, leaf in merged.known]
    first = known[0][1]
    if unit is not None and first.field.dtype in ("string", "bool"):
        what = f"values of type {first.field.dtype} have no unit that could become {unit!r}"
        raise MixedColumnsError(what, where=merged.key, hint="leave it out of units=")
    wanted = first.field.unit if unit is None else unit
    changes = tuple(
        Change() if leaf is None else _change(parts[number], merged.key, leaf, first, wanted)
        for number, leaf in enumerate(merged.leaves)
    )
    _require_labels(merged, known)
    shape = _shape(merged.key, known)
    return Target(wanted, _dtype(merged.key, known, changes), shape, changes)


def _change(part: Part, key: str, leaf: Leaf, first: Leaf, unit: str) -> Change:
    if leaf.field.dtype == "bool":
        truths = {leaf.field.true_means, first.field.true_means}
        return Change(is_inverted=truths == {"good", "bad"})
    if leaf.field.dtype == "string":
        return Change()
    try:
        factor = conversion(leaf.field.unit, unit)
        offset = 0.0
        if leaf.field.time is not None and first.field.time is not None:
            day = conversion("d", unit)
            days = leaf.field.time.zero - first.field.time.zero
            offset = days * (day if isinstance(day, float) else 1.0)
    except UnitTextError as error:
        raise MixedColumnsError(
            error.message, where=f"{key} of {part.label}", hint=error.help or "see ap.compare"
        ) from error
    return Change(factor, offset)


def _dtype(key: str, known: Sequence[tuple[Part, Leaf]], changes: Sequence[Change]) -> str:
    """Return the type that holds the values of all surveys."""
    types = list(dict.fromkeys(leaf.field.dtype for _, leaf in known))
    texts: list[Any] = [dtype for dtype in types if dtype in ("string", "bool")]
    if not texts:
        wide = np.result_type(*types)
        is_whole = all(np.dtype(dtype).kind in "iu" for dtype in types)
        if is_whole and wide.kind in "iu" and not all(change.is_none for change in changes):
            return "float64"
        if is_whole and wide.kind == "f":
            raise _kinds(key, known, "no whole type holds both; leave one survey out")
        factors = [c.factor for c in changes if isinstance(c.factor, float)]
        far = [f for f in factors if not 1 / _GREATEST_FACTOR < abs(f) < _GREATEST_FACTOR]
        return "float64" if far else str(wide)
    if len(types) == 1:
        return str(types[0])
    if "bool" not in texts and all(map(_may_be_text, known)):
        return "string"
    raise _kinds(key, known, "leave the field out: name the fields that you want")


def _may_be_text(item: tuple[Part, Leaf]) -> bool:
    """Whether values are text, or whole numbers that only name something: an id."""
    leaf = item[1]
    is_name = meaning_of(leaf).get("quantity", "object_id") == "object_id"
    is_plain = not (leaf.field.codes or leaf.field.bits or leaf.field.unit)
    is_whole = leaf.field.dtype != "string" and np.dtype(leaf.field.dtype).kind in "iu"
    return leaf.field.dtype == "string" or (is_whole and is_name and is_plain)


def _kinds(key: str, known: Sequence[tuple[Part, Leaf]], hint: str) -> MixedColumnsError:
    told = ", ".join(f"{leaf.field.dtype} ({part.label})" for part, leaf in known)
    return MixedColumnsError(f"types do not go together: {told}", where=key, hint=hint)


def _require_labels(merged: Merged, known: Sequence[tuple[Part, Leaf]]) -> None:
    """Refuse axes whose places differ by survey, if no field beside them says which is which."""
    named = [label_leaves(part, leaf) for part, leaf in known]
    blocks = [part.request.schema.blocks.get(leaf.block) for part, leaf in known]
    axes = [
        {axis: block.axes[axis].labels for axis in own} if block else {}
        for block, own in zip(blocks, named, strict=True)
    ]
    is_told = "." in merged.key and all(all(own.values()) for own in named)
    if is_told or all(labels == axes[0] for labels in axes):
        return
    told = "; ".join(
        f"{', '.join(label for own in labels.values() for label in own) or 'none'} ({part.label})"
        for (part, _), labels in zip(known, axes, strict=True)
    )
    msg = f"the labels of its axes differ, and no field beside it tells them: {told}"
    hint = "concatenate its block, such as columns=['image']" if "." not in merged.key else ""
    raise MixedColumnsError(msg, where=merged.key, hint=hint or "leave the field out")


def _shape(key: str, known: Sequence[tuple[Part, Leaf]]) -> tuple[int | None, ...]:
    """Return lengths of axes; the first is ragged where it differs."""
    shapes = [shape_of(leaf, p.request.schema.blocks.get(leaf.block)) for p, leaf in known]
    told = ", ".join(
        f"{_shape_text(leaf, shape)} ({part.label})"
        for (part, leaf), shape in zip(known, shapes, strict=True)
    )
    if len({(len(shape), shape[1:]) for shape in shapes}) > 1:
        msg = f"arrays do not go together: {told}; only the length of the first axis may differ"
        raise MixedColumnsError(msg, where=key, hint="leave the field out, or concatenate others")
    first = [shape[:1] for shape in shapes]
    return shapes[0] if len(set(first)) == 1 else (None, *shapes[0][1:])


def _shape_text(leaf: Leaf, shape: Sequence[int | None]) -> str:
    pairs = zip(leaf.axes, shape, strict=True)
    return ", ".join(f"{a} {'*' if n is None else n}" for a, n in pairs) or "one number"
