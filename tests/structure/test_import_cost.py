"""`import astropile` loads nothing heavy, nor does asking for a survey's columns."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "astropy", "dask", "datasets", "distributed", "h5py", "hats", "healpy", "lsdb", "matplotlib",
    "mocpy", "numba", "pandas", "scipy", "torch",
)  # fmt: skip


def heavy_after(code: str, root: Path) -> list[str]:
    """Run code in a fresh interpreter and return the heavy modules that it loaded."""
    report = f"import sys\nprint(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"],
        capture_output=True,
        text=True,
        cwd=root,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


@pytest.mark.parametrize(
    "code",
    [
        "import astropile",
        "import astropile.errors, astropile.datasets",
        "import astropile; dir(astropile); repr(astropile)",
    ],
)
def test_import_when_fresh_then_loads_nothing_heavy(code: str, repo_root: Path) -> None:
    """The first line of every session and the shell's completion are instant."""
    assert heavy_after(code, repo_root) == []


def test_heavy_after_when_a_heavy_module_is_imported_then_named(repo_root: Path) -> None:
    """The check itself can fail."""
    assert "h5py" in heavy_after("import h5py", repo_root)
