"""One partition of a pile: rows sorted, written as Parquet, waited for, then given its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from astropile import disk
from astropile.pile.layout import HEALPIX, Pixel
from astropile.pile.manifest import LeafRecord
from astropile.pile.types import table_header, taken
from astropile.readers.column import Array

__all__ = ["COMPRESSION_LEVEL", "GROUP_BYTES", "LeafFormat", "write_leaf"]

#: Bytes of a row group in memory: what one page of images, or many rows of a catalogue, takes.
GROUP_BYTES = 16 * 2**20
#: Most rows of a row group.
GROUP_ROWS = 131_072
PAGE_BYTES = 2**20
#: Of zstd: 15, which HATS advises, takes 20 times as long for 2 % fewer bytes.
COMPRESSION_LEVEL = 1


@dataclass(frozen=True)
class LeafFormat:
    """How the partitions of a pile are written.

    Attributes
    ----------
    schema : Schema
        Of the files: the pixel first, stored types, units and meaning in the field metadata.
    row_bytes : int
        Mean size of a row in memory.
    """

    schema: pa.Schema
    row_bytes: int

    @property
    def group_rows(self) -> int:
        """Rows of a row group."""
        return max(1, min(GROUP_ROWS, GROUP_BYTES // max(1, self.row_bytes)))

    @cached_property
    def written_schema(self) -> pa.Schema:
        """The schema with the header that astropy reads."""
        header = {"table_meta_yaml": table_header(self.schema)}
        return self.schema.with_metadata({**(self.schema.metadata or {}), **header})

    @cached_property
    def options(self) -> dict[str, Any]:
        """Options of the Parquet writer: the encodings that HATS advises, checksums, statistics.

        Bytes of floats are split, which packs them better; pixels are stored as differences. Only
        text other than ids gets a dictionary. Statistics are kept of what rows are chosen by.
        """
        paths = list(_value_columns(self.schema))
        encoding = {path: "BYTE_STREAM_SPLIT" for path, kind in paths if pa.types.is_floating(kind)}
        encoding[HEALPIX] = "DELTA_BINARY_PACKED"
        text = [path for path, kind in paths if pa.types.is_string(kind) and path != "object_id"]
        return {
            "compression": "zstd",
            "compression_level": COMPRESSION_LEVEL,
            "column_encoding": encoding,
            "use_dictionary": text,
            "data_page_size": PAGE_BYTES,
            "write_statistics": [f.name for f in self.schema if not pa.types.is_nested(f.type)],
            "write_page_index": True,
            "write_page_checksum": True,
            "sorting_columns": [pq.SortingColumn(0)],
        }


def _value_columns(
    fields: Iterable[pa.Field], above: str = ""
) -> Iterator[tuple[str, pa.DataType]]:
    """Yield the columns of values of a Parquet file: dotted path and type."""
    for field in fields:
        path, kind = f"{above}{field.name}", field.type
        while pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
            path, kind = f"{path}.list.element", kind.value_type
        if pa.types.is_struct(kind):
            yield from _value_columns(kind, f"{path}.")
        else:
            yield path, kind


def sorted_order(healpix: Array) -> Array | None:
    """Return the order that sorts rows by their pixel, earlier rows first; None if they are."""
    if not len(healpix) or (healpix[1:] >= healpix[:-1]).all():
        return None
    return np.argsort(healpix, kind="stable")


def write_leaf(
    pieces: list[pa.Table], pixel: Pixel, form: LeafFormat, aside: Path, place: Path, name: str
) -> LeafRecord:
    """Sort the rows of a partition and write them.

    The bytes depend on the rows and their order alone, not on how they came in pieces. Memory: the
    rows twice at most, and two row groups.

    Parameters
    ----------
    pieces : list of Table
        Rows in input order, the pixel in the first column; it is emptied.
    pixel : Pixel
        The partition.
    form : LeafFormat
        How to write.
    aside : Path
        File to write to; it is on the same disk as `place`.
    place : Path
        Name of the finished file.
    name : str
        The same below the pile, for the manifest.
    """
    schema = form.written_schema
    table = pa.concat_tables([piece.cast(schema) for piece in pieces])
    pieces.clear()
    if table.column(0).num_chunks > 1:
        table = table.combine_chunks()
    order = sorted_order(table.column(0).to_numpy())
    rows, step = table.num_rows, form.group_rows
    with disk.writing(place):
        with pq.ParquetWriter(aside, schema, **form.options) as writer:
            for start in range(0, rows, step):
                if order is None:
                    part = table.slice(start, step)
                else:
                    part = taken(table, order[start : start + step])
                writer.write_table(part, row_group_size=step)
        del table
        disk.sync(aside)
        digest, size = disk.sha256_of(aside), aside.stat().st_size
        disk.make_folder(place.parent)
        disk.rename(aside, place)
    return LeafRecord(
        path=name, bytes=size, sha256=digest, order=pixel.order, pixel=pixel.number, rows=rows
    )
