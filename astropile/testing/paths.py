"""Names of mock files: patterns of a source with their stars and captures filled."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from astropile.readers.column import Array

__all__ = ["fill_pattern", "has_pixel", "safe_names"]

_HOLE = re.compile(r"(\*\*|\*|\?|<[a-z_][a-z0-9_]*>)")
_UNSAFE = re.compile(r"[^A-Za-z0-9_+.-]")
#: HEALPix order whose pixels files are made of (nside 16), and pixels a HATS folder holds.
ORDER, PIXELS_A_FOLDER = 4, 10_000


def has_pixel(pattern: str) -> bool:
    """Whether a pattern means one file a HEALPix pixel.

    Examples
    --------
    >>> has_pixel("dr1/healpix=*/*.hdf5"), has_pixel("catalogue*.parquet")
    (True, False)
    >>> has_pixel("dr1/dataset/Norder=*/**/*.parquet")
    True
    """
    return bool(re.search(r"(?:healpix|Norder|Npix|Dir)[=-]\*|dataset/\*\*", pattern))


def fill_pattern(pattern: str, captures: Mapping[str, str], label: str, pixel: int | None) -> str:
    """Return a path that matches a pattern.

    Parameters
    ----------
    pattern : str
        Path with ``*``, ``**``, ``?`` and ``<capture>``.
    captures : mapping of str to str
        Texts of captures; others become ``mock``.
    label : str
        What tells files in one folder apart.
    pixel : int or None
        HEALPix pixel of the file.

    Examples
    --------
    >>> fill_pattern("sv3/healpix=*/*.hdf5", {}, "001-of-001", 1104)
    'sv3/healpix=1104/001-of-001.hdf5'
    >>> fill_pattern("x/dataset/**/*.parquet", {}, "001-of-001", 1104)
    'x/dataset/Norder=4/Dir=0/Npix=1104.parquet'
    >>> fill_pattern("x/dataset/Norder=*/**/*.parquet", {}, "001-of-001", 1104)
    'x/dataset/Norder=4/Dir=0/Npix=1104.parquet'
    """
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    folders: list[str] = []
    for part in parts[:-1]:
        if part == "**":
            folder = 0 if pixel is None else pixel // PIXELS_A_FOLDER * PIXELS_A_FOLDER
            order = [] if any(f.startswith("Norder=") for f in folders) else [f"Norder={ORDER}"]
            folders += ["mock"] if pixel is None else [*order, f"Dir={folder}"]
        else:
            folders.append(_fill(part, captures, "mock", pixel))
    is_hats = any(folder.startswith("Norder=") for folder in folders)
    own = f"Npix={pixel}" + label.removeprefix("001-of-001") if is_hats else label
    return "/".join([*folders, _fill(parts[-1], captures, own, pixel)])


def _fill(part: str, captures: Mapping[str, str], label: str, pixel: int | None) -> str:
    """Fill one component: the first star that means nothing else gets the label."""
    filled = ""
    used = False
    for piece in _HOLE.split(part):
        if piece.startswith("<"):
            filled += captures.get(piece[1:-1], "mock")
        elif piece == "?":
            filled += "0"
        elif piece not in ("*", "**"):
            filled += piece
        elif pixel is not None and filled.endswith(("healpix=", "Npix=")):
            filled += str(pixel)
        elif pixel is not None and filled.endswith("healpix-"):
            filled += f"{pixel:05d}" + ("" if label.startswith("001-of") else f"-{label}")
        elif filled.endswith("Norder="):
            filled += str(ORDER)
        elif filled.endswith("Dir="):
            filled += str((pixel or 0) // PIXELS_A_FOLDER * PIXELS_A_FOLDER)
        elif not used:
            filled += label
            used = True
        elif "." not in filled.rpartition(label)[2]:
            filled += "mock"
    return filled


def safe_names(names: Array) -> list[str]:
    """Return texts as names of files or groups, still different from one another.

    Examples
    --------
    >>> safe_names(np.array(["SN 2001/a", "SN 2001_a"]))
    ['SN_2001_a', 'SN_2001_a-1']
    """
    plain = [_UNSAFE.sub("_", name).lstrip(".") or "mock" for name in names.tolist()]
    if len(set(plain)) == len(plain):
        return plain
    _, inverse = np.unique(np.array(plain), return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    starts = np.searchsorted(inverse[order], np.arange(inverse.max() + 1))
    rank = np.empty(len(plain), dtype=np.int64)
    rank[order] = np.arange(len(plain)) - starts[inverse[order]]
    return [name if k == 0 else f"{name}-{k}" for name, k in zip(plain, rank.tolist(), strict=True)]
