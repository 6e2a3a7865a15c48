"""The cache of converted surveys: Arrow files, written aside and renamed once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from astropile.errors import OutputError
from astropile.survey.citation import citation
from astropile.survey.request import Request

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset, DatasetInfo, Features

    from astropile.engine import Rejects

#: Changes whenever the same files would give other Examples.
ENGINE_VERSION = 1


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


def cache_key(request: Request, split: str | None, files: Iterable[Path]) -> str:
    """Return the key of a conversion: schema, what was asked, and every file's size and time."""
    root = request.root
    listed = []
    for file in files:
        stat = file.stat()
        listed.append([os.path.relpath(file, root), stat.st_size, stat.st_mtime_ns])
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
        listed,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def cached_dataset(request: Request, *, split: str | None) -> Dataset:
    """Return the Examples of a request from the cache, converting them first if need be."""
    run = request.run(request.wanted, split=split)
    key = cache_key(request, split, run.files)
    folder = cache_dir() / request.schema.id / key
    if not folder.is_dir():
        with building(folder) as aside:
            tables = request.tables(split=split, run=run)
            write_tables(tables, request.features(), aside / "data.arrow")
            write_rejects(run.rejects, aside / "rejects.parquet")
    return open_arrow(folder / "data.arrow", request.features(), dataset_info(request), key, split)


@contextmanager
def building(folder: Path) -> Iterator[Path]:
    """Give a folder to write to; it gets its name only when everything was written.

    Raises
    ------
    OutputError
        The disk is full or the place cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name[:16]}-", dir=folder.parent))
    except OSError as error:
        raise _output_error(error, folder) from error
    try:
        yield aside
        try:
            aside.rename(folder)
        except OSError:
            # Another process was faster; what it wrote has the same key, so the same content.
            if not folder.is_dir():
                raise
    except OSError as error:
        if isinstance(error, OutputError) or error.errno is None:
            raise
        raise _output_error(error, folder) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _output_error(error: OSError, folder: Path) -> OutputError:
    return OutputError(
        f"cannot write: {error.strerror or error}",
        where=str(folder),
        hint="free some space, or set ASTROPILE_CACHE to another folder",
    )


def write_tables(tables: Iterable[pa.Table], features: Features, path: Path) -> int:
    """Write Arrow tables as one stream file and return the number of rows."""
    import pyarrow as pa

    schema = features.arrow_schema
    rows = 0
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        for table in tables:
            # Field metadata would make each batch another schema; Datasets carry it in their info.
            writer.write_table(pa.Table.from_arrays(table.columns, schema=schema))
            rows += table.num_rows
    with path.open("rb") as written:
        os.fsync(written.fileno())
    return rows


def write_rejects(rejects: Rejects, path: Path) -> None:
    """Save the refused rows beside the data."""
    import pyarrow.parquet as pq

    pq.write_table(rejects.to_arrow(), path)


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
