"""Pictures with something in them: a galaxy, a neighbour, noise, and a few bad pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astropile.readers.column import Array
from astropile.schema import Field
from astropile.testing.objects import Objects

__all__ = ["Scene", "bad_pixels", "draw_flux", "draw_inverse_variance", "draw_mask", "draw_rgb"]

#: AB magnitude of the noise of one pixel.
NOISE_MAGNITUDE = 29.5
#: Steps of the noise's width that pixel values are rounded to: such pictures compress.
STEPS = 8
PSF_SIGMA_ARCSEC = 0.35
#: Share of the light and width in units of the radius: bulge, disc, neighbour.
SHARES, WIDTHS = (0.3, 0.6, 0.1), (0.4, 1.2, 0.5)


@dataclass(frozen=True, slots=True)
class Scene:
    """Planes of pictures.

    Attributes
    ----------
    objects : Objects
    row : ndarray of int64, shape (planes,)
        Object of each plane.
    flux, noise : ndarray of float64, shape (planes,)
        Total flux, and width of the noise of a pixel.
    shape : tuple of int
        Pixels along y and x.
    pixel_arcsec : float
        Size of a pixel.
    """

    objects: Objects
    row: Array
    flux: Array
    noise: Array
    shape: tuple[int, int]
    pixel_arcsec: float


def draw_flux(scene: Scene, rng: np.random.Generator, place_rng: np.random.Generator) -> Array:
    """Draw the pixels of every plane, float32.

    Parameters
    ----------
    scene : Scene
        What to draw.
    rng : Generator
        For the noise.
    place_rng : Generator
        For the places of the sources, which all planes of an object share.

    Returns
    -------
    ndarray of float32, shape (planes, y, x)
    """
    y, x = _profiles(scene, place_rng)
    light = scene.flux.astype(np.float32)[:, None] * np.array(SHARES, dtype=np.float32)
    data = np.matmul((y[scene.row] * light[:, :, None]).transpose(0, 2, 1), x[scene.row])
    # A power of two keeps the rounded pixels exact, so that they compress and compare well.
    noise = np.exp2(np.round(np.log2(scene.noise))).astype(np.float32)[:, None, None]
    data /= noise
    data += rng.standard_normal(data.shape, dtype=np.float32)
    data *= STEPS
    np.rint(data, out=data)
    data *= noise / STEPS
    return np.asarray(data)


def _profiles(scene: Scene, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return the normalised profiles of the sources along y and x, [objects, sources, pixels]."""
    objects, n = scene.objects, len(scene.objects)
    radius = objects.radius_arcsec[:, None] * np.array(WIDTHS)
    width = np.sqrt(radius**2 + PSF_SIGMA_ARCSEC**2) / scene.pixel_arcsec
    shift = rng.normal(0, 0.3, (n, 1, 2)) + np.zeros((n, len(SHARES), 2))
    shift[:, -1] = rng.uniform(-0.35, 0.35, (n, 2)) * scene.shape
    ratio = np.array([1.0, 1.0, 0.0]) * objects.axis_ratio[:, None] + np.array([0.0, 0.0, 1.0])
    found = []
    for k, (length, stretch) in enumerate(
        zip(scene.shape, (ratio, np.ones_like(ratio)), strict=True)
    ):
        offset = np.arange(length) - (length - 1) / 2 - shift[:, :, k, None]
        sigma = (width * stretch)[:, :, None]
        profile = np.exp(-0.5 * (offset / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)
        found.append(profile.astype(np.float32))
    return found[0], found[1]


def bad_pixels(scene: Scene, rng: np.random.Generator) -> Array:
    """Return a small block of bad pixels for every plane, bool."""
    spans = []
    for length in scene.shape:
        centre = rng.integers(0, length, (len(scene.row), 1))
        half = rng.integers(1, max(2, length // 25), (len(scene.row), 1))
        spans.append(np.abs(np.arange(length) - centre) <= half)
    return np.asarray(spans[0][:, :, None] & spans[1][:, None, :])


def draw_inverse_variance(scene: Scene, bad: Array) -> Array:
    """Return 1 / noise**2 of every pixel, 0 where it is bad, float32."""
    noise = np.exp2(np.round(np.log2(scene.noise)))
    weight = (1 / noise**2).astype(np.float32)[:, None, None]
    return np.where(bad, np.float32(0), weight)


def draw_mask(field: Field, bad: Array) -> Array:
    """Return a mask with the polarity, or the bits, of a field."""
    if field.dtype == "bool":
        return ~bad if field.true_means == "good" else bad
    bit = 1 << int(next(iter(field.bits), 0))
    return np.where(bad, bit, 0).astype(field.dtype)


def draw_rgb(scene: Scene, rng: np.random.Generator, place_rng: np.random.Generator) -> Array:
    """Return pictures for the eye, uint8, planes of one colour."""
    stretched = np.arcsinh(draw_flux(scene, rng, place_rng) / scene.noise[:, None, None])
    return np.asarray(np.clip(40 * stretched + 20, 0, 255), dtype=np.uint8)
