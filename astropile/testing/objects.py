"""The mock objects: what is true of them whatever survey looks at them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, fields

import numpy as np

from astropile.readers.column import Array, Rows
from astropile.testing.sky import Sky

__all__ = ["Objects", "draw_objects", "generator"]


def generator(seed: int, *words: str) -> np.random.Generator:
    """Return a generator that depends on the seed and some words, and on nothing else.

    Examples
    --------
    >>> [generator(1, word).integers(100).item() for word in ("a", "a", "b")]
    [9, 9, 76]
    """
    keys = [zlib.crc32(word.encode()) for word in words]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *keys])))


@dataclass(frozen=True, slots=True)
class Objects:
    """Objects, one an element of every array.

    Attributes
    ----------
    number : ndarray of int64
        Order of drawing.
    ra_deg, dec_deg : ndarray of float64
        ICRS deg.
    magnitude : ndarray of float64
        AB magnitude near 600 nm.
    colour : ndarray of float64
        Magnitudes that it is fainter a band to the blue.
    redshift : ndarray of float64
    radius_arcsec : ndarray of float64
        Half-light radius.
    axis_ratio : ndarray of float64
        Minor over major axis.
    """

    number: Array
    ra_deg: Array
    dec_deg: Array
    magnitude: Array
    colour: Array
    redshift: Array
    radius_arcsec: Array
    axis_ratio: Array

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self.number)

    def take(self, rows: Rows) -> Objects:
        """Return some of the objects."""
        return Objects(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def draw_objects(n: int, sky: Sky, seed: int) -> Objects:
    """Draw objects; the same seed gives the same properties to any survey.

    Parameters
    ----------
    n : int
        How many.
    sky : Sky
        Where.
    seed : int
        Not negative.
    """
    ra, dec = sky.draw(n, generator(seed, "sky"))

    def rng(name: str) -> np.random.Generator:
        return generator(seed, "object", name)

    return Objects(
        number=np.arange(n),
        ra_deg=ra,
        dec_deg=dec,
        magnitude=24 - 6 * rng("magnitude").random(n),
        colour=rng("colour").uniform(-0.1, 0.9, n),
        redshift=2 * rng("redshift").beta(1.5, 4.0, n) + 1e-3,
        radius_arcsec=rng("radius").lognormal(0.2, 0.4, n),
        axis_ratio=rng("axis_ratio").uniform(0.4, 1.0, n),
    )
