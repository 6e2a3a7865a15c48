"""Tables of the pages agree with the registry and the code; links lead somewhere."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

from astropile.engine.rejects import REASONS
from astropile.schema.include import fragment_names
from astropile.site.grammar import qualifiers_table, quantities_table
from astropile.vocabulary import load_vocabulary

PAGES = (
    *("adding-a-survey.md", "examples-and-datasets.md", "finding.md", "language.md"),
    *("concatenating.md", "dask.md", "download.md"),
    *("matching.md", "names.md", "piles.md", "selecting.md"),
)
LINK = re.compile(r"\]\(([^)\s]*)\)")


def words(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings of a page, as CommonMark renderers make them."""
    plain = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", plain, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def rows_of(table: str) -> list[list[list[str]]]:
    """Return the rows of an HTML table: for each cell what is code in it."""
    rows = re.findall(r"<tr>(.*)</tr>", table.partition("<tbody>")[2])
    cells = [re.findall(r"<t[hd] scope=\"row\".*?</th>|<td .*?</td>", row) for row in rows]
    return [[re.findall(r"<code>(.*?)</code>", html.unescape(c)) for c in row] for row in cells]


def test_quantities_when_named_then_take_what_the_registry_says(page: Callable[[str], str]) -> None:
    rows = re.findall(r"^\| (`.*`) \|(.*)\|(.*)\|(.*)\|$", page("names.md"), re.MULTILINE)
    assert len(rows) > 5
    known = load_vocabulary().quantities
    for quantities, *cells in rows:
        for name in words(quantities):
            entry = known[name]
            assert [words(cell) for cell in cells] == [
                entry.requires,
                entry.optional,
                entry.attributes,
            ]


def test_tables_when_made_from_the_registry_then_hold_all_of_it(page: Callable[[str], str]) -> None:
    vocabulary = load_vocabulary()
    made = {
        name: cells for names, *cells in rows_of(quantities_table(vocabulary)) for name in names
    }
    known = vocabulary.quantities
    assert made == {name: [q.requires, q.optional, q.attributes] for name, q in known.items()}
    values = {name: words for (name,), _, words in rows_of(qualifiers_table(vocabulary))}
    assert values == {name: q.words for name, q in vocabulary.qualifiers.items()}
    for part in ("quantities", "qualifiers"):
        assert f"```{{include}} _parts/{part}.md\n```" in page("names.md")


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
            if link.startswith("https://"):
                continue  # no test goes into the network
            path, _, anchor = link.partition("#")
            target = (repo_root / "docs" / path) if path else repo_root / "docs" / name
            if not target.is_file() or (
                anchor and anchor not in anchors(target.read_text(encoding="utf-8"))
            ):
                broken.append(f"{name}: {link}")
    assert not broken
