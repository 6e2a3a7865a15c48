"""Whole files that are compressed are opened as what they hold, whatever their name says."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, Final, cast

import numpy as np

from astropile.errors import UnsafeFileError
from astropile.readers.column import Array

DAMAGE: Final = (EOFError, OSError, zlib.error, lzma.LZMAError)
"""What is raised for a compressed file that is damaged."""

# Real files shrink by less than a factor of 10, pixel masks by up to 100; the most gzip can do is
# 1030. Only a file that becomes big and shrinks that much is refused.
MAX_RATIO: Final = 200
BOMB_BYTES: Final = 10**9
_PIECE_BYTES: Final = 2**22

_OPENERS: Final[Mapping[bytes, Callable[[Path], object]]] = MappingProxyType(
    {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
)


def is_compressed(path: Path) -> bool:
    """Return whether a file is gzip, bzip2 or xz, told by its first bytes."""
    return _opener(path) is not None


def open_plain(path: Path) -> IO[bytes]:
    """Open a file for reading; its bytes come decompressed if it is gzip, bzip2 or xz.

    Raises
    ------
    OSError
        The file cannot be opened.
    """
    opener = _opener(path)
    return path.open("rb") if opener is None else cast("IO[bytes]", opener(path))


def read_plain(path: Path) -> Array:
    """Return the bytes of a file: mapped if it is plain, decompressed in memory if it is not.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    ndarray of uint8
        Read-only.

    Raises
    ------
    UnsafeFileError
        Decompression would fill the memory.
    EOFError, OSError, zlib.error, lzma.LZMAError
        The file is damaged.
    """
    size = path.stat().st_size
    if _opener(path) is None:
        return np.memmap(path, dtype=np.uint8, mode="r") if size else np.empty(0, dtype=np.uint8)
    plain = bytearray()
    with open_plain(path) as file:
        while piece := file.read(_PIECE_BYTES):
            plain += piece
            if len(plain) > max(BOMB_BYTES, MAX_RATIO * size):
                msg = f"{size} bytes decompress to more than {len(plain)}"
                raise UnsafeFileError(
                    msg,
                    where=str(path),
                    hint="decompress the file first, if it is what it should be",
                )
    array = np.frombuffer(plain, dtype=np.uint8)
    array.flags.writeable = False
    return array


def _opener(path: Path) -> Callable[[Path], object] | None:
    """Return what opens a compressed file, told by its first bytes; None if it is plain."""
    with path.open("rb", buffering=0) as file:
        start = file.read(8)
    return next((opener for magic, opener in _OPENERS.items() if start.startswith(magic)), None)
