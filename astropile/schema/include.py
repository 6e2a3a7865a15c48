"""Merges shared fragments into a survey.

A fragment is a file ``registry/shared/<name>.yaml`` with the keys ``holes`` (name -> default text,
or null where the survey must give it), ``lookups``, ``object``, ``columns``, ``modalities`` and
``sources``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from astropile.document import Document, did_you_mean, read_document, shown
from astropile.errors import SchemaError
from astropile.expression import ExpressionError, fill
from astropile.schema.report import Loc, Report
from astropile.vocabulary import data_path

_FRAGMENT_KEYS = ("holes", "lookups", "object", "columns", "modalities", "sources")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
#: What a survey may replace as a whole: a leaf's Field, an entry of values, the files of a table.
_REPLACED = (
    ("columns", "*"),
    ("modalities", "*", "fields", "*"),
    ("sources", "*", "values", "*"),
    ("sources", "*", "tables", "*", "files"),
)
#: Mappings in which the entries of both sides stand side by side.
_MERGED = (
    ("lookups",),
    ("object",),
    ("columns",),
    ("modalities",),
    ("modalities", "*"),
    ("modalities", "*", "axes"),
    ("modalities", "*", "fields"),
    ("sources",),
    ("sources", "*"),
    *(("sources", "*", key) for key in ("tables", "values", "keep", "lossy")),
    ("sources", "*", "tables", "*"),
)


def with_fragments(document: Document, report: Report) -> dict[str, Any]:
    """Return the data of a survey file with its fragments merged in.

    Parameters
    ----------
    document : Document
        The survey file.
    report : Report
        Takes the problems, and the documents of the fragments, so that later checks can point
        into them.

    Returns
    -------
    dict
        The data of the document itself if it includes nothing; else a new dict, fragments first.
    """
    included = document.data.get("include")
    if not included:
        return document.data
    if not isinstance(included, Mapping):
        help_text = "write include: {name: {hole: text}}, or {name: {}}"
        report.add("type", "expected a mapping of fragments", ("include",), help=help_text)
        return document.data
    merged: dict[str, Any] = {}
    origins: dict[Loc, str] = {}
    for name, texts in included.items():
        fragment = _fragment(name, report)
        if fragment is None:
            continue
        report.fragments.append(fragment)
        data = _filled(fragment, name, texts, report)
        _merge(merged, data, name, origins, report)
    _merge(merged, document.data, "", origins, report)
    return merged


def fragment_texts(document: Document) -> list[str]:
    """Return the texts of the shipped fragments that a survey file includes, in its order."""
    included = document.data.get("include")
    if not isinstance(included, Mapping):
        return []
    known = fragment_names()
    paths = [_folder() / f"{name}.yaml" for name in included if name in known]
    return [path.read_text(encoding="utf-8") for path in paths]


def fragment_names() -> list[str]:
    """Return the names of the fragments that are shipped."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def _folder() -> Path:
    return data_path("registry") / "shared"


def _fragment(name: str, report: Report) -> Document | None:
    """Read a fragment by its name; a path is never looked at."""
    loc = ("include", name)
    known = fragment_names()
    if not _NAME.fullmatch(name) or name not in known:
        message = f"{shown(name)} is not a shared fragment"
        help_text = did_you_mean(name, known) or f"there are: {', '.join(known) or 'none'}"
        report.add("include", message, loc, key=True, help=help_text)
        return None
    path = _folder() / f"{name}.yaml"
    try:
        fragment = _read_fragment(path, path.stat().st_mtime_ns)
    except SchemaError as error:
        report.problems.extend(error.problems)
        return None
    for key in fragment.data:
        if key not in _FRAGMENT_KEYS:
            message = f"a fragment has no key '{key}'"
            allowed = f"allowed: {', '.join(_FRAGMENT_KEYS)}"
            problem = fragment.problem("unknown_key", message, (key,), key=True, help=allowed)
            report.problems.append(problem)
    return fragment


@lru_cache(maxsize=32)
def _read_fragment(path: Path, mtime_ns: int) -> Document:
    return read_document(path)


