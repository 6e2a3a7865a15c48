"""UCDs, derived from a meaning and the wavelength of its band.

Nobody types a UCD: the vocabulary has one for each quantity, and the part of the spectrum follows
from the filter. UCD1+ words: https://www.ivoa.net/documents/UCD1+/ (controlled list 1.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from astropile.vocabulary.model import Terms

__all__ = ["derive_ucd", "spectral_word"]

# Lower limit in nm and the word from there to the next limit. The list has no finer words: g is
# em.opt.B, and i, z and y are all em.opt.I.
SPECTRAL_WORDS: Final = (
    (10.0, "em.UV.10-50nm"),
    (50.0, "em.UV.50-100nm"),
    (100.0, "em.UV.100-200nm"),
    (200.0, "em.UV.200-300nm"),
    (300.0, "em.opt.U"),
    (400.0, "em.opt.B"),
    (500.0, "em.opt.V"),
    (600.0, "em.opt.R"),
    (750.0, "em.opt.I"),
    (1000.0, "em.IR.J"),
    (1500.0, "em.IR.H"),
    (2000.0, "em.IR.K"),
    (3000.0, "em.IR.3-4um"),
    (4000.0, "em.IR.4-8um"),
    (8000.0, "em.IR.8-15um"),
    (15000.0, "em.IR.15-30um"),
    (30000.0, "em.IR.30-60um"),
    (60000.0, "em.IR.60-100um"),
    (100000.0, ""),
)


def spectral_word(pivot_nm: float | None) -> str:
    """Return the UCD word of a wavelength.

    Parameters
    ----------
    pivot_nm : float or None
        Pivot wavelength, nm.

    Returns
    -------
    str
        Empty if the wavelength is unknown or has no word here.

    Examples
    --------
    >>> spectral_word(768.9)
    'em.opt.I'
    """
    word = ""
    for start, name in SPECTRAL_WORDS:
        if pivot_nm is not None and pivot_nm >= start:
            word = name
    return word


def derive_ucd(
    terms: Terms,
    meaning: Mapping[str, str],
    *,
    pivot_nm: float | None = None,
    minus_pivot_nm: float | None = None,
) -> str:
    """Return the UCD1+ of a meaning that was checked.

    Parameters
    ----------
    terms : Terms
        The vocabulary.
    meaning : mapping of str to str
        Quantity and qualifiers.
    pivot_nm, minus_pivot_nm : float, optional
        Pivot wavelengths of `band` and `minus_band`, nm.

    Returns
    -------
    str
        Words joined by semicolons; the primary one first.

    Raises
    ------
    UsageError
        If the quantity is unknown.
    """
    entry = terms.quantity(meaning.get("quantity", ""))
    stem = entry.ucd
    for key in entry.in_name:
        stem = entry.ucd_when.get(meaning.get(key, ""), stem)
    pivots = {"band": pivot_nm, "minus_band": minus_pivot_nm}
    words = [spectral_word(pivots[key]) for key in entry.in_name if key in pivots]
    ucd = ";".join([stem, *(word for word in words if word)])
    for key in entry.in_name:
        qualifier, word = terms.qualifiers[key], meaning.get(key, "")
        value = qualifier.value(word)
        if value:
            ucd = value.ucd.replace("*", ucd)
        elif qualifier.source == "quantities" and word in terms.quantities:
            ucd = f"{ucd};{terms.quantities[word].ucd}"
    return ucd
