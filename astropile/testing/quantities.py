"""Plausible numbers, texts and truths for a leaf, from its meaning, unit and limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import numpy as np

from astropile.readers.column import Array
from astropile.schema import Field, Leaf
from astropile.testing.objects import Objects
from astropile.vocabulary import conversion, convertible, parse_unit

__all__ = ["Sample", "draw_times", "draw_values", "fit", "in_unit"]

#: Days that mock observations were made on, Julian dates.
FIRST_JD, LAST_JD = 2457000.5, 2459500.5
WORDS = ("alpha", "beta", "gamma", "delta", "epsilon")
GOOD_FRACTION = 0.95
#: Names of columns that hold a position.
POSITION: Final = re.compile(r"(?:^|_)(ra|dec|de)(?:_|deg|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sample:
    """What values are drawn for.

    Attributes
    ----------
    objects : Objects
        The objects.
    row : ndarray of int64
        Object of every value.
    rng : Generator
    bands : tuple of str
        Bands of the survey, for colours.
    """

    objects: Objects
    row: Array
    rng: np.random.Generator
    bands: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of values."""
        return len(self.row)

    def of(self, name: str) -> Array:
        """Return a property of the object of every value."""
        return np.asarray(getattr(self.objects, name)[self.row])

    def magnitudes(self, band: str) -> Array:
        """Return the true magnitude in a band; red bands are brighter."""
        steps = self.bands.index(band) if band in self.bands else len(self.bands) / 2
        shift = len(self.bands) / 2 - steps
        return self.of("magnitude") + self.of("colour") * shift


def draw_values(leaf: Leaf, sample: Sample, inner: tuple[int, ...] = ()) -> Array:
    """Draw values for a leaf.

    Parameters
    ----------
    leaf : Leaf
        What they are.
    sample : Sample
        Objects they belong to.
    inner : tuple of int
        Axes of one value.

    Returns
    -------
    ndarray, shape (len(sample), *inner)
        Of the leaf's type, within its limits, and no sentinel.
    """
    field, rng = leaf.field, sample.rng
    shape = (len(sample), *inner)
    given = list(field.enum) or [int(key) for key in field.codes]
    given = [value for value in given if value not in field.missing]
    if given:
        return np.asarray(np.array(given)[rng.integers(len(given), size=shape)])
    if field.dtype == "bool":
        likely = {"good": GOOD_FRACTION, "bad": 1 - GOOD_FRACTION}.get(field.true_means or "", 0.5)
        return _both_truths(rng.random(shape) < likely)
    if field.dtype == "string":
        words = [word for word in WORDS if word not in field.missing]
        return np.asarray(np.array(words)[rng.integers(len(words), size=shape)])
    if field.bits:
        bits = 1 << np.array([int(bit) for bit in field.bits], dtype=np.int64)
        chosen = bits[rng.integers(len(bits), size=shape)]
        return np.asarray(np.where(rng.random(shape) < GOOD_FRACTION, 0, chosen), dtype=field.dtype)
    values = _numbers(leaf, sample)
    if inner:
        scatter = rng.normal(1.0, 0.1, shape)
        values = values.reshape(-1, *(1,) * len(inner)) * scatter
    return fit(values, field, rng)


def _both_truths(values: Array) -> Array:
    """Turn the first value over where all are equal, so that few objects show both cases."""
    if values.size > 1 and (values == values.flat[0]).all():
        values.flat[0] = not values.flat[0]
    return values


