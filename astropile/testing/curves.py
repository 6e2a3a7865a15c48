"""Spectra and light curves: smooth, with lines or a flash, and noise."""

from __future__ import annotations

import numpy as np

from astropile.readers.column import Array
from astropile.testing.elements import Elements
from astropile.testing.objects import Objects
from astropile.testing.quantities import FIRST_JD, LAST_JD, Sample

__all__ = ["light_magnitudes", "observation_times", "spectrum_flux", "wavelengths_angstrom"]

#: Range of wavelengths, Angstrom.
BLUE, RED = 3600.0, 9800.0
#: Rest wavelengths of emission lines, Angstrom, with their strengths over the continuum.
LINES = ((3728.5, 0.6), (4862.7, 0.4), (5008.2, 1.0), (6564.6, 2.0))
LINE_WIDTH = 8.0
#: Days of rise and decline of a flash, and when observations start and end around its peak.
RISE, DECLINE, BEFORE, AFTER = 8.0, 30.0, 20.0, 80.0


def wavelengths_angstrom(elements: Elements, *, ragged: bool) -> Array:
    """Return wavelengths that rise along each spectrum; equal grids unless lengths differ."""
    if not ragged:
        length = max(1, int(elements.counts[0]) if len(elements.counts) else 1)
        return BLUE + (RED - BLUE) / length * elements.place
    step = (RED - BLUE) / 400
    start = BLUE + step * (elements.row % 7)
    return start + step * elements.place


def spectrum_flux(angstrom: Array, row: Array, objects: Objects) -> Array:
    """Return noiseless fluxes in 1e-17 erg / (s cm2 Angstrom)."""
    level = 10 ** (-0.4 * (objects.magnitude - 22.0))
    slope = 2 * objects.colour - 1
    flux = (angstrom / 6000.0) ** slope[row]
    for rest, strength in LINES:
        centre = (rest * (1 + objects.redshift))[row]
        flux += strength * np.exp(-0.5 * ((angstrom - centre) / LINE_WIDTH) ** 2)
    return np.asarray(flux * level[row])


def observation_times(sample: Sample) -> Array:
    """Return Julian dates around the peak of each object's flash."""
    return _peak(sample) + sample.rng.uniform(-BEFORE, AFTER, len(sample))


def _peak(sample: Sample) -> Array:
    # The peak must not depend on how many epochs there are: both leaves are drawn apart.
    phase = np.modf(sample.of("magnitude") * 97.0)[0]
    return FIRST_JD + BEFORE + phase * (LAST_JD - FIRST_JD - BEFORE - AFTER)


def light_magnitudes(jd: Array, label: Array | None, sample: Sample) -> Array:
    """Return noiseless AB magnitudes at Julian dates."""
    days = jd - _peak(sample)
    brightness = np.exp(-0.5 * (days / np.where(days < 0, RISE, DECLINE)) ** 2) + 0.02
    steps = len(sample.bands) / 2 - (0 if label is None else label)
    shift = sample.of("colour") * steps * 0.3
    return np.asarray(sample.of("magnitude") - 2.5 * np.log10(brightness) + shift - 2.0)
