"""The one exception of this room, and what it says of characters that mean nothing."""

from __future__ import annotations

__all__ = ["ExpressionError", "unknown_character"]

_HINTS = {
    "=": "compare with ==",
    "!": "write not, or != to compare",
    "&": "write and",
    "|": "write or",
    "^": "write ** for a power",
    "{": "no variable fills this hole",
    ".": "a name is parts with a dot between them; odd parts stand in backticks",
    "@": "an attribute is written cell@KEY",
}


class ExpressionError(ValueError):
    """A fault in an expression, with its place in the text.

    It knows nothing of files; the schema turns it into a problem with a line and a column.

    Parameters
    ----------
    message : str
        What is wrong.
    start, end : int
        Range of the fault in the text, ``text[start:end]``; empty at the end of the text.
    help : str, optional
        The next step.

    Examples
    --------
    >>> error = ExpressionError("'sqr' is not a function", 4, 7, "did you mean 'sqrt'?")
    >>> str(error)
    "'sqr' is not a function"
    >>> error.start, error.end
    (4, 7)
    """

    def __init__(
        self,
        message: str,
        start: int,
        end: int,
        help: str = "",
    ) -> None:
        super().__init__(message, start, end, help)
        self.message = message
        self.start = start
        self.end = end
        self.help = help

    def __str__(self) -> str:
        """Return the message alone; the place is for who prints the text."""
        return self.message


def unknown_character(text: str, at: int) -> ExpressionError:
    """Return the error of a character that begins no token."""
    character = text[at]
    if character in "'\"`":
        return ExpressionError(f"a {character} is not closed", at, len(text))
    message = f"{character!r} does not belong here"
    return ExpressionError(message, at, at + 1, _HINTS.get(character, ""))
