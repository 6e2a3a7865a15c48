"""What to cite: BibTeX that BibTeX reads, the acknowledgement and the licence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import astropile as ap
from astropile.registry import heads
from astropile.schema import parse_schema
from astropile.survey.citation import citation, citations


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
    cited = citation(parse_schema(text, "grove.yaml"))
    assert r"title = {Trees \& Shrubs: 50 \% of \_all\_ \#1}" in cited
    assert "@misc{grove," in cited
    assert "doi = {10.1000/a_b}" in cited


@pytest.mark.parametrize("survey", [head.survey for head in heads()])
def test_cite_when_survey_is_shipped_then_braces_are_balanced_and_lines_said(survey: str) -> None:
    loaded = ap.load(survey)
    text = loaded.cite()
    entries = [line for line in text.splitlines() if not line.startswith("%")]
    assert "\n".join(entries).count("{") == "\n".join(entries).count("}") > 0
    assert f"% {loaded.title}" in text
    keys = re.findall(r"^@\w+\{(\w+),", text, re.MULTILINE)
    assert f"% Cite: {', '.join(keys)}\n" in text
    assert len(keys) == len(set(keys))


def test_cite_when_the_paper_is_known_then_its_own_entry() -> None:
    text = ap.load("hsc").cite()
    assert text.startswith("@article{aihara2022third,\n  title = {Third data release of")
    assert "author = {Aihara, Hiroaki and " in text
    assert "doi = {10.1093/pasj/psab122}" in text
    assert "@misc" not in text


def test_citations_when_surveys_share_a_paper_then_written_once(grove: Path) -> None:
    shared = grove.read_text().replace("doi:10.1000/grove", "arXiv:2108.13045v3")
    twin = parse_schema(shared, "grove.yaml")
    text = citations([ap.load("hsc").schema, twin])
    assert text.count("@article{aihara2022third,") == 1
    assert text.count("% Cite: aihara2022third, ") == 2
    assert text.count("% Licence: ") == 2
