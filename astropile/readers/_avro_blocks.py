"""The blocks of an Avro file, found without decoding a record.

`fastavro` decodes records; it is not let at the file itself, since it unpacks a block whatever
comes out, and has no way to count records or to start at a later one.

References
----------
.. [1] Apache Avro 1.12 specification, "Object Container Files",
   https://avro.apache.org/docs/1.12.0/specification/#object-container-files.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from types import MappingProxyType
from typing import Any, Final, Protocol, cast

from astropile.errors import CorruptFileError, UnsafeFileError
from astropile.readers._compression import BOMB_BYTES, MAX_RATIO
from astropile.readers.column import Array

MAGIC: Final = b"Obj\x01"
_SYNC: Final = 16
_HEAD_BYTES: Final = 2**22
_LONG_BYTES: Final = 10


class _Unpacker(Protocol):
    """What decompresses a block, a bounded number of bytes at a time."""

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


_CODECS: Final[Mapping[str, Callable[[], _Unpacker]]] = MappingProxyType(
    {
        "deflate": lambda: cast("_Unpacker", zlib.decompressobj(-15)),
        "bzip2": bz2.BZ2Decompressor,
        "xz": lzma.LZMADecompressor,
    }
)


@dataclass(frozen=True, slots=True)
class Block:
    """Records that were written together.

    Attributes
    ----------
    start, stop : int
        Where its bytes are in the file.
    n_records : int
        How many it holds.
    """

    start: int
    stop: int
    n_records: int


@dataclass(frozen=True, slots=True)
class Container:
    """An Avro file.

    Attributes
    ----------
    schema : bytes
        JSON text of its schema.
    codec : str
        How blocks are compressed.
    blocks : tuple of Block
        In the order of the file.
    """

    schema: bytes
    codec: str
    blocks: tuple[Block, ...]


def read_container(content: Array) -> Container:
    """Walk through the blocks of a file.

    Parameters
    ----------
    content : ndarray of uint8
        The file.

    Raises
    ------
    CorruptFileError
        It is no Avro file, or ends early.
    """
    from fastavro import schemaless_reader

    head = BytesIO(content[:_HEAD_BYTES].tobytes())
    start = head.read(len(MAGIC))
    if start != MAGIC:
        msg = f"no Avro file: it starts with {start!r}"
        raise CorruptFileError(msg)
    meta = cast("dict[str, Any]", schemaless_reader(head, {"type": "map", "values": "bytes"}, None))
    sync = head.read(_SYNC)
    if "avro.schema" not in meta or len(sync) < _SYNC:
        msg = "the Avro file has no schema, or ends within its head"
        raise CorruptFileError(msg)
    codec = (meta.get("avro.codec") or b"null").decode()
    if codec != "null" and codec not in _CODECS:
        msg = f"blocks are compressed with {codec}; {', '.join(_CODECS)} are read"
        raise CorruptFileError(msg, hint="write the file again with the codec deflate or null")
    place = head.tell()
    blocks: list[Block] = []
    while place < content.size:
        n_records, place = _long(content, place)
        size, place = _long(content, place)
        stop = place + size
        if min(n_records, size) < 0 or content[stop : stop + _SYNC].tobytes() != sync:
            msg = f"block {len(blocks)} of {n_records} records does not end at byte {stop}"
            hint = "the file is cut short or damaged; fetch it again"
            raise CorruptFileError(msg, hint=hint)
        if n_records > _most_bytes(size, codec):
            msg = f"block {len(blocks)} declares {n_records} records in {size} bytes"
            raise CorruptFileError(msg)
        blocks.append(Block(place, stop, n_records))
        place = stop + _SYNC
    return Container(meta["avro.schema"], codec, tuple(blocks))


def unpack(content: Array, block: Block, codec: str) -> BytesIO:
    """Return the bytes of the records of a block.

    Raises
    ------
    UnsafeFileError
        Decompression would fill the memory.
    """
    raw = content[block.start : block.stop].tobytes()
    if codec != "null":
        unpacker, limit = _CODECS[codec](), _most_bytes(block.stop - block.start, codec)
        raw = unpacker.decompress(raw, limit + 1)
        if len(raw) > limit:
            msg = f"{block.stop - block.start} bytes decompress to more than {limit}"
            raise UnsafeFileError(msg)
        if not unpacker.eof:
            msg = f"a block compressed with {codec} ends early"
            raise CorruptFileError(msg)
    return BytesIO(raw)


def _most_bytes(size: int, codec: str) -> int:
    """Return to how many bytes a block may decompress."""
    return size if codec == "null" else max(BOMB_BYTES, MAX_RATIO * size)


def _long(content: Array, place: int) -> tuple[int, int]:
    """Return an integer and where it ends: seven bits a byte, the sign in the lowest."""
    coded = 0
    for step, byte in enumerate(content[place : place + _LONG_BYTES].tolist()):
        coded |= (byte & 0x7F) << (7 * step)
        if byte < 0x80:
            return (coded >> 1) ^ -(coded & 1), place + step + 1
    msg = f"no integer at byte {place}"
    raise CorruptFileError(msg, hint="the file is cut short or damaged; fetch it again")
