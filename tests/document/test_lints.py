"""Traps that give valid YAML with another meaning."""

from __future__ import annotations

import pytest

from astropile.document import document_lints, parse_document


@pytest.mark.parametrize(
    ("text", "code", "column", "help_text"),
    [
        ("a: {b: flux, in nJy}\n", "comma", 8, 'quote the text: "flux, in nJy"'),
        ("a: {b: one, or two, three, c: 1}\n", "comma", 8, 'quote the text: "one, or two, three"'),
        ('a: {b: a "x", or y}\n', "comma", 8, "quote the text: 'a \"x\", or y'"),
        (
            "a: {b: float32, null_ok}\n",
            "comma",
            8,
            'quote the text: "float32, null_ok", or give the key a value',
        ),
        ("a: {object_id}\n", "brace", 4, 'quote the text: "{object_id}"'),
        (
            "a: {run:06d}\n",
            "brace",
            4,
            'quote the text: "{run:06d}", or write a blank after the colon',
        ),
        ("a: ratio (see #3)\n", "comment", 4, 'quote the text: "ratio (see #3)"'),
        ("a: data release #3\n", "comment", 4, 'quote the text: "data release #3"'),
        ("a: #12\nb: 1\n", "comment", 4, 'quote the text: "#12"'),
    ],
)
def test_lint_when_a_text_is_cut_then_found_with_a_fix(
    text: str, code: str, column: int, help_text: str
) -> None:
    (problem,) = document_lints(parse_document(text, "x.yaml"))
    assert (problem.code, problem.line, problem.column) == (code, 1, column)
    assert problem.help == help_text


@pytest.mark.parametrize(
    "text",
    [
        "a: {b: 'flux, in nJy', c: \"d, e\"}\n",
        "a: {b: flux, c: }\n",
        "a: {b: flux, c: ~, d: null}\n",
        "a: {b: [x, y], c: {}}\n",
        "a: {}\n",
        "a: [flux, in nJy]\n",
        "a: float32  # as in release 3\n",
        "a: float32 # 3 of them\n",
        "a: float32 #3\n",
        "a: data release  #3\n",
        "a: data release #three\n",
        "a: f(x) # (see there)\n",
        "a: 'ratio (see #3)'\n",
        "a: # 3 bands\n  g: 1\n",
        "a: #3 bands\n  g: 1\n",
        "a: ratio#3\n",
        "? a\n? b\n",
    ],
)
def test_lint_when_it_may_be_meant_then_silent(text: str) -> None:
    assert document_lints(parse_document(text, "x.yaml")) == []


def test_lints_when_several_then_in_the_order_of_the_file() -> None:
    text = "a: {b: {c}, d: x, y}\ne: see (note #1)\nf: {g: 1, h: i, j k}\n"
    found = document_lints(parse_document(text, "x.yaml"))
    assert [(p.code, p.line, p.column) for p in found] == [
        ("brace", 1, 8),
        ("comma", 1, 16),
        ("comment", 2, 4),
        ("comma", 3, 14),
    ]


def test_lint_when_printed_then_the_whole_text_is_marked() -> None:
    (problem,) = document_lints(parse_document("a: {b: flux, in nJy}\n", "x.yaml"))
    assert str(problem) == (
        "x.yaml:1:8: error[comma]: "
        "the comma ends the text; 'in nJy' becomes a key without a value\n"
        " 1 | a: {b: flux, in nJy}\n"
        "   |        ^^^^^^^^^^^^\n"
        '    = help: quote the text: "flux, in nJy"'
    )