def fit(values: Array, field: Field, rng: np.random.Generator) -> Array:
    """Bring numbers within the limits of a field, into its type, and off its sentinels."""
    low, high = field.min, field.max
    dtype = np.dtype(field.dtype)
    if dtype.kind != "f":
        limits = np.iinfo(dtype)
        low = float(limits.min) if low is None else low
        high = float(limits.max) if high is None else high
        values = np.rint(values)
    if low is not None and high is not None:
        outside = (values < low) | (values > high)
        if outside.any():
            # Times and counts would run over the end of a wide type: stay near 0 if it is inside.
            start, end = max(low, min(high, -1e3)), min(high, max(low, 1e3))
            inside = rng.uniform(start, end, values.shape)
            values = np.where(outside, inside if dtype.kind == "f" else np.rint(inside), values)
    elif low is not None:
        values = np.where(values < low, low + np.abs(values - low), values)
    elif high is not None:
        values = np.where(values > high, high - np.abs(values - high), values)
    cast = values.astype(dtype)
    return _off_sentinels(cast, field)


def _off_sentinels(values: Array, field: Field) -> Array:
    """Move values that are sentinels by chance towards the middle, so that limits are kept."""
    numbers = [s for s in field.missing if not isinstance(s, str)]
    if not numbers or not values.size:
        return values
    sentinels = np.array(numbers, dtype=np.float64)
    sentinels = sentinels.astype(values.dtype) if values.dtype.kind == "f" else sentinels
    low = float(values.min()) if field.min is None else field.min
    high = float(values.max()) if field.max is None else field.max
    is_low = values <= (low + high) / 2
    for _ in numbers:
        hit = np.isin(values, sentinels)
        if not hit.any():
            break
        if values.dtype.kind == "f":
            moved = np.nextafter(values, np.where(is_low, np.inf, -np.inf).astype(values.dtype))
        else:
            one = values.dtype.type(1)
            moved = np.where(is_low, values + one, values - one)
        values = np.where(hit, moved, values)
    return values


