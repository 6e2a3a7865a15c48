"""What is refused: all traps of YAML, at their place, all at once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from astropile.document import Document, parse_document, read_document, reading
from astropile.errors import Problem, SchemaError

ALIAS_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def refused(text: str) -> tuple[Problem, ...]:
    """Return the problems of a text that must be refused."""
    with pytest.raises(SchemaError) as caught:
        parse_document(text, "x.yaml")
    return caught.value.problems


def places(text: str) -> list[tuple[str, int, int]]:
    """Return (code, line, column) of the problems of a text."""
    return [(p.code, p.line, p.column) for p in refused(text)]


def test_alias_bomb_when_read_then_refused_at_once() -> None:
    """Nothing is expanded: 9 levels of 9 would be 387 million texts."""
    started = time.process_time()
    problems = refused(ALIAS_BOMB)
    assert time.process_time() - started < 5
    assert {p.code for p in problems} == {"anchor", "alias", "too_many"}
    assert (problems[0].code, problems[0].line, problems[0].column) == ("anchor", 1, 4)
    assert len(problems) == 51


@pytest.mark.parametrize("piece", ["[", "{a: ", "- ", "? "])
def test_nesting_when_5000_deep_then_schema_error(piece: str) -> None:
    """PyYAML alone ends in a RecursionError."""
    problems = refused("a:\n  " + piece * 5000)
    assert "depth" in {problem.code for problem in problems}


@pytest.mark.parametrize("count", [32, 999, 1000, 5000, 200_000])
def test_nesting_when_on_one_line_then_told_at_the_same_place(count: int) -> None:
    """Some releases of libyaml give up at 1000 brackets before the first one is handed out."""
    assert places("a: " + "[" * count) == [("depth", 1, 35)]


def test_nesting_when_at_the_limit_then_accepted_and_one_more_refused() -> None:
    """The top mapping is the first of 32 levels."""
    document = parse_document("a: " + "[" * 31 + "]" * 31, "x.yaml")
    assert document.has(["a", *[0] * 30])
    assert places("a: " + "[" * 32 + "]" * 32) == [("depth", 1, 35)]


def test_duplicate_key_when_given_then_both_lines_are_named() -> None:
    """PyYAML keeps the last without a word."""
    (problem,) = refused("ra: 1\ndec: 2\n'ra': 3\n")
    assert (problem.code, problem.line, problem.column) == ("duplicate_key", 3, 1)
    assert problem.message == "'ra' is given twice, on line 1 and on line 3"


def test_duplicate_key_when_three_times_then_the_first_line_is_named_each_time() -> None:
    messages = [p.message for p in refused("a: {b: 1,\n  b: 2,\n  b: 3}\n")]
    assert messages == [
        "'b' is given twice, on line 1 and on line 2",
        "'b' is given twice, on line 1 and on line 3",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &x 1\nb: *x\n", [("anchor", 1, 4), ("alias", 2, 4)]),
        ("*a : 1\n", [("alias", 1, 1)]),
        ("a: !!python/object/apply:os.system ['id']\n", [("tag", 1, 4)]),
        ("a: !!str 1\n!x b: 2\n", [("tag", 1, 4), ("tag", 2, 1)]),
        ("!!map {a: 1}\n", [("tag", 1, 1)]),
        ("a: {}\nb:\n  <<: {c: 1}\n", [("merge_key", 3, 3)]),
        ("a: 1\n---\nb: 2\n", [("documents", 2, 1)]),
        ("%YAML 1.1\n---\na: 1\n", [("directive", 1, 1)]),
        ("[a, b]: 1\nc: &x 2\n", [("key", 1, 1), ("anchor", 2, 4)]),
        ("? {a: 1}\n: 2\n", [("key", 1, 3)]),
        ("- a\n- b\n", [("root", 1, 1)]),
        ("text\n", [("root", 1, 1)]),
        ("", [("root", 1, 1)]),
        ("# nothing\n", [("root", 1, 1)]),
        ("---\n", [("root", 2, 1)]),
        ("a: b\x00c\n", [("character", 1, 5)]),
        ("a: 1\nb: \ufeffx\nc: \x85\n", [("character", 2, 4), ("character", 3, 4)]),
        ("a: \ud800\n", [("character", 1, 4)]),
        ('a: "x\\0"\n', [("character", 1, 4)]),
        ("a: 1\nb: 99999999999999999999\n", [("number", 2, 4)]),
        ("a: 1e999\nb: -1e-999\n", [("number", 1, 4), ("number", 2, 4)]),
        ("a: " + "1" * 5000 + "\n", [("number", 1, 4)]),
    ],
)
def test_trap_when_read_then_refused_at_its_place(
    text: str, expected: list[tuple[str, int, int]]
) -> None:
    assert places(text) == expected


def test_key_when_missing_then_refused() -> None:
    """An empty text is a key only where it is written with quotes."""
    assert [problem.code for problem in refused("a: {? , b: 1}\n")] == ["key"]
    assert parse_document("a: {'': 1}\n", "x.yaml").data == {"a": {"": 1}}


def test_problems_when_of_many_kinds_then_all_are_told_at_once() -> None:
    problems = refused("a: &x 1\na: !t 2\nb: {<<: 3}\nc: [1\n")
    assert [p.code for p in problems] == ["anchor", "duplicate_key", "tag", "merge_key", "yaml"]


def test_size_when_over_the_limit_then_refused_and_at_the_limit_accepted(tmp_path: Path) -> None:
    limit = 256 * 1024
    path = tmp_path / "big.yaml"
    path.write_bytes(b"a: " + b"x" * (limit - 3))
    assert len(read_document(path).data["a"]) == limit - 3
    path.write_bytes(b"a: " + b"x" * (limit - 2))
    with pytest.raises(SchemaError, match="larger than 256 KiB"):
        read_document(path)
    assert refused("a: " + "é" * (limit // 2))[0].code == "size"


def test_nodes_when_over_the_limit_then_refused_and_at_the_limit_accepted() -> None:
    """The top mapping, its key and the list are three of 20 000."""
    assert len(parse_document(f"a: [{'1,' * 19_997}]", "x.yaml").data["a"]) == 19_997
    assert [p.code for p in refused(f"a: [{'1,' * 19_998}]")] == ["nodes"]


@pytest.mark.parametrize(
    ("raw", "line", "column"),
    [
        (b"a: 1\nb: \xe9t\xe9\n", 2, 4),
        ("a: é\nb: ".encode() + b"\xff", 2, 4),
        ("a: 1\n".encode("utf-16"), 1, 1),
        (b"a: \xed\xa0\x80", 1, 4),
    ],
)
def test_bytes_when_not_utf8_then_refused_at_their_place(
    raw: bytes, line: int, column: int, tmp_path: Path
) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(raw)
    with pytest.raises(SchemaError) as caught:
        read_document(path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.column) == ("encoding", line, column)
    assert problem.file == str(path)


def test_file_when_absent_or_a_folder_then_schema_error(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"none\.yaml:1:1: error\[file\]: no such file"):
        read_document(tmp_path / "none.yaml")
    with pytest.raises(SchemaError, match="not a file"):
        read_document(tmp_path)
    with pytest.raises(SchemaError, match=r"error\[file\]"):
        read_document(Path("a\0b"))


def test_file_when_it_starts_with_a_byte_order_mark_then_the_mark_is_dropped(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: two\r\n")
    document = read_document(path)
    assert document.data == {"a": 1, "b": "two"}
    assert document.text == "a: 1\r\nb: two\r\n"
    assert document.name == str(path)


SAMPLE = """\
a: {x: 1, 'y': "two ★", z: [~, 1e-3, .inf], "": e}   # comment
b:
- plain text
  of two lines
- k: |
    literal
  m: 'it''s'
- {}
c:
? d
: >-
  folded
  text
"""


def test_parsers_of_libyaml_and_pure_python_when_compared_then_agree(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A machine without libyaml reads the same data at the same places."""

    def outline(document: Document) -> list[object]:
        locs: list[list[str | int]] = [["a", "z", 2], ["a", ""], ["b", 0], ["b", 1, "m"], ["d"]]
        return [document.data, *(document.span(loc) for loc in locs)]

    fast = outline(parse_document(SAMPLE, "x.yaml"))
    monkeypatch.setattr(reading, "LOADER", yaml.SafeLoader)
    assert outline(parse_document(SAMPLE, "x.yaml")) == fast
    assert refused(ALIAS_BOMB)[0].code == "anchor"
    assert refused("a: " + "[" * 5000)[0].code == "depth"