def _filled(fragment: Document, name: str, texts: object, report: Report) -> dict[str, Any]:
    """Return a fragment's data with its holes filled by the survey's texts or the defaults."""
    data = {key: value for key, value in fragment.data.items() if key in _FRAGMENT_KEYS}
    holes = data.pop("holes", None) or {}
    if not isinstance(holes, Mapping) or not isinstance(texts, Mapping):
        if not isinstance(texts, Mapping):
            message = "expected a mapping {hole: text}; {} for none"
            report.add("type", message, ("include", name))
        else:
            report.problems.append(
                fragment.problem("type", "expected a mapping {hole: default}", ("holes",))
            )
        return data
    for hole in texts:
        if hole not in holes:
            help_text = did_you_mean(hole, holes) or f"it has: {', '.join(holes) or 'none'}"
            message = f"fragment {name} has no hole '{hole}'"
            report.add("hole", message, ("include", name, hole), key=True, help=help_text)
    values = {hole: texts.get(hole, default) for hole, default in holes.items()}
    for hole, text in values.items():
        if text is None:
            message = f"fragment {name} needs a text for its hole '{hole}'"
            help_text = f"write include: {{{name}: {{{hole}: ...}}}}"
            report.add("hole", message, ("include", name), key=True, help=help_text)
        elif not isinstance(text, str):
            message = f"expected text, got {text}"
            where = ("include", name, hole) if hole in texts else ("holes", hole)
            owner = report.document if hole in texts else fragment
            report.problems.append(owner.problem("type", message, where))
    filler = _Filler(fragment, {h: t for h, t in values.items() if isinstance(t, str)}, report)
    return {key: filler.filled(value, (key,)) for key, value in data.items()}


@dataclass(frozen=True, slots=True)
class _Filler:
    """Fills the holes of a fragment into all its keys and texts."""

    fragment: Document
    texts: Mapping[str, str]
    report: Report

    def filled(self, value: Any, loc: Loc) -> Any:
        """Return a copy of a value with its holes filled."""
        if isinstance(value, Mapping):
            return {
                self.text(str(key), (*loc, key), key=True): self.filled(inner, (*loc, key))
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self.filled(inner, (*loc, number)) for number, inner in enumerate(value)]
        return self.text(value, loc) if isinstance(value, str) else value

    def text(self, text: str, loc: Loc, *, key: bool = False) -> str:
        """Fill one text; a hole that cannot be filled is reported and stays."""
        try:
            return fill(text, self.texts)
        except ExpressionError as error:
            part = (error.start, error.end)
            problem = self.fragment.problem(
                "hole", error.message, loc, key=key, part=part, help=error.help
            )
            self.report.problems.append(problem)
            return text


def _merge(
    into: dict[str, Any],
    data: Mapping[str, Any],
    origin: str,
    origins: dict[Loc, str],
    report: Report,
    loc: Loc = (),
) -> None:
    """Put data into what is there; the same key on both sides is an error unless replaceable."""
    for key, value in data.items():
        here: Loc = (*loc, key)
        if key not in into:
            # Copied, since a later merge writes into it and documents are shared.
            into[key] = _copied(value)
            origins[here] = origin
            continue
        if _matches(here, _REPLACED) and not origin:
            into[key] = _copied(value)
        elif _matches(here, _MERGED) and isinstance(value, Mapping) and isinstance(into[key], dict):
            _merge(into[key], value, origin, origins, report, here)
        else:
            earlier = next(
                origins[here[:n]] for n in range(len(here), 0, -1) if here[:n] in origins
            )
            who = "this file" if not origin else f"fragment {origin}"
            message = f"'{'.'.join(map(str, here))}' is in fragment {earlier} and in {who}"
            place: Loc = here if not origin else ("include", origin)
            help_text = "only a Field, an entry of values and files can be replaced"
            report.add("include", message, place, key=True, help=help_text)


def _copied(value: Any) -> Any:
    """Copy mappings only: nothing is merged inside a list."""
    if isinstance(value, Mapping):
        return {key: _copied(inner) for key, inner in value.items()}
    return value


def _matches(loc: Loc, patterns: Iterable[tuple[str, ...]]) -> bool:
    return any(
        len(loc) == len(pattern)
        and all(wanted in ("*", part) for wanted, part in zip(pattern, loc, strict=True))
        for pattern in patterns
    )
