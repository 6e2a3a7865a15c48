"""Errors about a call say the next step."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from astropile import errors

PARENTS = (errors.UsageError, errors.MatchError, errors.OutputError, errors.PileError)
NAMES = {name for name in errors.__all__ if issubclass(getattr(errors, name), PARENTS)}


def without_hint(text: str) -> list[str]:
    """Return line and class of every such error that is made without a next step."""
    return [
        f"{node.lineno}: {node.func.id}"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in NAMES
        and not any(word.arg in ("hint", None) for word in node.keywords)
    ]


def test_errors_when_made_then_they_say_the_next_step(repo_root: Path) -> None:
    found = {
        str(file.relative_to(repo_root)): lines
        for file in sorted((repo_root / "astropile").rglob("*.py"))
        if (lines := without_hint(file.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("text", "count"),
    [("UsageError('x')", 1), ("MatchError('x', where='y')", 1), ("UsageError('x', hint='y')", 0),
     ("CellError('x')", 0), ("NoPileError('x', **more)", 0)],
)  # fmt: skip
def test_hints_when_looked_for_then_only_missing_ones(text: str, count: int) -> None:
    assert len(without_hint(text)) == count
