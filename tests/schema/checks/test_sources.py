"""Values, keep, absent and lossy of sources."""

from __future__ import annotations

from typing import Any

import pytest

from astropile.errors import SchemaError
from astropile.schema import parse_schema

_IVAR = "\"1 / unit(noise, '1e-17 erg / (s cm2 Angstrom)') ** 2\""
CASES: dict[str, tuple[dict[str, str], str, str]] = {
    "value of no leaf": (
        {"      image.flux: over": "      ¦image.fluxx: over"},
        "value_key", "image.flux",
    ),
    "value of a formula": (
        {"      tile: path.region\n": "      tile: path.region\n      ¦flags_bad: x\n"},
        "value_key", "computed",
    ),
    "value that cannot be parsed": (
        {"null_if(mag_of_r, 0)": "null_if(mag_of_r, 0¦"},
        "expression", "missing",
    ),
    "value of an unknown function": (
        {"null_if(mag_of_r, 0)": "¦nullif(mag_of_r, 0)"},
        "expression", "null_if",
    ),
    "value of an unknown lookup": (
        {"lookup(image_band, token)": "lookup(image_band, ¦tokens)"},
        "lookup", "token",
    ),
    "value of a prefix of main": (
        {"lightcurve.time: visits.mjd": "lightcurve.time: ¦cat.mjd"},
        "prefix", "mjd",
    ),
    "value of no table": (
        {
            'cat/{half}.fits", format: fits, hdu: "1",': 'cat/{half}.csv", format: csv,',
            "lightcurve.time: visits.mjd": "lightcurve.time: ¦vists.mjd",
        },
        "prefix", "did you mean 'visits'",
    ),
    "value of a stacked part": (
        {"      visits: {": "      part: {files: a.csv, format: csv}\n"
         "      both: {stack: [part], row: number}\n      visits: {",
         "lightcurve.time: visits.mjd": "lightcurve.time: ¦part.mjd"}, "prefix", "to nothing",
    ),
    "value of a capture": ({"tile: path.region": "tile: ¦path.regin"}, "capture", "'region'"),
    "value of path alone": ({"tile: path.region": "tile: ¦path"}, "capture", "file, dir, region"),
    "hole in a text": ({"tile: path.region": "tile: \"'¦{tile}'\""}, "hole", "{tile}"),
    "hole of an expression": ({"mags[{band|index}]": "mags[¦{bnd}]"}, "expression", "no variable"),
    "pipe of a value": ({"mags[{band|index}]": "mags[¦{band|idx}]"}, "hole", "index"),
    "macro over no axis": (
        {"over(band, 1 / calexp_{band}.hdu3)": "over(¦bnd, calexp_{bnd}.hdu3)"},
        "expression", "'band'",
    ),
    "axes of another leaf": (
        {"axes(image_mask, 'y x')": "axes(image_mask, ¦'y z')"},
        "axes", "band y x",
    ),
    "axes twice": ({"axes(image_mask, 'y x')": "axes(image_mask, ¦'y y')"}, "axes", "band y x"),
    "number for a bool": ({"axes(image_mask, 'y x')": "¦image_mask + 1"}, "kind", "is bool"),
    "text for a number": ({"null_if(mag_of_r, 0)": "¦trim(mag_of_r)"}, "kind", "number(x)"),
    "forgotten square": (
        {
            "\"1 / unit(noise, '1e-17 erg / (s cm2 Angstrom)') ** 2\"":
            "\"¦1 / unit(noise, 'erg / (s cm2 Angstrom)')\"",
        },
        "unit", "1 / sigma ** 2",
    ),
    "unknown unit": (
        {
            "\"1 / unit(noise, '1e-17 erg / (s cm2 Angstrom)') ** 2\"":
            "\"1 / unit(noise, ¦'erg / (s cm2 Angstroom)') ** 2\"",
        },
        "unit", "Angstrom",
    ),
    "unit of another kind": ({"spec.flux\n": "¦unit(spec.flux, 'nJy')\n"}, "unit", "spectrum.flux"),
    "pattern without field": (
        {'names: "{block}_{field}"': 'names: ¦"{block}"'},
        "names", "{field}",
    ),
    "pattern with another hole": ({'"{block}_{field}"': '¦"{block}_{field}_{x}"'}, "names", "{x}"),
    "keep of no axis": (
        {'spectrum.pixel: "true"': '¦spectrum.pixels: "true"'},
        "keep", "spectrum.pixel",
    ),
    "keep along a fixed axis": (
        {'spectrum.pixel: "true"': 'spectrum.pixel: "true", ¦image.y: "true"'},
        "keep", "one length",
    ),
    "keep that is a number": ({'spectrum.pixel: "true"': 'spectrum.pixel: "¦1"'}, "kind", "keep"),
    "keep of a prefix of main": (
        {"time > 0 and valid": "time > 0 and ¦main.valid"},
        "prefix", "valid",
    ),
    "keep of an unknown lookup": (
        {"time > 0 and valid": "lookup(band, ¦tokn) == 'g'"},
        "lookup", "token",
    ),
    "absent that is no leaf": ({"absent: [Z]": "absent: [¦ZZ]"}, "leaf", "'Z'"),
    "absent with a value": ({"absent: [Z]": "absent: [¦r_mag]"}, "absent", "values give it"),
    "absent template with a value": (
        {"absent: [Z]": 'absent: [¦"{band}_mag"]', "      r_mag: null_if(mag_of_r, 0)\n": ""},
        "absent", "values give it",
    ),
    "absent formula": ({"absent: [Z]": "absent: [¦flags_bad]"}, "absent", "computed"),
    "absent position": ({"absent: [Z]": "absent: [¦ra]"}, "absent", "the object needs it"),
    "lossy that is no leaf": ({"{observed: float32}": "{¦obsrved: float32}"}, "leaf", "'observed'"),
    "lossy that is not": (
        {"{observed: float32}": "{observed: ¦float64}"},
        "lossy", "not less precise",
    ),
    "lossy integer that is wider": ({"{observed: float32}": "{class: ¦int16}"}, "lossy", "int8"),
    "lossy text": ({"{observed: float32}": "{tile: ¦float32}"}, "lossy", "not less precise"),
    "lossy of what is absent": ({"{observed: float32}": "{¦Z: int8}"}, "lossy", "not stored"),
    "split_by that cannot be parsed": (
        {
            "{config}/{split}-*": "{config}/x-*",
            '    names: "{block}': '    split_by: ¦)\n    names: "{block}',
        },
        "expression", "missing",
    ),
}  # fmt: skip


