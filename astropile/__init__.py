"""Sky surveys as Examples: described once in YAML, read, matched and saved.

Importing the package is cheap: every name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astropile import errors
    from astropile.crossmatch import (
        MatchResult,
        cross_match,
        cross_match_datasets,
    )
    from astropile.registry import register
    from astropile.sky import Pairs, match_coordinates
    from astropile.survey import (
        Comparison,
        Survey,
        compare,
        find,
        load,
        meaning,
        surveys,
    )
    from astropile.survey.formatting import fast

__version__ = "0.1.0"

_HOMES = {
    "Comparison": "astropile.survey",
    "MatchResult": "astropile.crossmatch",
    "Pairs": "astropile.sky",
    "Survey": "astropile.survey",
    "compare": "astropile.survey",
    "cross_match": "astropile.crossmatch",
    "cross_match_datasets": "astropile.crossmatch",
    "errors": "astropile",
    "fast": "astropile.survey.formatting",
    "find": "astropile.survey",
    "load": "astropile.survey",
    "match_coordinates": "astropile.sky",
    "meaning": "astropile.survey",
    "register": "astropile.registry",
    "surveys": "astropile.survey",
}
__all__ = [
    "Comparison",
    "MatchResult",
    "Pairs",
    "Survey",
    "compare",
    "cross_match",
    "cross_match_datasets",
    "errors",
    "fast",
    "find",
    "load",
    "match_coordinates",
    "meaning",
    "register",
    "surveys",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    home = _HOMES.get(name)
    if home is None and name in {"datasets", "testing"}:
        home = "astropile"
    if home is None:
        msg = f"module 'astropile' has no attribute {name!r}"
        raise AttributeError(msg)
    if home == "astropile":
        return import_module(f"astropile.{name}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*__all__, "datasets", "testing", "__version__"])
