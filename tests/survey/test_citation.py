"""What to cite: BibTeX that BibTeX reads, the acknowledgement and the licence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import astropile as ap
from astropile.schema import parse_schema


def test_cite_when_two_references_then_an_entry_each_and_the_credit(grove: Path) -> None:
    text = ap.load("grove").cite()
    assert re.findall(r"@misc\{(\w+),", text) == ["grove_1", "grove_2"]
    assert "doi = {10.1000/grove}" in text
    assert "eprint = {2101.00001}, archiveprefix = {arXiv}" in text
    assert "% Licence: CC0 (https://creativecommons.org/publicdomain/zero/1.0/)" in text
    assert text.endswith("% Thanks to nobody.")


def test_cite_when_title_has_special_characters_then_escaped(grove: Path) -> None:
    title = '"Trees & Shrubs: 50 % of _all_ #1"'
    text = grove.read_text().replace("Grove Survey", title)
    text = text.replace('"doi:10.1000/grove", "arXiv:2101.00001"', '"doi:10.1000/a_b"')
    from astropile.survey.citation import citation

    cited = citation(parse_schema(text, "grove.yaml"))
    assert r"title = {Trees \& Shrubs: 50 \% of \_all\_ \#1}" in cited
    assert "@misc{grove," in cited
    assert "doi = {10.1000/a_b}" in cited


@pytest.mark.parametrize("survey", [row["id"] for row in ap.surveys()])
def test_cite_when_survey_is_shipped_then_braces_are_balanced_and_lines_said(survey: str) -> None:
    loaded = ap.load(survey)
    text = loaded.cite()
    entries = [line for line in text.splitlines() if not line.startswith("%")]
    assert "\n".join(entries).count("{") == "\n".join(entries).count("}") > 0
    assert len(re.findall(r"^@misc", text, re.MULTILINE)) == len(loaded.schema.file.about.cite)
    assert f"% {loaded.title}" in text
