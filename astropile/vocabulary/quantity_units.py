"""Whether a unit is one of a quantity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from astropile.vocabulary.conversion import convertible
from astropile.vocabulary.model import Fault, Terms
from astropile.vocabulary.units import UnitTextError, parse_unit, physical_part

__all__ = ["check_unit"]

NUMBERS: Final = {
    "value": "",
    "difference": "an error of ",
    "inverse_square": "an inverse variance of ",
    "none": "a flag or coefficient of ",
}


def check_unit(terms: Terms, meaning: Mapping[str, str], unit: str) -> list[Fault]:
    """Find out whether a unit is one of a quantity.

    Parameters
    ----------
    terms : Terms
        The vocabulary.
    meaning : mapping of str to str
        A meaning without faults.
    unit : str
        Unit of the number.

    Returns
    -------
    list of Fault
        One fault if the unit is unknown or cannot become one of the quantity.

    Raises
    ------
    UsageError
        If the quantity is unknown.
    """
    quantity = meaning.get("quantity", "")
    entry = terms.quantity(quantity)
    try:
        parse_unit(unit)
    except UnitTextError as error:
        return [Fault("unit_unknown", error.message, "unit", error.help)]
    kind = _kind(terms, meaning)
    expected = list(dict.fromkeys(_of_kind(text, kind) for text in entry.units))
    if any(convertible(unit, reference) for reference in expected):
        return []
    message = f"unit {unit!r} is not one of {NUMBERS[kind]}quantity {quantity!r}"
    known = ", ".join(repr(text) for text in expected)
    return [Fault("unit_kind", message, "unit", f"it must be convertible to {known}")]


def _kind(terms: Terms, meaning: Mapping[str, str]) -> str:
    """Return how the unit of the number follows from that of the quantity."""
    for key, word in meaning.items():
        value = terms.qualifiers[key].value(word) if key in terms.qualifiers else None
        if value and value.unit != "value":
            return value.unit
    return "value"


def _of_kind(text: str, kind: str) -> str:
    """Return the unit of an error or an inverse variance, given that of the value."""
    if kind == "none":
        return ""
    unit = parse_unit(text)
    if kind == "value":
        return text
    if physical_part(unit) is not unit:
        unit = unit.function_unit  # the error of mag(AB) is a mag
    return str(unit**-2 if kind == "inverse_square" else unit)
