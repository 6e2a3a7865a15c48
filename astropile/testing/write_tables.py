"""Mock Parquet and CSV files."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from astropile.readers import Column
from astropile.readers.column import Array
from astropile.schema.models import Table
from astropile.testing.cells import NotInvertibleError
from astropile.testing.marks import MARK, MARK_TEXT

__all__ = ["write_bytes", "write_csv", "write_ecsv", "write_parquet"]


def write_bytes(path: Path, data: bytes) -> None:
    """Write bytes, compressed as the name of the file says, without a date."""
    pack: Mapping[str, Callable[[bytes], bytes]] = {
        ".gz": lambda raw: gzip.compress(raw, mtime=0),
        ".bz2": bz2.compress,
        ".xz": lzma.compress,
    }
    path.write_bytes(pack.get(path.suffix, bytes)(data))


def write_parquet(path: Path, columns: Mapping[str, Column]) -> None:
    """Write one column a cell; ``block.field`` is the field of a struct, arrays are lists."""
    import pyarrow.parquet as pq

    arrays: dict[str, pa.Array] = {}
    structs: dict[str, dict[str, pa.Array]] = {}
    for cell, column in columns.items():
        if "@" in cell:
            msg = f"{cell}: Parquet files have no attributes"
            raise NotInvertibleError(msg)
        head, _, field = cell.partition(".")
        if field:
            structs.setdefault(head, {})[field] = _arrow(column)
            arrays.setdefault(head, None)
        else:
            arrays[head] = _arrow(column)
    for head, fields in structs.items():
        arrays[head] = pa.StructArray.from_arrays(list(fields.values()), names=list(fields))
    table = pa.table(arrays).replace_schema_metadata({MARK: MARK_TEXT})
    pq.write_table(table, path)


def _arrow(column: Column) -> pa.Array:
    """Return lists of lists of values; nulls are null."""
    shape = column.data.shape[1:]
    if column.shapes is not None:
        msg = "arrays of different shape have no form in Parquet"
        raise NotInvertibleError(msg)
    null = column.null if column.null is not None and column.null.any() else None
    flat = np.ascontiguousarray(column.data).reshape(-1)
    scalar = not shape and column.offsets is None
    array = pa.array(flat, mask=null if scalar else None)
    for length in reversed(shape):
        outer = len(array) // length if length else len(column.data)
        offsets = np.arange(outer + 1, dtype=np.int32) * length
        array = pa.ListArray.from_arrays(pa.array(offsets), array)
    if column.offsets is not None:
        array = pa.ListArray.from_arrays(pa.array(column.offsets.astype(np.int32)), array)
    return array


def _flat_columns(columns: Mapping[str, Column], kind: str) -> dict[str, Any]:
    """Return scalars by name; text formats hold nothing else."""
    wrong = [cell for cell, column in columns.items() if column.ndim or "@" in cell]
    if wrong:
        msg = f"{', '.join(wrong)}: {kind} files hold one value a row"
        raise NotInvertibleError(msg)
    return {cell: pa.array(c.data, mask=c.null) for cell, c in columns.items()}


def write_csv(path: Path, columns: Mapping[str, Column], model: Table) -> None:
    """Write a header and one line a row, as the options of the table say."""
    flat = _flat_columns(columns, "CSV")
    names = list(model.header) or list(flat)
    if lost := [name for name in flat if name not in names]:
        msg = f"{', '.join(lost)}: not in the header of the table"
        raise NotInvertibleError(msg)
    empty = Column(np.full(len(next(iter(columns.values()))), ""))
    texts = [_texts(columns.get(name, empty)) for name in names]
    delimiter = model.delimiter or ","
    lines = texts[0] if texts else np.array([], dtype=np.str_)
    for text in texts[1:]:
        lines = np.strings.add(np.strings.add(lines, delimiter), text)
    head = [f"{model.comment} {MARK}: {MARK_TEXT}"] if model.comment else []
    head += [] if model.header else [delimiter.join(_quoted(np.array(names)).tolist())]
    write_bytes(path, ("\n".join([*head, *lines.tolist()]) + "\n").encode())


def _texts(column: Column) -> Array:
    """Return values as they stand in a text file; null is empty."""
    data = column.data
    if data.dtype.kind == "b":
        text = np.where(data, "true", "false")
    else:
        text = _quoted(data) if data.dtype.kind == "U" else data.astype(np.str_)
    if data.dtype.kind == "f":
        text = np.where(np.isnan(data), "", text)
    return text if column.null is None else np.where(column.null, "", text)


def _quoted(text: Array) -> Array:
    """Put quotes around texts that need them."""
    special = [np.strings.find(text, mark) >= 0 for mark in (",", '"', "\n", ";", "|", "\t", " ")]
    inner = np.strings.replace(text, '"', '""')
    quoted = np.strings.add(np.strings.add('"', inner), '"')
    return np.where(np.logical_or.reduce(special), quoted, text)


def write_ecsv(path: Path, columns: Mapping[str, Column]) -> None:
    """Write an ECSV table with the mark in its header."""
    from astropy.table import Table as AstropyTable

    _flat_columns(columns, "ECSV")
    table = AstropyTable({cell: column.data for cell, column in columns.items()})
    table.meta[MARK] = MARK_TEXT
    text = io.StringIO()
    table.write(text, format="ascii.ecsv")
    write_bytes(path, text.getvalue().encode())
