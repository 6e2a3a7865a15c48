"""Numbers as FITS stores them: scaled, with an offset for a sign, with a value that means none.

References
----------
.. [1] FITS Standard 4.0, https://fits.gsfc.nasa.gov/fits_standard.html, sections 4.4.2.5 and 5.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from astropile.readers._fits_hdus import Hdu
from astropile.readers.column import Array, Column

_IMAGE_DTYPES: Final[Mapping[int, str]] = MappingProxyType(
    {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
)


def scaled_dtype(stored: np.dtype[Any], scale: float, zero: float, scaled: str) -> np.dtype[Any]:
    """Return the type of values: as stored, with the other sign, or ``scaled``.

    An offset of half the range is how FITS stores unsigned integers, and signed bytes.

    Examples
    --------
    >>> scaled_dtype(np.dtype(">i2"), 1, 32768, "f4"), scaled_dtype(np.dtype(">i2"), 0.5, 0, "f4")
    (dtype('uint16'), dtype('float32'))
    """
    if scale == 1 and zero == 0:
        return stored.newbyteorder("=")
    half = 2 ** (8 * stored.itemsize - 1)
    if scale == 1 and stored.kind == "i" and zero == half:
        return np.dtype(f"u{stored.itemsize}")
    if scale == 1 and stored.kind == "u" and zero == -half:
        return np.dtype(f"i{stored.itemsize}")
    return np.dtype(scaled)


def scale_values(raw: Array, scale: float, zero: float, scaled: str) -> Array:
    """Return stored values as what they mean, in native byte order."""
    dtype = scaled_dtype(raw.dtype, scale, zero, scaled)
    values = raw.astype(raw.dtype.newbyteorder("="))
    if dtype.kind in "iu" and dtype != values.dtype:
        unsigned = values.view(f"u{dtype.itemsize}")
        unsigned ^= unsigned.dtype.type(2 ** (8 * dtype.itemsize - 1))
        return values.view(dtype)
    if scale == 1 and zero == 0:
        return values
    values = values.astype(dtype, copy=False)
    return np.asarray(values * dtype.type(scale) + dtype.type(zero))


def with_absent(values: Array, absent: Array | None) -> Column:
    """Return values as a dense column; ``absent`` is where there is none."""
    if absent is None or not absent.any():
        return Column(values)
    if values.ndim == 1:
        return Column(values, null=absent)
    if values.dtype.kind in "fc":
        return Column(np.where(absent, values.dtype.type(np.nan), values))
    return Column(values, holes=absent)


def stored_dtype(hdu: Hdu) -> np.dtype[Any]:
    """Return the type in which the pixels of an image are stored, compressed or not."""
    return np.dtype(_IMAGE_DTYPES[hdu.value("BITPIX")])


def image_dtype(hdu: Hdu) -> np.dtype[Any]:
    """Return the type of the pixels of an image, compressed or not."""
    stored = stored_dtype(hdu)
    return scaled_dtype(stored, *_scaling(hdu), _scaled(stored))


def stored_image(data: Array, hdu: Hdu) -> Array:
    """Return an image that is not compressed as stored, as a view of the bytes of the file."""
    stored = stored_dtype(hdu)
    return np.frombuffer(data, stored, prod(hdu.shape), hdu.start).reshape(hdu.shape)


def image_values(raw: Array, hdu: Hdu) -> Column:
    """Return stored pixels (of the type `stored_dtype` in any byte order) as what they mean."""
    stored = stored_dtype(hdu)
    blank = None
    if stored.kind in "iu":
        compressed = hdu.kind == "compressed image"
        blank = hdu.header.get("ZBLANK" if compressed else "BLANK", hdu.header.get("BLANK"))
    values = scale_values(raw, *_scaling(hdu), _scaled(stored))
    return with_absent(values, None if blank is None else raw == blank)


def _scaling(hdu: Hdu) -> tuple[float, float]:
    return hdu.header.get("BSCALE", 1), hdu.header.get("BZERO", 0)


def _scaled(stored: np.dtype[Any]) -> str:
    """Return the type of the scaled values of an image; the choice is astropy's."""
    return "f4" if stored.itemsize <= 2 or stored.str == ">f4" else "f8"
