"""The papers that surveys cite, as BibTeX: `registry/references.bib`, read strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from astropile.document.source import SourceText
from astropile.errors import Problem, SchemaError
from astropile.vocabulary import data_path

__all__ = ["Paper", "load_papers", "paper_id", "parse_bibtex"]

#: What a paper is found by, in this order.
IDENTIFIERS: Final = ("doi", "eprint", "bibcode")
REQUIRED: Final = ("title", "author", "year")
HEAD: Final = re.compile(r"@([A-Za-z]+)\s*\{\s*([^\s,{}]+)\s*,")
FIELD: Final = re.compile(r"\s*([A-Za-z_]+)\s*=\s*(?:\{|(\d+))")
STEP: Final = re.compile(r"\s*(,?)\s*(\}?)")
REMARK: Final = re.compile(r"(?:\s+|%[^\n]*)+")
BRACE: Final = re.compile(r"[^{}]*([{}])")
VERSION: Final = re.compile(r"v[0-9]+$")


@dataclass(frozen=True, slots=True)
class Paper:
    """One entry: its key, its fields by name in lower case, and its text as written."""

    key: str
    fields: Mapping[str, str]
    text: str

    @property
    def ids(self) -> tuple[str, ...]:
        """What a survey may cite it by, as `paper_id` gives it."""
        names = [name for name in IDENTIFIERS if name in self.fields]
        prefix = {"eprint": "arxiv:"}
        return tuple(paper_id(prefix.get(name, "") + self.fields[name]) for name in names)


def paper_id(reference: str) -> str:
    """Return the form in which references are compared.

    Parameters
    ----------
    reference : str
        ``doi:10.1093/pasj/psab122``, ``arXiv:2108.13045v2``, a bibcode.

    Examples
    --------
    >>> paper_id("doi:10.1093/PASJ/psab122"), paper_id("arXiv:2108.13045v2")
    ('10.1093/pasj/psab122', 'arxiv:2108.13045')
    """
    text = reference.strip().casefold().removeprefix("doi:").removeprefix("https://doi.org/")
    return VERSION.sub("", text) if text.startswith("arxiv:") else text


def parse_bibtex(text: str, name: str) -> tuple[Paper, ...]:
    """Read BibTeX entries whose values are in braces; anything else is refused.

    Parameters
    ----------
    text : str
        Entries, blank lines, and lines that start with %.
    name : str
        Name of the file, for messages.

    Returns
    -------
    tuple of Paper
        In the order of the text.

    Raises
    ------
    SchemaError
        Something is no entry, or an entry lacks a field, or two share a key or an identifier.
    """
    source = SourceText(name, text)
    papers: list[Paper] = []
    place, taken = _after_remarks(text, 0), set[str]()
    while place < len(text):
        paper, end = _entry(source, place)
        lacking = [field for field in REQUIRED if not paper.fields.get(field)]
        lacking += [] if paper.ids else [" or ".join(IDENTIFIERS)]
        own = {paper.key.casefold(), *paper.ids}
        twice = taken & own
        if lacking or twice:
            what = f"has no {', '.join(lacking)}" if lacking else f"says {min(twice)} again"
            raise _refused(source, place, f"the entry {paper.key} {what}")
        taken |= own
        papers.append(paper)
        place = _after_remarks(text, end)
    return tuple(papers)


def _entry(source: SourceText, start: int) -> tuple[Paper, int]:
    """Read one entry; return it and the place behind it."""
    text, fields = source.text, dict[str, str]()
    head = HEAD.match(text, start)
    if head is None:
        raise _refused(source, start, "no entry", "write @article{key, title = {...}, ...}")
    place, closed = head.end(), ""
    while not closed:
        found = FIELD.match(text, place)
        if found is None:
            hint = "write name = {value}, and a comma before the next one"
            raise _refused(source, place, f"no field of {head[2]}", hint)
        name, value, place = found[1].casefold(), found[2] or "", found.end()
        if not value:
            end = _closing(source, place)
            value, place = " ".join(text[place : end - 1].split()), end
        if name in fields:
            raise _refused(source, found.start(1), f"{head[2]} has two fields {name}")
        fields[name] = value
        step = STEP.match(text, place)
        comma, closed = (step[1], step[2]) if step else ("", "")
        if not (comma or closed):
            raise _refused(source, place, f"no comma and no end behind {name} of {head[2]}")
        place = step.end() if step else place
    return Paper(head[2], MappingProxyType(fields), text[start:place]), place


def _closing(source: SourceText, start: int) -> int:
    """Return the place behind the brace that closes one opened just before `start`."""
    depth = 1
    for brace in BRACE.finditer(source.text, start):
        depth += 1 if brace[1] == "{" else -1
        if depth == 0:
            return brace.end()
    raise _refused(source, start - 1, "a brace is opened and never closed")


def _after_remarks(text: str, place: int) -> int:
    found = REMARK.match(text, place)
    return found.end() if found else place


def _refused(source: SourceText, place: int, message: str, hint: str = "") -> SchemaError:
    problem: Problem = source.problem(place, place + 1, "bibtex", message, hint)
    return SchemaError([problem])


@cache
def load_papers() -> Mapping[str, Paper]:
    """Return the papers of the registry by every identifier they have.

    Raises
    ------
    SchemaError
        `registry/references.bib` breaks its form.
    """
    path = data_path("registry") / "references.bib"
    papers = parse_bibtex(path.read_text(encoding="utf-8"), str(path))
    return MappingProxyType({name: paper for paper in papers for name in paper.ids})
