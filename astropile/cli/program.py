"""The program: its verbs and its global options."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from astropile.cli.across import compare, find
from astropile.cli.build import build, verify
from astropile.cli.check import check
from astropile.cli.columns import columns
from astropile.cli.download import download
from astropile.cli.failures import DEBUG_VARIABLE, USAGE
from astropile.cli.group import Program
from astropile.cli.housekeeping import clean, demo, schema
from astropile.cli.listing import cite, list_surveys
from astropile.cli.match import match
from astropile.cli.output import write_text
from astropile.cli.show import show
from astropile.cli.simulate import simulate
from astropile.cli.validate import validate

LOOK, DATA, FILES = "Look", "Work with data", "Files of astropile"
VERBS: dict[str, tuple[Callable[..., None], str]] = {
    "list": (list_surveys, LOOK),
    "show": (show, LOOK),
    "columns": (columns, LOOK),
    "find": (find, LOOK),
    "compare": (compare, LOOK),
    "cite": (cite, LOOK),
    "build": (build, DATA),
    "verify": (verify, DATA),
    "match": (match, DATA),
    "check": (check, DATA),
    "simulate": (simulate, DATA),
    "download": (download, DATA),
    "demo": (demo, DATA),
    "validate": (validate, FILES),
    "schema": (schema, FILES),
    "clean": (clean, FILES),
}

app = typer.Typer(
    name="astropile",
    cls=Program,
    help="Sky surveys as Examples: described once in YAML, read, matched and saved.",
    epilog="Results go to standard output. Exit codes: 0 done, 1 data, 2 usage, 3 unsafe file, "
    "4 reading or writing, 130 interrupted.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, (_verb, _panel) in VERBS.items():
    app.command(_name, rich_help_panel=_panel)(_verb)


@app.callback()
def start(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug", help=f"Show the traceback of unexpected errors; so does {DEBUG_VARIABLE}=1."
        ),
    ] = False,
) -> None:
    """Take the options that stand before the verb; ``--debug`` is for ``Program.main``."""
    if version:
        from importlib.metadata import version as installed_version

        write_text(f"astropile {installed_version('astropile')}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        write_text(ctx.get_help())
        raise typer.Exit(USAGE)


def main() -> None:
    """Run the command line ``astropile`` and leave the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="astropile")
