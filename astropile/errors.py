"""Every exception astropile raises.

::

    AstropileError
    ├── SchemaError             a YAML file breaks the language (all problems at once)
    ├── UsageError              a call that can never work (exit code 2)
    │   ├── SurveyNotFoundError
    │   ├── ConfigError         unknown config, split or source
    │   ├── MissingExtraError   an optional dependency is not installed
    │   └── ColumnError
    │       ├── UnknownColumnError
    │       ├── AmbiguousColumnError
    │       └── MixedColumnsError   values of several surveys that must not stand in one column
    ├── SourceError             the files do not say what the schema says
    │   ├── DataDirError        no data directory, or not a directory
    │   ├── NoFilesError        no file matches any source of a survey
    │   ├── CorruptFileError    a file cannot be read to its end
    │   ├── UnsafeFileError     a file reaches outside the data directory, or is a bomb
    │   ├── CellError           a cell is missing, or has another shape or type
    │   ├── LeafError           a value cannot become its leaf (cast, lookup, label, shape, unit)
    │   ├── MirrorError         a file elsewhere cannot be fetched: no network, no access
    │   └── PileError           a pile is not there, not finished, or not as it was built
    │       └── NoPileError     there is nothing at its place
    ├── MatchError              a cross-match that cannot be done
    │   └── MatchOptionError    options that are none, or do not go together (also a UsageError)
    └── OutputError             a result cannot be written

Messages have four parts: what is wrong, where, what was got and expected, and the next step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "AmbiguousColumnError",
    "AstropileError",
    "CellError",
    "ColumnError",
    "ConfigError",
    "CorruptFileError",
    "DataDirError",
    "LeafError",
    "MatchError",
    "MatchOptionError",
    "MirrorError",
    "MissingExtraError",
    "MixedColumnsError",
    "NoFilesError",
    "NoPileError",
    "OutputError",
    "PileError",
    "Problem",
    "SchemaError",
    "SourceError",
    "SurveyNotFoundError",
    "UnknownColumnError",
    "UnsafeFileError",
    "UsageError",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a schema file, with its place.

    Attributes
    ----------
    file : str
        Name of the file as the user gave it.
    line, column : int
        Place of the fault, counted from 1.
    code : str
        Short stable name of the rule (``unit``, ``value_key``...).
    message : str
        What is wrong.
    help : str
        The next step; may be empty.
    excerpt : str
        The source line with a caret line below it; may be empty.
    """

    file: str
    line: int
    column: int
    code: str
    message: str
    help: str = ""
    excerpt: str = ""

    def __str__(self) -> str:
        """Return the problem as the compilers of the world print it."""
        lines = [f"{self.file}:{self.line}:{self.column}: error[{self.code}]: {self.message}"]
        if self.excerpt:
            lines.append(self.excerpt)
        if self.help:
            lines.append(f"    = help: {self.help}")
        return "\n".join(lines)


class AstropileError(Exception):
    """Root of the exception tree.

    Parameters
    ----------
    what : str
        What is wrong, with the value got and the value expected.
    where : str, optional
        File, HDU, column, row: the place.
    hint : str, optional
        The next step for the user.

    Examples
    --------
    >>> print(AstropileError("no column 'zz'", where="hsc", hint="see hsc.columns.describe()"))
    hsc: no column 'zz'
      = help: see hsc.columns.describe()
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what = what
        self.where = where
        self.hint = hint
        super().__init__(what)

    def __str__(self) -> str:
        """Return the message with its place and the next step."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  = help: {self.hint}" if self.hint else text


class SchemaError(AstropileError, ValueError):
    """One or more problems of a schema file, sorted by place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.file, p.line, p.column, p.code)))
        count = len(self.problems)
        report = "\n".join(str(problem) for problem in self.problems)
        super().__init__(f"{report}\n{count} error{'s' if count != 1 else ''}")


class UsageError(AstropileError, ValueError):
    """A call that can never work, whatever the data."""

    exit_code = 2


class SurveyNotFoundError(UsageError, LookupError):
    """No registered survey has this name."""


class ConfigError(UsageError, LookupError):
    """A survey has no such config, split or source."""


class MissingExtraError(UsageError, ImportError):
    """An optional dependency is not installed."""


class ColumnError(UsageError, LookupError):
    """A column name cannot be used."""


class UnknownColumnError(ColumnError):
    """A name that is no column."""


class AmbiguousColumnError(ColumnError):
    """A name that leaves out a qualifier, such as ``mag_i``.

    Attributes
    ----------
    candidates : tuple of str
        Full names that it could mean.
    """

    def __init__(
        self, what: str, *, candidates: Sequence[str] = (), where: str = "", hint: str = ""
    ) -> None:
        self.candidates = tuple(candidates)
        super().__init__(what, where=where, hint=hint)


class MixedColumnsError(ColumnError):
    """Columns of several surveys whose values must not stand under one name."""


class SourceError(AstropileError):
    """The files of a survey do not hold what its schema says."""


class DataDirError(SourceError, NotADirectoryError):
    """No data directory was given, or it is none."""

    exit_code = 4


class NoFilesError(SourceError, FileNotFoundError):
    """No file below the data directory matches."""

    exit_code = 4


class CorruptFileError(SourceError, OSError):
    """A file that cannot be read: truncated, damaged, or of another format."""


class UnsafeFileError(SourceError, PermissionError):
    """A file that reaches outside the data directory, or would exhaust the machine."""

    exit_code = 3


class CellError(SourceError, LookupError):
    """A cell that a schema names is not in the file, or has another shape or type."""


class LeafError(SourceError, ValueError):
    """A value that cannot become its leaf."""


class MirrorError(SourceError, ConnectionError):
    """A file elsewhere that cannot be fetched: no network, or no access."""

    exit_code = 4


class PileError(SourceError, ValueError):
    """A pile that is not there, was not finished, or is not as it was built."""


class NoPileError(PileError, FileNotFoundError):
    """There is nothing at the place of a pile."""

    exit_code = 4


class MatchError(AstropileError, ValueError):
    """A cross-match that cannot be done."""


class MatchOptionError(UsageError, MatchError):
    """Options of a cross-match that are none, or do not go together, whatever the data."""


class OutputError(AstropileError, OSError):
    """A result that cannot be written."""

    exit_code = 4
