"""Pictures: PNG, JPEG, WebP, TIFF, BMP and GIF, one a row.

The cell ``data`` holds the pixels, y x for grey and y x channel for colour (3, with opacity 4), y
from the top as the picture is stored. They are what the file says: no colour profile and no turn
by EXIF is applied, and of several frames the first is taken.

References
----------
.. [1] Image file formats of Pillow,
   https://pillow.readthedocs.io/en/stable/handbook/image-file-formats.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Final

from astropile.errors import CellError, UnsafeFileError
from astropile.readers._base import FileReader, damaged
from astropile.readers._cells import Cells
from astropile.readers._compression import DAMAGE, read_plain
from astropile.readers._pictures import decode, pixels_info
from astropile.readers._selection import count_selected
from astropile.readers.column import Column, Rows
from astropile.readers.protocol import ReadOptions

_CELL: Final = "data"
_MAX_BYTES: Final = 2**29


class PictureReader(FileReader):
    """Reader of one picture.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> path = Path(tempfile.mkdtemp(), "galaxy.png")
    >>> Image.new("RGB", (3, 2), (10, 20, 30)).save(path)
    >>> with PictureReader(path, ReadOptions(rows="file")) as reader:
    ...     pixels = reader.read(["data"])["data"].data
    >>> pixels.shape, pixels[0, 0, 0].tolist()
    ((1, 2, 3, 3), [10, 20, 30])
    """

    damage: ClassVar[tuple[type[Exception], ...]] = (*DAMAGE, ValueError)

    def __init__(self, path: Path, options: ReadOptions) -> None:
        super().__init__(path, options)
        with self._errors():
            content = read_plain(path)
            if content.size > _MAX_BYTES:
                msg = f"{content.size} bytes are too many for a picture"
                raise UnsafeFileError(msg)
            self._content = content.tobytes()
            try:
                self._info = pixels_info(self._content, _CELL)
            except CellError as error:
                raise damaged(path, error.what) from error

    def close(self) -> None:
        """Forget what was read; nothing is open."""
        self._content = b""

    def count_rows(self) -> int:
        """Return 1: the file is an object."""
        return 1

    def block_rows(self) -> int:
        """Return 1."""
        return 1

    @cached_property
    def _cells(self) -> Cells:
        return Cells({_CELL: self._info})

    def _read(self, addresses: Sequence[str], rows: Rows) -> dict[str, Column]:
        if not addresses:
            return {}
        try:
            pixels = decode(self._content, _CELL)
        except CellError as error:
            raise damaged(self._path, error.what) from error
        return {_CELL: Column(pixels[None]).take(slice(0, count_selected(rows)))}
