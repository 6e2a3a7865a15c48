"""Which positions lie where a survey has looked."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from astropile.errors import MissingExtraError, UsageError
from astropile.readers.column import Array
from astropile.sky.positions import Floats

__all__ = ["inside", "pile_footprint", "read_footprint"]


def _moc() -> Any:
    """Return the class of maps.

    Raises
    ------
    MissingExtraError
        mocpy is not installed.
    """
    try:
        from mocpy import MOC
    except ImportError as error:
        what = "footprints need mocpy"
        raise MissingExtraError(what, hint="pip install 'astropile[plot]'") from error
    return MOC


def read_footprint(given: Any) -> Any:
    """Return a footprint as a MOC.

    Parameters
    ----------
    given : mocpy.MOC or path-like
        A map of the sky, or a file of one (FITS, JSON or text).

    Raises
    ------
    MissingExtraError
        mocpy is not installed.
    UsageError
        It is neither, or the file holds none.
    """
    MOC = _moc()  # noqa: N806
    if isinstance(given, MOC):
        return given
    if not isinstance(given, str | PathLike):
        what = f"{type(given).__name__} is no footprint; expected a mocpy.MOC or the path of one"
        raise UsageError(what, hint="make one with MOC.from_fits(path) or MOC.from_lonlat(...)")
    path = Path(given).expanduser()
    form = {".json": "json", ".txt": "ascii", ".ascii": "ascii"}.get(path.suffix.lower(), "fits")
    try:
        return MOC.load(str(path), format=form)
    except Exception as error:  # mocpy raises whatever its parsers do
        what = f"no MOC can be read: {error}"
        hint = "give a multi-order coverage map in ICRS as FITS, JSON or text"
        raise UsageError(what, where=str(path), hint=hint) from error


def pile_footprint(request: Any) -> Any:
    """Return the part of the sky in which a pile has objects, None if the request is of no pile.

    Parameters
    ----------
    request : Request
        Of an opened pile, as a whole.

    Raises
    ------
    MissingExtraError
        mocpy is not installed.
    UsageError
        Only a part of the pile was selected: its map is that of the whole.
    """
    pile = getattr(request, "pile", None)
    if pile is None:
        return None
    if request.subset:
        what = "the sky map of a pile is that of all its rows, and only some are selected"
        hint = "give the footprint of the selection: footprint=MOC"
        raise UsageError(what, where=str(pile.path), hint=hint)
    MOC = _moc()  # noqa: N806
    if not pile.leaves:
        return MOC.new_empty(0)
    from hats.io.file_io import read_fits_image

    catalog = pile.leaves[0].path.partition("dataset/")[0]
    counts = np.asarray(read_fits_image(pile.path / catalog / "skymap.fits"))
    order = int(len(counts) // 12).bit_length() // 2
    pixels = np.flatnonzero(counts > 0).astype(np.uint64)
    depth = np.full(len(pixels), order, dtype=np.uint8)
    return MOC.from_healpix_cells(pixels, depth, order)


def inside(footprint: Any, ra_deg: Floats, dec_deg: Floats) -> Array:
    """Tell of each position whether it lies in a footprint; False where there is no position."""
    import astropy.units as u

    found = np.zeros(len(ra_deg), dtype=bool)
    known = np.flatnonzero(np.isfinite(ra_deg) & np.isfinite(dec_deg))
    if len(known):
        lon = np.mod(ra_deg[known], 360.0)
        found[known] = footprint.contains_lonlat(lon * u.deg, dec_deg[known] * u.deg)
    return found
