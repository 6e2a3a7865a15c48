"""Pictures of results: separations, the sky, cut-outs. Needs ``pip install 'astropile[plot]'``."""

from astropile.plot.images import image_pair, rgb_picture
from astropile.plot.sky import separation_histogram, sky_map

__all__ = ["image_pair", "rgb_picture", "separation_histogram", "sky_map"]
