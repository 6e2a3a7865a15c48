"""Names that are emitted, canonical names, aliases, templates, bands, the object."""

from __future__ import annotations

from typing import Any

from astropile.schema import parse_schema, schema_lints

CASES: dict[str, tuple[dict[str, str], str, str]] = {
    "alias with a blank": ({"[meadow_dr1]": "[¦meadow dr1]"}, "name", "letters"),
    "alias that is the id": ({"[meadow_dr1]": "[¦Meadow]"}, "alias", "already"),
    "column of a pile": ({"  depth: {": "  ¦_healpix_29: {"}, "reserved", "every pile"),
    "colon in a name": (
        {"  depth: {": '  ¦"de:pth": {'},
        "reserved", "between a survey and a name",
    ),
    "dot in a name": ({"  depth: {": '  ¦"de.pth": {'}, "reserved", "block and its field"),
    "blank name": ({"  depth: {": '  ¦" ": {'}, "name", "blanks"),
    "colon in an alias": ({"[z_best]": "[¦z:best]"}, "reserved", "alias"),
    "column named object_id": ({"  depth: {": "  ¦object_id: {"}, "reserved", "object.id"),
    "another column named ra": (
        {
            'number)", ra: ra,': 'number)", ra: lon,',
            "  ra: {dtype: float64": "  lon: {dtype: float64",
            "  depth: {": "  ¦ra: {",
        },
        "reserved", "object.ra",
    ),
    "position of another frame": (
        {
            "ra, dec: dec, epoch": "ra, dec: delta, frame: fk5, epoch",
            "  dec: {": "  delta: {",
            "  ra: {": "  ¦ra: {",
        },
        "reserved", "emitted in ICRS",
    ),
    "column and modality": (
        {"  depth: {": "  image: {", "  image:\n    kind": "  ¦image:\n    kind"},
        "name", "'image'",
    ),
    "modality named dec": (
        {
            "  lightcurve:\n    kind": "  ¦dec:\n    kind",
            'lightcurve.epoch: "time > 0 and valid"': 'dec.epoch: "time > 0 and valid"',
            "lightcurve.band: visits.band": "dec.band: visits.band",
            "lightcurve.time: visits.mjd": "dec.time: visits.mjd",
            "lightcurve.mag: visits.mag": "dec.mag: visits.mag",
            'keep: {lightcurve.epoch: "true"}': 'keep: {dec.epoch: "true"}',
        },
        "reserved", "'dec'",
    ),
    "flat field and column": (
        {
            "    frame: barycentric\n": "    frame: barycentric\n    flat: true\n",
            "      lambda: {dtype": "      ¦depth: {role: lambda, dtype",
            "spectrum.lambda: 10": "spectrum.depth: 10",
        },
        "name", "'depth'",
    ),
    "modality without fields": (
        {"  spectrum:\n    kind": "  ¦extra: {kind: table, fields: {}}\n  spectrum:\n    kind"},
        "name", "needs fields",
    ),
    "two columns of one meaning": (
        {
            'is: {quantity: extinction, band: "{band}"}':
            '¦is: {quantity: mag, estimator: cmodel, band: "{band}"}',
            "unit: mag\n": "unit: mag(AB)\n",
            '"{band}_mag - a_{band}"': '"{band}_mag - 1"',
        },
        "canonical", "mag_cmodel_g",
    ),
    "canonical name that is another's own": (
        {
            "  depth: {": "  redshift_spec: {",
            "  Z: {dtype: float32, is:": "  Z: {dtype: float32, ¦is:",
        },
        "canonical", "redshift_spec",
    ),
    "alias of another column": ({"[z_best]": "[¦depth]"}, "alias", "depth"),
    "alias of a block": ({"[z_best]": "[¦image]"}, "alias", "image"),
    "alias of another meaning": ({"[z_best]": "[¦extinction_g]"}, "alias", "a_g"),
    "alias twice": ({"  depth: {": "  depth: {aliases: [¦z_best], "}, "alias", "Z"),
}  # fmt: skip


def test_names_when_one_thing_is_wrong_then_one_problem_at_its_place(check: Any, case: Any) -> None:
    """One fault, one problem, with the caret on what is wrong."""
    changes, code, words = case
    problems, place = check(changes)
    assert [(p.code, (p.line, p.column)) for p in problems] == [(code, place)]
    assert words in problems[0].message + problems[0].help


def test_names_when_they_differ_in_case_alone_then_a_lint_and_no_error(change: Any) -> None:
    """It is allowed: two surveys of note do it."""
    changed = parse_schema(change({"  depth: {": "  z: {"}), "meadow.yaml")
    assert [problem.message for problem in schema_lints(changed)] == [
        "'z' differs from 'Z' in case alone"
    ]


def test_names_when_the_object_is_made_of_upper_case_columns_then_no_lint(change: Any) -> None:
    """The position is emitted in small letters beside the survey's own names."""
    changed = change({"ra: ra, dec: dec, epoch": "ra: ra, dec: DEC, epoch", "  dec: {": "  DEC: {"})
    assert [p.message for p in schema_lints(parse_schema(changed, "meadow.yaml"))] == []
