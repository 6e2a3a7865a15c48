"""The invented survey of these tests, and what is wrong with a changed copy of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from astropile.errors import Problem, SchemaError
from astropile.schema import SurveySchema, parse_schema

#: Stands where a problem must be, in the new text of a change.
MARK = "¦"
Check = Callable[[Mapping[str, str]], tuple[tuple[Problem, ...], tuple[int, int]]]


@pytest.fixture(scope="session")
def meadow() -> str:
    """Text of a valid survey."""
    return (Path(__file__).parent / "meadow.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def schema(meadow: str) -> SurveySchema:
    """The survey itself."""
    return parse_schema(meadow, "meadow.yaml")


@pytest.fixture(scope="session")
def change(meadow: str) -> Callable[[Mapping[str, str]], str]:
    """Return a function: {old text: new text} -> the survey with these changes."""

    def changed(pairs: Mapping[str, str]) -> str:
        text = meadow
        for old, new in pairs.items():
            assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in the survey"
            text = text.replace(old, new)
        return text

    return changed


@pytest.fixture(scope="session")
def check(change: Callable[[Mapping[str, str]], str]) -> Check:
    """Return a function: changes -> all problems, and the marked (line, column)."""

    def problems_of(pairs: Mapping[str, str]) -> tuple[tuple[Problem, ...], tuple[int, int]]:
        text = change(pairs)
        head, _, tail = text.partition(MARK)
        place = (head.count("\n") + 1, len(head) - head.rfind("\n"))
        try:
            parse_schema(head + tail, "meadow.yaml")
        except SchemaError as error:
            return error.problems, place
        return (), place

    return problems_of


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each row of a module's CASES: a name, the changes, a code, a message."""
    if "case" in metafunc.fixturenames:
        cases = metafunc.module.CASES
        metafunc.parametrize("case", cases.values(), ids=list(cases))
