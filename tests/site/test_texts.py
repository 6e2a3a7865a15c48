"""Texts of a YAML file stay texts; configs, drawings and differences say what they should."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from astropile.errors import UsageError
from astropile.site import markup
from astropile.site.build import generated_pages
from astropile.site.differences import differences_page
from astropile.site.facts import Site, load_site, read_differences
from astropile.site.survey_page import survey_page
from astropile.site.wavelengths import Bar, bar_of, draw

HEADER = "survey,field,mmu,astropile,why\n"


def test_texts_when_they_hold_markup_then_none_gets_through(
    weeds: Site, html: Callable[[str], Any], outside_code: Callable[[str], str]
) -> None:
    pages = generated_pages(weeds)
    for name, page in pages.items():
        assert not re.search(r"(?<!\\)<script", outside_code(page)), name
        if name.endswith(".md"):
            found = html(page)
            assert not {"script", "b", "i", "x", "star"} & set(found.tags), name
            assert not [link for link in found.links if link.startswith("javascript")], name
    assert "\\*stars\\* \\[x\\]\\(y\\)" in pages["surveys/weeds.md"]


def test_backticks_when_in_a_description_then_are_code_and_end_no_block() -> None:
    assert markup.prose("a `b<c` d") == "a <code>b&lt;c</code> d"
    assert markup.raw("x ```` y").startswith("`````{raw} html\n")


def test_texts_when_they_span_lines_then_stand_on_one() -> None:
    assert markup.text(" a\n\n b ") == "a b"
    assert markup.markdown("a\n# b") == "a \\# b"


def test_anchors_when_names_are_odd_then_differ(weeds: Site) -> None:
    columns = weeds.surveys[0].columns
    assert columns["odd name (x)"].anchor == "column-odd-name-x-"
    assert columns["odd name [x]"].anchor == "column-odd-name-x--"


def test_columns_when_configs_differ_then_say_so(weeds: Site) -> None:
    columns = weeds.surveys[0].columns
    assert columns["odd name [x]"].only == ("b",)
    assert columns["m_g"].only == ()
    assert columns["m_g"].changes == {"b": "unit mag"}
    page = survey_page(weeds.surveys[0], weeds)
    assert "in <code>b</code>: unit mag" in page
    assert "0 to 40" in page
    assert "true where the value is bad" in page
    assert "<code>0</code> &lt;star&gt;" in page
    assert "unverified: unit" in page


def test_survey_page_when_files_are_listed_then_pattern_and_example_stand_there(
    weeds: Site,
) -> None:
    page = survey_page(weeds.surveys[0], weeds)
    assert "<code>{config}/*.parquet</code>" in page
    assert "<code>a/*.parquet</code>" in page


def test_survey_page_when_there_are_no_bands_then_no_heading(weeds: Site) -> None:
    survey = weeds.surveys[0]
    bare = survey.schema.file.model_copy(update={"bands": {}})
    page = survey_page(replace(survey, schema=replace(survey.schema, file=bare)), weeds)
    assert "## Bands" not in page


def test_drawing_when_filters_are_known_then_bars_lie_in_order(
    weeds: Site, html: Callable[[str], Any]
) -> None:
    names = ("SLOAN/SDSS.g", "SLOAN/SDSS.r", "WISE/WISE.W4")
    drawn = draw([bar_of(name[-1], name, weeds.filters[name]) for name in names], "Three <bands>")
    assert drawn.count("<rect") == 3
    assert 'aria-label="Three &lt;bands&gt;"' in drawn
    starts = [float(part.split('"')[1]) for part in drawn.split("<rect ")[1:]]
    assert starts == sorted(starts)
    assert 0 < starts[0] < starts[-1] < 720


@pytest.mark.parametrize(
    "span", [(100.0, 100000.0), (500.0, 501.0), (0.01, 10.0), (2000.0, 2100.0)]
)
def test_drawing_when_range_is_odd_then_has_an_axis(span: tuple[float, float]) -> None:
    drawn = draw([Bar("x", "x", span, None)], "x")
    assert drawn.count('text-anchor="middle"') >= 2


def test_drawing_when_no_wavelength_is_known_then_none() -> None:
    assert draw([bar_of("x", "No/Such.filter", None)], "x") == ""


def test_differences_when_read_then_shown_with_links(tmp_path: Path, weeds: Site) -> None:
    file = tmp_path / "differences.csv"
    fields = ("survey", "fl_{band}", "light", "light.mag")
    rows = ['weeds,m_g,float64,float32,"big, <really>"', *(f"weeds,{f},a,b,c" for f in fields)]
    file.write_text("\n".join([HEADER.strip(), *rows, "other,x,a,b,c"]))
    known = replace(weeds, differences=read_differences(file))
    page = differences_page(known)
    for anchor in ("column-m_g", "column-fl_g", "group-light", "column-light.mag"):
        assert f'<a href="../surveys/weeds.html#{anchor}">' in page
    assert "<code>survey</code>" in page
    assert "## other" in page
    assert "big, &lt;really&gt;" in page
    assert "## Differences from Multimodal Universe" in survey_page(weeds.surveys[0], known)
    assert "## Differences from Multimodal Universe" not in survey_page(weeds.surveys[0], weeds)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "columns are a, b"),
        (f"{HEADER}x,y\n", "row 2"),
        (f"{HEADER}a,b,c,d,e,f\n", "row 2"),
    ],
)
def test_differences_when_the_table_is_wrong_then_refused(
    text: str, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "differences.csv"
    file.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_differences(file)


def test_differences_when_they_name_a_survey_then_it_exists(repo_root: Path) -> None:
    site = load_site(repo_root / "docs")
    assert {entry.survey for entry in site.differences} <= set(site.by_id)
