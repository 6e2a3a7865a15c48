"""The macros ``over`` and ``chain``, expanded as text before an expression is parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from astropile.expression.errors import ExpressionError
from astropile.expression.holes import fill
from astropile.expression.limits import MAX_DEPTH, MAX_TEXT, check_length
from astropile.expression.scan import outside_quotes, split_outside

_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MACRO: Final = re.compile(r"(?<![\w.@`])(over|chain)\s*\(")
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

#: How each macro is written, with what it stands for; for the docs.
MACROS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "over": ("over(axis, e)", "stack of e for every label of the axis, written {axis} in e"),
        "chain": ("chain(v, [a, b], e)", "concat of e for every entry, written {v} in e"),
    }
)


def expand_macros(
    text: str,
    labels: Mapping[str, Sequence[str]],
    lookups: Mapping[str, Mapping[str, str]] = _NOTHING,
) -> str:
    """Expand the macros of an expression.

    Parameters
    ----------
    text : str
        An expression; macros may stand in macros, the inner one is expanded first.
    labels : mapping of str to sequence of str
        Axis -> its labels, for ``over``.
    lookups : mapping of str to mapping, optional
        Named dictionaries, for pipes like ``{band|name}``.

    Returns
    -------
    str
        The expression without macros. Holes of other variables stay.

    Raises
    ------
    ExpressionError
        With the range of the macro in ``text``.

    Examples
    --------
    >>> expand_macros("over(band, calexp_{band}.hdu1)", {"band": ["g", "r"]})
    'stack(calexp_g.hdu1, calexp_r.hdu1)'
    >>> expand_macros("chain(c, [1, 2], ccd{c}.hdu0)", {})
    'concat(ccd1.hdu0, ccd2.hdu0)'
    """
    if _MACRO.search(text) is None:
        return text
    check_length(text)
    return _Expander(text, labels, lookups).expand(0, len(text), 0)


@dataclass(frozen=True, slots=True)
class _Expander:
    text: str
    labels: Mapping[str, Sequence[str]]
    lookups: Mapping[str, Mapping[str, str]]

    def expand(self, start: int, end: int, depth: int) -> str:
        """Return a part of the text with its macros expanded."""
        done: list[str] = []
        at = start
        for match, stop in self.macros(start, end):
            if depth >= MAX_DEPTH:
                message = "too many macros in macros"
                raise ExpressionError(message, match.start(), stop)
            done += [self.text[at : match.start()], self.macro(match, stop, depth)]
            at = stop
        return "".join([*done, self.text[at:end]])

    def macros(self, start: int, end: int) -> Iterator[tuple[re.Match[str], int]]:
        """Yield the outermost macros of a part, with where each one ends."""
        at = start
        for position, _, _ in outside_quotes(self.text[:end], start):
            match = _MACRO.match(self.text, position, end) if position >= at else None
            if match is not None:
                at = self.closing(match, end)
                yield match, at

    def closing(self, match: re.Match[str], end: int) -> int:
        for at, character, depth in outside_quotes(self.text[:end], match.end() - 1):
            if character == ")" and depth == 1:
                return at + 1
        message = "a ( is not closed"
        raise ExpressionError(message, match.end() - 1, match.end())

    def macro(self, match: re.Match[str], stop: int, depth: int) -> str:
        name, first = match[1], match.end()
        parts = split_outside(self.text[first : stop - 1], ",")
        signature = MACROS[name][0]
        if len(parts) != (2 if name == "over" else 3) or not parts[-1][1].strip():
            message = f"this macro is written {signature}"
            raise ExpressionError(message, match.start(), stop)
        variable = parts[0][1].strip()
        if not _WORD.fullmatch(variable):
            message = f"'{variable}' is not a name; the macro is written {signature}"
            raise ExpressionError(message, first, first + len(parts[0][1]))
        values = (
            self.axis_labels(variable, first, first + len(parts[0][1]))
            if name == "over"
            else self.entries(parts[1][1], first + parts[1][0])
        )
        body = self.expand(first + parts[-1][0], stop - 1, depth + 1).strip()
        if len(values) * len(body) > MAX_TEXT:
            message = f"with its macros expanded, it has more than {MAX_TEXT} characters"
            raise ExpressionError(message, match.start(), stop, "use a shorter expression")
        try:
            copies = [
                fill(body, {variable: value}, lookups=self.lookups, lists={variable: values})
                for value in values
            ]
        except ExpressionError as error:  # its range is that of the body, not of the text
            raise ExpressionError(error.message, match.start(), stop, error.help) from None
        return f"{'stack' if name == 'over' else 'concat'}({', '.join(copies)})"

    def axis_labels(self, axis: str, start: int, end: int) -> Sequence[str]:
        from astropile.document import did_you_mean

        if not (found := self.labels.get(axis)):
            near = did_you_mean(axis, list(self.labels))
            message = f"'{axis}' is not an axis with labels"
            raise ExpressionError(message, start, end, near)
        return found

    def entries(self, text: str, start: int) -> list[str]:
        inside = text.strip()
        entries = [entry.strip() for _, entry in split_outside(inside[1:-1], ",")]
        if not (inside.startswith("[") and inside.endswith("]")) or not all(entries):
            help_text = "for example chain(c, [1, 2], ccd{c}.flux)"
            message = "chain takes a list"
            raise ExpressionError(message, start, start + len(text), help_text)
        return [re.sub(r"^(['\"])(.*)\1$", r"\2", entry) for entry in entries]
