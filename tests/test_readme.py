"""The tour of the README runs as it is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def tour() -> str:
    found = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def test_tour_when_counted_then_about_twenty_lines() -> None:
    assert len(tour().strip().splitlines()) <= 25


def test_tour_when_run_then_every_line_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(tour(), "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "mag_cmodel_i" in printed
    assert "mag(AB)" in printed
    assert (tmp_path / "hsc_meets_decals" / "state.json").is_file()
