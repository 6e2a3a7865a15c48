"""Files, functions and classes stay small enough to be read at once."""

from __future__ import annotations

import ast
from statistics import median
from typing import Any

MAX_FILE_LINES = 600
MAX_MEDIAN_FILE_LINES = 150
MAX_FUNCTION_LINES = 80
MAX_PUBLIC_METHODS = 15


def line_count(node: ast.stmt) -> int:
    """Return the length of a definition with its docstring, without its decorators."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def long_functions(tree: ast.Module) -> list[str]:
    """Return functions and methods that are too long."""
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [
        f"line {node.lineno}: {node.name} has {line_count(node)} lines"
        for node in functions
        if line_count(node) > MAX_FUNCTION_LINES
    ]


def wide_classes(tree: ast.Module) -> list[str]:
    """Return classes with too many public methods (properties count, overloads count once)."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            public = {
                item.name
                for item in node.body
                if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)
                and not item.name.startswith("_")
            }
            if len(public) > MAX_PUBLIC_METHODS:
                found.append(f"line {node.lineno}: {node.name} has {len(public)} public methods")
    return found


def test_files_when_counted_then_none_is_too_long(modules: list[Any]) -> None:
    """No file needs scrolling for minutes."""
    lengths = {module.name: len(module.text.splitlines()) for module in modules}
    assert {name: n for name, n in lengths.items() if n > MAX_FILE_LINES} == {}
    assert median(lengths.values()) <= MAX_MEDIAN_FILE_LINES


def test_functions_when_counted_then_none_is_too_long(modules: list[Any]) -> None:
    """A function fits on a screen or two."""
    found = [f"{m.name}: {problem}" for m in modules for problem in long_functions(m.tree)]
    assert not found, "\n".join(found)


def test_classes_when_counted_then_none_is_too_wide(modules: list[Any]) -> None:
    """Verbs are functions; a class does not collect them."""
    found = [f"{m.name}: {problem}" for m in modules for problem in wide_classes(m.tree)]
    assert not found, "\n".join(found)


def test_checks_when_limits_are_passed_by_one_then_found() -> None:
    """The checks themselves can fail, and only beyond the limit."""
    body = "    x = 1\n" * MAX_FUNCTION_LINES
    tree = ast.parse(f"def longest():\n{body[10:]}\ndef too_long():\n{body}")
    assert long_functions(tree) == ["line 82: too_long has 81 lines"]
    methods = "".join(f"    def m{i}(self): ...\n" for i in range(MAX_PUBLIC_METHODS))
    private = "    def _own(self): ...\n"
    tree = ast.parse(
        f"class Full:\n{methods}{private}class Wide:\n{methods}    def more(self): ...\n"
    )
    assert wide_classes(tree) == ["line 18: Wide has 16 public methods"]
