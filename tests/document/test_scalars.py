"""Which type an unquoted scalar has, and that keys and quoted texts have none."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile.document import parse_document
from astropile.document.scalars import resolve_plain


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-17", -17),
        ("+5", 5),
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
        ("1.0", 1.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("-0.25", -0.25),
        ("1e-3", 1e-3),
        ("1e5", 1e5),
        ("2.5E+7", 2.5e7),
        ("0.0e0", 0.0),
        (".inf", math.inf),
        ("-.inf", -math.inf),
    ],
)
def test_plain_scalar_when_core_schema_then_typed(written: str, value: object) -> None:
    got = parse_document(f"a: {written}\n", "x.yaml").data["a"]
    assert got == value
    assert type(got) is type(value)


def test_plain_scalar_when_nan_then_nan() -> None:
    assert math.isnan(parse_document("a: .nan\n", "x.yaml").data["a"])


YAML_1_1_WORDS = ["NO", "no", "yes", "on", "Off", "y", "True", "TRUE", "Null", "NULL"]
YAML_1_1_NUMBERS = ["012", "-07", "007.5", "0x1F", "0o17", "0b1", "1:30", "1_000", "2024-01-01"]
NO_NUMBERS = ["2024-01-01T00:00:00Z", "1e", "1e+", "e5", ".", "+", ".e5", "inf", "nan"]
NEARLY_NUMBERS = [".Inf", "3.10.1", "1.5.0", "-.infx", "=", "1.5."]


@pytest.mark.parametrize("written", YAML_1_1_WORDS + YAML_1_1_NUMBERS + NO_NUMBERS + NEARLY_NUMBERS)
def test_plain_scalar_when_a_trap_of_yaml_then_text(written: str) -> None:
    """Booleans, octals, sexagesimals and dates of YAML 1.1 are texts."""
    assert parse_document(f"a: {written}\n", "x.yaml").data == {"a": written}


@pytest.mark.parametrize("written", ["true", "null", "~", "12", "1e3", ".inf", "", "<<"])
@pytest.mark.parametrize("quote", ["'", '"'])
def test_scalar_when_quoted_then_text(written: str, quote: str) -> None:
    text = f"a: {quote}{written}{quote}\n{quote}{written}{quote}: b\n"
    assert parse_document(text, "x.yaml").data == {"a": written, written: "b"}


def test_scalar_when_block_then_text() -> None:
    assert parse_document("a: |-\n  12\nb: >-\n  true\n", "x.yaml").data == {"a": "12", "b": "true"}


@pytest.mark.parametrize(
    "key",
    ["y", "no", "on", "90", "1e3", "012", "true", "null", "~", ".inf", "2024-01-01", "=", "1.50"],
)
def test_key_when_plain_then_the_text_that_was_written(key: str) -> None:
    """Band y, category 90 and a column called `no` need no quotes."""
    assert list(parse_document(f"{key}: 1\n", "x.yaml").data) == [key]
    assert parse_document(f"a: {{{key}: 1, z: 2}}\n", "x.yaml").data["a"] == {key: 1, "z": 2}


@given(st.integers(-(2**63), 2**64 - 1))
def test_integer_when_64_bits_then_exact(number: int) -> None:
    assert resolve_plain(str(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_float_when_written_by_python_then_same_bits(number: float) -> None:
    value = resolve_plain(repr(number))
    assert isinstance(value, float)
    assert (value, math.copysign(1, value)) == (number, math.copysign(1, number))


@given(st.text(alphabet="+-.0123456789eE", min_size=1))
def test_number_like_text_when_resolved_then_text_or_its_number(written: str) -> None:
    """Nothing is a number that Python reads otherwise; nothing else escapes."""
    try:
        value = resolve_plain(written)
    except OverflowError:
        return
    if isinstance(value, str):
        assert value == written
    else:
        assert value == float(written) or value == int(written)
