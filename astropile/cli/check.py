"""``astropile check``: whether the files of a survey are as its schema says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from astropile.cli.failures import DATA
from astropile.cli.options import AsJson, Config, Data, Source, SurveyName
from astropile.cli.output import write_json, write_lines

MAX_SHOWN = 10


def check(
    survey: SurveyName,
    data: Data,
    config: Config = None,
    source: Source = None,
    rows: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many objects to read in full.")
    ] = 200,
    everything: Annotated[
        bool, typer.Option("--all", help="Read all objects in full, not only --rows.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check the files of a survey against its schema.

    Ids and positions of all objects are read, and some objects in full.
    Reported are rows that cannot be used and why, leaves whose cells are
    missing or do not fit, and values beyond min, max or enum of their leaf;
    also cells of the files that no leaf is read from.

    Exit code 1 if there is any fault. Rows that the schema drops are none,
    nor are cells that it does not declare.
    """
    from astropile.survey import load
    from astropile.survey.checking import check_data

    loaded = load(survey, data_dir=data, config=config, source=source, on_bad_row="reject")
    findings = check_data(loaded, rows=None if everything else rows)
    facts = findings.to_dict()
    if as_json:
        write_json(facts)
    else:
        write_lines(_lines(facts))
    if findings.is_faulty:
        raise typer.Exit(DATA)


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    yield f"{facts['survey']}, config {facts['config']}, source {facts['source']}: {facts['data']}"
    yield f"files              {facts['files']}"
    yield f"rows               {facts['rows']}, {facts['without_position']} without position"
    yield f"rows read in full  {facts['read_in_full']}"
    reasons = facts["refused_by_reason"]
    listed = ", ".join(f"{code} {count}" for code, count in reasons.items())
    yield f"rows refused       {sum(reasons.values())}{f' ({listed})' if listed else ''}"
    refused = facts["refused"]
    for row in refused[:MAX_SHOWN]:
        yield f"  refused[{row['code']}]: {row['file']}, row {row['row']}: {row['message']}"
    if len(refused) > MAX_SHOWN:
        yield f"  ... and {len(refused) - MAX_SHOWN} more; --json lists all"
    for fault in facts["faults"]:
        yield from _fault_lines(fault)
    for fact in facts["limits"]:
        yield f"  {_limit_line(fact)}"
    if facts["undeclared"]:
        yield from _undeclared_lines(facts["undeclared"])
    yield "the files are NOT as the schema says" if facts["faulty"] else "no fault found"


def _undeclared_lines(undeclared: list[dict[str, str]]) -> Iterator[str]:
    cells = [fact["cell"] for fact in undeclared]
    more = f" and {len(cells) - MAX_SHOWN} more" if len(cells) > MAX_SHOWN else ""
    yield f"  undeclared: no leaf is read from {', '.join(cells[:MAX_SHOWN])}{more}"
    yield f"    = such as {cells[0]} in {undeclared[0]['file']}"
    yield "    = help: no fault; declare them in the YAML to have them"


def _fault_lines(fault: dict[str, Any]) -> Iterator[str]:
    leaves = fault["leaves"]
    more = f" and {len(leaves) - MAX_SHOWN} more" if len(leaves) > MAX_SHOWN else ""
    place = f"{fault['where']}: " if fault["where"] else ""
    yield f"  error: {place}{fault['message']}"
    if leaves:
        yield f"    = leaves: {', '.join(leaves[:MAX_SHOWN])}{more}"
    if fault["hint"]:
        yield f"    = help: {fault['hint']}"


def _limit_line(fact: dict[str, Any]) -> str:
    beyond = {"min": "below min", "max": "above max", "enum": "outside enum"}[fact["limit"]]
    expected = fact["expected"]
    listed = ", ".join(map(str, expected)) if isinstance(expected, list) else f"{expected:g}"
    count = fact["values"]
    values = f"{count} value{'' if count == 1 else 's'}"
    return (
        f"limit[{fact['leaf']}]: {values} {beyond} {listed}, such as {fact['example']!r} "
        f"of object {fact['object_id']}"
    )
