"""Small verbs: ``astropile demo``, ``schema`` and ``clean``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from astropile.cli.options import AsJson, option
from astropile.cli.output import human_size, write_json, write_lines, write_text


def demo(
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="Folder for what the tour writes."),
    ] = Path("demo-output"),
    as_json: AsJson = False,
) -> None:
    """Take the tour: match data that ship with astropile, print tables, write pictures."""
    from rich.console import Console

    from astropile.cli.demo import run_demo

    # The tour draws rules and marks words up, so it gets a console with the usual settings.
    written = run_demo(output.expanduser(), Console(stderr=as_json))
    if as_json:
        write_json({"output": str(output), "written": [str(path) for path in written]})


def schema(
    out: Annotated[
        Path | None,
        option("--out", "-o", metavar="FILE", help="Write to a file."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the JSON Schema of survey files, for completion and checks in an editor."""
    from astropile.schema.json_schema import json_schema_text, write_json_schema

    if out is None:
        write_text(json_schema_text().rstrip("\n"))
        return
    written = write_json_schema(out.expanduser())
    if as_json:
        write_json({"file": str(written)})
    else:
        write_text(f"wrote {written}")


def clean(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="PATH",
            help="Folder of a pile: remove what unfinished builds of it left beside it.",
            show_default=False,
        ),
    ] = None,
    cache: Annotated[
        bool, typer.Option("--cache", help="Remove the cache of converted surveys.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove what astropile keeps on disk; everything in it can be made again."""
    from astropile.errors import UsageError
    from astropile.survey import cache_dir, clean_cache

    folder = cache_dir()
    if not cache and path is None:
        raise UsageError(
            "nothing to clean was named",
            hint=f"give --cache to remove {folder}, or the PATH of a pile",
        )
    removed: list[tuple[Path, int]] = []
    if path is not None:
        from astropile.pile import clean_builds

        removed += clean_builds(path)
    if cache:
        removed.append((folder, clean_cache()))
    freed = sum(size for _, size in removed)
    if as_json:
        listed = (
            {"folder": str(folder)} if path is None else {"removed": [str(p) for p, _ in removed]}
        )
        write_json({**listed, "freed_bytes": freed})
    elif removed:
        write_lines(f"freed {human_size(size)} in {place}" for place, size in removed)
    else:
        write_text("there is nothing to remove")
