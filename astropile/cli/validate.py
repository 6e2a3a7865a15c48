"""``astropile validate``: every problem of survey files, as compilers print them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from astropile.cli.failures import DATA
from astropile.cli.options import AsJson
from astropile.cli.output import remark, write_json, write_text
from astropile.errors import Problem, SchemaError

if TYPE_CHECKING:
    from astropile.schema import SurveySchema


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in one file."""

    file: str
    schema: SurveySchema | None
    problems: tuple[Problem, ...]
    lints: tuple[Problem, ...] = ()


def validate(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Survey files.", show_default=False)
    ],
    report: Annotated[
        bool, typer.Option("--report", help="List what is marked as unverified, too.")
    ] = False,
    format: Annotated[
        Literal["text", "github"],
        typer.Option("--format", help="How to print problems; github makes annotations."),
    ] = "text",
    as_json: AsJson = False,
) -> None:
    """Check survey files and print all problems of all of them.

    Exit code 1 if there is any.
    """
    verdicts = [_judge(file) for file in files]
    problems = [problem for verdict in verdicts for problem in verdict.problems]
    if as_json:
        found = [_facts(verdict, report=report) for verdict in verdicts]
        write_json({"valid": not problems, "files": found})
    else:
        for problem in problems:
            write_text(annotation(problem) if format == "github" else str(problem))
        for lint in (lint for verdict in verdicts for lint in verdict.lints):
            remark(str(lint).replace(": error[", ": warning[", 1))
        if report:
            for verdict in verdicts:
                _write_unverified(verdict)
        broken = sum(bool(verdict.problems) for verdict in verdicts)
        remark(_summary(len(verdicts), broken, len(problems)))
    if problems:
        raise typer.Exit(DATA)


def _judge(file: Path) -> Verdict:
    from astropile.schema import read_schema
    from astropile.schema.lints import schema_lints

    try:
        schema = read_schema(file.expanduser())
        return Verdict(str(file), schema, (), tuple(schema_lints(schema)))
    except SchemaError as error:
        return Verdict(str(file), None, error.problems)


def _summary(files: int, broken: int, problems: int) -> str:
    def count(number: int, what: str) -> str:
        return f"{number} {what}{'' if number == 1 else 's'}"

    if not problems:
        return f"{count(files, 'file')}: no problem"
    return f"{count(files, 'file')}: {count(problems, 'problem')} in {broken} of them"


def annotation(problem: Problem) -> str:
    """Return a problem as a workflow command of GitHub Actions.

    The escapes are those of ``@actions/core``:
    https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
    """

    def text(value: str) -> str:
        return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    def attribute(value: str) -> str:
        return text(value).replace(":", "%3A").replace(",", "%2C")

    message = f"{problem.message}\n{problem.help}" if problem.help else problem.message
    return (
        f"::error file={attribute(problem.file)},line={problem.line},col={problem.column},"
        f"title={attribute(problem.code)}::{text(message)}"
    )


def unverified(schema: SurveySchema) -> Iterator[tuple[tuple[str | int, ...], Sequence[str]]]:
    """Yield the place and the attributes of everything that was not checked against a source."""
    file = schema.file
    marked: list[tuple[tuple[str, ...], Any]] = [(("about",), file.about)]
    marked += [(("bands", name), band) for name, band in file.bands.items()]
    marked += [(("columns", name), field) for name, field in file.columns.items()]
    for name, modality in file.modalities.items():
        marked.append((("modalities", name), modality))
        marked += [(("modalities", name, "fields", f), m) for f, m in modality.fields.items()]
    for loc, model in marked:
        if model.unverified:
            yield loc, model.unverified


def _unverified_facts(verdict: Verdict) -> list[dict[str, Any]]:
    if verdict.schema is None:
        return []
    document = verdict.schema.document
    return [
        {
            "place": ".".join(map(str, loc)),
            "line": document.span(loc, key=True).line if document.has(loc) else None,
            "attributes": list(attributes),
        }
        for loc, attributes in unverified(verdict.schema)
    ]


def _write_unverified(verdict: Verdict) -> None:
    for fact in _unverified_facts(verdict):
        line = f":{fact['line']}" if fact["line"] else ""  # a fragment's place is elsewhere
        listed = ", ".join(fact["attributes"])
        write_text(f"{verdict.file}{line}: unverified: {fact['place']}: {listed}")


def _facts(verdict: Verdict, *, report: bool) -> dict[str, Any]:
    schema = verdict.schema
    facts: dict[str, Any] = {
        "file": verdict.file,
        "valid": not verdict.problems,
        "survey": schema.id if schema else None,
        "version": schema.file.version if schema else None,
        "problems": [asdict(problem) for problem in verdict.problems],
    }
    return facts | ({"unverified": _unverified_facts(verdict)} if report else {})
