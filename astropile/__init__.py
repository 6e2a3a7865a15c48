"""Sky surveys as Examples: described once in YAML, read, matched and saved.

Importing the package is cheap: every name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astropile import errors
    from astropile.crossmatch import (
        ChanceAlignments,
        MatchResult,
        SkyTable,
        UnionResult,
        cross_match,
        cross_match_datasets,
        sky_table,
        union_catalog,
    )
    from astropile.registry import register
    from astropile.sky import Pairs, match_coordinates
    from astropile.sky.regions import box, cone, moc, polygon
    from astropile.survey import (
        Comparison,
        Survey,
        compare,
        find,
        load,
        surveys,
    )
    from astropile.survey.concatenating import concatenate_datasets
    from astropile.survey.downloading import download
    from astropile.survey.formatting import fast
    from astropile.survey.meaning import meaning
    from astropile.survey.opened import open
    from astropile.survey.plain import build_table

__version__ = "0.1.0"

_HOMES = {
    "ChanceAlignments": "astropile.crossmatch",
    "Comparison": "astropile.survey",
    "MatchResult": "astropile.crossmatch",
    "Pairs": "astropile.sky",
    "SkyTable": "astropile.crossmatch",
    "Survey": "astropile.survey",
    "UnionResult": "astropile.crossmatch",
    "box": "astropile.sky.regions",
    "build_table": "astropile.survey.plain",
    "compare": "astropile.survey",
    "concatenate_datasets": "astropile.survey.concatenating",
    "cone": "astropile.sky.regions",
    "cross_match": "astropile.crossmatch",
    "cross_match_datasets": "astropile.crossmatch",
    "download": "astropile.survey.downloading",
    "errors": "astropile",
    "fast": "astropile.survey.formatting",
    "find": "astropile.survey",
    "load": "astropile.survey",
    "match_coordinates": "astropile.sky",
    "meaning": "astropile.survey",
    "moc": "astropile.sky.regions",
    "open": "astropile.survey.opened",
    "polygon": "astropile.sky.regions",
    "register": "astropile.registry",
    "sky_table": "astropile.crossmatch",
    "surveys": "astropile.survey",
    "union_catalog": "astropile.crossmatch",
}
__all__ = [
    "ChanceAlignments",
    "Comparison",
    "MatchResult",
    "Pairs",
    "SkyTable",
    "Survey",
    "UnionResult",
    "box",
    "build_table",
    "compare",
    "concatenate_datasets",
    "cone",
    "cross_match",
    "cross_match_datasets",
    "download",
    "errors",
    "fast",
    "find",
    "load",
    "match_coordinates",
    "meaning",
    "moc",
    "open",
    "polygon",
    "register",
    "sky_table",
    "surveys",
    "union_catalog",
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
