"""Pictures that stand in a column as files: a struct of ``bytes`` and ``path``.

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

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["is_picture", "pixels"]

MAX_PIXELS: Final = 2**26
#: Formats that are read; the first bytes of a picture say which it is, whatever its path.
_FORMATS: Final = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF")
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
    found = [_decoded(content, name) for content in contents if content is not None]
    nothing = np.zeros_like(found[0]) if found else np.zeros((0, 0), dtype=np.uint8)
    shown = iter(found)
    rows = [nothing if content is None else next(shown) for content in contents]
    try:
        column = Column.pack(rows) if rows else Column(nothing[None][:0])
    except ValueError as error:
        msg = f"{name}: some pictures are grey and some coloured"
        raise CellError(msg) from error
    return replace(column, null=null) if null.any() else column


def _decoded(content: bytes, name: str) -> Array:
    from PIL import Image

    picture = _opened(content)
    if picture.width * picture.height > MAX_PIXELS:
        size = f"{picture.width} x {picture.height}"
        msg = f"{name}: a picture of {size} pixels, more than {MAX_PIXELS} in all"
        raise UnsafeFileError(msg)
    try:
        return np.asarray(picture.convert(_mode(picture)), dtype=np.uint8)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        msg = f"{name}: a picture cannot be read: {error}"
        raise CellError(msg) from error


def _opened(content: bytes) -> Image:
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError(
            "pictures in a column need pillow", hint="pip install 'astropile[plot]'"
        ) from error
    try:
        return Image.open(io.BytesIO(content), formats=_FORMATS)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        msg = f"a picture cannot be read: {error}"
        raise CellError(msg) from error


def _mode(picture: Image) -> str:
    """Return the mode that a picture is read as: grey, colour, or colour with opacity."""
    if picture.mode in ("L", "1"):
        return "L"
    return "RGBA" if picture.mode in ("RGBA", "LA", "PA") else "RGB"
