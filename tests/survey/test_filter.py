"""Rows by condition, region, number and chance: the same of files and of a pile built of them."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets.distributed import split_dataset_by_node
from mocpy import MOC

import astropile as ap
from astropile.errors import (
    AmbiguousColumnError,
    CorruptFileError,
    LeafError,
    UnknownColumnError,
    UsageError,
)
from astropile.survey import Survey
from tests.survey.conftest import GROVE, cells, write_hdf5


@pytest.fixture(scope="module")
def woods_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hundred trees in four files, three of train and one of test."""
    root, start = tmp_path_factory.mktemp("woods"), 0
    for name, n in (("train/a", 70), ("train/b", 40), ("train/c", 60), ("test/a", 30)):
        write_hdf5(root / "small" / f"{name}.hdf5", spread(cells(n, start)))
        start += n
    return root


@pytest.fixture(scope="module")
def woods(
    woods_files: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Survey]]:
    """The trees as files, and as a pile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASTROPILE_SCHEMAS", str(GROVE))
        files = ap.load("grove", data_dir=woods_files)
        pile = files.build(tmp_path_factory.mktemp("piles") / "woods", partition_rows=40, workers=1)
        assert len(pile.request.pile.leaves) > 4
        yield {"files": files, "pile": pile}


def spread(arrays: dict[str, Any]) -> dict[str, Any]:
    """Return the same trees further from one another, one of them without a magnitude."""
    number = np.array([int(name[5:]) for name in arrays["object_id"]])
    return arrays | {"ra": number * 37.0 % 360, "dec": -80.0 + number * 0.79}


def ids(survey: Survey, split: str | None = None, *, deep: bool = False) -> list[str]:
    """Return the ids of the Examples, after a look that every way to read agrees."""
    found = [i for t in survey.iter_tables(split=split) for i in t["object_id"].to_pylist()]
    assert survey.catalog(split=split)["object_id"].tolist() == found
    assert not deep or list(survey.dataset(split)["object_id"]) == found
    assert [row["object_id"] for row in survey.stream(split)] == found
    if split is None:
        assert len(survey) == len(survey.row_index) == len(found)
        assert [row["object_id"] for row in survey] == found
    return found


CONDITIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "mag_cmodel_g < 30": lambda c: c["g_mag"] < 30,
    "m_r >= 25 and ebv < 2": lambda c: (c["r_mag"] >= 25) & (c["ebv"] < 2),
    "g_mag - r_mag >= 1 and r_mag < 30": lambda c: (
        (c["g_mag"] - c["r_mag"] >= 1) & (c["r_mag"] < 30)
    ),
    "is_star and not (r_mag > 30)": lambda c: c["is_star"] & (c["r_mag"] <= 30),
    "is_null(visits) or visits == 9007199254740993": lambda c: (
        c["visits"].mask | (c["visits"].filled(0) == 2**53 + 1)
    ),
    "label in ['n4', 'n6', 'n99']": lambda c: np.isin(c["label"].filled(""), ["n4", "n6", "n99"]),
    "`grove:g_mag` == 21.125": lambda c: c["g_mag"] == 21.125,
    "object_id == 'tree-77'": lambda c: c["object_id"] == "tree-77",
    "dec > 0 and ra < 100": lambda c: (c["dec"] > 0) & (c["ra"] < 100),
    "any_bit(visits, 0)": lambda c: (c["visits"].filled(0) & 1) == 1,
}


@pytest.mark.parametrize("text", CONDITIONS)
def test_filter_when_a_condition_is_given_then_only_true_passes(
    woods: dict[str, Survey], text: str
) -> None:
    for survey in woods.values():
        table = survey.catalog(["g_mag", "r_mag", "ebv", "is_star", "visits", "label"])
        passed = np.ma.filled(np.ma.asarray(CONDITIONS[text](table)), fill_value=False)
        kept = survey.filter(text)
        assert ids(kept, deep="mag" in text) == table["object_id"][passed].tolist()
        assert 0 < len(kept) < 200
        assert kept.rejects.to_arrow().equals(survey.rejects.to_arrow())


@pytest.mark.slow
def test_filter_when_bulk_leaves_are_asked_then_works_too(woods: dict[str, Survey]) -> None:
    for survey in woods.values():
        expected = [row["object_id"] for row in survey if row["image"]["mask"][0].sum() > 4]
        kept = survey.select(["ebv"]).filter("count(image.mask[0]) > 4")
        assert ids(kept) == expected
        assert set(next(iter(kept))) == {"object_id", "ra", "dec", "ebv"}


REGIONS = {
    "cone": ap.cone(0, -79, radius_arcsec=20 * 3600),
    "box": ap.box((300, 60), (-30, 90)),
    "polygon": ap.polygon([350, 80, 40], [-20, -10, 70]),
    "moc": ap.moc(MOC.from_str("1/0-9 22")),
    "all": ap.cone(0, 0, radius_arcsec=648_000),
    "nothing": ap.cone(1, 89, radius_arcsec=1),
}


@pytest.mark.parametrize("name", REGIONS)
def test_filter_when_a_region_is_given_then_rows_are_in_it(
    woods: dict[str, Survey], name: str
) -> None:
    for survey in woods.values():
        table = survey.catalog()
        inside = REGIONS[name].contains(table["ra"], table["dec"])
        kept = survey.filter(region=REGIONS[name])
        assert ids(kept, deep=True) == table["object_id"][inside].tolist()
        both = survey.filter("ebv < 2", region=REGIONS[name])
        assert ids(both) == ids(survey.filter("ebv < 2").filter(region=REGIONS[name]))


def test_filter_when_a_split_is_asked_then_both_hold(woods: dict[str, Survey]) -> None:
    for survey in woods.values():
        kept = survey.filter("ebv > 1.2")
        parts = [ids(kept, split) for split in ("train", "test")]
        assert sorted([*parts[0], *parts[1]]) == sorted(ids(kept))
        assert all(parts)


def test_head_and_sample_when_asked_then_rows_keep_their_order(woods: dict[str, Survey]) -> None:
    for survey in woods.values():
        everything = ids(survey)
        assert ids(survey.head(7), deep=True) == everything[:7]
        assert ids(survey.head(7).head(3)) == everything[:3]
        assert len(survey.head()) == 5
        assert ids(survey.head(0)) == []
        assert ids(survey.head(10**6)) == everything
        first, again, other = (ids(survey.sample(20, seed=seed)) for seed in (1, 1, 2))
        assert first == again != other
        assert first == [name for name in everything if name in first]
        assert len(first) == 20
        assert ids(survey.sample(10**6)) == everything
        assert ids(survey.head(9), "test", deep=True) == ids(survey, "test")[:9]
        assert len(ids(survey.sample(9), "test")) == 9


def test_steps_when_mixed_then_are_done_in_order(woods: dict[str, Survey]) -> None:
    for survey in woods.values():
        everything, bright = ids(survey), set(ids(survey.filter("ebv < 1")))
        assert ids(survey.filter("ebv < 1").head(6)) == [n for n in everything if n in bright][:6]
        assert ids(survey.head(90).filter("ebv < 1")) == [n for n in everything[:90] if n in bright]
        some = ids(survey.sample(60, seed=3))
        assert ids(survey.sample(60, seed=3).filter("ebv < 1"), deep=True) == [
            n for n in some if n in bright
        ]
        assert len(survey.filter("ebv < 1").sample(4).filter("ebv < -1")) == 0


@pytest.mark.parametrize("options", [{"layout": "per_band"}, {"names": "canonical"}])
def test_filter_when_keys_are_others_then_chooses_the_same_rows(
    woods: dict[str, Survey], woods_files: Path, options: dict[str, Any]
) -> None:
    key = "grove_id" if "layout" in options else "object_id"
    path = woods["pile"].request.data_dir
    assert path is not None
    for survey, other in (
        (woods["files"], ap.load("grove", data_dir=woods_files, **options)),
        (woods["pile"], ap.open(path, **options)),
    ):
        for step in (lambda s: s.filter("m_g < 30 and ebv > 0.1"), lambda s: s.head(4)):
            assert [row[key] for row in step(other)] == ids(step(survey))
            assert list(step(other).dataset()[key]) == ids(step(survey))


def test_head_when_iterated_then_later_files_are_not_read(grove: Path, tmp_path: Path) -> None:
    write_hdf5(tmp_path / "small" / "train" / "a.hdf5", cells(5))
    (tmp_path / "small" / "train" / "b.hdf5").write_bytes(b"no file of anything")
    survey = ap.load("grove", data_dir=tmp_path)
    assert [row["object_id"] for row in survey.head(2)] == ["tree-0", "tree-1"]
    with pytest.raises(CorruptFileError):
        list(survey)


def test_filter_when_files_and_pile_are_compared_then_the_same_rows(
    woods: dict[str, Survey],
) -> None:
    region, text = ap.box((90, 300), (-60, 40)), "r_mag > 22 and mag_cmodel_g < 40"
    found = [sorted(ids(survey.filter(text, region=region))) for survey in woods.values()]
    assert found[0] == found[1]
    assert found[0]


def test_filter_when_examples_are_cached_then_each_filter_has_its_own(
    woods: dict[str, Survey],
) -> None:
    survey = woods["files"]
    prints = {
        one.dataset()._fingerprint
        for one in (survey, survey.filter("ebv < 1"), survey.filter("ebv < 2"), survey.head(3),
                    survey.filter(region=ap.cone(1, 1, 3600)), survey.sample(3), survey.head(3))
    }  # fmt: skip
    assert len(prints) == 6


def test_filter_when_matched_then_only_rows_left_take_part(woods: dict[str, Survey]) -> None:
    files, pile = woods.values()
    kept = files.filter("ebv < 1")
    result = ap.cross_match(kept, pile.filter("is_star"), radius_arcsec=1)
    assert result.pairs["left_object_id"].to_pylist() == [
        row["object_id"] for row in kept if row["is_star"]
    ]
    rows = result.pairs["left_row"].to_numpy()
    assert (kept.catalog()["object_id"][rows] == result.pairs["left_object_id"].to_numpy()).all()
    assert [r["object_id"] for r in result.dataset()["grove_left"]] == result.pairs[
        "left_object_id"
    ].to_pylist()


def test_filter_when_built_then_the_pile_holds_the_rows_left(
    woods: dict[str, Survey], tmp_path: Path
) -> None:
    for name, survey in woods.items():
        for number, kept in enumerate((survey.filter("ebv < 1").sample(30), survey.head(7))):
            pile = kept.build(tmp_path / f"{name}{number}", workers=1)
            assert sorted(ids(pile)) == sorted(ids(kept))
            for split in ("train", "test"):
                assert set(ids(pile, split)) <= set(ids(survey, split))


def test_filter_when_rows_are_rejected_then_rejects_are_those_of_the_survey(
    grove: Path, woods_files: Path, tmp_path: Path
) -> None:
    shutil.copytree(woods_files, tmp_path / "woods")
    arrays = cells(6, 500)
    arrays["dec"][2] = 99.0
    write_hdf5(tmp_path / "woods" / "small" / "train" / "d.hdf5", arrays)
    survey = ap.load("grove", data_dir=tmp_path / "woods")
    for kept in (survey.filter("ebv > 7.6"), survey.head(2), survey.sample(2)):
        assert len(kept.rejects) == len(survey.rejects) == 1
    assert ids(survey.filter("ebv > 7.6")) == [f"tree-{k}" for k in (500, 501, 503, 504, 505)]


def test_filter_when_source_lacks_a_leaf_then_it_is_null(grove: Path, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {k: v for k, v in cells(5).items() if "image" not in k and "spectrum" not in k}
    del arrays["label"], arrays["visits"]
    plain = {k: v.astype(str) if v.dtype.kind == "S" else v for k, v in arrays.items()}
    (tmp_path / "small" / "train").mkdir(parents=True)
    pq.write_table(pa.table(plain), tmp_path / "small" / "train" / "a.parquet")
    survey = ap.load("grove", data_dir=tmp_path, columns=["ebv"])
    assert len(survey.filter("label == 'n4' or visits > 3")) == 0
    assert len(survey.filter("is_null(label) and is_null(visits)")) == 5


# --- what is refused ------------------------------------------------------------------------

REFUSED = {
    "mag_g < 2": (AmbiguousColumnError, "mag_cmodel_g"),
    "nothing < 2": (UnknownColumnError, "nothing"),
    "g_mag <": (UsageError, "a value is missing"),
    "g_mag + 1": (UsageError, "must be true or false, but this gives a number"),
    "label": (UsageError, "this gives a text"),
    "label > 3": (UsageError, "a text is compared with a number"),
    "g_mag == 'a'": (UsageError, "a number is compared with a text"),
    "is_star == 1": (UsageError, "a truth value is compared with a number"),
    "g_mag and is_star": (UsageError, "and needs true or false"),
    "not ebv": (UsageError, "not needs true or false"),
    "label + 1 > 2": (UsageError, r"'\+' needs numbers"),
    "image.flux > 2": (UsageError, "gives an array for each object"),
    "spectrum.lambda[0:2] > 2": (UsageError, "gives an array for each object"),
    "row() < 2": (UsageError, "row\\(\\) has no meaning"),
    "lookup(label, tokens) == 'g'": (UsageError, "is no lookup"),
    "g_mag + spectrum.lambda[0] > 2": (UsageError, "mag"),
    "dec < unit(3, 's')": (UsageError, "deg"),
    "": (UsageError, "empty"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_filter_when_it_can_never_be_used_then_is_refused_without_data(
    grove: Path, text: str
) -> None:
    kind, words = REFUSED[text]
    with pytest.raises(kind, match=words):
        ap.load("grove").filter(text)


def test_filter_when_refused_then_shows_the_place(grove: Path) -> None:
    with pytest.raises(UsageError) as caught:
        ap.load("grove").filter("ebv < 1 and label > 3")
    assert "\n | ebv < 1 and label > 3\n |             ^^^^^^^^^\n" in str(caught.value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: s.filter(), r"filter\(\) without a condition"),
        (lambda s: s.filter(region="cone"), "no region of the sky"),
        (lambda s: s.filter(lambda row: True), "a filter is text"),
        (lambda s: s.head(-1), "n=-1; expected a whole number"),
        (lambda s: s.sample(2.5), "n=2.5; expected a whole number"),
        (lambda s: s.sample(2, seed=-1), "seed=-1"),
    ],
)
def test_calls_when_arguments_are_wrong_then_say_so(grove: Path, call: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        call(ap.load("grove"))


def test_filter_when_units_differ_then_are_converted(grove: Path, woods: dict[str, Survey]) -> None:
    for survey in woods.values():
        radians = float(np.radians(-79.5))
        kept = survey.filter(f"dec < unit({radians!r}, 'rad')")
        assert ids(kept) == ids(survey.filter("dec < -79.5"))
        assert len(kept) == 1


def test_filter_when_a_value_does_not_allow_it_then_the_error_names_the_filter(
    woods: dict[str, Survey],
) -> None:
    with pytest.raises(LeafError, match="filter 'number\\(label\\) > 3'"):
        len(woods["files"].filter("number(label) > 3"))


# --- streams --------------------------------------------------------------------------------


def test_stream_when_shuffled_then_all_rows_in_an_order_of_the_seed(
    woods: dict[str, Survey],
) -> None:
    for survey in (*woods.values(), woods["pile"].filter("ebv < 2"), woods["pile"].sample(50)):
        plain = survey.select([])

        def order(seed: int, survey: Survey = plain) -> list[str]:
            return [row["object_id"] for row in survey.stream(shuffle=True, seed=seed)]

        assert order(1) == order(1)
        assert order(1) != order(2)
        assert sorted(order(1)) == sorted(ids(plain))


def test_stream_when_shared_out_then_each_row_comes_once(woods: dict[str, Survey]) -> None:
    for stream in (
        woods["pile"].select([]).stream(),
        woods["pile"].select([]).stream(shuffle=True, seed=5),
        woods["pile"].select([]).filter("ebv < 2.5").stream(),
        woods["files"].select([]).stream(shuffle=True),
    ):
        total = [row["object_id"] for row in stream]
        parts = [
            [row["object_id"] for row in split_dataset_by_node(stream, rank=rank, world_size=2)]
            for rank in range(2)
        ]
        assert sorted(parts[0] + parts[1]) == sorted(total)
        assert parts[0]
        assert parts[1]


def test_stream_when_a_region_is_asked_then_only_its_partitions_are_shards(
    woods: dict[str, Survey],
) -> None:
    pile = woods["pile"]
    assert pile.stream().num_shards == len(pile.request.pile.leaves)
    near = pile.filter(region=ap.cone(0, -80, radius_arcsec=3600))
    assert near.stream().num_shards < pile.stream().num_shards
    assert list(pile.filter(region=ap.cone(1, 89, radius_arcsec=1)).stream()) == []


def test_stream_when_sent_to_a_worker_then_gives_the_same(woods: dict[str, Survey]) -> None:
    for survey in woods.values():
        stream = survey.select([]).filter("ebv < 1", region=REGIONS["box"]).stream(shuffle=True)
        copy = pickle.loads(pickle.dumps(stream._ex_iterable))
        expected = [key for key, _ in stream._ex_iterable._iter_arrow()]
        assert [key for key, _ in copy._iter_arrow()] == expected
