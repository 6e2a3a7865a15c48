"""Which bands see a wavelength."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any, Final

from astropile.document import shown
from astropile.errors import UsageError
from astropile.schema.facts import filters_of
from astropile.schema.models import Band
from astropile.vocabulary import UnitTextError, conversion, load_filters

__all__ = ["length_nm", "sees"]

#: A filter of which only the pivot is known is taken to reach this share of it to both sides.
REACH: Final = 0.1
LENGTH: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?)\s*(.*?)\s*")
HINT: Final = "write a length such as '620 nm', '6200 Angstrom' or '3.4 um'; a number is nm"


def length_nm(given: Any) -> float:
    """Return a wavelength in nm.

    Parameters
    ----------
    given : str, float or astropy Quantity
        A length; a number without a unit is in nm.

    Raises
    ------
    UsageError
        It is no length above 0.

    Examples
    --------
    >>> length_nm("0.62 um"), length_nm(620)
    (620.0, 620.0)
    """
    if isinstance(given, bool):
        raise UsageError(f"band_near={given!r} is no wavelength", hint=HINT)
    text = str(given)
    found = LENGTH.fullmatch(text)
    if found is None:
        raise UsageError(f"band_near={shown(text)} is no wavelength", hint=HINT)
    number, unit = float(found[1]), found[2] or "nm"
    try:
        factor = None if unit == "nm" else conversion(unit, "nm")
    except UnitTextError as error:
        message = f"band_near={shown(text)} is no wavelength: {error.message}"
        raise UsageError(message, hint=error.help or HINT) from None
    length = number if factor is None else number * factor if isinstance(factor, float) else 0.0
    if not (isfinite(length) and length > 0):
        raise UsageError(f"band_near={shown(text)} is no length above 0", hint=HINT)
    return round(length, 6)


def sees(band: Band, wavelength_nm: float) -> bool:
    """Whether a band sees a wavelength.

    Parameters
    ----------
    band : Band
        Of a survey. Where a row decides between filters, one of them is enough.
    wavelength_nm : float
        Wavelength.

    Returns
    -------
    bool
        True between the half maxima of a filter, or within the declared range of the band. A
        filter of which only the pivot is known is taken to reach a tenth of it to both sides.
    """
    ranges = [band.wavelength] if band.wavelength else []
    for name in filters_of(band):
        known = load_filters().get(name)
        if known is None:
            continue
        if known.half_max_nm is not None:
            ranges.append(known.half_max_nm)
        elif known.pivot_nm is not None:
            ranges.append((known.pivot_nm * (1 - REACH), known.pivot_nm * (1 + REACH)))
    return any(first <= wavelength_nm <= last for first, last in ranges)
