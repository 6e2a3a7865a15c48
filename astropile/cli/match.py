"""``astropile match``: two surveys matched on the sky, saved as a catalogue and as Examples."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from astropile import disk
from astropile.cli.folder import HINT, new_folder, require_free
from astropile.cli.match_options import (
    BUILD_BYTES,
    CATALOG,
    DATASET,
    AsPile,
    BothRegion,
    Epoch,
    FindPairs,
    Footprint,
    HowJoined,
    LeftError,
    LeftRegion,
    LeftWhere,
    Memory,
    Neighbours,
    Nested,
    Output,
    Radius,
    RadiusColumn,
    RightError,
    RightRegion,
    RightWhere,
    Sigmas,
    read_epoch,
    read_error,
)
from astropile.cli.match_sides import chosen, read_region, read_side
from astropile.cli.options import (
    AsJson,
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
from astropile.cli.sizes import read_size

if TYPE_CHECKING:
    from astropile.crossmatch import MatchResult
    from astropile.crossmatch.sides import AnySide


def match(
    left: LeftName,
    right: RightName,
    out: Output,
    left_data: LeftData = None,
    right_data: RightData = None,
    radius: Radius = None,
    radius_column: RadiusColumn = None,
    find: FindPairs = "nearest",
    k: Neighbours = None,
    how: HowJoined = "inner",
    n_sigma: Sigmas = None,
    left_error: LeftError = None,
    right_error: RightError = None,
    epoch: Epoch = None,
    footprint: Footprint = None,
    nested: Nested = False,
    pile: AsPile = False,
    memory: Memory = None,
    left_where: LeftWhere = None,
    right_where: RightWhere = None,
    region: BothRegion = None,
    left_region: LeftRegion = None,
    right_region: RightRegion = None,
    left_config: LeftConfig = None,
    right_config: RightConfig = None,
    left_source: LeftSource = None,
    right_source: RightSource = None,
    as_json: AsJson = False,
) -> None:
    """Match A and B on the sky; save the matched catalogue and the matched Examples.

    A and B are surveys with their files, piles, or tables (Parquet, FITS, CSV, ECSV, VOTable);
    of each, rows may be chosen by a condition and a region.
    """
    from astropile.crossmatch import cross_match

    out = out.expanduser()
    if radius is not None and radius_column is not None:
        message = "a radius for all or one each: give --radius or --radius-column"
        raise typer.BadParameter(message, param_hint="'--radius-column'")
    year, budget = read_epoch(epoch), read_size(memory, "--memory")
    regions = [
        [read_region(text, option) for text, option in ((region, "--region"), own) if text]
        for own in ((left_region, "--left-region"), (right_region, "--right-region"))
    ]
    require_free(out)  # before any work is done
    sides = (
        read_side(left, left_data, left_config, left_source, side="left"),
        read_side(right, right_data, right_config, right_source, side="right"),
    )
    result = cross_match(
        chosen(sides[0], left_where, regions[0]),
        chosen(sides[1], right_where, regions[1]),
        radius_arcsec=radius_column or radius,
        find=find,
        k=k,
        how=how,
        n_sigma=n_sigma,
        left_error=read_error(left_error),
        right_error=read_error(right_error),
        epoch=year,
        footprint=footprint,
        nested=nested,
        memory_bytes=budget,
    )
    if pile:
        result.build(out, memory_bytes=budget or BUILD_BYTES)
    else:
        _save(result, out)
    if as_json:
        write_json(_facts(result, out, pile=pile))
    else:
        write_lines(_lines(result, out, pile=pile))


def _save(result: MatchResult, out: Path) -> None:
    """Write the catalogue and the Examples to a new folder."""
    with new_folder(out) as folder, _progress_on_terminals_only():
        table, examples = result.catalog(), result.dataset()
        with disk.writing(out, HINT):
            table.write(folder / CATALOG, format="ascii.ecsv")
            examples.save_to_disk(str(folder / DATASET))


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


def _facts(result: MatchResult, out: Path, *, pile: bool) -> dict[str, Any]:
    places = {"catalog": str(out / CATALOG), "dataset": str(out / DATASET)}
    return {
        "left": _side_facts(result.left),
        "right": _side_facts(result.right),
        "radius_arcsec": result.radius_arcsec,
        "find": result.find,
        "how": result.how,
        "pairs": result.n_pairs,
        "rows": len(result),
        **({"pile": str(out)} if pile else places),
    }


def _side_facts(side: AnySide) -> dict[str, Any]:
    from astropile.crossmatch.sides import Side

    if not isinstance(side, Side):
        own = {"survey": None, "config": None, "source": "table", "rows": len(side)}
        return {"label": side.label, **own, "without_position": side.unplaced, "rejected": {}}
    return {
        "label": side.label,
        "survey": side.request.schema.id,
        "config": side.request.config,
        "source": side.request.chosen_source,
        "rows": len(side),
        "without_position": side.unplaced,
        "rejected": side.request.rejects.counts(),
    }


def _lines(result: MatchResult, out: Path, *, pile: bool) -> Iterator[str]:
    for side in (result.left, result.right):
        facts = _side_facts(side)
        parts = [f"{facts['rows']} rows", f"{facts['without_position']} without position"]
        parts += [f"{sum(facts['rejected'].values())} refused"]
        reasons = ", ".join(f"{code} {count}" for code, count in facts["rejected"].items())
        yield f"{side.label}: {', '.join(parts)}{f' ({reasons})' if reasons else ''}"
    within = f"{result.radius_arcsec:g} arcsec"
    if result.question.n_sigma is not None:
        within = f"{result.question.n_sigma:g} sigma"
    yield f"{result.n_pairs} pairs within {within} ({result.find})"
    if result.how != "inner" or result.nested:
        yield f"{len(result)} rows ({result.how})"
    if result.epoch is not None:
        moved = " and ".join(str(placed.moved) for placed in result.places)
        yield f"{moved} rows moved to {result.epoch:g}"
    yield f"wrote {out}" if pile else f"wrote {out / CATALOG} and {out / DATASET}"
