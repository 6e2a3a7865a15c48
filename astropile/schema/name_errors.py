"""Errors about names of columns: what is wrong with a name, and which one to write instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from astropile.document import near, shown
from astropile.errors import AmbiguousColumnError, UnknownColumnError
from astropile.schema.facts import meaning_of
from astropile.schema.leaves import Leaf
from astropile.schema.name_index import MODIFIERS, NameIndex
from astropile.schema.survey_schema import OBJECT_LEAVES

__all__ = ["ambiguous_error", "only_here_error", "unknown_error"]

#: Candidates that a message shows; the error holds all of them.
MAX_CANDIDATES: Final = 12
MAX_SUGGESTED: Final = 6
#: No name of the vocabulary has nearly as many words; it bounds the search for a reading.
MAX_WORDS: Final = 12


def ambiguous_error(
    index: NameIndex,
    name: str,
    meaning: Mapping[str, str],
    candidates: Sequence[Leaf],
    default: Leaf | None,
) -> AmbiguousColumnError:
    """Return the error for a name that leaves out a qualifier.

    Parameters
    ----------
    index : NameIndex
        Names of the survey.
    name : str
        What was typed.
    meaning : mapping of str to str
        What its words say.
    candidates : sequence of Leaf
        What it could mean.
    default : Leaf or None
        What the survey takes for it on request.
    """
    entry, survey = index.quantity(meaning), index.schema.id
    missing = [
        key
        for key in entry.in_name
        if key not in meaning
        and (key in entry.requires or key not in MODIFIERS)
        and any(key in meaning_of(leaf) for leaf in candidates)
    ]
    message = f"{shown(name)} does not name one column: it leaves out {', '.join(missing)}."
    lines = [f"{message} Candidates:"]
    shown_leaves = candidates[:MAX_CANDIDATES]
    width = max(len(leaf.canonical) for leaf in shown_leaves)
    lines += [f"    {leaf.canonical:<{width}}  {_stored(leaf)}" for leaf in shown_leaves]
    if len(candidates) > MAX_CANDIDATES:
        lines.append(f"    ... and {len(candidates) - MAX_CANDIDATES} more")
    hint = "write one of them in full"
    if default is not None:
        way = f"resolve({shown(name)}, partial='default')"
        hint += f", or take the default of {survey}, {default.canonical}: {way}"
    names = [leaf.canonical for leaf in candidates]
    return AmbiguousColumnError("\n".join(lines), candidates=names, where=survey, hint=hint)


def _stored(leaf: Leaf) -> str:
    if leaf.derived and leaf.address not in OBJECT_LEAVES:
        return f"= {' '.join(leaf.derived.split())}"
    return f"stored as {leaf.address}"


def only_here_error(survey: str, name: str, canonical: str) -> AmbiguousColumnError:
    """Return the error for a name of one survey in a call over several surveys."""
    qualified = f"{survey}:{name}"
    candidates = [canonical, qualified] if canonical else [qualified]
    return AmbiguousColumnError(
        f"{shown(name)} is a name of this survey alone; "
        "over several surveys a name is canonical or starts with its survey",
        candidates=candidates,
        where=survey,
        hint=f"write {' or '.join(map(shown, candidates))}",
    )


def unknown_error(index: NameIndex, name: str) -> UnknownColumnError:
    """Return the error for a name that nothing in the config has."""
    survey = index.schema.id
    if name in index.blocks:
        fields = index.blocks[name]
        message = f"{shown(name)} is a block of {len(fields)} fields, not a column"
        hint = f"write one of its fields, such as {shown(fields[0])}"
        return UnknownColumnError(message, where=survey, hint=hint)
    others = _configs_with(index, name)
    if others:
        places = ", ".join(others)
        message = f"config {index.config} has no column {shown(name)}; it is in {places}"
        hint = f"load the survey with config={others[0]!r}"
        return UnknownColumnError(message, where=survey, hint=hint)
    question = _question(index, name)
    reason, advice = _vocabulary_fault(index, name)
    if not (question or reason):
        reason, advice = _missing_quantity(index, name)
    text = f"{question} ({advice})" if question and advice else question or advice
    everything = f"columns.describe() lists all {len(index.leaves)} columns of {index.config}"
    message = f"no column {shown(name)}" + (f": {reason}" if reason else "")
    return UnknownColumnError(message, where=survey, hint=text or everything)


def _configs_with(index: NameIndex, name: str) -> list[str]:
    """Return the other configs that have a leaf or a block of this name."""
    others = (c for c in index.schema.file.configs if c != index.config)
    indexes = (NameIndex(index.schema, config) for config in others)
    return [other.config for other in indexes if name in other.blocks or other.find(name)]


def _vocabulary_fault(index: NameIndex, name: str) -> tuple[str, str]:
    """Return what is wrong with a name as words of the vocabulary, and what is right."""
    bands, vocabulary = index.schema.bands, index.vocabulary
    meaning = index.read(name) or {}
    for fault in vocabulary.diagnose(name, bands=bands):
        if fault.code in ("quantity_unknown", "qualifier_missing"):
            continue
        qualifier, word = vocabulary.qualifiers.get(fault.key), meaning.get(fault.key, "")
        if fault.code == "band_unknown":
            return fault.message, f"bands: {', '.join(bands) or 'none'}"
        if qualifier and qualifier.source == "values" and not qualifier.value(word):
            hint = qualifier.hints.get(word.casefold(), "")
            called = f"{word!r} is called {hint!r}; " if hint else ""
            choices = f"{fault.key} is one of {', '.join(qualifier.words)}"
            return fault.message, called + choices
        return fault.message, fault.help
    return "", ""


def _missing_quantity(index: NameIndex, name: str) -> tuple[str, str]:
    """Return which quantity a name asks for that the config lacks, and which ones it has."""
    meaning = index.read(name) or _translated(index, name)
    if not meaning or meaning["quantity"] in index.by_quantity:
        return "", ""
    return f"this survey has no {meaning['quantity']}", f"it has {', '.join(index.by_quantity)}"


def _translated(index: NameIndex, name: str) -> dict[str, str]:
    """Read a name that starts with a popular word for a quantity: ``z_spec``."""
    words = name.split("_")[:MAX_WORDS]
    for length in range(len(words), 0, -1):
        quantity = index.vocabulary.hints.get("_".join(words[:length]).casefold())
        if quantity is not None:
            return index.read("_".join([quantity, *words[length:]])) or {}
    return {}


def _question(index: NameIndex, name: str) -> str:
    """Return a question with the names that somebody could have meant."""
    known, folded = (*index.names, *index.blocks), name.casefold()
    same = [other for other in known if other.casefold() == folded]
    if same:
        return f"upper and lower case differ: did you mean {_listing(same)}?"
    fields = [
        leaf.address
        for leaf in index.leaves.values()
        if leaf.block and name in (leaf.name, *leaf.field.aliases)
    ]
    shared, leaves = _of_words(index, name)
    by_words = [leaf.canonical for leaf in leaves]
    meant = fields or (by_words if shared else near(name, known) or by_words)
    return f"did you mean {_listing(meant)}?" if meant else ""


def _of_words(index: NameIndex, name: str) -> tuple[int, list[Leaf]]:
    """Return how many words the leaves that fit best share with a name, and these leaves.

    The quantity may stand anywhere (``i_psf_mag``), words may be popular ones (``mag_auto_i``), and
    those that are no words at all are left out.
    """
    words = name.split("_")
    if len(words) > MAX_WORDS:
        return 0, []
    best, found = 0, (0, list[Leaf]())
    spans = [(i, j) for i in range(len(words)) for j in range(len(words), i, -1)]
    for start, end in spans:
        word = "_".join(words[start:end])
        is_quantity = word in index.vocabulary.quantities
        quantity = word if is_quantity else index.vocabulary.hints.get(word.casefold())
        meaning = quantity and index.read("_".join([quantity, *words[:start], *words[end:]]))
        if meaning:
            shared, leaves = index.closest(_corrected(index, meaning))
            if leaves and end - start + shared > best:
                best, found = end - start + shared, (shared, leaves)
    return found


def _corrected(index: NameIndex, meaning: Mapping[str, str]) -> dict[str, str]:
    """Put words of the vocabulary for popular ones, and leave out what is no word."""
    known = {"quantity": meaning["quantity"]}
    for key, word in meaning.items():
        if key != "quantity":
            right = _right_word(index, key, word)
            known |= {key: right} if right else {}
    return known


def _right_word(index: NameIndex, key: str, word: str) -> str:
    qualifier = index.vocabulary.qualifiers[key]
    if qualifier.source != "values":
        words = index.schema.bands if qualifier.source == "bands" else index.vocabulary.quantities
        same = [other for other in words if other.casefold() == word.casefold()]
        return word if word in same else "".join(same[:1])
    hint = qualifier.hints.get(word.casefold(), "")
    return next((w for w in (word, hint, *near(word, qualifier.values)) if qualifier.value(w)), "")


def _listing(names: Sequence[str]) -> str:
    quoted = [shown(name) for name in names[:MAX_SUGGESTED]]
    if len(names) > MAX_SUGGESTED:
        return f"{', '.join(quoted)}, ..."
    return " or ".join(part for part in (", ".join(quoted[:-1]), quoted[-1]) if part)
