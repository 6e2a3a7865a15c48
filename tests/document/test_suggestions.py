"""Near names, and names as messages show them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile.document import did_you_mean, near, shown


@pytest.mark.parametrize(
    ("word", "candidates", "expected"),
    [
        ("TARGETTID", ["Z", "TARGETID"], ["TARGETID"]),
        ("iss", ["is", "dtype", "unit"], ["is"]),
        ("RA", ["dec", "ra"], ["ra"]),
        ("mag", ["MAG", "Mag", "flux"], ["MAG", "Mag"]),
        ("ra", ["ra"], []),
        ("zzz", ["ra", "dec"], []),
        ("a", [], []),
    ],
)
def test_near_when_asked_then_the_candidates_that_look_alike(
    word: str, candidates: list[str], expected: list[str]
) -> None:
    assert near(word, candidates) == expected


@given(st.text(max_size=150), st.lists(st.text(max_size=150), max_size=10))
def test_near_when_any_words_then_at_most_three_of_the_others(
    word: str, candidates: list[str]
) -> None:
    found = near(word, candidates)
    assert len(found) <= 3
    assert len(set(found)) == len(found)
    assert set(found) <= set(candidates) - {word}
    assert near(word, reversed(candidates)) == found


def test_near_when_words_are_huge_then_not_compared() -> None:
    """A file of 256 kB may hold a key of that size."""
    started = time.process_time()
    assert near("x" * 250_000, ["x" * 249_999]) == []
    assert near("flux", ["flux" * 60_000]) == []
    assert time.process_time() - started < 5  # a guard against comparing letter by letter


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        (["int", "bool"], ""),
        (["float16"], "did you mean 'float16'?"),
        (["float64", "float32"], "did you mean 'float64' or 'float32'?"),
        (
            ["float16", "float32", "float64", "float99"],
            "did you mean 'float99', 'float64' or 'float32'?",
        ),
    ],
)
def test_did_you_mean_when_some_are_near_then_a_question(
    candidates: list[str], expected: str
) -> None:
    assert did_you_mean("float", candidates) == expected


def test_shown_when_a_text_holds_escape_codes_then_they_do_not_reach_a_terminal() -> None:
    assert shown("\x1b[31mred\n") == r"'\x1b[31mred\n'"
