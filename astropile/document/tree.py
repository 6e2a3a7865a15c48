"""Data and places, built from the events of a YAML parser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from astropile.document.node import Node, OpenList, OpenMapping
from astropile.document.scalars import Scalar, resolve_plain
from astropile.document.source import SourceText
from astropile.document.suggestions import shown
from astropile.errors import Problem

__all__ = ["MAX_DEPTH", "MAX_NODES", "MAX_PROBLEMS", "UNPRINTABLE", "TreeBuilder"]

MAX_DEPTH: Final = 32
MAX_NODES: Final = 20_000
MAX_PROBLEMS: Final = 50

# The characters that YAML 1.2 forbids (5.1); those that end a line in YAML 1.1 alone (U+0085,
# U+2028, U+2029); and the byte order mark, which nobody can see.
UNPRINTABLE: Final = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
WORD: Final = re.compile(r"[^\s,\[\]{}]+")


@dataclass(slots=True, eq=False)
class TreeBuilder:
    """Turns events into plain data and nodes, without recursion.

    Attributes
    ----------
    source : SourceText
        The text that the events come from.
    problems : list of Problem
        All that was refused.
    data : dict or list or scalar
        The value of the document.
    root : Node or None
        Places of `data`; None if there was no document.
    """

    source: SourceText
    problems: list[Problem] = field(default_factory=list)
    data: Any = None
    root: Node | None = None
    _open: list[OpenMapping | OpenList] = field(default_factory=list)
    _nodes: int = 0
    _documents: int = 0
    _stopped: bool = False

    def build(self, events: Iterable[yaml.Event]) -> None:
        """Take all events, or those up to a problem that ends the reading.

        Raises
        ------
        yaml.YAMLError
            If the text is no YAML.
        """
        handlers: dict[type[yaml.Event], Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start,
            yaml.SequenceStartEvent: self._start,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        for event in events:
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
                if self._stopped:
                    return

    def _report(self, start: int, end: int, code: str, message: str, help: str = "") -> None:
        self.problems.append(self.source.problem(start, end, code, message, help))
        if len(self.problems) >= MAX_PROBLEMS:
            message = "reading stops here, after so many problems"
            self.problems.append(self.source.problem(start, end, "too_many", message))
            self._stopped = True

    def _report_word(self, start: int, code: str, message: str, help: str) -> None:
        """Report the word at an index: an anchor, a tag or a directive."""
        match = WORD.match(self.source.text, start)
        self._report(start, match.end() if match else start, code, message, help)

    def _document(self, event: Any) -> None:
        start = event.start_mark.index
        if event.version is not None or event.tags:
            help = "take the line that starts with % away"
            self._report_word(start, "directive", "a directive is not allowed", help)
        self._documents += 1
        if self._documents > 1:
            help = "write one file for each, and no line '---' but the first"
            self._report_word(start, "documents", "a second document starts here", help)
            self._stopped = True

    def _properties(self, event: Any, start: int) -> None:
        """Refuse what may stand before a value."""
        if event.anchor is not None:
            help = "write the value where it is needed; quote a text that starts with '&'"
            self._report_word(start, "anchor", "an anchor (&name) is not allowed", help)
        if event.tag is not None:
            help = "a value has the type that its field says; quote a text that starts with '!'"
            self._report_word(start, "tag", "a tag (!name) is not allowed", help)

    def _count(self, start: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            message = f"more than {MAX_NODES} keys and values"
            self._report(start, start + 1, "nodes", message, "split the file")
            self._stopped = True

    def _alias(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        self._count(start)
        help = "write the value itself; quote a text that starts with '*'"
        self._report(start, end, "alias", "an alias (*name) is not allowed", help)
        top = self._open[-1] if self._open else None
        if isinstance(top, OpenMapping) and top.key is None:
            top.set_key(_unlike_any_text(start), start, end)
        else:
            self._attach(Node(start, end, ""), None)

    def _scalar(self, event: Any) -> None:
        start, end, written = event.start_mark.index, event.end_mark.index, event.value
        style = event.style or ""
        self._count(start)
        if event.anchor is not None or event.tag is not None:
            self._properties(event, start)
        if style == '"' and UNPRINTABLE.search(written):
            message = "an escape makes a character that text cannot hold"
            self._report(start, end, "character", message, "take the escape away")
        top = self._open[-1] if self._open else None
        if isinstance(top, OpenMapping) and top.key is None:
            self._key(top, written, style, start, end)
            return
        value: Scalar = written
        if not style:
            try:
                value = resolve_plain(written)
            except OverflowError as error:
                message = f"{shown(written)}: {error}"
                self._report(start, end, "number", message, "quote it if it is a text")
        self._attach(Node(start, end, style), value)

    def _key(self, top: OpenMapping, key: str, style: str, start: int, end: int) -> None:
        """Take a key as the text that was written."""
        if not key and not style:
            help = "write the key, or quote a text that starts with '?'"
            self._report(start, end, "key", "a key is missing", help)
            key = _unlike_any_text(start)
        elif key == "<<" and not style:
            help = "write the keys themselves"
            self._report(start, end, "merge_key", "a merge key (<<) is not allowed", help)
            key = _unlike_any_text(start)
        elif key in top.nodes:
            first = self.source.line_of(top.nodes[key].key_start)
            line = self.source.line_of(start)
            lines = f"on line {first}" if first == line else f"on line {first} and on line {line}"
            message = f"{shown(key)} is given twice, {lines}"
            self._report(start, end, "duplicate_key", message, "keep one of the two")
            key = _unlike_any_text(start)
        top.set_key(key, start, end)

    def _start(self, event: Any) -> None:
        start = event.start_mark.index
        self._count(start)
        if event.anchor is not None or event.tag is not None:
            self._properties(event, start)
        if len(self._open) >= MAX_DEPTH:
            message = f"nested deeper than {MAX_DEPTH} levels"
            help = "see whether a bracket, or the indentation, is what it should be"
            self._report(start, start + 1, "depth", message, help)
            self._stopped = True
        node = Node(start, start, "flow" if event.flow_style else "block")
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        opened: OpenMapping | OpenList = OpenMapping(node) if is_mapping else OpenList(node)
        top = self._open[-1] if self._open else None
        if isinstance(top, OpenMapping) and top.key is None:
            help = "quote a text that starts with a brace or a bracket"
            self._report(start, start + 1, "key", "a key must be a text", help)
            top.set_key(_unlike_any_text(start), start, start + 1)
        else:
            self._attach(node, opened.data)
        self._open.append(opened)

    def _end(self, event: Any) -> None:
        node = self._open.pop().node
        if node.style == "flow":
            node.end = event.end_mark.index

    def _attach(self, node: Node, value: Any) -> None:
        """Put a value where it belongs."""
        if self._open:
            self._open[-1].add(node, value)
            return
        self.root, self.data = node, value
        if not isinstance(value, dict):
            message = "the file must hold a mapping (key: value) at its top"
            self._report(node.start, max(node.end, node.start + 1), "root", message)


def _unlike_any_text(index: int) -> str:
    """Return a stand-in for a refused key, so that the rest of the mapping is still read."""
    return f"\0{index}"
