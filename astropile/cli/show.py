"""``astropile show``: one survey on a page."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from astropile.cli.options import AsJson, Config, SurveyName
from astropile.cli.output import printable, result_console, write_json, write_shown

if TYPE_CHECKING:
    from rich.console import Console
    from rich.tree import Tree

MAX_PATTERNS = 4


def show(survey: SurveyName, config: Config = None, as_json: AsJson = False) -> None:
    """Show a survey: configs, bands, an Example, expected files, licence, citation."""
    from astropile.cli.facts import survey_facts
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
    write_shown(f"{TextTable('Configs', header, rows, optional=('splits', 'rows'))}\n")
    rows = [
        (b["name"], _filters(b), _pivots(b), b["system"], _band_remarks(b)) for b in facts["bands"]
    ]
    if rows:
        header = ("band", "filters", "pivot_nm", "system", "note")
        write_shown(f"{TextTable('Bands', header, rows, optional=('system',))}\n")


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


def example_tree(facts: dict[str, Any]) -> Tree:
    """Return the structure of an Example; columns of one template share a line."""
    from rich.text import Text
    from rich.tree import Tree

    tree = Tree(Text.assemble(("Example", "bold"), printable(f" of config {facts['config']}")))
    plain = [entry for entry in facts["example"] if "kind" not in entry]
    blocks = [entry for entry in facts["example"] if "kind" in entry]
    for line in _leaf_lines(plain):
        tree.add(line)
    for block in blocks:
        label = f"  {block['kind']} {_shape(block)}"
        branch = tree.add(Text.assemble((printable(block["name"]), "bold"), printable(label)))
        for line in _leaf_lines(block["fields"]):
            branch.add(line)
    return tree


def _leaf_lines(leaves: list[dict[str, Any]]) -> list[Any]:
    from rich.text import Text

    lines = []
    keys = ("template", "dtype", "unit", "axes", "shape")
    for _, group in groupby(leaves, key=lambda leaf: [leaf[key] for key in keys]):
        same = list(group)
        leaf = same[0]
        name = leaf["name"] if len(same) == 1 else leaf["template"]
        about = f"  {leaf['dtype']} {_shape(leaf)}".rstrip()
        about += f"  [{leaf['unit']}]" if leaf["unit"] else ""
        line = Text.assemble((printable(name), "cyan"), printable(about))
        if len(same) > 1:
            line.append(printable(f"  {len(same)}: {_variables(same)}"), "dim")
        lines.append(line)
    return lines


def _shape(entry: dict[str, Any]) -> str:
    sizes = zip(entry["axes"], entry["shape"], strict=True)
    listed = ", ".join(f"{axis}={'*' if size is None else size}" for axis, size in sizes)
    return f"({listed})" if listed else ""


def _variables(leaves: list[dict[str, Any]]) -> str:
    """Return the values of each template variable: ``band g r i``."""
    names = list(leaves[0]["variables"])
    values = {n: dict.fromkeys(leaf["variables"][n] or "''" for leaf in leaves) for n in names}
    return ", ".join(f"{name} {' '.join(found)}" for name, found in values.items())


def _write_sources(facts: dict[str, Any]) -> None:
    from astropile.survey.show import TextTable

    rows: list[tuple[object, ...]] = []
    headings = []
    for source in facts["sources"]:
        for table in source["tables"]:
            patterns = table["files"][:MAX_PATTERNS]
            more = len(table["files"]) - len(patterns)
            patterns += [f"and {more} more"] if more > 0 else []
            for number, pattern in enumerate(patterns or ["(made of the others)"]):
                rows.append(
                    (*((table["name"], table["format"]) if not number else ("", "")), pattern)
                )
                headings.append(f"{source['name']}: {source['description']}")
    title = "Expected files, below the data directory"
    table = TextTable(title, ("table", "format", "files"), rows, headings=headings)
    write_shown(f"\n{table}\n")


def _write_credits(console: Console, facts: dict[str, Any]) -> None:
    licence = facts["license"]
    terms = licence["name"] + (f" ({licence['url']})" if licence["url"] else "")
    console.print(printable(f"Licence  {terms}"))
    console.print(printable(f"Cite     {', '.join(facts['cite'])}"))
    console.print(printable(f"BibTeX and acknowledgement: astropile cite {facts['id']}"))
