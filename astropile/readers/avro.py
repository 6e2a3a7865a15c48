"""Avro files: alerts of ZTF and of brokers that publish as it does.

A record is a row. Cells are its fields, ``candidate.ra``; an array of records is a list cell for
each of their fields, ``prv_candidates.jd``. Bytes are taken for a FITS image, gzipped or plain, as
the cut-outs of ZTF are [2]_: the cell ``cutoutScience.stampData`` holds its pixels, y x. Maps,
unions of several types, and bytes of fixed size or within arrays are no cells. Times are the
integers stored.

Records are decoded by `fastavro` (extra ``avro``).

References
----------
.. [1] Apache Avro 1.12 specification, https://avro.apache.org/docs/1.12.0/specification/.
.. [2] Schema of ZTF alerts, https://zwickytransientfacility.github.io/ztf-avro-alert/schema.html.
"""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
import pyarrow as pa
from astropy.io import fits

from astropile.errors import CellError, CorruptFileError, MissingExtraError, UnsafeFileError
from astropile.readers._arrow import to_column
from astropile.readers._avro_blocks import Container, read_container, unpack
from astropile.readers._avro_schema import Leaf, arrow_type, leaves, parse
from astropile.readers._base import FileReader, as_row
from astropile.readers._cells import Cells
from astropile.readers._compression import DAMAGE, read_plain
from astropile.readers._selection import count_selected, split_at
from astropile.readers.column import Array, Column, Rows, offsets_of
from astropile.readers.protocol import CellInfo, ReadOptions

_GZIP: Final = b"\x1f\x8b"
_STAMP_BYTES: Final = 2**26


class AvroReader(FileReader):
    """Reader of one Avro file.

    Examples
    --------
    >>> import tempfile
    >>> import fastavro
    >>> candidate = {"type": "record", "name": "c", "fields": [{"name": "ra", "type": "double"}]}
    >>> fields = [{"name": "candid", "type": "long"}, {"name": "candidate", "type": candidate}]
    >>> path = Path(tempfile.mkdtemp(), "alert.avro")
    >>> with path.open("wb") as file:
    ...     schema = {"type": "record", "name": "alert", "fields": fields}
    ...     fastavro.writer(file, schema, [{"candid": 5, "candidate": {"ra": 150.1}}])
    >>> with AvroReader(path, ReadOptions()) as reader:
    ...     reader.read(["candidate.ra"])["candidate.ra"].data.tolist()
    [150.1]
    """

    damage: ClassVar[tuple[type[Exception], ...]] = (
        *DAMAGE,
        ArithmeticError,
        LookupError,
        RecursionError,
        StopIteration,
        TypeError,
        ValueError,
        lzma.LZMAError,
        pa.ArrowException,
        struct.error,
        zlib.error,
    )

    def __init__(self, path: Path, options: ReadOptions) -> None:
        super().__init__(path, options)
        if find_spec("fastavro") is None:
            msg = "Avro files need fastavro"
            raise MissingExtraError(msg, hint="pip install 'astropile[avro]'")
        self._decoded: tuple[int, list[dict[str, Any]]] = (-1, [])
        with self._errors():
            self._content = read_plain(path)
            self._container: Container = read_container(self._content)
            self._schema = parse(self._container.schema)
            self._type = arrow_type(self._schema, {}) or pa.struct([])
        self._edges = offsets_of([block.n_records for block in self._container.blocks])

    def close(self) -> None:
        """Close the file."""
        self._content, self._decoded = np.empty(0, np.uint8), (-1, [])

    def count_rows(self) -> int:
        """Return the number of records."""
        return 1 if self._options.rows == "file" else int(self._edges[-1])

    def block_rows(self) -> int:
        """Return the records of the biggest block."""
        is_file = self._options.rows == "file"
        return 1 if is_file else max(1, int(np.diff(self._edges).max(initial=1)))

    @cached_property
    def _leaves(self) -> dict[str, Leaf]:
        return {".".join(leaf.fields): leaf for leaf in leaves(self._type)}

    @cached_property
    def _cells(self) -> Cells:
        infos = {name: self._info(leaf) for name, leaf in self._leaves.items()}
        return Cells(infos, ignore_case=self._options.ignore_case)

    def _info(self, leaf: Leaf) -> CellInfo:
        rows = (int(self._edges[-1]),) if self._options.rows == "file" else ()
        axes = (None, None) if leaf.is_stamp else (None,) * len(leaf.axes)
        return CellInfo(leaf.dtype, (*rows, *axes))

    def _read(self, addresses: Sequence[str], rows: Rows) -> dict[str, Column]:
        is_file = self._options.rows == "file"
        records = self._records(slice(0, int(self._edges[-1])) if is_file else rows)
        columns = {address: self._column(address, records) for address in addresses}
        if is_file:
            n = count_selected(rows)
            return {
                name: as_row(column, name).take(slice(0, n)) for name, column in columns.items()
            }
        return columns

    def _records(self, rows: Rows) -> list[dict[str, Any]]:
        """Return records, decoding each block that holds some of them once."""
        found: list[dict[str, Any]] = []
        for number, _, local in split_at(rows, self._edges):
            if self._decoded[0] != number:
                self._decoded = number, self._decode(number)
            records = self._decoded[1]
            found += records[local] if isinstance(local, slice) else [records[i] for i in local]
        return found

    def _decode(self, number: int) -> list[dict[str, Any]]:
        """Return the records of a block."""
        from fastavro import schemaless_reader

        block = self._container.blocks[number]
        file = unpack(self._content, block, self._container.codec)
        try:
            records = [schemaless_reader(file, self._schema, None) for _ in range(block.n_records)]
        except self.damage as error:
            msg = f"records of block {number} cannot be decoded: {error!r}"
            raise CorruptFileError(msg) from error
        if file.read(1):
            msg = f"block {number} holds more than its {block.n_records} records"
            raise CorruptFileError(msg)
        return records  # type: ignore[return-value]

    def _column(self, address: str, records: Sequence[dict[str, Any]]) -> Column:
        """Return a cell of records."""
        leaf = self._leaves[address]
        top = leaf.fields[0]
        kind = self._type.field(top).type
        if leaf.is_stamp:
            return _stamps([_inside(record, leaf.fields) for record in records], address)
        values = pa.chunked_array([pa.array([record[top] for record in records], kind)])
        return to_column(values, leaf.fields[1:], leaf.axes, address)


