"""Options of ``astropile match`` alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from astropile.cli.options import Find, How
from astropile.cli.sizes import size_option

CATALOG, DATASET = "catalog.ecsv", "dataset"
#: Memory of a build where none is given.
BUILD_BYTES = 384 * 2**20


def positive(value: float | None) -> float | None:
    """Refuse a radius or a number of errors that no pair can be within."""
    if value is not None and not value > 0:
        message = f"{value:g} is not a positive number"
        raise typer.BadParameter(message)
    return value


def read_epoch(text: str | None) -> float | str | None:
    """Return a Julian year, or the side whose epoch is meant."""
    if text is None or text in ("left", "right"):
        return text
    try:
        return float(text)
    except ValueError as error:
        message = f"{text!r} is no Julian year, nor 'left' or 'right'"
        raise typer.BadParameter(message, param_hint="'--epoch'") from error


def read_error(text: str | None) -> float | str | None:
    """Return a number of arcsec, or else the name of a column."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _option(*names: str, metavar: str, text: str, **about: Any) -> Any:
    return typer.Option(*names, metavar=metavar, help=text, show_default=False, **about)


Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="DIR",
        help=f"New folder for {CATALOG} and {DATASET}/, or for the pile.",
        show_default=False,
    ),
]
Radius = Annotated[
    float | None,
    _option(
        "--radius",
        "-r",
        metavar="ARCSEC",
        text="Greatest separation; default: 1, or no limit with --n-sigma.",
        callback=positive,
    ),
]
RadiusColumn = Annotated[
    str | None,
    _option("--radius-column", metavar="COLUMN", text="Column of A with a radius each."),
]
FindPairs = Annotated[
    Find,
    typer.Option(
        help="The nearest B of each A, mutual pairs, all pairs, or the k nearest (see -k)."
    ),
]
Neighbours = Annotated[
    int | None, _option("-k", metavar="N", text="Most objects of B of each of A.", min=1)
]
HowJoined = Annotated[
    How,
    typer.Option(
        help="The pairs; also A without counterpart; only these; also B without counterpart."
    ),
]
Sigmas = Annotated[
    float | None,
    _option(
        "--n-sigma",
        metavar="X",
        text="Greatest separation in standard errors of both positions.",
        callback=positive,
    ),
]
LeftError = Annotated[
    str | None,
    _option("--left-error", metavar="ERROR", text="Error of positions of A: column or arcsec."),
]
RightError = Annotated[
    str | None,
    _option("--right-error", metavar="ERROR", text="Error of positions of B: column or arcsec."),
]
Epoch = Annotated[
    str | None,
    _option(
        "--epoch",
        metavar="YEAR",
        text="Julian year to which proper motions bring positions; or left, right.",
    ),
]
Footprint = Annotated[
    Path | None,
    _option("--footprint", metavar="MOC", text="File with the part of the sky of B."),
]
Nested = Annotated[bool, typer.Option("--nested", help="One row for each A, with a list of its B.")]
AsPile = Annotated[bool, typer.Option("--pile", help="Write one pile instead: a HATS catalogue.")]
Memory = Annotated[
    str | None,
    size_option(
        "--memory", "Memory to match in, and to write a pile in, as 2GiB; default: 1024, 384"
    ),
]
LeftWhere = Annotated[
    str | None, _option("--left-where", metavar="CONDITION", text="Only rows of A such as 'z > 1'.")
]
RightWhere = Annotated[
    str | None, _option("--right-where", metavar="CONDITION", text="Only rows of B.")
]
LeftRegion = Annotated[
    str | None,
    _option(
        "--left-region",
        metavar="REGION",
        text="Only A in 'cone(RA, DEC, ARCSEC)', 'box(RA, RA, DEC, DEC)', "
        "'polygon(RA, DEC, RA, DEC, ...)', or the file of a MOC.",
    ),
]
RightRegion = Annotated[
    str | None, _option("--right-region", metavar="REGION", text="Only B in a region.")
]
BothRegion = Annotated[
    str | None,
    _option(
        "--region",
        metavar="REGION",
        text="Only A and B in a region; partners beyond its border are not seen.",
    ),
]
