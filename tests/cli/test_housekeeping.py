"""Small verbs: schema, clean, demo, simulate; and the texts they are made with."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import Result

from astropile.cli.output import human_size

if TYPE_CHECKING:
    from rich.console import Console

Run = Callable[..., Result]


def test_schema_when_printed_then_equals_the_file_that_ships(run: Run, repo_root: Path) -> None:
    result = run("schema")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["$schema"].startswith("https://json-schema.org/")
    assert result.stdout == (repo_root / "registry/survey.schema.json").read_text("utf-8")


def test_schema_when_written_then_says_where(run: Run, run_json: Any, tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    assert run_json("schema", "--out", file) == {"file": str(file)}
    assert "$defs" in json.loads(file.read_text("utf-8"))
    result = run("schema", "--out", tmp_path / "no" / "s.json")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "No such file or directory" in result.stderr


def test_clean_when_the_cache_holds_files_then_freed(
    run: Run, run_json: Any, isolated_cache: Path
) -> None:
    (isolated_cache / "deep").mkdir(parents=True)
    (isolated_cache / "deep" / "a.arrow").write_bytes(b"x" * 1500)
    assert run_json("clean", "--cache") == {"folder": str(isolated_cache), "freed_bytes": 1500}
    assert not isolated_cache.exists()
    assert run("clean", "--cache").stdout == f"freed 0 B in {isolated_cache}\n"


def test_clean_when_nothing_is_named_then_nothing_is_removed(
    run: Run, isolated_cache: Path
) -> None:
    isolated_cache.mkdir(exist_ok=True)
    result = run("clean")
    assert result.exit_code == 2
    assert "--cache" in result.stderr
    assert isolated_cache.is_dir()


@pytest.fixture
def tour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a short tour in the place of the real one."""

    def run_demo(output: Path, console: Console) -> list[Path]:
        console.print(f"[bold]a tour[/bold] to {output}")
        return [output / "a.png"]

    module = ModuleType("astropile.cli.demo")
    module.run_demo = run_demo  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "astropile.cli.demo", module)


@pytest.mark.usefixtures("tour")
def test_demo_when_run_then_prints_to_standard_output(run: Run) -> None:
    result = run("demo", "--output", "there")
    assert (result.exit_code, result.stdout) == (0, "a tour to there\n")
    assert run("demo").stdout == "a tour to demo-output\n"


@pytest.mark.usefixtures("tour")
def test_demo_when_json_then_the_tour_goes_to_standard_error(run: Run) -> None:
    result = run("demo", "--output", "there", "--json")
    assert json.loads(result.stdout) == {"output": "there", "written": ["there/a.png"]}
    assert result.stderr == "a tour to there\n"


def test_simulate_when_asked_then_options_reach_the_room_below(
    run: Run, run_json: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    def simulate(*arguments: Any, **options: Any) -> SimpleNamespace:
        calls.append((arguments, options))
        return SimpleNamespace(files=[tmp_path / "1.hdf5"])

    module = ModuleType("astropile.testing")
    module.simulate = simulate  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "astropile.testing", module)
    options = ["--data", tmp_path, "-n", 7, "--seed", 3, "--source", "raw", "--config", "deep"]
    facts = run_json("simulate", "hsc", *options)
    assert facts["files"] == [str(tmp_path / "1.hdf5")]
    expected = {"data_dir": tmp_path, "seed": 3, "source": "raw"}
    assert calls == [(("hsc", "deep", 7), expected)]
    assert run("simulate", "hsc", "--data", tmp_path).stdout.startswith("wrote 1 file\n")
    assert run("simulate", "hsc", "--data", tmp_path, "-n", 0).exit_code == 2


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_940, "999.9 kB"), (999_960, "1.0 MB"),
     (10**16, "10000.0 TB")],
)  # fmt: skip
def test_human_size_when_any_then_short(size: int, text: str) -> None:
    assert human_size(size) == text
