"""Values that occur once: parts of an object's id."""

from __future__ import annotations

import numpy as np

from astropile.errors import UsageError
from astropile.readers.column import Array
from astropile.schema import Field

__all__ = ["unique_values"]

#: Largest step between sorted ids.
STEP = 1000
#: Wide ids start here: such a number and its neighbours are one number to a float64.
FIRST_WIDE = 2**53 + 1


def unique_values(field: Field, n: int, rng: np.random.Generator) -> Array:
    """Return ``n`` different values of a field, in random order.

    Parameters
    ----------
    field : Field
        An integer or text column; its limits are kept.
    n : int
        How many.
    rng : Generator
        Source of randomness.

    Raises
    ------
    UsageError
        The type, or its limits, have fewer values.

    Examples
    --------
    >>> field = Field(dtype="int64", description="Id.", min=1, max=3)
    >>> sorted(unique_values(field, 3, np.random.default_rng(1)).tolist())
    [1, 2, 3]
    """
    if field.dtype == "string":
        return np.strings.add("mock-", np.strings.zfill(unique_numbers(n, rng).astype(np.str_), 8))
    dtype = np.dtype(field.dtype)
    if dtype.kind == "f":
        return (1.0 + unique_numbers(n, rng)).astype(dtype)
    limits = np.iinfo(dtype)
    low = max(int(limits.min), 1 if field.min is None else int(np.ceil(field.min)))
    high = int(limits.max) if field.max is None else min(int(limits.max), int(np.floor(field.max)))
    if high - low + 1 < n:
        msg = f"{n} objects, but ids from {low} to {high} only"
        raise UsageError(msg, hint="simulate fewer objects")
    if dtype.itemsize == 8 and high - low > 2 * FIRST_WIDE:
        low = max(low, FIRST_WIDE)
    step = min(STEP, (high - low + 1) // n)
    return (low + unique_numbers(n, rng, step)).astype(dtype)


def unique_numbers(n: int, rng: np.random.Generator, step: int = STEP) -> Array:
    """Return different whole numbers in random order, no two further apart than 2 ``step``."""
    return rng.permutation(np.arange(n, dtype=np.int64) * step + rng.integers(0, step, n))
