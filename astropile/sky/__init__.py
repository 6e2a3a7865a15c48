"""Positions on the sky: HEALPix numbers, an exact cross-match, and what both are made of.

Importing this room is cheap; Numba and healpy are imported by the first call that needs them.
"""

from __future__ import annotations

from astropile.sky.groups import group_coordinates
from astropile.sky.index import (
    chord_squared_limit,
    healpix_index,
    normalised_ra,
    separation_arcsec,
    unit_vectors,
)
from astropile.sky.match import Pairs, match_coordinates, match_indexes
from astropile.sky.motion import move_positions, position_angle_deg
from astropile.sky.positions import valid_positions
from astropile.sky.tree import SkyIndex, build_index

__all__ = [
    "Pairs",
    "SkyIndex",
    "build_index",
    "chord_squared_limit",
    "group_coordinates",
    "healpix_index",
    "match_coordinates",
    "match_indexes",
    "move_positions",
    "normalised_ra",
    "position_angle_deg",
    "separation_arcsec",
    "unit_vectors",
    "valid_positions",
]
