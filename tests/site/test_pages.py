"""Every survey, quantity, filter and column has its place on the site, and links lead there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import astropile as ap
from astropile.site.ambiguous_page import partial_names
from astropile.site.api_pages import api_pages
from astropile.site.facts import Site
from astropile.site.language_page import language_page


def test_surveys_quantities_and_filters_when_listed_then_each_has_a_page(
    site: Site, pages: Mapping[str, str]
) -> None:
    assert len(site.surveys) == len(list(ap.surveys())) > 0
    expected = [f"surveys/{survey.id}.md" for survey in site.surveys]
    expected += [f"quantities/{name}.md" for name in site.vocabulary.quantities]
    expected += [f"filters/{slug}.md" for slug in site.filter_slugs.values()]
    assert len({name.casefold() for name in expected}) == len(expected)
    assert set(expected) <= set(pages)


def test_columns_when_on_the_page_of_their_survey_then_say_all_that_is_known(
    site: Site, pages: Mapping[str, str], html: Callable[[str], Any]
) -> None:
    for survey in site.surveys:
        found = html(pages[f"surveys/{survey.id}.md"])
        assert len(set(found.ids)) == len(found.ids), f"{survey.id}: an id occurs twice"
        text = " ".join(found.text.split())
        for facts in survey.columns.values():
            column = facts.column
            assert facts.anchor in found.ids, column.address
            for part in (column.address, column.canonical, column.unit, column.type, column.ucd,
                         column.nulls, *column.aliases, *column.unverified):  # fmt: skip
                assert " ".join(part.split()) in text, f"{survey.id}: {column.address}: {part}"


def test_units_when_there_is_none_then_dimensionless_or_not_known(
    site: Site, pages: Mapping[str, str]
) -> None:
    for survey in site.surveys:
        page = pages[f"surveys/{survey.id}.md"]
        bare = [f.column for f in survey.columns.values() if not f.column.unit]
        unknown = [column for column in bare if "unit" in column.unverified]
        assert page.count(">dimensionless<") == len(bare) - len(unknown)
        assert page.count(">not known</span></td>") >= len(unknown)


def test_links_when_followed_then_lead_to_a_page_and_its_anchor(
    pages: Mapping[str, str], html: Callable[[str], Any], repo_root: Path
) -> None:
    holds = {name: html(page) for name, page in pages.items() if name.endswith(".md")}
    by_hand = {path.name for path in (repo_root / "docs").glob("*.md")}
    broken = []
    for name, found in holds.items():
        folder = "" if name.startswith("_parts/") else posixpath.dirname(name)
        for link in found.links:
            if link.startswith(("https://", "http://")):
                continue
            path, _, anchor = link.partition("#")
            path = path.partition("?")[0].replace(".html", ".md")
            target = posixpath.normpath(posixpath.join(folder, path)) if path else name
            known = target in holds or (target in by_hand and not anchor)
            if not known or (anchor and anchor not in holds[target].ids):
                broken.append(f"{name}: {link}")
    assert not broken, broken[:20]


def test_markup_when_pages_are_read_then_every_element_is_closed(
    pages: Mapping[str, str], html: Callable[[str], Any]
) -> None:
    for name, page in pages.items():
        if name.endswith(".md"):
            assert not html(page).open_tags, name


def test_mag_i_when_looked_up_then_the_candidates_are_those_of_the_error(site: Site) -> None:
    partials = {partial.name: partial for partial in partial_names(site)}
    assert {"mag_i", "mag_g", "flux_g", "redshift"} <= set(partials)
    listed = {f.column.canonical for s, f in partials["mag_i"].candidates if s.id == "hsc"}
    with pytest.raises(ap.errors.AmbiguousColumnError) as caught:
        ap.load("hsc").columns.resolve("mag_i")
    assert listed == {c for c in caught.value.candidates if not c.endswith("_err")}


def test_partial_names_when_listed_then_none_is_a_canonical_name(site: Site) -> None:
    canonical = {facts.column.canonical for _, facts in site.columns()}
    assert not canonical & {partial.name for partial in partial_names(site)}


def test_partial_names_when_page_is_read_then_each_has_a_section(
    site: Site, pages: Mapping[str, str], html: Callable[[str], Any]
) -> None:
    found = html(pages["ambiguous-names.md"])
    assert {f"name-{partial.name}" for partial in partial_names(site)} <= set(found.ids)
    assert len(set(found.ids)) == len(found.ids)


def test_public_names_when_listed_then_each_has_a_page() -> None:
    pages = api_pages(ap)
    for name in ap.__all__:
        assert f"astropile.{name}" in pages[f"api/astropile.{name}.md"]
    for error in ap.errors.__all__:
        assert f":: astropile.errors.{error}\n" in pages["api/astropile.errors.md"]
    assert ":: astropile.testing.simulate" in pages["api/astropile.testing.md"]


def test_keys_of_the_models_when_listed_then_all_are_on_the_page(
    html: Callable[[str], Any],
) -> None:
    from astropile.schema import models

    found = html(language_page())
    for name, model in vars(models).items():
        if isinstance(model, type) and issubclass(model, models.Model) and model.model_fields:
            for key, field in model.model_fields.items():
                assert f"{name}-{field.alias or key}" in found.ids


@pytest.mark.parametrize("name", ["tycho2", "desi"])
def test_code_of_a_survey_page_when_copied_then_runs(
    name: str, pages: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, mock = re.findall(r"```python\n(.*?)```", pages[f"surveys/{name}.md"], re.DOTALL)
    names: dict[str, Any] = {}
    exec(f"import astropile as ap\n{mock.replace(', 100,', ', 3,')}\n{code}", names)
    assert len(names["catalog"]) == len(names["examples"]) == 3
    assert len(names["catalog"].colnames) > 4
