"""A YAML file as plain data, with the place of every key and value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final

from astropile.document.node import Node
from astropile.document.source import LINE_END, SourceText, Span
from astropile.errors import Problem

__all__ = ["Document"]

# One match is one character of the value.
QUOTED_PIECES: Final = {
    "'": re.compile(r"''|."),
    '"': re.compile(r"\\(?:x.{2}|u.{4}|U.{8}|.)|."),
}


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    r"""A YAML file that was read without problems.

    Places are asked for by a `loc`: the keys and list indices that lead to a value, as Pydantic
    reports them.

    Attributes
    ----------
    source : SourceText
        The text and its lines.
    data : dict
        Plain dicts with text keys, lists and scalars.
    root : Node
        Places of `data`.

    Examples
    --------
    >>> from astropile.document import parse_document
    >>> document = parse_document("columns:\n  z: {unit: nanomagy}\n", "sdss.yaml")
    >>> document.data
    {'columns': {'z': {'unit': 'nanomagy'}}}
    >>> print(document.problem("unit", "no such unit", ["columns", "z", "unit"], part=(4, 8)))
    sdss.yaml:2:17: error[unit]: no such unit
     2 |   z: {unit: nanomagy}
       |                 ^^^^
    """

    source: SourceText = field(repr=False)
    data: dict[str, Any]
    root: Node = field(repr=False)

    @property
    def name(self) -> str:
        """Name of the file as the user gave it."""
        return self.source.name

    @property
    def text(self) -> str:
        """All of the text of the file."""
        return self.source.text

    def has(self, loc: Sequence[str | int]) -> bool:
        """Tell whether a value exists.

        Parameters
        ----------
        loc : sequence of str or int
            Keys and list indices, from the top.

        Returns
        -------
        bool
            False where a key is not written, an index is out of range, or a scalar has no parts.
        """
        return self._find(loc)[1]

    def data_at(self, loc: Sequence[str | int]) -> Any:
        """Return the plain value at a place, or None where there is none.

        Parameters
        ----------
        loc : sequence of str or int
            Keys and list indices, from the top.

        Returns
        -------
        dict, list, scalar or None
            As in `data`.

        Examples
        --------
        >>> from astropile.document import parse_document
        >>> parse_document("columns: {z: {unit: mag}}", "x").data_at(["columns", "z", "unit"])
        'mag'
        """
        if not self.has(loc):
            return None
        value: Any = self.data
        for step in loc:
            value = value[step]
        return value

    def span(self, loc: Sequence[str | int], *, key: bool = False) -> Span:
        """Return the place of a value or of its key.

        Parameters
        ----------
        loc : sequence of str or int
            Keys and list indices, from the top. Where it leads nowhere, the nearest value on the
            way is taken.
        key : bool
            Take the key; where there is none (the top, an item of a list), take the value.

        Returns
        -------
        Span
            Within one line. A value of several lines is cut at the end of its first; a block
            mapping or list, and a value that is not written, are shown by their key.
        """
        return self.source.span(*self._range(self._find(loc)[0], key=key))

    def problem(
        self,
        code: str,
        message: str,
        loc: Sequence[str | int],
        *,
        key: bool = False,
        part: tuple[int, int] | None = None,
        help: str = "",
    ) -> Problem:
        """Return a problem at the place of a value or of its key.

        Parameters
        ----------
        code : str
            Short stable name of the rule.
        message : str
            What is wrong.
        loc : sequence of str or int
            Keys and list indices, as for `span`.
        key : bool
            Point at the key.
        part : tuple of int, optional
            First character and one past the last, within the text of the value (or key), to point
            at. Left out of account where the text is not written on one line, character by
            character.
        help : str
            The next step.

        Returns
        -------
        Problem
            With the line and a caret below it.
        """
        node, exists = self._find(loc)
        start, end = self._range(node, key=key)
        is_text = node.children is None or (key and node.key_start >= 0)
        if part is not None and exists and is_text:
            start, end = _narrow(self.text, start, end, part)
        return self.source.problem(start, end, code, message, help)

    def _find(self, loc: Sequence[str | int]) -> tuple[Node, bool]:
        """Return the node at a place or the nearest above it, and whether it is the node."""
        node = self.root
        for step in loc:
            child = _child(node, step)
            if child is None:
                return node, False
            node = child
        return node, True

    def _range(self, node: Node, *, key: bool) -> tuple[int, int]:
        """Return what to point at, as ``text[start:end]``."""
        if node.key_start >= 0 and (key or node.end == node.start):
            return node.key_start, node.key_end
        if node.style == "block":
            return node.start, len(self.text)
        return node.start, node.end


def _child(node: Node, step: str | int) -> Node | None:
    children = node.children
    if isinstance(children, dict):
        return children.get(step) if isinstance(step, str) else None
    if isinstance(children, list) and isinstance(step, int) and 0 <= step < len(children):
        return children[step]
    return None


def _narrow(text: str, start: int, end: int, part: tuple[int, int]) -> tuple[int, int]:
    """Return the place of a part of a scalar's value; all of the scalar where it is not exact."""
    written = text[start:end]
    if not written or LINE_END.search(written):
        return start, end
    if written[0] in QUOTED_PIECES:
        pieces = QUOTED_PIECES[written[0]].findall(written[1:-1])
        offsets = list(accumulate(map(len, pieces), initial=start + 1))
    else:
        offsets = list(range(start, end + 1))
    first, last = part
    if not 0 <= first <= last < len(offsets):
        return start, end
    return offsets[first], offsets[last]
