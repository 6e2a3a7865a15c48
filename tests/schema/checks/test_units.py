"""Units: the short cuts that spare astropy give what astropy gives."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from astropile.errors import Problem
from astropile.expression import ExpressionError, Name, check_conversion, infer_unit, parse
from astropile.schema.checks.units import PLAIN_UNITS, is_plain_sum
from astropile.vocabulary import load_vocabulary, parse_unit

SUMMED = ("mag", "mag(AB)", "dex", "dex(cm/s2)", "deg", "nJy", "")


@pytest.mark.parametrize("text", sorted(PLAIN_UNITS))
def test_plain_unit_when_parsed_then_a_unit(text: str) -> None:
    """What is taken without a look is right."""
    parse_unit(text)


def unit_texts(units: tuple[str, ...]) -> Callable[[Name], str]:
    """Return the function that gives the units of x and y."""
    return lambda name: units["xy".index(name.text)]


def is_right(operator: str, units: tuple[str, ...]) -> bool:
    """Whether astropy finds that x + y or x - y becomes the third unit."""
    expr = parse(f"x {operator} y")
    text_of = unit_texts(units)
    try:
        found = infer_unit(expr, lambda name: parse_unit(text_of(name)))
        check_conversion(expr, found, parse_unit(units[2]))
    except ExpressionError:
        return False
    return True


def test_sum_when_taken_as_right_then_astropy_agrees() -> None:
    """A sum that is not surely right is computed; one that is taken must be."""
    taken = [
        (operator, units)
        for operator, units in product("+-", product(SUMMED, repeat=3))
        if is_plain_sum(parse(f"x {operator} y"), unit_texts(units), units[2])
    ]
    assert ("-", ("mag(AB)", "mag", "mag(AB)")) in taken  # a correction for extinction
    assert ("-", ("mag(AB)", "mag(AB)", "mag")) in taken  # a colour
    assert [entry for entry in taken if not is_right(*entry)] == []


def test_quantities_when_in_their_own_unit_then_the_vocabulary_agrees() -> None:
    """The units of the vocabulary are taken without a look."""
    vocabulary = load_vocabulary()
    for name, quantity in vocabulary.quantities.items():
        for unit in quantity.units:
            assert vocabulary.check_unit({"quantity": name}, unit) == []
            if "(" not in unit:
                assert vocabulary.check_unit({"quantity": name, "stat": "err"}, unit) == []


def test_survey_when_its_units_are_plain_then_astropy_is_not_loaded(
    meadow: str, tmp_path: Path
) -> None:
    """Reading a schema costs less than importing astropy."""
    head, _, _ = meadow.partition("modalities:\n")
    tail = "sources: {a: {description: A., tables: {main: {files: a.csv, format: csv}}}}\n"
    path = tmp_path / "plain.yaml"
    path.write_text(f"{head}{tail}configs: {{deep: {{description: Deep.}}}}\n", encoding="utf-8")
    code = (
        "import sys; from pathlib import Path; from astropile.schema import read_schema;"
        f"read_schema(Path({str(path)!r})); print('astropy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(("new", "codes"), [("", ["unit"]), ("    unverified: [unit]\n", [])])
def test_unit_when_nobody_knows_it_then_its_quantity_may_still_be_told(
    new: str, codes: list[str], check: Callable[..., tuple[tuple[Problem, ...], object]]
) -> None:
    """No unit is a pure number, unless the field says that the unit was not found."""
    problems, _ = check({"    unit: arcsec2\n": new})
    assert [problem.code for problem in problems] == codes
