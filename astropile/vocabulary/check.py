"""What is wrong with a meaning, a name or the bands of a survey."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from astropile.document import did_you_mean, shown
from astropile.vocabulary.model import SHORTEST_NUMBER, Fault, Qualifier, Terms
from astropile.vocabulary.names import partial_name, read_meaning

__all__ = ["check_bands", "check_meaning", "diagnose_name"]

MAX_EXAMPLES: Final = 3


def check_meaning(terms: Terms, meaning: Mapping[str, str], bands: Collection[str]) -> list[Fault]:
    """Find everything that is wrong with a meaning.

    Parameters
    ----------
    terms : Terms
        The vocabulary.
    meaning : mapping of str to str
        A field's ``is``.
    bands : collection of str
        Bands of the survey.

    Returns
    -------
    list of Fault
        In the order of the keys, what is missing last. Empty if all is well.
    """
    quantity = meaning.get("quantity")
    if quantity is None:
        every = ", ".join(terms.quantities)
        return [Fault("quantity_missing", "no quantity is given", "quantity", f"one of {every}")]
    if quantity not in terms.quantities:
        return [_unknown_quantity(terms, quantity)]
    entry = terms.quantities[quantity]
    allowed = [*entry.in_name, *entry.attributes]
    faults: list[Fault] = []
    for key in meaning:
        if key == "quantity":
            continue
        if key not in allowed:
            message = f"quantity {quantity!r} takes no {shown(key)}"
            names = ", ".join(allowed) or "nothing"
            faults.append(
                Fault(
                    "qualifier_unknown",
                    message,
                    key,
                    did_you_mean(key, allowed) or f"it takes {names}",
                )
            )
        else:
            faults += _check_value(terms, meaning, key, bands)
    return faults + list(_missing(terms, meaning))


def _missing(terms: Terms, meaning: Mapping[str, str]) -> Iterator[Fault]:
    """Yield a fault for every qualifier, attribute or companion of a value that is left out."""
    quantity = meaning["quantity"]
    entry = terms.quantities[quantity]
    name = partial_name(terms, meaning)
    for key in entry.requires:
        if key not in meaning:
            message = f"{name!r} is ambiguous: quantity {quantity!r} requires {key}"
            yield Fault("qualifier_missing", message, key, _add(terms.qualifiers[key], key))
    for key in entry.attributes:
        if key not in meaning:
            message = f"quantity {quantity!r} requires the attribute {key}"
            yield Fault("attribute_missing", message, key, _add(terms.qualifiers[key], key))
    for key in entry.in_name:
        value = terms.qualifiers[key].value(meaning.get(key, ""))
        for companion in value.requires if value else ():
            if companion not in meaning:
                message = f"{key} {meaning[key]!r} requires {companion}"
                help = _add(terms.qualifiers[companion], companion)
                yield Fault("qualifier_missing", message, companion, help)


def _check_value(
    terms: Terms, meaning: Mapping[str, str], key: str, bands: Collection[str]
) -> list[Fault]:
    """Check one word."""
    qualifier, word = terms.qualifiers[key], meaning[key]
    if qualifier.source == "bands":
        return _check_band(meaning, key, bands)
    if qualifier.source == "quantities":
        return _check_companion(terms, meaning, key)
    value = qualifier.value(word)
    if value is None:
        return [_unknown_value(qualifier, key, word)]
    if value.only and meaning["quantity"] not in value.only:
        message = f"{key} {word!r} is not for quantity {meaning['quantity']!r}"
        return [Fault("value_unknown", message, key, f"it is for {', '.join(value.only)}")]
    if value.parameter:
        stem = next(stem for stem in qualifier.values if qualifier.values[stem] is value)
        number = word.removeprefix(stem)
        if not SHORTEST_NUMBER.fullmatch(number):
            unit = value.parameter.unit
            message = f"{word!r} is not the shortest form of a {value.parameter.name} in {unit}"
            return [Fault("value_form", message, key, f"write {_shortest(stem, number)}")]
    return []


def _shortest(stem: str, number: str) -> str:
    whole, _, fraction = number.partition("p")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    if whole == "0" and not fraction:
        return f"a number above 0, as in {stem}2 or {stem}0p7"
    return stem + whole + (f"p{fraction}" if fraction else "")


def _check_band(meaning: Mapping[str, str], key: str, bands: Collection[str]) -> list[Fault]:
    word = meaning[key]
    listed = f"bands: {', '.join(bands)}" if bands else "the survey has no bands"
    if word not in bands:
        message = f"{shown(word)} is not a band of this survey"
        return [Fault("band_unknown", message, key, did_you_mean(word, bands) or listed)]
    if key != "band" and word == meaning.get("band"):
        message = f"{key} is the same as band: {word!r}"
        return [Fault("value_unknown", message, key, listed)]
    return []


def _check_companion(terms: Terms, meaning: Mapping[str, str], key: str) -> list[Fault]:
    """Check the second quantity of a correlation, of which only one order is allowed."""
    quantity, word = meaning["quantity"], meaning[key]
    order = [name for name, entry in terms.quantities.items() if key in entry.optional]
    later = order[order.index(quantity) + 1 :]
    users = [
        (owner, value)
        for owner, qualifier in terms.qualifiers.items()
        for value, entry in qualifier.values.items()
        if key in entry.requires
    ]
    if users and all(meaning.get(owner) != value for owner, value in users):
        example = " or ".join(f"{owner}: {value}" for owner, value in users)
        message = f"{key} is used only together with {example}"
        return [Fault("qualifier_unknown", message, key, f"add {example}, or take {key} away")]
    if word in later:
        return []
    if word in order and word != quantity:
        turned = partial_name(terms, {**meaning, "quantity": word, key: quantity})
        message = f"{partial_name(terms, meaning)!r} is called {turned!r}"
        return [Fault("value_form", message, key, f"write quantity: {word}, {key}: {quantity}")]
    message = f"{shown(word)} has no correlation with {quantity}"
    return [Fault("value_unknown", message, key, f"one of {', '.join(later)}")]


def _unknown_quantity(terms: Terms, word: str) -> Fault:
    hint = terms.hints.get(word.casefold())
    help = f"write {hint}" if hint else did_you_mean(word, terms.quantities)
    every = f"one of {', '.join(terms.quantities)}"
    message = f"{shown(word)} is not a quantity of the vocabulary"
    return Fault("quantity_unknown", message, "quantity", help or every)


def _unknown_value(qualifier: Qualifier, key: str, word: str) -> Fault:
    every = f"one of {', '.join(qualifier.words)}"
    hint = qualifier.hints.get(word.casefold())
    parameter = qualifier.values[word].parameter if word in qualifier.values else None
    if parameter:
        help = f"add the {parameter.name} in {parameter.unit}, as in {word}2 or {word}0p7"
    elif hint:
        help = f"write {hint}; {every}"
    else:
        question = did_you_mean(word, qualifier.values)
        help = f"{question} {every}".strip()
    return Fault("value_unknown", f"{shown(word)} is not a value of {key}", key, help)


def _add(qualifier: Qualifier, key: str) -> str:
    if qualifier.source == "values":
        return f"add {key}: one of {', '.join(qualifier.words)}"
    return f"add {key}: one of the {qualifier.source}"


def diagnose_name(terms: Terms, name: str, bands: Collection[str]) -> list[Fault]:
    """Find everything that keeps a name from being a complete canonical one.

    Parameters
    ----------
    terms : Terms
        The vocabulary.
    name : str
        A name that somebody typed.
    bands : collection of str
        Bands of the survey.

    Returns
    -------
    list of Fault
        As `check_meaning`, without the attributes that no name has. Empty for a complete name,
        whatever the order of its words.
    """
    meaning = read_meaning(terms, name, bands)
    if meaning is not None:
        faults = check_meaning(terms, meaning, bands)
        return [
            _with_examples(terms, meaning, fault)
            for fault in faults
            if fault.code != "attribute_missing"
        ]
    for length in range(name.count("_") + 1, 0, -1):
        words = name.split("_")
        quantity = "_".join(words[:length])
        if quantity in terms.quantities:
            takes = ", ".join(terms.quantities[quantity].in_name) or "nothing"
            message = f"{shown(name)} has words that quantity {quantity!r} has no use for"
            return [Fault("name_words", message, "quantity", f"it takes {takes}")]
    message = f"{shown(name)} does not start with a quantity"
    return [Fault("quantity_unknown", message, "quantity", _nearest_quantity(terms, name))]


def _with_examples(terms: Terms, meaning: Mapping[str, str], fault: Fault) -> Fault:
    """Return a fault whose help shows names that say what is missing."""
    qualifier = terms.qualifiers.get(fault.key)
    if fault.code != "qualifier_missing" or qualifier is None or not qualifier.values:
        return fault
    words = [word for word, value in qualifier.values.items() if not value.parameter]
    names = [partial_name(terms, {**meaning, fault.key: word}) for word in words[:MAX_EXAMPLES]]
    return replace(fault, help=f"{fault.help}; as in {', '.join(names)}")


def _nearest_quantity(terms: Terms, name: str) -> str:
    """Return a suggestion for the first words of a name."""
    words = name.split("_")[:4]
    starts = ["_".join(words[:length]) for length in range(len(words), 0, -1)]
    for start in starts:
        if start.casefold() in terms.hints:
            return f"write {terms.hints[start.casefold()]} for {start}"
    for start in starts:
        question = did_you_mean(start, terms.quantities)
        if question:
            return question
    return f"a name starts with one of {', '.join(terms.quantities)}"


def check_bands(terms: Terms, bands: Iterable[str]) -> list[Fault]:
    """Find bands whose names would make other names unreadable.

    Parameters
    ----------
    terms : Terms
        The vocabulary.
    bands : iterable of str
        Bands of the survey.

    Returns
    -------
    list of Fault
        For a band that is empty, holds ``:`` or blanks, or is a word that stands beside bands in
        names: ``y`` may be a band although it is an element, too.
    """
    faults = []
    beside = _beside_bands(terms)
    for band in bands:
        owners = [key for key in terms.qualifiers if key in beside and _is_word(terms, key, band)]
        if not band or ":" in band or any(letter.isspace() for letter in band):
            message = f"band {shown(band)} is empty or holds a colon or a blank"
            faults.append(Fault("band_token", message, "band", "a band is a short token"))
        elif owners:
            message = f"band {band!r} is also a word of the vocabulary ({owners[0]})"
            faults.append(Fault("band_token", message, "band", "give the band another token"))
    return faults


def _beside_bands(terms: Terms) -> set[str]:
    """Return the qualifiers that a quantity with bands takes."""
    return {
        key
        for entry in terms.quantities.values()
        if any(terms.qualifiers[other].source == "bands" for other in entry.in_name)
        for key in entry.in_name
    }


def _is_word(terms: Terms, key: str, word: str) -> bool:
    return terms.qualifiers[key].value(word) is not None
