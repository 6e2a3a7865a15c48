"""Images compressed tile by tile (fpack): only the tiles of a section are decompressed."""

from __future__ import annotations

from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from astropile.errors import UnsafeFileError
from astropile.readers._base import damaged
from astropile.readers._compression import BOMB_BYTES, MAX_RATIO, is_compressed
from astropile.readers._fits_hdus import Hdu
from astropile.readers._fits_numbers import stored_dtype
from astropile.readers.column import Array


class Tiles:
    """The file as astropy sees it, opened when it is needed first.

    Parameters
    ----------
    path : Path
        The file.
    data : ndarray of uint8
        Its bytes, without what compresses it as a whole.
    """

    def __init__(self, path: Path, data: Array) -> None:
        self._path = path
        self._bytes = data
        self._opened: fits.HDUList | None = None

    def opened(self) -> fits.HDUList:
        """Return the open file; numbers come as they are stored."""
        if self._opened is None:
            source: Any = self._path
            if is_compressed(self._path):
                source = BytesIO(self._bytes.tobytes())
            self._opened = fits.open(source, memmap=False, do_not_scale_image_data=True)
        return self._opened

    def close(self) -> None:
        """Close the file."""
        self._bytes = np.empty(0, dtype=np.uint8)
        if self._opened is not None:
            self._opened.close()

    def section(self, hdu: Hdu, part: tuple[slice, ...]) -> Array:
        """Return a section of an image as stored, before its values are scaled.

        Parameters
        ----------
        hdu : Hdu
            A compressed image.
        part : tuple of slice
            Where the section is, within the image; axes left out are taken whole.
        """
        shape = [len(range(*cut.indices(n))) for cut, n in zip(part, hdu.shape, strict=False)]
        declared = prod([*shape, *hdu.shape[len(shape) :]]) * stored_dtype(hdu).itemsize
        if declared > max(BOMB_BYTES, MAX_RATIO * hdu.size):
            msg = f"HDU {hdu.number}: {hdu.size} bytes decompress to {declared}"
            raise UnsafeFileError(msg)
        try:
            values = np.asarray(self.opened()[hdu.number].section[part])
        except MemoryError:
            raise
        except Exception as error:
            # The library below astropy has an exception of its own, which astropy keeps private.
            raise damaged(self._path, f"HDU {hdu.number}: {error}") from error
        return values
