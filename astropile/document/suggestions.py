"""Near names, and names as messages show them."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

__all__ = ["did_you_mean", "near", "shown"]

MAX_NEAR: Final = 3
# Longer words are no misspelt names, and difflib takes time with the product of the lengths.
MAX_WORD: Final = 100
MAX_SHOWN: Final = 60


def near(word: str, candidates: Iterable[str]) -> list[str]:
    """Return up to three candidates that look like a word, the best first.

    Case is no difference: astronomers write ``RA`` and ``ra`` for the same thing.

    Parameters
    ----------
    word : str
        What was written.
    candidates : iterable of str
        What could have been written.

    Returns
    -------
    list of str
        At most three different candidates; the word itself is never one of them.

    Examples
    --------
    >>> near("TARGETTID", ["TARGETID", "TARGET_RA", "Z"])
    ['TARGETID', 'TARGET_RA']
    >>> near("RA", ["dec", "ra"])
    ['ra']
    """
    if len(word) > MAX_WORD:
        return []
    spellings: dict[str, list[str]] = {}
    for candidate in sorted(set(candidates) - {word}):
        if len(candidate) <= MAX_WORD:
            spellings.setdefault(candidate.casefold(), []).append(candidate)
    close = get_close_matches(word.casefold(), spellings, n=MAX_NEAR)
    return [name for folded in close for name in spellings[folded]][:MAX_NEAR]


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Return a question with the nearest candidates, for the help of an error.

    Parameters
    ----------
    word : str
        What was written.
    candidates : iterable of str
        What could have been written.

    Returns
    -------
    str
        Empty if nothing is near.

    Examples
    --------
    >>> did_you_mean("nanomagy", ["nanomaggy", "mag", "Jy"])
    "did you mean 'nanomaggy'?"
    >>> did_you_mean("iss", ["unit", "dtype"])
    ''
    """
    names = [shown(name) for name in near(word, candidates)]
    if not names:
        return ""
    head, last = names[:-1], names[-1]
    return f"did you mean {', '.join(head)} or {last}?" if head else f"did you mean {last}?"


def shown(text: str) -> str:
    """Return a text of a file as a message may show it: quoted, escaped and cut.

    Control characters are escaped, so that a file cannot write to a terminal through a message.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The text in quotes, of at most 60 characters and an ellipsis.

    Examples
    --------
    >>> shown("ra")
    "'ra'"
    >>> len(shown("x" * 1000))
    63
    """
    return repr(text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…")
