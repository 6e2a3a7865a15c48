"""Pages of the documentation as blocks of code."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line of the page where the text begins."""

    language: str
    text: str
    line: int


@pytest.fixture(scope="session")
def page(repo_root: Path) -> Callable[[str], str]:
    """Return a function: name of a page -> its text."""
    return lambda name: (repo_root / "docs" / name).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def blocks(page: Callable[[str], str]) -> Callable[[str], list[Block]]:
    """Return a function: name of a page -> its fenced blocks in order."""

    def find(name: str) -> list[Block]:
        text = page(name)
        return [
            Block(match[1], match[2], text.count("\n", 0, match.start(2)) + 1)
            for match in BLOCK.finditer(text)
        ]

    return find


@pytest.fixture(scope="session")
def reference(page: Callable[[str], str]) -> str:
    """The reference of the language."""
    return page("language.md")


@pytest.fixture(scope="session")
def brook(blocks: Callable[[str], list[Block]]) -> str:
    """The survey that the reference shows."""
    return next(block.text for block in blocks("language.md") if block.language == "yaml")


@pytest.fixture
def nothing_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget, after the test, what it registers."""
    monkeypatch.setattr("astropile.registry._registered", [])
