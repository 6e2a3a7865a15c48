"""The modules of the package as text and as syntax trees."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Module:
    """One file of the package."""

    name: str
    path: Path
    is_package: bool
    text: str

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=str(self.path))


@pytest.fixture(scope="session")
def modules(repo_root: Path) -> list[Module]:
    """Return every module of the package, sorted by name."""
    found = []
    for path in sorted((repo_root / "astropile").rglob("*.py")):
        parts = path.relative_to(repo_root).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found.append(Module(name, path, is_package, path.read_text(encoding="utf-8")))
    assert found, "no module found: the test looks in the wrong place"
    return sorted(found, key=lambda module: module.name)
