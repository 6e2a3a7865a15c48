"""``astropile build``, ``verify`` and ``clean PATH``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

import astropile as ap
from astropile.testing import simulate

Run = Callable[..., Result]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Mock files of a survey."""
    simulate("hipparcos", None, 30, data_dir=tmp_path / "data", seed=1)
    return tmp_path / "data"


def test_build_when_done_then_said_and_verified(
    run: Run, run_json: Any, data: Path, tmp_path: Path
) -> None:
    pile = tmp_path / "pile"
    facts = run_json("build", "hipparcos", "--data", data, "-o", pile, "--workers", 2)
    assert (facts["pile"], facts["survey"], facts["rows"]) == (str(pile), "hipparcos", 30)
    assert facts["rejected"] == {}
    assert len(ap.open(pile)) == 30
    found = run_json("verify", pile)
    assert (found["rows"], found["faults"]) == (30, [])
    again = run("build", "hipparcos", "--data-dir", data, "-o", pile)
    assert again.exit_code == 2
    assert "nothing is ever overwritten" in again.stderr
    assert run("clean", pile).stdout == "there is nothing to remove\n"


def test_build_when_columns_and_sizes_are_given_then_used(
    run: Run, data: Path, tmp_path: Path
) -> None:
    pile = tmp_path / "pile"
    result = run(
        "build", "hipparcos", "--data", data, "-o", pile,
        "--column", "vmag", "--partition-rows", 5, "--memory", 100,
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert "30 rows, 0 refused" in result.stdout
    opened = ap.open(pile)
    assert list(opened.features) == ["object_id", "ra", "dec", "vmag"]


def test_verify_when_a_file_was_changed_then_exit_code_1(
    run: Run, data: Path, tmp_path: Path
) -> None:
    pile = tmp_path / "pile"
    run("build", "hipparcos", "--data", data, "-o", pile)
    (pile / "astropile" / "citation.txt").write_text("mine")
    result = run("verify", pile)
    assert result.exit_code == 1
    assert "astropile/citation.txt has 4 bytes" in result.stdout
    assert run("verify", tmp_path / "nothing").exit_code == 4


def test_clean_when_a_build_was_stopped_then_its_folder_goes(
    run: Run, run_json: Any, tmp_path: Path
) -> None:
    left = tmp_path / ".pile.building-0123456789ab"
    (left / "work").mkdir(parents=True)
    (left / "work" / "rows.bin").write_bytes(b"x" * 100)
    facts = run_json("clean", tmp_path / "pile")
    assert facts == {"removed": [str(left)], "freed_bytes": 100}
    assert not left.exists()
