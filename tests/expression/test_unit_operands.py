"""What the engine must convert before it computes: checked by computing with astropy."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from astropile.expression import (
    Binary,
    Call,
    Expr,
    ExpressionError,
    Literal,
    Name,
    children,
    infer_unit,
    operand_units,
    parse,
)
from astropile.vocabulary import parse_unit

UNITS = {"cm": "cm", "m": "m", "pct": "percent", "ra": "deg", "njy": "nJy", "lam": "nm",
         "mag_g": "mag(AB)", "ext": "mag", "one": "", "hour": "hourangle"}  # fmt: skip


def unit_of(name: Name) -> Any:
    return parse_unit(UNITS[name.text]) if name.text in UNITS else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cm + m", [None, "cm"]),
        ("m - cm", [None, "m"]),
        ("cm + cm", [None, None]),
        ("cm > m", [None, "cm"]),
        ("cm in [1, 2]", [None, None]),
        ("m // cm", [None, "m"]),
        ("m % cm", [None, "m"]),
        ("cm * m", [None, None]),
        ("cm / m", [None, None]),
        ("2 + m", [None, None]),
        ("cell + m", [None, None]),
        ("row() + pct", [None, ""]),
        ("pct + row()", ["", None]),
        ("coalesce(2, pct, count(cell))", [None, "", None]),
        ("2 ** pct", [None, ""]),
        ("pct ** 2", [None, None]),
        ("pct ** one", ["", None]),
        ("2 ** ext", [None, None]),
        ("mag_g - ext", [None, None]),
        ("coalesce(2, cm, m)", [None, None, "cm"]),
        ("coalesce(cell, cm, m)", [None, None, None]),
        ("if(cm > m, m, cm)", [None, None, "m"]),
        ("clip(m, cm, 3)", [None, "m", None]),
        ("hypot(cm, m)", [None, "cm"]),
        ("pad(cm, 2, 2, m)", [None, None, None, "cm"]),
        ("grid(3, cm, m, 1)", [None, None, "cm", None]),
        ("sin(ra)", ["rad"]),
        ("cos(one)", [None]),
        ("log10(pct)", [""]),
        ("ab_mag(njy)", ["Jy"]),
        ("air_to_vacuum(lam)", ["Angstrom"]),
        ("sqrt(cm)", [None]),
        ("mean(cm, 0)", [None, None]),
        ("row()", []),
    ],
)
def test_operand_units_when_units_differ_then_the_one_to_convert_to(
    text: str, expected: list[str | None]
) -> None:
    expr = parse(text)
    assert isinstance(expr, Binary | Call)
    wanted = tuple(None if unit is None else parse_unit(unit) for unit in expected)
    assert operand_units(expr, unit_of) == wanted


VALUES = {"cm": 7.0, "m": 3.0, "pct": 40.0, "ra": 10.0, "one": 2.0, "njy": 5.0}
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "**": operator.pow, "hypot": np.hypot,
}  # fmt: skip


def unit_of_part(expr: Expr) -> Any:
    return infer_unit(expr, unit_of)


def number(expr: Expr) -> Any:
    """Compute with numbers alone, converting what operand_units says."""
    if isinstance(expr, Literal):
        return expr.value
    if isinstance(expr, Name):
        return VALUES[expr.text]
    assert isinstance(expr, Binary | Call)
    numbers = []
    for child, target in zip(children(expr), operand_units(expr, unit_of), strict=True):
        factor = 1.0 if target is None else unit_of_part(child).to(target)
        numbers.append(number(child) * factor)
    return OPERATIONS[expr.operator if isinstance(expr, Binary) else expr.function](*numbers)


TEXTS = st.recursive(
    st.sampled_from(["cm", "m", "pct", "one"]),
    lambda inner: st.one_of(
        st.builds("({} + {})".format, inner, inner),
        st.builds("({} - {})".format, inner, inner),
        st.builds("({} * {})".format, inner, inner),
        st.builds("({} / {})".format, inner, inner),
        st.builds("({} ** 2)".format, inner),
        st.builds("(2 ** {})".format, inner),
        st.builds("hypot({}, {})".format, inner, inner),
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_operand_units_when_numbers_are_converted_then_astropy_agrees(text: str) -> None:
    quantities = {name: value * u.Unit(UNITS[name]) for name, value in VALUES.items()}
    with np.errstate(all="ignore"):
        try:
            expected = eval(text, {"hypot": np.hypot}, quantities)
            unit = infer_unit(parse(text), unit_of)
            found = number(parse(text))
        except (u.UnitsError, TypeError, ArithmeticError, ExpressionError):
            assume(False)
    assert np.allclose(found, expected.to_value(unit), rtol=1e-9, atol=1e-9, equal_nan=True)
