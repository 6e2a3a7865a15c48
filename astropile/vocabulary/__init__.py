"""The shared words of all surveys: quantities, filters and units.

:func:`load_vocabulary` gives the quantities and what they are called, :func:`load_filters` the
passbands, :func:`parse_unit` and :func:`conversion` the units. The words themselves are data, in
`registry/`. A meaning is checked here; which columns of a survey a name can stand for is not.
"""

from __future__ import annotations

from astropile.vocabulary.conversion import Converter, conversion, convertible, vounit
from astropile.vocabulary.filters import Filter, find_filter, load_filters
from astropile.vocabulary.load import load_vocabulary
from astropile.vocabulary.model import Fault, Qualifier, Quantity
from astropile.vocabulary.paths import data_path
from astropile.vocabulary.units import UnitTextError, parse_unit
from astropile.vocabulary.vocabulary import Vocabulary

__all__ = [
    "Converter",
    "Fault",
    "Filter",
    "Qualifier",
    "Quantity",
    "UnitTextError",
    "Vocabulary",
    "conversion",
    "convertible",
    "data_path",
    "find_filter",
    "load_filters",
    "load_vocabulary",
    "parse_unit",
    "vounit",
]
