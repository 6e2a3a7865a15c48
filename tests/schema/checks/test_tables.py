"""Tables: origin, format, files, attachment."""

from __future__ import annotations

from typing import Any

import pytest

from astropile.schema import parse_schema
from astropile.schema.checks.formats import FORMATS

_VISITS = "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}"
CASES: dict[str, tuple[dict[str, str], str, str]] = {
    "no origin": (
        {
            "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}":
            "¦visits: {on: {id: number}}",
        },
        "origin", "none",
    ),
    "two origins": (
        {
            "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}":
            "¦visits: {stack: [spec], files: visits.csv, format: csv, on: {id: number}}",
        },
        "origin", "files and stack",
    ),
    "files without format": (
        {
            "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}":
            "¦visits: {files: visits.csv, on: {id: number}}",
        },
        "format", "no format",
    ),
    "format of no files": (
        {
            "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}":
            "part: {files: a.csv, format: csv}\n      "
            "visits: {stack: [part], ¦format: csv, on: {id: number}}",
        },
        "origin", "stack",
    ),
    "params of no transform": (
        {"format: csv, group": "format: csv, ¦params: {a: 1}, group"},
        "origin", "files",
    ),
    "unknown format": ({"format: csv": "format: ¦cvs"}, "format", "csv"),
    "option of another format": (
        {"format: csv, group": "format: csv, ¦hdu: '1', group"},
        "option", "hdu",
    ),
    "rows of another format": (
        {"format: csv, group": "format: csv, rows: ¦group, group"},
        "option", "axis or file",
    ),
    "rows that must be said": (
        {"format: csv, group": "format: snana, group", "      visits:": "      ¦visits:"},
        "option", "rows: file",
    ),
    "unknown transform": (
        {
            "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}":
            "visits: {transform: ¦spectrum.coadd, inputs: {a: [b]}}",
        },
        "transform", "coadd_arms",
    ),
    "transform without inputs": (
        {_VISITS: f"{_VISITS}\n      ¦more: {{transform: catalog.neighbours}}"},
        "transform", "inputs",
    ),
    "transform that is attached": (
        {
            _VISITS: (
                f"{_VISITS}\n      ¦more: {{transform: image.flip, inputs: {{picture: [b]}},"
                " on: {id: number}}"
            ),
        },
        "attach", "not attached",
    ),
    "transform as main table": (
        {
            'main: {files: "{config}/{split}-*/<region>.hdf5", format: hdf5}':
            "¦main: {transform: image.flip, inputs: {picture: [b]}}",
            "path.region": "tile",
            "  columnar:\n": "  columnar:\n    split_by: part\n",
        },
        "attach", "main",
    ),
    "cut-out without window": (
        {
            "        cutout: {ra: ra, dec: dec, size: [8, 8], edge: drop}\n": "",
            '      "calexp_{band}":': '      ¦"calexp_{band}":',
        },
        "cutout", "belong together",
    ),
    "cut-out of no file a row": (
        {
            "        each: true\n": "        on: {a: number}\n",
            "calexp-{band|upper}-{tile}.fits": "c-{band}.fits",
            '      "calexp_{band}":': '      ¦"calexp_{band}":',
        },
        "cutout", "each: true",
    ),
    "cut-out of no pixel": ({"size: [8, 8]": "size: [8, ¦0]"}, "cutout", "1 pixel"),
    "cut-out at no expression": ({"cutout: {ra: ra,": "cutout: {ra: ¦),"}, "expression", "missing"),
    "main table that is attached": (
        {"where: is_primary": "¦each: true, where: is_primary"},
        "attach", "main one",
    ),
    "main table that drops": (
        {"where: is_primary": "¦unmatched: drop, where: is_primary"},
        "attach", "main one",
    ),
    "main table of a template": (
        {"      cat: {files": "      ¦cat: {for: {v: [a]}, files"},
        "attach", "template",
    ),
    "attached twice": (
        {"      visits: {": "      ¦visits: {row: number, "},
        "attach", "on and row",
    ),
    "attached to nothing": (
        {
            ", on: {id: number}}": "}",
            "      visits: {": "      ¦visits: {",
            "lightcurve.band: visits.band": "lightcurve.band: a",
            "lightcurve.time: visits.mjd": "lightcurve.time: b",
            "lightcurve.mag: visits.mag": "lightcurve.mag: c",
        },
        "attach", "add on:",
    ),
    "unmatched of a part": (
        {
            "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}": (
                "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}\n      "
                "part: {files: a.csv, format: csv, ¦unmatched: drop}\n      both: {stack: [part], "
                "row: number}"
            ),
        },
        "attach", "attached tables",
    ),
    "stack of no table": (
        {
            "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}": (
                "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}\n      "
                "both: {stack: [¦vists], row: number}"
            ),
        },
        "stack", "visits",
    ),
    "stack on itself": (
        {
            "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}": (
                "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}\n      "
                "both: {stack: [¦both], row: number}"
            ),
        },
        "stack", "itself",
    ),
    "stack of an attached table": (
        {
            "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}": (
                "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}\n      "
                "both: {stack: [¦visits], row: number}"
            ),
        },
        "stack", "no table of files alone",
    ),
    "table that uses a later one": (
        {
            "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}": (
                "¦visits: {files: visits.csv, format: csv, group: [id], on: {id: late.number}}\n"
                "      late: {files: late.csv, format: csv, row: number}"
            ),
        },
        "attach", "attached later",
    ),
    "table that uses itself": (
        {
            "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}": (
                "¦visits: {files: visits.csv, format: csv, group: [id], on: {id: visits.number}}"
            ),
        },
        "attach", "its own cell",
    ),
    "capture of main in a filter of another table": (
        {
            "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}": (
                "visits: {files: 'v<night>.csv', format: csv, group: [id], on: {id: number}, "
                "where: \"path.night == '1' and ¦path.nights != '2'\"}"
            ),
        },
        "capture", "no part of the path",
    ),
    "window that is found by a key": (
        {
            "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}": (
                "visits: {each: true, files: '{id}.fits', format: fits, rows: cutout, "
                "¦row: number, cutout: {ra: ra, dec: dec, size: [4, 4], edge: fill}}"
            ),
        },
        "cutout", "no row",
    ),
    "table with a dot": (
        {
            "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}": (
                "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}\n      "
                "¦a.b: {files: a.csv, format: csv, row: number}"
            ),
        },
        "name", "path is reserved",
    ),
    "table named path": (
        {
            "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}": (
                "visits: {files: visits.csv, format: csv, group: [id], on: {id: number}}\n      "
                "¦path: {files: a.csv, format: csv, row: number}"
            ),
        },
        "name", "path is reserved",
    ),
    "template that makes a name twice": (
        {_VISITS: _VISITS + "\n      ¦calexp_g: {files: a.csv, format: csv, row: number}"},
        "template", "'calexp_{band}'",
    ),
    "where that is a number": ({"where: is_primary": "where: ¦1 + 1"}, "kind", "true or false"),
    "where that cannot be parsed": (
        {"where: is_primary": "where: is ¦primary"},
        "expression", "operator",
    ),
    "key that cannot be parsed": ({"group: [id]": "group: ['¦)']"}, "expression", "missing"),
    "join on no expression": ({"{id: number}": "{id: ¦)}"}, "expression", "missing"),
    "join of a cell with a prefix": (
        {"{id: number}": "{id: ¦cat.number}"},
        "prefix", "write number",
    ),
}  # fmt: skip


def test_tables_when_one_thing_is_wrong_then_one_problem_at_its_place(
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
        "{files: 'v-<night>.csv', format: csv, where: path.night > '5', row: number}",
        "{files: a.csv, format: csv, where: a.b, row: number}",
        "{transform: image.flip, inputs: {picture: [a]}}",
        "{files: a.h5, format: hdf5, shared: [grid], row: row()}",
        "{files: a.txt, format: snana, rows: file, range: [first - 1, last]}",
        "{files: a.csv, format: csv, delimiter: ';', comment: '#', nulls: ['-'], on: {a: b}}",
    ],
)
def test_tables_when_legal_then_no_problem(change: Any, table: str) -> None:
    """What the language allows is not refused."""
    more = f"{_VISITS}\n      more: {table}"
    assert "more" in parse_schema(change({_VISITS: more})).file.sources["raw"].tables


def test_formats_when_a_reader_has_one_then_its_options_are_the_same() -> None:
    """The table of formats is told twice, since readers lie above schemas."""
    readers = pytest.importorskip("astropile.readers")
    for name in readers.formats():
        assert readers.format_options(name) <= FORMATS[name], name
