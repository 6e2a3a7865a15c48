"""Any text is either a survey or a list of problems; and a survey is read fast."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from astropile.document import parse_document
from astropile.errors import SchemaError
from astropile.schema import parse_schema

# Whole words and marks of the language, so that the mutated file is still YAML most of the time.
PIECES = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9.]+|\s+|.")
ODD = [
    "null", "true", "3", "-1", "1e400", ".nan", "[]", "{}", "''", '""', "x", "{x}", "{band}",
    "path.x", "image", "*", "~", "/", "é", "\u2028", "flat", "axes: [band]", "9" * 30, "'", "(",
    "only: [deep]", "formula: ra", "for: {c: [1]}", "size: 0", "unit: Jy", "over(band, {band})",
    "is: {quantity: mag}",
]  # fmt: skip
VALUES: list[Any] = [None, True, False, 0, 1, -1, 8, 0.5, 1e300, [], {}, [[]], {"": ""}, *ODD]


def outcome(text: str) -> SchemaError | None:
    """Return the error of a text; every other exception is a fault of the library."""
    try:
        parse_schema(text, "meadow.yaml")
    except SchemaError as error:
        return error
    return None


@st.composite
def edits(draw: st.DrawFn) -> list[tuple[float, int, str]]:
    """A few places (as a fraction), lengths and new texts."""
    edit = st.tuples(st.floats(0, 1), st.integers(0, 3), st.sampled_from(ODD) | st.text(max_size=3))
    return draw(st.lists(edit, min_size=1, max_size=4))


@given(edits())
def test_text_when_changed_at_random_then_a_survey_or_problems(
    meadow: str, changes: list[tuple[float, int, str]]
) -> None:
    """Nothing but SchemaError comes out, and its places are in the file."""
    pieces = PIECES.findall(meadow)
    for place, length, new in changes:
        start = int(place * len(pieces))
        pieces[start : start + length] = [new]
    text = "".join(pieces)
    error = outcome(text)
    if error is not None:
        lines = text.count("\n") + text.count("\u2028") + 2
        assert error.problems
        assert all(1 <= p.line <= lines and p.column >= 1 and p.message for p in error.problems)


def places(data: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key or index) of nested data."""
    steps = list(data.items() if isinstance(data, dict) else enumerate(data))
    found: list[tuple[Any, Any]] = [(data, key) for key, _ in steps]
    for _, value in steps:
        if isinstance(value, (dict, list)):
            found += places(value)
    return found


@given(st.data())
def test_data_when_changed_at_random_then_a_survey_or_problems(
    meadow: str, data: st.DataObject
) -> None:
    """The file stays YAML, so that the deeper checks are reached: values and keys trade places."""
    survey = parse_document(meadow, "meadow.yaml").data
    for _ in range(data.draw(st.integers(1, 3))):
        every = places(survey)
        container, key = data.draw(st.sampled_from(every))
        other, other_key = data.draw(st.sampled_from(every))
        value = data.draw(st.sampled_from([*VALUES, deepcopy(other[other_key])]))
        if data.draw(st.booleans()) and isinstance(container, dict):
            name = data.draw(st.sampled_from([*ODD, str(other_key)]))
            container[name] = container.pop(key) if data.draw(st.booleans()) else value
        elif data.draw(st.integers(0, 5)) == 0:
            del container[key]
        else:
            container[key] = value
    outcome(yaml.safe_dump(survey, sort_keys=False, width=1000))


@given(st.data())
def test_lines_when_moved_at_random_then_a_survey_or_problems(
    meadow: str, data: st.DataObject
) -> None:
    """Whole entries at the wrong place, twice, or not at all."""
    lines = meadow.splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 4))):
        source = data.draw(st.integers(0, len(lines) - 1))
        target = data.draw(st.integers(0, len(lines) - 1))
        action = data.draw(st.sampled_from(("delete", "copy", "move")))
        line = lines[source]
        if action != "copy":
            del lines[source]
        if action != "delete":
            lines.insert(target, line)
    outcome("".join(lines))
