"""Reading the vocabulary and checking that it holds together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path
from types import MappingProxyType
from typing import Final

from astropile.document import Document, read_document
from astropile.errors import Problem, SchemaError
from astropile.vocabulary.model import Quantity, VocabularyFile
from astropile.vocabulary.paths import data_path
from astropile.vocabulary.registry_file import validated
from astropile.vocabulary.vocabulary import Vocabulary

__all__ = ["load_vocabulary"]

QUANTITY_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
VALUE_NAME: Final = re.compile(r"[a-z][a-z0-9]*")


def load_vocabulary(path: Path | None = None) -> Vocabulary:
    """Read the vocabulary.

    Parameters
    ----------
    path : Path, optional
        A file of the form of `registry/quantities.yaml`. By default that file, read once.

    Returns
    -------
    Vocabulary
        Immutable.

    Raises
    ------
    SchemaError
        If the file breaks its form; with all problems and their places.

    Examples
    --------
    >>> load_vocabulary().quantities["redshift"].requires
    ['method']
    """
    return _shipped() if path is None else _load(path)


@cache
def _shipped() -> Vocabulary:
    return _load(data_path("registry") / "quantities.yaml")


def _load(path: Path) -> Vocabulary:
    document = read_document(path)
    file = validated(document, VocabularyFile)
    problems = [*_word_problems(document, file), *_reference_problems(document, file)]
    if problems:
        raise SchemaError(problems)
    return Vocabulary(
        version=file.vocabulary,
        quantities=MappingProxyType(file.quantities),
        qualifiers=MappingProxyType(file.qualifiers),
        hints=MappingProxyType(file.hints),
    )


def _word_problems(document: Document, file: VocabularyFile) -> Iterator[Problem]:
    """Words that could not be read back from a name."""
    for name in file.quantities:
        if not QUANTITY_NAME.fullmatch(name):
            message = f"{name!r} is no name of a quantity: lower case, digits and single _"
            yield document.problem("word", message, ["quantities", name], key=True)
    for key, qualifier in file.qualifiers.items():
        for word in qualifier.values:
            if not VALUE_NAME.fullmatch(word):
                message = f"{word!r} is no value: lower case and digits"
                yield document.problem(
                    "word", message, ["qualifiers", key, "values", word], key=True
                )
    for name, entry in file.quantities.items():
        for first, second in combinations(_known(file, entry.in_name), 2):
            common = set(file.qualifiers[first].values) & set(file.qualifiers[second].values)
            if common:
                message = f"{min(common)!r} is a value of both {first} and {second}"
                yield document.problem("word", message, ["quantities", name], key=True)


def _known(file: VocabularyFile, keys: Sequence[str]) -> list[str]:
    return [key for key in keys if key in file.qualifiers]


def _reference_problems(document: Document, file: VocabularyFile) -> Iterator[Problem]:
    """Words that refer to nothing, and orders that differ."""
    order = list(file.qualifiers)
    for name, entry in file.quantities.items():
        for part in ("requires", "optional", "attributes"):
            keys: list[str] = getattr(entry, part)
            place = ["quantities", name, part]
            for position, key in enumerate(keys):
                if key not in file.qualifiers:
                    message = f"{key!r} is not a qualifier"
                    yield document.problem("reference", message, [*place, position])
            known = _known(file, keys)
            if part == "optional" and known != sorted(known, key=order.index):
                message = f"optional qualifiers of {name!r} are not in the order of the file"
                yield document.problem("order", message, place)
        yield from _ucd_problems(document, file, name, entry)
    for key, qualifier in file.qualifiers.items():
        for word, value in qualifier.values.items():
            place = ["qualifiers", key, "values", word]
            wrong = [other for other in value.requires if other not in file.qualifiers]
            wrong += [other for other in value.only if other not in file.quantities]
            for other in wrong:
                yield document.problem("reference", f"{other!r} does not exist", place, key=True)
        for hint, word in qualifier.hints.items():
            if word not in qualifier.values:
                message = f"{word!r} is not a value of {key}"
                yield document.problem("reference", message, ["qualifiers", key, "hints", hint])
    for hint, name in file.hints.items():
        if name not in file.quantities:
            message = f"{name!r} is not a quantity"
            yield document.problem("reference", message, ["hints", hint])


def _ucd_problems(
    document: Document, file: VocabularyFile, name: str, entry: Quantity
) -> Iterator[Problem]:
    words = {word for key in _known(file, entry.in_name) for word in file.qualifiers[key].values}
    for word in entry.ucd_when:
        if word not in words:
            message = f"quantity {name!r} takes no {word!r}"
            yield document.problem("reference", message, ["quantities", name, "ucd_when", word])
