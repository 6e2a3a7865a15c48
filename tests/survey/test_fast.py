"""The fast view of a dataset gives what the plain NumPy format gives, also of changed datasets."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import pytest
from datasets import Dataset, Features, List, Value, concatenate_datasets, load_from_disk

import astropile as ap
from astropile.engine import scan
from astropile.survey import formatting
from astropile.survey.formatting import FORMAT_TYPE

Change = Callable[[Dataset], Dataset]


def same(value: Any, expected: Any) -> bool:
    """Tell whether a value is that of the NumPy format, where a scalar is an array without axes."""
    if isinstance(expected, dict):
        return value.keys() == expected.keys() and all(
            same(value[name], item) for name, item in expected.items()
        )
    if expected is None or value is None:
        return value is None and (expected is None or bool(np.isnan(expected)))
    if isinstance(value, np.ndarray):
        exact = value.dtype == expected.dtype or value.dtype.kind == "U"
        return exact and value.shape == expected.shape and bool(np.all(nearly(value, expected)))
    if isinstance(expected, np.ndarray | np.generic):
        expected = expected.item()
    return type(value) is type(expected) and value == expected


def nearly(value: Any, expected: Any) -> Any:
    is_nan = (value != value) & (expected != expected)
    return (value == expected) | is_nan


@pytest.fixture
def dataset(trees: Path) -> Dataset:
    """All rows of the grove."""
    return ap.load("grove", data_dir=trees).dataset()


CHANGES: dict[str, Change] = {
    "nothing": lambda d: d,
    "slice": lambda d: d.select(range(3, 9)),
    "rows": lambda d: d.select([7, 0, 7, 3]),
    "shuffle": lambda d: d.shuffle(seed=3),
    "filter": lambda d: d.filter(lambda row: row["ebv"] > 0.05),
    "columns": lambda d: d.select_columns(["spectrum", "ra"]),
    "rename": lambda d: d.rename_columns({"g_mag": "r_mag", "r_mag": "g_mag"}),
    "twice": lambda d: concatenate_datasets([d, d.select([2])]),
    "flat": lambda d: d.flatten(),
    "format": lambda d: d.with_format("torch" if "torch" in sys.modules else "pandas"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_fast_when_dataset_is_changed_then_rows_equal_the_plain_format(
    dataset: Dataset, change: Change
) -> None:
    changed = change(dataset)
    plain = changed.with_format("numpy", dtype=None)
    view = ap.fast(changed)
    assert len(view) == len(plain)
    assert view.features == plain.features
    for place, row in enumerate(view):
        assert same(row, plain[place])
        assert same(view[place - len(view)], plain[place])


@pytest.mark.parametrize("name", [name for name in CHANGES if name != "format"])
def test_fast_when_the_view_itself_is_changed_then_rows_follow(dataset: Dataset, name: str) -> None:
    change = CHANGES[name]
    before = ap.fast(dataset)
    before[0]
    view, plain = change(before), change(dataset)
    assert view.format["type"] == FORMAT_TYPE
    assert all(same(view[k], plain[k]) for k in range(len(plain)))
    assert same(before[1], dataset[1])


def test_fast_when_batch_or_column_is_asked_then_as_rows(dataset: Dataset) -> None:
    view = ap.fast(dataset)
    rows = list(view)
    batch = view[2:6]
    assert batch["image"][1]["flux"].tolist() == rows[3]["image"]["flux"].tolist()
    np.testing.assert_array_equal(batch["ra"], [row["ra"] for row in rows[2:6]])
    np.testing.assert_array_equal(view["r_mag"][:], np.array([row["r_mag"] for row in rows], "f4"))
    assert view["label"][:][1] is None
    assert view[[5, 1]]["object_id"].tolist() == ["tree-5", "tree-1"]


def test_fast_when_a_loader_asks_for_rows_then_list_of_examples(dataset: Dataset) -> None:
    """Loaders of torch call this; blocks must not be taken for columns."""
    rows = ap.fast(dataset).__getitems__([4, 2])
    assert [row["object_id"] for row in rows] == ["tree-4", "tree-2"]
    np.testing.assert_array_equal(rows[1]["image"]["flux"], dataset[2]["image"]["flux"])


def test_fast_when_iterated_in_batches_then_all_rows(dataset: Dataset) -> None:
    batches = list(ap.fast(dataset).iter(batch_size=5))
    assert [len(batch["ra"]) for batch in batches] == [5, 5, 4]


def test_fast_when_arrays_then_views_of_the_mapped_file(dataset: Dataset) -> None:
    flux = ap.fast(dataset)[6]["image"]["flux"]
    assert not flux.flags.owndata
    assert not flux.flags.writeable
    assert flux.dtype == np.float32


def test_fast_when_dataset_is_any_other_then_read_too() -> None:
    rows = {"x": [[1.5, None], [], None], "n": [1, None, 3], "t": ["a", None, "c"]}
    features = Features({"x": List(Value("float64")), "n": Value("int64"), "t": Value("string")})
    view = ap.fast(Dataset.from_dict(rows, features=features))
    assert [row["n"] for row in view] == [1, None, 3]
    np.testing.assert_array_equal(view[0]["x"], [1.5, np.nan])
    assert view[2] == {"x": None, "n": 3, "t": "c"}


def test_fast_when_dataset_is_empty_then_no_row(dataset: Dataset) -> None:
    view = ap.fast(dataset.select([]))
    assert list(view) == []
    with pytest.raises(IndexError):
        view[0]


def test_fast_when_columns_come_from_other_rows_then_these_are_read(dataset: Dataset) -> None:
    """Columns that share memory with the view's batches, but not their rows."""
    view = ap.fast(dataset.select(range(5)))
    names = view.column_names
    first = view.select(range(3)).select_columns(names[:4])
    second = view.select(range(2, 5)).select_columns(names[4:])
    mixed = concatenate_datasets([first, second], axis=1).with_format("numpy", dtype=None)
    fast = ap.fast(mixed)
    assert fast.column_names == names
    assert all(same(fast[k], mixed[k]) for k in range(3))
    assert fast[0]["object_id"] == "tree-0"
    np.testing.assert_array_equal(fast[0]["image"]["flux"], dataset[2]["image"]["flux"])


