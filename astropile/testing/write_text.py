"""Mock light curves in text, one object a file: SNANA and SNooPy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from astropile.readers import Column
from astropile.testing.cells import NotInvertibleError
from astropile.testing.marks import MARK, MARK_TEXT
from astropile.testing.rows import row_value
from astropile.testing.write_tables import write_bytes

__all__ = ["write_snana", "write_snoopy"]

_OBSERVATION = "OBS."
_SNOOPY_HEAD = ("name", "redshift", "ra", "dec")
_SNOOPY_ROWS = ("filter", "time", "mag", "err")


def write_snana(path: Path, columns: Mapping[str, Column], row: int) -> None:
    """Write a header, the names of the columns and one line an observation.

    Parameters
    ----------
    path : Path
        File to write.
    columns : mapping of str to Column
        Cells by name: ``KEY`` and ``OBS.COLUMN``.
    row : int
        Object to write.
    """
    keys = [f"# {MARK}: {MARK_TEXT}"]
    lists = {}
    for cell, column in columns.items():
        if cell.startswith(_OBSERVATION):
            lists[cell.removeprefix(_OBSERVATION)] = _list(cell, column, row)
        elif text := _word(cell, column, row):
            keys.append(f"{cell}: {text}")
    lines = [" ".join(("OBS:", *words)) for words in zip(*lists.values(), strict=True)]
    head = [f"NOBS: {len(lines)}", f"NVAR: {len(lists)}", f"VARLIST: {' '.join(lists)}"]
    _write(path, [*keys, *head, *lines, "END:"])


def write_snoopy(path: Path, columns: Mapping[str, Column], row: int) -> None:
    """Write name, redshift and place, and the observations below their filters.

    Parameters
    ----------
    path : Path
        File to write.
    columns : mapping of str to Column
        Cells by name.
    row : int
        Object to write.

    Raises
    ------
    NotInvertibleError
        A cell that these files cannot hold.
    """
    if other := set(columns) - {*_SNOOPY_HEAD, *_SNOOPY_ROWS}:
        msg = f"{', '.join(sorted(other))}: files of SNooPy have no such cell"
        raise NotInvertibleError(msg)
    head = [_word(cell, columns[cell], row) if cell in columns else "0" for cell in _SNOOPY_HEAD]
    filters, *rows = (_list(cell, columns[cell], row) for cell in _SNOOPY_ROWS)
    lines = [" ".join(head)]
    for name in dict.fromkeys(filters):
        lines.append(f"filter {name}")
        both = zip(filters, *rows, strict=True)
        lines += [" ".join(words) for own, *words in both if own == name]
    _write(path, [f"# {MARK}: {MARK_TEXT}", *lines])


def _write(path: Path, lines: list[str]) -> None:
    write_bytes(path, ("\n".join(lines) + "\n").encode())


def _word(cell: str, column: Column, row: int) -> str:
    """Return a value as text, empty if it is null."""
    if column.ndim:
        msg = f"{cell}: an array has no form in the header of a text file"
        raise NotInvertibleError(msg)
    if column.null is not None and column.null[row]:
        return ""
    text = str(column.data[row])
    return "" if text == "nan" else text


def _list(cell: str, column: Column, row: int) -> list[str]:
    """Return the values of an object, one an observation."""
    if column.ndim != 1:
        msg = f"{cell}: an observation has one value of it, so it must be a list"
        raise NotInvertibleError(msg)
    return [str(value) for value in np.asarray(row_value(column, row))]
