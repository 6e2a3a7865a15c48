"""``astropile build`` and ``astropile verify``: piles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from astropile.cli.failures import DATA
from astropile.cli.options import AsJson, Config, Data, Source, SurveyName, option
from astropile.cli.output import human_size, write_json, write_lines
from astropile.cli.sizes import read_size, size_option

if TYPE_CHECKING:
    from astropile.pile import Manifest, Verified

PilePath = Annotated[
    Path, typer.Argument(metavar="PATH", help="Folder of a pile.", show_default=False)
]

WORKERS = "Threads that write; default: one a core."
MEMORY = "Memory for rows on their way, as 2GiB; default: 384"
ROWS = "Most rows of a partition; default: 1,000,000."
SIZE = "Most memory of a partition, as 64MiB; default: 128"


def _number(*names: str, help: str, metavar: str = "N") -> Any:
    return option(*names, min=1, metavar=metavar, help=help)


def build(
    survey: SurveyName,
    data: Data,
    out: Annotated[
        Path,
        option("--output", "-o", metavar="PATH", help="New folder for the pile."),
    ],
    config: Config = None,
    source: Source = None,
    columns: Annotated[
        list[str] | None,
        option(
            "--column",
            metavar="NAME",
            help="Store this leaf or block; may be repeated. Default: all.",
        ),
    ] = None,
    workers: Annotated[int | None, _number("--workers", "-w", help=WORKERS)] = None,
    memory: Annotated[str | None, size_option("--memory", MEMORY)] = None,
    partition_rows: Annotated[int | None, _number("--partition-rows", help=ROWS)] = None,
    partition_size: Annotated[str | None, size_option("--partition-size", SIZE)] = None,
    margin: Annotated[
        float | None,
        option("--margin", metavar="ARCSEC", help="Write margins for other tools."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build a survey to disk as a HATS catalogue; stopped, the same line goes on with it."""
    from astropile.pile.manifest import read_manifest
    from astropile.survey import load

    chosen = load(survey, data_dir=data, config=config, source=source, columns=columns)
    out = out.expanduser()
    sizes = {
        "memory_bytes": read_size(memory, "--memory"),
        "partition_bytes": read_size(partition_size, "--partition-size"),
    }
    options: dict[str, Any] = {name: size for name, size in sizes.items() if size is not None}
    if partition_rows is not None:
        options["partition_rows"] = partition_rows
    chosen.build(out, workers=workers, margin_arcsec=margin, **options)
    manifest = read_manifest(out)
    if as_json:
        write_json({"pile": str(out), **_facts(manifest)})
    else:
        write_lines(_lines(out, manifest))


def _facts(manifest: Manifest) -> dict[str, Any]:
    return {
        "survey": manifest.survey,
        "config": manifest.config,
        "source": manifest.source,
        "rows": manifest.rows,
        "rejected": manifest.rejected,
        "partitions": len(manifest.partitions),
        "bytes": sum(record.bytes for record in manifest.records()),
    }


def _lines(out: Path, manifest: Manifest) -> Iterator[str]:
    facts = _facts(manifest)
    reasons = ", ".join(f"{code} {count}" for code, count in manifest.rejected.items())
    refused = f"{sum(manifest.rejected.values())} refused{f' ({reasons})' if reasons else ''}"
    yield f"{manifest.survey}, {manifest.config}: {manifest.rows} rows, {refused}"
    yield f"wrote {facts['partitions']} partitions, {human_size(facts['bytes'])}, to {out}"


def verify(
    path: PilePath,
    workers: Annotated[
        int, typer.Option("--workers", "-w", min=1, metavar="N", help="Files read at a time.")
    ] = 2,
    as_json: AsJson = False,
) -> None:
    """Compare every byte of a pile with its manifest; exit code 1 if anything was changed."""
    from astropile.pile import verify_pile

    found = verify_pile(path, workers=workers)
    if as_json:
        write_json(
            {
                "pile": str(path),
                "files": found.files,
                "bytes": found.bytes,
                "rows": found.rows,
                "faults": [{"path": f.path, "message": f.message} for f in found.faults],
            }
        )
    else:
        write_lines(_verdict(path, found))
    if found.faults:
        raise typer.Exit(DATA)


def _verdict(path: Path, found: Verified) -> Iterator[str]:
    for fault in found.faults:
        yield f"{fault.path} {fault.message}"
    state = f"{len(found.faults)} faults" if found.faults else "as it was built"
    yield f"{path}: {found.files} files, {human_size(found.bytes)}, {found.rows} rows: {state}"
