"""Pictures as files, alone or in a column: a struct of ``bytes`` and ``path``.

So the `datasets` library stores its feature Image. What is wanted of them is their pixels.
"""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from astropile.errors import CellError, MissingExtraError, UnsafeFileError
from astropile.readers.column import Array, Column
from astropile.readers.protocol import CellInfo

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["decode", "is_picture", "pixels", "pixels_info"]

MAX_PIXELS: Final = 2**26
#: Formats that are read; the first bytes of a picture say which it is, whatever its path.
_FORMATS: Final = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF")
#: Grey of more than 8 bits, which pillow would cut off at 255 on the way to colours.
_DEEP: Final = {
    "I;16": "uint16",
    "I;16B": "uint16",
    "I;16L": "uint16",
    "I": "int32",
    "F": "float32",
}
_BYTES, _PATH = "bytes", "path"


def is_picture(kind: pa.DataType) -> bool:
    """Whether a column of this type holds pictures as files.

    Examples
    --------
    >>> is_picture(pa.struct({"bytes": pa.binary(), "path": pa.string()}))
    True
    >>> is_picture(pa.struct({"bytes": pa.int64(), "path": pa.string()}))
    False
    """
    if not pt.is_struct(kind) or {field.name for field in kind} != {_BYTES, _PATH}:
        return False
    content = kind.field(_BYTES).type
    return bool(pt.is_binary(content) or pt.is_large_binary(content))


def pixels(array: pa.ChunkedArray, name: str) -> Column:
    """Return the pixels of a column of pictures, y before x before channel.

    Raises
    ------
    CellError
        A picture cannot be read, or pictures differ in their channels.
    MissingExtraError
        pillow is not installed.
    """
    contents = [
        content
        for chunk in array.chunks
        for content in chunk.flatten()[chunk.type.get_field_index(_BYTES)].to_pylist()
    ]
    null = np.array([content is None for content in contents], dtype=bool)
    found = [decode(content, name) for content in contents if content is not None]
    nothing = np.zeros_like(found[0]) if found else np.zeros((0, 0), dtype=np.uint8)
    shown = iter(found)
    rows = [nothing if content is None else next(shown) for content in contents]
    try:
        column = Column.pack(rows) if rows else Column(nothing[None][:0])
    except ValueError as error:
        msg = f"{name}: some pictures are grey and some coloured"
        raise CellError(msg) from error
    return replace(column, null=null) if null.any() else column


def decode(content: bytes, name: str) -> Array:
    """Return the pixels of a picture from its bytes, y (from the top) before x before channel.

    Raises
    ------
    CellError
        It cannot be read.
    UnsafeFileError
        It has more than `MAX_PIXELS` pixels.
    MissingExtraError
        pillow is not installed.
    """
    from PIL import Image

    picture = _opened(content, name)
    mode = _mode(picture)
    try:
        if mode in _DEEP:
            return np.asarray(picture).astype(_DEEP[mode], copy=False)
        return np.asarray(picture.convert(mode), dtype=np.uint8)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        msg = f"{name}: a picture cannot be read: {error}"
        raise CellError(msg) from error


def pixels_info(content: bytes, name: str) -> CellInfo:
    """Return what the head of a picture says of its pixels."""
    picture = _opened(content, name)
    mode = _mode(picture)
    channels = (len(mode),) if mode in ("RGB", "RGBA") else ()
    return CellInfo(_DEEP.get(mode, "uint8"), (picture.height, picture.width, *channels))


def _opened(content: bytes, name: str) -> Image:
    """Read the head of a picture, which must not be too big."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("pictures need pillow", hint="pip install pillow") from error
    try:
        picture = Image.open(io.BytesIO(content), formats=_FORMATS)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        msg = f"{name}: a picture cannot be read: {error}"
        raise CellError(msg) from error
    if picture.width * picture.height > MAX_PIXELS:
        size = f"{picture.width} x {picture.height}"
        msg = f"{name}: a picture of {size} pixels, more than {MAX_PIXELS} in all"
        raise UnsafeFileError(msg)
    return picture


def _mode(picture: Image) -> str:
    """Return the mode that a picture is read as: grey, colour, or colour with opacity."""
    if picture.mode in ("L", "1"):
        return "L"
    if picture.mode in _DEEP:
        return picture.mode
    return "RGBA" if picture.mode in ("RGBA", "LA", "PA") else "RGB"
