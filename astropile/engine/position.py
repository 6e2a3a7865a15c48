"""Positions: ICRS degrees, right ascension in [0, 360), impossible ones refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from astropile.readers import Column
from astropile.readers.column import Array


def to_icrs(ra: Column, dec: Column, frame: str) -> tuple[Column, Column]:
    """Return positions in ICRS, from the frame of the survey's columns.

    Parameters
    ----------
    ra, dec : Column
        Longitude and latitude, deg.
    frame : str
        ``icrs``, ``fk5``, ``fk4`` or ``galactic``.
    """
    if frame != "icrs":
        import astropy.units as u
        from astropy.coordinates import SkyCoord

        known = np.isfinite(ra.data) & (np.abs(dec.data) <= 90)
        sky = SkyCoord(ra.data[known] * u.deg, dec.data[known] * u.deg, frame=frame).icrs
        lon, lat = ra.data.copy(), dec.data.copy()
        lon[known], lat[known] = sky.ra.deg, sky.dec.deg
        ra, dec = replace(ra, data=lon), replace(dec, data=lat)
    outside = np.isfinite(ra.data) & ((ra.data < 0) | (ra.data >= 360))
    if outside.any():
        data = ra.data.copy()
        data[outside] = np.mod(data[outside], 360.0)
        ra = replace(ra, data=data)
    return ra, dec


def refuse_positions(ra: Column, dec: Column) -> Array:
    """Return which rows have a position that cannot be: infinite, or beyond the poles.

    A null position is no fault; the object is only left out of sky searches.
    """
    bad_ra = np.isinf(ra.data) if ra.null is None else np.isinf(ra.data) & ~ra.null
    beyond = np.abs(dec.data) > 90
    bad_dec = beyond if dec.null is None else beyond & ~dec.null
    return np.asarray(bad_ra | bad_dec)
