"""Solutions of predicates, checked by the engine's own evaluation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile.engine.evaluate import Evaluator
from astropile.engine.logic import true_rows
from astropile.expression import names, parse
from astropile.readers import Column
from astropile.testing.predicates import limits_of, solve_predicate

number = st.integers(-5, 5)
comparison = st.builds(
    "{} {} {}".format,
    st.sampled_from(["x", "y", "z"]),
    st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
    number,
)
mirrored = st.builds("{} {} {}".format, number, st.sampled_from(["<", ">=", "=="]), st.just("w"))
other = st.sampled_from(
    [
        "is_finite(u)",
        "not is_null(u)",
        "trim(t) == 'a'",
        "t != 'a'",
        "t in ['a', 'b']",
        "v in [1, 4]",
        "any_bit(b)",
        "not any_bit(b, 1, 3)",
        "flag",
    ]
)
atom = comparison | mirrored | other
predicate = st.recursive(
    atom,
    lambda inner: st.builds(
        "({}) {} ({})".format, inner, st.sampled_from(["and", "or"]), inner
    ) | st.builds("not ({})".format, inner),
    max_leaves=3,
)  # fmt: skip
DEFAULTS: dict[str, object] = {"t": "c", "flag": False, "b": 0, "u": 2.0}


@given(predicate, st.booleans())
def test_solution_when_there_is_one_then_the_engine_agrees(text: str, truth: bool) -> None:
    expr = parse(text)
    solution = solve_predicate(expr, truth=truth)
    used = [name.text for name in names(expr)]
    if solution is None or len(used) != len(set(used)) or _clashes(text):
        return
    columns = {name: Column(np.array([solution.get(name, DEFAULTS.get(name, 0))])) for name in used}
    found = true_rows(Evaluator(lambda name: columns[name.text], 1).evaluate(expr))
    assert found.tolist() == [truth], solution


def _clashes(text: str) -> bool:
    """Whether a name is compared twice: then a solution is a guess, which callers check."""
    return any(text.count(name) > 1 for name in "xyzwtuvb") or text.count("flag") > 1


@pytest.mark.parametrize(
    ("text", "padding"),
    [
        ("time != 0", {"time": 0}),
        ("lambda > 0", {"lambda": -1}),
        ("mag < 99", {"mag": 100}),
        ("band != '' and is_finite(mag)", {"band": ""}),
        ("any(mask != 1024, 1)", {"mask": 1024}),
        ("quality == 0", {"quality": 1}),
    ],
)
def test_padding_when_predicate_is_usual_then_it_makes_it_false(
    text: str, padding: dict[str, object]
) -> None:
    assert solve_predicate(parse(text), truth=False) == padding


def test_solution_when_there_is_none_then_none() -> None:
    assert solve_predicate(parse("true"), truth=False) is None
    assert solve_predicate(parse("x + y > 3"), truth=True) is None
    assert solve_predicate(parse("t < 'a'"), truth=True) is None
    assert solve_predicate(parse("t == 'a' and t == 'b'"), truth=True) is None
    assert solve_predicate(parse("x >= 18 and 30 > x"), truth=True) == {"x": 23.5}


def test_limits_when_all_must_hold_then_by_name() -> None:
    found = limits_of(parse("a < 3 and 2 <= b and trim(c) == 'x' and (d > 1 or e > 1)"))
    assert found == {"a": [("<", 3)], "b": [(">=", 2)], "c": [("==", "x")]}
