"""Numbers between NumPy and Arrow: shared, and without pandas."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from astropile.pile.plain import plain_array, plain_numbers


@pytest.mark.parametrize("kind", ["i4", "i8", "u2", "f4", "f8"])
def test_numbers_when_there_and_back_then_the_same_memory(kind: str) -> None:
    values = np.arange(10).astype(kind)
    array = plain_array(values[2:9])
    assert array.equals(pa.array(values[2:9]))
    back = plain_numbers(pa.chunked_array([array.slice(1, 4)]))
    assert back.tolist() == [3, 4, 5, 6]
    assert np.shares_memory(back, values)


def test_numbers_when_in_pieces_null_or_none_then_as_arrow_has_them() -> None:
    assert plain_array(np.arange(10)[::3]).to_pylist() == [0, 3, 6, 9]
    assert plain_numbers(pa.chunked_array([[1.0, None], [2.0]])).tolist()[::2] == [1.0, 2.0]
    assert plain_numbers(pa.chunked_array([], pa.float64())).tolist() == []
    assert plain_numbers(pa.chunked_array([[1], [], [2, 3]], pa.int32())).tolist() == [1, 2, 3]


def test_match_of_piles_when_fresh_then_loads_no_pandas(tmp_path: Path) -> None:
    code = f"""
import sys, numpy as np, pyarrow as pa, astropile as ap
table = pa.table({{"id": ["a", "b"], "ra": [1.0, 2.0], "dec": [0.0, 0.0]}})
where = {{"object_id": "id", "ra": "ra", "dec": "dec"}}
ap.build_table(table, {str(tmp_path / "one")!r}, name="one", **where)
"""
    again = f"""
import sys, astropile as ap
one = ap.open({str(tmp_path / "one")!r})
pairs = ap.cross_match(one, one, labels=("a", "b")).pairs
print(len(pairs), "pandas" in sys.modules)
"""
    for text in (code, again):
        found = subprocess.run(
            [sys.executable, "-c", text], capture_output=True, text=True, check=True
        )
    assert found.stdout.split() == ["2", "False"]
