"""The papers of the registry: every entry is whole, every shipped survey's reference is there."""

from __future__ import annotations

import re

import pytest

import astropile as ap
from astropile.errors import SchemaError
from astropile.registry import heads
from astropile.survey.bibliography import Paper, load_papers, paper_id, parse_bibtex

ENTRY = """@article{a2020x,
  title = {A {B} c},
  author = {A, B.},
  year = 2020,
  doi = {10.1/X}
}"""


def papers() -> list[Paper]:
    """Return every paper of the registry once."""
    return list({paper.key: paper for paper in load_papers().values()}.values())


def test_registry_when_read_then_every_entry_is_whole() -> None:
    for paper in papers():
        assert all(paper.fields[name] for name in ("title", "author", "year")), paper.key
        assert re.fullmatch(r"(18|19|20)\d\d", paper.fields["year"]), paper.key
        doi, eprint = paper.fields.get("doi", "10.1/x"), paper.fields.get("eprint", "2000.00001")
        assert re.fullmatch(r"10\.\d{4,}/\S+|10\.1/x", doi), f"{paper.key}: doi {doi}"
        assert re.fullmatch(r"\d{4}\.\d{4,5}|[a-z-]+/\d{7}", eprint), f"{paper.key}: {eprint}"
        assert "bibcode" not in paper.fields or not {"doi", "eprint"} & set(paper.fields)
        assert paper.text.count("{") == paper.text.count("}")
        assert paper.text.count("@") == 1


def test_registry_when_keys_are_compared_then_unique() -> None:
    keys = [paper.key.casefold() for paper in papers()]
    assert len(keys) == len(set(keys)) > 10


@pytest.mark.parametrize("survey", [head.survey for head in heads()])
def test_registry_when_a_shipped_survey_cites_then_there(survey: str) -> None:
    cited = ap.load(survey).schema.file.about.cite
    assert [name for name in cited if paper_id(name) not in load_papers()] == []


def test_entry_when_read_then_fields_and_text_as_written() -> None:
    (paper,) = parse_bibtex(f"% a remark\n\n{ENTRY}\n", "x.bib")
    assert paper.key == "a2020x"
    assert dict(paper.fields) == {
        "title": "A {B} c",
        "author": "A, B.",
        "year": "2020",
        "doi": "10.1/X",
    }
    assert paper.ids == ("10.1/x",)
    assert paper.text == ENTRY


def test_entry_when_a_value_has_lines_then_they_are_joined() -> None:
    (paper,) = parse_bibtex(ENTRY.replace("A, B.", "A, B. and\n   C, D."), "x.bib")
    assert paper.fields["author"] == "A, B. and C, D."


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("doi = {10.1/X}", "volume = {3}"), 1, "the entry a2020x has no doi or eprint or bibcode"),
        (("  year = 2020,\n", ""), 1, "has no year"),
        (("author = {A, B.}", "author = {}"), 1, "has no author"),
        (("{10.1/X}", '"10.1/X"'), 5, "no field of a2020x"),
        (("{A {B} c}", "{A {B c}"), 6, "no comma and no end behind title of a2020x"),
        (("{A {B} c}", "{A {{B c}"), 2, "a brace is opened and never closed"),
        (("2020,", "2020"), 4, "no comma and no end behind year of a2020x"),
        (("  year", "  title = {D},\n  year"), 4, "a2020x has two fields title"),
        (("@article{a2020x,", "article{a2020x,"), 1, "no entry"),
        (("}\n}", "}\n}\n" + ENTRY), 7, "says 10.1/x again"),
    ],
)
def test_entry_when_not_of_the_form_then_refused_at_its_line(
    change: tuple[str, str], line: int, message: str
) -> None:
    assert change[0] in ENTRY
    with pytest.raises(SchemaError) as caught:
        parse_bibtex(ENTRY.replace(*change), "x.bib")
    (problem,) = caught.value.problems
    assert (problem.line, problem.code) == (line, "bibtex")
    assert message in problem.message


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("doi:10.1093/PASJ/psab122", "10.1093/pasj/psab122"),
        ("https://doi.org/10.1093/pasj/psab122", "10.1093/pasj/psab122"),
        ("arXiv:2108.13045v2", "arxiv:2108.13045"),
        ("ARXIV:astro-ph/0001001", "arxiv:astro-ph/0001001"),
        ("2000A&A...355L..27H", "2000a&a...355l..27h"),
    ],
)
def test_paper_id_when_written_in_other_ways_then_the_same(written: str, found: str) -> None:
    assert paper_id(written) == found
