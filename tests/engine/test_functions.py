"""The functions of the language against plain Python over rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile.engine.evaluate import Evaluator
from astropile.engine.operand import AbsentCellError, Fault, rows_of
from astropile.expression import Name, parse
from astropile.readers import Column

LOOKUPS = {"kind": {"1": "star", "2": "galaxy"}, "token": {"des-g": "g"}}


def evaluate(text: str, rows: int, **cells: Column) -> Column:
    def lookup(name: Name) -> Column:
        if name.text not in cells:
            raise AbsentCellError(name.text)
        return cells[name.text]

    scope = Evaluator(lookup, rows, LOOKUPS, np.arange(rows))
    return rows_of(scope.evaluate(parse(text)), rows)


def ragged(lists: list[list[Any]], dtype: str = "f8") -> Column:
    offsets = np.cumsum([0, *map(len, lists)])
    return Column(np.array([x for row in lists for x in row], dtype=dtype), offsets=offsets)


def to_lists(column: Column) -> list[Any]:
    """Return the rows as Python values, null as None."""
    found: list[Any] = []
    for row in range(len(column)):
        if column.null is not None and column.null[row]:
            found.append(None)
        elif column.offsets is None:
            found.append(column.data[row].tolist())
        else:
            found.append(column.data[column.offsets[row] : column.offsets[row + 1]].tolist())
    return found


floats = st.floats(-1e3, 1e3, width=32)
rows_of_lists = st.lists(st.lists(floats, max_size=4), min_size=1, max_size=6)


@given(rows_of_lists)
def test_arithmetic_when_ragged_meets_scalar_then_spreads_over_each_row(
    rows: list[list[float]],
) -> None:
    scale = np.arange(len(rows), dtype=float)
    found = evaluate("x * s + 1", len(rows), x=ragged(rows), s=Column(scale))
    assert to_lists(found) == [[v * k + 1 for v in row] for row, k in zip(rows, scale, strict=True)]


def test_arithmetic_when_shapes_differ_then_fault_names_both() -> None:
    with pytest.raises(Fault, match=r"shapes differ: \(3,\) and \(2,\)"):
        evaluate("a + b", 1, a=Column(np.zeros((1, 2))), b=Column(np.zeros((1, 3))))


@given(st.lists(st.sampled_from([True, False, None]), min_size=2, max_size=8))
def test_kleene_when_operands_unknown_then_as_the_truth_table(values: list[bool | None]) -> None:
    half = len(values) // 2
    a, b = values[:half], values[half : 2 * half]

    def column(items: list[bool | None]) -> Column:
        data = np.array([bool(i) for i in items])
        return Column(data, null=np.array([i is None for i in items]))

    def both(x: bool | None, y: bool | None) -> bool | None:
        return False if x is False or y is False else None if x is None or y is None else True

    def either(x: bool | None, y: bool | None) -> bool | None:
        return True if x or y else None if x is None or y is None else False

    cells = {"a": column(a), "b": column(b)}
    pairs = list(zip(a, b, strict=True))
    assert to_lists(evaluate("a and b", half, **cells)) == [both(x, y) for x, y in pairs]
    assert to_lists(evaluate("a or b", half, **cells)) == [either(x, y) for x, y in pairs]
    assert to_lists(evaluate("not a", half, **cells)) == [None if x is None else not x for x in a]


def test_comparison_when_nan_then_unknown() -> None:
    x = Column(np.array([1.0, np.nan, 3.0]))
    assert to_lists(evaluate("x > 2", 3, x=x)) == [False, None, True]


def test_comparison_when_text_meets_number_then_parsed_and_empty_is_unknown() -> None:
    x = Column(np.array(["000006", "", "7"]))
    assert to_lists(evaluate("x == 6", 3, x=x)) == [True, None, False]


def test_in_when_list_of_texts_then_membership() -> None:
    x = Column(np.array(["a", "b"]))
    assert to_lists(evaluate("x in ['a', 'c']", 2, x=x)) == [True, False]


@given(rows_of_lists)
def test_reductions_when_ragged_then_as_python_and_empty_is_null(rows: list[list[float]]) -> None:
    x = ragged(rows)
    n = len(rows)
    assert to_lists(evaluate("max(x)", n, x=x)) == [max(r) if r else None for r in rows]
    assert to_lists(evaluate("count(x)", n, x=x)) == [len(r) for r in rows]
    total = evaluate("sum(x)", n, x=x).data
    np.testing.assert_allclose(total, [sum(r) for r in rows], atol=1e-9)
    median = evaluate("median(x)", n, x=x).data
    np.testing.assert_allclose(median, [np.median(r) if r else np.nan for r in rows])


def test_reductions_when_dense_then_named_axis_only() -> None:
    x = Column(np.arange(12.0).reshape(2, 2, 3))
    assert to_lists(evaluate("sum(x, 0)", 2, x=x)) == [[3.0, 5.0, 7.0], [15.0, 17.0, 19.0]]
    assert to_lists(evaluate("any(x > 10, 1)", 2, x=x)) == [[False, False], [False, True]]


@given(rows_of_lists, st.integers(-5, 5), st.integers(-5, 5))
def test_slices_when_ragged_then_as_python(rows: list[list[float]], a: int, b: int) -> None:
    found = evaluate(f"x[{a}:{b}]", len(rows), x=ragged(rows))
    assert to_lists(found) == [row[a:b] for row in rows]


@given(rows_of_lists)
def test_item_when_row_too_short_then_null(rows: list[list[float]]) -> None:
    found = evaluate("x[-1]", len(rows), x=ragged(rows))
    assert to_lists(found) == [row[-1] if row else None for row in rows]


@given(rows_of_lists)
def test_concat_when_ragged_then_rows_end_to_end(rows: list[list[float]]) -> None:
    scalars = np.arange(len(rows), dtype=float)
    found = evaluate("concat(x, s, x)", len(rows), x=ragged(rows), s=Column(scalars))
    expected = [[*row, k, *row] for row, k in zip(rows, scalars, strict=True)]
    assert to_lists(found) == expected


def test_repeat_and_tile_when_counts_differ_by_row() -> None:
    n = Column(np.array([2, 0, 1]))
    assert to_lists(evaluate("repeat(['a', 'b'], n)", 3, n=n)) == [
        ["a", "a", "b", "b"],
        [],
        ["a", "b"],
    ]
    assert to_lists(evaluate("tile(['a', 'b'], n)", 3, n=n)) == [
        ["a", "b", "a", "b"],
        [],
        ["a", "b"],
    ]


def test_flat_and_dim_when_files_differ_in_shape() -> None:
    arrays = [np.arange(6.0).reshape(2, 3), np.arange(2.0).reshape(1, 2)]
    x = Column.pack(arrays)
    assert to_lists(evaluate("flat(x)", 2, x=x)) == [[0, 1, 2, 3, 4, 5], [0, 1]]
    assert to_lists(evaluate("dim(x, 1)", 2, x=x)) == [3, 2]


def test_flat_when_axes_named_then_only_these_joined() -> None:
    x = Column(np.zeros((2, 3, 4, 5)))
    assert evaluate("flat(x, 1, 2)", 2, x=x).data.shape == (2, 3, 20)


def test_grid_when_first_and_step_differ_by_row() -> None:
    cells = {"f": Column(np.array([10.0, 0.0])), "s": Column(np.array([1.0, 2.0]))}
    assert to_lists(evaluate("grid(3, f, s)", 2, **cells)) == [[10, 11, 12], [0, 2, 4]]
    assert to_lists(evaluate("grid(2, f, s, 2)", 2, **cells)) == [[9, 10], [-2, 0]]


def test_coalesce_when_cell_absent_then_next() -> None:
    x = Column(np.array([1.0, np.nan]))
    assert to_lists(evaluate("coalesce(gone, x, 7)", 2, x=x)) == [1.0, 7.0]
    assert to_lists(evaluate("optional(gone)", 2)) == [None, None]


def test_coalesce_when_texts_then_stays_text() -> None:
    a = Column(np.array(["x", ""]), null=np.array([False, True]))
    b = Column(np.array(["long word", "other"]))
    assert to_lists(evaluate("coalesce(a, b)", 2, a=a, b=b)) == ["x", "other"]


def test_if_when_condition_unknown_then_null() -> None:
    c = Column(np.array([True, False, True]), null=np.array([False, False, True]))
    x = Column(np.array([1.0, 2.0, 3.0]))
    assert to_lists(evaluate("if(c, x, null)", 3, c=c, x=x))[0] == 1.0
    column = evaluate("if(c, x, 0)", 3, c=c, x=x)
    assert to_lists(column) == [1.0, 0.0, None]


def test_null_if_and_fill_when_sentinels() -> None:
    x = Column(np.array([-99.0, 2.0, np.inf]))
    assert to_lists(evaluate("null_if(x, -99)", 3, x=x))[:2] == [None, 2.0]
    assert to_lists(evaluate("fill(null_if(x, -99), 0)", 3, x=x)) == [0.0, 2.0, 0.0]


def test_lookup_when_number_then_by_value_and_unknown_is_refused_with_rows() -> None:
    x = Column(np.array([1.0, 2.0]))
    assert to_lists(evaluate("lookup(x, kind)", 2, x=x)) == ["star", "galaxy"]
    bad = Column(np.array([1, 9, 2]))
    with pytest.raises(Fault, match=r"9 is not in lookups.kind \(1 elements\)") as caught:
        evaluate("lookup(x, kind)", 3, x=bad)
    assert caught.value.rows is not None
    assert caught.value.rows.tolist() == [False, True, False]
    assert to_lists(evaluate("lookup(x, kind, 'other')", 3, x=bad)) == ["star", "other", "galaxy"]


def test_any_bit_when_bits_listed_then_only_these_count() -> None:
    x = Column(np.array([0, 1, 4, 256]))
    assert to_lists(evaluate("any_bit(x)", 4, x=x)) == [False, True, True, True]
    assert to_lists(evaluate("any_bit(x, 0, 1, 8)", 4, x=x)) == [False, True, False, True]


def test_text_functions_when_padded_names() -> None:
    x = Column(np.array([" Ab ", "c"]))
    assert to_lists(evaluate("join('-', upper(trim(x)), 7)", 2, x=x)) == ["AB-7", "C-7"]
    assert to_lists(evaluate("split('u,g', ',')", 2)) == [["u", "g"], ["u", "g"]]
    assert to_lists(evaluate("part('abcdef', 1, 3)", 1)) == ["bc"]
    assert to_lists(evaluate("replace('a-b-c', '-', '_')", 1)) == ["a_b_c"]
    assert to_lists(evaluate("replace('a. b', '. ', '')", 1)) == ["ab"]
    with pytest.raises(Fault, match="not an empty one"):
        evaluate("replace('abc', '', 'x')", 1)
    assert to_lists(evaluate("numbers('(1, 2.5)')", 1)) == [[1.0, 2.5]]


def test_sexagesimal_when_any_spelling_then_one_number_with_its_sign() -> None:
    spelled = ["-00:12:03.4", "12h34m", "+5 30 0", "", "00 00 12.30", " 27°42'30\" ", "-10"]
    found = to_lists(evaluate("sexagesimal(x)", 7, x=Column(np.array(spelled))))
    wanted = [-(12 / 60 + 3.4 / 3600), 12 + 34 / 60, 5.5, None, 12.3 / 3600, 27 + 42.5 / 60, -10]
    assert [i is None for i in found] == [i is None for i in wanted]
    assert [i for i in found if i is not None] == pytest.approx(
        [i for i in wanted if i is not None]
    )
    lists = Column(np.array(["1:30", "0:06:36", "-2:00"]), offsets=np.array([0, 2, 3]))
    assert to_lists(evaluate("sexagesimal(x)", 2, x=lists)) == [[1.5, 0.11], [-2.0]]


@pytest.mark.parametrize("wrong", ["1:60", "1.5:3", "ten", "1:2:3:4", "--1", "-", "1e3", "1:-2"])
def test_sexagesimal_when_it_is_none_then_the_row_is_told(wrong: str) -> None:
    with pytest.raises(Fault, match="is no sexagesimal number") as caught:
        evaluate("sexagesimal(x)", 2, x=Column(np.array(["1:30", wrong])))
    assert caught.value.rows is not None
    assert caught.value.rows.tolist() == [False, True]
    with pytest.raises(Fault, match="needs text"):
        evaluate("sexagesimal(1.5)", 1)


def test_text_when_number_not_whole_then_refused() -> None:
    with pytest.raises(Fault, match=r"1\.5 is not whole"):
        evaluate("text(x)", 1, x=Column(np.array([1.5])))


def test_one_when_elements_differ_then_rows_named() -> None:
    x = ragged([[1, 1], [2, 3], []], "i8")
    with pytest.raises(Fault) as caught:
        evaluate("one(x)", 3, x=x)
    assert caught.value.rows is not None
    assert caught.value.rows.tolist() == [False, True, False]
    assert to_lists(evaluate("one(x)", 2, x=ragged([[5, 5], []], "i8"))) == [5, None]


@given(st.floats(3000, 10000))
def test_wavelengths_when_there_and_back_then_unchanged(angstrom: float) -> None:
    x = Column(np.array([angstrom]))
    there = evaluate("vacuum_to_air(x)", 1, x=x)
    assert 0.5 < angstrom - there.data[0] < 3.0
    back = evaluate("air_to_vacuum(y)", 1, y=there)
    np.testing.assert_allclose(back.data, [angstrom], rtol=1e-11)


def test_reverse_pad_index_stack_when_small_arrays() -> None:
    x = ragged([[1, 2, 3], [4]])
    assert to_lists(evaluate("reverse(x)", 2, x=x)) == [[3, 2, 1], [4]]
    k = Column(np.array([2, -1]))
    assert to_lists(evaluate("index(x, k)", 2, x=x, k=k)) == [3.0, 4.0]
    image = Column(np.ones((1, 2, 2)))
    padded = evaluate("pad(x, 3, 4, 9)", 1, x=image).data[0].tolist()
    assert padded == [[9, 1, 1, 9], [9, 1, 1, 9], [9, 9, 9, 9]]
    assert evaluate("stack(x, x)", 1, x=image).data.shape == (1, 2, 2, 2)


def test_stack_when_one_of_several_is_null_then_a_hole_and_null_only_without_any() -> None:
    x = Column(np.ones((3, 2)), null=np.array([False, True, True]))
    y = Column(np.full((3, 2), 2.0), null=np.array([False, False, True]))
    found = evaluate("stack(x, y)", 3, x=x, y=y)
    assert found.null is not None
    assert found.holes is not None
    assert found.null.tolist() == [False, False, True]
    assert found.holes[:, :, 0].tolist() == [[False, False], [True, False], [True, True]]
    holed = Column(np.ones((1, 2)), holes=np.array([[False, True]]))
    found = evaluate("stack(x, x)", 1, x=holed)
    assert found.holes is not None
    assert found.holes.tolist() == [[[False, True]] * 2]


def test_stack_when_one_is_null_everywhere_then_its_form_does_not_matter() -> None:
    x = Column(np.arange(6.0).reshape(1, 2, 3))
    nothing = replace(ragged([[]]), null=np.array([True]))
    found = evaluate("stack(x, nothing, x)", 1, x=x, nothing=nothing)
    assert found.data.shape == (1, 3, 2, 3)
    assert found.holes is not None
    assert found.holes.any(axis=(2, 3)).tolist() == [[False, True, False]]
    found = evaluate("stack(nothing, nothing)", 1, nothing=nothing)
    assert found.null is not None
    assert found.null.all()


def test_comparison_when_row_of_arrays_is_null_then_row_stays_null() -> None:
    x = Column(np.ones((2, 3)), null=np.array([False, True]))
    y = replace(ragged([[1.0], []]), null=np.array([False, True]))
    for found in (evaluate("x != 0", 2, x=x), evaluate("y > 0", 2, y=y)):
        assert found.null is not None
        assert found.null.tolist() == [False, True]


def test_division_when_whole_numbers_by_zero_then_null() -> None:
    x = Column(np.array([7, 8]))
    y = Column(np.array([2, 0]))
    for text in ("x // y", "x % y"):
        data = evaluate(text, 2, x=x, y=y).data
        assert np.isnan(data[1])
        assert data[0] in (3.0, 1.0)


def test_logarithms_when_not_positive_then_nan() -> None:
    x = Column(np.array([100.0, 0.0, -1.0]))
    assert np.isnan(evaluate("log10(x)", 3, x=x).data).tolist() == [False, True, True]


def test_reductions_when_axis_negative_then_counted_from_the_end() -> None:
    x = Column(np.ones((2, 3, 4)))
    assert evaluate("sum(x, -1)", 2, x=x).data.tolist() == [[4.0] * 3] * 2


_NULL = np.array([False, True, False])
_OF_ARRAYS = {
    "dense": Column(np.arange(12.0).reshape(3, 4), null=_NULL),
    "list": Column(np.arange(6.0), offsets=np.array([0, 2, 2, 6]), null=_NULL),
    "plane": Column(np.arange(24.0).reshape(3, 2, 4), null=_NULL),
    "number": Column(np.array([1.0, 2.0, 3.0]), null=_NULL),
    "known": Column(np.arange(12.0).reshape(3, 4)),
}


@pytest.mark.parametrize(
    "text",
    [
        "dim(dense, 0)",
        "dim(list, 0)",
        "flat(plane)",
        "flat(plane, 0, 1)",
        "repeat(dense, 2)",
        "repeat(known, number)",
        "tile(list, 2)",
        "tile(known, number)",
        "concat(dense, dense)",
        "concat(list, dense)",
        "index(dense, 1)",
        "index(list, 0)",
        "index(known, number)",
        "grid(4, number, 1)",
        "grid(4, 1, number)",
        "grid(4, 1, 1, number)",
        "grid(number, 1, 1)",
        "grid(dim(dense, 0), 1, 1)",
        "grid(dim(list, 0), 1, 1)",
        "pad(plane, 4, 6)",
        "reverse(list)",
        "dense[1:3]",
        "list[0]",
        "one(0 * dense)",
    ],
)
def test_array_functions_when_an_argument_is_null_then_null_in_that_row_alone(text: str) -> None:
    """The data beneath a null are those of any other row."""
    found = evaluate(text, 3, **_OF_ARRAYS)
    assert found.null is not None
    assert found.null.tolist() == _NULL.tolist()


@given(st.integers(1, 4), st.integers(0, 40), st.integers(0, 3))
def test_sum_when_others_of_the_batch_have_other_lengths_then_the_same_to_the_bit(
    n: int, length: int, seed: int
) -> None:
    data = np.random.default_rng(seed).normal(size=(n, length, 3)).astype("f4")
    dense, lists = Column(data), Column(data).ragged()
    for text in ("sum(x)", "mean(x)", "sum(x, 0)", "sum(x, 1)", "max(x, 1)", "min(x)"):
        found = evaluate(text, n, x=dense)
        np.testing.assert_array_equal(
            found.data, evaluate(text, n, x=lists).data.reshape(found.data.shape)
        )
    flat = evaluate("sum(x)", n, x=dense.jagged())
    np.testing.assert_array_equal(flat.data, evaluate("sum(x)", n, x=dense).data)


def test_reductions_when_elements_are_holes_then_they_do_not_count() -> None:
    holes = np.array([[True, False, False]])
    x = Column(np.array([[90, 1, 2]]), holes=holes)
    flags = Column(np.array([[True, False, False]]), holes=holes)
    expected = {"sum(x)": 3, "max(x)": 2, "mean(x)": 1.5, "count(x)": 2, "any(y)": False}
    for text, value in expected.items():
        for a, b in ((x, flags), (x.ragged(), flags.ragged())):
            assert to_lists(evaluate(text, 1, x=a, y=b)) == [value]


def test_count_when_text_then_as_many_as_there_are() -> None:
    words = ragged([["a", ""], [], ["b", "1"]], "U1")
    assert to_lists(evaluate("count(x)", 3, x=words)) == [1, 0, 2]


@pytest.mark.parametrize("text", ["x[0]", "x[-2]", "index(x, 0)"])
def test_element_when_it_is_a_hole_then_the_value_is_null(text: str) -> None:
    holes = np.array([[True, False], [False, False], [False, True]])
    x = Column(np.arange(6).reshape(3, 2), holes=holes)
    for column in (x, x.ragged()):
        assert to_lists(evaluate(text, 3, x=column)) == [None, 2, 4]


def test_concat_when_an_array_is_null_then_it_adds_nothing() -> None:
    """Whether or not the arrays of a batch happen to be of one length."""
    dense, short = _OF_ARRAYS["dense"], ragged([[1], [2], [3]])
    for column in (dense, dense.ragged()):
        found = evaluate("concat(x, y)", 3, x=column, y=short)
        assert to_lists(found) == [[0, 1, 2, 3, 1], [2], [8, 9, 10, 11, 3]]


def test_concat_when_scalars_are_null_or_elements_are_holes_then_holes() -> None:
    holes = np.array([[False, True], [False, False], [True, False]])
    x = Column(np.arange(6).reshape(3, 2), holes=holes)
    y = Column(np.array([7, 8, 9]), null=_NULL)
    dense = evaluate("concat(y, x)", 3, x=x, y=y)
    assert dense.holes is not None
    assert dense.holes.tolist() == [
        [False, False, True],
        [True, False, False],
        [False, True, False],
    ]
    lists = evaluate("reverse(concat(x, y))[0:2]", 3, x=x.ragged(), y=y)
    assert to_lists(lists) == [[7, 1], [8, 3], [9, 5]]
    assert lists.holes is not None
    assert lists.holes.astype(int).tolist() == [0, 1, 1, 0, 0, 0]


def test_grid_when_a_count_is_null_then_other_rows_stay_of_one_length() -> None:
    found = evaluate("grid(n, 1, 1)", 3, n=Column(np.array([4, 99, 4]), null=_NULL))
    assert found.offsets is None
    assert found.data.shape == (3, 4)


def test_text_when_numbers_are_not_whole_then_the_rows_are_told() -> None:
    with pytest.raises(Fault, match=r"7\.25 is not whole") as caught:
        evaluate("join('-', 'x', x)", 3, x=Column(np.array([7.0, 7.25, np.nan])))
    assert caught.value.rows is not None
    assert caught.value.rows.tolist() == [False, True, False]
