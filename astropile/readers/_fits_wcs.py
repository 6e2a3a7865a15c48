"""From positions on the sky to pixels of an image, by the WCS in its header.

References
----------
.. [1] Greisen & Calabretta 2002, A&A 395, 1061; Calabretta & Greisen 2002, A&A 395, 1077.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from astropile.errors import CellError, CorruptFileError
from astropile.readers._fits_hdus import Hdu
from astropile.readers.column import Array

if TYPE_CHECKING:
    from astropy.io import fits
    from astropy.wcs import WCS

# Tables of distortion are in units of their own, which only the whole file has.
_TABLES: Final = ("CPDIS1", "CPDIS2", "D2IMDIS1", "D2IMDIS2", "D2IMFILE")
# A pixel is believed if its place on the sky is the one asked for, to this part of a pixel.
_TOLERANCE_PIXELS: Final = 0.05
_FAR: Final = 2**40
# Filters of warnings belong to the process, and files are read in threads.
_QUIET: Final = Lock()


@dataclass(frozen=True, slots=True)
class SkyGrid:
    """Where the pixels of an image are on the sky.

    Attributes
    ----------
    wcs : astropy.wcs.WCS
        The two axes of the sky, which are the last two of the image in numpy's order.
    frame : astropy frame or None
        Frame of the WCS; None for ICRS.
    """

    wcs: WCS
    frame: Any
    where: str

    def pixels(self, ra_deg: Array, dec_deg: Array) -> tuple[Array, Array, Array]:
        """Return which pixel holds each position.

        Parameters
        ----------
        ra_deg, dec_deg : ndarray of float64, shape (n,)
            ICRS degrees.

        Returns
        -------
        y, x : ndarray of int64, shape (n,)
            Places on the last two axes of the image, counted from 0; also outside of it.
        known : ndarray of bool, shape (n,)
            False where the projection does not have the position, such as the other side of the
            sky; ``y`` and ``x`` mean nothing there.
        """
        known = np.isfinite(ra_deg) & np.isfinite(dec_deg) & (np.abs(dec_deg) <= 90)
        x, y = np.zeros((2, len(known)), dtype=np.int64)
        asked = np.flatnonzero(known)
        if not len(asked):
            return y, x, known
        world = self._world(ra_deg[asked], dec_deg[asked])
        with np.errstate(all="ignore"):
            places = self._inverse(world)
            # A projection or a polynomial has answers for places it cannot have; forwards tells.
            back = self.wcs.all_pix2world(places, 0)
            off = _separation_deg(world, back, self.wcs)
        good = off <= _TOLERANCE_PIXELS * self._pixel_deg()
        good &= (np.abs(places) < _FAR).all(axis=1)
        known[asked] = good
        # Pixel k reaches from k - 0.5 to k + 0.5.
        whole = np.floor(places[good] + 0.5).astype(np.int64)
        x[asked[good]], y[asked[good]] = whole.T
        return y, x, known

    def _world(self, ra_deg: Array, dec_deg: Array) -> Array:
        """Return positions in the frame and the order of axes of the WCS, shape (n, 2)."""
        longitude, latitude = ra_deg, dec_deg
        if self.frame is not None:
            from astropy.coordinates import ICRS

            place = ICRS(_deg(ra_deg), _deg(dec_deg)).transform_to(self.frame).spherical
            longitude, latitude = place.lon.deg, place.lat.deg
        world = np.empty((len(ra_deg), 2))
        world[:, self.wcs.wcs.lng], world[:, self.wcs.wcs.lat] = longitude, latitude
        return world

    def _inverse(self, world: Array) -> Array:
        """Return pixels counted from 0, shape (n, 2); anything where there is no inverse."""
        from astropy.wcs import WcsError

        try:
            found = self.wcs.all_world2pix(world, 0, tolerance=1e-6, adaptive=True, quiet=True)
        except (WcsError, ValueError) as error:
            msg = f"{self.where}: the WCS has no inverse: {_one_line(error)}"
            raise CorruptFileError(msg) from error
        return np.asarray(found)

    def _pixel_deg(self) -> float:
        from astropy.wcs.utils import proj_plane_pixel_scales

        return float(np.min(proj_plane_pixel_scales(self.wcs)))


def sky_grid(hdu: Hdu, hdus: Iterable[Hdu], opened: Callable[[], fits.HDUList]) -> SkyGrid:
    """Return where the pixels of an image are on the sky.

    An image whose header has nothing of a WCS (errors and weights of many pipelines) lies where
    the first image of the same shape lies that has one.

    Parameters
    ----------
    hdu : Hdu
        The image.
    hdus : iterable of Hdu
        All units of the file.
    opened : callable
        Opens the file with astropy, for tables of distortion.

    Raises
    ------
    CellError
        There is no celestial WCS; the error names what is missing.
    CorruptFileError
        The WCS cannot be built, or has no inverse.
    """
    if not _has_any(hdu):
        alike = (
            other
            for other in hdus
            if "image" in other.kind and other.shape[-2:] == hdu.shape[-2:] and _has_any(other)
        )
        hdu = next(alike, hdu)
    where = f"HDU {hdu.number}" + f" ({hdu.name})" * bool(hdu.name)
    missing = _missing(hdu)
    if missing:
        msg = f"{where}: no celestial WCS: {', '.join(missing)} missing"
        hint = "a window by position needs one; take this image whole, or another HDU"
        raise CellError(msg, hint=hint)
    wcs = _build(hdu, where, opened)
    if not wcs.has_celestial:
        types = " and ".join(repr(text) for text in wcs.wcs.ctype)
        msg = f"{where}: no celestial WCS: the first two axes are {types}"
        raise CellError(msg, hint="both must be of the sky, such as RA---TAN and DEC--TAN")
    return SkyGrid(wcs, _frame(wcs, where), where)


def _build(hdu: Hdu, where: str, opened: Callable[[], fits.HDUList]) -> WCS:
    """Return the WCS of the first two axes."""
    from astropy.wcs import WCS, WcsError

    header = hdu.header
    tables = opened() if any(key in header for key in _TABLES) else None
    try:
        with _QUIET, warnings.catch_warnings():
            # Old headers are mended; what cannot be is an error below.
            warnings.simplefilter("ignore")
            wcs = WCS(header, fobj=tables)
            if wcs.naxis != 2:
                wcs = WCS(header, fobj=tables, naxis=2)
            wcs.wcs.set()
            np.linalg.inv(_written_matrix(hdu))
            np.linalg.inv(wcs.pixel_scale_matrix)
    except (WcsError, ValueError, TypeError, KeyError, MemoryError, np.linalg.LinAlgError) as error:
        told = _one_line(error)
        if "ingular" in told:
            msg = f"{where}: the WCS has no inverse: its CD (or PC and CDELT) matrix is singular"
        else:
            msg = f"{where}: no WCS can be built from the header: {told}"
        raise CorruptFileError(msg, hint="mend the header, or leave this file out") from error
    return wcs


def _written_matrix(hdu: Hdu) -> Array:
    """Return the CD matrix as written, since a row of zeros is mended to pixels of a degree."""
    written = [[hdu.header.get(f"CD{i}_{j}") for j in (1, 2)] for i in (1, 2)]
    if all(value is None for row in written for value in row):
        return np.identity(2)
    return np.array([[value or 0.0 for value in row] for row in written], dtype=np.float64)


def _has_any(hdu: Hdu) -> bool:
    return any(key in hdu.header for key in ("CTYPE1", "CTYPE2", "CRVAL1", "CRVAL2"))


def _missing(hdu: Hdu) -> list[str]:
    """Return the cards without which defaults would place the image anywhere."""
    header = hdu.header
    missing = [
        f"{key}{axis}"
        for key, kind in (("CTYPE", str), ("CRVAL", (int, float)), ("CRPIX", (int, float)))
        for axis in (1, 2)
        if not isinstance(header.get(f"{key}{axis}"), kind)
    ]
    if not any(f"CD{i}_{j}" in header for i in (1, 2) for j in (1, 2)):
        missing += [f"CDELT{axis} or CD{axis}_1" for axis in (1, 2) if f"CDELT{axis}" not in header]
    return missing


def _frame(wcs: WCS, where: str) -> Any:
    """Return the frame of a WCS; None for ICRS."""
    from astropy.wcs.utils import wcs_to_celestial_frame

    try:
        frame = wcs_to_celestial_frame(wcs)
    except ValueError as error:
        types = " and ".join(repr(text) for text in wcs.wcs.ctype)
        msg = f"{where}: no frame known for RADESYS {wcs.wcs.radesys!r} with axes {types}"
        raise CellError(msg) from error
    if frame.name not in ("icrs", "fk5", "fk4", "galactic"):
        msg = f"{where}: positions cannot be turned into the frame {frame.name!r} of the WCS"
        raise CellError(msg)
    return None if frame.name == "icrs" else frame


def _separation_deg(a: Array, b: Array, wcs: WCS) -> Array:
    """Return the distance of places on the sky, both (n, 2) degrees in the order of the WCS."""
    lng, lat = wcs.wcs.lng, wcs.wcs.lat
    lat_a, lat_b = np.radians(a[:, lat]), np.radians(b[:, lat])
    half_lng = np.radians(a[:, lng] - b[:, lng]) / 2
    chord = np.sin((lat_a - lat_b) / 2) ** 2 + (
        np.cos(lat_a) * np.cos(lat_b) * np.sin(half_lng) ** 2
    )
    return np.asarray(np.degrees(2 * np.arcsin(np.sqrt(np.clip(chord, 0, 1)))))


def _deg(values: Array) -> Any:
    from astropy import units

    return values * units.deg


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
