"""`registry/units.yaml`: what is said about units, and what people write instead of them."""

from __future__ import annotations

from functools import cache

from pydantic import BaseModel, ConfigDict

from astropile.document import read_document
from astropile.vocabulary.paths import data_path
from astropile.vocabulary.registry_file import validated

__all__ = ["Accepted", "Trap", "UnitsFile", "unit_words"]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Accepted(_Entry):
    """A unit that needs a word of explanation; `vounit` is its text in VOTable."""

    description: str
    vounit: str


class Trap(_Entry):
    """A text that astropy reads as something that is not meant."""

    write: str
    because: str


class UnitsFile(_Entry):
    """`registry/units.yaml`."""

    units: str
    accepted: dict[str, Accepted]
    traps: dict[str, Trap]
    trap_words: dict[str, Trap]
    misspellings: dict[str, str]
    common: list[str]


@cache
def unit_words() -> UnitsFile:
    """Return what the registry says about units, read once.

    Returns
    -------
    UnitsFile
        Keys of `misspellings` are in lower case.

    Raises
    ------
    SchemaError
        If `registry/units.yaml` breaks its form.
    """
    return validated(read_document(data_path("registry") / "units.yaml"), UnitsFile)
