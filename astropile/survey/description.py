"""What a survey tells without data."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from astropile.schema import SurveySchema
from astropile.survey.columns import Columns
from astropile.survey.request import Request

if TYPE_CHECKING:
    from datasets import Features

__all__ = ["SurveyDescription"]


class SurveyDescription:
    """The part of a :class:`Survey` that its YAML tells."""

    def __init__(self, schema: SurveySchema, request: Request) -> None:
        self.schema = schema
        self.request = request

    @property
    def id(self) -> str:
        """Id of the survey, never the alias it was asked for by."""
        return self.schema.id

    @property
    def title(self) -> str:
        """Full name of the survey."""
        return self.schema.title

    @property
    def config(self) -> str:
        """Name of the config."""
        return self.request.config

    @property
    def configs(self) -> dict[str, str]:
        """Every config of the survey with its description."""
        return {name: model.description for name, model in self.schema.file.configs.items()}

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits of the config in declared order."""
        return self.schema.splits(self.config)

    @cached_property
    def columns(self) -> Columns:
        """Every leaf of the config: look up, resolve, describe."""
        return Columns(self.schema, self.config)

    @cached_property
    def features(self) -> Features:
        """Features of an Example, known without data."""
        return self.request.features()

    def cite(self) -> str:
        """Return what to cite and the acknowledgement to print."""
        from astropile.survey.citation import citation

        return citation(self.schema)
