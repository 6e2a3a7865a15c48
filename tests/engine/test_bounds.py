"""Statistics rule rows out only where no row passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import astropile as ap
from astropile.engine.bounds import Bounds, may_be_true
from astropile.engine.where import compile_where
from astropile.expression import parse
from astropile.readers import Column

NUMBERS = st.one_of(
    st.none(), st.integers(-3, 3), st.sampled_from([-1.5, 0.0, 2.5, 2.0**53, 1e300])
)
TERMS = st.one_of(
    st.builds("mag {} {}".format, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMBERS),
    st.builds("{} {} mag".format, NUMBERS, st.sampled_from(["<", "<=", ">", ">=", "=="])),
    st.sampled_from(
        ["mag in [1, 2.5]", "is_null(mag)", "is_finite(mag)", "good", "not good", "true", "null"]
    ),
    st.sampled_from(["word == 'a'", "word > 'b'", "word in ['c', 'd']", "mag + 1 > 2"]),
)


def joined(parts: list[str], words: list[str]) -> str:
    """Return terms with ``and``, ``or``, ``not`` between and before them."""
    text = f"({parts[0]})"
    for part, word in zip(parts[1:], words, strict=False):
        text = f"({text} {word} ({part}))"
    return text.replace("None", "null")


EXPRESSIONS = st.builds(
    joined,
    st.lists(TERMS, min_size=1, max_size=4),
    st.lists(st.sampled_from(["and", "or", "and not", "or not"]), min_size=3, max_size=3),
)


def bounds_of(values: list[Any]) -> Bounds:
    """Return the statistics that a file would hold."""
    known = [value for value in values if value is not None]
    if not known:
        return Bounds(None, None, has_nulls=True)
    return Bounds(min(known), max(known), has_nulls=len(known) < len(values))


def column(values: list[Any], kind: str) -> Column:
    """Return values as a column with nulls."""
    null = np.array([value is None for value in values])
    fill = {"U": "", "f8": 0.0, "i8": 0, "?": False}[kind]
    return Column(np.array([fill if v is None else v for v in values], dtype=kind), null=null)


@settings(max_examples=300, deadline=None)
@given(
    EXPRESSIONS,
    st.lists(st.tuples(NUMBERS, st.sampled_from([None, True, False]),
                       st.sampled_from([None, "a", "b", "cc"])), min_size=1, max_size=4),
    st.booleans(),
)  # fmt: skip
def test_filters_when_statistics_rule_rows_out_then_none_passes(text, rows, whole) -> None:
    numbers, goods, words = (list(part) for part in zip(*rows, strict=True))
    if whole:
        numbers = [None if v is None else int(min(v, 2**53)) + 2**53 for v in numbers]
    else:
        numbers = [None if v is None else float(v) for v in numbers]
    columns = {
        "mag": column(numbers, "i8" if whole else "f8"),
        "good": column(goods, "?"),
        "word": column(words, "U"),
    }
    known = {"mag": bounds_of(numbers), "good": bounds_of(goods), "word": bounds_of(words)}
    from astropile.engine.evaluate import Evaluator
    from astropile.engine.logic import row_truth
    from astropile.engine.operand import rows_of

    expr = parse(text)
    found = Evaluator(lambda name: columns[name.text], len(rows)).evaluate(expr)
    truth = row_truth(type(found)(rows_of(found, len(rows))))
    if not may_be_true(expr, known.get):
        assert not truth.any()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("mag < 20", False),
        ("mag < 20.5", True),
        ("20 > mag", False),
        ("mag > 23", False),
        ("mag == 24 or z > 1", True),
        ("mag == 24 and z > 1", False),
        ("mag in [1, 2]", False),
        ("mag in [1, 22]", True),
        ("is_null(mag)", False),
        ("not (mag > 1)", True),
        ("-mag > 0", True),
        ("mag != 20", True),
        ("mag < null", False),
        ("false", False),
    ],
)
def test_bounds_when_a_filter_is_simple_then_are_used(text: str, answer: bool) -> None:
    known = {"mag": Bounds(20.25, 22.5, has_nulls=False)}
    assert may_be_true(parse(text), known.get) is answer


def test_bounds_when_they_are_not_numbers_then_rule_nothing_out() -> None:
    for odd in (Bounds(float("nan"), 1.0, has_nulls=False), None):
        assert may_be_true(parse("mag < -5"), {"mag": odd}.get)
    assert may_be_true(parse("mag < -5"), {"mag": Bounds("a", "b", has_nulls=False)}.get)


def test_where_when_names_are_canonical_then_bounds_are_those_of_the_leaf() -> None:
    hsc = ap.load("hsc")
    where = compile_where(
        "mag_cmodel_i < 20", hsc.schema, lambda n: hsc.request.resolver.resolve(n).leaf
    )
    assert tuple(where.leaves) == ("i_cmodel_mag",)
    assert not may_be_true(where.expr, {"i_cmodel_mag": Bounds(21.0, 22.0, has_nulls=False)}.get)
