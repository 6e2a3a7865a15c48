"""The cache of converted surveys: Arrow files, written aside and renamed once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from astropile import disk
from astropile.survey.citation import citation
from astropile.survey.request import Request, stamps_of

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset, DatasetInfo, Features

    from astropile.engine import Rejects, Run

#: Changes whenever the same files would give other Examples.
ENGINE_VERSION = 2

writing = partial(disk.writing, hint="free some space, or set ASTROPILE_CACHE to another folder")


def cache_dir() -> Path:
    """Return the folder of the cache: ``$ASTROPILE_CACHE``, else below that of ``datasets``."""
    named = os.environ.get("ASTROPILE_CACHE")
    if named:
        return Path(named).expanduser()
    from datasets import config

    return Path(config.HF_DATASETS_CACHE) / "astropile"


def clean_cache() -> int:
    """Remove the cache and return how many bytes it held."""
    folder = cache_dir()
    if not folder.is_dir():
        return 0
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    shutil.rmtree(folder)
    return size


def cache_key(request: Request, split: str | None, run: Run) -> str:
    """Return the key of a conversion: schema, what was asked, and every file's size and time."""
    plan = getattr(run, "plan", None)  # a pile holds what transforms gave
    transforms = [] if plan is None else plan.transforms
    parts = [
        ENGINE_VERSION,
        request.schema.digest,
        request.config,
        request.split_names(split),
        request.chosen_source,
        request.wanted,
        request.names,
        request.layout,
        request.on_bad_row,
        *([request.subset.key] if request.subset else []),
        *transforms,
        stamps_of(request.input_files(run), run.root),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def cached_dataset(request: Request, *, split: str | None) -> Dataset:
    """Return the Examples of a request from the cache, converting them first if need be."""
    run = request.run(request.wanted, split=split)
    key = cache_key(request, split, run)
    folder = cache_dir() / request.schema.id / key
    if folder.is_dir():
        read_rejects(folder / "rejects.parquet").announce(request.schema.id)
    else:
        with building(folder) as aside:
            tables = request.tables(split=split, run=run)
            write_tables(tables, request.features(), aside / "data.arrow")
            # Of a subset only listed rows were read: what was refused was told before.
            rejects = request.catalogue_pass(split).rejects if request.subset else run.rejects
            write_rejects(rejects, aside / "rejects.parquet")
    return open_arrow(folder / "data.arrow", request.features(), dataset_info(request), key, split)


@contextmanager
def building(folder: Path) -> Iterator[Path]:
    """Give a folder to write to; it gets its name only when everything was written.

    Raises
    ------
    OutputError
        The place cannot be written.
    """
    aside = folder.with_name(f".{folder.name[:16]}-{uuid4().hex}")
    with writing(folder):
        aside.mkdir(parents=True)
    try:
        yield aside
        with writing(folder):
            try:
                aside.rename(folder)
            except OSError:
                # Another process was faster; what it wrote has the same key and the same content.
                if not folder.is_dir():
                    raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def write_tables(tables: Iterable[pa.Table], features: Features, path: Path) -> int:
    """Write Arrow tables as one stream file and return the number of rows."""
    import pyarrow as pa

    schema = features.arrow_schema
    rows = 0
    with writing(path):
        sink = pa.OSFile(str(path), "wb")
    # Not as contexts: what closing says after a fault would hide the fault.
    try:
        with writing(path):
            writer = pa.ipc.new_stream(sink, schema)
        for table in tables:
            # Field metadata would make each batch another schema; Datasets carry it in their info.
            plain = pa.Table.from_arrays(table.columns, schema=schema)
            with writing(path):
                writer.write_table(plain)
            rows += table.num_rows
        with writing(path):
            writer.close()
    finally:
        sink.close()
    with writing(path):
        disk.sync(path)  # a folder never gets its name before its files are on the disk
    return rows


def write_rejects(rejects: Rejects, path: Path) -> None:
    """Save the refused rows beside the data."""
    import pyarrow.parquet as pq

    with writing(path):
        pq.write_table(rejects.to_arrow(), path)
        disk.sync(path)


def read_rejects(path: Path) -> Rejects:
    """Return the refused rows that were saved beside the data."""
    import pyarrow.parquet as pq

    from astropile.engine import Rejects

    return Rejects.from_arrow(pq.read_table(path))


def open_arrow(
    path: Path, features: Features, info: DatasetInfo, fingerprint: str, split: str | None
) -> Dataset:
    """Open a written stream file as a memory-mapped dataset in NumPy format."""
    import datasets
    from datasets.table import MemoryMappedTable

    table = MemoryMappedTable.from_file(str(path))
    name = datasets.NamedSplit(split) if split is not None else None
    dataset = datasets.Dataset(table, info=info, split=name, fingerprint=fingerprint[:16])
    # dtype=None keeps float64 as it is; without it the format of datasets makes float32 of it.
    return dataset.with_format("numpy", dtype=None)


def dataset_info(request: Request) -> DatasetInfo:
    """Return what a Dataset says of itself: meaning of its columns, citation, licence."""
    import datasets

    from astropile.survey.meaning import meaning_json

    about = request.schema.file.about
    return datasets.DatasetInfo(
        description=meaning_json({request.schema.id: request}),
        citation=citation(request.schema),
        homepage=about.homepage,
        license=about.license.name,
        features=request.features(),
    )
