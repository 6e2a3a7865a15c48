"""The text of a file, its lines, and problems drawn into it."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final
from unicodedata import combining, east_asian_width

from astropile.errors import Problem

__all__ = ["LINE_END", "SourceText", "Span"]

MAX_EXCERPT_COLUMNS: Final = 100
LINE_END: Final = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Span:
    """A part of one line of a file.

    Attributes
    ----------
    line : int
        Line, counted from 1.
    column : int
        First character, counted from 1.
    end_column : int
        One past the last character; equal to `column` where nothing was written.
    """

    line: int
    column: int
    end_column: int


@dataclass(frozen=True, slots=True, eq=False)
class SourceText:
    r"""A text with its name, addressed by the index of its characters.

    Attributes
    ----------
    name : str
        Name of the file as the user gave it.
    text : str
        All of the text, without byte order mark.

    Examples
    --------
    >>> source = SourceText("hsc.yaml", "survey: hsc\nbands: 5\n")
    >>> source.span(19, 20)
    Span(line=2, column=8, end_column=9)
    >>> print(source.problem(19, 20, "type", "not a mapping"))
    hsc.yaml:2:8: error[type]: not a mapping
     2 | bands: 5
       |        ^
    """

    name: str
    text: str
    _starts: list[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        starts = [0, *(match.end() for match in LINE_END.finditer(self.text))]
        object.__setattr__(self, "_starts", starts)

    def line_of(self, index: int) -> int:
        """Return the line, counted from 1, that holds a character."""
        return bisect_right(self._starts, index)

    def line_text(self, line: int) -> str:
        """Return a line without its end."""
        start = self._starts[line - 1]
        stop = self._starts[line] if line < len(self._starts) else len(self.text)
        return self.text[start:stop].rstrip("\r\n")

    def span(self, start: int, end: int) -> Span:
        """Return the place of ``text[start:end]``; what reaches past its first line is cut."""
        line = self.line_of(start)
        offset = self._starts[line - 1]
        line_end = offset + len(self.line_text(line).rstrip())
        return Span(line, start - offset + 1, max(start, min(end, line_end)) - offset + 1)

    def problem(self, start: int, end: int, code: str, message: str, help: str = "") -> Problem:
        """Return a problem with ``text[start:end]``, with its excerpt."""
        span = self.span(start, end)
        excerpt = _excerpt(self.line_text(span.line), span)
        return Problem(self.name, span.line, span.column, code, message, help, excerpt)


def _excerpt(line: str, span: Span) -> str:
    """Draw a line and a caret line below it, at most 100 columns wide."""
    gutter = f" {span.line} | "
    room = MAX_EXCERPT_COLUMNS - len(gutter)
    start, end = span.column - 1, max(span.end_column - 1, span.column)
    low, high = 0, len(line)
    if len(line) > room or _columns(line) > room:
        low, high = _window(line, start, end, room - 2)
    head = "…" if low > 0 else ""
    tail = "…" if high < len(line) else ""
    indent = len(head) + _columns(line[low:start])
    carets = max(1, _columns(line[start : min(end, high)]))
    # One blank for each tab or control character keeps the caret line in step.
    drawn = "".join(char if char.isprintable() else " " for char in line[low:high])
    below = " " * (len(gutter) - 2) + "| " + " " * indent + "^" * carets
    return f"{gutter}{head}{drawn}{tail}".rstrip() + "\n" + below


def _window(line: str, start: int, end: int, room: int) -> tuple[int, int]:
    """Choose the part of a long line that shows as much as possible around a mark."""
    spare = room - min(end - start, room)
    left = min(start, max(spare * 2 // 3, spare - (len(line) - end)))
    low = start - left
    high = min(len(line), low + room)
    while _columns(line[low:high]) > room:
        if high > end:
            high -= 1
        elif low < start:
            low += 1
        else:
            high -= 1
    return low, high


def _columns(text: str) -> int:
    """Return the columns that a terminal takes to show a text."""
    if text.isascii():
        return len(text)
    return sum(
        0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text
    )
