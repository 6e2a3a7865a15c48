"""The layout of ARCHITECTURE.md as a test: imports go one way."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest

PACKAGE = "astropile"
# From top to bottom; on one floor a room imports only rooms to its right.
FLOORS = (
    ("cli", "site", "plot", "export", "testing"),
    ("datasets", "crossmatch", "survey"),
    ("pile", "engine"),
    ("transforms", "sky", "readers", "remote"),
    ("registry", "schema", "expression", "vocabulary", "document"),
    ("disk", "errors"),
)
ORDER = {room: place for place, room in enumerate(room for floor in FLOORS for room in floor)}
ENTRY_POINTS = {PACKAGE, f"{PACKAGE}.__main__"}  # the public face and `python -m astropile`


def imported_modules(tree: ast.Module, module: str, is_package: bool) -> Iterator[tuple[int, str]]:
    """Yield (line, absolute module or name) of every import, also lazy and for annotations only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".")
            base = base[: len(base) - node.level + is_package] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            if origin == PACKAGE:
                for alias in node.names:
                    yield node.lineno, f"{PACKAGE}.{alias.name}"
            else:
                yield node.lineno, origin
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            target = node.args[0] if node.args else None
            if isinstance(target, ast.Constant) and isinstance(target.value, str):
                yield node.lineno, target.value


def violations(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """Return the imports of a module that go the wrong way."""
    if module in ENTRY_POINTS:
        return []
    room = module.split(".")[1]
    if room not in ORDER:
        return [f"{module}: '{room}' is no room of the layout"]
    found = []
    for line, target in imported_modules(ast.parse(source), module, is_package):
        parts = target.split(".")
        if parts[0] != PACKAGE or parts[1:2] == [room]:
            continue
        other = parts[1] if len(parts) > 1 else ""
        if other not in ORDER:
            found.append(f"{module}:{line}: imports {target}, which is no room of the layout")
        elif ORDER[other] < ORDER[room]:
            found.append(f"{module}:{line}: {room} must not import {other}")
    return found


def test_imports_of_every_module_go_one_way(modules: list[Any]) -> None:
    """Draw the import graph of the package."""
    found = [v for m in modules for v in violations(m.text, m.name, is_package=m.is_package)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("astropile.sky.index", "from astropile.pile import open_pile"),
        ("astropile.sky.index", "import astropile.cli.main"),
        ("astropile.readers.fits", "def read():\n    from astropile.sky import healpix"),
        ("astropile.readers.fits", "from astropile import engine"),
        ("astropile.readers.fits", "from astropile import load"),
        ("astropile.readers.fits", "import astropile"),
        ("astropile.readers.fits", "from ..engine import plan"),
        ("astropile.readers.fits", "import importlib\nimportlib.import_module('astropile.pile')"),
        ("astropile.errors", "if TYPE_CHECKING:\n    from astropile.schema import Field"),
        ("astropile.helpers", ""),
    ],
)
def test_violations_when_an_import_goes_up_or_left_then_found(module: str, source: str) -> None:
    """The check itself can fail."""
    assert len(violations(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source", "is_package"),
    [
        ("astropile.sky.index", "from astropile.readers import Column", False),
        ("astropile.sky.index", "from astropile.sky.pixels import order", False),
        (
            "astropile.sky.index",
            "from .pixels import order\nfrom ..errors import MatchError",
            False,
        ),
        ("astropile.sky", "from .pixels import order\nfrom ..errors import MatchError", True),
        ("astropile.cli.main", "from astropile.testing import simulate\nimport numpy", False),
        ("astropile", "from astropile.cli import main", True),
    ],
)
def test_violations_when_imports_go_down_or_right_then_none(
    module: str, source: str, is_package: bool
) -> None:
    """What the layout allows is not flagged."""
    assert violations(source, module, is_package=is_package) == []
