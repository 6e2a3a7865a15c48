"""Examples as a dataset, as a stream and one by one: the same rows, values and features."""

from __future__ import annotations

import itertools
import json
import pickle
from pathlib import Path
from typing import Any

import datasets
import h5py
import numpy as np
import pyarrow as pa
import pytest

import astropile as ap
from astropile.engine import scan
from astropile.errors import LeafError
from tests.survey.conftest import cells, write_hdf5
from tests.survey.test_values import assert_same, plain


def test_dataset_when_read_then_values_are_those_of_the_files(trees: Path) -> None:
    dataset = ap.load("grove", data_dir=trees).dataset()
    parts = [cells(n, start) for n, start in ((5, 0), (3, 5), (4, 8), (2, 12))]
    assert len(dataset) == 14
    ivar = np.concatenate([part["image_ivar"] for part in parts])
    wave = [row[row > 0] for part in parts for row in part["spectrum_lambda"]]
    for place, row in enumerate(dataset):
        assert row["object_id"] == f"tree-{place}"
        np.testing.assert_array_equal(row["image"]["ivar"], ivar[place], strict=True)
        np.testing.assert_array_equal(row["spectrum"]["lambda"], wave[place], strict=True)
        assert row["image"]["band"].tolist() == ["g", "r"]


@pytest.mark.parametrize("names", ["original", "canonical"])
@pytest.mark.parametrize("layout", ["nested", "per_band"])
@pytest.mark.parametrize("columns", [None, [], ["spectrum", "mag_cmodel_g"], ["image.ivar", "ra"]])
def test_features_when_known_without_data_then_those_of_the_dataset(
    trees: Path, names: Any, layout: Any, columns: Any
) -> None:
    options = {"names": names, "layout": layout, "columns": columns}
    survey = ap.load("grove", data_dir=trees, **options)
    known = ap.load("grove", **options).features
    dataset = survey.dataset("test")
    assert dataset.features == known
    assert list(dataset.features) == list(known)
    table = next(survey.iter_tables(split="test"))
    assert table.schema.equals(known.arrow_schema)
    assert list(next(iter(survey))) == list(known)


@pytest.mark.parametrize("layout", ["nested", "per_band"])
@pytest.mark.parametrize("split", [None, "train", "test"])
def test_rows_when_streamed_iterated_or_mapped_then_the_same(
    trees: Path, split: str | None, layout: Any
) -> None:
    survey = ap.load("grove", data_dir=trees, layout=layout)
    fast = list(ap.fast(survey.dataset(split)))
    tables = itertools.chain.from_iterable(
        t.to_pylist() for t in survey.iter_tables(split=split, batch_rows=2)
    )
    streams = [survey.stream(split), survey.stream(split).with_format("astropile")]
    for rows in (tables, *streams, *([iter(survey)] if split is None else [])):
        for row, expected in itertools.zip_longest(rows, fast):
            assert plain(row) == plain(expected)
    for row, expected in zip(survey.stream(split), fast, strict=True):
        assert_same(row, expected)


def test_rows_when_batch_rows_is_given_then_no_table_is_longer(trees: Path) -> None:
    survey = ap.load("grove", data_dir=trees)
    assert [t.num_rows for t in survey.iter_tables(batch_rows=2)] == [2, 2, 1, 2, 1, 2, 2, 2]
    assert sum(t.num_rows for t in survey.iter_tables()) == len(survey)


