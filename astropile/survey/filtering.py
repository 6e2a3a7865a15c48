"""The calls that choose rows of a survey."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from astropile.errors import UsageError
from astropile.survey.subset import Head, Inside, Sample, Step, Subset

if TYPE_CHECKING:
    from astropile.sky.regions import Region
    from astropile.survey.request import Request

__all__ = ["filtered", "first", "sampled"]


def filtered(request: Request, where: str | None, region: Region | None) -> Request:
    """Return a request for the rows that pass; see :meth:`astropile.survey.Survey.filter`."""
    steps: list[Step] = []
    if region is not None:
        if not all(hasattr(region, name) for name in ("key", "ranges", "contains")):
            msg = f"region={region!r} is no region of the sky"
            hint = "make one with ap.cone, ap.box, ap.polygon or ap.moc"
            raise UsageError(msg, where=request.schema.id, hint=hint)
        steps.append(Inside(region))
    if where is not None:
        from astropile.engine.where import compile_where

        resolver = request.resolver
        steps.append(compile_where(where, request.schema, lambda name: resolver.resolve(name).leaf))
    if not steps:
        hint = 'write survey.filter("mag_cmodel_i < 22.5") or survey.filter(region=ap.cone(...))'
        raise UsageError("filter() without a condition", where=request.schema.id, hint=hint)
    return _with(request, *steps)


def first(request: Request, n: int) -> Request:
    """Return a request for the first rows."""
    return _with(request, Head(_count(n, "n", request)))


def sampled(request: Request, n: int, seed: int) -> Request:
    """Return a request for some rows at random."""
    return _with(request, Sample(_count(n, "n", request), _count(seed, "seed", request)))


def _with(request: Request, *steps: Step) -> Request:
    return replace(request, subset=Subset((*request.subset.steps, *steps)))


def _count(value: Any, name: str, request: Request) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 0:
        msg = f"{name}={value!r}; expected a whole number, 0 or more"
        raise UsageError(msg, where=request.schema.id, hint=f"write {name}=100")
    return int(value)
