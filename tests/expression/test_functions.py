"""The table of functions."""

from __future__ import annotations

import pytest

from astropile.expression import FUNCTIONS, MACROS, ExpressionError, Function, parse

#: Section 6 of the language, without macros.
SPECIFIED = (
    "abs sqrt exp ln log10 sin cos hypot floor round clip"
    " if coalesce optional null_if fill is_null is_finite"
    " any_bit"
    " trim lower upper text number numbers sexagesimal join split part replace"
    " lookup"
    " dim flat repeat tile concat stack index grid pad reverse row axes"
    " sum mean median min max any all count one"
    " unit ab_mag ab_flux air_to_vacuum vacuum_to_air"
)

CONSTANTS = {
    "any": "x", "cell": "x", "text": "'a'", "lookup": "token", "axis": "-1", "bit": "3",
    "integer": "2",
}  # fmt: skip


def call(function: Function, count: int) -> str:
    arguments = [CONSTANTS[function.argument_kind(number)] for number in range(count)]
    return f"{function.name}({', '.join(arguments)})"


def test_functions_when_compared_with_the_language_then_the_same_names() -> None:
    assert sorted(FUNCTIONS) == sorted(SPECIFIED.split())
    assert sorted(MACROS) == ["chain", "over"]


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=str)
def test_function_when_documented_then_one_line_and_a_signature(function: Function) -> None:
    assert function.signature.startswith(f"{function.name}(")
    assert function.signature.endswith(")")
    assert function.doc.endswith(".")
    assert len(function.doc) < 90
    assert "\n" not in function.doc


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_parse_when_number_of_arguments_varies_then_only_the_allowed_ones(
    function: Function,
) -> None:
    most = function.maximum if function.maximum is not None else function.minimum + 5
    allowed = set(range(function.minimum, most + 1)) - ({2} if function.name == "flat" else set())
    for count in range(most + 2):
        if count in allowed or (function.maximum is None and count > function.minimum):
            assert parse(call(function, count)).end == len(call(function, count))
        else:
            with pytest.raises(ExpressionError, match=f"^{function.name} takes"):
                parse(call(function, count))


@pytest.mark.parametrize(
    ("name", "minimum", "maximum"),
    [("row", 0, 0), ("clip", 3, 3), ("any_bit", 1, None), ("lookup", 2, 3), ("grid", 3, 4),
     ("join", 2, None), ("concat", 1, None), ("coalesce", 2, None), ("sum", 1, 2), ("pad", 3, 4)],
)  # fmt: skip
def test_function_when_read_off_its_signature_then_numbers_of_arguments(
    name: str, minimum: int, maximum: int | None
) -> None:
    assert (FUNCTIONS[name].minimum, FUNCTIONS[name].maximum) == (minimum, maximum)


def test_functions_when_written_to_then_refused() -> None:
    with pytest.raises(TypeError):
        FUNCTIONS["mine"] = FUNCTIONS["abs"]  # type: ignore[index]
