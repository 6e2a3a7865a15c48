"""From a name that somebody typed to the leaf it means, or to an error that says what to type.

A column has its original name, a canonical name made from its meaning, and aliases. All of them are
accepted everywhere; a name that leaves out a qualifier is not, since a later release may add a
second column that it would fit just as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, TypeAlias

from astropile.document import did_you_mean, near, shown
from astropile.errors import AmbiguousColumnError, ColumnError, UnknownColumnError, UsageError
from astropile.schema.checks.blocks import label_leaf
from astropile.schema.leaves import Leaf
from astropile.schema.survey_schema import OBJECT_LEAVES, SurveySchema
from astropile.vocabulary import Quantity, Vocabulary, load_vocabulary

__all__ = ["NameResolver", "Resolution", "meaning_of"]

Partial: TypeAlias = Literal["refuse", "default"]
How: TypeAlias = Literal["original", "canonical", "alias", "reordered", "default"]

#: Qualifiers that make another column about the same measurement: no default ever adds them.
MODIFIERS: Final = frozenset({"correction", "with", "stat"})
#: Candidates that a message shows; the error holds all of them.
MAX_SHOWN: Final = 12
MAX_SUGGESTED: Final = 6
#: No name of the vocabulary has nearly as many words.
MAX_WORDS: Final = 12


@dataclass(frozen=True, slots=True)
class Resolution:
    """A leaf, and how its name was understood.

    Attributes
    ----------
    leaf : Leaf
        What the name means.
    how : {"original", "canonical", "alias", "reordered", "default"}
        Which of its names it was.
    """

    leaf: Leaf
    how: How


def meaning_of(leaf: Leaf) -> Mapping[str, str]:
    """Return quantity and qualifiers of a leaf; id and position mean what they are called."""
    if not leaf.field.is_ and leaf.address in OBJECT_LEAVES:
        return {"quantity": leaf.address}
    return leaf.field.is_


class NameResolver:
    """Finds the leaves of one config by any of their names.

    Parameters
    ----------
    schema : SurveySchema
        The checked survey.
    config : str or None
        Name or alias of a config; None for the default.

    Raises
    ------
    ConfigError
        The survey has no such config.
    """

    def __init__(self, schema: SurveySchema, config: str | None = None) -> None:
        self.schema = schema
        self.config = schema.config_name(config)
        self.leaves: Mapping[str, Leaf] = schema.leaves_of(self.config)
        self._prefixes = {
            name.casefold() for name in (schema.id, schema.file.about.name, *schema.file.aliases)
        }
        self._original = {address: address for address in self.leaves}
        self._canonical: dict[str, str] = {}
        self._alias: dict[str, str] = {}
        for address, leaf in self.leaves.items():
            is_flat = bool(leaf.block) and schema.blocks[leaf.block].modality.flat
            if is_flat:
                self._original.setdefault(leaf.name, address)
            if leaf.canonical:
                self._canonical.setdefault(leaf.canonical, address)
            prefix = f"{leaf.block}." if leaf.block and not is_flat else ""
            for alias in leaf.field.aliases:
                self._alias.setdefault(prefix + alias, address)
        here = {
            name: tuple(address for address in block.leaves if address in self.leaves)
            for name, block in schema.blocks.items()
        }
        self.blocks: Mapping[str, tuple[str, ...]] = {
            b: found for b, found in here.items() if found
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that is accepted as it stands, the original ones first."""
        return tuple(dict.fromkeys((*self._original, *self._canonical, *self._alias)))

    def resolve(
        self, name: str, *, partial: Partial = "refuse", across: bool = False
    ) -> Resolution:
        """Return the leaf that a name means.

        Parameters
        ----------
        name : str
            Original name (``column``, ``block.field``), canonical name, alias, or canonical name
            with its qualifiers in another order; ``survey:`` may stand before it.
        partial : {"refuse", "default"}
            Whether a name that leaves out a qualifier takes the survey's default for it.
        across : bool
            The name is used for several surveys: only canonical and ``survey:`` names then.

        Returns
        -------
        Resolution
            The leaf, and how it was found.

        Raises
        ------
        AmbiguousColumnError
            The name leaves out a qualifier, or belongs to this survey alone in a call over several
            surveys; ``candidates`` holds the names to write.
        UnknownColumnError
            Nothing has this name; near ones are suggested.

        Examples
        --------
        >>> from astropile.registry import find_schema
        >>> NameResolver(find_schema("hsc")).resolve("mag_i_cmodel").how
        'reordered'
        """
        _check_partial(partial)
        bare, is_qualified = self._without_survey(name)
        found = self._listed(bare)
        meaning = None if found else self._vocabulary.read_name(bare, bands=self.schema.bands)
        if found is None and meaning is not None:
            found = self._reordered(meaning)
        if found is None:
            return self._partial(bare, meaning, "refuse" if across else partial, across=across)
        if across and not is_qualified and found.leaf.canonical != bare:
            raise self._only_here(bare, found.leaf.canonical)
        return found

    def select(
        self, names: Sequence[str], *, partial: Partial = "refuse", across: bool = False
    ) -> tuple[str, ...]:
        """Return the addresses of a selection.

        Parameters
        ----------
        names : sequence of str
            Names as for :meth:`resolve`, and names of blocks, which stand for all their fields.
        partial, across
            As for :meth:`resolve`.

        Returns
        -------
        tuple of str
            In declared order, each once; id and position always come with them, and so do the
            labels of the axes of the fields selected.

        Raises
        ------
        ColumnError
            A name cannot be used; see :meth:`resolve`.

        Examples
        --------
        >>> from astropile.registry import find_schema
        >>> NameResolver(find_schema("hsc")).select(["image.flux"])
        ('object_id', 'ra', 'dec', 'image.band', 'image.flux')
        """
        _check_partial(partial)
        if isinstance(names, str):
            message = f"a selection is a list of names, not the text {shown(names)}"
            raise ColumnError(message, where=self.schema.id, hint=f"write [{shown(names)}]")
        chosen = set(OBJECT_LEAVES)
        for name in names:
            chosen.update(self._addresses(name, partial, across=across))
        chosen |= {label for address in chosen for label in self._labels(self.leaves[address])}
        return tuple(address for address in self.leaves if address in chosen)

    def _addresses(self, name: str, partial: Partial, *, across: bool) -> tuple[str, ...]:
        bare, is_qualified = self._without_survey(name)
        if bare in self.blocks and (not across or is_qualified):
            return self.blocks[bare]
        if bare in self.blocks and bare not in self._canonical:
            raise self._only_here(bare, "")
        return (self.resolve(name, partial=partial, across=across).leaf.address,)

    def _labels(self, leaf: Leaf) -> Iterator[str]:
        """Yield the fields that say which label each place of a leaf's axes has."""
        for axis in leaf.axes:
            if self.schema.blocks[leaf.block].axes[axis].labels:
                block = [self.leaves[address] for address in self.blocks[leaf.block]]
                label = label_leaf(axis, block)
                if label is not None:
                    yield label.address

    # --- ways to a leaf -------------------------------------------------------------------

    @property
    def _vocabulary(self) -> Vocabulary:
        return load_vocabulary()

    def _quantity(self, meaning: Mapping[str, str]) -> Quantity:
        return self._vocabulary.quantities[meaning["quantity"]]

    def _without_survey(self, name: str) -> tuple[str, bool]:
        """Take ``survey:`` off a name; it must be this survey."""
        if not isinstance(name, str):
            message = f"a column name is text, got {type(name).__name__} {shown(str(name))}"
            raise ColumnError(message, where=self.schema.id)
        prefix, colon, bare = name.partition(":")
        if not colon:
            return name, False
        if prefix.casefold() not in self._prefixes:
            raise UnknownColumnError(
                f"{shown(name)} is a column of {shown(prefix)}; this survey is {self.schema.id}",
                where=self.schema.id,
                hint=f"write {shown(f'{self.schema.id}:{bare}')} for the column of this survey",
            )
        return bare, True

    def _listed(self, name: str) -> Resolution | None:
        if name in self._original:
            return Resolution(self.leaves[self._original[name]], "original")
        if name in self._canonical:
            return Resolution(self.leaves[self._canonical[name]], "canonical")
        if name in self._alias:
            return Resolution(self.leaves[self._alias[name]], "alias")
        return None

    def _of_meaning(self, meaning: Mapping[str, str]) -> Leaf | None:
        """Return the leaf with exactly this meaning."""
        if any(key not in meaning for key in self._quantity(meaning).requires):
            return None
        address = self._canonical.get(self._vocabulary.canonical(meaning))
        return None if address is None else self.leaves[address]

    def _reordered(self, meaning: Mapping[str, str]) -> Resolution | None:
        leaf = self._of_meaning(meaning)
        return None if leaf is None else Resolution(leaf, "reordered")

    def _partial(
        self, name: str, meaning: Mapping[str, str] | None, partial: Partial, *, across: bool
    ) -> Resolution:
        candidates = self._short_for(meaning) if meaning else []
        if meaning is None or not candidates:
            raise self._unknown(name)
        default = self._default(meaning)
        if default is not None and partial == "default":
            return Resolution(default, "default")
        offered = None if across else default
        raise self._ambiguous(name, meaning, candidates, offered)

    def _default(self, meaning: Mapping[str, str]) -> Leaf | None:
        """Return the leaf that a partial meaning has with the defaults of the survey."""
        entry, defaults = self._quantity(meaning), self.schema.file.defaults
        full = dict(meaning)
        for keys in (entry.requires, entry.optional):
            added = [key for key in keys if key in defaults and key not in MODIFIERS]
            full |= {key: defaults[key] for key in added if key not in full}
            leaf = self._of_meaning(full)
            if leaf is not None:
                return leaf
        return None

    @cached_property
    def _by_quantity(self) -> dict[str, list[Leaf]]:
        """Leaves with a canonical name by quantity, plain values before errors and the like."""
        found: dict[str, list[Leaf]] = {}
        for leaf in self.leaves.values():
            if leaf.canonical:
                found.setdefault(meaning_of(leaf)["quantity"], []).append(leaf)
        return {
            q: sorted(leaves, key=lambda leaf: len(_modifiers(leaf))) for q, leaves in found.items()
        }

    def _matching(self, meaning: Mapping[str, str]) -> list[Leaf]:
        """Return the leaves whose names hold all words of a meaning, in any order."""
        words = Counter(word for key, word in meaning.items() if key != "quantity")
        in_name = set(self._quantity(meaning).in_name)
        return [
            leaf
            for leaf in self._by_quantity.get(meaning["quantity"], ())
            if words <= Counter(w for key, w in meaning_of(leaf).items() if key in in_name)
        ]

    def _short_for(self, meaning: Mapping[str, str]) -> list[Leaf]:
        """Return the leaves that a name with fewer words could mean."""
        found = self._matching(meaning)
        if any(key not in meaning for key in self._quantity(meaning).requires):
            return found
        # A complete name is no short form of its error: only of one measured in another way.
        return [
            leaf
            for leaf in found
            if meaning.items() <= meaning_of(leaf).items()
            and not (MODIFIERS & set(meaning_of(leaf))) - set(meaning)
        ]

    # --- errors ---------------------------------------------------------------------------

    def _ambiguous(
        self, name: str, meaning: Mapping[str, str], candidates: list[Leaf], default: Leaf | None
    ) -> AmbiguousColumnError:
        entry = self._quantity(meaning)
        missing = [
            key
            for key in entry.in_name
            if key not in meaning
            and (key in entry.requires or key not in MODIFIERS)
            and any(key in meaning_of(leaf) for leaf in candidates)
        ]
        lines = _table([(leaf.canonical, _stored(leaf)) for leaf in candidates[:MAX_SHOWN]])
        if len(candidates) > MAX_SHOWN:
            lines.append(f"    ... and {len(candidates) - MAX_SHOWN} more")
        hint = "write one of them in full"
        if default is not None:
            hint += (
                f", or take the default of {self.schema.id}, {default.canonical}: "
                f"resolve({shown(name)}, partial='default')"
            )
        message = f"{shown(name)} does not name one column: it leaves out {', '.join(missing)}."
        return AmbiguousColumnError(
            "\n".join([f"{message} Candidates:", *lines]),
            candidates=[leaf.canonical for leaf in candidates],
            where=self.schema.id,
            hint=hint,
        )

    def _only_here(self, name: str, canonical: str) -> AmbiguousColumnError:
        """Return the error for a name of this survey in a call over several surveys."""
        qualified = f"{self.schema.id}:{name}"
        candidates = [canonical, qualified] if canonical else [qualified]
        return AmbiguousColumnError(
            f"{shown(name)} is a name of this survey alone; "
            "over several surveys a name is canonical or starts with its survey",
            candidates=candidates,
            where=self.schema.id,
            hint=f"write {' or '.join(map(shown, candidates))}",
        )

    def _unknown(self, name: str) -> UnknownColumnError:
        where, total = self.schema.id, len(self.leaves)
        if name in self.blocks:
            fields = self.blocks[name]
            return UnknownColumnError(
                f"{shown(name)} is a block of {len(fields)} fields, not a column",
                where=where,
                hint=f"write one of its fields, such as {shown(fields[0])}",
            )
        others = self._configs_with(name)
        if others:
            return UnknownColumnError(
                f"config {self.config} has no column {shown(name)}; it is in {', '.join(others)}",
                where=where,
                hint=f"load the survey with config={others[0]!r}",
            )
        reason, advice = self._vocabulary_fault(name)
        text = " ".join(part for part in (self._suggestion(name), advice) if part)
        everything = f"columns.describe() lists all {total} columns of config {self.config}"
        message = f"no column {shown(name)}{reason and f': {reason}'}"
        return UnknownColumnError(message, where=where, hint=text or everything)

    def _vocabulary_fault(self, name: str) -> tuple[str, str]:
        """Return what is wrong with a name as words of the vocabulary, and what is right."""
        bands, words = self.schema.bands, self._vocabulary
        meaning = words.read_name(name, bands=bands) or self._translated(name)
        if meaning and meaning["quantity"] not in self._by_quantity:
            listed = f"it has {', '.join(self._by_quantity)}"
            return f"this survey has no {meaning['quantity']}", listed
        for fault in words.diagnose(name, bands=bands):
            if fault.code in ("quantity_unknown", "qualifier_missing"):
                continue
            qualifier, word = words.qualifiers.get(fault.key), meaning.get(fault.key, "")
            if fault.code == "band_unknown":
                return fault.message, f"(bands: {', '.join(bands) or 'none'})"
            if qualifier and qualifier.source == "values" and not qualifier.value(word):
                hint = qualifier.hints.get(word.casefold(), "")
                called = hint and f"{word!r} is called {hint!r}; "
                return (
                    fault.message,
                    f"({called}{fault.key} is one of {', '.join(qualifier.words)})",
                )
            return fault.message, f"({fault.help})" if fault.help else ""
        return "", ""

    def _translated(self, name: str) -> dict[str, str]:
        """Read a name that starts with a popular word for a quantity: ``z_spec``."""
        words = name.split("_")[:MAX_WORDS]
        for length in range(len(words), 0, -1):
            quantity = self._vocabulary.hints.get("_".join(words[:length]).casefold())
            if quantity is not None:
                translated = "_".join([quantity, *words[length:]])
                return self._vocabulary.read_name(translated, bands=self.schema.bands) or {}
        return {}

    def _configs_with(self, name: str) -> list[str]:
        """Return the other configs that have a leaf or a block of this name."""
        others = [config for config in self.schema.file.configs if config != self.config]
        return [c for c in others if NameResolver(self.schema, c)._knows(name)]

    def _knows(self, name: str) -> bool:
        return name in self.blocks or self._listed(name) is not None

    def _suggestion(self, name: str) -> str:
        """Return a question with the names that somebody could have meant."""
        folded = name.casefold()
        same = [known for known in (*self.names, *self.blocks) if known.casefold() == folded]
        if same:
            return f"upper and lower case differ: did you mean {_listing(same)}?"
        fields = [
            leaf.address
            for leaf in self.leaves.values()
            if leaf.block and name in (leaf.name, *leaf.field.aliases)
        ]
        meant = fields or [leaf.canonical for leaf in self._of_words(name)]
        if meant:
            more = ", ..." if len(meant) > MAX_SUGGESTED else ""
            return f"did you mean {_listing(meant[:MAX_SUGGESTED], more)}?"
        return did_you_mean(name, (*self.names, *self.blocks))

    def _of_words(self, name: str) -> list[Leaf]:
        """Return the leaves that the words of a name fit, with the words of the vocabulary.

        The quantity may stand anywhere (``i_psf_mag``), words may be popular ones (``mag_auto_i``)
        and those that are no words at all are left out.
        """
        words = name.split("_")
        if len(words) > MAX_WORDS:
            return []
        spans = [(i, j) for i in range(len(words)) for j in range(len(words), i, -1)]
        readings: list[tuple[int, list[Leaf]]] = [(0, [])]
        for start, end in spans:
            word = "_".join(words[start:end])
            quantities = self._vocabulary.quantities
            quantity = word if word in quantities else self._vocabulary.hints.get(word.casefold())
            if quantity is None:
                continue
            moved = "_".join([quantity, *words[:start], *words[end:]])
            meaning = self._vocabulary.read_name(moved, bands=self.schema.bands)
            if meaning:
                shared, leaves = self._closest(self._corrected(meaning))
                readings.append((end - start + shared, leaves))
        return max(readings, key=lambda reading: reading[0] if reading[1] else 0)[1]

    def _closest(self, meaning: Mapping[str, str]) -> tuple[int, list[Leaf]]:
        """Return how many words the leaves that fit best have in common with a meaning."""
        modifiers = {(key, meaning[key]) for key in MODIFIERS & set(meaning)}
        leaves = self._by_quantity.get(meaning["quantity"], [])
        same = [leaf for leaf in leaves if _modifiers(leaf) == modifiers] or leaves
        words = Counter(word for key, word in meaning.items() if key != "quantity")
        shared = [(words & Counter(meaning_of(leaf).values())).total() for leaf in same]
        best = max(shared, default=0)
        if not best and words:
            return 0, []
        return best, [leaf for leaf, count in zip(same, shared, strict=True) if count == best]

    def _corrected(self, meaning: Mapping[str, str]) -> dict[str, str]:
        """Put words of the vocabulary for popular ones, and leave out what is no word."""
        known = {"quantity": meaning["quantity"]}
        for key, word in meaning.items():
            qualifier = self._vocabulary.qualifiers.get(key)
            if qualifier is None:
                continue
            if qualifier.source == "bands":
                right = word if word in self.schema.bands else ""
            elif qualifier.source == "quantities":
                right = word if word in self._vocabulary.quantities else ""
            else:
                right = word if qualifier.value(word) else qualifier.hints.get(word.casefold(), "")
                if not qualifier.value(right):
                    right = (near(word, qualifier.values) or [""])[0]
            if right:
                known[key] = right
        return known


def _check_partial(partial: str) -> None:
    if partial not in ("refuse", "default"):
        message = f"partial={partial!r} is not one of 'refuse', 'default'"
        raise UsageError(message, hint="choose 'refuse' or 'default'")


def _modifiers(leaf: Leaf) -> set[tuple[str, str]]:
    return {(key, word) for key, word in leaf.field.is_.items() if key in MODIFIERS}


def _stored(leaf: Leaf) -> str:
    is_own = leaf.address not in OBJECT_LEAVES and leaf.derived
    return f"= {' '.join(leaf.derived.split())}" if is_own else f"stored as {leaf.address}"


def _table(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in rows)
    return [f"    {name:<{width}}  {text}" for name, text in rows]


def _listing(names: Sequence[str], more: str = "") -> str:
    quoted = [shown(name) for name in names]
    if more or len(quoted) == 1:
        return ", ".join(quoted) + more
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"
