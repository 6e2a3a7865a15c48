"""How to credit surveys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from astropile.schema import SurveySchema
from astropile.survey.bibliography import load_papers, paper_id

__all__ = ["citation", "citations", "entries"]


def citation(schema: SurveySchema) -> str:
    """Return a BibTeX entry for each reference, and the acknowledgement.

    Parameters
    ----------
    schema : SurveySchema
        The survey.

    Returns
    -------
    str
        BibTeX entries, then the keys to cite, the terms and the acknowledgement as comments. A
        paper that the registry does not know is an entry with the identifier the survey gives.
    """
    return citations([schema])


def citations(schemas: Iterable[SurveySchema]) -> str:
    """Return the credits of several surveys; an entry that they share is written once.

    Parameters
    ----------
    schemas : iterable of SurveySchema
        The surveys.

    Returns
    -------
    str
        As `citation`, one survey after another.
    """
    written: dict[str, str] = {}
    parts = []
    for schema in schemas:
        own = entries(schema)
        new = [text for key, text in own.items() if key not in written]
        written |= own
        parts.append("\n".join([*new, *_credit(schema, own)]))
    return "\n\n".join(parts)


def entries(schema: SurveySchema) -> Mapping[str, str]:
    """Return the BibTeX entries of a survey by key, in the order of its references."""
    about, papers = schema.file.about, load_papers()
    found: dict[str, str] = {}
    for number, reference in enumerate(about.cite, 1):
        paper = papers.get(paper_id(reference))
        key = schema.id if len(about.cite) == 1 else f"{schema.id}_{number}"
        if paper is None:
            found[key] = _unknown(key, about.title, reference)
        else:
            found[paper.key] = paper.text
    return found


def _credit(schema: SurveySchema, own: Mapping[str, str]) -> list[str]:
    about = schema.file.about
    terms = about.license.name + (f" ({about.license.url})" if about.license.url else "")
    lines = [about.title, f"Cite: {', '.join(own)}", f"Licence: {terms}"]
    return [f"% {line}" for line in (*lines, *about.acknowledgement.splitlines())]


def _unknown(key: str, title: str, reference: str) -> str:
    """Return an entry for a paper of which only the identifier is known."""
    title = re.sub(r"([&%#_$])", r"\\\1", title)
    lower = reference.lower()
    if lower.startswith("doi:"):
        field = f"doi = {{{reference[4:]}}}"
    elif lower.startswith("arxiv:"):
        field = f"eprint = {{{reference[6:]}}}, archiveprefix = {{arXiv}}"
    else:
        field = f"note = {{{reference}}}"
    return f"@misc{{{key},\n  title = {{{title}}},\n  {field}\n}}"
