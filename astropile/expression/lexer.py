"""Cuts the text of an expression into tokens."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias

from astropile.expression.constants import number
from astropile.expression.errors import unknown_character

NamePath: TypeAlias = tuple[tuple[str, ...], str | None]
_PART = r"(?:[A-Za-z_][A-Za-z0-9_]*|`[^`]+`)"
_TOKEN = re.compile(
    rf"""(?P<space>\s+)
    |(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?P<tail>\w*)
    |(?P<text>'[^']*'|"[^"]*")
    |(?P<name>{_PART}(?:\.{_PART})*(?:@{_PART})?)
    |(?P<op>\*\*|//|==|!=|<=|>=|[-+*/%<>()\[\],:])""",
    re.VERBOSE,
)
_CONSTANTS = {"true": True, "false": False, "null": None}
_WORDS = frozenset(("and", "or", "not", "in"))


class Token(NamedTuple):
    """A constant, a name, an operator (with ``and or not in``) or the end of the text."""

    kind: Literal["constant", "name", "op", "end"]
    value: int | float | str | bool | NamePath | None
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text; the last one is its end."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise unknown_character(text, at)
        start, at = match.span()
        word = match.group()
        if match["number"]:
            found.append(
                Token("constant", number(match["number"], match["tail"], start), start, at)
            )
        elif match["text"]:
            found.append(Token("constant", word[1:-1], start, at))
        elif word in _CONSTANTS:
            found.append(Token("constant", _CONSTANTS[word], start, at))
        elif match["op"] or word in _WORDS:
            found.append(Token("op", word, start, at))
        elif match["name"]:
            found.append(Token("name", _path(word), start, at))
    found.append(Token("end", None, len(text), len(text)))
    return found


def _path(word: str) -> NamePath:
    """Split ``a.b@KEY`` at dots and ``@`` outside backticks."""
    parts = [part.strip("`") for part in re.findall(_PART, word)]
    attribute = parts.pop() if re.search(rf"@{_PART}$", word) else None
    return tuple(parts), attribute
