"""Tables of transforms, against what is declared; no implementation is imported."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from astropile.schema import parse_schema

_VISITS = "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}"
_IVAR = "      spectrum.ivar: spec.ivar\n"


def more(table: str) -> dict[str, str]:
    """Return the change that adds a table."""
    return {_VISITS: f"{_VISITS}\n      more: {table}"}


def arms(inputs: str, rest: str = "") -> dict[str, str]:
    return more(f"{{transform: spectrum.coadd_arms, inputs: {{{inputs}}}{rest}}}")


_ARMS = "lambda: [a, b], flux: [c, d], ivar: [e, f]"
_PARAMS = "{ny: 8, nx: 8, pixel_scale: 1}"
_SKY = "ra: [a], dec: [b], near_ra: [c], near_dec: [d]"
CASES: dict[str, tuple[dict[str, str], str, str]] = {
    "unknown input": (arms(f"{_ARMS}, ¦fluxes: [a, b]"), "transform", "flux"),
    "missing input": (
        {_VISITS: f"{_VISITS}\n      more: {{transform: spectrum.coadd_arms, ¦inputs: "
                  "{lambda: [a, b], flux: [c, d]}}"},
        "transform", "needs the inputs ivar",
    ),
    "several of one": (
        more("{transform: spectrum.lsf_gaussian, inputs: {¦resolution: [a, b]}}"),
        "transform", "one array as resolution, got 2",
    ),
    "none of several": (
        arms("¦lambda: [], flux: [c, d], ivar: [e, f]"), "transform", "at least one",
    ),
    "other number": (
        arms("lambda: [a, b], flux: [c, d], ¦ivar: [e]"), "transform", "2, got 1",
    ),
    "unknown param": (arms(_ARMS, ", params: {¦tolerence: 1}"), "transform", "tolerance"),
    "text for a number": (arms(_ARMS, ", params: {tolerance: ¦much}"), "transform", "float64"),
    "number for a bool": (arms(_ARMS, ", params: {clear_weighted: ¦1}"), "transform", "bool"),
    "bool for a number": (arms(_ARMS, ", params: {tolerance: ¦true}"), "transform", "float64"),
    "fraction for an integer": (
        more("{transform: catalog.neighbours, inputs: {" + _SKY + "}, "
             "params: {ny: ¦8.5, nx: 8, pixel_scale: 1}}"),
        "transform", "expected int64, got 8.5",
    ),
    "param too small": (arms(_ARMS, ", params: {tolerance: ¦-1}"), "transform", "at least 0"),
    "param too large": (
        more("{transform: image.inverse_variance_jwst, inputs: {flux: [a], weight: [b], "
             "exposure: [c], gain: [d]}, params: {factor: ¦65}}"),
        "transform", "at most 64",
    ),
    "word of no list": (
        more("{transform: xray.grouped_spectrum, inputs: {counts: [a], energy_low: [b], "
             "energy_high: [c], exposure: [d]}, params: {errors: ¦gauss}}"),
        "transform", "gehrels or poisson",
    ),
    "missing param": (
        more("{transform: catalog.neighbours, inputs: {" + _SKY + "}, ¦params: {nx: 8}}"),
        "transform", "needs the params ny, pixel_scale",
    ),
    "unknown output": (
        {**arms(_ARMS), _IVAR: "      spectrum.ivar: ¦more.ivr\n"}, "transform", "'ivar'?",
    ),
    "input that cannot be parsed": (arms("lambda: ['¦)', b], flux: [c, d], ivar: [e, f]"),
                                    "expression", "missing"),
    "input of a lookup that does not exist": (
        arms("lambda: [a, b], flux: ['lookup(c, ¦nothing)', d], ivar: [e, f]"),
        "lookup", "nothing",
    ),
    "text as input": (
        arms("lambda: [a, b], flux: [\"¦trim(c)\", d], ivar: [e, f]"), "kind", "gives a text",
    ),
    "input of another unit": (
        arms("lambda: [\"¦unit(a, 'keV')\", b], flux: [c, d], ivar: [e, f]"), "unit", "Angstrom",
    ),
    "transform of itself": (
        arms("lambda: [¦more.lambda, b], flux: [c, d], ivar: [e, f]"),
        "transform", "what it gives",
    ),
    "transform of a later one": (
        {_VISITS: f"{_VISITS}\n      more: "
                  "{transform: image.flip, inputs: {picture: [¦last.picture]}}"
                  "\n      last: {transform: image.flip, inputs: {picture: [a]}}"},
        "transform", "write last above more",
    ),
    "table that is attached later": (
        {_VISITS: "more: {transform: image.flip, inputs: {picture: [¦visits.id]}}"
                  f"\n      {_VISITS}"},
        "transform", "write visits above more",
    ),
}  # fmt: skip


def test_transforms_when_one_thing_is_wrong_then_one_problem_at_its_place(
    check: Any, case: Any
) -> None:
    """One fault, one problem, with the caret on what is wrong."""
    changes, code, words = case
    problems, place = check(changes)
    assert [(p.code, (p.line, p.column)) for p in problems] == [(code, place)]
    assert words in problems[0].message + problems[0].help


@pytest.mark.parametrize(
    "table",
    [
        "{transform: spectrum.coadd_arms, inputs: {" + _ARMS + "}, params: {tolerance: 1}}",
        "{transform: spectrum.coadd_arms, inputs: {" + _ARMS + ", mask: [a, b]}}",
        "{transform: catalog.neighbours, inputs: {" + _SKY + "}, params: " + _PARAMS + "}",
        "{transform: catalog.neighbours, inputs: {ra: [\"unit(a, 'rad')\"], dec: [b], "
        "near_ra: [c], near_dec: [d], values: [e, f, '-g']}, params: " + _PARAMS + "}",
        "{for: {band: [g, r]}, transform: image.flip, inputs: {picture: ['{band}_a']}}",
    ],
)
def test_transforms_when_legal_then_no_problem(change: Any, table: str) -> None:
    """What is declared is not refused."""
    changes = more(table)
    if "for:" in table:
        changes = {_VISITS: changes[_VISITS].replace("more:", '"more_{band}":')}
    assert parse_schema(change(changes)).id


def test_units_when_an_output_cannot_become_its_leaf_then_error(check: Any) -> None:
    """The width in Angstrom is no width in pixels: told before any file is opened."""
    changes = {
        **arms(_ARMS.replace("ivar: [e, f]", "ivar: [\"unit(e, 'Jy-2')\", f]")),
        _IVAR: "      spectrum.ivar: ¦more.ivar\n",
    }
    problems, place = check(changes)
    assert [(p.code, (p.line, p.column)) for p in problems] == [("unit", place)]
    assert "'1 / Jy2' cannot become" in problems[0].message


def test_check_when_a_survey_has_a_transform_then_its_module_is_not_imported(change: Any) -> None:
    """An implementation may need what is not installed."""
    text = change(arms(_ARMS))
    code = (
        "import sys; from astropile.schema import parse_schema; parse_schema(sys.stdin.read());"
        "print(*(m for m in sys.modules if m.startswith('astropile.transforms')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=text, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
