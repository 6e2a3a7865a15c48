"""Places of values and keys, against texts whose places are known."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile.document import Document, Span, parse_document
from astropile.document.tree import UNPRINTABLE

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12).filter(
    lambda text: not UNPRINTABLE.search(text)
)
SCALARS = (
    TEXTS
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.none()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
MAPPINGS = st.dictionaries(TEXTS, VALUES, max_size=4)


def token(value: object) -> str:
    """Write a value in flow style: JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)


def block(value: Any, indent: str = "") -> str:
    """Write a value in block style; single quotes where they can hold a text."""
    if isinstance(value, dict) and value:
        parts = [(f"{indent}{token(key)}:", item) for key, item in value.items()]
    elif isinstance(value, list) and value:
        parts = [(f"{indent}-", item) for item in value]
    else:
        return f" {token(value)}\n"
    is_leaf = [not (isinstance(item, dict | list) and item) for _, item in parts]
    return "".join(
        head + ("" if leaf else "\n") + block(item, indent + "  ")
        for (head, item), leaf in zip(parts, is_leaf, strict=True)
    )


def sliced(document: Document, span: Span) -> str:
    """Return the characters of a span."""
    return document.text.split("\n")[span.line - 1][span.column - 1 : span.end_column - 1]


def walk(value: Any, loc: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    """Return all places of a value with what is there."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [(loc, value), *(found for key, item in items for found in walk(item, (*loc, key)))]


@given(MAPPINGS)
def test_flow_document_when_parsed_then_data_and_every_span_are_right(data: dict[str, Any]) -> None:
    document = parse_document(token(data), "x.yaml")
    assert token(document.data) == token(data)
    for loc, value in walk(data):
        assert document.has(loc)
        assert sliced(document, document.span(loc)) == token(value).rstrip()
        if loc and isinstance(loc[-1], str):
            assert sliced(document, document.span(loc, key=True)) == token(loc[-1])


@given(MAPPINGS.filter(bool))
def test_block_document_when_parsed_then_data_and_every_span_are_right(
    data: dict[str, Any],
) -> None:
    document = parse_document(block(data), "x.yaml")
    assert token(document.data) == token(data)
    for loc, value in walk(data):
        if isinstance(value, dict | list) and value:
            if loc and isinstance(loc[-1], str):
                assert document.span(loc) == document.span(loc, key=True)
            continue
        assert sliced(document, document.span(loc)) == token(value)
        if isinstance(loc[-1], str):
            assert sliced(document, document.span(loc, key=True)) == token(loc[-1])


DOCUMENT = parse_document(
    "bands:\n  g: {filter: HSC-G}\n  r:\n"
    "cite:\n- one\n-   two  # three\n- k: v\n"
    "note: >\n  a\n  b\n",
    "x.yaml",
)


@pytest.mark.parametrize(
    ("loc", "key", "expected"),
    [
        (["bands", "g", "filter"], False, (2, 15, 20)),
        (["bands", "g", "filter"], True, (2, 7, 13)),
        (["bands", "g"], False, (2, 6, 21)),
        (["bands"], False, (1, 1, 6)),
        (["bands", "r"], False, (3, 3, 4)),
        (["cite", 1], False, (6, 5, 8)),
        (["cite", 1], True, (6, 5, 8)),
        (["cite", 2], False, (7, 3, 7)),
        (["note"], False, (8, 7, 8)),
        ([], False, (1, 1, 7)),
        ([], True, (1, 1, 7)),
    ],
)
def test_span_when_asked_then_line_and_columns(
    loc: list[str | int], key: bool, expected: tuple[int, int, int]
) -> None:
    assert DOCUMENT.span(loc, key=key) == Span(*expected)


@pytest.mark.parametrize(
    ("loc", "ancestor"),
    [
        (["bands", "g", "wavelength"], ["bands", "g"]),
        (["bands", "z", "filter", 0], ["bands"]),
        (["cite", 7], ["cite"]),
        (["cite", -1], ["cite"]),
        (["cite", "1"], ["cite"]),
        (["bands", 0], ["bands"]),
        (["bands", "g", "filter", "x"], ["bands", "g", "filter"]),
        (["survey"], []),
    ],
)
def test_span_when_the_place_does_not_exist_then_of_the_nearest_above(
    loc: list[str | int], ancestor: list[str | int]
) -> None:
    assert not DOCUMENT.has(loc)
    assert DOCUMENT.has(ancestor)
    assert DOCUMENT.span(loc) == DOCUMENT.span(ancestor)
