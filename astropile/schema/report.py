"""Collects the problems of a schema file so that all are shown at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from astropile.document import Document
from astropile.errors import Problem, SchemaError
from astropile.expression import Expr, ExpressionError, parse

Loc: TypeAlias = tuple[str | int, ...]


@dataclass(slots=True)
class Report:
    """The problems found so far in one survey: its own document and its fragments."""

    document: Document
    problems: list[Problem] = field(default_factory=list)
    fragments: list[Document] = field(default_factory=list)

    def add(
        self,
        code: str,
        message: str,
        loc: Sequence[str | int],
        *,
        key: bool = False,
        part: tuple[int, int] | None = None,
        help: str = "",
        once: bool = False,
    ) -> None:
        """Record one problem; an equal one counts once.

        With ``once``, any problem of this code at this place is enough: a template's expansions
        have one fault, whatever names they have in the message.
        """
        document = self.document_of(loc)
        problem = document.problem(code, message, loc, key=key, part=part, help=help)
        if problem in self.problems or (once and any(_same(problem, p) for p in self.problems)):
            return
        self.problems.append(problem)

    def document_of(self, loc: Sequence[str | int]) -> Document:
        """Return the document that a place was written in: a fragment's, else the survey's."""
        if not self.document.has(loc):
            for fragment in self.fragments:
                if fragment.has(loc):
                    return fragment
        return self.document

    def is_written(self, loc: Sequence[str | int], text: str) -> bool:
        """Whether a text stands in the document as it is, with no hole filled."""
        return bool(self.document_of(loc).data_at(loc) == text)

    def part_of(self, loc: Sequence[str | int], text: str, node: Expr) -> tuple[int, int] | None:
        """Return the range of a part of an expression, if the text stands as it was written."""
        return (node.start, node.end) if self.is_written(loc, text) else None

    def parse(self, text: str, loc: Sequence[str | int]) -> Expr | None:
        """Parse an expression, or record why it cannot be parsed and return None."""
        try:
            return parse(text)
        except ExpressionError as error:
            self.add_expression_error(error, text, loc)
            return None

    def add_expression_error(
        self, error: ExpressionError, text: str, loc: Sequence[str | int], code: str = "expression"
    ) -> None:
        """Record a fault inside an expression, with the caret on the part where that is exact."""
        written = self.is_written(loc, text)
        message = error.message if written else f"{error.message} (in: {text})"
        part = (error.start, error.end) if written else None
        self.add(code, message, loc, part=part, help=error.help, once=True)

    def finish(self) -> None:
        """Raise everything that was recorded.

        Raises
        ------
        SchemaError
            At least one problem was recorded.
        """
        if self.problems:
            raise SchemaError(self.problems)


def _same(one: Problem, other: Problem) -> bool:
    return (one.code, one.file, one.line, one.column) == (
        other.code, other.file, other.line, other.column,
    )  # fmt: skip
