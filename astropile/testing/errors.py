"""The error of a leaf whose cells cannot be found."""

from __future__ import annotations

from astropile.errors import UsageError
from astropile.schema import BoundSource, SurveySchema

__all__ = ["not_invertible"]


def not_invertible(schema: SurveySchema, source: BoundSource, what: str, why: str) -> UsageError:
    """Return the error that says which part of a source cannot be undone, and why.

    Parameters
    ----------
    schema : SurveySchema
        The survey.
    source : BoundSource
        Its bound source.
    what : str
        Leaf and expression, or key of a table.
    why : str
        The reason.
    """
    others = [name for name in schema.sources(source.config) if name != source.name]
    hint = f"simulate another source: {', '.join(others)}" if others else ""
    return UsageError(
        f"error[not_invertible]: {what}: {why}",
        where=f"{schema.id}, config {source.config}, source {source.name}",
        hint=hint or "mock files can be made of sources whose expressions can be undone",
    )
