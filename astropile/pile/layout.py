"""Names of the files and folders of a pile, in one place.

::

    PATH/
      manifest.json              rows, bytes and sha256 of everything; written last
      astropile/                 schema.yaml request.json citation.txt rejects.parquet
      hats.properties properties partition_info.csv skymap.fits
      dataset/_metadata _common_metadata
      dataset/Norder=K/Dir=D/Npix=P.parquet

With margins PATH is a HATS collection: ``collection.properties`` and two catalogues below it,
``NAME/`` and ``NAME_margin/``, each as above. A build works in ``.PATH.building-KEY`` beside PATH.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "CITATION",
    "HEALPIX",
    "MANIFEST",
    "REJECTS",
    "REQUEST",
    "SCHEMA",
    "SPLIT",
    "WORK",
    "Pixel",
    "building_folder",
    "building_folders",
    "is_pile",
    "leaf_path",
]

#: Column of the nested order-29 pixel, first in every leaf; its name is fixed by HATS.
HEALPIX = "_healpix_29"
#: Column of the split, where a config has more than one.
SPLIT = "_split"
DEEPEST_ORDER = 29
MANIFEST = "manifest.json"
SCHEMA = "astropile/schema.yaml"
REQUEST = "astropile/request.json"
CITATION = "astropile/citation.txt"
REJECTS = "astropile/rejects.parquet"
#: Folder of a build for what does not belong to the pile.
WORK = "work"
# Pixels a folder, fixed by HATS.
_PIXELS_A_FOLDER = 10_000


@dataclass(frozen=True, slots=True, order=True)
class Pixel:
    """A nested HEALPix pixel: a partition.

    Examples
    --------
    >>> Pixel(1, 5).range
    (360287970189639680, 432345564227567616)
    """

    order: int
    number: int

    @property
    def range(self) -> tuple[int, int]:
        """First order-29 pixel inside, and the one after the last."""
        shift = 2 * (DEEPEST_ORDER - self.order)
        return self.number << shift, (self.number + 1) << shift


def leaf_path(pixel: Pixel, catalog: str = "") -> str:
    """Return the path of a partition below the pile, with ``/``.

    Examples
    --------
    >>> leaf_path(Pixel(7, 12345))
    'dataset/Norder=7/Dir=10000/Npix=12345.parquet'
    """
    folder = pixel.number // _PIXELS_A_FOLDER * _PIXELS_A_FOLDER
    path = f"dataset/Norder={pixel.order}/Dir={folder}/Npix={pixel.number}.parquet"
    return f"{catalog}/{path}" if catalog else path


def is_pile(folder: Path) -> bool:
    """Return whether a folder looks like a pile; nothing of it is checked."""
    return (folder / MANIFEST).is_file() and (folder / SCHEMA).is_file()


def building_folder(path: Path, key: str) -> Path:
    """Return the folder in which a build of a pile works."""
    return path.with_name(f".{path.name}.building-{key[:12]}")


def building_folders(path: Path) -> list[Path]:
    """Return the folders of unfinished builds of a pile."""
    start = f".{path.name}.building-"
    if not path.parent.is_dir():
        return []
    return sorted(p for p in path.parent.iterdir() if p.name.startswith(start) and p.is_dir())
