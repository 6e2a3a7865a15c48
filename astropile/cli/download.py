"""``astropile download``: the files of a survey, from the mirrors that its YAML names."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from astropile.cli.options import AsJson, Config, SurveyName, option
from astropile.cli.output import human_size, remark_console, write_json, write_lines

if TYPE_CHECKING:
    from astropile.survey.downloading import Download


def download(
    survey: SurveyName,
    out: Annotated[
        Path,
        option(
            "--output",
            "-o",
            metavar="DIR",
            help="Data directory; give the same one to go on after an interruption.",
        ),
    ],
    config: Config = None,
    source: Annotated[
        str | None,
        option(metavar="NAME", help="Container to fetch; default: the first that has a mirror."),
    ] = None,
    mirror: Annotated[
        str | None,
        option(metavar="URL", help="Folder to fetch from instead: https, s3, hf, or a path."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Only list the files and their bytes.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that differ from the mirror's.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, metavar="N", help="Files at once.")] = 4,
    retries: Annotated[
        int, typer.Option(min=0, metavar="N", help="How often to try again without progress.")
    ] = 5,
    as_json: AsJson = False,
) -> None:
    """Fetch the files of a survey; interrupted transfers go on, and what arrives is checked."""
    from astropile.survey.downloading import download as bring

    with ExitStack() as stack:
        done = bring(
            survey,
            out,
            config=config,
            source=source,
            mirror=mirror,
            dry_run=dry_run,
            overwrite=overwrite,
            workers=workers,
            retries=retries,
            begin=_bar(stack) if sys.stderr.isatty() else None,
        )
    if as_json:
        write_json(_facts(done))
    else:
        write_lines(_lines(done))


def _bar(stack: ExitStack) -> Callable[[Download], Callable[[int], None]]:
    """Return what shows a progress bar from the first byte to the end of the stack."""

    def begin(plan: Download) -> Callable[[int], None]:
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        columns = (
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(),
            TransferSpeedColumn(), TimeRemainingColumn(),
        )  # fmt: skip
        progress = stack.enter_context(Progress(*columns, console=remark_console()))
        total = None if plan.unsized else plan.bytes
        task = progress.add_task(f"{len(plan.wanted)} files", total=total)
        return lambda count: progress.advance(task, count)

    return begin


def _facts(done: Download) -> dict[str, Any]:
    return {
        "survey": done.survey,
        "config": done.config,
        "source": done.source,
        "mirror": done.mirror,
        "folder": str(done.folder),
        "dry_run": not done.fetched,
        "bytes": done.bytes,
        "checks": done.checks,
        "files": [
            {"path": item.path, "bytes": item.file.size, "sha256": item.file.sha256 or None}
            for item in done.wanted
        ],
        "fetched": sum(not file.was_there for file in done.fetched),
    }


def _lines(done: Download) -> Iterator[str]:
    checks = ", ".join(f"{count} by {how}" for how, count in done.checks.items() if count)
    if not done.fetched:
        for item in done.wanted:
            size = "size unknown" if item.file.size is None else human_size(item.file.size)
            yield f"{size:>12}  {item.path}"
        more = f" and {done.unsized} of unknown size" if done.unsized else ""
        yield f"{len(done.wanted)} files, {human_size(done.bytes)}{more}, from {done.mirror}"
        yield f"they would be checked: {checks}"
        return
    new = [file for file in done.fetched if not file.was_there]
    size = human_size(sum(file.size for file in new))
    there = len(done.fetched) - len(new)
    yield f"{done.survey}, config {done.config}, source {done.source}, from {done.mirror}"
    yield f"fetched {len(new)} files, {size}; {there} were there already"
    yield f"checked: {checks}"
    yield f"load it with data_dir={str(done.folder)!r}"
