"""Texts of units: parsed by astropy behind a guard, with suggestions for what people write."""

from __future__ import annotations

import re
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Final

from astropile.document import did_you_mean, shown
from astropile.errors import UsageError
from astropile.vocabulary.unit_words import unit_words

if TYPE_CHECKING:
    from astropy.units import UnitBase

__all__ = ["UnitTextError", "parse_unit", "physical_part"]

MAX_LENGTH: Final = 100
MAX_EXPONENT_DIGITS: Final = 3

# A number in front may have a long mantissa; every other digit is one of an exponent. (Digits of
# other scripts, which astropy takes too, are never in the mantissa.)
MANTISSA: Final = re.compile(r"\s*[0-9]{0,17}(?:\.[0-9]{0,17})?")
LONG_NUMBER: Final = re.compile(rf"\d{{{MAX_EXPONENT_DIGITS + 1}}}")
WORD: Final = re.compile(r"[^\W\d_]+(?:_[^\W\d_]+)*")
# What astropy raises for texts that are no units.
ASTROPY_ERRORS: Final = (ValueError, TypeError, ArithmeticError, AttributeError, RecursionError)
WITHIN: Final = re.compile(r"\b(?:mag|dex|dB)\s*\(")
LOGARITHM: Final = re.compile(r"log(?:10)?\s*\((.+)\)")


class UnitTextError(UsageError):
    """A text that is no unit, or a unit that cannot become another.

    Attributes
    ----------
    message : str
        What is wrong.
    help : str
        The next step; may be empty.
    """

    @property
    def message(self) -> str:
        """What is wrong."""
        return self.what

    @property
    def help(self) -> str:
        """The next step; may be empty."""
        return self.hint


def parse_unit(text: str) -> UnitBase:
    """Return the unit that a text stands for.

    Parameters
    ----------
    text : str
        A unit in the generic format of astropy, with at most one slash; a leading number is
        allowed. Empty: dimensionless.

    Returns
    -------
    astropy.units.UnitBase or astropy.units.FunctionUnitBase
        From a cache.

    Raises
    ------
    UnitTextError
        If the text is longer than 100 characters, holds a number that is no sensible exponent,
        is unknown to astropy, or is known to it as something that is not meant.

    Examples
    --------
    >>> parse_unit("1e-17 erg / (s cm2 Angstrom)").is_equivalent("erg / (s cm2 nm)")
    True
    >>> parse_unit("mag(AB)")
    Unit("mag(AB)")
    >>> try:
    ...     parse_unit("nanomaggies")
    ... except UnitTextError as error:
    ...     print(error)
    unit 'nanomaggies' is not known
      = help: did you mean 'nanomaggy'?
    """
    _refuse_bombs(text)
    return _parse(" ".join(text.split()))


def _refuse_bombs(text: str) -> None:
    """Refuse what would make the parser compute numbers of many digits."""
    if len(text) > MAX_LENGTH:
        what = f"a unit of {len(text)} characters: {shown(text)}"
        raise UnitTextError(what, hint=f"a unit has at most {MAX_LENGTH} characters")
    start = MANTISSA.match(text)
    if LONG_NUMBER.search(text, start.end() if start else 0):
        what = f"unit {shown(text)} has a number of more than {MAX_EXPONENT_DIGITS} digits"
        raise UnitTextError(what, hint="only the number in front may be longer, as in 12345 km")


@lru_cache(maxsize=1024)
def _parse(text: str) -> UnitBase:
    _refuse_traps(text)
    try:
        unit = _with_astropy(text)
    except ASTROPY_ERRORS:
        what = f"unit {shown(text)} is not known"
        raise UnitTextError(what, hint=_suggestion(text)) from None
    if unit is None:
        what = f"unit {shown(text)} has no finite size above 0"
        raise UnitTextError(what, hint="look at the number in front and at the exponents")
    return unit


def _refuse_traps(text: str) -> None:
    """Refuse what astropy, or another program, would read as something that is not meant."""
    words = unit_words()
    traps = {text: words.traps[text]} if text in words.traps else {}
    traps |= {
        word: words.trap_words[word] for word in WORD.findall(text) if word in words.trap_words
    }
    for word, trap in traps.items():
        what = f"unit {shown(text)}: {trap.because}"
        mended = re.sub(rf"(?<![^\W\d_]){re.escape(word)}(?![^\W\d_])", trap.write, text)
        raise UnitTextError(what, hint=_question(mended))
    if text.count("/") > 1:
        what = f"unit {shown(text)} has more than one slash, which programs read differently"
        raise UnitTextError(what, hint=_one_slash(text))


def _with_astropy(text: str) -> UnitBase | None:
    """Return what astropy reads; None for a unit that is infinite, zero or negative."""
    from astropy import units

    unit = units.Unit(text, format="generic")
    physical = physical_part(unit)
    written = physical.scale if isinstance(physical, units.CompositeUnit) else 1.0
    in_si = physical.decompose().scale  # of mag and dex negative or below 1: they are no sizes
    sizes = (written, abs(in_si))
    if any(isinstance(size, complex) or not isfinite(size) or not size > 0 for size in sizes):
        return None
    return unit


def physical_part(unit: UnitBase) -> UnitBase:
    """Return the unit of which a logarithmic unit is the logarithm; any other unit itself.

    Parameters
    ----------
    unit : UnitBase or FunctionUnitBase
        ``mag(AB)``, ``km / s``.

    Returns
    -------
    UnitBase
        ``AB``, ``km / s``.
    """
    return getattr(unit, "physical_unit", unit)


def _parses(text: str) -> bool:
    """Tell whether a suggestion would be accepted."""
    try:
        _refuse_bombs(text)
        _refuse_traps(text)
        return _with_astropy(text) is not None
    except (UnitTextError, *ASTROPY_ERRORS):
        return False


def _question(text: str) -> str:
    return f"did you mean {text!r}?" if text else "did you mean '' (dimensionless)?"


def _one_slash(text: str) -> str:
    """Return a text with one slash in its place, where that is plain."""
    head, *below = [part.strip() for part in text.split("/")]
    joined = f"{head} / ({' '.join(below)})"
    plain = head and not any(bracket in text for bracket in "()")
    return f"write {joined}" if plain and _parses(joined) else "write it as a / (b c)"


def _suggestion(text: str) -> str:
    """Return the help for a text that is no unit."""
    words = unit_words()
    if text.casefold() in words.misspellings:
        return _question(words.misspellings[text.casefold()])
    logarithm = LOGARITHM.fullmatch(text)
    if logarithm:
        return _question(f"dex({logarithm[1]})")
    mended = WORD.sub(lambda found: words.misspellings.get(found[0].casefold(), found[0]), text)
    if mended != text and _parses(mended):
        return _question(mended)
    if WITHIN.search(text):
        return "a unit such as mag(AB) stands alone: no number, power or other unit beside it"
    for word in WORD.findall(text):
        near = did_you_mean(word, words.common)
        if near and not _parses(word):
            return near
    return "see https://docs.astropy.org/en/stable/units/ for the units of astropy"
