"""What verbs print: results to standard output, remarks to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

#: Lines to a pipe or a file are never cut or folded.
UNLIMITED_WIDTH = 100_000
STEPS = ("B", "kB", "MB", "GB", "TB")


def printable(text: str) -> str:
    """Return a text that cannot steer a terminal; line ends stay.

    Examples
    --------
    >>> printable("title" + chr(27) + "[2J").isprintable()
    True
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)


def write_text(text: str) -> None:
    """Write a result as plain text."""
    sys.stdout.write(printable(text) + "\n")


def write_lines(lines: Iterable[str]) -> None:
    """Write a result line by line."""
    for line in lines:
        write_text(line)


def write_shown(value: object) -> None:
    """Write what shows itself as the terminal allows, such as a table of the survey room."""
    sys.stdout.write(f"{value}\n")


def write_json(value: Any) -> None:
    """Write a result as JSON: ASCII, so that no encoding of a terminal or file can break it."""
    sys.stdout.write(json.dumps(value, indent=2, allow_nan=False, default=str) + "\n")


def remark(text: str) -> None:
    """Tell the user something that is not part of the result."""
    sys.stderr.write(printable(text) + "\n")


def result_console() -> Console:
    """Return a console for standard output: fitted to a terminal, else of unlimited width."""
    return _console(stderr=False)


def remark_console() -> Console:
    """Return a console for standard error."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(
        stderr=stderr,
        width=None if stream.isatty() else UNLIMITED_WIDTH,
        markup=False,
        emoji=False,
        highlight=False,
    )


def human_size(size: int) -> str:
    """Return a number of bytes for people.

    Examples
    --------
    >>> human_size(999), human_size(12_400_000)
    ('999 B', '12.4 MB')
    """
    value, step = float(size), 0
    while value >= 999.95 and step < len(STEPS) - 1:
        value, step = value / 1000, step + 1
    return f"{value:.1f} {STEPS[step]}" if step else f"{size} B"
