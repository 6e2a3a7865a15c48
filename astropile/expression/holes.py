"""Holes in templates and paths: ``{band}``, ``{band|upper}``, ``{obsid:05d}``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from astropile.expression.errors import ExpressionError
from astropile.expression.scan import outside_quotes, split_outside

_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
#: Widths stay below 100: a path needs no more, and a wide one would fill the memory.
_FORMAT = r"0?[0-9]{0,2}d|[0-9]{0,2}(?:\.[0-9]{1,2})?f|[0-9]{0,2}s"
_VARIABLE: Final = re.compile(
    rf"\{{\s*({_WORD})\s*(?:\|\s*({_WORD})\s*)?(?::\s*({_FORMAT})\s*)?\}}"
)
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Hole:
    """One hole of a path.

    Attributes
    ----------
    expression : str
        What fills it: a variable or an expression over the main row.
    pipe : str or None
        ``upper``, ``lower``, ``index`` or a lookup; only after a variable.
    format : str or None
        As Python writes it: ``05d``, ``.2f``.
    start, end : int
        Range in the text, with its braces.
    expression_start : int
        Where the expression begins in the text.
    """

    expression: str
    pipe: str | None
    format: str | None
    start: int
    end: int
    expression_start: int


def fill(
    text: str,
    values: Mapping[str, str],
    *,
    lookups: Mapping[str, Mapping[str, str]] = _NOTHING,
    lists: Mapping[str, Sequence[str]] = _NOTHING,
) -> str:
    """Fill the holes of variables; all other holes stay as they are.

    Parameters
    ----------
    text : str
        Any text of a template.
    values : mapping of str to str
        Variable -> its value.
    lookups : mapping of str to mapping, optional
        Named dictionaries, for ``{var|name}``.
    lists : mapping of str to sequence, optional
        Variable -> all its values, for ``{var|index}``.

    Returns
    -------
    str
        The text filled once; holes inside the values stay.

    Raises
    ------
    ExpressionError
        A pipe is unknown, its lookup lacks the value, or a value does not fit its format.

    Examples
    --------
    >>> fill("HSC-{band|upper}_{patch // 100}", {"band": "g"})
    'HSC-G_{patch // 100}'
    >>> fill("flux[{b|index}]", {"b": "r"}, lists={"b": ["g", "r"]})
    'flux[1]'
    """
    if "{" not in text:
        return text

    def replace(match: re.Match[str]) -> str:
        variable, pipe, layout = match.groups()
        if variable not in values:
            return match.group()
        try:
            value = _piped(variable, values[variable], pipe, lookups, lists)
            return value if layout is None else _formatted(value, layout)
        except _HoleError as error:
            raise ExpressionError(error.what, *match.span(), error.hint) from None

    return _VARIABLE.sub(replace, text)


class _HoleError(Exception):
    """A hole that cannot be filled; its place is known one level up."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def _piped(
    variable: str,
    value: str,
    pipe: str | None,
    lookups: Mapping[str, Mapping[str, str]],
    lists: Mapping[str, Sequence[str]],
) -> str:
    match pipe:
        case None:
            return value
        case "upper":
            return value.upper()
        case "lower":
            return value.lower()
        case "index":
            if value not in lists.get(variable, ()):
                message = f"'{value}' has no place in a list of values of '{variable}'"
                raise _HoleError(message)
            return str(list(lists[variable]).index(value))
    if value in lookups.get(pipe, _NOTHING):
        return lookups[pipe][value]
    from astropile.document import did_you_mean

    if pipe not in lookups:
        near = did_you_mean(pipe, ["upper", "lower", "index", *lookups])
        message = f"'{pipe}' is neither upper, lower, index nor a lookup"
        raise _HoleError(message, near)
    near = did_you_mean(value, list(lookups[pipe]))
    message = f"'{value}' is not in lookups.{pipe}"
    raise _HoleError(message, near)


def _formatted(value: str, layout: str) -> str:
    try:
        if layout.endswith("s"):
            return format(value, layout)
        return format(int(value) if layout.endswith("d") else float(value), layout)
    except ValueError:
        message = f"'{value}' does not fit the format '{layout}'"
        raise _HoleError(message) from None


def holes(text: str) -> list[Hole]:
    """Return the holes of a path, in order.

    Parameters
    ----------
    text : str
        A path; it may hold several holes, but none inside another.

    Raises
    ------
    ExpressionError
        A brace without its partner, an empty hole, a pipe after an expression, an unknown format.

    Examples
    --------
    >>> [(h.expression, h.pipe, h.format) for h in holes("{band|upper}/{x[1:3]}-{obsid + 1:05d}")]
    [('band', 'upper', None), ('x[1:3]', None, None), ('obsid + 1', None, '05d')]
    """
    found: list[Hole] = []
    at = 0
    while (start := text.find("{", at)) >= 0:
        _no_closing(text, at, start)
        found.append(_hole(text, start, _end(text, start)))
        at = found[-1].end
    _no_closing(text, at, len(text))
    return found


def _no_closing(text: str, start: int, end: int) -> None:
    at = text.find("}", start, end)
    if at >= 0:
        message = "a } closes no hole"
        raise ExpressionError(message, at, at + 1)


def _end(text: str, start: int) -> int:
    """Return where the hole that begins at ``start`` ends."""
    for at, character, _ in outside_quotes(text, start + 1):
        if character == "{":
            message = "a hole cannot stand inside a hole"
            raise ExpressionError(message, at, at + 1)
        if character == "}":
            return at + 1
    message = "a { is not closed"
    raise ExpressionError(message, start, len(text))


def _hole(text: str, start: int, end: int) -> Hole:
    inside = text[start + 1 : end - 1]
    layout = None
    if len(parts := split_outside(inside, ":")) > 1:
        cut, layout = parts[-1]
        layout = layout.strip()
        if not re.fullmatch(_FORMAT, layout):
            message = f"'{layout}' is not a format"
            raise ExpressionError(message, start + 1 + cut, end - 1, "for example {x:05d}, {x:.2f}")
        inside = inside[: cut - 1]
    pipe = None
    if len(parts := split_outside(inside, "|")) > 1:
        pipe = parts[1][1].strip()
        if len(parts) > 2 or not all(re.fullmatch(_WORD, part.strip()) for _, part in parts):
            help_text = "one pipe, and only after a variable: {band|upper}"
            message = "this hole cannot have a pipe"
            raise ExpressionError(message, start, end, help_text)
        inside = parts[0][1]
    expression = inside.strip()
    if not expression:
        message = "a hole is empty"
        raise ExpressionError(message, start, end)
    blanks = len(inside) - len(inside.lstrip())
    return Hole(expression, pipe, layout, start, end, start + 1 + blanks)
