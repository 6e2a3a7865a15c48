"""Broken limits against a loop over rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropile.engine import Batch, RowIndex
from astropile.readers import Column
from astropile.survey.limits import Limits, known_values

VALUES = st.sampled_from([-1.0, 0.1, 0.5, 0.7, 2.0, np.inf, -np.inf, np.nan])


def looked_at(column: Column, **limits: Any) -> dict[str, dict[str, Any]]:
    """Return what is found in one column, by limit."""
    model = SimpleNamespace(**{"min": None, "max": None, "enum": (), **limits})
    counter = Limits({"x": SimpleNamespace(field=model)})  # type: ignore[dict-item]
    n = len(column)
    ids = Column(np.array([f"id{k}" for k in range(n)], dtype="U8"))
    batch = Batch({"object_id": ids, "x": column}, RowIndex(np.zeros(n, int), np.arange(n)))
    counter.add(batch, ["x", "absent"])
    return {limit: fact for (_, limit), fact in counter.found.items()}


@given(
    arrays=st.lists(st.lists(VALUES, max_size=4), min_size=1, max_size=6),
    nulls=st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_limits_when_ragged_then_as_a_loop_over_rows_counts(
    arrays: list[list[float]], nulls: list[bool]
) -> None:
    null = np.array(nulls[: len(arrays)])
    offsets = np.cumsum([0, *map(len, arrays)])
    data = np.array([v for array in arrays for v in array], dtype=np.float32)
    found = looked_at(Column(data, offsets=offsets, null=null), min=0.1, max=0.7)
    kept = [(k, v) for k, array in enumerate(arrays) if not null[k] for v in array]
    for limit, broken in (
        ("min", [k for k, v in kept if v < 0.1]),
        ("max", [k for k, v in kept if v > 0.7]),
    ):
        fact = found.get(limit, {"values": 0, "object_id": "id-1"})
        assert fact["values"] == len(broken)
        assert fact["object_id"] == f"id{[*broken, -1][0]}"


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64"])
def test_limits_when_dense_images_then_rows_without_value_do_not_count(dtype: str) -> None:
    data = np.full((3, 2, 2), 9, dtype=dtype)
    data[2, 1, 0] = 1
    column = Column(data, null=np.array([True, False, False]))
    fact = looked_at(column, max=5)["max"]
    assert (fact["values"], fact["object_id"], fact["example"]) == (7, "id1", 9)


def test_limits_when_a_bound_is_not_exact_in_the_type_then_the_bound_itself_passes() -> None:
    column = Column(np.array([0.1, 0.7], dtype=np.float32))
    assert looked_at(column, min=0.1, max=0.7, enum=(0.1, 0.7)) == {}


def test_limits_when_text_then_only_enum_is_looked_at() -> None:
    column = Column(np.array(["a", "b", ""]), null=np.array([False, False, True]))
    found = looked_at(column, min=1, max=2, enum=("a",))
    assert found == {
        "enum": {"leaf": "x", "limit": "enum", "expected": ["a"], "values": 1, "example": "b",
                 "object_id": "id1"}
    }  # fmt: skip


def test_limits_when_infinite_then_the_example_is_text() -> None:
    assert looked_at(Column(np.array([np.inf])), max=1)["max"]["example"] == "inf"


def test_known_values_when_holes_then_they_are_not_data() -> None:
    column = Column(np.arange(4).reshape(2, 2), holes=np.array([[True, False], [False, False]]))
    assert known_values(column).tolist() == [[False, True], [True, True]]
