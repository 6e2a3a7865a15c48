"""Readers: one file a format, one small protocol.

A reader opens one file, lists its cells without reading values, and reads chosen cells of chosen
rows into columns. Nothing here knows what a cell means; that is said by the schema of a survey.

Another package adds a format with an entry point of the group ``astropile.readers``: its name is
the format, its value a `Format`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache, lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Final, cast

from astropile.document import did_you_mean, shown
from astropile.errors import CorruptFileError, NoFilesError, UsageError
from astropile.readers.column import Column
from astropile.readers.protocol import CellInfo, Format, Reader, ReadOptions, WindowReader

__all__ = [
    "CellInfo",
    "Column",
    "Format",
    "ReadOptions",
    "Reader",
    "WindowReader",
    "format_options",
    "formats",
    "open_reader",
]

_FITS_ROWS: Final = {"rows=axis", "rows=file", "rows=cutout", "rows=channel"}
_TEXT: Final = {"rows=axis", "rows=file", "ignore_case", "nulls"}
_OBJECT: Final = frozenset({"rows=file", "ignore_case", "nulls"})
_FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        "avro": Format(
            "astropile.readers.avro:AvroReader",
            frozenset({"rows=axis", "rows=file", "ignore_case"}),
        ),
        "csv": Format(
            "astropile.readers.csv:CsvReader",
            frozenset({*_TEXT, "delimiter", "comment", "header"}),
        ),
        "ecsv": Format("astropile.readers.ecsv:EcsvReader", frozenset(_TEXT)),
        "fits": Format(
            "astropile.readers.fits:FitsReader",
            frozenset({*_FITS_ROWS, "hdu", "shared", "ignore_case"}),
        ),
        "hdf5": Format(
            "astropile.readers.hdf5:Hdf5Reader",
            frozenset({"rows=axis", "rows=file", "rows=group", "shared", "ignore_case"}),
        ),
        "npy": Format("astropile.readers.npy:NpyReader", frozenset({"rows=axis", "rows=file"})),
        "parquet": Format(
            "astropile.readers.parquet:ParquetReader",
            frozenset({"rows=axis", "rows=file", "ignore_case"}),
        ),
        "picture": Format("astropile.readers.picture:PictureReader", frozenset({"rows=file"})),
        "snana": Format("astropile.readers.snana:SnanaReader", _OBJECT),
        "snoopy": Format("astropile.readers.snoopy:SnoopyReader", _OBJECT),
        "text": Format(
            "astropile.readers.text:TextReader",
            frozenset({*_TEXT, "delimiter", "comment", "header"}),
        ),
        "votable": Format("astropile.readers.votable:VotableReader", frozenset(_TEXT)),
    }
)


def formats() -> tuple[str, ...]:
    """Return the names of all file formats, sorted.

    Examples
    --------
    >>> "hdf5" in formats()
    True
    """
    return tuple(sorted(_registered()))


def format_options(format: str) -> frozenset[str]:
    """Return what a table may say about files of a format.

    Parameters
    ----------
    format : str
        One of `formats`.

    Returns
    -------
    frozenset of str
        Names of fields of `ReadOptions`, and ``rows=axis``... for the legal values of ``rows``.

    Raises
    ------
    UsageError
        There is no such format.

    Examples
    --------
    >>> sorted(format_options("parquet"))
    ['ignore_case', 'rows=axis', 'rows=file']
    """
    return _format(format).options


def open_reader(path: Path, format: str, options: ReadOptions) -> Reader:
    """Open a file of a format; use the result in a ``with`` statement.

    Parameters
    ----------
    path : Path
        A file on disk. Text is refused, since libraries take some texts for addresses in a network.
    format : str
        One of `formats`.
    options : ReadOptions
        How its rows are meant.

    Returns
    -------
    Reader

    Raises
    ------
    UsageError
        There is no such format, or an option that it lacks was given.
    NoFilesError
        There is no such file.
    CorruptFileError
        The file is not of this format, or ends early.
    """
    known = _format(format)
    _check_options(format, known, options)
    given: object = path
    if not isinstance(given, Path):
        msg = f"a reader takes a Path, got {type(given).__name__}"
        raise UsageError(msg, where=str(path), hint="write pathlib.Path(...)")
    if not path.is_file():
        if not path.exists():
            msg_0 = "no such file"
            raise NoFilesError(msg_0, where=str(path))
        msg_0 = "not a file"
        raise CorruptFileError(msg_0, where=str(path))
    module, _, name = known.reader.partition(":")
    return cast("Reader", getattr(import_module(module), name)(path, options))


def _format(name: str) -> Format:
    registered = _registered()
    if name not in registered:
        hint = did_you_mean(name, registered) or f"formats: {', '.join(sorted(registered))}"
        msg = f"no file format {shown(name)}"
        raise UsageError(msg, hint=hint)
    return registered[name]


@cache
def _registered() -> Mapping[str, Format]:
    """Return built-in formats and those of other packages, which cannot replace a built-in one."""
    added: dict[str, Format] = {}
    for point in entry_points(group="astropile.readers"):
        loaded = point.load()
        if not isinstance(loaded, Format):
            msg = f"entry point {point.name!r} of astropile.readers is no Format: {point.value}"
            raise UsageError(msg, hint="mend the package that has it, or remove it")
        added[point.name] = loaded
    return {**added, **_FORMATS}


@lru_cache(maxsize=64)
def _check_options(name: str, known: Format, options: ReadOptions) -> None:
    """Refuse options that a format lacks; looked at once for many files of a table."""
    given = {f"rows={options.rows}"}
    given |= {f.name for f in fields(options) if f.name != "rows" and getattr(options, f.name)}
    wrong = sorted(given - known.options)
    if wrong:
        legal = ", ".join(sorted(known.options))
        msg = f"format {name} does not know {', '.join(wrong)}"
        raise UsageError(msg, hint=f"it has {legal}")
