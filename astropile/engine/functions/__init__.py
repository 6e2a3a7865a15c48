"""The functions of the expression language, vectorised over the rows of a batch."""

from astropile.engine.functions import arrays, nulls, numbers, reductions, text
from astropile.engine.functions.indexing import take_elements
from astropile.engine.functions.registry import IMPLEMENTATIONS

__all__ = ["IMPLEMENTATIONS", "arrays", "nulls", "numbers", "reductions", "take_elements", "text"]
