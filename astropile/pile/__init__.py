"""Piles: surveys on disk as HATS catalogues, written whole or not at all.

This room knows Arrow tables of Examples and the sky; it knows no survey. Importing it is cheap.
"""

from astropile.pile.build import BuildOptions, build_pile
from astropile.pile.clean import clean_builds
from astropile.pile.manifest import Manifest
from astropile.pile.read import (
    GroupFacts,
    Pile,
    PileRows,
    RowTest,
    group_facts,
    open_pile,
    read_groups,
    scan,
    take,
)
from astropile.pile.source import About, Examples, Positions, RowSource
from astropile.pile.verify import Verified, verify_pile

__all__ = [
    "About",
    "BuildOptions",
    "Examples",
    "GroupFacts",
    "Manifest",
    "Pile",
    "PileRows",
    "Positions",
    "RowSource",
    "RowTest",
    "Verified",
    "build_pile",
    "clean_builds",
    "group_facts",
    "open_pile",
    "read_groups",
    "scan",
    "take",
    "verify_pile",
]
