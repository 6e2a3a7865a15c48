"""Templates: variables, holes, pipes."""

from __future__ import annotations

from typing import Any

CASES: dict[str, tuple[dict[str, str], str, str]] = {
    "template that makes a name twice": (
        {'  "a_{band}":': '  ¦"g_mag": {dtype: int8, description: x}\n  "a_{band}":'},
        "template", "'g_mag'",
    ),
    "template whose key lacks its variable": (
        {'  "moment_{c}":': "  ¦moment:"},
        "template", "moment",
    ),
    "hole that nothing fills": ({'  "moment_{c}":': '  ¦"moment_{c}_{d}":'}, "template", "{d}"),
    "hole without for": ({"  depth: {": '  ¦"depth_{b}": {'}, "template", "for: {b: [...]}"),
    "hole in a unit": ({"unit: arcsec2": 'unit: ¦"{u}"'}, "template", "{u}"),
    "hole in a description": (
        {"description: Moment {c|component}.": 'description: ¦"Moment {cc}."'},
        "template", "{cc}",
    ),
    "pipe that is no lookup": (
        {"description: Moment {c|component}.": "description: Moment ¦{c|componnet}."},
        "template", "component",
    ),
    "pipe of a name": ({'  "moment_{c}":': '  "moment_¦{c|componnet}":'}, "template", "component"),
    "pipe that lacks the value": (
        {
            "{11: xx, 22: yy}": "{11: xx, 12: xy}",
            'component: "{c|component}"': 'component: "¦{c|component}"',
            "description: Moment {c|component}.": "description: Moment.",
        },
        "template", "'22'",
    ),
    "reserved variable": (
        {"for: {half:": "for: {¦split:", "cat/{half}": "cat/{split}"},
        "variable", "reserved",
    ),
    "variable that is no name": (
        {"for: {half:": 'for: {¦"h-f":', "cat/{half}": "cat/x"},
        "variable", "h-f",
    ),
    "variable of a config and of a template": (
        {"for: {half:": "for: {¦c:", "cat/{half}": "cat/{c}"}, "variable", "moment_{c}",
    ),
    "variable of a config and of an axis": (
        {"for: {half:": "for: {¦epoch:", "cat/{half}": "cat/{epoch}"}, "variable", "the axis",
    ),
    "variable without values": (
        {"for: {half: [east, west]}": "for: {¦half: []}"},
        "variable", "half",
    ),
    "all bands of another variable": (
        {"for: {half: [east, west]}": 'for: {half: [¦"*"]}'},
        "variable", "band alone",
    ),
    "band of a template": (
        {'"a_{band}":\n    for: {band: [g, r]}': '"a_{band}":\n    for: {band: [g, ¦x]}'},
        "band", "'x'",
    ),
}  # fmt: skip


def test_templates_when_one_thing_is_wrong_then_one_problem_at_its_place(
    check: Any, case: Any
) -> None:
    """One fault, one problem, with the caret on what is wrong."""
    changes, code, words = case
    problems, place = check(changes)
    assert [(p.code, (p.line, p.column)) for p in problems] == [(code, place)]
    assert words in problems[0].message + problems[0].help


def test_templates_when_expansions_exhaust_the_machine_then_refused_before_expanding(
    check: Any,
) -> None:
    """Three lists of 300 are 27 million leaves."""
    values = ", ".join(map(str, range(300)))
    lists = f"for: {{c: [{values}], d: [{values}], e: [{values}]}}"
    problems, _ = check({"for: {c: [11, 22]}": lists})
    assert [p.code for p in problems] == ["template"]
    assert "27000000" in problems[0].message