def draw_times(field: Field, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw times in the days of a time field, float64."""
    zero = field.time.zero if field.time else 0.0
    return rng.uniform(FIRST_JD, LAST_JD, shape) - zero


def in_unit(values: Array, unit: str, wanted: str) -> Array:
    """Return numbers in another unit; as they are where that is impossible."""
    if unit == wanted or not convertible(unit, wanted):
        return values
    factor = conversion(unit, wanted)
    if factor is None:
        return values
    return factor(values) if callable(factor) else values * factor


def _numbers(leaf: Leaf, sample: Sample) -> Array:
    field, rng, n = leaf.field, sample.rng, len(sample)
    if field.time is not None or leaf.role == "time":
        return draw_times(field, rng, (n,))
    quantity, stat = field.is_.get("quantity", ""), field.is_.get("stat", "")
    if stat in _BY_STAT:
        return _BY_STAT[stat](field, sample)
    if field.dtype == "float64" and field.unit == "deg" and (found := POSITION.search(leaf.name)):
        near = sample.of("dec_deg" if found[1].lower().startswith("de") else "ra_deg")
        return np.asarray(near + rng.normal(0, 3e-6, n))
    if quantity in _BY_QUANTITY:
        return _BY_QUANTITY[quantity](field, sample)
    if field.unit:
        return _BY_UNIT[_kind_of_unit(field.unit)](field, sample)
    if np.dtype(field.dtype).kind == "f":
        return rng.uniform(0, 1, n)
    return rng.integers(0, 100, n)


Rule = Callable[[Field, Sample], Array]


def _errors(field: Field, sample: Sample) -> Array:
    """Return standard errors: a few percent of what is usual for the unit."""
    typical = 0.05
    if field.is_.get("quantity") == "flux":
        typical = float(np.median(np.abs(in_unit(np.array([0.3]), "nanomaggy", field.unit))))
    return typical * sample.rng.lognormal(0, 0.5, len(sample))


def _weights(field: Field, sample: Sample) -> Array:
    """Return inverse variances."""
    return in_unit(10 * sample.rng.lognormal(0, 0.5, len(sample)), "nanomaggy-2", field.unit)


_BY_STAT: Mapping[str, Rule] = MappingProxyType(
    {
        "err": _errors,
        "ivar": _weights,
        "depth": _weights,
        "flag": lambda _field, s: (s.rng.random(len(s)) > GOOD_FRACTION).astype(np.int64),
        "corr": lambda _field, s: s.rng.uniform(-1, 1, len(s)),
    }
)


def _magnitude(field: Field, sample: Sample) -> Array:
    true = sample.magnitudes(field.is_.get("band", ""))
    return np.asarray(true + sample.rng.normal(0, 0.05, len(sample)))


def _flux(field: Field, sample: Sample) -> Array:
    nanomaggies = 10 ** (-0.4 * (_magnitude(field, sample) - 22.5))
    return in_unit(nanomaggies, "nanomaggy", field.unit)


def _redshift(field: Field, sample: Sample) -> Array:
    scatter = 0.03 if field.is_.get("method") == "phot" else 1e-4
    error = scatter * sample.rng.normal(0, 1, len(sample))
    return np.asarray(np.abs((1 + sample.of("redshift")) * (1 + error) - 1))


def _moment(field: Field, sample: Sample) -> Array:
    if field.is_.get("component") == "xy":
        arcsec2 = sample.rng.uniform(-0.05, 0.05, len(sample))
    else:
        arcsec2 = sample.rng.uniform(0.1, 0.4, len(sample))
    return in_unit(arcsec2, "arcsec2", field.unit)


def _extendedness(field: Field, sample: Sample) -> Array:
    return (sample.rng.random(len(sample)) < 0.8).astype(np.float64)


def _uniform(low: float, high: float, unit: str = "") -> Rule:
    def rule(field: Field, sample: Sample) -> Array:
        return in_unit(sample.rng.uniform(low, high, len(sample)), unit, field.unit)

    return rule


def _normal(width: float, unit: str = "") -> Rule:
    def rule(field: Field, sample: Sample) -> Array:
        return in_unit(sample.rng.normal(0, width, len(sample)), unit, field.unit)

    return rule


def _lognormal(typical: float, unit: str = "") -> Rule:
    def rule(field: Field, sample: Sample) -> Array:
        return in_unit(typical * sample.rng.lognormal(0, 0.5, len(sample)), unit, field.unit)

    return rule


_BY_QUANTITY: Mapping[str, Rule] = MappingProxyType(
    {
        "mag": _magnitude,
        "flux": _flux,
        "redshift": _redshift,
        "moment": _moment,
        "extendedness": _extendedness,
        "extinction": _uniform(0.02, 0.3, "mag"),
        "ebv": _uniform(0.01, 0.1, "mag"),
        "parallax": _lognormal(1.0, "mas"),
        "psf_fwhm": _uniform(0.5, 1.5, "arcsec"),
        "ruwe": _lognormal(1.0),
        "color": _normal(0.5, "mag"),
        "distance": _lognormal(500.0, "pc"),
    }
)


@lru_cache(maxsize=256)
def _kind_of_unit(unit: str) -> str:
    """Return the first of the units below that a unit can become."""
    if unit in _BY_UNIT:
        return unit
    if str(parse_unit(unit)).startswith("mag"):
        return "mag"
    return next((known for known in _BY_UNIT if known and convertible(known, unit)), "")


_BY_UNIT: Mapping[str, Rule] = MappingProxyType(
    {
        "mag": lambda field, sample: _magnitude(field, sample),
        "deg": _uniform(0, 180),
        "arcsec": _lognormal(0.5),
        "mas": _lognormal(0.5),
        "mas / yr": _normal(10.0, "mas / yr"),
        "arcsec2": _lognormal(0.3, "arcsec2"),
        "km / s": _normal(100.0, "km / s"),
        "K": _uniform(3500, 8000, "K"),
        "pc": _lognormal(500.0, "pc"),
        "dex(cm / s2)": _uniform(1, 5, "dex(cm / s2)"),
        "dex": _normal(0.3, "dex"),
        "yr": _uniform(1990, 2020),
        "d": _uniform(0, 1000, "d"),
        "Angstrom": _uniform(3600, 9800, "Angstrom"),
        "nanomaggy": _flux,
        "nanomaggy-2": _weights,
        "": _lognormal(1.0),
    }
)
