"""ECSV tables written with astropy, read back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table
from hypothesis import given
from hypothesis import strategies as st

from astropile.errors import CellError, CorruptFileError
from astropile.readers import CellInfo, ReadOptions, open_reader

NewPath = Callable[[str], Path]
RowsOf = Callable[[Any], list[Any]]
NUMBERS: dict[str, Callable[[Any], st.SearchStrategy[Any]]] = {
    "b": lambda _: st.booleans(),
    "i": lambda kind: st.integers(int(np.iinfo(kind).min), int(np.iinfo(kind).max)),
    "u": lambda kind: st.integers(0, int(np.iinfo(kind).max)),
    "f": lambda kind: st.floats(width=32 if kind.itemsize == 4 else 64, allow_nan=False),
}
HEADER = "# %ECSV 1.0\n# ---\n"


@given(
    data=st.data(),
    dtype=st.sampled_from(["bool", "int8", "uint16", "int64", "uint64", "float32", "float64"]),
    delimiter=st.sampled_from([" ", ","]),
)
def test_read_when_numbers_and_nulls_then_the_same(
    data: st.DataObject,
    dtype: str,
    delimiter: str,
    new_path: NewPath,
    load: Any,
    rows_of: RowsOf,
) -> None:
    """The header says the type."""
    n = data.draw(st.integers(1, 6))
    kind = np.dtype(dtype)
    values = data.draw(st.lists(st.none() | NUMBERS[kind.kind](kind), min_size=n, max_size=n))
    path = new_path(".ecsv")
    mask = [value is None for value in values]
    filled = np.array([value or 0 for value in values], dtype=kind)
    table = Table({"id": [f"0{i}" for i in range(n)], "x": MaskedColumn(filled, mask=mask)})
    table.write(path, delimiter=delimiter)
    found = load(path, "ecsv")
    assert found["x"].data.dtype == kind
    assert rows_of(found["x"]) == [
        None if value is None else filled[i].item() for i, value in enumerate(values)
    ]
    assert rows_of(found["id"]) == [f"0{i}" for i in range(n)]


def test_read_when_arrays_then_dense_or_ragged(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Fixed and variable shapes, as JSON in the cells."""
    ragged = np.empty(2, dtype=object)
    ragged[:] = [np.array([1.5]), np.array([2.5, 3.5])]
    table = Table({"m": np.arange(8, dtype="i2").reshape(2, 2, 2), "v": ragged}, units={"v": "Jy"})
    path = new_path(".ecsv")
    table.write(path)
    with open_reader(path, "ecsv", ReadOptions()) as reader:
        assert dict(reader.cells()) == {
            "m": CellInfo("int16", (2, 2)),
            "v": CellInfo("float64", (None,), "Jy"),
        }
    found = load(path, "ecsv")
    assert found["m"].data.tolist() == table["m"].tolist()
    assert rows_of(found["v"]) == [[1.5], [2.5, 3.5]]
    assert rows_of(load(path, "ecsv", ["v"], np.array([1]))["v"]) == [[2.5, 3.5]]


def test_read_when_types_have_no_equal_then_the_nearest(new_path: NewPath, load: Any) -> None:
    """Half floats become float32; what is no number stays text."""
    path = new_path(".ecsv")
    path.write_text(
        HEADER
        + "# datatype:\n# - {name: h, datatype: float16}\n# - {name: c, datatype: complex64}\n"
        "h c\n1.5 (1+2j)\n"
    )
    found = load(path, "ecsv")
    assert found["h"].data.dtype == np.float32
    assert found["c"].data.tolist() == ["(1+2j)"]


def test_read_when_the_schema_names_nulls_then_null(
    new_path: NewPath, load: Any, rows_of: RowsOf
) -> None:
    """Gaia writes null."""
    path = new_path(".ecsv")
    path.write_text(
        HEADER + "# delimiter: ','\n# datatype:\n# - {name: x, datatype: int32}\n"
        "# - {name: a, datatype: string, subtype: 'float32[null]'}\n"
        'x,a\n1,null\nnull,"[1, null]"\n'
    )
    found = load(path, "ecsv", nulls=("null",))
    assert rows_of(found["x"]) == [1, None]
    assert rows_of(found["a"]) == [None, [1.0, None]]


def test_read_when_header_has_tags_and_aliases_then_nothing_is_made_of_them(
    new_path: NewPath, load: Any
) -> None:
    """A unit that would take for ever, nine levels of aliases, a call of Python."""
    levels = [f"# l{i}: &l{i} [{','.join(['*l' + str(i - 1)] * 9)}]\n" for i in range(1, 10)]
    path = new_path(".ecsv")
    path.write_text(
        HEADER + "# l0: &l0 [x, x]\n" + "".join(levels)
        + "# meta: !!python/object/apply:os.system ['exit 3']\n"
        + "# datatype:\n# - {name: x, unit: !astropy.units.Unit {unit: 10**100000000 m}, "
        + "datatype: int32}\nx\n7\n"
    )  # fmt: skip
    assert load(path, "ecsv")["x"].data.tolist() == [7]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x\n1\n", "no ECSV file"),
        (HEADER + "# [1, 2]\nx\n1\n", "header of the ECSV file is no mapping"),
        (HEADER + "# {a: \nx\n1\n", "cannot be read"),
        (HEADER + "# meta: {}\nx\n1\n", "header of the ECSV file has no datatype"),
        (HEADER + "# datatype:\n# - {name: x, datatype: int32}\nx\nyes\n", "cannot be read"),
        (HEADER + "# datatype:\n# - {name: x, datatype: int8}\nx\n300\n", "cannot be read"),
        (HEADER + "# datatype:\n# - {name: x, datatype: int8}\nx\n3 4\n", "line 6 has 2 cells"),
    ],
)
def test_read_when_header_or_values_are_wrong_then_corrupt(
    text: str, message: str, new_path: NewPath, load: Any
) -> None:
    """Every fault names the file."""
    path = new_path(".ecsv")
    path.write_text(text)
    with pytest.raises(CorruptFileError, match=message) as caught:
        load(path, "ecsv")
    assert str(path) in str(caught.value)


def test_read_when_array_text_is_no_json_then_error(new_path: NewPath, load: Any) -> None:
    """Or has another shape than declared."""
    path = new_path(".ecsv")
    head = HEADER + "# datatype:\n# - {name: x, datatype: string, subtype: 'int8[2]'}\nx\n"
    for text in ("[1", "[1,2,3]", "['a','b']", "{}"):
        path.write_text(f'{head}"{text}"\n')
        with pytest.raises(CellError, match="x: not arrays of int8"):
            load(path, "ecsv")
