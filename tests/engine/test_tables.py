"""Groups of rows and the order inside an object, against plain Python."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from astropile.engine.blocks import _is_sorted, _order
from astropile.engine.tables import (
    Frame,
    find_partners,
    first_of_each,
    group_numbers,
    nest,
    take_or_null,
)
from astropile.readers import Column

KEYS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc")), max_size=12)


def frame_of(keys: list[tuple[int, str]]) -> Frame:
    """Return rows with two key cells, a number and an array."""
    n = len(keys)
    columns = {
        "k": Column(np.array([k for k, _ in keys], dtype=np.int64)),
        "t": Column(np.array([t for _, t in keys], dtype="U1")),
        "x": Column(np.arange(n), null=np.arange(n) % 4 == 3),
        "y": Column(np.arange(2 * n).reshape(n, 2)),
    }
    return Frame(columns, np.zeros(n, dtype=np.int64), np.arange(n))


@given(keys=KEYS)
def test_group_numbers_when_rows_follow_in_any_order_then_equal_where_keys_are(
    keys: list[tuple[int, str]],
) -> None:
    """Also where the rows of a group do not follow one another."""
    found = group_numbers(frame_of(keys), ["k", "t"]).tolist()
    assert sorted(set(found)) == list(range(len(set(keys))))
    assert len(set(zip(keys, found, strict=True))) == len(set(keys))


@given(keys=KEYS)
def test_nest_when_rows_follow_in_any_order_then_lists_in_order_of_first_key(
    keys: list[tuple[int, str]],
) -> None:
    frame = frame_of(keys)
    groups: dict[tuple[int, str], list[int]] = {}
    for row, key in enumerate(keys):
        groups.setdefault(key, []).append(row)
    assert first_of_each(frame, ["k", "t"]).tolist() == [rows[0] for rows in groups.values()]
    nested = nest(frame, ["k", "t"])
    assert nested.columns["k"].data.tolist() == [k for k, _ in groups]
    assert nested.row.tolist() == [rows[0] for rows in groups.values()]
    x, y = nested.columns["x"], nested.columns["y"]
    assert x.holes is not None
    rows = [row for rows in groups.values() for row in rows]
    assert x.data.tolist() == rows
    assert x.holes.tolist() == [row % 4 == 3 for row in rows]
    assert x.counts.tolist() == [len(rows) for rows in groups.values()]
    assert y.data.tolist() == [2 * row + k for row in rows for k in (0, 1)]
    assert y.counts.tolist() == [2 * len(rows) for rows in groups.values()]


@given(
    rows=st.lists(st.lists(st.tuples(st.sampled_from([0.0, 1.0, 2.5, np.nan]), st.integers(0, 2))))
)
def test_order_when_elements_are_sorted_then_stable_with_nan_last(
    rows: list[list[tuple[float, int]]],
) -> None:
    """Rows of like lengths, of one that is far longer, and empty ones."""
    flat = [element for row in rows for element in row]
    offsets = np.cumsum([0, *map(len, rows)])
    first = np.array([element[0] for element in flat])
    second = np.array([element[1] for element in flat], dtype=np.int64)
    guide = Column(first, offsets=offsets)

    def rank(place: int) -> tuple[bool, float, int]:
        value, other = flat[place]
        return bool(np.isnan(value)), 0.0 if np.isnan(value) else value, other

    expected = [
        place
        for start, stop in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
        for place in sorted(range(start, stop), key=rank)
    ]
    assert _order([first, second], guide).tolist() == expected
    if _is_sorted([first, second], guide):
        assert expected == list(range(len(flat)))
    elif not np.isnan(first).any():
        assert expected != list(range(len(flat)))


def test_order_when_keys_are_small_integers_then_no_overflow() -> None:
    """Their differences do not fit their own type."""
    first = np.array([100, -100, 100, -128, 127], dtype=np.int8)
    second = np.array([2.0, 5.0, 1.0, 4.0, 3.0])
    guide = Column(first, offsets=np.array([0, 3, 5]))
    assert _order([first, second], guide).tolist() == [1, 2, 0, 3, 4]


def test_partners_when_ids_are_signed_and_unsigned_then_all_digits_count() -> None:
    big = 2**62
    table = Frame(
        {"key": Column(np.array([big, big + 1], dtype="u8"))}, np.zeros(2, "i8"), np.arange(2)
    )
    wanted = {"key": Column(np.array([big + 1, big + 2, big]))}
    assert find_partners(table, wanted, where="table").tolist() == [1, -1, 0]


def test_take_when_a_row_has_no_partner_then_nothing_of_another_row_is_in_its_place() -> None:
    """A text of row 0 that is no number would be the fault of a row that does not have it."""
    found = take_or_null(Column(np.array(["x", "2"])), np.array([1, -1]))
    assert found.data.tolist() == ["2", ""]
    assert found.null is not None
    assert found.null.tolist() == [False, True]
