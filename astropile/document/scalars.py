"""Plain scalars of the YAML 1.2 core schema, in one spelling each."""

from __future__ import annotations

import re
from math import inf, isinf, nan
from typing import Final, TypeAlias

__all__ = ["Scalar", "resolve_plain"]

Scalar: TypeAlias = "str | int | float | bool | None"

WORDS: Final[dict[str, Scalar]] = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "false": False,
    ".inf": inf,
    "+.inf": inf,
    "-.inf": -inf,
    ".nan": nan,
}
INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
FLOAT: Final = re.compile(
    r"[-+]?(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+|(?:0|[1-9][0-9]*)(?=[eE]))(?:[eE][-+]?[0-9]+)?"
)
MIN_INTEGER: Final = -(2**63)
MAX_INTEGER: Final = 2**64 - 1
MAX_DIGITS: Final = 20  # of an integer of 64 bits
NUMBER_STARTS: Final = frozenset("+-.0123456789")


def resolve_plain(text: str) -> Scalar:
    """Return the value of a scalar that was written without quotes.

    Parameters
    ----------
    text : str
        The scalar as it was written.

    Returns
    -------
    str, int, float, bool or None
        The text itself unless it is ``true``, ``false``, ``null``, ``~``, nothing, or a number
        without leading zeros.

    Raises
    ------
    OverflowError
        If the number does not fit the 64 bits that numpy and Arrow give it.

    Notes
    -----
    https://yaml.org/spec/1.2.2/#103-core-schema, without its second spellings (``True``, ``NULL``,
    ``0x1F``, ``0o17``) and leading zeros: those stay text.

    Examples
    --------
    >>> [resolve_plain(text) for text in ("NO", "012", "1:30", "1e5", "2024-01-01", "-3", "")]
    ['NO', '012', '1:30', 100000.0, '2024-01-01', -3, None]
    """
    if text in WORDS:
        return WORDS[text]
    if text[0] not in NUMBER_STARTS:
        return text
    if INTEGER.fullmatch(text):
        if len(text) > MAX_DIGITS + 1 or not MIN_INTEGER <= int(text) <= MAX_INTEGER:
            message = "the integer does not fit 64 bits"
            raise OverflowError(message)
        return int(text)
    if FLOAT.fullmatch(text):
        value = float(text)
        mantissa = re.split("[eE]", text)[0]
        if isinf(value) or (value == 0.0 and mantissa.strip("+-.0")):
            message = "the number does not fit a float64"
            raise OverflowError(message)
        return value
    return text
