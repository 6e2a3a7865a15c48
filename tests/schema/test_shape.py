"""Shape of a survey file: keys, types, choices, ranges."""

from __future__ import annotations

from typing import Any

# Changes of the survey (¦ stands where the problem must be), code, part of message or help.
CASES: dict[str, tuple[dict[str, str], str, str]] = {
    "unknown key": ({"    min: 5": "    ¦mim: 5"}, "unknown_key", "did you mean 'min'"),
    "unknown key without a near one": (
        {"    min: 5": "    ¦qqqqq: 5"},
        "unknown_key", "allowed: dtype, description",
    ),
    "unknown key at the top": ({"lookups:": "¦lookup:"}, "unknown_key", "did you mean 'lookups'"),
    "Python's name of a key": (
        {'"moment_{c}":\n    for:': '"moment_{c}":\n    ¦for_:'},
        "unknown_key", "'for'",
    ),
    "comma in a text": (
        {"scription: Hemisphere.}": "scription: ¦East, or west.}"},
        "comma", "quote the text",
    ),
    "missing key": ({"  side: {dtype: string, ": "  ¦side: {"}, "missing_key", "'dtype'"),
    "missing key at the top": (
        {'language: "1.0"': '¦language: "1.0"', "survey: meadow\n": "\n"},
        "missing_key", "'survey'",
    ),
    "number for text": ({"license: {name: CC0}": "license: {name: ¦3}"}, "type", 'quotes: "3"'),
    "text for number": ({"min: 5": "min: ¦five"}, "type", "expected a number, got 'five'"),
    "text for bool": (
        {"default: true": "default: ¦yes"},
        "type", "expected true or false, got 'yes'",
    ),
    "float for integer": ({"y: {size: 8}": "y: {size: ¦8.5}"}, "type", "expected an integer"),
    "text for list": ({"only: [deep*]": "only: ¦deep*"}, "type", "write it as a list: [deep*]"),
    "text for mapping": (
        {"defaults: {estimator: cmodel}": "defaults: ¦cmodel"},
        "type", "expected a mapping",
    ),
    "nothing for mapping": (
        {"defaults: {estimator: cmodel}": "¦defaults:"},
        "type", "expected a mapping, got nothing",
    ),
    "list for scalar": (
        {"missing: [-99]": "missing: [¦[1]]"},
        "type", "expected true or false or a number or text, got a list",
    ),
    "mapping for scalar in an override": (
        {"{max: 42}": "{max: ¦{a: 1}}"},
        "type", "expected a number, got a mapping",
    ),
    "mapping where text was meant": (
        {"formula: any_bit(flags)": "formula: ¦{flags: 1}"},
        "type", "quote text that starts with {",
    ),
    "dtype": ({"Z: {dtype: float32": "Z: {dtype: ¦float"}, "choice", "did you mean float64"),
    "kind": ({"kind: image": "kind: ¦picture"}, "choice", "allowed: image, spectrum"),
    "null in quotes": ({"unmatched: drop": 'unmatched: ¦"null"'}, "choice", "without quotes"),
    "unknown choice with null": ({"unmatched: drop": "unmatched: ¦nul"}, "choice", "mean null"),
    "bool for a choice": ({"true_means: good": "true_means: ¦true"}, "choice", "true is not"),
    "language": (
        {'language: "1.0"': 'language: ¦"2.0"'},
        "language", "reads language 1.0, not '2.0'",
    ),
    "pattern of an id": ({"survey: meadow": "survey: ¦Meadow"}, "pattern", "'Meadow'"),
    "pattern of a version": ({'version: "1.2.0"': 'version: ¦"1.2"'}, "pattern", "'1.2'"),
    "size below one": ({"x: {size: 8}": "x: {size: ¦0}"}, "range", "at least 1, got 0"),
    "empty text": ({"title: Meadow Survey": 'title: ¦""'}, "empty", "'title' must not be empty"),
    "nothing to cite": ({'cite: ["doi:10.1000/meadow"]': "¦cite: []"}, "empty", "at least 1"),
    "one value of a pair": ({"wavelength: [3000, 4000]": "wavelength: ¦[3000]"}, "length", "two"),
    "three values of a pair": (
        {"wavelength: [3000, 4000]": "wavelength: ¦[3, 4, 5]"},
        "length", "2 values, got 3",
    ),
    "half a pair wrong": ({"size: [8, 8]": "size: [8, ¦x]"}, "type", "expected an integer"),
}  # fmt: skip


def test_shape_when_one_thing_is_wrong_then_one_problem_at_its_place(check: Any, case: Any) -> None:
    """One fault, one problem, with the caret on what is wrong."""
    changes, code, words = case
    problems, place = check(changes)
    assert [(p.code, (p.line, p.column)) for p in problems] == [(code, place)]
    assert words in problems[0].message + problems[0].help


def test_shape_when_many_things_are_wrong_then_all_are_told_at_once(check: Any) -> None:
    """A file is mended in one go."""
    changes = {
        "    min: 5": "    mim: 5",
        "kind: image": "kind: picture",
        "x: {size: 8}": "x: {size: 0}",
        "default: true": "default: yes",
    }
    problems, _ = check(changes)
    assert [p.code for p in problems] == ["unknown_key", "choice", "range", "type"]
    assert [p.line for p in problems] == sorted(p.line for p in problems)


def test_shape_when_a_problem_is_printed_then_the_caret_is_below_it(check: Any) -> None:
    """The excerpt shows the line."""
    problems, _ = check({"Z: {dtype: float32": "Z: {dtype: float"})
    line, caret = problems[0].excerpt.splitlines()
    start = caret.index("^")
    assert line[start : start + caret.count("^")] == "float"
