"""Text files that hold one object each: what light curves of supernovae are published as."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Final, TypeAlias

import numpy as np

from astropile.errors import CorruptFileError, UnsafeFileError
from astropile.readers._base import FileReader
from astropile.readers._cells import Cells
from astropile.readers._compression import DAMAGE, read_plain
from astropile.readers._selection import count_selected
from astropile.readers.column import Column, Rows
from astropile.readers.protocol import CellInfo, ReadOptions

#: Texts by cell: one, none, or a list of them.
Texts: TypeAlias = Mapping[str, str | Sequence[str] | None]

# The biggest of these files has some 100 kB; a table of gigabytes got here by mistake.
MAX_BYTES: Final = 2**28
_COMMENT: Final = re.compile(rb"(?:^|(?<=\s))#.*")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_SHOWN: Final = 60


class OneObjectReader(FileReader):
    """Base of the readers of text files that are one row.

    All values are text until their use says number, so the id ``000006`` stays what it is.
    """

    damage: ClassVar[tuple[type[Exception], ...]] = (*DAMAGE, ValueError)
    ends: ClassVar[tuple[str, ...]] = ()
    """Lines that may be the last one without a line break."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        super().__init__(path, options)
        with self._errors():
            self._texts = self._parse()

    @abstractmethod
    def _parse(self) -> Texts:
        """Return all texts of the file, or raise if it is cut or of another format."""

    def close(self) -> None:
        """Forget what was read; nothing is open."""
        self._texts = {}

    def count_rows(self) -> int:
        """Return 1: the file is an object."""
        return 1

    def block_rows(self) -> int:
        """Return 1."""
        return 1

    @cached_property
    def _cells(self) -> Cells:
        infos = {
            name: CellInfo("text", () if value is None or isinstance(value, str) else (len(value),))
            for name, value in self._texts.items()
        }
        return Cells(infos, ignore_case=self._options.ignore_case)

    def _read(self, addresses: Sequence[str], rows: Rows) -> dict[str, Column]:
        n = count_selected(rows)
        return {address: self._column(address).take(slice(0, n)) for address in addresses}

    def _column(self, address: str) -> Column:
        value, nulls = self._texts[address], self._options.nulls
        if value is None or isinstance(value, str):
            null = np.array([value is None or value in nulls])
            return Column(np.array([value or ""]), null=null if null.any() else None)
        texts = np.array(value, dtype=np.str_)[None]
        holes = np.isin(texts, nulls) if nulls else None
        return Column(texts, holes=holes if holes is not None and holes.any() else None)

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Yield lines that say something, without comments, each with its number from 1.

        Raises
        ------
        CorruptFileError
            The last line has no end: it may lack some of its digits.
        UnsafeFileError
            The file is much too big to be one object.
        """
        content = read_plain(self._path)
        if content.size > MAX_BYTES:
            msg = f"{content.size} bytes are too many for one object as text"
            raise UnsafeFileError(msg, hint="this format has one object a file")
        *lines, rest = content.tobytes().split(b"\n")
        for number, line in enumerate(lines, 1):
            text = _COMMENT.sub(b"", line).strip()
            if text:
                yield number, text.decode()
        text = _COMMENT.sub(b"", rest).strip(b"\0\x1a \t\r")
        if not text:
            return
        if text.decode() not in self.ends:
            msg = f"ends in the middle of line {len(lines) + 1}: {text.decode()[:_SHOWN]!r}"
            hint = "the file is cut short: fetch it again, or add a line break if it is whole"
            raise CorruptFileError(msg, hint=hint)
        yield len(lines) + 1, text.decode()


def is_number(word: str) -> bool:
    """Return whether a word is written as a number.

    Examples
    --------
    >>> [is_number(word) for word in ("-9.0", "4.8e-05", ".5", "2001C", "nan", "deg")]
    [True, True, True, False, False, False]
    """
    return _NUMBER.fullmatch(word) is not None


def bad_line(number: int, text: str, what: str, hint: str = "") -> CorruptFileError:
    """Return the error for a line that is not what it should be."""
    msg = f"line {number} {what}: {text[:_SHOWN]!r}"
    return CorruptFileError(msg, hint=hint)
