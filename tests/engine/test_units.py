"""Units resolved at compile time give the numbers that astropy quantities give."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units as u

from astropile.engine.evaluate import Evaluator
from astropile.engine.units import lower_units
from astropile.expression import Name, parse
from astropile.readers import Column
from astropile.vocabulary import conversion

CELLS = {"a": 3.0, "b": 7.0, "angle": 30.0, "flux": 10.0}


def compute(text: str, unit: str) -> float:
    """Evaluate with cells of one row and convert the result to a unit."""
    expr, found = lower_units(parse(text))
    assert found is not None

    def lookup(name: Name) -> Column:
        return Column(np.array([CELLS[name.text]]))

    value = Evaluator(lookup, 1).evaluate(expr).column.data[0]
    factor = conversion(found, u.Unit(unit))
    if factor is None:
        return float(value)
    return float(factor(np.array([value]))[0] if callable(factor) else value * factor)


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("unit(a, 'km') + unit(b, 'm')", "m", 3007.0),
        ("unit(a, 'm') - unit(b, 'km')", "m", -6997.0),
        ("coalesce(null_if(unit(a, 'm'), unit(3, 'm')), unit(b, 'km'))", "m", 7000.0),
        ("if(unit(a, 'km') > unit(b, 'm'), unit(a, 'km'), unit(b, 'm'))", "m", 3000.0),
        ("1 / unit(a, 'm') ** 2", "m-2", 1 / 9),
        ("hypot(unit(a, 'm'), unit(4, 'm'))", "m", 5.0),
        ("unit(angle, 'rad')", "deg", float(np.degrees(30.0))),
        ("ab_mag(unit(flux, 'nJy'))", "mag(AB)", (10 * u.nJy).to_value(u.ABmag)),
        ("ab_flux(unit(flux, 'mag(AB)'))", "Jy", (10 * u.ABmag).to_value(u.Jy)),
        ("clip(unit(a, 'km'), unit(1, 'm'), unit(b, 'm'))", "m", 7.0),
    ],
)
def test_lowered_when_units_mixed_then_numbers_are_converted(
    text: str, unit: str, expected: float
) -> None:
    assert compute(text, unit) == pytest.approx(expected, rel=1e-12)


def test_lowered_when_sine_of_degrees_then_radians_inside() -> None:
    expr, _ = lower_units(parse("sin(unit(angle, 'deg'))"))
    value = Evaluator(lambda _: Column(np.array([30.0])), 1).evaluate(expr).column.data[0]
    assert value == pytest.approx(0.5, rel=1e-12)


def test_lowered_when_no_unit_then_expression_is_untouched() -> None:
    expr = parse("a + b * 2")
    assert lower_units(expr) == (expr, None)
