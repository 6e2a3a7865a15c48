"""The tutorials run as they are written, and print what they say."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

TUTORIALS = ("adding-a-survey.md", "public-files.md")
#: First line of a YAML block: the file, and where in it the rest of the block goes.
DIRECTIVE = re.compile(r"# (?P<file>[\w.]+)(?:, (?P<how>above|below|in place of) `(?P<line>.+)`)?")
#: What is logged when rows are refused; it comes between the lines of a result.
LOGGED = re.compile(r"^\w+: \d+ rows? .*refused \(.*\n", re.MULTILINE)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def write_yaml(text: str) -> None:
    """Create a file, or put lines above, below or in place of a line of it."""
    head, _, body = text.partition("\n")
    found = DIRECTIVE.fullmatch(head)
    assert found is not None, f"a YAML block begins with its file, not with {head!r}"
    file = Path(found["file"])
    if found["how"] is None:
        file.write_text(body, encoding="utf-8")
        return
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    places = [k for k, line in enumerate(lines) if line.startswith(found["line"])]
    assert len(places) == 1, f"{len(places)} lines of {file} begin with {found['line']!r}"
    place = places[0]
    first, last = {"above": (place, place), "below": (place + 1, place + 1)}.get(
        found["how"], (place, place + 1)
    )
    file.write_text("".join([*lines[:first], body, *lines[last:]]), encoding="utf-8")


def run_python(page: str, text: str, namespace: dict[str, Any], line: int) -> str:
    """Run a block at its line of the page; return the error that it raises, as Python shows it."""
    code = compile("\n" * (line - 1) + text, page, "exec")
    try:
        exec(code, namespace)
    except Exception as error:
        kind = type(error)
        if not kind.__module__.startswith("astropile"):
            raise
        return f"{kind.__module__}.{kind.__qualname__}: {error}\n"
    return ""


def run_console(text: str) -> Iterator[tuple[str, str]]:
    """Yield what each command of a console block printed, and what the page says."""
    folder = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        done = subprocess.run(
            command,
            shell=True,
            capture_output=True,
            env=environment,
            text=True,
            timeout=60,
            check=False,
        )
        yield done.stdout + LOGGED.sub("", done.stderr), expected


def assert_printed(page: str, got: str, expected: str, line: int) -> None:
    same = doctest.OutputChecker().check_output(expected, got, FLAGS)
    assert same, f"{page}, line {line}: printed\n{got}\ninstead of\n{expected}"


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_registered")
@pytest.mark.parametrize("name", TUTORIALS)
def test_tutorial_when_followed_then_prints_what_it_says(
    name: str,
    blocks: Callable[[str], list[Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    printed, seen = "", []
    for block in blocks(name):
        seen.append(block.language)
        if block.language != "text":
            assert printed == "", f"{name}, line {block.line}: not shown above: {printed}"
        match block.language:
            case "yaml":
                write_yaml(block.text)
            case "python":
                error = run_python(name, block.text, namespace, block.line)
                printed = capsys.readouterr().out + error
            case "console":
                for got, expected in run_console(block.text):
                    assert_printed(name, got, expected, block.line)
            case _:
                assert_printed(name, printed, block.text, block.line)
                printed = ""
    assert printed == ""
    assert {"yaml", "python", "console", "text"} <= set(seen)
