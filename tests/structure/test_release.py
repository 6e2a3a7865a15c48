"""One version, said once, and the same everywhere else."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import astropile


def test_version_when_read_from_every_place_then_is_one(repo_root: Path) -> None:
    """The citation and the change log name the version of the package."""
    citation = (repo_root / "CITATION.cff").read_text(encoding="utf-8")
    changes = (repo_root / "CHANGELOG.md").read_text(encoding="utf-8")
    cited = re.search(r'^version: "?([\w.]+)', citation, re.MULTILINE)
    logged = re.search(r"^## \[(\d[\w.]+)\]", changes, re.MULTILINE)
    assert cited is not None
    assert logged is not None
    assert {cited[1], logged[1]} == {astropile.__version__}


def test_extras_when_tests_or_tools_are_installed_then_torch_is_not(repo_root: Path) -> None:
    """A gigabyte of torch is for those who ask for it."""
    project = tomllib.loads((repo_root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for name in ("test", "dev", "docs", "bench", "plot", "dask"):
        wanted = " ".join(extras[name])
        assert "torch" not in wanted, name
    assert not any("torch" in item for item in project["dependencies"])
