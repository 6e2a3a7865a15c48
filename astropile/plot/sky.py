"""Where things are, and how far apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.plot.figure import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def sky_map(ra_deg: Any, dec_deg: Any, *, title: str = "") -> Figure:
    """Draw the density of positions on the whole sky.

    Parameters
    ----------
    ra_deg, dec_deg : array_like, shape (n,)
        ICRS positions, deg.
    title : str
        Heading.

    Returns
    -------
    Figure
        Mollweide map, east to the left, objects a square degree; ``savefig`` writes it.

    Examples
    --------
    >>> figure = sky_map([10.0, 200.0], [0.0, -30.0], title="two objects")
    >>> figure.axes[0].get_title()
    'two objects'
    """
    figure = new_figure(9, 5)
    axes = figure.add_subplot(projection="mollweide")
    # Equal-area bins: uniform in longitude and in sin(latitude).
    n_lon, n_lat = 90, 45
    longitude = np.linspace(-180, 180, n_lon + 1)
    sine = np.linspace(-1, 1, n_lat + 1)
    east_left = -((np.asarray(ra_deg, dtype=float) + 180) % 360 - 180)
    sin_dec = np.sin(np.radians(np.asarray(dec_deg, dtype=float)))
    counts, _, _ = np.histogram2d(east_left, sin_dec, bins=(longitude, sine))
    area = (360 / n_lon) * np.degrees(2 / n_lat)
    density = np.ma.masked_equal(counts.T / area, 0)
    mesh = axes.pcolormesh(
        np.radians(longitude), np.arcsin(sine), density, cmap="viridis", rasterized=True
    )
    axes.grid(visible=True, alpha=0.3)
    axes.set_xticks(np.radians(np.arange(-120, 121, 60)))
    axes.set_xticklabels(["120°", "60°", "0°", "300°", "240°"], color="0.9", fontsize=8)
    figure.colorbar(mesh, ax=axes, label="objects per square degree", shrink=0.7)
    axes.set_title(title, fontsize=11)
    return figure


def separation_histogram(
    separation_arcsec: Any, *, radius_arcsec: float, title: str = ""
) -> Figure:
    """Draw how far apart matched objects are.

    Parameters
    ----------
    separation_arcsec : array_like, shape (pairs,)
        Separations, arcsec.
    radius_arcsec : float
        Radius of the match, arcsec.
    title : str
        Heading.

    Returns
    -------
    Figure
        Histogram with the radius and the median marked.

    Examples
    --------
    >>> figure = separation_histogram([0.1, 0.2], radius_arcsec=1.0)
    >>> figure.axes[0].get_xlabel()
    'separation [arcsec]'
    """
    separation = np.asarray(separation_arcsec, dtype=float)
    figure = new_figure(6, 4)
    axes = figure.add_subplot()
    bins = np.linspace(0, radius_arcsec, 51)
    axes.hist(separation, bins=bins.tolist(), color="#31688e")
    axes.axvline(radius_arcsec, color="0.4", linestyle=":", label=f"radius {radius_arcsec} arcsec")
    if len(separation):
        median = float(np.median(separation))
        axes.axvline(median, color="#d1495b", label=f"median {median:.3f} arcsec")
    axes.set_xlabel("separation [arcsec]")
    axes.set_ylabel("pairs")
    axes.set_title(title, fontsize=10)
    axes.legend(frameon=False)
    return figure
