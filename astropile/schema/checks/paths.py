"""Path patterns: below the data directory, with captures and holes."""

from __future__ import annotations

import re

from astropile.document import did_you_mean
from astropile.expression import Expr, ExpressionError, Hole, holes, parse
from astropile.schema.report import Loc, Report

#: What every path tells, beside its captures.
PATH_PARTS = ("file", "dir")
_CAPTURE = re.compile(r"<([a-z_][a-z0-9_]*)>")
#: What a schema may name: it is data, and must not make anybody copy files of this machine.
MIRROR_SCHEMES = ("https://", "s3://", "hf://")
#: What is filled in a mirror.
MIRROR_HOLES = ("config", "survey")
_UNSAFE = {
    "://": "an address in a network",
    "$": "a variable of the environment",
    "\\": "a backslash; folders are separated by /",
    "\0": "a null character",
}


def captures_of(files: str) -> list[str]:
    """Return the names of the captures of a pattern."""
    return _CAPTURE.findall(files)


def path_holes(files: str, loc: Loc, report: Report) -> list[Hole]:
    """Return the holes of a path, or report why they cannot be read."""
    try:
        return holes(files)
    except ExpressionError as error:
        report.add_expression_error(error, files, loc, "hole")
        return []


def check_pattern(files: str, loc: Loc, report: Report) -> None:
    """Check that a pattern is a path below the data directory."""
    try:
        plain = _without_holes(files, holes(files))
    except ExpressionError:
        plain = files  # why its holes cannot be read was told
    for mark, what in _UNSAFE.items():
        if mark in plain:
            report.add("path", f"a path must not hold {what} ('{mark}')", loc, once=True)
    parts = plain.split("/")
    if plain.startswith("/") or re.match(r"[A-Za-z]:", plain):
        report.add("path", "a path begins below the data directory, not at the top", loc, once=True)
    elif parts[0].startswith("~"):
        report.add("path", "a path begins below the data directory, not at home", loc, once=True)
    if ".." in parts:
        report.add("path", "a path must not lead upwards (..)", loc, once=True)
    if any("**" in part and part != "**" for part in parts):
        help_text = "write ** between slashes, or * within a name"
        message = "** stands for folders, so it is a part of its own"
        report.add("path", message, loc, help=help_text, once=True)
    if not parts[-1]:
        report.add("path", "a path ends with the name of a file", loc, once=True)


def check_mirror(url: str, loc: Loc, report: Report) -> None:
    """Check that a mirror is the address of a folder elsewhere, and that its holes are filled."""
    found = path_holes(url, loc, report)
    plain = _without_holes(url, found)
    schemes = " or ".join(MIRROR_SCHEMES)
    if not url.startswith(MIRROR_SCHEMES) or "::" in plain:
        message = f"a mirror is a folder that begins with {schemes}"
        report.add("mirror", message, loc, once=True)
    elif ".." in plain.split("/") or any(not c.isprintable() or c.isspace() for c in plain):
        report.add("mirror", "a mirror must not lead upwards (..) or hold blanks", loc, once=True)
    for hole in found:
        if hole.expression not in MIRROR_HOLES or hole.pipe is not None or hole.format:
            report_unfilled(hole, url, list(MIRROR_HOLES), loc, report)


def check_captures(
    files: str, found: list[Hole], loc: Loc, report: Report, *, is_each: bool
) -> None:
    """Check the captures ``<name>`` of a pattern."""
    plain = _without_holes(files, found)
    rest = _CAPTURE.sub("", plain)
    if "<" in rest or ">" in rest:
        help_text = "a capture is <name>, of small letters, digits and _"
        report.add("capture", "a < or > is no part of a capture", loc, help=help_text)
    names = captures_of(plain)
    if names and is_each:
        report.add("capture", "the path of each row is one file; it captures nothing", loc)
    for number, name in enumerate(names):
        if name in PATH_PARTS:
            message = f"'{name}' is reserved: path.{name} is part of every path"
            report.add("capture", message, loc)
        elif name in names[:number]:
            report.add("capture", f"<{name}> is there twice", loc)


def _without_holes(files: str, found: list[Hole]) -> str:
    """Return the pattern with a letter in place of each hole."""
    pieces, at = [], 0
    for hole in found:
        pieces += [files[at : hole.start], "x"]
        at = hole.end
    return "".join([*pieces, files[at:]])


def hole_expression(hole: Hole, files: str, loc: Loc, report: Report) -> Expr | None:
    """Parse what stands in a hole that no variable fills: an expression over the main row."""
    if hole.pipe is not None:
        message = f"'{hole.expression}' is no variable, so it takes no pipe"
        report.add("hole", message, loc, part=_part(hole, files, loc, report))
        return None
    try:
        return parse(hole.expression)
    except ExpressionError as error:
        start = hole.expression_start
        moved = ExpressionError(error.message, start + error.start, start + error.end, error.help)
        report.add_expression_error(moved, files, loc, "hole")
        return None


def report_unfilled(hole: Hole, files: str, known: list[str], loc: Loc, report: Report) -> None:
    """Report a hole that nothing fills."""
    message = f"nothing fills the hole {files[hole.start : hole.end]}"
    help_text = did_you_mean(hole.expression, known) or f"variables: {', '.join(known)}"
    report.add("hole", message, loc, part=_part(hole, files, loc, report), help=help_text)


def _part(hole: Hole, files: str, loc: Loc, report: Report) -> tuple[int, int] | None:
    """Return where a hole stands in the path as it was written."""
    text = files[hole.start : hole.end]
    written = report.document_of(loc).data_at(loc)
    start = written.find(text) if isinstance(written, str) else -1
    return (start, start + len(text)) if start >= 0 else None
