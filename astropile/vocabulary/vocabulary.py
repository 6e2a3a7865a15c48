"""The vocabulary: what columns can mean, and what they are then called."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from astropile.vocabulary.check import check_bands, check_meaning, diagnose_name
from astropile.vocabulary.model import Fault, Terms
from astropile.vocabulary.names import canonical_name, read_meaning
from astropile.vocabulary.quantity_units import check_unit
from astropile.vocabulary.ucds import derive_ucd

__all__ = ["Vocabulary"]


@dataclass(frozen=True)
class Vocabulary(Terms):
    """Quantities and qualifiers, and the names made of them.

    A *meaning* is a mapping with the key ``quantity`` and one key for each qualifier, as in the
    ``is`` of a survey's field.

    Attributes
    ----------
    version : str
        Version of the vocabulary.
    quantities : mapping of str to Quantity
        In the order of the file.
    qualifiers : mapping of str to Qualifier
        In the order of the file.
    hints : mapping of str to str
        Popular words for a quantity, for messages.

    Examples
    --------
    >>> from astropile.vocabulary import load_vocabulary
    >>> vocabulary = load_vocabulary()
    >>> vocabulary.canonical({"quantity": "mag", "band": "i", "estimator": "cmodel"})
    'mag_cmodel_i'
    >>> vocabulary.read_name("mag_i", bands=("g", "r", "i"))
    {'quantity': 'mag', 'band': 'i'}
    """

    def canonical(self, meaning: Mapping[str, str]) -> str:
        """Return the canonical name of a meaning.

        Parameters
        ----------
        meaning : mapping of str to str
            Quantity and qualifiers. Values are not looked up: see `check`.

        Returns
        -------
        str
            Words in the order of the vocabulary; attributes are no part of it.

        Raises
        ------
        UsageError
            If the quantity is unknown, a required qualifier is missing, or one does not belong.
        """
        return canonical_name(self, meaning)

    def read_name(self, name: str, *, bands: Collection[str]) -> dict[str, str] | None:
        """Read a name, its words in any order and some of them left out.

        Parameters
        ----------
        name : str
            Canonical, reordered (``mag_i_cmodel``) or partial (``mag_i``) name.
        bands : collection of str
            Bands of the survey.

        Returns
        -------
        dict or None
            The meaning, keys in canonical order; None if the name does not start with a quantity
            or has more words than the quantity takes. A word that fits nowhere stands at the
            qualifier it resembles most: see what `check` says.
        """
        return read_meaning(self, name, bands)

    def check(self, meaning: Mapping[str, str], *, bands: Collection[str]) -> list[Fault]:
        """Find everything that is wrong with a meaning.

        Parameters
        ----------
        meaning : mapping of str to str
            Quantity, qualifiers and attributes.
        bands : collection of str
            Bands of the survey.

        Returns
        -------
        list of Fault
            Empty if all is well.

        Examples
        --------
        >>> from astropile.vocabulary import load_vocabulary
        >>> for fault in load_vocabulary().check({"quantity": "mag", "band": "i"}, bands="gri"):
        ...     print(fault.message)
        'mag_i' is ambiguous: quantity 'mag' requires estimator
        """
        return check_meaning(self, meaning, bands)

    def check_bands(self, bands: Iterable[str]) -> list[Fault]:
        """Find bands whose names would make other names unreadable.

        Parameters
        ----------
        bands : iterable of str
            Bands of a survey.

        Returns
        -------
        list of Fault
            For a band that is empty, holds ``:`` or blanks, or is a word that stands beside bands.
        """
        return check_bands(self, bands)

    def check_unit(self, meaning: Mapping[str, str], unit: str) -> list[Fault]:
        """Find out whether a unit is one of a quantity.

        Parameters
        ----------
        meaning : mapping of str to str
            A meaning without faults.
        unit : str
            Unit of the number.

        Returns
        -------
        list of Fault
            One fault if the unit is unknown or cannot become one of the quantity.

        Examples
        --------
        >>> from astropile.vocabulary import load_vocabulary
        >>> meaning = {"quantity": "flux", "estimator": "psf", "band": "g", "stat": "ivar"}
        >>> load_vocabulary().check_unit(meaning, "nanomaggy-2")
        []
        >>> print(load_vocabulary().check_unit(meaning, "nanomaggy")[0].message)
        unit 'nanomaggy' is not one of an inverse variance of quantity 'flux'
        """
        return check_unit(self, meaning, unit)

    def diagnose(self, name: str, *, bands: Collection[str]) -> list[Fault]:
        """Find everything that keeps a name from being a complete one.

        Parameters
        ----------
        name : str
            A name that somebody typed.
        bands : collection of str
            Bands of the survey.

        Returns
        -------
        list of Fault
            Empty for a complete name, whatever the order of its words.
        """
        return diagnose_name(self, name, bands)

    def ucd(
        self,
        meaning: Mapping[str, str],
        *,
        pivot_nm: float | None = None,
        minus_pivot_nm: float | None = None,
    ) -> str:
        """Return the UCD1+ of a meaning.

        Parameters
        ----------
        meaning : mapping of str to str
            A meaning without faults.
        pivot_nm, minus_pivot_nm : float, optional
            Pivot wavelengths of the filters of `band` and `minus_band`, nm.

        Returns
        -------
        str
            Words joined by semicolons; the primary one first. ``meta.main`` is not added: which
            position or id is the main one is said by the survey.

        Raises
        ------
        UsageError
            If the quantity is unknown.

        Examples
        --------
        >>> from astropile.vocabulary import load_vocabulary
        >>> meaning = {"quantity": "mag", "estimator": "psf", "band": "i", "stat": "err"}
        >>> load_vocabulary().ucd(meaning, pivot_nm=768.9)
        'stat.error;phot.mag;em.opt.I'
        """
        return derive_ucd(self, meaning, pivot_nm=pivot_nm, minus_pivot_nm=minus_pivot_nm)
