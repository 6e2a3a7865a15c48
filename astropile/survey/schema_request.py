"""What was asked of a survey, as far as its schema alone answers; `request` adds the files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from astropile.document import did_you_mean
from astropile.errors import ConfigError, UsageError
from astropile.schema import Leaf, NameResolver, SurveySchema
from astropile.survey.subset import Subset

if TYPE_CHECKING:
    from datasets import Features

    from astropile.engine.per_band import PerBand

__all__ = ["SchemaRequest"]


@dataclass(frozen=True)
class SchemaRequest:
    """A survey, a config and a selection; frozen, so that answers can be kept.

    Attributes
    ----------
    selection : tuple of str or None
        Addresses of the leaves wanted; None for all.
    subset : Subset
        Which rows are wanted. Row numbers count the rows of the subset.
    """

    schema: SurveySchema
    config: str
    data_dir: Path | None = None
    source: str | None = None
    selection: tuple[str, ...] | None = None
    names: Literal["original", "canonical"] = "original"
    layout: Literal["nested", "per_band"] = "nested"
    on_bad_row: Literal["raise", "reject"] = "raise"
    follow_links: bool = False
    subset: Subset = field(default_factory=Subset)

    def check(self) -> None:
        """Refuse options that can never work.

        Raises
        ------
        UsageError, ConfigError
            An unknown source, or a value outside the choices.
        """
        self._check_choices()
        sources = self.schema.sources(self.config)
        if self.source is not None and self.source not in sources:
            raise ConfigError(
                f"no source '{self.source}' for config {self.config}; it has {', '.join(sources)}",
                where=self.schema.id,
                hint=did_you_mean(self.source, list(sources)),
            )

    def _check_choices(self) -> None:
        for key, choices in (
            ("names", ("original", "canonical")),
            ("layout", ("nested", "per_band")),
            ("on_bad_row", ("raise", "reject")),
        ):
            if getattr(self, key) not in choices:
                raise UsageError(
                    f"{key}={getattr(self, key)!r} is not one of {', '.join(map(repr, choices))}",
                    where=self.schema.id,
                    hint=f"choose {' or '.join(map(repr, choices))}",
                )

    @cached_property
    def leaves(self) -> dict[str, Leaf]:
        """Every leaf of the config."""
        return self.schema.leaves_of(self.config)

    @cached_property
    def resolver(self) -> NameResolver:
        """Finds leaves by any of their names."""
        return NameResolver(self.schema, self.config)

    def resolve(
        self, columns: Sequence[str], *, partial: Literal["refuse", "default"] = "refuse"
    ) -> tuple[str, ...]:
        """Return the addresses that a selection means."""
        return self.resolver.select(columns, partial=partial)

    def selecting(self, columns: Sequence[str]) -> Self:
        """Return the same request with another selection."""
        return replace(self, selection=self.resolve(columns))

    @cached_property
    def per_band(self) -> PerBand:
        """Keys of the per-band layout."""
        from astropile.engine.per_band import per_band

        chosen = self.leaves if self.selection is None else self.selection
        return per_band(self.schema, {address: self.leaves[address] for address in chosen})

    @property
    def wanted(self) -> tuple[str, ...]:
        """Addresses of the leaves of an Example."""
        if self.layout == "per_band":
            return self.per_band.addresses
        return tuple(self.leaves) if self.selection is None else self.selection

    def features(self) -> Features:
        """Return the features of an Example."""
        if self.layout == "per_band":
            return self.per_band.features()
        from astropile.engine import build_features

        return build_features(self.schema, self.leaves, self.wanted, self.names)

    def split_names(self, split: str | None) -> tuple[str, ...]:
        """Return the splits to read; None is all of them.

        Raises
        ------
        ConfigError
            The config has no such split.
        """
        splits = self.schema.splits(self.config)
        if split is None:
            return splits
        if split not in splits:
            raise ConfigError(
                f"no split '{split}' in config {self.config}; it has {', '.join(splits)}",
                where=self.schema.id,
                hint=did_you_mean(split, list(splits)),
            )
        return (split,)
