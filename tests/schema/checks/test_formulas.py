"""Formulas over leaves: names, order, units, kinds."""

from __future__ import annotations

from typing import Any

CASES: dict[str, tuple[dict[str, str], str, str]] = {
    "formula that cannot be parsed": (
        {"any_bit(flags)": "any_bit(flags¦"},
        "expression", "missing",
    ),
    "formula of an unknown function": (
        {"any_bit(flags)": "¦anybit(flags)"},
        "expression", "any_bit",
    ),
    "formula of no leaf": ({"any_bit(flags)": "any_bit(¦flag)"}, "formula", "'flags'"),
    "formula of an unknown lookup": (
        {
            "Z: {dtype: float32,": "Z: {dtype: float32, formula: 'number(lookup(tile, ¦tokn))',",
            "    absent: [Z]\n": "",
        },
        "lookup", "token",
    ),
    "formula of a leaf of some configs": (
        {"any_bit(flags)": "¦depth > 2"},
        "formula", "config wide",
    ),
    "formula of itself": (
        {"any_bit(flags)": "¦not flags_bad"},
        "formula", "flags_bad -> flags_bad",
    ),
    "number for a bool": ({"any_bit(flags)": "¦flags + 1"}, "kind", "gives a number"),
    "bool for a number": (
        {
            "Z: {dtype: float32,": "Z: {dtype: float32, formula: ¦flags > 1,",
            "    absent: [Z]\n": "",
        },
        "kind", "gives a bool",
    ),
    "sum of magnitudes with zero points": (
        {'"{band}_mag - a_{band}"': '¦"{band}_mag + {band}_mag"'},
        "unit", "g_dered",
    ),
    "logarithm of a unit": (
        {
            "Z: {dtype: float32,": "Z: {dtype: float32, formula: ¦log10(observed),",
            "    absent: [Z]\n": "",
        },
        "unit", "'d'",
    ),
    "square forgotten": (
        {
            "      ivar: {dtype: float32, unit: nanomaggy-2,":
            "      ivar: {dtype: float32, formula: ¦1 / flux, unit: nanomaggy-2,",
            "image.ivar: over": "image.psf_fwhm: over",
            "      image.psf_fwhm: over(band, spec.PSF@{band|upper})\n": "",
        },
        "unit", "1 / sigma ** 2",
    ),
}  # fmt: skip


def test_formulas_when_one_thing_is_wrong_then_one_problem_at_its_place(
    check: Any, case: Any
) -> None:
    """One fault, one problem, with the caret on what is wrong."""
    changes, code, words = case
    problems, place = check(changes)
    assert [(p.code, (p.line, p.column)) for p in problems] == [(code, place)]
    assert words in problems[0].message + problems[0].help


def test_formulas_when_they_need_each_other_then_both_are_told(check: Any) -> None:
    """Neither is the culprit alone."""
    problems, _ = check(
        {
            "any_bit(flags)": "is_good",
            "is_good: {dtype: bool, true_means: good,": "is_good: {dtype: bool, true_means: good, "
            "formula: not flags_bad,",
        }
    )
    assert [p.code for p in problems] == ["formula", "formula"]
    assert "is_good -> flags_bad -> is_good" in problems[0].message
