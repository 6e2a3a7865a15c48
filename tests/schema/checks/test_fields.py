"""What a field says of itself."""

from __future__ import annotations

from typing import Any

CASES: dict[str, tuple[dict[str, str], str, str]] = {
    "bool without polarity": (
        {"  is_good: {dtype: bool, true_means: good,": "  ¦is_good: {dtype: bool,"},
        "true_means", "good, bad, or neither",
    ),
    "polarity of a number": (
        {"class: {dtype: int8,": "class: {dtype: int8, ¦true_means: bad,"},
        "true_means", "int8",
    ),
    "mask that is no judgement": (
        {"mask: {dtype: bool, true_means: bad,": "mask: {dtype: bool, true_means: ¦neither,"},
        "true_means", "a mask must say",
    ),
    "time without zero": (
        {
            "time: {dtype: float64, unit: d, time: {zero: 2400000.5, scale: utc},":
            "¦time: {dtype: float64, unit: d,",
        },
        "time", "zero: 2400000.5",
    ),
    "float32 time": (
        {
            "observed: {dtype: float64": "observed: {dtype: ¦float32",
            "    lossy: {observed: float32}\n": "",
        },
        "dtype", "float64, not float32",
    ),
    "integer time": ({"observed: {dtype: float64": "observed: {dtype: ¦int64"}, "dtype", "float64"),
    "float32 position": ({"  ra: {dtype: float64": "  ra: {dtype: ¦float32"}, "dtype", "lossy"),
    "float id": (
        {"number: {dtype: int64,": "number: {dtype: ¦float64, is: {quantity: object_id},"},
        "dtype", "integer or a string",
    ),
    "unit of a text": (
        {"tile: {dtype: string,": "tile: {dtype: string, unit: ¦deg,"},
        "unit", "no unit",
    ),
    "bits of a float": (
        {"  depth: {dtype: float32,": "  depth: {dtype: float32, ¦bits: {0: A},"},
        "bits", "float32",
    ),
    "bit that is no number": ({"3: EDGE": "¦three: EDGE"}, "bits", "not an integer"),
    "bit beyond the integer": ({"3: EDGE": "¦32: EDGE"}, "bits", "0 to 31"),
    "two bits of one name": ({"3: EDGE": "3: ¦SATURATED"}, "bits", "twice"),
    "code that is no number": ({"1: galaxy": "¦1.5: galaxy"}, "codes", "not an integer"),
    "code that does not fit": ({"1: galaxy": "¦128: galaxy"}, "codes", "does not fit int8"),
    "text sentinel of a number": ({"missing: [-99]": "missing: [¦none]"}, "missing", "'none'"),
    "sentinel of a bool": (
        {"is_good: {dtype: bool,": "is_good: {missing: [¦-1], dtype: bool,"}, "missing", "-1",
    ),
    "fraction as sentinel of an integer": (
        {"class: {dtype: int8,": "class: {dtype: int8, missing: [¦0.5],"},
        "missing", "0.5",
    ),
    "number in the enum of a text": (
        {"tile: {dtype": "tile: {enum: [¦1], dtype"},
        "enum", "1 is not a value",
    ),
    "limits the wrong way": ({"min: 5": "min: ¦50"}, "limits", "above max 40"),
    "limit of a text": (
        {"side: {dtype: string,": "side: {dtype: string, ¦min: 1,"},
        "limits", "min",
    ),
    "unverified key": ({"  Z: {": "  Z: {unverified: [¦unti], "}, "unverified", "'unit'"),
    "unverified key of the credits": (
        {"  name: Meadow\n": "  name: Meadow\n  unverified: [¦ttle]\n"},
        "unverified", "'title'",
    ),
    "ucd": ({"  Z: {": "  Z: {ucd: ¦src redshift, "}, "ucd", "joined by ;"),
    "axes of a column": ({"tile: {": "tile: {¦axes: [x], "}, "axes", "make it a modality"),
    "override that breaks a limit": ({"{max: 42}": "{max: 4, min: ¦5}"}, "limits", "above"),
    "override without dtype": ({"{max: 42}": "{dtype: ¦null}"}, "type", "expected a dtype"),
    "override that turns a time to float32": (
        {'"{band}_mag": {max: 42}': '"{band}_mag": {max: 42}, observed: {dtype: ¦float32}'},
        "dtype", "float64",
    ),
    "unknown quantity": ({"is: {quantity: ra}": "is: {quantity: ¦raa}"}, "quantity_unknown", "ra"),
    "no quantity": (
        {
            'is: {quantity: mag, estimator: cmodel, band: "{band}"}\n    min':
            '¦is: {estimator: cmodel, band: "{band}"}\n    min',
        },
        "quantity_missing", "",
    ),
    "qualifier left out": (
        {
            'is: {quantity: mag, estimator: cmodel, band: "{band}"}\n    min':
            '¦is: {quantity: mag, band: "{band}"}\n    min',
        },
        "qualifier_missing", "estimator",
    ),
    "attribute left out": (
        {
            "method: spec, frame: heliocentric}": "method: spec}",
            "  Z: {dtype: float32, is:": "  Z: {dtype: float32, ¦is:",
        },
        "attribute_missing", "frame",
    ),
    "estimator": (
        {'estimator: cmodel, band: "{band}"}\n': 'estimator: ¦cmodle, band: "{band}"}\n'},
        "value_unknown", "cmodel",
    ),
    "band of a meaning": (
        {'component: "{c|component}", band: g}': 'component: "{c|component}", band: ¦x}'},
        "band_unknown", "bands: g, r, w",
    ),
    "unknown unit": ({"unit: arcsec2": "unit: ¦arcsecs2"}, "unit", ""),
    "unit of another kind": ({"unit: arcsec2": "unit: ¦Angstrom"}, "unit", "arcsec2"),
    "default of an unknown qualifier": (
        {"defaults: {estimator: cmodel}": "defaults: {¦estimater: cmodel}"},
        "defaults", "estimator",
    ),
    "default value": (
        {"defaults: {estimator: cmodel}": "defaults: {estimator: ¦cmodle}"},
        "defaults", "cmodel",
    ),
    "default band": ({"defaults: {estimator: cmodel}": "defaults: {band: ¦x}"}, "defaults", "'x'"),
}  # fmt: skip


def test_problems_when_in_many_parts_then_all_at_once_in_order(check: Any) -> None:
    """One run tells everything, line by line."""
    problems, _ = check(
        {
            "is_good: {dtype: bool, true_means: good,": "is_good: {dtype: bool,",
            "filters: [Subaru/HSC.g]": "filters: [HSC-G]",
            "any_bit(flags)": "any_bit(flag)",
            "    medium: vacuum\n": "",
            "null_if(mag_of_r, 0)": "nullif(mag_of_r, 0)",
            "files: visits.csv": "files: ../visits.csv",
            "only: [deep*]": "only: [shallow]",
        }
    )
    assert [p.code for p in problems] == [
        "filter_id", "true_means", "formula", "only", "medium", "expression", "path",
    ]  # fmt: skip


def test_fields_when_one_thing_is_wrong_then_one_problem_at_its_place(
    check: Any, case: Any
) -> None:
    """One fault, one problem, with the caret on what is wrong."""
    changes, code, words = case
    problems, place = check(changes)
    assert [(p.code, (p.line, p.column)) for p in problems] == [(code, place)]
    assert words in problems[0].message + problems[0].help
