"""A look through a VOTable before anything is built from it.

XML can name other files, and texts that stand for longer texts; a VOTable can name a stream
anywhere, and announce more rows than were ever written. None of these is followed or believed.

References
----------
.. [1] VOTable 1.5, https://www.ivoa.net/documents/VOTable/.
.. [2] Python's notes on XML that was made to do harm,
   https://docs.python.org/3/library/xml.html#xml-security.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from math import prod
from typing import Final
from xml.parsers import expat

from astropile.errors import CorruptFileError, UnsafeFileError
from astropile.readers._compression import BOMB_BYTES, MAX_RATIO
from astropile.readers.column import Array

_PIECE_BYTES: Final = 2**20
# Elements below one another; a VOTable has some ten.
_MAX_DEPTH: Final = 100
# Rows that astropy makes room for when a stream does not tell how many it has.
_STREAM_ROWS: Final = 512
#: Bytes of a value in memory; text takes four a character.
_SIZES: Final = {
    "boolean": 1, "bit": 1, "unsignedByte": 1, "short": 2, "int": 4, "long": 8, "char": 4,
    "unicodeChar": 4, "float": 4, "double": 8, "floatComplex": 8, "doubleComplex": 16,
}  # fmt: skip
_ARRAYSIZE: Final = re.compile(r"(?:\d+x)*(?:\d+|\d*\*)")


@dataclass(slots=True)
class _Table:
    """What a table says of its size."""

    row_bytes: int = 0
    rows: int = 0
    declared: int | None = None


@dataclass(slots=True)
class _Look:
    """What was met so far."""

    depth: int = 0
    tables: list[_Table] = field(default_factory=list)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Meet an element."""
        self.depth += 1
        if tag == "TD":
            return
        if self.depth > _MAX_DEPTH:
            msg = f"more than {_MAX_DEPTH} elements within one another"
            raise UnsafeFileError(msg)
        tag = tag.rpartition(":")[2]
        table = self.tables[-1] if self.tables else _Table()
        if self.depth == 1 and tag != "VOTABLE":
            msg = f"no VOTable: it begins with the element {tag}"
            raise CorruptFileError(msg)
        if tag == "STREAM":
            if any(name.rpartition(":")[2].lower() == "href" for name in attributes):
                msg = f"its rows are elsewhere: {attributes}"
                raise UnsafeFileError(msg, hint="fetch the file with its rows in it")
            table.rows = max(table.rows, _STREAM_ROWS)
        elif tag == "TABLE":
            declared = _number(attributes["nrows"], "nrows") if "nrows" in attributes else None
            self.tables.append(_Table(rows=declared or 0, declared=declared))
        elif tag == "FIELD":
            table.row_bytes += _field_bytes(attributes)
        elif tag == "TR":
            table.rows += 1

    def end(self, _tag: str) -> None:
        """Leave an element."""
        self.depth -= 1


def look_through(content: Array) -> list[int]:
    """Read a VOTable to its end without building anything.

    Parameters
    ----------
    content : ndarray of uint8
        The file.

    Returns
    -------
    list of int
        Rows of the tables that tell how many they have.

    Raises
    ------
    CorruptFileError
        It is no VOTable, or ends early; the line is told.
    UnsafeFileError
        It has a document type or entities, rows elsewhere, or announces more than the memory holds.
    """
    look = _Look()
    parser = expat.ParserCreate()
    parser.StartElementHandler = look.start
    parser.EndElementHandler = look.end
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        for start in range(0, content.size, _PIECE_BYTES):
            parser.Parse(content[start : start + _PIECE_BYTES].tobytes(), False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        msg = f"no VOTable that can be read to its end: {error}"
        raise CorruptFileError(
            msg, hint="the file is cut short or damaged; fetch it again"
        ) from error
    for table in look.tables:
        declared = table.rows * table.row_bytes
        if declared > max(BOMB_BYTES, MAX_RATIO * content.size):
            msg = f"{content.size} bytes announce a table of {declared}"
            raise UnsafeFileError(msg)
    return [table.declared for table in look.tables if table.declared is not None]


def _refuse_doctype(*_: object) -> None:
    msg = "has a document type, which can name other files and texts that grow without end"
    raise UnsafeFileError(msg, hint="take out <!DOCTYPE ...>; a VOTable needs none")


def _number(text: str, name: str) -> int:
    """Return a number of an attribute."""
    text = text.strip()
    if not text.isascii() or not text.isdigit():
        msg = f"{name} is {text!r}, expected a number"
        raise CorruptFileError(msg)
    return int(text[:30])


def _field_bytes(attributes: dict[str, str]) -> int:
    """Return the bytes of a value of a column, of one element where the length varies."""
    arraysize = attributes.get("arraysize", "1").strip() or "1"
    if not _ARRAYSIZE.fullmatch(arraysize):
        msg = f"arraysize is {arraysize!r}, expected such as 3, * or 3x4*"
        raise CorruptFileError(msg)
    lengths = [int(length[:30]) for length in arraysize.split("x") if not length.endswith("*")]
    return prod(lengths) * _SIZES.get(attributes.get("datatype", ""), 1)
