"""Where things are on the site, from the top or from a folder below it."""

from __future__ import annotations

from astropile.site.facts import ColumnFacts, Site
from astropile.site.markup import code, link

__all__ = ["column_link", "filter_link", "up"]


def up(address: str) -> str:
    """Return an address from the top of the site as seen from a page in a folder."""
    return f"../{address}"


def filter_link(name: str, site: Site) -> str:
    """Return a link to the page of a filter, from a page in a folder."""
    slug = site.filter_slugs.get(name)
    return link(up(f"filters/{slug}.html"), code(name)) if slug else code(name)


def column_link(facts: ColumnFacts, shown: str = "") -> str:
    """Return a link to the row of a column, from a page in a folder."""
    return link(up(facts.href), code(shown or facts.column.address))
