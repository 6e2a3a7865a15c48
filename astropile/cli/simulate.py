"""``astropile simulate``: mock files of a survey."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from astropile.cli.options import AsJson, Config, Source, SurveyName, option
from astropile.cli.output import write_json, write_lines


def simulate(
    survey: SurveyName,
    data: Annotated[
        Path,
        option("--data", metavar="DIR", help="Folder for the mock files."),
    ],
    n: Annotated[
        int, typer.Option("--number", "-n", min=1, metavar="N", help="How many objects.")
    ] = 100,
    config: Config = None,
    source: Source = None,
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="The same seed gives the same files.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Write mock files in a survey's own layout, made from its YAML alone."""
    from astropile.testing import simulate as write_mock

    made = write_mock(survey, config, n, data_dir=data.expanduser(), seed=seed, source=source)
    files = [str(path) for path in made.files]
    if as_json:
        write_json({"survey": survey, "objects": n, "seed": seed, "files": files})
    else:
        write_lines([f"wrote {len(files)} file{'s' if len(files) != 1 else ''}", *files])
