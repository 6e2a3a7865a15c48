"""The pages of the site as text, and what HTML they hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest

from astropile.schema import parse_schema
from astropile.site.build import generated_pages
from astropile.site.facts import Site, load_site, survey_facts
from astropile.vocabulary import load_filters, load_vocabulary

RAW = re.compile(r"^(`{3,})\{raw\} html\n(.*?)\n\1$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^(`{3,})\w+\n.*?^\1$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

#: A survey whose texts try to leave their places, with a column of one config alone.
HOSTILE = """
language: "1.0"
survey: weeds
version: 1.0.0
aliases: [thistle]
about:
  title: "Weeds <script>alert(1)</script> & *stars* [x](y)"
  name: Weeds
  description: "A <b>bold</b> claim ```` with `code` & more."
  homepage: "javascript:alert(2)"
  license: {name: "<i>none</i>", url: "javascript:alert(3)"}
  acknowledgement: "Thanks </div><script>alert(4)</script>"
  cite: ["doi:10.0000/weeds"]
  unverified: [license]
bands:
  g: {filters: [SLOAN/SDSS.g], note: "<script>alert(5)</script>"}
  w: {wavelength: [300, 400], unverified: [wavelength]}
defaults: {estimator: psf}
object: {id: object_id, ra: ra, dec: dec}
columns:
  object_id: {dtype: string, description: "<script>alert(6)</script>"}
  ra: {dtype: float64, unit: deg, description: Right ascension.}
  dec: {dtype: float64, unit: deg, description: Declination.}
  "odd name (x)": {dtype: float32, description: An odd name., unverified: [unit], note: "\\"<x>\\""}
  "odd name [x]": {dtype: float32, description: Another one., only: [b]}
  m_g:
    dtype: float32
    unit: mag(AB)
    is: {quantity: mag, estimator: psf, band: g}
    description: Magnitude.
    missing: [-99]
    min: 0
    max: 40
    aliases: ["gmag<"]
  kind: {dtype: int32, description: Kind., codes: {0: "<star>", 1: galaxy}}
  bad: {dtype: bool, description: Whether it is bad., true_means: bad, deprecated: "use <kind>"}
  "fl_{band}": {dtype: float32, unit: nJy, description: "Flux in {band}.", for: {band: ["*"]}}
modalities:
  light:
    kind: lightcurve
    description: "A <light> curve."
    axes: {epoch: {}}
    fields:
      time: {dtype: float64, unit: d, description: Time., time: {zero: 2400000.5, scale: utc}}
      mag: {dtype: float32, unit: mag(AB), description: Magnitude., unverified: [unit]}
    bands: [g]
sources:
  plain:
    description: "Files <of> text."
    tables: {main: {files: "{config}/*.parquet", format: parquet}}
    names: "{block}_{field}"
    keep: {light.epoch: "true"}
    values: {"odd name (x)": odd, "odd name [x]": other}
    note: "<script>alert(7)</script>"
configs:
  a: {description: "First <config>.", default: true}
  b: {description: Second., override: {m_g: {unit: mag}}}
"""


@dataclass
class Html(HTMLParser):
    """What an HTML text holds: tags, ids and links."""

    tags: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    open_tags: list[str] = field(default_factory=list)
    text: str = ""

    VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "source", "line", "rect", "wbr"})

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open_tags.append(tag)
        if values.get("id"):
            self.ids.append(str(values["id"]))
        if tag == "a" and values.get("href"):
            self.links.append(str(values["href"]))
        elif tag == "link" and values.get("rel") not in ("canonical", "next", "prev", "search"):
            self.loads.append(str(values.get("href", "")))
        elif values.get("src"):
            self.loads.append(str(values["src"]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open_tags, f"</{tag}> closes nothing"
            assert self.open_tags.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        self.text += data


def parse(text: str) -> Html:
    """Return what an HTML text holds."""
    html = Html()
    html.feed(text)
    html.close()
    return html


def slug(title: str) -> str:
    """Return the id that Sphinx gives a heading."""
    return re.sub(r"[^a-z0-9]+", "-", title.replace("\\", "").lower()).strip("-")


@pytest.fixture(scope="session")
def html() -> Callable[[str], Html]:
    """Return a function: a page of Markdown -> what the HTML in it holds, and its headings."""

    def read(page: str) -> Html:
        found = parse("\n".join(match[2] for match in RAW.finditer(page)))
        found.ids += [slug(title) for title in HEADING.findall(RAW.sub("", page))]
        return found

    return read


@pytest.fixture(scope="session")
def outside_code() -> Callable[[str], str]:
    """Return a function: a page -> it without blocks of code, which show texts as they are."""
    return lambda page: CODE.sub("", page)


@pytest.fixture(scope="session")
def parse_html() -> Callable[[str], Html]:
    """Return a function: HTML -> what it holds."""
    return parse


@pytest.fixture(scope="session")
def site(repo_root: Path) -> Site:
    """Every survey that ships."""
    return load_site(repo_root / "docs")


@pytest.fixture(scope="session")
def pages(site: Site) -> Mapping[str, str]:
    """Every generated page by its place."""
    return generated_pages(site)


@pytest.fixture(scope="session")
def weeds() -> Site:
    """A site of one survey, whose texts hold what must not get through."""
    survey = survey_facts(parse_schema(HOSTILE, "weeds.yaml"))
    return Site((survey,), load_filters(), load_vocabulary())
