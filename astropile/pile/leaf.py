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
from astropile.pile.bulk import in_order
from astropile.pile.layout import HEALPIX, Pixel
from astropile.pile.manifest import LeafRecord
from astropile.pile.types import table_header
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
    bulk : tuple of str
        Columns whose rows are big.
    """

    schema: pa.Schema
    row_bytes: int
    bulk: tuple[str, ...] = ()

    @property
    def group_rows(self) -> int:
        """Rows of a row group."""
        return max(1, min(GROUP_ROWS, GROUP_BYTES // max(1, self.row_bytes)))

    def job_bytes(self, rows: int) -> int:
        """Return the memory that writing so many rows takes: the rows, and what is made of them.

        Bulk columns are taken up row group by row group; without any, all rows are copied.
        """
        size = rows * self.row_bytes
        return size + (min(size, 2 * GROUP_BYTES) if self.bulk else size)

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
    order = np.argsort(healpix)  # four times as fast as a stable sort, which ties alone need
    ordered = healpix[order]
    same = ordered[1:] == ordered[:-1]
    if same.any():
        tied = np.append(same, False) | np.append(False, same)
        rows = order[tied]
        order[tied] = rows[np.lexsort((rows, ordered[tied]))]
    return order


def write_leaf(
    pieces: list[pa.Table], pixel: Pixel, form: LeafFormat, aside: Path, place: Path, name: str
) -> LeafRecord:
    """Sort the rows of a partition and write them.

    The bytes depend on the rows and their order alone, not on how they came in pieces. Memory: the
    rows, their small columns once more, and two row groups.

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
    table = _joined(pieces, form)
    pieces.clear()
    order = sorted_order(table.column(0).to_numpy())
    if order is None and form.bulk:
        order = np.arange(table.num_rows)  # cut into rows all the same
    rows, step = table.num_rows, form.group_rows
    with disk.writing(place):
        with pq.ParquetWriter(aside, form.written_schema, **form.options) as writer:
            for start in range(0, rows, step):
                if order is None:
                    part = table.slice(start, step)
                else:
                    part = in_order(table, order[start : start + step], form.bulk)
                writer.write_table(part, row_group_size=step)
        del table
        disk.sync(aside)
        digest, size = disk.sha256_of(aside), aside.stat().st_size
        disk.make_folder(place.parent)
        disk.rename(aside, place)
    return LeafRecord(
        path=name, bytes=size, sha256=digest, order=pixel.order, pixel=pixel.number, rows=rows
    )


def _joined(pieces: list[pa.Table], form: LeafFormat) -> pa.Table:
    """Return the rows as one table in the types of the file, small columns as one array each."""
    table = pa.concat_tables(pieces).cast(form.written_schema)
    if table.column(0).num_chunks <= 1:
        return table
    small = table.drop_columns(list(form.bulk)).combine_chunks()
    columns = [(table if f.name in form.bulk else small).column(f.name) for f in table.schema]
    return pa.Table.from_arrays(columns, schema=table.schema)
