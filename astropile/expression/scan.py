"""Looks through text outside its quotes and brackets, before it is parsed."""

from __future__ import annotations

from collections.abc import Iterator

from astropile.expression.errors import ExpressionError


def outside_quotes(text: str, start: int = 0) -> Iterator[tuple[int, str, int]]:
    """Yield what stands outside quotes and backticks.

    Parameters
    ----------
    text : str
        Text that need not be an expression yet.
    start : int, optional
        Where to begin.

    Yields
    ------
    position, character, depth : int, str, int
        ``depth`` counts the brackets open after an opening and before a closing one.

    Raises
    ------
    ExpressionError
        A quote is not closed.

    Examples
    --------
    >>> [at for at, character, depth in outside_quotes("f(',', x), y") if character == ","]
    [5, 9]
    """
    at, depth = start, 0
    while at < len(text):
        character = text[at]
        if character in "'\"`":
            end = text.find(character, at + 1)
            if end < 0:
                message = f"a {character} is not closed"
                raise ExpressionError(message, at, len(text))
            at = end + 1
            continue
        depth += character in "(["
        yield at, character, depth
        depth -= character in ")]"
        at += 1


def split_outside(text: str, separator: str) -> list[tuple[int, str]]:
    """Return the parts of a text between separators outside quotes and brackets, with their start.

    Examples
    --------
    >>> split_outside("a, [b, c]", ",")
    [(0, 'a'), (2, ' [b, c]')]
    """
    cuts = [
        at for at, character, depth in outside_quotes(text) if character == separator and depth == 0
    ]
    starts = [0, *(cut + 1 for cut in cuts)]
    return [(start, text[start:end]) for start, end in zip(starts, [*cuts, len(text)], strict=True)]