def test_fast_when_batches_share_memory_then_each_row_is_its_own() -> None:
    """Structs made of the same arrays at other places cannot be told apart by their buffers."""
    a, b = pa.array(range(10)), pa.array([f"t{k}" for k in range(10)])
    chunks = [
        pa.StructArray.from_arrays([a.slice(0, 5), b.slice(start, 5)], names=["a", "b"])
        for start in (0, 5)
    ]
    view = ap.fast(Dataset(pa.table({"s": pa.chunked_array(chunks)})))
    assert [row["s"]["b"] for row in view] == [f"t{k}" for k in range(10)]
    assert [view[k]["s"]["a"] for k in range(10)] == [*range(5), *range(5)]


def test_fast_when_batches_are_many_then_few_are_kept_at_hand(
    trees: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formatting, "BATCHES_AT_HAND", 2)
    monkeypatch.setattr(scan, "JOIN_BYTES", 0)
    dataset = ap.load("grove", data_dir=trees).dataset()
    view = ap.fast(dataset)
    kept = view.format["format_kwargs"]["fast_view"]._examples
    for row in [0, 13, 6, 9, 0, 13, 1]:
        assert same(view[row], dataset[row])
        assert len(kept) <= 2
    assert len(view.data.to_batches()) == 4


def test_fast_when_two_views_are_joined_then_rows_of_both(dataset: Dataset) -> None:
    views = [ap.fast(dataset.select(range(2))), ap.fast(dataset.select(range(2, 4)))]
    joined = concatenate_datasets(views)
    assert [row["object_id"] for row in joined] == [f"tree-{k}" for k in range(4)]


def test_fast_when_map_is_called_then_it_gets_examples(dataset: Dataset) -> None:
    view = ap.fast(dataset)
    mapped = view.map(lambda row: {"peak": float(row["image"]["flux"].max())})
    peaks = [row["image"]["flux"].max() for row in view]
    np.testing.assert_allclose([row["peak"] for row in mapped], peaks)


def test_fast_when_called_twice_then_same_fingerprint_and_the_dataset_is_untouched(
    dataset: Dataset,
) -> None:
    before = dataset._fingerprint
    assert ap.fast(dataset)._fingerprint == ap.fast(dataset)._fingerprint
    assert dataset._fingerprint == before
    assert dataset.format["type"] == "numpy"
    assert ap.fast(dataset).info.description == dataset.info.description


def test_fast_when_saved_then_refused_and_the_dataset_saves(
    dataset: Dataset, tmp_path: Path
) -> None:
    """Plain `datasets` does not know the format, so what it wrote could not be opened."""
    with pytest.raises(TypeError, match="fast_view"):
        ap.fast(dataset).save_to_disk(tmp_path / "view")
    dataset.save_to_disk(tmp_path / "itself", num_shards=3)
    view = ap.fast(load_from_disk(tmp_path / "itself"))
    assert all(same(view[k], dataset[k]) for k in (0, 5, 13, 9))


def test_fast_when_pickled_to_a_new_process_then_rows_are_read_there(
    dataset: Dataset, tmp_path: Path
) -> None:
    """Loaders start workers afresh; these must know the format without being told."""
    (tmp_path / "view").write_bytes(pickle.dumps(ap.fast(dataset)))
    code = "import pickle, sys\nd = pickle.load(open(sys.argv[1], 'rb'))\nprint(d[3]['object_id'])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "view")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "tree-3"


def test_fast_when_stream_then_same_rows(dataset: Dataset) -> None:
    stream = ap.fast(dataset.with_format(None).to_iterable_dataset())
    assert isinstance(stream, datasets.IterableDataset)
    assert all(same(a, b) for a, b in zip(stream, dataset, strict=True))
