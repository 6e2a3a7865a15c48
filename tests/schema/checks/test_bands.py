"""Bands and the object: filters, cases, wavelengths, id, position, epoch."""

from __future__ import annotations

from typing import Any

CASES: dict[str, tuple[dict[str, str], str, str]] = {
    "band without filter": ({"w: {wavelength: [3000, 4000]}": "¦w: {}"}, "band", "no filter"),
    "filter that is not registered": ({"[Subaru/HSC.g]": "[¦HSC-G]"}, "filter_id", "Subaru/HSC.g"),
    "filter twice": ({"[Subaru/HSC.g]": "[Subaru/HSC.g, ¦Subaru/HSC.g]"}, "band", "twice"),
    "filter of a case": ({"north: BOK/BASS.r": "north: ¦BOK/BASS.rr"}, "filter_id", "BOK/BASS.r"),
    "case column": ({"by: side": "by: ¦sides"}, "band", "'side'"),
    "case that is no value": ({"north: BOK": "¦nord: BOK"}, "band", "north, south"),
    "cases without column": ({"r: {by: side, cases": "¦r: {cases"}, "band", "by: the column"),
    "case column of floats": ({"by: side": "by: ¦Z"}, "band", "exact values"),
    "column without cases": (
        {"r: {by: side, cases: {north: BOK/BASS.r, south: CTIO/DECam.r}}": "¦r: {by: side}"},
        "band", "cases",
    ),
    "filters and cases": (
        {"r: {by: side": "¦r: {filters: [BOK/BASS.r], by: side"},
        "band", "not both",
    ),
    "wavelengths the wrong way": ({"[3000, 4000]": "¦[4000, 3000]"}, "band", "low to high"),
    "band that is a word": ({"w: {wavelength": "¦psf: {wavelength"}, "band_token", "psf"),
    "id of no column": ({"join('-', tile,": "join('-', ¦tyle,"}, "object", "'tile'"),
    "id that is the same for all": (
        {"\"join('-', tile, number)\"": "¦\"'one'\""},
        "object", "column",
    ),
    "id of a float": ({"join('-', tile,": "join('-', ¦Z,"}, "object", "float32"),
    "id that cannot be parsed": (
        {"join('-', tile, number)": "join('-', tile,¦)"},
        "expression", "",
    ),
    "id with an unknown lookup": (
        {"join('-', tile, number)": "lookup(tile, ¦tokn)"},
        "lookup", "token",
    ),
    "position that is no column": ({'number)", ra: ra,': 'number)", ra: ¦raa,'}, "object", "'ra'"),
    "float32 position without a meaning": (
        {"ra: {dtype: float64, unit: deg, is: {quantity: ra}": "ra: {dtype: float32, unit: deg",
         'number)", ra: ra,': 'number)", ra: ¦ra,'}, "object", "float64",
    ),
    "position in radians": (
        {
            "dec: {dtype: float64, unit: deg,": "dec: {dtype: float64, unit: rad,",
            "dec: dec, epoch": "dec: ¦dec, epoch",
        },
        "object", "deg",
    ),
    "position of some configs": (
        {
            "ra: {dtype: float64,": "ra: {only: [deep], dtype: float64,",
            'number)", ra: ra,': 'number)", ra: ¦ra,',
        },
        "object", "every config",
    ),
    "epoch of a text column": ({"epoch: 2016.0": "epoch: ¦tile"}, "object", "Julian years"),
    "epoch that is a date": ({"epoch: 2016.0": "epoch: ¦20160101"}, "object", "2016.0"),
}  # fmt: skip


def test_bands_when_one_thing_is_wrong_then_one_problem_at_its_place(check: Any, case: Any) -> None:
    """One fault, one problem, with the caret on what is wrong."""
    changes, code, words = case
    problems, place = check(changes)
    assert [(p.code, (p.line, p.column)) for p in problems] == [(code, place)]
    assert words in problems[0].message + problems[0].help
