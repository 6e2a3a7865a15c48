"""The words of the vocabulary, as `registry/quantities.yaml` gives them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from astropile.document import did_you_mean, shown
from astropile.errors import UsageError

__all__ = ["Fault", "Parameter", "Qualifier", "Quantity", "Terms", "Value", "VocabularyFile"]

# A diameter of 2.0 is written 2 and of 0.70 is written 0p7: one number, one word.
NUMBER_TEXT: Final = re.compile(r"[0-9]+(?:p[0-9]+)?")
SHORTEST_NUMBER: Final = re.compile(r"(?!0$)(?:0|[1-9][0-9]*)(?:p[0-9]*[1-9])?")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a meaning or a name.

    Attributes
    ----------
    code : str
        Short stable name of the rule (``qualifier_missing``, ``band_unknown`` ...).
    message : str
        What is wrong.
    key : str
        The key of ``is`` at fault, ``quantity`` or a qualifier; ``unit`` for a unit.
    help : str
        The next step; may be empty.
    """

    code: str
    message: str
    key: str
    help: str = ""


class _Entry(BaseModel):
    """A closed, frozen block of a registry file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Parameter(_Entry):
    """A number that is part of a word: the diameter in ``aper2``."""

    name: str
    unit: str


class Value(_Entry):
    """A value of a qualifier.

    `unit` says what the unit of the number is, given that of the quantity; `ucd` is a template in
    which ``*`` stands for the UCD of the quantity.
    """

    description: str
    parameter: Parameter | None = None
    unit: Literal["value", "difference", "inverse_square", "none"] = "value"
    ucd: str = "*"
    requires: list[str] = Field(default_factory=list)
    only: list[str] = Field(default_factory=list)


class Qualifier(_Entry):
    """A qualifier: its own list of values, the bands of a survey, or other quantities."""

    description: str
    source: Literal["values", "bands", "quantities"] = Field(default="values", alias="from")
    values: dict[str, Value] = Field(default_factory=dict)
    hints: dict[str, str] = Field(default_factory=dict)

    def value(self, word: str) -> Value | None:
        """Return the value that a word stands for, or None."""
        if word in self.values:
            return None if self.values[word].parameter else self.values[word]
        for stem, value in self.values.items():
            if value.parameter and word.startswith(stem) and NUMBER_TEXT.fullmatch(word, len(stem)):
                return value
        return None

    @property
    def words(self) -> list[str]:
        """The values as a message shows them: ``cmodel``, ``aper<diameter>`` ..."""
        return [
            f"{word}<{value.parameter.name}>" if value.parameter else word
            for word, value in self.values.items()
        ]


class Quantity(_Entry):
    """A physical quantity: what it is, and which words belong to its name."""

    definition: str
    units: list[str] = Field(default_factory=lambda: [""])
    ucd: str
    ucd_when: dict[str, str] = Field(default_factory=dict)
    requires: list[str] = Field(default_factory=list)
    optional: list[str] = Field(default_factory=list)
    attributes: list[str] = Field(default_factory=list)

    @property
    def in_name(self) -> list[str]:
        """Qualifiers that are part of the name, in order."""
        return [*self.requires, *self.optional]


class VocabularyFile(_Entry):
    """`registry/quantities.yaml`."""

    vocabulary: str
    qualifiers: dict[str, Qualifier]
    quantities: dict[str, Quantity]
    hints: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class Terms:
    """The words alone; `Vocabulary` adds what is done with them.

    Attributes
    ----------
    version : str
        Version of the vocabulary.
    quantities : mapping of str to Quantity
        In the order of the file.
    qualifiers : mapping of str to Qualifier
        In the order of the file.
    hints : mapping of str to str
        Popular words for a quantity, for messages.
    """

    version: str
    quantities: Mapping[str, Quantity]
    qualifiers: Mapping[str, Qualifier]
    hints: Mapping[str, str]

    def quantity(self, word: str) -> Quantity:
        """Return a quantity.

        Raises
        ------
        UsageError
            It is unknown; near words are suggested.
        """
        found = self.quantities.get(word)
        if found is None:
            what = f"{shown(word)} is not a quantity of the vocabulary"
            near = did_you_mean(word, list(self.quantities))
            raise UsageError(what, hint=near or f"one of {', '.join(self.quantities)}")
        return found