def test_sources_when_one_thing_is_wrong_then_one_problem_at_its_place(
    check: Any, case: Any
) -> None:
    """One fault, one problem, with the caret on what is wrong."""
    changes, code, words = case
    problems, place = check(changes)
    assert [(p.code, (p.line, p.column)) for p in problems] == [(code, place)]
    assert words in problems[0].message + problems[0].help


@pytest.mark.parametrize(
    ("stored", "dtype"), [("float32", "float64"), ("float32", "int64"), ("int8", "float32")]
)
def test_lossy_when_stored_type_is_coarser_then_allowed(
    change: Any, stored: str, dtype: str
) -> None:
    """Integers above 2**24 do not survive float32."""
    more = f"  extra: {{dtype: {dtype}, description: Extra.}}\nmodalities:\n"
    text = change({"modalities:\n": more, "{observed: float32}": f"{{extra: {stored}}}"})
    assert parse_schema(text).file.sources["columnar"].lossy == {"extra": stored}


def test_problem_when_a_square_is_forgotten_then_printed_as_the_language_says(change: Any) -> None:
    """The example of section 10 of the language."""
    with pytest.raises(SchemaError) as caught:
        parse_schema(
            change({_IVAR: "\"1 / unit(noise, 'erg / (s cm2 Angstrom)')\""}), "meadow.yaml"
        )
    assert str(caught.value).splitlines() == [
        "meadow.yaml:103:23: error[unit]: spectrum.ivar: "
        "'cm2 Angstrom s / erg' cannot become '1e34 s2 cm4 Angstrom2 / erg2'",
        """ 103 |       spectrum.ivar: "1 / unit(noise, 'erg / (s cm2 Angstrom)')\"""",
        "     |                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
        "    = help: an inverse variance is 1 / sigma ** 2",
        "1 error",
    ]
