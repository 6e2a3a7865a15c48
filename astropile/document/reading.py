"""From a file or a text to a document, or to everything that is wrong with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import yaml

from astropile.document.document import Document
from astropile.document.source import SourceText
from astropile.document.tree import MAX_PROBLEMS, UNPRINTABLE, TreeBuilder
from astropile.errors import Problem, SchemaError

__all__ = ["parse_document", "read_document"]

MAX_BYTES: Final = 256 * 1024
BYTE_ORDER_MARK: Final = "\ufeff"

# The parser of libyaml is ten times faster; both give the same events.
LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

BLOCK_HELP: Final = "see the indentation; quote a text that starts with a brace, bracket or quote"

# What a person did, by what the parser says about it (libyaml and pure Python differ in words).
SYNTAX_HELP: Final = (
    ("tab", "indent with blanks, not with tabs"),
    ("mapping values are not allowed", "quote a text that holds ': ', or see the indentation"),
    ("sequence entries are not allowed", "start a list on a line of its own, or quote the text"),
    ("alphabetic or numeric character", "quote a text that starts with '*' or '&'"),
    ("cannot start any token", "quote a text that starts with '@', '`' or '%'"),
    ("end of stream", "a quote is opened and never closed"),
    ("escape", r"write \\ for a backslash, or use single quotes"),
    ("directive", "take the line that starts with % away"),
    ("block scalar", "quote a text that starts with '|' or '>'"),
    ("',' or", "a bracket or comma is missing; quote a text that holds one of , [ ] { } : #"),
    ("could not find expected ':'", "write 'key: value', with a blank after the colon"),
    ("expected key", BLOCK_HELP),
    ("'-' indicator", BLOCK_HELP),
    ("<block end>", BLOCK_HELP),
    ("<document start>", BLOCK_HELP),
    ("node content", "quote a text that starts with one of , ] } | >"),
)
COMMENT: Final = re.compile(r"[^\s'\"]#|[^\s,:'\"\[\]{}][ \t]+#")


def read_document(path: Path) -> Document:
    """Read a YAML file with the place of everything in it.

    Parameters
    ----------
    path : Path
        A file of at most 256 KiB in UTF-8.

    Returns
    -------
    Document
        Its data and places.

    Raises
    ------
    SchemaError
        If the file cannot be read, or is not strict YAML; with all of its problems.

    Examples
    --------
    >>> read_document(Path("no/such/survey.yaml"))
    Traceback (most recent call last):
        ...
    astropile.errors.SchemaError: no/such/survey.yaml:1:1: error[file]: no such file
    1 error
    """
    name = str(path)
    raw = _bytes_of(path, name)
    if len(raw) > MAX_BYTES:
        raise _too_large(name)
    return parse_document(_decoded(raw, name), name)


def parse_document(text: str, name: str) -> Document:
    r"""Parse a YAML text with the place of everything in it.

    Parameters
    ----------
    text : str
        The text of a file.
    name : str
        Name of the file, for messages.

    Returns
    -------
    Document
        Its data and places.

    Raises
    ------
    SchemaError
        If the text is not strict YAML; with all of its problems.

    Examples
    --------
    >>> document = parse_document("bands: {y: Subaru/HSC.Y}\nnight: 012\n", "hsc.yaml")
    >>> document.data
    {'bands': {'y': 'Subaru/HSC.Y'}, 'night': '012'}
    >>> document.span(["bands", "y"])
    Span(line=1, column=12, end_column=24)
    """
    text = text.removeprefix(BYTE_ORDER_MARK)
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _too_large(name)
    source = SourceText(name, text)
    _refuse_unprintable(source)
    builder = _built(source, LOADER)
    problems = builder.problems
    if builder.root is None and not problems:
        problems.append(source.problem(0, 1, "root", "the file is empty"))
    if problems or builder.root is None:
        raise SchemaError(problems)
    return Document(source, builder.data, builder.root)


def _built(source: SourceText, loader: Any) -> TreeBuilder:
    """Return the tree of a text, with the problem that ended the reading as its last one."""
    builder = TreeBuilder(source)
    try:
        builder.build(yaml.parse(source.text, Loader=loader))
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # libyaml reads ahead, since a bracket may begin a key, and newer releases of it refuse
        # 1000 open brackets before they hand out the first. Ours are told at the 33rd, always.
        if "nesting" in str(error) and loader is not yaml.SafeLoader:
            return _built(source, yaml.SafeLoader)
        # The parser of pure Python lets the errors of chr() and int() out.
        builder.problems.append(_syntax_problem(source, error))
    return builder


def _bytes_of(path: Path, name: str) -> bytes:
    """Read a file, at most one byte more than is allowed; a pipe would never end."""
    try:
        if path.is_file():
            with path.open("rb") as stream:
                return stream.read(MAX_BYTES + 1)
        reason = "not a file" if path.exists() else "no such file"
    except (OSError, ValueError) as error:
        raise _refused(name, "file", f"cannot be read: {error}") from error
    raise _refused(name, "file", reason)


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        index = len(raw[: error.start].decode("utf-8"))
        source = SourceText(name, raw.decode("utf-8", "replace"))
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        problem = source.problem(index, index + 1, "encoding", message, "save the file as UTF-8")
        raise SchemaError([problem]) from error


def _refuse_unprintable(source: SourceText) -> None:
    """Refuse the characters that make the parser fail or the eye err."""
    problems = []
    for match in UNPRINTABLE.finditer(source.text):
        message = f"the character U+{ord(match[0]):04X} is not allowed"
        problems.append(source.problem(match.start(), match.end(), "character", message))
        if len(problems) == MAX_PROBLEMS:
            break
    if problems:
        raise SchemaError(problems)


def _syntax_problem(source: SourceText, error: Exception) -> Problem:
    """Tell what the parser stumbled over, and what most often makes it stumble there."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return source.problem(0, 1, "yaml", f"no YAML: {error}")
    mark = error.problem_mark or error.context_mark
    last = len(source.text.rstrip())
    index = min(mark.index, last) if mark is not None else last
    message = error.problem or "no YAML"
    opened = index
    if error.context:
        message += f" {error.context}"
        if error.context_mark is not None and error.context_mark.index < index:
            opened = error.context_mark.index
            message += f" that starts on line {source.line_of(opened)}"
    reason = "tab" if source.text[index : index + 1] == "\t" else message
    help = next((help for words, help in SYNTAX_HELP if words in reason), "")
    if "flow" in message and COMMENT.search(source.text, opened, index):
        help = "' #' starts a comment, also within brackets; quote the text that holds it"
    return source.problem(index, index + 1, "yaml", message, help)


def _refused(name: str, code: str, message: str, help: str = "") -> SchemaError:
    return SchemaError([Problem(name, 1, 1, code, message, help)])


def _too_large(name: str) -> SchemaError:
    message = f"larger than {MAX_BYTES // 1024} KiB"
    return _refused(name, "size", message, "a survey file holds no data; split it, or use include")
