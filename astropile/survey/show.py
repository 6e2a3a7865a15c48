"""Tables that people read: in a terminal, in a notebook, in a file, or as data."""

from __future__ import annotations

import html
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from astropy.table import Table as AstropyTable
    from pandas import DataFrame
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table as RichTable

    Justify = Literal["left", "right"]

__all__ = ["TextTable"]

#: Width that the last column gets before others go, and before others are folded.
GOOD_LAST: Final = 40
MIN_LAST: Final = 24
MIN_CELL: Final = 8
#: Other columns but the first are folded to this first, the widest first.
FAIR_CELL: Final = 24
GAP: Final = 2
#: Integers from here on are shown with separators; years are not.
SEPARATED: Final = 10_000


class TextTable:
    """Rows under a header, shown as the place they are shown in allows.

    In a terminal it fits the width; anywhere else (a file, a pipe) a row is one line of plain text,
    in a notebook it is an HTML table.

    Parameters
    ----------
    title : str
        What the table is about.
    header : sequence of str
        Names of the columns; the keys of the rows as dicts.
    rows : sequence of sequence
        One value a column; None is shown as nothing, a sequence with commas.
    headings : sequence of str, optional
        Heading of the group that each row belongs to; rows of a group follow one another.
    optional : mapping of str to int, optional
        Columns that a narrow terminal does without, the first to go first; before they go they are
        folded to these widths. The last column of the table is never one of them.

    Examples
    --------
    >>> table = TextTable("Telescopes", ["name", "mirror_m"], [["Subaru", 8.2], ["Blanco", 4.0]])
    >>> print(table)
    Telescopes
    <BLANKLINE>
    name    mirror_m
    Subaru  8.2
    Blanco  4.0
    >>> table.to_dicts()[0]
    {'name': 'Subaru', 'mirror_m': 8.2}
    """

    def __init__(
        self,
        title: str,
        header: Sequence[str],
        rows: Sequence[Sequence[object]],
        *,
        headings: Sequence[str] = (),
        optional: Mapping[str, int] | None = None,
    ) -> None:
        self.title = title
        self.header = tuple(header)
        self.rows = tuple(tuple(row) for row in rows)
        self.headings = tuple(headings) or ("",) * len(self.rows)
        self.optional = dict(optional or {})
        self._whole = {name for name, values in self._columns().items() if _are_whole(values)}

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the rows as dicts."""
        return (dict(zip(self.header, row, strict=True)) for row in self.rows)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as dicts, ready for JSON."""
        return list(self)

    def to_pandas(self) -> DataFrame:
        """Return a pandas DataFrame; whole numbers stay whole where some are unknown."""
        import pandas as pd

        columns = {
            name: pd.array(values, dtype="Int64") if name in self._whole else values
            for name, values in self._columns().items()
        }
        return pd.DataFrame(columns, columns=list(self.header))

    def to_table(self) -> AstropyTable:
        """Return an astropy Table; unknown numbers are masked, everything else is text."""
        from astropy.table import Column, MaskedColumn, Table

        table = Table(meta={"title": self.title})
        for name, values in self._columns().items():
            if name in self._whole:
                mask = [value is None for value in values]
                data = [0 if value is None else value for value in values]
                table[name] = MaskedColumn(data, mask=mask) if any(mask) else Column(data)
            elif values and all(isinstance(value, float) for value in values):
                table[name] = Column(values, dtype=float)
            else:
                table[name] = Column([_text(value) for value in values], dtype=str)
        return table

    def _columns(self) -> dict[str, list[object]]:
        return {name: [row[k] for row in self.rows] for k, name in enumerate(self.header)}

    # --- as text --------------------------------------------------------------------------

    def __str__(self) -> str:
        """Return the table for standard output: fitted to a terminal, else one line a row."""
        return self._fitted() if sys.stdout.isatty() else self._plain()

    __repr__ = __str__

    def _groups(self) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
        """Yield heading and cells of each group."""
        cells = (tuple(map(_text, row)) for row in self.rows)
        pairs = zip(self.headings, cells, strict=True)
        for heading, group in groupby(pairs, key=lambda pair: pair[0]):
            yield _text(heading), [row for _, row in group]

    def _widths(self) -> list[int]:
        cells = [self.header, *(tuple(map(_text, row)) for row in self.rows)]
        return [max(map(len, column)) for column in zip(*cells, strict=True)]

    def _plain(self) -> str:
        widths = self._widths()

        sides = [">" if name in self._whole else "<" for name in self.header]

        def line(cells: Sequence[str]) -> str:
            padded = (f"{c:{side}{w}}" for c, side, w in zip(cells, sides, widths, strict=True))
            return (" " * GAP).join(padded).rstrip()

        lines = [_text(self.title), "", line(self.header)]
        for heading, group in self._groups():
            lines += ["", f"# {heading}"] if heading else []
            lines += [line(row) for row in group]
        return "\n".join(lines if self.rows else [*lines, "(none)"])

    def _fitted(self) -> str:
        from rich.console import Console

        output = StringIO()
        width = shutil.get_terminal_size().columns
        Console(file=output, force_terminal=True, width=width, highlight=False).print(self)
        return output.getvalue().rstrip("\n")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield what rich prints: a table a group, all of the same widths.

        A heading runs over the columns, which no cell of a rich table can.
        """
        from rich.text import Text

        natural = dict(zip(self.header, self._widths(), strict=True))
        widths = _fit(natural, self.optional, options.max_width)
        yield Text(_text(self.title) + "\n", "bold")
        yield self._rich_table([self.header], widths, "dim")
        for heading, group in self._groups():
            if heading:
                yield Text(f"\n{heading}", "bold")
            yield self._rich_table(group, widths, "")
        hidden = [name for name in self.header if name not in widths]
        if not self.rows:
            yield Text("(none)", "dim")
        elif hidden:
            yield Text(f"\nno room for {', '.join(hidden)}: widen the terminal", "dim")

    def _rich_table(
        self, rows: Sequence[tuple[str, ...]], widths: Mapping[str, int], style: str
    ) -> RichTable:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, GAP, 0, 0))
        for name, width in widths.items():
            justify: Justify = "right" if name in self._whole else "left"
            table.add_column(width=width, overflow="fold", justify=justify)
        for row in rows:
            cells = dict(zip(self.header, row, strict=True))
            table.add_row(*(Text(cells[name]) for name in widths), style=style)
        return table

    def _repr_html_(self) -> str:
        left = " style='text-align:left'"
        head = "".join(f"<th{left}>{html.escape(name)}</th>" for name in self.header)
        sides = ["right" if name in self._whole else "left" for name in self.header]
        body = []
        for heading, group in self._groups():
            if heading:
                title = html.escape(heading)
                body.append(f"<tr><th{left} colspan='{len(self.header)}'>{title}</th></tr>")
            for row in group:
                cells = "".join(
                    f"<td style='text-align:{side}'>{html.escape(cell)}</td>"
                    for side, cell in zip(sides, row, strict=True)
                )
                body.append(f"<tr>{cells}</tr>")
        return (
            f"<table><caption>{html.escape(_text(self.title))}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
        )


def _are_whole(values: Sequence[object]) -> bool:
    """Whether values are integers, some of them perhaps unknown."""
    known = [value for value in values if value is not None]
    return bool(known) and all(
        isinstance(value, int) and not isinstance(value, bool) for value in known
    )


def _text(value: object) -> str:
    """Return a cell as one line of text that cannot steer a terminal."""
    if value is None:
        return ""
    if isinstance(value, int) and abs(value) >= SEPARATED:
        return f"{value:,}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_text, value))
    text = " ".join(str(value).split())
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _fit(natural: Mapping[str, int], optional: Mapping[str, int], width: int) -> dict[str, int]:
    """Return the columns that a width has room for, with their widths; the last takes the rest."""
    *names, last = natural
    widths = {name: natural[name] for name in names}

    def needed(least: int) -> int:
        return sum(size + GAP for size in widths.values()) + min(natural[last], least)

    if needed(GOOD_LAST) > width:
        widths |= {name: min(natural[name], least) for name, least in optional.items()}
    for name in optional:
        if needed(GOOD_LAST) > width:
            widths.pop(name, None)
    while needed(MIN_LAST) > width and max([0, *list(widths.values())[1:]]) > FAIR_CELL:
        widths[max(list(widths)[1:], key=lambda name: widths[name])] -= 1
    # The columns to the left identify a row, so they are the last to be folded.
    for name in reversed(widths):
        spare = max(widths[name] - MIN_CELL, 0)
        widths[name] -= min(spare, max(needed(MIN_LAST) - width, 0))
    rest = max(width - sum(size + GAP for size in widths.values()), MIN_CELL)
    return {**widths, last: min(rest, natural[last])}