def _inside(record: Any, fields: Sequence[str]) -> Any:
    """Return a value below records, None if one on the way is."""
    for field in fields:
        if record is None:
            return None
        record = record[field]
    return record


def _stamps(contents: Sequence[bytes | None], name: str) -> Column:
    """Return images from the bytes of FITS files."""
    images = [None if content is None else _image(content, name) for content in contents]
    nothing = next((np.zeros_like(image) for image in images if image is not None), None)
    if nothing is None:
        nothing = np.zeros((0, 0), dtype=np.float32)
    null = np.array([image is None for image in images], dtype=bool)
    column = Column.pack([nothing if image is None else image for image in images] or [nothing])
    column = column.take(slice(0, len(images)))
    return Column(column.data, column.offsets, column.shapes, null if null.any() else None)


def _image(content: bytes, name: str) -> Array:
    """Return the first image of a FITS file in memory."""
    start = content[:16]
    if content.startswith(_GZIP):
        try:
            content = zlib.decompressobj(31).decompress(content, _STAMP_BYTES + 1)
        except zlib.error as error:
            msg = f"{name}: bytes that are no gzip: {start!r}: {error}"
            raise CellError(msg) from error
    if len(content) > _STAMP_BYTES:
        msg = f"{name}: an image of more than {_STAMP_BYTES} bytes within a record"
        raise UnsafeFileError(msg)
    try:
        with fits.open(BytesIO(content)) as file:
            data = next(hdu.data for hdu in file if hdu.is_image and hdu.data is not None)
        pixels = np.ascontiguousarray(data, dtype=np.float32)
    except (*AvroReader.damage, AttributeError, Warning, fits.VerifyError) as error:
        msg = f"{name}: bytes that are no FITS image: {start!r}: {error}"
        raise CellError(msg, hint="only cut-outs in FITS are read from bytes") from error
    if pixels.ndim != 2:
        msg = f"{name}: an image with {pixels.ndim} axes, expected y and x"
        raise CellError(msg)
    return pixels
