"""Names that are emitted, canonical names, aliases, templates, bands, the object."""

from __future__ import annotations

from typing import Any

from astropile.schema import parse_schema, schema_lints

CASES: dict[str, tuple[dict[str, str], str, str]] = {
    "alias with a blank": ({"[meadow_dr1]": "[¦meadow dr1]"}, "name", "letters"),
    "alias that is the id": ({"[meadow_dr1]": "[¦Meadow]"}, "alias", "already"),
    "column of a pile": ({"  depth: {": "  ¦_healpix_29: {"}, "reserved", "every pile"),
    "colon in a name": ({"  depth: {": '  ¦"de:pth": {'}, "reserved", "between a survey and a name"),
    "dot in a name": ({"  depth: {": '  ¦"de.pth": {'}, "reserved", "block and its field"),
    "blank name": ({"  depth: {": '  ¦" ": {'}, "name", "blanks"),
    "colon in an alias": ({"[z_best]": "[¦z:best]"}, "reserved", "alias"),
    "column named object_id": ({"  depth: {": "  ¦object_id: {"}, "reserved", "object.id"),
    "another column named ra": (
        {'number)", ra: ra,': 'number)", ra: lon,', "  ra: {dtype: float64": "  lon: {dtype: float64",
         "  depth: {": "  ¦ra: {"}, "reserved", "object.ra",
    ),
    "position of another frame": (
        {'ra, dec: dec, epoch': 'ra, dec: delta, frame: fk5, epoch', "  dec: {": "  delta: {",
         "  ra: {": "  ¦ra: {"}, "reserved", "emitted in ICRS",
    ),
    "column and modality": ({"  depth: {": "  image: {", "  image:\n    kind": "  ¦image:\n    kind"},
        "name", "'image'"),
    "modality named dec": ({"  lightcurve:\n    kind": "  ¦dec:\n    kind",
        "lightcurve.epoch: \"time > 0 and valid\"": "dec.epoch: \"time > 0 and valid\"",
        "lightcurve.band: visits.band": "dec.band: visits.band",
        "lightcurve.time: visits.mjd": "dec.time: visits.mjd",
        "lightcurve.mag: visits.mag": "dec.mag: visits.mag",
        "keep: {lightcurve.epoch: \"true\"}": "keep: {dec.epoch: \"true\"}"}, "reserved", "'dec'"),
    "flat field and column": (
        {"    frame: barycentric\n": "    frame: barycentric\n    flat: true\n",
         "      lambda: {dtype": "      ¦depth: {role: lambda, dtype",
         "spectrum.lambda: 10": "spectrum.depth: 10"}, "name", "'depth'"),
    "modality without fields": (
        {"  spectrum:\n    kind":
         "  ¦extra: {kind: table, fields: {}}\n  spectrum:\n    kind"}, "name", "needs fields"),
    "two columns of one meaning": (
        {"is: {quantity: extinction, band: \"{band}\"}":
         "¦is: {quantity: mag, estimator: cmodel, band: \"{band}\"}",
         'unit: mag\n': 'unit: mag(AB)\n',
         '"{band}_mag - a_{band}"': '"{band}_mag - 1"'}, "canonical", "mag_cmodel_g"),
    "canonical name that is another's own": (
        {"  depth: {": "  redshift_spec: {", "  Z: {dtype: float32, is:": "  Z: {dtype: float32, ¦is:"},
        "canonical", "redshift_spec"),
    "alias of another column": ({"[z_best]": "[¦depth]"}, "alias", "depth"),
    "alias of a block": ({"[z_best]": "[¦image]"}, "alias", "image"),
    "alias of another meaning": ({"[z_best]": "[¦extinction_g]"}, "alias", "a_g"),
    "alias twice": ({"  depth: {": "  depth: {aliases: [¦z_best], "}, "alias", "Z"),
    "template that makes a name twice": (
        {'  "a_{band}":': '  ¦"g_mag": {dtype: int8, description: x}\n  "a_{band}":'},
        "template", "'g_mag'"),
    "template whose key lacks its variable": (
        {'  "moment_{c}":': "  ¦moment:"}, "template", "moment"),
    "hole that nothing fills": ({'  "moment_{c}":': '  ¦"moment_{c}_{d}":'}, "template", "{d}"),
    "hole without for": ({"  depth: {": '  ¦"depth_{b}": {'}, "template", "for: {b: [...]}"),
    "hole in a unit": ({"unit: arcsec2": 'unit: ¦"{u}"'}, "template", "{u}"),
    "hole in a description": ({"description: Moment {c|component}.": 'description: ¦"Moment {cc}."'}, "template", "{cc}"),
    "pipe that is no lookup": ({"description: Moment {c|component}.":
        "description: Moment ¦{c|componnet}."}, "template", "component"),
    "pipe that lacks the value": ({"{11: xx, 22: yy}": "{11: xx, 12: xy}",
        'component: "{c|component}"': 'component: "¦{c|component}"',
        "description: Moment {c|component}.": "description: Moment."}, "template", "'22'"),
    "reserved variable": ({"for: {half:": "for: {¦split:", "cat/{half}": "cat/{split}"},
        "variable", "reserved"),
    "variable that is no name": ({"for: {half:": 'for: {¦"h-f":', "cat/{half}": "cat/x"},
        "variable", "h-f"),
    "variable without values": ({"for: {half: [east, west]}": "for: {¦half: []}"}, "variable", "half"),
    "all bands of another variable": ({"for: {half: [east, west]}": 'for: {half: [¦"*"]}'},
        "variable", "band alone"),
    "band of a template": ({'"a_{band}":\n    for: {band: [g, r]}': '"a_{band}":\n    for: {band: [g, ¦x]}'},
        "band", "'x'"),
    "band without filter": ({"w: {wavelength: [3000, 4000]}": "¦w: {}"}, "band", "no filter"),
    "filter that is not registered": ({"[Subaru/HSC.g]": "[¦HSC-G]"}, "filter_id", "Subaru/HSC.g"),
    "filter twice": ({"[Subaru/HSC.g]": "[Subaru/HSC.g, ¦Subaru/HSC.g]"}, "band", "twice"),
    "filter of a case": ({"north: BOK/BASS.r": "north: ¦BOK/BASS.rr"}, "filter_id", "BOK/BASS.r"),
    "case column": ({"by: side": "by: ¦sides"}, "band", "'side'"),
    "case that is no value": ({"north: BOK": "¦nord: BOK"}, "band", "north, south"),
    "cases without column": ({"r: {by: side, cases": "¦r: {cases"}, "band", "by: the column"),
    "column without cases": (
        {"r: {by: side, cases: {north: BOK/BASS.r, south: CTIO/DECam.r}}": "¦r: {by: side}"},
        "band", "cases"),
    "filters and cases": ({"r: {by: side": "¦r: {filters: [BOK/BASS.r], by: side"}, "band", "not both"),
    "wavelengths the wrong way": ({"[3000, 4000]": "¦[4000, 3000]"}, "band", "low to high"),
    "band that is a word": ({"w: {wavelength": "¦psf: {wavelength"}, "band_token", "psf"),
    "id of no column": ({"join('-', tile,": "join('-', ¦tyle,"}, "object", "'tile'"),
    "id that is the same for all": ({"\"join('-', tile, number)\"": "¦\"'one'\""}, "object", "column"),
    "id of a float": ({"join('-', tile,": "join('-', ¦Z,"}, "object", "float32"),
    "id that cannot be parsed": ({"join('-', tile, number)": "join('-', tile,¦)"}, "expression", ""),
    "id with an unknown lookup": ({"join('-', tile, number)": "lookup(tile, ¦tokn)"}, "lookup", "token"),
    "position that is no column": ({'number)", ra: ra,': 'number)", ra: ¦raa,'}, "object", "'ra'"),
    "position in radians": ({"dec: {dtype: float64, unit: deg,": "dec: {dtype: float64, unit: rad,",
        "dec: dec, epoch": "dec: ¦dec, epoch"}, "object", "deg"),
    "position of some configs": ({"ra: {dtype: float64,": "ra: {only: [deep], dtype: float64,",
        'number)", ra: ra,': 'number)", ra: ¦ra,'}, "object", "every config"),
    "epoch of a text column": ({"epoch: 2016.0": "epoch: ¦tile"}, "object", "Julian years"),
    "epoch that is a date": ({"epoch: 2016.0": "epoch: ¦20160101"}, "object", "2016.0"),
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


def test_names_when_expansions_exhaust_the_machine_then_refused_before_expanding(check: Any) -> None:
    """Three lists of 300 are 27 million leaves."""
    values = ", ".join(map(str, range(300)))
    lists = f"for: {{c: [{values}], d: [{values}], e: [{values}]}}"
    problems, _ = check({"for: {c: [11, 22]}": lists})
    assert [p.code for p in problems] == ["template"]
    assert "27000000" in problems[0].message
