"""Every plane of every image of a file as a row, beside its errors and its flags.

Which unit holds the errors (``ERRDATA``) and the flags (``QUALDATA``) of an image is said by its
header; units that are named so are no rows of their own. This is how the maps and cubes of MaNGA
are written [1]_. Names and units of planes are cards such as ``C01`` or ``C1``, ``U01`` or ``U1``.

References
----------
.. [1] Westfall et al. 2019, AJ 158, 231; https://sdss-mangadap.readthedocs.io/en/latest/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Final, TypeAlias

import numpy as np

from astropile.errors import CellError
from astropile.readers._base import join
from astropile.readers._fits_hdus import Hdu
from astropile.readers._fits_numbers import image_dtype
from astropile.readers.column import Array, Column, Rows
from astropile.readers.protocol import CellInfo

# Reads places on the first axis of an image.
Read: TypeAlias = Callable[[Hdu, Rows], Column]

_PARTNERS: Final = {"error": "ERRDATA", "quality": "QUALDATA"}
_TEXTS: Final = ("hdu", "channel", "unit")
_NUMBERED: Final = re.compile(r"([CU])0*([1-9]\d*)")


@dataclass(frozen=True, slots=True)
class _Image:
    """An image whose planes are rows."""

    hdu: Hdu
    error: Hdu | None
    quality: Hdu | None

    @property
    def planes(self) -> int:
        return prod(self.hdu.shape[:-2])


class Channels:
    """The planes of the images of a file, in the order of the file.

    Parameters
    ----------
    hdus : sequence of Hdu
        All units of the file.
    only : Hdu, optional
        The one image whose planes are wanted.
    """

    cells: Final = (*_TEXTS, "data", *_PARTNERS)

    def __init__(self, hdus: Sequence[Hdu], only: Hdu | None = None) -> None:
        images = [hdu for hdu in hdus if "image" in hdu.kind and len(hdu.shape) > 1]
        named = {hdu.number: _partners(hdu, images) for hdu in images}
        taken = {other.number for pair in named.values() for other in pair.values() if other}
        self._images = [
            _Image(hdu, **named[hdu.number])
            for hdu in images
            if (hdu is only if only is not None else hdu.number not in taken)
        ]
        counts = [image.planes for image in self._images]
        self._image_of = np.repeat(np.arange(len(counts)), counts)
        self._plane_of = np.concatenate([np.arange(n) for n in counts] or [np.arange(0)])
        self._labels: list[dict[str, list[str]]] | None = None

    def __len__(self) -> int:
        """Return the number of planes."""
        return len(self._image_of)

    def info(self, cell: str) -> CellInfo:
        """Return what the headers say of a cell."""
        if cell in _TEXTS:
            return CellInfo("text")
        shapes = {image.hdu.shape[-2:] for image in self._images}
        shape = shapes.pop() if len(shapes) == 1 else (None, None)
        return CellInfo(self._dtype(cell).name, shape)

    def read(self, cell: str, rows: Rows, read: Read) -> Column:
        """Read a cell of planes.

        Parameters
        ----------
        cell : str
            One of `cells`.
        rows : slice or ndarray of int64
            Planes, as made by `select_rows`.
        read : callable
            Reads places on the first axis of an image.
        """
        images, planes = self._image_of[rows], self._plane_of[rows]
        if cell in _TEXTS:
            return self._text(cell, images, planes)
        dtype, pieces = self._dtype(cell), []
        for number in np.unique(images):
            image = self._images[number]
            hdu = image.hdu if cell == "data" else getattr(image, cell)
            wanted = planes[images == number]
            if hdu is None:
                shape = (len(wanted), *image.hdu.shape[-2:])
                pieces.append(Column(np.zeros(shape, dtype), null=np.ones(len(wanted), bool)))
            else:
                pieces.append(_typed(_planes(hdu, wanted, read), dtype))
        return join(pieces or [Column(np.zeros((0, 0, 0), dtype))], cell)

    def _dtype(self, cell: str) -> np.dtype[Any]:
        """Return the type that all planes have in common."""
        hdus = [image.hdu if cell == "data" else getattr(image, cell) for image in self._images]
        dtypes = [image_dtype(hdu) for hdu in hdus if hdu is not None]
        return np.result_type(*dtypes) if dtypes else np.dtype("f4" if cell != "quality" else "i4")

    def _text(self, cell: str, images: Array, planes: Array) -> Column:
        if self._labels is None:
            self._labels = [_labels(image) for image in self._images]
        texts = [text for labels in self._labels for text in labels[cell]]
        first = np.cumsum([0, *(image.planes for image in self._images)])
        return Column(np.array(texts or [""])[first[images] + planes])


def _partners(hdu: Hdu, images: Sequence[Hdu]) -> dict[str, Hdu | None]:
    """Return the images with the errors and the flags of an image."""
    found: dict[str, Hdu | None] = {}
    for cell, key in _PARTNERS.items():
        name = str(hdu.header.get(key, "")).strip()
        partner = next((other for other in images if other.name == name), None)
        where = f"HDU {hdu.number} ({hdu.name})"
        if name and partner is None:
            msg = f"{where}: {key} names {name!r}, which is no image of the file"
            raise CellError(msg, hint=f"it has {', '.join(other.name for other in images)}")
        if name and partner is not None and partner.shape != hdu.shape:
            msg = f"{where} has shape {hdu.shape}, {name} has {partner.shape}"
            raise CellError(msg, hint=f"{key} must name an image of the same shape")
        found[cell] = partner if name else None
    return found


def _labels(image: _Image) -> dict[str, list[str]]:
    """Return the texts of the planes of an image."""
    hdu, count = image.hdu, image.planes
    cards: dict[tuple[str, int], str] = {}
    for key in hdu.keywords():
        match = _NUMBERED.fullmatch(key)
        if match is not None:
            cards.setdefault((match[1], int(match[2])), str(hdu.header[key]).strip())
    unit = str(hdu.header.get("BUNIT", "")).strip()
    is_plane = len(hdu.shape) == 2
    numbers = range(1, count + 1)
    return {
        "hdu": [hdu.name or f"hdu{hdu.number}"] * count,
        "channel": [cards.get(("C", k), "" if is_plane else str(k)) for k in numbers],
        "unit": [cards.get(("U", k), unit) for k in numbers],
    }


def _planes(hdu: Hdu, wanted: Array, read: Read) -> Column:
    """Read planes of an image, shape (n, ny, nx)."""
    if len(hdu.shape) == 3:
        consecutive = (np.diff(wanted) == 1).all()
        return read(hdu, slice(wanted[0], wanted[-1] + 1) if consecutive else wanted)
    whole = read(hdu, slice(0, hdu.shape[0]))
    shape = (-1, *hdu.shape[-2:])
    holes = None if whole.holes is None else whole.holes.reshape(shape)
    return Column(whole.data.reshape(shape), holes=holes).take(wanted)


def _typed(column: Column, dtype: np.dtype[Any]) -> Column:
    if column.data.dtype == dtype:
        return column
    data = column.data.astype(dtype)
    if column.holes is None or dtype.kind not in "fc":
        return Column(data, holes=column.holes)
    return Column(np.where(column.holes, dtype.type(np.nan), data))
