"""Units of expressions, against the rules of the language and against astropy."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from hypothesis import given, settings
from hypothesis import strategies as st

from astropile.expression import (
    FUNCTIONS,
    Binary,
    Call,
    ExpressionError,
    Name,
    check_conversion,
    children,
    infer_unit,
    operand_units,
    parse,
)
from astropile.vocabulary import parse_unit

UNITS = {
    "erg": "erg", "cm": "cm", "m": "m", "flux": "erg / (s cm2 Angstrom)", "nmgy": "nanomaggy",
    "njy": "nJy", "mag_g": "mag(AB)", "mag_r": "mag(AB)", "ext": "mag", "one": "", "pct": "percent",
    "logg": "dex(cm / s2)", "mass": "dex(Msun)", "sfr": "dex(Msun / yr)", "ra": "deg",
    "lam": "nm", "ct": "count",
}  # fmt: skip


def unit_of(name: Name) -> Any:
    return parse_unit(UNITS[name.text]) if name.text in UNITS else None


def infer(text: str) -> Any:
    return infer_unit(parse(text), unit_of)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("erg * cm / m ** 2", "erg cm / m2"),
        ("2 / erg", "1 / erg"),
        ("1 / flux ** 2", "s2 cm4 Angstrom2 / erg2"),
        ("cm + m", "cm"),
        ("cm - 3", "cm"),
        ("3 - cm", "cm"),
        ("-cm", "cm"),
        ("cm[0, 1:2]", "cm"),
        ("cm // m", ""),
        ("cm % m", "cm"),
        ("cm % 360", "cm"),
        ("sqrt(cm)", "cm(1/2)"),
        ("cm ** (1 / 2)", "cm(1/2)"),
        ("cm ** -(4 - 2)", "cm-2"),
        ("one ** cell * one", None),
        ("10 ** one", ""),
        ("pct ** 2", "percent2"),
        ("pct ** one", ""),
        ("10 ** (0.4 * ext)", ""),
        ("cm * 10 ** (0.4 * ext)", "cm"),
        ("exp(ext) + log10(one) + ln(pct)", ""),
        ("mag_g - ext", "mag(AB)"),
        ("ext + mag_g", "mag(AB)"),
        ("mag_g - mag_r", "mag"),
        ("2.5 * (mag_g - mag_r)", "mag"),
        ("mag_g - 27.5", "mag(AB)"),
        ("clip(mag_g, 5, 40)", "mag(AB)"),
        ("sfr - mass", "dex(1 / yr)"),
        ("mass + mass", "dex(Msun2)"),
        ("hypot(cm, m)", "cm"),
        ("fill(cm, 0)", "cm"),
        ("if(erg > 0, cm, null)", "cm"),
        ("if(erg > 0, null, cm)", "cm"),
        ("coalesce(cm, m, 1)", "cm"),
        ("stack(3, m)", "m"),
        ("pad(cm, 96, 96)", "cm"),
        ("grid(10, cm, m, 1)", "cm"),
        ("mean(cm, 0) + max(flat(m))", "cm"),
        ("sin(ra) ** 2 + cos(one)", ""),
        ("unit(cell, 'erg') / unit(one, 's')", "erg / s"),
        ("unit(cm, 'cm')", "cm"),
        ("cm > m and erg != 0", ""),
        ("count(cm) * erg", "erg"),
        ("row() * cm", "cm"),
        ("ab_mag(nmgy)", "mag(AB)"),
        ("ab_mag(unit(cell, '10 nJy'))", "mag(AB)"),
        ("ab_flux(mag_g - ext)", "Jy"),
        ("ab_flux(cell)", "Jy"),
        ("air_to_vacuum(lam)", "Angstrom"),
        ("trim(cell) == 'x'", None),
        ("cell * erg", None),
        ("cell + erg", None),
        ("log10(cell)", None),
        ("1.5", None),
        ("10 ** grid(100, 4.1, 1e-4)", None),
        ("lookup(erg, name) * erg", None),
        ("number(cell)", None),
    ],
)
def test_infer_unit_when_units_go_together_then_unit(text: str, unit: str | None) -> None:
    found = infer(text)
    assert found == (None if unit is None else parse_unit(unit))
    assert (found is None) == (unit is None)


@pytest.mark.parametrize(
    ("text", "part", "message", "help_text"),
    [
        ("1 / (erg + cm)", "erg + cm", "'erg' and 'cm' cannot be added", ""),
        ("cell + (one - erg)", "one - erg", "no unit and 'erg' cannot be subtracted", ""),
        ("cell > 1 and erg < cm", "erg < cm", "'erg' and 'cm' cannot be compared", ""),
        ("erg == 'x'", "erg == 'x'", "'erg' and no unit cannot be compared", ""),
        ("coalesce(erg, cell, cm)", "coalesce(erg, cell, cm)", "cannot be mixed in coalesce", ""),
        ("hypot(erg, cm)", "hypot(erg, cm)", "'erg' and 'cm' cannot be mixed in hypot", ""),
        ("erg // cm", "erg // cm", "cannot be divided", ""),
        ("-2.5 * log10(nmgy)", "log10(nmgy)", "log10 takes a pure number", "ab_mag(x)"),
        ("exp(cm)", "exp(cm)", "exp takes a pure number, not 'cm'", "divide by"),
        ("sin(cm)", "sin(cm)", "sin takes an angle, not 'cm'", ""),
        ("cm ** one", "cm ** one", "a power of 'cm' needs a number", "as a number"),
        ("cm ** cell", "cm ** cell", "a power of 'cm' needs a number", ""),
        ("cm ** 1e300", "cm ** 1e300", "out of range", ""),
        ("cm ** (9e307 * 9 % 2)", "cm ** (9e307 * 9 % 2)", "out of range", ""),
        ("cm ** (9 ** 9 ** 9 ** 9)", "cm ** (9 ** 9 ** 9 ** 9)", "needs a number", ""),
        ("2 ** erg", "2 ** erg", "an exponent is a pure number, not in 'erg'", ""),
        ("0.4 * mag_g", "0.4 * mag_g", "'mag(AB)' cannot be multiplied", "ab_flux(x)"),
        ("1 / mag_g", "1 / mag_g", "'mag(AB)' cannot be divided", ""),
        ("-mag_g", "-mag_g", "'mag(AB)' cannot be negated", ""),
        ("mag_g ** 2", "mag_g ** 2", "'mag(AB)' cannot be raised to a power", ""),
        ("mag_g + mag_r", "mag_g + mag_r", "cannot be added", "ab_flux(x)"),
        ("ext - mag_r", "ext - mag_r", "'mag' and 'mag(AB)' cannot be subtracted", ""),
        ("mag_g + one", "mag_g + one", "'mag(AB)' and no unit cannot be added", ""),
        ("mag_g - logg", "mag_g - logg", "cannot be subtracted", ""),
        ("mag_g - nmgy", "mag_g - nmgy", "'mag(AB)' and 'nmgy' cannot be subtracted", ""),
        ("mag_g < ext", "mag_g < ext", "'mag(AB)' and 'mag' cannot be compared", ""),
        ("logg == mass", "logg == mass", "cannot be compared", ""),
        ("ab_mag(cell)", "ab_mag(cell)", "ab_mag needs a value with a unit", "unit(x, 'nJy')"),
        ("ab_mag(flux)", "ab_mag(flux)", "takes a flux density a frequency", ""),
        ("ab_flux(logg)", "ab_flux(logg)", "ab_flux takes an AB magnitude", ""),
        ("air_to_vacuum(cell)", "air_to_vacuum(cell)", "needs a value with a unit", "Angstrom"),
        ("vacuum_to_air(erg)", "vacuum_to_air(erg)", "takes a wavelength, not 'erg'", ""),
        ("unit(cell, 'egr')", "'egr'", "'egr' is not known", "'erg'"),
        ("unit(erg, 'W')", "unit(erg, 'W')", "the value is in 'erg' already", ""),
    ],
)
def test_infer_unit_when_units_do_not_go_together_then_range_message_and_help(
    text: str, part: str, message: str, help_text: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        infer(text)
    error = caught.value
    assert text[error.start : error.end] == part
    assert message in error.message
    assert help_text in error.help


CONSTANT_ARGUMENTS = {
    "text": "'erg'", "lookup": "token", "axis": "0", "bit": "3", "integer": "2", "cell": "cell",
}  # fmt: skip


@st.composite
def calls(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    function = draw(st.sampled_from(list(FUNCTIONS.values())))
    most = function.minimum + 1 if function.maximum is None else function.maximum
    kinds = [function.argument_kind(number) for number in range(most)]
    return f"{function.name}({', '.join(CONSTANT_ARGUMENTS.get(k) or draw(inner) for k in kinds)})"


OPERATORS = st.sampled_from(["+", "-", "*", "/", "**", "//", "%", "<", "==", "and"])
ANYTHING = st.recursive(
    st.sampled_from([*UNITS, "cell", "2", "0.5", "null", "'x'", "true", "[1, 2]"]),
    lambda inner: st.one_of(calls(inner), st.builds("({} {} {})".format, inner, OPERATORS, inner)),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(ANYTHING)
def test_infer_unit_when_anything_then_a_unit_or_an_error_with_its_place(text: str) -> None:
    expr = parse(text)
    try:
        found = infer(text)
    except ExpressionError as error:
        place = (error.start, error.end)
    else:
        place = (expr.start, expr.end)
        if isinstance(expr, Binary | Call):
            wanted = operand_units(expr, unit_of)
            assert len(wanted) == len(list(children(expr)))
            assert found is None or found.to_string() is not None
    assert expr.start <= place[0] < place[1] <= expr.end


NAMES = st.sampled_from(["erg", "cm", "m", "one", "ra", "ct", "3"])
ARITHMETIC = st.recursive(
    NAMES,
    lambda inner: st.one_of(
        st.builds("({} * {})".format, inner, inner),
        st.builds("({} / {})".format, inner, inner),
        st.builds("({} + {})".format, inner, inner),
        st.builds("({} - 0.5 * {})".format, inner, inner),
        st.builds("({} ** 2)".format, inner),
        st.builds("(-{})".format, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(ARITHMETIC)
def test_infer_unit_when_arithmetic_then_as_astropy_computes(text: str) -> None:
    # Astropy has no constants that take the unit of the other side: they are pure numbers here.
    text = text.replace("3", "one")
    quantities = {name: 2.0 * u.Unit(parse_unit(unit)) for name, unit in UNITS.items()
                  if unit in ("erg", "cm", "m", "", "deg", "count")}  # fmt: skip
    try:
        with np.errstate(all="ignore"):
            expected = eval(text, {}, quantities)
    except (u.UnitsError, TypeError):
        with pytest.raises(ExpressionError):
            infer(text)
        return
    except ZeroDivisionError:
        return
    assert infer(text).is_equivalent(expected.unit)
    assert infer(text).to(expected.unit) == pytest.approx(1.0, rel=1e-12)


def test_check_conversion_when_a_square_is_forgotten_then_the_help_says_so() -> None:
    tag = "'erg / (s cm2 Angstrom)'"
    wanted = parse_unit("1e34 s2 cm4 Angstrom2 / erg2")
    good = parse(f"1 / unit(spectrum_noise, {tag}) ** 2")
    check_conversion(good, infer_unit(good, unit_of), wanted)
    bad = parse(f"1 / unit(spectrum_noise, {tag})")
    text = "1e34 s2 cm4 Angstrom2 / erg2"
    with pytest.raises(ExpressionError) as caught:
        check_conversion(bad, infer_unit(bad, unit_of), wanted, wanted_text=text)
    error = caught.value
    assert error.message == ("'cm2 Angstrom s / erg' cannot become '1e34 s2 cm4 Angstrom2 / erg2'")
    assert error.help == "an inverse variance is 1 / sigma ** 2"
    assert (error.start, error.end) == (bad.start, bad.end)


@pytest.mark.parametrize(
    ("text", "wanted", "help_text"),
    [
        ("flux", "s2 cm4 Angstrom2 / erg2", "an inverse variance is 1 / sigma ** 2"),
        ("cm", "m2", "square"),
        ("erg", "cm", ""),
        ("ext", "mag(AB)", "zero point"),
        ("one", "erg", ""),
    ],
)
def test_check_conversion_when_dimensions_differ_then_help(
    text: str, wanted: str, help_text: str
) -> None:
    expr = parse(text)
    with pytest.raises(ExpressionError, match="cannot become") as caught:
        check_conversion(expr, infer_unit(expr, unit_of), parse_unit(wanted))
    assert help_text in caught.value.help


@pytest.mark.parametrize(
    ("text", "wanted"), [("cell", "erg"), ("cm", "m"), ("nmgy", "nJy"), ("pct", ""), ("2", "erg")]
)
def test_check_conversion_when_convertible_or_unknown_then_accepted(text: str, wanted: str) -> None:
    expr = parse(text)
    check_conversion(expr, infer_unit(expr, unit_of), parse_unit(wanted))


def test_infer_unit_when_no_unit_is_known_then_astropy_stays_unloaded() -> None:
    code = """
import sys
from astropile.expression import infer_unit, operand_units, parse
text = "if(time != 0 and any_bit(m, 1), log10(flux / 3) + hypot(a, 2) ** 0.5, sqrt(-b) % 7)"
assert infer_unit(parse(text), lambda name: None) is None
assert infer_unit(parse("trim(x) == 'a'"), lambda name: None) is None
assert operand_units(parse("a + b"), lambda name: None) == (None, None)
print([name for name in ("astropy", "numpy", "pyarrow") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
