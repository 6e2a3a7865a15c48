"""The passbands that surveys share, keyed by the ids of the SVO Filter Profile Service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from astropile.document import read_document
from astropile.vocabulary.paths import data_path
from astropile.vocabulary.registry_file import validated

__all__ = ["Filter", "FiltersFile", "find_filter", "load_filters"]

MAX_NEAR: Final = 10
MAX_TEXT: Final = 100
PIECE: Final = re.compile(r"[a-z]+|[0-9]+")


@dataclass(frozen=True, slots=True)
class Filter:
    """A passband.

    Attributes
    ----------
    id : str
        ``Facility/Instrument.Band``, as the SVO Filter Profile Service writes it.
    pivot_nm : float or None
        Pivot wavelength, sqrt(int R l dl / int R / l dl) for the photon response R, nm. It does
        not depend on a source, unlike the several "effective wavelengths". None: not known here.
    half_max_nm : tuple of float or None
        First and last wavelength at half of the maximum, nm.
    curve : str or None
        Where the curve is from: ``speclite/hsc2017-g``.
    unverified : tuple of str
        Attributes that were not checked against a source.
    note : str
        What a user of the filter should know.
    """

    id: str
    pivot_nm: float | None
    half_max_nm: tuple[float, float] | None
    curve: str | None
    unverified: tuple[str, ...]
    note: str


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    pivot_nm: float | None
    half_max_nm: list[float] | None = Field(min_length=2, max_length=2)
    curve: str | None
    unverified: list[str] = Field(default_factory=list)
    note: str = ""


class FiltersFile(BaseModel):
    """`registry/filters.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    filters: dict[str, _Entry]


@cache
def load_filters() -> Mapping[str, Filter]:
    """Return all filters of the registry.

    Returns
    -------
    mapping of str to Filter
        Keyed by id, in the order of the file.

    Raises
    ------
    SchemaError
        If `registry/filters.yaml` breaks its form.

    Examples
    --------
    >>> load_filters()["Subaru/HSC.g"].pivot_nm
    479.1
    """
    document = read_document(data_path("registry") / "filters.yaml")
    entries = validated(document, FiltersFile).filters
    return MappingProxyType({name: _filter(name, entry) for name, entry in entries.items()})


def _filter(name: str, entry: _Entry) -> Filter:
    limits = entry.half_max_nm
    return Filter(
        id=name,
        pivot_nm=entry.pivot_nm,
        half_max_nm=(limits[0], limits[1]) if limits else None,
        curve=entry.curve,
        unverified=tuple(entry.unverified),
        note=entry.note,
    )


def find_filter(text: str) -> list[str]:
    """Return the ids of filters that a text could mean.

    Parameters
    ----------
    text : str
        An id, a misspelt id, or a piece of one: ``HSC-G``, ``decam``.

    Returns
    -------
    list of str
        At most ten; first the ids that hold all pieces of the text, else those spelled alike.

    Examples
    --------
    >>> find_filter("HSC-G")
    ['Subaru/HSC.g']
    >>> find_filter("Subaru/HCS.g")[0]
    'Subaru/HSC.g'
    """
    if len(text) > MAX_TEXT:
        return []
    pieces = set(PIECE.findall(text.casefold()))
    ids = list(load_filters())
    exact = [name for name in ids if name.casefold() == text.casefold()]
    holding = [name for name in ids if pieces and pieces <= set(PIECE.findall(name.casefold()))]
    within = [name for name in ids if pieces and all(word in name.casefold() for word in pieces)]
    if exact or within:
        return list(dict.fromkeys(exact + (holding or within)))[:MAX_NEAR]
    folded = {name.casefold(): name for name in ids}
    return [folded[near] for near in get_close_matches(text.casefold(), folded, n=MAX_NEAR)]
