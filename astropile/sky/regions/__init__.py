"""Regions of the sky: an exact test of positions, and the pixels in which it can be true."""

from astropile.sky.regions.covering import Area, covering_ranges
from astropile.sky.regions.moc import Moc, moc
from astropile.sky.regions.polygon import Polygon, polygon
from astropile.sky.regions.region import Region, in_ranges, overlap
from astropile.sky.regions.shapes import Box, Cone, box, cone

__all__ = [
    "Area",
    "Box",
    "Cone",
    "Moc",
    "Polygon",
    "Region",
    "box",
    "cone",
    "covering_ranges",
    "in_ranges",
    "moc",
    "overlap",
    "polygon",
]
