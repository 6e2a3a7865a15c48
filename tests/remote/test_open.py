"""Piles elsewhere: only the parts that are asked for are read; what goes wrong is told."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import astropile as ap
from astropile.errors import AstropileError, CorruptFileError, PileError, SourceError
from astropile.remote import Waiting
from astropile.testing import simulate


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pile of 240 mock objects with images, in many partitions."""
    root = tmp_path_factory.mktemp("elsewhere")
    simulate("decals", None, 240, data_dir=root / "files", seed=2)
    survey = ap.load("decals", data_dir=root / "files", columns=["image", "flux_model_z", "ebv"])
    survey.build(root / "pile", partition_rows=16, workers=1)
    return root / "pile"


@pytest.fixture
def served(built: Path, web_server: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The pile behind a URL; attempts follow one another at once."""
    monkeypatch.setattr("astropile.remote.path.WAITING", Waiting(retries=1, first_s=0.0))
    shutil.copytree(built, web_server.folder / "pile")
    return web_server


def test_open_when_elsewhere_then_gives_the_same_examples(built: Path, served: Any) -> None:
    here, there = ap.open(built), ap.open(f"{served.url}/pile")
    assert len(there) == len(here) == 240
    assert there.catalog(["ebv"]).meta == here.catalog(["ebv"]).meta
    assert (there.catalog(["ebv"])["ebv"] == here.catalog(["ebv"])["ebv"]).all()
    for own, other in zip(here, there, strict=True):
        np.testing.assert_equal(own, other)
    assert there.rejects.to_arrow().equals(here.rejects.to_arrow())
    assert there.dataset()[3]["object_id"] == here.dataset()[3]["object_id"]


def test_open_when_a_cone_is_read_then_few_bytes_are(built: Path, served: Any) -> None:
    total = sum(file.stat().st_size for file in built.rglob("*") if file.is_file())
    pile = ap.open(f"{served.url}/pile")
    opening = sum(served.sent.values())
    assert opening < 0.05 * total
    middle = ap.open(built).catalog()[100]
    cone = pile.filter(region=ap.cone(middle["ra"], middle["dec"], radius_arcsec=1))
    found = [row["object_id"] for row in cone]
    assert found == [middle["object_id"]]
    assert sum(served.sent.values()) < 0.20 * total
    # Every partition was asked for by ranges only, and most were not asked for at all.
    asked = {request.path for request in served.requests if "Npix=" in request.path}
    assert len(asked) == 1
    assert all(request.range for path in asked for request in served.gets(path))


def test_open_when_columns_are_chosen_then_others_are_not_read(built: Path, served: Any) -> None:
    total = sum(file.stat().st_size for file in built.rglob("*") if file.is_file())
    ap.open(f"{served.url}/pile").catalog(["flux_model_z"])
    assert sum(served.sent.values()) < 0.5 * total
    ap.open(f"{served.url}/pile", columns=["flux_model_z"]).dataset()
    assert sum(served.sent.values()) < 0.9 * total


def test_open_when_statistics_rule_partitions_out_then_images_are_not_read(
    built: Path, served: Any
) -> None:
    pile = ap.open(f"{served.url}/pile").filter("ebv < -5")
    assert list(pile) == []
    widths = [span(request.range) for request in served.requests if "Npix=" in request.path]
    assert widths
    # Footers only.
    assert max(widths) <= 65_536


def span(asked: str) -> int:
    """Return how many bytes a range header asks for."""
    first, _, last = asked.removeprefix("bytes=").partition("-")
    return int(last) - int(first) + 1


def test_open_when_matched_then_as_the_local_pile(built: Path, served: Any) -> None:
    here, there = ap.open(built), ap.open(f"{served.url}/pile")
    pairs = ap.cross_match(there.head(20), here, radius_arcsec=1).pairs
    assert pairs["left_object_id"].equals(pairs["right_object_id"])
    assert len(pairs) == 20


def test_open_when_pickled_then_reads_on(served: Any) -> None:
    pile = ap.open(f"{served.url}/pile")
    again = pickle.loads(pickle.dumps(pile.request))
    assert again.n_rows == len(pile)
    assert next(again.tables()).num_rows


def test_open_when_there_is_nothing_then_says_so(served: Any) -> None:
    with pytest.raises(PileError, match=r"this is no pile: it has no manifest\.json") as caught:
        ap.open(f"{served.url}/nothing")
    assert served.url in str(caught.value)


def test_open_when_a_partition_is_gone_then_is_a_typed_error(served: Any) -> None:
    pile = ap.open(f"{served.url}/pile")
    next((served.folder / "pile" / "dataset").rglob("Npix=*.parquet")).unlink()
    with pytest.raises(SourceError, match="there is no such file"):
        list(pile.iter_tables())


def test_open_when_answers_break_off_then_tries_again_and_then_says_so(served: Any) -> None:
    pile = ap.open(f"{served.url}/pile", columns=["ebv"])
    path = f"pile/{pile.request.pile.leaves[0].path}"
    served.breaks[path] = [100]
    assert sum(table.num_rows for table in pile.iter_tables()) == 240
    served.breaks[path] = [100] * 50
    with pytest.raises(AstropileError, match="cannot be read") as caught:
        list(pile.iter_tables())
    assert "Npix=" in str(caught.value)


def test_open_when_a_file_is_shorter_than_the_manifest_says_then_is_a_typed_error(
    served: Any,
) -> None:
    pile = ap.open(f"{served.url}/pile")
    file = served.folder / "pile" / pile.request.pile.leaves[0].path
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(CorruptFileError):
        list(pile.iter_tables())


def test_open_when_a_byte_was_changed_then_the_checksum_tells(served: Any) -> None:
    pile = ap.open(f"{served.url}/pile")
    file = served.folder / "pile" / pile.request.pile.leaves[0].path
    data = bytearray(file.read_bytes())
    data[len(data) // 3] ^= 1
    file.write_bytes(data)
    with pytest.raises(CorruptFileError, match="cannot be read"):
        list(pile.iter_tables())


def test_open_when_the_server_ignores_ranges_then_is_a_typed_error(served: Any) -> None:
    served.ranges = False
    pile = ap.open(f"{served.url}/pile")
    with pytest.raises(SourceError, match="it ignores ranges"):
        list(pile.iter_tables())


@pytest.mark.parametrize("status", [403, 500])
def test_open_when_the_server_refuses_then_is_a_typed_error(served: Any, status: int) -> None:
    served.statuses["pile/manifest.json"] = [-status]
    with pytest.raises(AstropileError, match="mirror"):
        ap.open(f"{served.url}/pile")


def test_open_when_the_manifest_is_changed_then_is_refused(served: Any) -> None:
    file = served.folder / "pile" / "manifest.json"
    file.write_text(file.read_text().replace('"rows": 16', '"rows": 17'))
    with pytest.raises(PileError, match="manifest was changed"):
        ap.open(f"{served.url}/pile")


def test_open_when_the_scheme_is_unknown_then_is_a_usage_error() -> None:
    with pytest.raises(AstropileError, match="no folder that can be read"):
        ap.open("gopher://example.org/pile")


def test_open_when_another_file_system_holds_it_then_is_read_by_ranges(built: Path) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.put(str(built), "/kept/pile", recursive=True)
    try:
        pile = ap.open("memory://kept/pile", columns=["ebv"])
        assert repr(pile).endswith("memory://kept/pile>")
        here = ap.open(built).filter("ebv > 0").catalog(["ebv"])
        assert (pile.filter("ebv > 0").catalog(["ebv"])["ebv"] == here["ebv"]).all()
        assert len(here)
    finally:
        memory.rm("/kept", recursive=True)


def test_stream_when_elsewhere_then_reads_by_partition(built: Path, served: Any) -> None:
    stream = ap.open(f"{served.url}/pile", columns=["ebv"]).stream(shuffle=True, seed=1)
    first = [row["object_id"] for row in stream.take(5)]
    here = ap.open(built, columns=["ebv"]).stream(shuffle=True, seed=1)
    assert first == [row["object_id"] for row in here.take(5)]
    assert np.unique([request.path for request in served.requests]).size < 12
