"""Nothing in the package knows a survey's name: what a survey needs is in its YAML."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Survey ids that are also plain words of mathematics, without which code could not be written.
PLAIN_WORDS = frozenset({"linear"})


def survey_words(folder: Path) -> set[str]:
    """Return the ids of the surveys in a folder of YAML files."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))]
    ids = {
        found[1] for t in texts if (found := re.search(r"^survey: *[\"']?(\w+)", t, re.MULTILINE))
    }
    return ids - PLAIN_WORDS


def docstring_nodes(tree: ast.Module) -> set[int]:
    """Return the ids of constant nodes that are documentation: bare texts in a body."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def code_words(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of all names and texts of the code; comments are not in the tree."""
    documentation = docstring_nodes(tree)
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Constant):
            value = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
            if isinstance(value, str) and id(node) not in documentation:
                yield line, value
        for field in ("id", "attr", "arg", "name", "asname", "module", "rest"):
            word = getattr(node, field, None)
            if isinstance(word, str):
                yield line, word


def mentions(source: str, words: set[str]) -> list[str]:
    """Return the places where code says a survey's id as a word (``_`` ends a word, too)."""
    if not words:
        return []
    names = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    pattern = re.compile(rf"(?<![A-Za-z0-9])({names})(?![A-Za-z0-9])", re.IGNORECASE)
    found = {
        (line, match[1])
        for line, text in code_words(ast.parse(source))
        for match in pattern.finditer(text)
    }
    return [f"line {line}: {word}" for line, word in sorted(found)]


def test_code_of_the_package_never_says_a_survey_id(modules: list[Any], repo_root: Path) -> None:
    """A new survey is one YAML file and no line of Python."""
    words = survey_words(repo_root / "schemas")
    assert words, "no schema found: the test looks in the wrong place"
    found = [f"{m.name}: {place}" for m in modules for place in mentions(m.text, words)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "if survey == 'hsc': pass",
        "path = f'data/hsc/{name}'",
        "def read_hsc(): pass",
        "import numpy as hsc",
        "x.hsc_flux = 1",
        "call(hsc=1)",
        "KEY = b'HSC'",
        "match x:\n    case {'a': 1, **hsc}: pass",
    ],
)
def test_mentions_when_code_names_a_survey_then_found(source: str) -> None:
    """The check itself can fail."""
    assert len(mentions(source, {"hsc", "sdss"})) == 1


def test_mentions_when_only_documentation_names_a_survey_then_none() -> None:
    """Examples in docstrings, attribute docstrings and comments are welcome."""
    source = '"""Like hsc."""\nx = 1  # as hsc does\n"""Of hsc."""\nprefix = "hscx ahsc"\n'
    assert mentions(source, {"hsc"}) == []
