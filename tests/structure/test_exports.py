"""What is public is said, sorted, present and documented."""

from __future__ import annotations

import importlib
import inspect
import re
from types import ModuleType
from typing import Any

import pytest

import astropile


def sort_key(name: str) -> tuple[int, list[tuple[int, int, str]]]:
    """Return the place of a name: CONSTANTS, Classes, functions, as ruff sorts."""
    kind = 0 if name.isupper() else 1 if name[:1].isupper() else 2
    pieces = re.findall(r"\d+|\D+", name)
    return kind, [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in pieces]


def undocumented(module: ModuleType) -> list[str]:
    """Return the faults of a module's public names."""
    exported = getattr(module, "__all__", None)
    if exported is None:
        return [f"{module.__name__}: no __all__"]
    found = []
    if list(exported) != sorted(exported, key=sort_key):
        found.append(f"{module.__name__}: __all__ is not sorted")
    for name in exported:
        if not hasattr(module, name):
            found.append(f"{module.__name__}.{name} does not exist")
            continue
        value = getattr(module, name)
        if (inspect.isclass(value) or inspect.isroutine(value)) and not inspect.getdoc(value):
            found.append(f"{module.__name__}.{name} has no docstring")
    return found


def missing_sections(name: str, function: object) -> list[str]:
    """Return what the docstring of a public function lacks: parameters, or an example to run."""
    text = inspect.getdoc(function) or ""
    found = []
    if not re.search(r"^Examples\n-{8}\n", text, re.MULTILINE) or ">>>" not in text:
        found.append(f"{name}: no Examples section with a line to run")
    parameters = inspect.signature(function).parameters  # type: ignore[arg-type]
    if parameters and not re.search(r"^Parameters\n-{10}\n", text, re.MULTILINE):
        found.append(f"{name}: no Parameters section")
    return found + [
        f"{name}: parameter '{parameter}' is not described"
        for parameter in parameters
        if not re.search(rf"^[\w*, ]*\b{re.escape(parameter)}\b[\w*, ]*(:|$)", text, re.MULTILINE)
    ]


def test_public_names_of_every_room_are_sorted_present_and_documented(
    modules: list[Any],
) -> None:
    """A room's `__init__` says what other rooms may use; a room of one file does so itself."""
    rooms = [m.name for m in modules if m.is_package or m.name.count(".") == 1]
    rooms = [name for name in rooms if not name.endswith("__main__")]
    found = [fault for name in rooms for fault in undocumented(importlib.import_module(name))]
    assert not found, "\n".join(found)


def test_public_functions_have_parameters_and_an_example() -> None:
    """What a user calls first can be tried from its help."""
    public = {name: getattr(astropile, name) for name in astropile.__all__}
    functions = {name: value for name, value in public.items() if inspect.isfunction(value)}
    assert functions, "astropile exports no function: the test looks in the wrong place"
    found = [fault for item in functions.items() for fault in missing_sections(*item)]
    assert not found, "\n".join(found)


def test_dir_of_the_package_lists_every_public_name() -> None:
    """Lazy names complete in a shell as others do."""
    assert set(astropile.__all__) <= set(dir(astropile))


def test_undocumented_when_names_are_wrong_then_each_is_found() -> None:
    """The check itself can fail."""
    module = ModuleType("made_up")
    assert undocumented(module) == ["made_up: no __all__"]
    module.__all__ = ["beta", "Alpha", "gamma"]  # type: ignore[attr-defined]
    module.beta = lambda: None  # type: ignore[attr-defined]
    module.Alpha = type("Alpha", (), {"__doc__": "Documented."})  # type: ignore[attr-defined]
    assert undocumented(module) == [
        "made_up: __all__ is not sorted",
        "made_up.beta has no docstring",
        "made_up.gamma does not exist",
    ]


def test_missing_sections_when_docstring_is_short_then_each_is_found() -> None:
    """The check itself can fail, and is content with what it asks for."""

    def bare(ra_deg: float) -> None:
        """Do it."""

    def full(ra_deg: float, dec_deg: float, *, order: int = 3) -> None:
        """Do it.

        Parameters
        ----------
        ra_deg, dec_deg : float
            Position.
        order : int
            HEALPix order.

        Examples
        --------
        >>> 1 + 1
        2
        """

    assert len(missing_sections("bare", bare)) == 3
    assert missing_sections("full", full) == []


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["load", "DECaLS", "HSC"], ["HSC", "DECaLS", "load"]),
        (["open", "find", "Survey", "LIMIT"], ["LIMIT", "Survey", "find", "open"]),
        (["b", "a10", "a2"], ["a2", "a10", "b"]),
    ],
)
def test_sort_key_when_names_are_as_ruff_sorts_them_then_agrees(
    names: list[str], expected: list[str]
) -> None:
    """RUF022 and this test never disagree."""
    assert sorted(names, key=sort_key) == expected
