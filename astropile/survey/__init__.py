"""The survey object: what a user holds."""

from astropile.survey.cache import cache_dir, clean_cache
from astropile.survey.columns import Columns
from astropile.survey.comparing import Comparison, compare
from astropile.survey.finding import find
from astropile.survey.listing import surveys
from astropile.survey.meaning import meaning
from astropile.survey.request import Request
from astropile.survey.survey import Survey, load

__all__ = [
    "Columns",
    "Comparison",
    "Request",
    "Survey",
    "cache_dir",
    "clean_cache",
    "compare",
    "find",
    "load",
    "meaning",
    "surveys",
]
