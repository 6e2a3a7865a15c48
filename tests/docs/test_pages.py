"""Tables of the pages agree with the registry and the code; links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from astropile.engine.rejects import REASONS
from astropile.schema.include import fragment_names
from astropile.vocabulary import load_vocabulary

PAGES = ("adding-a-survey.md", "examples-and-datasets.md", "language.md", "names.md")
LINK = re.compile(r"\]\(([^)\s]*)\)")


def words(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings of a page, as CommonMark renderers make them."""
    plain = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", plain, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_quantities_when_listed_then_are_those_of_the_registry(page: Callable[[str], str]) -> None:
    rows = re.findall(r"^\| (`.*`) \|(.*)\|(.*)\|(.*)\|$", page("names.md"), re.MULTILINE)
    listed = {
        quantity: [words(cell) for cell in cells]
        for quantities, *cells in rows
        for quantity in words(quantities)
    }
    known = load_vocabulary().quantities
    expected = {name: [q.requires, q.optional, q.attributes] for name, q in known.items()}
    assert listed == expected


def test_qualifiers_when_listed_then_have_the_values_of_the_registry(
    page: Callable[[str], str],
) -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|$", page("names.md"), re.MULTILINE)
    qualifiers = load_vocabulary().qualifiers
    assert [name for name, _ in rows] == list(qualifiers)
    for name, cell in rows:
        if qualifiers[name].source == "values":
            assert words(cell) == qualifiers[name].words


def test_reasons_of_rejects_when_listed_then_are_all(page: Callable[[str], str]) -> None:
    _, _, rejects = page("examples-and-datasets.md").partition("\n## Rejects\n")
    listed = re.findall(r"^\| `(\w+)` \| .* \|$", rejects, re.MULTILINE)
    assert sorted(listed) == sorted(REASONS)


def test_fragments_when_counted_then_as_many_as_the_reference_says(reference: str) -> None:
    box = " ".join(reference[: reference.index("Contents:")].replace(">", " ").split())
    assert ("No shared fragments are shipped" in box) == (not fragment_names())


def test_links_when_followed_then_lead_to_a_page_and_its_heading(
    page: Callable[[str], str], repo_root: Path
) -> None:
    broken = []
    for name in PAGES:
        for link in LINK.findall(re.sub(r"`[^`]*`", "", page(name))):
            path, _, anchor = link.partition("#")
            target = (repo_root / "docs" / path) if path else repo_root / "docs" / name
            if not target.is_file() or (
                anchor and anchor not in anchors(target.read_text(encoding="utf-8"))
            ):
                broken.append(f"{name}: {link}")
    assert not broken
