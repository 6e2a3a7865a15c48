"""What the pages are made of: every survey with all its columns, whatever their config."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from astropile.errors import UsageError
from astropile.registry import find_schema, heads
from astropile.schema import Leaf, SurveySchema
from astropile.schema.facts import filters_of
from astropile.schema.models import Band
from astropile.site.markup import anchor
from astropile.survey import Columns
from astropile.survey.columns import Column
from astropile.vocabulary import Filter, Vocabulary, load_filters, load_vocabulary

__all__ = ["ColumnFacts", "Difference", "Site", "SurveyFacts", "load_site", "read_differences"]

#: Attributes of a column that a config may change.
_CHANGEABLE: Final = ("unit", "dtype", "description", "canonical", "nulls")
_DIFFERENCE_KEYS: Final = ("survey", "field", "mmu", "astropile", "why")


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One column of a survey: as its first config has it, and where it is otherwise.

    Attributes
    ----------
    column : Column
        What is known about it.
    leaf : Leaf
        Its model.
    anchor : str
        Its id on the page of the survey.
    only : tuple of str
        Configs that have it; empty if all do.
    changes : mapping of str to str
        Other config -> what differs there.
    """

    column: Column
    leaf: Leaf
    anchor: str
    only: tuple[str, ...]
    changes: Mapping[str, str]

    @property
    def href(self) -> str:
        """Address of its row, from the top of the site."""
        return f"surveys/{self.column.survey}.html#{self.anchor}"


@dataclass(frozen=True)
class SurveyFacts:
    """One survey and all its columns, those of the default config first."""

    schema: SurveySchema
    columns: Mapping[str, ColumnFacts]

    @property
    def id(self) -> str:
        """Id of the survey."""
        return self.schema.id

    @property
    def name(self) -> str:
        """Short name."""
        return self.schema.file.about.name

    @property
    def page(self) -> str:
        """Address of its page, from the top of the site."""
        return f"surveys/{self.id}.html"

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of its modalities."""
        return tuple(dict.fromkeys(block.kind for block in self.schema.blocks.values()))


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as in Multimodal Universe."""

    survey: str
    field: str
    mmu: str
    astropile: str
    why: str


@dataclass(frozen=True)
class Site:
    """Everything there is a page of."""

    surveys: tuple[SurveyFacts, ...]
    filters: Mapping[str, Filter]
    vocabulary: Vocabulary
    differences: Sequence[Difference] = field(default_factory=tuple)

    @cached_property
    def by_id(self) -> Mapping[str, SurveyFacts]:
        """Surveys by id."""
        return {survey.id: survey for survey in self.surveys}

    def columns(self) -> Iterator[tuple[SurveyFacts, ColumnFacts]]:
        """Yield every column of every survey."""
        for survey in self.surveys:
            for column in survey.columns.values():
                yield survey, column

    @cached_property
    def filter_slugs(self) -> Mapping[str, str]:
        """Names of the filters' pages, unique also where files ignore case."""
        found: dict[str, str] = {}
        taken: set[str] = set()
        for name in self.filters:
            slug = re.sub(r"[^A-Za-z0-9_.]+", "-", name)
            while slug.casefold() in taken:
                slug += "-"
            taken.add(slug.casefold())
            found[name] = slug
        return found

    @cached_property
    def filter_uses(self) -> Mapping[str, list[tuple[SurveyFacts, str, Band]]]:
        """Filter -> the bands of surveys that are measured through it."""
        uses: dict[str, list[tuple[SurveyFacts, str, Band]]] = {}
        for survey in self.surveys:
            for token, band in survey.schema.file.bands.items():
                for name in filters_of(band):
                    uses.setdefault(name, []).append((survey, token, band))
        return uses


def load_site(docs: Path | None = None) -> Site:
    """Return the facts about every registered survey.

    Parameters
    ----------
    docs : Path, optional
        Folder with ``differences.csv``.
    """
    surveys = [survey_facts(find_schema(head.survey)) for head in heads()]
    surveys.sort(key=lambda survey: (survey.name.casefold(), survey.id))
    differences = read_differences(docs / "differences.csv") if docs else ()
    return Site(tuple(surveys), load_filters(), load_vocabulary(), differences)


def survey_facts(schema: SurveySchema) -> SurveyFacts:
    """Return a survey with the columns of all its configs."""
    default = schema.config_name(None)
    names = [default, *(name for name in schema.file.configs if name != default)]
    configs = {name: Columns(schema, name) for name in names}
    found: dict[str, ColumnFacts] = {}
    taken: set[str] = set()
    for config, columns in configs.items():
        for address, column in columns.items():
            if address in found:
                continue
            having = [name for name in names if address in configs[name].names]
            identifier = anchor(address)
            while identifier in taken:
                identifier += "-"
            taken.add(identifier)
            found[address] = ColumnFacts(
                column=column,
                leaf=schema.leaves_of(config)[address],
                anchor=identifier,
                only=() if len(having) == len(names) else tuple(having),
                changes=_changes(column, {name: configs[name][address] for name in having}),
            )
    order = [address for address in schema.leaves if address in found]
    return SurveyFacts(schema, {address: found[address] for address in order})


def _changes(column: Column, others: Mapping[str, Column]) -> dict[str, str]:
    """Return what differs from the first config, as text, by config."""
    found = {}
    for config, other in others.items():
        differing = [
            f"{key} {getattr(other, key) or 'none'}"
            for key in _CHANGEABLE
            if getattr(other, key) != getattr(column, key)
        ]
        if differing:
            found[config] = "; ".join(differing)
    return found


def read_differences(path: Path) -> tuple[Difference, ...]:
    """Read the table of differences; none if there is no such file.

    Raises
    ------
    UsageError
        The file has other columns.
    """
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != _DIFFERENCE_KEYS:
            message = f"columns are {', '.join(reader.fieldnames or ()) or 'missing'}"
            hint = f"the first line must be {','.join(_DIFFERENCE_KEYS)}"
            raise UsageError(message, where=str(path), hint=hint)
        rows = list(reader)
    for number, row in enumerate(rows, 2):
        if set(row) != set(_DIFFERENCE_KEYS) or None in row.values():
            message = f"row {number} has not {len(_DIFFERENCE_KEYS)} values"
            raise UsageError(message, where=str(path), hint="quote what holds a comma")
    return tuple(Difference(**row) for row in rows)
