"""How to credit a survey."""

from __future__ import annotations

import re

from astropile.schema import SurveySchema


def citation(schema: SurveySchema) -> str:
    """Return a BibTeX entry for each reference and the acknowledgement.

    Parameters
    ----------
    schema : SurveySchema
        The survey.

    Returns
    -------
    str
        BibTeX entries with the identifiers the survey gives, then the acknowledgement and terms.
    """
    about = schema.file.about
    entries = []
    for number, reference in enumerate(about.cite, 1):
        key = schema.id if len(about.cite) == 1 else f"{schema.id}_{number}"
        entries.append(_bibtex(key, about.title, reference))
    terms = about.license.name + (f" ({about.license.url})" if about.license.url else "")
    lines = [*entries, f"% {about.title}", f"% Licence: {terms}"]
    lines += [f"% {line}" for line in about.acknowledgement.splitlines()]
    return "\n".join(lines)


def _bibtex(key: str, title: str, reference: str) -> str:
    title = re.sub(r"([&%#_$])", r"\\\1", title)
    lower = reference.lower()
    if lower.startswith("doi:"):
        field = f"doi = {{{reference[4:]}}}"
    elif lower.startswith("arxiv:"):
        field = f"eprint = {{{reference[6:]}}}, archiveprefix = {{arXiv}}"
    else:
        field = f"note = {{{reference}}}"
    return f"@misc{{{key},\n  title = {{{title}}},\n  {field}\n}}"
