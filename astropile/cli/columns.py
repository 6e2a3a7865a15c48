"""``astropile columns``: what the columns of a survey are, and what a name means."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from astropile.cli.options import AsJson, Config, SurveyName, option
from astropile.cli.output import write_json, write_shown

if TYPE_CHECKING:
    from astropile.survey import Survey

RESOLVED = ("asked", "column", "canonical", "found_as", "unit", "dtype", "description")


def columns(
    survey: SurveyName,
    config: Config = None,
    resolve: Annotated[
        list[str] | None,
        option(
            "--resolve",
            metavar="NAME",
            help="Say which column a name means; may be repeated. Exit code 2 if none or several.",
        ),
    ] = None,
    partial: Annotated[
        Literal["refuse", "default"],
        typer.Option(help="What --resolve does with a name that leaves out a qualifier."),
    ] = "refuse",
    find: Annotated[
        str | None,
        option(
            metavar="TEXT",
            help="Only columns with this text in a name, unit, UCD, filter or description.",
        ),
    ] = None,
    group: Annotated[
        str | None,
        option(metavar="NAME", help="Only the columns of this block or heading."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Describe the columns of a survey, or say which column a name means."""
    from astropile.survey import load

    loaded = load(survey, config=config)
    if resolve:
        _write_resolved(loaded, resolve, partial, as_json=as_json)
        return
    table = loaded.columns.describe(group=group, find=find)
    if as_json:
        found = [_facts(column) for column in table.columns]
        write_json({"survey": loaded.id, "config": loaded.config, "columns": found})
    else:
        write_shown(table)


def _write_resolved(
    survey: Survey, names: list[str], partial: Literal["refuse", "default"], *, as_json: bool
) -> None:
    from astropile.survey.show import TextTable

    resolver = survey.request.resolver
    found = [(name, resolver.resolve(name, partial=partial)) for name in names]
    described = [(name, how.how, survey.columns[how.leaf.address]) for name, how in found]
    if as_json:
        resolved = [{"asked": n, "found_as": how, **_facts(c)} for n, how, c in described]
        write_json({"survey": survey.id, "config": survey.config, "resolved": resolved})
        return
    rows = [(n, c.address, c.canonical, how, c.unit, c.type, c.remarks) for n, how, c in described]
    title = f"{survey.title} ({survey.id}), config {survey.config}"
    write_shown(TextTable(title, RESOLVED, rows))


def _facts(column: Any) -> dict[str, Any]:
    """Return a column as plain data, its type with the shape in addition."""
    return {**asdict(column), "type": column.type}
