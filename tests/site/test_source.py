"""The folder that Sphinx builds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from astropile.errors import UsageError
from astropile.site import build_source


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout" / "docs"
    (folder / "_build").mkdir(parents=True)
    (folder / "conf.py").write_text("")
    (folder / "_build" / "old.html").write_text("")
    (folder / "page.md").write_text("[c](../CONTRIBUTING.md#style) [p](page.md) `[x](../y.txt)`\n")
    (folder / "index.md").write_text("# Top\n\n```{toctree}\n:hidden:\n\nThe page <page>\n```\n")
    (folder / "finding.md").write_text("# Find things\n")
    (folder.parent / "CONTRIBUTING.md").write_text("# Contributing\n\n[page](docs/page.md)\n")
    return folder


def test_source_when_written_then_hand_written_pages_and_links_are_in_it(
    docs: Path, tmp_path: Path
) -> None:
    target = tmp_path / "source"
    files = build_source(docs, target)
    assert {path for path in target.rglob("*") if path.is_file()} == set(files)
    assert (target / "page.md").read_text().startswith("[c](contributing.md#style) [p](page.md)")
    assert "[page](page.md)" in (target / "contributing.md").read_text()
    assert not (target / "_build").exists()
    assert (target / "surveys" / "index.md").is_file()


def test_pages_when_in_no_table_of_contents_then_are_guides(docs: Path, tmp_path: Path) -> None:
    build_source(docs, tmp_path / "source")
    listed = (tmp_path / "source" / "_parts" / "guides.md").read_text()
    assert "* [Find things](finding.md)" in listed
    assert "\nfinding\n" in listed
    assert "page" not in listed


def test_source_when_written_again_then_only_changes_are_touched(
    docs: Path, tmp_path: Path
) -> None:
    target = tmp_path / "source"
    before = {path: path.stat().st_mtime_ns for path in build_source(docs, target)}
    stale = target / "surveys" / "gone" / "page.md"
    stale.parent.mkdir()
    stale.write_text("# Gone\n")
    (docs / "page.md").write_text("# Changed\n")
    after = {path: path.stat().st_mtime_ns for path in build_source(docs, target)}
    assert {path for path in after if after[path] != before[path]} == {target / "page.md"}
    assert not stale.parent.exists()


def test_source_when_the_folder_holds_other_files_then_refused(docs: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("precious")
    with pytest.raises(UsageError, match="did not write"):
        build_source(docs, tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "precious"


def test_source_when_there_are_no_docs_then_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no conf\.py"):
        build_source(tmp_path, tmp_path / "source")


def test_command_when_run_then_writes_pages_of_the_public_names(docs: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "astropile.site"]
    target = tmp_path / "source"
    done = subprocess.run([*command, docs, target], capture_output=True, text=True, check=True)
    assert "pages in" in done.stdout
    assert (target / "api" / "astropile.load.md").is_file()
    wrong = subprocess.run([*command, docs], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "two folders" in wrong.stderr
