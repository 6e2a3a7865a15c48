"""Cross-matches of surveys and tables: pairs, a matched catalogue, Examples side by side."""

from astropile.crossmatch.chance import ChanceAlignments
from astropile.crossmatch.match import cross_match, cross_match_datasets
from astropile.crossmatch.result import MatchResult
from astropile.crossmatch.tables import SkyTable, sky_table
from astropile.crossmatch.union import UnionResult, union_catalog

__all__ = [
    "ChanceAlignments",
    "MatchResult",
    "SkyTable",
    "UnionResult",
    "cross_match",
    "cross_match_datasets",
    "sky_table",
    "union_catalog",
]
