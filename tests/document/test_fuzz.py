"""Whatever the input: a document, or a SchemaError that says where."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from hypothesis import example, given
from hypothesis import strategies as st

from astropile.document import Document, document_lints, parse_document, read_document
from astropile.errors import Problem, SchemaError

if TYPE_CHECKING:
    import pytest

SIGNS = "[]{}:,-?&*!|>'\"%@`#~ \n\t\\="
WORDS = ["a", "b: 1", "\n  ", "\n- ", ": ", " #3", "---\n", "...\n", "<<: ", "&x ", "*x ", "!!str "]
ODDITIES = ["\r\n", "é", "星", "012", "1e999", "{a, b c}", "\\x41", "%YAML 1.1\n"]
PIECES = st.sampled_from([*SIGNS, *WORDS, *ODDITIES])
YAML_LIKE = st.lists(PIECES, max_size=40).map("".join)


def exercise(document: Document) -> None:
    """Use every verb on every value."""
    waiting: list[tuple[list[str | int], object]] = [([], document.data)]
    while waiting:
        loc, value = waiting.pop()
        assert document.has(loc)
        for key in (False, True):
            problem = document.problem("code", "message", loc, key=key, part=(0, 2))
            assert all(len(line) <= 100 for line in problem.excerpt.split("\n"))
            assert "^" in problem.excerpt
        if isinstance(value, dict):
            waiting += [([*loc, key], item) for key, item in value.items()]
        elif isinstance(value, list):
            waiting += [([*loc, index], item) for index, item in enumerate(value)]
    assert all(lint.line >= 1 for lint in document_lints(document))


def document_or_problems(read: Callable[[], Document]) -> Document | tuple[Problem, ...]:
    """Return what comes out; anything but a SchemaError fails the test."""
    try:
        return read()
    except SchemaError as error:
        return error.problems


def parse_or_refuse(text: str) -> None:
    """Parse, and see that a refusal has a place and a text."""
    result = document_or_problems(lambda: parse_document(text, "x.yaml"))
    if isinstance(result, Document):
        exercise(result)
        return
    lines = len(re.split(r"\r\n|\n|\r", text))
    assert result
    assert all(1 <= p.line <= lines and p.column >= 1 and p.message for p in result)


@given(st.text())
@example("a: \ud800")
def test_any_text_when_parsed_then_document_or_schema_error(text: str) -> None:
    parse_or_refuse(text)


@given(YAML_LIKE)
def test_yaml_like_text_when_parsed_then_document_or_schema_error(text: str) -> None:
    parse_or_refuse(text)


@given(YAML_LIKE)
def test_yaml_like_value_when_parsed_then_document_or_schema_error(text: str) -> None:
    """Below a key, more of the texts are valid."""
    parse_or_refuse("k: " + text)


@given(raw=st.binary() | YAML_LIKE.map(lambda text: text.encode("utf-16")))
def test_any_bytes_when_read_then_document_or_schema_error(
    raw: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_bytes(raw)
    result = document_or_problems(lambda: read_document(path))
    if isinstance(result, Document):
        exercise(result)
    else:
        assert result
