"""Paths of files: safety, captures, holes."""

from __future__ import annotations

from typing import Any


def _mirror(url: str) -> dict[str, str]:
    text = f'  columnar:\n    mirrors: ["{url}"]\n'
    return {"  columnar:\n": text.replace('"¦', '¦"')}


CASES: dict[str, tuple[dict[str, str], str, str]] = {
    "path upwards": ({"files: visits.csv": "files: ¦../visits.csv"}, "path", "upwards"),
    "path from the top": ({"files: visits.csv": "files: ¦/visits.csv"}, "path", "top"),
    "path of a drive": ({"files: visits.csv": "files: ¦C:/visits.csv"}, "path", "top"),
    "path from home": ({"files: visits.csv": "files: ¦~/visits.csv"}, "path", "home"),
    "path of the environment": (
        {"files: visits.csv": "files: ¦$HOME/visits.csv"},
        "path", "environment",
    ),
    "path in a network": ({"files: visits.csv": "files: ¦s3://visits.csv"}, "path", "network"),
    "path of a folder": ({"files: visits.csv": "files: ¦visits/"}, "path", "name of a file"),
    "folders within a name": (
        {"files: visits.csv": "files: ¦visits/a**.csv"},
        "path", "between slashes",
    ),
    "upwards through a variable": (
        {
            "[east, west]": "[east, ../west]",
            'files: "cat/{half}.fits"': 'files: ¦"cat/{half}.fits"',
        },
        "path", "upwards",
    ),
    "upwards through the last split": (
        {
            "splits: {train: train, test: test}":
            "splits: {train: train, b: b, c: c, d: d, e: e, test: ../test}",
            "{config}/{split}-*": "{config}/{split}/*", 'main: {files: "': 'main: {files: ¦"',
        },
        "path", "upwards",
    ),
    "upwards through a lookup": (
        {'files: "cat/{half}.fits"': 'files: ¦"cat/{half|folder}.fits"',
         "lookups:\n": "lookups:\n  folder: {east: e, west: ../w}\n"}, "path", "upwards",
    ),
    "capture of no name": (
        {
            "<region>": "<Region>",
            'main: {files: "': 'main: {files: ¦"',
            "tile: path.region": "tile: tile",
        },
        "capture", "small letters",
    ),
    "capture of a reserved name": (
        {
            "<region>": "<file>",
            'main: {files: "': 'main: {files: ¦"',
            "tile: path.region": "tile: path.file",
        },
        "capture", "reserved",
    ),
    "capture twice": (
        {"{split}-*/<region>": "{split}-<region>/<region>", 'main: {files: "': 'main: {files: ¦"'},
        "capture", "twice",
    ),
    "capture of one file a row": (
        {
            "calexp-{band|upper}-{tile}.fits": "calexp-{band|upper}-{tile}<x>.fits",
            'files: "calexp': 'files: ¦"calexp',
        },
        "capture", "nothing",
    ),
    "hole that nothing fills": ({"cat/{half}.fits": "cat/¦{hlf}.fits"}, "hole", "'half'"),
    "hole that cannot be parsed": ({"{number:05d}": "{number ¦number:05d}"}, "hole", "operator"),
    "hole of an unknown format": ({"{number:05d}": "{number:¦05x}"}, "hole", "not a format"),
    "pipe of an expression": ({"{number:05d}": "¦{number|upper}"}, "hole", "no variable"),
    "unknown pipe": ({"cat/{half}.fits": "cat/¦{half|uper}.fits"}, "hole", "upper"),
    "mirror of this machine": (_mirror("¦file:///home"), "mirror", "begins with https://"),
    "mirror in an archive": (_mirror("¦https://a.org/b.zip::c"), "mirror", "begins with https://"),
    "mirror upwards": (_mirror("¦https://a.org/../b"), "mirror", "upwards"),
    "mirror with a hole that nothing fills": (
        _mirror("https://a.org/¦{half}"), "hole", "variables: config, survey",
    ),
    "mirror with a pipe": (_mirror("https://a.org/¦{config|upper}"), "hole", "config"),
    "brace that is not closed": ({"cat/{half}.fits": "cat/¦{half.fits"}, "hole", "not closed"),
}  # fmt: skip


def test_paths_when_one_thing_is_wrong_then_one_problem_at_its_place(check: Any, case: Any) -> None:
    """One fault, one problem, with the caret on what is wrong."""
    changes, code, words = case
    problems, place = check(changes)
    assert [(p.code, (p.line, p.column)) for p in problems] == [(code, place)]
    assert words in problems[0].message + problems[0].help
