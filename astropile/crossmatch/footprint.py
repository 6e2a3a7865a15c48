"""Which positions lie where a survey has looked."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.disk import local_path
from astropile.errors import UsageError
from astropile.readers.column import Array
from astropile.sky.positions import Floats
from astropile.sky.regions.moc import load_moc, moc_class
from astropile.survey.subset import Inside

if TYPE_CHECKING:
    from astropile.sky.regions import Region

__all__ = ["Within", "inside", "pile_footprint", "read_footprint"]


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
        It is neither.
    NoFilesError, CorruptFileError
        There is no such file, or it holds no map.
    """
    if isinstance(given, moc_class()):
        return given
    if not isinstance(given, str | PathLike):
        what = f"{type(given).__name__} is no footprint; expected a mocpy.MOC or the path of one"
        raise UsageError(what, hint="make one with MOC.from_fits(path) or MOC.from_lonlat(...)")
    return load_moc(local_path(given, "footprint"))


def pile_footprint(request: Any) -> Any:
    """Return the part of the sky in which a pile has objects, None if the request is of no pile.

    Parameters
    ----------
    request : Request
        Of an opened pile, whole or within regions.

    Raises
    ------
    MissingExtraError
        mocpy is not installed.
    UsageError
        Rows of the pile were selected by something else than their place.
    """
    pile = getattr(request, "pile", None)
    if pile is None:
        return None
    regions = [step.region for step in request.subset.steps if isinstance(step, Inside)]
    if len(regions) < len(request.subset.steps):
        what = "only some rows of the pile are selected, and nobody knows whether by their place"
        hint = "give the footprint of the selection: footprint=MOC; only regions are understood"
        raise UsageError(what, where=str(pile.path), hint=hint)
    whole = _sky_map(pile)
    return Within(whole, tuple(regions)) if regions else whole


def _sky_map(pile: Any) -> Any:
    """Return the pixels in which a pile has objects."""
    MOC = moc_class()  # noqa: N806
    if not pile.leaves:
        return MOC.new_empty(0)
    from hats.io.file_io import read_fits_image

    catalog = pile.leaves[0].path.partition("dataset/")[0]
    counts = np.asarray(read_fits_image(pile.path / catalog / "skymap.fits"))
    order = int(len(counts) // 12).bit_length() // 2
    pixels = np.flatnonzero(counts > 0).astype(np.uint64)
    depth = np.full(len(pixels), order, dtype=np.uint8)
    return MOC.from_healpix_cells(pixels, depth, order)


@dataclass(frozen=True)
class Within:
    """The part of a footprint that lies in all of some regions.

    Attributes
    ----------
    footprint : MOC
        A map.
    regions : tuple of Region
        What limits it.
    """

    footprint: Any
    regions: tuple[Region, ...]

    def contains_lonlat(self, lon: Any, lat: Any) -> Array:
        """Tell which positions are inside, as maps do."""
        found = np.asarray(self.footprint.contains_lonlat(lon, lat))
        for region in self.regions:
            found = found & region.contains(lon.to_value("deg"), lat.to_value("deg"))
        return found


def inside(footprint: Any, ra_deg: Floats, dec_deg: Floats) -> Array:
    """Tell of each position whether it lies in a footprint; False where there is no position."""
    import astropy.units as u

    found = np.zeros(len(ra_deg), dtype=bool)
    known = np.flatnonzero(np.isfinite(ra_deg) & np.isfinite(dec_deg))
    if len(known):
        lon = np.mod(ra_deg[known], 360.0)
        found[known] = footprint.contains_lonlat(lon * u.deg, dec_deg[known] * u.deg)
    return found
