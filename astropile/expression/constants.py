"""Numbers as expressions write them."""

from __future__ import annotations

from math import isinf
from typing import Final

from astropile.expression.errors import ExpressionError
from astropile.expression.nodes import Expr, Literal, Unary

#: The integers that some stored type holds.
_LARGEST: Final = 2**64 - 1
_SMALLEST: Final = -(2**63)


def number(word: str, tail: str, start: int) -> int | float:
    """Return the number that a word means.

    Parameters
    ----------
    word : str
        Digits with an optional point and exponent.
    tail : str
        Letters that stick to it; there must be none.
    start : int
        Where the word begins.
    """
    end, help_text, message = start + len(word) + len(tail), "", ""
    if tail:
        message, help_text = "neither a number nor a name", f"in a name it is `{word}{tail}`"
    elif not word.isdigit():
        message = "too large for a float64" if isinf(float(word)) else ""
    elif len(word) > 1 and word[0] == "0":
        message, help_text = "a number that begins with 0", f"write '{word}' for a text"
    elif int(word) > _LARGEST:
        message = "too large for an integer"
    if message:
        message = f"{word}{tail} is {message}"
        raise ExpressionError(message, start, end, help_text)
    return int(word) if word.isdigit() else float(word)


def negative(operand: Expr, start: int, end: int) -> Literal | Unary:
    """Return the negative of a number as a literal, of anything else as an operation."""
    value = operand.value if isinstance(operand, Literal) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return Unary("-", operand, start, end)
    if isinstance(value, int) and -value < _SMALLEST:
        message = f"-{value} is too large for an integer"
        raise ExpressionError(message, start, end)
    return Literal(-value, start, end)
