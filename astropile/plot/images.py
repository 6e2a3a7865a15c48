"""Cut-outs in colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.errors import UsageError
from astropile.plot.figure import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


def rgb_picture(flux: Any, bands: Sequence[str], *, rgb: Sequence[str]) -> NDArray[np.uint8]:
    """Make a colour picture of three bands (Lupton et al. 2004, doi:10.1086/382245).

    Parameters
    ----------
    flux : array_like, shape (band, y, x)
        Image planes.
    bands : sequence of str
        Band of each plane.
    rgb : sequence of str
        Bands for red, green and blue.

    Returns
    -------
    ndarray of uint8, shape (y, x, 3)
        Picture with its first row at the top; the noise sets the stretch.

    Raises
    ------
    UsageError
        A band is not among the planes.

    Examples
    --------
    >>> rgb_picture(np.zeros((3, 4, 4)), ["g", "r", "z"], rgb=["z", "r", "g"]).shape
    (4, 4, 3)
    """
    from astropy.visualization import make_lupton_rgb

    listed = list(bands)
    missing = [band for band in rgb if band not in listed]
    if missing:
        what = f"no band {', '.join(missing)}; the image has {', '.join(listed)}"
        raise UsageError(what, hint="name three of them, the reddest first: rgb=(...)")
    planes = [np.nan_to_num(np.asarray(flux[listed.index(band)], dtype=float)) for band in rgb]
    levels = []
    for plane in planes:
        middle = float(np.median(plane))
        spread = 1.4826 * float(np.median(np.abs(plane - middle)))
        levels.append((middle, spread or float(np.std(plane)) or 1.0))
    scaled = [(plane - m) / s for plane, (m, s) in zip(planes, levels, strict=True)]
    picture = make_lupton_rgb(*scaled, minimum=-1.0, stretch=15.0, Q=8)
    return np.asarray(np.flipud(picture), dtype=np.uint8)


def image_pair(
    example: Mapping[str, Any], *, rgb: Mapping[str, Sequence[str]], title: str = ""
) -> Figure:
    """Draw the cut-outs of one matched object side by side.

    Parameters
    ----------
    example : mapping
        A matched Example: label -> Example with an ``image`` block.
    rgb : mapping of str to sequence of str
        Label -> bands for red, green and blue.
    title : str
        Heading.

    Returns
    -------
    Figure
        One picture a survey, axes in arcsec where the pixel scale is known.

    Examples
    --------
    >>> block = {"flux": np.zeros((3, 8, 8)), "band": ["g", "r", "z"], "scale": [0.26] * 3}
    >>> figure = image_pair({"a": {"image": block}}, rgb={"a": ["z", "r", "g"]})
    >>> len(figure.axes)
    1
    """
    figure = new_figure(4.2 * len(rgb), 4.4)
    for place, (label, bands) in enumerate(rgb.items(), 1):
        block = example[label]["image"]
        picture = rgb_picture(block["flux"], block["band"], rgb=bands)
        axes = figure.add_subplot(1, len(rgb), place)
        scale = float(np.asarray(block["scale"])[0]) if "scale" in block else 1.0
        half_y, half_x = (scale * n / 2 for n in picture.shape[:2])
        axes.imshow(picture, extent=(-half_x, half_x, -half_y, half_y))
        axes.set_title(f"{label}  ({', '.join(bands)})", fontsize=10)
        axes.set_xlabel("arcsec" if "scale" in block else "pixel")
    figure.suptitle(title, fontsize=11)
    return figure
