"""``astropile show``: one survey on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from astropile.cli.options import AsJson, Config, SurveyName
from astropile.cli.output import printable, result_console, write_json, write_shown

if TYPE_CHECKING:
    from rich.console import Console

MAX_PATTERNS = 4


def show(survey: SurveyName, config: Config = None, as_json: AsJson = False) -> None:
    """Show a survey: configs, bands, an Example, expected files, licence, citation."""
    from astropile.cli.facts import survey_facts
    from astropile.cli.tree import example_tree
    from astropile.survey import load

    facts = survey_facts(load(survey, config=config))
    if as_json:
        write_json(facts)
        return
    console = result_console()
    _write_head(console, facts)
    _write_tables(facts)
    console.print(example_tree(facts))
    _write_sources(facts)
    _write_credits(console, facts)


def _write_head(console: Console, facts: dict[str, Any]) -> None:
    from rich.text import Text

    console.print(Text(printable(f"{facts['name']}: {facts['title']}"), "bold"))
    console.print(printable(facts["description"]))
    place = ", ".join(filter(None, (facts["facility"], facts["instrument"], facts["homepage"])))
    known = f"id {facts['id']}, version {facts['version']}"
    if facts["aliases"]:
        known += f", also called {', '.join(facts['aliases'])}"
    console.print(printable("\n".join(filter(None, (place, known)))))
    if facts["simulated"]:
        console.print("simulated: nothing here was observed")
    console.print()


def _write_tables(facts: dict[str, Any]) -> None:
    from astropile.survey.show import TextTable

    rows: list[tuple[object, ...]] = [
        (
            c["name"],
            "default" if c["default"] else "",
            c["rows"],
            c["splits"],
            c["description"] + (f" [deprecated: {c['deprecated']}]" if c["deprecated"] else ""),
        )
        for c in facts["configs"]
    ]
    header = ("name", "default", "rows", "splits", "description")
    write_shown(f"{TextTable('Configs', header, rows)}\n")
    rows = [
        (b["name"], _filters(b), _pivots(b), b["system"], _band_remarks(b)) for b in facts["bands"]
    ]
    if rows:
        header = ("band", "filters", "pivot_nm", "system", "note")
        write_shown(f"{TextTable('Bands', header, rows)}\n")


def _filters(band: dict[str, Any]) -> str:
    if band["cases"]:
        return ", ".join(f"{value}: {name}" for value, name in band["cases"].items())
    return ", ".join(band["filters"])


def _pivots(band: dict[str, Any]) -> str:
    known = [f"{pivot:g}" if pivot is not None else "?" for pivot in band["pivot_nm"]]
    if not known and band["wavelength_nm"]:
        return "{:g} to {:g}".format(*band["wavelength_nm"])
    return ", ".join(known)


def _band_remarks(band: dict[str, Any]) -> str:
    parts = [f"by column {band['by']}"] if band["by"] else []
    parts += [band["note"]] if band["note"] else []
    parts += [f"[unverified: {', '.join(band['unverified'])}]"] if band["unverified"] else []
    return "; ".join(parts)


def _write_sources(facts: dict[str, Any]) -> None:
    from astropile.survey.show import TextTable

    rows: list[tuple[object, ...]] = []
    headings = []
    for source in facts["sources"]:
        for table in source["tables"]:
            first = (table["name"], table["format"])
            for number, pattern in enumerate(_patterns(table)):
                rows.append((*(first if number == 0 else ("", "")), pattern))
                headings.append(f"{source['name']}: {source['description']}")
    title = "Expected files, below the data directory"
    table = TextTable(title, ("table", "format", "files"), rows, headings=headings)
    write_shown(f"\n{table}\n")


def _patterns(table: dict[str, Any]) -> list[str]:
    more = len(table["files"]) - MAX_PATTERNS
    shown = table["files"][:MAX_PATTERNS] or ["(made of other tables)"]
    return [*shown, f"... and {more} more"] if more > 0 else shown


def _write_credits(console: Console, facts: dict[str, Any]) -> None:
    licence = facts["license"]
    terms = licence["name"] + (f" ({licence['url']})" if licence["url"] else "")
    console.print(printable(f"Licence  {terms}"))
    console.print(printable(f"Cite     {', '.join(facts['cite'])}"))
    console.print(printable(f"BibTeX and acknowledgement: astropile cite {facts['id']}"))
