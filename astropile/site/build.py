"""Puts the site together: hand-written pages, and those made from the YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Final

from astropile.errors import UsageError
from astropile.site.ambiguous_page import ambiguous_page
from astropile.site.api_pages import api_pages
from astropile.site.differences import differences_page
from astropile.site.facts import Site, load_site
from astropile.site.filter_pages import filter_page, filters_index
from astropile.site.grammar import qualifiers_table, quantities_table
from astropile.site.language_page import language_page
from astropile.site.markup import toctree
from astropile.site.overview import matrix, surveys_index
from astropile.site.quantity_pages import quantities_index, quantity_page
from astropile.site.search_index import search_index
from astropile.site.survey_page import survey_page

__all__ = ["build_source", "generated_pages"]

#: Pages at the top of the checkout, and what they are called on the site.
_PROJECT_PAGES: Final = {
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
#: Folder of the builds, beside the hand-written pages.
_BUILD: Final = "_build"
_TOCTREE: Final = re.compile(r"^```\{toctree\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\]\((?:\.\./)?(docs/)?([\w./-]+\.md)(#[^)\s]*)?\)")


def build_source(docs: Path, target: Path, package: ModuleType | None = None) -> list[Path]:
    """Write the source of the site: a folder that Sphinx builds as it is.

    Files that would not change are left alone, so that the next build is short; files of an
    earlier run that nothing writes any more are removed.

    Parameters
    ----------
    docs : Path
        Folder of the hand-written pages, ``conf.py`` and ``differences.csv``.
    target : Path
        Folder to write to.
    package : module, optional
        Package whose public names get pages; default none.

    Returns
    -------
    list of Path
        Every file of the source.

    Raises
    ------
    UsageError
        There are no hand-written pages, or the target is not the site's to clear.
    """
    if not (docs / "conf.py").is_file():
        message = "no documentation here: there is no conf.py"
        raise UsageError(message, where=str(docs), hint="give the docs folder of a checkout")
    marker = target / ".generated"
    if target.is_dir() and any(target.iterdir()) and not marker.is_file():
        message = "the folder holds files that the site did not write"
        raise UsageError(message, where=str(target), hint="give a new or an empty folder")
    files: dict[str, bytes] = {".generated": b"Written by astropile.site; cleared at each build.\n"}
    files |= {name: body.encode() for name, body in generated_pages(load_site(docs)).items()}
    if package is not None:
        files |= {name: body.encode() for name, body in api_pages(package).items()}
    by_hand = _written_by_hand(docs)
    files |= by_hand | {"_parts/guides.md": _guides(by_hand).encode()}
    return _write(target, files)


def generated_pages(site: Site) -> dict[str, str]:
    """Return every page made from the YAML, by its place on the site."""
    return {
        "_parts/matrix.md": matrix(site),
        "_parts/qualifiers.md": qualifiers_table(site.vocabulary),
        "_parts/quantities.md": quantities_table(site.vocabulary),
        "_static/columns-index.js": search_index(site),
        "ambiguous-names.md": ambiguous_page(site),
        "differences/index.md": differences_page(site),
        "filters/index.md": filters_index(site),
        "language-keys.md": language_page(),
        "quantities/index.md": quantities_index(site),
        "surveys/index.md": surveys_index(site),
        **{f"surveys/{one.id}.md": survey_page(one, site) for one in site.surveys},
        **{f"quantities/{q}.md": quantity_page(q, site) for q in site.vocabulary.quantities},
        **{f"filters/{slug}.md": filter_page(f, site) for f, slug in site.filter_slugs.items()},
    }


def _written_by_hand(docs: Path) -> dict[str, bytes]:
    """Return the files of the docs folder, and the pages of the project, with links mended."""
    files = {}
    for path in sorted(docs.rglob("*")):
        place = path.relative_to(docs)
        if path.is_file() and place.parts[0] != _BUILD and "__pycache__" not in place.parts:
            files[place.as_posix()] = path.read_bytes()
    for name, place_ in _PROJECT_PAGES.items():
        if (docs.parent / name).is_file():
            files[place_] = (docs.parent / name).read_bytes()
    return {
        name: _with_links(body.decode()).encode() if name.endswith(".md") else body
        for name, body in files.items()
    }


def _guides(files: Mapping[str, bytes]) -> str:
    """Return a list of the hand-written pages that no other one has in its table of contents."""
    pages = {name: body.decode() for name, body in files.items() if name.endswith(".md")}
    blocks = [block for body in pages.values() for block in _TOCTREE.findall(body)]
    listed = {
        line.rpartition("<")[2].rstrip("> ") for block in blocks for line in block.split("\n")
    }
    free = [name for name in pages if name != "index.md" and name.removesuffix(".md") not in listed]
    titles = {name: pages[name].partition("\n")[0].removeprefix("# ") for name in free}
    links = "\n".join(f"* [{title}]({name})" for name, title in titles.items())
    entries = [("", name.removesuffix(".md")) for name in free]
    return f"{links}\n\n{toctree(entries)}" if free else "%\n"


def _with_links(body: str) -> str:
    """Point links to pages of the project at their places on the site."""

    def mended(found: re.Match[str]) -> str:
        file = found[2]
        return f"]({_PROJECT_PAGES.get(file, file)}{found[3] or ''})"

    return _LINK.sub(mended, body)


def _write(target: Path, files: Mapping[str, bytes]) -> list[Path]:
    paths = []
    for name, body in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_bytes() != body:
            path.write_bytes(body)
        paths.append(path)
    wanted = set(paths)
    for path in sorted(target.rglob("*"), reverse=True):
        if path.is_file() and path not in wanted:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    return paths
