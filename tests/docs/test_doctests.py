"""What the pages show in a Python session is what Python answers."""

from __future__ import annotations

import doctest
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize(
    "name",
    [
        "names.md",
        "finding.md",
        "matching.md",
        "concatenating.md",
        "piles.md",
        "selecting.md",
        pytest.param("examples-and-datasets.md", marks=pytest.mark.slow),
    ],
)
def test_sessions_of_a_page_when_typed_then_answered_as_shown(
    name: str,
    blocks: Callable[[str], list[Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    sessions = [b for b in blocks(name) if b.language == "python" and ">>>" in b.text]
    assert len(sessions) > 5
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    report: list[str] = []
    namespace: dict[str, Any] = {}
    for block in sessions:
        session = doctest.DocTestParser().get_doctest(block.text, {}, name, name, block.line - 1)
        session.globs = namespace
        runner.run(session, out=report.append, clear_globs=False)
    assert runner.failures == 0, "".join(report)
