"""All surveys at once: their configs, and which bands their blocks have."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from astropile.registry import find_schema, heads
from astropile.schema import Block, Leaf, SurveySchema, read_schema
from astropile.schema.facts import band_tokens, filters_of
from astropile.schema.name_index import NameIndex

__all__ = ["Holding", "by_configs", "filter_ids", "holdings", "schemas_of"]

Row = TypeVar("Row", bound=Hashable)


@dataclass(frozen=True)
class Holding:
    """What one config of one survey holds."""

    schema: SurveySchema
    config: str

    @cached_property
    def index(self) -> NameIndex:
        """Names of its leaves."""
        return NameIndex(self.schema, self.config)

    @property
    def leaves(self) -> Iterable[Leaf]:
        """Its leaves in declared order."""
        return self.index.leaves.values()

    @property
    def blocks(self) -> list[Block]:
        """Its modalities in declared order."""
        return [self.schema.blocks[name] for name in self.index.blocks]

    def block_bands(self, block: Block) -> tuple[str, ...]:
        """Return the bands of a block: those it or its leaves name, else all that it may hold."""
        leaves = [self.index.leaves[address] for address in self.index.blocks[block.name]]
        labels = [label for axis in block.axes.values() for label in axis.labels]
        named = {*block.modality.bands, *labels}
        named.update(token for leaf in leaves for token in band_tokens(leaf, self.schema))
        found = tuple(token for token in self.schema.bands if token in named)
        # Each epoch of a light curve says its band; which of them occur is known from data alone.
        is_any = not found and any(leaf.role == "band" for leaf in leaves)
        return self.schema.bands if is_any else found

    @cached_property
    def bands(self) -> tuple[str, ...]:
        """Bands of all its leaves and blocks."""
        named = {token for leaf in self.leaves for token in band_tokens(leaf, self.schema)}
        named.update(token for block in self.blocks for token in self.block_bands(block))
        return tuple(token for token in self.schema.bands if token in named)


def schemas_of(surveys: Sequence[str] | None = None) -> list[SurveySchema]:
    """Return surveys by any of their names, each once; all known ones if none is named."""
    if surveys is None:
        # One look around for all of them: each search by name asks the whole installation again.
        return [read_schema(head.path, trust_checked=True) for head in heads()]
    return list({schema.id: schema for schema in map(find_schema, surveys)}.values())


def holdings(schemas: Iterable[SurveySchema]) -> Iterator[Holding]:
    """Yield every config of some surveys, the default one of each first."""
    for schema in schemas:
        default = schema.config_name(None)
        others = [name for name in schema.file.configs if name != default]
        yield from (Holding(schema, name) for name in (default, *others))


def by_configs(found: Iterable[tuple[Holding, Row]]) -> list[tuple[Row, tuple[str, ...]]]:
    """Return every row once, with the configs that have it in declared order."""
    configs: dict[Row, list[tuple[int, str]]] = {}
    for holding, row in found:
        place = list(holding.schema.file.configs).index(holding.config)
        configs.setdefault(row, []).append((place, holding.config))
    return [(row, tuple(name for _, name in sorted(named))) for row, named in configs.items()]


def filter_ids(schema: SurveySchema, tokens: Iterable[str]) -> tuple[str, ...]:
    """Return the filters of some bands of a survey, each once."""
    bands = (schema.file.bands[token] for token in tokens)
    return tuple(dict.fromkeys(name for band in bands for name in filters_of(band)))
