"""Pieces of pages: escaped HTML, and the Markdown around it.

Tables and drawings are written as HTML, which a page of hundreds of columns needs to build fast and
to look right on a telephone. Every text of a YAML file passes :func:`text` or :func:`markdown`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Sequence

__all__ = [
    "anchor",
    "badge",
    "code",
    "codes",
    "facts",
    "link",
    "listing",
    "long_code",
    "markdown",
    "muted",
    "outside",
    "page",
    "prose",
    "raw",
    "table",
    "text",
    "toctree",
    "unverified",
]

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$^&:@])")


def text(value: object) -> str:
    """Return a text escaped for HTML, also inside an attribute, on one line."""
    return html.escape(" ".join(str(value).split()), quote=True)


def prose(value: object) -> str:
    """Return a sentence escaped for HTML; what stands between backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", text(value))


def markdown(value: object) -> str:
    """Return a text escaped for Markdown, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).split()))


def code(value: object) -> str:
    """Return a text as code."""
    return f"<code>{text(value)}</code>"


def long_code(value: object) -> str:
    """Return a name as code that may be broken behind ``_``, ``.``, ``;`` and ``/``."""
    return f"<code>{re.sub(r'(?<=[_.;/])(?=[^_.;/&])', '<wbr>', text(value))}</code>"


def codes(values: Iterable[object]) -> str:
    """Return texts as code, with commas between."""
    return ", ".join(map(code, values))


def link(target: str, body: str) -> str:
    """Return a link; `body` is HTML."""
    return f'<a href="{text(target)}">{body}</a>'


def outside(address: str, body: str = "") -> str:
    """Return a link to the web if the address is one, else plain text; `body` is HTML."""
    shown = body or text(address)
    return link(address, shown) if address.startswith(("https://", "http://")) else shown


def muted(value: object) -> str:
    """Return a text that may be overlooked."""
    return f'<span class="ap-muted">{text(value)}</span>'


def badge(value: object, kind: str = "") -> str:
    """Return a short mark; `kind` is ``warn`` or empty."""
    return f'<span class="ap-badge{" ap-" + kind if kind else ""}">{text(value)}</span>'


def unverified(what: Sequence[str]) -> str:
    """Return the mark of facts that were not checked against a source."""
    return badge(f"unverified: {', '.join(what)}", "warn") if what else ""


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, css: str = "") -> str:
    """Return a table; cells are HTML, and carry their heading for narrow screens.

    The first cell of a row is its heading. A cell that starts with ``<th`` is taken as it is. A
    column that has nothing in any row is left out.
    """
    cells = [list(row) for row in rows]
    used = [k for k in range(len(header)) if not cells or any(row[k] for row in cells)]
    head = "".join(f'<th scope="col">{text(header[k])}</th>' for k in used)
    body = "\n".join(
        f"<tr>{''.join(_cell(header[k], k, row[k]) for k in used)}</tr>" for row in cells
    )
    return (
        f'<div class="ap-scroll" tabindex="0"><table class="table ap-table {css}">\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def _cell(name: str, number: int, cell: str) -> str:
    if cell.startswith("<th"):
        return cell
    tag = "td" if number else 'th scope="row"'
    return f'<{tag} data-label="{text(name)}">{cell}</{tag[:2]}>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return names and values as a list; empty values (HTML) are left out."""
    shown = [(name, value) for name, value in pairs if value]
    items = "".join(f"<div><dt>{text(name)}</dt><dd>{value}</dd></div>" for name, value in shown)
    return f'<dl class="ap-facts">{items}</dl>' if items else ""


def listing(items: Sequence[str], *, of: str, longest: int = 8) -> str:
    """Return pieces of HTML with commas between; folded if there are many.

    Parameters
    ----------
    items : sequence of str
        The pieces.
    of : str
        What they are, in the plural.
    longest : int
        How many are shown at once.
    """
    joined = ", ".join(items)
    if len(items) <= longest:
        return joined
    return f"<details><summary>{len(items)} {text(of)}</summary>{joined}</details>"


def anchor(name: str, prefix: str = "column") -> str:
    """Return the id of an element: letters, digits and ``_ . -`` stay."""
    return f"{prefix}-{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)}"


def raw(body: str) -> str:
    """Return HTML as a block of a Markdown page."""
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{{raw}} html\n{body}\n{fence}\n"


def toctree(entries: Iterable[tuple[str, str]], *, hidden: bool = True) -> str:
    """Return the table of contents of (title, page); an empty title takes that of the page."""
    lines = [f"{title} <{place}>" if title else place for title, place in entries]
    options = ":hidden:\n" if hidden else ""
    return "```{toctree}\n" + options + "\n".join(lines) + "\n```\n"


def page(title: str, *blocks: str, keywords: Sequence[str] = ()) -> str:
    """Return a page; the keywords are words that the site's own search finds it by.

    Parameters
    ----------
    title : str
        Heading, as Markdown.
    *blocks : str
        Markdown; empty ones are left out.
    keywords : sequence of str
        Names that stand only in HTML, which the search of Sphinx does not read.
    """
    words = ", ".join(dict.fromkeys(word.replace(",", " ") for word in keywords))
    head = ""
    if words:
        quoted = json.dumps(words, ensure_ascii=False)
        head = f"---\nmyst:\n  html_meta:\n    keywords: {quoted}\n---\n\n"
    body = "\n".join(block.rstrip("\n") + "\n" for block in blocks if block)
    return f"{head}# {title}\n\n{body}"
