"""Values of the leaves of one modality, for the elements of its axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from astropile.readers.column import Array
from astropile.schema import Block, Leaf, SurveySchema
from astropile.testing import curves, pictures
from astropile.testing.elements import Elements
from astropile.testing.objects import Objects, generator
from astropile.testing.quantities import Sample, draw_values, fit, in_unit
from astropile.vocabulary import convertible

__all__ = ["BlockDraw"]

DEFAULT_PIXEL_ARCSEC = 0.2
#: Share of spectral pixels and epochs that masks call bad.
BAD_FRACTION = 0.02
SPECTRAL_NOISE = 0.05
SURFACE_UNIT = "1e-17 erg / (s cm2 Angstrom)"


@dataclass(frozen=True, slots=True)
class BlockDraw:
    """Draws the leaves of one block for some objects.

    Attributes
    ----------
    schema : SurveySchema
    block : Block
    objects : Objects
    axes : mapping of str to Elements
        Elements of every axis that is the first of a leaf.
    label_leaf : mapping of str to str
        Axis -> address of the leaf that holds its labels.
    seed : int
    words : tuple of str
        What the generators depend on beside the seed and the leaf.
    """

    schema: SurveySchema
    block: Block
    objects: Objects
    axes: Mapping[str, Elements]
    label_leaf: Mapping[str, str]
    seed: int
    words: tuple[str, ...]

    def rng(self, *words: str) -> np.random.Generator:
        """Return a generator for one purpose."""
        return generator(self.seed, *self.words, self.block.name, *words)

    def draw(self, leaf: Leaf) -> Array:
        """Return the values of a leaf for all elements of its first axis, in its type."""
        elements = self.axes[leaf.axes[0]]
        if self.label_leaf.get(leaf.axes[0]) == leaf.address and elements.label is not None:
            labels = np.array(elements.labels or ("",))
            return np.asarray(labels[elements.label]).astype(np.str_)
        picture = self._picture_axes(leaf)
        if picture is not None:
            return self._picture(leaf, *picture)
        sample = self.sample(leaf, elements)
        values = self._by_role(leaf, elements, sample)
        if values is None:
            inner = tuple(self.block.length(axis) or 0 for axis in leaf.axes[1:])
            return draw_values(leaf, sample, inner)
        return values

    def sample(self, leaf: Leaf, elements: Elements) -> Sample:
        """Return what values of a leaf are drawn for."""
        rng = self.rng(leaf.name)
        return Sample(self.objects, elements.row, rng, self.schema.bands)

    # -- pictures

    def _picture_axes(self, leaf: Leaf) -> tuple[int, int] | None:
        """Return how many axes stand before y, x and after; None if the leaf is no picture."""
        axes = leaf.axes
        if leaf.field.dtype == "string" or "y" not in axes or "x" not in axes:
            return None
        at = axes.index("y")
        if axes[at : at + 2] != ("y", "x") or at > 1 or len(axes) > at + 3:
            return None
        return at, len(axes) - at - 2

    def _picture(self, leaf: Leaf, before: int, after: int) -> Array:
        shape = (self.block.length("y") or 0, self.block.length("x") or 0)
        row, label = np.arange(len(self.objects)), None
        if before:
            row, label = self.axes[leaf.axes[0]].row, self.axes[leaf.axes[0]].label
        colours = (self.block.length(leaf.axes[-1]) or 1) if after else 1
        row = np.repeat(row, colours)
        if after:
            label = np.tile(np.arange(colours), len(row) // colours)
        data = self._planes(leaf, self._scene(leaf, row, label, shape))
        if after:
            data = np.moveaxis(data.reshape(-1, colours, *shape), 1, -1)
        return data if before else data.reshape(-1, *data.shape[2:])

    def _scene(
        self, leaf: Leaf, row: Array, label: Array | None, shape: tuple[int, int]
    ) -> pictures.Scene:
        sample = Sample(self.objects, row, self.rng("scene"), self.schema.bands)
        bands = self.axes[leaf.axes[0]].labels if leaf.axes[0] in self.axes else ()
        magnitude = sample.of("magnitude")
        if label is not None and len(bands):
            shift = np.array([self._step(band) for band in bands])
            magnitude = magnitude + sample.of("colour") * shift[label % len(bands)]
        photometry = self.block.modality.photometry
        zero = 22.5
        if photometry is not None and photometry.zeropoint is not None:
            zero = photometry.zeropoint
        flux = 10 ** (-0.4 * (magnitude - zero))
        noise = np.full(len(row), 10 ** (-0.4 * (pictures.NOISE_MAGNITUDE - zero)))
        scales = self.block.modality.pixel_scale
        pixel = scales.get("all", next(iter(scales.values()), DEFAULT_PIXEL_ARCSEC))
        return pictures.Scene(self.objects, row, flux, noise, shape, pixel)

    def _step(self, band: str) -> float:
        bands = self.schema.bands
        return len(bands) / 2 - bands.index(band) if band in bands else 0.0

    def _planes(self, leaf: Leaf, scene: pictures.Scene) -> Array:
        field = leaf.field
        if field.dtype == "uint8":
            return pictures.draw_rgb(scene, self.rng(leaf.name), self.rng("places"))
        integer = np.dtype(field.dtype).kind in "iub"
        if integer or leaf.role == "ivar":
            bad = pictures.bad_pixels(scene, self.rng("bad pixels"))
            if integer:
                return pictures.draw_mask(field, bad)
            return pictures.draw_inverse_variance(scene, bad).astype(field.dtype, copy=False)
        data = pictures.draw_flux(scene, self.rng(leaf.name), self.rng("places"))
        return data.astype(field.dtype, copy=False)

    # -- everything else

    def _by_role(self, leaf: Leaf, elements: Elements, sample: Sample) -> Array | None:
        """Return values that follow from what a leaf is in its block; None for any other leaf."""
        field, kind = leaf.field, self.block.kind
        if field.dtype == "string" or field.enum or field.codes or "stat" in field.is_:
            return None
        if field.time is not None or leaf.role == "time":
            jd = curves.observation_times(self._times_sample(leaf, sample))
            return fit(jd - (field.time.zero if field.time else 0.0), field, sample.rng)
        if leaf.role == "scale":
            return fit(self._pixel_scales(elements), field, sample.rng)
        if leaf.role == "psf_fwhm":
            return fit(in_unit(sample.rng.uniform(0.5, 1.5, len(sample)), "arcsec", field.unit),
                       field, sample.rng)  # fmt: skip
        if leaf.role.startswith("mask") and len(leaf.axes) == 1 and not field.bits:
            bad = sample.rng.random(len(sample)) < BAD_FRACTION
            return pictures.draw_mask(field, bad)
        if field.dtype == "bool" or field.bits or np.dtype(field.dtype).kind in "iu":
            return None
        if kind in ("spectrum", "cube"):
            return self._spectral(leaf, elements, sample)
        if kind == "lightcurve":
            return self._light(leaf, elements, sample)
        return None

    def _times_sample(self, leaf: Leaf, sample: Sample) -> Sample:
        """Return the sample of times; it depends on the axis alone, so that fluxes know them."""
        return Sample(sample.objects, sample.row, self.rng(leaf.axes[0], "times"), sample.bands)

    def _pixel_scales(self, elements: Elements) -> Array:
        scales = self.block.modality.pixel_scale
        nominal = scales.get("all", DEFAULT_PIXEL_ARCSEC)
        if elements.label is None:
            return np.full(len(elements.row), nominal)
        by_label = np.array([scales.get(label, nominal) for label in elements.labels])
        return np.asarray(by_label[elements.label])

    def _spectral(self, leaf: Leaf, elements: Elements, sample: Sample) -> Array | None:
        field = leaf.field
        inner = tuple(self.block.length(axis) or 0 for axis in leaf.axes[1:])
        if leaf.role in ("flux", "norm_flux") or leaf.name.endswith("flux"):
            return fit(self._fluxes(leaf, elements, sample, inner), field, sample.rng)
        if inner:
            return None
        ragged = self.block.is_ragged(leaf.axes[0])
        if convertible("Angstrom", field.unit) and ("lambda" in leaf.role or "wave" in leaf.role):
            angstrom = curves.wavelengths_angstrom(elements, ragged=ragged)
            return fit(in_unit(angstrom, "Angstrom", field.unit), field, sample.rng)
        if convertible("keV", field.unit):
            kev = 0.5 + 0.02 * elements.place
            return fit(in_unit(kev, "keV", field.unit), field, sample.rng)
        if leaf.role in ("ivar", "flux_err") or "ivar" in leaf.name:
            # Whole spectra of one weight, but for a few pixels without.
            level = sample.of("magnitude") - 22.0
            weight = 10 ** (0.8 * level) / SPECTRAL_NOISE**2
            if "err" in leaf.role:
                return fit(1 / np.sqrt(weight), field, sample.rng)
            lost = sample.rng.random(len(sample)) < BAD_FRACTION
            return fit(np.where(lost, 0.0, weight), field, sample.rng)
        if leaf.role == "lsf_sigma":
            return fit(1 + 0.001 * (elements.place % 500), field, sample.rng)
        return None

    def _fluxes(
        self, leaf: Leaf, elements: Elements, sample: Sample, inner: tuple[int, ...]
    ) -> Array:
        """Return spectra: one an object, or one an element of a cube."""
        unit = leaf.field.unit
        if inner:
            length = inner[-1]
            row = np.repeat(elements.row, length)
            grid = np.tile(np.arange(length), len(elements.row))
            angstrom = curves.BLUE + (curves.RED - curves.BLUE) / length * grid
        else:
            row = elements.row
            angstrom = curves.wavelengths_angstrom(
                elements, ragged=self.block.is_ragged(leaf.axes[0])
            )
        flux = curves.spectrum_flux(angstrom, row, self.objects)
        level = 10 ** (-0.4 * (self.objects.magnitude - 22.0))
        noise = sample.rng.standard_normal(len(flux), dtype=np.float32)
        flux = flux + SPECTRAL_NOISE * level[row] * noise
        flux = in_unit(flux, SURFACE_UNIT, unit)
        return flux.reshape(len(elements.row), *inner) if inner else flux

    def _light(self, leaf: Leaf, elements: Elements, sample: Sample) -> Array | None:
        field = leaf.field
        if leaf.role in ("mag_err", "flux_err") or leaf.name.endswith("err"):
            return fit(0.05 * sample.rng.lognormal(0, 0.4, len(sample)), field, sample.rng)
        if leaf.role not in ("mag", "flux"):
            return None
        jd = curves.observation_times(self._times_sample(leaf, sample))
        magnitude = curves.light_magnitudes(jd, elements.label, sample)
        magnitude = magnitude + 0.03 * sample.rng.standard_normal(len(sample))
        if leaf.role == "mag":
            return fit(magnitude, field, sample.rng)
        photometry = self.block.modality.photometry
        zero = photometry.zeropoint if photometry is not None else None
        return fit(10 ** (-0.4 * (magnitude - (22.5 if zero is None else zero))), field, sample.rng)
