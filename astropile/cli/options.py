"""Arguments and options that verbs share, and what the shell completes for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import typer

from astropile.errors import AstropileError

Find: TypeAlias = Literal["nearest", "mutual", "all", "k"]
How: TypeAlias = Literal["inner", "left", "anti", "outer"]


def complete_survey(incomplete: str) -> list[tuple[str, str]]:
    """Return the surveys that start with what was typed, each with its short name."""
    from astropile.registry import heads

    try:
        known = heads()
    except AstropileError:
        return []  # a broken file is reported by the verbs; completion has no place to say so
    return [(head.survey, head.name) for head in known if head.survey.startswith(incomplete)]


def complete_config(
    survey: str, place: int
) -> Callable[[typer.Context, str], list[tuple[str, str]]]:
    """Return a completion: configs of the survey that this argument names.

    Parameters
    ----------
    survey : str
        Name of the argument.
    place : int
        Its place among all arguments.
    """

    def complete(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
        from astropile.registry import find_schema

        # While the option waits for its value, arguments stay where they were found.
        name = ctx.params.get(survey) or next(iter(ctx.args[place:]), "")
        try:
            configs = find_schema(name).file.configs
        except AstropileError:
            return []
        return [(k, c.description) for k, c in configs.items() if k.startswith(incomplete)]

    return complete


def option(*names: str, **about: Any) -> Any:
    """Return an option; its own help says what holds without it."""
    return typer.Option(*names, show_default=False, **about)


def _survey(metavar: str) -> Any:
    return typer.Argument(
        metavar=metavar,
        help="Id, alias or class name of a survey.",
        autocompletion=complete_survey,
        show_default=False,
    )


def _side(metavar: str) -> Any:
    return typer.Argument(
        metavar=metavar,
        help="Id, alias or class name of a survey; or the path of a pile or of a table.",
        autocompletion=complete_survey,
        show_default=False,
    )


def _config(name: str, survey: str, place: int, *short: str) -> Any:
    return option(
        name,
        *short,
        metavar="NAME",
        help="Subset of the survey; default: the one it declares.",
        autocompletion=complete_config(survey, place),
    )


def _source(name: str) -> Any:
    return option(
        name, metavar="NAME", help="Container to read; default: the first whose files are there."
    )


def _data(*names: str) -> Any:
    return option(*names, metavar="DIR", help="Folder with the survey's files.")


AsJson = Annotated[bool, option("--json", help="Print the result as JSON, and errors, too.")]
SurveyName = Annotated[str, _survey("SURVEY")]
SurveyNames = Annotated[list[str], _survey("SURVEY...")]
LeftName = Annotated[str, _side("A")]
RightName = Annotated[str, _side("B")]
Config = Annotated[str | None, _config("--config", "survey", 0, "-c")]
LeftConfig = Annotated[str | None, _config("--left-config", "left", 0)]
RightConfig = Annotated[str | None, _config("--right-config", "right", 1)]
Source = Annotated[str | None, _source("--source")]
LeftSource = Annotated[str | None, _source("--left-source")]
RightSource = Annotated[str | None, _source("--right-source")]
Data = Annotated[Path, _data("--data", "--data-dir")]
LeftData = Annotated[Path | None, _data("--left-data")]
RightData = Annotated[Path | None, _data("--right-data")]
