"""``astropile match``: two surveys matched on the sky, saved as a catalogue and as Examples."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from astropile.cli.folder import new_folder, require_free
from astropile.cli.options import (
    AsJson,
    Find,
    LeftConfig,
    LeftData,
    LeftName,
    LeftSource,
    RightConfig,
    RightData,
    RightName,
    RightSource,
)
from astropile.cli.output import write_json, write_lines

if TYPE_CHECKING:
    from astropile.crossmatch import MatchResult
    from astropile.crossmatch.result import Side

CATALOG, DATASET = "catalog.ecsv", "dataset"


def positive(radius_arcsec: float) -> float:
    """Refuse a radius that no pair can be within."""
    if not radius_arcsec > 0:
        message = f"{radius_arcsec:g} is not a positive angle in arcsec"
        raise typer.BadParameter(message)
    return radius_arcsec


def match(
    left: LeftName,
    right: RightName,
    left_data: LeftData,
    right_data: RightData,
    out: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help=f"New folder for {CATALOG} and {DATASET}/.",
            show_default=False,
        ),
    ],
    radius: Annotated[
        float,
        typer.Option(
            "--radius", "-r", metavar="ARCSEC", help="Greatest separation.", callback=positive
        ),
    ] = 1.0,
    find: Annotated[
        Find,
        typer.Option(help="The nearest right object of each left one, mutual pairs, or all pairs."),
    ] = "nearest",
    left_config: LeftConfig = None,
    right_config: RightConfig = None,
    left_source: LeftSource = None,
    right_source: RightSource = None,
    as_json: AsJson = False,
) -> None:
    """Match surveys A and B on the sky; save the matched catalogue and the matched Examples."""
    from astropile.crossmatch import cross_match
    from astropile.survey import load

    out = out.expanduser()
    require_free(out)  # before any work is done
    result = cross_match(
        load(left, data_dir=left_data, config=left_config, source=left_source),
        load(right, data_dir=right_data, config=right_config, source=right_source),
        radius_arcsec=radius,
        find=find,
    )
    with new_folder(out) as folder, _progress_on_terminals_only():
        result.catalog().write(folder / CATALOG, format="ascii.ecsv")
        result.dataset().save_to_disk(str(folder / DATASET))
    if as_json:
        write_json(_facts(result, out))
    else:
        write_lines(_lines(result, out))


@contextmanager
def _progress_on_terminals_only() -> Iterator[None]:
    """Keep progress bars out of log files."""
    from datasets.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    is_ours = not sys.stderr.isatty() and not are_progress_bars_disabled()
    if is_ours:
        disable_progress_bars()
    try:
        yield
    finally:
        if is_ours:
            enable_progress_bars()


def _facts(result: MatchResult, out: Path) -> dict[str, Any]:
    return {
        "left": _side_facts(result.left),
        "right": _side_facts(result.right),
        "radius_arcsec": result.radius_arcsec,
        "find": result.find,
        "pairs": len(result),
        "catalog": str(out / CATALOG),
        "dataset": str(out / DATASET),
    }


def _side_facts(side: Side) -> dict[str, Any]:
    return {
        "label": side.label,
        "survey": side.request.schema.id,
        "config": side.request.config,
        "source": side.request.chosen_source,
        "rows": len(side),
        "without_position": side.unplaced,
        "rejected": side.request.catalogue_pass(None).rejects.counts(),
    }


def _lines(result: MatchResult, out: Path) -> Iterator[str]:
    for side in (result.left, result.right):
        facts = _side_facts(side)
        parts = [f"{facts['rows']} rows", f"{facts['without_position']} without position"]
        parts += [f"{sum(facts['rejected'].values())} refused"]
        reasons = ", ".join(f"{code} {count}" for code, count in facts["rejected"].items())
        yield f"{side.label}: {', '.join(parts)}{f' ({reasons})' if reasons else ''}"
    yield f"{len(result)} pairs within {result.radius_arcsec:g} arcsec ({result.find})"
    yield f"wrote {out / CATALOG} and {out / DATASET}"
