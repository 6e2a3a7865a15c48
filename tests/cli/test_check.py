"""``astropile check``: what is wrong with files is found, and sound files pass."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import Result

from astropile.engine import RowIndex
from astropile.survey.checking import spread
from tests.cli.conftest import rows

Run = Callable[..., Result]
Write = Callable[..., Path]


def test_check_when_files_are_sound_then_code_0(run: Run, run_json: Any, write: Write) -> None:
    data = write(rows(6))
    result = run("check", "orchard", "--data", data)
    assert result.exit_code == 0, result.output
    assert "rows               6, 0 without position" in result.stdout
    assert result.stdout.endswith("no fault found\n")
    facts = run_json("check", "orchard", "--data", data)
    assert (facts["files"], facts["rows"], facts["read_in_full"]) == (1, 6, 6)
    assert facts["faulty"] is False


def test_check_when_rows_cannot_be_used_then_counted_by_reason(
    run: Run, run_json: Any, write: Write
) -> None:
    dec = np.array([10.0, 95.0, 12.0, 13.0, np.nan, 15.0])
    data = write(rows(6, dec=dec, object_id=np.array([1, 2, 3, 3, 5, 6])))
    result = run("check", "orchard", "--data", data)
    assert result.exit_code == 1
    assert "refused[repeated_id]: wide/1.hdf5, row 3: " in result.stdout
    assert "refused[position]: wide/1.hdf5, row 1: " in result.stdout
    facts = run_json("check", "orchard", "--data", data, "--all", code=1)
    assert facts["refused_by_reason"] == {"position": 1, "repeated_id": 1}
    assert (facts["rows"], facts["without_position"], facts["read_in_full"]) == (4, 1, 4)


def test_check_when_cells_are_missing_then_each_is_named(
    run: Run, run_json: Any, write: Write
) -> None:
    data = write(rows(6, mag_g=None, flux=None, mag_r=np.full(6, 99.0, dtype=np.float32)))
    facts = run_json("check", "orchard", "--data", data, code=1)
    faults = {leaf: fault for fault in facts["faults"] for leaf in fault["leaves"]}
    assert set(faults) == {"mag_g", "image.flux"}
    assert faults["mag_g"]["where"] == "wide/1.hdf5"
    assert [limit["leaf"] for limit in facts["limits"]] == ["mag_r"]
    printed = run("check", "orchard", "--data", data).stdout
    assert "error: wide/1.hdf5: 'mag_g' is not in the file" in printed
    assert "= leaves: mag_g" in printed


def test_check_when_cells_are_not_declared_then_listed_and_no_fault(
    run: Run, run_json: Any, write: Write
) -> None:
    data = write(rows(6, surprise=np.arange(6), healpix=np.arange(6), **{"extra/depth": [1] * 6}))
    facts = run_json("check", "orchard", "--data", data)
    assert facts["undeclared"] == [
        {"cell": "extra.depth", "file": "wide/1.hdf5"},
        {"cell": "surprise", "file": "wide/1.hdf5"},
    ]
    printed = run("check", "orchard", "--data", data).stdout.splitlines()
    assert "  undeclared: no leaf is read from extra.depth, surprise" in printed
    assert printed[-1] == "no fault found"
    assert run_json("check", "orchard", "--data", write(rows(6)))["undeclared"] == []


def test_check_when_limits_are_broken_then_counted_with_an_example(
    run: Run, run_json: Any, write: Write
) -> None:
    mag = np.array([20, 3, 20, 41, np.inf, np.nan], dtype=np.float32)
    kind = np.array([b"star", b"planet", b"galaxy", b"star", b"comet", b"star"])
    data = write(rows(6, mag_g=mag, kind=kind))
    found = {
        (fact["leaf"], fact["limit"]): (fact["values"], fact["example"], fact["object_id"])
        for fact in run_json("check", "orchard", "--data", data, code=1)["limits"]
    }
    assert found == {
        ("mag_g", "min"): (1, 3.0, "101"),
        ("mag_g", "max"): (2, 41.0, "103"),
        ("kind", "enum"): (2, "planet", "101"),
    }
    printed = run("check", "orchard", "--data", data).stdout
    assert "limit[mag_g]: 2 values above max 40, such as 41.0 of object 103" in printed
    assert "limit[kind]: 2 values outside enum star, galaxy, such as 'planet'" in printed


def test_check_when_an_image_has_another_shape_then_said(run_json: Any, write: Write) -> None:
    data = write(rows(6, flux=np.ones((6, 2, 5, 4), dtype=np.float32)))
    (fault,) = run_json("check", "orchard", "--data", data, code=1)["faults"]
    assert "axis y has 4 places, got 5" in fault["message"]
    assert fault["leaves"] == ["image.flux"]


def test_check_when_many_refused_then_some_shown_and_all_in_json(
    run: Run, run_json: Any, write: Write
) -> None:
    data = write(rows(30, object_id=np.zeros(30, dtype=np.int64)))
    printed = run("check", "orchard", "--data", data).stdout
    assert printed.count("refused[repeated_id]") == 10
    assert "... and 19 more" in printed
    assert len(run_json("check", "orchard", "--data", data, code=1)["refused"]) == 29


def test_check_when_there_are_many_files_then_all_are_looked_into(
    run_json: Any, write: Write
) -> None:
    folders = set()
    for number in range(4):
        ids = np.arange(50) + 1000 * number
        cells = rows(50, object_id=ids, mag_g=np.full(50, 20.0 + 7 * number, dtype=np.float32))
        folders.add(write(cells, name=f"wide/{number}.hdf5"))
    (data,) = folders
    facts = run_json("check", "orchard", "--data", data, "--rows", 8, code=1)
    assert (facts["files"], facts["rows"], facts["read_in_full"]) == (4, 200, 8)
    assert facts["limits"][0]["values"] == 2
    assert run_json("check", "orchard", "--data", data, "--all", code=1)["read_in_full"] == 200


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--data", "no_such_folder"], 4, "does not exist"),
        (["--data", ".", "--config", "deep"], 4, "deep/*.hdf5"),
        (["--data", ".", "--source", "raw"], 2, "no source 'raw'"),
        (["--data", ".", "--rows", "0"], 2, "--rows"),
    ],
)
def test_check_when_there_is_nothing_to_read_then_its_exit_code(
    run: Run, write: Write, monkeypatch: pytest.MonkeyPatch,
    options: list[str], code: int, message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(write(rows(2)))
    result = run("check", "orchard", *options)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr


def test_check_when_a_file_is_cut_then_code_1_and_its_name(run: Run, write: Write) -> None:
    data = write(rows(6))
    file = data / "wide/1.hdf5"
    file.write_bytes(file.read_bytes()[:1000])
    result = run("check", "orchard", "--data", data)
    assert result.exit_code == 1
    assert "1.hdf5" in result.stderr


def test_check_when_a_file_is_a_link_to_outside_then_code_3(run: Run, write: Write) -> None:
    data, elsewhere = write(rows(6)), write(rows(6), folder="elsewhere")
    (data / "wide/2.hdf5").symlink_to(elsewhere / "wide/1.hdf5")
    result = run("check", "orchard", "--data", data)
    assert result.exit_code == 3
    assert "2.hdf5" in result.stderr


def test_check_when_the_file_is_real_then_no_fault(
    run_json: Any, shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = tmp_path / "cfa3" / "healpix=1113"
    folder.mkdir(parents=True)
    shutil.copy(shared_data("mmu_hdf5_cfa") / "SN2007bc.hdf5", folder)
    facts = run_json("check", "cfa", "--config", "cfa3", "--data", tmp_path)
    assert (facts["rows"], facts["read_in_full"], facts["faults"]) == (1, 1, [])


@given(counts=st.lists(st.integers(1, 9), max_size=8), rows=st.integers(1, 40))
def test_spread_when_asked_then_first_rows_of_even_files(counts: list[int], rows: int) -> None:
    file = np.repeat(np.arange(len(counts)), counts)
    row = np.concatenate([np.arange(n) for n in counts] or [np.empty(0, dtype=int)])
    chosen = spread(RowIndex(file, row), rows)
    pairs = list(zip(chosen.file.tolist(), chosen.row.tolist(), strict=True))
    assert pairs == sorted(set(pairs))
    assert len(pairs) <= max(rows, 0)
    if sum(counts) <= rows:
        assert len(pairs) == sum(counts)
    elif counts:
        assert len({f for f, _ in pairs}) == min(len(counts), rows)
        assert all(r == 0 or (f, r - 1) in pairs for f, r in pairs)
