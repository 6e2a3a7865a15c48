"""The header and data units of a FITS file, and where they stand in it.

Only headers are read here. Sizes are checked against the file, so that a file cut short is known
when it is opened and no array is made for what is not there.

References
----------
.. [1] FITS Standard 4.0, https://fits.gsfc.nasa.gov/fits_standard.html, sections 3, 4.4 and 10.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, Final, Literal

from astropy.io import fits

from astropile.errors import CorruptFileError
from astropile.readers.column import Array

BLOCK_BYTES: Final = 2880
CARD_BYTES: Final = 80
# Keywords without a value of their own.
_NO_VALUES: Final = frozenset({"", "COMMENT", "HISTORY", "CONTINUE", "END"})

Kind = Literal["image", "compressed image", "table", "text table", "other"]


@dataclass(frozen=True, slots=True)
class Hdu:
    """One header and data unit.

    Attributes
    ----------
    number : int
        Place in the file, 0 for the primary one.
    name : str
        EXTNAME; ``PRIMARY`` for a primary unit without one.
    kind : str
        What its data are; ``other`` is not read.
    start : int
        First byte of the data.
    size : int
        Bytes of the data, with a heap, without the fill of the last block.
    """

    number: int
    name: str
    kind: Kind
    header: fits.Header
    start: int
    size: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Axes of an image in numpy's order, or ``(rows,)`` of a table."""
        if "table" in self.kind:
            return (int(self.header["NAXIS2"]),)
        return tuple(int(self.value(f"NAXIS{k}")) for k in range(self.value("NAXIS"), 0, -1))

    def value(self, key: str) -> Any:
        """Return the value of a card; of a compressed image, as it was before compression."""
        stored = f"Z{key}"
        compressed = self.kind == "compressed image" and stored in self.header
        return self.header[stored if compressed else key]

    def keywords(self) -> Iterator[str]:
        """Yield the keywords that have a value."""
        return (key for key in dict.fromkeys(self.header) if key not in _NO_VALUES)


def read_hdus(data: Array) -> list[Hdu]:
    """List the units of a file.

    Parameters
    ----------
    data : ndarray of uint8
        The bytes of the whole file.

    Returns
    -------
    list of Hdu

    Raises
    ------
    CorruptFileError
        This is no FITS file, or it ends before its last unit does.
    """
    hdus: list[Hdu] = []
    start = 0
    while data[start : start + 8].tobytes() == (b"XTENSION" if hdus else b"SIMPLE  "):
        header_end = _header_end(data, start)
        header = fits.Header.fromstring(data[start:header_end].tobytes())
        size = _data_bytes(header)
        if size < 0 or header_end + size > len(data):
            msg = f"HDU {len(hdus)} ends at byte {header_end + size}, the file has {len(data)}"
            raise CorruptFileError(msg, hint="the file is cut short; fetch it again")
        default = "" if hdus else "PRIMARY"
        name = str(header.get("EXTNAME", default)).strip() or default
        hdus.append(Hdu(len(hdus), name, _kind(header), header, header_end, size))
        start = header_end + -(-size // BLOCK_BYTES) * BLOCK_BYTES
    if not hdus:
        msg = f"no FITS file: it starts with {data[:16].tobytes()!r}"
        raise CorruptFileError(msg)
    if 0 < len(data) - start < len(b"XTENSION"):
        msg = f"HDU {len(hdus)} ends within its first word, at byte {len(data)}"
        raise CorruptFileError(msg, hint="the file is cut short; fetch it again")
    return hdus


def _header_end(data: Array, start: int) -> int:
    """Return the byte behind the block with the END card."""
    for end in range(start + BLOCK_BYTES, len(data) + 1, BLOCK_BYTES):
        block = data[end - BLOCK_BYTES : end].tobytes()
        if any(block[card : card + 8] == b"END     " for card in range(0, BLOCK_BYTES, CARD_BYTES)):
            return end
    msg = f"the header at byte {start} does not end within the {len(data)} bytes of the file"
    raise CorruptFileError(msg, hint="the file is cut short; fetch it again")


def _data_bytes(header: fits.Header) -> int:
    """Return the size of the data that a header announces (equations 1, 2 and 4 of [1]_)."""
    axes = [int(header[f"NAXIS{k}"]) for k in range(1, header["NAXIS"] + 1)]
    if header.get("GROUPS") is True and axes and axes[0] == 0:
        axes = axes[1:]
    elements = prod(axes) if axes else 0
    groups, parameters = int(header.get("GCOUNT", 1)), int(header.get("PCOUNT", 0))
    if min([*axes, groups, parameters], default=0) < 0:
        return -1
    return abs(int(header["BITPIX"])) // 8 * groups * (parameters + elements)


def _kind(header: fits.Header) -> Kind:
    extension = str(header.get("XTENSION", "IMAGE")).strip()
    if extension == "BINTABLE":
        if header.get("ZTABLE") is True:
            return "other"
        return "compressed image" if header.get("ZIMAGE") is True else "table"
    if extension == "TABLE":
        return "text table"
    return "image" if extension == "IMAGE" and header.get("GROUPS") is not True else "other"