def test_rows_when_budget_is_small_then_no_batch_is_larger(
    trees: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches follow a budget of memory, whatever the files hold."""
    monkeypatch.setattr("astropile.engine.run.BATCH_BYTES", 1)
    survey = ap.load("grove", data_dir=trees)
    run = survey.request.run(survey.request.wanted)
    run._reader.batch_bytes = 1
    assert {t.num_rows for t in survey.request.tables(run=run)} == {1}


def test_rows_when_an_index_is_given_then_only_these_in_file_order(trees: Path) -> None:
    survey = ap.load("grove", data_dir=trees)
    whole = survey.row_index
    chosen = np.array([1, 4, 6, 13])
    index = type(whole)(whole.file[chosen], whole.row[chosen])
    rows = [row for t in survey.iter_tables(index=index) for row in t.to_pylist()]
    assert [row["object_id"] for row in rows] == [f"tree-{k}" for k in chosen]
    everything = [row for t in survey.iter_tables() for row in t.to_pylist()]
    assert plain(rows) == plain([everything[k] for k in chosen])


# --- selections and names -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "keys"),
    [
        ([], {"object_id", "ra", "dec"}),
        (["ebv"], {"object_id", "ra", "dec", "ebv"}),
        (["OID", "m_g"], {"object_id", "ra", "dec", "g_mag"}),
        (["grove:mag_cmodel_r"], {"object_id", "ra", "dec", "r_mag"}),
        (["spectrum"], {"object_id", "ra", "dec", "spectrum"}),
        (["image.mask", "spectrum.flux"], {"object_id", "ra", "dec", "image", "spectrum"}),
    ],
)
def test_columns_when_named_in_any_way_then_original_keys(
    trees: Path, columns: list[str], keys: set[str]
) -> None:
    survey = ap.load("grove", data_dir=trees, columns=columns)
    row = survey.dataset("test")[0]
    assert set(row) == keys == set(next(iter(survey)))
    if "image" in keys:
        assert set(row["image"]) == {"band", "mask"}
        assert set(row["spectrum"]) == {"flux"}


def test_columns_when_chosen_then_values_are_those_of_the_whole(trees: Path) -> None:
    whole = list(ap.load("grove", data_dir=trees))
    part = list(ap.load("grove", data_dir=trees, columns=["spectrum.lambda", "image.flux", "ebv"]))
    for row, expected in zip(part, whole, strict=True):
        for name, value in row.items():
            inner = value.items() if isinstance(value, dict) else [(None, value)]
            for key, item in inner:
                assert plain(item) == plain(expected[name][key] if key else expected[name])


def test_columns_when_bulk_is_not_chosen_then_it_is_not_read(
    trees: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cells that are not needed may even be damaged."""
    for path in (trees / "small").glob("*/*.hdf5"):
        with h5py.File(path, "r+") as file:
            del file["image_flux"], file["image_ivar"]
    survey = ap.load("grove", data_dir=trees, columns=["spectrum", "image.mask"])
    assert len(survey.dataset()) == 14
    assert len(list(survey.stream())) == 14


def test_names_when_canonical_then_keys_with_a_meaning_change_in_place(trees: Path) -> None:
    original, canonical = (
        ap.load("grove", data_dir=trees, names=names).dataset("test")
        for names in ("original", "canonical")
    )
    renamed = {"g_mag": "mag_cmodel_g", "r_mag": "mag_cmodel_r"}
    assert list(canonical.features) == [renamed.get(key, key) for key in original.features]
    assert canonical.features["image"] == original.features["image"]
    np.testing.assert_array_equal(canonical["mag_cmodel_r"][:], original["r_mag"][:])


# --- form of a dataset ----------------------------------------------------------------------------


def test_dataset_when_opened_then_numpy_format_split_and_info(trees: Path) -> None:
    dataset = ap.load("grove", data_dir=trees).dataset("train")
    assert dataset.format["type"] == "numpy"
    assert dataset.split == "train"
    assert dataset.info.license == "CC0"
    assert "10.1000/grove" in dataset.info.citation
    assert dataset["ra"][:].dtype == np.float64
    assert dataset.cache_files


@pytest.fixture
def without_spectra(trees: Path, grove: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The grove with files that hold no spectra."""
    absent = "    absent: [spectrum.lambda, spectrum.flux]\n  parquet:"
    text = grove.read_text().replace(
        "    keep: {spectrum.pixel: lambda > 0}\n  parquet:", absent, 1
    )
    path = trees.parent / "changed.yaml"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("ASTROPILE_SCHEMAS", str(path))
    return trees


def test_dataset_when_a_block_is_unknown_then_null_in_every_view(without_spectra: Path) -> None:
    """A spectrum of which nothing is known is no spectrum of length 0."""
    survey = ap.load("grove", data_dir=without_spectra)
    dataset = survey.dataset()
    assert dataset.features == survey.features
    assert {row["spectrum"] for row in dataset} == {None}
    assert {row["spectrum"] for row in survey} == {None}
    assert {row["spectrum"] for row in survey.stream()} == {None}
    assert dataset[0]["image"]["flux"].shape == (2, 4, 4)
    per_band = ap.load("grove", data_dir=without_spectra, layout="per_band").dataset()
    assert per_band[3]["grove_spectrum"] is None


def test_dataset_when_no_row_is_left_then_empty_with_features(
    trees: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for path in (trees / "small" / "test").iterdir():
        path.unlink()
    write_hdf5(trees / "small/test/a.hdf5", {**cells(2, 0), "dec": np.array([91.0, -91.0])})
    survey = ap.load("grove", data_dir=trees)
    dataset = survey.dataset("test")
    assert (len(dataset), dataset.features) == (0, survey.features)
    assert len(survey.catalog(["ebv", "label"], split="test")) == 0
    assert list(survey.stream("test")) == []
    assert "grove: 2 rows were refused (position 2)" in caplog.text


def test_dataset_when_saved_then_meaning_comes_back(trees: Path, tmp_path: Path) -> None:
    dataset = ap.load("grove", data_dir=trees).dataset()
    dataset.save_to_disk(tmp_path / "saved")
    facts = ap.meaning(datasets.load_from_disk(tmp_path / "saved"))
    assert facts == ap.meaning(dataset)
    grove = facts["grove"]
    assert (grove["survey"], grove["config"], grove["version"]) == ("grove", "small", "1.0.0")
    assert grove["columns"]["g_mag"]["canonical"] == "mag_cmodel_g"
    assert grove["columns"]["g_mag"]["unit"] == "mag(AB)"
    assert grove["columns"]["g_mag"]["filter"] == "CTIO/DECam.g"
    assert set(grove["columns"]) == set(ap.load("grove").columns)


def test_tables_when_iterated_then_units_travel_in_field_metadata(trees: Path) -> None:
    schema = next(ap.load("grove", data_dir=trees).iter_tables()).schema
    assert schema.field("ebv").metadata[b"unit"] == b"mag"
    inner = schema.field("spectrum").type.field("lambda")
    assert inner.metadata[b"unit"] == b"Angstrom"
    assert json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert isinstance(schema, pa.Schema)


# --- streams --------------------------------------------------------------------------------------


def test_stream_when_made_then_files_are_read_as_it_is_used(
    trees: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file after the other, but for small ones, of which several make a batch."""
    monkeypatch.setattr(scan, "JOIN_BYTES", 0)
    opened: list[str] = []
    original = h5py.File.__init__

    def spy(self: h5py.File, name: Any, *args: Any, **options: Any) -> None:
        if isinstance(name, str | Path):
            opened.append(Path(name).name)
        original(self, name, *args, **options)

    monkeypatch.setattr(h5py.File, "__init__", spy)
    stream = ap.load("grove", data_dir=trees).stream()
    assert opened == []
    next(iter(stream))
    assert opened == ["a.hdf5"]


def test_stream_when_shuffled_skipped_or_resumed_then_rows_are_right(trees: Path) -> None:
    stream = ap.load("grove", data_dir=trees, columns=[]).stream()
    assert isinstance(stream, datasets.IterableDataset)
    ids = [row["object_id"] for row in stream]
    assert [row["object_id"] for row in stream.skip(4).take(3)] == ids[4:7]
    assert sorted(row["object_id"] for row in stream.shuffle(seed=1, buffer_size=5)) == sorted(ids)
    iterator = iter(stream)
    for _ in range(6):
        next(iterator)
    state = stream.state_dict()
    stream.load_state_dict(state)
    assert [row["object_id"] for row in stream] == ids[6:]


def test_stream_when_pickled_then_reads_the_same(trees: Path) -> None:
    stream = ap.load("grove", data_dir=trees, columns=["image"]).stream("test")
    copy = pickle.loads(pickle.dumps(stream))
    assert [plain(row) for row in copy] == [plain(row) for row in stream]


def test_stream_when_described_then_features_split_and_meaning(trees: Path) -> None:
    survey = ap.load("grove", data_dir=trees)
    stream = survey.stream("train")
    assert stream.features == survey.features
    assert stream.split == "train"
    assert "grove" in ap.meaning(stream)


# --- rows that are refused ------------------------------------------------------------------------


def misfit(trees: Path) -> None:
    """Make one band of row 1 of a file unreadable."""
    rows: dict[str, Any] = cells(3, 90)
    rows["image_band"] = np.array([[b"x-g", b"x-r"], [b"x-g", b"x-q"], [b"x-g", b"x-r"]])
    write_hdf5(trees / "small/train/b2.hdf5", rows)


def test_value_when_it_does_not_fit_then_error_names_file_row_and_leaf(trees: Path) -> None:
    misfit(trees)
    says = r"small/train/b2\.hdf5, row 1: image\.band: 'x-q' is not in lookups\.token"
    with pytest.raises(LeafError, match=says):
        ap.load("grove", data_dir=trees).dataset()


def test_value_when_rows_may_be_refused_then_all_views_agree(
    trees: Path, caplog: pytest.LogCaptureFixture
) -> None:
    misfit(trees)
    survey = ap.load("grove", data_dir=trees, on_bad_row="reject")
    dataset = survey.dataset()
    ids = list(dataset["object_id"])
    assert len(ids) == 16
    assert "tree-91" not in ids
    assert survey.catalog(["ebv"])["object_id"].tolist() == ids
    assert [row["object_id"] for row in survey] == ids == [r["object_id"] for r in survey.stream()]
    assert survey.rejects.counts() == {"leaf": 1}
    (row,) = survey.rejects.to_arrow().to_pylist()
    assert (row["file"], row["row"]) == ("small/train/b2.hdf5", 1)
    assert "x-q" in row["message"]
    assert "grove: 1 rows were refused (leaf 1)" in caplog.text


def test_value_when_its_leaf_is_not_chosen_then_the_row_stays(trees: Path) -> None:
    misfit(trees)
    survey = ap.load("grove", data_dir=trees, on_bad_row="reject", columns=["ebv"])
    assert len(survey) == len(survey.dataset()) == 17
    chosen = survey.select(["image"])
    assert len(chosen) == len(chosen.dataset()) == 16
