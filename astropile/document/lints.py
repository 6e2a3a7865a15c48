"""Traps of YAML that give a valid file with another meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from astropile.document.document import Document
from astropile.document.node import Node
from astropile.document.suggestions import shown
from astropile.errors import Problem

__all__ = ["document_lints"]

MAX_QUOTED: Final = 60
BARE_KEY_END: Final = re.compile(r"\s*[,}]")
TRAILING_COMMENT: Final = re.compile(r"([ \t]+)#([^\r\n]*)")
GLUED_COLON: Final = re.compile(r"\w:[^\s/]")
COLON: Final = re.compile(r"[ \t]*:")
NUMBER: Final = re.compile(r"[0-9]+\b")
BRACKETS: Final = ("()", "[]", "{}")


def document_lints(document: Document) -> list[Problem]:
    r"""Find texts that a missing quote has cut.

    Reported is only what cannot be meant: a key without colon in a flow mapping
    (``{description: flux, in nJy}``), braces around nothing but such keys (``{object_id}``), and a
    ``#`` that starts a comment within brackets or before a number (``aperture (see #3)``).

    Parameters
    ----------
    document : Document
        A file that was read.

    Returns
    -------
    list of Problem
        In the order of the file.

    Examples
    --------
    >>> from astropile.document import parse_document
    >>> document = parse_document("flux: {description: flux, in nJy}\n", "hsc.yaml")
    >>> print(document_lints(document)[0])
    hsc.yaml:1:21: error[comma]: the comma ends the text; 'in nJy' becomes a key without a value
     1 | flux: {description: flux, in nJy}
       |                     ^^^^^^^^^^^^
        = help: quote the text: "flux, in nJy"
    """
    problems = []
    for node in _walk(document):
        if node.style == "flow" and isinstance(node.children, dict):
            problems += _split_at_comma(document, list(node.children.values()), node)
        elif node.children is None and not node.style:
            problems += _cut_by_comment(document, node)
    return sorted(problems, key=lambda problem: (problem.line, problem.column))


def _walk(document: Document) -> Iterator[Node]:
    waiting = [document.root]
    while waiting:
        node = waiting.pop()
        yield node
        if node.children is not None:
            children = node.children
            waiting.extend(children.values() if isinstance(children, dict) else children)


def _split_at_comma(document: Document, entries: list[Node], parent: Node) -> list[Problem]:
    text = document.text
    bare = [_is_bare(text, entry) for entry in entries]
    if bare and all(bare):
        message = "braces without quotes make a mapping, here with keys but no values"
        help = _quote_help(text[parent.start : parent.end])
        return [document.source.problem(parent.start, parent.end, "brace", message, help)]
    problems = []
    for first in range(1, len(entries)):
        before = entries[first - 1]
        is_cut_text = before.children is None and not before.style and before.end > before.start
        if not bare[first] or bare[first - 1] or not is_cut_text:
            continue
        last = first
        while last + 1 < len(bare) and bare[last + 1]:
            last += 1
        lost = " ".join(text[entries[first].key_start : entries[first].key_end].split())
        end = entries[last].key_end
        message = f"the comma ends the text; {shown(lost)} becomes a key without a value"
        help = _quote_help(text[before.start : end])
        if lost.isidentifier():
            help += ", or give the key a value"
        problems.append(document.source.problem(before.start, end, "comma", message, help))
    return problems


def _is_bare(text: str, entry: Node) -> bool:
    """Tell whether an entry of a flow mapping is a plain word or words without a colon."""
    is_plain = text[entry.key_start] not in "'\"?"
    is_empty = entry.children is None and not entry.style and entry.start == entry.end
    return is_plain and is_empty and BARE_KEY_END.match(text, entry.key_end) is not None


def _cut_by_comment(document: Document, node: Node) -> list[Problem]:
    text, start, end = document.text, node.start, node.end
    value = text[start:end]
    if not value:
        colon = COLON.match(text, node.key_end) if node.key_start >= 0 else None
        if colon is None:
            return []
        end = colon.end()
    match = TRAILING_COMMENT.match(text, end)
    if match is None:
        return []
    blanks, comment = match[1], match[2]
    # A comment is set off from a single word, by two blanks, or by a blank after the sign.
    is_number = blanks == " " and NUMBER.match(comment) is not None and (not value or " " in value)
    if not is_number and not _closes_bracket(value, comment):
        return []
    message = "' #' starts a comment; what follows is not part of the text"
    help = _quote_help(f"{value} #{comment}".strip())
    start = start if value else match.end(1)
    return [document.source.problem(start, match.end(), "comment", message, help)]


def _closes_bracket(value: str, comment: str) -> bool:
    """Tell whether a comment closes a bracket that the text before it opens."""
    return any(
        value.count(pair[0]) > value.count(pair[1])
        and comment.count(pair[1]) > comment.count(pair[0])
        for pair in BRACKETS
    )


def _quote_help(text: str) -> str:
    """Say how the text is written with quotes, cut for a message."""
    text = " ".join(text.split())
    if len(text) > MAX_QUOTED:
        text = text[:MAX_QUOTED] + "…"
    is_hard = '"' in text or "\\" in text
    quoted = "'" + text.replace("'", "''") + "'" if is_hard else f'"{text}"'
    colon = ", or write a blank after the colon" if GLUED_COLON.search(text) else ""
    return f"quote the text: {quoted}{colon}"
