"""Parquet files piece by piece: all rows in order, whatever the row groups."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from astropile.sky.threads import in_turn
from astropile.survey.plain_parquet import parquet_pieces


@pytest.mark.parametrize("group", [1, 7, 100, 1000])
@pytest.mark.parametrize("piece", [1, 400, 2000, 1 << 20])
@pytest.mark.parametrize("columns", [None, ["b"], ["b", "a.x"]])
def test_pieces_when_joined_then_the_table(
    group: int, piece: int, columns: list[str] | None, tmp_path: Path
) -> None:
    table = pa.table({"a.x": np.arange(300), "b": [[float(k)] * (k % 4) for k in range(300)]})
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, row_group_size=group)
    meta = pq.read_metadata(path)
    found = pa.concat_tables(list(parquet_pieces(path, meta, columns, piece)))
    wanted = table if columns is None else table.select(columns)
    assert found.select(wanted.column_names).combine_chunks().equals(wanted)


def test_tasks_when_run_in_turn_then_in_order_and_only_a_few_ahead() -> None:
    begun: list[int] = []
    lock = threading.Lock()

    def task(number: int) -> int:
        with lock:
            begun.append(number)
        return number

    found = in_turn([lambda n=n: task(n) for n in range(20)], threads=3)  # type: ignore[misc]
    assert next(found) == 0
    assert begun == [0]  # nobody may want a second one
    for number in range(1, 10):
        assert next(found) == number
        assert max(begun) <= number + 3
    found.close()  # type: ignore[attr-defined]
    assert len(begun) < 20


def test_tasks_when_one_fails_then_its_error_in_its_turn() -> None:
    def fail() -> int:
        raise ValueError("third")

    found = in_turn([lambda: 1, lambda: 2, fail, lambda: 4], threads=2)
    assert [next(found), next(found)] == [1, 2]
    with pytest.raises(ValueError, match="third"):
        next(found)
