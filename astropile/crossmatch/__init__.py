"""Cross-matches of surveys: pairs, a matched catalogue, and Examples side by side."""

from astropile.crossmatch.match import cross_match, cross_match_datasets
from astropile.crossmatch.result import MatchResult

__all__ = ["MatchResult", "cross_match", "cross_match_datasets"]
